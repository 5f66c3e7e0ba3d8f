"""`python -m haitu.plan cohorts`: what the customers of today will order in the days ahead."""

from __future__ import annotations

import argparse
import sys

import numpy as np
import polars as pl

from haitu.core.errors import Refusal
from haitu.plan import tables
from haitu.plan.cohorts.conformal import Calibration, calibrate
from haitu.plan.cohorts.facts import Facts, read
from haitu.plan.cohorts.forecast import forecast
from haitu.plan.cohorts.history import History, history
from haitu.plan.cohorts.simulate import Range, ranges
from haitu.plan.command import parser

FURTHEST_DAYS = 1826  # five years
FEW_DAYS, FEW_REPEATS = 90, 30


class BadHorizon(Refusal):
    """The days ahead must be a whole number from 1 to 1826."""

    code = "bad_horizon"


def main(arguments: list[str]) -> int:
    """Writes customers, cohorts and total (parquet and csv) and problems.csv; says what was left out."""
    asked = _asked(arguments)
    if not 1 <= asked.horizon_days <= FURTHEST_DAYS:
        raise BadHorizon(
            f"{asked.horizon_days} days ahead cannot be told; give 1 to {FURTHEST_DAYS}.", field="horizon_days"
        )
    facts = read(asked.facts, asked.as_of)
    past = history(facts.bought, facts.until)
    found = forecast(past, asked.horizon_days)
    width = calibrate(past, asked.horizon_days, seed=asked.seed)
    answer = ranges(found, past, asked.horizon_days, seed=asked.seed, spread=width.spread)
    says = verdict(past)
    sizes = np.bincount(np.searchsorted(answer.cohorts, past.cohort), minlength=len(answer.cohorts))
    months = answer.cohorts.astype("datetime64[M]").astype(str).tolist()
    tables.write(asked.out, "customers", _rows(answer.customers, {"customer": facts.customers}, says))
    tables.write(asked.out, "cohorts", _rows(answer.by_cohort, {"cohort": months, "customers": sizes}, says))
    tables.write(asked.out, "total", _rows(answer.total, {"customer": ["all"]}, says))
    tables.write_problems(asked.out, facts.problems)
    sys.stdout.write(_told(facts, width, says))
    return 0


def verdict(past: History) -> str:
    """How far the answer may be trusted: forecast, or what makes it a wide guess from other shops."""
    if len(past.days) == 1:
        return "one_customer"
    if past.refunded.sum() > past.gross.sum():
        return "refunds_exceed_orders"
    repeats = float((past.days - 1).sum())
    if repeats == 0:
        return "no_repeats"
    if past.until - int(past.first.min()) < FEW_DAYS or repeats < FEW_REPEATS:
        return "little_history"
    return "forecast"


def _asked(arguments: list[str]) -> argparse.Namespace:
    asked = parser("cohorts", "Orders and value ahead, by customer, by cohort and in all.")
    asked.add_argument("--horizon-days", type=int, required=True, metavar="N", help="how many days after --as-of")
    return asked.parse_args(arguments)


def _rows(told: Range, names: dict[str, object], says: str) -> pl.DataFrame:
    columns = dict(names)
    for name, quantiles in (("orders", told.orders), ("value", told.value)):
        columns |= {f"{name}_{level}": quantiles[:, k] for k, level in enumerate(("p05", "p50", "p95"))}
    columns |= {"orders_mean": told.orders_mean, "value_mean": told.value_mean}
    return pl.DataFrame(columns).with_columns(verdict=pl.lit(says))


def _told(facts: Facts, width: Calibration, says: str) -> str:
    lines = [f"{len(facts.customers)} customers, verdict {says}."]
    if facts.later:
        lines.append(f"{facts.later} rows lie after the day asked for and were not used.")
    if facts.problems:
        lines.append(f"{len(facts.problems)} rows were refused; problems.csv has their numbers.")
    if facts.refunds:
        lines.append(f"{facts.refunds} rows below zero were taken as refunds: they lower value and are no orders.")
    if facts.strangers:
        lines.append(f"{facts.strangers} of them are of people without an order, and were left out.")
    if width.scores:
        lines.append(f"Widths x {width.spread:.2f}, from {width.scores} earlier forecasts of your own cohorts.")
    else:
        lines.append("Widths as shipped: there are too few earlier forecasts of your own to set them.")
    return "\n".join([*lines, ""])
