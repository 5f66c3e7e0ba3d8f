"""From the first order to the next: a rate that decays, pooled over channels, markets drawn towards their channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from haitu.plan.payback import shapes
from haitu.plan.payback.counts import Counts
from haitu.plan.payback.pooled import Pool, factors, likeness, pool
from haitu.plan.payback.watched import Layout, Watched, summed

Array = NDArray[np.float64]

REPEATS_A_YEAR = (np.log(0.7), 1.0)  # a priori, per buyer in the first year, log mean and sd


def again(counts: Counts, plan: Layout, seen: Watched) -> Pool:
    """The repeats of each channel, with a shape that all share."""
    grid = shapes.repeats()
    events, exposed = summed(counts.again_by_age, plan.cells), summed(seen.buyers, plan.cells)
    over = dispersion(counts)
    # A person's many orders weigh on how many there are, and half as much on when they come.
    return pool(
        events, exposed, grid.by_week, grid.log_prior, level=REPEATS_A_YEAR, temper=over, temper_shape=(1 + over) / 2
    )


def repeat_rates(rng: np.random.Generator, counts: Counts, plan: Layout, seen: Watched, draws: int) -> list[Array]:
    """Repeats by week since the first order (draws × WEEKS) of each channel × market."""
    width = seen.buyers.shape[1]
    shape, rates, _ = again(counts, plan, seen).draw(rng, draws)
    by_week = [rate[:, None] * shapes.repeats().by_week[shape] for rate in rates]
    temper = dispersion(counts)
    events, expected = [], []
    for rate, of_channel in zip(by_week, plan.markets, strict=True):
        at = [cells for _, cells in of_channel]
        events.append(summed(counts.again_by_age, at).sum(axis=1) / temper)
        expected.append(summed(seen.buyers, at) @ rate[:, :width].T / temper)
    alike = likeness(events, [x.mean(axis=1) for x in expected])
    of_markets = [factors(rng, n, x, alike) for n, x in zip(events, expected, strict=True)]
    return [rate * f[:, None] for rate, market in zip(by_week, of_markets, strict=True) for f in market]


def dispersion(counts: Counts) -> float:
    """Variance over mean of a person's later orders, among those whose first came on the same day; at least 1."""
    n = counts.buyers.sum(axis=0)
    several = n > 1
    total = counts.again_of_day[several]
    if total.sum() < 20:
        return 2.0
    around = counts.again_squared[several] - total**2 / n[several]
    return float(np.clip((around * n[several] / (n[several] - 1)).sum() / total.sum(), 1.0, 5.0))
