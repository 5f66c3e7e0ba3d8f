"""Rows as views of the same field names: what a page shows as the table holds it is not written out twice."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar, cast

View = TypeVar("View")


def like(kind: type[View], row: object, /, **own: Any) -> View:
    """A `kind` (a dataclass) with the row's attributes of the same names; `own` are the fields that differ.

    A field that neither the row nor `own` has is an AttributeError at the first row.
    """
    taken = {name: getattr(row, name) for name in _names(cast(Hashable, kind)) if name not in own}
    return kind(**taken, **own)


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast(Any, kind)))
