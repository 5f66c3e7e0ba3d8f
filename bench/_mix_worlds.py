"""Weekly spend and outcome with known truth, after the description of pymc-labs/mmm-param-recovery (Apache-2.0).

Written anew from what that generator documents (mmm_param_recovery/data_generator: channel patterns, presets, regions,
transforms, commit 8a8468f): four spend patterns (AR(2) with trend, seasonal, delayed start, on/off), geometric adstock
over 8 weeks that is not normalised, Hill saturation of spend divided by the region's greatest week, a baseline with one
yearly sine and 10 % noise, event and sale regressors. Its random streams are not reproduced, so figures are comparable
in distribution, not number by number. The slow world is our own: effects that come a quarter and more later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.stats import gamma

from haitu.plan.mix.panel import Panel

Floats = NDArray[np.float64]
Dice = np.random.Generator
START = date(2020, 1, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    name: str
    pattern: str
    spend: float
    wobble: float
    effect: float
    carry: float
    slope: float
    half: float
    more: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    panel: Panel
    truth: Floats  # (channel,) contribution within the window, all markets
    weekly: Floats  # (market, channel, week)


def drift(dice: Dice, weeks: int, spend: float, wobble: float, trend: float = 0.0) -> Floats:
    noise = spend * wobble
    series = dice.normal(0, noise, weeks)
    for week in range(2, weeks):
        pull = 0.7 * series[week - 1] + 0.3 * series[week - 2]
        series[week] = max(0.0, pull + dice.normal(-0.1 * series[week - 1], noise))
    return np.asarray(np.clip(series * (1 + np.linspace(0, trend * weeks, weeks)), 0, None))


def on_off(dice: Dice, weeks: int, *, spend: float, wobble: float, chance: float, least: int, most: int) -> Floats:
    on = np.zeros(weeks, dtype=bool)
    week = 0
    while week < weeks:
        if dice.random() < chance:
            length = int(dice.integers(least, most + 1))
            on[week : week + length] = True
            week += length
        week += 1
    return np.asarray(np.where(on, np.clip(spend + dice.normal(0, spend * wobble, weeks), 0, None), 0.0))


def series(dice: Dice, channel: Channel, weeks: int) -> Floats:
    more = {name: value * (1 + dice.uniform(-0.1, 0.1)) for name, value in channel.more.items()}
    spend, wobble = (value * (1 + dice.uniform(-0.1, 0.1)) for value in (channel.spend, channel.wobble))
    if channel.pattern == "trend":
        return drift(dice, weeks, spend, wobble, more.get("trend", 0.0))
    if channel.pattern == "seasonal":
        day = np.array([(START + timedelta(weeks=week)).timetuple().tm_yday for week in range(weeks)])
        wave = np.cos(more["phase"] + 4 * np.pi * day / 365.25)
        return np.asarray(np.clip(drift(dice, weeks, spend, wobble) * more["amplitude"] * wave, 0, None))
    if channel.pattern == "delayed":
        start, ramp = int(channel.more["start"]), int(channel.more["ramp"])
        spent = drift(dice, weeks, spend, wobble)
        spent[:start] = 0
        spent[start : start + ramp] *= np.linspace(0, 1, ramp)
        return spent
    least, most = int(channel.more["least"]), int(channel.more["most"])
    return on_off(dice, weeks, spend=spend, wobble=wobble, chance=more["chance"], least=least, most=most)


def effect(spent: Floats, channel: Channel) -> Floats:
    """Hill of the adstock of spend divided by its greatest week, between 0 and 1."""
    scaled = spent / spent.max()
    weights = channel.carry ** np.arange(8)
    adstock = np.convolve(scaled, weights)[: len(spent)]
    return np.asarray(adstock**channel.slope / (adstock**channel.slope + channel.half**channel.slope))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    weeks: int
    markets: int
    sales: float
    season: float
    channels: tuple[Channel, ...]
    controls: tuple[tuple[float, float, float, float, int, int], ...]  # value, wobble, effect, chance, least, most


def burst(chance: float, least: int, most: int) -> dict[str, float]:
    return {"chance": chance, "least": least, "most": most}


def channels(*rows: tuple[str, str, float, float, float, float, float, float, dict[str, float]]) -> tuple[Channel, ...]:
    names = ("name", "pattern", "spend", "wobble", "effect", "carry", "slope", "half", "more")
    return tuple(Channel(**dict(zip(names, row, strict=True))) for row in rows)  # type: ignore[arg-type]


PRESETS = {
    "small": Preset(
        weeks=104,
        markets=1,
        sales=5_000,
        season=0.2,
        channels=channels(
            ("Search-Ads", "trend", 100, 0.8, 1.5, 0.0, 1.0, 1.0, {"trend": 0.004}),
            ("Social-Media", "seasonal", 500, 0.3, 1.2, 0.2, 1.5, 0.8, {"amplitude": 0.4, "phase": 0.5}),
            ("Local-Ads", "on_off", 500, 0.6, 0.9, 0.4, 1.0, 1.5, burst(0.3, 2, 4)),
            ("Email", "on_off", 100, 0.5, 1.2, 0.3, 2.0, 0.5, burst(0.2, 1, 1)),
        ),
        controls=((100, 0.5, 0.5, 0.04, 3, 5), (50, 0.5, 0.5, 0.1, 1, 4)),
    ),
    "growing": Preset(
        weeks=131,
        markets=2,
        sales=5_000,
        season=0.2,
        channels=channels(
            ("Search-Ads", "trend", 300, 0.7, 0.3, 0.0, 1.0, 0.3, {"trend": 0.002}),
            ("Search-Ads-Brand", "trend", 100, 0.8, 1.1, 0.2, 1.5, 1.5, {"trend": 0.002}),
            ("Video", "delayed", 500, 0.5, 1.4, 0.4, 0.8, 0.4, {"start": 25, "ramp": 10}),
            ("Social-Media", "seasonal", 500, 0.6, 0.7, 0.3, 2.0, 0.5, {"amplitude": 0.4, "phase": 0.5}),
            ("Display-Ads", "on_off", 500, 0.5, 0.3, 0.0, 0.4, 2.0, burst(0.3, 2, 4)),
            ("Email", "on_off", 100, 0.4, 0.4, 0.2, 1.5, 1.25, burst(0.2, 1, 1)),
        ),
        controls=((500, 0.5, 0.5, 0.04, 3, 5), (25, 0.5, 1.5, 0.1, 1, 4)),
    ),
    "medium": Preset(
        weeks=156,
        markets=8,
        sales=100_000,
        season=0.6,
        channels=channels(
            ("Search-Ads", "trend", 300, 0.8, 1.1, 0.0, 1.0, 1.0, {"trend": 0.002}),
            ("Search-Ads-Brand", "trend", 100, 1.1, 1.2, 0.2, 1.5, 0.4, {"trend": 0.002}),
            ("Video", "delayed", 500, 0.9, 1.1, 0.4, 0.8, 0.55, {"start": 25, "ramp": 10}),
            ("Video-2", "delayed", 1000, 1.2, 0.9, 0.3, 2.0, 0.7, {"start": 75, "ramp": 4}),
            ("Social-Media", "seasonal", 1000, 1.2, 0.5, 0.2, 1.0, 0.4, {"amplitude": 0.4, "phase": 0.5}),
            ("Social-Media-2", "seasonal", 1000, 0.9, 1.1, 0.1, 0.8, 1.2, {"amplitude": 0.2, "phase": 0.785}),
            ("Display-Ads", "on_off", 500, 0.7, 0.8, 0.05, 0.5, 0.5, burst(0.3, 2, 4)),
            ("Influencer", "on_off", 500, 1.1, 1.3, 0.1, 1.2, 0.9, burst(0.1, 2, 6)),
        ),
        controls=((500, 0.5, 0.5, 0.04, 3, 5), (1000, 0.5, 0.2, 0.2, 1, 8), (25, 0.5, 100.0, 0.1, 1, 4)),
    ),
}


def after_description(name: str, seed: int, weeks: int = 0) -> World:
    """One draw of a preset, of its own length or another."""
    preset, dice = PRESETS[name], np.random.default_rng([seed, len(name)])
    count, weeks = preset.markets, weeks or preset.weeks
    spend = np.zeros((count, len(preset.channels), weeks))
    weekly, controls = np.zeros_like(spend), np.zeros((len(preset.controls), count, weeks))
    outcome = np.zeros((count, weeks))
    for market in range(count):
        usual = preset.sales * (1 + dice.uniform(-0.1, 0.1))
        wave = preset.season * np.sin(2 * np.pi * np.arange(weeks) / 52)
        outcome[market] = np.clip(usual * (1 + wave + dice.normal(0, 0.1, weeks)), 0, None)
        for place, channel in enumerate(preset.channels):
            while not spend[market, place].any():  # a burst channel may never have started
                spend[market, place] = series(dice, channel, weeks)
            weekly[market, place] = channel.effect * preset.sales * effect(spend[market, place], channel)
        for place, (value, wobble, worth, chance, least, most) in enumerate(preset.controls):
            value_here = value * (1 + dice.uniform(-0.1, 0.1))
            controls[place, market] = on_off(
                dice, weeks, spend=value_here, wobble=wobble, chance=chance, least=least, most=most
            )
            outcome[market] += worth * (1 + dice.uniform(-0.1, 0.1)) * controls[place, market]
        outcome[market] += weekly[market].sum(axis=0)
    names = tuple(channel.name for channel in preset.channels)
    panel = panel_of(names, spend, outcome, controls)
    return World(panel=panel, truth=weekly.sum(axis=(0, 2)), weekly=weekly)


def panel_of(
    names: tuple[str, ...], spend: Floats, outcome: Floats, controls: Floats | None = None, kinds: tuple[str, ...] = ()
) -> Panel:
    """Arrays as a panel whose spend may begin before its outcome."""
    markets, weeks = outcome.shape
    days = tuple(START + timedelta(weeks=week) for week in range(weeks))
    given = np.zeros((0, markets, weeks)) if controls is None else controls
    return Panel(
        channels=names,
        markets=tuple(f"m{market + 1}" for market in range(markets)),
        weeks=days,
        outcome=outcome,
        seen=np.ones((markets, weeks), dtype=bool),
        spend=spend,
        exposure=spend,
        controls=given,
        control_names=tuple(f"c{place + 1}" for place in range(len(given))),
        kinds=kinds,
        week_of_year=np.array([day.timetuple().tm_yday / 365.25 for day in days]),
    )


def longer(name: str, seed: int, more: int) -> World:
    """A draw of a preset that goes on for some weeks, to be cut where a refresh would stand."""
    return after_description(name, seed, weeks=PRESETS[name].weeks + more)


def cut(panel: Panel, weeks: int) -> Panel:
    """The same panel as it was when only this many weeks were known."""
    until = panel.before + weeks
    return replace(
        panel,
        weeks=panel.weeks[:weeks],
        outcome=panel.outcome[:, :weeks],
        seen=panel.seen[:, :weeks],
        spend=panel.spend[:, :, :until],
        exposure=panel.exposure[:, :, :until],
        controls=panel.controls[:, :, :weeks],
        week_of_year=panel.week_of_year[:weeks],
    )


def slow(seed: int, weeks: int, history: int) -> tuple[Panel, Floats]:
    """4 markets, 2 quick channels and 2 whose effect takes 14 and 20 weeks; `history` weeks of earlier spend are known.

    Returns the panel and what each channel's spend of the window brings in the end, all markets.
    """
    dice, ahead = np.random.default_rng([seed, 77]), 60
    names, kinds = ("Social", "Email", "Content", "Community"), ("usual", "fast", "very slow", "very slow")
    lags, shapes = (1.0, 0.5, 14.0, 20.0), (1.0, 1.0, 3.0, 3.0)
    spend = np.zeros((4, 4, ahead + weeks))
    outcome, brought = np.zeros((4, weeks)), np.zeros(4)
    for market in range(4):
        usual = 20_000 * dice.lognormal(0, 0.3)
        wave = 0.15 * np.sin(2 * np.pi * np.arange(weeks) / 52)
        outcome[market] = usual * (1 + wave + dice.normal(0, 0.05, weeks))
        for place, (lag, shape) in enumerate(zip(lags, shapes, strict=True)):
            spent = drift(dice, ahead + weeks, 0.03 * usual, 0.5)
            if history == 0:
                spent[:ahead] = 0.0  # a new campaign
            kernel = np.diff(gamma.cdf(np.arange(61.0), shape, scale=lag / shape))
            ceiling, worth = 2 * spent.max(), 3 * dice.uniform(0.8, 2.0)
            only = spent.copy()
            only[ahead:] = 0.0
            gained, earlier = (_bends(_delayed(exposure, kernel), worth, ceiling) for exposure in (spent, only))
            outcome[market] += gained[ahead : ahead + weeks]
            brought[place] += (gained - earlier).sum()
            spend[market, place] = spent
    known = spend[:, :, ahead - history :]
    return panel_of(names, known, outcome, kinds=kinds), brought


def _delayed(exposure: Floats, kernel: Floats) -> Floats:
    return np.asarray(np.convolve(np.pad(exposure, (0, 60)), kernel)[: len(exposure) + 60])


def _bends(adstock: Floats, worth: float, ceiling: float) -> Floats:
    return np.asarray(worth * adstock / (1 + adstock / ceiling))
