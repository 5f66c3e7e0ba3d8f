"""Stock: what may be promised, and which warehouse sends what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.errors import Refusal
from haitu.core.stock import NotServed, OutOfStock, Parcel, StockAt, assign, available, unit_value

LANTERN, MUG, LAMP = 1, 2, 3
SHENZHEN, LEIPZIG, NEWARK = 10, 20, 30
SKU = {LANTERN: "LANTERN", MUG: "MUG", LAMP: "LAMP"}


@dataclass(frozen=True)
class Leg:
    cost_minor: int
    days_p90: int


class Closed(Refusal):
    """The only lane of that warehouse is closed."""


@dataclass
class Lanes:
    """Every parcel of a warehouse costs its fee and so much for each unit."""

    fee: Mapping[int, int]
    per_unit: Mapping[int, int]
    days: Mapping[int, int]
    closed: frozenset[int] = frozenset()

    def __call__(self, warehouse_id: int, units: Mapping[int, int]) -> Leg:
        if warehouse_id in self.closed:
            raise Closed(f"The lane from {warehouse_id} is closed.")
        cost = self.fee[warehouse_id] + self.per_unit[warehouse_id] * sum(units.values())
        return Leg(cost, self.days[warehouse_id])


def _lanes(*closed: int, fee: Mapping[int, int] | None = None) -> Lanes:
    return Lanes(
        fee=fee or {SHENZHEN: 300, LEIPZIG: 400, NEWARK: 900},
        per_unit={SHENZHEN: 100, LEIPZIG: 60, NEWARK: 50},
        days={SHENZHEN: 14, LEIPZIG: 3, NEWARK: 9},
        closed=frozenset(closed),
    )


def _stock(*shelves: tuple[int, int, int]) -> list[StockAt]:
    return [
        StockAt(stock_id=number, variant_id=variant, warehouse_id=warehouse, on_hand=units)
        for number, (variant, warehouse, units) in enumerate(shelves)
    ]


def _sent(parcels: tuple[Parcel[Leg], ...]) -> list[tuple[int, dict[int, int]]]:
    return [(parcel.warehouse_id, dict(parcel.units)) for parcel in parcels]


# What may be promised -----------------------------------------------------------------------------------------------


def test_of_ten_with_a_buffer_of_three_seven_are_shown_and_of_two_none() -> None:
    assert available(10, 0, 3) == 7
    assert available(2, 0, 3) == 0


def test_what_is_reserved_cannot_be_promised_again() -> None:
    assert available(10, 4, 3) == 3


@given(on_hand=st.integers(0, 1000), reserved=st.integers(0, 1000), buffer=st.integers(0, 1000))
def test_what_is_available_reserved_and_kept_back_is_never_more_than_lies_there(
    on_hand: int, reserved: int, buffer: int
) -> None:
    free = available(on_hand, reserved, buffer)
    assert free >= 0
    assert free == 0 or free + reserved + buffer == on_hand


@given(value=st.integers(0, 10**9), on_hand=st.integers(1, 50), leaves=st.lists(st.integers(1, 10), max_size=10))
def test_value_that_leaves_with_its_units_leaves_nothing_behind_and_nothing_missing(
    value: int, on_hand: int, leaves: list[int]
) -> None:
    left, units = value, on_hand
    for quantity in leaves:
        taken = min(quantity, units)
        left -= unit_value(left, taken, units)
        units -= taken
        assert left >= 0
    assert unit_value(left, units, units) == (left if units else 0)


def test_an_empty_shelf_is_worth_nothing() -> None:
    assert unit_value(500, 1, 0) == 0


# Assignment ---------------------------------------------------------------------------------------------------------


def test_the_cheapest_warehouse_that_has_it_sends_it() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5))
    assert _sent(assign({LANTERN: 1}, stock, _lanes())) == [(SHENZHEN, {LANTERN: 1})]
    assert _sent(assign({LANTERN: 4}, stock, _lanes())) == [(LEIPZIG, {LANTERN: 4})]


def test_at_the_same_cost_the_earlier_one_sends_it() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5))
    equal = _lanes(fee={SHENZHEN: 360, LEIPZIG: 400})
    assert _sent(assign({LANTERN: 1}, stock, equal)) == [(LEIPZIG, {LANTERN: 1})]


def test_one_dear_parcel_is_sent_rather_than_two_cheap_ones() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (MUG, LEIPZIG, 5), (LANTERN, NEWARK, 1), (MUG, NEWARK, 1))
    assert _sent(assign({LANTERN: 1, MUG: 1}, stock, _lanes())) == [(NEWARK, {LANTERN: 1, MUG: 1})]


def test_a_basket_that_no_warehouse_holds_is_split() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (MUG, LEIPZIG, 5))
    parcels = assign({LANTERN: 1, MUG: 1}, stock, _lanes())
    assert sorted(_sent(parcels)) == [(SHENZHEN, {LANTERN: 1}), (LEIPZIG, {MUG: 1})]


def test_a_line_is_split_when_it_must_be_and_the_cheaper_unit_comes_from_where_it_is_cheaper() -> None:
    stock = _stock((LANTERN, SHENZHEN, 3), (LANTERN, LEIPZIG, 2))
    parcels = assign({LANTERN: 4}, stock, _lanes())
    assert sorted(_sent(parcels)) == [(SHENZHEN, {LANTERN: 2}), (LEIPZIG, {LANTERN: 2})]


def test_two_lines_share_one_stock() -> None:
    with pytest.raises(OutOfStock) as refused:
        assign({MUG: 1 + 1}, _stock((MUG, LEIPZIG, 1)), _lanes(), name=SKU.__getitem__)
    assert refused.value.told == "2 of MUG wanted, 1 available."
    assert refused.value.given == {"variant_id": MUG, "wanted": 2, "available": 1}


def test_a_closed_lane_leaves_the_next_warehouse() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5))
    assert _sent(assign({LANTERN: 1}, stock, _lanes(SHENZHEN))) == [(LEIPZIG, {LANTERN: 1})]


def test_what_lies_behind_closed_lanes_only_is_not_served_and_every_reason_is_given() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5))
    with pytest.raises(NotServed) as refused:
        assign({LANTERN: 1}, stock, _lanes(SHENZHEN, LEIPZIG))
    assert refused.value.told == "The lane from 10 is closed. The lane from 20 is closed."


def test_stock_behind_a_closed_lane_is_not_counted_as_available() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 2))
    with pytest.raises(OutOfStock) as refused:
        assign({LANTERN: 3}, stock, _lanes(SHENZHEN), name=SKU.__getitem__)
    assert refused.value.told == "3 of LANTERN wanted, 2 available."


# Laws ---------------------------------------------------------------------------------------------------------------

SHELVES = st.dictionaries(
    st.tuples(st.sampled_from([LANTERN, MUG, LAMP]), st.sampled_from([SHENZHEN, LEIPZIG, NEWARK])), st.integers(0, 6)
)
DEMAND = st.dictionaries(st.sampled_from([LANTERN, MUG, LAMP]), st.integers(1, 6), min_size=1)
CLOSED = st.sets(st.sampled_from([SHENZHEN, LEIPZIG, NEWARK]), max_size=2)


def _held(shelves: dict[tuple[int, int], int]) -> list[StockAt]:
    return _stock(*((variant, warehouse, units) for (variant, warehouse), units in shelves.items()))


def _try(demand: dict[int, int], shelves: dict[tuple[int, int], int], *closed: int) -> tuple[Parcel[Leg], ...] | None:
    try:
        return assign(demand, _held(shelves), _lanes(*closed))
    except (OutOfStock, NotServed):
        return None


def _cost(parcels: tuple[Parcel[Leg], ...]) -> int:
    return sum(parcel.leg.cost_minor for parcel in parcels)


@given(demand=DEMAND, shelves=SHELVES, closed=CLOSED)
def test_it_is_served_just_when_open_warehouses_hold_enough(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], closed: set[int]
) -> None:
    there = Counter[int]()
    for (variant, warehouse), units in shelves.items():
        there[variant] += 0 if warehouse in closed else units
    enough = all(there[variant] >= wanted for variant, wanted in demand.items())
    assert (_try(demand, shelves, *closed) is not None) == enough


@given(demand=DEMAND, shelves=SHELVES, closed=CLOSED)
def test_parcels_hold_just_the_demand_and_never_more_than_a_shelf_has(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], closed: set[int]
) -> None:
    parcels = _try(demand, shelves, *closed) or ()
    sent = Counter[int]()
    for parcel in parcels:
        assert parcel.warehouse_id not in closed
        for variant, units in parcel.units.items():
            assert 0 < units <= shelves[variant, parcel.warehouse_id]
            sent[variant] += units
    assert not parcels or dict(sent) == demand


@given(demand=DEMAND, shelves=SHELVES, closed=CLOSED)
def test_no_fewer_warehouses_would_have_held_it(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], closed: set[int]
) -> None:
    parcels = _try(demand, shelves, *closed)
    if parcels is None:
        return
    for fewer in combinations({SHENZHEN, LEIPZIG, NEWARK} - closed, len(parcels) - 1):
        held = {variant: sum(shelves.get((variant, at), 0) for at in fewer) for variant in demand}
        assert any(held[variant] < wanted for variant, wanted in demand.items())


@given(
    demand=DEMAND,
    shelves=SHELVES,
    where=st.tuples(st.sampled_from([LANTERN, MUG, LAMP]), st.sampled_from([SHENZHEN, LEIPZIG, NEWARK])),
    more=st.integers(1, 6),
    closed=CLOSED,
)
def test_more_stock_never_takes_a_promise_away_adds_a_parcel_or_makes_one_parcel_dearer(
    demand: dict[int, int],
    shelves: dict[tuple[int, int], int],
    where: tuple[int, int],
    more: int,
    closed: set[int],
) -> None:
    before = _try(demand, shelves, *closed)
    after = _try(demand, shelves | {where: shelves.get(where, 0) + more}, *closed)
    if before is None:
        return
    assert after is not None
    assert len(after) <= len(before)
    if len(before) == 1:
        assert _cost(after) <= _cost(before)


@given(demand=DEMAND, shelves=SHELVES, closing=st.sampled_from([SHENZHEN, LEIPZIG, NEWARK]))
def test_closing_a_lane_never_serves_what_was_not_served_saves_a_parcel_or_makes_one_parcel_cheaper(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], closing: int
) -> None:
    before, after = _try(demand, shelves), _try(demand, shelves, closing)
    if after is None:
        return
    assert before is not None
    assert len(before) <= len(after)
    if len(after) == 1:
        assert _cost(before) <= _cost(after)


@given(demand=DEMAND, shelves=SHELVES)
def test_the_same_question_has_the_same_answer_in_whatever_order_stock_is_listed(
    demand: dict[int, int], shelves: dict[tuple[int, int], int]
) -> None:
    backwards = dict(reversed(shelves.items()))
    one, two = _try(demand, shelves), _try(dict(reversed(demand.items())), backwards)
    assert (one and _sent(one)) == (two and _sent(two))
