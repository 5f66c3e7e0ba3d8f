"""What an order that had given its goods back is promised once more: what lies there first, then what is on its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from haitu.actions.reserve import Promised
from haitu.core.afloat import afloat_on
from haitu.core.stock import available
from haitu.models import Order, OrderLine, Stock
from haitu.reads.afloat import coming_of
from haitu.reads.closures import closed_lanes


def promised_again(order: Order, lines: Sequence[OrderLine], *, on: date) -> list[Promised] | None:
    """The promises of an order's lines, in their order; None where a shelf is gone.

    Only a line that was a pre-order may wait again: nobody who bought what was there is made to wait.
    """
    rows = Stock.objects.of(order.merchant_id).filter(variant_id__in={line.variant_id for line in lines})
    shelves = {(row.variant_id, row.warehouse_id): row for row in rows}
    waited = {each["position"] for each in order.quote.get("preorders", ())}
    shut = frozenset(closed_lanes(order.merchant_id, on)) if waited else frozenset[int]()
    free = {row.pk: available(row.on_hand, row.reserved, row.buffer) for row in rows}
    promises = []
    for line in lines:
        row = shelves.get((line.variant_id, line.warehouse_id or 0))
        if row is None:
            return None
        there = min(free[row.pk], line.quantity) if line.position in waited else line.quantity
        free[row.pk] -= there
        its = afloat_on(coming_of(row.coming), units=row.afloat, preordered=row.preordered, on=on, shut_lanes=shut)
        promises.append(Promised(row.pk, line.quantity, line.quantity - there, its.held_back))
    return promises
