"""When a warehouse works, and when an order leaves it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.workdays import NeverAtWork, Workdays, counts_for, handed_over

ZONE = ZoneInfo("Europe/Berlin")
FRIDAY = date(2026, 11, 20)
LEIPZIG = Workdays(rest_weekdays=frozenset({5, 6}), rest_days=frozenset({date(2026, 11, 23)}))


def test_on_friday_one_day_of_work_ends_after_weekend_and_holiday() -> None:
    assert LEIPZIG.after(FRIDAY, 1) == date(2026, 11, 24)
    assert LEIPZIG.after(FRIDAY, 0) == FRIDAY
    assert LEIPZIG.after(date(2026, 11, 21), 0) == date(2026, 11, 24)


def test_an_order_after_the_cut_off_counts_for_the_next_day() -> None:
    at_two = time(14, 0)
    assert counts_for(datetime(2026, 11, 20, 14, 0, tzinfo=ZONE), at_two) == FRIDAY
    assert counts_for(datetime(2026, 11, 20, 14, 1, tzinfo=ZONE), at_two) == FRIDAY + timedelta(1)
    assert counts_for(datetime(2026, 11, 20, 23, 59, tzinfo=ZONE), None) == FRIDAY


def test_a_late_order_before_the_weekend_leaves_on_tuesday() -> None:
    late = datetime(2026, 11, 20, 15, 0, tzinfo=ZONE)
    left = handed_over(late, cut_off=time(14), handling_days=0, workdays=LEIPZIG)
    assert left == date(2026, 11, 24)


def test_a_warehouse_that_never_works_is_refused() -> None:
    with pytest.raises(NeverAtWork, match="no working day in the year after 2026-11-20"):
        Workdays(rest_weekdays=frozenset(range(7))).first(FRIDAY)


@given(
    rest=st.frozensets(st.integers(0, 6), max_size=6),
    off=st.frozensets(st.integers(0, 20), max_size=10),
    days=st.integers(0, 10),
)
def test_so_many_days_of_work_lie_between(rest: frozenset[int], off: frozenset[int], days: int) -> None:
    calendar = Workdays(rest_weekdays=rest, rest_days=frozenset(FRIDAY + timedelta(k) for k in off))
    done = calendar.after(FRIDAY, days)
    between = [FRIDAY + timedelta(k) for k in range((done - FRIDAY).days + 1)]
    assert sum(calendar.works(day) for day in between) == days + 1
    assert calendar.works(done)
