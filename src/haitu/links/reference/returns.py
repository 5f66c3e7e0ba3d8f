"""Rules of returns from tables."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from haitu.core.returns import Exclusion
from haitu.links.reference.table import Problem, Row, rows

RULE_COLUMNS = (
    "country", "window_days", "fault_days", "way_back_free", "outbound_back", "restocking_bp", "wear_bp", "excludes",
    "yields", "valid_from", "valid_to", "checked_on", "source",
)  # fmt: skip
COST_COLUMNS = (
    "currency", "price_b_bp", "price_c_bp", "keep_b_bp", "keep_c_bp", "selling_bp", "handling_minor", "destroy_minor",
    "donate_minor", "batch_units", "valid_from", "valid_to", "source",
)  # fmt: skip
PLACE = re.compile(r"[A-Z]{2}")
LONGEST_SOURCE = 300

Values = dict[str, Any]


def parse_return_rules(path: Path) -> tuple[tuple[Values, ...], tuple[Problem, ...]]:
    """What the law of a country, or of the Union (EU), grants; by the column of models.returns.ReturnRule."""
    problems: list[Problem] = []
    found = [(row, _rule(row)) for row in rows(path, RULE_COLUMNS, problems)]
    return tuple(values for row, values in found if row.sound), tuple(problems)


def _rule(row: Row) -> Values:
    valid_from, valid_to = row.span()
    excludes = row.text("excludes", needed=False).split()
    if not set(excludes) <= set(Exclusion):
        row.wrong("excludes", "of " + ", ".join(sorted(Exclusion)))
    return {
        "country": row.matching("country", PLACE, "a country code of two letters, or EU"),
        "window_days": row.whole("window_days"),
        "fault_days": row.whole("fault_days"),
        "way_back_free": row.yes("way_back_free"),
        "outbound_back": row.yes("outbound_back"),
        "restocking_bp": row.whole("restocking_bp"),
        "wear_bp": row.whole("wear_bp"),
        "excludes": excludes,
        "yields": row.yes("yields"),
        "valid_from": valid_from,
        "valid_to": valid_to,
        "checked_on": row.maybe_day("checked_on"),
        "source": row.text("source", longest=LONGEST_SOURCE),
    }


def parse_return_costs(path: Path) -> tuple[tuple[Values, ...], tuple[Problem, ...]]:
    """What a returned piece brings and costs; by the column of models.returns.ReturnCost."""
    problems: list[Problem] = []
    found = [(row, _costs(row)) for row in rows(path, COST_COLUMNS, problems)]
    return tuple(values for row, values in found if row.sound), tuple(problems)


def _costs(row: Row) -> Values:
    valid_from, valid_to = row.span()
    values: Values = {name: row.whole(name) for name in COST_COLUMNS if name.endswith(("_bp", "_minor", "_units"))}
    return values | {
        "currency": row.currency("currency"),
        "valid_from": valid_from,
        "valid_to": valid_to,
        "source": row.text("source", longest=LONGEST_SOURCE),
    }
