"""The warped clock: a day counts what the season makes of it, so that a quiet January is not taken for goodbye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Online retail: the months of US retail sales within each quarter (combined factors, total, January 2012 and February
# to December 2011; https://www.census.gov/retail/mrts/www/data/text/nadjusts.txt), each quarter at the
# level of e-commerce: billions not adjusted / adjusted, 1st quarter 2024, 2nd 2015, 3rd 2015 and 4th 2023 (the same
# bureau's releases CB24-76 and CB15-189, with the changes told in them).
TOTAL = (0.898, 0.894, 1.028, 1.001, 1.030, 1.020, 0.996, 1.023, 0.961, 0.966, 1.004, 1.172)
ONLINE = (268.1 / 289.2, 78.8 / 84.0, 81.1 / 87.5, 323.0 / 283.3)
RETAIL = tuple(
    factor * ONLINE[month // 3] * 3 / sum(TOTAL[month // 3 * 3 : month // 3 * 3 + 3])
    for month, factor in enumerate(TOTAL)
)
MONTH_LENGTHS = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Business days since `start` (days since 1970): `ticks[k]` at the beginning of day start + k; mean one a day."""

    start: int
    ticks: Floats

    def at(self, day: Ints) -> Floats:
        """Business days at the beginning of each day (days since 1970, within the clock)."""
        return self.ticks[day - self.start]


def clock(start: int, end: int, factors: tuple[float, ...] = RETAIL) -> Clock:
    """A clock from `start` to `end` (days since 1970, both included) with one factor per calendar month."""
    months = month_of(np.arange(start, end, dtype=np.int64))[1]
    speed = per_day(factors)[months]
    return Clock(start=start, ticks=np.concatenate([[0.0], np.cumsum(speed)]))


def per_day(factors: tuple[float, ...]) -> Floats:
    """A month's factor as the speed of each of its days, so that a year of business days is a year."""
    raw = np.asarray(factors) / np.asarray(MONTH_LENGTHS)
    return np.asarray(raw * YEAR / np.sum(factors))


def month_of(days: Ints) -> tuple[Ints, Ints]:
    """Months since January 1970, and the month of the year from 0, of days since 1970."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months, months % 12


def month_starts(first: int, count: int) -> Ints:
    """The first days (since 1970) of `count` months from the month `first` (since January 1970)."""
    return np.arange(first, first + count).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
