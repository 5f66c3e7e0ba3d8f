"""On which days a warehouse works, and on which of them an order leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from haitu.core.errors import Refusal

LONGEST_REST_DAYS = 366  # in a row; a calendar without any work is a mistake


class NeverAtWork(Refusal):
    """The calendar has no working day left within a year."""

    code = "never_at_work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workdays:
    """All days but some weekdays (0 = Monday) and some dates."""

    rest_weekdays: frozenset[int] = frozenset()
    rest_days: frozenset[date] = frozenset()

    def works(self, on: date) -> bool:
        """Whether there is work on that day."""
        return on.weekday() not in self.rest_weekdays and on not in self.rest_days

    def first(self, on: date) -> date:
        """That day, or the next on which there is work."""
        for ahead in range(LONGEST_REST_DAYS):
            if self.works(on + timedelta(ahead)):
                return on + timedelta(ahead)
        raise NeverAtWork(f"There is no working day in the year after {on}.", field="rest_weekdays", on=on)

    def after(self, on: date, days: int) -> date:
        """The day on which so many days of work begun on that day are done; with 0 days the first working day."""
        day = self.first(on)
        for _ in range(days):
            day = self.first(day + timedelta(1))
        return day


def counts_for(ordered: datetime, cut_off: time | None) -> date:
    """The local day an order of that local moment counts for: the next one after the cut-off."""
    late = cut_off is not None and ordered.time() > cut_off
    return ordered.date() + timedelta(1 if late else 0)


def handed_over(ordered: datetime, *, cut_off: time | None, handling_days: int, workdays: Workdays) -> date:
    """The local day on which an order of that local moment is given to the carrier."""
    return workdays.after(counts_for(ordered, cut_off), handling_days)
