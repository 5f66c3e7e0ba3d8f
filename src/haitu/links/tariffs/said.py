"""What the reader of a price list has to say: sentences with their figures apart, so that the desk can translate."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.core.errors import Refusal


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence such as "row %(row)s says %(text)s" and what goes into it."""

    sentence: str
    given: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.sentence % dict(self.given)


def said(sentence: str, **given: object) -> Said:
    """A sentence with its figures."""
    return Said(sentence, tuple((name, str(value)) for name, value in given.items()))


class NotAPriceList(Refusal):
    """The file cannot be read as a price list; `said` tells what it is and what to do."""

    code = "not_a_price_list"

    def __init__(self, sentence: str, **given: object) -> None:
        self.said = said(sentence, **given)
        super().__init__(str(self.said), field="file", **given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A place in the file that cannot be used: rows count from 1, a row of 0 means the whole sheet."""

    sheet: str
    row: int
    column: str
    given: str
    wanted: Said

    def __str__(self) -> str:
        return f"{self.sheet}!{self.column}{self.row}: {self.given!r} given, {self.wanted} wanted"


def letter(column: int) -> str:
    """The name of a column counted from 0, as spreadsheets write it: 0 → A, 27 → AB."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
