"""From the fit to paths: draws of what a unit of spend of each cell returns by the end of each month after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haitu.plan.payback.counts import Counts
from haitu.plan.payback.model import MONTHS, Group

Array = NDArray[np.float64]

CELLS_DIFFER_SD = 0.11  # of log value per lead, beyond what the fit tells campaigns apart by
PRICE_SD = 1.0  # of the log of what a unit of spend returns by month 24, where no lead says what it buys


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Of one cell: draws × MONTHS per unit of spend; `known` is False where no lead or no order says anything."""

    at: int
    returns: Array
    known: bool


def per_lead(rng: np.random.Generator, group: Group, k: int, leads: float, *, scale: float) -> Array:
    """Contribution credited to an identified lead of the group's k-th campaign (draws × MONTHS), chance included.

    `leads`: how many of them share their luck; `scale` widens (above 1) or narrows the draws about their median.
    """
    draws = len(group.per_lead)
    differ = np.exp(CELLS_DIFFER_SD * rng.standard_normal(draws) - CELLS_DIFFER_SD**2 / 2)
    mean = group.per_lead * (group.campaign[k] * differ)[:, None]
    return widened(with_chance(rng, mean, leads, group.order_value), scale)


def with_chance(rng: np.random.Generator, mean: Array, leads: float, order_value: float) -> Array:
    """The same with the luck of so many leads: each month's contribution is a compound Poisson sum.

    Its variance is the sum's mean times the value of an order, times 1 + CV² and a repeat buyer's clumping (together
    CHANCE); months add up, so that early luck stays.
    """
    steps = np.diff(mean, axis=1, prepend=0.0)
    variance = CHANCE * np.abs(steps) * order_value / max(leads, 1.0)
    return mean + np.cumsum(np.sqrt(variance) * rng.standard_normal(steps.shape), axis=1)


CHANCE = 1.8


def widened(draws: Array, scale: float) -> Array:
    """Draws spread `scale` times as far about their median, on the log scale where all are above 0."""
    if scale == 1.0:
        return draws
    middle = np.median(draws, axis=0)
    positive = (draws > 0).all(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = middle * np.exp(scale * np.log(np.where(positive, draws / middle, 1.0)))
    return np.where(positive, logs, middle + scale * (draws - middle))


def paths(counts: Counts, groups: Sequence[Group], *, seed: int, scale: float) -> list[Path]:
    """The path of every cell that spent something, in the order of the counts."""
    rng = np.random.default_rng([seed, 1])
    usual = _usual_curve(counts, groups)
    result = []
    for group in groups:
        for k, i in enumerate(group.at):
            spent, leads = counts.spent[i].sum(), counts.leads[i, counts.paid_for(i)].sum()
            draws = len(group.per_lead)
            if spent <= 0:
                continue
            if leads == 0 or counts.paid[:, 0, 0].sum() == 0:
                worth = np.exp(np.log(0.7) + PRICE_SD * rng.standard_normal(draws))
                result.append(Path(at=i, returns=worth[:, None] * usual, known=False))
                continue
            lead_value = per_lead(rng, group, k, leads / group.consent, scale=scale)
            bought = rng.gamma(leads + 0.5, size=draws)  # what the same spend would buy another time
            returns = lead_value * (group.caused * bought / group.consent / spent)[:, None]
            result.append(Path(at=i, returns=returns, known=True))
    return sorted(result, key=lambda path: path.at)


def together(paths_of: Sequence[Path], spent: Array) -> Array:
    """Draws of several cells as one, each by its share of the spend."""
    total = sum(spent[path.at] for path in paths_of)
    result: Array = np.sum([path.returns * (spent[path.at] / total) for path in paths_of], axis=0)
    return result


def _usual_curve(counts: Counts, groups: Sequence[Group]) -> Array:
    """How a unit of spend comes back over the months in this merchant's cells, 1 at month 24; a line without orders."""
    known = [np.median(group.per_lead, axis=0) for group in groups if counts.leads[list(group.at)].sum() > 0]
    curve = np.mean(known, axis=0) if known else np.zeros(MONTHS)
    if curve[23] <= 0:
        return np.arange(1, MONTHS + 1) / 24
    result: Array = curve / curve[23]
    return result
