"""What has been posted of an order's lines when their parcels left: the sums that refunds and returns start from."""

from __future__ import annotations

from typing import NamedTuple

from haitu.core.events import CarrierBilled, Shipped, from_payload
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


class Billed(NamedTuple):
    """How many bills a parcel has had, and the sum of what they differed from the quote, in order currency."""

    bills: int
    minor: int


def billed_of(order: Order, shipment_id: int) -> Billed:
    """What carriers' bills have added to a parcel so far."""
    kept = Event.objects.of(order.merchant_id).filter(order_id=order.pk, kind="carrier_billed").order_by("pk")
    events = [from_payload("carrier_billed", payload) for payload in kept.values_list("payload", flat=True)]
    own = [event for event in events if isinstance(event, CarrierBilled) and event.shipment_id == shipment_id]
    return Billed(len(own), sum(posting.waterfall.last_mile for event in own for posting in event.postings))
