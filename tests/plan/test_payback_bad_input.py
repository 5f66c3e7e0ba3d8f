"""Payback from tables that are wrong, thin or strange: refused by number, or wide and labelled, never a NaN."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from haitu.plan.__main__ import main

AS_OF = date(2026, 6, 28)
START = date(2025, 12, 29)
DAY = timedelta(days=1)


class Shop:
    """A small merchant's tables, written anew by each test: rows of (…) as in docs/payback.md."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spend: list[tuple[Any, ...]] = []
        self.touch: list[tuple[Any, ...]] = []
        self.order: list[tuple[Any, ...]] = []
        self.persons = 0

    def advertise(
        self,
        channel: str,
        *,
        market: str = "DE",
        weeks: range = range(26),
        amount: float = 200.0,
        leads: int = 20,
        lags: Sequence[int] = (3, 20),
        pay: float = 60.0,
        repeat_after: int | None = 30,
    ) -> Shop:
        """Each week `amount` and `leads`; of these one orders after each of `lags` days, and again later."""
        for week in weeks:
            monday = START + 7 * week * DAY
            self.spend.append((channel, market, "c1", monday, amount))
            for i in range(leads):
                self.persons += 1
                person, at = f"p{self.persons}", monday + (i % 7) * DAY
                self.touch.append((person, channel, market, "c1", at))
                if i < len(lags):
                    self.order.append((person, at + lags[i] * DAY, pay))
                    if repeat_after:
                        self.order.append((person, at + (lags[i] + repeat_after) * DAY, pay))
        self.order = [row for row in self.order if row[1] <= AS_OF]
        return self

    def answer(self, *options: str) -> pl.DataFrame:
        """Writes the tables, runs the command and reads its answer; checks that nothing in it is missing."""
        tables = {
            "spend": (self.spend, ["channel", "market", "campaign", "week", "amount"]),
            "touch": (self.touch, ["person", "channel", "market", "campaign", "at"]),
            "order": (self.order, ["person", "at", "contribution"]),
        }
        for name, (rows, columns) in tables.items():
            lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
            (self.folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        out = self.folder / "out"
        given = ["payback", "--facts", str(self.folder), "--as-of", str(AS_OF), "--out", str(out), "--draws", "200"]
        assert main([*given, *options]) == 0
        found = pl.read_parquet(out / "payback.parquet")
        numbers = found.select(pl.selectors.numeric()).to_numpy()
        assert np.isfinite(numbers).all()
        assert found.null_count().sum_horizontal().item() == 0
        assert set(found["verdict"]) <= {"paid_back", "pays_back", "beyond_24", "never", "unidentified"}
        return found

    def problems(self) -> list[tuple[Any, ...]]:
        found = pl.read_csv(self.folder / "out" / "problems.csv", infer_schema=False)
        return found.select("table", "row", "column", "given").rows()

    def hints(self) -> list[str]:
        return pl.read_parquet(self.folder / "out" / "hints.parquet")["code"].to_list()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def cell(found: pl.DataFrame, channel: str, market: str = "DE", campaign: str = "c1") -> dict[str, Any]:
    return found.row(
        by_predicate=(pl.col("channel") == channel) & (pl.col("market") == market) & (pl.col("campaign") == campaign),
        named=True,
    )


def is_wide(row: dict[str, Any]) -> bool:
    return bool(row["v_m24_p95"] > 5 * max(row["v_m24_p05"], 0))


def test_spend_without_touches_is_unidentified_and_says_what_test_to_run(shop: Shop) -> None:
    shop.advertise("facebook").spend.extend(("tv", "DE", "c1", START + 7 * w * DAY, 500.0) for w in range(26))
    row = cell(shop.answer(), "tv")
    assert (row["verdict"], row["why"], row["test_cells"]) == ("unidentified", "no_touches", "tv × DE")
    assert (row["test_weeks"], row["test_cost"]) == (26, 13_000.0)
    assert is_wide(row)


def test_spend_without_orders_is_unidentified(shop: Shop) -> None:
    shop.advertise("facebook", lags=())
    row = cell(shop.answer(), "facebook")
    assert (row["verdict"], row["why"]) == ("unidentified", "no_orders")
    assert is_wide(row)


def test_orders_without_spend_are_refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.advertise("facebook").spend.clear()
    with pytest.raises(AssertionError):
        shop.answer()
    assert "without spend there is no payback" in capsys.readouterr().err


def test_a_channel_without_spend_beside_others_is_a_problem_and_no_row(shop: Shop) -> None:
    shop.advertise("facebook").advertise("email", amount=0.0)
    found = shop.answer()
    assert set(found["channel"]) == {"facebook"}
    assert ("spend", "0", "channel", "email × DE × c1") in shop.problems()


def test_negative_spend_is_refused_by_number_and_zero_is_none(shop: Shop) -> None:
    shop.advertise("facebook")
    shop.spend[3] = (*shop.spend[3][:4], -5.0)
    shop.spend[4] = (*shop.spend[4][:4], 0.0)
    assert cell(shop.answer(), "facebook")["spent"] == 24 * 200.0
    assert shop.problems() == [("spend", "4", "amount", "-5.0")]


def test_duplicates_are_refused_by_number_and_change_nothing(shop: Shop) -> None:
    once = shop.advertise("facebook").answer()
    n, m = len(shop.spend), len(shop.order)
    shop.spend.append(shop.spend[0])
    shop.order.append(shop.order[0])
    shop.touch.append(shop.touch[0])  # a person may come twice: the first touch counts
    again = shop.answer()
    assert again.equals(once)
    assert [(p[0], p[1]) for p in shop.problems()] == [("spend", str(n + 1)), ("order", str(m + 1))]


def test_spend_by_day_is_spend_by_week(shop: Shop) -> None:
    by_week = shop.advertise("facebook", amount=210.0).answer()
    days = [day + i * DAY for _, _, _, day, _ in shop.spend for i in range(7)]
    shop.spend = [("facebook", "DE", "c1", day, 30.0) for day in days]
    assert shop.answer().equals(by_week)
    assert shop.problems() == []


def test_leads_of_before_the_first_spend_were_not_bought_by_it(shop: Shop) -> None:
    shop.advertise("facebook")
    whole = cell(shop.answer(), "facebook")
    shop.spend = shop.spend[13:]
    late = cell(shop.answer(), "facebook")
    assert late["spent"] == whole["spent"] / 2
    assert late["v_m12"] == pytest.approx(whole["v_m12"], rel=0.1)


def test_the_future_is_refused_by_number(shop: Shop) -> None:
    once = shop.advertise("facebook").answer()
    n = len(shop.order)
    shop.spend.append(("facebook", "DE", "c1", AS_OF + DAY, 900.0))
    shop.order.append(("p1", AS_OF + DAY, 900.0))
    shop.touch.append(("new", "facebook", "DE", "c1", f"{AS_OF + DAY}T00:00:01"))
    assert shop.answer().equals(once)
    assert [(p[0], p[1]) for p in shop.problems()] == [("spend", "27"), ("touch", "521"), ("order", str(n + 1))]


def test_one_customer_is_wide(shop: Shop) -> None:
    shop.advertise("facebook", leads=1, lags=(3,), weeks=range(1), repeat_after=None)
    row = cell(shop.answer(), "facebook")
    assert (row["verdict"], row["why"]) == ("unidentified", "too_few")
    assert is_wide(row)


def test_one_week_is_wide(shop: Shop) -> None:
    shop.advertise("google", weeks=range(25, 26), lags=(1, 3))
    assert is_wide(cell(shop.answer(), "google"))


def test_without_repeat_buyers_repeats_are_few_and_nothing_breaks(shop: Shop) -> None:
    without = cell(shop.advertise("facebook", repeat_after=None).answer(), "facebook")
    assert without["v_m24"] < 2 * without["v_m6"]


def test_refunds_larger_than_orders_never_pay_back(shop: Shop) -> None:
    shop.advertise("facebook")
    shop.order = [row for p, at, pay in shop.order for row in ((p, at, pay), (p, min(at + DAY, AS_OF), -pay - 9.0))]
    row = cell(shop.answer(), "facebook")
    assert (row["verdict"], row["payback_month_p10"], row["p_payback_24"]) == ("never", 25, 0.0)
    assert row["v_m24_p95"] < 0


def test_orders_that_lose_money_from_the_first_never_pay_back(shop: Shop) -> None:
    row = cell(shop.advertise("facebook", pay=-4.0).answer(), "facebook")
    assert (row["verdict"], row["p_payback_24"]) == ("never", 0.0)


def test_a_channel_renamed_midway_is_hinted_at_and_joined_when_told(shop: Shop) -> None:
    shop.advertise("meta", weeks=range(13)).advertise("facebook", weeks=range(13, 26)).advertise("google")
    apart = shop.answer()
    assert shop.hints() == ["renamed"]
    assert {*apart["channel"]} == {"meta", "facebook", "google"}
    (shop.folder / "rename.csv").write_text("old,new,from\nmeta,facebook,2026-03-30\n")
    joined = shop.answer()
    assert cell(joined, "facebook")["spent"] == 26 * 200.0
    assert ({*joined["channel"]}, shop.hints()) == ({"facebook", "google"}, [])


def test_campaigns_without_any_buyer_beside_others(shop: Shop) -> None:
    shop.advertise("facebook").advertise("google", lags=(), weeks=range(20, 26))
    shop.spend += [(*row[:2], "c2", *row[3:]) for row in shop.spend]
    shop.touch += [(f"{row[0]}b", *row[1:3], "c2", row[4]) for row in shop.touch]
    found = shop.answer()
    assert cell(found, "google", campaign="c2")["verdict"] == "unidentified"


def test_mixed_currencies_are_refused(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.advertise("facebook").answer()
    spend = pl.read_csv(shop.folder / "spend.csv")
    spend.with_columns(currency=pl.lit("USD")).write_csv(shop.folder / "spend.csv")
    order = pl.read_csv(shop.folder / "order.csv")
    order.with_columns(currency=pl.lit("EUR")).write_csv(shop.folder / "order.csv")
    given = ["payback", "--facts", str(shop.folder), "--as-of", str(AS_OF), "--out", str(shop.folder / "out")]
    assert main(given) == 1
    assert "order in EUR, spend in USD" in capsys.readouterr().err


def test_unreadable_days_are_refused_and_the_rest_is_answered(shop: Shop) -> None:
    once = shop.advertise("facebook").answer()
    shop.touch.append(("x", "facebook", "DE", "c1", "yesterday"))
    assert shop.answer().equals(once)
    assert shop.problems() == [("touch", "521", "at", "yesterday")]


def test_touches_without_a_person_say_how_many_are_not_stored(shop: Shop) -> None:
    known = cell(shop.advertise("facebook").answer(), "facebook")
    shop.touch += [("", "facebook", "DE", "c1", at) for _, _, _, _, at in shop.touch]
    half = cell(shop.answer(), "facebook")
    assert half["v_m6"] == pytest.approx(2 * known["v_m6"], rel=0.05)


def test_the_same_seed_gives_the_same_answer_and_another_nearly(shop: Shop) -> None:
    once = shop.advertise("facebook").answer()
    assert shop.answer().equals(once)
    other = shop.answer("--seed", "7")
    assert not other.equals(once)
    assert cell(other, "facebook")["v_m24"] == pytest.approx(cell(once, "facebook")["v_m24"], rel=0.1)
