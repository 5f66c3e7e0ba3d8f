"""A second, plainer generator of the seed case, written from its description alone and sharing no choice with slowsim.

Six channels × three markets, one campaign each. A lead is bought, converts after a gamma lag (a quarter of the channels
lag unlike their type), orders again at a decaying rate; incrementality is Beta(8, 2.5), consent about .6; there is no
season. `stress`: the lag is a lognormal hump with an impulse, buyers are a loyal core beside quick churn, merchants'
price levels differ, and half of the leads lose their link with a half-life of 26 weeks.

`simulate` gives the same `World` as `bench.slowsim.simulate`, with the tables and the columns of truth that
`bench.payback` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammainc, ndtr

from bench.slowsim import World

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

TYPES = {"meta ads": 2.0, "tiktok ads": 1.5, "creator": 6.0, "youtube": 9.0, "google search": 13.0, "forum": 17.0}
MARKETS = {"US": 0.66, "FR": 0.55, "JP": 0.60}  # with the share of visits that may be stored
MONTH_WEEKS = 365.25 / 12 / 7
STEP_WEEKS, HORIZON_WEEKS = 0.25, 105.0
REFUNDED = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What is true of each channel × market, channel by channel."""

    lag_weeks: Array
    lag_shape: Array
    impulse: Array  # share of buyers who buy within days
    conversion: Array
    lead_price: Array
    pay: Array
    repeats: Array  # of a buyer in a lifetime
    decay_weeks: Array
    core: Array  # share of buyers who never stop
    caused: Array


def simulate(seed: int, *, variant: str = "clean", weeks: int = 26, experiments: bool = False) -> World:
    """The world of a seed, `clean` or `stress`; `experiments` adds a geo test per cell with a standard error of .12."""
    rng = np.random.default_rng([seed, len(variant), 77])
    stress = variant == "stress"
    start = date(2024, 1, 1) + timedelta(weeks=int(rng.integers(0, 52)))
    cells = _cells(rng, stress=stress)
    n = len(cells.pay)
    spend = 700 * np.exp(rng.normal(0, 0.4, (n, 1)) + rng.normal(0, 0.25, (n, weeks)))
    leads = rng.poisson(spend / cells.lead_price[:, None])
    cell = np.repeat(np.arange(n), leads.sum(axis=1))
    at = np.repeat(np.tile(np.arange(weeks), n), leads.ravel()) + rng.random(len(cell))
    stored = rng.random(len(cell)) < np.tile(list(MARKETS.values()), len(TYPES))[cell]
    lost_at = np.where(rng.random(len(cell)) < 0.5 * stress, at + rng.exponential(26 / np.log(2), len(cell)), np.inf)
    buys = np.flatnonzero(rng.random(len(cell)) < cells.conversion[cell])
    first_at = at[buys] + _lags(rng, cells, cell[buys], stress=stress)
    person, when = _orders(rng, cells, cell[buys], buys, first_at, stress=stress)
    pay = cells.pay[cell[person]] * np.exp(rng.normal(-0.125, 0.5, len(person)))
    name = np.char.add(np.where(when >= lost_at[person], "again", "lead"), person.astype(str))
    organic = rng.poisson(0.25 * (first_at < weeks).sum())
    back = np.flatnonzero(rng.random(len(person)) < REFUNDED)
    orders = pl.DataFrame(
        {
            "person": [*name, *(f"none{i}" for i in range(organic)), *name[back]],
            "week": np.concatenate([when, rng.uniform(0, weeks, organic), when[back] + rng.uniform(0.5, 4, len(back))]),
            "contribution": np.round(
                np.concatenate([pay, float(cells.pay.mean()) * np.exp(rng.normal(-0.125, 0.5, organic)), -pay[back]]), 2
            ),
        }
    ).filter(pl.col("week") < weeks)
    names, first = _names(), np.arange(len(person)) < len(buys)
    credited = pl.DataFrame(
        {"cell": cell[person], "age": when - at[person], "seen": when < weeks, "first": first, "pay": pay}
    )
    tables = {
        "spend": names[np.repeat(np.arange(n), weeks)].with_columns(
            week=pl.Series(np.datetime64(start) + 7 * np.tile(np.arange(weeks), n)), amount=np.round(spend, 2).ravel()
        ),
        "touch": names[cell[stored]]
        .with_columns(person=np.char.add("lead", np.flatnonzero(stored).astype(str)), at=_moments(start, at[stored]))
        .sort("at"),
        "order": orders.select(
            "person", at=_moments(start, orders["week"].to_numpy()), contribution="contribution"
        ).sort("at"),
        "consent": pl.DataFrame({"market": list(MARKETS), "share": list(MARKETS.values())}),
        "claimed": _claimed(rng, names, credited),
    }
    if experiments:
        tables["experiment"] = _experiments(rng, names, cells, start, weeks)
    return World(as_of=start + timedelta(days=7 * weeks - 1), tables=tables, truth=_truth(names, cells, spend, stress))


def _cells(rng: np.random.Generator, *, stress: bool) -> Cells:
    c, m = len(TYPES), len(MARKETS)

    def about(middle: float, channel: float, cell: float, market: float = 0.0) -> Array:
        """Lognormal around a middle, partly shared by a channel and by a market."""
        shared = rng.normal(0, channel, (c, 1)) + rng.normal(0, market, (1, m))
        result: Array = middle * np.exp(shared + rng.normal(0, cell, (c, m))).ravel()
        return result

    of_type = np.array(list(TYPES.values()))
    other = of_type[(np.arange(c) + rng.integers(1, c, c)) % c]
    mean_lag = np.where(rng.random(c) < 0.25, other, of_type) * np.exp(rng.normal(0, 0.15, c))
    level, price = (np.exp(rng.normal(0, 0.3, 2))) if stress else (1.0, 1.0)
    return Cells(
        lag_weeks=np.repeat(mean_lag, m),
        lag_shape=np.repeat(rng.uniform(1.2, 2.5, c), m),
        impulse=np.repeat(rng.uniform(0.1, 0.3, c), m) * stress,
        conversion=about(0.05, 0.3, 0.12, 0.1),
        lead_price=about(2.6 * price, 0.45, 0.3, 0.1),
        pay=about(26.0 * level, 0.05, 0.03, 0.12),
        repeats=about(2.4, 0.25, 0.06, 0.08),
        decay_weeks=np.repeat(rng.uniform(35, 60) * np.exp(rng.normal(0, 0.1, c)), m),
        core=np.repeat(rng.uniform(0.15, 0.3, c), m) * stress,
        caused=rng.beta(8, 2.5, c * m),
    )


HUMP_SD, IMPULSE_WEEKS = 0.6, 0.5
CORE_TIMES, CHURN_TIMES, CHURN_WEEKS = 2.8, 0.5, 8.0  # beside the mean, of a loyal buyer in two years and of the others


def _lags(rng: np.random.Generator, cells: Cells, cell: Ints, *, stress: bool) -> Array:
    mean, shape = cells.lag_weeks[cell], cells.lag_shape[cell]
    if not stress:
        return rng.gamma(shape, mean / shape)
    hump = mean * np.exp(rng.normal(-0.5 * HUMP_SD**2, HUMP_SD, len(cell)))
    return np.where(rng.random(len(cell)) < cells.impulse[cell], rng.exponential(IMPULSE_WEEKS, len(cell)), hump)


def _orders(
    rng: np.random.Generator, cells: Cells, cell: Ints, buyer: Ints, first_at: Array, *, stress: bool
) -> tuple[Ints, Array]:
    """The person and the moment of every order, first ones and later."""
    mean = cells.repeats[cell] * rng.gamma(2.0, 0.5, len(cell))
    loyal = rng.random(len(cell)) < cells.core[cell]
    n = rng.poisson(mean * np.where(loyal, CORE_TIMES, CHURN_TIMES) if stress else mean)
    decay = np.where(stress, CHURN_WEEKS, cells.decay_weeks[cell])
    after = np.where(np.repeat(loyal, n), rng.uniform(0, 104, n.sum()), rng.exponential(np.repeat(decay, n)))
    return np.append(buyer, np.repeat(buyer, n)), np.append(first_at, np.repeat(first_at, n) + after)


def _truth(names: pl.DataFrame, cells: Cells, spend: Array, stress: bool) -> pl.DataFrame:
    """Expected contribution per unit spent by the end of each month after it."""
    edge = np.arange(0, HORIZON_WEEKS + STEP_WEEKS, STEP_WEEKS)
    rows: list[dict[str, Any]] = []
    for i in range(len(cells.pay)):
        mean, shape, impulse, core = cells.lag_weeks[i], cells.lag_shape[i], cells.impulse[i], cells.core[i]
        lag, later = gammainc(shape, shape * edge / mean), 1 - np.exp(-edge / cells.decay_weeks[i])
        if stress:
            hump = ndtr(np.log(np.maximum(edge, 1e-12) / mean) / HUMP_SD + 0.5 * HUMP_SD)
            lag = impulse * (1 - np.exp(-edge / IMPULSE_WEEKS)) + (1 - impulse) * hump
            quick = CHURN_TIMES * (1 - np.exp(-edge / CHURN_WEEKS))
            later = core * CORE_TIMES * np.minimum(edge / 104, 1) + (1 - core) * quick
        middle = 0.5 * (later[:-1] + later[1:])
        orders = lag + cells.repeats[i] * np.append(0, np.convolve(np.diff(lag), middle)[: len(edge) - 1])
        worth = cells.caused[i] * cells.conversion[i] * cells.pay[i] * (1 - REFUNDED) / cells.lead_price[i]
        curve = worth * np.interp(np.arange(1, 25) * MONTH_WEEKS, edge, orders)
        back = np.flatnonzero(curve >= 1)
        told = {"spent": float(spend[i].sum()), "incrementality": float(cells.caused[i]), "lag_weeks": float(mean)}
        told |= {f"v_m{h + 1}": float(v) for h, v in enumerate(curve)}
        rows.append({**told, "payback_month": int(back[0]) + 1 if len(back) else None})
    return names.hstack(pl.DataFrame(rows, schema_overrides={"payback_month": pl.Int64}))


def _claimed(rng: np.random.Generator, names: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    """What platform and last click credit: the one early first orders, the other early orders and few late ones.

    `orders`: cell, age (weeks since the lead), seen, first, pay.
    """
    cell, age, seen, first, pay = (orders[name].to_numpy() for name in ("cell", "age", "seen", "first", "pay"))
    soon = age < 4
    last = seen & (rng.random(len(age)) < np.where(soon, 0.85, 0.15))
    platform, last_click = (
        np.bincount(cell, np.where(kept, pay * times, 0.0), len(names))
        for kept, times in ((seen & first & soon, 1.15), (last, 1.0))
    )
    return names.with_columns(platform=platform, last_click=last_click)


def _experiments(rng: np.random.Generator, names: pl.DataFrame, cells: Cells, start: date, weeks: int) -> pl.DataFrame:
    begins = start + timedelta(weeks=max(0, weeks - 10))
    return names.select("channel", "market").with_columns(
        start=pl.lit(begins),
        end=pl.lit(begins + timedelta(weeks=8)),
        lift=cells.caused + rng.normal(0, 0.12, len(names)),
        se=pl.lit(0.12),
    )


def _names() -> pl.DataFrame:
    places = [(channel, market, "c1") for channel in TYPES for market in MARKETS]
    return pl.DataFrame(places, schema=["channel", "market", "campaign"], orient="row")


def _moments(start: date, weeks: Array) -> pl.Series:
    return pl.Series(np.datetime64(start, "us") + (weeks * 604_800e6).astype("timedelta64[us]"))
