"""An order called off before anything left: goods back on the shelf, money back to the buyer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.letters import write
from haitu.actions.order import dims_of, locked, placed_postings
from haitu.actions.record import record
from haitu.actions.refund import left_by_line, open_refunds, refundable
from haitu.actions.stock import release
from haitu.core.events import Cancelled
from haitu.models import User


def cancel(*, merchant_id: int, order_id: int, reason: str = "", by: User | None, now: datetime) -> None:
    """Cancels an unpaid order, or a paid one of which nothing has left; all that was paid goes back.

    Refuses WrongStatus once a parcel has left: then goods are taken back and money refunded instead.
    """
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        event = Cancelled(key=f"cancelled:{order.pk}", at=now, dims=dims_of(order), postings=placed_postings(order))
        if record(event, merchant_id=merchant_id, now=now) is None:
            return
        release(merchant_id, order.pk)
        amount_minor = refundable(order)
        if amount_minor > 0:
            left = {line_id: minor for line_id, minor in left_by_line(order).items() if minor > 0}
            lines = left if sum(left.values()) == amount_minor else {}
            open_refunds(order, amount_minor, lines, reason=reason or "The order was cancelled.", now=now)
        write(order, "cancelled", "", now=now)
        changed = {"status": (order.status, "cancelled")}
        audit(by, "order.cancel", f"order {order.number}", merchant_id=merchant_id, now=now, change=changed)
