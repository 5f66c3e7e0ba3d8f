"""The seed case with its truth: slow channels, repeats, refunds, lost links; clean, and broken on purpose.

Run: .venv/bin/python -m bench.slowsim [--seed N] [--variant NAME] [--weeks N] [--out DIR] [--format csv|parquet]
Without --out it tells, for each variant, what the worlds of a few seeds look like. A world is one merchant: 6 channels
× 3 markets × 1 or 2 campaigns, observed for so many weeks; money is in one currency. The same seed gives the same
world. It was written from a description of the problem and knows nothing of the models that are measured on it.

What happens in it. Spend buys leads at a price per lead. A lead converts with some probability, after a lag in weeks
(gamma; a quarter of the channels lag unlike their type), more readily in season. A buyer orders again at a decaying
rate. Each order leaves a contribution; some are refunded weeks later, with the postage lost. Of the buyers of a channel
a share (`incrementality`) would not have bought without it. A lead's touch is stored only with consent; buyers without
consent and organic buyers have orders and no touch. Late buyers often click once more elsewhere before they buy.

Variants: `clean`; one break each: `hump` (lag = lognormal hump + impulse), `churn` (a loyal core + quick churn),
`prices` (other price levels, leads grow dearer), `lost` (half the leads lose their link, half-life 26 weeks), `season`
(a ten-week shock), `renamed` (a channel is called otherwise from some week on), `refunds` (a wave); `stress` = hump +
churn + prices + lost; `storm` = all.

Tables written to --out (the first four are what `python -m haitu.plan` reads)
spend       channel, market, campaign, week (its Monday), amount (money)
touch       person, channel, market, campaign, at (moment)
order       person, at (moment), contribution (money; a refund is a row of its own below zero)
experiment  channel, market, start, end (dates), lift (incremental share of the channel's buyers, measured), se
consent     market, share of visits whose person may be stored (a shop counts both kinds)
claimed     channel, market, campaign, week, platform and last_click (contribution each credits to the channel so far:
            platform = first orders within 4 weeks × 1.15; last click sees 85 % of orders within 4 weeks, 15 % later)
account     month (its first day), spent (paid 30 days later), received (14 days after the order), balance
truth       channel, market, campaign, spent, incrementality, lag_weeks (mean), unlike_type, v_m1..v_m24 (expected
            incremental contribution per unit spent, h months after the spending, as the average over the weeks
            observed), r_m1..r_m24 (what this world then brought, chance included), payback_month (first h with
            v_mh ≥ 1; empty: beyond 24), slow (payback in months 12 to 24)
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

CHANNELS = ("facebook", "tiktok", "instagram", "google", "creator", "community")
MARKETS = ("US", "DE", "GB")
CONSENT = {"US": 0.70, "DE": 0.52, "GB": 0.60}
# By type of channel: mean lag in weeks, conversion of a lead, price of a lead, repeats in a lifetime.
LAG = np.array([2.5, 1.8, 3.0, 14.0, 7.0, 20.0])
CONVERSION = np.array([0.055, 0.045, 0.050, 0.060, 0.055, 0.065])
LEAD_PRICE = np.array([2.9, 2.0, 2.75, 4.5, 3.5, 4.0])
REPEATS = np.array([2.2, 1.7, 2.2, 3.6, 2.8, 4.0])
FIRST_PAY = {"US": 27.0, "DE": 24.0, "GB": 22.0}  # mean contribution of a first order
WEEKS_A_MONTH = 365.25 / 12 / 7
AHEAD = 106  # weeks followed after a lead: 24 months and a bit
POSTAGE = 5.0  # lost with each refund, beside the contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaks:
    """Which of a model's usual assumptions a world breaks."""

    hump: bool = False
    churn: bool = False
    prices: bool = False
    lost: bool = False
    season: bool = False
    renamed: bool = False
    refunds: bool = False


VARIANTS: Mapping[str, Breaks] = {
    "clean": Breaks(),
    "hump": Breaks(hump=True),
    "churn": Breaks(churn=True),
    "prices": Breaks(prices=True),
    "lost": Breaks(lost=True),
    "season": Breaks(season=True),
    "renamed": Breaks(renamed=True),
    "refunds": Breaks(refunds=True),
    "stress": Breaks(hump=True, churn=True, prices=True, lost=True),
    "storm": Breaks(hump=True, churn=True, prices=True, lost=True, season=True, renamed=True, refunds=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One merchant's tables up to `as_of` (its last observed day), and the truth."""

    as_of: date
    tables: Mapping[str, pl.DataFrame]
    truth: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """What is true of each channel × market × campaign; arrays over cells."""

    channel: Ints
    market: Ints
    campaign: Ints
    lag_weeks: Array
    lag_shape: Array
    unlike: NDArray[np.bool_]
    impulse: Array  # share of buyers who buy at once (hump worlds)
    conversion: Array
    lead_price: Array
    first_pay: Array
    repeat_pay: Array
    repeats: Array
    decay_weeks: Array
    core: Array  # share of loyal buyers (churn worlds)
    incrementality: Array

    def __len__(self) -> int:
        return len(self.channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """What is true of each week: how readily people buy, how often they send back, what a lead costs."""

    season: Array
    refunded: Array
    price: Array
    renamed_from: int  # week from which one channel has another name; beyond the end: never
    renamed_channel: int


def simulate(seed: int, *, variant: str = "clean", weeks: int = 26, experiments: bool = False) -> World:
    """The world of a seed; `experiments` adds a geo test per channel × market, read with a standard error of .12."""
    rng = np.random.default_rng([seed, sorted(VARIANTS).index(variant)])
    breaks = VARIANTS[variant]
    start = date(2023, 1, 2) + timedelta(weeks=int(rng.integers(0, 52)))
    cells = _cells(rng, breaks)
    calendar = _calendar(rng, breaks, weeks=weeks, phase=start.timetuple().tm_yday / 7)
    spend = _spend(rng, len(cells), weeks)
    leads = rng.poisson(spend / (cells.lead_price[:, None] * calendar.price[:weeks]))
    people = _people(rng, breaks, cells, calendar, leads)
    orders = _orders(rng, breaks, cells, calendar, people)
    story = Story(
        breaks=breaks,
        cells=cells,
        calendar=calendar,
        spend=spend,
        people=people,
        orders=orders,
        start=start,
        weeks=weeks,
    )
    tables = {
        "spend": _spend_table(story),
        "touch": _touch_table(rng, story),
        "order": _order_table(story),
        "consent": pl.DataFrame({"market": MARKETS, "share": [CONSENT[m] for m in MARKETS]}),
        "claimed": _claimed_table(rng, story),
        "account": _account_table(story),
    }
    if experiments:
        tables["experiment"] = _experiment_table(rng, cells, start, weeks)
    return World(
        as_of=start + timedelta(days=7 * weeks - 1),
        tables=tables,
        truth=_truth(story),
    )


# What is true ----------------------------------------------------------------------------------------------------


def _cells(rng: np.random.Generator, breaks: Breaks) -> Cells:
    grid = [(c, m, k) for c in range(len(CHANNELS)) for m in range(len(MARKETS)) for k in range(rng.integers(1, 3))]
    channel, market, campaign = (np.array(column) for column in zip(*grid, strict=True))
    n = len(grid)

    def spread(of_channel: float, of_market: float, of_cell: float) -> Array:
        """Lognormal factors that cells of one channel, and of one market, share in part."""
        by_channel = rng.normal(0, of_channel, len(CHANNELS))[channel]
        by_market = rng.normal(0, of_market, len(MARKETS))[market]
        result: Array = np.exp(by_channel + by_market + rng.normal(0, of_cell, n))
        return result

    unlike_channel = rng.random(len(CHANNELS)) < 0.25
    own_lag = np.where(unlike_channel, np.exp(rng.uniform(np.log(1.5), np.log(24), len(CHANNELS))), LAG)
    level = np.exp(rng.normal(0, 0.25)) if breaks.prices else 1.0
    pay = np.array([FIRST_PAY[m] for m in MARKETS])[market] * level
    dearer = np.exp(rng.normal(0.1, 0.3)) * level if breaks.prices else 1.0
    by_channel_market = rng.beta(8, 2.5, (len(CHANNELS), len(MARKETS)))
    return Cells(
        channel=channel,
        market=market,
        campaign=campaign,
        lag_weeks=own_lag[channel] * spread(0.15, 0.05, 0.12),
        lag_shape=rng.uniform(1.3, 2.6, len(CHANNELS))[channel],
        unlike=unlike_channel[channel],
        impulse=rng.uniform(0.05, 0.35, len(CHANNELS))[channel] if breaks.hump else np.zeros(n),
        conversion=CONVERSION[channel] * spread(0.15, 0.12, 0.15),
        lead_price=LEAD_PRICE[channel] * spread(0.30, 0.15, 0.20) * dearer,
        first_pay=pay * np.exp(rng.normal(0, 0.08, n)),
        repeat_pay=pay * np.exp(rng.normal(0.05, 0.08, n)),
        repeats=REPEATS[channel] * spread(0.20, 0.10, 0.10),
        decay_weeks=rng.uniform(28, 60, len(CHANNELS))[channel],
        core=rng.uniform(0.12, 0.30, len(CHANNELS))[channel] if breaks.churn else np.zeros(n),
        incrementality=by_channel_market[channel, market],
    )


def _calendar(rng: np.random.Generator, breaks: Breaks, *, weeks: int, phase: float) -> Calendar:
    week = np.arange(weeks + 2 * AHEAD + 2)
    season = np.exp(0.22 * np.cos(2 * np.pi * (week + phase - 48) / 52.18))
    season /= season[:52].mean()
    refunded = np.full(len(week), 0.06)
    price = np.exp(0.05 * np.sin(2 * np.pi * (week + phase - 30) / 52.18))
    if breaks.season:
        first = int(rng.integers(weeks // 3, weeks + 13))
        season[first : first + 10] *= rng.choice([0.5, 1.7])
    if breaks.refunds:
        first = int(rng.integers(weeks // 4, max(weeks // 4 + 1, weeks - 5)))
        refunded[first : first + 6] = 0.30
    if breaks.prices:
        price *= 1 + 0.4 * np.clip((week - rng.integers(0, weeks)) / 13, 0, 1)
    renamed_from = int(rng.integers(weeks // 3, 2 * weeks // 3 + 1)) if breaks.renamed else len(week)
    return Calendar(
        season=season,
        refunded=refunded,
        price=price,
        renamed_from=renamed_from,
        renamed_channel=int(rng.integers(0, len(CHANNELS))),
    )


def _spend(rng: np.random.Generator, cells: int, weeks: int) -> Array:
    """Money per cell and week; three in ten campaigns start later, and some weeks are silent."""
    level = 450 * np.exp(rng.normal(0, 0.5) + rng.normal(0, 0.6, cells))
    noise = np.exp(np.cumsum(rng.normal(0, 0.08, (cells, weeks)), axis=1) + rng.normal(0, 0.2, (cells, weeks)))
    begins = np.where(rng.random(cells) < 0.3, rng.integers(0, max(1, weeks // 2), cells), 0)
    silent = rng.random((cells, weeks)) < 0.03
    on = (np.arange(weeks) >= begins[:, None]) & ~silent
    on[np.arange(cells), begins] = True  # no campaign without a single week
    return np.round(level[:, None] * noise * on, 2)


# Who buys ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Leads, then organic buyers (cell −1); moments are weeks since the start."""

    cell: Ints
    lead_at: Array
    first_at: Array  # inf: never
    consent: NDArray[np.bool_]
    caused: NDArray[np.bool_]
    link_lost_at: Array
    core: NDArray[np.bool_]
    level: Array  # how much this buyer's orders earn, beside the average


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """Orders and refunds of all people, also after the observed weeks."""

    person: Ints
    at: Array
    contribution: Array
    first: NDArray[np.bool_]
    ordered_at: Array  # a refund's order; an order's own moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """All of one world, before it is cut down to what a merchant sees."""

    breaks: Breaks
    cells: Cells
    calendar: Calendar
    spend: Array
    people: People
    orders: Orders
    start: date
    weeks: int


def _lags(rng: np.random.Generator, breaks: Breaks, cells: Cells, cell: Ints) -> Array:
    mean = cells.lag_weeks[cell]
    if not breaks.hump:
        shape = cells.lag_shape[cell]
        return rng.gamma(shape, mean / shape)
    at_once = rng.random(len(cell)) < cells.impulse[cell]
    hump = np.exp(rng.normal(np.log(mean) - 0.5 * HUMP_SD**2, HUMP_SD, len(cell)))
    return np.where(at_once, rng.exponential(IMPULSE_WEEKS, len(cell)), hump)


HUMP_SD = 0.55
IMPULSE_WEEKS = 0.4


def _people(rng: np.random.Generator, breaks: Breaks, cells: Cells, calendar: Calendar, leads: Ints) -> People:
    n_cells, weeks = leads.shape
    cell = np.repeat(np.arange(n_cells), leads.sum(axis=1))
    lead_at = np.repeat(np.tile(np.arange(weeks), n_cells), leads.ravel()) + rng.random(len(cell))
    first_at = lead_at + _lags(rng, breaks, cells, cell)
    ready = np.where(first_at < lead_at + AHEAD, calendar.season[np.minimum(first_at, weeks + AHEAD).astype(int)], 0)
    buys = rng.random(len(cell)) < cells.conversion[cell] * ready
    organic = rng.poisson(0.3 * buys.sum())
    n = len(cell) + organic
    fragile = rng.random(n) < 0.5 if breaks.lost else np.zeros(n, dtype=bool)
    share = np.array([CONSENT[m] for m in MARKETS])[cells.market[cell]]
    chance = cells.incrementality[cell]
    who = np.concatenate([cell, np.full(organic, -1)])
    organic_at = rng.uniform(-26, weeks, organic)
    starts = np.concatenate([lead_at, organic_at])
    return People(
        cell=who,
        lead_at=starts,
        first_at=np.concatenate([np.where(buys, first_at, np.inf), organic_at]),
        consent=np.concatenate([rng.random(len(cell)) < share, np.zeros(organic, dtype=bool)]),
        caused=np.concatenate([rng.random(len(cell)) < chance, np.zeros(organic, dtype=bool)]),
        link_lost_at=np.where(fragile, starts + rng.exponential(26 / np.log(2), n), np.inf),
        core=rng.random(n) < np.append(cells.core, cells.core.mean())[who],
        level=np.exp(rng.normal(-0.08, 0.4, n)),
    )


def _orders(rng: np.random.Generator, breaks: Breaks, cells: Cells, calendar: Calendar, people: People) -> Orders:
    buyers = np.flatnonzero(np.isfinite(people.first_at))
    cell = people.cell[buyers]
    repeats, decay = (np.append(values, values.mean())[cell] for values in (cells.repeats, cells.decay_weeks))
    appetite = rng.gamma(1.5, 1 / 1.5, len(buyers))
    expected = repeats * appetite * SEASON_TOP  # thinned by the season of each moment below
    if breaks.churn:
        core = people.core[buyers]
        count = rng.poisson(expected * np.where(core, CORE_REPEATS, CHURN_REPEATS))
        of_core, of_rest = rng.uniform(0, AHEAD, count.sum()), rng.exponential(CHURN_WEEKS, count.sum())
        after = np.where(np.repeat(core, count), of_core, of_rest)
    else:
        count = rng.poisson(expected)
        after = rng.exponential(np.repeat(decay, count))
    again = np.repeat(buyers, count)
    again_at = people.first_at[again] + after
    inside = (again_at >= 0) & (again_at < len(calendar.season))
    season = np.where(inside, calendar.season[np.where(inside, again_at, 0).astype(int)], 0)
    kept = rng.random(len(again)) * SEASON_TOP < season
    again, again_at = again[kept], again_at[kept]
    person = np.concatenate([buyers, again])
    at = np.concatenate([people.first_at[buyers], again_at])
    first = np.arange(len(person)) < len(buyers)
    pay = np.where(
        first,
        np.append(cells.first_pay, cells.first_pay.mean())[people.cell[person]],
        np.append(cells.repeat_pay, cells.repeat_pay.mean())[people.cell[person]],
    )
    contribution = pay * people.level[person] * np.exp(rng.normal(-0.045, 0.3, len(person)))
    sent_back = rng.random(len(person)) < calendar.refunded[np.clip(at, 0, None).astype(int)]
    back_at = at[sent_back] + rng.uniform(1, 5, int(sent_back.sum()))
    return Orders(
        person=np.concatenate([person, person[sent_back]]),
        at=np.concatenate([at, back_at]),
        contribution=np.round(np.concatenate([contribution, -contribution[sent_back] - POSTAGE]), 2),
        first=np.concatenate([first, np.zeros(int(sent_back.sum()), dtype=bool)]),
        ordered_at=np.concatenate([at, at[sent_back]]),
    )


CORE_REPEATS, CHURN_REPEATS, CHURN_WEEKS = 3.2, 0.55, 9.0
SEASON_TOP = 2.4  # no week's season is above it, shocks included


# The expected curve -----------------------------------------------------------------------------------------------


def _first_shares(breaks: Breaks, cells: Cells, i: int) -> Array:
    """Of a cell's buyers, the share whose first order comes in the l-th week after the lead."""
    edge = np.arange(AHEAD + 1)
    if not breaks.hump:
        shape = cells.lag_shape[i]
        return np.asarray(np.diff(stats.gamma.cdf(edge, shape, scale=cells.lag_weeks[i] / shape)))
    middle = np.log(cells.lag_weeks[i]) - 0.5 * HUMP_SD**2
    hump = stats.lognorm.cdf(edge, HUMP_SD, scale=np.exp(middle))
    at_once = stats.expon.cdf(edge, scale=IMPULSE_WEEKS)
    return np.asarray(np.diff(cells.impulse[i] * at_once + (1 - cells.impulse[i]) * hump))


def _repeat_rate(breaks: Breaks, cells: Cells, i: int) -> Array:
    """Repeats of a buyer in the k-th week after the first order, before season."""
    edge = np.arange(AHEAD + 1)
    if not breaks.churn:
        return np.asarray(cells.repeats[i] * np.diff(stats.expon.cdf(edge, scale=cells.decay_weeks[i])))
    of_core = CORE_REPEATS * cells.repeats[i] * np.full(AHEAD, 1 / AHEAD)
    of_rest = CHURN_REPEATS * cells.repeats[i] * np.diff(stats.expon.cdf(edge, scale=CHURN_WEEKS))
    return np.asarray(cells.core[i] * of_core + (1 - cells.core[i]) * of_rest)


def _curve(story: Story, i: int) -> Array:
    """Expected incremental contribution per unit spent, cumulative by week after the spending."""
    breaks, cells, calendar, spend = story.breaks, story.cells, story.calendar, story.spend
    weeks = np.arange(spend.shape[1])
    when = weeks[:, None] + np.arange(AHEAD)  # a lead of week s, l weeks on: the mid of both weeks is s + l + 1
    season = 0.5 * (calendar.season[when] + calendar.season[when + 1])
    first = cells.conversion[i] * _first_shares(breaks, cells, i) * season
    rate = _repeat_rate(breaks, cells, i)
    rate = 0.5 * (rate + np.append(0, rate[:-1]))  # the middles of two weeks add to the edge between two weeks
    lag = np.arange(AHEAD)[None, :] - np.arange(AHEAD)[:, None]
    again = (first @ np.where(lag >= 0, rate[np.maximum(lag, 0)], 0)) * season
    paid = first * cells.first_pay[i] + again * cells.repeat_pay[i]
    refunded = 0.5 * (calendar.refunded[when] + calendar.refunded[when + 1])
    back = (paid + (first + again) * POSTAGE) * refunded
    for after, share in ((1, 0.125), (2, 0.25), (3, 0.25), (4, 0.25), (5, 0.125)):
        paid[:, after:] -= share * back[:, :-after]
    expected = spend[i] / (cells.lead_price[i] * calendar.price[weeks])
    curve: Array = cells.incrementality[i] * (expected @ np.cumsum(paid, axis=1)) / spend[i].sum()
    return curve


def _truth(story: Story) -> pl.DataFrame:
    cells, calendar, spend, people, orders = story.cells, story.calendar, story.spend, story.people, story.orders
    months = np.arange(1, 25)
    ages = orders.at - people.lead_at[orders.person]
    month = np.ceil(ages / WEEKS_A_MONTH).astype(int)
    counted = people.caused[orders.person] & (month <= 24)
    sums = np.zeros((len(cells), 25))
    np.add.at(sums, (people.cell[orders.person][counted], month[counted]), orders.contribution[counted])
    realised = np.cumsum(sums, axis=1)[:, 1:] / spend.sum(axis=1)[:, None]
    rows: list[dict[str, Any]] = []
    for i in range(len(cells)):
        curve = np.interp(months * WEEKS_A_MONTH, np.arange(1, AHEAD + 1), _curve(story, i))
        back = np.flatnonzero(curve >= 1)
        payback = int(months[back[0]]) if len(back) else None
        told = {
            "spent": float(spend[i].sum()),
            "incrementality": float(cells.incrementality[i]),
            "lag_weeks": float(cells.lag_weeks[i]),
            "unlike_type": bool(cells.unlike[i]),
            **{f"v_m{h}": float(v) for h, v in zip(months, curve, strict=True)},
            **{f"r_m{h}": float(v) for h, v in zip(months, realised[i], strict=True)},
            "payback_month": payback,
            "slow": payback is not None and payback >= 12,
        }
        place = {"market": MARKETS[cells.market[i]], "campaign": f"c{cells.campaign[i] + 1}"}
        rows.extend({"channel": name, **place, **told} for name in _names(cells, calendar, i, spend.shape[1]))
    return pl.DataFrame(rows, schema_overrides={"payback_month": pl.Int64})


# The tables -------------------------------------------------------------------------------------------------------


def _names(cells: Cells, calendar: Calendar, i: int, weeks: int) -> list[str]:
    """The names a cell's channel had in the observed weeks."""
    name = CHANNELS[cells.channel[i]]
    if cells.channel[i] != calendar.renamed_channel or calendar.renamed_from >= weeks:
        return [name]
    return [name, f"{name} ads"]


def _channel_names(cells: Cells, calendar: Calendar, cell: Ints, week: Array) -> NDArray[np.str_]:
    channel = cells.channel[cell]
    names = np.array(CHANNELS)[channel]
    late = (channel == calendar.renamed_channel) & (week >= calendar.renamed_from)
    return np.where(late, np.char.add(names, " ads"), names)


def _moments(start: date, weeks: Array) -> NDArray[np.datetime64]:
    moments: NDArray[np.datetime64] = np.datetime64(start, "ms") + 1000 * (weeks * 7 * 86_400).astype("timedelta64[ms]")
    return moments


def _where(cells: Cells, calendar: Calendar, cell: Ints, week: Array) -> dict[str, Any]:
    return {
        "channel": _channel_names(cells, calendar, cell, week),
        "market": np.array(MARKETS)[cells.market[cell]],
        "campaign": np.char.add("c", (cells.campaign[cell] + 1).astype(str)),
    }


def _spend_table(story: Story) -> pl.DataFrame:
    cells, calendar, spend, start = story.cells, story.calendar, story.spend, story.start
    cell, week = np.nonzero(spend)
    at = _moments(start, week.astype(float)).astype("datetime64[D]")
    return pl.DataFrame({**_where(cells, calendar, cell, week.astype(float)), "week": at, "amount": spend[cell, week]})


def _person_names(people: People, person: Ints, at: Array) -> NDArray[np.str_]:
    """A person whose link is lost comes back under another name."""
    letter = np.where(at >= people.link_lost_at[person], "q", "p")
    return np.char.add(letter, person.astype(str))


def _touch_table(rng: np.random.Generator, story: Story) -> pl.DataFrame:
    """Each stored lead's first touch, and the click elsewhere by which late buyers often come back."""
    cells, calendar, people, orders = story.cells, story.calendar, story.people, story.orders
    start, weeks = story.start, story.weeks
    leads = np.flatnonzero(people.consent)
    late = orders.person[orders.first & (orders.at < weeks)]
    late = late[
        people.consent[late] & (people.first_at[late] > people.lead_at[late] + 2) & (rng.random(len(late)) < 0.4)
    ]
    before = np.maximum(people.first_at[late] - rng.uniform(0.01, 0.4, len(late)), people.lead_at[late])
    fast = np.flatnonzero(cells.channel < 3)
    chosen = fast[rng.integers(0, len(fast), len(late))]
    person, cell = np.concatenate([leads, late]), np.concatenate([people.cell[leads], chosen])
    at = np.concatenate([people.lead_at[leads], before])
    table = pl.DataFrame(
        {"person": _person_names(people, person, at), **_where(cells, calendar, cell, at), "at": _moments(start, at)}
    )
    return table.sort("at", maintain_order=True)


def _order_table(story: Story) -> pl.DataFrame:
    people, orders, start, weeks = story.people, story.orders, story.start, story.weeks
    seen = (orders.at < weeks) & (orders.at >= 0)
    person, at = orders.person[seen], orders.at[seen]
    table = pl.DataFrame(
        {
            "person": _person_names(people, person, at),
            "at": _moments(start, at),
            "contribution": orders.contribution[seen],
        }
    )
    return table.sort("at", maintain_order=True)


def _claimed_table(rng: np.random.Generator, story: Story) -> pl.DataFrame:
    cells, calendar, people, orders = story.cells, story.calendar, story.people, story.orders
    start, weeks = story.start, story.weeks
    of_cell = people.cell[orders.person]
    seen = (of_cell >= 0) & (orders.at < weeks)
    soon = orders.at - people.lead_at[orders.person] < 4
    platform = np.where(seen & orders.first & soon, 1.15 * orders.contribution, 0)
    last_click = np.where(seen & (rng.random(len(of_cell)) < np.where(soon, 0.85, 0.15)), orders.contribution, 0)
    sums = np.zeros((2, len(cells), weeks))
    for kind, value in enumerate((platform, last_click)):
        np.add.at(sums[kind], (of_cell[seen], orders.at[seen].astype(int)), value[seen])
    cell, week = np.nonzero(np.any(sums != 0, axis=0))
    at = _moments(start, week.astype(float)).astype("datetime64[D]")
    values = {"platform": np.round(sums[0, cell, week], 2), "last_click": np.round(sums[1, cell, week], 2)}
    return pl.DataFrame({**_where(cells, calendar, cell, week.astype(float)), "week": at, **values})


def _experiment_table(rng: np.random.Generator, cells: Cells, start: date, weeks: int) -> pl.DataFrame:
    rows = []
    for channel, name in enumerate(CHANNELS):
        for market, code in enumerate(MARKETS):
            truth = cells.incrementality[(cells.channel == channel) & (cells.market == market)][0]
            begins = start + timedelta(weeks=max(0, weeks - 10))
            lift = round(float(truth + rng.normal(0, 0.12)), 4)
            rows.append((name, code, begins, begins + timedelta(days=55), lift, 0.12))
    return pl.DataFrame(rows, schema=["channel", "market", "start", "end", "lift", "se"], orient="row")


def _account_table(story: Story) -> pl.DataFrame:
    """Money by calendar month: spend leaves 30 days after its week, contribution arrives 14 days after the order."""
    spend, orders, start, weeks = story.spend, story.orders, story.start, story.weeks
    seen = (orders.at < weeks) & (orders.at >= 0)
    paid = pl.DataFrame(
        {"at": _moments(start, np.arange(1.0, spend.shape[1] + 1) + 30 / 7), "spent": spend.sum(axis=0)}
    ).with_columns(received=pl.lit(0.0))
    got = pl.DataFrame(
        {"at": _moments(start, orders.at[seen] + 2), "received": orders.contribution[seen]}
    ).with_columns(spent=pl.lit(0.0))
    rows = pl.concat([paid, got.select(paid.columns)]).group_by(
        pl.col("at").dt.date().dt.truncate("1mo").alias("month")
    )
    table = rows.agg(pl.col("spent").sum().round(2), pl.col("received").sum().round(2)).sort("month")
    return table.with_columns(balance=(pl.col("received") - pl.col("spent")).cum_sum().round(2))


def write(world: World, folder: Path, *, kind: str = "csv") -> None:
    """Each table as a file of the folder; the truth beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {**world.tables, "truth": world.truth}.items():
        if kind == "csv":
            table.write_csv(folder / f"{name}.csv", datetime_format="%Y-%m-%dT%H:%M:%S")
        else:
            table.write_parquet(folder / f"{name}.parquet")


def told(variant: str, *, seeds: int, weeks: int) -> str:
    """One line about the worlds of a variant."""
    started = time.perf_counter()
    worlds = [simulate(seed, variant=variant, weeks=weeks) for seed in range(seeds)]
    each = (time.perf_counter() - started) / seeds
    truth = pl.concat([world.truth for world in worlds])
    touches, orders = (sum(len(world.tables[name]) for world in worlds) / seeds for name in ("touch", "order"))
    column = {name: truth[name].to_numpy().astype(float) for name in ("v_m24", "r_m24", "spent", "slow")}
    back = float(truth["payback_month"].is_not_null().sum()) / len(truth)
    off = float((column["r_m24"] * column["spent"]).sum() / (column["v_m24"] * column["spent"]).sum() - 1)
    return (
        f"{variant:<9}{touches:>9,.0f}{orders:>9,.0f}{np.median(column['v_m24']):>9.2f}{back:>9.2f}{column['slow'].mean():>9.2f}"
        f"{100 * off:>9.1f}{each:>9.2f}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=10, help="how many worlds the summary looks at")
    parser.add_argument("--variant", choices=tuple(VARIANTS), default="clean")
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--experiments", action="store_true")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    given = parser.parse_args(arguments)
    if given.out:
        world = simulate(given.seed, variant=given.variant, weeks=given.weeks, experiments=given.experiments)
        write(world, given.out, kind=given.format)
        print(f"{given.out}: as of {world.as_of}, {len(world.truth)} cells")
        return 0
    print(
        f"{'variant':<9}{'touches':>9}{'orders':>9}{'V24 p50':>9}{'paid 24':>9}{'slow':>9}{'chance %':>9}{'s each':>9}"
    )
    for variant in VARIANTS:
        print(told(variant, seeds=given.seeds, weeks=given.weeks))
    return 0


if __name__ == "__main__":
    sys.exit(main())
