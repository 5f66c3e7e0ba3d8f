"""Sea distances: known routes, closures, and corridors that geometry must not choose."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haitu.core.closure import PASSAGES, BadClosure
from haitu.core.place import KM_PER_NM, NoCoordinates, Place, great_circle_km
from haitu.plan.network.places import world_places
from haitu.plan.sea import NoSeaWay, NotAtSea, corridor, detour, sea_network

NAMES = ("CNSZX", "CNSHA", "NLRTM", "USLAX", "USNYC", "SAJED", "SGSIN", "BRSSZ", "JPTYO", "DEHAM", "AEJEA", "AUSYD")
PLACES = {name: world_places()[name] for name in NAMES}
TWO = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
SHUT = st.frozensets(st.sampled_from(sorted(set(PASSAGES) - {"hormuz"})), max_size=3)


def nm(origin: str, target: str, *closed: str) -> int:
    return sea_network().route(PLACES[origin], PLACES[target], closed=closed).nm


@pytest.mark.parametrize(
    ("origin", "target", "closed", "published"),
    [
        ("CNSZX", "NLRTM", (), 9_819),
        ("CNSZX", "NLRTM", ("suez",), 13_154),
        ("CNSZX", "NLRTM", ("bab_el_mandeb",), 13_154),
        ("CNSHA", "USLAX", (), 5_764),
        ("CNSHA", "NLRTM", (), 10_589),
        ("CNSHA", "USNYC", (), 10_678),
        ("CNSHA", "USNYC", ("panama",), 12_392),
        ("CNSZX", "SAJED", (), 5_843),
        ("CNSZX", "SAJED", ("bab_el_mandeb",), 14_716),
    ],
)
def test_a_known_route_is_within_one_per_cent(
    origin: str, target: str, closed: tuple[str, ...], published: int
) -> None:
    assert abs(nm(origin, target, *closed) - published) <= published / 100


def test_the_passages_on_the_way_to_rotterdam_are_named_in_order() -> None:
    route = sea_network().route(PLACES["CNSZX"], PLACES["NLRTM"])
    assert route.passages == ("malacca", "bab_el_mandeb", "suez", "gibraltar")
    assert (route.points[0], route.points[-1]) == (PLACES["CNSZX"].degrees, PLACES["NLRTM"].degrees)


def test_a_lane_round_the_cape_does_not_go_through_panama_though_it_is_shorter() -> None:
    shanghai, rotterdam = PLACES["CNSHA"], PLACES["NLRTM"]
    assert sea_network().route(shanghai, rotterdam, closed=["suez"]).passages == ("panama",)
    way = detour(shanghai, rotterdam, passages=frozenset({"suez"}), closed=frozenset({"suez"}))
    assert (way.passages, way.nm_before, way.nm_after) == (("sunda", "cape"), 10_597, 13_917)
    assert (way.added_nm, way.added_days) == (3_320, 10)  # at 14 knots


def test_a_lane_that_names_panama_may_use_it() -> None:
    assert corridor(["panama"], {"suez"}) == {"suez", "northwest", "bering"}
    assert corridor([], {"suez"}) == {"suez", "panama", "northwest", "bering"}


def test_who_is_shut_in_has_no_way() -> None:
    with pytest.raises(NoSeaWay, match="No ship gets from Jebel Ali to Rotterdam with Strait of Hormuz closed"):
        nm("AEJEA", "NLRTM", "hormuz")
    with pytest.raises(BadClosure, match="'kiel' is no passage we know"):
        nm("CNSZX", "NLRTM", "kiel")


def test_what_lies_inland_or_nowhere_is_no_port() -> None:
    with pytest.raises(NotAtSea, match=r"\(CTU\) lies [\d,]+ nm from the nearest sea lane"):
        sea_network().distances_nm([world_places()["CTU"], PLACES["NLRTM"]])
    with pytest.raises(NoCoordinates, match="Atlantis"):
        sea_network().distances_nm([Place(code="XX", name="Atlantis", country="XX"), PLACES["NLRTM"]])


def test_the_matrix_of_all_pairs_says_what_each_route_says() -> None:
    matrix = sea_network().distances_nm(list(PLACES.values()), closed={"suez"})
    one_by_one = [[0 if a == b else nm(a, b, "suez") for b in NAMES] for a in NAMES]
    assert np.round(matrix).astype(int).tolist() == one_by_one
    assert np.allclose(matrix, matrix.T)


@settings(deadline=None, max_examples=25)
@given(ends=TWO, closed=SHUT, more=SHUT)
def test_closing_more_is_never_shorter_and_no_ship_beats_the_crow(
    ends: tuple[str, str], closed: frozenset[str], more: frozenset[str]
) -> None:
    origin, target = (PLACES[name] for name in ends)
    first = sea_network().distances_nm([origin, target], closed=closed)[0, 1]
    then = sea_network().distances_nm([origin, target], closed=closed | more)[0, 1]
    assert first <= then
    assert first * KM_PER_NM >= great_circle_km(origin, target) - 1


@settings(deadline=None, max_examples=25)
@given(ends=TWO, closed=SHUT)
def test_a_route_avoids_what_is_closed_and_its_points_add_up(ends: tuple[str, str], closed: frozenset[str]) -> None:
    origin, target = (PLACES[name] for name in ends)
    route = sea_network().route(origin, target, closed=closed)
    assert set(route.passages) & closed == set()
    points = [
        Place(code="P", name="P", country="", lat_e6=round(lat * 1e6), lon_e6=round(lon * 1e6))
        for lat, lon in route.points
    ]
    along_km = sum(great_circle_km(a, b) for a, b in pairwise(points))
    assert abs(along_km / KM_PER_NM - route.nm) <= len(points)  # each step rounded to a kilometre
