"""The forecast: two models that err in different ways, and their geometric mean per cohort.

BG/NBD in the warped clock knows each customer, but takes a busy season at the end for loyalty; the triangle knows how
cohorts fade, but no customer. Their mean is better than either (docs/cohorts.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from haitu.plan.cohorts import bgnbd, season, triangle
from haitu.plan.cohorts.history import History, sums
from haitu.plan.cohorts.worth import Worth, worth

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Weak, and of the size of shops at large: rates differ much (r = 0.5), and one in seven leaves after an order.
PRIOR_R, PRIOR_A, PRIOR_B = 0.5, 0.7, 4.0
PRIOR_SD = (0.8, 1.5, 0.8, 0.8)
BELIEVED = 100.0  # customers; a hundred thousand alike are no hundred thousand witnesses of next year
REPEAT_BINS, RECENCY_BINS, MOST_KINDS = 12, 16, 4000
FURTHEST = 5.0  # a cohort's blend may scale BG/NBD by no more than this


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Customers of one cohort who behaved nearly alike, as one; `of` tells each customer's kind."""

    buyers: bgnbd.Buyers
    cohort: Ints  # month since January 1970, by kind
    of: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Means for the days ahead, and what a simulation needs to know. Purchase days, unless it says orders."""

    kinds: Kinds
    fit: bgnbd.Fit
    ahead: float  # business days
    per_kind: Floats  # mean purchase days of each kind, blended
    blend: Floats  # by kind: triangle's part
    cohorts: Ints
    slopes: Floats  # by cohort and parameter: change of the logarithm of its mean
    worth: Worth
    mean: Floats  # by customer: purchase days
    orders_per_day: float
    knows_season: bool
    dispersion: float


def forecast(past: History, days_ahead: int) -> Forecast:
    """Expected purchase days and worth of every customer in the days from `past.until` on."""
    cells = triangle_cells(past)
    fitted = triangle.fit(cells)
    factors = tuple(float(f) for f in np.asarray(season.RETAIL) * np.exp(fitted.season))
    clock = season.clock(int(past.first.min()), past.until + days_ahead + 1, factors)
    now = float(clock.at(np.array([past.until]))[0])
    ahead = float(clock.at(np.array([past.until + days_ahead]))[0]) - now
    begin = clock.at(past.first)
    whole = bgnbd.Buyers(
        repeats=past.days - 1, recency=clock.at(past.last) - begin, age=now - begin, weight=np.ones(len(past.days))
    )
    kinds = alike(whole, past.cohort)
    found = bgnbd.fit(kinds.buyers, prior=prior(whole), coarseness=BELIEVED / (BELIEVED + len(past.days)))
    at = np.array([ahead])
    per_kind = bgnbd.expected(found.theta, kinds.buyers, at)[:, 0]
    cohorts, which = np.unique(kinds.cohort, return_inverse=True)
    weight = kinds.buyers.weight
    by_cohort = sums(which, weight * per_kind, len(cohorts))
    seen = triangle_mean(fitted, cohorts, sums(which, weight, len(cohorts)), past.until, days_ahead)
    blend = np.sqrt(np.clip(seen / np.maximum(by_cohort, 1e-12), 1 / FURTHEST, FURTHEST))[which]
    slopes = np.column_stack([_slope(found.theta, k, kinds.buyers, at, which) for k in range(4)])
    return Forecast(
        kinds=kinds,
        fit=found,
        ahead=ahead,
        per_kind=per_kind * blend,
        blend=blend,
        cohorts=cohorts,
        slopes=slopes,
        worth=worth(past),
        mean=(per_kind * blend)[kinds.of],
        orders_per_day=float(past.orders.sum() / past.days.sum()),
        knows_season=fitted.knows_season,
        dispersion=fitted.dispersion,
    )


def prior(buyers: bgnbd.Buyers) -> bgnbd.Prior:
    """Weak; the scale of time is the merchant's own: alpha is where the prior's r meets the rate seen."""
    seen = (buyers.repeats @ buyers.weight + PRIOR_R) / (buyers.age @ buyers.weight + 60.0)
    mean = np.log(np.array([PRIOR_R, float(np.clip(PRIOR_R / seen, 1.0, 1000.0)), PRIOR_A, PRIOR_B]))
    return bgnbd.Prior(mean=mean, sd=np.array(PRIOR_SD))


def alike(buyers: bgnbd.Buyers, cohort: Ints, bins: int = RECENCY_BINS) -> Kinds:
    """Customers put together who share cohort, repeats (nearly) and time since the last order (nearly)."""
    exact = np.minimum(buyers.repeats, REPEAT_BINS)
    repeats = exact + np.floor(4 * np.log2(np.maximum(buyers.repeats / REPEAT_BINS, 1)))
    idle = buyers.age - buyers.recency
    since = np.where(buyers.repeats > 0, np.floor(bins * np.sqrt(idle / np.maximum(buyers.age.max(), 1.0))), 0)
    week = np.where(buyers.repeats > 0, 0, np.floor(buyers.age / 7))
    key = np.column_stack([cohort, repeats, since + week]).astype(np.int64)
    if len(cohort) <= MOST_KINDS // 2:
        key = np.column_stack([np.arange(len(cohort)), key])
    low = key.min(0)
    size = key.max(0) - low + 1
    flat = np.ravel_multi_index(tuple((key - low).T), tuple(size))
    _, first, of = np.unique(flat, return_index=True, return_inverse=True)
    if len(first) > MOST_KINDS and bins > 2:
        return alike(buyers, cohort, bins // 2)
    weight = sums(of, buyers.weight, len(first))

    def mean(values: Floats) -> Floats:
        return np.asarray(sums(of, buyers.weight * values, len(first)) / weight)

    together = bgnbd.Buyers(
        repeats=mean(buyers.repeats), recency=mean(buyers.recency), age=mean(buyers.age), weight=weight
    )
    return Kinds(buyers=together, cohort=cohort[first], of=of)


def triangle_cells(past: History) -> triangle.Cells:
    """Repeat purchase days, customer days and the season by cohort and calendar month."""
    low = int(past.cohort.min())
    months = int(season.month_of(np.array([past.until - 1]))[0][0]) - low + 1
    starts = season.month_starts(low, months + 1)
    bought = past.bought
    again = bought.day != past.first[bought.owner]
    cohort = past.cohort - low
    cell = cohort[bought.owner[again]] * months + season.month_of(bought.day[again])[0] - low
    orders = np.bincount(cell, minlength=months * months).reshape(months, months)
    ends = np.minimum(starts[1:], past.until)
    lengths = np.maximum(ends - starts[:-1], 0)
    customers = np.bincount(cohort, minlength=months)
    exposure = np.triu(customers[:, None] * lengths[None, :], 1).astype(np.float64)
    exposure[np.arange(months), np.arange(months)] = np.bincount(
        cohort, np.maximum(ends[cohort] - past.first - 1, 0), months
    )
    exposure[-1, -1] = max(exposure[-1, -1], 1e-6)  # so that there is a cell even on a shop's first day
    at, month = np.nonzero(exposure > 0)
    retail = season.per_day(season.RETAIL)[(month + low) % 12]
    return triangle.Cells(
        cohort=at + low,
        month=month + low,
        orders=orders[at, month].astype(np.float64),
        exposure=exposure[at, month],
        retail=retail,
    )


def triangle_mean(fitted: triangle.Triangle, cohorts: Ints, customers: Floats, until: int, days_ahead: int) -> Floats:
    """Purchase days of each cohort ahead by the triangle."""
    months, lengths = np.unique(season.month_of(np.arange(until, until + days_ahead))[0], return_counts=True)
    speed = season.per_day(season.RETAIL)[months % 12]
    found = np.zeros(len(cohorts))
    for month, length, retail in zip(months, lengths, speed, strict=True):
        rate = fitted.rate(cohorts, np.full(len(cohorts), month), np.full(len(cohorts), retail))
        found += rate * customers * length
    return found


def _slope(theta: Floats, k: int, buyers: bgnbd.Buyers, at: Floats, which: Ints) -> Floats:
    step = np.zeros(4)
    step[k] = 0.05
    up, down = (
        np.bincount(which, buyers.weight * bgnbd.expected(theta + side * step, buyers, at)[:, 0]) for side in (1, -1)
    )
    return np.asarray((np.log(np.maximum(up, 1e-12)) - np.log(np.maximum(down, 1e-12))) / 0.1)
