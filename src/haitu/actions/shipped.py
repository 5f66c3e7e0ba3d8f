"""What has been posted of an order's lines when their parcels left: the sums that refunds and returns start from."""

from __future__ import annotations

from haitu.core.events import Shipped, from_payload
from haitu.core.landed import Waterfall
from haitu.models import Event, Order


def shipments_posted(order: Order) -> list[Shipped]:
    """The order's Shipped events, the first first."""
    kept = Event.objects.of(order.merchant_id).filter(order_id=order.pk, kind="shipped").order_by("pk")
    events = [from_payload("shipped", payload) for payload in kept.values_list("payload", flat=True)]
    return [event for event in events if isinstance(event, Shipped)]


def shipped_by_line(order: Order) -> dict[int, Waterfall]:
    """Line id → all that its shipments posted."""
    posted = dict[int, Waterfall]()
    for event in shipments_posted(order):
        for posting in event.postings:
            if posting.line_id is not None:
                posted[posting.line_id] = posted.get(posting.line_id, Waterfall()) + posting.waterfall
    return posted
