"""Facts that hold from a day to a day: rates, thresholds, tariff lines."""

from __future__ import annotations

from datetime import date
from typing import Protocol


class Dated(Protocol):
    """A fact with its first and last day, both included; None is without end on that side."""

    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_to(self) -> date | None: ...


def in_force(fact: Dated, on: date) -> bool:
    """Whether the fact holds on that day."""
    begun = fact.valid_from is None or fact.valid_from <= on
    return begun and (fact.valid_to is None or on <= fact.valid_to)


def since(fact: Dated) -> date:
    """The first day of the fact, for ordering: of two that hold on one day, the younger is the rule."""
    return fact.valid_from or date.min
