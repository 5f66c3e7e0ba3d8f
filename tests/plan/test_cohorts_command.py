"""`python -m haitu.plan cohorts` from a folder to a folder: what it writes, what it refuses, what it says."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from haitu.plan.__main__ import main

HEAD = "customer,at,amount\n"
QUANTILES = [f"{what}_{level}" for what in ("orders", "value") for level in ("p05", "p50", "p95")]
NUMBERS = [*QUANTILES, "orders_mean", "value_mean"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    customers: pl.DataFrame
    cohorts: pl.DataFrame
    total: pl.DataFrame
    problems: list[str]
    said: str


class Shop:
    """A folder with orders; `ask` runs the command and reads what it wrote."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def run(self, text: str, *, as_of: str = "2026-03-31", days: int | str = 180, seed: int = 1) -> tuple[int, str]:
        (self.folder / "orders.csv").write_text(text)
        return self.again(as_of=as_of, days=days, seed=seed)

    def again(self, *, as_of: str = "2026-03-31", days: int | str = 180, seed: int = 1) -> tuple[int, str]:
        asked = ["--facts", str(self.folder), "--out", str(self.folder / "out"), "--as-of", as_of]
        status = main(["cohorts", *asked, "--horizon-days", str(days), "--seed", str(seed)])
        said = self.capsys.readouterr()
        return status, said.out + said.err

    def ask(self, text: str, *, as_of: str = "2026-03-31", days: int = 180, seed: int = 1) -> Answer:
        status, said = self.run(text, as_of=as_of, days=days, seed=seed)
        assert status == 0, said
        return self.answer(said)

    def answer(self, said: str = "") -> Answer:
        out = self.folder / "out"
        tables = {name: pl.read_parquet(out / f"{name}.parquet") for name in ("customers", "cohorts", "total")}
        for frame in tables.values():
            for name in NUMBERS:
                assert frame[name].is_finite().all()
        return Answer(**tables, problems=(out / "problems.csv").read_text().splitlines()[1:], said=said)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def trade(customers: int = 60, seed: int = 5) -> list[str]:
    """Rows of a shop that began in January 2025, orders about 40 each."""
    dice = np.random.default_rng(seed)
    rows = []
    for number in range(customers):
        day = float(dice.uniform(0, 330))
        while day < 440:
            when = date(2025, 1, 10) + timedelta(days=int(day))
            rows.append(f"c{number:03d},{when},{dice.lognormal(3.6, 0.4):.2f}")
            if dice.random() < 0.15:
                break
            day += float(dice.exponential(50))
    return list(dict.fromkeys(rows))


def written(rows: list[str]) -> str:
    return HEAD + "".join(f"{row}\n" for row in rows)


def test_a_folder_in_and_three_tables_out_as_csv_too(shop: Shop) -> None:
    told = shop.ask(written(trade()))
    assert told.customers.columns == ["customer", *NUMBERS, "verdict"]
    assert told.total.columns == told.customers.columns
    assert told.cohorts.columns == ["cohort", "customers", *NUMBERS, "verdict"]
    assert (told.customers.height, told.cohorts["customers"].sum(), told.total.height) == (60, 60, 1)
    assert told.total["verdict"].to_list() == ["forecast"]
    for name in ("customers", "cohorts", "total"):
        assert pl.read_csv(shop.folder / "out" / f"{name}.csv").height == getattr(told, name).height


def test_parquet_says_what_csv_says(shop: Shop) -> None:
    told = shop.ask(written(trade()))
    pl.read_csv(shop.folder / "orders.csv", try_parse_dates=True).write_parquet(shop.folder / "orders.parquet")
    (shop.folder / "orders.csv").unlink()
    assert shop.again()[0] == 0
    assert shop.answer().customers.equals(told.customers)


def test_customers_that_are_numbers_in_parquet_stay_numbers(shop: Shop) -> None:
    days = [date(2026, 1, 5), date(2026, 2, 5), date(2026, 2, 7)]
    given = pl.DataFrame({"customer": [10, 9, 10], "at": days, "amount": [20.0, 30.0, 25.0]})
    given.write_parquet(shop.folder / "orders.parquet")
    assert shop.again()[0] == 0
    told = shop.answer().customers
    assert told["customer"].dtype == pl.Int64
    assert given.join(told, on="customer").height == 3


def test_means_add_up_from_customers_to_cohorts_to_the_total(shop: Shop) -> None:
    told = shop.ask(written(trade()))
    for name in ("orders_mean", "value_mean"):
        assert told.cohorts[name].sum() == pytest.approx(told.customers[name].sum())
        assert told.total[name].sum() == pytest.approx(told.customers[name].sum())


def test_orders_after_the_day_are_counted_and_change_nothing(shop: Shop) -> None:
    rows = trade()
    before = shop.ask(written(rows))
    after = shop.ask(written([*rows, "c001,2026-04-01,99.00", "late,2026-05-02,10.00"]))
    assert after.customers.equals(before.customers)
    assert "2 rows lie after the day asked for and were not used." in after.said


def test_an_order_on_the_day_itself_is_known(shop: Shop) -> None:
    told = shop.ask(HEAD + "ada,2026-03-31T23:59:00Z,20\n")
    assert told.customers["customer"].to_list() == ["ada"]


def test_a_repeated_row_is_refused_by_number_and_counts_once(shop: Shop) -> None:
    rows = trade()
    once = shop.ask(written(rows))
    twice = shop.ask(written([*rows, rows[0], rows[3]]))
    assert twice.customers.equals(once.customers)
    assert [line.split(",")[1] for line in twice.problems] == [str(len(rows) + 1), str(len(rows) + 2)]


def test_two_orders_alike_are_two_where_the_order_is_named(shop: Shop) -> None:
    told = shop.ask("customer,at,amount,order\nada,2026-01-02,20,1\nada,2026-01-02,20,2\n")
    assert told.problems == []


def test_amounts_in_words_days_that_are_none_and_nobody_are_refused_by_number(shop: Shop) -> None:
    bad = ["ada,2026-01-05,fifty", "bo,2026-13-05,50", ",2026-01-05,50", "cy,2026-01-05,NaN", "di,1812-01-05,9"]
    told = shop.ask(written([*bad, "eve,2026-01-05,50"]))
    assert [line.split(",")[1:3] for line in told.problems] == [
        ["1", "amount"],
        ["2", "at"],
        ["3", "customer"],
        ["4", "amount"],
        ["5", "at"],
    ]
    assert told.customers["customer"].to_list() == ["eve"]


def test_a_refund_lowers_value_and_is_no_order(shop: Shop) -> None:
    rows = trade()
    kept = shop.ask(written(rows)).total
    name, day, amount = rows[0].split(",")
    back = shop.ask(written([*rows, f"{name},{day},-{float(amount) / 2:.2f}"]))
    assert back.total["orders_mean"].item() == pytest.approx(kept["orders_mean"].item())
    assert back.total["value_mean"].item() < kept["value_mean"].item()
    assert "1 rows below zero were taken as refunds" in back.said


def test_a_refund_of_a_stranger_is_left_out_and_said(shop: Shop) -> None:
    told = shop.ask(HEAD + "ada,2026-01-05,50\nzoe,2026-01-06,-20\n")
    assert told.customers["customer"].to_list() == ["ada"]
    assert "1 of them are of people without an order, and were left out." in told.said


def test_refunds_above_orders_leave_no_value_and_say_so(shop: Shop) -> None:
    told = shop.ask(
        HEAD + "ada,2026-01-05,50\nada,2026-02-05,60\nada,2026-02-09,-500\nbo,2026-01-05,50\nbo,2026-01-07,-90\n"
    )
    assert told.total["verdict"].item() == "refunds_exceed_orders"
    assert told.total["value_p95"].item() == 0.0


def test_orders_worth_nothing_are_orders(shop: Shop) -> None:
    told = shop.ask(HEAD + "ada,2026-01-05,0\nbo,2026-01-06,0\nbo,2026-02-06,0\n")
    assert told.total["orders_mean"].item() > 0
    assert told.total["value_p95"].item() == 0.0


def test_one_customer_is_a_wide_guess_and_labelled(shop: Shop) -> None:
    told = shop.ask(HEAD + "ada,2026-01-05,50\n")
    assert told.total["verdict"].item() == "one_customer"
    assert told.total["value_p05"].item() == 0.0
    assert told.total["value_p95"].item() > 50


def test_a_first_day_is_a_wide_guess_too(shop: Shop) -> None:
    told = shop.ask(HEAD + "ada,2026-03-31,50\nbo,2026-03-31,20\n")
    assert told.total["verdict"].item() == "no_repeats"
    assert told.total["orders_p05"].item() == 0.0
    assert told.total["orders_p95"].item() > 2


def test_one_week_is_little_history(shop: Shop) -> None:
    rows = [f"c{k},2026-03-{25 + k % 6},{20 + k}" for k in range(40)] + ["c1,2026-03-31,30"]
    told = shop.ask(written(rows)).total
    assert told["verdict"].item() == "little_history"
    assert told["orders_p95"].item() > 3 * told["orders_p50"].item()


def test_a_year_without_a_second_order_expects_next_to_none(shop: Shop) -> None:
    rows = [f"c{k},2025-{4 + k % 9:02d}-{1 + k % 27:02d},{20 + k}" for k in range(300)]
    told = shop.ask(written(rows)).total
    assert told["verdict"].item() == "no_repeats"
    assert told["orders_p95"].item() < 15


ADA = HEAD + "ada,2026-01-05,50\n"
MIXED = "customer,at,amount,currency\nada,2026-01-05,50,EUR\nbo,2026-01-05,50,USD\n"


@pytest.mark.parametrize(
    ("text", "as_of", "days", "told"),
    [
        ("", "2026-03-31", 180, "The table orders is empty: it has no header."),
        (HEAD, "2026-03-31", 180, "The table orders holds no order until 2026-03-31; it has no good row."),
        (ADA, "2020-01-01", 180, "The table orders holds no order until 2020-01-01; the first is of 2026-01-05."),
        (ADA, "9999-12-31", 180, "9999-12-31 is no day of trade; give one from 1990-01-01 to 2200-01-01."),
        (ADA, "2026-03-31", 0, "0 days ahead cannot be told; give 1 to 1826."),
        (ADA, "2026-03-31", 99999, "99999 days ahead cannot be told; give 1 to 1826."),
        ("customer,at\nada,1\n", "2026-03-31", 180, "The table orders lacks the column amount; it has customer, at."),
        (MIXED, "2026-03-31", 180, "The table orders is in several currencies (EUR, USD); give all amounts in one."),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(shop: Shop, text: str, as_of: str, days: int, told: str) -> None:
    status, said = shop.run(text, as_of=as_of, days=days)
    assert (status, said) == (1, f"haitu.plan cohorts: {told}\n")
