"""Quantiles learnt from earlier forecasts of all series together, and quantiles from a distribution of counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from haitu.plan.forecast.panel import Floats

FIRST_STEPS, STEPS, RIDGE, NEAR = 8, 4, 1e-3, 0.02
SMALLEST = 1e-9
MEDIAN = 0.5
SLACK = 0.5  # of a unit: what rounding forgives
STRETCH = (1.0, 3.0)
SIZES = (0.4, 0.8)  # of the series, where medium and large ones begin
UPPER = 0.5


def regression(columns: Floats, target: Floats, weight: Floats, asked: tuple[float, ...]) -> Floats:
    """Coefficients, columns x (quantiles asked, then the mean): linear quantile regression (Koenker & Bassett 1978).

    Iteratively reweighted least squares with a ridge that is relative to each column's own size.
    """
    mean = _solved(columns, target, weight)
    middle = sum(level < MEDIAN for level in asked)
    found: dict[int, Floats] = {}
    for way in (range(middle, len(asked)), range(middle - 1, -1, -1)):  # each begins where its neighbour ended
        start = found.get(middle, mean)
        for place in way:
            for _ in range(STEPS if found else FIRST_STEPS):
                miss = target - columns @ start
                pull = weight * np.where(miss > 0, asked[place], 1 - asked[place]) / np.maximum(np.abs(miss), NEAR)
                start = _solved(columns, target, pull)
            found[place] = start
    return np.column_stack([*(found[place] for place in range(len(asked))), mean])


def of_counts(mean: Floats, variance: Floats, asked: tuple[float, ...]) -> Floats:
    """Series x quantiles of a gamma with this mean and variance: a negative binomial's, before whole units are sold."""
    mean = np.maximum(mean, SMALLEST)
    variance = np.maximum(variance, mean)
    shape = np.maximum(np.square(mean) / variance, SMALLEST)
    quantiles = gammaincinv(shape[:, None], np.array(asked)[None, :]) * (variance / mean)[:, None]
    return np.asarray(np.nan_to_num(quantiles, nan=0.0, posinf=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """By how much the outer quantiles lie further from the median: sizes x (lower, upper); sizes begin at `edges`."""

    edges: Floats
    stretch: Floats


def tails(told: Floats, came: Floats, size: Floats, asked: tuple[float, ...]) -> Tails:
    """The stretch with which each tail would have held its share, for small and large series apart.

    Split conformal within classes (Vovk 2013). A row counts once; rounding is forgiven, for units are told whole.
    """
    edges = np.unique(np.concatenate([[-np.inf], np.quantile(size, SIZES)]))
    of = np.searchsorted(edges, size, side="right") - 1
    middle, stretch = asked.index(MEDIAN), np.ones((len(edges), 2))
    for side, outer in enumerate((0, -1)):
        width = np.maximum(np.abs(told[:, outer] - told[:, middle]), SMALLEST)
        miss = (told[:, middle] - came) if side == 0 else (came - told[:, middle])
        missing = np.maximum(miss - SLACK, 0.0) / width
        share = max(asked[outer], 1 - asked[outer])
        for group in range(len(edges)):
            if (rows := missing[of == group]).size:
                stretch[group, side] = np.quantile(rows, share)
    return Tails(edges=edges, stretch=np.clip(stretch, *STRETCH))


def stretched(told: Floats, by: Tails, size: Floats, asked: tuple[float, ...]) -> Floats:
    """Quantiles pulled from their median: the outermost as told, the others the less the nearer they lie to it."""
    middle = asked.index(MEDIAN)
    far = np.square((np.array(asked) - MEDIAN) / (max(asked) - MEDIAN))
    lower, upper = by.stretch[np.searchsorted(by.edges, size, side="right") - 1].T[:, :, None]
    below = np.arange(len(asked)) < middle
    factor = np.where(below, 1 + (lower - 1) * far, 1 + (upper**UPPER - 1) * np.square(far))
    median = told[:, middle, None]
    return np.asarray(np.maximum.accumulate(np.maximum(median + (told - median) * factor, 0.0), axis=1))


def _solved(columns: Floats, target: Floats, weight: Floats) -> Floats:
    weighted = columns * weight[:, None]
    gram = weighted.T @ columns
    size = np.diag(gram)
    gram = gram + np.diag(RIDGE * size + SMALLEST * max(float(size.max()), SMALLEST))
    return np.asarray(np.linalg.solve(gram, weighted.T @ target))
