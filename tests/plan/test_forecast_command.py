"""`python -m haitu.plan forecast` from a folder to a folder: what it writes, what it refuses, what it says."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from haitu.plan.__main__ import main

HEAD = "sku,market,week,units"
QUANTILES = ["p05", "p25", "p50", "p75", "p95"]
MONDAY = date(2024, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    weeks: pl.DataFrame
    total: pl.DataFrame
    problems: list[str]
    said: list[str]


class Shop:
    """A folder with sales; `ask` runs the command and reads what it wrote, every number of it finite and in order."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def run(self, *more: str, weeks: int = 4) -> tuple[int, list[str]]:
        asked = ["--facts", str(self.folder), "--out", str(self.folder / "out"), "--horizon-weeks", str(weeks), *more]
        status = main(["forecast", *asked])
        said = self.capsys.readouterr()
        return status, (said.out + said.err).splitlines()

    def given(self, rows: list[str], head: str = HEAD) -> "Shop":
        (self.folder / "sales.csv").write_text("\n".join([head, *rows, ""]))
        return self

    def ask(self, *more: str, weeks: int = 4) -> Answer:
        status, said = self.run(*more, weeks=weeks)
        assert status == 0, said
        out = self.folder / "out"
        frames = [pl.read_parquet(out / f"{name}.parquet") for name in ("forecast", "total")]
        for frame in frames:
            numbers = frame.select("mean", *QUANTILES).to_numpy()
            assert np.isfinite(numbers).all()
            assert (numbers >= 0).all()
            assert (np.diff(numbers[:, 1:], axis=1) >= 0).all()
        problems = (out / "problems.csv").read_text().splitlines()[1:]
        return Answer(weeks=frames[0], total=frames[1], problems=problems, said=said)


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shop:
    return Shop(tmp_path, capsys)


def week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)


def trade(skus: int = 30, weeks: int = 60, seed: int = 5) -> list[str]:
    """Rows of a shop whose SKUs sell 1 to 30 a week, by Poisson, in two markets."""
    dice = np.random.default_rng(seed)
    rates = dice.uniform(1, 30, skus)
    return [
        f"S{sku:02d},{market},{week(number)},{dice.poisson(rate)}"
        for sku, rate in enumerate(rates)
        for market in ("DE", "US")
        for number in range(weeks)
    ]


def test_a_folder_in_and_two_tables_out_as_csv_too(shop: Shop) -> None:
    told = shop.given(trade()).ask(weeks=8)
    assert told.weeks.columns == ["sku", "market", "week", "mean", *QUANTILES, "verdict"]
    assert told.total.columns == ["sku", "market", "mean", *QUANTILES, "verdict"]
    assert (told.weeks.height, told.total.height, told.problems) == (480, 60, [])
    assert told.weeks["week"].unique().sort().to_list() == [week(60 + ahead) for ahead in range(8)]
    assert told.total["verdict"].unique().to_list() == ["forecast"]
    for name, frame in (("forecast", told.weeks), ("total", told.total)):
        assert pl.read_csv(shop.folder / "out" / f"{name}.csv").height == frame.height


def test_weekly_means_add_up_to_the_total(shop: Shop) -> None:
    told = shop.given(trade()).ask(weeks=8)
    added = told.weeks.group_by("sku", "market", maintain_order=True).agg(pl.col("mean").sum())
    assert np.allclose(added["mean"], told.total["mean"], rtol=1e-12)


def test_what_is_known_to_be_poisson_is_found_and_held(shop: Shop) -> None:
    rows = trade(skus=100, weeks=68)
    later = [row for row in rows if row.split(",")[2] >= str(week(60))]
    shop.given([row for row in rows if row not in set(later)])
    told = shop.ask(weeks=8).total
    came = (
        pl.DataFrame([row.split(",") for row in later], schema=["sku", "market", "week", "units"], orient="row")
        .group_by("sku", "market")
        .agg(pl.col("units").cast(pl.Float64).sum())
    )
    both = told.join(came, on=["sku", "market"])
    held = both.select(((pl.col("p05") <= pl.col("units")) & (pl.col("units") <= pl.col("p95"))).mean()).item()
    assert 0.82 <= held <= 0.99
    assert abs(float(both["mean"].sum()) / float(both["units"].sum()) - 1) < 0.15


def test_the_same_rows_in_any_order_give_the_same_answer(shop: Shop) -> None:
    rows = trade()
    first = shop.given(rows).ask()
    again = shop.given(rows[::-1]).ask()
    assert again.weeks.equals(first.weeks)
    assert again.total.equals(first.total)


def test_a_parquet_folder_with_numbers_for_skus_keeps_them_numbers(shop: Shop) -> None:
    days = [week(number) for number in range(20)]
    frame = pl.DataFrame({"sku": [7] * 20, "market": ["DE"] * 20, "week": days, "units": list(range(20))})
    frame.write_parquet(shop.folder / "sales.parquet")
    assert shop.ask().total["sku"].to_list() == [7]


def test_nothing_after_the_day_asked_for_is_used(shop: Shop) -> None:
    rows = trade(weeks=40)
    known = [row for row in rows if row.split(",")[2] < str(week(30))]
    first = shop.given(known).ask()
    told = shop.given(rows).ask("--as-of", str(week(30) - timedelta(days=1)))
    assert told.weeks.equals(first.weeks)
    assert "600 rows lie in weeks that had not ended by the day asked for and were not used." in told.said


def test_a_week_that_has_not_ended_is_not_known(shop: Shop) -> None:
    told = shop.given(trade(weeks=40)).ask("--as-of", str(week(30) + timedelta(days=2)))
    assert told.weeks["week"].min() == week(30)


def test_one_week_of_one_sku_is_a_wide_guess_and_says_so(shop: Shop) -> None:
    told = shop.given([f"A,DE,{week(0)},6"]).ask(weeks=8)
    row = told.total.row(0, named=True)
    assert row["verdict"] == "little_history"
    assert row["p05"] <= row["mean"] / 2
    assert row["p95"] >= row["mean"] * 1.5


def test_nothing_ever_sold_is_less_than_a_unit_and_says_so(shop: Shop) -> None:
    told = shop.given([f"A,DE,{week(number)},0" for number in range(30)]).ask()
    row = told.total.row(0, named=True)
    assert (row["verdict"], row["p50"]) == ("no_sales", 0)
    assert 0 < row["mean"] < 1


def test_a_sku_of_last_week_leans_on_its_market(shop: Shop) -> None:
    told = shop.given([*trade(), f"NEW,DE,{week(59)},12"]).ask()
    row = told.total.filter(pl.col("sku") == "NEW").row(0, named=True)
    assert row["verdict"] == "little_history"
    assert row["p05"] < row["p95"]


def test_returns_are_counted_against_their_week(shop: Shop) -> None:
    rows = [f"A,DE,{week(number)},10" for number in range(30)]
    told = shop.given([*rows[:-1], f"A,DE,{week(29)},-4"]).ask()
    assert "1 rows below zero were taken as returns and counted against their week." in told.said
    assert "1 weeks had more returns than sales and count as weeks without sales." in told.said


def test_a_row_that_stands_there_already_is_refused_by_number(shop: Shop) -> None:
    rows = [f"A,DE,{week(number)},10" for number in range(30)]
    told = shop.given([*rows, rows[3]]).ask()
    assert told.problems == ['sales,31,sku,A,"a row of its own, not one that is there already"']


def test_weeks_without_a_row_are_weeks_without_sales(shop: Shop) -> None:
    rows = [f"A,DE,{week(number)},10" for number in range(0, 40, 4)]
    nought = [f"A,DE,{week(number)},0" for number in range(40) if number % 4]
    assert shop.given([*rows, f"A,DE,{week(39)},0"]).ask().total.equals(shop.given([*rows, *nought]).ask().total)


def test_another_day_than_monday_counts_into_its_week(shop: Shop) -> None:
    mondays = shop.given([f"A,DE,{week(number)},10" for number in range(30)]).ask()
    thursdays = shop.given([f"A,DE,{week(number) + timedelta(days=3)},10" for number in range(30)]).ask()
    assert thursdays.weeks.equals(mondays.weeks)
    assert "30 rows name another day than a Monday and were counted into its week." in thursdays.said


def test_a_year_in_the_far_future_is_a_slip_of_the_pen(shop: Shop) -> None:
    told = shop.given([*trade(), "S00,DE,2099-01-05,3"]).ask()
    assert told.weeks["week"].min() == week(60)
    assert told.problems == [f"sales,3601,week,2099-01-05,a week near the others; the last of them is {week(59)}"]


def test_cells_of_the_wrong_kind_are_refused_by_number_and_the_others_kept(shop: Shop) -> None:
    rows = [f"A,DE,{week(number)},10" for number in range(30)]
    bad = ["A,DE,soon,1", "A,DE,2024-02-05,many", ",DE,2024-02-05,1", "A,,2024-02-05,1", "A,DE,1970-01-05,1"]
    told = shop.given([*rows, *bad, f"A,FR,{week(3)},1e300", f"A,FR,{week(3)},nan"]).ask()
    assert [row.split(",")[1:3] for row in told.problems] == [
        ["31", "week"],
        ["32", "units"],
        ["33", "sku"],
        ["34", "market"],
        ["35", "week"],
        ["36", "units"],
        ["37", "units"],
    ]
    assert told.total.height == 1


def test_a_price_of_nothing_tells_nothing_and_one_below_is_refused(shop: Shop) -> None:
    rows = [f"A,DE,{week(number)},10,{0 if number == 7 else 5}" for number in range(30)]
    told = shop.given([*rows, f"A,DE,{week(30)},10,-1"], f"{HEAD},price").ask()
    assert "1 rows with price 0 say nothing of the price; their units count." in told.said
    assert told.problems == ['sales,31,price,-1.0,"a price, not below 0"']


def test_weeks_without_stock_are_not_weeks_without_demand(shop: Shop) -> None:
    def rows(missing: str) -> list[str]:
        return [
            f"S{sku},DE,{week(number)},{0 if sku == 0 and 30 <= number < 38 else 20},"
            f"{missing if sku == 0 and 30 <= number < 38 else 'yes'}"
            for sku in range(4)
            for number in range(38)
        ]

    told = shop.given(rows("no"), f"{HEAD},in_stock").ask()
    empty = shop.given(rows("yes"), f"{HEAD},in_stock").ask()
    assert "8 weeks without stock were not taken for weeks without demand." in told.said
    assert told.total["mean"][0] > 0.9 * told.total["mean"][1]
    assert empty.total["mean"][0] < 0.6 * empty.total["mean"][1]


def test_never_in_stock_is_taken_as_it_sold_and_says_so(shop: Shop) -> None:
    rows = [f"A,DE,{week(number)},{number % 3},no" for number in range(30)]
    told = shop.given(rows, f"{HEAD},in_stock").ask()
    assert told.total["verdict"].to_list() == ["never_in_stock"]
    assert 2 < told.total["mean"][0] < 6


def test_a_promotion_is_not_taken_for_a_new_level(shop: Shop) -> None:
    """Every SKU had its own weeks at half price, which sold twice as much; the last four were such for S00."""
    dice = np.random.default_rng(3)
    rows = []
    for sku in range(60):
        cheap = {int(number) for number in dice.choice(56, 8, replace=False)} if sku else {56, 57, 58, 59}
        for number in range(60):
            price = 5 if number in cheap else 10
            rows.append(f"S{sku:02d},DE,{week(number)},{dice.poisson(40 if price == 5 else 20)},{price}")
    rows.append(f"S00,DE,{week(60)},20,10")
    rows += [f"S{sku:02d},DE,{week(60)},20,10" for sku in range(1, 60)]
    knowing = shop.given(rows, f"{HEAD},price").ask().total["mean"][0]
    blind = shop.given([row.rsplit(",", 1)[0] for row in rows]).ask().total["mean"][0]
    others = shop.given(rows, f"{HEAD},price").ask().total["mean"][1:].mean()
    assert isinstance(others, float)
    assert abs(knowing / others - 1) < 0.1
    assert blind > 1.15 * others


def test_prices_that_follow_the_size_of_an_order_change_little(shop: Shop) -> None:
    """Large orders get a lower price, and come when they come."""
    dice = np.random.default_rng(4)
    rows = [
        f"S{sku:02d},DE,{week(number)},{units},{8 if units > 20 else 10}"
        for sku in range(60)
        for number, units in enumerate(dice.negative_binomial(1, 0.07, 60))
    ]
    knowing = shop.given(rows, f"{HEAD},price").ask().total["mean"].sum()
    blind = shop.given([row.rsplit(",", 1)[0] for row in rows]).ask().total["mean"].sum()
    assert abs(float(knowing) / float(blind) - 1) < 0.15


def test_parts_of_units_stay_parts(shop: Shop) -> None:
    told = shop.given([f"A,DE,{week(number)},0.25" for number in range(30)]).ask(weeks=1)
    assert 0 < told.weeks["p50"][0] < 0.5


@pytest.mark.parametrize("weeks", [0, -3, 105])
def test_a_horizon_that_cannot_be_told_is_refused(shop: Shop, weeks: int) -> None:
    said = f"haitu.plan forecast: {weeks} weeks ahead cannot be told; give 1 to 104."
    assert shop.given(trade(2)).run(weeks=weeks) == (1, [said])


def test_a_year_ahead_from_a_short_past_says_how_far_it_learnt(shop: Shop) -> None:
    told = shop.given(trade(weeks=40)).ask(weeks=52)
    assert "Learnt from forecasts 26 weeks ahead only: the past holds no longer ones." in told.said


def test_no_week_before_the_day_is_refused_in_words(shop: Shop) -> None:
    says = f"The table sales holds no week that had ended by 2020-01-01; the first week is of {week(0)}."
    assert shop.given(trade(2)).run("--as-of", "2020-01-01") == (1, [f"haitu.plan forecast: {says}"])


def test_a_table_of_nothing_is_refused_in_words(shop: Shop) -> None:
    says = "The table sales holds no week that had ended by any day; it has no good row."
    assert shop.given([]).run() == (1, [f"haitu.plan forecast: {says}"])


def test_a_column_that_is_missing_is_named(shop: Shop) -> None:
    says = "The table sales lacks the column units; it has sku, market, week."
    assert shop.given([f"A,DE,{week(0)}"], "sku,market,week").run() == (1, [f"haitu.plan forecast: {says}"])


def test_one_week_ahead_is_its_own_total(shop: Shop) -> None:
    told = shop.given(trade()).ask(weeks=1)
    assert told.weeks.drop("week").equals(told.total)
