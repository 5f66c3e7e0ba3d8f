"""Quantiles learnt from earlier forecasts of all series together, and quantiles from a distribution of counts."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaincinv

from haitu.plan.forecast.panel import Floats

STEPS, RIDGE, NEAR = 10, 1e-3, 0.02
SMALLEST = 1e-9


def regression(columns: Floats, target: Floats, weight: Floats, asked: tuple[float, ...]) -> Floats:
    """Coefficients, columns x (quantiles asked, then the mean): linear quantile regression (Koenker & Bassett 1978).

    Iteratively reweighted least squares with a ridge that is relative to each column's own size.
    """
    mean = _solved(columns, target, weight)
    found, start = [], mean
    for level in asked:
        for _ in range(STEPS):
            miss = target - columns @ start
            pull = weight * np.where(miss > 0, level, 1 - level) / np.maximum(np.abs(miss), NEAR)
            start = _solved(columns, target, pull)
        found.append(start)
    return np.column_stack([*found, mean])


def of_counts(mean: Floats, variance: Floats, asked: tuple[float, ...]) -> Floats:
    """Series x quantiles of a gamma with this mean and variance: a negative binomial's, before whole units are sold."""
    mean = np.maximum(mean, SMALLEST)
    variance = np.maximum(variance, mean)
    shape = np.maximum(np.square(mean) / variance, SMALLEST)
    quantiles = gammaincinv(shape[:, None], np.array(asked)[None, :]) * (variance / mean)[:, None]
    return np.asarray(np.nan_to_num(quantiles, nan=0.0, posinf=0.0))


def _solved(columns: Floats, target: Floats, weight: Floats) -> Floats:
    weighted = columns * weight[:, None]
    gram = weighted.T @ columns
    size = np.diag(gram)
    gram = gram + np.diag(RIDGE * size + SMALLEST * max(float(size.max()), SMALLEST))
    return np.asarray(np.linalg.solve(gram, weighted.T @ target))
