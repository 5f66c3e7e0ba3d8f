"""Laws of the cohort forecast, whatever the orders."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haitu.plan.__main__ import main

AS_OF = date(2026, 3, 31)
LEVELS = ("p05", "p50", "p95")
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

row = st.tuples(
    st.sampled_from([f"c{k}" for k in range(12)]),
    st.integers(0, 700),
    st.integers(-3000, 20_000),
)
orders = st.lists(row, min_size=1, max_size=60, unique=True).filter(
    lambda rows: any(cents >= 0 for _, _, cents in rows)
)


def answer(
    rows: list[tuple[str, int, int]], *, factor: int = 1, days: int = 120, seed: int = 3
) -> dict[str, pl.DataFrame]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        days_ago = [AS_OF - timedelta(days=ago) for _, ago, _ in rows]
        amounts = [cents * factor / 100 for _, _, cents in rows]
        pl.DataFrame({"customer": [who for who, _, _ in rows], "at": days_ago, "amount": amounts}).write_parquet(
            folder / "orders.parquet"
        )
        asked = ["--facts", name, "--out", name, "--as-of", str(AS_OF), "--horizon-days", str(days)]
        assert main(["cohorts", *asked, "--seed", str(seed)]) == 0
        return {table: pl.read_parquet(folder / f"{table}.parquet") for table in ("customers", "cohorts", "total")}


def floats(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(pl.selectors.float())


@few
@given(orders)
def test_quantiles_are_ordered_finite_and_never_below_nothing(rows: list[tuple[str, int, int]]) -> None:
    for frame in answer(rows).values():
        assert all(frame[name].is_finite().all() for name in floats(frame).columns)
        for what in ("orders", "value"):
            low, middle, high = (frame[f"{what}_{level}"] for level in LEVELS)
            assert (low >= 0).all()
            assert (low <= middle).all()
            assert (middle <= high).all()


@few
@given(orders)
def test_the_total_lies_between_its_cohorts_sums_and_has_their_mean(rows: list[tuple[str, int, int]]) -> None:
    told = answer(rows)
    for what in ("orders", "value"):
        mean = told["total"][f"{what}_mean"].item()
        assert mean == pytest.approx(told["cohorts"][f"{what}_mean"].sum())
        assert mean == pytest.approx(told["customers"][f"{what}_mean"].sum())
        lowest = sum(told["cohorts"][f"{what}_p05"].to_list())
        assert told["total"][f"{what}_p05"].item() >= lowest - 1e-9


@few
@given(orders, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[str, int, int]], dice: object) -> None:
    shuffled = list(rows)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    straight, other = answer(rows), answer(shuffled)
    for table in straight:
        assert straight[table].select(pl.exclude(pl.Float64)).equals(other[table].select(pl.exclude(pl.Float64)))
        for name in floats(straight[table]).columns:
            assert straight[table][name].to_list() == pytest.approx(other[table][name].to_list(), rel=1e-6, abs=1e-9)


@few
@given(orders)
def test_the_same_seed_gives_the_same_answer(rows: list[tuple[str, int, int]]) -> None:
    once, twice = answer(rows), answer(rows)
    assert all(once[table].equals(twice[table]) for table in once)


@few
@given(orders)
def test_another_unit_of_money_scales_values_and_leaves_orders(rows: list[tuple[str, int, int]]) -> None:
    euros, cents = answer(rows), answer(rows, factor=100)
    for table in euros:
        for what in ("orders", "value"):
            for part in (*LEVELS, "mean"):
                small, large = euros[table][f"{what}_{part}"], cents[table][f"{what}_{part}"]
                scale = 100 if what == "value" else 1
                assert large.to_list() == pytest.approx((small * scale).to_list(), rel=1e-6, abs=1e-6)


@few
@given(orders, orders)
def test_more_rows_never_end_it(rows: list[tuple[str, int, int]], more: list[tuple[str, int, int]]) -> None:
    known = answer([*rows, *more])["customers"]["customer"]
    assert set(answer(rows)["customers"]["customer"]) <= set(known)


@few
@given(orders, st.integers(1, 1826))
def test_any_horizon_is_answered(rows: list[tuple[str, int, int]], days: int) -> None:
    assert answer(rows, days=days)["total"].height == 1
