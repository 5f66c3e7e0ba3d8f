"""`python -m haitu.plan attribution`: credit by stated rules, rescaled to what was caused, from a folder of tables."""

from __future__ import annotations

import sys

import polars as pl

from haitu.plan.attribution.answer import credit, journeys
from haitu.plan.attribution.facts import gather
from haitu.plan.attribution.rules import RULES
from haitu.plan.command import parser
from haitu.plan.tables import write, write_problems


def main(arguments: list[str]) -> int:
    """Reads, splits, writes; 0, or a Refusal."""
    asked = parser("attribution", "Which channel the buyers are owed to, by each rule, and what it truly caused.")
    asked.add_argument("--rule", action="append", choices=RULES, help="repeatable; all when none is named")
    asked.add_argument("--lookback-days", type=int, default=365, metavar="N", help="how long a touch counts")
    asked.add_argument("--draws", type=int, default=1000, metavar="N", help="for the intervals")
    given = asked.parse_args(arguments)
    facts = gather(given.facts, as_of=given.as_of)
    seen = journeys(facts.touch, facts.order, as_of=given.as_of, lookback_days=given.lookback_days)
    rules = given.rule or RULES
    tables = [credit(seen, rule, facts.measured, draws=given.draws, seed=given.seed) for rule in rules]
    write(given.out, "credit", pl.concat(tables))
    write_problems(given.out, facts.problems)
    for rule, table in zip(rules, tables, strict=True):
        told = f"credits {table['credited'].sum():>12,.0f}, of which {table['caused'].sum():>12,.0f} was caused"
        sys.stdout.write(f"{rule:<10}{told}\n")
    sys.stdout.write(f"{len(facts.measured)} measurements, {len(facts.problems)} problems\n")
    return 0
