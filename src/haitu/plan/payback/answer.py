"""The tables that are written: payback per channel × market × campaign, and what each month's spend has earned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haitu.plan.payback.calibrate import Calibration, calibrate
from haitu.plan.payback.counts import Counts, first_day, tally
from haitu.plan.payback.facts import Facts, cells
from haitu.plan.payback.hints import Hint, hints, uncounted
from haitu.plan.payback.journeys import journeys
from haitu.plan.payback.model import Group, Known, fit, lost_share
from haitu.plan.payback.paths import Path, paths, together
from haitu.plan.payback.verdicts import Seen, judge, month_band, payback_months
from haitu.plan.tables import Problem

Array = NDArray[np.float64]

TOLD_MONTHS = range(1, 25)
HORIZONS = (3, 6, 9, 12, 15, 18, 21, 24)
MONTH_DAYS = 365.25 / 12
EVERY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`payback` and `spend_month` as docs/payback.md has them; problems are the facts' and those of whole cells."""

    payback: pl.DataFrame
    spend_month: pl.DataFrame
    hints: tuple[Hint, ...]
    problems: tuple[Problem, ...]
    calibration: Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row to be told: its name and the paths that it sums."""

    place: tuple[str, str, str]
    of: tuple[Path, ...]


def answer(facts: Facts, *, seed: int, draws: int) -> Answer:
    """Everything from the facts; the same facts, seed and draws give the same answer."""
    whole, known = journeys(facts), known_of(facts)
    counts = tally(facts.spend, whole, start=first_day(facts), as_of=facts.as_of, places=tuple(cells(facts)))
    known = replace(known, lost=lost_share(counts, known))
    calibration = calibrate(facts, whole, counts, known, seed=seed)
    return told(facts, counts, known, calibration, seed=seed, draws=draws)


def told(facts: Facts, counts: Counts, known: Known, calibration: Calibration, *, seed: int, draws: int) -> Answer:
    """The answer from counts that are there already: what one more day needs."""
    groups = fit(counts, known, seed=seed, draws=draws)
    found = paths(counts, groups, seed=seed, scale=calibration.scale)
    group_of = {i: group for group in groups for i in group.at}
    return Answer(
        payback=_payback(counts, group_of, found),
        spend_month=_spend_months(counts, group_of, found),
        hints=tuple(hints(facts, counts)),
        problems=(*facts.problems, *uncounted(counts)),
        calibration=calibration,
    )


def known_of(facts: Facts) -> Known:
    """Consent per market, from the table or else from touches without a person; experiments per channel."""
    tests: dict[str, list[tuple[str, float, float]]] = {}
    for channel, market, lift, se in facts.experiment.select("channel", "market", "lift", "se").iter_rows():
        tests.setdefault(channel, []).append((market, lift, se))
    visits = facts.touch.group_by("market").agg(pl.col("person").is_not_null().sum().alias("known"), pl.len())
    # As if ten visits more had all been known, so that a market with hardly any touches is not multiplied by much.
    consent = {market: (known + 10) / (n + 10) for market, known, n in visits.sort("market").iter_rows()}
    stated = dict(facts.consent.select("market", "share").iter_rows())
    if EVERY in stated:
        consent = dict.fromkeys(consent, stated[EVERY])
    consent |= stated
    return Known(consent=consent, tests=tests)


def _payback(counts: Counts, group_of: dict[int, Group], found: Sequence[Path]) -> pl.DataFrame:
    spent = counts.spent.sum(axis=1)
    rows = [_told(counts, group_of, spent, row) for row in _rows(counts, found)]
    table = pl.DataFrame(rows, infer_schema_length=None)
    if not np.isfinite(table.select(pl.selectors.numeric()).to_numpy()).all():
        raise ArithmeticError("A figure of payback is not a number: that is a fault of the model, not of the tables.")
    return table


def _rows(counts: Counts, found: Sequence[Path]) -> Iterator[_Row]:
    """Each campaign, then each channel × market, then each channel; nothing that would be the same row twice."""
    for path in found:
        yield _Row(place=counts.cells[path.at], of=(path,))
    by_market: dict[tuple[str, str], list[Path]] = {}
    by_channel: dict[str, list[Path]] = {}
    for path in found:
        channel, market, _ = counts.cells[path.at]
        by_market.setdefault((channel, market), []).append(path)
        by_channel.setdefault(channel, []).append(path)
    there = {counts.cells[path.at] for path in found}
    for (channel, market), of in by_market.items():
        if (channel, market, EVERY) not in there:
            yield _Row(place=(channel, market, EVERY), of=tuple(of))
    for channel, of in by_channel.items():
        if (channel, EVERY, EVERY) not in there:
            yield _Row(place=(channel, EVERY, EVERY), of=tuple(of))


def _told(counts: Counts, group_of: dict[int, Group], spent: Array, row: _Row) -> dict[str, object]:
    cells = [path.at for path in row.of]
    returns = together(row.of, spent)
    earned = sum(
        (group_of[i].caused * counts.earned[i, counts.paid_for(i)].sum() / group_of[i].consent for i in cells),
        np.zeros(len(returns)),
    )
    seen = _seen(counts, row, earned)
    judged = judge(returns, seen)
    months = payback_months(returns)
    low, middle, high = quantiles(returns[:, :24].T, (0.05, 0.5, 0.95))
    p10, p50, p90 = month_band(months)
    place = dict(zip(("channel", "market", "campaign"), row.place, strict=True))
    result: dict[str, object] = {
        **place,
        "spent": round(float(spent[cells].sum()), 2),
        "leads": int(counts.leads[cells].sum()),
        "buyers": int(counts.buyers[cells].sum()),
        "earned_p50": round(float(np.median(earned)), 2),
    }
    for h in TOLD_MONTHS:
        result[f"v_m{h}"] = float(middle[h - 1])
        result |= {
            f"v_m{h}_{name}": float(values[h - 1]) for name, values in (("p05", low), ("p50", middle), ("p95", high))
        }
    result |= {"payback_month_p10": p10, "payback_month_p50": p50, "payback_month_p90": p90}
    result |= {f"p_payback_{h}": float((months <= h).mean()) for h in HORIZONS}
    caused = np.mean([group_of[i].caused for i in cells], axis=0)
    lag = np.mean([group_of[i].lag_weeks for i in cells], axis=0)
    result |= {"caused_p50": float(np.median(caused)), "lag_weeks_p50": float(np.median(lag))}
    test_cells = " × ".join(part for part in row.place[:2] if part != EVERY) if judged.test_weeks else ""
    result |= {"verdict": judged.verdict, "why": judged.why, "test_cells": test_cells}
    return result | {"test_weeks": judged.test_weeks, "test_cost": judged.test_cost}


def _seen(counts: Counts, row: _Row, earned: Array) -> Seen:
    cells = [path.at for path in row.of]
    touched = [path.at for path in row.of if counts.leads[path.at, counts.paid_for(path.at)].sum() > 0]
    days = min(91, counts.days)
    spent = float(counts.spent[cells].sum())
    return Seen(
        p_earned=float((earned >= spent).mean()),
        # A row most of whose spend no touch answers to is not known.
        leads=float(counts.leads[cells].sum()) if counts.spent[touched].sum() > spent / 2 else 0.0,
        buyers=float(counts.buyers[cells].sum()),
        orders=float(counts.paid[:, 0, 0].sum()),
        spend_a_week=float(counts.spent[cells, -days:].sum()) / days * 7,
        buyers_a_week=float(counts.buyers[cells, -days:].sum()) / days * 7,
    )


def _spend_months(counts: Counts, group_of: dict[int, Group], found: Sequence[Path]) -> pl.DataFrame:
    """Of each month's spend: what its leads have earned so far, and what they will have by month 24."""
    days = [counts.start + timedelta(days=i) for i in range(counts.days)]
    first = [date(day.year, day.month, 1) for day in days]
    months = sorted(set(first))
    of_month = np.array([months.index(day) for day in first])
    rows = []
    for path in found:
        group, i = group_of[path.at], path.at
        leads, spent, earned = (
            np.bincount(of_month, of[i], len(months)) for of in (counts.leads, counts.spent, counts.earned)
        )
        told_of = np.flatnonzero((spent > 0) | (leads > 0))
        ages = [max((counts.as_of - months[m] - timedelta(days=15)).days / MONTH_DAYS, 0.0) for m in told_of]
        so_far = group.caused * (earned[told_of] / group.consent)[:, None]
        if path.known:
            by_lead = path.returns.T * (counts.spent[i].sum() / counts.leads[i, counts.paid_for(i)].sum())
            to_come = (by_lead[23] - _at_ages(by_lead, np.minimum(ages, 24.0))) * leads[told_of][:, None]
        else:
            to_come = path.returns[:, 23] * spent[told_of][:, None]
        bands = quantiles(so_far + to_come, (0.05, 0.5, 0.95))
        half_so_far = earned[told_of] / group.consent * np.median(group.caused)
        for m, money, *figures in zip(told_of, spent[told_of], half_so_far, *bands, strict=True):
            told_figures = (round(float(v), 2) for v in figures)
            rows.append((*counts.cells[i], months[m], round(float(money), 2), int(leads[m]), *told_figures))
    names = {"channel": pl.String, "market": pl.String, "campaign": pl.String, "month": pl.Date, "spent": pl.Float64}
    names |= {"leads": pl.Int64, "earned_p50": pl.Float64}
    names |= {f"by_m24_{q}": pl.Float64 for q in ("p05", "p50", "p95")}
    return pl.DataFrame(rows, schema=names, orient="row")


def _at_ages(by_month: Array, ages: Array) -> Array:
    """Values (ages × draws) of months × draws at ages in months, between the ends of two months."""
    from_start = np.concatenate([np.zeros((1, by_month.shape[1])), by_month])
    below = ages.astype(int)
    part = (ages - below)[:, None]
    result: Array = from_start[below] * (1 - part) + from_start[below + 1] * part
    return result


def quantiles(rows: Array, levels: Sequence[float]) -> list[Array]:
    """Quantiles of each row, as numpy's linear ones, by one sorting."""
    ordered = np.sort(rows, axis=1)
    places = np.array(levels) * (rows.shape[1] - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, rows.shape[1] - 1)
    return [
        ordered[:, b] * (1 - (p - b)) + ordered[:, a] * (p - b) for p, b, a in zip(places, below, above, strict=True)
    ]
