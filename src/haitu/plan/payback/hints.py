"""What somebody should look at before the figures are believed: told beside the answer, never silently repaired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from haitu.plan.payback.counts import Counts
from haitu.plan.payback.facts import Facts
from haitu.plan.tables import Problem

RENAME_WEEKS = 2  # a channel that ends within so many weeks of another's beginning may be the same
STILL_WEEKS = 6  # no spend for so long, and it has ended
UNKNOWN_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """A code, the channel it is about ("" for all) and a sentence."""

    code: str
    channel: str
    told: str


def hints(facts: Facts, counts: Counts) -> Iterator[Hint]:
    """Channels that look renamed; orders that nobody's touch explains."""
    yield from _renamed(counts)
    yield from _unexplained(facts, counts)


def uncounted(counts: Counts) -> list[Problem]:
    """Cells with touches whose spend is unknown: they have no payback, and are not told."""
    spent, leads = counts.spent.sum(axis=1), counts.leads.sum(axis=1)
    return [
        Problem(
            table="spend", row=0, column="channel", given=" × ".join(cell), wanted="spend: this cell has touches only"
        )
        for cell, money, people in zip(counts.cells, spent, leads, strict=True)
        if money <= 0 and people > 0
    ]


def _renamed(counts: Counts) -> Iterator[Hint]:
    channels = sorted({cell[0] for cell in counts.cells})
    active = {}
    for channel in channels:
        at = [i for i, cell in enumerate(counts.cells) if cell[0] == channel]
        days = np.flatnonzero(counts.spent[at].sum(axis=0) > 0)
        if len(days):
            active[channel] = (int(days[0]) // 7, int(days[-1]) // 7, {counts.cells[i][1] for i in at})
    last = (counts.days - 1) // 7
    for old, (_, ended, of_old) in active.items():
        for new, (begun, _, of_new) in active.items():
            soon = 0 <= begun - ended <= RENAME_WEEKS and last - ended >= STILL_WEEKS
            if old != new and soon and begun > 0 and of_old & of_new:
                told = f"{old} ends as {new} begins. If they are one channel, say so in rename(old, new, from)."
                yield Hint(code="renamed", channel=new, told=told)


def _unexplained(facts: Facts, counts: Counts) -> Iterator[Hint]:
    persons = facts.order.select(pl.col("person").n_unique()).item() if facts.order.height else 0
    if persons and counts.leads.sum() > 0:
        share = 1 - float(counts.buyers.sum()) / persons
        if share > UNKNOWN_SHARE:
            told = (
                f"{share:.0%} of those who ordered were never touched before, as far as is known: organic buyers, no "
                "consent, or lost links. Only the share in `consent` is added back."
            )
            yield Hint(code="unexplained_orders", channel="", told=told)
