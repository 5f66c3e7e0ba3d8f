"""Goods that came back: on the shelf again, or written off. Money is another matter: see actions.refund."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.actions.fulfil import MOST_MINOR, BadBill, frozen_rate
from haitu.actions.order import dims_of, locked
from haitu.actions.record import record
from haitu.actions.shipped import shipped_by_line
from haitu.actions.stock import Units, change, row_of
from haitu.core.errors import Refusal
from haitu.core.events import Posting, Returned
from haitu.core.landed import Waterfall
from haitu.core.money import convert
from haitu.models import MoveKind, Order, OrderLine, Return, User


class NothingToReturn(Refusal):
    """More should come back than has left and is still away."""

    code = "nothing_to_return"


def take_back(
    *,
    merchant_id: int,
    order_id: int,
    line_id: int,
    quantity: int,
    restock: bool,
    warehouse_id: int | None = None,
    freight_minor: int = 0,
    reason: str = "",
    seen: str = "",
    by: User | None,
    now: datetime,
) -> int:
    """Takes units of a line back, into the warehouse they came from or another; the id of the return.

    Restocked they are stock again at the value they left with; else that value is lost to returns. `freight_minor`:
    what the way back cost us, in the order's currency.
    """
    if not 0 <= freight_minor <= MOST_MINOR:
        raise BadBill("The freight of the way back is zero or more.", field="freight")
    with transaction.atomic():
        order = locked(merchant_id, order_id, seen=seen)
        line = _line(order, line_id, quantity)
        at = warehouse_id or line.warehouse_id
        if at is None:
            raise NothingToReturn("Say to which warehouse the goods came back.", field="warehouse")
        stock = row_of(merchant_id, line.variant_id, at)
        row = Return.objects.create(
            merchant_id=merchant_id,
            order=order,
            line=line,
            warehouse_id=at,
            quantity=quantity,
            restocked=restock,
            reason=reason[:200],
            at=now,
        )
        left = shipped_by_line(order).get(line.pk, Waterfall())
        came = left.part(line.returned, line.returned + quantity, line.shipped)
        event_key = f"returned:{row.pk}"
        lost = 0 if restock else came.goods + came.inbound
        steps = Waterfall(goods=-came.goods, inbound=-came.inbound, returns=lost, last_mile=freight_minor)
        posting = Posting(
            line_id=line.pk,
            variant_id=line.variant_id,
            lane_id=line.lane_id,
            waterfall=steps,
            assumed=stock.assumed,
        )
        event = Returned(key=event_key, at=now, dims=dims_of(order), return_id=row.pk, postings=(posting,))
        record(event, merchant_id=merchant_id, now=now)
        OrderLine.objects.of(merchant_id).filter(pk=line.pk).update(returned=F("returned") + quantity)
        if restock:
            fx = frozen_rate(order)
            units = Units(
                quantity=quantity, goods_minor=convert(came.goods, fx), inbound_minor=convert(came.inbound, fx)
            )
            change(stock, MoveKind.RETURNED, units, reference=f"return {row.pk}", event_key=event_key, now=now)
        changed = {"returned": (line.returned, line.returned + quantity)}
        subject = f"order {order.number}"
        audit(by, "order.return", subject, merchant_id=merchant_id, now=now, change=changed)
    return row.pk


def _line(order: Order, line_id: int, quantity: int) -> OrderLine:
    line = OrderLine.objects.of(order.merchant_id).filter(order=order, pk=line_id).first()
    away = line.shipped - line.returned if line else 0
    if line is None or not 0 < quantity <= away:
        told = f"{quantity} should come back; {away} of this line are with the buyer."
        raise NothingToReturn(told, field="quantity", quantity=quantity, away=away)
    return line
