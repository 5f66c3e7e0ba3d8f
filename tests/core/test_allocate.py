"""A freight bill is shared to the last cent, whatever it is shared by."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.allocate import (
    ActualsDoNotSum,
    Bill,
    Measure,
    NothingToShareBy,
    Share,
    UnknownMeasure,
    allocate,
    allocate_bills,
)

# capabilities 4.10 and erpnext#3321: 250 × 20 kg, 200 × 15 kg and 180 × 5 kg share 1,500.00
THREE = (
    Share(sku="A", units=250, weight_g=20_000, volume_mm3=20_000, value_minor=20_000, actual_minor=842_70),
    Share(sku="B", units=200, weight_g=15_000, volume_mm3=15_000, value_minor=15_000, actual_minor=505_62),
    Share(sku="C", units=180, weight_g=5_000, volume_mm3=5_000, value_minor=5_000, actual_minor=151_68),
)


@pytest.mark.parametrize("by", ["weight", "volume", "actuals"])
def test_the_three_naive_parts_of_1500_would_be_1500_01_and_ours_are_1500_00(by: Measure) -> None:
    assert allocate(1_500_00, THREE, by=by) == (842_70, 505_62, 151_68)


def test_by_value_and_by_units() -> None:
    assert allocate(1_500_00, THREE, by="value") == (750_00, 562_50, 187_50)
    assert allocate(1_500_00, THREE, by="units") == (595_24, 476_19, 428_57)


def test_a_bill_for_one_of_the_goods_stays_with_it() -> None:
    """erpnext#3738: duty on item 1 went to all of them."""
    bills = (Bill(total_minor=1_500_00, by="weight"), Bill(total_minor=99_99, by="value", only=frozenset({"A"})))
    assert allocate_bills(bills, THREE) == (942_69, 505_62, 151_68)


def test_goods_without_the_measure_are_named() -> None:
    with pytest.raises(UnknownMeasure) as refused:
        allocate(100, (*THREE, Share(sku="D", units=1, weight_g=0)), by="weight")
    assert refused.value.told == "D has no weight; the bill cannot be shared by weight."


def test_typed_amounts_must_make_up_the_bill() -> None:
    with pytest.raises(ActualsDoNotSum) as refused:
        allocate(1_500_01, THREE, by="actuals")
    assert refused.value.told == "The amounts typed sum to 150000, the bill is 150001."


def test_what_measures_nothing_shares_nothing() -> None:
    for shares in ((), (Share(sku="gift", units=3, value_minor=0),)):
        with pytest.raises(NothingToShareBy):
            allocate(100, shares, by="value")


measures = st.lists(st.integers(1, 10**7), min_size=1, max_size=12)


@given(total=st.integers(-(10**10), 10**10), weights=measures)
def test_parts_sum_exactly_and_are_fair(total: int, weights: list[int]) -> None:
    shares = [Share(sku=str(n), units=2, weight_g=weight) for n, weight in enumerate(weights)]
    parts = allocate(total, shares, by="weight")
    assert sum(parts) == total
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    assert all(abs(part - fair) < 1 for part, fair in zip(parts, exact, strict=True))


@given(total=st.integers(0, 10**10), weights=measures, scale=st.integers(1, 1000))
def test_grams_or_kilograms_make_no_difference(total: int, weights: list[int], scale: int) -> None:
    fine = [Share(sku=str(n), units=1, weight_g=weight * scale) for n, weight in enumerate(weights)]
    coarse = [Share(sku=str(n), units=1, weight_g=weight) for n, weight in enumerate(weights)]
    assert allocate(total, fine, by="weight") == allocate(total, coarse, by="weight")
