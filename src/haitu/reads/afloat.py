"""What loads carry towards a shelf, as it is kept beside the stock: read without asking for the loads again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db.models import F, Max, Q

from haitu.core.afloat import Coming
from haitu.models import InboundLine, InboundStatus

ON_THE_WAY = (InboundStatus.DEPARTED, InboundStatus.ARRIVED, InboundStatus.CUSTOMS)
# A supplier's load is sold from once it is booked; of a transfer the goods lie on their old shelf until it departs.
SOLD_FROM = Q(inbound__status__in=ON_THE_WAY) | Q(inbound__status=InboundStatus.BOOKED, inbound__supplier__isnull=False)


def coming_of(kept: Any) -> tuple[Coming, ...]:
    """The loads kept in a stock row's `coming`, as its column or as the text of it."""
    rows = json.loads(kept) if isinstance(kept, str) else kept
    return tuple(
        Coming(
            load_id=load_id,
            lane_id=lane_id,
            units=units,
            since=date.fromisoformat(since),
            p50=date.fromisoformat(p50),
            p90=date.fromisoformat(p90),
            goods_minor=goods_minor,
            inbound_minor=inbound_minor,
        )
        for load_id, lane_id, units, since, p50, p90, goods_minor, inbound_minor in rows
    )


def kept_as(coming: Iterable[Coming]) -> list[list[int | str | None]]:
    """The same as the column keeps it; always in the same order."""
    rows = sorted(coming, key=lambda one: (one.p90, one.load_id))
    return [
        [
            one.load_id,
            one.lane_id,
            one.units,
            one.since.isoformat(),
            one.p50.isoformat(),
            one.p90.isoformat(),
            one.goods_minor,
            one.inbound_minor,
        ]
        for one in rows
    ]


def carried(
    merchant_id: int, *, warehouse_id: int | None = None, variant_ids: Iterable[int] | None = None
) -> dict[tuple[int, int], list[Coming]]:
    """(Variant, warehouse) → what loads still carry there, whether it is sold from or not; one query."""
    rows = InboundLine.objects.of(merchant_id).filter(SOLD_FROM, inbound__eta_p50__isnull=False)
    if warehouse_id is not None:
        rows = rows.filter(inbound__to_id=warehouse_id)
    if variant_ids is not None:
        rows = rows.filter(variant_id__in=list(variant_ids))
    found: dict[tuple[int, int], list[Coming]] = {}
    seen = rows.annotate(since=Max("inbound__steps__at")).select_related("inbound").order_by("pk")
    for line in seen.filter(quantity__gt=F("received") + F("damaged")):
        load, left = line.inbound, line.quantity - line.received - line.damaged
        coming = Coming(
            load_id=load.pk,
            lane_id=load.lane_id,
            units=left,
            since=(line.since or load.created_at).date(),
            p50=load.eta_p50 or line.since.date(),
            p90=load.eta_p90 or load.eta_p50 or line.since.date(),
            goods_minor=line.goods_value_minor * left // line.quantity,
            inbound_minor=(line.share_minor + line.inbound_value_minor) * left // line.quantity,
        )
        found.setdefault((line.variant_id, load.to_id), []).append(coming)
    return found


def ships_by(quote: Mapping[str, Any]) -> date | None:
    """The day on which an order's last parcel with pre-ordered goods was to leave; None: nothing was a pre-order."""
    days = [parcel["ships"] for parcel in quote.get("parcels", ()) if parcel.get("ships")]
    return date.fromisoformat(max(days)) if days else None
