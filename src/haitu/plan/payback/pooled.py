"""Rates of several groups that share a shape over time and partly a level: Gamma-Poisson on a grid, in closed form.

Group g has N_gl events in bin l and exposure E_gl. Given shape k (p_kl) and level μ its rate is λ_g ~ Gamma(a, a/μ) and
N_gl ~ Poisson(λ_g p_kl E_gl), so that with N_g = Σ N_gl and X_gk = Σ_l E_gl p_kl

    log p(N_g | k, μ, a) = Σ_l N_gl log p_kl + log Γ(a+N_g)/Γ(a) + a log(a/μ) − (a+N_g) log(a/μ + X_gk)

(Gelman et al., Bayesian Data Analysis, 3rd ed., §2.6 and §5.). The shape, the level and how alike groups are (a) are
summed over a grid; nothing is searched for, so nothing can fail to converge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

ALIKE = np.array([4.0, 12.0, 30.0, 80.0])  # 1/CV² of groups within a channel
FAR_OFF = 12.0  # shapes whose log likelihood is so much below the best are left out
ALIKE_PRIOR = np.log([0.15, 0.3, 0.35, 0.2])
LEVELS = 31
LIKENESS, LIKENESS_EVENTS = 25.0, 20_000.0  # a priori, and how many squared events that weighs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The posterior over shape × level × likeness, and what draws of group rates need."""

    shapes: Ints  # K: the places of the shapes that were kept
    weights: Array  # K × M × A, sums to 1
    levels: Array  # M
    alike_prior: Array  # A
    events: Array  # G
    exposed: Array  # G × K

    def draw(self, rng: np.random.Generator, draws: int) -> tuple[Ints, Array, Array]:
        """Shapes (draws), rates (G × draws) and the level of a group not seen (draws)."""
        chosen = rng.choice(self.weights.size, size=draws, p=self.weights.ravel())
        shape, level, alike = np.unravel_index(chosen, self.weights.shape)
        a, mu = ALIKE[alike], self.levels[level]
        rates = rng.gamma(a + self.events[:, None], 1 / (a / mu + self.exposed[:, shape]))
        return self.shapes[shape], rates, mu * rng.gamma(a, 1 / a)

    def expected(self, by_week: Array) -> Array:
        """Events by week of one more exposed in each group together: the posterior mean (L)."""
        of_shape = self.weights.sum(axis=(1, 2))
        exposed = of_shape @ self.exposed.sum(axis=0)
        rate = self.events.sum() / max(float(exposed), 1e-12)
        result: Array = rate * (of_shape @ by_week[self.shapes])
        return result

    def log_alike(self) -> Array:
        """What these groups alone say of ALIKE: log posterior less the prior it was given (up to a constant)."""
        result: Array = np.log(np.maximum(self.weights.sum(axis=(0, 1)), 1e-12)) - self.alike_prior
        return result

    def log_level(self) -> tuple[float, float]:
        """Mean and standard deviation of the log level."""
        of_level = self.weights.sum(axis=(0, 2))
        logs = np.log(self.levels)
        mean = float(of_level @ logs)
        return mean, float(np.sqrt(of_level @ (logs - mean) ** 2))


def pool(
    events: Array,
    exposure: Array,
    by_week: Array,
    log_prior: Array,
    *,
    level: tuple[float, float],
    temper: float = 1.0,
    temper_shape: float = 1.0,
    alike: Array = ALIKE_PRIOR,
) -> Pool:
    """The posterior of groups (rows of `events` and `exposure`, G × L). `level`: log mean and sd of the prior.

    `alike`: log prior of ALIKE. `temper` > 1: how much more the events vary than Poisson; they then
    count for less (quasi-likelihood). `temper_shape`: the same of how they lie over the bins, given how many they are.
    """
    width = events.shape[1]
    total = events.sum(axis=1) / temper  # G
    exposed = exposure @ by_week[:, :width].T / temper  # G × K
    watched = np.log(np.maximum(exposed, 1e-300))
    lie = events.sum(axis=0) @ np.log(np.maximum(by_week[:, :width], 1e-300)).T - events.sum(axis=1) @ watched
    fit = log_prior + lie / temper_shape  # K
    profile = fit + total @ watched - total.sum() * np.log(np.maximum(exposed.sum(axis=0), 1e-300))
    kept = np.flatnonzero(profile >= profile.max() - FAR_OFF)
    exposed, fit = exposed[:, kept], (fit + total @ watched)[kept]
    mean, sd = level
    grid = np.linspace(mean - 3 * sd, mean + 3 * sd, LEVELS)
    at = ALIKE[None, :] / np.exp(grid)[:, None]  # M × A
    log_weight = fit[:, None, None] - 0.5 * ((grid - mean) / sd)[None, :, None] ** 2
    log_weight = log_weight + alike
    for n, x in zip(total, exposed, strict=True):
        log_weight += gammaln(ALIKE + n) - gammaln(ALIKE) + ALIKE * np.log(at)
        log_weight -= (ALIKE + n) * np.log(at[None] + x[:, None, None])
    weights = np.exp(log_weight - log_weight.max())
    return Pool(
        shapes=kept,
        weights=weights / weights.sum(),
        levels=np.exp(grid),
        alike_prior=alike,
        events=total,
        exposed=exposed,
    )


def likeness(events: Sequence[Array], expected: Sequence[Array]) -> float:
    """1/CV² of parts around their groups, by moments over several groups; a part alone in its group says nothing."""
    several = [
        (n, x * n.sum() / x.sum())
        for n, x in zip(events, expected, strict=True)
        if len(n) > 1 and x.sum() > 0 and n.sum() > 0
    ]
    if not several:
        return LIKENESS
    over = sum(float(((n - x) ** 2 - x * (1 - x / x.sum())).sum()) for n, x in several)
    size = sum(float((x**2).sum()) for _, x in several)
    usual = LIKENESS_EVENTS / LIKENESS
    return float(np.clip((size + LIKENESS_EVENTS) / max(over + usual, 1e-9), ALIKE[0], 200))


def factors(rng: np.random.Generator, events: Array, expected: Array, alike: float) -> Array:
    """Draws (n × draws) of what each part of a group is above or below it; `expected` n × draws, given the group.

    Gamma(a + N, a + expected), so that parts without data are as their group and parts with much as their own.
    """
    if len(events) == 1:
        return np.ones_like(expected)
    drawn: Array = rng.gamma(alike + events[:, None], 1 / (alike + expected))
    return drawn
