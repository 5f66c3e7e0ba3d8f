"""What others forecast of the same panel, written after their papers: point levels, each with counts around it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.stats import nbinom

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
LEAST = 1e-9


def naive_season(units: Floats, seen: Bools) -> Floats:
    """The same eight weeks of last year where the series had them, else the last eight."""
    if units.shape[1] < 52:
        return run_rate(units, seen)
    then = slice(units.shape[1] - 52, units.shape[1] - 44)
    return np.where(seen[:, then].all(axis=1), units[:, then].mean(axis=1), run_rate(units, seen))


def run_rate(units: Floats, seen: Bools) -> Floats:
    """The last eight weeks go on."""
    return np.asarray((units * seen)[:, -8:].sum(axis=1) / np.maximum(seen[:, -8:].sum(axis=1), 1))


def croston_sba(units: Floats, seen: Bools) -> Floats:
    """Croston (1972) with the correction of Syntetos & Boylan (2005), both speeds .1."""
    size, gap, since = np.zeros(len(units)), np.ones(len(units)), np.ones(len(units))
    begun = np.zeros(len(units), dtype=bool)
    for week in range(units.shape[1]):
        now, alive = units[:, week], seen[:, week]
        sold = alive & (now > 0)
        size = np.where(sold & ~begun, now, np.where(sold, size + 0.1 * (now - size), size))
        gap = np.where(sold & ~begun, since, np.where(sold, gap + 0.1 * (since - gap), gap))
        since = np.where(sold, 1.0, since + alive)
        begun |= sold
    return np.asarray(0.95 * size / gap)


def imapa(units: Floats, seen: Bools) -> Floats:
    """Petropoulos & Kourentzes (2015) as statsforecast has it: every width up to the mean gap, smoothing optimised."""
    series, weeks = units.shape
    gaps = np.maximum(1, np.round(seen.sum(axis=1) / np.maximum((units > 0).sum(axis=1), 1))).astype(int)
    total, used = np.zeros(series), np.zeros(series)
    for width in range(1, int(gaps.max()) + 1):
        rows, blocks = np.flatnonzero(gaps >= width), weeks // width
        shape = (len(rows), blocks, width)
        sold = units[rows, weeks - blocks * width :].reshape(shape).sum(axis=2)
        whole = np.asarray(seen[rows, weeks - blocks * width :].reshape(shape).sum(axis=2) == width)
        whole[:, -1] = True
        total[rows] += _smoothed(sold, whole) / width
        used[rows] += 1
    return total / used


def _smoothed(sold: Floats, known: Bools) -> Floats:
    best, answer = np.full(len(sold), np.inf), np.zeros(len(sold))
    for speed in (0.1, 0.15, 0.2, 0.25, 0.3):
        level, error, begun = np.zeros(len(sold)), np.zeros(len(sold)), np.zeros(len(sold), dtype=bool)
        for now, there in zip(sold.T, known.T, strict=True):
            miss = np.where(there & begun, now - level, 0.0)
            error += np.square(miss)
            level = np.where(there & ~begun, now, level + speed * miss)
            begun |= there
        answer = np.where(error < best, level, answer)
        best = np.minimum(error, best)
    return answer


def total_quantiles(level: Floats, units: Floats, seen: Bools, horizon: int, asked: Floats) -> Floats:
    """Negative binomial around a level, with the variance of the series' own weeks: series x quantiles of the total."""
    count = seen.sum(axis=1)
    mean = (units * seen).sum(axis=1) / count
    own = (np.square(units - mean[:, None]) * seen).sum(axis=1) / np.maximum(count - 1, 1)
    total = np.maximum(horizon * level, LEAST)
    variance = np.maximum(horizon * own * level / np.maximum(mean, LEAST), 1.01 * total)
    share = total / variance
    return np.asarray(nbinom.ppf(asked[None, :], (total * share / (1 - share))[:, None], share[:, None]))


RIVALS: dict[str, Callable[[Floats, Bools], Floats]] = {
    "season": naive_season,
    "run rate": run_rate,
    "SBA": croston_sba,
    "IMAPA": imapa,
}
