"""A buyer whose order comes later than promised hears of it: the new honest day, and how to cancel. Once per news.

The letter's reference is the day it names, so the same news is never written twice, and an order of which a later day
was told already says nothing of an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from django.db import connection, transaction

from haitu.actions.cancel import cancel
from haitu.actions.many import for_each, run
from haitu.core.errors import Refusal
from haitu.models import Order
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
    moment = connection.ops.adapt_datetimefield_value(now)
    rows = [(order_id, day.isoformat()) for order_id, day in sorted(later.items())]
    return run(for_each((("id", "whole"), ("day", "text")), _LETTERS), rows, LATER, moment, moment, merchant_id, LATER)


# To those who can be reached, and of whom nobody told this day or a later one.
_LETTERS = """
    INSERT INTO haitu_letter (merchant_id, order_id, kind, reference, created_at, next_try_at, tries, told)
    SELECT o.merchant_id, o.id, %s, v.day, %s, %s, 0, ''
    FROM v JOIN haitu_order o ON o.id = v.id
    WHERE o.merchant_id = %s AND o.email <> ''
        AND NOT EXISTS (SELECT 1 FROM haitu_letter l WHERE l.order_id = o.id AND l.kind = %s AND l.reference >= v.day)
    ORDER BY o.id
    ON CONFLICT DO NOTHING
"""


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
