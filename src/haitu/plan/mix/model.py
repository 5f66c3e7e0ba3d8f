"""The mix model's parameters as one vector, and what they say of every week: means, derivatives, log density.

outcome(market, week) = baseline(market, week) + sum over channels of
    share x scale x exp(own(market)) x pull(market) x height(week) / mean height,

where `pull` shares an effect over markets half-way between "the same share of each market's outcome" and "the same
return on each market's money", and `own` is what a market adds to that (hierarchical: a normal around 0 whose spread is
learned). An experiment is one more observation: what the channel's spend brought within its weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from haitu.plan.mix import baseline, kinds
from haitu.plan.mix.panel import Panel, Test
from haitu.plan.mix.response import EACH, SHARE, Curve, Floats, curve, heights

OWN_AT, OWN_SPREAD = -1.6, 0.5  # log of how far markets differ, and how well we know that before looking
GAMMA_SPREAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hyper:
    """What is learned by marginal likelihood: the baseline's five, the noise of each market, the spread of markets."""

    baseline: Floats  # (5,) see baseline.NAMES
    noise_ratio: Floats  # (market,)
    own: float  # log spread of the markets around their channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Whitened:
    """What makes a market's noise independent with variance one, and its outcome so treated."""

    matrices: tuple[Floats, ...]  # per market (seen week, seen week)
    log_volume: float


class Model:
    """A panel with everything about it that does not change while parameters move."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.parts = [baseline.parts(panel, market) for market in range(len(panel.markets))]
        self.tables = [self._flat(panel.table(channel)) for channel in range(len(panel.channels))]
        self.prior_mean, self.prior_spread = self._priors()

    @staticmethod
    def _flat(table: Floats) -> Floats:
        return np.ascontiguousarray(table.reshape(-1, table.shape[-1]))

    @cached_property
    def many(self) -> bool:
        """More than one market, so that markets may differ and controls are pooled."""
        return len(self.panel.markets) > 1

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Markets, channels, weeks."""
        return len(self.panel.markets), len(self.panel.channels), len(self.panel.weeks)

    @cached_property
    def scale(self) -> float:
        """The usual weekly outcome of all markets, averaged."""
        return float(self.sizes.mean())

    @cached_property
    def sizes(self) -> Floats:
        """The usual weekly outcome of each market."""
        return self.panel.outcome_scale

    @cached_property
    def pull(self) -> Floats:
        """(market, channel), see above."""
        size = self.sizes / self.scale
        top = self.panel.exposure.max(axis=2)
        return np.asarray(np.sqrt(size[:, None] * top / np.maximum(top.mean(axis=0), 1e-300)[None, :]))

    @cached_property
    def outcomes(self) -> list[Floats]:
        """Per market, the outcome of the weeks seen in units of its usual week."""
        panel = self.panel
        return [y[s] / size for y, s, size in zip(panel.outcome, panel.seen, self.sizes, strict=True)]

    def _priors(self) -> tuple[Floats, Floats]:
        markets, channels, _ = self.shape
        mean, spread = (part.ravel() for part in kinds.beliefs(self.panel))
        if not self.many:
            return mean, spread
        controls = len(self.panel.controls)
        mean = np.concatenate([mean, np.zeros(markets * channels + controls)])
        wide = [np.full(markets * channels, np.exp(OWN_AT)), np.full(controls, GAMMA_SPREAD)]
        return mean, np.concatenate([spread, *wide])

    def spreads(self, hyper: Hyper) -> Floats:
        """The prior's standard deviations at these hyperparameters."""
        if not self.many:
            return self.prior_spread
        markets, channels, _ = self.shape
        spread = self.prior_spread.copy()
        spread[EACH * channels : EACH * channels + markets * channels] = np.exp(hyper.own)
        return spread

    def split(self, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """(draw, parameter) -> channels (draw, channel, 5), markets' own (draw, market, channel), controls."""
        markets, channels, _ = self.shape
        draws, end = len(theta), EACH * channels
        own = np.zeros((draws, markets, channels))
        gamma = np.zeros((draws, len(self.panel.controls)))
        if self.many:
            own = theta[:, end : end + markets * channels].reshape(draws, markets, channels)
            gamma = theta[:, end + markets * channels :]
        return theta[:, :end].reshape(draws, channels, EACH), own, gamma

    def whiten(self, hyper: Hyper) -> Whitened:
        """Factors the covariance of each market's baseline and noise."""
        matrices, volume = [], 0.0
        for part, ratio in zip(self.parts, hyper.noise_ratio, strict=True):
            factor = np.linalg.cholesky(baseline.covariance(part, hyper.baseline, float(ratio)))
            matrices.append(np.linalg.inv(factor))
            volume += 2 * float(np.log(np.diag(factor)).sum())
        return Whitened(matrices=tuple(matrices), log_volume=volume)

    def effects(self, theta: Floats) -> Floats:
        """Money per week: (draw, market, channel, week)."""
        markets, channels, weeks = self.shape
        each, own, _ = self.split(theta)
        found = np.empty((len(theta), markets, channels, weeks))
        for place, table in enumerate(self.tables):
            height = heights(table, each[:, place]).reshape(len(theta), markets, weeks)
            found[:, :, place] = self._money(place, each[:, place, SHARE], own[:, :, place], height, height)
        return found

    def _money(self, channel: int, log_share: Floats, own: Floats, height: Floats, measured: Floats) -> Floats:
        """Heights (draw, market, any week) in money, `measured` being those of the window that the mean is taken of."""
        pull = self.pull[None, :, channel, None]
        usual = np.maximum((pull * measured).mean(axis=(1, 2)), 1e-12)
        level = np.exp(log_share) * self.scale / usual
        return np.asarray(level[:, None, None] * np.exp(own)[:, :, None] * pull * height)

    def brought_by(self, theta: Floats, channel: int, exposures: list[Floats]) -> list[Floats]:
        """The same channel under other exposures, (market, before + week + more) each: money (draw, market, week)."""
        markets, _, weeks = self.shape
        each, own, _ = self.split(theta)
        measured = heights(self.tables[channel], each[:, channel]).reshape(len(theta), markets, weeks)
        found = []
        for exposure in exposures:
            table = self.panel.table(channel, exposure)
            height = heights(self._flat(table), each[:, channel]).reshape(len(theta), markets, table.shape[1])
            found.append(self._money(channel, each[:, channel, SHARE], own[:, :, channel], height, measured))
        return found

    def control_effects(self, theta: Floats) -> Floats:
        """The pooled effect of events and other controls, money: (draw, control, market, week)."""
        _, _, gamma = self.split(theta)
        size = self.sizes[None, None, :, None]
        return np.asarray(gamma[:, :, None, None] * size * self.panel.controls[None])

    def off(self, test: Test) -> Floats:
        """The channel's exposure had the test's spend not been, (market, before + week)."""
        exposure = self.panel.exposure[:, test.channel].copy()
        markets = slice(None) if test.market is None else slice(test.market, test.market + 1)
        exposure[markets, self.panel.before + test.start : self.panel.before + test.end] = 0.0
        return exposure

    def log_density(self, theta: Floats, matrices: list[Floats], spread: Floats) -> Floats:
        """Of draws at once, up to a constant: (draw,). `matrices` whiten each market, (mode, week, week)."""
        weekly = self.effects(theta).sum(axis=2)
        if self.many:
            weekly = weekly + self.control_effects(theta).sum(axis=1)
        misfit = np.zeros(len(theta))
        for market, (part, matrix) in enumerate(zip(self.parts, matrices, strict=True)):
            rest = self.outcomes[market] - weekly[:, market, part.weeks] / self.sizes[market]
            white = rest.reshape(len(matrix), -1, rest.shape[1]) @ matrix
            misfit += (white**2).sum(axis=2).ravel()
        for test in self.panel.tests:
            misfit += ((self.lift(theta, test) - test.lift) / test.se) ** 2
        misfit += (((theta - self.prior_mean) / spread) ** 2).sum(axis=1)
        return np.asarray(-0.5 * misfit)

    def lift(self, theta: Floats, test: Test) -> Floats:
        """What the test should have measured, money: (draw,)."""
        on, off = self.brought_by(theta, test.channel, [self.panel.exposure[:, test.channel], self.off(test)])
        return np.asarray((on - off)[:, :, test.start : test.end].sum(axis=(1, 2)))

    def expected(self, theta: Floats) -> tuple[Floats, Floats]:
        """Money (market, week) of channels and pooled controls at one point, and its derivatives (..., parameter)."""
        markets, channels, weeks = self.shape
        each, own, gamma = (part[0] for part in self.split(theta[None, :]))
        mean, slopes = np.zeros((markets, weeks)), np.zeros((markets, weeks, len(theta)))
        for place, table in enumerate(self.tables):
            at = curve(table, each[place])
            money, by = self._sloped(place, float(each[place, SHARE]), own[:, place], at)
            mean += money
            slopes[:, :, EACH * place] = money
            slopes[:, :, EACH * place + 1 : EACH * place + EACH] = by
            if self.many:
                for market in range(markets):
                    slopes[market, :, EACH * channels + market * channels + place] = money[market]
        if self.many:
            size = self.sizes[:, None]
            for place, values in enumerate(self.panel.controls):
                mean += gamma[place] * size * values
                slopes[:, :, EACH * channels + markets * channels + place] = size * values
        return mean, slopes

    def _sloped(self, channel: int, log_share: float, own: Floats, at: Curve) -> tuple[Floats, Floats]:
        """Money (market, week) and its derivatives by lag, shape, half and slope."""
        markets, _, weeks = self.shape
        pull = self.pull[:, channel, None]
        height = at.height.reshape(markets, weeks)
        slopes = at.slopes.reshape(markets, weeks, EACH - 1)
        usual = max(float((pull * height).mean()), 1e-12)
        usual_by = (pull[:, :, None] * slopes).mean(axis=(0, 1))
        level = np.exp(log_share) * self.scale / usual * np.exp(own)[:, None] * pull
        return level * height, level[:, :, None] * (slopes - height[:, :, None] * usual_by / usual)
