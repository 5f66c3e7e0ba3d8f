"""What can be sold of what lies there, and what it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from haitu.core.afloat import NOTHING, Afloat
from haitu.core.errors import Refusal
from haitu.core.money import half_up

Units = Mapping[int, int]  # variant id → quantity


class OutOfStock(Refusal):
    """More is wanted than can be sold."""

    code = "out_of_stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAt:
    """A variant in a warehouse: units, and their value in the merchant's base currency."""

    stock_id: int
    variant_id: int
    warehouse_id: int
    on_hand: int
    reserved: int = 0
    buffer: int = 0
    goods_value_minor: int = 0
    inbound_value_minor: int = 0
    assumed: bool = False
    afloat: Afloat = NOTHING

    @property
    def available(self) -> int:
        """What may still be promised."""
        return available(self.on_hand, self.reserved, self.buffer)


def available(on_hand: int, reserved: int, buffer: int) -> int:
    """Units that may be promised: what lies there, less what is promised, less the safety buffer; never below 0."""
    return max(on_hand - reserved - buffer, 0)


def unit_value(value_minor: int, quantity: int, on_hand: int) -> int:
    """The share of a stock's value that leaves with so many of its units, half-up; the last unit takes the rest."""
    return half_up(value_minor * quantity, on_hand) if on_hand > 0 else 0
