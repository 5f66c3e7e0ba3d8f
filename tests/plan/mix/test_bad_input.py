"""Bad rows and thin data: refused by number, or answered wide and labelled; never a NaN."""

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from haitu.plan.__main__ import main
from tests.plan.mix import world
from tests.plan.mix.test_mix import AS_OF, answer, panel_of


def problems(at: Path) -> list[tuple[str, int, str]]:
    with (at / "out" / "problems.csv").open() as file:
        return [(row["table"], int(row["row"]), row["column"]) for row in csv.DictReader(file)]


def refused(at: Path, capsys: pytest.CaptureFixture[str]) -> str:
    out = ["--out", str(at / "out")]
    assert main(["mix", "--facts", str(at), "--as-of", AS_OF.isoformat(), *out]) == 1
    return capsys.readouterr().err.strip()


def test_negative_spend_is_refused_by_number_and_the_rest_answered(tmp_path: Path) -> None:
    spent = world.spend()
    wrong = spent.with_columns(amount=pl.when(pl.int_range(pl.len()) == 4).then(pl.lit(-5.0)).otherwise("amount"))
    at = world.folder(tmp_path, spend=wrong, outcome=world.outcome(spent))
    assert sorted(answer(at)) == ["newsletter", "video"]
    assert problems(at) == [("spend", 5, "amount")]


def test_a_channel_without_spend_has_no_data(tmp_path: Path) -> None:
    spent = world.spend()
    silent = spent.filter(pl.col("channel") == "video").with_columns(channel=pl.lit("radio"), amount=pl.lit(0.0))
    row = answer(world.folder(tmp_path, spend=pl.concat([spent, silent]), outcome=world.outcome(spent)))["radio"]
    assert (row["verdict"], row["because"], row["contribution_p95"]) == ("no_data", "no_spend", 0.0)


def test_one_week_is_too_little(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spent = world.spend(1)
    told = refused(world.folder(tmp_path, spend=spent, outcome=world.outcome(spent)), capsys)
    assert told == "haitu.plan mix: The table outcome has 1 usable rows; at least 8 weeks are needed."


def test_eight_weeks_give_a_wide_and_labelled_answer(tmp_path: Path) -> None:
    spent = world.spend(8)
    rows = answer(world.folder(tmp_path, spend=spent, outcome=world.outcome(spent)))
    assert rows["video"]["verdict"] == "unidentified"


def test_weeks_without_outcome_are_left_out_not_taken_as_zero(tmp_path: Path) -> None:
    spent = world.spend()
    holes = world.outcome(spent).filter(~pl.int_range(pl.len()).is_in([10, 11, 40]))
    at = world.folder(tmp_path, spend=spent, outcome=holes)
    panel = panel_of(at)
    assert (len(panel.weeks), int(panel.seen.sum())) == (104, 101)
    truth = float(world.effects(spent)["newsletter"].sum())
    assert answer(at)["newsletter"]["contribution_p50"] == pytest.approx(truth, rel=0.2)


def test_a_channel_renamed_midway_is_two_channels_with_answers(tmp_path: Path) -> None:
    spent = world.spend()
    late = pl.col("week") >= world.weeks(104)[52]
    renamed = spent.with_columns(
        channel=pl.when(late & (pl.col("channel") == "video")).then(pl.lit("video ads")).otherwise("channel")
    )
    rows = answer(world.folder(tmp_path, spend=renamed, outcome=world.outcome(spent)))
    assert sorted(rows) == ["newsletter", "video", "video ads"]


def test_repeated_rows_are_refused_by_number(tmp_path: Path) -> None:
    spent = world.spend()
    twice = pl.concat([spent, spent.head(2)])
    result = world.outcome(spent)
    at = world.folder(tmp_path, spend=twice, outcome=pl.concat([result, result.head(1)]))
    answer(at)
    assert sorted(problems(at)) == [("outcome", 105, "market"), ("spend", 209, "channel"), ("spend", 210, "channel")]
    assert panel_of(at).spend.sum() == pytest.approx(float(spent["amount"].sum()))


def test_weeks_that_are_not_over_are_refused(tmp_path: Path) -> None:
    spent = world.spend(40)
    at = world.folder(tmp_path, spend=spent, outcome=world.outcome(spent))
    until = date(2024, 9, 29)  # the Sunday of week 39
    assert main(["mix", "--facts", str(at), "--as-of", until.isoformat(), "--out", str(at / "out"), "--quick"]) == 0
    assert sorted(problems(at)) == [("outcome", 40, "week"), ("spend", 40, "week"), ("spend", 80, "week")]


def test_two_currencies_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spent = world.spend()
    mixed = spent.with_columns(
        currency=pl.when(pl.col("channel") == "video").then(pl.lit("USD")).otherwise(pl.lit("EUR"))
    )
    told = refused(world.folder(tmp_path, spend=mixed, outcome=world.outcome(spent)), capsys)
    assert told == "haitu.plan mix: The table spend is in several currencies (EUR, USD); give all amounts in one."


def test_a_missing_outcome_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = world.folder(tmp_path, spend=world.spend())
    assert refused(at, capsys) == f"haitu.plan mix: {at} holds no outcome.csv and no outcome.parquet."


def test_spend_of_nothing_at_all_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spent = world.spend()
    at = world.folder(tmp_path, spend=spent.with_columns(amount=pl.lit(0.0)), outcome=world.outcome(spent))
    told = "haitu.plan mix: The table spend has no amount above 0 in a market that has an outcome."
    assert refused(at, capsys) == told


def test_an_outcome_of_zeros_is_answered_without_a_nan(tmp_path: Path) -> None:
    spent = world.spend()
    nothing = world.outcome(spent).with_columns(contribution=pl.lit(0.0))
    rows = answer(world.folder(tmp_path, spend=spent, outcome=nothing))
    assert {round(float(str(row["contribution_p50"])), 3) for row in rows.values()} == {0.0}


def test_losses_are_an_outcome_too(tmp_path: Path) -> None:
    spent = world.spend()
    lost = world.outcome(spent).with_columns(contribution=pl.col("contribution") - 4_000)
    rows = answer(world.folder(tmp_path, spend=spent, outcome=lost))
    assert rows["newsletter"]["roi_p50"] == pytest.approx(4.0, rel=0.2)


def test_spend_by_day_and_campaign_is_summed_by_week(tmp_path: Path) -> None:
    spent = world.spend()
    half = spent.with_columns(amount=pl.col("amount") / 2)
    tuesday = half.with_columns(week=pl.col("week") + pl.duration(days=1))
    at = world.folder(tmp_path / "days", spend=pl.concat([half, tuesday]), outcome=world.outcome(spent))
    named = pl.concat([half.with_columns(campaign=pl.lit(name)) for name in ("autumn", "spring")])
    also = world.folder(tmp_path / "campaigns", spend=named, outcome=world.outcome(spent))
    whole = panel_of(world.folder(tmp_path / "weeks", spend=spent, outcome=world.outcome(spent))).spend
    assert panel_of(at).spend == pytest.approx(whole)
    assert panel_of(also).spend == pytest.approx(whole)


def test_spend_in_a_market_without_an_outcome_is_refused(tmp_path: Path) -> None:
    spent = world.spend()
    abroad = spent.head(1).with_columns(market=pl.lit("FR"))
    at = world.folder(tmp_path, spend=pl.concat([spent, abroad]), outcome=world.outcome(spent))
    assert sorted(answer(at)) == ["newsletter", "video"]
    assert problems(at) == [("spend", 209, "market")]
