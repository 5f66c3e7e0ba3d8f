"""Places, the distance between them, and whether a lane's days can be true for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.explain import Why
from haitu.core.pace import PACES, doubt
from haitu.core.place import NoCoordinates, Place, great_circle_km

SHENZHEN = Place(code="SZX", name="Shenzhen", country="CN", lat_e6=22_639_300, lon_e6=113_811_000)
LEIPZIG = Place(code="LEJ", name="Leipzig", country="DE", lat_e6=51_423_900, lon_e6=12_236_400)
NOWHERE = Place(code="XXX", name="Nowhere", country="DE")

PLACES = st.builds(
    Place,
    code=st.just("P"),
    name=st.just("P"),
    country=st.just("XX"),
    lat_e6=st.integers(-90_000_000, 90_000_000),
    lon_e6=st.integers(-180_000_000, 180_000_000),
)


def test_shenzhen_is_8_819_km_from_leipzig() -> None:
    assert great_circle_km(SHENZHEN, LEIPZIG) == 8_819


@pytest.mark.parametrize(("a", "b"), [(NOWHERE, LEIPZIG), (LEIPZIG, NOWHERE)])
def test_a_place_without_coordinates_is_refused_by_name(a: Place, b: Place) -> None:
    with pytest.raises(NoCoordinates) as no:
        great_circle_km(a, b)
    assert no.value.told == "Nowhere (XXX) has no coordinates; enter its latitude and longitude."


@given(a=PLACES, b=PLACES, c=PLACES)
def test_distance_is_the_same_both_ways_and_no_detour_is_shorter(a: Place, b: Place, c: Place) -> None:
    assert great_circle_km(a, b) == great_circle_km(b, a)
    assert great_circle_km(a, a) == 0
    assert great_circle_km(a, c) <= great_circle_km(a, b) + great_circle_km(b, c) + 2  # each rounded to a kilometre
    assert great_circle_km(a, b) <= 20_016  # half around


def test_a_ship_in_ten_days_to_rotterdam_is_doubted_with_its_speed() -> None:
    assert doubt(mode="sea", distance_km=18_222, days_p50=10) == Why(
        code="too_fast",
        told="18,222 km in 10 days would be 41.0 knots; sea reaches at most 35.0 knots.",
        given={"mode": "sea", "distance_km": 18_222, "days_p50": 10},
    )


def test_sixty_days_to_osaka_are_doubted_after_sixteen_for_both_ends() -> None:
    told = getattr(doubt(mode="sea", distance_km=1_500, days_p50=60), "told", None)
    assert told == ("1,500 km in 60 days, 16 of them for both ends, would be 0.8 knots; sea is hardly below 5.0 knots.")


@pytest.mark.parametrize(
    "lane",
    [
        {"mode": "sea", "distance_km": 18_222, "days_p50": 30},
        {"mode": "sea", "distance_km": 1_500, "days_p50": 5},
        {"mode": "air", "distance_km": 8_822, "days_p50": 3},
        {"mode": "rail", "distance_km": 11_000, "days_p50": 16},
        {"mode": "mule", "distance_km": 11_000, "days_p50": 1},
    ],
)
def test_what_may_be_true_is_not_doubted(lane: dict[str, Any]) -> None:
    assert doubt(**lane) is None


@given(mode=st.sampled_from(sorted(PACES)), km=st.integers(1, 40_000), days=st.integers(1, 200))
def test_no_lane_is_both_too_fast_and_too_slow_and_its_pace_itself_is_believed(mode: str, km: int, days: int) -> None:
    pace = PACES[mode]
    believed = pace.slowest_km * max(days - pace.ends_days, 0) <= km <= pace.fastest_km * days
    assert (doubt(mode=mode, distance_km=km, days_p50=days) is None) == believed
