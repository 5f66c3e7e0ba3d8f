"""A folder of tables read into journeys and measurements; docs/attribution.md names every column with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from haitu.core.errors import Refusal
from haitu.plan.attribution.caused import Measurement
from haitu.plan.tables import Column, Problem, Table, read, refuse, refuse_repeats

PLACE = (Column("channel", "text"), Column("market", "text"), Column("campaign", "text", False, "*"))
TOUCH = (Column("person", "text", False), *PLACE, Column("at", "moment"))
ORDER = (Column("person", "text", False), Column("at", "moment"), Column("contribution", "amount"))
EXPERIMENT = (
    *(Column("channel", "text"), Column("market", "text", False, "*"), Column("start", "date", False)),
    *(Column("end", "date", False), Column("lift", "number"), Column("se", "number")),
)
MIX = (
    *(Column("channel", "text"), Column("market", "text", False, "*")),
    *(Column("contribution", "amount"), Column("se", "amount")),
)
OF_MIX = (
    *(Column("channel", "text"), Column("market", "text", False, "*"), Column("verdict", "text", False)),
    *(Column(f"contribution_{p}", "number", False) for p in ("p05", "p50", "p95")),
)
BAND = 2 * 1.6448536  # standard deviations between p05 and p95


class NoTouch(Refusal):
    """No usable touch: there are no journeys over which credit could be split."""

    code = "no_touch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The good rows up to and with a day, what was measured, and the problems of the others."""

    touch: pl.DataFrame
    order: pl.DataFrame
    measured: tuple[Measurement, ...]
    problems: tuple[Problem, ...]


def gather(folder: Path, *, as_of: date) -> Facts:
    """Reads the folder; what cannot be right is refused by number and listed in `problems`."""
    touch = _until(read(folder, "touch", TOUCH), as_of)
    order = refuse_repeats(_until(read(folder, "order", ORDER), as_of), ["person", "at", "contribution"])
    known = sorted(set(touch.frame["channel"]))
    experiment = _experiment(read(folder, "experiment", EXPERIMENT, required=False), known, as_of)
    mix = read(folder, "incremental", MIX, required=False)
    mix = refuse(mix, pl.col("se") <= 0, column="se", wanted="an amount above 0")
    mix = refuse(mix, ~pl.col("channel").is_in(known), column="channel", wanted="a channel with touches")
    if touch.frame["person"].drop_nulls().is_empty():
        raise NoTouch(
            "No touch of a known person can be used: there are no journeys to split credit over.", field="touch"
        )
    return Facts(
        touch=touch.frame,
        order=order.frame,
        measured=(
            *_measurements(experiment, "touched", "lift"),
            *_measurements(mix, "money", "contribution"),
            *_of_mix(folder, known),
        ),
        problems=tuple(problem for table in (touch, order, experiment, mix) for problem in table.problems),
    )


def _until(table: Table, as_of: date) -> Table:
    end = datetime.combine(as_of + timedelta(days=1), time())
    return refuse(table, pl.col("at") >= end, column="at", wanted=f"a moment up to {as_of}")


def _experiment(table: Table, known: list[str], as_of: date) -> Table:
    table = refuse(table, ~pl.col("channel").is_in(known), column="channel", wanted="a channel with touches")
    table = refuse(table, ~pl.col("lift").is_between(-1, 2), column="lift", wanted="a share such as 0.6")
    table = refuse(table, pl.col("se") <= 0, column="se", wanted="a number above 0")
    table = refuse(table, pl.col("end") > as_of, column="end", wanted=f"a test that was over by {as_of}")
    return refuse(table, pl.col("end") < pl.col("start"), column="end", wanted="an end not before its start")


def _measurements(table: Table, of: str, column: str) -> tuple[Measurement, ...]:
    rows = table.frame.select("channel", "market", column, "se").iter_rows()
    return tuple(
        Measurement(channel=channel, market=market, of=of, value=value, se=se) for channel, market, value, se in rows
    )


def _of_mix(folder: Path, known: list[str]) -> list[Measurement]:
    """What the mix model says of a channel's market, where it says that it knows."""
    table = read(folder, "mix", OF_MIX, required=False).frame
    sure = table.filter(
        (pl.col("verdict") == "identified") & pl.col("channel").is_in(known) & (pl.col("market") != "*")
    )
    wide = sure.with_columns(((pl.col("contribution_p95") - pl.col("contribution_p05")) / BAND).alias("se"))
    rows = wide.filter(pl.col("se") > 0).drop_nulls().select("channel", "market", "contribution_p50", "se").iter_rows()
    return [Measurement(channel=c, market=m, of="money", value=value, se=se) for c, m, value, se in rows]
