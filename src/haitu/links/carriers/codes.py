"""What carriers' tracking codes mean: dated rows with their source, shipped in data/carriers/codes.csv."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from haitu.core.tracking import CodeRule, ParcelState, state_of

CODES = Path(__file__).parents[2] / "data" / "carriers" / "codes.csv"


@cache
def rules(carrier: str) -> Mapping[str, tuple[CodeRule, ...]]:
    """Code → what it means and when; nothing for a carrier without a map."""
    found: dict[str, tuple[CodeRule, ...]] = {}
    with CODES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["carrier"] == carrier:
                rule = CodeRule(
                    carrier=carrier,
                    code=row["code"],
                    state=ParcelState(row["state"]),
                    told=row["told"],
                    valid_from=date.fromisoformat(row["valid_from"]),
                    valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                    source=row["source"],
                )
                found[rule.code] = (*found.get(rule.code, ()), rule)
    return found


def meaning(carrier: str, code: str, on: date) -> ParcelState | None:
    """The state behind a carrier's code that day; None for a code we do not know."""
    return state_of(rules(carrier), code, on)
