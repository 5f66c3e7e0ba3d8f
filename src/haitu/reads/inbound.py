"""How the costs of a load are shared among its lines, and how long suppliers take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from haitu.core.allocate import Measure, Share, allocate
from haitu.core.lead import LeadTime, learnt
from haitu.models import Inbound, InboundLine, InboundStatus, Supplier

WORTH = 4  # departures that what was typed counts for
MEASURES: tuple[Measure, ...] = get_args(Measure)


def shares_of(inbound: Inbound, lines: Sequence[InboundLine]) -> dict[int, int]:
    """Line id → its part of freight (by what the load says) and duty (by value), as announced, in base currency.

    `lines` with their variants. Refuses UnknownMeasure where the goods lack what the freight is shared by.
    """
    shares = [
        Share(
            sku=line.variant.sku,
            units=line.quantity,
            weight_g=line.variant.weight_g,
            volume_mm3=(line.variant.length_mm or 0) * (line.variant.width_mm or 0) * (line.variant.height_mm or 0),
            value_minor=line.goods_value_minor,
        )
        for line in lines
    ]
    by = next(measure for measure in MEASURES if measure == inbound.share_by)
    freight = _parts(inbound.freight_minor, shares, by)
    duty = _parts(inbound.duty_minor, shares, "value")
    return {line.pk: f + d for line, f, d in zip(lines, freight, duty, strict=True)}


def _parts(total_minor: int, shares: Sequence[Share], by: Measure) -> tuple[int, ...]:
    if not total_minor:
        return (0,) * len(shares)
    if by == "value" and not any(share.value_minor for share in shares):
        by = "units"  # goods worth nothing on paper, or a transfer that has not left: each unit alike
    return allocate(total_minor, shares, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierDays:
    """From order to departure: as typed, drawn towards the `seen` departures there were."""

    lead: LeadTime
    seen: int


def supplier_days(merchant_id: int, supplier_id: int | None = None) -> dict[int, SupplierDays]:
    """Supplier → how long it takes to hand goods over; two queries. Each load counts once, from its oldest order."""
    suppliers = Supplier.objects.of(merchant_id)
    lines = InboundLine.objects.of(merchant_id).filter(
        inbound__supplier__isnull=False, inbound__departed_at__isnull=False, purchase_line__isnull=False
    )
    if supplier_id is not None:
        suppliers, lines = suppliers.filter(pk=supplier_id), lines.filter(inbound__supplier_id=supplier_id)
    taken: dict[int, dict[int, int]] = defaultdict(dict)
    fields = ("inbound__supplier_id", "inbound_id", "inbound__departed_at", "purchase_line__purchase__ordered_on")
    for supplier, load, left, ordered in lines.exclude(inbound__status=InboundStatus.CANCELLED).values_list(*fields):
        days = max((left.date() - ordered).days, 0)
        taken[supplier][load] = max(days, taken[supplier].get(load, 0))
    return {row.pk: _days(row, list(taken[row.pk].values())) for row in suppliers}


def _days(row: Supplier, seen: Sequence[int]) -> SupplierDays:
    typed = LeadTime.from_p50_p90(row.days_p50, row.days_p90)
    return SupplierDays(lead=learnt(seen, typed, worth=WORTH) if seen else typed, seen=len(seen))
