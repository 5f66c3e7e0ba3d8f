"""When an order arrives as far as is known now, and which parcels are slower than their buyers were told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef

from haitu.core.events import OrderStatus
from haitu.core.lead import LeadTime
from haitu.models import Letter, Shipment
from haitu.reads.quote import quantiles_of

CALLED_OFF_FROM = (OrderStatus.ACCEPTED, OrderStatus.PAID)
LATER = "later"  # the letter's kind; its reference is the new day


@dataclass(frozen=True, slots=True, kw_only=True)
class LateParcel:
    """An order that is later than its buyer was told, and by when what is under way will be there."""

    merchant_id: int
    order_id: int
    promised: date
    latest: date


def promised_by(quote: Mapping[str, Any]) -> date | None:
    """The day the buyer was promised; None where nothing was (imported history)."""
    return date.fromisoformat(quote["latest"]) if quote.get("latest") else None


def expected_by(quote: Mapping[str, Any]) -> date | None:
    """The day by which all of it is there as it is sent now; what was not sent otherwise keeps its promise."""
    promised = promised_by(quote)
    if promised is None:
        return None
    newest: dict[int, str] = {}
    for entry in quote.get("rerouted", ()):
        newest |= {kept["line_id"]: entry["latest"] for kept in entry["lines"] if entry.get("latest")}
    told = [
        *newest.values(),
        *(wait["latest"] for wait in quote.get("waits", ())[-1:]),
    ]  # a pre-order whose load is late
    return max(promised, *map(date.fromisoformat, told)) if told else promised


def may_call_off(status: str, quote: Mapping[str, Any]) -> bool:
    """Whether the buyer may cancel at the order's page: it comes later than promised, and nothing of it has left."""
    promised, expected = promised_by(quote), expected_by(quote)
    return promised is not None and expected is not None and expected > promised and status in CALLED_OFF_FROM


def late_parcels(*, now: datetime, chunk: int = 500) -> Iterator[LateParcel]:
    """Of all merchants: parcels under way whose buyer was told a day that is over, by order."""
    today = now.date()
    told = Letter.everyone.filter(order=OuterRef("order"), kind=LATER, reference__gte=today.isoformat())
    under_way = Shipment.everyone.filter(
        ~Exists(told),
        delivered_at=None,
        order__history=False,
        order__status__in=("part_shipped", "shipped"),
        order__quote__latest__lt=today.isoformat(),
    ).exclude(order__email="")
    last = 0
    while found := list(under_way.filter(pk__gt=last).select_related("order", "lane").order_by("pk")[:chunk]):
        last = found[-1].pk
        for parcel in found:
            expected = expected_by(parcel.order.quote)
            if expected is None or expected >= today:
                continue
            yield LateParcel(
                merchant_id=parcel.merchant_id,
                order_id=parcel.order_id,
                promised=expected,
                latest=_there_by(parcel, today),
            )


def _there_by(parcel: Shipment, today: date) -> date:
    """By when nine of ten parcels are there that take so long already; tomorrow at the earliest."""
    lane = parcel.lane
    lead = LeadTime(days=quantiles_of(lane) or LeadTime.from_p50_p90(lane.days_p50, lane.days_p90).days)
    left = parcel.shipped_at.date()
    days = lead.at_last((today - left).days)
    return max(left + timedelta(days), today + timedelta(1))
