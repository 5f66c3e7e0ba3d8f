"""A parcel as a carrier is asked to carry it: from whom, to whom, how heavy, and what customs are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from haitu.core.errors import Refusal
from haitu.core.money import half_up
from haitu.links.carriers.protocol import Address, CustomsLine, ParcelWanted, ShipmentWanted
from haitu.models import CarrierAccount, Order, OrderLine, ProductText, Shipment, ShipmentLine, Variant, Warehouse
from haitu.reads.cash import cash_of

LONGEST_TOLD = 60  # carriers cut or refuse longer names of goods
ADDRESS_FIELDS = tuple(item.name for item in fields(Address))


class NoAddress(Refusal):
    """A label needs the buyer's address and the sender's."""

    code = "no_address"


class NoWeight(Refusal):
    """The parcel's weight is not known; type it."""

    code = "no_weight"


def wanted_of(
    shipment: Shipment, account: CarrierAccount, *, reference: str, service: str, box: ParcelWanted | None
) -> ShipmentWanted:
    """What to ask the carrier for; `box` as weighed at the packing table, or None to take the catalogue's measures.

    Refuses NoAddress and NoWeight.
    """
    packed = list(
        ShipmentLine.objects.of(shipment.merchant_id)
        .filter(shipment=shipment)
        .select_related("line__variant")
        .order_by("pk")
    )
    order = shipment.order
    return ShipmentWanted(
        reference=reference,
        sender=_sender(account, shipment.warehouse),
        receiver=receiver_of(order),
        parcels=(box or _box(packed),),
        customs=_customs(order, packed),
        currency=order.currency,
        service=service,
        incoterm=order.incoterm,
        cash_minor=cash_of(shipment.merchant_id, shipment.pk).get("amount_minor", 0),
    )


def receiver_of(order: Order) -> Address:
    """The buyer. A country without postcodes needs none."""
    given = order.address or {}
    street = " ".join(str(given.get("street_address", "")).split("\n")).strip()
    if not order.name or not street:
        raise NoAddress("This order has no name or street to send to.", field="address")
    return Address(
        name=order.name,
        company=str(given.get("company_name", "")),
        street=street,
        district=str(given.get("city_area", "")),
        city=str(given.get("city", "")),
        region=str(given.get("country_area", "")),
        postcode=str(given.get("postal_code", "")),
        country=str(given.get("country_code", "")) or order.market.country,
        phone=order.phone,
        email=order.email,
    )


def _sender(account: CarrierAccount, warehouse: Warehouse) -> Address:
    given: Mapping[str, str] = {name: str(account.sender.get(name, "")) for name in ADDRESS_FIELDS}
    merchant = account.merchant.name
    street = given["street"] or warehouse.name
    return Address(
        **{
            **given,
            "name": given["name"] or merchant,
            "company": given["company"] or merchant,
            "street": street,
            "city": given["city"] or warehouse.city or warehouse.code,
            "country": given["country"] or warehouse.country,
        }
    )


def _box(packed: list[ShipmentLine]) -> ParcelWanted:
    """One box: all weights, the largest length and width, the heights stacked; an estimate until it is weighed."""
    if any(not item.line.variant.weight_g for item in packed):
        raise NoWeight("The weight of what is in the parcel is not known; type the parcel's weight.", field="weight_g")
    weight_g = sum((item.line.variant.weight_g or 0) * item.quantity for item in packed)
    sizes = [_size(item.line.variant) for item in packed]
    if not all(map(all, sizes)):
        return ParcelWanted(weight_g=weight_g)
    return ParcelWanted(
        weight_g=weight_g,
        length_mm=max(length for length, _, _ in sizes),
        width_mm=max(width for _, width, _ in sizes),
        height_mm=sum(height * item.quantity for (_, _, height), item in zip(sizes, packed, strict=True)),
    )


def _size(variant: Variant) -> tuple[int, int, int]:
    return variant.length_mm or 0, variant.width_mm or 0, variant.height_mm or 0


def _customs(order: Order, packed: list[ShipmentLine]) -> tuple[CustomsLine, ...]:
    products = {item.line.variant.product_id for item in packed}
    texts = ProductText.objects.of(order.merchant_id).filter(product_id__in=products)
    titles = {(text.product_id, text.language): text.title for text in texts}
    return tuple(
        CustomsLine(
            sku=item.line.sku,
            told=titles.get((item.line.variant.product_id, "en"), item.line.title)[:LONGEST_TOLD],
            told_local=titles.get((item.line.variant.product_id, "zh-hans"), "")[:LONGEST_TOLD],
            quantity=item.quantity,
            value_minor=_value(order, item.line, item.quantity),
            weight_g=(item.line.variant.weight_g or 0) * item.quantity,
            hs_code=item.line.hs_code,
            origin_country=item.line.origin_country,
        )
        for item in packed
    )


def _value(order: Order, line: OrderLine, quantity: int) -> int:
    """The pieces' share of what the buyer pays for the line, without tax."""
    net = line.amount_minor - (line.tax_minor if order.tax_included else 0)
    return half_up(net * quantity, line.quantity)
