"""`python -m haitu.plan forecast`: demand per SKU, market and week ahead, as quantiles."""

from __future__ import annotations

import argparse
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from haitu.core.errors import Refusal
from haitu.plan import tables
from haitu.plan.command import SEED
from haitu.plan.forecast.facts import Facts, read
from haitu.plan.forecast.forecast import LEVELS, Forecast, forecast
from haitu.plan.forecast.panel import Floats

FURTHEST_WEEKS = 104
FEW_WEEKS, FEW_SALES = 8, 3
TOLD = (0.05, 0.25, 0.5, 0.75, 0.95)
NAMES = ("p05", "p25", "p50", "p75", "p95")
SAID = {
    "later": "{} rows lie in weeks that had not ended by the day asked for and were not used.",
    "no_monday": "{} rows name another day than a Monday and were counted into its week.",
    "returns": "{} rows below zero were taken as returns and counted against their week.",
    "below_zero": "{} weeks had more returns than sales and count as weeks without sales.",
    "free": "{} rows with price 0 say nothing of the price; their units count.",
}


class BadWeeks(Refusal):
    """The weeks ahead must be a whole number from 1 to 104."""

    code = "bad_weeks"


def main(arguments: list[str]) -> int:
    """Writes forecast and total (parquet and csv) and problems.csv; says what was left out."""
    asked = _asked(arguments)
    if not 1 <= asked.horizon_weeks <= FURTHEST_WEEKS:
        raise BadWeeks(
            f"{asked.horizon_weeks} weeks ahead cannot be told; give 1 to {FURTHEST_WEEKS}.", field="horizon_weeks"
        )
    facts = read(asked.facts, asked.as_of)
    found = forecast(facts.panel, asked.horizon_weeks, seed=asked.seed)
    says = verdicts(facts)
    tables.write(asked.out, "forecast", _weeks(facts, found, says))
    total = facts.names.with_columns(mean=found.total_mean, **_quantiles(found.total, whole=facts.whole), verdict=says)
    tables.write(asked.out, "total", total)
    tables.write_problems(asked.out, facts.problems)
    sys.stdout.write(_told(facts, found, says, asked.horizon_weeks))
    return 0


def verdicts(facts: Facts) -> pl.Series:
    """Per series how far the answer may be trusted: forecast, or what makes it a wide guess from its peers."""
    panel = facts.panel
    weeks, sales = panel.seen.sum(axis=1), (panel.units > 0).sum(axis=1)
    says = np.where((weeks < FEW_WEEKS) | (sales < FEW_SALES), "little_history", "forecast")
    says = np.where(facts.short, "never_in_stock", says)
    return pl.Series("verdict", np.where(sales == 0, "no_sales", says).tolist(), dtype=pl.String)


def _asked(arguments: list[str]) -> argparse.Namespace:
    asked = argparse.ArgumentParser(
        prog="python -m haitu.plan forecast", description="Demand per SKU, market and week ahead, as quantiles."
    )
    asked.add_argument("--facts", type=Path, required=True, metavar="DIR", help="the folder with sales")
    asked.add_argument("--horizon-weeks", type=int, required=True, metavar="N", help="how many weeks ahead, 1 to 104")
    asked.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the answer is written")
    asked.add_argument("--as-of", type=date.fromisoformat, metavar="DATE", help="the last day known; else the table's")
    asked.add_argument("--seed", type=int, default=SEED, metavar="N", help="same facts and seed, same answer")
    return asked.parse_args(arguments)


def _weeks(facts: Facts, found: Forecast, says: pl.Series) -> pl.DataFrame:
    """A row for each series and week ahead, in the order of both."""
    series, horizon = found.mean.shape
    monday = date(1970, 1, 1) + timedelta(days=facts.panel.monday + 7 * facts.panel.weeks)
    weeks = pl.Series("week", [monday + timedelta(weeks=ahead) for ahead in range(horizon)])
    rows = np.repeat(np.arange(series), horizon)
    return facts.names[rows].with_columns(
        week=weeks[np.tile(np.arange(horizon), series)],
        mean=found.mean.ravel(),
        **_quantiles(found.weeks.reshape(series * horizon, -1), whole=facts.whole),
        verdict=says[rows],
    )


def _quantiles(told: Floats, *, whole: bool) -> dict[str, pl.Series]:
    """Whole units where only such were ever sold; rounding keeps the order."""
    told = np.rint(told) if whole else told
    return {name: pl.Series(told[:, LEVELS.index(level)]) for name, level in zip(NAMES, TOLD, strict=True)}


def _told(facts: Facts, found: Forecast, says: pl.Series, horizon: int) -> str:
    panel = facts.panel
    lines = [f"{facts.names.height} series, {panel.weeks} weeks known, {horizon} ahead."]
    words = {word: int((says == word).sum()) for word in ("little_history", "never_in_stock", "no_sales")}
    lines += [f"{some} of them {word}." for word, some in words.items() if some]
    lines += [SAID[what].format(count) for what, count in facts.told.items() if count]
    if hidden := int((~panel.seen & (np.maximum.accumulate(panel.seen, axis=1))).sum()):
        lines.append(f"{hidden} weeks without stock were not taken for weeks without demand.")
    if facts.problems:
        lines.append(f"{len(facts.problems)} rows were refused; problems.csv has their numbers.")
    if found.elasticity is not None:
        lines.append(f"Price: 1 % more took {-found.elasticity:.1f} % of the units.")
    if found.rows_learnt == 0:
        lines.append("Widths are those of counts: the past is too short to learn from earlier forecasts.")
    elif found.weeks_learnt < horizon:
        lines.append(f"Learnt from forecasts {found.weeks_learnt} weeks ahead only: the past holds no longer ones.")
    return "\n".join([*lines, ""])
