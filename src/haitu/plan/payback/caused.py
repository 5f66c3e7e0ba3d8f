"""How much of what a channel is credited with it caused: a beta prior by kind, experiments as likelihood.

An experiment's `lift` is the share of the channel's buyers who would not have come without it, measured with standard
error `se`. It speaks for its market in full and for the channel's other markets less firmly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from haitu.plan.payback.kinds import Kind

Array = NDArray[np.float64]

GRID = (np.arange(400) + 0.5) / 400
OTHER_MARKET_SD = 0.12  # how far the same channel's share may differ between two markets
TOGETHER = 0.5  # correlation of a channel's markets before any experiment


def shares(
    rng: np.random.Generator, kind: Kind, markets: Sequence[str], tests: Sequence[tuple[str, float, float]], draws: int
) -> Array:
    """Draws (markets × draws) of the share caused; `tests` are market (or "*"), lift and se of this channel."""
    common, own = rng.standard_normal(draws), rng.standard_normal((len(markets), draws))
    level = ndtr(np.sqrt(TOGETHER) * common + np.sqrt(1 - TOGETHER) * own)
    return np.stack([_quantiles(_posterior(kind, market, tests), u) for market, u in zip(markets, level, strict=True)])


def _posterior(kind: Kind, market: str, tests: Sequence[tuple[str, float, float]]) -> Array:
    size = kind.caused * (1 - kind.caused) / kind.caused_sd**2 - 1
    a, b = kind.caused * size, (1 - kind.caused) * size
    log_weight = (a - 1) * np.log(GRID) + (b - 1) * np.log1p(-GRID)
    for where, lift, se in tests:
        wide = np.hypot(se, 0.0 if where in {market, "*"} else OTHER_MARKET_SD)
        log_weight = log_weight - 0.5 * ((lift - GRID) / wide) ** 2
    weight = np.exp(log_weight - log_weight.max())
    result: Array = weight / weight.sum()
    return result


def _quantiles(weight: Array, level: Array) -> Array:
    edges = np.concatenate([[0.0], np.cumsum(weight)])
    result: Array = np.interp(level, edges / edges[-1], np.linspace(0, 1, len(edges)))
    return result
