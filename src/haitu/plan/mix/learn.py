"""How noisy, seasonal, wandering and alike the markets are: learned by marginal likelihood, not set.

With the channels taken as linear around the current point everything is Gaussian, so the Laplace approximation of the
marginal likelihood (MacKay 1992, "A practical Bayesian framework for backpropagation networks", section 3) has a closed
form. Its cost does not grow with the weeks: noise that carries over is undone once per value of the carry, and only
inner products remain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from haitu.plan.mix import baseline
from haitu.plan.mix.baseline import Parts
from haitu.plan.mix.model import OWN_AT, OWN_SPREAD, Hyper, Model
from haitu.plan.mix.response import Floats

LEAST, MOST = -6.0, 3.0  # of logarithms: a quarter of a percent of the outcome; less noise is no data
FLATTEST = 0.5  # the least curvature believed: the hyperparameters' own priors are not flatter


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """The model around a point: what each market's week would be without channels at zero, and the slopes."""

    parts: list[Parts]
    columns: list[Floats]  # per market (week, weights + parameters + 1): regressors, slopes, what is to be explained
    precision: Floats  # what experiments say of the parameters, (parameter, parameter)
    pulled: Floats  # (parameter,)
    misfit: float


def around(model: Model, theta: Floats, lifts: list[tuple[float, Floats]]) -> Linear:
    """The outcome as a linear function of the parameters near `theta`; `lifts` are the tests' values and slopes."""
    mean, by = model.expected(theta)
    columns = []
    for market, part in enumerate(model.parts):
        size = model.sizes[market]
        slope = by[market, part.weeks] / size
        rest = model.outcomes[market] - mean[market, part.weeks] / size + slope @ theta
        columns.append(np.concatenate([baseline.regressors(part), slope, rest[:, None]], axis=1))
    precision, pulled, misfit = np.zeros((len(theta), len(theta))), np.zeros(len(theta)), 0.0
    for test, (lift, gradient) in zip(model.panel.tests, lifts, strict=True):
        value, row = (test.lift - lift + gradient @ theta) / test.se, gradient / test.se
        precision += np.outer(row, row)
        pulled += row * value
        misfit += float(value**2)
    return Linear(parts=model.parts, columns=columns, precision=precision, pulled=pulled, misfit=misfit)


class Surprise:
    """Twice the negative log marginal likelihood with the hyperparameters' own priors, cheap to ask often."""

    def __init__(self, model: Model, linear: Linear, hyper: Hyper) -> None:
        self.model, self.linear, self.hyper = model, linear, hyper
        self.carried: float | None = None
        self.products: list[tuple[Floats, float]] = []

    def _inner(self, carry: float) -> list[tuple[Floats, float]]:
        if carry != self.carried:
            self.carried, self.products = carry, []
            for part, columns in zip(self.linear.parts, self.linear.columns, strict=True):
                white, volume = baseline.uncarried(part, columns, carry)
                self.products.append((white.T @ white, volume))
        return self.products

    def __call__(self, point: Floats) -> float:
        """At the baseline's five and the log spread of the markets."""
        spread = self.model.spreads(replace(self.hyper, own=float(point[-1])))
        mean = self.model.prior_mean
        precision = self.linear.precision + np.diag(1 / spread**2)
        pulled = self.linear.pulled + mean / spread**2
        total = self.linear.misfit + float(((mean / spread) ** 2).sum()) + 2 * float(np.log(spread).sum())
        for part, ratio, (product, volume) in zip(
            self.linear.parts, self.hyper.noise_ratio, self._inner(baseline.carry(point)), strict=True
        ):
            noise = float((np.exp(point[0]) * ratio) ** 2)
            inner, prior = product / noise, baseline.variances(part, point[:-1])
            weights = len(prior)
            factor = np.linalg.cholesky(inner[:weights, :weights] + np.diag(1 / prior))
            crossed = np.linalg.solve(factor, inner[:weights, weights:])
            rest = inner[weights:, weights:] - crossed.T @ crossed
            precision += rest[:-1, :-1]
            pulled = pulled + rest[:-1, -1]
            total += float(rest[-1, -1]) + volume + len(part.weeks) * float(np.log(noise))
            total += 2 * float(np.log(np.diag(factor)).sum()) + float(np.log(prior).sum())
        factor = np.linalg.cholesky(precision)
        solved = np.linalg.solve(factor, pulled)
        total += 2 * float(np.log(np.diag(factor)).sum()) - float(solved @ solved)
        total += float((((point[:-1] - baseline.MIDDLE) / baseline.SPREAD) ** 2).sum())
        return total + ((float(point[-1]) - OWN_AT) / OWN_SPREAD) ** 2


def learn(model: Model, theta: Floats, hyper: Hyper, lifts: list[tuple[float, Floats]]) -> tuple[Hyper, Surprise]:
    """The hyperparameters under which the outcome is least surprising, and the surprise around `theta`."""
    surprise = Surprise(model, around(model, theta, lifts), hyper)
    start = np.append(hyper.baseline, hyper.own)
    free = len(start) if model.many else len(start) - 1

    def of_free(point: Floats) -> float:
        return surprise(np.clip(np.concatenate([point, start[free:]]), LEAST, MOST))

    found = minimize(of_free, start[:free], method="BFGS", options={"maxiter": 12, "gtol": 0.05, "eps": 1e-4})
    best = np.clip(np.concatenate([found.x, start[free:]]), LEAST, MOST)
    return replace(hyper, baseline=best[:-1], own=float(best[-1])), surprise


def others(model: Model, hyper: Hyper, surprise: Surprise, count: int, dice: np.random.Generator) -> list[Hyper]:
    """Hyperparameters about as likely as the best: draws of the normal that the surprise's curvature gives."""
    best = np.append(hyper.baseline, hyper.own)
    free = len(best) if model.many else len(best) - 1
    curvature = _curvature(surprise, best, free) / 2
    values, axes = np.linalg.eigh(curvature)
    spread = 1 / np.sqrt(np.maximum(values, FLATTEST))
    found = []
    for _ in range(count):
        point = best.copy()
        point[:free] += axes @ (spread * np.clip(dice.standard_normal(free), -2, 2))
        point = np.clip(point, LEAST, MOST)
        found.append(replace(hyper, baseline=point[:-1], own=float(point[-1])))
    return found


def _curvature(surprise: Surprise, best: Floats, free: int) -> Floats:
    """Second differences in steps of a quarter: the carry is never negative, which smaller steps would stumble over."""
    step, middle = 0.25 * np.eye(len(best)), surprise(best)
    one = [(surprise(best + step[i]), surprise(best - step[i])) for i in range(free)]
    curvature = np.diag([(up + down - 2 * middle) / 0.0625 for up, down in one])
    for i in range(free):
        for j in range(i):
            both = surprise(best + step[i] + step[j])
            curvature[i, j] = curvature[j, i] = (both - one[i][0] - one[j][0] + middle) / 0.0625
    return np.asarray(curvature)
