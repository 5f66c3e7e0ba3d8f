"""The rules of returns that ship with us can be read, and each says where it comes from."""

from __future__ import annotations

from pathlib import Path

from haitu.actions.reference import SHIPPED
from haitu.links.reference.returns import RULE_COLUMNS, parse_return_costs, parse_return_rules
from haitu.links.reference.table import Problem

FOLDER = SHIPPED / "returns_rules"


def test_every_shipped_rule_is_dated_by_a_source_and_a_reader() -> None:
    rules, problems = parse_return_rules(FOLDER / "rules.csv")
    assert problems == ()
    assert [(rule["country"], rule["window_days"]) for rule in rules] == [
        ("EU", 14),
        ("GB", 14),
        ("JP", 8),
        ("CN", 7),
        ("KR", 7),
        ("TW", 7),
        ("BR", 7),
        ("SA", 7),
    ]
    assert [rule["country"] for rule in rules if not rule["source"] or rule["checked_on"] is None] == []
    assert [rule["country"] for rule in rules if rule["yields"]] == ["JP"]


def test_the_shipped_costs_say_that_they_are_assumed() -> None:
    (costs,), problems = parse_return_costs(FOLDER / "costs.csv")
    assert problems == ()
    assert costs["source"].startswith("assumed")


def test_a_bad_rule_is_named_by_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "rules.csv"
    file.write_text(f"{','.join(RULE_COLUMNS)}\nGermany,14,0,no,no,0,0,fun,no,,,2026-01-01,law\n")
    rules, problems = parse_return_rules(file)
    assert rules == ()
    assert [(problem.line, problem.column) for problem in problems] == [(2, "excludes"), (2, "country")]
    assert Problem(line=2, column="country", given="Germany", wanted="a country code of two letters, or EU") in problems
