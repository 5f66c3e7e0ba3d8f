"""`python -m haitu.plan payback`: reads the tables, answers, writes."""

from __future__ import annotations

import sys

import polars as pl

from haitu.plan.command import parser
from haitu.plan.payback.answer import answer
from haitu.plan.payback.facts import gather
from haitu.plan.tables import write, write_problems

DRAWS = 800


def main(arguments: list[str]) -> int:
    """Writes payback, spend_month and hints (csv and parquet) and problems.csv; says in a line what it found."""
    asked = parser("payback", "What each channel's spend returned and will return, and when it is paid back.")
    asked.add_argument("--draws", type=int, default=DRAWS, metavar="N", help="how many futures are drawn, 100 or more")
    given = asked.parse_args(arguments)
    if given.draws < 100:
        asked.error(f"--draws {given.draws}: 100 or more are needed for a 5 % quantile")
    facts = gather(given.facts, as_of=given.as_of)
    found = answer(facts, seed=given.seed, draws=given.draws)
    write(given.out, "payback", found.payback)
    write(given.out, "spend_month", found.spend_month)
    rows = [(hint.code, hint.channel, hint.told) for hint in found.hints]
    schema = {"code": pl.String, "channel": pl.String, "told": pl.String}
    write(given.out, "hints", pl.DataFrame(rows, schema=schema, orient="row"))
    write_problems(given.out, found.problems)
    trust = f"{found.calibration.scores} own scores" if found.calibration.scores else "the shipped factor"
    sys.stdout.write(
        f"{found.payback.height} rows, {len(found.problems)} problems, {len(found.hints)} hints; "
        f"bands rest on {trust} (× {found.calibration.scale:.2f})\n"
    )
    return 0
