"""Goods that came back: on a shelf again, or written off. Money is another matter: see actions.refund."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from haitu.actions.afloat import serve
from haitu.actions.audit import audit
from haitu.actions.fulfil import MOST_MINOR, BadBill, frozen_rate
from haitu.actions.order import dims_of, locked
from haitu.actions.record import record
from haitu.actions.shipped import shipped_by_line
from haitu.actions.stock import Units, change, row_of
from haitu.core.errors import Refusal
from haitu.core.events import Posting, Returned
from haitu.core.landed import Waterfall
from haitu.core.money import convert, half_up
from haitu.core.returns import WHOLE_BP
from haitu.models import MoveKind, Order, OrderLine, Return, Stock, User


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
        line = line_away(order, line_id, quantity)
        at = warehouse_id or line.warehouse_id
        if at is None:
            raise NothingToReturn("Say to which warehouse the goods came back.", field="warehouse")
        stock = row_of(merchant_id, line.variant_id, at)
        back = Back(quantity=quantity, warehouse_id=at, kept_bp=WHOLE_BP if restock else 0, freight_minor=freight_minor)
        row = book_back(order, line, back, stock, reason=reason, now=now)
        changed = {"returned": (line.returned, line.returned + quantity)}
        subject = f"order {order.number}"
        audit(by, "order.return", subject, merchant_id=merchant_id, now=now, change=changed)
    return row.pk


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """Units that came back to a warehouse: `kept_bp` of their value is stock again, 0: they are gone."""

    quantity: int
    warehouse_id: int
    kept_bp: int
    freight_minor: int = 0


def book_back(order: Order, line: OrderLine, back: Back, shelf: Stock, *, reason: str, now: datetime) -> Return:
    """Books units of a locked order as back, on a locked shelf or on none; what of their value is not kept is lost."""
    merchant_id, restocked = order.merchant_id, back.kept_bp > 0
    row = Return.objects.create(
        merchant_id=merchant_id,
        order=order,
        line=line,
        warehouse_id=back.warehouse_id,
        quantity=back.quantity,
        restocked=restocked,
        reason=reason[:200],
        at=now,
    )
    left = shipped_by_line(order).get(line.pk, Waterfall())
    came = left.part(line.returned, line.returned + back.quantity, line.shipped)
    worth = came.goods + came.inbound
    lost = worth - half_up(worth * back.kept_bp, WHOLE_BP)
    event_key = f"returned:{row.pk}"
    posting = Posting(
        line_id=line.pk,
        variant_id=line.variant_id,
        lane_id=line.lane_id,
        waterfall=Waterfall(goods=-came.goods, inbound=-came.inbound, returns=lost, last_mile=back.freight_minor),
        assumed=shelf.assumed,
    )
    event = Returned(key=event_key, at=now, dims=dims_of(order), return_id=row.pk, postings=(posting,))
    record(event, merchant_id=merchant_id, now=now)
    OrderLine.objects.of(merchant_id).filter(pk=line.pk).update(returned=F("returned") + back.quantity)
    if restocked:
        units = _units(order, came, lost, back)
        change(shelf, MoveKind.RETURNED, units, reference=f"return {row.pk}", event_key=event_key, now=now)
        serve(merchant_id, shelf.pk, back.quantity)  # whoever waits for it gets it first
    return row


def _units(order: Order, came: Waterfall, lost: int, back: Back) -> Units:
    """What the shelf gains, in base: exactly what the ledger's inventory does."""
    fx = frozen_rate(order)
    worth = convert(came.goods, fx) + convert(came.inbound, fx) - convert(lost, fx)
    inbound = min(worth, half_up(convert(came.inbound, fx) * back.kept_bp, WHOLE_BP))
    return Units(quantity=back.quantity, goods_minor=worth - inbound, inbound_minor=inbound)


def line_away(order: Order, line_id: int, quantity: int) -> OrderLine:
    """The order's line, of which so many units are with the buyer; refuses NothingToReturn."""
    line = OrderLine.objects.of(order.merchant_id).filter(order=order, pk=line_id).first()
    away = line.shipped - line.returned if line else 0
    if line is None or not 0 < quantity <= away:
        told = f"{quantity} should come back; {away} of this line are with the buyer."
        raise NothingToReturn(told, field="quantity", quantity=quantity, away=away)
    return line
