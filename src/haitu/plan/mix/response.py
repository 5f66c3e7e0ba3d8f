"""What a channel's exposure brings week by week: a Weibull lag, then Hill's saturation.

Adstock and shape follow Jin, Wang, Sun, Chan and Koehler (2017), "Bayesian Methods for Media Mix Modeling with
Carryover and Shape Effects", equations 1-5, with two changes: the lag is a Weibull distribution cut into weeks (shape 1
is exactly their geometric decay, a shape above 1 is their delayed peak), and the height is given as the share of the
outcome that the channel brings on average, so that it is nearly independent of where the curve bends. The saturation is
that of Hill (1910), J. Physiol. 40, iv-vii.

Every function takes a batch of parameters at once: (draw,) per parameter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, expit, gammaln

Floats = NDArray[np.float64]
LONGEST = 40  # weeks of lag that are looked at
SHARE, LAG, SHAPE, HALF, SLOPE = range(5)  # a channel's parameters, all as logarithms
EACH = 5
NOTHING = 1e-12


def lag_weights(log_mean: Floats, log_shape: Floats) -> Floats:
    """How an effect spreads over the weeks 0 ... 39 after the exposure, summing to 1: (draw, week)."""
    _, _, survival = _survival(log_mean, log_shape)
    return np.asarray((survival[:, :-1] - survival[:, 1:]) / (1 - survival[:, -1:]))


def lag_slopes(log_mean: Floats, log_shape: Floats) -> tuple[Floats, Floats, Floats]:
    """The weights and their derivatives by the logarithms of mean lag and of shape, each (draw, week)."""
    log_ratio, power, survival = _survival(log_mean, log_shape)
    shape = np.exp(log_shape)[:, None]
    by_scale = survival * shape * power
    by_shape = -survival * power * log_ratio * shape + by_scale * digamma(1 + 1 / shape) / shape
    whole = 1 - survival[:, -1:]
    weights = (survival[:, :-1] - survival[:, 1:]) / whole

    def cut(slope: Floats) -> Floats:
        return np.asarray((slope[:, :-1] - slope[:, 1:] + weights * slope[:, -1:]) / whole)

    return weights, cut(by_scale), cut(by_shape)


def _survival(log_mean: Floats, log_shape: Floats) -> tuple[Floats, Floats, Floats]:
    """log(week / scale), (week / scale)^shape and the Weibull's survival at the weeks 0 ... 40: (draw, week)."""
    shape = np.exp(log_shape)
    log_scale = log_mean - gammaln(1 + 1 / shape)
    weeks = np.arange(LONGEST + 1.0)
    weeks[0] = NOTHING
    log_ratio = np.log(weeks)[None, :] - log_scale[:, None]
    power = np.exp(np.minimum(shape[:, None] * log_ratio, 40.0))
    power[:, 0] = 0.0
    return log_ratio, power, np.exp(-power)


def lagged(series: Floats) -> Floats:
    """(..., week) -> (..., week, lag): what was spent 0, 1, ... 39 weeks before, nothing before the first week."""
    weeks = series.shape[-1]
    table = np.zeros((*series.shape, LONGEST))
    for lag in range(min(LONGEST, weeks)):
        table[..., lag:, lag] = series[..., : weeks - lag]
    return table


def hill(adstock: Floats, log_half: Floats, log_slope: Floats) -> Floats:
    """adstock^slope / (adstock^slope + half^slope), nothing at nothing; parameters broadcast over the leading axis."""
    high = expit(np.exp(log_slope)[:, None] * (np.log(np.maximum(adstock, NOTHING)) - log_half[:, None]))
    return np.asarray(np.where(adstock > NOTHING, high, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One channel's response at the rows asked for, and its derivatives by (lag, shape, half, slope)."""

    height: Floats  # (row,)
    slopes: Floats  # (row, 4)


def curve(table: Floats, parameters: Floats) -> Curve:
    """`table` (row, lag) of scaled exposure, one set of the five parameters."""
    one = parameters[None, :]
    weights, by_lag, by_shape = lag_slopes(one[:, LAG], one[:, SHAPE])
    adstock = table @ weights[0]
    height = hill(adstock[None, :], one[:, HALF], one[:, SLOPE])[0]
    steep = np.exp(parameters[SLOPE])
    bend = height * (1 - height)
    safe = np.maximum(adstock, NOTHING)
    by_adstock = bend * steep / safe
    slopes = np.stack(
        [
            by_adstock * (table @ by_lag[0]),
            by_adstock * (table @ by_shape[0]),
            -bend * steep,
            bend * steep * (np.log(safe) - parameters[HALF]),
        ],
        axis=1,
    )
    return Curve(height=height, slopes=slopes)


def heights(table: Floats, parameters: Floats) -> Floats:
    """The response alone for many draws: `table` (row, lag), `parameters` (draw, 5) -> (draw, row)."""
    weights = lag_weights(parameters[:, LAG], parameters[:, SHAPE])
    return hill(weights @ table.T, parameters[:, HALF], parameters[:, SLOPE])
