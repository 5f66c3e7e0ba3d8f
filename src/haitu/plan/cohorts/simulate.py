"""Intervals by simulation: what the parameters may be, what the calendar may bring, and chance itself.

Given a customer's past, BG/NBD says: still a buyer with a known chance; then a rate from a gamma and a chance of
leaving from a beta density, both of their own. So the purchase days ahead are the smaller of a Poisson and a geometric
number. All customers share the parameters, the calendar's shocks and the drift of prices; a total therefore is never as
sure as the sum of independent customers would be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from haitu.plan.cohorts import bgnbd
from haitu.plan.cohorts.forecast import Forecast
from haitu.plan.cohorts.history import History, sums

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEVELS = (0.05, 0.5, 0.95)
DRAWS, DRAWS_OF_ONE = 2000, 256
FEW_KINDS = 500  # up to which a sum is drawn customer by customer, beyond it as a gamma number
# Standard deviations of logarithms.
MONTH_SD, MONTH_MEMORY = 0.2, 0.8  # of a month's shock, which fades by a fifth a month
UNSEEN_SD = 0.1  # of what a history as long as the horizon cannot know
COHORT_SD = 0.15  # of one cohort beside the others
PRICE_SD = 0.08  # of an order's worth, per root of a year
LONGEST_REACH = 6.0  # horizons beyond six histories are as unknown as six


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Quantiles at LEVELS (columns) of orders and value, and their means; a row per customer, cohort or total."""

    orders: Floats
    value: Floats
    orders_mean: Floats
    value_mean: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The same draws looked at three ways; `cohorts` are months since January 1970."""

    customers: Range
    cohorts: Ints
    by_cohort: Range
    total: Range


def common_sd(days_ahead: int, days_seen: float) -> float:
    """Log standard deviation of what all customers share beside the parameters."""
    reach = min(days_ahead / max(days_seen, 1.0), LONGEST_REACH)
    return float(np.hypot(calendar_sd(days_ahead), UNSEEN_SD * np.sqrt(reach)))


def calendar_sd(days_ahead: int) -> float:
    """Standard deviation of the mean of so many days of an AR(1) month after month, which began long ago."""
    months = max(days_ahead / 30.4, 1.0)
    lags = np.arange(1, int(np.ceil(months)))
    spread = 1 + 2 * float(((1 - lags / months) * MONTH_MEMORY**lags).sum())
    return float(MONTH_SD * np.sqrt(spread / months))


def ranges(
    found: Forecast, past: History, days_ahead: int, *, seed: int, spread: float = 1.0, draws_of_one: int = DRAWS_OF_ONE
) -> Ranges:
    """Quantiles and means; `spread` widens or narrows what is shared, as the merchant's own past asks for."""
    dice = np.random.default_rng(seed)
    shared = shared_factors(found, past, days_ahead, dice, spread)
    price = _centred(dice.standard_normal(DRAWS), spread * PRICE_SD * np.sqrt(max(days_ahead / 365.25, 0.25)))
    at = np.searchsorted(found.cohorts, found.kinds.cohort)
    if len(found.kinds.cohort) <= FEW_KINDS:
        draws_of_one = DRAWS
    days, worths = chances(found, dice, shared[:draws_of_one, at].T, price[:draws_of_one])
    customers = _customers(found, days, worths)
    by_cohort, total = _sums(found, customers, days=days, worths=worths, shared=shared, price=price, dice=dice)
    return Ranges(customers=customers, cohorts=found.cohorts, by_cohort=by_cohort, total=total)


def shared_factors(found: Forecast, past: History, days_ahead: int, dice: np.random.Generator, spread: float) -> Floats:
    """By draw and cohort: what parameters, calendar and the cohort itself multiply its mean by; means of one."""
    values, vectors = np.linalg.eigh(found.fit.covariance)
    moves = dice.standard_normal((DRAWS, 4)) * np.sqrt(np.maximum(values, 0)) @ vectors.T
    logs = np.clip(moves @ found.slopes.T, -2.0, 2.0)
    logs += common_sd(days_ahead, float(past.until - past.first.min())) * dice.standard_normal(DRAWS)[:, None]
    logs += COHORT_SD * dice.standard_normal(logs.shape)
    factors = np.exp(spread * (logs - logs.mean(0)))
    return np.asarray(factors / factors.mean(0))


def chances(found: Forecast, dice: np.random.Generator, shared: Floats, price: Floats) -> tuple[Floats, Floats]:
    """By kind and draw: purchase days, and the worth of them in customers' usual days."""
    r, alpha, a, b = np.exp(found.fit.theta)
    buyers = found.kinds.buyers
    shape = (len(buyers.repeats), shared.shape[1])
    here = dice.random(shape) < bgnbd.alive(found.fit.theta, buyers)[:, None]
    rate = dice.standard_gamma(np.broadcast_to((r + buyers.repeats)[:, None], shape))
    rate *= (found.ahead * found.blend / (alpha + buyers.age))[:, None] * shared
    leave = dice.beta(a, np.broadcast_to((b + buyers.repeats)[:, None], shape))
    days = np.minimum(dice.poisson(np.minimum(rate, 1e9)), dice.geometric(np.clip(leave, 1e-9, 1.0))) * here
    worth = found.worth
    unknown = worth.between * worth.k / (worth.k + 1 + buyers.repeats)[:, None] + worth.within / np.maximum(days, 1)
    noise = np.exp(np.sqrt(unknown) * dice.standard_normal(shape) - unknown / 2)
    return days.astype(np.float64), days * noise * price


def _customers(found: Forecast, days: Floats, worths: Floats) -> Range:
    of, per_day = found.kinds.of, found.worth.per_day
    several = np.floor(np.quantile(days, LEVELS, axis=1).T * found.orders_per_day + 0.5)
    return Range(
        orders=several[of],
        value=np.quantile(worths, LEVELS, axis=1).T[of] * per_day[:, None],
        orders_mean=found.mean * found.orders_per_day,
        value_mean=found.mean * per_day,
    )


def _sums(
    found: Forecast,
    customers: Range,
    *,
    days: Floats,
    worths: Floats,
    shared: Floats,
    price: Floats,
    dice: np.random.Generator,
) -> tuple[Range, Range]:
    of, per_day, count = found.kinds.of, found.worth.per_day, len(found.cohorts)
    at = np.searchsorted(found.cohorts, found.kinds.cohort)
    expected = found.per_kind[:, None] * shared[: days.shape[1], at].T
    alone = ((days - expected) ** 2).mean(1) * found.orders_per_day**2  # a kind's variance without what all share
    alone_worth = ((worths - expected * price[: days.shape[1]]) ** 2).mean(1)
    cohort = at[of]
    orders_mean, value_mean = sums(cohort, customers.orders_mean, count), sums(cohort, customers.value_mean, count)
    if days.shape[1] == DRAWS and len(of) == len(days):
        member = (at[:, None] == np.arange(count)).astype(np.float64)
        orders = days.T @ member * found.orders_per_day
        value = (worths * per_day[np.argsort(of)][:, None]).T @ member
    else:
        orders = _around(shared * orders_mean, sums(cohort, alone[of], count) * shared, dice)
        factors = shared * price[:, None]
        value = _around(factors * value_mean, sums(cohort, alone_worth[of] * per_day**2, count) * factors, dice)
    by_cohort = Range(
        orders=np.quantile(orders, LEVELS, axis=0).T,
        value=np.quantile(value, LEVELS, axis=0).T,
        orders_mean=orders_mean,
        value_mean=value_mean,
    )
    total = Range(
        orders=np.quantile(orders.sum(1), LEVELS)[None, :],
        value=np.quantile(value.sum(1), LEVELS)[None, :],
        orders_mean=orders_mean.sum(keepdims=True),
        value_mean=value_mean.sum(keepdims=True),
    )
    return by_cohort, total


def _around(mean: Floats, variance: Floats, dice: np.random.Generator) -> Floats:
    """Gamma draws with these means and variances: sums of many chances, never below nothing."""
    shape = mean**2 / np.maximum(variance, 1e-12)
    drawn = dice.standard_gamma(np.minimum(shape, 1e12)) * mean / np.maximum(shape, 1e-300)
    return np.asarray(np.where((mean > 0) & (shape > 1e-300), drawn, 0.0))


def _centred(normal: Floats, sd: float) -> Floats:
    factors = np.exp(sd * normal)
    return np.asarray(factors / factors.mean())
