"""Routing over real cost: floors hold, short answers are exact, and nothing costs less than what is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from haitu.core.assign import NotServed, choose
from haitu.core.book import Book
from haitu.core.columns import E6
from haitu.core.errors import Refusal
from haitu.core.parcels import parcels_of
from haitu.core.reckoning import Reckoning
from haitu.core.route import Asking
from haitu.core.stock import OutOfStock, Units
from tests.core.hengda import DE, LANTERN, LEIPZIG, SHENZHEN, TODAY, book, market, stock
from tests.core.wide import wide

CASES = 1000


def _small(seed: int) -> tuple[Asking, int]:
    """Three or four warehouses, two or three goods, one to three units of each wanted."""
    world = wide(seed, warehouses=3 + seed % 2, goods=3, places=2, most=4, sold_in="US" if seed % 3 == 0 else "DE")
    demand = {line.variant_id: line.quantity for line in world.basket(2 + seed % 2)}
    return Asking(demand, world.book, world.to, TODAY), 150 * (seed % 4)


def _ways(asking: Asking) -> Iterator[dict[int, dict[int, int]]]:
    """Every way of giving out the demand, written down without any cleverness."""
    places = sorted({at for at, _ in asking.stock})
    free = {(at, variant): row.available for (at, variant), row in asking.stock.items()}
    options = [
        [
            counts
            for counts in product(*(range(min(free.get((at, variant), 0), wanted) + 1) for at in places))
            if sum(counts) == wanted
        ]
        for variant, wanted in asking.demand.items()
    ]
    for counted in product(*options):
        sent: dict[int, dict[int, int]] = {}
        for variant, counts in zip(asking.demand, counted, strict=True):
            for at, units in zip(places, counts, strict=True):
                if units:
                    sent.setdefault(at, {})[variant] = units
        yield sent


def _cost(asking: Asking, sent: dict[int, dict[int, int]], extra: int) -> tuple[int, int] | None:
    """Cost and days of a plan by full quotes of its parcels; None: refused."""
    try:
        ways = [asking(at, units) for at, units in sent.items()]
    except Refusal:
        return None
    return sum(way.cost_minor for way in ways) + extra * (len(ways) - 1), max(way.days_p90 for way in ways)


@pytest.mark.parametrize("part", range(10))
def test_of_a_thousand_small_baskets_none_could_be_sent_for_less(part: int) -> None:
    for seed in range(part * CASES // 10, (part + 1) * CASES // 10):
        asking, extra = _small(seed)
        ranks = [rank for sent in _ways(asking) if (rank := _cost(asking, sent, extra)) is not None]
        reckoning = Reckoning(asking)
        try:
            choice = choose(
                asking.demand,
                asking.stock.values(),
                asking,
                reckon=reckoning,
                floors=reckoning.floors(),
                extra_parcel_minor=extra,
                most_steps=10**6,
            )
        except (OutOfStock, NotServed):
            assert ranks == [], seed
        else:
            assert (choice.proven, choice.cost_minor, choice.days_p90) == (True, *min(ranks)), seed


def _some_parcels(asking: Asking) -> Iterator[tuple[int, Units]]:
    for at in {at for at, _ in asking.stock}:
        held = {variant: n for variant, n in asking.demand.items() if (at, variant) in asking.stock}
        for variant, units in held.items():
            yield at, {variant: units}
        yield at, held


@pytest.mark.parametrize("sold_in", ["DE", "US", "GB", "JP"])
def test_no_parcel_costs_less_than_its_floor_and_the_short_answer_is_the_whole_one(sold_in: str) -> None:
    reckoned = 0
    for seed in range(60):
        world = wide(seed, warehouses=12, goods=4, places=8, sold_in=sold_in)
        asking = Asking({v: 1 + v * seed % 40 for v in world.book.items}, world.book, world.to, TODAY)
        reckoning = Reckoning(asking)
        floors = reckoning.floors()
        for at, units in _some_parcels(asking):
            short = reckoning(at, units)
            try:
                way = asking(at, units)
            except Refusal:
                assert short is None
                continue
            assert short == (way.cost_minor, way.days_p90)
            reckoned += 1
            least = [
                floor.opening_e6
                + sum(units.get(v, 0) * (e or 0) for v, e in zip(sorted(asking.demand), floor.each_e6, strict=True))
                for floor in floors
                if floor.warehouse_id == at
                and all(e is not None for v, e in zip(sorted(asking.demand), floor.each_e6, strict=True) if v in units)
            ]
            assert min(least) <= way.cost_minor * E6
    assert reckoned > 100


def _two_places() -> Book:
    shelves = (stock(LANTERN, SHENZHEN, 5), stock(LANTERN, LEIPZIG, 5))
    return book(market("DE", registrations=frozenset({"IOSS"})), *shelves)


def test_what_would_come_too_late_is_not_sent_and_the_dearer_one_is() -> None:
    shown = replace(
        _two_places(), stock=(stock(LANTERN, SHENZHEN, 5), stock(LANTERN, LEIPZIG, 5, inbound_value_minor=500_00))
    )
    assert parcels_of(Asking({LANTERN: 1}, shown, DE, TODAY)).parcels[0].warehouse_id == SHENZHEN
    assert parcels_of(Asking({LANTERN: 1}, shown, DE, TODAY, within_days=14)).parcels[0].warehouse_id == LEIPZIG


def test_where_nothing_comes_in_time_each_lane_says_how_late_it_is() -> None:
    with pytest.raises(Refusal) as refused:
        parcels_of(Asking({LANTERN: 1}, _two_places(), DE, TODAY, within_days=3))
    assert refused.value.told == "SZX-DE takes 15 days; 3 were promised. LEJ-DE takes 4 days; 3 were promised."
