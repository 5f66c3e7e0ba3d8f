"""How far the model's draws may be trusted: a look back at its own forecasts, where the merchant is old enough.

From each of a few earlier days the model is fitted to what was known then and asked what that day's leads would bring
until today. The scores |actual − median| / sd of all cells and days give one factor by which every draw is widened or
narrowed: split conformal prediction with normalised scores (Lei et al. 2018, "Distribution-free predictive inference
for regression", §5.2), on rolling origins. With fewer than 30 scores the shipped factor is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haitu.plan.payback.counts import Counts, tally
from haitu.plan.payback.facts import Facts
from haitu.plan.payback.journeys import Journeys
from haitu.plan.payback.model import MONTHS, Group, Known, fit
from haitu.plan.payback.paths import per_lead

Array = NDArray[np.float64]

SHIPPED = 0.95  # found on worlds of the clean simulator, seeds that judge nothing
LOOK_BACK_WEEKS = (13, 26, 52)
LEAST_HISTORY_WEEKS = 26
LEAST_SCORES = 30
LEAST_ORDERS = 5.0
COVER, NORMAL = 0.8, 1.2816  # the share of scores to be held, and the normal quantile that holds it
NARROWEST, WIDEST = 0.8, 2.5
DRAWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The factor for the draws, and how many of the merchant's own scores it rests on (0: shipped)."""

    scale: float
    scores: int


def calibrate(facts: Facts, whole: Journeys, counts: Counts, known: Known, *, seed: int) -> Calibration:
    """Looks back 13, 26 and 52 weeks, as far as half a year of facts lies before that day."""
    scores: list[float] = []
    for weeks in LOOK_BACK_WEEKS:
        day = counts.as_of - timedelta(weeks=weeks)
        if (day - counts.start).days < 7 * LEAST_HISTORY_WEEKS:
            break
        then = tally(
            facts.spend.filter(pl.col("week") <= day),
            whole.until(datetime.combine(day + timedelta(days=1), time())),
            start=counts.start,
            as_of=day,
            places=counts.cells,
        )
        for group in fit(then, known, seed=seed, draws=DRAWS):
            scores += _scores(group, then, counts, seed)
    if len(scores) < LEAST_SCORES:
        return Calibration(scale=SHIPPED, scores=0)
    level = min(1.0, COVER * (1 + 1 / len(scores)))
    scale = float(np.quantile(scores, level, method="higher")) / NORMAL
    return Calibration(scale=float(np.clip(scale, NARROWEST, WIDEST)), scores=len(scores))


def _scores(group: Group, then: Counts, now: Counts, seed: int) -> list[float]:
    """Of each campaign: how far off the forecast was of what its leads of then brought from then to now."""
    rng = np.random.default_rng([seed, 2])
    days = np.arange(then.days, dtype=np.float64) + 0.5
    result = []
    for k, i in enumerate(group.at):
        leads = then.leads[i]
        if leads.sum() == 0:
            continue
        draws = per_lead(rng, group, k, leads.sum(), scale=1.0)
        of_age = np.concatenate([np.zeros((len(draws), 1)), draws], axis=1)
        gained = sum(
            sign * of_age @ _ages(leads, (total - days) / (365.25 / 12))
            for sign, total in ((1, now.days), (-1, then.days))
        )
        actual = now.earned[i, : then.days].sum() - then.earned[i].sum()
        middle, sd = float(np.median(gained)), float(np.std(gained))
        if sd > 0 and middle > LEAST_ORDERS * group.order_value:
            result.append(abs(actual - middle) / sd)
    return result


def _ages(leads: Array, months: Array) -> Array:
    """Leads by age in whole months (MONTHS + 1), each shared between the two months its age lies between."""
    months = np.clip(months, 0, MONTHS - 1e-6)
    below = months.astype(int)
    part = months - below
    younger = np.bincount(below, leads * (1 - part), MONTHS + 1)
    result: Array = (younger + np.bincount(below + 1, leads * part, MONTHS + 1)).astype(np.float64)
    return result
