"""How long something takes, as a distribution: real deliveries have a peak and a fat tail, not a mean and a sigma.

Of the SCMS programme's ocean shipments (2006-2015) four in five were not late, one in twenty more than 51 days: the
root of a sum of variances is wrong on both sides of that. So a lead time is a vector of 11 quantiles, and two legs in
a row are convolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from haitu.core.errors import Refusal
from haitu.core.money import half_up

POINTS = 11  # the 0, 10, ... 100 % quantiles
PARTS = 4  # into which each tenth is cut to be convolved


class BadLeadTime(Refusal):
    """Not 11 whole days that never fall and are not negative; or no observation at all."""

    code = "bad_lead_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTime:
    """Days within which 0, 10, ... 100 % have arrived; between two points the distribution is taken as even."""

    days: tuple[int, ...]

    def __post_init__(self) -> None:
        days = self.days
        if len(days) != POINTS or days[0] < 0 or any(later < day for day, later in pairwise(days)):
            raise BadLeadTime(
                f"A lead time is {POINTS} whole days that never fall, not {list(days)}.", field="days", days=list(days)
            )

    @property
    def p50(self) -> int:
        """Half have arrived."""
        return self.days[5]

    @property
    def p90(self) -> int:
        """Nine of ten have arrived."""
        return self.days[9]

    @classmethod
    def certain(cls, days: int) -> LeadTime:
        """Always so long."""
        return cls(days=(days,) * POINTS)

    @classmethod
    def from_p50_p90(cls, p50: int, p90: int) -> LeadTime:
        """The vector assumed where only two figures are known.

        The first half is spread half as wide as the way from p50 to p90, the last tenth half as wide again.
        """
        wide = p90 - p50
        early = [max(0, half_up(10 * p50 - wide * (5 - k), 10)) for k in range(5)]
        late = [half_up(4 * p50 + wide * k, 4) for k in range(5)]
        return cls(days=(*early, *late, half_up(2 * p90 + wide, 2)))

    @classmethod
    def from_observations(cls, days: Iterable[int]) -> LeadTime:
        """The smallest day by which at least each share of the observed had arrived (the inverse of their ECDF)."""
        seen = sorted(days)
        if not seen:
            raise BadLeadTime("No lead time can be read from no delivery.", field="days")
        return cls(days=(seen[0], *(seen[ceil(len(seen) * k / 10) - 1] for k in range(1, POINTS))))

    def at(self, percent: int) -> int:
        """The day by which so many percent have arrived, rounded up."""
        low, part = divmod(percent, 10)
        if not part:
            return self.days[low]
        return self.days[low] - (-part * (self.days[low + 1] - self.days[low]) // 10)

    def shift(self, days: int) -> LeadTime:
        """So many days more (or fewer, never below 0) for everyone."""
        return LeadTime(days=tuple(max(0, day + days) for day in self.days))

    def then(self, following: LeadTime) -> LeadTime:
        """One after the other, independent of each other: the convolution, each quantile rounded up to a day.

        Each tenth counts as four equal parts at its eighths, so both are 40 points and their sums 1,600.
        """
        sums = sorted(a + b for a in self._eighths() for b in following._eighths())
        tenth = len(sums) // 10
        inner = (-(-sums[tenth * k - 1] // (2 * PARTS)) for k in range(1, POINTS - 1))
        return LeadTime(days=(self.days[0] + following.days[0], *inner, self.days[-1] + following.days[-1]))

    def _eighths(self) -> list[int]:
        """The distribution as 40 equally likely times, in eighths of a day."""
        return [2 * PARTS * a + (b - a) * (2 * j + 1) for a, b in pairwise(self.days) for j in range(PARTS)]


def learnt(observed: Sequence[int], prior: LeadTime, *, worth: int) -> LeadTime:
    """What deliveries say, drawn towards what was believed before as if that were `worth` deliveries.

    Each quantile is the mean of both, weighted by their numbers, half-up; so few deliveries move it little.
    """
    seen, count = LeadTime.from_observations(observed), len(observed)
    pairs = zip(seen.days, prior.days, strict=True)
    return LeadTime(days=tuple(half_up(count * new + worth * old, count + worth) for new, old in pairs))
