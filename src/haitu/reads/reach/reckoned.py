"""The planner asked with a merchant's facts: paybacks, months of spend, ages, and credit by rule, as plain rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from polars import selectors as cs

from haitu.plan.attribution.answer import credit
from haitu.plan.attribution.answer import journeys as paths_of
from haitu.plan.attribution.facts import NoTouch
from haitu.plan.attribution.facts import gather as credit_facts
from haitu.plan.attribution.rules import RULES
from haitu.plan.command import SEED
from haitu.plan.payback.answer import answer
from haitu.plan.payback.command import DRAWS
from haitu.plan.payback.facts import CELL, Facts
from haitu.plan.payback.facts import gather as payback_facts
from haitu.plan.payback.journeys import journeys
from haitu.reads.reach.facts import gather

Row = dict[str, Any]

LOOKBACK_DAYS = 365
CREDIT_DRAWS = 400
MOST_PROBLEMS = 200
DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoned:
    """What is kept of a run; every row as models.ReachRun describes it, without a NaN."""

    facts: Mapping[str, Any]
    payback: Sequence[Row]
    months: Sequence[Row]
    ages: Sequence[Row]
    credit: Sequence[Row]


def reckon(merchant_id: int, *, as_of: date, report: Callable[[str], object]) -> Reckoned:
    """The same answer that the planner's command gives for the folder of these facts; `report` hears each step.

    Refuses NothingSpent and what else the planner refuses.
    """
    report("facts")
    gathered = gather(merchant_id, as_of=as_of)
    with TemporaryDirectory(prefix="haitu-reach-") as kept:
        folder = Path(kept)
        gathered.write(folder)
        report("model")
        facts = payback_facts(folder, as_of=as_of)
        found = answer(facts, seed=SEED, draws=DRAWS)
        shares = _credit(folder, as_of)
    return Reckoned(
        facts={
            "rows": {name: getattr(gathered, name).height for name in ("spend", "touch", "order", "experiment")},
            "problems": [
                [problem.table, problem.row, problem.column, problem.given, problem.wanted]
                for problem in found.problems[:MOST_PROBLEMS]
            ],
            "bad_rows": len(found.problems) + gathered.unpriced,
            "unpriced": gathered.unpriced,
            "unplaced": round(gathered.unplaced, DIGITS),
            "orders": gathered.orders,
            "sourced_orders": gathered.sourced_orders,
            "hints": [[hint.code, hint.channel, hint.told] for hint in found.hints],
            "own_scores": found.calibration.scores,
        },
        payback=_rows(found.payback),
        months=_rows(found.spend_month),
        ages=_rows(_ages(facts)),
        credit=shares,
    )


def _ages(facts: Facts) -> pl.DataFrame:
    """CELL, month of the first touch, months since, and what those persons' orders brought then, as credited."""
    bought = journeys(facts).bought
    month, later = pl.col("lead_at").dt.truncate("1mo"), pl.col("at")
    age = (later.dt.year() - month.dt.year()) * 12 + later.dt.month().cast(pl.Int32) - month.dt.month().cast(pl.Int32)
    of = bought.with_columns(month.dt.date().alias("month"), age.alias("age"))
    summed = of.group_by(*CELL, "month", "age").agg(
        pl.len().alias("orders"), (pl.col("gross") + pl.col("refund")).sum().alias("brought")
    )
    return summed.sort(*CELL, "month", "age")


def _credit(folder: Path, as_of: date) -> list[Row]:
    """Every rule's credit and what of it was caused, by channel and market."""
    try:
        facts = credit_facts(folder, as_of=as_of)
    except NoTouch:
        return []
    seen = paths_of(
        facts.touch.with_columns(pl.lit("*").alias("campaign")),
        facts.order,
        as_of=as_of,
        lookback_days=LOOKBACK_DAYS,
    )
    tables = [credit(seen, rule, facts.measured, draws=CREDIT_DRAWS, seed=SEED) for rule in RULES]
    return _rows(pl.concat(tables))


def _rows(frame: pl.DataFrame) -> list[Row]:
    """As JSON holds them."""
    days = frame.with_columns(cs.date().dt.to_string("%Y-%m-%d"), cs.float().round(DIGITS))
    return days.to_dicts()
