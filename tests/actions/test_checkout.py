"""A basket becomes an order: once, at the price that was seen, out of stock that is there."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haitu.actions import version
from haitu.actions.checkout import HOLD, Change, Crowded, QuoteChanged, place_order
from haitu.actions.stock import write_off
from haitu.core.landed import Waterfall
from haitu.core.stock import OutOfStock
from haitu.models import Customer, Entry, Event, Lane, Market, Order, OrderLine, Payment, Reservation, Stock, Variant
from haitu.reads.conservation import stock_problems
from tests.actions.buying import ANNA, LEIPZIG, basket_of, merchant_of, order, order_row, see
from tests.world import NOW, World


def test_an_order_is_what_the_buyer_saw(world: World) -> None:
    basket = basket_of(world, LANTERN=2)
    seen = see(world, basket)
    row = order_row(world, order(world, basket, seen=seen))
    assert (row.status, row.currency, row.total_minor, row.email) == (
        "pending",
        "EUR",
        seen.total_minor,
        "anna@example.test",
    )
    assert row.expires_at == NOW + HOLD
    assert row.address == dict(ANNA.address)
    line = OrderLine.objects.of(world.merchant.pk).get(order=row)
    assert (line.sku, line.quantity, line.warehouse_id) == ("LANTERN", 2, world.warehouses["LEJ"].pk)
    assert Waterfall.from_list(line.quoted).price == row.total_minor


def test_an_order_reserves_its_units_and_opens_its_payment(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    stock = Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk)
    assert (stock.on_hand, stock.reserved) == (20, 2)
    promise = Reservation.objects.of(world.merchant.pk).get(line__order_id=placed.id)
    assert (promise.quantity, promise.stock_id) == (2, stock.pk)
    payment = Payment.objects.of(world.merchant.pk).get(order_id=placed.id)
    assert (payment.status, payment.amount_minor, payment.account_id) == (
        "pending",
        placed.total_minor,
        world.account.pk,
    )
    assert stock_problems() == ()


def test_the_quote_is_posted_and_balances(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    event = Event.objects.of(world.merchant.pk).get(order_id=placed.id)
    entries = Entry.objects.of(world.merchant.pk).filter(order_id=placed.id)
    assert (event.kind, event.key) == ("placed", f"placed:{placed.id}")
    assert sum(entry.amount_minor for entry in entries) == 0
    assert sum(entry.base_minor for entry in entries) == 0
    assert {entry.book for entry in entries} == {1}


def test_an_order_takes_nine_statements(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    order(world, basket, cart="warm")
    seen, merchant = see(world, basket), merchant_of(world)
    assert merchant.version == 1
    with CaptureQueriesContext(connection) as asked:
        order(world, basket, seen=seen, cart="counted")
    verbs = ("SELECT", "INSERT", "UPDATE", "DELETE")
    sent = [query["sql"] for query in asked if "haitu_entry" not in query["sql"]]  # PostgreSQL takes those by COPY
    told = [verb for sql in sent for verb in verbs if verb in sql.split(maxsplit=1)[0]]
    # The merchant and the stock are read; then customer, order, line, promise, payment, event (entries); stock last.
    assert told == ["SELECT"] * 2 + ["INSERT"] * 6 + ["UPDATE"]


def test_the_same_cart_sent_twice_is_one_order(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    first = order(world, basket)
    assert order(world, basket) == first
    assert Order.objects.of(world.merchant.pk).count() == 1


def test_the_cart_that_took_the_last_piece_gets_its_order_again(world: World) -> None:
    _leave_only(world, "MUG", 1)
    basket = basket_of(world, MUG=1)
    seen = see(world, basket)
    first = order(world, basket, seen=seen)
    assert order(world, basket, seen=seen) == first


def test_two_lines_cannot_share_one_piece(world: World) -> None:
    _leave_only(world, "MUG", 1)
    basket = basket_of(world, MUG=1) + basket_of(world, MUG=1)
    with pytest.raises(OutOfStock) as refusal:
        see(world, basket)
    assert (refusal.value.given["wanted"], refusal.value.given["available"]) == (2, 1)


def test_a_buffer_is_not_sold(world: World) -> None:
    _leave_only(world, "MUG", 3, buffer=3)
    with pytest.raises(OutOfStock):
        see(world, basket_of(world, MUG=1))


def test_a_changed_price_is_refused_and_named(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    seen = see(world, basket)
    Variant.objects.of(world.merchant.pk).filter(sku="LANTERN").update(list_price_minor=25_00)
    version.bump(world.merchant.pk)
    with pytest.raises(QuoteChanged) as refusal:
        order(world, basket, seen=seen)
    assert refusal.value.now.total_minor > seen.total_minor
    change = next(change for change in refusal.value.changes if change.what == "total_minor")
    assert change == Change(what="total_minor", old=seen.total_minor, new=refusal.value.now.total_minor)
    assert Order.objects.of(world.merchant.pk).count() == 0


def test_a_market_closed_in_this_very_moment_sells_nothing(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    seen = see(world, basket)
    Market.objects.of(world.merchant.pk).filter(country="DE").update(open=False)  # no process has heard of it yet
    with pytest.raises(Crowded):
        order(world, basket, seen=seen)
    assert Order.objects.of(world.merchant.pk).count() == 0


def test_a_lane_closed_after_the_page_was_loaded_is_not_promised(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    seen = see(world, basket)
    Lane.objects.of(world.merchant.pk).filter(code="LEJ-DE").update(open=False, closed_reason="strike")
    version.bump(world.merchant.pk)
    with pytest.raises(QuoteChanged) as refusal:
        order(world, basket, seen=seen)
    assert refusal.value.now.parcels[0].lane_id == world.lanes["SZX-DE"].pk


def test_a_change_in_the_very_moment_is_noticed(world: World) -> None:
    """The merchant's version moved after this request had read it."""
    basket = basket_of(world, LANTERN=1)
    seen, stale = see(world, basket), merchant_of(world)
    Variant.objects.of(world.merchant.pk).filter(sku="LANTERN").update(list_price_minor=25_00)
    version.bump(world.merchant.pk)
    assert stale.version + 1 == merchant_of(world).version
    with pytest.raises(QuoteChanged):
        place_order(
            merchant=stale,
            to=LEIPZIG,
            basket=basket,
            buyer=ANNA,
            seen_digest=seen.digest,
            cart_key="stale",
            channel="direct",
            language="de",
            now=NOW,
        )


def test_a_buyer_who_comes_back_is_the_same_customer(world: World) -> None:
    order(world, basket_of(world, LANTERN=1), cart="first")
    order(world, basket_of(world, LANTERN=1), cart="second", now=NOW + timedelta(minutes=5))
    customer = Customer.objects.of(world.merchant.pk).get()
    assert (customer.email, customer.orders.count()) == ("anna@example.test", 2)


def test_the_order_keeps_the_promise_it_was_sold_with(world: World) -> None:
    row = order_row(world, order(world, basket_of(world, LANTERN=1)))
    parcel = row.quote["parcels"][0]
    assert (parcel["warehouse"], parcel["lane"], row.quote["latest"]) == ("LEJ", "LEJ-DE", parcel["latest"])
    assert json.loads(json.dumps(row.quote)) == row.quote


def _leave_only(world: World, sku: str, units: int, *, buffer: int = 0) -> None:
    """That many pieces in all warehouses together, by a move that says so."""
    for (its_sku, _), stock in world.stocks.items():
        if its_sku == sku:
            keep = units if stock == world.stocks[sku, "SZX"] else 0
            if stock.on_hand > keep:
                write_off(
                    merchant_id=world.merchant.pk,
                    stock_id=stock.pk,
                    quantity=stock.on_hand - keep,
                    reason="broken",
                    by=None,
                    now=NOW,
                )
    if buffer:
        Stock.objects.of(world.merchant.pk).filter(pk=world.stocks[sku, "SZX"].pk).update(buffer=buffer)
