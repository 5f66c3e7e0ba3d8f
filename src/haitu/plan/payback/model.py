"""The fit: from counts to draws of what a lead brings by each month after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from haitu.plan.payback import seasons, shapes, worth
from haitu.plan.payback.again import again, repeat_rates
from haitu.plan.payback.caused import shares
from haitu.plan.payback.counts import Counts
from haitu.plan.payback.kinds import kind_of
from haitu.plan.payback.lag import campaigns, lags, lags_once
from haitu.plan.payback.lost import share_lost, thinned
from haitu.plan.payback.watched import Layout, layout, summed, watched

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

SEASON_PASSES = 2
MONTHS = 36  # months of 365.25 / 12 days after the spend
MONTH_WEEKS = 365.25 / 12 / 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known beside the counts: the share of visits stored per market, and the experiments per channel."""

    consent: dict[str, float]
    tests: dict[str, list[tuple[str, float, float]]]
    lost: float | None = None  # share of leads whose link is lost in the end; None: to be found


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
    plan = layout(counts)
    season = _season(counts, plan)
    whole = watched(counts, season)
    lost = share_lost(counts, plan, whole, season, known.consent) if known.lost is None else known.lost
    seen = thinned(counts, plan, whole, lost)
    pools, offset = lags(counts, plan, seen)
    drawn = []
    for of_channel, pooled in zip(plan.markets, pools, strict=True):
        shape, rates, _ = pooled.draw(rng, draws)
        drawn.append((shape, rates * np.array([[offset[market]] for market, _ in of_channel])))
    of_campaigns = campaigns(rng, counts, plan, seen, drawn)
    repeats = repeat_rates(rng, counts, plan, seen, draws)
    pays, order_value = _pays(rng, counts, plan, draws)
    mean_season = seasons.ahead(np.stack([_begun(counts, at) for at in plan.groups]), season, shapes.WEEKS)
    result: list[Group] = []
    for channel, of_channel, (shape, rates) in zip(plan.channels, plan.markets, drawn, strict=True):
        caused = shares(rng, kind_of(channel), [m for m, _ in of_channel], known.tests.get(channel, []), draws)
        for (market, at), rate, of_market in zip(of_channel, rates, caused, strict=True):
            g = len(result)
            density = rate[:, None] * shapes.lags().by_week[shape] * mean_season[g]
            result.append(
                Group(
                    channel=channel,
                    market=market,
                    at=at,
                    per_lead=_cumulative(density, repeats[g], mean_season[g], *pays[g]),
                    campaign=of_campaigns[g],
                    caused=of_market,
                    consent=known.consent.get(market, known.consent.get("*", 1.0)),
                    order_value=float(order_value[g]),
                    lag_weeks=shapes.lags().mean_weeks[shape],
                )
            )
    return tuple(result)


def lost_share(counts: Counts, known: Known) -> float:
    """The share of leads whose link is lost in the end, found once for several fits."""
    plan = layout(counts)
    season = _season(counts, plan)
    return share_lost(counts, plan, watched(counts, season), season, known.consent)


def _pays(
    rng: np.random.Generator, counts: Counts, plan: Layout, draws: int
) -> tuple[list[tuple[Array, Array]], Array]:
    """Draws of what a first and a later order of each group leave, and the larger of the two means."""
    paid = summed(counts.paid, plan.groups)
    first, later = (worth.means(paid[:, which]) for which in (0, 1))
    if paid[:, 1, 0].sum() == 0:
        later = first
    to_come = worth.refunds_to_come(counts)
    drawn = [
        to_come * (mean[:, None] + error[:, None] * rng.standard_normal((len(mean), draws)))
        for mean, error in (first, later)
    ]
    return list(zip(*drawn, strict=True)), to_come * np.maximum(abs(first[0]), abs(later[0]))


def _begun(counts: Counts, at: Sequence[int]) -> Array:
    """Leads by day, or spend where there are none: the days from which months are reckoned."""
    leads: Array = counts.leads[list(at)].sum(axis=0)
    return leads if leads.sum() > 0 else counts.spent[list(at)].sum(axis=0)


def _season(counts: Counts, plan: Layout) -> Array:
    """The index of each day from the first known one to three years after the last.

    Lags and repeats are first fitted without a season, then what comes more or less than they expect tells one; twice.
    """
    leads, buyers = summed(counts.leads, plan.cells), summed(counts.buyers, plan.cells)
    events = np.concatenate([buyers, counts.again_by_day[None]])
    season = np.ones(counts.days + seasons.AHEAD_DAYS)
    for _ in range(SEASON_PASSES):
        seen = watched(counts, season)
        first = np.stack([p.expected(shapes.lags().by_week) for p in lags_once(counts, plan, seen)])
        later = again(counts, plan, seen).expected(shapes.repeats().by_week)
        expected = [seasons.spread(leads, first), seasons.spread(buyers.sum(axis=0, keepdims=True), later[None])]
        season = seasons.posterior_mean(events, np.concatenate(expected), counts.start)
    return season


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
