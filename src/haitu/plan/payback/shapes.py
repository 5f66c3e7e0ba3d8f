"""How conversions lie over the weeks after a lead, and repeats over the weeks after a first order: families on a grid.

Lag: a share of buyers buys at once (exponential, mean 0.4 weeks), the others after a gamma or lognormal lag. Repeats: a
rate that decays exponentially; or quickly, beside that of loyal buyers who hardly ever leave. The model averages over
all of them by their posterior weights, so no single family has to be the truth (Chapelle 2014, "Modeling delayed
feedback", is the case of one exponential lag).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, ndtr

Array = NDArray[np.float64]

WEEKS = 158  # three years are reckoned, two are told
AT_ONCE_WEEKS = 0.4
MEAN_WEEKS = np.geomspace(0.5, 90, 44)
GAMMA_SHAPES, GAMMA_PRIOR = (0.6, 1.0, 1.5, 2.2, 3.5), (0.10, 0.22, 0.26, 0.26, 0.16)
LOGNORMAL_SDS, LOGNORMAL_PRIOR = (0.5, 0.8, 1.2), (0.3, 0.4, 0.3)
IS_LOGNORMAL = 0.25
AT_ONCE, AT_ONCE_PRIOR = (0.0, 0.12, 0.3), (0.7, 0.18, 0.12)

DECAY_WEEKS = np.geomspace(4, 300, 32)
DECAY_MEDIAN, DECAY_SD = 40.0, 0.5  # of one kind of buyers
QUICK_MEDIAN, QUICK_SD = 10.0, 0.6  # of those who soon leave, where others stay
LOYAL_WEEKS = 400.0
LOYAL, LOYAL_PRIOR = (0.0, 0.04, 0.08, 0.15, 0.25, 0.4), (0.5, 0.1, 0.125, 0.125, 0.1, 0.05)  # of the rate at first


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """K shapes over WEEKS weeks, each with its prior weight (log) and the mean it stands for."""

    by_week: Array  # K × WEEKS
    log_prior: Array  # K; of lags: without the prior of the mean, which the channel gives
    mean_weeks: Array  # K


@cache
def lags() -> Shapes:
    """Lags to the first order: the share of a lead's eventual conversion in each week since."""
    edges = np.arange(WEEKS + 1, dtype=float)
    families = [
        *((share * (1 - IS_LOGNORMAL), _gamma(k)) for k, share in zip(GAMMA_SHAPES, GAMMA_PRIOR, strict=True)),
        *((share * IS_LOGNORMAL, _lognormal(sd)) for sd, share in zip(LOGNORMAL_SDS, LOGNORMAL_PRIOR, strict=True)),
    ]
    at_once = np.diff(1 - np.exp(-edges / AT_ONCE_WEEKS))
    rows, prior, means = [], [], []
    for share, family in families:
        for mean in MEAN_WEEKS:
            later = np.diff(family(edges / mean))
            for soon, soon_share in zip(AT_ONCE, AT_ONCE_PRIOR, strict=True):
                rows.append(soon * at_once + (1 - soon) * later)
                prior.append(share * soon_share)
                means.append(mean)
    return Shapes(by_week=np.array(rows), log_prior=np.log(prior), mean_weeks=np.array(means))


def _gamma(shape: float) -> Callable[[Array], Array]:
    """The distribution function of a gamma with mean 1."""
    return lambda x: np.asarray(gammainc(shape, shape * x))


def _lognormal(sd: float) -> Callable[[Array], Array]:
    """The distribution function of a lognormal with mean 1."""
    return lambda x: np.asarray(ndtr(np.log(np.maximum(x, 1e-300)) / sd + sd / 2))


@cache
def repeats() -> Shapes:
    """Repeat rates by week since the first order, scaled to one repeat in the first 52 weeks."""
    since = np.arange(WEEKS) + 0.5
    rows, prior, means = [], [], []
    for weeks in DECAY_WEEKS:
        for loyal, share in zip(LOYAL, LOYAL_PRIOR, strict=True):
            middle, sd = (QUICK_MEDIAN, QUICK_SD) if loyal else (DECAY_MEDIAN, DECAY_SD)
            rate = (1 - loyal) * np.exp(-since / weeks) + loyal * np.exp(-since / LOYAL_WEEKS)
            rows.append(rate / rate[:52].sum())
            prior.append(np.log(share / sd) - 0.5 * (np.log(weeks / middle) / sd) ** 2)
            means.append(weeks)
    return Shapes(by_week=np.array(rows), log_prior=np.array(prior), mean_weeks=np.array(means))
