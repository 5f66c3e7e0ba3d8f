"""What an order of each customer is worth: their own mean, drawn to everybody's as far as it is not believed.

Buhlmann & Straub (1970): credibility n / (n + k), k = variance within / variance between customers. Both are taken from
logarithms, because a few orders of a hundred times the usual size would else decide them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from haitu.plan.cohorts.history import History

Floats = npt.NDArray[np.float64]

LEAST_K, MOST_K = 1.0, 25.0
FEW_REPEATS = 20.0  # repeats that all orders together count for, beside the repeats themselves
REFUND_K = 5.0  # orders that the merchant's share of refunds counts for, beside the customer's own
USUAL_WITHIN, USUAL_BETWEEN = 0.5, 0.25  # where nobody came twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """`per_day`: net money of a purchase day by customer; the variances are of logarithms."""

    per_day: Floats
    k: float
    within: float
    between: float


def worth(past: History) -> Worth:
    """Credibility means of purchase days, less the share that will be refunded."""
    within, between = variances(past)
    k = float(np.clip(within / between, LEAST_K, MOST_K))
    mean = (past.gross + k * usual(past)) / (past.days + k)
    return Worth(per_day=mean * (1 - refund_share(past)), k=k, within=within, between=between)


def usual(past: History) -> float:
    """Money of a repeated purchase day; what lies ahead are repeats, and first orders are often of another size."""
    bought = past.bought
    again = bought.day != past.first[bought.owner]
    everyone = float(past.gross.sum() / past.days.sum())
    return float((bought.gross[again].sum() + FEW_REPEATS * everyone) / (again.sum() + FEW_REPEATS))


def variances(past: History) -> tuple[float, float]:
    """Of log money per purchase day, within and between customers."""
    bought = past.bought
    paid = bought.gross > 0
    owner, logs = bought.owner[paid], np.log(bought.gross[paid])
    counts = np.bincount(owner, minlength=len(past.days)).astype(np.float64)
    several = np.maximum(counts, 1)
    means = np.bincount(owner, logs, len(counts)) / several
    spare = float((counts - 1)[counts > 1].sum())
    if spare < 10:
        return USUAL_WITHIN, USUAL_BETWEEN
    within = float(((logs - means[owner]) ** 2).sum() / spare)
    between = float(np.var(means[counts > 0]) - within * np.mean(1 / several[counts > 0]))
    return max(within, 1e-4), max(between, 1e-4)


def refund_share(past: History) -> Floats:
    """The part of each customer's money that goes back: their own and the merchant's, at most all of it."""
    total = float(past.gross.sum())
    if total <= 0:
        return np.zeros(len(past.days))
    merchant = min(float(past.refunded.sum()) / total, 1.0)
    usual = REFUND_K * total / float(past.days.sum())
    return np.clip((past.refunded + usual * merchant) / (past.gross + usual), 0.0, 1.0)
