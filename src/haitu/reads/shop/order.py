"""An order as its buyer sees it, by the token only the buyer has."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from haitu.models import Event, Order, Shipment
from haitu.reads.afloat import ships_by
from haitu.reads.late import expected_by, may_call_off, promised_by
from haitu.reads.merchant import ShopMerchant
from haitu.reads.shop.rows import FIRST_PICTURE, fetch, options_of, picture_address

# What of an order's events is the buyer's business; fees, bills and the like are not.
TOLD = (
    *("placed", "paid", "cash_agreed", "collected", "refused_at_door", "payment_failed", "cancelled", "expired"),
    *("shipped", "delivered", "refunded", "returned"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineShown:
    """A line of an order; units of it that are on their way or came back."""

    title: str
    sku: str
    options: tuple[str, ...]
    picture: str
    quantity: int
    shipped: int
    returned: int
    unit_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelShown:
    """A parcel that left."""

    number: str
    carrier: str
    tracking: str
    shipped_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that happened; `kind` is one of TOLD."""

    kind: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """An order. `latest` is as expected now, `promised` as it was sold. A pre-order `ships` by then, `sent_in` parcels.

    `import_tax_minor` is charged apart; `tax_minor` is inside the goods when `tax_included`.
    """

    id: int
    token: str
    number: str
    status: str
    country: str
    language: str
    email: str
    name: str
    phone: str
    address: dict[str, str]
    currency: str
    goods_minor: int
    shipping_minor: int
    duty_minor: int
    import_tax_minor: int
    tax_minor: int
    total_minor: int
    refunded_minor: int
    tax_included: bool
    incoterm: str
    duty_paid_by: str
    earliest: date | None
    latest: date | None
    ships: date | None
    sent_in: int
    promised: date | None
    may_call_off: bool
    placed_at: datetime
    expires_at: datetime | None
    lines: tuple[OrderLineShown, ...]
    parcels: tuple[ParcelShown, ...]
    steps: tuple[Step, ...]


def order_page(merchant: ShopMerchant, token: str) -> OrderShown | None:
    """The order of that token at that merchant; None for a stranger's token."""
    row = Order.objects.of(merchant.id).filter(token=token, history=False).select_related("market").first()
    if row is None:
        return None
    quoted = row.quote or {}
    return OrderShown(
        id=row.pk,
        token=row.token,
        number=row.number,
        status=row.status,
        country=row.market.country,
        language=row.language,
        email=row.email,
        name=row.name,
        phone=row.phone,
        address=dict(row.address),
        currency=row.currency,
        goods_minor=row.goods_minor,
        shipping_minor=row.shipping_minor,
        duty_minor=row.duty_minor,
        import_tax_minor=int(quoted.get("import_tax_minor", 0)),
        tax_minor=row.tax_minor,
        total_minor=row.total_minor,
        refunded_minor=row.refunded_minor,
        tax_included=row.tax_included,
        incoterm=row.incoterm,
        duty_paid_by=str(quoted.get("duty_paid_by", "")),
        earliest=_day(quoted.get("earliest")),
        latest=expected_by(quoted),
        ships=ships_by(quoted),
        sent_in=len(quoted.get("parcels", ())),
        promised=promised_by(quoted),
        may_call_off=may_call_off(row.status, quoted),
        placed_at=row.placed_at,
        expires_at=row.expires_at,
        lines=tuple(_lines(merchant.id, row.pk)),
        parcels=tuple(_parcels(merchant.id, row.pk)),
        steps=tuple(_steps(merchant.id, row.pk)),
    )


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def _lines(merchant_id: int, order_id: int) -> list[OrderLineShown]:
    sql = f"""
        SELECT l.title, l.sku, c.id, c.path, l.quantity, l.shipped, l.returned, l.unit_minor, l.amount_minor, v.options
        FROM haitu_orderline l
        JOIN haitu_variant v ON v.id = l.variant_id
        LEFT JOIN haitu_picture c ON c.id = {FIRST_PICTURE.format(product="v.product_id")}
        WHERE l.merchant_id = %s AND l.order_id = %s ORDER BY l.position, l.id
    """  # noqa: S608  # only our own expressions are put in
    return [
        OrderLineShown(
            title=row[0],
            sku=row[1],
            options=options_of(row[9]),
            picture=picture_address(row[2], row[3]),
            quantity=row[4],
            shipped=row[5],
            returned=row[6],
            unit_minor=row[7],
            amount_minor=row[8],
        )
        for row in fetch(sql, [merchant_id, order_id])
    ]


def _parcels(merchant_id: int, order_id: int) -> list[ParcelShown]:
    rows = (
        Shipment.objects.of(merchant_id).filter(order_id=order_id).select_related("lane").order_by("shipped_at", "id")
    )
    return [
        ParcelShown(
            number=row.number,
            carrier=row.lane.carrier,
            tracking=row.tracking,
            shipped_at=row.shipped_at,
            delivered_at=row.delivered_at,
        )
        for row in rows
    ]


def _steps(merchant_id: int, order_id: int) -> list[Step]:
    events = Event.objects.of(merchant_id).filter(order_id=order_id, kind__in=TOLD).order_by("at", "id")
    return [Step(kind=kind, at=at) for kind, at in events.values_list("kind", "at")]
