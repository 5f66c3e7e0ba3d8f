"""Which warehouse sends what: the least landed cost of every way there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.assign import NotServed, Parcel, assign, choose
from haitu.core.errors import Refusal
from haitu.core.parting import Other
from haitu.core.stock import OutOfStock, StockAt

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


# Assignment ---------------------------------------------------------------------------------------------------------


def test_the_cheapest_warehouse_that_has_it_sends_it() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5))
    assert _sent(assign({LANTERN: 1}, stock, _lanes())) == [(SHENZHEN, {LANTERN: 1})]
    assert _sent(assign({LANTERN: 4}, stock, _lanes())) == [(LEIPZIG, {LANTERN: 4})]


def test_at_the_same_cost_the_earlier_one_sends_it() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5))
    equal = _lanes(fee={SHENZHEN: 360, LEIPZIG: 400})
    assert _sent(assign({LANTERN: 1}, stock, equal)) == [(LEIPZIG, {LANTERN: 1})]


def test_one_parcel_is_sent_unless_two_save_more_than_the_second_one_counts() -> None:
    """One parcel from Newark costs 1000, two cost 860."""
    stock = _stock((LANTERN, SHENZHEN, 5), (MUG, LEIPZIG, 5), (LANTERN, NEWARK, 1), (MUG, NEWARK, 1))
    together, apart = [(NEWARK, {LANTERN: 1, MUG: 1})], [(SHENZHEN, {LANTERN: 1}), (LEIPZIG, {MUG: 1})]
    for extra_parcel, sent in ((0, apart), (139, apart), (140, together), (200, together)):
        choice = choose({LANTERN: 1, MUG: 1}, stock, _lanes(), extra_parcel_minor=extra_parcel)
        assert _sent(choice.parcels) == sent
        assert choice.cost_minor == (1000 if sent == together else 860 + extra_parcel)


def test_the_best_single_parcel_that_was_not_sent_is_told() -> None:
    stock = _stock((LANTERN, SHENZHEN, 5), (LANTERN, LEIPZIG, 5), (LANTERN, NEWARK, 5))
    choice = choose({LANTERN: 1}, stock, _lanes())
    assert (choice.cost_minor, choice.days_p90, choice.proven) == (400, 14, True)
    assert choice.next_best == Other(sent=((LEIPZIG, {LANTERN: 1}),), cost_minor=460, days_p90=3)


def test_a_search_that_is_cut_short_says_that_its_plan_is_not_proven() -> None:
    demand = dict.fromkeys(range(1, 8), 2)
    everywhere = _stock(*((variant, place, 2) for variant in demand for place in range(100, 112)))
    choice = choose(demand, everywhere, lambda at, units: Leg(1000 + at * sum(units.values()), 5))
    assert (choice.proven, _sent(choice.parcels)) == (False, [(100, demand)])


def test_a_large_order_over_many_small_shelves_is_served_though_not_every_way_is_looked_at() -> None:
    demand = {LANTERN: 200, MUG: 150, LAMP: 90}
    shelves = _stock(*((variant, place, 5 + (7 * place + variant) % 11) for variant in demand for place in range(60)))
    choice = choose(demand, shelves, lambda at, units: Leg(300 + (20 + at) * sum(units.values()), 5))
    sent = Counter[int]()
    for parcel in choice.parcels:
        sent.update(parcel.units)
    assert (dict(sent), choice.proven) == (demand, False)


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
        return choose(demand, _held(shelves), _lanes(*closed), most_steps=10**6).parcels
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


def _ways(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], open_: Sequence[int]
) -> Iterator[dict[int, dict[int, int]]]:
    """Every way of giving out the demand, written down without any cleverness."""
    lines = list(demand.items())
    for counted in product(
        *(
            [
                counts
                for counts in product(*(range(min(shelves.get((variant, at), 0), wanted) + 1) for at in open_))
                if sum(counts) == wanted
            ]
            for variant, wanted in lines
        )
    ):
        sent: dict[int, dict[int, int]] = {}
        for (variant, _), counts in zip(lines, counted, strict=True):
            for at, units in zip(open_, counts, strict=True):
                if units:
                    sent.setdefault(at, {})[variant] = units
        yield sent


@given(demand=DEMAND, shelves=SHELVES, closed=CLOSED, extra=st.integers(0, 500))
def test_of_all_ways_none_costs_less_and_of_equals_none_is_earlier(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], closed: set[int], extra: int
) -> None:
    lanes = _lanes(*closed)
    ranks = []
    for sent in _ways(demand, shelves, sorted({SHENZHEN, LEIPZIG, NEWARK} - closed)):
        legs = [lanes(at, units) for at, units in sent.items()]
        ranks.append((sum(leg.cost_minor for leg in legs) + extra * (len(legs) - 1), max(leg.days_p90 for leg in legs)))
    try:
        choice = choose(demand, _held(shelves), lanes, extra_parcel_minor=extra, most_steps=10**6)
    except (OutOfStock, NotServed):
        assert ranks == []
    else:
        assert (choice.cost_minor, choice.days_p90) == min(ranks)


@given(
    demand=DEMAND,
    shelves=SHELVES,
    where=st.tuples(st.sampled_from([LANTERN, MUG, LAMP]), st.sampled_from([SHENZHEN, LEIPZIG, NEWARK])),
    more=st.integers(1, 6),
    closed=CLOSED,
)
def test_more_stock_never_takes_a_promise_away_or_makes_it_dearer(
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
    assert _cost(after) <= _cost(before)


@given(demand=DEMAND, shelves=SHELVES, closing=st.sampled_from([SHENZHEN, LEIPZIG, NEWARK]))
def test_closing_a_lane_never_serves_what_was_not_served_or_makes_it_cheaper(
    demand: dict[int, int], shelves: dict[tuple[int, int], int], closing: int
) -> None:
    before, after = _try(demand, shelves), _try(demand, shelves, closing)
    if after is None:
        return
    assert before is not None
    assert _cost(before) <= _cost(after)


@given(demand=DEMAND, shelves=SHELVES)
def test_the_same_question_has_the_same_answer_in_whatever_order_stock_is_listed(
    demand: dict[int, int], shelves: dict[tuple[int, int], int]
) -> None:
    backwards = dict(reversed(shelves.items()))
    one, two = _try(demand, shelves), _try(dict(reversed(demand.items())), backwards)
    assert (one and _sent(one)) == (two and _sent(two))
