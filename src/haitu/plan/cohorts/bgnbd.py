"""BG/NBD: buyers who order at random, each at a rate of their own, and who may leave for good after any order.

Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model", Marketing
Science 24(2). Times are in days of the clock that the caller keeps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyers:
    """Kinds of buyers: `repeats` after the first order, the last at age `recency`, now of `age`; `weight` of each."""

    repeats: Floats
    recency: Floats
    age: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Normal on the logarithms of (r, alpha, a, b); alpha's is in the clock's days."""

    mean: Floats
    sd: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """`theta`: logarithms of (r, alpha, a, b); `covariance` of them; `log_likelihood` without the prior."""

    theta: Floats
    covariance: Floats
    log_likelihood: float


def log_likelihood(theta: Floats, buyers: Buyers) -> tuple[float, Floats]:
    """Equation (6) of the paper, summed over buyers, and its gradient by the logarithms of the parameters."""
    r, alpha, a, b = np.exp(theta)
    x, weight = buyers.repeats, buyers.weight
    steps, which = np.unique(x, return_inverse=True)
    counted = np.bincount(which, weight, len(steps))
    repeated = steps > 0
    by_steps = (
        gammaln(r + steps) - gammaln(r) + gammaln(a + b) - gammaln(a + b + steps) + gammaln(b + steps) - gammaln(b)
    )
    leaving = np.where(repeated, np.log(a) - np.log(b + np.maximum(steps, 1) - 1), -np.inf)
    log_age, log_recency = np.log(alpha + buyers.age), np.log(alpha + buyers.recency)
    staying = -(r + x) * log_age
    left = leaving[which] - (r + x) * log_recency
    either = np.logaddexp(staying, left)
    total = float(counted @ by_steps + weight.sum() * r * np.log(alpha) + weight @ either)
    p_left = np.exp(left - either)
    share = weight * p_left
    left_by_steps = np.bincount(which, share, len(steps))
    d_r = counted @ (digamma(r + steps) - digamma(r)) + weight.sum() * np.log(alpha)
    d_r -= weight @ log_age + share @ (log_recency - log_age)
    d_alpha = weight.sum() * r / alpha
    d_alpha -= weight @ ((r + x) * ((1 - p_left) / (alpha + buyers.age) + p_left / (alpha + buyers.recency)))
    both = digamma(a + b) - digamma(a + b + steps)
    d_a = counted @ both + left_by_steps.sum() / a
    d_b = counted @ (both + digamma(b + steps) - digamma(b))
    d_b -= left_by_steps[repeated] @ (1 / (b + steps[repeated] - 1))
    return total, np.array([d_r * r, d_alpha * alpha, d_a * a, d_b * b])


def fit(buyers: Buyers, *, prior: Prior | None = None, coarseness: float = 1.0) -> Fit:
    """Maximum likelihood, or with a prior the mode; the likelihood to the power `coarseness` (Miller & Dunson 2019)."""

    def loss(theta: Floats) -> tuple[float, Floats]:
        value, slope = log_likelihood(theta, buyers)
        value, slope = coarseness * value, coarseness * slope
        if prior is not None:
            z = (theta - prior.mean) / prior.sd
            value, slope = value - 0.5 * float(z @ z), slope - z / prior.sd
        return -value / scale, -slope / scale

    scale = max(coarseness * float(buyers.weight.sum()), 1.0)
    start = prior.mean if prior is not None else np.log([0.5, max(float(np.median(buyers.age)) / 2, 1.0), 1.0, 2.5])
    bounds = [(-7.0, 7.0), (-4.0, 12.0), (-9.0, 7.0), (-7.0, 9.0)]
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500}
    )
    theta = np.asarray(found.x)
    curvature = _curvature(lambda at: loss(at)[1] * scale, theta)
    values, vectors = np.linalg.eigh(curvature)
    covariance = (vectors / np.maximum(values, 0.05)) @ vectors.T  # flat directions: no wider than is sensible
    return Fit(theta=theta, covariance=covariance, log_likelihood=log_likelihood(theta, buyers)[0])


def _curvature(slope: object, theta: Floats) -> Floats:
    columns = []
    for k in range(len(theta)):
        step = np.zeros(len(theta))
        step[k] = 1e-4
        columns.append((slope(theta + step) - slope(theta - step)) / 2e-4)  # type: ignore[operator]
    found = np.array(columns)
    return np.asarray((found + found.T) / 2)


NODES = 12


def expected(theta: Floats, buyers: Buyers, ahead: Floats) -> Floats:
    """Mean orders of each kind of buyers in the next `ahead` days, one column each; equation (10) as an integral.

    The closed form is undefined where a + b < 1 and loses all digits near it; over the chance p of leaving after an
    order it is an integral of a smooth function against a beta density, which Gauss-Jacobi nodes do exactly enough.
    """
    r, alpha, a, b = np.exp(theta)
    steps, which = np.unique(buyers.repeats, return_inverse=True)
    p, mass = beta_nodes(a, b + steps)
    rate = (r + buyers.repeats) / (alpha + buyers.age)
    orders = np.empty((len(which), len(ahead)))
    p, mass = p[which], mass[which]
    power = (r + buyers.repeats)[:, None]
    for k, days in enumerate(ahead):
        some = -np.expm1(-power * np.log1p(p * days / (alpha + buyers.age)[:, None]))
        orders[:, k] = (mass * np.where(p > 1e-12, some / np.maximum(p, 1e-12), (rate * days)[:, None])).sum(1)
    return np.asarray(alive(theta, buyers)[:, None] * orders)


def alive(theta: Floats, buyers: Buyers) -> Floats:
    """The chance that each is still a buyer; Fader & Hardie (2008), "Computing P(alive) Using the BG/NBD Model"."""
    r, alpha, a, b = np.exp(theta)
    x = buyers.repeats
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1)
    odds = odds + (r + x) * (np.log(alpha + buyers.age) - np.log(alpha + buyers.recency))
    return np.asarray(np.where(x > 0, 1 / (1 + np.exp(np.minimum(odds, 500))), 1.0))


def beta_nodes(a: float, b: Floats, count: int = NODES) -> tuple[Floats, Floats]:
    """Nodes and weights (sum 1) for means over Beta(a, b), one row for each b; Golub & Welsch (1969)."""
    left, right = a - 1.0, b[:, None] - 1.0  # exponents at 0 and at 1
    n = np.arange(1, count)[None, :]
    total = left + right
    diagonal = np.empty((len(b), count))
    diagonal[:, 0] = ((left - right) / (total + 2))[:, 0]
    diagonal[:, 1:] = (left**2 - right**2) / ((2 * n + total) * (2 * n + total + 2))
    off = np.empty((len(b), count - 1))
    off[:, 0] = (4 * (1 + left) * (1 + right) / ((2 + total) ** 2 * (3 + total)))[:, 0]
    n = n[:, 1:]
    off[:, 1:] = 4 * n * (n + left) * (n + right) * (n + total) / ((2 * n + total) ** 2 * ((2 * n + total) ** 2 - 1))
    matrix = np.zeros((len(b), count, count))
    at = np.arange(count)
    matrix[:, at, at] = diagonal
    matrix[:, at[1:], at[:-1]] = np.sqrt(off)
    nodes, vectors = np.linalg.eigh(matrix)
    return np.clip((nodes + 1) / 2, 0.0, 1.0), vectors[:, 0, :] ** 2
