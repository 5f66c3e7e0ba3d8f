"""When a lane closes, what was to leave by it leaves by another: promises move whole, quotes stay, nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command

from haitu.actions import fulfil
from haitu.actions.reroute import move_promises, reroute
from haitu.core.landed import Waterfall
from haitu.models import Audit, Lane, Merchant, Order, OrderLine, Reservation, Shipment, Stock
from haitu.reads.conservation import stock_problems
from haitu.reads.reroute import Router, stranded, stranded_count, stranded_ids
from tests.actions.buying import basket_of, merchant_of, paid_order
from tests.world import NOW, TODAY, World

SOON = NOW + timedelta(hours=1)


def shut(world: World, code: str) -> None:
    Lane.objects.of(world.merchant.pk).filter(code=code).update(open=False, closed_reason="port strike")
    Merchant.objects.filter(pk=world.merchant.pk).update(version=world.merchant.version + 100)


def sold(world: World, cart: str, **units: int) -> Order:
    row = paid_order(world, basket_of(world, **units), cart=cart)
    return Order.objects.of(world.merchant.pk).get(pk=row.pk)


def line_of(order: Order) -> OrderLine:
    return OrderLine.objects.of(order.merchant_id).select_related("lane", "warehouse").get(order=order)


def way_of(order: Order) -> str:
    line = line_of(order)
    assert line.lane is not None
    promise = Reservation.objects.of(order.merchant_id).select_related("stock__warehouse").get(line=line)
    return f"{promise.quantity} from {promise.stock.warehouse.code} by {line.lane.code}"


def test_what_waits_for_a_shut_lane_leaves_by_another_and_stock_is_conserved(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    assert way_of(order) == "2 from LEJ by LEJ-DE"
    shut(world, "LEJ-DE")
    assert stranded_ids(world.merchant.pk, on=TODAY) == [order.pk]
    done = reroute(merchant_id=world.merchant.pk, by=world.owner, now=SOON)
    assert (done.orders, done.late, done.refused) == (1, 1, ())
    assert way_of(order) == "2 from SZX by SZX-DE"
    assert stock_problems() == ()
    assert stranded_count(world.merchant.pk, on=TODAY) == 0
    assert Audit.objects.of(world.merchant.pk).get(action="order.reroute").change["rerouted"] == [0, 1]


def test_a_second_run_finds_nothing_left_to_do(world: World) -> None:
    sold(world, "one", LANTERN=2)
    shut(world, "LEJ-DE")
    assert reroute(merchant_id=world.merchant.pk, by=None, now=SOON).orders == 1
    before = list(Stock.objects.of(world.merchant.pk).order_by("pk").values_list("pk", "reserved"))
    assert reroute(merchant_id=world.merchant.pk, by=None, now=SOON).orders == 0
    assert list(Stock.objects.of(world.merchant.pk).order_by("pk").values_list("pk", "reserved")) == before


def test_an_order_that_nothing_can_serve_stays_as_it_was_and_is_told_with_the_reason(world: World) -> None:
    order = sold(world, "one", LANTERN=1)
    shut(world, "LEJ-DE")
    shut(world, "SZX-DE")
    done = reroute(merchant_id=world.merchant.pk, by=None, now=SOON)
    assert done.orders == 0
    [(number, reason)] = done.refused
    assert number == order.number
    assert "LEJ-DE is closed: port strike." in reason
    assert way_of(order) == "1 from LEJ by LEJ-DE"
    assert stranded_count(world.merchant.pk, on=TODAY) == 1


def test_the_quote_stays_and_what_leaves_is_booked_at_its_new_cost(world: World) -> None:
    order = sold(world, "one", LANTERN=1)
    quoted = dict(order.quote)
    shut(world, "LEJ-DE")
    reroute(merchant_id=world.merchant.pk, by=None, now=SOON)
    order.refresh_from_db()
    [entry] = order.quote["rerouted"]
    assert {key: value for key, value in order.quote.items() if key != "rerouted"} == quoted
    [kept] = entry["lines"]
    assert (kept["from"], kept["to"]) == (["LEJ", "LEJ-DE"], ["SZX", "SZX-DE"])
    [shipment] = fulfil.ship(merchant_id=world.merchant.pk, order_id=order.pk, by=None, now=SOON)
    parcel = Shipment.objects.of(world.merchant.pk).select_related("lane").get(pk=shipment)
    assert parcel.lane.code == "SZX-DE"
    assert parcel.quoted_minor == Waterfall.from_list(kept["expected"]).last_mile
    assert parcel.quoted_minor != Waterfall.from_list(line_of(order).quoted).last_mile


def test_what_one_order_takes_is_gone_for_the_next(world: World) -> None:
    orders = [sold(world, name, LANTERN=2) for name in ("one", "two")]
    far = world.stocks["LANTERN", "SZX"]
    Stock.objects.of(world.merchant.pk).filter(pk=far.pk).update(buffer=far.on_hand - far.reserved - 3)
    shut(world, "LEJ-DE")
    done = reroute(merchant_id=world.merchant.pk, by=None, now=SOON)
    assert (done.orders, [number for number, _ in done.refused]) == (1, [orders[1].number])
    assert [way_of(order) for order in orders] == ["2 from SZX by SZX-DE", "2 from LEJ by LEJ-DE"]
    assert stock_problems() == ()


def test_a_piece_sold_between_planning_and_writing_is_not_promised_twice(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    shut(world, "LEJ-DE")
    [proposal] = Router(merchant=merchant_of(world), on=TODAY).propose(
        stranded(world.merchant.pk, [order.pk], on=TODAY)
    )
    far = world.stocks["LANTERN", "SZX"]
    Stock.objects.of(world.merchant.pk).filter(pk=far.pk).update(buffer=far.on_hand)
    assert move_promises(world.merchant.pk, [proposal], SOON) == set()
    assert way_of(order) == "2 from LEJ by LEJ-DE"


def test_another_merchant_reroutes_nothing_of_ours(world: World) -> None:
    order = sold(world, "one", LANTERN=1)
    shut(world, "LEJ-DE")
    assert reroute(merchant_id=world.other.pk, by=None, now=SOON, order_ids=[order.pk]).orders == 0
    assert way_of(order) == "1 from LEJ by LEJ-DE"


def test_the_command_tells_what_it_did(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    sold(world, "one", LANTERN=1)
    call_command("reroute", "hengda")
    assert capsys.readouterr().out == "0 orders re-routed, 0 of them late; more than quoted: nothing.\n"
