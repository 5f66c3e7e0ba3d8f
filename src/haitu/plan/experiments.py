"""A test of one channel in some markets: what it could detect before it is run, and what it found afterwards.

The markets with the channel switched off (or on) are compared with a weighted sum of the others, the weights being
those that follow the test markets best before the test, none negative and pulled to equality (a synthetic control:
Abadie, Diamond & Hainmueller 2010, Journal of the American Statistical Association 105, equation 2). The standard error
is that of a sum of weeks whose errors carry over from week to week, and it holds the error of the weights' level too.
It comes from weeks the weights were not learned on: each half of the history is told from the other. Markets are chosen
on the first half and judged on the second, so that the choice does not flatter itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import ndtr, ndtri, stdtrit

from haitu.core.errors import Refusal
from haitu.plan import command, tables
from haitu.plan.tables import Column, Problem

Floats = NDArray[np.float64]
LENGTHS = (4, 8, 12)  # weeks
SPLITS = 200
TO_EVEN = 0.3  # how strongly the weights of a comparison are drawn to equality
ALPHA, POWER = 0.05, 0.8
FEWEST = 16  # weeks of history
SPEND = (Column("channel", "text"), Column("market", "text"), Column("week", "week"), Column("amount", "amount"))
TEST = (
    Column("channel", "text"),
    Column("market", "text"),
    Column("start", "date"),
    Column("end", "date"),
    Column("change", "text", required=False, default="off"),
    Column("attributed", "amount", required=False),
)


class NoTest(Refusal):
    """There is too little history, or no market to compare with."""

    code = "no_test"


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Weekly outcome and spend by market; every week of every market is there."""

    markets: tuple[str, ...]
    channels: tuple[str, ...]
    weeks: tuple[date, ...]
    outcome: Floats  # (market, week)
    spend: Floats  # (channel, market, week)
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """How the test markets stray from their comparison: standard deviation of a week, carry-over, weeks it rests on."""

    sigma: float
    carry: float
    weeks: int

    def of_sum(self, length: int) -> float:
        """The standard error of a sum over `length` weeks, the level's own error included."""
        return self.sigma * float(np.sqrt(_summed(self.carry, length) + (length / self.weeks) ** 2 * self._level))

    @property
    def _level(self) -> float:
        return _summed(self.carry, self.weeks)


def _summed(carry: float, length: int) -> float:
    """The variance of a sum of `length` weeks of an AR(1) of variance one."""
    lags = np.arange(1, length)
    return float(length + 2 * ((length - lags) * carry**lags).sum())


def error(residuals: Floats) -> Error:
    """The carry-over is corrected upwards for short series (Kendall 1954) and never taken as negative."""
    weeks = len(residuals)
    centred = residuals - residuals.mean()
    raw = float((centred[1:] * centred[:-1]).sum() / max(float((centred**2).sum()), 1e-300))
    carry = float(np.clip(raw + (1 + 3 * raw) / weeks, 0.0, 0.95))
    lost = min(weeks - 2.0, 1 + 2 * carry / (1 - carry))  # what centring takes when weeks carry over
    return Error(sigma=float(np.sqrt((centred**2).sum() / (weeks - lost))), carry=carry, weeks=weeks)


def comparison(treated: Floats, controls: Floats) -> Floats:
    """Weights of the control markets, none negative, that follow `treated` over these weeks: (control,)."""
    if not len(controls):
        return np.zeros(0)
    total = float(controls.sum())
    even = float(treated.sum()) / total if total > 0 else 0.0  # markets that sold nothing yet are like nothing
    pull = TO_EVEN * np.sqrt(len(treated)) * (controls.std(axis=1) + 1e-12)
    weights, _ = nnls(np.concatenate([controls.T, np.diag(pull)]), np.concatenate([treated, pull * even]))
    return np.asarray(weights)


def strays(treated: Floats, controls: Floats, learned_on: slice, told_of: slice) -> Floats:
    """What the comparison misses in the weeks `told_of`, its weights and level coming from `learned_on`."""
    if not len(controls):
        return np.asarray(treated[told_of] - treated[learned_on].mean())
    weights = comparison(treated[learned_on], controls[:, learned_on])
    level = float((treated[learned_on] - weights @ controls[:, learned_on]).mean())
    return np.asarray(treated[told_of] - weights @ controls[:, told_of] - level)


def crossed(treated: Floats, controls: Floats) -> Error:
    """The error in weeks that the weights have not seen: each half of the history told from the other."""
    weeks = len(treated)
    first, second = slice(0, weeks // 2), slice(weeks // 2, weeks)
    found = [error(strays(treated, controls, *pair)) for pair in ((first, second), (second, first))]
    return Error(
        sigma=float(np.sqrt(np.mean([one.sigma**2 for one in found]))),
        carry=max(one.carry for one in found),
        weeks=weeks,
    )


def matched(outcome: Floats, count: int, dice: np.random.Generator) -> tuple[int, ...]:
    """The `count` markets that the others follow best over the first half of the history."""
    markets, weeks = outcome.shape
    first = slice(0, weeks // 2)
    best, least = tuple(range(count)), np.inf
    for _ in range(SPLITS if markets > 2 else markets):
        chosen = np.sort(dice.permutation(markets)[:count])
        others = np.setdiff1d(np.arange(markets), chosen)
        treated = outcome[chosen].sum(axis=0)
        found = error(strays(treated, outcome[others], first, first))
        relative = found.of_sum(8) / max(float(np.abs(treated[first]).sum()), 1e-300)
        if relative < least:
            best, least = tuple(int(c) for c in chosen), relative
    return best


def design(history: History, *, seed: int) -> pl.DataFrame:
    """One row per channel and length: which markets, what it moves, what it could detect with power 80 % at 5 %."""
    weeks, markets = len(history.weeks), len(history.markets)
    if weeks < FEWEST:
        raise NoTest(f"The table outcome has {weeks} weeks; a test is planned from at least {FEWEST}.")
    chosen = matched(history.outcome, max(1, markets // 2), np.random.default_rng(seed)) if markets > 1 else (0,)
    others = [market for market in range(markets) if market not in chosen]
    treated = history.outcome[list(chosen)].sum(axis=0)
    half = weeks // 2
    found = error(strays(treated, history.outcome[others], slice(0, half), slice(half, weeks)))
    usual = history.spend[:, list(chosen), -13:].mean(axis=2).sum(axis=1)
    rows = [
        {
            "channel": channel,
            "test_markets": "|".join(history.markets[market] for market in chosen),
            "control_markets": "|".join(history.markets[market] for market in others),
            "weeks": length,
            **_power(found, length, float(weekly) * length, float(treated[-13:].mean()) * length),
        }
        for channel, weekly in zip(history.channels, usual, strict=True)
        for length in LENGTHS
    ]
    return pl.DataFrame(rows)


def _power(found: Error, length: int, moved: float, outcome: float) -> dict[str, object]:
    """What a test of this length sees, in money, of the outcome and per unit of money withheld."""
    se = found.of_sum(length)
    critical = float(stdtrit(found.weeks - 2, 1 - ALPHA / 2))
    least = (critical + float(ndtri(POWER))) * se
    at_one = float(ndtr(moved / max(se, 1e-300) - critical)) if moved > 0 else 0.0
    told = f"{length} weeks without it withhold {moved:,.0f} and show an effect of {least:,.0f} or more"
    if moved <= 0:
        verdict, told = "no_data", "It has not spent of late in the test markets, so there is nothing to switch off."
    elif least <= moved:
        verdict, told = "runs", f"{told}: a return of {least / moved:.2f} or more would be seen."
    else:
        verdict, told = (
            "too_weak",
            f"{told}: only a return above {least / moved:.2f}; use more weeks, markets or money.",
        )
    return {
        "spend_moved": moved,
        "se": se,
        "detectable": least,
        "detectable_share": least / outcome if outcome > 0 else 0.0,
        "detectable_roi": least / moved if moved > 0 else 0.0,
        "power_at_roi_1": at_one,
        "verdict": verdict,
        "told": told,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A test that was run: places of its markets and weeks (`end` not included), and what was changed."""

    channel: int
    markets: tuple[int, ...]
    start: int
    end: int
    off: bool
    attributed: float  # 0 where not given


def read(history: History, run: Run) -> dict[str, object]:
    """What the channel brought in the test's weeks and markets, with its standard error and words."""
    if run.start < FEWEST // 2:
        raise NoTest(f"A test needs {FEWEST // 2} weeks of outcome before it; this one has {run.start}.")
    others = [market for market in range(len(history.markets)) if market not in run.markets]
    treated, before = history.outcome[list(run.markets)].sum(axis=0), slice(0, run.start)
    change = float(strays(treated, history.outcome[others], before, slice(run.start, run.end)).sum())
    found, length = crossed(treated[before], history.outcome[others][:, before]), run.end - run.start
    brought, se = (-change if run.off else change), found.of_sum(length)
    spend = history.spend[run.channel]
    earlier = spend[list(run.markets), max(0, run.start - 13) : run.start].mean(axis=1).sum() * length
    during = spend[list(run.markets), run.start : run.end].sum()
    moved = float(earlier - during if run.off else during - earlier)
    seen = slice(max(0, run.start - length), run.start) if run.off else slice(run.start, run.end)
    money = float(spend[:, seen].sum())
    ratio, ratio_se = (brought / moved, se / moved) if moved > 0 else (0.0, 0.0)
    margin = float(stdtrit(found.weeks - 2, 0.95)) * se
    known = abs(brought) > margin
    what = f"{brought:,.0f} (90 %: {brought - margin:,.0f} to {brought + margin:,.0f}) for {moved:,.0f} of spend"
    share: dict[str, object] = {"lift": None, "se": None}
    if run.attributed > 0:
        share = {"lift": brought / run.attributed, "se": se / run.attributed}
    return {
        "channel": history.channels[run.channel],
        "market": "*",
        "start": history.weeks[seen.start],
        "end": history.weeks[seen.stop - 1] + timedelta(days=6),
        **share,
        "brought": ratio * money,
        "brought_se": ratio_se * money,
        "test_markets": "|".join(history.markets[market] for market in run.markets),
        "test_brought": brought,
        "test_se": se,
        "test_spend": moved,
        "roi": ratio,
        "verdict": "no_data" if moved <= 0 else "found" if known else "not_seen",
        "told": f"The channel brought {what}." if known else f"Nothing beyond chance: {what}.",
    }


def gather(folder: Path, as_of: date, outcome_column: str) -> History:
    """Spend and outcome as a full grid; a market that lacks a week of outcome is left out, and said so by number."""
    outcome = tables.read(folder, "outcome", (*SPEND[1:3], Column(outcome_column, "amount")))
    spend = tables.read(folder, "spend", SPEND)
    late = pl.col("week") + pl.duration(days=6) > as_of
    outcome = tables.refuse(outcome, late, column="week", wanted=f"a week that is over by {as_of}")
    outcome = tables.refuse_repeats(outcome, ("market", "week"))
    spend = tables.refuse(spend, late, column="week", wanted=f"a week that is over by {as_of}")
    spend = tables.refuse(spend, pl.col("amount") < 0, column="amount", wanted="an amount, not below 0")
    tables.one_currency(spend, outcome)
    weeks = tuple(outcome.frame["week"].unique().sort())
    whole = pl.col("week").count().over("market") < len(weeks)
    outcome = tables.refuse(outcome, whole, column="market", wanted="a market with every week of outcome")
    if not outcome.frame.height:
        raise NoTest("The table outcome has no market with every week.")
    markets, channels = tuple(outcome.frame["market"].unique().sort()), tuple(spend.frame["channel"].unique().sort())
    values = outcome.frame.sort("market", "week")[outcome_column].to_numpy().reshape(len(markets), len(weeks))
    money, at = np.zeros((len(channels), len(markets), len(weeks))), {week: place for place, week in enumerate(weeks)}
    for channel, market, week, amount in spend.frame.select("channel", "market", "week", "amount").iter_rows():
        if market in markets and week in at:
            money[channels.index(channel), markets.index(market), at[week]] += amount
    problems = (*spend.problems, *outcome.problems)
    return History(markets=markets, channels=channels, weeks=weeks, outcome=values, spend=money, problems=problems)


def runs(folder: Path, history: History) -> tuple[list[Run], tuple[Problem, ...]]:
    """The table `test`: one row per test market; rows of one channel and window are one test."""
    table = tables.read(folder, "test", TEST)
    table = tables.refuse(
        table, ~pl.col("market").is_in(list(history.markets)), column="market", wanted="a known market"
    )
    table = tables.refuse(
        table, ~pl.col("channel").is_in(list(history.channels)), column="channel", wanted="a known one"
    )
    table = tables.refuse(table, ~pl.col("change").is_in(["off", "on"]), column="change", wanted="off or on")
    outside = (
        (pl.col("end") < history.weeks[0]) | (pl.col("start") > history.weeks[-1]) | (pl.col("end") < pl.col("start"))
    )
    table = tables.refuse(table, outside, column="start", wanted="weeks that have an outcome")
    found = []
    for rows in table.frame.partition_by("channel", "start", "end", "change", maintain_order=True):
        one = rows.row(0, named=True)
        found.append(
            Run(
                channel=history.channels.index(one["channel"]),
                markets=tuple(sorted({history.markets.index(market) for market in rows["market"]})),
                start=max(0, (one["start"] - history.weeks[0]).days // 7),
                end=min(len(history.weeks), (one["end"] - history.weeks[0]).days // 7 + 1),
                off=one["change"] == "off",
                attributed=float(rows["attributed"].fill_null(0.0).sum()),
            )
        )
    return found, table.problems


def main(arguments: list[str]) -> int:
    """`experiment design` writes design; `experiment read` writes experiment, which payback and mix read."""
    parser = command.parser("experiment", "plan a test of a channel, or read one that was run")
    parser.add_argument("what", choices=["design", "read"])
    parser.add_argument("--outcome", default="contribution", metavar="COLUMN", help="or revenue")
    asked = parser.parse_args(arguments)
    history = gather(asked.facts, asked.as_of, asked.outcome)
    if asked.what == "design":
        tables.write(asked.out, "design", design(history, seed=asked.seed))
        tables.write_problems(asked.out, history.problems)
        return 0
    tests, problems = runs(asked.facts, history)
    rows = [read(history, run) for run in tests]
    if not rows:
        raise NoTest("The table test holds no test that can be read; problems.csv says why.")
    tables.write(asked.out, "experiment", pl.DataFrame(rows, schema_overrides={"lift": pl.Float64, "se": pl.Float64}))
    tables.write_problems(asked.out, (*history.problems, *problems))
    return 0
