"""Loads and purchase orders that tests start from; asked for again they are the same ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from haitu.actions import inbound, purchase
from haitu.actions.inbound import Load
from haitu.actions.purchase import SupplierDraft, Wanted
from haitu.models import Inbound, InboundStatus, PurchaseOrder
from tests.world import NOW, TODAY, World


def _by(world: World) -> dict[str, Any]:
    return {"merchant_id": world.merchant.pk, "by": world.packer, "now": NOW}


def planned(world: World) -> int:
    """Five mugs from Shenzhen to Leipzig, not yet on their way."""
    found = Inbound.objects.of(world.merchant.pk).filter(number="L-1").first()
    if found is not None:
        return int(found.pk)
    load = Load(
        number="L-1",
        to_warehouse_id=world.warehouses["LEJ"].pk,
        eta_p50=TODAY + timedelta(30),
        eta_p90=TODAY + timedelta(40),
        freight_minor=50_00,
    )
    units = {world.stocks["MUG", "SZX"].pk: 5}
    return inbound.plan_transfer(origin_id=world.warehouses["SZX"].pk, load=load, units=units, **_by(world))


def departed(world: World) -> int:
    """The same five mugs, on their way."""
    inbound_id = planned(world)
    if Inbound.objects.of(world.merchant.pk).get(pk=inbound_id).status == InboundStatus.PLANNED:
        inbound.advance(inbound_id=inbound_id, to=InboundStatus.DEPARTED, at=NOW, **_by(world))
    return inbound_id


def bought(world: World) -> dict[str, int]:
    """Ten mugs ordered from Yiwu Lights."""
    found = PurchaseOrder.objects.of(world.merchant.pk).filter(number="PO-1").first()
    if found is not None:
        return {"purchase_id": found.pk, "supplier_id": found.supplier_id}
    draft = SupplierDraft(code="YIWU", name="Yiwu Lights", country="CN", currency="USD")
    supplier_id = purchase.save_supplier(draft=draft, **_by(world))
    lines = [Wanted(variant_id=world.variants["MUG"].pk, quantity=10, unit_minor=1_00)]
    purchase_id = purchase.order_goods(
        supplier_id=supplier_id, number="PO-1", lines=lines, ordered_on=TODAY, **_by(world)
    )
    return {"purchase_id": purchase_id, "supplier_id": supplier_id}
