"""What would have been sold without any channel: level, trend, season, events and noise, as one covariance a market.

All of it is linear with Gaussian weights, so it is integrated out exactly (the variable projection of Golub & Pereyra
1973 with priors): given the channels, the outcome is normal with the covariance of `Baseline`, and the parts come back
as their best linear unbiased predictions (Henderson 1975). The trend is a random walk at knots a quarter apart; how far
it may step, how large the season is and how much a week's noise carries over are learned from the data, not set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haitu.plan.mix.panel import Panel
from haitu.plan.mix.response import Floats

KNOT_WEEKS = 13
HARMONICS = 3
LEVEL, SLOPE_A_YEAR, CONTROL = 3.0, 0.3, 0.5  # prior standard deviations, in the market's usual weekly outcome
NOISE, STEP, YEAR, QUARTERS, CARRY = range(5)
NAMES = ("noise", "step", "year", "quarters", "carry")
MIDDLE = np.array([np.log(0.1), np.log(0.02), np.log(0.08), np.log(0.03), 0.1])  # usual sizes, of the weekly outcome
SPREAD = np.array([2.0, 1.0, 1.0, 1.0, 0.2])  # how far from usual, as of a normal


def carry(hyper: Floats) -> float:
    """How much of a week's noise is still there a week later: never negative, which would only feign precision."""
    return float(np.tanh(max(float(hyper[CARRY]), 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The regressors of one market's baseline at the weeks seen, in units of its usual weekly outcome."""

    weeks: NDArray[np.int64]  # places of the weeks seen
    level: Floats  # (week, 2): one, years from the middle
    trend: Floats  # (week, knot)
    season: Floats  # (week, 2 x harmonic)
    controls: Floats  # (week, control)
    control_spread: float


def parts(panel: Panel, market: int) -> Parts:
    """Built for all weeks of the window, then those that were seen."""
    count = len(panel.weeks)
    places = np.flatnonzero(panel.seen[market])
    weeks = np.arange(count, dtype=np.float64)
    knots = np.arange(0, max(count - 1, 1) + KNOT_WEEKS, KNOT_WEEKS, dtype=np.float64)
    hats = np.maximum(0.0, 1 - np.abs(weeks[:, None] - knots[None, :]) / KNOT_WEEKS)
    steps = np.tril(np.ones((len(knots), len(knots))))[:, 1:]  # a knot is the sum of the steps before it
    angle = 2 * np.pi * panel.week_of_year[:, None] * np.arange(1, HARMONICS + 1)[None, :]
    fade = 1 / np.arange(1, HARMONICS + 1)
    return Parts(
        weeks=places,
        level=np.stack([np.ones(count), (weeks - weeks.mean()) / 52.18], axis=1)[places],
        trend=(hats @ steps)[places],
        season=np.concatenate([np.sin(angle) * fade, np.cos(angle) * fade], axis=1)[places],
        controls=panel.controls[:, market, :].T[places],
        control_spread=CONTROL if len(panel.markets) == 1 else 0.05,
    )


def regressors(part: Parts) -> Floats:
    """Level, trend, season and controls side by side: (week, weight)."""
    return np.concatenate([part.level, part.trend, part.season, part.controls], axis=1)


def variances(part: Parts, hyper: Floats) -> Floats:
    """The prior variance of each regressor's weight at these hyperparameters."""
    return np.concatenate(
        [
            np.array([LEVEL, SLOPE_A_YEAR]) ** 2,
            np.full(part.trend.shape[1], np.exp(2 * hyper[STEP])),
            np.where(
                np.arange(part.season.shape[1]) % HARMONICS == 0, np.exp(2 * hyper[YEAR]), np.exp(2 * hyper[QUARTERS])
            ),
            np.full(part.controls.shape[1], part.control_spread**2),
        ]
    )


def covariance(part: Parts, hyper: Floats, noise_ratio: float) -> Floats:
    """(week, week) of the baseline with its noise."""
    design = regressors(part)
    apart = np.abs(part.weeks[:, None] - part.weeks[None, :])
    noise = (np.exp(hyper[NOISE]) * noise_ratio) ** 2 * carry(hyper) ** apart
    return np.asarray((design * variances(part, hyper)) @ design.T + noise)


def uncarried(part: Parts, columns: Floats, carried: float) -> tuple[Floats, float]:
    """`columns` (week, any) as if noise did not carry over from week to week, and the log volume this took."""
    through = carried ** np.diff(part.weeks)
    left = np.sqrt(1 - through**2)
    after = (columns[1:] - through[:, None] * columns[:-1]) / left[:, None]
    return np.concatenate([columns[:1], after]), 2 * float(np.log(left).sum())


def decompose(part: Parts, hyper: Floats, noise_ratio: float, rest: Floats) -> dict[str, Floats]:
    """What is left once the channels are taken out, split into level, season and controls; the remainder is noise."""
    solved = np.linalg.solve(covariance(part, hyper, noise_ratio), rest)
    design = regressors(part)
    each = design * variances(part, hyper) * (design.T @ solved)[None, :]
    level, season = part.level.shape[1] + part.trend.shape[1], part.season.shape[1]
    return {
        "baseline": each[:, :level].sum(axis=1),
        "season": each[:, level : level + season].sum(axis=1),
        "controls": each[:, level + season :],
    }
