"""What payback is reckoned from: spend, touches, orders and experiments, checked row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from haitu.core.errors import Refusal
from haitu.plan.tables import Column, Problem, Table, one_currency, read, refuse, refuse_repeats

CELL = ("channel", "market", "campaign")
_PLACE = (Column("channel", "text"), Column("market", "text"), Column("campaign", "text", False, "*"))
SPEND = (*_PLACE, Column("week", "date"), Column("amount", "amount"))  # days first: seven alike are no repeats
TOUCH = (Column("person", "text", False), *_PLACE, Column("at", "moment"))
ORDER = (Column("person", "text", False), Column("at", "moment"), Column("contribution", "amount"))
EXPERIMENT = (
    *(Column("channel", "text"), Column("market", "text", False, "*"), Column("start", "date"), Column("end", "date")),
    *(Column("lift", "number"), Column("se", "number")),
)
RENAME = (Column("old", "text"), Column("new", "text"), Column("from", "date", False))
CONSENT = (Column("market", "text", False, "*"), Column("share", "number"))


class NothingSpent(Refusal):
    """No usable row of spend: there is nothing whose payback could be told."""

    code = "nothing_spent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The good rows up to and with `as_of`; times are UTC without a zone, amounts in one currency."""

    as_of: date
    currency: str
    spend: pl.DataFrame  # CELL, week (Monday), amount > 0: one row per cell and week
    touch: pl.DataFrame  # person (or null), CELL, at
    order: pl.DataFrame  # person (or null), at, contribution
    experiment: pl.DataFrame
    consent: pl.DataFrame
    problems: tuple[Problem, ...]


def gather(folder: Path, *, as_of: date) -> Facts:
    """Reads the folder; what cannot be right is refused by number and listed in `problems`."""
    renames = read(folder, "rename", RENAME, required=False)
    spend = _spend(read(folder, "spend", SPEND), as_of)
    touch = _until(read(folder, "touch", TOUCH, required=False), "at", as_of)
    order = refuse_repeats(
        _until(read(folder, "order", ORDER, required=False), "at", as_of), ["person", "at", "contribution"]
    )
    experiment = _experiment(read(folder, "experiment", EXPERIMENT, required=False), as_of)
    consent = read(folder, "consent", CONSENT, required=False)
    consent = refuse(consent, ~pl.col("share").is_between(0.01, 1), column="share", wanted="a share from 0.01 to 1")
    tables = (spend, touch, order, experiment, consent, renames)
    currency = one_currency(spend, order)
    if spend.frame.is_empty():
        raise NothingSpent("No row of spend can be used: without spend there is no payback to tell.", field="spend")
    named = _as_now_called(renames)
    return Facts(
        as_of=as_of,
        currency=currency,
        spend=_summed(_renamed(spend.frame, named)),
        touch=_renamed(touch.frame, named),
        order=order.frame,
        experiment=_renamed(experiment.frame, named),
        consent=consent.frame,
        problems=tuple(problem for table in tables for problem in table.problems),
    )


def of_frames(
    *,
    as_of: date,
    spend: pl.DataFrame,
    touch: pl.DataFrame,
    order: pl.DataFrame,
    experiment: pl.DataFrame | None = None,
    consent: pl.DataFrame | None = None,
) -> Facts:
    """Facts from tables that are clean already, such as a simulator's."""
    nothing = pl.DataFrame(schema={"channel": pl.String, "market": pl.String, "lift": pl.Float64, "se": pl.Float64})
    return Facts(
        as_of=as_of,
        currency="",
        spend=_summed(spend),
        touch=touch.with_columns(pl.col("at").cast(pl.Datetime("us"))),
        order=order.with_columns(pl.col("at").cast(pl.Datetime("us"))),
        experiment=nothing if experiment is None else experiment,
        consent=pl.DataFrame(schema={"market": pl.String, "share": pl.Float64}) if consent is None else consent,
        problems=(),
    )


def _until(table: Table, column: str, as_of: date) -> Table:
    late = pl.col(column) >= pl.lit(as_of + timedelta(days=1)).cast(pl.Datetime("us"))
    return refuse(table, late, column=column, wanted=f"not after {as_of}")


def _spend(table: Table, as_of: date) -> Table:
    """By week; what is dated after `as_of` is a plan, not a fact; less than nothing cannot be spent."""
    table = refuse(table, pl.col("week") > as_of, column="week", wanted=f"not after {as_of}")
    table = refuse(table, pl.col("amount") < 0, column="amount", wanted="0 or more: spend, without its credits")
    table = refuse_repeats(table, [*CELL, "week", "amount"])
    return replace(table, frame=table.frame.with_columns(pl.col("week").dt.truncate("1w")))


def _experiment(table: Table, as_of: date) -> Table:
    table = refuse(table, pl.col("se") <= 0, column="se", wanted="a standard error above 0")
    table = refuse(table, pl.col("end") < pl.col("start"), column="end", wanted="not before its start")
    return refuse(table, pl.col("end") > as_of, column="end", wanted=f"over by {as_of}")


def _as_now_called(renames: Table) -> dict[str, str]:
    """Old names to the newest, also over several renamings; a circle ends where it began."""
    named = dict(renames.frame.select("old", "new").iter_rows())
    result = {}
    for old in named:
        new, seen = old, {old}
        while new in named and named[new] not in seen:
            new = named[new]
            seen.add(new)
        result[old] = new
    return result


def _renamed(frame: pl.DataFrame, named: dict[str, str]) -> pl.DataFrame:
    return frame.with_columns(pl.col("channel").replace(named)) if named else frame


def _summed(spend: pl.DataFrame) -> pl.DataFrame:
    return spend.group_by(*CELL, "week", maintain_order=True).agg(pl.col("amount").sum())


def cells(facts: Facts) -> Sequence[tuple[str, str, str]]:
    """Every channel × market × campaign with spend or a touch, in order."""
    both = pl.concat([facts.spend.select(CELL), facts.touch.select(CELL)]).unique().sort(CELL)
    return both.rows()
