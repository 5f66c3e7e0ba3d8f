"""Closures and paths: joined end to end, no warehouse twice, nothing over a closed lane."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.closure import BadClosure, Closure, check_passage, closed_on
from haitu.core.freight import Lane
from haitu.core.lead import LeadTime
from haitu.core.path import Path, PathBroken, PathLoops, paths_from
from tests.core.hengda import LANES, TODAY

SHENZHEN, NINGBO, LEIPZIG, NEWARK = 10, 15, 20, 30
PARCEL = LANES[0]


def lane(code: str, origin: int, to: int | None, country: str = "DE", *, days: int = 5) -> Lane:
    return replace(
        PARCEL,
        id=hash(code) % 10**6,
        code=code,
        origin_warehouse_id=origin,
        to_warehouse_id=to,
        destination=country,
        days=(days,) * 11,
        open=True,
    )


ROAD = lane("SZX-NGB", SHENZHEN, NINGBO, "CN", days=1)
SHIP = lane("NGB-LEJ", NINGBO, LEIPZIG, days=30)
SHIP_BACK = lane("LEJ-SZX", LEIPZIG, SHENZHEN, "CN", days=35)
AIR = lane("SZX-LEJ", SHENZHEN, LEIPZIG, days=4)
LAST = lane("LEJ-DE", LEIPZIG, None, days=2)
DIRECT = lane("SZX-DE", SHENZHEN, None, days=9)
NETWORK = (ROAD, SHIP, SHIP_BACK, AIR, LAST, DIRECT)


def codes(*, on: date = TODAY, lanes: tuple[Lane, ...] = NETWORK, closed: frozenset[int] = frozenset()) -> list[str]:
    found = paths_from(lanes, SHENZHEN, on=on, country="DE", closed_warehouses=closed)
    return [" ".join(path.codes) for path in found]


# Closures ------------------------------------------------------------------------------------------------------------


def test_a_closure_holds_from_its_first_day_to_its_last() -> None:
    strike = Closure(valid_from=TODAY, valid_to=TODAY + timedelta(2), reason="strike")
    assert [closed_on([strike], TODAY + timedelta(k)) for k in range(-1, 4)] == [None, strike, strike, strike, None]


def test_of_two_closures_the_younger_gives_the_reason() -> None:
    old, new = Closure(valid_from=TODAY, reason="storm"), Closure(valid_from=TODAY + timedelta(1), reason="strike")
    assert closed_on([new, old], TODAY + timedelta(5)) == new


def test_days_that_cross_are_refused() -> None:
    with pytest.raises(BadClosure, match=r"begins on 2026-11-20 and ends before that, on 2026-11-19\."):
        Closure(valid_from=TODAY, valid_to=TODAY - timedelta(1))


def test_a_passage_nobody_knows_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(BadClosure, match=r"'kiel' is no passage we know; allowed: .*panama.*suez"):
        check_passage("kiel")


# Paths ---------------------------------------------------------------------------------------------------------------


def test_the_paths_to_germany_fewest_lanes_first() -> None:
    assert codes() == ["SZX-DE", "SZX-LEJ LEJ-DE", "SZX-NGB NGB-LEJ LEJ-DE"]


def test_paths_to_a_warehouse_end_there() -> None:
    found = list(paths_from(NETWORK, SHENZHEN, on=TODAY, to_warehouse_id=LEIPZIG))
    assert [path.codes for path in found] == [("SZX-LEJ",), ("SZX-NGB", "NGB-LEJ")]


def test_a_closed_lane_is_on_no_path_from_its_first_day_on() -> None:
    storm = Closure(valid_from=TODAY + timedelta(3), reason="storm")
    lanes = (ROAD, replace(SHIP, closures=(storm,)), AIR, LAST)
    assert codes(lanes=lanes) == ["SZX-LEJ LEJ-DE", "SZX-NGB NGB-LEJ LEJ-DE"]
    assert codes(lanes=lanes, on=TODAY + timedelta(3)) == ["SZX-LEJ LEJ-DE"]


def test_no_path_passes_a_closed_warehouse() -> None:
    assert codes(closed=frozenset({NINGBO})) == ["SZX-DE", "SZX-LEJ LEJ-DE"]
    assert codes(closed=frozenset({LEIPZIG})) == ["SZX-DE"]


def test_a_lane_loop_is_refused() -> None:
    with pytest.raises(PathLoops, match="SZX-LEJ → LEJ-SZX comes to a warehouse twice"):
        Path(lanes=(AIR, SHIP_BACK))


def test_lanes_that_do_not_meet_are_refused() -> None:
    with pytest.raises(PathBroken, match="LEJ-DE does not begin where SZX-NGB ends"):
        Path(lanes=(ROAD, LAST))
    with pytest.raises(PathBroken, match="LEJ-DE does not begin where SZX-DE ends"):
        Path(lanes=(DIRECT, LAST))
    with pytest.raises(PathBroken, match="at least one lane"):
        Path(lanes=())


def test_days_of_a_path_are_its_lanes_and_the_work_between_them() -> None:
    path = Path(lanes=(ROAD, SHIP, LAST))
    assert path.lead({SHENZHEN: 1, NINGBO: 2, LEIPZIG: 1}) == LeadTime.certain(1 + 1 + 2 + 30 + 1 + 2)


WAREHOUSES = st.integers(1, 5)
LINKS = st.lists(
    st.tuples(WAREHOUSES, st.one_of(st.none(), WAREHOUSES)).filter(lambda ends: ends[0] != ends[1]),
    max_size=12,
    unique=True,
)


@given(links=LINKS)
def test_every_simple_path_is_found_and_no_other(links: list[tuple[int, int | None]]) -> None:
    lanes = tuple(lane(f"{origin}-{to}", origin, to) for origin, to in links)
    found = [path.codes for path in paths_from(lanes, 1, on=TODAY, country="DE", most_lanes=3)]
    wanted = {tuple(one.code for one in row) for n in (1, 2, 3) for row in permutations(lanes, n) if is_path(row)}
    assert (set(found), len(found)) == (wanted, len(wanted))
    assert [len(path) for path in found] == sorted(len(path) for path in found)


def is_path(row: tuple[Lane, ...]) -> bool:
    """By the definition, not by the code."""
    stops = [row[0].origin_warehouse_id, *(one.to_warehouse_id for one in row)]
    joined = all(a.to_warehouse_id == b.origin_warehouse_id for a, b in pairwise(row))
    return joined and stops[0] == 1 and stops[-1] is None and len(set(stops)) == len(stops)
