"""Lines on a map: they begin and end where they should, never jump, and lose nothing that can be seen."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from haitu.core.place import Place
from haitu.plan.lines import COARSE_DEGREES, air_line, land_line, run_on, sea_line, simplified
from haitu.plan.network.places import world_places
from haitu.plan.sea import sea_network

SHANGHAI, ROTTERDAM, OAKLAND = (world_places()[code] for code in ("CNSHA", "NLRTM", "USOAK"))
POINTS = st.lists(
    st.tuples(st.floats(-80, 80, allow_nan=False), st.floats(-180, 180, allow_nan=False)), min_size=2, max_size=30
)
PLACES = st.builds(
    Place,
    code=st.just("P"),
    name=st.just("P"),
    country=st.just("XX"),
    lat_e6=st.integers(-80_000_000, 80_000_000),
    lon_e6=st.integers(-180_000_000, 180_000_000),
)


def test_the_way_to_rotterdam_is_drawn_with_few_points_from_quay_to_quay() -> None:
    km, line = sea_line(SHANGHAI, ROTTERDAM, passages=frozenset({"suez"}), closed=frozenset())
    whole = sea_network().route(SHANGHAI, ROTTERDAM)
    assert km == round(whole.nm * 1.852)
    assert (line[0], line[-1]) == (SHANGHAI.degrees, ROTTERDAM.degrees)
    assert len(line) < len(whole.points) // 2


def test_a_line_over_the_pacific_runs_on_over_the_date_line() -> None:
    _, line = sea_line(SHANGHAI, OAKLAND, passages=frozenset(), closed=frozenset())
    assert line[-1] == (OAKLAND.degrees[0], OAKLAND.degrees[1] + 360)
    assert max(abs(b[1] - a[1]) for a, b in pairwise(air_line(SHANGHAI, OAKLAND))) < 15
    assert land_line(SHANGHAI, OAKLAND)[1][1] == OAKLAND.degrees[1] + 360


@given(points=POINTS)
def test_no_line_jumps_and_every_point_stays_where_it_was(points: list[tuple[float, float]]) -> None:
    line = run_on(points)
    assert all(abs(b[1] - a[1]) <= 180 + 1e-9 for a, b in pairwise(line))
    for (lat, lon), (lat_was, lon_was) in zip(line, points, strict=True):
        assert lat == lat_was
        assert abs((lon - lon_was + 180) % 360 - 180) < 1e-9


@given(points=POINTS, tolerance=st.floats(0, 20))
def test_a_simpler_line_keeps_its_ends_and_its_order(points: list[tuple[float, float]], tolerance: float) -> None:
    fewer = simplified(points, tolerance)
    assert (fewer[0], fewer[-1]) == (points[0], points[-1])
    rest = iter(points)
    assert all(point in rest for point in fewer)
    assert simplified(points, 1000) == (points[0], points[-1])


@given(origin=PLACES, target=PLACES)
def test_an_air_line_leads_from_one_place_to_the_other(origin: Place, target: Place) -> None:
    line = air_line(origin, target)
    assert line[0] == origin.degrees
    assert line[-1][0] == target.degrees[0]
    assert abs((line[-1][1] - target.degrees[1] + 180) % 360 - 180) < 1e-9


def test_what_a_map_cannot_show_is_left_out() -> None:
    assert simplified([(0, 0), (COARSE_DEGREES / 2, 5), (0, 10)], COARSE_DEGREES) == ((0, 0), (0, 10))
    assert len(simplified([(0, 0), (2 * COARSE_DEGREES, 5), (0, 10)], COARSE_DEGREES)) == 3
