"""Orders as the desk lists them and shows one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from haitu.core.events import stamp
from haitu.models import (
    CashParcel,
    Event,
    Letter,
    Order,
    OrderLine,
    Payment,
    Refund,
    RefundStatus,
    Reservation,
    Return,
    Shipment,
    ShipmentLine,
    Warehouse,
)
from haitu.reads.desk.compared import Compared, compared
from haitu.reads.desk.found import narrowed_to
from haitu.reads.desk.likeness import like
from haitu.reads.desk.paging import PageOf, cut

TO_SHIP = ("accepted", "paid", "part_shipped")
SORTS = {
    "newest": "-placed_at",
    "oldest": "placed_at",
    "highest": "-total_minor",
    "lowest": "total_minor",
    "number": "number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """What the list is narrowed to. `status` may also be "to_ship"; `until` is not included."""

    search: str = ""
    status: str = ""
    country: str = ""
    channel: str = ""
    since: datetime | None = None
    until: datetime | None = None
    sort: str = "newest"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """One line of the list."""

    id: int
    number: str
    status: str
    placed_at: datetime
    country: str
    channel: str
    currency: str
    total_minor: int
    refunded_minor: int
    name: str
    email: str
    units: int
    history: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """An order line with what is still to ship and what may come back."""

    id: int
    position: int
    variant_id: int
    product_id: int
    sku: str
    title: str
    quantity: int
    shipped: int
    returned: int
    unit_minor: int
    amount_minor: int
    tax_rate_bp: int
    tax_minor: int
    duty_minor: int
    hs_code: str
    origin_country: str
    warehouse_id: int | None
    warehouse: str
    lane_id: int | None
    lane: str
    paid_minor: int
    refunded_minor: int
    to_ship: int  # units promised to it that have not left; what was refunded before it left is promised no more

    @property
    def refundable_minor(self) -> int:
        """What the buyer paid for the line, with its share of shipping, less what was given back of it."""
        return max(0, self.paid_minor - self.refunded_minor)

    @property
    def may_return(self) -> int:
        """Units that left and have not come back."""
        return self.shipped - self.returned


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelView:
    """A parcel that left."""

    id: int
    number: str
    tracking: str
    warehouse: str
    lane: str
    carrier: str
    quoted_minor: int
    billed_minor: int | None
    billed_currency: str
    shipped_at: datetime
    delivered_at: datetime | None
    contents: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    """A payment or a refund."""

    id: int
    kind: str
    amount_minor: int
    currency: str
    status: str
    told: str
    at: datetime
    by_hand: bool = False  # a refund that somebody transfers


@dataclass(frozen=True, slots=True, kw_only=True)
class CashView:
    """What a parcel is to collect at the door, and what came of it (models.CashState)."""

    shipment_id: int
    amount_minor: int
    fee_minor: int
    remitted_minor: int
    state: str
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """One line of what happened."""

    id: int
    key: str
    kind: str
    at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """Everything the order page says."""

    id: int
    token: str
    number: str
    status: str
    country: str
    market_id: int
    outlet: str
    channel: str
    language: str
    name: str
    email: str
    phone: str
    address: dict[str, str]
    currency: str
    base_currency: str
    fx_e9: int
    goods_minor: int
    shipping_minor: int
    duty_minor: int
    tax_minor: int
    total_minor: int
    tax_included: bool
    incoterm: str
    paid_minor: int
    refunded_minor: int
    history: bool
    placed_at: datetime
    expires_at: datetime | None
    quote: dict[str, Any]
    lines: tuple[LineView, ...]
    parcels: tuple[ParcelView, ...]
    payments: tuple[MoneyView, ...]
    refunds: tuple[MoneyView, ...]
    returns: tuple[tuple[str, int, bool, str, datetime], ...]
    letters: tuple[tuple[str, datetime, datetime | None, str], ...]
    events: tuple[EventView, ...]
    warehouses: tuple[tuple[int, str], ...]
    compared: Compared
    cash: tuple[CashView, ...] = ()

    @property
    def refundable_minor(self) -> int:
        """What was paid and not given back."""
        return self.paid_minor - self.refunded_minor - self.pending_refund_minor

    @property
    def pending_refund_minor(self) -> int:
        """What is on its way back."""
        return sum(refund.amount_minor for refund in self.refunds if refund.status == "pending")

    @property
    def seen(self) -> str:
        """Goes with the page's forms, so that one sent twice, or by two people, acts once."""
        events, refunds = [event.id for event in self.events], [refund.id for refund in self.refunds]
        return stamp(max(events, default=0), max(refunds, default=0))

    @property
    def can_ship(self) -> bool:
        return self.status in TO_SHIP and any(line.to_ship for line in self.lines)

    @property
    def can_cancel(self) -> bool:
        return self.status in {"pending", "accepted", "paid"} and not self.history

    @property
    def can_return(self) -> bool:
        return any(line.may_return for line in self.lines)


def orders(merchant_id: int, given: OrderFilter) -> PageOf[OrderRow]:
    """A page of the list; three queries."""
    query = _narrowed(merchant_id, given).order_by(SORTS.get(given.sort, "-placed_at"), "-pk")
    found, number, pages, total = cut(query.select_related("market"), given.page)
    return PageOf(rows=tuple(_rows(merchant_id, found)), number=number, pages=pages, total=total)


def every_order(merchant_id: int, given: OrderFilter, *, chunk: int = 500) -> Iterator[OrderRow]:
    """All rows of the list, for a file; as many queries as there are chunks, twice."""
    query = _narrowed(merchant_id, given).select_related("market").order_by("pk")
    last = 0
    while found := list(query.filter(pk__gt=last)[:chunk]):
        last = found[-1].pk
        yield from _rows(merchant_id, found)


def number_of(merchant_id: int, order_id: int) -> str:
    """The order's number; "" if the merchant has no such order."""
    return Order.objects.of(merchant_id).filter(pk=order_id).values_list("number", flat=True).first() or ""


def order(merchant_id: int, order_id: int) -> OrderView | None:
    """One order, or None if the merchant has no such order; a fixed number of queries."""
    row = Order.objects.of(merchant_id).select_related("market", "outlet").filter(pk=order_id).first()
    if row is None:
        return None
    refunds = list(Refund.objects.of(merchant_id).filter(order_id=order_id).order_by("pk"))
    back, promised = _refunded(refunds), _promised(merchant_id, order_id)
    lines = tuple(
        replace(line, refunded_minor=back.get(line.id, 0), to_ship=promised.get(line.id, 0))
        for _, line in _lines(OrderLine.objects.of(merchant_id).filter(order_id=order_id))
    )
    return like(
        OrderView,
        row,
        country=row.market.country,
        outlet=row.outlet.name,
        lines=lines,
        parcels=_parcels(merchant_id, order_id),
        payments=_payments(merchant_id, order_id),
        refunds=tuple(
            like(
                MoneyView,
                refund,
                kind=refund.reason,
                at=refund.created_at,
                by_hand=refund.payment_id is None and refund.status == RefundStatus.PENDING,
            )
            for refund in refunds
        ),
        returns=tuple(
            Return.objects.of(merchant_id)
            .filter(order_id=order_id)
            .order_by("pk")
            .values_list("line__sku", "quantity", "restocked", "reason", "at")
        ),
        letters=tuple(
            Letter.objects.of(merchant_id)
            .filter(order_id=order_id)
            .order_by("pk")
            .values_list("kind", "created_at", "sent_at", "told")
        ),
        events=tuple(
            like(EventView, event)
            for event in Event.objects.of(merchant_id).filter(order_id=order_id).defer("payload").order_by("pk")
        ),
        warehouses=tuple(
            Warehouse.objects.of(merchant_id).filter(active=True).order_by("code").values_list("pk", "code")
        ),
        compared=compared(merchant_id, row),
        cash=tuple(
            like(CashView, each) for each in CashParcel.objects.of(merchant_id).filter(order_id=order_id).order_by("pk")
        ),
    )


def _narrowed(merchant_id: int, given: OrderFilter) -> QuerySet[Order]:
    query = waiting_to_leave(merchant_id) if given.status == "to_ship" else Order.objects.of(merchant_id)
    if given.status and given.status != "to_ship":
        query = query.filter(status=given.status)
    if given.country:
        query = query.filter(market__country=given.country)
    if given.channel:
        query = query.filter(channel=given.channel)
    if given.since:
        query = query.filter(placed_at__gte=given.since)
    if given.until:
        query = query.filter(placed_at__lt=given.until)
    if given.search:
        query = narrowed_to(query, merchant_id, given.search)
    return query


def _rows(merchant_id: int, found: Iterable[Order]) -> Iterator[OrderRow]:
    rows = list(found)
    units = dict(
        OrderLine.objects.of(merchant_id)
        .filter(order_id__in=[row.pk for row in rows])
        .values_list("order_id")
        .annotate(units=Sum("quantity"))
    )
    for row in rows:
        yield like(OrderRow, row, country=row.market.country, units=units.get(row.pk, 0))


def _lines(query: QuerySet[OrderLine]) -> Iterator[tuple[int, LineView]]:
    for line in query.select_related("warehouse", "lane", "variant").order_by("position", "pk"):
        yield (
            line.order_id,
            like(
                LineView,
                line,
                product_id=line.variant.product_id,
                warehouse=line.warehouse.code if line.warehouse else "",
                lane=line.lane.code if line.lane else "",
                paid_minor=line.quoted[0] if line.quoted else line.amount_minor,
                refunded_minor=0,
                to_ship=0,
            ),
        )


def _promised(merchant_id: int, order_id: int) -> dict[int, int]:
    """Line → units that wait on a shelf for it."""
    promises = Reservation.objects.of(merchant_id).filter(line__order_id=order_id)
    units = promises.values_list("line_id").annotate(units=Sum(F("quantity") - F("afloat")))
    return dict(units.values_list("line_id", "units"))


def waiting_to_leave(merchant_id: int) -> QuerySet[Order]:
    """Paid orders with units on a shelf."""
    promised = Reservation.objects.of(merchant_id).filter(line__order=OuterRef("pk"), quantity__gt=F("afloat"))
    return Order.objects.of(merchant_id).filter(Exists(promised), status__in=TO_SHIP)


def _refunded(refunds: Iterable[Refund]) -> dict[int, int]:
    """Line → amount that refunds which did not fail give back."""
    found: dict[int, int] = {}
    for refund in refunds:
        if refund.status != "failed":
            for line_id, amount, *_ in refund.lines:
                found[line_id] = found.get(line_id, 0) + amount
    return found


def _parcels(merchant_id: int, order_id: int) -> tuple[ParcelView, ...]:
    contents: dict[int, list[tuple[str, str, int]]] = {}
    packed = ShipmentLine.objects.of(merchant_id).filter(shipment__order_id=order_id).order_by("pk")
    for shipment_id, sku, title, quantity in packed.values_list("shipment_id", "line__sku", "line__title", "quantity"):
        contents.setdefault(shipment_id, []).append((sku, title, quantity))
    shipments = Shipment.objects.of(merchant_id).filter(order_id=order_id).select_related("warehouse", "lane")
    return tuple(
        like(
            ParcelView,
            parcel,
            warehouse=parcel.warehouse.code,
            lane=parcel.lane.code,
            carrier=parcel.lane.carrier,
            contents=tuple(contents.get(parcel.pk, ())),
        )
        for parcel in shipments.order_by("pk")
    )


def _payments(merchant_id: int, order_id: int) -> tuple[MoneyView, ...]:
    payments = Payment.objects.of(merchant_id).filter(order_id=order_id).select_related("account")
    return tuple(
        like(MoneyView, payment, kind=payment.account.provider, at=payment.created_at, by_hand=False)
        for payment in payments.order_by("pk")
    )
