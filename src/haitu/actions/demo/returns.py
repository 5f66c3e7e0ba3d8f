"""Cancellations of the past: the money goes back and, as assumed, the goods return to the shelf."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import polars as pl
from django.db import connection, transaction

from haitu.actions.demo.past import Sold, moved, runs
from haitu.actions.demo.sales import Lines
from haitu.actions.record import record_many
from haitu.core.events import Event, Posting, Refunded, Returned
from haitu.core.landed import Waterfall


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """How many cancellations found their sale; the others stand at their market, without an order."""

    matched: int
    alone: int


class Line(NamedTuple):
    """A line once sold, where it stands, and what it charged for how many."""

    line_id: int
    order_id: int
    quantity: int
    amount_minor: int


class Shelf:
    """The sold lines by market, customer and article, with what of each has not come back yet."""

    def __init__(self, sold: Sold, known: Lines) -> None:
        self._lines: dict[tuple[str, int, str], list[list[Any]]] = {}
        columns = ("invoice", "country", "customer", "sku", "quantity", "amount")
        numbers, countries, customers, skus, quantities, amounts = (sold.goods[name].to_list() for name in columns)
        for start, stop in runs(numbers):
            order_id, line_ids = known[numbers[start]]
            if customers[start] is None:
                continue
            for row, line_id in zip(range(start, stop), line_ids, strict=True):
                line = Line(line_id, order_id, quantities[row], amounts[row])
                self._lines.setdefault((countries[row], customers[row], skus[row]), []).append([line, line.quantity])

    def take_back(self, country: str, customer: int | None, sku: str, quantity: int, price_minor: int) -> Line | None:
        """The newest such line with so much left that was not cheaper than what is given back."""
        for entry in reversed(self._lines.get((country, customer or 0, sku), ())):
            line, left = entry
            if left >= quantity and line.amount_minor >= line.quantity * price_minor:
                entry[1] -= quantity
                return line  # type: ignore[no-any-return]
        return None


def load_returns(lines: pl.DataFrame, sold: Sold, known: Lines, *, now: datetime) -> TakenBack:
    """Posts every cancellation of an article we know.

    The data names no sale: the newest one of the same customer and article with enough left is taken. Where there is
    none (it lies before the first day, or the customer is not known) the refund stands without an order.
    """
    shelf = Shelf(sold, known)
    taken = lines.filter(pl.col("kind") == "cancel", pl.col("sku").is_in(list(sold.pieces)))
    taken = taken.sort("at", "invoice", maintain_order=True)
    units: dict[int, int] = {}
    events: list[tuple[int, Event]] = []
    matched = 0
    columns = ("invoice", "at", "country", "customer", "sku", "quantity", "price_minor")
    for place, row in enumerate(taken.select(columns).iter_rows()):
        invoice, at, country, customer, sku, quantity, price_minor = row
        line = shelf.take_back(country, customer, sku, -quantity, price_minor)
        if line:
            matched += 1
            units[line.line_id] = units.get(line.line_id, 0) - quantity
        key, when = f"{invoice}:{place}", moved(at, sold.weeks)
        its_events = _events(key, when, country, sku, -quantity, price_minor, line, sold)
        events += [(sold.place.merchant_id, event) for event in its_events]
    record_many(events, now=now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE haitu_orderline SET returned = %s WHERE id = %s AND merchant_id = %s",
            [(back, line_id, sold.place.merchant_id) for line_id, back in units.items()],
        )
    return TakenBack(matched=matched, alone=len(taken) - matched)


def _events(  # noqa: PLR0917  # one call, right above
    key: str, at: datetime, country: str, sku: str, quantity: int, price_minor: int, line: Line | None, sold: Sold
) -> Iterator[Event]:
    piece = sold.pieces[sku]
    line_id = line.line_id if line else None
    dims = sold.place.dims(country, line.order_id if line else None)
    money = Posting(waterfall=Waterfall(returns=quantity * price_minor), line_id=line_id, variant_id=piece.variant_id)
    worth = Waterfall(goods=-quantity * piece.goods_minor, inbound=-quantity * piece.inbound_minor)
    goods = Posting(waterfall=worth, line_id=line_id, variant_id=piece.variant_id, assumed=True)
    if price_minor:
        yield Refunded(key=f"history:refunded:{key}", at=at, dims=dims, refund_id=None, postings=(money,))
    yield Returned(key=f"history:returned:{key}", at=at, dims=dims, return_id=None, postings=(goods,))
