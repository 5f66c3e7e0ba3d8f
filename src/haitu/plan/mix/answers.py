"""What the draws say in money and words: contribution, return, lag, saturation, and whether it is known at all.

`contribution` is what the channel brought within the weeks of the outcome. `roi` is what the spend of those weeks
brings once its lag has run out, per unit of money: for a slow channel much of that lies after the last week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import numpy as np

from haitu.plan.mix.model import Model
from haitu.plan.mix.response import HALF, LAG, LONGEST, SHAPE, Floats, lag_weights

Verdict = Literal["identified", "unidentified", "no_data"]
Because = Literal["", "constant_spend", "collinear", "too_short", "too_weak", "no_spend"]
RECENT = 13  # weeks of spend of which one more unit is asked; the whole window where these had none
WIDEST = 10.0  # p95 / p05 of the return above which a figure is no answer
LEARNED = 0.7  # posterior over prior spread of the log return above which the prior speaks, not the data
SEEN = 0.5  # the least part of the effect that must lie within the weeks of the outcome
CONSTANT = 0.1  # of its mean: spend that moves less than this looks like the baseline
LAGS = 3  # weeks of outcome that a lag needs, in mean lags
TEST_WEEKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One channel in one market ("*": all), money in the currency of the tables."""

    channel: str
    market: str
    spend: float
    contribution: Floats  # (draw,)
    brought: Floats  # (draw,) of the window's spend, its lag run out
    marginal: Floats  # (draw,) per unit of money
    lag_weeks: float
    saturation: float  # weekly spend at which half of the ceiling is reached, when held
    seen: float  # part of the effect of the window's spend that falls within the window
    learned: float  # posterior over prior spread of the log return
    verdict: Verdict
    because: Because
    told: str

    @property
    def roi(self) -> Floats:
        """(draw,)"""
        return self.brought / self.spend


def answers(model: Model, draws: Floats) -> list[Answer]:
    """Channels in the order of the panel, each for all markets and then for each."""
    found: list[Answer] = []
    weekly = model.effects(draws)
    each, _, _ = model.split(draws)
    totals = [_brought(model, draws, channel) for channel in range(model.shape[1])]
    rivals = _rivals(weekly.sum(axis=(1, 3)))
    for channel, (brought, marginal) in enumerate(totals):
        inside = weekly[:, :, channel].sum(axis=2)
        weights = lag_weights(each[:, channel, LAG], each[:, channel, SHAPE])
        lag = float((weights @ np.arange(LONGEST)).mean())
        half = float(np.median(np.exp(each[:, channel, HALF])))
        spent = model.panel.spend[:, channel, model.panel.before :].sum(axis=1)
        for market in (None, *range(model.shape[0])) if model.many else (None,):
            rows = slice(None) if market is None else slice(market, market + 1)
            if spent[rows].sum() <= 0:
                continue
            gained = brought[:, rows].sum(axis=1)
            learned = float(np.log(np.maximum(gained, 1e-300)).std() / model.prior_spread[5 * channel])
            seen = float(np.clip(np.median(inside[:, rows].sum(axis=1) / np.maximum(gained, 1e-300)), 0, 1))
            verdict, because, told = _verdict(
                model, channel, rows, gained=gained, learned=learned, seen=seen, rival=rivals[channel], lag=lag
            )
            found.append(
                Answer(
                    channel=model.panel.channels[channel],
                    market="*" if market is None else model.panel.markets[market],
                    spend=float(spent[rows].sum()),
                    contribution=inside[:, rows].sum(axis=1),
                    brought=gained,
                    marginal=_ratio(marginal[0][:, rows], marginal[1][rows]),
                    lag_weeks=lag,
                    saturation=half * float(_money_scale(model, channel)[rows].sum()),
                    seen=seen,
                    learned=learned,
                    verdict=verdict,
                    because=because,
                    told=told,
                )
            )
    return found


def _money_scale(model: Model, channel: int) -> Floats:
    """The greatest weekly exposure, in money at the last week's prices: (market,)."""
    exposure, spend = model.panel.exposure[:, channel], model.panel.spend[:, channel]
    price = spend.sum(axis=1) / np.maximum(exposure.sum(axis=1), 1e-300)
    return np.asarray(exposure.max(axis=1) * price)


def _ratio(gain: Floats, cost: Floats) -> Floats:
    total = float(cost.sum())
    return np.asarray(gain.sum(axis=1) / total) if total > 0 else np.zeros(len(gain))


def _brought(model: Model, draws: Floats, channel: int) -> tuple[Floats, tuple[Floats, Floats]]:
    """What the window's spend brings in the end (draw, market), and the same of 1 % more of late."""
    panel = model.panel
    exposure = panel.exposure[:, channel]
    earlier = exposure.copy()
    earlier[:, panel.before :] = 0.0
    recent = RECENT if exposure[:, -RECENT:].any() else exposure.shape[1] - panel.before
    more = exposure.copy()
    more[:, -recent:] *= 1.01
    now, without, plus = model.brought_by(draws, channel, [panel.after(x) for x in (exposure, earlier, more)])
    gain = (plus - now).sum(axis=2)
    return (now - without).sum(axis=2), (gain, 0.01 * panel.spend[:, channel, -recent:].sum(axis=1))


def _rivals(totals: Floats) -> list[tuple[int, float]]:
    """Per channel, the channel that moves most against it from draw to draw, and that correlation."""
    if totals.shape[1] < 2:
        return [(0, 0.0)] * totals.shape[1]
    together = np.corrcoef(np.log(np.maximum(totals, 1e-300)).T)
    np.fill_diagonal(together, 1.0)
    return [(int(row.argmin()), float(row.min())) for row in np.nan_to_num(together, nan=1.0)]


def _verdict(
    model: Model,
    channel: int,
    rows: slice,
    *,
    gained: Floats,
    learned: float,
    seen: float,
    rival: tuple[int, float],
    lag: float,
) -> tuple[Verdict, Because, str]:
    low, high = np.quantile(gained, [0.05, 0.95])
    wide = high > WIDEST * max(low, 1e-300)
    name, weeks = model.panel.channels[channel], len(model.panel.weeks)
    short = seen < SEEN or weeks < LAGS * lag
    spend = model.panel.spend[rows, channel, model.panel.before :].sum(axis=0)
    tested = any(test.channel == channel for test in model.panel.tests)
    constant = spend.std() < CONSTANT * spend.mean() and not tested
    if not (wide or learned > LEARNED or short or constant):
        return "identified", "", "The data know this channel: its spend moved enough, and its effect had time to show."
    if constant:
        because: Because = "constant_spend"
        why = "its spend hardly changed, so it looks like the baseline"
    elif rival[1] < -0.7:
        because = "collinear"
        why = f"it moved together with {model.panel.channels[rival[0]]}"
    elif short:
        because = "too_short"
        why = f"{weeks} weeks are too few for an effect that takes {lag:.0f} weeks on average"
    else:
        because = "too_weak"
        why = "its effect is small beside the noise"
    length = int(np.ceil(max(TEST_WEEKS, 2 * lag)))
    cost = length * float(spend.sum()) / max(weeks, 1) / 2
    until = model.panel.weeks[-1] + timedelta(weeks=length + 1)
    told = (
        f"Not identifiable: {why}. Run this test: no spend on {name} in half of the markets (or half of the weeks) for "
        f"{length} weeks; it moves about {cost:,.0f} of spend and answers by {until.isoformat()}."
    )
    return "unidentified", because, told
