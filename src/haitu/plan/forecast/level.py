"""How much a series sells now, seen at several speeds and several widths of week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from haitu.plan.forecast.panel import Bools, Floats, Ints

SPEEDS = (0.3, 0.15, 0.08, 0.04, 0.015)
WIDTHS = (1, 2, 3, 4, 6, 8, 13, 26)  # weeks added up before smoothing
SMOOTHING = (0.1, 0.2, 0.3)
NEW_WEEKS = 8  # a series younger than this leans on its market
SMALLEST = 1e-3
UNSEEN = 0.5  # a unit that may have been missed, where none was ever sold (Jeffreys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Per series: what the regression sees, the scale it is divided by, and the parametric mean and variance a week."""

    seen_as: Floats  # series x columns
    scale: Floats
    mean: Floats
    variance: Floats


def levels(units: Floats, seen: Bools, market: Ints) -> Levels:
    """Of units without season and price; nothing here looks ahead of the last column."""
    weeks = units.shape[1]
    units = units * seen
    count = np.maximum(seen.sum(axis=1), 1)
    mean = units.sum(axis=1) / count
    spread = np.sqrt((np.square(units - mean[:, None]) * seen).sum(axis=1) / count)
    usual, young = _of_its_market(mean, market), np.clip(NEW_WEEKS - count, 0, None) / NEW_WEEKS
    age = np.arange(weeks - 1, -1, -1)
    fading = np.stack([(1 - speed) ** age for speed in SPEEDS], axis=1)
    weight = seen @ fading
    lean = np.maximum(young, np.where(weight[:, 0] < SMALLEST, SMALLEST, 0.0))  # out of stock for very long: no news
    prior = (lean * usual)[:, None]
    under = weight + lean[:, None]
    plain = (units @ fading + prior) / under
    calm = (np.minimum(units, (mean + 2 * spread)[:, None]) @ fading + prior) / under
    often = ((units > 0) @ fading) / np.maximum(weight, SMALLEST)
    scale = 0.5 * plain[:, 2] + 0.25 * calm[:, 3] + 0.25 * calm[:, 1] + SMALLEST
    wide = (aggregated(units, seen) * count + young * usual) / (count + young)
    wide = np.where(mean > 0, wide, np.maximum(wide, UNSEEN / (count + 1)))
    columns = np.column_stack(
        [plain, calm, often[:, [1, 3]] * scale[:, None], np.sqrt(scale), spread, np.sqrt(spread * scale),
         np.full(len(scale), 0.05), wide]
    )  # fmt: skip
    return Levels(seen_as=columns, scale=scale, mean=wide, variance=_variance(wide, mean, spread, count))


def aggregated(units: Floats, seen: Bools) -> Floats:
    """IMAPA (Petropoulos & Kourentzes 2015): the mean of smoothed levels over widths up to the usual gap of sales."""
    weeks = units.shape[1]
    gap = np.maximum(1, np.round(seen.sum(axis=1) / np.maximum((units > 0).sum(axis=1), 1)))
    total, used = np.zeros(len(units)), np.zeros(len(units))
    for width in WIDTHS:
        rows = np.flatnonzero(gap >= width)
        blocks = weeks // width
        if not len(rows) or blocks < 2 <= width:
            continue
        shape = (len(rows), blocks, width)
        known = seen[rows, weeks - blocks * width :].reshape(shape).sum(axis=2)
        sold = units[rows, weeks - blocks * width :].reshape(shape).sum(axis=2)
        level, begun = _smoothed(sold / np.maximum(known, 1), known * 2 > width)
        total[rows] += level
        used[rows] += begun
    return total / np.maximum(used, 1)


def _smoothed(rate: Floats, known: Bools) -> tuple[Floats, Bools]:
    """Simple exponential smoothing of each row at the speed that would have erred least; and whether it ever began."""
    best, answer = np.full(len(rate), np.inf), np.zeros(len(rate))
    ever: Bools = np.asarray(known.any(axis=1))
    rate, known = np.ascontiguousarray(rate.T), np.ascontiguousarray(known.T)
    for speed in SMOOTHING:
        level, error, begun = np.zeros(len(answer)), np.zeros(len(answer)), np.zeros(len(answer), dtype=bool)
        for now, there in zip(rate, known, strict=True):
            miss = np.where(there & begun, now - level, 0.0)
            error += miss * miss
            level = np.where(there & ~begun, now, level + speed * miss)
            begun |= there
        better = error < best
        best, answer = np.where(better, error, best), np.where(better, level, answer)
    return answer, ever


def _of_its_market(mean: Floats, market: Ints) -> Floats:
    """The usual mean (geometric) of the series that sell in each series' market."""
    sold = mean > 0
    size = int(market.max(initial=0)) + 1
    logs = np.bincount(market[sold], np.log(mean[sold]), minlength=size)
    some = np.bincount(market[sold], minlength=size)
    overall = float(np.exp(logs.sum() / max(some.sum(), 1))) if sold.any() else SMALLEST
    return np.where(some > 0, np.exp(logs / np.maximum(some, 1)), overall)[market]


def _variance(level: Floats, mean: Floats, spread: Floats, count: Ints) -> Floats:
    """A week's variance around `level`: the series' own, drawn to that of its peers while it is young."""
    old = (count >= NEW_WEEKS) & (mean > 0)
    excess = np.median(np.square(spread[old] / mean[old]) - 1 / mean[old]) if old.any() else 1.0
    peers = level + max(float(excess), 0.2) * np.square(level)
    own = np.square(spread) * level / np.maximum(mean, SMALLEST)
    return np.asarray((own * count + peers * NEW_WEEKS / 2) / (count + NEW_WEEKS / 2))
