"""What the draws of a cell mean: one word, the reason as a code, and the test to run where nobody can know."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Verdict = Literal["paid_back", "pays_back", "beyond_24", "never", "unidentified", "no_data"]
Why = Literal["earned", "likely", "even", "later", "too_little", "too_wide", "too_few", "no_touches", "no_orders"]

SURE = 0.8
FEW_BUYERS, FEW_LEADS = 8, 250  # with fewer of both a cell has hardly been seen
WIDE = 8.0  # p95 over p05 of the return by month 24, above which it is not known
LATER_MONTHS = 36
TEST_SE = 0.15  # of the share caused: a test that is worth its name
TEST_WEEKS = (4, 26)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict, why, and for `unidentified` a test: how many weeks, and the spend that runs meanwhile."""

    verdict: Verdict
    why: Why
    test_weeks: int = 0
    test_cost: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a row has seen so far; spend and first orders a week are those of the last 13 weeks."""

    p_earned: float  # probability that what has come in so far is as much as was spent
    leads: float
    buyers: float
    orders: float  # of the merchant's leads altogether
    spend_a_week: float
    buyers_a_week: float


def judge(returns: Array, seen: Seen) -> Judged:
    """The verdict on draws × months of what a unit of spend returns."""
    unseen = _unseen(seen)
    if unseen is not None:
        return _test(unseen, seen)
    if seen.p_earned >= SURE:
        return Judged(verdict="paid_back", why="earned")
    low, high = np.quantile(returns[:, 23], [0.05, 0.95])
    if low < 1 < high and (low <= 0 or high / low > WIDE):
        return _test("too_wide", seen)
    p = float((returns[:, :24].max(axis=1) >= 1).mean())
    if p >= 0.5:
        return Judged(verdict="pays_back", why="likely" if p >= SURE else "even")
    if np.median(returns[:, LATER_MONTHS - 1]) >= 1:
        return Judged(verdict="beyond_24", why="later")
    return Judged(verdict="never", why="too_little")


def _unseen(seen: Seen) -> Why | None:
    """Why nothing can be said, whatever the draws are like."""
    if seen.leads == 0:
        return "no_touches"
    if seen.orders == 0:
        return "no_orders"
    return "too_few" if seen.buyers < FEW_BUYERS and seen.leads < FEW_LEADS else None


def _test(why: Why, seen: Seen) -> Judged:
    """Half of the places without the ads against half with them, until the share caused is known to TEST_SE.

    Two counts of b/2 buyers a week over w weeks differ, relative to what one half brings, with variance
    4 / (b w); so w = 4 / (b TEST_SE²).
    """
    weeks = math.ceil(4 / (max(seen.buyers_a_week, 0.1) * TEST_SE**2))
    weeks = min(max(weeks, TEST_WEEKS[0]), TEST_WEEKS[1])
    return Judged(verdict="unidentified", why=why, test_weeks=weeks, test_cost=round(weeks * seen.spend_a_week, 2))


def payback_months(returns: Array) -> Array:
    """Of each draw the first month by whose end the spend is back; 25 where that is later than month 24."""
    back = returns[:, :24] >= 1
    months: Array = np.where(back.any(axis=1), back.argmax(axis=1) + 1, 25).astype(float)
    return months


def month_band(months: Array) -> tuple[int, int, int]:
    """The 10th, 50th and 90th percentile of months.

    Months are whole, so that the plain quantiles of a narrow distribution hold far more than 80 % of it. Held here are
    the months whose middle of the distribution, F(m) − p(m)/2, lies between .1 and .9 (Ma, Genton & Parzen 2011,
    "Asymptotic properties of sample quantiles of discrete distributions", eq. 4): 80 % on average over many bands.
    """
    share = np.bincount(months.astype(np.int64), minlength=26) / len(months)
    up_to = np.cumsum(share)
    middle = up_to - share / 2
    inside = np.flatnonzero((share > 0) & (middle >= 0.1 - EXACT) & (middle <= 0.9 + EXACT))
    return int(inside[0]), int(np.searchsorted(up_to, 0.5 - EXACT)), int(inside[-1])


EXACT = 1e-9  # sums of shares are not exact
