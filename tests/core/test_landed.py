"""THE formula: followed by hand once, and the same on ints and on int64 columns always."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.landed import STEPS, Waterfall, landed

# Two lanterns sold in Germany from Leipzig: 2 × 24.99 with 19 % VAT inside, 4.90 of shipping.
LANTERNS = {
    "charged_minor": 2 * 2499 + 490,
    "tax_rate_bp": 1900,
    "tax_included": True,
    "goods_minor": 1000,
    "inbound_minor": 150,
    "volume_cm3": 4800,
    "storage_days": 30,
    "storage_milli_per_m3_day": 54_545,  # 0.60 USD at 1.10 USD/EUR
    "last_mile_minor": 390,
    "outlet_fee_bp": 0,
    "payment_fee_bp": 290,
    "payment_fixed_minor": 30,
    "returns_bp": 200,
    "traffic_minor": 200,
}


def test_two_lanterns_from_leipzig() -> None:
    assert landed(**LANTERNS) == Waterfall(  # type: ignore[arg-type]
        price=5488,
        tax=876,  # 5488 × 19/119 = 876.23
        goods=1000,
        inbound=150,
        storage=8,  # 4.8 l × 30 days × 54.545 ct/m³ = 7.85
        last_mile=390,
        payment_fee=189,  # 159.15 + 30
        returns=92,  # 2 % of 46.12
        traffic=200,
    )
    assert landed(**LANTERNS).contribution == 2583  # type: ignore[arg-type]


def test_where_tax_is_added_the_price_grows_by_tax_and_by_the_duty_charged() -> None:
    sold = landed(charged_minor=2499, tax_rate_bp=663, added_minor=150, duty_minor=150, outlet_fee_bp=800)
    assert sold == Waterfall(price=2499 + 166 + 150, tax=166, duty=150, outlet_fee=225)


def test_nothing_sold_earns_nothing() -> None:
    assert landed(charged_minor=0) == Waterfall()
    assert Waterfall().contribution == 0


def test_the_steps_are_the_fields_in_order() -> None:
    numbered = Waterfall.from_list(range(1, 13))
    assert [getattr(numbered, step) for step in STEPS] == numbered.as_list() == list(range(1, 13))
    assert list(Waterfall.__dataclass_fields__) == list(STEPS)


def test_a_list_with_a_step_missing_is_a_bug() -> None:
    with pytest.raises(ValueError, match="zip"):
        Waterfall.from_list([1, 2, 3])


MINOR = st.integers(0, 10**9)
RATE = st.integers(0, 10_000)
INPUTS: dict[str, st.SearchStrategy[int]] = {
    "charged_minor": MINOR,
    "added_minor": MINOR,
    "goods_minor": MINOR,
    "inbound_minor": MINOR,
    "duty_minor": MINOR,
    "import_vat_minor": MINOR,
    "volume_cm3": st.integers(0, 10**6),
    "storage_days": st.integers(0, 365),
    "storage_milli_per_m3_day": st.integers(0, 10**7),
    "last_mile_minor": MINOR,
    "payment_fixed_minor": MINOR,
    "traffic_minor": MINOR,
    "tax_rate_bp": RATE,
    "outlet_fee_bp": RATE,
    "payment_fee_bp": RATE,
    "returns_bp": RATE,
}
ROW = st.fixed_dictionaries(INPUTS)
WATERFALL = st.lists(st.integers(-(10**12), 10**12), min_size=12, max_size=12).map(Waterfall.from_list)


@given(
    rows=st.lists(ROW, min_size=1, max_size=8), included=st.booleans(), scalars=st.sets(st.sampled_from(sorted(INPUTS)))
)
def test_a_column_earns_to_the_unit_what_its_rows_earn(
    rows: list[dict[str, int]], included: bool, scalars: set[str]
) -> None:
    rows = [row | {name: rows[0][name] for name in scalars} for row in rows]  # what a whole column shares stays an int
    columns: dict[str, Any] = {
        name: rows[0][name] if name in scalars else np.array([row[name] for row in rows], dtype=np.int64)
        for name in INPUTS
    }
    together = landed(**columns, tax_included=included)
    for place, row in enumerate(rows):
        alone = landed(**row, tax_included=included)
        picked = [int(np.broadcast_to(step, len(rows))[place]) for step in together.as_list()]
        assert picked == alone.as_list()
        assert int(np.broadcast_to(together.contribution, len(rows))[place]) == alone.contribution


@given(row=ROW, included=st.booleans())
def test_contribution_is_the_price_less_every_other_step(row: dict[str, int], included: bool) -> None:
    sold = landed(**row, tax_included=included)
    price, *costs = sold.as_list()
    assert sold.costs == sum(costs)
    assert sold.contribution == price - sum(costs)


@given(row=ROW, included=st.booleans())
def test_the_price_is_what_was_charged_and_no_step_is_negative(row: dict[str, int], included: bool) -> None:
    sold = landed(**row, tax_included=included)
    on_top = 0 if included else sold.tax
    assert sold.price == row["charged_minor"] + row["added_minor"] + on_top
    assert min(sold.as_list()) >= 0


@given(row=ROW, included=st.booleans(), more=st.integers(1, 10**6))
def test_a_dearer_freight_lowers_the_contribution_by_just_that(row: dict[str, int], included: bool, more: int) -> None:
    dearer = row | {"last_mile_minor": row["last_mile_minor"] + more}
    before, after = landed(**row, tax_included=included), landed(**dearer, tax_included=included)
    assert before.contribution - after.contribution == more


@given(one=WATERFALL, two=WATERFALL)
def test_waterfalls_add_step_by_step_and_contributions_with_them(one: Waterfall, two: Waterfall) -> None:
    assert (one + two).contribution == one.contribution + two.contribution
    assert (one + two).as_list() == [a + b for a, b in zip(one.as_list(), two.as_list(), strict=True)]
    assert one + -one == Waterfall()


@given(whole=WATERFALL, cuts=st.lists(st.integers(0, 40), max_size=5))
def test_parts_laid_end_to_end_sum_to_the_whole(whole: Waterfall, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), 40]
    total = Waterfall()
    for start, stop in pairwise(edges):
        total += whole.part(start, stop, 40)
    assert total == whole
