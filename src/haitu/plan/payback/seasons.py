"""A year's clock: in season a week is worth more than a week, for the first order as for the later ones.

Until a merchant has a year of own data the shape of a generic retail year is used, as strongly as the data ask for; a
season learnt from less than a year makes forecasts worse, not better (measured on four public sets).
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Our own round figures for retail abroad, by month: a quiet first quarter, a peak from mid-November to Christmas.
GENERIC = np.array([0.93, 0.90, 0.94, 0.95, 0.97, 0.96, 0.95, 0.95, 0.96, 1.00, 1.22, 1.27])
STRENGTHS, STRENGTH_PRIOR = (0.0, 0.5, 1.0), (0.5, 0.25, 0.25)
SWINGS = (0.0, 0.07, 0.14, 0.21, 0.28, 0.35)  # a year's wave: how far above and below the mean
PEAKS = np.arange(0, 365, 30) + 15  # day of the year of its top
SWING_SD = 0.15
PEAK_PRIOR = 0.8 * np.cos(2 * np.pi * (PEAKS - 330) / 365.25)  # log: more merchants peak towards the end of the year
AHEAD_DAYS = 7 * 159


def generic(start: date, days: int) -> Array:
    """The generic index of each day, its middles of months joined by lines; the year's mean is 1."""
    middles = (np.arange(-1, 13) + 0.5) * 365.25 / 12
    values = np.concatenate([GENERIC[-1:], GENERIC, GENERIC[:1]]) / GENERIC.mean()
    of_year = (start.timetuple().tm_yday - 1 + np.arange(days)) % 365.25
    index: Array = np.interp(of_year, middles, values)
    return index


@lru_cache(maxsize=4)
def family(start: date, days: int) -> tuple[Array, Array]:
    """Seasons (S × days, each with a mean of about 1 over the year) and their log prior."""
    spiky = generic(start, days)
    turn = 2 * np.pi * (start.timetuple().tm_yday - 1 + np.arange(days)) / 365.25
    rows, prior = [], []
    for strength, share in zip(STRENGTHS, STRENGTH_PRIOR, strict=True):
        for swing in SWINGS:
            for peak, of_peak in zip(PEAKS, PEAK_PRIOR, strict=True):
                wave = 1 + swing * np.cos(turn - 2 * np.pi * peak / 365.25)
                rows.append(spiky**strength * wave)
                prior.append(np.log(share) + of_peak - 0.5 * (swing / SWING_SD) ** 2)
    return np.array(rows), np.array(prior)


def posterior_mean(events: Array, expected: Array, start: date) -> Array:
    """The season that the days' events (R × D) speak for, beside those `expected` without one; four years ahead.

    Each row has a level of its own: log p = Σ_t N_t log s_t − N log Σ_t x_t s_t (a multinomial over days), divided by
    how much more the weeks scatter than Poisson.
    """
    days = events.shape[1]
    candidates, log_prior = family(start, days + AHEAD_DAYS)
    seen = candidates[:, :days]
    kept = (events.sum(axis=1) > 0) & (expected.sum(axis=1) > 0)
    if not kept.any():
        weight = np.exp(log_prior - log_prior.max())
        flat: Array = weight @ candidates / weight.sum()
        return flat
    events, expected = events[kept], np.maximum(expected[kept], 1e-12)
    fits = np.log(seen) @ events.sum(axis=0) - np.log(seen @ expected.T) @ events.sum(axis=1)
    best = seen[int(np.argmax(fits + log_prior))]
    fits = fits / scatter(events, expected * best)
    weight = np.exp(fits + log_prior - (fits + log_prior).max())
    result: Array = weight @ candidates / weight.sum()
    return result


def scatter(events: Array, expected: Array) -> float:
    """Pearson's χ² a week over its degrees of freedom, at least 1."""
    weeks = events.shape[1] // 7
    if weeks < 4:
        return 2.0
    n, x = (rows[:, : 7 * weeks].reshape(len(rows), weeks, 7).sum(axis=2) for rows in (events, expected))
    x = x * (n.sum(axis=1) / x.sum(axis=1))[:, None]
    full = x > 5
    return float(max(1.0, ((n - x)[full] ** 2 / x[full]).sum() / max(int(full.sum()) - len(n), 1)))


def spread(by_day: Array, by_week: Array) -> Array:
    """What R × D beginnings bring on each day when `by_week` (R × L) of it comes in each week after: a convolution."""
    days = by_day.shape[1]
    after = np.repeat(by_week, 7, axis=1)[:, :days] / 7
    size = scipy.fft.next_fast_len(2 * days, real=True)
    result: Array = scipy.fft.irfft(scipy.fft.rfft(by_day, size) * scipy.fft.rfft(after, size), size)[:, :days]
    return np.maximum(result, 0)


def exposure(by_day: Array, season: Array, weeks: int) -> Array:
    """R × `weeks`: of those who began on each day (R × D), the season-weeks that bin l after it was watched.

    Somebody who began in the middle of a day is watched to the end of the last day.
    """
    result: Array = by_day @ watched(season, by_day.shape[1], weeks)
    return result


def watched(season: Array, days: int, weeks: int) -> Array:
    """`days` × `weeks`: of one who began in the middle of a day, the season-weeks of each bin till the last day."""
    clock = np.concatenate([[0.0], np.cumsum(season[:days])])
    at_noon = np.append((clock[:-1] + clock[1:]) / 2, clock[-1])
    edges = np.minimum(np.arange(days)[:, None] + 7 * np.arange(weeks + 1), days)
    result: Array = np.diff(at_noon[edges], axis=1) / 7
    return result


def ahead(by_day: Array, season: Array, weeks: int) -> Array:
    """R × `weeks`: the mean season of bin l after a beginning, over those who began on each day (R × D)."""
    days = by_day.shape[1]
    clock = np.concatenate([[0.0], np.cumsum(season)])
    at_noon = (clock[:-1] + clock[1:]) / 2
    each = np.diff(at_noon[np.arange(days)[:, None] + 7 * np.arange(weeks + 1)], axis=1) / 7
    total = by_day.sum(axis=1, keepdims=True)
    share = np.divide(by_day, total, out=np.full_like(by_day, 1 / days), where=total > 0)
    result: Array = share @ each
    return result
