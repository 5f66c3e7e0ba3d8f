"""Loads come in from suppliers and between warehouses; every unit and every minor unit is accounted for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from haitu.actions import arrival, inbound, purchase
from haitu.actions.arrival import Counted
from haitu.actions.inbound import BadInbound, LaneUnfit, Load, WrongStep
from haitu.actions.purchase import BadPurchase, SupplierDraft, Wanted
from haitu.actions.record import audit_ledger
from haitu.actions.stock import NotThere
from haitu.core.allocate import UnknownMeasure
from haitu.core.lead import LeadTime
from haitu.core.ledger import Account
from haitu.models import (
    Entry,
    Inbound,
    InboundLine,
    InboundStatus,
    Lane,
    PurchaseLine,
    PurchaseOrder,
    ShareBy,
    Stock,
    StockMove,
    Warehouse,
)
from haitu.reads.conservation import stock_problems
from haitu.reads.inbound import supplier_days
from tests.world import NOW, TODAY, World

DEPARTED, ARRIVED, CUSTOMS = InboundStatus.DEPARTED, InboundStatus.ARRIVED, InboundStatus.CUSTOMS


def by(world: World) -> dict[str, Any]:
    return {"merchant_id": world.merchant.pk, "by": world.packer, "now": NOW}


def supplier(world: World, **given: Any) -> int:
    usual: dict[str, Any] = {"code": "YIWU", "name": "Yiwu Lights", "country": "CN", "currency": "USD"}
    return purchase.save_supplier(draft=SupplierDraft(**usual | given), **by(world))


def ordered(world: World, **units: int) -> dict[str, int]:
    """A purchase order at 5 USD a piece; SKU → purchase line id."""
    lines = [
        Wanted(variant_id=world.variants[sku].pk, quantity=quantity, unit_minor=5_00) for sku, quantity in units.items()
    ]
    order_id = purchase.order_goods(
        supplier_id=supplier(world), number="PO-1", lines=lines, ordered_on=TODAY, **by(world)
    )
    rows = PurchaseLine.objects.of(world.merchant.pk).filter(purchase_id=order_id).select_related("variant")
    return {row.variant.sku: row.pk for row in rows}


def load(world: World, to: str = "LEJ", **given: Any) -> Load:
    usual: dict[str, Any] = {
        "number": "LOAD-1",
        "to_warehouse_id": world.warehouses[to].pk,
        "eta_p50": TODAY + timedelta(30),
        "eta_p90": TODAY + timedelta(40),
        "freight_minor": 1_000_00,
    }
    return Load(**usual | given)


def on_the_way(world: World, freight_minor: int = 1_000_00, share_by: ShareBy = ShareBy.UNITS, **units: int) -> int:
    """A load from the supplier that has departed."""
    lines = ordered(world, **units)
    inbound_id = inbound.plan_from_supplier(
        supplier_id=supplier_id(world),
        load=load(world, freight_minor=freight_minor, share_by=share_by),
        units={lines[sku]: quantity for sku, quantity in units.items()},
        **by(world),
    )
    inbound.advance(inbound_id=inbound_id, to=DEPARTED, at=NOW, **by(world))
    return inbound_id


def supplier_id(world: World) -> int:
    return PurchaseOrder.objects.of(world.merchant.pk).get(number="PO-1").supplier_id


def line_of(world: World, inbound_id: int, sku: str) -> InboundLine:
    return InboundLine.objects.of(world.merchant.pk).get(inbound_id=inbound_id, variant__sku=sku)


def count(world: World, inbound_id: int, key: str = "1", **units: Counted) -> int:
    counted = {line_of(world, inbound_id, sku).pk: number for sku, number in units.items()}
    return arrival.receive(inbound_id=inbound_id, counted=counted, key=key, **by(world))


def shelf(world: World, sku: str, warehouse: str = "LEJ") -> Stock:
    return Stock.objects.of(world.merchant.pk).get(variant__sku=sku, warehouse__code=warehouse)


def worth(stock: Stock) -> tuple[int, int, int]:
    return stock.on_hand, stock.goods_value_minor, stock.inbound_value_minor


def booked(world: World, account: Account) -> int:
    return sum(entry.base_minor for entry in Entry.objects.of(world.merchant.pk).filter(account=account))


def all_adds_up(world: World) -> None:
    assert stock_problems() == ()
    assert tuple(audit_ledger(world.merchant.pk).problems) == ()


# From a supplier ----------------------------------------------------------------------------------------------
def test_a_load_that_comes_as_announced_lies_on_the_shelf_with_goods_and_freight(world: World) -> None:
    inbound_id = on_the_way(world, MUG=40, LANTERN=10)
    assert count(world, inbound_id, MUG=Counted(good=40), LANTERN=Counted(good=10)) == 50
    assert arrival.close(inbound_id=inbound_id, **by(world)) == 0
    # 5 USD are 36.36 CNY; freight of 1,000 CNY over 50 units is 20 each. The world's shelf had 1 mug, 20 lanterns.
    assert worth(shelf(world, "MUG")) == (41, 1_454_55 + 15_00, 800_00 + 3_00)
    assert worth(shelf(world, "LANTERN")) == (30, 363_64 + 20 * 40_00, 200_00 + 20 * 6_00)
    assert booked(world, Account.CARRIER_PAYABLE) == -1_000_00
    assert booked(world, Account.SUPPLIER_PAYABLE) == -1_454_55 - 363_64
    all_adds_up(world)


def test_a_load_may_come_in_parts_and_a_form_sent_twice_counts_once(world: World) -> None:
    inbound_id = on_the_way(world, freight_minor=100_01, MUG=3)
    for _ in range(2):
        count(world, inbound_id, key="first", MUG=Counted(good=1))
    assert worth(shelf(world, "MUG"))[0] == 2
    count(world, inbound_id, key="second", MUG=Counted(good=2))
    assert arrival.close(inbound_id=inbound_id, **by(world)) == 0
    assert worth(shelf(world, "MUG")) == (4, 109_09 + 15_00, 100_01 + 3_00)
    all_adds_up(world)


def test_what_never_came_is_not_owed_and_can_be_loaded_again_while_the_rest_bears_the_freight(world: World) -> None:
    inbound_id = on_the_way(world, MUG=40, LANTERN=10)
    count(world, inbound_id, MUG=Counted(good=30))
    assert arrival.close(inbound_id=inbound_id, **by(world)) == 20
    assert worth(shelf(world, "MUG")) == (31, 1_090_91 + 15_00, 1_000_00 + 3_00)
    left = {
        row.variant.sku: row.quantity - row.taken
        for row in PurchaseLine.objects.of(world.merchant.pk).select_related("variant")
    }
    assert left == {"MUG": 10, "LANTERN": 10}
    assert PurchaseOrder.objects.of(world.merchant.pk).get().status == "open"
    all_adds_up(world)


def test_broken_units_are_received_and_written_off(world: World) -> None:
    inbound_id = on_the_way(world, freight_minor=100_00, MUG=10)
    count(world, inbound_id, MUG=Counted(good=8, damaged=2))
    arrival.close(inbound_id=inbound_id, **by(world))
    assert worth(shelf(world, "MUG")) == (9, 363_64 - 72_73 + 15_00, 80_00 + 3_00)
    assert booked(world, Account.SHRINKAGE) == 72_73 + 20_00
    all_adds_up(world)


def test_more_than_announced_is_taken_in_at_the_same_unit_value(world: World) -> None:
    inbound_id = on_the_way(world, freight_minor=100_00, MUG=10)
    count(world, inbound_id, MUG=Counted(good=12))
    arrival.close(inbound_id=inbound_id, **by(world))
    assert worth(shelf(world, "MUG")) == (13, 436_37 + 15_00, 100_00 + 3_00)
    all_adds_up(world)


def test_a_bill_that_comes_late_goes_to_what_still_lies_there(world: World) -> None:
    inbound_id = on_the_way(world, freight_minor=100_00, MUG=10)
    count(world, inbound_id, MUG=Counted(good=10))
    arrival.close(inbound_id=inbound_id, **by(world))
    arrival.set_costs(inbound_id=inbound_id, freight_minor=160_00, duty_minor=0, **by(world))
    assert worth(shelf(world, "MUG"))[2] == 160_00 + 3_00
    arrival.set_costs(inbound_id=inbound_id, freight_minor=90_00, duty_minor=5_00, **by(world))
    assert worth(shelf(world, "MUG"))[2] == 95_00 + 3_00
    assert booked(world, Account.CARRIER_PAYABLE) == -95_00
    all_adds_up(world)


def test_a_late_bill_for_goods_sold_meanwhile_is_a_loss(world: World) -> None:
    inbound_id = on_the_way(world, freight_minor=100_00, MUG=10)
    count(world, inbound_id, MUG=Counted(good=10))
    arrival.close(inbound_id=inbound_id, **by(world))
    from haitu.actions import stock  # noqa: PLC0415  # the only test that takes goods away by hand

    stock.write_off(stock_id=shelf(world, "MUG").pk, quantity=6, reason="gone", **by(world))
    before = booked(world, Account.SHRINKAGE)
    arrival.set_costs(inbound_id=inbound_id, freight_minor=200_00, duty_minor=0, **by(world))
    # 5 of the 11 mugs are there; of the 10 that came 5 at most are.
    assert booked(world, Account.SHRINKAGE) - before == 50_00
    all_adds_up(world)


@pytest.mark.parametrize(
    ("share_by", "lantern_minor"),
    [
        (ShareBy.UNITS, 500_00),
        (ShareBy.WEIGHT, 428_57),  # 300 g against 400 g
        (ShareBy.VOLUME, 666_67),  # 2.4 dm³ against 1.2 dm³
        (ShareBy.VALUE, 500_00),
    ],
)
def test_freight_is_shared_as_said(world: World, share_by: ShareBy, lantern_minor: int) -> None:
    inbound_id = on_the_way(world, share_by=share_by, MUG=10, LANTERN=10)
    count(world, inbound_id, MUG=Counted(good=10), LANTERN=Counted(good=10))
    arrival.close(inbound_id=inbound_id, **by(world))
    assert worth(shelf(world, "LANTERN"))[2] - 20 * 6_00 == lantern_minor
    assert worth(shelf(world, "MUG"))[2] - 3_00 == 1_000_00 - lantern_minor


def test_goods_without_a_size_are_never_taken_as_small(world: World) -> None:
    lines = ordered(world, MYSTERY=1, MUG=1)
    given: dict[str, Any] = {"supplier_id": supplier_id(world), "units": dict.fromkeys(lines.values(), 1)} | by(world)
    with pytest.raises(UnknownMeasure) as no:
        inbound.plan_from_supplier(load=load(world), **given)
    assert no.value.told == "MYSTERY has no volume; the bill cannot be shared by volume."
    assert Inbound.objects.of(world.merchant.pk).count() == 0
    assert inbound.plan_from_supplier(load=load(world, share_by=ShareBy.VALUE), **given)


# Between warehouses -------------------------------------------------------------------------------------------
def transfer(world: World, **units: int) -> int:
    return inbound.plan_transfer(
        origin_id=world.warehouses["SZX"].pk,
        load=load(world, freight_minor=50_00),
        units={world.stocks[sku, "SZX"].pk: quantity for sku, quantity in units.items()},
        **by(world),
    )


def test_a_transfer_takes_value_along_and_adds_its_freight(world: World) -> None:
    inbound_id = transfer(world, MUG=10)
    assert shelf(world, "MUG", "SZX").on_hand == 50
    inbound.advance(inbound_id=inbound_id, to=DEPARTED, at=NOW, **by(world))
    assert worth(shelf(world, "MUG", "SZX")) == (40, 40 * 15_00, 0)
    count(world, inbound_id, MUG=Counted(good=10))
    arrival.close(inbound_id=inbound_id, **by(world))
    assert worth(shelf(world, "MUG")) == (11, 11 * 15_00, 50_00 + 3_00)
    assert booked(world, Account.SUPPLIER_PAYABLE) == 0
    all_adds_up(world)


def test_what_a_transfer_loses_is_written_off(world: World) -> None:
    inbound_id = transfer(world, MUG=10)
    inbound.advance(inbound_id=inbound_id, to=DEPARTED, at=NOW, **by(world))
    count(world, inbound_id, MUG=Counted(good=7))
    assert arrival.close(inbound_id=inbound_id, **by(world)) == 3
    assert worth(shelf(world, "MUG")) == (8, 8 * 15_00, 50_00 + 3_00)
    assert booked(world, Account.SHRINKAGE) == 3 * 15_00
    all_adds_up(world)


def test_goods_promised_to_buyers_do_not_leave(world: World) -> None:
    inbound_id = transfer(world, MUG=50)
    Stock.objects.of(world.merchant.pk).filter(pk=world.stocks["MUG", "SZX"].pk).update(reserved=1)
    with pytest.raises(NotThere):
        inbound.advance(inbound_id=inbound_id, to=DEPARTED, at=NOW, **by(world))
    assert Inbound.objects.of(world.merchant.pk).get().status == InboundStatus.PLANNED
    assert StockMove.objects.of(world.merchant.pk).filter(kind="moved_out").count() == 0


# Steps and days -----------------------------------------------------------------------------------------------
def test_a_load_never_goes_back(world: World) -> None:
    inbound_id = on_the_way(world, MUG=1)
    inbound.advance(inbound_id=inbound_id, to=CUSTOMS, at=NOW, **by(world))
    for step in (DEPARTED, ARRIVED, CUSTOMS):
        with pytest.raises(WrongStep):
            inbound.advance(inbound_id=inbound_id, to=step, at=NOW, **by(world))
    with pytest.raises(WrongStep):
        inbound.cancel(inbound_id=inbound_id, reason="late", **by(world))


def test_a_cancelled_load_gives_its_order_back(world: World) -> None:
    lines = ordered(world, MUG=10)
    inbound_id = inbound.plan_from_supplier(
        supplier_id=supplier_id(world), load=load(world), units={lines["MUG"]: 10}, **by(world)
    )
    assert PurchaseOrder.objects.of(world.merchant.pk).get().status == "done"
    inbound.cancel(inbound_id=inbound_id, reason="no ship", **by(world))
    assert PurchaseLine.objects.of(world.merchant.pk).get().taken == 0
    assert PurchaseOrder.objects.of(world.merchant.pk).get().status == "open"


def linehaul(world: World) -> Lane:
    return Lane.objects.create(
        merchant=world.merchant,
        code="SZX-LEJ-SEA",
        carrier="Seaways",
        mode="sea",
        origin=world.warehouses["SZX"],
        to=world.warehouses["LEJ"],
        destination="DE",
        tariff=world.lanes["SZX-DE"].tariff,
        days_p50=32,
        days_p90=41,
    )


def test_a_lane_gives_the_days_of_arrival_and_departure_counts_them_anew(world: World) -> None:
    given = load(world, eta_p50=None, eta_p90=None, lane_id=linehaul(world).pk)
    inbound_id = inbound.plan_transfer(
        origin_id=world.warehouses["SZX"].pk, load=given, units={world.stocks["MUG", "SZX"].pk: 1}, **by(world)
    )
    row = Inbound.objects.of(world.merchant.pk).get(pk=inbound_id)
    assert (row.eta_p50, row.eta_p90) == (TODAY + timedelta(33), TODAY + timedelta(42))
    inbound.advance(inbound_id=inbound_id, to=DEPARTED, at=NOW - timedelta(3), **by(world))
    row.refresh_from_db()
    assert (row.eta_p50, row.eta_p90) == (TODAY + timedelta(30), TODAY + timedelta(39))
    inbound.advance(inbound_id=inbound_id, to=ARRIVED, at=NOW, **by(world))
    row.refresh_from_db()
    assert (row.eta_p50, row.eta_p90) == (TODAY + timedelta(1), TODAY + timedelta(39))


def test_a_closed_lane_and_one_that_leads_elsewhere_carry_no_load(world: World) -> None:
    lane = linehaul(world)
    goods = {world.stocks["MUG", "SZX"].pk: 1}
    start = world.warehouses["SZX"].pk
    with pytest.raises(LaneUnfit):
        inbound.plan_transfer(origin_id=start, load=load(world, "EWR", lane_id=lane.pk), units=goods, **by(world))
    Lane.objects.of(world.merchant.pk).filter(pk=lane.pk).update(open=False, closed_reason="strike")
    with pytest.raises(LaneUnfit):
        inbound.plan_transfer(origin_id=start, load=load(world, lane_id=lane.pk), units=goods, **by(world))


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": " "},
        {"freight_minor": -1},
        {"eta_p50": None},
        {"eta_p90": date(2026, 1, 1)},
        {"to_warehouse_id": 10**9},
    ],
)
def test_a_load_that_cannot_be_is_refused_and_nothing_is_kept(world: World, wrong: dict[str, Any]) -> None:
    lines = ordered(world, MUG=10)
    with pytest.raises(BadInbound):
        inbound.plan_from_supplier(
            supplier_id=supplier_id(world), load=load(world, **wrong), units={lines["MUG"]: 10}, **by(world)
        )
    assert PurchaseLine.objects.of(world.merchant.pk).get().taken == 0


def test_more_than_was_ordered_cannot_be_loaded(world: World) -> None:
    lines = ordered(world, MUG=10)
    with pytest.raises(BadInbound) as no:
        inbound.plan_from_supplier(
            supplier_id=supplier_id(world), load=load(world), units={lines["MUG"]: 11}, **by(world)
        )
    assert no.value.told == "11 of MUG wanted; 10 of purchase order PO-1 are left."


def test_another_merchants_goods_lanes_and_loads_are_out_of_reach(world: World) -> None:
    inbound_id = on_the_way(world, MUG=1)
    stranger: dict[str, Any] = {"merchant_id": world.other.pk, "by": world.stranger, "now": NOW}
    with pytest.raises(inbound.NoSuchInbound):
        inbound.advance(inbound_id=inbound_id, to=ARRIVED, at=NOW, **stranger)
    with pytest.raises(inbound.NoSuchInbound):
        arrival.close(inbound_id=inbound_id, **stranger)
    with pytest.raises(purchase.NoSuchSupplier):
        purchase.order_goods(
            supplier_id=supplier_id(world),
            number="X",
            lines=[Wanted(variant_id=world.variants["MUG"].pk, quantity=1, unit_minor=1)],
            ordered_on=TODAY,
            **stranger,
        )
    foreign = Warehouse.objects.create(merchant=world.other, code="KIX", name="Osaka", kind="overseas", country="JP")
    with pytest.raises(BadInbound):
        inbound.plan_transfer(
            origin_id=world.warehouses["SZX"].pk,
            load=load(world, to_warehouse_id=foreign.pk),
            units={world.stocks["MUG", "SZX"].pk: 1},
            **by(world),
        )


# Suppliers and orders -----------------------------------------------------------------------------------------
def test_a_supplier_s_days_are_drawn_towards_its_departures(world: World) -> None:
    inbound_id = on_the_way(world, MUG=1)
    PurchaseOrder.objects.of(world.merchant.pk).update(ordered_on=TODAY - timedelta(34))
    days = supplier_days(world.merchant.pk)[supplier_id(world)]
    # typed 14 and 21; one departure after 34 days counts one in five.
    assert (days.seen, days.lead.p50, days.lead.p90) == (1, 18, 24)
    assert Inbound.objects.of(world.merchant.pk).get(pk=inbound_id).status == "departed"


def test_supplier_and_voyage_together_give_the_day_of_arrival(world: World) -> None:
    lines = ordered(world, MUG=1)
    given = load(world, eta_p50=None, eta_p90=None, lane_id=linehaul(world).pk)
    inbound_id = inbound.plan_from_supplier(
        supplier_id=supplier_id(world), load=given, units={lines["MUG"]: 1}, **by(world)
    )
    row = Inbound.objects.of(world.merchant.pk).get(pk=inbound_id)
    whole = LeadTime.from_p50_p90(14, 21).then(LeadTime.from_p50_p90(32, 41)).shift(1)
    assert (row.eta_p50, row.eta_p90) == (TODAY + timedelta(whole.p50), TODAY + timedelta(whole.p90))


@pytest.mark.parametrize(
    "wrong", [{"code": ""}, {"country": "china"}, {"days_p50": 9, "days_p90": 8}, {"days_p90": 10_000}]
)
def test_a_supplier_that_cannot_be_is_refused(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(purchase.BadSupplier):
        supplier(world, **wrong)


def test_a_sku_stands_on_one_line_and_a_number_is_used_once(world: World) -> None:
    ordered(world, LANTERN=1)
    mug = Wanted(variant_id=world.variants["MUG"].pk, quantity=1, unit_minor=1)
    given: dict[str, Any] = {"supplier_id": supplier_id(world), "ordered_on": TODAY} | by(world)
    with pytest.raises(BadPurchase):
        purchase.order_goods(number="PO-9", lines=[mug, mug], **given)
    with pytest.raises(BadPurchase):
        purchase.order_goods(number="PO-1", lines=[mug], **given)


def test_an_order_nothing_was_sent_of_is_cancelled_one_in_part_is_done(world: World) -> None:
    on_the_way(world, MUG=2)
    order = PurchaseOrder.objects.of(world.merchant.pk).get()
    PurchaseOrder.objects.of(world.merchant.pk).update(status="open")
    assert purchase.close_purchase(purchase_id=order.pk, **by(world)) == "done"
    other = purchase.order_goods(
        supplier_id=order.supplier_id,
        number="PO-2",
        lines=[Wanted(variant_id=world.variants["MUG"].pk, quantity=1, unit_minor=1)],
        ordered_on=TODAY,
        **by(world),
    )
    assert purchase.close_purchase(purchase_id=other, **by(world)) == "cancelled"
    with pytest.raises(purchase.PurchaseNotOpen):
        purchase.close_purchase(purchase_id=other, **by(world))
