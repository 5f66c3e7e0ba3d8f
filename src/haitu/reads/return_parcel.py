"""The parcel of a return as a carrier is asked to carry it: from the buyer to the returns site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from haitu.core.money import half_up
from haitu.links.carriers.protocol import Address, CustomsLine, ParcelWanted, ShipmentWanted
from haitu.models import Order, OrderLine, ReturnCase, ReturnPiece
from haitu.reads.parcel import LONGEST_TOLD, NoWeight, receiver_of

FIELDS = tuple(item.name for item in fields(Address))


def wanted_back(
    order: Order, case: ReturnCase, pieces: Sequence[ReturnPiece], *, reference: str, service: str
) -> ShipmentWanted:
    """What to ask the carrier for; refuses NoAddress and NoWeight."""
    lines: dict[int, list[ReturnPiece]] = {}
    for piece in pieces:
        lines.setdefault(piece.line_id, []).append(piece)
    if any(not piece.line.variant.weight_g for piece in pieces):
        raise NoWeight("The weight of what comes back is not known.", field="weight_g")
    address = {name: str(case.address.get(name, "")) for name in FIELDS}
    return ShipmentWanted(
        reference=reference,
        sender=receiver_of(order),
        receiver=Address(**address),
        parcels=(ParcelWanted(weight_g=sum(piece.line.variant.weight_g or 0 for piece in pieces)),),
        customs=tuple(_customs(order, group[0].line, len(group)) for group in lines.values()),
        currency=order.currency,
        service=service,
        incoterm=order.incoterm,
        way_back=True,
    )


def _customs(order: Order, line: OrderLine, quantity: int) -> CustomsLine:
    net = line.amount_minor - (line.tax_minor if order.tax_included else 0)
    return CustomsLine(
        sku=line.sku,
        told=line.title[:LONGEST_TOLD],
        quantity=quantity,
        value_minor=half_up(net * quantity, line.quantity),
        weight_g=(line.variant.weight_g or 0) * quantity,
        hs_code=line.hs_code,
        origin_country=line.origin_country,
    )
