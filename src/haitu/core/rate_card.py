"""A rate card through time: cards of one code follow each other; what a new one changes, weight by weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol, TypeVar

from haitu.core.freight import Tariff, TooHeavy, chargeable_weight_g, price_minor
from haitu.core.money import half_up


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


def same_prices(one: Tariff, other: Tariff) -> bool:
    """Whether two cards ask the same for everything, whatever they are called and since when they hold."""
    apart: dict[str, Any] = {"code": "", "valid_from": None, "valid_to": None, "assumed": False, "source": ""}
    boxes = dict(one.box_minor) == dict(other.box_minor)
    return boxes and replace(one, box_minor=(), **apart) == replace(other, box_minor=(), **apart)


def price_at(tariff: Tariff, grams: int, on: date) -> int | None:
    """What a box of that actual weight costs that day, None where the card does not take it."""
    if not tariff.breaks or (tariff.max_weight_g and grams > tariff.max_weight_g):
        return None
    try:
        return price_minor(tariff, chargeable_weight_g(grams, 0, None, tariff.step_g), on=on)
    except TooHeavy:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One weight, or one kind of container, by the old card and by the new one; None: not taken."""

    grams: int
    box: str
    old_minor: int | None
    new_minor: int | None

    @property
    def change_bp(self) -> int | None:
        """By how much it changes, in basis points of the old price."""
        if not self.old_minor or self.new_minor is None:
            return None
        return half_up((self.new_minor - self.old_minor) * 10_000, self.old_minor)


PARCELS_G = (300, 1_000, 5_000, 20_000)
MOST_POINTS = 120


def compared(old: Tariff | None, new: Tariff, on: date, weights: Iterable[int] = ()) -> tuple[Point, ...]:
    """Both cards at the given weights, else at the end of every weight break of either, and for each container."""
    known = [card for card in (old, new) if card is not None]
    grams = sorted(set(weights) or {step.up_to_g for card in known for step in card.breaks})
    if len(grams) > MOST_POINTS:
        grams = grams[:: -(-len(grams) // MOST_POINTS)]
    points = [
        Point(grams=each, box="", old_minor=price_at(old, each, on) if old else None, new_minor=price_at(new, each, on))
        for each in grams
    ]
    boxes = [dict(card.box_minor) if card else {} for card in (old, new)]
    if weights:
        return tuple(points)
    return (
        *points,
        *(
            Point(grams=0, box=box, old_minor=boxes[0].get(box), new_minor=boxes[1].get(box))
            for box in sorted(boxes[0] | boxes[1])
        ),
    )
