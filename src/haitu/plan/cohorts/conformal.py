"""Did earlier forecasts of this merchant hold? Their misses, in units of what was promised, set the width of today's.

Normalised split conformal prediction (Lei et al. 2018, "Distribution-Free Predictive Inference for Regression") on
rolling origins: the forecast is made again as of earlier days, and each cohort's value compared with what came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from haitu.plan.cohorts.forecast import forecast
from haitu.plan.cohorts.history import Bought, History, history
from haitu.plan.cohorts.simulate import ranges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ENOUGH_SCORES, ORIGINS, SHORTEST = 30, 6, 180  # days of history before the first origin
COVER, NORMAL = 0.90, 1.645
LEAST_SPREAD, MOST_SPREAD = 0.8, 1.4
SMALLEST_COHORT, MOST_CUSTOMERS = 20, 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """`spread` multiplies the shipped widths; `scores` says how many earlier forecasts it rests on, 0 for none."""

    spread: float
    scores: int


def calibrate(past: History, days_ahead: int, *, seed: int) -> Calibration:
    """The merchant's own width where there are enough scores, else the shipped one."""
    sample = sampled(past.bought, len(past.days))
    begin = int(past.first.min())
    days = int(min(days_ahead, (past.until - begin) // 3))
    first, last = begin + SHORTEST, past.until - days
    if days < 30 or last < first:
        return Calibration(spread=1.0, scores=0)
    scores = np.concatenate(
        [misses(sample, int(origin), days, seed) for origin in np.unique(np.linspace(first, last, ORIGINS).astype(int))]
    )
    if len(scores) < ENOUGH_SCORES:
        return Calibration(spread=1.0, scores=0)
    rank = min(int(np.ceil((len(scores) + 1) * COVER)), len(scores)) - 1
    spread = float(np.clip(np.sort(scores)[rank] / NORMAL, LEAST_SPREAD, MOST_SPREAD))
    return Calibration(spread=spread, scores=len(scores))


def misses(bought: Bought, origin: int, days: int, seed: int) -> Floats:
    """|log actual - log median| of each cohort's value, in the standard deviations promised."""
    past = history(bought, origin)
    known = (bought.day >= origin) & (bought.day < origin + days) & np.isin(bought.owner, past.owner)
    at = np.searchsorted(past.owner, bought.owner[known])
    came = np.bincount(at, bought.gross[known], len(past.owner))
    found = ranges(forecast(past, days), past, days, seed=seed, draws_of_one=24)
    which = np.searchsorted(found.cohorts, past.cohort)
    actual = np.bincount(which, came, len(found.cohorts))
    low, middle, high = found.by_cohort.value.T
    usable = (np.bincount(which, minlength=len(found.cohorts)) >= SMALLEST_COHORT) & (low > 0)
    promised = np.log(high[usable] / low[usable]) / (2 * NORMAL)
    missed = np.log(np.maximum(actual[usable], 0.1 * low[usable]) / middle[usable])
    return np.asarray(np.abs(missed) / promised)


def sampled(bought: Bought, customers: int) -> Bought:
    """Before refunds, which have no day here; and every n-th customer where there are very many: it is enough."""
    step = max(-(-customers // MOST_CUSTOMERS), 1)
    kept = bought.owner % step == 0
    return Bought(
        owner=bought.owner[kept] // step,
        day=bought.day[kept],
        orders=bought.orders[kept],
        gross=bought.gross[kept],
        refunded=np.zeros(-(-customers // step)),
    )
