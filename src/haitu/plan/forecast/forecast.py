"""Quantiles of every series' weeks and of their total, learnt from what earlier forecasts of the same panel missed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from haitu.plan.forecast.level import levels
from haitu.plan.forecast.panel import Bools, Floats, Ints, Panel
from haitu.plan.forecast.price import effects
from haitu.plan.forecast.quantile import Tails, of_counts, regression, stretched, tails
from haitu.plan.forecast.season import factors

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.8, 0.9, 0.95)
ORIGINS, APART_WEEKS, FIRST_WEEKS = 5, 4, 14  # earlier forecasts, how far apart, and what must lie before the first
SAMPLE = 8_000  # rows of earlier forecasts that are learnt from
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
    """Rows of earlier forecasts, all over the scale: columns; a week's mean and one week, as they came; their mean and
    variance as counts. `common` is what a row's series missed together with all others, `scale` its units a week.
    """

    columns: Floats
    total: Floats
    week: Floats
    mean: Floats
    variance: Floats
    common: Floats
    scale: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Learnt:
    """Coefficients of the regressions, the share they get, and the stretch of the lower and the upper tail."""

    total: Floats
    week: Floats
    mean: Floats
    share: float
    total_tails: Tails
    week_tails: Tails


def forecast(panel: Panel, horizon: int, *, seed: int) -> Forecast:
    """The next `horizon` weeks. The same panel and seed give the same answer; rows in any order."""
    season = factors(panel, horizon)
    priced = None if panel.price is None else effects(panel.units, panel.seen, panel.price)
    usual = panel.units / season[panel.market, : panel.weeks]
    if priced is not None:
        usual = usual / priced[0]
    plain = replace(panel, units=usual)
    ahead = max(min(horizon, panel.weeks - FIRST_WEEKS), 0)
    lessons = _lessons(plain, ahead, np.random.default_rng(seed)) if ahead else None
    learnt = None if lessons is None else _learnt(lessons, ahead)
    coming = season[panel.market, panel.weeks :]
    if priced is not None:
        coming = coming * priced[1][:, None]
    parts = [_answer(plain, coming, slice(start, start + AT_ONCE), learnt) for start in range(0, len(usual), AT_ONCE)]
    mean, weeks, total = (np.concatenate(part) for part in zip(*parts, strict=True))
    if horizon == 1:
        weeks = total[:, None, :]  # one week is its own total
    return Forecast(
        mean=mean,
        weeks=weeks,
        total_mean=mean.sum(axis=1),
        total=total,
        elasticity=None if priced is None else priced[2],
        rows_learnt=0 if lessons is None else len(lessons.scale),
        weeks_learnt=0 if lessons is None else ahead,
    )


def _learnt(lessons: _Lessons, ahead: int) -> _Learnt:
    """The regressions, their share, and by how much the tails must be stretched to hold what came."""
    rows = len(lessons.scale)
    share = LEARNT * rows / (rows + HALF_ROWS)
    apart = lessons.common**-COMMON
    total = regression(lessons.columns, lessons.total * apart, lessons.scale, LEVELS)[:, :-1]
    week = regression(lessons.columns, lessons.week * apart, lessons.scale, LEVELS)[:, :-1]
    cut = np.minimum(lessons.total * apart, 2 * BIG_ORDER)
    mean = regression(lessons.columns, cut, lessons.scale, ())[:, 0]
    scale = lessons.scale[:, None]
    stretch = []
    for fitted, came, weeks in ((total, lessons.total, ahead), (week, lessons.week, 1)):
        counts = _counts(lessons.mean * lessons.scale, lessons.variance * np.square(lessons.scale), weeks) / weeks
        told = share * np.maximum(lessons.columns @ fitted, 0.0) * scale + (1 - share) * counts
        stretch.append(
            tails(np.maximum.accumulate(told, axis=1) * weeks, came * lessons.scale * weeks, lessons.scale, LEVELS)
        )
    return _Learnt(total=total, week=week, mean=mean, share=share, total_tails=stretch[0], week_tails=stretch[1])


def _counts(mean: Floats, variance: Floats, weeks: float | Floats) -> Floats:
    """Quantiles of so many usual weeks' units, as counts with a common shock."""
    mean = mean * weeks
    return of_counts(mean, variance * weeks + np.square(SHOCK * mean), LEVELS)


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
    names = tuple(field.name for field in fields(_Lessons))
    return _Lessons(**{name: np.concatenate([getattr(lesson, name) for lesson in found]) for name in names})


def _lesson(panel: Panel, rows: Ints, origin: int, ahead: int, dice: np.random.Generator) -> _Lessons:
    then = levels(panel.units[rows, :origin], panel.seen[rows, :origin], panel.market[rows])
    seen: Bools = panel.seen[rows, origin : origin + ahead]
    came = panel.units[rows, origin : origin + ahead] * seen
    total = came.sum(axis=1) / seen.sum(axis=1)
    one = np.argmax(np.where(seen, dice.random(seen.shape), -1.0), axis=1)  # a week of those seen
    week = came[np.arange(len(rows)), one]
    common = np.minimum(total, BIG_ORDER * then.scale).sum() / then.scale.sum()
    return _Lessons(
        columns=then.seen_as / then.scale[:, None],
        total=total / then.scale,
        week=week / then.scale,
        mean=then.mean / then.scale,
        variance=then.variance / np.square(then.scale),
        common=np.full(len(rows), np.clip(common, 0.2, 5.0)),
        scale=then.scale,
    )


def _answer(panel: Panel, coming: Floats, rows: slice, learnt: _Learnt | None) -> tuple[Floats, Floats, Floats]:
    """Weekly means, weekly quantiles and the total's quantiles of some of the series."""
    now = levels(panel.units[rows], panel.seen[rows], panel.market[rows])
    coming = coming[rows]
    usual_weeks = coming.sum(axis=1)
    rate, over_all, a_week = now.mean, _counts(now.mean, now.variance, usual_weeks), _counts(now.mean, now.variance, 1)
    if learnt is None:
        return rate[:, None] * coming, a_week[:, None, :] * coming[:, :, None], over_all
    share = learnt.share
    by_total, by_week = (np.maximum(now.seen_as @ fitted, 0.0) for fitted in (learnt.total, learnt.week))
    over_all = share * by_total * usual_weeks[:, None] + (1 - share) * over_all
    over_all = stretched(np.maximum.accumulate(over_all, axis=1), learnt.total_tails, now.scale, LEVELS)
    a_week = share * by_week + (1 - share) * a_week
    a_week = stretched(np.maximum.accumulate(a_week, axis=1), learnt.week_tails, now.scale, LEVELS)
    rate = share * np.maximum(now.seen_as @ learnt.mean, 0.0) + (1 - share) * rate
    return rate[:, None] * coming, a_week[:, None, :] * coming[:, :, None], over_all
