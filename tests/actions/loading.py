"""Loads, purchase orders and price lists that tests start from; asked for again they are the same ones."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from haitu.actions import inbound, purchase, stock, tariff_file
from haitu.actions.inbound import Load
from haitu.actions.purchase import SupplierDraft, Wanted
from haitu.models import Inbound, InboundStatus, Order, PurchaseOrder, TariffFile
from haitu.reads.desk.tariff_files import preview
from tests.actions.buying import basket_of, paid_order
from tests.links.tariffs.lists import text
from tests.world import NOW, TODAY, World

LIST = text(
    [
        ["air, prices without volume: actual weight only, steps of 100 g"],
        ["Carrier", "Service", "Origin", "Country", "Weight (kg)", "CNY/kg", "Fee (CNY/parcel)", "Days"],
        ["SZX-DE", "", "SZX", "DE", "0-20", 41, 20, "9-14"],
    ]
)


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


def late_preorder(world: World) -> int:
    """A paid order of two of those mugs, whose load has become late; five lie in Shenzhen meanwhile."""
    found = Order.objects.of(world.merchant.pk).filter(cart_key="waits").first()
    if found is not None:
        return int(found.pk)
    inbound_id = departed(world)
    for warehouse, units in (("SZX", 45), ("LEJ", 1)):
        stock.write_off(stock_id=world.stocks["MUG", warehouse].pk, quantity=units, reason="broken", **_by(world))
    row = paid_order(world, basket_of(world, MUG=2), cart="waits")
    inbound.set_days(
        inbound_id=inbound_id,
        eta_p50=TODAY + timedelta(70),
        eta_p90=TODAY + timedelta(80),
        reason="storm",
        **_by(world),
    )
    stock.receive(
        variant_id=world.variants["MUG"].pk,
        warehouse_id=world.warehouses["SZX"].pk,
        quantity=5,
        goods_value_minor=75_00,
        inbound_value_minor=0,
        reference="found",
        **_by(world),
    )
    return int(row.pk)


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


def listed(world: World) -> int:
    """A price list that was uploaded: new prices by the lane from Shenzhen to Germany."""
    found = TariffFile.objects.of(world.merchant.pk).filter(name="air.csv").first()
    if found is not None:
        return int(found.pk)
    return tariff_file.keep_file(
        merchant_id=world.merchant.pk, name="air.csv", content=LIST.encode(), by=world.owner, now=timezone.now()
    )


def seen_list(world: World, starts: date) -> str:
    """What the page would show of the list, as its form carries it back."""
    found = preview(world.merchant.pk, listed(world), starts=starts, today=timezone.localdate())
    assert found is not None
    return found.digest


def applied_list(world: World) -> int:
    """The same list, in force from a week on."""
    file_id, starts = listed(world), timezone.localdate() + timedelta(7)
    if TariffFile.objects.of(world.merchant.pk).get(pk=file_id).applied_at is None:
        tariff_file.apply(
            merchant_id=world.merchant.pk,
            file_id=file_id,
            starts=starts,
            seen=seen_list(world, starts),
            good_only=False,
            open_new=False,
            by=world.owner,
            now=timezone.now(),
            today=timezone.localdate(),
        )
    return file_id
