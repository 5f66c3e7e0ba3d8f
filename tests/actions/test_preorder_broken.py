"""A load comes late, short or not at all: who is hit stands on a list, and for each something can be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haitu.actions import arrival, inbound
from haitu.actions.preorder import NotElsewhere, NothingToTell, serve_elsewhere, tell_to_wait
from haitu.actions.record import audit_orders
from haitu.actions.stock import receive
from haitu.models import Inbound, Letter, Order, OrderLine, Reservation
from haitu.reads.late import expected_by, may_call_off
from haitu.reads.preorders import WaitingOrder, sold_of_load, waiting_orders
from tests.actions.buying import basket_of, merchant_of, order, paid_order
from tests.actions.test_preorder import afloat, by, came, shelf, sold_out, units
from tests.world import NOW, TODAY, World


def waiting(world: World, days: int = 0) -> list[WaitingOrder]:
    return list(waiting_orders(world.merchant.pk, today=TODAY + timedelta(days)))


def found(world: World, warehouse: str, count: int) -> None:
    receive(
        variant_id=world.variants["MUG"].pk,
        warehouse_id=world.warehouses[warehouse].pk,
        quantity=count,
        goods_value_minor=count * 15_00,
        inbound_value_minor=0,
        reference="found",
        **by(world),
    )


def test_a_load_says_what_of_it_is_sold_and_an_order_which_load_serves_it(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world)
    row = paid_order(world, basket_of(world, MUG=4))
    load = Inbound.objects.of(world.merchant.pk).get(pk=inbound_id)
    assert sold_of_load(world.merchant.pk, load, today=TODAY) == {world.variants["MUG"].pk: 4}
    [one] = waiting(world)
    [line] = one.lines
    assert (one.number, one.broken, one.latest) == (row.number, False, one.promised)
    assert (line.load, line.units, line.in_by) == ("LOAD-1", 4, TODAY + timedelta(40))


def test_a_late_load_breaks_the_promise_and_the_buyer_is_told_once(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world)
    row = paid_order(world, basket_of(world, MUG=1))
    with pytest.raises(NothingToTell):
        tell_to_wait(order_ids=[row.pk], **by(world))
    days = (TODAY + timedelta(50), TODAY + timedelta(60))
    inbound.set_days(inbound_id=inbound_id, eta_p50=days[0], eta_p90=days[1], reason="storm", **by(world))
    [late] = waiting(world)
    assert late.broken
    assert late.latest is not None
    assert late.promised is not None
    assert late.latest - late.promised == timedelta(20)
    assert tell_to_wait(order_ids=[row.pk], **by(world)) == 1
    [told] = waiting(world)
    assert (told.broken, told.told) == (False, late.latest)
    row.refresh_from_db()
    assert (expected_by(row.quote), may_call_off(row.status, row.quote)) == (late.latest, True)
    assert Letter.objects.of(world.merchant.pk).get(kind="later").reference == late.latest.isoformat()
    with pytest.raises(NothingToTell):
        tell_to_wait(order_ids=[row.pk], **by(world))


def test_a_stuck_load_and_a_short_one_leave_orders_nobody_has_a_day_for(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world, units=2)
    for nth in range(2):
        paid_order(world, basket_of(world, MUG=1), cart=f"cart-{nth}")
    assert [(one.broken, one.latest, one.lines[0].held_up) for one in waiting(world, days=60)] == [
        (True, None, True)
    ] * 2
    came(world, inbound_id, good=1, damaged=1)
    arrival.close(inbound_id=inbound_id, **by(world))
    [left] = waiting(world)
    assert (left.broken, left.latest, left.lines[0].load_id) == (True, None, None)
    with pytest.raises(NothingToTell):
        tell_to_wait(order_ids=[left.order_id], **by(world))


def test_an_order_can_be_sent_from_where_its_goods_lie(world: World) -> None:
    sold_out(world)
    afloat(world)
    row = paid_order(world, basket_of(world, MUG=2))
    merchant = merchant_of(world)
    with pytest.raises(NotElsewhere):
        serve_elsewhere(merchant=merchant, order_id=row.pk, by=world.packer, now=NOW)
    found(world, "SZX", 5)
    serve_elsewhere(merchant=merchant, order_id=row.pk, by=world.packer, now=NOW)
    assert units(world) == (0, 0, 10, 0, 0)
    assert (shelf(world, "MUG", "SZX").reserved, waiting(world)) == (2, [])
    line = OrderLine.objects.of(world.merchant.pk).select_related("lane", "warehouse").get(order=row)
    assert line.warehouse is not None
    assert line.lane is not None
    assert (line.warehouse.code, line.lane.code) == ("SZX", "SZX-DE")
    kept = Order.objects.of(world.merchant.pk).get(pk=row.pk)
    assert (kept.total_minor, len(kept.quote["rerouted"])) == (row.total_minor, 1)
    assert list(audit_orders(world.merchant.pk)) == []


def test_somebody_else_s_orders_are_out_of_reach(world: World) -> None:
    sold_out(world)
    afloat(world)
    row = paid_order(world, basket_of(world, MUG=2))
    assert waiting_orders(world.other.pk, today=TODAY, order_id=row.pk) == ()
    assert Reservation.objects.of(world.other.pk).count() == 0


def test_an_unpaid_order_is_shown_and_left_alone(world: World) -> None:
    sold_out(world)
    afloat(world)
    placed = order(world, basket_of(world, MUG=2))
    [one] = waiting(world)
    assert (one.paid, one.order_id) == (False, placed.id)
    with pytest.raises(NothingToTell):
        tell_to_wait(order_ids=[placed.id], **by(world))
