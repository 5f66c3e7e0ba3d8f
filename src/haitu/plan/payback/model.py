"""The fit: from counts to draws of what a unit of spend returns by each month after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from haitu.plan.payback import seasons, shapes, worth
from haitu.plan.payback.caused import shares
from haitu.plan.payback.counts import Counts
from haitu.plan.payback.kinds import LAG_SD, LAG_SD_UNKNOWN, LAG_SD_UNLIKE, UNKNOWN, UNLIKE, Kind, kind_of
from haitu.plan.payback.pooled import ALIKE_PRIOR, Pool, factors, likeness, pool

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

Groups = Sequence[Sequence[tuple[str, tuple[int, ...]]]]  # by channel: its markets, each with its cells

SEASON_PASSES = 2
MARKET_EVENTS = 50.0  # how many events in a market weigh as much as the belief that markets are alike
MONTHS = 36  # months of 365.25 / 12 days after the spend
MONTH_WEEKS = 365.25 / 12 / 7
BUYERS_OF_LEADS = (np.log(0.03), 1.0)  # a priori, per lead, log mean and sd
REPEATS_A_YEAR = (np.log(0.7), 1.0)
CHANNELS_ALIKE_SD = 0.3  # of log conversion, at least


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the counts: the share of visits stored per market, and the experiments per channel."""

    consent: dict[str, float]
    tests: dict[str, list[tuple[str, float, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A channel in a market: its cells, and draws of what one of its leads brings, without incrementality."""

    channel: str
    market: str
    at: tuple[int, ...]  # its cells, by their place in the counts
    per_lead: Array  # draws × MONTHS: contribution of an identified lead by the end of each month
    campaign: Array  # cells × draws: how much better or worse than the group
    caused: Array  # draws
    consent: float
    order_value: float  # mean contribution of an order, for the process noise
    lag_weeks: Array  # draws: mean lag


def fit(counts: Counts, known: Known, *, seed: int, draws: int) -> tuple[Group, ...]:
    """Draws per channel × market; the same counts, seed and draws give the same answer."""
    rng = np.random.default_rng(seed)
    channels = sorted({cell[0] for cell in counts.cells})
    groups = [
        [(market, _at(counts, channel, market)) for market in sorted({c[1] for c in counts.cells if c[0] == channel})]
        for channel in channels
    ]
    season = _season(counts, channels, groups)
    lags, offset = _lags(counts, channels, groups, season)
    again, again_factors = _repeats(rng, counts, groups, season, draws)
    flat = [at for of_channel in groups for _, at in of_channel]
    paid = np.stack([counts.paid[list(at)].sum(axis=0) for at in flat])
    first_pay, later_pay = (worth.means(paid[:, which]) for which in (0, 1))
    if paid[:, 1, 0].sum() == 0:
        later_pay = first_pay
    to_come = worth.refunds_to_come(counts)
    mean_season = seasons.ahead(np.stack([_begun(counts, at) for at in flat]), season, shapes.WEEKS)
    result: list[Group] = []
    g = 0
    shape_of, rates_of = [], []
    for of_channel, pooled in zip(groups, lags, strict=True):
        shape, rates, _ = pooled.draw(rng, draws)
        shape_of.append(shape)
        rates_of.append(rates * np.array([[offset[market]] for market, _ in of_channel]))
    campaigns = _campaigns(rng, counts, groups, season, list(zip(rates_of, shape_of, strict=True)))
    for c, channel in enumerate(channels):
        shape, rates = shape_of[c], rates_of[c]
        caused = shares(rng, kind_of(channel), [m for m, _ in groups[c]], known.tests.get(channel, []), draws)
        for j, (market, at) in enumerate(groups[c]):
            pays = [
                to_come * (mean[g] + error[g] * rng.standard_normal(draws)) for mean, error in (first_pay, later_pay)
            ]
            density = rates[j][:, None] * shapes.lags().by_week[shape] * mean_season[g]
            repeat = again[c] * again_factors[c][j][:, None]
            curve = _cumulative(density, repeat, mean_season[g], pays[0], pays[1])
            result.append(
                Group(
                    channel=channel,
                    market=market,
                    at=at,
                    per_lead=curve,
                    campaign=campaigns[c][j],
                    caused=caused[j],
                    consent=known.consent.get(market, known.consent.get("*", 1.0)),
                    order_value=float(to_come * max(abs(first_pay[0][g]), abs(later_pay[0][g]))),
                    lag_weeks=shapes.lags().mean_weeks[shape],
                )
            )
            g += 1
    return tuple(result)


def _at(counts: Counts, channel: str, market: str) -> tuple[int, ...]:
    return tuple(i for i, cell in enumerate(counts.cells) if cell[:2] == (channel, market))


def _begun(counts: Counts, at: Sequence[int]) -> Array:
    """Leads by day, or spend where there are none: the days from which months are reckoned."""
    leads: Array = counts.leads[list(at)].sum(axis=0)
    return leads if leads.sum() > 0 else counts.spent[list(at)].sum(axis=0)


def _season(counts: Counts, channels: Sequence[str], groups: Groups) -> Array:
    """The index of each day from the first known one to four years after the last.

    Lags and repeats are first fitted without a season, then what comes more or less than they expect tells one; twice.
    """
    rows = [[i for _, at in of_channel for i in at] for of_channel in groups]
    leads, buyers = (np.stack([of[at].sum(axis=0) for at in rows]) for of in (counts.leads, counts.buyers))
    events = np.concatenate([buyers, counts.again_by_day[None]])
    season = np.ones(counts.days + seasons.AHEAD_DAYS)
    for _ in range(SEASON_PASSES):
        first = np.stack([p.expected(shapes.lags().by_week) for p in _lags_once(counts, channels, groups, season)])
        again = _again(counts, rows, season).expected(shapes.repeats().by_week)
        expected = [seasons.spread(leads, first), seasons.spread(buyers.sum(axis=0, keepdims=True), again[None])]
        season = seasons.posterior_mean(events, np.concatenate(expected), counts.start)
    return season


def lag_prior(kind: Kind) -> Array:
    """Log prior of the lag shapes of a channel of this kind, which a quarter of channels are not like."""
    grid = shapes.lags()
    off = np.log(grid.mean_weeks / kind.lag_weeks)
    near = LAG_SD_UNKNOWN if kind is UNKNOWN else LAG_SD
    like = (1 - UNLIKE) / near * np.exp(-0.5 * (off / near) ** 2)
    unlike = UNLIKE / LAG_SD_UNLIKE * np.exp(-0.5 * (np.log(grid.mean_weeks / 5) / LAG_SD_UNLIKE) ** 2)
    result: Array = np.log(like + unlike) + grid.log_prior
    return result


def _lags(
    counts: Counts, channels: Sequence[str], groups: Groups, season: Array
) -> tuple[list[Pool], dict[str, float]]:
    """The lag and conversion of each channel, and each market's factor.

    A second pass takes from the first the level that channels have in common, how alike markets are, and what a market
    converts above or below the others.
    """
    first = _lags_once(counts, channels, groups, season)
    offset = _of_markets(groups, first)
    return _lags_once(counts, channels, groups, season, before=first, offset=offset), offset


def _lags_once(
    counts: Counts,
    channels: Sequence[str],
    groups: Groups,
    season: Array,
    *,
    before: Sequence[Pool] = (),
    offset: Mapping[str, float] = MappingProxyType({}),
) -> list[Pool]:
    """Each channel by itself, or with what the pass `before` says of all."""
    watched = seasons.exposure(counts.leads, season, counts.first_by_lag.shape[1])
    level = common_level([p.log_level() for p in before], BUYERS_OF_LEADS) if before else BUYERS_OF_LEADS
    alike = sum((p.log_alike() for p in before), ALIKE_PRIOR)
    return [
        pool(
            np.stack([counts.first_by_lag[list(at)].sum(axis=0) for _, at in of_channel]),
            np.stack([offset.get(market, 1.0) * watched[list(at)].sum(axis=0) for market, at in of_channel]),
            shapes.lags().by_week,
            lag_prior(kind_of(channel)),
            level=level,
            alike=alike,
        )
        for channel, of_channel in zip(channels, groups, strict=True)
    ]


def _of_markets(groups: Groups, pools: Sequence[Pool]) -> dict[str, float]:
    """What leads of a market convert above or below those of others in the same channel, over all channels."""
    seen: dict[str, float] = {}
    due: dict[str, float] = {}
    for of_channel, pooled in zip(groups, pools, strict=True):
        if len(of_channel) < 2:
            continue
        exposed = pooled.exposed @ pooled.weights.sum(axis=(1, 2))
        rates = np.divide(pooled.events, exposed, out=np.zeros(len(exposed)), where=exposed > 0)
        # A channel's own level is the mean over its markets: they count alike, however large.
        weight = exposed / (exposed + MARKET_EVENTS / max(float(rates.mean()), 1e-9))
        level = float((weight * rates).sum() / max(float(weight.sum()), 1e-9))
        for (market, _), n, x in zip(of_channel, pooled.events, exposed, strict=True):
            part = MARKET_EVENTS / (
                MARKET_EVENTS + level * x
            )  # large cells speak for themselves, and do not drown others
            seen[market] = seen.get(market, 0.0) + part * n
            due[market] = due.get(market, 0.0) + part * level * x
    markets = {market for of_channel in groups for market, _ in of_channel}
    return {m: (seen.get(m, 0.0) + MARKET_EVENTS) / (due.get(m, 0.0) + MARKET_EVENTS) for m in markets}


def common_level(levels: Sequence[tuple[float, float]], prior: tuple[float, float]) -> tuple[float, float]:
    """Mean and sd of the channels' log levels, weighted by what each knows, the prior as one more of them."""
    weights = np.array([1 / (CHANNELS_ALIKE_SD**2 + sd**2) for _, sd in levels] + [1 / prior[1] ** 2])
    means = np.array([mean for mean, _ in levels] + [prior[0]])
    mean = float(weights @ means / weights.sum())
    spread = float(weights[:-1] @ (means[:-1] - mean) ** 2 / weights.sum())
    return mean, max(CHANNELS_ALIKE_SD, float(np.sqrt(spread + 1 / weights.sum())))


def _repeats(
    rng: np.random.Generator,
    counts: Counts,
    groups: Groups,
    season: Array,
    draws: int,
) -> tuple[list[Array], list[Array]]:
    """Repeat rates by week (draws × WEEKS) per channel, and what each of its markets is above or below it."""
    width = counts.again_by_age.shape[1]
    watched = seasons.exposure(counts.buyers, season, width)
    grid = shapes.repeats()
    temper = dispersion(counts)
    pooled = _again(counts, [[i for _, at in markets for i in at] for markets in groups], season)
    shape, rates, _ = pooled.draw(rng, draws)
    by_week = [rate[:, None] * grid.by_week[shape] for rate in rates]
    seen = [np.array([counts.again_by_age[list(at)].sum() for _, at in markets]) / temper for markets in groups]
    expected = [
        np.stack([rate[:, :width] @ watched[list(at)].sum(axis=0) for _, at in markets]) / temper
        for rate, markets in zip(by_week, groups, strict=True)
    ]
    alike = likeness(seen, [x.mean(axis=1) for x in expected])
    return by_week, [factors(rng, n, x, alike) for n, x in zip(seen, expected, strict=True)]


def _again(counts: Counts, rows: Sequence[Sequence[int]], season: Array) -> Pool:
    """The repeats of each channel (rows of cells), with a shape that all share."""
    watched = seasons.exposure(counts.buyers, season, counts.again_by_age.shape[1])
    grid = shapes.repeats()
    events, exposed = (np.stack([of[list(at)].sum(axis=0) for at in rows]) for of in (counts.again_by_age, watched))
    return pool(events, exposed, grid.by_week, grid.log_prior, level=REPEATS_A_YEAR, temper=dispersion(counts))


def dispersion(counts: Counts) -> float:
    """Variance over mean of a person's later orders, among those whose first came on the same day; at least 1."""
    n = counts.buyers.sum(axis=0)
    several = n > 1
    total = counts.again_of_day[several]
    if total.sum() < 20:
        return 2.0
    around = counts.again_squared[several] - total**2 / n[several]
    return float(np.clip((around * n[several] / (n[several] - 1)).sum() / total.sum(), 1.0, 5.0))


def _campaigns(
    rng: np.random.Generator,
    counts: Counts,
    groups: Groups,
    season: Array,
    drawn_of: Sequence[tuple[Array, Ints]],
) -> list[list[Array]]:
    """What each campaign of a group converts above or below it (cells × draws), by channel and market."""
    width = counts.first_by_lag.shape[1]
    watched = seasons.exposure(counts.leads, season, width)
    seen, expected = [], []
    for of_channel, (rate, chosen) in zip(groups, drawn_of, strict=True):
        by_week = shapes.lags().by_week[chosen, :width].T
        for (_, at), of_group in zip(of_channel, rate, strict=True):
            seen.append(counts.first_by_lag[list(at)].sum(axis=1))
            expected.append(watched[list(at)] @ by_week * of_group)
    alike = likeness(seen, [x.mean(axis=1) for x in expected])
    drawn = iter([factors(rng, n, x, alike) for n, x in zip(seen, expected, strict=True)])
    return [[next(drawn) for _ in of_channel] for of_channel in groups]


def _cumulative(density: Array, repeat: Array, season: Array, first_pay: Array, later_pay: Array) -> Array:
    """Contribution of a lead by the end of each month (draws × MONTHS): first orders and the repeats they bring."""
    weeks = density.shape[1]
    size = scipy.fft.next_fast_len(2 * weeks, real=True)
    one, two = (scipy.fft.rfft(x.astype(np.float32), size) for x in (density, repeat))
    again = scipy.fft.irfft(one * two, size)[:, :weeks]
    again = 0.5 * (again + np.pad(again, ((0, 0), (1, 0)))[:, :-1])  # two middles of weeks add to an edge between two
    paid = density * first_pay[:, None] + again * season * later_pay[:, None]
    edges = np.concatenate([np.zeros((len(paid), 1)), np.cumsum(paid, axis=1)], axis=1)
    whole = np.arange(1, MONTHS + 1) * MONTH_WEEKS
    below = np.floor(whole).astype(int)
    part = whole - below
    above = np.minimum(below + 1, weeks)
    result: Array = edges[:, below] * (1 - part) + edges[:, above] * part
    return result
