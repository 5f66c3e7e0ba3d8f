"""Tests of a channel in some of eight markets that share their ups and downs: planned, run and read."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from haitu.plan.__main__ import main
from haitu.plan.experiments import Error, History, Run, crossed, design, error, read

FIRST, LENGTH = date(2024, 1, 1), 78


def history(seed: int, markets: int = 8) -> History:
    """Common drift and season, own errors that carry over half; the channel spends a tenth of the outcome."""
    dice = np.random.default_rng(seed)
    size = dice.lognormal(0, 0.5, markets) * 10_000
    common = np.cumsum(dice.normal(0, 0.02, LENGTH)) + 0.15 * np.sin(2 * np.pi * np.arange(LENGTH) / 52)
    own = np.zeros((markets, LENGTH))
    for week in range(1, LENGTH):
        own[:, week] = 0.5 * own[:, week - 1] + dice.normal(0, 0.05, markets)
    return History(
        markets=tuple(f"m{market}" for market in range(markets)),
        channels=("search",),
        weeks=tuple(FIRST + timedelta(weeks=week) for week in range(LENGTH)),
        outcome=size[:, None] * (1 + common + own),
        spend=np.tile(size[:, None] * 0.1, (1, LENGTH))[None],
        problems=(),
    )


def without(told: History, markets: tuple[int, ...], start: int, roi: float) -> History:
    """The same history, the channel off in these markets from `start` on."""
    outcome, spend = told.outcome.copy(), told.spend.copy()
    for market in markets:
        outcome[market, start:] -= roi * spend[0, market, start:]
        spend[0, market, start:] = 0.0
    return replace(told, outcome=outcome, spend=spend)


def plan(told: History, weeks: int) -> dict[str, Any]:
    before = replace(told, outcome=told.outcome[:, :70], spend=told.spend[:, :, :70], weeks=told.weeks[:70])
    return design(before, seed=1).filter(pl.col("weeks") == weeks).row(0, named=True)


def test_the_band_holds_the_truth_nine_times_in_ten_and_the_power_is_kept() -> None:
    held, seen = 0, 0
    for seed in range(60):
        told = history(seed)
        asked = plan(told, 8)
        markets = tuple(told.markets.index(name) for name in asked["test_markets"].split("|"))
        tested = without(told, markets, 70, asked["detectable_roi"])
        found = read(tested, Run(channel=0, markets=markets, start=70, end=78, off=True, attributed=0.0))
        held += abs(float(str(found["test_brought"])) - asked["detectable"]) < 1.645 * float(str(found["test_se"]))
        seen += found["verdict"] == "found"
    assert held >= 48  # 60 x 90 % = 54, less two and a half standard deviations
    assert seen >= 42  # 60 x 80 % = 48


def test_longer_tests_see_smaller_returns() -> None:
    returns = [plan(history(3), weeks)["detectable_roi"] for weeks in (4, 8, 12)]
    assert returns == sorted(returns, reverse=True)


def test_errors_that_carry_over_are_not_taken_for_many() -> None:
    free, bound = Error(sigma=1.0, carry=0.0, weeks=10_000), Error(sigma=1.0, carry=0.6, weeks=10_000)
    assert free.of_sum(8) == pytest.approx(np.sqrt(8), rel=1e-3)
    assert bound.of_sum(8) == pytest.approx(np.sqrt(8 + 2 * sum((8 - lag) * 0.6**lag for lag in range(1, 8))), rel=1e-2)


def test_the_carry_over_of_a_series_is_found() -> None:
    dice, series = np.random.default_rng(1), np.zeros(4_000)
    for week in range(1, 4_000):
        series[week] = 0.5 * series[week - 1] + dice.normal()
    assert error(series).carry == pytest.approx(0.5, abs=0.05)


def test_the_error_is_that_of_weeks_not_learned_on() -> None:
    told = history(5)
    apart = crossed(told.outcome[0], told.outcome[1:])
    assert apart.sigma / told.outcome[0].mean() == pytest.approx(0.058, abs=0.04)


def folder(at: Path, told: History, **more: pl.DataFrame) -> Path:
    at.mkdir(exist_ok=True)
    rows = [(m, w, float(told.outcome[i, t])) for i, m in enumerate(told.markets) for t, w in enumerate(told.weeks)]
    pl.DataFrame(rows, schema=["market", "week", "contribution"], orient="row").write_csv(at / "outcome.csv")
    spent = [
        ("search", m, w, float(told.spend[0, i, t]))
        for i, m in enumerate(told.markets)
        for t, w in enumerate(told.weeks)
    ]
    pl.DataFrame(spent, schema=["channel", "market", "week", "amount"], orient="row").write_csv(at / "spend.csv")
    for name, frame in more.items():
        frame.write_csv(at / f"{name}.csv")
    return at


def command(what: str, at: Path) -> int:
    return main(["experiment", what, "--facts", str(at), "--as-of", "2026-01-01", "--out", str(at / "out")])


def test_a_test_read_from_its_tables_feeds_mix_and_payback(tmp_path: Path) -> None:
    told = history(7)
    start = told.weeks[70]
    test = pl.DataFrame(
        {
            "channel": ["search"] * 2,
            "market": ["m0", "m1"],
            "start": [start] * 2,
            "end": [told.weeks[77] + timedelta(days=6)] * 2,
            "attributed": [20_000.0, 15_000.0],
        }
    )
    at = folder(tmp_path, without(told, (0, 1), 70, 4.0), test=test)
    assert command("read", at) == 0
    row = pl.read_parquet(at / "out" / "experiment.parquet").row(0, named=True)
    assert (row["channel"], row["market"], row["verdict"]) == ("search", "*", "found")
    assert row["roi"] == pytest.approx(4.0, abs=2.5 * row["test_se"] / row["test_spend"])
    assert row["lift"] == pytest.approx(row["test_brought"] / 35_000)
    assert (row["start"], row["end"]) == (told.weeks[62], told.weeks[69] + timedelta(days=6))
    (at / "experiment.csv").write_text((at / "out" / "experiment.csv").read_text())
    assert main(["mix", "--facts", str(at), "--as-of", "2026-01-01", "--out", str(at / "out"), "--quick"]) == 0
    assert (at / "out" / "problems.csv").read_text() == "table,row,column,given,wanted\n"


def test_a_plan_is_written_for_each_length(tmp_path: Path) -> None:
    assert command("design", folder(tmp_path, history(2))) == 0
    assert pl.read_csv(tmp_path / "out" / "design.csv")["weeks"].to_list() == [4, 8, 12]


def test_one_market_has_nothing_to_be_compared_with_and_sees_less() -> None:
    alone, many = history(4, markets=1), history(4)
    assert plan(alone, 8)["control_markets"] == ""
    assert plan(alone, 8)["detectable_share"] > plan(many, 8)["detectable_share"]


def test_a_short_history_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = history(2)
    short = replace(told, outcome=told.outcome[:, :10], spend=told.spend[:, :, :10], weeks=told.weeks[:10])
    assert command("design", folder(tmp_path, short)) == 1
    said = "haitu.plan experiment: The table outcome has 10 weeks; a test is planned from at least 16.\n"
    assert capsys.readouterr().err == said
