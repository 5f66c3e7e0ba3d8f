"""From credit to cause: a rule's credits rescaled to what experiments and the mix model say a channel brought.

For each channel of a market the unknown is `ratio` = caused / credited by the rule. Before any measurement it is its
kind's incrementality, widely; all channels of a rule share a factor, since a rule may be generous as a whole. Kinds
that meet people on their way to buy (retargeting, brand search), and channels whose name tells no kind, are believed to
have caused a part only of what they opened: the credit of journeys that began with them, if that is less than the
rule's. How far channels of a kind differ
is at least RATIO_SD, and more where the measurements say so. Measurements are normal:

* an experiment's `lift` is the share of the buyers whom the channel touched that would not have bought without it,
  ± `se`: ratio = lift · touched / credited;
* the mix model's `contribution` ± `se`, of the channel's market in the same window: ratio = contribution / credited.

Everything is normal but the bounds, so the posterior is a precision-weighted mean – a measurement is shrunk by its own
error – cut to what is possible: not below nothing, not above what its buyers brought; a channel that nobody measured
not above MOST_UNMEASURED of that. A measurement in another market of the channel counts with OTHER_MARKET_SD more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from haitu.plan.payback.kinds import UNKNOWN, Kind, kind_of

Array = NDArray[np.float64]

RATIO_SD = 0.25  # of what a kind says, at least: an unmeasured channel's credit is a guess
GENEROUS_SD = 0.35  # of the factor that all channels of a rule share
OTHER_MARKET_SD = 0.12
TOGETHER = 0.5  # of what is unknown of a channel, the part its markets share
MOST_UNMEASURED = 0.95
HARVESTS = 0.3  # kinds believed to cause no more than this of what they are credited with


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What is known of a channel's market ("*": of all its markets alike): money caused = `per` · base ± `se` · base.

    `of` is "touched" (share of what its touched buyers brought) or "money" (the amount itself).
    """

    channel: str
    market: str
    of: str
    value: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel in a market: what the rule credits it with, and what the buyers whom it touched brought."""

    channel: str
    market: str
    campaign: str  # the one with most credit: its name may say that it retargets
    credited: float
    touched: float
    opened: float  # what the buyers brought whom it touched first


@dataclass(frozen=True, slots=True, kw_only=True)
class Caused:
    """Draws of money caused, channels × draws, the posterior's mean beside them, and what each rests on."""

    draws: Array
    mean: Array
    verdict: tuple[str, ...]  # measured, pooled (in another market) or unmeasured


def caused(channels: Sequence[Channel], measured: Sequence[Measurement], *, draws: int, seed: int) -> Caused:
    """What each channel caused, with its uncertainty; empty credits cause nothing."""
    rng = np.random.default_rng(seed)
    n = len(channels)
    credited = np.array([max(channel.credited, 0.0) for channel in channels])
    known = credited > 0
    safe = np.where(known, credited, 1.0)
    prior, spread = _priors(channels)
    value, precision, verdict = _measured(channels, measured, safe)
    generous, generous_sd = _generosity(prior, spread, value, precision)
    spread = _as_far_as_measured(prior, spread, value - generous * prior, precision)
    common = generous + generous_sd * rng.standard_normal(draws)
    middle = np.maximum(common, 0.05)[None, :] * prior[:, None]
    weight = 1 / spread**2
    centre = (middle * weight[:, None] + (value * precision)[:, None]) / (weight + precision)[:, None]
    sd = 1 / np.sqrt(weight + precision)
    most = np.array([max(channel.touched, channel.credited, 0.0) for channel in channels]) / safe
    most = np.where(precision > 0, most, MOST_UNMEASURED * most)
    ratio = _truncated(centre, sd[:, None], most[:, None], _together(rng, [c.channel for c in channels], draws))
    money = np.where(known[:, None], ratio * safe[:, None], 0.0) if n else np.zeros((0, draws))
    # Cut draws lean away from 0; their uncut centre does not, and sums of credit must not lean.
    mean = np.where(known, np.clip(centre, 0, most[:, None]).mean(axis=1) * safe, 0.0) if n else np.zeros(0)
    return Caused(draws=money, mean=mean, verdict=verdict)


def _priors(channels: Sequence[Channel]) -> tuple[Array, Array]:
    kinds = [kind_of(channel.channel, channel.campaign) for channel in channels]
    mean = np.array([kind.caused * _opened_share(channel, kind) for channel, kind in zip(channels, kinds, strict=True)])
    return mean, np.array([max(kind.caused_sd, RATIO_SD * min(1.0, kind.caused / 0.5)) for kind in kinds])


def _opened_share(channel: Channel, kind: Kind) -> float:
    """The part of its credit that a channel opened, for kinds that harvest and for names that tell no kind."""
    if (kind.caused > HARVESTS and kind != UNKNOWN) or channel.credited <= 0:
        return 1.0
    return min(1.0, max(channel.opened, 0.0) / channel.credited)


def _measured(
    channels: Sequence[Channel], measured: Sequence[Measurement], credited: Array
) -> tuple[Array, Array, tuple[str, ...]]:
    """Each channel's measurements as one: value and precision of its ratio, and what it rests on."""
    value, precision = np.zeros(len(channels)), np.zeros(len(channels))
    verdict = []
    for i, channel in enumerate(channels):
        own = False
        for each in measured:
            if each.channel != channel.channel or (each.of == "money" and each.market != channel.market):
                continue
            here = each.market in {channel.market, "*"}
            base = (channel.touched if each.of == "touched" else 1.0) / credited[i]
            sd = np.hypot(each.se, 0.0 if here else OTHER_MARKET_SD) * base
            if sd <= 0:
                continue
            precision[i] += 1 / sd**2
            value[i] += each.value * base / sd**2
            own = own or here
        verdict.append("measured" if own else "pooled" if precision[i] else "unmeasured")
    return np.divide(value, precision, out=np.zeros_like(value), where=precision > 0), precision, tuple(verdict)


def _generosity(prior: Array, spread: Array, value: Array, precision: Array) -> tuple[float, float]:
    """The factor that all ratios share: least squares of what was measured on what was believed, prior 1."""
    seen = precision > 0
    weight = 1 / (spread[seen] ** 2 + 1 / precision[seen])
    sure = 1 / GENEROUS_SD**2 + float((weight * prior[seen] ** 2).sum())
    mean = (1 / GENEROUS_SD**2 + float((weight * prior[seen] * value[seen]).sum())) / sure
    return max(mean, 0.05), float(1 / np.sqrt(sure))


def _as_far_as_measured(prior: Array, spread: Array, off: Array, precision: Array) -> Array:
    """Wider where measured channels differ by more than was believed and than their errors explain (moments)."""
    seen = (precision > 0) & (prior > HARVESTS)
    if seen.sum() < 3:
        return spread
    excess = float((off[seen] ** 2 - 1 / precision[seen]).mean())
    return np.where(prior > HARVESTS, np.sqrt(np.maximum(spread**2, excess)), spread)


def _together(rng: np.random.Generator, names: Sequence[str], draws: int) -> Array:
    """Uniform levels, of which the markets of one channel share a part."""
    order = {name: i for i, name in enumerate(sorted(set(names)))}
    shared = rng.standard_normal((len(order), draws))[[order[name] for name in names]]
    own = rng.standard_normal((len(names), draws))
    levels: Array = ndtr(np.sqrt(TOGETHER) * shared + np.sqrt(1 - TOGETHER) * own)
    return levels


def _truncated(centre: Array, sd: Array, most: Array, level: Array) -> Array:
    """Quantiles of a normal cut to 0 … most."""
    low, high = ndtr(-centre / sd), ndtr((most - centre) / sd)
    inside = np.clip(low + level * (high - low), 1e-12, 1 - 1e-12)
    return np.asarray(np.clip(centre + sd * ndtri(inside), 0.0, most))
