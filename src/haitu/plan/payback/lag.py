"""From lead to first order: each channel's lag and conversion, its markets and campaigns drawn towards it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from haitu.plan.payback import shapes
from haitu.plan.payback.counts import Counts
from haitu.plan.payback.kinds import LAG_SD, LAG_SD_UNKNOWN, LAG_SD_UNLIKE, UNKNOWN, UNLIKE, Kind, kind_of
from haitu.plan.payback.pooled import ALIKE_PRIOR, Pool, factors, likeness, pool
from haitu.plan.payback.watched import Layout, Watched, summed

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

BUYERS_OF_LEADS = (np.log(0.03), 1.0)  # a priori, per lead, log mean and sd
CHANNELS_ALIKE_SD = 0.3  # of log conversion, at least
MARKET_EVENTS = 50.0  # how many events in a market weigh as much as the belief that markets are alike


def lag_prior(kind: Kind) -> Array:
    """Log prior of the lag shapes of a channel of this kind, which a quarter of channels are not like."""
    grid = shapes.lags()
    off = np.log(grid.mean_weeks / kind.lag_weeks)
    near = LAG_SD_UNKNOWN if kind is UNKNOWN else LAG_SD
    like = (1 - UNLIKE) / near * np.exp(-0.5 * (off / near) ** 2)
    unlike = UNLIKE / LAG_SD_UNLIKE * np.exp(-0.5 * (np.log(grid.mean_weeks / 5) / LAG_SD_UNLIKE) ** 2)
    result: Array = np.log(like + unlike) + grid.log_prior
    return result


def lags(counts: Counts, plan: Layout, seen: Watched) -> tuple[list[Pool], dict[str, float]]:
    """The lag and conversion of each channel, and each market's factor.

    A second pass takes from the first the level that channels have in common, how alike markets are, and what a market
    converts above or below the others.
    """
    first = lags_once(counts, plan, seen)
    offset = _of_markets(plan, first)
    return lags_once(counts, plan, seen, before=first, offset=offset), offset


def lags_once(
    counts: Counts,
    plan: Layout,
    seen: Watched,
    *,
    before: Sequence[Pool] = (),
    offset: Mapping[str, float] = MappingProxyType({}),
) -> list[Pool]:
    """Each channel by itself, or with what the pass `before` says of all."""
    level = common_level([p.log_level() for p in before], BUYERS_OF_LEADS) if before else BUYERS_OF_LEADS
    alike = sum((p.log_alike() for p in before), ALIKE_PRIOR)
    result = []
    for channel, of_channel in zip(plan.channels, plan.markets, strict=True):
        at = [cells for _, cells in of_channel]
        factor = np.array([[offset.get(market, 1.0)] for market, _ in of_channel])
        events, exposed = summed(counts.first_by_lag, at), factor * summed(seen.leads, at)
        prior = lag_prior(kind_of(channel))
        result.append(pool(events, exposed, shapes.lags().by_week, prior, level=level, alike=alike))
    return result


def _of_markets(plan: Layout, pools: Sequence[Pool]) -> dict[str, float]:
    """What leads of a market convert above or below those of others in the same channel, over all channels."""
    seen: dict[str, float] = {}
    due: dict[str, float] = {}
    for of_channel, pooled in zip(plan.markets, pools, strict=True):
        if len(of_channel) < 2:
            continue
        exposed = pooled.exposed @ pooled.weights.sum(axis=(1, 2))
        rates = np.divide(pooled.events, exposed, out=np.zeros(len(exposed)), where=exposed > 0)
        # A channel's own level is the mean over its markets: they count alike, however large.
        weight = exposed / (exposed + MARKET_EVENTS / max(float(rates.mean()), 1e-9))
        level = float((weight * rates).sum() / max(float(weight.sum()), 1e-9))
        for (market, _), n, x in zip(of_channel, pooled.events, exposed, strict=True):
            part = MARKET_EVENTS / (
                MARKET_EVENTS + level * x
            )  # large cells speak for themselves, and do not drown others
            seen[market] = seen.get(market, 0.0) + part * n
            due[market] = due.get(market, 0.0) + part * level * x
    markets = {market for of_channel in plan.markets for market, _ in of_channel}
    return {m: (seen.get(m, 0.0) + MARKET_EVENTS) / (due.get(m, 0.0) + MARKET_EVENTS) for m in markets}


def common_level(levels: Sequence[tuple[float, float]], prior: tuple[float, float]) -> tuple[float, float]:
    """Mean and sd of the channels' log levels, weighted by what each knows, the prior as one more of them."""
    weights = np.array([1 / (CHANNELS_ALIKE_SD**2 + sd**2) for _, sd in levels] + [1 / prior[1] ** 2])
    means = np.array([mean for mean, _ in levels] + [prior[0]])
    mean = float(weights @ means / weights.sum())
    spread = float(weights[:-1] @ (means[:-1] - mean) ** 2 / weights.sum())
    return mean, max(CHANNELS_ALIKE_SD, float(np.sqrt(spread + 1 / weights.sum())))


def campaigns(
    rng: np.random.Generator, counts: Counts, plan: Layout, seen: Watched, drawn_of: Sequence[tuple[Ints, Array]]
) -> list[Array]:
    """What each campaign of a group converts above or below it (cells × draws), by group; `drawn_of` each channel."""
    width = seen.leads.shape[1]
    events, expected = [], []
    for of_channel, (shape, rates) in zip(plan.markets, drawn_of, strict=True):
        by_week = shapes.lags().by_week[shape, :width].T
        for (_, at), rate in zip(of_channel, rates, strict=True):
            events.append(counts.first_by_lag[list(at)].sum(axis=1))
            expected.append(seen.leads[list(at)] @ by_week * rate)
    alike = likeness(events, [x.mean(axis=1) for x in expected])
    return [factors(rng, n, x, alike) for n, x in zip(events, expected, strict=True)]
