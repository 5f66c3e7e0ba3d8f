"""Loads on their way, purchase orders and suppliers, as the desk shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum

from haitu.core.allocate import UnknownMeasure
from haitu.models import (
    Inbound,
    InboundLine,
    InboundStatus,
    InboundStep,
    Lane,
    PurchaseLine,
    PurchaseOrder,
    Stock,
    Supplier,
    Variant,
)
from haitu.reads.closures import closed_lanes
from haitu.reads.desk.paging import PageOf, cut
from haitu.reads.inbound import shares_of, supplier_days
from haitu.reads.preorders import sold_of_load

ON_BOARD = tuple(status for status in InboundStatus if status not in {InboundStatus.RECEIVED, InboundStatus.CANCELLED})
RECENT = 20  # closed loads that the board still shows


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCard:
    """A load on the board; values in base currency. `late`: nine of ten such loads would be in."""

    id: int
    number: str
    status: str
    source: str  # supplier's name or warehouse's code
    transfer: bool
    to: str
    lane: str
    mode: str
    reference: str
    skus: int
    units: int
    received: int
    value_minor: int
    eta_p50: date | None
    eta_p90: date | None
    late_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """One SKU of a load; `share_minor` is its part of freight and duty, as announced."""

    id: int
    sku: str
    variant_id: int
    product_id: int
    quantity: int
    received: int
    damaged: int
    goods_value_minor: int
    inbound_value_minor: int
    share_minor: int | None
    landed_minor: int
    sold: int  # pre-ordered out of it

    @property
    def missing(self) -> int:
        """Units announced and not yet there."""
        return max(self.quantity - self.received - self.damaged, 0)

    @property
    def over(self) -> int:
        """Units there and not announced."""
        return max(self.received + self.damaged - self.quantity, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStep:
    """One thing that happened to a load."""

    status: str
    at: datetime
    by: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """A whole load; `unmeasured` is a SKU that lacks the measure by which the freight is shared, "" if none does."""

    card: LoadCard
    to_id: int
    share_by: str
    freight_minor: int
    freight_quoted_minor: int
    duty_minor: int
    created_at: datetime
    departed_at: datetime | None
    arrived_at: datetime | None
    received_at: datetime | None
    lines: tuple[LoadLine, ...]
    steps: tuple[LoadStep, ...]
    unmeasured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRow:
    """A purchase order in the list; the value in its own currency."""

    id: int
    number: str
    supplier: str
    status: str
    ordered_on: date
    currency: str
    units: int
    taken: int
    value_minor: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueLine:
    """Units of a purchase order that no load has yet."""

    id: int
    purchase: str
    sku: str
    quantity: int
    taken: int
    unit_minor: int
    currency: str

    @property
    def left(self) -> int:
        """What can be loaded."""
        return self.quantity - self.taken


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierRow:
    """A supplier in the list."""

    id: int
    code: str
    name: str
    country: str
    currency: str
    days_p50: int
    days_p90: int
    seen: int  # departures the expected days were learnt from
    expected_p50: int
    expected_p90: int
    active: bool
    open_orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneChoice:
    """A lane that leads to a warehouse of ours."""

    id: int
    code: str
    carrier: str
    mode: str
    origin_id: int
    to_id: int
    days_p50: int
    days_p90: int


def board(merchant_id: int, today: date) -> dict[str, tuple[LoadCard, ...]]:
    """Open loads by step, the next to arrive first, and those closed last; one query."""
    found: dict[str, list[LoadCard]] = {status: [] for status in (*ON_BOARD, InboundStatus.RECEIVED)}
    rows = _loads(merchant_id).filter(status__in=ON_BOARD).order_by("eta_p50", "pk")
    closed = _loads(merchant_id).filter(status=InboundStatus.RECEIVED).order_by("-received_at", "-pk")[:RECENT]
    for row in (*rows, *closed):
        found[row.status].append(_card(row, today))
    return {status: tuple(cards) for status, cards in found.items()}


def loads(merchant_id: int, *, search: str, status: str, page: int, today: date) -> PageOf[LoadCard]:
    """Every load, the newest first."""
    query = _loads(merchant_id)
    if search:
        query = query.filter(
            Q(number__icontains=search) | Q(reference__icontains=search) | Q(lines__variant__sku__iexact=search)
        )
    if status:
        query = query.filter(status=status)
    found, number, pages, total = cut(query.order_by("-created_at", "-pk"), page)
    return PageOf(rows=tuple(_card(row, today) for row in found), number=number, pages=pages, total=total)


def load(merchant_id: int, inbound_id: int, today: date) -> LoadView | None:
    """One load with its lines and history, or None if the merchant has none such."""
    row = _loads(merchant_id).filter(pk=inbound_id).first()
    if row is None:
        return None
    lines = list(InboundLine.objects.of(merchant_id).filter(inbound=row).select_related("variant").order_by("pk"))
    steps = InboundStep.objects.of(merchant_id).filter(inbound=row).select_related("by").order_by("-at", "-pk")
    try:
        shares = shares_of(row, lines)
        unmeasured = ""
    except UnknownMeasure as no:
        shares, unmeasured = {}, str(no.given["sku"])
    sold = sold_of_load(merchant_id, row, today=today)
    return LoadView(
        card=_card(row, today),
        to_id=row.to_id,
        share_by=row.share_by,
        freight_minor=row.freight_minor,
        freight_quoted_minor=row.freight_quoted_minor,
        duty_minor=row.duty_minor,
        created_at=row.created_at,
        departed_at=row.departed_at,
        arrived_at=row.arrived_at,
        received_at=row.received_at,
        lines=tuple(
            LoadLine(
                id=line.pk,
                sku=line.variant.sku,
                variant_id=line.variant_id,
                product_id=line.variant.product_id,
                quantity=line.quantity,
                received=line.received,
                damaged=line.damaged,
                goods_value_minor=line.goods_value_minor,
                inbound_value_minor=line.inbound_value_minor,
                share_minor=shares.get(line.pk),
                landed_minor=line.landed_minor,
                sold=sold.get(line.variant_id, 0),
            )
            for line in lines
        ),
        unmeasured=unmeasured,
        steps=tuple(
            LoadStep(status=step.status, at=step.at, by=step.by.username if step.by else "", told=step.told)
            for step in steps
        ),
    )


def purchases(merchant_id: int, page: int) -> PageOf[PurchaseRow]:
    """The newest first."""
    query = (
        PurchaseOrder.objects.of(merchant_id)
        .select_related("supplier")
        .annotate(
            units=Sum("lines__quantity"),
            sent=Sum("lines__taken"),
            value=Sum(F("lines__quantity") * F("lines__unit_minor")),
        )
    )
    found, number, pages, total = cut(query.order_by("-ordered_on", "-pk"), page)
    rows = tuple(
        PurchaseRow(
            id=row.pk,
            number=row.number,
            supplier=row.supplier.name,
            status=row.status,
            ordered_on=row.ordered_on,
            currency=row.currency,
            units=row.units or 0,
            taken=row.sent or 0,
            value_minor=row.value or 0,
            note=row.note,
        )
        for row in found
    )
    return PageOf(rows=rows, number=number, pages=pages, total=total)


def due(merchant_id: int, supplier_id: int) -> tuple[DueLine, ...]:
    """What a supplier still owes us, oldest order first."""
    rows = (
        PurchaseLine.objects.of(merchant_id)
        .filter(purchase__supplier_id=supplier_id, purchase__status="open", taken__lt=F("quantity"))
        .select_related("purchase", "variant")
        .order_by("purchase__ordered_on", "purchase_id", "variant__sku")
    )
    return tuple(
        DueLine(
            id=row.pk,
            purchase=row.purchase.number,
            sku=row.variant.sku,
            quantity=row.quantity,
            taken=row.taken,
            unit_minor=row.unit_minor,
            currency=row.purchase.currency,
        )
        for row in rows
    )


def suppliers(merchant_id: int) -> tuple[SupplierRow, ...]:
    """By code."""
    days = supplier_days(merchant_id)
    rows = Supplier.objects.of(merchant_id).annotate(waiting=Count("orders", filter=Q(orders__status="open")))
    return tuple(
        SupplierRow(
            id=row.pk,
            code=row.code,
            name=row.name,
            country=row.country,
            currency=row.currency,
            days_p50=row.days_p50,
            days_p90=row.days_p90,
            seen=days[row.pk].seen,
            expected_p50=days[row.pk].lead.p50,
            expected_p90=days[row.pk].lead.p90,
            active=row.active,
            open_orders=row.waiting,
        )
        for row in rows.order_by("code")
    )


def lanes_in(merchant_id: int, *, on: date) -> tuple[LaneChoice, ...]:
    """Lanes between warehouses, open on that day."""
    shut = closed_lanes(merchant_id, on)
    rows = Lane.objects.of(merchant_id).filter(to__isnull=False).exclude(pk__in=shut).order_by("code")
    return tuple(
        LaneChoice(
            id=row.pk,
            code=row.code,
            carrier=row.carrier,
            mode=row.mode,
            origin_id=row.origin_id,
            to_id=row.to_id or 0,
            days_p50=row.days_p50,
            days_p90=row.days_p90,
        )
        for row in rows
    )


def variants_of(merchant_id: int, skus: Iterable[str]) -> dict[str, int]:
    """SKU in small letters → variant."""
    wanted = {sku.lower() for sku in skus}
    rows = Variant.objects.of(merchant_id).filter(sku__in={*wanted, *(sku.upper() for sku in wanted), *skus})
    return {row.sku.lower(): row.pk for row in rows}


def shelves_of(merchant_id: int, warehouse_id: int, variant_ids: Iterable[int]) -> dict[int, int]:
    """Variant → its stock row in the warehouse."""
    rows = Stock.objects.of(merchant_id).filter(warehouse_id=warehouse_id, variant_id__in=list(variant_ids))
    return {row.variant_id: row.pk for row in rows}


def _loads(merchant_id: int) -> QuerySet[Any]:
    return (
        Inbound.objects.of(merchant_id)
        .select_related("supplier", "origin", "to", "lane")
        .annotate(
            skus=Count("lines"),
            units=Sum("lines__quantity"),
            came=Sum(F("lines__received") + F("lines__damaged")),
            value=Sum(F("lines__goods_value_minor") + F("lines__inbound_value_minor")),
        )
    )


def _card(row: Any, today: date) -> LoadCard:
    late = row.status in ON_BOARD and row.eta_p90 is not None and row.eta_p90 < today
    return LoadCard(
        id=row.pk,
        number=row.number,
        status=row.status,
        source=row.supplier.name if row.supplier else row.origin.code,
        transfer=row.origin_id is not None,
        to=row.to.code,
        lane=row.lane.code if row.lane else "",
        mode=row.lane.mode if row.lane else "",
        reference=row.reference,
        skus=row.skus,
        units=row.units or 0,
        received=row.came or 0,
        value_minor=row.value or 0,
        eta_p50=row.eta_p50,
        eta_p90=row.eta_p90,
        late_days=(today - row.eta_p90).days if late else 0,
    )
