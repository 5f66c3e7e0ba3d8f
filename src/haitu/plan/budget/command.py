"""`python -m haitu.plan budget`: next quarter's split from a folder of tables."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haitu.core.errors import Refusal
from haitu.plan.budget.ask import Ask, Cell, Responses
from haitu.plan.budget.curves import Curve
from haitu.plan.budget.facts import Facts, gather, next_quarter
from haitu.plan.budget.moves import Move, moves, weigh
from haitu.plan.budget.programme import Plan, plan
from haitu.plan.budget.told import Sentence, month_name, says, sentences
from haitu.plan.command import parser
from haitu.plan.tables import write, write_problems

Array = NDArray[np.float64]


class NoSuchShock(Refusal):
    """A price shock is given as CHANNEL=+30%, for a channel that is planned."""

    code = "no_such_shock"


def main(arguments: list[str]) -> int:
    """Reads, solves, writes; 0, or a Refusal."""
    given = _options().parse_args(arguments)
    started = time.perf_counter()
    facts = gather(given.facts, as_of=given.as_of, opening=given.cash, seed=given.seed, draws=given.draws)
    ask = Ask(
        months=next_quarter(given.as_of),
        money=facts.money,
        limits=facts.limits,
        payback_months=given.horizon_months,
        payback_of="cell" if given.per_cell else "portfolio",
        discount=given.discount,
        tail=given.tail,
        caution=given.caution,
        worst_at_least=given.worst_at_least,
    )
    responses = facts.responses
    solved = plan(responses, ask)
    before, asked = np.repeat(responses.now[:, None], len(ask.months), axis=1), ask
    if given.price_shock:
        asked = replace(ask, price=_price(given.price_shock, responses))
        before, solved = solved.spend, plan(responses, asked, start=solved.start)
    steps, held = moves(responses, asked, before, solved.spend), weigh(responses, asked, before).value
    write(given.out, "budget", _budget(responses, asked, solved, before))
    write(given.out, "cash", _cash(asked, solved))
    write(given.out, "moves", _moves(steps))
    write(given.out, "told", _sentences(sentences(responses, asked, solved)))
    write(given.out, "summary", _summary(facts, solved, held))
    write_problems(given.out, facts.problems)
    _told(facts, solved, held, steps, time.perf_counter() - started)
    return 0


def _options() -> argparse.ArgumentParser:
    asked = parser("budget", "Next quarter's advertising under cash, payback and risk.")
    asked.add_argument("--cash", type=float, metavar="AMOUNT", help="in hand before the first planned month")
    asked.add_argument("--horizon-months", type=int, metavar="N", help="contribution reaches the spend by month N")
    asked.add_argument("--per-cell", action="store_true", help="... in each cell, not only in all together")
    asked.add_argument("--price-shock", action="append", metavar="CHANNEL=+30%", help="re-solve at these ad prices")
    asked.add_argument("--discount", type=_share, default=0.0, metavar="RATE", help="a year, such as 0.1")
    asked.add_argument("--draws", type=int, default=100, metavar="N", help="of what is not known")
    asked.add_argument("--tail", type=_share, default=0.1, metavar="SHARE", help="the worst draws that count as risk")
    asked.add_argument("--caution", type=_share, default=0.0, metavar="SHARE", help="weight of the worst draws' mean")
    asked.add_argument("--worst-at-least", type=float, metavar="AMOUNT", help="the worst draws' mean profit")
    return asked


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _price(shocks: Sequence[str], responses: Responses) -> Array:
    """Each cell's price beside today's."""
    price = np.ones(len(responses.cells))
    for shock in shocks:
        found = re.fullmatch(r"(.+)=([+-]?\d+(?:\.\d+)?)%?", shock.strip())
        channel, change = (found[1], float(found[2])) if found else (shock, 0.0)
        here = np.array([channel in {cell.channel, "all"} for cell in responses.cells])
        if found is None or change <= -100 or (not here.any() and channel != "all"):
            known = ", ".join(sorted({cell.channel for cell in responses.cells}))
            raise NoSuchShock(f"{shock!r} is no price shock: give CHANNEL=+30%, for one of {known}, or all.")
        price[here | (channel == "all")] *= 1 + change / 100
    return price


# What is written --------------------------------------------------------------------------------------------------


def _budget(responses: Responses, ask: Ask, solved: Plan, before: Array) -> pl.DataFrame:
    rows = []
    for c, cell in enumerate(responses.cells):
        price = 1.0 if ask.price is None else float(ask.price[c])
        for m in range(len(ask.months)):
            curve, spend = responses.curves[c][m].dearer(price), float(solved.spend[c, m])
            rows.append(
                {
                    **cell._asdict(),
                    "month": month_name(ask.months[0], m),
                    "before": float(before[c, m]),
                    "spend": spend,
                    "returned": float(solved.returned[c, m]),
                    "profit": float(solved.profit[c, m]),
                    "next_brings": float(solved.next[c, m]),
                    "break_even_price": float(solved.first[c, m]) * price,
                    "verdict": verdict(
                        spend, curve, float(solved.next[c, m]), unidentified=bool(responses.unidentified[c])
                    ),
                }
            )
    return pl.DataFrame(rows)


def verdict(spend: float, curve: Curve, following: float, *, unidentified: bool) -> str:
    """One of: nothing, below_minimum_effective, unidentified, at_maximum, planned."""
    if spend < 0.005:
        return "nothing"
    if spend < curve.lowest_effective - 0.005:
        return "below_minimum_effective"
    if unidentified:
        return "unidentified"
    return "at_maximum" if following > 1 + 1e-6 or spend > curve.knots[-1] - 0.005 else "planned"


def _cash(ask: Ask, solved: Plan) -> pl.DataFrame:
    months = range(len(solved.cash))
    return pl.DataFrame(
        {
            "month": [month_name(ask.months[0], m) for m in months],
            "cash": solved.cash,
            "floor": [float(ask.money.floor[min(m, len(ask.money.floor) - 1)]) for m in months],
            "one_more_is_worth": solved.cash_worth,
        },
        schema={"month": pl.String, "cash": pl.Float64, "floor": pl.Float64, "one_more_is_worth": pl.Float64},
    )


def _moves(steps: Sequence[Move]) -> pl.DataFrame:
    def named(cell: Cell | None, side: str) -> dict[str, str | None]:
        return {
            f"{side}_{name}": None if cell is None else value
            for name, value in zip(Cell._fields, cell or Cell("", "", ""), strict=True)
        }

    rows = [
        {
            "move": i,
            **named(step.source, "from"),
            **named(step.target, "to"),
            "amount": step.amount,
            "gain": step.gain,
            "why": step.why,
            "says": says(step),
        }
        for i, step in enumerate(steps, start=1)
    ]
    sides = {f"{side}_{name}": pl.String for side in ("from", "to") for name in Cell._fields}
    schema = {"move": pl.Int64, **sides, "amount": pl.Float64, "gain": pl.Float64, "why": pl.String, "says": pl.String}
    return pl.DataFrame(rows, schema=schema)


def _sentences(told: Sequence[Sentence]) -> pl.DataFrame:
    schema = {"code": pl.String, "about": pl.String, "month": pl.String, "amount": pl.Float64, "says": pl.String}
    return pl.DataFrame([(s.code, s.about, s.month, s.amount, s.says) for s in told], schema=schema, orient="row")


def _summary(facts: Facts, solved: Plan, held: float) -> pl.DataFrame:
    row = {
        "currency": facts.currency,
        "cells": len(facts.responses.cells),
        "spend": float(solved.spend.sum()),
        "returned": float(solved.returned.sum()),
        "profit": solved.value,
        "profit_before": held,
        "worst_draws_profit": solved.worst,
        "payback_worth": solved.payback_worth,
        "gap": solved.gap,
        "proven": solved.proven,
        "seconds": solved.seconds,
    }
    return pl.DataFrame([row])


def _told(facts: Facts, solved: Plan, held: float, steps: Sequence[Move], seconds: float) -> None:
    out = sys.stdout
    out.write(f"{len(facts.responses.cells)} cells: {solved.spend.sum():,.0f} brings {solved.returned.sum():,.0f}, ")
    out.write(f"profit {solved.value:,.0f} (before: {held:,.0f}; worst draws: {solved.worst:,.0f})\n")
    out.write(f"{len(steps)} moves, {len(facts.problems)} problems, {seconds:.2f} s (solver {solved.seconds:.3f} s)\n")
