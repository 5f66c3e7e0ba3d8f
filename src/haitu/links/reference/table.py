"""Tables from CSV or parquet, field by field, with a Problem for every field that is not as it should be."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

import polars as pl

COUNTRY = re.compile(r"[A-Z]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
HS_CODE = re.compile(r"\d{2}|\d{4,10}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One field that cannot be used: where it stands, what was given, what is wanted."""

    line: int
    column: str
    given: str
    wanted: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.given!r} given, {self.wanted} wanted"


@dataclass(slots=True)
class Row:
    """One line of a table. Its readers give the value, or a neutral one and a problem; `sound` says which it was."""

    line: int
    values: Mapping[str, str]
    problems: list[Problem]
    sound: bool = field(default=True, kw_only=True)

    def given(self, column: str) -> str:
        return self.values.get(column, "").strip()

    def wrong(self, column: str, wanted: str) -> None:
        self.sound = False
        self.problems.append(Problem(line=self.line, column=column, given=self.given(column), wanted=wanted))

    def text(self, column: str, *, needed: bool = True, longest: int = 0) -> str:
        text = self.given(column)
        if needed and not text:
            self.wrong(column, "some text")
        if longest and len(text) > longest:
            self.wrong(column, f"at most {longest} characters")
        return text

    def matching(self, column: str, pattern: re.Pattern[str], wanted: str, *, needed: bool = True) -> str:
        text = self.given(column)
        if (text or needed) and not pattern.fullmatch(text):
            self.wrong(column, wanted)
        return text

    def country(self, column: str, *, needed: bool = True) -> str:
        return self.matching(column, COUNTRY, "a country code of two letters", needed=needed)

    def currency(self, column: str, *, needed: bool = True) -> str:
        return self.matching(column, CURRENCY, "a currency code of three letters", needed=needed)

    def one_of(self, column: str, allowed: Iterable[str]) -> str:
        text = self.given(column)
        if text not in (names := sorted(allowed)):
            self.wrong(column, "one of " + ", ".join(names))
        return text

    def yes(self, column: str) -> bool:
        return self.one_of(column, ("yes", "no")) == "yes"

    def whole(self, column: str, *, least: int | None = 0) -> int:
        number = self.maybe_whole(column, least=least)
        if number is None and not self.given(column):
            self.wrong(column, "a whole number")
        return number or 0

    def maybe_whole(self, column: str, *, least: int | None = 0) -> int | None:
        """The number, or None where the field is empty."""
        if not (text := self.given(column)):
            return None
        if not re.fullmatch(r"-?\d{1,18}", text):
            self.wrong(column, "a whole number")
            return None
        if least is not None and int(text) < least:
            self.wrong(column, f"a whole number, {least} or more")
            return None
        return int(text)

    def decimal(self, column: str) -> Decimal:
        """A plain number above zero."""
        try:
            number = Decimal(self.given(column))
        except InvalidOperation:
            number = Decimal(0)
        if not (number.is_finite() and number > 0):
            self.wrong(column, "a number above 0")
            return Decimal(1)
        return number

    def day(self, column: str) -> date:
        day = self.maybe_day(column)
        if day is None and not self.given(column):
            self.wrong(column, "a day such as 2026-07-01")
        return day or date.min

    def maybe_day(self, column: str) -> date | None:
        """The day, or None where the field is empty."""
        if not (text := self.given(column)):
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.wrong(column, "a day such as 2026-07-01")
            return None

    def span(self) -> tuple[date | None, date | None]:
        """valid_from and valid_to, the last day included; either may be open."""
        start, end = self.maybe_day("valid_from"), self.maybe_day("valid_to")
        if start and end and end < start:
            self.wrong("valid_to", f"a day not before {start}")
        return start, end


def rows(path: Path, columns: Sequence[str], problems: list[Problem]) -> Iterator[Row]:
    """The lines of a table, numbered as a spreadsheet shows them; none, with problems, where columns are missing."""
    header, lines = _of_parquet(path) if path.suffix == ".parquet" else _of_csv(path)
    missing = [column for column in columns if column not in header]
    problems.extend(Problem(line=1, column=column, given="", wanted="a column of this name") for column in missing)
    if missing:
        return
    for number, values in lines:
        yield Row(number, values, problems)


def _of_csv(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, str]]]]:
    reader = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(), restkey="", restval="")
    return reader.fieldnames or (), ((reader.line_num, values) for values in reader)


def _of_parquet(path: Path) -> tuple[Sequence[str], Iterator[tuple[int, Mapping[str, str]]]]:
    frame = pl.read_parquet(path)
    text = frame.select(pl.all().cast(pl.String).fill_null(""))
    return frame.columns, enumerate(text.iter_rows(named=True), start=2)
