"""Tables of a TOML file as rows, numbered by the line on which they begin and read like those of a CSV."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haitu.links.reference.table import Problem, Row


@dataclass(slots=True)
class Entry(Row):
    """A row that may hold lists and tables beside plain values."""

    raw: Mapping[str, Any]

    def texts(self, column: str) -> tuple[str, ...]:
        values = self.raw.get(column, [])
        if not (isinstance(values, list) and all(isinstance(value, str) for value in values)):
            self.wrong(column, "a list of texts")
            return ()
        return tuple(values)

    def wholes(self, column: str, count: int) -> tuple[int, ...]:
        values = self.raw.get(column)
        if not _are_wholes(values, count):
            self.wrong(column, f"a list of {count} whole numbers, 0 or more")
            return (0,) * count
        return tuple(values or ())

    def triples(self, column: str, count: int = 3) -> tuple[tuple[int, ...], ...]:
        """A list of lists of three whole numbers."""
        values = self.raw.get(column)
        if not (isinstance(values, list) and values and all(_are_wholes(value, count) for value in values)):
            self.wrong(column, f"a list of lists of {count} whole numbers, 0 or more")
            return ()
        return tuple(tuple(value) for value in values)

    def numbers_by_name(self, column: str) -> dict[str, int]:
        values = self.raw.get(column, {})
        if not (isinstance(values, dict) and all(_are_wholes([value], 1) for value in values.values())):
            self.wrong(column, "names with whole numbers, 0 or more")
            return {}
        return dict(values)

    def texts_by_name(self, column: str) -> dict[str, str]:
        values = self.raw.get(column, {})
        if not (isinstance(values, dict) and values and all(isinstance(value, str) for value in values.values())):
            self.wrong(column, "names with texts")
            return {}
        return dict(values)

    def only(self, known: Iterable[str]) -> None:
        """A key nobody reads is a slip of the pen, not a wish."""
        for key in self.raw.keys() - set(known):
            self.wrong(key, "one of " + ", ".join(sorted(known)))


class Document:
    """A TOML file; one that cannot be read is empty and has the problem that says where."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.problems = problems
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.tables: Mapping[str, Any] = {}
        try:
            self.tables = tomllib.loads("\n".join(self.lines))
        except tomllib.TOMLDecodeError as broken:
            problems.append(Problem(line=1, column="", given=str(broken), wanted="a file in TOML"))

    def entry(self, name: str) -> Entry:
        """The one table of this name; missing, it is empty, which its readers then find."""
        return self._entry(self.tables.get(name, {}), self._begins(f"[{name}]")[:1])

    def entries(self, name: str) -> list[Entry]:
        """The tables of an array, in the order of the file."""
        begins = self._begins(f"[[{name}]]")
        return [self._entry(values, begins[place:]) for place, values in enumerate(self.tables.get(name, []))]

    def _begins(self, header: str) -> list[int]:
        return [number for number, line in enumerate(self.lines, start=1) if line.split("#")[0].strip() == header]

    def _entry(self, values: Mapping[str, Any], begins: list[int]) -> Entry:
        plain = {key: _as_text(value) for key, value in values.items()}
        return Entry(line=begins[0] if begins else 1, values=plain, problems=self.problems, raw=values)


def _as_text(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _are_wholes(values: object, count: int) -> bool:
    return (
        isinstance(values, list)
        and len(values) == count
        and all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in values)
    )
