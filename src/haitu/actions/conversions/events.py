"""Rows → the events a platform is told: the order's person, its last click that is the platform's, its goods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings

from haitu.core.hashing import Person
from haitu.core.money import display
from haitu.links.ads.conversions import MAKERS
from haitu.links.ads.conversions.phone import e164
from haitu.links.ads.conversions.protocol import Event, Kind
from haitu.links.secrets import unseal
from haitu.models import AdAccount, Conversion, Order, OrderLine, Touch
from haitu.reads.merchant import shop_root

# Where the family's name comes first a name of two words does not say which is which.
FAMILY_FIRST = {"CN", "HK", "HU", "JP", "KR", "MO", "TW", "VN"}


def events_of(account: AdAccount, rows: Sequence[Conversion]) -> tuple[Event, ...]:
    """One event a row, in their order; three queries for all of them."""
    orders = [row.order for row in rows]
    clicks = _clicks(account, orders)
    skus: dict[int, list[str]] = {}
    lines = OrderLine.objects.of(account.merchant_id).filter(order__in=orders).order_by("position")
    for order_id, sku in lines.values_list("order_id", "sku"):
        skus.setdefault(order_id, []).append(sku)
    page = f"{shop_root(account.merchant_id)}/"
    return tuple(_event(row, clicks.get(row.order_id), tuple(skus.get(row.order_id, ())), page) for row in rows)


def _event(row: Conversion, click: Touch | None, skus: tuple[str, ...], page: str) -> Event:
    value = display(row.value_minor, row.currency)
    if row.kind != "purchase":
        kind: Kind = "retract" if row.kind == "retract" else "adjust"
        of = f"order-{row.order_id}"
        return Event(id=row.event_id, kind=kind, of=of, at=row.at, value=value, currency=row.currency)
    return Event(
        id=row.event_id,
        kind="purchase",
        at=row.at,
        value=value,
        currency=row.currency,
        person=person_of(row.order),
        click_kind=click.click_kind if click else "",
        click_id=unseal(click.click_id, settings.SEAL_KEY) if click else "",
        clicked_at=click.at if click else None,
        page=page,
        skus=skus,
    )


def person_of(order: Order) -> Person:
    """What the order knows of its buyer, as hashing takes it."""
    address = order.address
    country = str(address.get("country_code") or "")
    words = order.name.split()
    both = len(words) == 2 and country not in FAMILY_FIRST
    return Person(
        email=order.email,
        phone=e164(order.phone, country),
        first_name=words[0] if both else "",
        last_name=words[1] if both else "",
        city=str(address.get("city") or ""),
        region=str(address.get("country_area") or ""),
        postcode=str(address.get("postal_code") or ""),
        country=country,
        reference=f"customer-{order.customer_id}" if order.customer_id else "",
    )


def _clicks(account: AdAccount, orders: Iterable[Order]) -> dict[int, Touch]:
    """Order → the last touch before it that carries one of the platform's click ids."""
    placed = {order.pk: order for order in orders}
    visitors = {order.visitor_id for order in placed.values() if order.visitor_id}
    touches = (
        Touch.objects.of(account.merchant_id)
        .filter(visitor_id__in=visitors, click_kind__in=MAKERS[account.platform].clicks)
        .exclude(click_id="")
        .order_by("at", "pk")
    )
    found: dict[int, Touch] = {}
    for touch in touches:
        for order in placed.values():
            if order.visitor_id == touch.visitor_id and touch.at <= order.placed_at:
                found[order.pk] = touch
    return found
