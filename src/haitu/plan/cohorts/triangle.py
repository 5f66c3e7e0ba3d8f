"""The triangle: repeat orders by month of first order and calendar month, a penalised quasi-Poisson regression.

log(orders) = log(customers x days) + level + decay by age + season + cohort + month's shock. Whatever is not told by
the data stays where its prior has it: the season at the retail index, the cohorts alike (England & Verrall 2002,
"Stochastic claims reserving in general insurance", has the triangle; Green 1987 the penalised likelihood).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Standard deviations of the logarithms, before the data speak.
LEVEL_SD, DECAY, DECAY_SD, FIRST_MONTH_SD = 1.0, -0.4, 0.1, 1.0
FEW_ORDERS, FEW_DAYS = 0.5, 60.0  # what the level rests on where nobody was seen yet
SEASON_SD, COHORT_SD, SHOCK_SD = 0.3, 0.3, 0.1
LONGEST_MONTHS = 36
MOST_COHORTS, FEWEST_MONTHS = 6, 12  # the merchant's own season needs more cohorts and as many months,
TWO_YEARS = 24  # or so many months: then each has been seen at two ages


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What was seen: one entry per cohort and calendar month (both months since January 1970)."""

    cohort: Ints
    month: Ints
    orders: Floats
    exposure: Floats  # customer days
    retail: Floats  # the season's factor of those days by the retail index


@dataclass(frozen=True, slots=True, kw_only=True)
class Triangle:
    """The fitted coefficients; `season` by month of the year (logarithms, beside the retail index)."""

    level: float
    decay: float
    season: Floats
    cohorts: Ints
    effects: Floats
    dispersion: float
    knows_season: bool

    def rate(self, cohort: Ints, month: Ints, retail: Floats) -> Floats:
        """Orders per customer day."""
        at = np.minimum(np.searchsorted(self.cohorts, cohort), len(self.cohorts) - 1)
        effect = np.where(self.cohorts[at] == cohort, self.effects[at], 0.0)  # a cohort of today has no cell yet
        age = np.log1p((month - cohort).astype(np.float64))
        return np.asarray(np.exp(self.level + self.decay * age + self.season[month % 12] + effect) * retail)


def lately(cells: Cells) -> Cells:
    """The last months of it; how people bought four years ago says little and takes long."""
    kept = cells.month > cells.month.max() - LONGEST_MONTHS
    return Cells(
        cohort=cells.cohort[kept],
        month=cells.month[kept],
        orders=cells.orders[kept],
        exposure=cells.exposure[kept],
        retail=cells.retail[kept],
    )


def fit(cells: Cells) -> Triangle:
    """Iterated ridge regression (Fisher scoring); the dispersion by Pearson's statistic, not below one."""
    cells = lately(cells)
    cohorts, which = np.unique(cells.cohort, return_inverse=True)
    months, when = np.unique(cells.month, return_inverse=True)
    knows_season = len(months) >= (FEWEST_MONTHS if len(cohorts) > MOST_COHORTS else TWO_YEARS)
    age = (cells.month - cells.cohort).astype(np.float64)
    rows = np.arange(len(age))
    season = np.zeros((len(rows), 12))
    season[rows, cells.month % 12] = float(knows_season)
    cohort, shock = np.zeros((len(rows), len(cohorts))), np.zeros((len(rows), len(months)))
    cohort[rows, which], shock[rows, when] = 1.0, 1.0
    design = np.column_stack([np.ones_like(age), np.log1p(age), age == 0, season, cohort, shock])
    sd = np.concatenate(
        [
            [LEVEL_SD, DECAY_SD, FIRST_MONTH_SD],
            np.full(12, SEASON_SD),
            np.full(len(cohorts), COHORT_SD),
            np.full(len(months), SHOCK_SD),
        ]
    )
    centre = np.zeros(len(sd))
    centre[0] = np.log((cells.orders.sum() + FEW_ORDERS) / (cells.exposure.sum() + FEW_DAYS))
    centre[1] = DECAY
    offset = np.log(np.maximum(cells.exposure, 1e-9) * cells.retail)
    beta, dispersion = centre.copy(), 1.0
    for _ in range(20):
        mean = np.exp(np.clip(offset + design @ beta, -30, 30))
        weighted = design * (mean / dispersion)[:, None]
        slope = design.T @ ((cells.orders - mean) / dispersion) - (beta - centre) / sd**2
        step = np.linalg.solve(design.T @ weighted + np.diag(1 / sd**2), slope)
        beta = beta + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        pearson = ((cells.orders - mean) ** 2 / np.maximum(mean, 1e-9)).sum()
        dispersion = max(1.0, float(pearson) / max(len(rows) - 5.0, 5.0))
        if float(np.abs(step).max()) < 1e-5:
            break
    end = 15 + len(cohorts)
    return Triangle(
        level=float(beta[0]),
        decay=float(beta[1]),
        season=beta[3:15],
        cohorts=cohorts,
        effects=beta[15:end],
        dispersion=dispersion,
        knows_season=knows_season,
    )
