"""The most likely parameters and their covariance: Levenberg-Marquardt on whitened residuals, then Laplace.

Levenberg (1944), Marquardt (1963); the hyperparameters maximise the Laplace approximation of the marginal likelihood
(MacKay 1992; Tierney & Kadane 1986), for which the channels are linear around the current point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from haitu.plan.mix import baseline, learn
from haitu.plan.mix.model import OWN_AT, Hyper, Model, Whitened
from haitu.plan.mix.panel import Test
from haitu.plan.mix.response import EACH, LAG, Floats

ROUNDS = 3  # of parameters, then hyperparameters
STEPS = 40
COMPONENTS = 6
ENOUGH = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """The likeliest parameters under some hyperparameters, and the covariance around them."""

    theta: Floats
    covariance: Floats
    hyper: Hyper
    whitened: Whitened


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Equally weighted modes, one for each draw of the hyperparameters; the first is that of the likeliest."""

    modes: tuple[Mode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """Everything that should be a standard normal: weeks, tests, prior; and how it moves with the parameters."""

    values: Floats
    slopes: Floats


def residuals(model: Model, theta: Floats, whitened: Whitened, spread: Floats) -> Residuals:
    """Stacked in this order: markets' weeks, tests, prior."""
    mean, by = model.expected(theta)
    values, slopes = [], []
    for market, (part, matrix) in enumerate(zip(model.parts, whitened.matrices, strict=True)):
        size = model.sizes[market]
        values.append(matrix @ (model.outcomes[market] - mean[market, part.weeks] / size))
        slopes.append(-matrix @ (by[market, part.weeks] / size))
    for test in model.panel.tests:
        lift, gradient = lift_slope(model, theta, test)
        values.append(np.array([(test.lift - lift) / test.se]))
        slopes.append(-gradient[None, :] / test.se)
    values.append((model.prior_mean - theta) / spread)
    slopes.append(-np.diag(1 / spread))
    return Residuals(values=np.concatenate(values), slopes=np.concatenate(slopes))


def lift_slope(model: Model, theta: Floats, test: Test) -> tuple[float, Floats]:
    """A test's expected lift and its derivatives, by central differences: there are few tests."""
    own = slice(EACH * test.channel, EACH * (test.channel + 1))
    places = [*range(len(theta))[own]]
    if model.many:
        markets, channels, _ = model.shape
        places += [EACH * channels + market * channels + test.channel for market in range(markets)]
    step = 1e-5
    around = np.repeat(theta[None, :], 2 * len(places) + 1, axis=0)
    for row, place in enumerate(places):
        around[2 * row, place] += step
        around[2 * row + 1, place] -= step
    lifts = model.lift(around, test)
    gradient = np.zeros(len(theta))
    gradient[places] = (lifts[0:-1:2] - lifts[1:-1:2]) / (2 * step)
    return float(lifts[-1]), gradient


def climb(
    model: Model, theta: Floats, whitened: Whitened, spread: Floats, steps: int = STEPS
) -> tuple[Floats, Residuals]:
    """Levenberg-Marquardt with the step accepted only when it helps."""
    damping = 1e-2
    at = residuals(model, theta, whitened, spread)
    cost = float(at.values @ at.values)
    for _ in range(steps):
        curvature = at.slopes.T @ at.slopes
        gradient = at.slopes.T @ at.values
        step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), -gradient)
        step *= min(1.0, 1.5 / max(float(np.abs(step).max()), 1e-12))  # a factor of 4.5 at most
        tried = residuals(model, theta + step, whitened, spread)
        lower = float(tried.values @ tried.values)
        if lower < cost:
            gained, theta, at, cost = cost - lower, theta + step, tried, lower
            damping = max(damping / 5, 1e-9)
            if gained < ENOUGH * (1 + cost):
                break
        else:
            damping *= 6
            if damping > 1e8:
                break
    return theta, at


def first_guess(model: Model) -> Hyper:
    """Where the search for the hyperparameters starts."""
    return Hyper(baseline=baseline.MIDDLE.copy(), noise_ratio=np.ones(len(model.panel.markets)), own=OWN_AT)


def noise_ratios(model: Model, values: Floats, hyper: Hyper) -> Floats:
    """How much noisier each market is than the usual one, from its whitened residuals, drawn to one."""
    ratios, start = [], 0
    for part, ratio in zip(model.parts, hyper.noise_ratio, strict=True):
        count = len(part.weeks)
        mean_square = (float((values[start : start + count] ** 2).sum()) + 10.0) / (count + 10.0)
        ratios.append(float(ratio) * np.sqrt(mean_square))
        start += count
    found = np.array(ratios)
    return np.asarray(found / np.exp(np.log(found).mean()))


def starts(model: Model) -> list[Floats]:
    """The prior's middle, and the same with lags much shorter and much longer: the lag is where modes part."""
    found = []
    for shift in (0.0, -1.0, 1.0):
        theta = model.prior_mean.copy()
        places = EACH * np.arange(len(model.panel.channels)) + LAG
        theta[places] += shift * model.prior_spread[places]
        found.append(theta)
    return found


def evidence(at: Residuals, whitened: Whitened, spread: Floats) -> float:
    """Laplace's log marginal likelihood up to a constant."""
    _, volume = np.linalg.slogdet(at.slopes.T @ at.slopes)
    misfit = float(at.values @ at.values)
    return -0.5 * (misfit + float(volume) + whitened.log_volume + 2 * float(np.log(spread).sum()))


def fit(model: Model, *, seed: int, components: int = COMPONENTS) -> Fit:
    """The whole of it: several starts, hyperparameters learned, then as many modes as hyperparameters are likely."""
    hyper = first_guess(model)
    whitened, spread = model.whiten(hyper), model.spreads(hyper)
    tried = [climb(model, theta, whitened, spread) for theta in starts(model)]
    theta, at = max(tried, key=lambda pair: evidence(pair[1], whitened, spread))
    surprise = None
    for _ in range(ROUNDS):
        if model.many:
            hyper = replace(hyper, noise_ratio=noise_ratios(model, at.values, hyper))
        lifts = [lift_slope(model, theta, test) for test in model.panel.tests]
        hyper, surprise = learn.learn(model, theta, hyper, lifts)
        whitened, spread = model.whiten(hyper), model.spreads(hyper)
        theta, at = climb(model, theta, whitened, spread)
    best = mode(theta, at, hyper, whitened)
    dice = np.random.default_rng(seed)
    others = [] if surprise is None else learn.others(model, hyper, surprise, components - 1, dice)
    modes = [best]
    for other in others:
        whitened, spread = model.whiten(other), model.spreads(other)
        modes.append(mode(*climb(model, theta, whitened, spread, steps=3), other, whitened))
    return Fit(modes=tuple(modes))


def mode(theta: Floats, at: Residuals, hyper: Hyper, whitened: Whitened) -> Mode:
    """Laplace's normal there."""
    precision = at.slopes.T @ at.slopes
    covariance = np.linalg.inv(precision)
    return Mode(theta=theta, covariance=(covariance + covariance.T) / 2, hyper=hyper, whitened=whitened)
