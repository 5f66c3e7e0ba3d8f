"""The first page of the desk: what came in, what is to do, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection

from haitu.core.ledger import LAST_PROFIT_AND_LOSS, Book
from haitu.models import Letter, NoticeState, Order, PaymentNotice, Refund, RefundStatus, Stock
from haitu.reads.closures import closed_lanes
from haitu.reads.desk.orders import waiting_to_leave
from haitu.reads.desk.stock import FREE, LOW
from haitu.reads.profit.slice import ENTRIES_AN_EVENT

LETTER_TRIES = 3
# An event's entries are one stretch of their primary key; what was earned is minus the sum of profit and loss.
EARNED_SINCE = f"""
    SELECT e.assumed, SUM(e.base_minor)
    FROM haitu_event v
    JOIN haitu_entry e ON e.id >= v.id * {ENTRIES_AN_EVENT} AND e.id < (v.id + 1) * {ENTRIES_AN_EVENT}
    WHERE v.merchant_id = %s AND v.at >= %s
        AND e.book = {Book.ACTUAL.value} AND e.account <= {LAST_PROFIT_AND_LOSS.value}
    GROUP BY e.assumed
"""  # noqa: S608  # our own numbers; values are parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What came in over the last `days` days: paid orders, and what the ledger says was earned on them."""

    days: int
    orders: int
    contribution_minor: int
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that needs a person: how many of which kind."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything the first page says but the weekly line."""

    spans: tuple[Span, ...]
    to_ship: int
    awaiting_payment: int
    low_stock: int
    closed_lanes: int
    troubles: tuple[Trouble, ...]


def overview(merchant_id: int, starts: Sequence[tuple[int, datetime]], *, on: date) -> Overview:
    """`starts`: (days, the moment since which is counted); `on`: the shop's day. A fixed number of queries."""
    troubles = {
        "notices": PaymentNotice.objects.of(merchant_id).filter(state=NoticeState.WAITING).count(),
        "refused_notices": PaymentNotice.objects.of(merchant_id).filter(state=NoticeState.REFUSED).count(),
        "refunds": Refund.objects.of(merchant_id).filter(status=RefundStatus.FAILED).count(),
        "letters": Letter.objects.of(merchant_id).filter(sent_at=None, tries__gte=LETTER_TRIES).count(),
    }
    return Overview(
        spans=tuple(_span(merchant_id, days, start) for days, start in starts),
        to_ship=waiting_to_leave(merchant_id).count(),
        awaiting_payment=Order.objects.of(merchant_id).filter(status="pending").count(),
        low_stock=Stock.objects.of(merchant_id).annotate(free=FREE).filter(free__lte=LOW, on_hand__gt=0).count(),
        closed_lanes=len(closed_lanes(merchant_id, on)),
        troubles=tuple(Trouble(kind=kind, count=count) for kind, count in troubles.items() if count),
    )


def _span(merchant_id: int, days: int, start: datetime) -> Span:
    placed = Order.objects.of(merchant_id).filter(placed_at__gte=start).exclude(status__in=("pending", "expired"))
    with connection.cursor() as cursor:
        cursor.execute(EARNED_SINCE, [merchant_id, connection.ops.adapt_datetimefield_value(start)])
        sums = {bool(assumed): int(total) for assumed, total in cursor.fetchall()}
    return Span(
        days=days,
        orders=placed.count(),
        contribution_minor=-sum(sums.values()),
        assumed=bool(sums.get(True)),
    )
