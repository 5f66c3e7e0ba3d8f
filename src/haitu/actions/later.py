"""A buyer whose order comes later than promised hears of it: the new honest day, and how to cancel. Once per news.

The letter's reference is the day it names, so the same news is never written twice, and an order of which a later day
was told already says nothing of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.db import transaction

from haitu.actions.cancel import cancel
from haitu.core.errors import Refusal
from haitu.models import Letter, Order
from haitu.reads.late import LATER, expected_by, late_parcels, may_call_off, promised_by


class NotLate(Refusal):
    """An order is called off by its buyer while it is late and nothing of it has left."""

    code = "not_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """By when an order was promised and is expected now; None: nothing was promised."""

    order_id: int
    promised: date | None
    latest: date | None

    @classmethod
    def of(cls, order_id: int, quote: Mapping[str, Any]) -> Self:
        """What an order's quote says of itself."""
        return cls(order_id=order_id, promised=promised_by(quote), latest=expected_by(quote))


def tell_later(merchant_id: int, news: Iterable[News], *, now: datetime) -> int:
    """Writes to those who have to wait longer than they were told; how many. Inside the caller's transaction."""
    later = {
        each.order_id: each.latest for each in news if each.promised and each.latest and each.latest > each.promised
    }
    if not later:
        return 0
    told: dict[int, str] = {}
    for order_id, day in (
        Letter.objects.of(merchant_id).filter(order_id__in=later, kind=LATER).values_list("order_id", "reference")
    ):
        told[order_id] = max(told.get(order_id, ""), day)
    reachable = Order.objects.of(merchant_id).filter(pk__in=later).exclude(email="").order_by("pk")
    letters = [
        Letter(
            merchant_id=merchant_id,
            order_id=order_id,
            kind=LATER,
            reference=later[order_id].isoformat(),
            created_at=now,
            next_try_at=now,
        )
        for order_id in reachable.values_list("pk", flat=True)
        if later[order_id].isoformat() > told.get(order_id, "")
    ]
    Letter.objects.bulk_create(letters, batch_size=500, ignore_conflicts=True)
    return len(letters)


def tell_of_late_parcels(*, now: datetime) -> int:
    """Writes about parcels that are slower than their buyers were told; how many letters. Safe twice at once."""
    written = 0
    for late in late_parcels(now=now):
        news = News(order_id=late.order_id, promised=late.promised, latest=late.latest)
        with transaction.atomic():
            written += tell_later(late.merchant_id, [news], now=now)
    return written


def call_off(*, merchant_id: int, order_id: int, now: datetime) -> None:
    """The buyer does not want to wait: the order is cancelled and the money goes back. Refuses NotLate, WrongStatus."""
    order = Order.objects.of(merchant_id).filter(pk=order_id).first()
    if order is None or not may_call_off(order.status, order.quote):
        raise NotLate("This order can no longer be cancelled here; please answer our letter.")
    cancel(
        merchant_id=merchant_id, order_id=order_id, reason="It would have come later than promised.", by=None, now=now
    )
