"""One page of many rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet

PER_PAGE = 50
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOf(Generic[Row]):
    """`rows` are those of page `number` (from 1) of `pages`; `total` counts them all."""

    rows: tuple[Row, ...]
    number: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        """The number of the first row shown, 0 if there is none."""
        return (self.number - 1) * PER_PAGE + 1 if self.total else 0

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.number * PER_PAGE, self.total)


def cut(query: QuerySet[Any], number: int) -> tuple[QuerySet[Any], int, int, int]:
    """(rows, page number, pages, total); a number out of range is brought into it. Two queries."""
    total = query.count()
    pages = max(1, -(-total // PER_PAGE))
    number = min(max(1, number), pages)
    return query[(number - 1) * PER_PAGE : number * PER_PAGE], number, pages, total
