"""What every event has: what it is filed under, the waterfalls it carries, and where an order can stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from haitu.core.errors import Refusal
from haitu.core.landed import Waterfall

LONGEST_KEY = 80  # characters; the column's width


class OrderStatus(StrEnum):
    """Where an order stands. Returns and refunds do not move it: they are told by its events."""

    PENDING = "pending"
    ACCEPTED = "accepted"  # to be paid at the door
    PAID = "paid"
    PART_SHIPPED = "part_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class WrongStatus(Refusal):
    """The order is not in a status from which this can happen."""

    code = "wrong_status"


class RefundAbovePaid(Refusal):
    """More would be given back than was paid."""

    code = "refund_above_paid"


class RefundCurrency(Refusal):
    """A refund is asked for in a currency that is neither the charged nor the merchant's own."""

    code = "refund_currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dims:
    """What an event's entries are filed under, and the frozen rate.

    `fx_e9`: major units of `base_currency` for one major unit of `currency`, × 10⁹.
    """

    currency: str
    base_currency: str
    fx_e9: int = 10**9
    order_id: int | None = None
    market_id: int | None = None
    outlet_id: int | None = None
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A waterfall that belongs to one order line, variant or lane, in minor units of the event's currency.

    `assumed`: its costs rest on an assumption. `tax_assumed`: its tax too. What the buyer pays never does.
    """

    waterfall: Waterfall
    line_id: int | None = None
    variant_id: int | None = None
    lane_id: int | None = None
    assumed: bool = False
    tax_assumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """What every event has. `key` is unique per merchant; `at` is aware, its day in its own zone names the week."""

    key: str
    at: datetime
    dims: Dims

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError(f"an event's time names its zone; {self.at} does not")
        if not 0 < len(self.key) <= LONGEST_KEY:
            raise ValueError(f"an event's key has 1 to {LONGEST_KEY} characters; {self.key!r} has {len(self.key)}")
