"""The demonstration network is whole: every warehouse is reached, every market served, every lane believable."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pytest

from haitu.core.freight import Piece, ship_price
from haitu.core.pace import doubt
from haitu.core.path import paths_from
from haitu.core.place import KM_PER_NM, great_circle_km
from haitu.plan.network.operator import OperatorNetwork, operator_network
from haitu.plan.network.places import world_places
from haitu.plan.sea import corridor, sea_network

TODAY = date(2026, 11, 20)
MUG = Piece(sku="MUG", weight_g=400, length_mm=120, width_mm=100, height_mm=100)


@lru_cache(maxsize=1)
def network() -> OperatorNetwork:
    return operator_network(on=TODAY)


def test_it_has_the_size_of_a_real_operator() -> None:
    made = network()
    assert (len(made.sites), len(made.warehouses), len(made.markets)) == (87, 87, 40)
    assert len({lane.code for lane in made.lanes}) == len({lane.id for lane in made.lanes}) == len(made.lanes)
    assert (len(made.linehaul), len(made.last_mile)) == (154, 934)


def test_the_same_seed_gives_the_same_network_and_another_seed_another() -> None:
    assert operator_network(on=TODAY) == network()
    other = operator_network(on=TODAY, seed=7)
    assert [lane.code for lane in other.lanes] == [lane.code for lane in network().lanes]
    assert other != network()


def test_every_warehouse_beyond_the_origins_is_reached_by_a_path_from_shenzhen() -> None:
    made = network()
    shenzhen = next(site.id for site in made.sites.values() if site.code == "SZX1")
    beyond = [site for site in made.sites.values() if site.kind == "overseas"]
    unreached = [
        site.code
        for site in beyond
        if next(paths_from(made.linehaul, shenzhen, on=TODAY, to_warehouse_id=site.id), None) is None
    ]
    from_others = {lane.to_warehouse_id for lane in made.linehaul}
    assert [code for code in unreached if next(s.id for s in beyond if s.code == code) not in from_others] == []


@pytest.mark.parametrize("country", ["DE", "US", "JP", "BR", "ZA"])
def test_a_mug_reaches_a_market_from_shenzhen_and_from_nearby(country: str) -> None:
    made = network()
    into = [lane for lane in made.last_mile if lane.destination == country and lane.mode != "post"]
    assert {ship_price(lane, [MUG], on=TODAY).boxes for lane in into} == {1}
    assert {made.sites[lane.origin_warehouse_id].kind for lane in into} >= {"origin", "overseas"}


def test_every_market_is_served_from_a_warehouse_abroad() -> None:
    made = network()
    near = {lane.destination for lane in made.last_mile if made.sites[lane.origin_warehouse_id].kind != "origin"}
    assert set(made.markets) - near == set()


def test_no_lane_is_too_fast_or_too_slow_for_its_distance() -> None:
    made, places = network(), world_places()
    doubts = []
    for lane in made.linehaul:
        origin, target = made.sites[lane.origin_warehouse_id], made.sites[lane.to_warehouse_id or 0]
        km = great_circle_km(origin.place, target.place)
        if lane.mode == "sea":
            via = [name for name in lane.passages if name == "panama"]
            ends = (places[lane.from_place], places[lane.to_place])
            km = round(sea_network().route(*ends, closed=corridor(via, ())).nm * KM_PER_NM)
        if (warning := doubt(mode=lane.mode, distance_km=km, days_p50=lane.days_p50)) is not None:
            doubts.append((lane.code, warning.told))
    assert doubts == []


def test_what_is_assumed_says_so_and_what_is_published_names_its_source() -> None:
    cards = {lane.tariff.code: lane.tariff for lane in network().lanes}
    assert all(card.assumed and card.source for card in cards.values())
    assert cards["us-home"].source.startswith("USPS Notice 123, 2025-10-05")
