"""A rate card through time: cards of one code follow each other, each from its first day on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Dated(Protocol):
    """A card of core.freight or its row: the first day it holds, None for "ever"."""

    @property
    def valid_from(self) -> date | None: ...


Card = TypeVar("Card", bound=Dated)


def tariff_on(cards: Iterable[Card], on: date) -> Card | None:
    """Of cards with one code the one whose turn it is that day: the last that has begun, else the first to begin.

    Whether it still holds (`valid_to`) is not asked here: freight refuses a card that is past, and says so.
    """
    in_order = sorted(cards, key=lambda card: card.valid_from or date.min)
    begun = [card for card in in_order if (card.valid_from or date.min) <= on]
    return begun[-1] if begun else next(iter(in_order), None)
