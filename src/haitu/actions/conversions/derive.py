"""Which orders are to be reported where. Worked out of the orders themselves, so it may run any number of times.

An order is reported to a platform when it is paid, its visitor allows advertising, and a touch before it carries one
of the platform's click ids or came by the account's own channel. A refund changes what was reported, where the
platform takes changes. Event ids are made of the order's number in our books and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q

from haitu.links.ads.conversions import MAKERS
from haitu.models import AdAccount, Conversion, ConversionState, Order, Touch

LOOKS_BACK = timedelta(days=30)  # for orders that were paid since the last look
TOUCHES_WITHIN = timedelta(days=90)  # Google's longest click-through window
AT_ONCE = 1_000


def derive(*, now: datetime) -> int:
    """Writes down what is to be reported of all merchants; how many are new."""
    accounts = AdAccount.everyone.filter(active=True, reports_from__isnull=False, platform__in=MAKERS)
    return sum(_purchases(account, now) + _changes(account, now) for account in accounts.order_by("pk"))


def _purchases(account: AdAccount, now: datetime) -> int:
    clicks = MAKERS[account.platform].clicks
    touches = Touch.everyone.filter(
        Q(click_kind__in=clicks) | Q(channel_id=account.channel_id),
        visitor=OuterRef("visitor"),
        at__lte=OuterRef("placed_at"),
        at__gte=OuterRef("placed_at") - TOUCHES_WITHIN,
    )
    told = Conversion.everyone.filter(account=account, order=OuterRef("pk"), kind="purchase")
    orders = (
        Order.objects.of(account.merchant_id)
        .filter(placed_at__gte=max(account.reports_from or now, now - LOOKS_BACK), paid_minor__gt=0)
        .filter(Exists(touches), ~Exists(told), visitor__advertising=True, history=False)
        .exclude(refunded_minor__gte=F("paid_minor"))  # of what is all given back there is nothing to tell
    )
    return _write(
        Conversion(
            merchant_id=account.merchant_id,
            account=account,
            order=order,
            event_id=f"order-{order.pk}",
            kind="purchase",
            value_minor=order.total_minor,
            currency=order.currency,
            at=order.placed_at,
            due_at=now,
            changed_at=now,
        )
        for order in orders.order_by("pk")[:AT_ONCE]
    )


def _changes(account: AdAccount, now: datetime) -> int:
    """Refunds of purchases that the platform has; nothing of what a wbraid brought, which Google cannot adjust."""
    if not MAKERS[account.platform].adjusts:
        return 0
    sent = (
        Conversion.objects.of(account.merchant_id)
        .filter(account=account, kind="purchase", state=ConversionState.SENT, order__refunded_minor__gt=0)
        .exclude(matched__contains="wbraid")
        .select_related("order")
    )
    known = set(
        Conversion.objects.of(account.merchant_id)
        .filter(account=account, kind__in=["adjust", "retract"])
        .values_list("event_id", flat=True)
    )
    rows = []
    for purchase in sent.order_by("pk"):
        order, event_id = purchase.order, f"{purchase.event_id}.{purchase.order.refunded_minor}"
        if event_id not in known:
            whole = order.refunded_minor >= order.paid_minor
            rows.append(
                Conversion(
                    merchant_id=account.merchant_id,
                    account=account,
                    order=order,
                    event_id=event_id,
                    kind="retract" if whole else "adjust",
                    value_minor=order.paid_minor - order.refunded_minor,
                    currency=order.currency,
                    at=now,
                    due_at=now,
                    changed_at=now,
                )
            )
    return _write(rows)


def _write(rows: Iterable[Conversion]) -> int:
    """Each once: an event id is unique in its account, whoever writes it first."""
    new = list(rows)
    Conversion.everyone.bulk_create(new, ignore_conflicts=True)
    return len(new)
