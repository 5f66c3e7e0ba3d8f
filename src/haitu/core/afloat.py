"""Goods on their way to a warehouse: when they will be in, honestly, and how many of them may be promised.

A load's two days (half, nine of ten such loads are in) stand for a whole distribution (`core.lead`). Every day on which
it is not in yet cuts off the part that has passed; so a load that is late moves its own day, without anybody's doing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from haitu.core.lead import LeadTime

LEAST_LATE_DAYS = 3  # what an overdue load takes longer, at least
STUCK_DAYS = 14  # without news, beyond the day by which nine of ten are in: nobody knows when it comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """Units of a variant in a load, with what they are expected to be worth. `since`: the day of its last news."""

    load_id: int
    lane_id: int | None
    units: int
    since: date
    p50: date
    p90: date
    goods_minor: int = 0
    inbound_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The same units as seen on a day: half, nine of ten of such loads that are not in yet are in by then."""

    load_id: int
    units: int
    p50: date
    p90: date
    goods_minor: int = 0
    inbound_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Afloat:
    """What comes to one shelf, the first to be in first; `held_back` units are on loads that are not sold from."""

    units: int
    preordered: int
    held_back: int
    due: tuple[Due, ...]

    @property
    def for_sale(self) -> int:
        """Units that may still be promised."""
        return max(self.units - self.held_back - self.preordered, 0)

    def after(self, units: int) -> Due | None:
        """The load that brings the last of so many more units: those promised before come first."""
        wanted = self.preordered + units
        for due in self.due:
            wanted -= due.units
            if wanted <= 0:
                return due
        return None


NOTHING = Afloat(units=0, preordered=0, held_back=0, due=())


def stuck(since: date, p50: date, p90: date, on: date) -> bool:
    """Whether nothing was heard for so long after it should have been in that no day can be promised."""
    return (on - max(p90, since)).days > max(STUCK_DAYS, (p90 - p50).days)


def due_days(since: date, p50: date, p90: date, on: date) -> tuple[date, date]:
    """By when half, and nine of ten, of such loads are in, of those that are not in on that day."""
    first, last = max((p50 - since).days, 0), max((p90 - since).days, 0)
    days = LeadTime.from_p50_p90(first, max(first, last))
    waited = (on - since).days
    passed = sum(days.at(percent) <= waited for percent in range(1, 101)) if days.at(0) <= waited else 0
    if passed == 100:
        late = max(last - first, LEAST_LATE_DAYS)
        return on + timedelta((late + 1) // 2), on + timedelta(late)
    half, most = (days.at(100 - (100 - passed) * (100 - share) // 100) for share in (50, 90))
    return max(since + timedelta(half), on), max(since + timedelta(most), on)


def afloat_on(
    coming: Iterable[Coming], *, units: int, preordered: int, on: date, shut_lanes: frozenset[int] = frozenset()
) -> Afloat:
    """What comes to a shelf as seen on a day; a load that is stuck, or whose lane is closed, is not sold from."""
    due, held_back = [], 0
    for each in coming:
        if each.lane_id in shut_lanes or stuck(each.since, each.p50, each.p90, on):
            held_back += each.units
            continue
        p50, p90 = due_days(each.since, each.p50, each.p90, on)
        due.append(
            Due(
                load_id=each.load_id,
                units=each.units,
                p50=p50,
                p90=p90,
                goods_minor=each.goods_minor,
                inbound_minor=each.inbound_minor,
            )
        )
    due.sort(key=lambda one: (one.p90, one.load_id))
    return Afloat(units=units, preordered=preordered, held_back=held_back, due=tuple(due))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Units of an order line that wait; the smaller the key, the older the promise."""

    key: int
    units: int


def served_by(waiting: Iterable[Waiting], due: Iterable[Due]) -> dict[int, Due | None]:
    """Which load brings the last unit of each promise, the oldest first; None: no load carries it."""
    loads = list(due)
    until = list(accumulate(load.units for load in loads))
    found: dict[int, Due | None] = {}
    units = 0
    for each in sorted(waiting, key=lambda one: one.key):
        units += each.units
        nth = bisect_left(until, units)
        found[each.key] = loads[nth] if nth < len(loads) else None
    return found
