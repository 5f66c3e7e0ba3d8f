"""How long something takes, as a distribution: real deliveries have a peak and a fat tail, not a mean and a sigma.

Of the SCMS programme's ocean shipments (2006-2015) four in five were not late, one in twenty more than 51 days: the
root of a sum of variances is wrong on both sides of that. So a lead time is a vector of 11 quantiles, and two legs in
a row are convolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil

from haitu.core.errors import Refusal
from haitu.core.money import half_up

POINTS = 11  # the 0, 10, ... 100 % quantiles
PARTS = 10  # into which each tenth is cut to be convolved


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

    def at_last(self, elapsed: int) -> int:
        """The day by which nine of ten of those have arrived that had not after so many days.

        What is slower than anything seen gets as long again as lies between half and nine of ten.
        """
        still = [day for day in _parts(self.days) if day > PARTS * elapsed]
        if not still:
            return elapsed + max(self.p90 - self.p50, 1)
        return -(-still[-(-9 * len(still) // 10) - 1] // PARTS)

    def shift(self, days: int) -> LeadTime:
        """So many days more (or fewer, never below 0) for everyone."""
        return LeadTime(days=tuple(max(0, day + days) for day in self.days))

    def then(self, following: LeadTime) -> LeadTime:
        """One after the other, independent of each other: the convolution, each quantile rounded up to a day.

        Each tenth is cut into ten parts, all of a part as late as its end: both are 100 points, their sums 10,000. So
        the answer is never too early, what is certain shifts the other exactly, and nothing takes no time.
        """
        return _convolved(min(self.days, following.days), max(self.days, following.days))


def learnt(observed: Sequence[int], prior: LeadTime, *, worth: int) -> LeadTime:
    """What deliveries say, drawn towards what was believed before as if that were `worth` deliveries.

    Each quantile is the mean of both, weighted by their numbers, half-up; so few deliveries move it little.
    """
    seen, count = LeadTime.from_observations(observed), len(observed)
    pairs = zip(seen.days, prior.days, strict=True)
    return LeadTime(days=tuple(half_up(count * new + worth * old, count + worth) for new, old in pairs))


@lru_cache(maxsize=4096)
def _convolved(one: tuple[int, ...], other: tuple[int, ...]) -> LeadTime:
    """The same two lanes meet again and again; 2 ms each time are remembered."""
    sums = sorted(a + b for a in _parts(one) for b in _parts(other))
    tenth = len(sums) // 10
    inner = (-(-sums[tenth * k - 1] // PARTS) for k in range(1, POINTS - 1))
    return LeadTime(days=(one[0] + other[0], *inner, one[-1] + other[-1]))


def _parts(days: tuple[int, ...]) -> list[int]:
    """The distribution as 100 equally likely times, in tenths of a day."""
    return [PARTS * a + (b - a) * j for a, b in pairwise(days) for j in range(1, PARTS + 1)]
