"""The mix model on the small shop of world.py, through the command's own doors."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from haitu.plan.__main__ import main
from haitu.plan.mix.fit import fit
from haitu.plan.mix.model import Model
from haitu.plan.mix.panel import Panel
from haitu.plan.mix.read import gather
from haitu.plan.mix.response import lag_weights
from tests.plan.mix import world

AS_OF = date(2027, 1, 1)


def answer(at: Path, *options: str) -> dict[str, dict[str, object]]:
    """The rows of mix for all markets, by channel."""
    arguments = ["mix", "--facts", str(at), "--as-of", AS_OF.isoformat(), "--out", str(at / "out"), "--quick", *options]
    assert main(arguments) == 0
    rows = pl.read_parquet(at / "out" / "mix.parquet")
    assert not any(math.isnan(x) for row in rows.iter_rows() for x in row if isinstance(x, float))
    assert rows.null_count().sum_horizontal().item() == 0
    return {row["channel"]: row for row in rows.filter(pl.col("market") == "*").iter_rows(named=True)}


def panel_of(at: Path) -> Panel:
    return gather(at, AS_OF).panel


def shop(at: Path, count: int = 104) -> Path:
    spent = world.spend(count)
    return world.folder(at, spend=spent, outcome=world.outcome(spent))


def test_a_lag_of_shape_one_is_geometric() -> None:
    weights = lag_weights(np.array([np.log(2.0)]), np.array([0.0]))[0]
    assert weights[1:10] / weights[:9] == pytest.approx(np.full(9, math.exp(-0.5)), rel=1e-9)


def test_lags_sum_to_one_whatever_their_shape() -> None:
    dice = np.random.default_rng(5)
    assert lag_weights(dice.normal(1, 1, 50), dice.normal(0, 0.5, 50)).sum(axis=1) == pytest.approx(np.ones(50))


def test_the_slopes_are_those_of_the_means(tmp_path: Path) -> None:
    model = Model(panel_of(shop(tmp_path)))
    theta = model.prior_mean + 0.1
    _, slopes = model.expected(theta)
    for place in range(len(theta)):
        step = np.zeros(len(theta))
        step[place] = 1e-6
        told = (model.expected(theta + step)[0] - model.expected(theta - step)[0]) / 2e-6
        assert slopes[:, :, place] == pytest.approx(told, rel=1e-4, abs=1e-4 * max(1.0, float(np.abs(told).max())))


def test_what_the_channels_brought_lies_in_the_bands(tmp_path: Path) -> None:
    at = shop(tmp_path)
    truth = {channel: float(effect.sum()) for channel, effect in world.effects(world.spend()).items()}
    for channel, row in answer(at).items():
        assert row["contribution_p05"] < truth[channel] < row["contribution_p95"]  # type: ignore[operator]
        assert row["contribution_p50"] == pytest.approx(truth[channel], rel=0.25)
        assert (row["verdict"], row["identified"]) == ("identified", True)


def test_the_parts_of_a_week_sum_to_its_outcome(tmp_path: Path) -> None:
    at = shop(tmp_path)
    answer(at)
    weekly = pl.read_parquet(at / "out" / "weekly.parquet").group_by("week").agg(pl.col("mean").sum()).sort("week")
    told = world.outcome(world.spend())["contribution"].to_numpy()
    assert weekly["mean"].to_numpy() == pytest.approx(told, rel=1e-9)


def test_the_same_seed_gives_the_same_answer(tmp_path: Path) -> None:
    at = shop(tmp_path)
    assert answer(at) == answer(at)


def test_twice_the_price_for_twice_the_spend_changes_nothing_but_the_return(tmp_path: Path) -> None:
    spent = world.spend()
    dear = spent.with_columns(
        amount=pl.when(pl.col("channel") == "video").then(pl.col("amount") * 2).otherwise("amount")
    )
    price = pl.DataFrame({"channel": ["video"] * 104, "week": world.weeks(104), "index": [2.0] * 104})
    cheap = panel_of(world.folder(tmp_path / "cheap", spend=spent, outcome=world.outcome(spent)))
    same = panel_of(world.folder(tmp_path / "dear", spend=dear, outcome=world.outcome(spent), price=price))
    assert same.exposure == pytest.approx(cheap.exposure)
    assert same.spend[0, 1].sum() == pytest.approx(2 * cheap.spend[0, 1].sum())


def test_spend_ahead_of_the_outcome_is_kept(tmp_path: Path) -> None:
    spent = world.spend()
    later = world.outcome(spent).filter(pl.col("week") >= world.weeks(104)[20])
    panel = panel_of(world.folder(tmp_path, spend=spent, outcome=later))
    assert (panel.before, len(panel.weeks)) == (20, 84)


def test_an_experiment_draws_the_channel_to_what_it_measured(tmp_path: Path) -> None:
    spent = world.spend(40)
    plain = answer(world.folder(tmp_path / "plain", spend=spent, outcome=world.outcome(spent)))["video"]
    amount = float(spent.filter(pl.col("channel") == "video")["amount"].sum())
    days = world.weeks(40)
    row = {"channel": ["video"], "market": ["DE"], "start": [days[0]], "end": [days[-1]], "unit": ["ratio"]}
    test = pl.DataFrame(row | {"lift": [1.9], "se": [0.02]})
    told = answer(world.folder(tmp_path / "told", spend=spent, outcome=world.outcome(spent), experiment=test))["video"]
    assert told["contribution_p50"] == pytest.approx(1.9 * amount, rel=0.05)
    width = [row["contribution_p95"] - row["contribution_p05"] for row in (told, plain)]  # type: ignore[operator]
    assert width[0] < 0.5 * width[1]


def test_a_share_of_buyers_is_not_taken_for_money(tmp_path: Path) -> None:
    spent = world.spend(40)
    days = world.weeks(40)
    test = pl.DataFrame({"channel": ["video"], "start": [days[0]], "end": [days[-1]], "lift": [0.7], "se": [0.1]})
    given = gather(world.folder(tmp_path, spend=spent, outcome=world.outcome(spent), experiment=test), AS_OF)
    assert given.panel.tests == ()
    assert [(p.table, p.row, p.column) for p in given.problems] == [("experiment", 1, "unit")]


def test_constant_spend_is_not_identifiable_and_a_test_is_proposed(tmp_path: Path) -> None:
    spent = world.spend().with_columns(
        amount=pl.when(pl.col("channel") == "video").then(pl.lit(200.0)).otherwise("amount")
    )
    row = answer(world.folder(tmp_path, spend=spent, outcome=world.outcome(spent)))["video"]
    assert (row["verdict"], row["because"]) == ("unidentified", "constant_spend")
    assert str(row["told"]).startswith("Not identifiable: its spend hardly changed")


def test_channels_that_move_together_are_not_told_apart(tmp_path: Path) -> None:
    spent = world.spend()
    twin = spent.filter(pl.col("channel") == "newsletter").with_columns(channel=pl.lit("newsletter 2"))
    both = answer(world.folder(tmp_path, spend=pl.concat([spent, twin]), outcome=world.outcome(spent)))
    assert {(row["verdict"], row["because"]) for c, row in both.items() if c != "video"} == {
        ("unidentified", "collinear")
    }


def test_a_slow_channel_is_not_known_after_26_weeks(tmp_path: Path) -> None:
    spent = world.spend(26)
    kinds = pl.DataFrame({"channel": ["video"], "kind": ["very slow"]})
    row = answer(world.folder(tmp_path, spend=spent, outcome=world.outcome(spent), channel=kinds))["video"]
    assert (row["verdict"], row["because"]) == ("unidentified", "too_short")


def test_two_markets_share_what_they_know(tmp_path: Path) -> None:
    spent = world.spend()
    france = world.spend(104, seed=9).with_columns(market=pl.lit("FR"))
    result = [world.outcome(spent), world.outcome(france, seed=8).with_columns(market=pl.lit("FR"))]
    at = world.folder(tmp_path, spend=pl.concat([spent, france]), outcome=pl.concat(result))
    model = Model(panel_of(at))
    assert len(fit(model, seed=1, components=2).modes) == 2
    rows = answer(at)
    table = pl.read_parquet(at / "out" / "mix.parquet")
    assert sorted(zip(table["channel"], table["market"], strict=True)) == [
        (channel, market) for channel in ("newsletter", "video") for market in ("*", "DE", "FR")
    ]
    assert rows["newsletter"]["roi_p50"] == pytest.approx(4.0, rel=0.15)
