"""Money paid at the door has no card to go back to: a person transfers it, and says by which transfer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.order import locked
from haitu.actions.refund import book
from haitu.core.errors import Refusal
from haitu.models import Order, Refund, RefundStatus, User


class NotByHand(Refusal):
    """There is no such refund that waits for a transfer."""

    code = "not_by_hand"


class NoReference(Refusal):
    """Name the transfer, as it stands on the account's statement."""

    code = "no_reference"


def transferred(*, merchant_id: int, refund_id: int, reference: str, by: User | None, now: datetime) -> bool:
    """Books a refund that somebody has transferred; False when that was booked before."""
    if not reference.strip():
        raise NoReference("Name the transfer.", field="reference")
    with transaction.atomic():
        order, row = _waiting(merchant_id, refund_id)
        if row.status == RefundStatus.SUCCEEDED:
            return False
        book(order, row, now=now)
        Refund.objects.of(merchant_id).filter(pk=row.pk).update(told=reference.strip()[:200])
        change = {"reference": ("", reference.strip()[:200])}
        audit(by, "refund.transferred", f"order {order.number}", merchant_id=merchant_id, now=now, change=change)
    return True


def called_off(*, merchant_id: int, refund_id: int, by: User | None, now: datetime) -> None:
    """The money will not be transferred after all; it may be given back anew."""
    with transaction.atomic():
        order, row = _waiting(merchant_id, refund_id)
        if row.status == RefundStatus.SUCCEEDED:
            raise NotByHand("This money was transferred.")
        Refund.objects.of(merchant_id).filter(pk=row.pk).update(status=RefundStatus.FAILED, told="called off")
        audit(by, "refund.called_off", f"order {order.number}", merchant_id=merchant_id, now=now)


def _waiting(merchant_id: int, refund_id: int) -> tuple[Order, Refund]:
    """The refund, its order held."""
    rows = Refund.objects.of(merchant_id).filter(pk=refund_id, payment=None)
    order_id = rows.values_list("order_id", flat=True).first()
    if order_id is None:
        raise NotByHand("There is no such refund that waits for a transfer.")
    order = locked(merchant_id, order_id)
    row = rows.get()
    if row.status == RefundStatus.FAILED:
        raise NotByHand("This refund was called off.")
    return order, row
