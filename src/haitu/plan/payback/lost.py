"""How many leads can no longer be recognised when they come to buy: read from the orders of strangers.

A cookie is cleared, a phone replaced: from then on the person is a stranger. What leads should still bring, were some
of them lost with a half-life of HALF_LIFE_WEEKS, comes to light as first orders of persons without a touch, beside
those of organic buyers (level or growing), of customers of before the first day, and of buyers who may not be stored.
Each share lost is weighed by how well it explains the strangers of each week. Where no consent is known nothing is
inferred: too many stories would explain the same strangers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from haitu.plan.payback import seasons, shapes
from haitu.plan.payback.again import again
from haitu.plan.payback.counts import Counts
from haitu.plan.payback.lag import lags_once
from haitu.plan.payback.watched import Layout, Watched, summed

Array = NDArray[np.float64]

HALF_LIFE_WEEKS = 26.0
SHARES = (0.0, 0.15, 0.3, 0.45, 0.6)
PRIOR = (0.4, 0.2, 0.2, 0.12, 0.08)
COUNTED_ONCE = 0.7  # of a lost buyer's later orders only the first is a stranger's first
GROWTH = np.array([-0.3, 0.0, 0.3, 0.6, 1.0])  # of organic buyers, over the weeks known
GROWTH_A_YEAR, GROWTH_SD = 0.2, 0.5  # mean and sd of it in a year
OLD_WEEKS = 20.0  # customers of before the first day seem new when they come back, ever fewer of them
ROUNDS = 150
FULL_CONSENT = 0.99


def recognised(share: float, weeks: int, *, after: float = 0.0) -> Array:
    """The part of leads still recognised in each week, of those who were `after` weeks from their touch."""
    kept = 1 - share * (1 - 0.5 ** ((np.arange(weeks) + 0.5 + after) / HALF_LIFE_WEEKS))
    result: Array = kept / (1 - share * (1 - 0.5 ** (after / HALF_LIFE_WEEKS)))
    return result


def share_lost(counts: Counts, plan: Layout, seen: Watched, season: Array, consent: Mapping[str, float]) -> float:
    """The posterior mean of the share of leads that are lost in the end."""
    weeks = counts.days // 7
    strangers = _by_week(counts.strangers, weeks)
    if weeks < 13 or counts.first_by_lag.sum() == 0 or min(consent.values(), default=1.0) > FULL_CONSENT:
        return 0.0
    stored = np.array([consent.get(cell[1], consent.get("*", 1.0)) for cell in counts.cells])
    now, since = season[: counts.days], np.arange(counts.days) / counts.days
    organic = [_by_week(now * (1 + growth * since), weeks) for growth in GROWTH]
    old = _by_week(now * np.exp(-np.arange(counts.days) / 7 / OLD_WEEKS), weeks)
    fits, scatter = np.zeros((len(SHARES), len(GROWTH))), np.inf
    for i, share in enumerate(SHARES):
        known = _by_week(_explained(counts, plan, thinned(counts, plan, seen, share), stored, share) * now, weeks)
        for j, base in enumerate(organic):
            fits[i, j], over = _log_likelihood(strangers, known, np.stack([base, old]))
            scatter = min(scatter, over)
    years = counts.days / 365.25
    growth_prior = np.exp(-0.5 * ((GROWTH - GROWTH_A_YEAR * years) / GROWTH_SD) ** 2 / years)
    weight = np.outer(PRIOR, growth_prior) * np.exp((fits - fits.max()) / max(scatter, 1.0))
    return float(weight.sum(axis=1) @ np.array(SHARES) / weight.sum())


def thinned(counts: Counts, plan: Layout, seen: Watched, share: float) -> Watched:
    """What is watched when so many are lost: each channel's buyers are that much older than their first order."""
    weeks = seen.leads.shape[1]
    buyers = seen.buyers.copy()
    for cells in plan.cells:
        buyers[cells] *= recognised(share, weeks, after=_mean_lag(counts, cells))
    return Watched(leads=seen.leads * recognised(share, weeks), buyers=buyers)


def _mean_lag(counts: Counts, cells: list[int]) -> float:
    by_lag = counts.first_by_lag[cells].sum(axis=0)
    return float(by_lag @ (np.arange(len(by_lag)) + 0.5) / max(by_lag.sum(), 1.0))


def _explained(counts: Counts, plan: Layout, left: Watched, stored: Array, share: float) -> Array:
    """Strangers by day, season apart, that such a share and consent (`stored`, by cell) explain."""
    first = [pooled.expected(shapes.lags().by_week) for pooled in lags_once(counts, plan, left)]
    later = again(counts, plan, left).expected(shapes.repeats().by_week)
    lost, lost_again = np.zeros((len(counts.cells), counts.days)), np.zeros(counts.days)
    seen = np.zeros_like(lost)
    for cells, density in zip(plan.cells, first, strict=True):
        kept = recognised(share, shapes.WEEKS)
        lost[cells] = seasons.spread(counts.leads[cells], (density * (1 - kept))[None])
        seen[cells] = seasons.spread(counts.leads[cells], (density * kept)[None])
        gone = later * (1 - recognised(share, shapes.WEEKS, after=_mean_lag(counts, cells)))
        lost_again += seasons.spread(summed(counts.buyers, [cells]), gone[None])[0]
    result: Array = lost.sum(axis=0) + COUNTED_ONCE * lost_again + (1 / stored - 1) @ (seen + lost)
    return result


def _log_likelihood(n: Array, known: Array, bases: Array) -> tuple[float, float]:
    """Poisson log likelihood with the best multiples (≥ 0) of `bases` beside `known`; χ² over degrees of freedom."""
    size = bases.sum(axis=1)
    multiples = max(float((n - known).sum()), 1.0) / len(bases) / size
    for _ in range(ROUNDS):  # expectation and maximisation, which never leaves what is allowed (Richardson 1972)
        multiples *= bases @ (n / np.maximum(known + multiples @ bases, 1e-9)) / size
    mean = np.maximum(known + multiples @ bases, 1e-9)
    scatter = float(((n - mean) ** 2 / mean).sum()) / max(len(n) - len(bases), 1)
    return float((n * np.log(mean) - mean).sum()), scatter


def _by_week(by_day: Array, weeks: int) -> Array:
    result: Array = by_day[: 7 * weeks].reshape(weeks, 7).sum(axis=1)
    return result
