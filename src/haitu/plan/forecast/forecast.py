"""Quantiles of every series' weeks and of their total, learnt from what earlier forecasts of the same panel missed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from haitu.plan.forecast.level import levels
from haitu.plan.forecast.panel import Bools, Floats, Ints, Panel
from haitu.plan.forecast.price import effects
from haitu.plan.forecast.quantile import of_counts, regression
from haitu.plan.forecast.season import factors

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95)
ORIGINS, APART_WEEKS, FIRST_WEEKS = 5, 4, 14  # earlier forecasts, how far apart, and what must lie before the first
SAMPLE = 15_000  # rows of earlier forecasts that are learnt from
LEARNT, HALF_ROWS = 0.65, 300  # the regression's share beside the counts', and the rows at which it has half of that
COMMON = 0.5  # how much of what all series had in common at one earlier origin is taken out of its misses
SHOCK = 0.2  # what all series will have in common, as a standard deviation, in the counts' variance
BIG_ORDER = 6.0  # times the level: cut when the common miss is measured, and at twice that when the mean is learnt
AT_ONCE = 20_000  # series worked on together, for memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Means and quantiles at LEVELS. Weeks: series x horizon (x levels). Weekly means add up to the total's mean."""

    mean: Floats
    weeks: Floats
    total_mean: Floats
    total: Floats
    elasticity: float | None
    rows_learnt: int
    weeks_learnt: int  # how far the earlier forecasts looked ahead; less than the horizon where the past is short


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lessons:
    """Rows of earlier forecasts: columns and targets, both over the scale, the targets a week's mean and one week."""

    columns: Floats
    total: Floats
    week: Floats
    weight: Floats


def forecast(panel: Panel, horizon: int, *, seed: int) -> Forecast:
    """The next `horizon` weeks. The same panel and seed give the same answer; rows in any order."""
    season = factors(panel, horizon)
    priced = None if panel.price is None else effects(panel.units, panel.seen, panel.price)
    usual = panel.units / season[panel.market, : panel.weeks]
    if priced is not None:
        usual = usual / priced[0]
    plain = replace(panel, units=usual)
    ahead = max(min(horizon, (panel.weeks - FIRST_WEEKS)), 0)
    lessons = _lessons(plain, ahead, np.random.default_rng(seed)) if ahead else None
    rows = 0 if lessons is None else len(lessons.weight)
    share = LEARNT * rows / (rows + HALF_ROWS)
    learnt = None
    if lessons is not None and rows:
        inputs = lessons.columns, lessons.weight
        learnt = _fitted(*inputs, lessons.total), _fitted(*inputs, lessons.week)
    coming = season[panel.market, panel.weeks :]
    if priced is not None:
        coming = coming * priced[1][:, None]
    parts = [
        _answer(plain, coming, slice(start, start + AT_ONCE), learnt, share)
        for start in range(0, len(usual), AT_ONCE)
    ]
    mean, weeks, total = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Forecast(
        mean=mean,
        weeks=weeks,
        total_mean=mean.sum(axis=1),
        total=total,
        elasticity=None if priced is None else priced[2],
        rows_learnt=rows,
        weeks_learnt=ahead if rows else 0,
    )


def _fitted(columns: Floats, weight: Floats, target: Floats) -> Floats:
    found = regression(columns, target, weight, LEVELS)
    mean = regression(columns, np.minimum(target, 2 * BIG_ORDER), weight, ())
    return np.column_stack([found[:, :-1], mean])


def _lessons(panel: Panel, ahead: int, dice: np.random.Generator) -> _Lessons | None:
    """Forecasts made again as of up to ORIGINS earlier weeks, of a sample of the series, and what came."""
    last = panel.weeks - ahead
    origins = [last - APART_WEEKS * back for back in range(ORIGINS) if last - APART_WEEKS * back >= FIRST_WEEKS]
    found = []
    for origin in origins:
        known = panel.seen[:, :origin]
        fit = known.sum(axis=1) >= 8
        fit &= (panel.units[:, :origin] * known > 0).sum(axis=1) >= 3
        fit &= panel.seen[:, origin : origin + ahead].sum(axis=1) * 2 > ahead
        rows = np.flatnonzero(fit)
        if len(rows) > SAMPLE // len(origins):
            rows = np.sort(dice.choice(rows, SAMPLE // len(origins), replace=False))
        if len(rows):
            found.append(_lesson(panel, rows, origin, ahead, dice))
    if not found:
        return None
    return _Lessons(
        columns=np.concatenate([lesson.columns for lesson in found]),
        total=np.concatenate([lesson.total for lesson in found]),
        week=np.concatenate([lesson.week for lesson in found]),
        weight=np.concatenate([lesson.weight for lesson in found]),
    )


def _lesson(panel: Panel, rows: Ints, origin: int, ahead: int, dice: np.random.Generator) -> _Lessons:
    then = levels(panel.units[rows, :origin], panel.seen[rows, :origin], panel.market[rows])
    seen: Bools = panel.seen[rows, origin : origin + ahead]
    came = panel.units[rows, origin : origin + ahead] * seen
    total = came.sum(axis=1) / seen.sum(axis=1)
    one = np.argmax(np.where(seen, dice.random(seen.shape), -1.0), axis=1)  # a week of those seen
    week = came[np.arange(len(rows)), one]
    common = np.minimum(total, BIG_ORDER * then.scale).sum() / then.scale.sum()
    left = np.clip(common, 0.2, 5.0) ** -COMMON / then.scale
    return _Lessons(
        columns=then.seen_as / then.scale[:, None], total=total * left, week=week * left, weight=then.scale
    )


def _answer(
    panel: Panel, coming: Floats, rows: slice, learnt: tuple[Floats, Floats] | None, share: float
) -> tuple[Floats, Floats, Floats]:
    """Weekly means, weekly quantiles and the total's quantiles of some of the series."""
    now = levels(panel.units[rows], panel.seen[rows], panel.market[rows])
    coming = coming[rows]
    horizon, sum_of_season = coming.shape[1], coming.sum(axis=1)
    rate = now.mean
    over_all = of_counts(
        rate * sum_of_season,
        now.variance * sum_of_season + np.square(SHOCK * rate * sum_of_season),
        LEVELS,
    )
    a_week = of_counts(rate, now.variance + np.square(SHOCK * rate), LEVELS)
    if learnt is not None:
        by_total, by_week = (np.maximum(now.seen_as @ fitted, 0.0) for fitted in learnt)
        over_all = share * by_total[:, :-1] * sum_of_season[:, None] + (1 - share) * over_all
        a_week = share * by_week[:, :-1] + (1 - share) * a_week
        rate = share * by_total[:, -1] + (1 - share) * rate
    total = np.maximum.accumulate(over_all, axis=1)
    weeks = np.maximum.accumulate(a_week, axis=1)[:, None, :] * coming[:, :, None]
    return rate[:, None] * coming, weeks, total if horizon > 1 else weeks[:, 0, :]
