"""A parcel's papers from its rows: what left, what it was sold for without tax, who sends and who receives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Sum

from haitu.core.money import part, split
from haitu.core.papers import PaperLine, Papers, Party, net_part
from haitu.core.tax import tax_inside
from haitu.models import Merchant, Order, OrderLine, ProductText, Reservation, Shipment, ShipmentLine

UNDESCRIBED = "Goods"
WriteAddress = Callable[[str, str, Mapping[str, str]], Sequence[str]]  # country, language, address → lines to print


def of_shipment(merchant_id: int, order_id: int, shipment_id: int, write: WriteAddress) -> Papers | None:
    """The papers of an order's parcel that left; None when it is not there."""
    shipment = (
        Shipment.objects.of(merchant_id)
        .select_related("merchant", "order__market", "warehouse", "lane")
        .filter(pk=shipment_id, order_id=order_id)
        .first()
    )
    if shipment is None:
        return None
    order = shipment.order
    packed = (
        ShipmentLine.objects.of(merchant_id).filter(shipment=shipment).select_related("line__variant").order_by("pk")
    )
    before = dict(
        ShipmentLine.objects.of(merchant_id)
        .filter(line__order=order, shipment_id__lt=shipment.pk)
        .values_list("line_id")
        .annotate(units=Sum("quantity"))
        .values_list("line_id", "units")
    )
    described = _descriptions(merchant_id, [row.line for row in packed])
    parts = [(row.line, before.get(row.line_id, 0), row.quantity) for row in packed]
    return Papers(
        number=shipment.number,
        on=shipment.shipped_at.date(),
        sender=_sender(shipment.merchant, shipment.warehouse.country),
        receiver=_receiver(order, write(order.market.country, order.language, order.address) if order.address else ()),
        lines=tuple(_line(order, line, start, units, described) for line, start, units in parts),
        currency=order.currency,
        freight_minor=_freight(merchant_id, order, parts),
        incoterm=order.incoterm,
        carrier=shipment.lane.carrier,
        waybill=shipment.tracking,
    )


def to_pick(merchant_id: int, order_ids: Sequence[int], on: date) -> tuple[Papers, ...]:
    """What is promised to these orders, is there and has not left: one list for each order and warehouse."""
    rows = (
        Reservation.objects.of(merchant_id)
        .filter(line__order_id__in=order_ids, line__order__merchant_id=merchant_id, afloat=0)
        .select_related("line__order__market", "line__variant", "stock__warehouse")
        .order_by("stock__warehouse__code", "line__order_id", "line__position", "pk")
    )
    groups: dict[tuple[str, int], list[Reservation]] = defaultdict(list)
    for row in rows:
        groups[row.stock.warehouse.code, row.line.order_id].append(row)
    described = _descriptions(merchant_id, [row.line for row in rows])
    merchant = Merchant.objects.get(pk=merchant_id)
    return tuple(
        Papers(
            number=f"{found[0].line.order.number} · {code}",
            on=on,
            sender=_sender(merchant, found[0].stock.warehouse.country),
            receiver=_receiver(found[0].line.order, ()),
            lines=tuple(_line(row.line.order, row.line, 0, row.quantity, described) for row in found),
            currency=found[0].line.order.currency,
            freight_minor=0,
            incoterm=found[0].line.order.incoterm,
        )
        for (code, _order), found in groups.items()
    )


def exporter(merchant_id: int) -> Party:
    """Who sends, as the business page says."""
    return _sender(Merchant.objects.get(pk=merchant_id), "")


def _sender(merchant: Merchant, country: str) -> Party:
    said: Mapping[str, Any] = merchant.exporter
    return Party(
        name=said.get("name") or merchant.name,
        lines=tuple(said.get("lines") or ()),
        country=said.get("country") or country,
        phone=said.get("phone", ""),
        email=said.get("email", "") or merchant.reply_to,
        ids=tuple(sorted((kind, number) for kind, number in (said.get("ids") or {}).items())),
    )


def _receiver(order: Order, address_lines: Sequence[str]) -> Party:
    country = str((order.address or {}).get("country_code", "")) or order.market.country
    lines = tuple(line for line in address_lines if line != order.name)
    return Party(name=order.name, lines=lines, country=country, phone=order.phone, email=order.email)


def _line(order: Order, line: OrderLine, start: int, units: int, described: Mapping[int, str]) -> PaperLine:
    weight_g = line.variant.weight_g
    return PaperLine(
        sku=line.sku,
        description=described.get(line.variant.product_id) or line.title or UNDESCRIBED,
        hs_code=line.hs_code or line.variant.hs_code,
        origin_country=line.origin_country or line.variant.origin_country,
        quantity=units,
        value_minor=net_part(
            line.amount_minor,
            line.tax_rate_bp if order.tax_included else 0,
            start=start,
            stop=start + units,
            whole=line.quantity,
        ),
        weight_g=weight_g * units if weight_g else None,
    )


def _freight(merchant_id: int, order: Order, parts: Sequence[tuple[OrderLine, int, int]]) -> int:
    """The parcel's part of what the buyer paid for delivery, without tax; all parcels' parts sum to it."""
    lines = list(OrderLine.objects.of(merchant_id).filter(order=order).order_by("position", "pk"))
    shares = dict(
        zip([line.pk for line in lines], split(order.shipping_minor, [x.amount_minor for x in lines]), strict=True)
    )
    total = 0
    for line, start, units in parts:
        share = shares[line.pk] - (tax_inside(shares[line.pk], line.tax_rate_bp) if order.tax_included else 0)
        total += part(share, start, start + units, line.quantity)
    return total


def _descriptions(merchant_id: int, lines: Sequence[OrderLine]) -> dict[int, str]:
    """Products' English titles, which customs everywhere read."""
    products = {line.variant.product_id for line in lines}
    texts = ProductText.objects.of(merchant_id).filter(product_id__in=products, language="en")
    return dict(texts.values_list("product_id", "title"))
