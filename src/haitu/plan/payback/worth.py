"""What an order leaves: means by credibility, and the refunds that have not come yet.

A group's mean is drawn towards the mean of all in proportion to how little it has seen (Bühlmann 1967, "Experience
rating and credibility": weight n / (n + s²/t²)); no distribution of order values is assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from haitu.plan.payback.counts import REFUND_WEEKS, Counts
from haitu.plan.payback.seasons import exposure

Array = NDArray[np.float64]

LEAST_BETWEEN = 0.08  # of the mean: groups differ at least so much
WIDEST_CV = 1.5  # taken where fewer than three orders are known


def means(paid: Array) -> tuple[Array, Array]:
    """Mean contribution and its standard error per group; `paid` is G × 3: orders, their sum, their squares' sum."""
    n, total, squares = paid.T
    orders = n.sum()
    if orders == 0:
        return np.zeros(len(n)), np.zeros(len(n))
    mean = total.sum() / orders
    within = (squares.sum() - total.sum() ** 2 / orders) / (orders - 1) if orders > 2 else (WIDEST_CV * mean) ** 2
    within = max(within, (0.05 * mean) ** 2)
    own = np.divide(total, n, out=np.full_like(total, mean), where=n > 0)
    between = (n * (own - mean) ** 2).sum() - (len(n) - 1) * within
    spread = orders - (n**2).sum() / orders
    between = max(between / spread if spread > 0 else 0.0, (LEAST_BETWEEN * mean) ** 2)
    weight = n / (n + within / between)
    error = np.sqrt(between * (1 - weight) + within / orders)
    return weight * own + (1 - weight) * mean, error


def refunds_to_come(counts: Counts) -> float:
    """By what the contribution known so far is to be multiplied, so that refunds still under way are in it.

    Chain ladder: refunds of each week after an order over the orders that have been watched for that week.
    """
    gross = counts.gross.sum()
    if gross <= 0 or counts.refunded.sum() == 0:
        return 1.0
    watched = exposure(counts.gross[None, :], np.ones(counts.days), REFUND_WEEKS)[0]
    due = np.divide(counts.refunded, watched, out=np.zeros(REFUND_WEEKS), where=watched > 0.02 * gross).sum()
    known = counts.refunded.sum() / gross
    return float(np.clip((1 + due) / (1 + known), 0.0, 1.0)) if 1 + known > 0 else 1.0
