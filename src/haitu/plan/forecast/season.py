"""The season of a week: what shops at large see, drawn to what these markets saw, and days on which nobody works."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from haitu.plan.cohorts.season import RETAIL
from haitu.plan.forecast.panel import Bools, Floats, Ints, Panel

EPOCH = date(1970, 1, 1)
YEAR = 52
EARLIEST_WEEKS = 44  # before that, season and growth cannot be told apart
SMOOTH_WEEKS = 2  # to each side
FULL_TRUST_YEARS = 2.0  # one year seen counts half: two seasons are too few to be sure of
SERIES_OF_ITS_OWN = 200  # series with which a market's own profile counts half beside that of all markets
HOLIDAY_PRIOR_DAYS = 40.0  # holidays that must be seen before half of their effect is believed
LOWEST_INDEX, MOST_HOLIDAY_EFFECT = 0.15, 0.4


def factors(panel: Panel, horizon: int) -> Floats:
    """Markets x (weeks + horizon): what a week counts beside a usual one. Nothing after the panel is used."""
    mondays = panel.monday + 7 * np.arange(panel.weeks + horizon)
    at_large = _at_large(mondays)
    holidays = np.array([_holidays(market, mondays) for market in panel.markets]).reshape(-1, len(mondays))
    bare = _index(panel.units, panel.seen)
    logs = np.empty((len(panel.markets), len(mondays)))
    pooled = _own(bare, len(mondays))
    sizes = np.bincount(panel.market, minlength=len(panel.markets))
    weight = min(1.0, panel.weeks / YEAR / FULL_TRUST_YEARS) if panel.weeks >= EARLIEST_WEEKS else 0.0
    for market, size in enumerate(sizes):
        own = pooled
        if len(sizes) > 1 and size > SERIES_OF_ITS_OWN and weight > 0:
            rows = panel.market == market
            earned = size / (size + SERIES_OF_ITS_OWN)
            own = pooled + earned * (_own(_index(panel.units[rows], panel.seen[rows]), len(mondays)) - pooled)
        logs[market] = np.where(np.isfinite(own), at_large + weight * (own - at_large), at_large)
    effect = _holiday_effect(np.log(bare), logs, holidays, sizes)
    logs += effect * holidays
    return np.asarray(np.exp(logs - logs.mean(axis=1, keepdims=True)))


def _at_large(mondays: Ints) -> Floats:
    """Logarithms of online retail's months (US Census Bureau, see cohorts/season.py), read in the week's middle."""
    days = [(EPOCH + timedelta(days=int(monday) + 3)).timetuple().tm_yday for monday in mondays]
    middles = [15 + 30.44 * month for month in range(-1, 13)]
    month = np.array([RETAIL[-1], *RETAIL, RETAIL[0]])
    return np.asarray(np.log(np.interp(days, middles, month / month[1:-1].mean())))


def _index(units: Floats, seen: Bools) -> Floats:
    """What a usual series sold in each week beside its own mean; single big orders are cut."""
    count = np.maximum(seen.sum(axis=1), 1)
    mean = (units * seen).sum(axis=1) / count
    spread = np.sqrt((np.square(units - mean[:, None]) * seen).sum(axis=1) / count)
    cut = np.minimum(units, (mean + 2 * spread)[:, None]) * seen
    level = cut.sum(axis=1) / count
    due = level @ seen
    return np.maximum(np.where(due > 0, cut.sum(axis=0) / np.maximum(due, 1e-9), 1.0), LOWEST_INDEX)


def _own(index: Floats, weeks: int) -> Floats:
    """Logarithms of the smoothed index of the same weeks of earlier years; NaN where there was none."""
    kernel = np.ones(2 * SMOOTH_WEEKS + 1)
    smooth = np.convolve(np.log(index), kernel, "same") if len(index) >= len(kernel) else np.log(index) * len(kernel)
    smooth /= np.convolve(np.ones(len(index)), kernel, "same") if len(index) >= len(kernel) else len(kernel)
    own = np.full(weeks, np.nan)
    for week in range(min(YEAR, len(index))):
        own[week::YEAR] = smooth[week::YEAR].mean()
    return np.asarray(own - np.nanmean(own[-YEAR:]))


def _holiday_effect(bare: Floats, logs: Floats, holidays: Floats, sizes: Ints) -> float:
    """What one weekday of holiday does to the logarithm of a week, one number for all markets, drawn to nothing."""
    known = len(bare)
    weight = sizes / max(sizes.sum(), 1)
    days, left = weight @ holidays[:, :known], bare - weight @ logs[:, :known]
    centred = days - days.mean()
    effect = float(centred @ (left - left.mean())) / (float(centred @ centred) + HOLIDAY_PRIOR_DAYS)
    return float(np.clip(effect, -MOST_HOLIDAY_EFFECT, MOST_HOLIDAY_EFFECT))


def _holidays(market: str, mondays: Ints) -> Floats:
    """Public holidays from Monday to Friday of each week; none for a market the library does not know."""
    days = [EPOCH + timedelta(days=int(monday)) for monday in (mondays[0], mondays[-1])]
    closed = _closed(market.strip().upper(), days[0].year, days[1].year + 1)
    return np.array([len(closed & set(range(int(monday), int(monday) + 5))) for monday in mondays], dtype=np.float64)


@lru_cache(maxsize=512)
def _closed(country: str, first: int, last: int) -> frozenset[int]:
    from holidays import country_holidays  # noqa: PLC0415  # a hundred countries' rules: only for those who ask

    try:
        found = country_holidays(country, years=range(first, last + 1))
    except (NotImplementedError, KeyError):
        return frozenset()
    return frozenset((day - EPOCH).days for day in found)
