"""Which part of the ledger is meant, and how that reads in SQL. An alias `e` stands for the entries or their sums."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from haitu.core.events import OrderStatus

OPEN = tuple(
    status.value for status in (OrderStatus.PENDING, OrderStatus.ACCEPTED, OrderStatus.PAID, OrderStatus.PART_SHIPPED)
)
ENTRIES_AN_EVENT = 1 << 16  # an entry's id is its event's id × this + position


class By(StrEnum):
    """What rows are made by. ORDER and LINE read the entries themselves."""

    WEEK = "week"
    MARKET = "market"
    SKU = "sku"
    OUTLET = "outlet"
    LANE = "lane"
    CHANNEL = "channel"
    ORDER = "order"
    LINE = "line"


COLUMNS = {
    By.WEEK: "week",
    By.MARKET: "market_id",
    By.SKU: "variant_id",
    By.OUTLET: "outlet_id",
    By.LANE: "lane_id",
    By.CHANNEL: "channel",
    By.ORDER: "order_id",
    By.LINE: "line_id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Which part of the ledger. None: all; 0 (or "" for a channel): that which has none. Weeks are inclusive."""

    first_week: int | None = None
    last_week: int | None = None
    market_id: int | None = None
    variant_id: int | None = None
    outlet_id: int | None = None
    lane_id: int | None = None
    channel: str | None = None
    order_id: int | None = None
    line_id: int | None = None

    @property
    def reads_entries(self) -> bool:
        """Whether the weekly sums are too coarse for it."""
        return self.order_id is not None or self.line_id is not None


ALL = Slice()

# Below it stand the sums and the ways to a variant's events, from it on the entries themselves.
FIRST_UNSUMMED = f"(COALESCE((SELECT event_id FROM haitu_ledgermark WHERE id = 1), 0) + 1) * {ENTRIES_AN_EVENT}"  # noqa: S608  # our own constant


def key(by: By | None, *, nullable: bool) -> str:
    """The column that rows are made by, with 0 for NULL."""
    if by is None:
        return "''"
    column = f"e.{COLUMNS[by]}"
    return f"COALESCE({column}, 0)" if nullable and by not in (By.WEEK, By.CHANNEL) else column


def where(of: Slice, *, nullable: bool) -> tuple[str, list[Any]]:
    """The slice as conditions on `e`; where the column may be NULL, 0 means that it is."""
    conditions, given = [], list[Any]()
    for item in fields(of):
        value = getattr(of, item.name)
        if value is None:
            continue
        if item.name in {"first_week", "last_week"}:
            conditions.append(f"AND e.week {'>=' if item.name == 'first_week' else '<='} %s")
        elif nullable and value == 0:
            conditions.append(f"AND e.{item.name} IS NULL")
            continue
        else:
            conditions.append(f"AND e.{item.name} = %s")
        given.append(value)
    return " ".join(conditions), given
