"""When goods on their way will be in, as of a day, and who is served by which load."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from haitu.core.afloat import Coming, Due, Waiting, afloat_on, due_days, served_by, stuck

LEFT = date(2026, 11, 1)
P50, P90 = LEFT + timedelta(30), LEFT + timedelta(40)


def coming(load_id: int, units: int, days: int = 30, lane_id: int | None = None) -> Coming:
    p50 = LEFT + timedelta(days)
    return Coming(load_id=load_id, lane_id=lane_id, units=units, since=LEFT, p50=p50, p90=p50 + timedelta(10))


def test_a_load_in_time_is_due_as_announced() -> None:
    assert due_days(LEFT, P50, P90, LEFT) == (P50, P90)
    assert due_days(LEFT, P50, P90, LEFT + timedelta(24)) == (P50, P90)


def test_a_load_that_is_late_moves_its_own_day() -> None:
    seen = [due_days(LEFT, P50, P90, LEFT + timedelta(day))[1] for day in (30, 40, 45, 60)]
    assert seen == [LEFT + timedelta(days) for days in (43, 45, 55, 70)]


def test_a_load_without_news_is_stuck() -> None:
    assert not stuck(LEFT, P50, P90, P90 + timedelta(14))
    assert stuck(LEFT, P50, P90, P90 + timedelta(15))
    assert not stuck(P90 + timedelta(5), P50, P90, P90 + timedelta(15))


@given(st.integers(0, 200), st.integers(0, 90), st.integers(0, 60))
def test_no_load_comes_before_today_and_waiting_never_brings_it_nearer(waited: int, p50: int, wide: int) -> None:
    typed = (LEFT + timedelta(p50), LEFT + timedelta(p50 + wide))
    on = LEFT + timedelta(waited)
    half, most = due_days(LEFT, *typed, on)
    assert on <= half <= most
    assert most >= typed[1]
    assert due_days(LEFT, *typed, on + timedelta(1))[1] >= most


def test_closed_lanes_and_stuck_loads_are_not_sold_from() -> None:
    loads = [coming(1, 5, lane_id=7), coming(2, 3), replace(coming(3, 4, days=-60), since=LEFT - timedelta(90))]
    its = afloat_on(loads, units=12, preordered=2, on=LEFT, shut_lanes=frozenset({7}))
    assert (its.held_back, its.for_sale, [due.load_id for due in its.due]) == (9, 1, [2])
    assert its.after(1) == its.due[0]
    assert its.after(2) is None


@given(st.lists(st.integers(1, 9), max_size=6), st.lists(st.integers(1, 9), max_size=8))
def test_the_oldest_promise_is_served_by_the_first_load(loads: list[int], wanted: list[int]) -> None:
    due = [Due(load_id=nth, units=units, p50=LEFT, p90=LEFT) for nth, units in enumerate(loads)]
    found = served_by([Waiting(key=nth, units=units) for nth, units in enumerate(wanted)], due)
    one_by_one = [load for load in due for _ in range(load.units)]
    for nth in range(len(wanted)):
        last = sum(wanted[: nth + 1])
        assert found[nth] == (one_by_one[last - 1] if last <= len(one_by_one) else None)
