"""Goods on their way are sold as pre-orders: with an honest date, never twice, and given to who waited first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haitu.actions import arrival, inbound
from haitu.actions.afloat import sell_afloat, sell_variant_afloat
from haitu.actions.arrival import Counted
from haitu.actions.cancel import cancel
from haitu.actions.checkout import QuoteChanged
from haitu.actions.closure import close_lane_on
from haitu.actions.fulfil import StillAfloat, ship
from haitu.actions.inbound import Load
from haitu.actions.stock import receive, release_expired, set_buffer, write_off
from haitu.core.preorder import promise_or_preorder
from haitu.core.stock import OutOfStock
from haitu.models import InboundLine, InboundStatus, Lane, MoveKind, NoticeState, Order, Reservation, Stock
from haitu.reads.conservation import stock_problems
from haitu.reads.quote import load_book
from tests.actions.buying import (
    LEIPZIG,
    basket_of,
    hear,
    merchant_of,
    notice_of,
    order,
    order_row,
    paid_order,
    payment_of,
    see,
)
from tests.actions.test_inbound import load, ordered, supplier_id
from tests.world import NOW, TODAY, World

BOOKED, DEPARTED = InboundStatus.BOOKED, InboundStatus.DEPARTED


def by(world: World) -> dict[str, Any]:
    return {"merchant_id": world.merchant.pk, "by": world.packer, "now": NOW}


def shelf(world: World, sku: str = "MUG", warehouse: str = "LEJ") -> Stock:
    return Stock.objects.of(world.merchant.pk).get(variant=world.variants[sku], warehouse=world.warehouses[warehouse])


def sold_out(world: World, sku: str = "MUG") -> None:
    """Nothing of it lies anywhere."""
    for (name, _), row in world.stocks.items():
        if name == sku:
            write_off(stock_id=row.pk, quantity=row.on_hand, reason="broken", **by(world))


def afloat(world: World, units: int = 10, to: InboundStatus = DEPARTED, **given: Any) -> int:
    """So many mugs from the supplier, on their way to Leipzig: half of such loads are in in 30 days, most in 40."""
    lines = ordered(world, MUG=units, LANTERN=units)
    inbound_id = inbound.plan_from_supplier(
        supplier_id=supplier_id(world), load=load(world, **given), units={lines["MUG"]: units}, **by(world)
    )
    if to != InboundStatus.PLANNED:
        inbound.advance(inbound_id=inbound_id, to=to, at=NOW, **by(world))
    return inbound_id


def came(world: World, inbound_id: int, *, good: int, damaged: int = 0, key: str = "1") -> None:
    [line] = InboundLine.objects.of(world.merchant.pk).filter(inbound_id=inbound_id)
    counted = {line.pk: Counted(good=good, damaged=damaged)}
    arrival.receive(inbound_id=inbound_id, counted=counted, key=key, **by(world))


def units(world: World) -> tuple[int, int, int, int, int]:
    """On hand, reserved, afloat, preordered, uncovered of the mugs in Leipzig; everything adds up."""
    assert stock_problems() == ()
    row = shelf(world)
    return row.on_hand, row.reserved, row.afloat, row.preordered, row.uncovered


def test_what_is_not_there_is_sold_as_a_pre_order_with_its_day(world: World) -> None:
    sold_out(world)
    with pytest.raises(OutOfStock):
        see(world, basket_of(world, MUG=1))
    afloat(world)
    seen = see(world, basket_of(world, MUG=2))
    [line] = seen.lines
    # In by 30 December with nine of ten; packed from the next day on, then three days to Leipzig.
    handling = world.warehouses["LEJ"].handling_days
    ships = TODAY + timedelta(40 + 1 + handling)
    assert (line.warehouse_id, line.quantity, line.afloat) == (world.warehouses["LEJ"].pk, 2, 2)
    assert (seen.ships, seen.latest) == (ships, ships + timedelta(3))
    assert seen.earliest == TODAY + timedelta(30 + 1 + handling + 2)
    assert [why.code for why in seen.why].count("preorder") == 1


def test_what_is_there_is_sold_first(world: World) -> None:
    afloat(world)
    seen = see(world, basket_of(world, MUG=3))
    assert (seen.ships, [line.afloat for line in seen.lines]) == (None, [0] * len(seen.lines))


def test_a_pre_order_takes_units_of_the_load_and_nothing_from_the_shelf(world: World) -> None:
    sold_out(world)
    afloat(world)
    order(world, basket_of(world, MUG=4))
    assert units(world) == (0, 0, 10, 4, 0)
    assert Reservation.objects.of(world.merchant.pk).values_list("quantity", "afloat").get() == (4, 4)


def test_a_line_that_is_there_in_part_waits_for_the_rest(world: World) -> None:
    sold_out(world)
    receive(
        variant_id=world.variants["MUG"].pk,
        warehouse_id=world.warehouses["LEJ"].pk,
        quantity=3,
        goods_value_minor=45_00,
        inbound_value_minor=0,
        reference="found",
        **by(world),
    )
    set_buffer(stock_id=shelf(world).pk, buffer=1, **by(world))
    afloat(world)
    order(world, basket_of(world, MUG=5))
    assert units(world) == (3, 2, 10, 3, 0)


def test_no_more_is_sold_than_comes(world: World) -> None:
    sold_out(world)
    afloat(world, units=3)
    seen = see(world, basket_of(world, MUG=2))
    order(world, basket_of(world, MUG=2), seen=seen)
    with pytest.raises(OutOfStock):
        order(world, basket_of(world, MUG=2), seen=seen, cart="cart-2")
    order(world, basket_of(world, MUG=1), cart="cart-3")
    assert units(world) == (0, 0, 3, 3, 0)


def test_a_pre_order_takes_as_many_statements_as_any_order(world: World) -> None:
    sold_out(world)
    afloat(world)
    basket = basket_of(world, MUG=1)
    order(world, basket, cart="warm")
    seen, merchant = see(world, basket), merchant_of(world)
    assert merchant.version == 1
    with CaptureQueriesContext(connection) as asked:
        order(world, basket, seen=seen, cart="counted")
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE")
    sent = [query["sql"] for query in asked if "haitu_entry" not in query["sql"]]
    assert [v for sql in sent for v in verbs if v in sql.split(maxsplit=1)[0]] == ["SELECT"] * 2 + ["INSERT"] * 6 + [
        "UPDATE"
    ]


def test_a_later_pre_order_waits_for_the_next_load(world: World) -> None:
    sold_out(world)
    afloat(world, units=3)
    first = see(world, basket_of(world, MUG=3)).latest
    order(world, basket_of(world, MUG=3))
    lines = {"MUG": _more(world, 5, days=60)}
    assert lines
    later = see(world, basket_of(world, MUG=1))
    assert later.latest == first + timedelta(30)


def _more(world: World, units: int, days: int) -> int:
    """Another load of mugs, from Shenzhen."""
    receive(
        variant_id=world.variants["MUG"].pk,
        warehouse_id=world.warehouses["SZX"].pk,
        quantity=units,
        goods_value_minor=units * 15_00,
        inbound_value_minor=0,
        reference="made",
        **by(world),
    )
    given = Load(
        number=f"T-{units}",
        to_warehouse_id=world.warehouses["LEJ"].pk,
        eta_p50=TODAY + timedelta(days),
        eta_p90=TODAY + timedelta(days + 10),
    )
    origin, row = world.warehouses["SZX"].pk, shelf(world, "MUG", "SZX").pk
    inbound_id = inbound.plan_transfer(origin_id=origin, load=given, units={row: units}, **by(world))
    assert shelf(world).afloat in {0, 3, 10}  # a planned transfer still lies on its old shelf
    inbound.advance(inbound_id=inbound_id, to=DEPARTED, at=NOW, **by(world))
    return inbound_id


def test_a_transfer_on_its_way_is_sold_at_its_end(world: World) -> None:
    sold_out(world)
    inbound_id = _more(world, 4, days=20)
    order(world, basket_of(world, MUG=4))
    assert units(world) == (0, 0, 4, 4, 0)
    came(world, inbound_id, good=4)
    assert units(world) == (4, 4, 0, 0, 0)


def test_a_planned_load_is_no_promise_and_a_booked_one_is(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world, to=InboundStatus.PLANNED)
    with pytest.raises(OutOfStock):
        see(world, basket_of(world, MUG=1))
    inbound.advance(inbound_id=inbound_id, to=BOOKED, at=NOW, **by(world))
    assert see(world, basket_of(world, MUG=1)).ships is not None
    inbound.cancel(inbound_id=inbound_id, reason="no room", **by(world))
    with pytest.raises(OutOfStock):
        see(world, basket_of(world, MUG=1))


def test_a_late_load_moves_the_day_and_a_stuck_one_is_not_sold_from(world: World) -> None:
    sold_out(world)
    afloat(world)
    basket = basket_of(world, MUG=1)
    in_time, late = see(world, basket), see(world, basket, now=NOW + timedelta(45))
    assert late.latest > in_time.latest
    with pytest.raises(OutOfStock):
        see(world, basket, now=NOW + timedelta(55))


def test_a_typed_day_is_the_day(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world)
    before = see(world, basket_of(world, MUG=1))
    days = (TODAY + timedelta(35), TODAY + timedelta(50))
    inbound.set_days(inbound_id=inbound_id, eta_p50=days[0], eta_p90=days[1], reason="storm", **by(world))
    with pytest.raises(QuoteChanged) as changed:
        order(world, basket_of(world, MUG=1), seen=before)
    assert changed.value.now.latest == before.latest + timedelta(10)


def test_a_basket_kept_over_midnight_keeps_its_day(world: World) -> None:
    sold_out(world)
    afloat(world)
    basket = basket_of(world, MUG=1)
    seen = see(world, basket)
    placed = order(world, basket, seen=seen, now=NOW + timedelta(1))
    assert order_row(world, placed).quote["latest"] == seen.latest.isoformat()


def test_a_closed_lane_is_not_sold_from(world: World) -> None:
    sold_out(world)
    lane = Lane.objects.create(
        merchant=world.merchant,
        code="SEA",
        carrier="Sea",
        mode="sea",
        origin=world.warehouses["SZX"],
        to=world.warehouses["LEJ"],
        tariff=world.lanes["SZX-DE"].tariff,
        days_p50=30,
        days_p90=40,
        incoterms=["DDP"],
    )
    afloat(world, lane_id=lane.pk)
    assert see(world, basket_of(world, MUG=1)).ships is not None
    close_lane_on(lane_id=lane.pk, valid_from=TODAY, valid_to=None, reason="strike", **by(world))
    with pytest.raises(OutOfStock):
        see(world, basket_of(world, MUG=1))


def test_who_waited_longest_is_served_first(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world, units=4)
    for nth, quantity in enumerate((2, 2)):
        paid_order(world, basket_of(world, MUG=quantity), cart=f"cart-{nth}")
    came(world, inbound_id, good=3)
    assert units(world) == (3, 3, 1, 1, 0)
    assert list(Reservation.objects.of(world.merchant.pk).order_by("pk").values_list("afloat", flat=True)) == [0, 1]
    came(world, inbound_id, good=1, key="2")
    assert units(world) == (4, 4, 0, 0, 0)


def test_what_comes_short_or_broken_leaves_the_last_without_goods(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world, units=4)
    for nth in range(4):
        paid_order(world, basket_of(world, MUG=1), cart=f"cart-{nth}")
    came(world, inbound_id, good=2, damaged=1)
    assert units(world) == (2, 2, 1, 2, 1)
    arrival.close(inbound_id=inbound_id, **by(world))
    assert units(world) == (2, 2, 0, 2, 2)
    # Whatever comes next is theirs.
    receive(
        variant_id=world.variants["MUG"].pk,
        warehouse_id=world.warehouses["LEJ"].pk,
        quantity=3,
        goods_value_minor=45_00,
        inbound_value_minor=0,
        reference="found",
        **by(world),
    )
    assert units(world) == (5, 4, 0, 0, 0)


def test_goods_that_are_afloat_cannot_leave(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world)
    row = paid_order(world, basket_of(world, MUG=2))
    with pytest.raises(StillAfloat) as no:
        ship(order_id=row.pk, **by(world))
    assert (no.value.given["afloat"], no.value.given["warehouse"]) == (2, "LEJ")
    came(world, inbound_id, good=10)
    ship(order_id=row.pk, **by(world))
    assert units(world) == (8, 0, 0, 0, 0)


def test_an_order_that_ends_gives_its_place_in_the_load_back(world: World) -> None:
    sold_out(world)
    afloat(world)
    order(world, basket_of(world, MUG=4))
    row = paid_order(world, basket_of(world, MUG=3), cart="cart-2")
    assert release_expired(now=NOW + timedelta(hours=1)) == 1
    assert units(world) == (0, 0, 10, 3, 0)
    cancel(order_id=row.pk, reason="changed my mind", **by(world))
    assert units(world) == (0, 0, 10, 0, 0)


def test_goods_an_order_gives_back_go_to_who_waits(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world, units=2)
    first = paid_order(world, basket_of(world, MUG=2), cart="a")
    came(world, inbound_id, good=2)
    _more(world, 5, days=20)
    paid_order(world, basket_of(world, MUG=1), cart="b")
    assert units(world) == (2, 2, 5, 1, 0)
    cancel(order_id=first.pk, reason="changed my mind", **by(world))
    assert units(world) == (2, 1, 5, 0, 0)


def test_an_order_paid_after_it_expired_waits_for_the_load_again(world: World) -> None:
    sold_out(world)
    afloat(world)
    placed = order(world, basket_of(world, MUG=4))
    release_expired(now=NOW + timedelta(hours=1))
    notice = notice_of(payment_of(world, placed))
    assert hear(world, notice, now=NOW + timedelta(hours=2)) == NoticeState.DONE
    assert Order.objects.of(world.merchant.pk).get(pk=placed.id).status == "paid"
    assert units(world) == (0, 0, 10, 4, 0)


def test_the_merchant_decides_whether_goods_on_their_way_are_sold(world: World) -> None:
    sold_out(world)
    afloat(world)
    order(world, basket_of(world, MUG=4))
    by_owner: dict[str, Any] = {"merchant_id": world.merchant.pk, "by": world.owner, "now": NOW}
    sell_afloat(sell=False, **by_owner)
    assert units(world) == (0, 0, 0, 4, 4)
    with pytest.raises(OutOfStock):
        see(world, basket_of(world, MUG=1))
    sell_afloat(sell=True, **by_owner)
    assert units(world) == (0, 0, 10, 4, 0)
    sell_variant_afloat(variant_id=world.variants["MUG"].pk, sell=False, **by_owner)
    assert units(world) == (0, 0, 0, 4, 4)


def test_a_page_promises_what_a_quote_would(world: World) -> None:
    variant_id = world.variants["MUG"].pk

    def promised(on: date = TODAY) -> Any:
        book = load_book(merchant_of(world), "DE", [variant_id], language="de", on=on)
        return promise_or_preorder(variant_id, book, to=LEIPZIG, on=on)

    afloat(world)
    here = promised()
    assert (here.ships, here.available, here.afloat) == (None, 51, 10)
    sold_out(world)
    there, seen = promised(), see(world, basket_of(world, MUG=1))
    assert (there.available, there.afloat, there.ships) == (10, 0, seen.ships)
    assert (there.earliest, there.latest) == (seen.earliest, seen.latest)


def test_a_basket_travels_together_once_its_last_goods_are_in(world: World) -> None:
    sold_out(world)
    afloat(world)
    seen = see(world, basket_of(world, MUG=1, LANTERN=2))
    assert len(seen.parcels) == 1
    assert {line.sku: line.afloat for line in seen.lines} == {"MUG": 1, "LANTERN": 0}
    order(world, basket_of(world, MUG=1, LANTERN=2))
    assert shelf(world, "LANTERN").reserved == 2
    assert units(world) == (0, 0, 10, 1, 0)


def test_a_pre_order_counts_what_its_goods_will_have_cost(world: World) -> None:
    sold_out(world)
    afloat(world, freight_minor=100_00, share_by="units")
    [line] = see(world, basket_of(world, MUG=1)).lines
    # 5 USD are 36.36 CNY, and a tenth of the freight is 10 CNY: in euro at 8.
    assert (line.waterfall.goods, line.waterfall.inbound, line.assumed) == (4_55, 1_25, True)


def test_every_move_of_it_is_kept(world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world)
    paid_order(world, basket_of(world, MUG=2))
    came(world, inbound_id, good=10)
    kinds = list(shelf(world).moves.order_by("pk").values_list("kind", "quantity"))
    assert kinds[-1] == (MoveKind.RECEIVED, 10)
