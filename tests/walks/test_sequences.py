"""What people do in an order nobody drew: after every such walk stock, ledger and orders still agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from haitu.actions import cancel, catalog, fulfil, refund, returns, stock, supply
from haitu.actions.checkout import QuoteChanged
from haitu.actions.record import audit_ledger, audit_orders
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.events import RefundAbovePaid
from haitu.core.ledger import Account
from haitu.models import Audit, Entry, Market, NoticeState, Order, OrderLine, Refund, Reservation, Stock
from haitu.reads.conservation import stock_problems
from haitu.reads.desk import orders as desk_orders
from tests.actions.buying import basket_of, hear, notice_of, order, order_row, paid_order, payment_of, see
from tests.world import NOW, World

LATER = NOW + timedelta(days=2)


@pytest.fixture(autouse=True)
def all_agree(world: World) -> Iterator[None]:
    """However a walk went, at its end the books are whole."""
    yield
    assert stock_problems() == ()
    assert audit_ledger(world.merchant.pk).problems == ()
    assert audit_orders(world.merchant.pk) == ()


def line_of(row: Order, sku: str = "LANTERN") -> OrderLine:
    return OrderLine.objects.of(row.merchant_id).get(order=row, sku=sku)


def give_back(world: World, row: Order, **given: object) -> None:
    """A refund that the provider confirms."""
    shop = world.merchant.pk
    for refund_id in refund.refund(merchant_id=shop, order_id=row.pk, by=None, now=LATER, **given):  # type: ignore[arg-type]
        refund.settle(merchant_id=shop, refund_id=refund_id, succeeded=True, told="", now=LATER)


def send(world: World, row: Order, quantities: dict[int, int] | None = None) -> list[int]:
    return fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, quantities=quantities, by=None, now=LATER)


def take_back(world: World, row: Order, quantity: int, *, restock: bool = True) -> None:
    returns.take_back(
        merchant_id=world.merchant.pk,
        order_id=row.pk,
        line_id=line_of(row).pk,
        quantity=quantity,
        restock=restock,
        by=None,
        now=LATER,
    )


def balance(world: World, account: Account) -> int:
    entries = Entry.objects.of(world.merchant.pk).filter(book=2, account=account)
    return sum(entries.values_list("amount_minor", flat=True))


def reserved(world: World) -> int:
    return Reservation.objects.of(world.merchant.pk).count()


def test_most_of_the_money_back_then_a_part_leaves_then_the_rest_of_the_money(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    most = row.total_minor * 3 // 4
    give_back(world, row, amount_minor=most)
    send(world, row, {line_of(row).pk: 1})
    assert balance(world, Account.PRICE) == 0  # a parcel earns nothing rather than less than nothing
    give_back(world, row)
    assert (reserved(world), balance(world, Account.DEPOSIT), balance(world, Account.CASH)) == (0, 0, -100)
    assert balance(world, Account.TAX_PAYABLE) == 0


def test_most_of_the_money_back_then_both_parts_leave(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    most = row.total_minor * 3 // 4
    give_back(world, row, amount_minor=most)
    for _ in range(2):
        send(world, row, {line_of(row).pk: 1})
    assert balance(world, Account.PRICE) == -(row.total_minor - most)
    assert (balance(world, Account.DEPOSIT), order_row(world, row).status) == (0, "shipped")


def test_an_amount_back_before_the_goods_leave_is_not_earned(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    give_back(world, row, amount_minor=5_00)
    send(world, row)
    give_back(world, row)
    assert balance(world, Account.DEPOSIT) == 0
    assert balance(world, Account.TAX) + balance(world, Account.TAX_PAYABLE) == 0
    assert (balance(world, Account.TAX), order_row(world, row).refunded_minor) == (0, row.total_minor)


def test_goods_leave_while_their_money_is_on_its_way_back(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    (refund_id,) = refund.refund(merchant_id=world.merchant.pk, order_id=row.pk, by=None, now=LATER)
    with pytest.raises(fulfil.RefundOnItsWay, match=r"^The money for LANTERN is on its way back to the buyer;"):
        send(world, row)
    fulfil.ship(
        merchant_id=world.merchant.pk, order_id=row.pk, anyway="The buyer asked for it.", by=world.owner, now=LATER
    )
    line = Audit.objects.of(world.merchant.pk).get(action="order.ship")
    assert line.change == {"shipped": [0, 1], "anyway": ["", "The buyer asked for it."]}
    refund.settle(merchant_id=world.merchant.pk, refund_id=refund_id, succeeded=True, told="", now=LATER)
    assert (order_row(world, row).status, balance(world, Account.DEPOSIT)) == ("shipped", 0)
    assert balance(world, Account.RETURNS) == row.total_minor


def ask_back(world: World, row: Order, **given: object) -> int:
    """A refund that the provider has not confirmed yet."""
    (refund_id,) = refund.refund(merchant_id=world.merchant.pk, order_id=row.pk, by=None, now=LATER, **given)  # type: ignore[arg-type]
    return refund_id


def test_only_what_is_all_refunded_stays_here_and_leaves_when_the_refund_fails(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2, MUG=1))
    mug, lantern = line_of(row, "MUG"), line_of(row)
    ask_back(world, row, lines={lantern.pk: lantern.quoted[0] // 2})
    of_the_mug = ask_back(world, row, lines={mug.pk: mug.quoted[0]})
    with pytest.raises(fulfil.RefundOnItsWay, match=r"^The money for MUG is"):
        send(world, row)
    send(world, row, {lantern.pk: 1})
    send(world, row, {lantern.pk: 1})
    with pytest.raises(fulfil.RefundOnItsWay):
        send(world, row)
    refund.settle(merchant_id=world.merchant.pk, refund_id=of_the_mug, succeeded=False, told="no", now=LATER)
    send(world, row)
    assert order_row(world, row).status == "shipped"


def test_the_rest_of_a_line_stays_here_while_all_its_money_goes_back(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    send(world, row, {line_of(row).pk: 1})
    price = line_of(row).quoted[0]
    ask_back(world, row, lines={line_of(row).pk: price // 2})  # that is for the one that left
    send_one = {line_of(row).pk: 1}
    ask_back(world, row)
    with pytest.raises(fulfil.RefundOnItsWay):
        send(world, row, send_one)
    for waiting in Refund.objects.of(world.merchant.pk).filter(order=row):
        refund.settle(merchant_id=world.merchant.pk, refund_id=waiting.pk, succeeded=True, told="", now=LATER)
    assert (order_row(world, row).status, reserved(world), balance(world, Account.DEPOSIT)) == ("shipped", 0, 0)


def test_one_line_leaves_and_the_other_is_refunded(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1, MUG=1))
    lantern, mug = line_of(row), line_of(row, "MUG")
    send(world, row, {lantern.pk: 1})
    give_back(world, row, lines={mug.pk: mug.quoted[0]})
    seen = desk_orders.order(world.merchant.pk, row.pk)
    assert seen is not None
    assert (reserved(world), [line.to_ship for line in seen.lines], seen.can_ship) == (0, [0, 0], False)
    assert (seen.status, seen.events[-1].kind) == ("shipped", "closed")
    waiting = desk_orders.orders(world.merchant.pk, desk_orders.OrderFilter(status="to_ship"))
    assert [found.number for found in waiting.rows] == []
    assert balance(world, Account.DEPOSIT) == 0


def arrive(world: World, parcel: int) -> None:
    fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=parcel, by=None, now=LATER)


def test_what_left_arrives_after_the_rest_was_refunded(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1, MUG=1))
    mug = line_of(row, "MUG")
    (parcel,) = send(world, row, {line_of(row).pk: 1})
    give_back(world, row, lines={mug.pk: mug.quoted[0]})
    assert order_row(world, row).status == "shipped"
    arrive(world, parcel)
    arrive(world, parcel)
    assert order_row(world, row).status == "delivered"


def test_what_left_has_arrived_before_the_rest_is_refunded(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1, MUG=1))
    mug = line_of(row, "MUG")
    (parcel,) = send(world, row, {line_of(row).pk: 1})
    arrive(world, parcel)
    assert order_row(world, row).status == "part_shipped"
    give_back(world, row, lines={mug.pk: mug.quoted[0]})
    assert order_row(world, row).status == "delivered"


def test_an_order_is_closed_by_the_refund_of_the_last_goods_and_not_before(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2, MUG=1, CHANDELIER=1))
    mug, chandelier = line_of(row, "MUG"), line_of(row, "CHANDELIER")
    send(world, row, {line_of(row).pk: 2})
    give_back(world, row, lines={mug.pk: mug.quoted[0]})
    give_back(world, row, lines={chandelier.pk: chandelier.quoted[0] - 1})
    assert (order_row(world, row).status, reserved(world)) == ("part_shipped", 1)
    give_back(world, row, lines={chandelier.pk: 1})
    assert (order_row(world, row).status, reserved(world)) == ("shipped", 0)


def test_units_of_a_line_that_stay_here_are_refunded(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=3))
    (parcel,) = send(world, row, {line_of(row).pk: 1})
    give_back(world, row)
    assert (order_row(world, row).status, reserved(world), balance(world, Account.DEPOSIT)) == ("shipped", 0, 0)
    take_back(world, row, 1)
    arrive(world, parcel)
    assert order_row(world, row).status == "delivered"


def test_a_refund_that_fails_takes_no_goods_off_an_order(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1, MUG=1))
    mug, lantern = line_of(row, "MUG"), line_of(row)
    send(world, row, {lantern.pk: 1})
    (second,) = refund.refund(
        merchant_id=world.merchant.pk, order_id=row.pk, lines={mug.pk: mug.quoted[0] - 1}, by=None, now=LATER
    )
    give_back(world, row, lines={mug.pk: 1})
    refund.settle(merchant_id=world.merchant.pk, refund_id=second, succeeded=False, told="no", now=LATER)
    assert (order_row(world, row).status, reserved(world)) == ("part_shipped", 1)
    send(world, row)
    assert order_row(world, row).status == "shipped"


def test_a_line_is_refunded_and_the_other_leaves(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1, MUG=1))
    mug = line_of(row, "MUG")
    give_back(world, row, lines={mug.pk: mug.quoted[0]})
    seen = desk_orders.order(world.merchant.pk, row.pk)
    assert seen is not None
    assert {line.sku: line.to_ship for line in seen.lines} == {"LANTERN": 1, "MUG": 0}
    send(world, row)
    assert order_row(world, row).status == "shipped"


def test_a_cancelled_order_that_is_paid_after_all_gives_the_money_back(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    cancel.cancel(merchant_id=world.merchant.pk, order_id=placed.id, by=None, now=NOW)
    assert hear(world, notice_of(payment_of(world, placed)), now=LATER) == NoticeState.DONE
    row = order_row(world, placed)
    back = Refund.objects.of(world.merchant.pk).get(order=row)
    refund.settle(merchant_id=world.merchant.pk, refund_id=back.pk, succeeded=True, told="", now=LATER)
    row = order_row(world, placed)
    assert (row.status, row.paid_minor, row.refunded_minor) == ("cancelled", row.total_minor, row.total_minor)
    assert (reserved(world), balance(world, Account.DEPOSIT)) == (0, 0)


def test_no_more_comes_back_than_left(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=3))
    send(world, row, {line_of(row).pk: 2})
    take_back(world, row, 1)
    take_back(world, row, 1, restock=False)
    with pytest.raises(returns.NothingToReturn):
        take_back(world, row, 1)
    send(world, row)
    take_back(world, row, 1)
    assert order_row(world, row).status == "shipped"
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk).on_hand == 19


def test_returned_goods_that_are_refunded_leave_no_debt(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    send(world, row)
    take_back(world, row, 1)
    give_back(world, row)
    take_back(world, row, 1)
    assert (balance(world, Account.DEPOSIT), balance(world, Account.GOODS), balance(world, Account.TAX)) == (0, 0, 0)


def test_a_carriers_bill_comes_twice_then_corrected(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    (parcel,) = send(world, row)
    quoted = -balance(world, Account.CARRIER_PAYABLE)

    def bill(minor: int) -> int:
        return fulfil.book_carrier_bill(
            merchant_id=world.merchant.pk, shipment_id=parcel, billed_minor=minor, currency="EUR", by=None, now=LATER
        )

    assert [bill(9_00), bill(9_00), bill(7_50), bill(0), bill(9_00)] == [9_00 - quoted, 0, -1_50, -7_50, 9_00]
    assert balance(world, Account.CARRIER_PAYABLE) == -9_00


def test_a_bill_in_a_currency_without_a_rate_is_refused(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    (parcel,) = send(world, row)
    with pytest.raises(Refusal):
        fulfil.book_carrier_bill(
            merchant_id=world.merchant.pk, shipment_id=parcel, billed_minor=5_00, currency="KWD", by=None, now=LATER
        )


def test_a_count_between_order_and_parcel_keeps_the_promise(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    shelf = world.stocks["LANTERN", "LEJ"].pk

    def count(units: int) -> None:
        stock.count(merchant_id=world.merchant.pk, stock_id=shelf, counted=units, reason="", by=None, now=LATER)

    with pytest.raises(stock.CountBelowReserved):
        count(1)
    count(2)
    send(world, row)
    last = Stock.objects.of(world.merchant.pk).get(pk=shelf)
    assert (last.on_hand, last.reserved, last.goods_value_minor, last.inbound_value_minor) == (0, 0, 0, 0)
    count(3)  # found behind the shelf: they are there, at no value
    assert Stock.objects.of(world.merchant.pk).get(pk=shelf).on_hand == 3


def change_the_price(world: World) -> None:
    variant = world.variants["LANTERN"].pk
    catalog.set_list_price(merchant_id=world.merchant.pk, variant_id=variant, price_minor=25_00, by=None, now=NOW)


def close_the_lane(world: World) -> None:
    supply.close_lane(
        merchant_id=world.merchant.pk, lane_id=world.lanes["LEJ-DE"].pk, reason="strike", by=None, now=NOW
    )


def close_the_market(world: World) -> None:
    Market.objects.of(world.merchant.pk).filter(country="DE").update(open=False)
    bump(world.merchant.pk)


@pytest.mark.parametrize("change", [change_the_price, close_the_lane])
def test_what_changes_between_the_page_and_the_order_is_said(world: World, change: Callable[[World], None]) -> None:
    basket = basket_of(world, LANTERN=1)
    seen = see(world, basket)
    change(world)
    with pytest.raises(QuoteChanged):
        order(world, basket, seen=seen)
    assert (Order.objects.of(world.merchant.pk).count(), reserved(world)) == (0, 0)


def test_what_changes_after_the_order_does_not_change_it(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    change_the_price(world)
    close_the_lane(world)
    close_the_market(world)
    assert hear(world, notice_of(payment_of(world, placed)), now=LATER) == NoticeState.DONE
    row = order_row(world, placed)
    send(world, row)
    assert (order_row(world, placed).status, -balance(world, Account.PRICE)) == ("shipped", row.total_minor)


def test_an_order_that_expired_is_paid_shipped_and_refunded(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    stock.release_expired(now=LATER)
    assert (order_row(world, placed).status, reserved(world)) == ("expired", 0)
    assert hear(world, notice_of(payment_of(world, placed)), now=LATER) == NoticeState.DONE
    row = order_row(world, placed)
    assert (row.status, reserved(world)) == ("paid", 1)
    send(world, row)
    give_back(world, row)
    assert (balance(world, Account.DEPOSIT), balance(world, Account.CASH)) == (0, -100)


@pytest.mark.django_db(transaction=True)
def test_two_refunds_at_once_never_give_back_more_than_was_paid(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    share, ready = row.total_minor * 2 // 3, Barrier(2)

    def one() -> bool:
        try:
            ready.wait()
            refund.refund(merchant_id=world.merchant.pk, order_id=row.pk, amount_minor=share, by=None, now=LATER)
        except RefundAbovePaid:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as two:
        jobs = [two.submit(one) for _ in range(2)]
        done = sorted(job.result() for job in jobs)
    assert done == [False, True]
    assert [found.amount_minor for found in Refund.objects.of(world.merchant.pk).all()] == [share]
