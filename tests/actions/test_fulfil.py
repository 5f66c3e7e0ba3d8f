"""Parcels leave, arrive, come back and are billed; stock and ledger agree at every step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haitu.actions import cancel, fulfil, refund, returns, stock
from haitu.actions.order import NoSuchOrder
from haitu.actions.record import audit_ledger, audit_orders
from haitu.core.events import RefundAbovePaid, RefundCurrency, WrongStatus
from haitu.core.landed import Waterfall
from haitu.core.ledger import Account
from haitu.models import (
    Audit,
    Entry,
    Letter,
    NoticeState,
    Order,
    OrderLine,
    Payment,
    Refund,
    Reservation,
    Shipment,
    Stock,
    StockMove,
)
from haitu.reads.conservation import stock_problems
from tests.actions.buying import basket_of, hear, notice_of, order, order_row, paid_order
from tests.world import NOW, World

LATER = NOW + timedelta(days=2)


def line_of(row: Order) -> OrderLine:
    return OrderLine.objects.of(row.merchant_id).get(order=row)


def in_book(world: World, account: Account, *, base: bool = False, book: int = 2) -> int:
    entries = Entry.objects.of(world.merchant.pk).filter(book=book, account=account)
    return sum(entry.base_minor if base else entry.amount_minor for entry in entries)


def stock_value(world: World) -> int:
    return sum(row.goods_value_minor + row.inbound_value_minor for row in Stock.objects.of(world.merchant.pk).all())


def send_all(world: World, row: Order) -> list[int]:
    return fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, tracking="T1", by=world.packer, now=LATER)


def give_back(world: World, row: Order, *, amount_minor: int | None = None, **given: object) -> None:
    """A refund that the provider confirms."""
    ids = refund.refund(
        merchant_id=world.merchant.pk,
        order_id=row.pk,
        amount_minor=amount_minor,
        by=world.owner,
        now=LATER,
        **given,  # type: ignore[arg-type]
    )
    for refund_id in ids:
        refund.settle(merchant_id=world.merchant.pk, refund_id=refund_id, succeeded=True, told="", now=LATER)


def check_all(world: World) -> None:
    assert stock_problems() == ()
    assert audit_ledger(world.merchant.pk).problems == ()
    assert audit_orders(world.merchant.pk) == ()


def test_a_parcel_takes_its_units_and_their_value_off_the_shelf(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    value_before = stock_value(world)
    send_all(world, row)
    shelf = Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk)
    assert (shelf.on_hand, shelf.reserved) == (18, 0)
    # 2 × (40.00 + 6.00) CNY at 8 CNY a euro is 11.50 EUR, which the ledger converts back to the same 92.00 CNY.
    assert value_before - stock_value(world) == 92_00
    assert in_book(world, Account.INVENTORY, base=True) == -92_00
    assert (in_book(world, Account.GOODS), in_book(world, Account.INBOUND)) == (10_00, 1_50)
    assert order_row(world, row).status == "shipped"
    assert not Reservation.objects.of(world.merchant.pk).exists()
    assert StockMove.objects.of(world.merchant.pk).filter(kind="shipped").get().quantity == -2
    check_all(world)


def test_parts_of_an_order_sum_to_the_whole(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=3))
    line = line_of(row)
    for quantity in (1, 2):
        fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, quantities={line.pk: quantity}, by=None, now=LATER)
    quoted = Waterfall.from_list(line.quoted)
    assert -in_book(world, Account.PRICE) == quoted.price == row.total_minor
    assert in_book(world, Account.TAX) == quoted.tax
    assert in_book(world, Account.LAST_MILE) == quoted.last_mile
    assert in_book(world, Account.DEPOSIT) == 0
    assert [parcel.number for parcel in Shipment.objects.of(world.merchant.pk).order_by("pk")] == [
        f"{row.number}-1",
        f"{row.number}-2",
    ]
    check_all(world)


def test_the_first_part_leaves_the_order_part_shipped(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=3))
    fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, quantities={line_of(row).pk: 1}, by=None, now=LATER)
    assert order_row(world, row).status == "part_shipped"


def test_the_last_piece_takes_the_last_minor_unit_with_it(world: World) -> None:
    shelf = Stock.objects.of(world.merchant.pk).filter(pk=world.stocks["LANTERN", "LEJ"].pk)
    merchant_id = world.merchant.pk
    stock.write_off(merchant_id=merchant_id, stock_id=shelf.get().pk, quantity=20, reason="fire", by=None, now=NOW)
    assert (shelf.get().goods_value_minor, shelf.get().inbound_value_minor) == (0, 0)
    stock.receive(
        merchant_id=merchant_id,
        variant_id=world.variants["LANTERN"].pk,
        warehouse_id=world.warehouses["LEJ"].pk,
        quantity=3,
        goods_value_minor=100_01,
        inbound_value_minor=7,
        reference="container 1",
        by=world.owner,
        now=NOW,
    )
    booked = in_book(world, Account.INVENTORY, base=True)
    row = paid_order(world, basket_of(world, LANTERN=3))
    for _ in range(3):
        fulfil.ship(merchant_id=merchant_id, order_id=row.pk, quantities={line_of(row).pk: 1}, by=None, now=LATER)
    assert (shelf.get().on_hand, shelf.get().goods_value_minor, shelf.get().inbound_value_minor) == (0, 0, 0)
    assert in_book(world, Account.INVENTORY, base=True) - booked == -100_08
    check_all(world)


def test_an_unpaid_order_cannot_be_shipped(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    with pytest.raises(WrongStatus):
        fulfil.ship(merchant_id=world.merchant.pk, order_id=placed.id, by=None, now=LATER)
    check_all(world)


def test_more_than_is_left_cannot_be_shipped(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    with pytest.raises(fulfil.NothingToShip):
        fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, quantities={line_of(row).pk: 3}, by=None, now=LATER)
    send_all(world, row)
    with pytest.raises(fulfil.NothingToShip):
        send_all(world, row)


def test_a_stranger_ships_nothing(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    with pytest.raises(NoSuchOrder, match="no such order"):
        fulfil.ship(merchant_id=world.other.pk, order_id=row.pk, by=world.stranger, now=LATER)


def test_all_parcels_delivered_is_an_order_delivered(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    (shipment_id,) = send_all(world, row)
    for _ in range(2):
        fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=shipment_id, by=None, now=LATER)
    assert order_row(world, row).status == "delivered"
    assert Letter.objects.of(world.merchant.pk).filter(kind="shipped").count() == 1


def test_a_carriers_bill_is_booked_as_its_difference(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    (shipment_id,) = send_all(world, row)
    quoted = in_book(world, Account.LAST_MILE)
    given = {"merchant_id": world.merchant.pk, "shipment_id": shipment_id, "by": world.owner, "now": LATER}
    assert fulfil.book_carrier_bill(billed_minor=5_50, currency="EUR", **given) == 5_50 - quoted  # type: ignore[arg-type]
    assert fulfil.book_carrier_bill(billed_minor=5_50, currency="EUR", **given) == 0  # type: ignore[arg-type]
    assert fulfil.book_carrier_bill(billed_minor=40_00, currency="CNY", **given) == -50  # type: ignore[arg-type]
    assert (in_book(world, Account.LAST_MILE), in_book(world, Account.LAST_MILE, book=1)) == (5_00, quoted)
    check_all(world)


def test_a_refund_of_shipped_goods_gives_price_and_tax_back(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    send_all(world, row)
    give_back(world, row)
    assert order_row(world, row).refunded_minor == row.total_minor
    assert in_book(world, Account.RETURNS) == row.total_minor
    assert (in_book(world, Account.TAX), in_book(world, Account.TAX_PAYABLE)) == (0, 0)
    check_all(world)


def test_partial_refunds_never_exceed_what_was_paid(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    send_all(world, row)
    third = row.total_minor // 3
    for _ in range(3):
        give_back(world, row, amount_minor=third)
    with pytest.raises(RefundAbovePaid):
        give_back(world, row, amount_minor=3)
    give_back(world, row)
    assert order_row(world, row).refunded_minor == row.total_minor
    assert in_book(world, Account.TAX) == 0
    check_all(world)


def test_a_pending_refund_counts_as_given(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    given = {"merchant_id": world.merchant.pk, "order_id": row.pk, "by": None, "now": LATER}
    refund.refund(amount_minor=row.total_minor - 1, **given)  # type: ignore[arg-type]
    with pytest.raises(RefundAbovePaid):
        refund.refund(amount_minor=2, **given)  # type: ignore[arg-type]


def test_a_refund_leaves_in_the_charged_currency_at_the_orders_rate(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    give_back(world, row, amount_minor=80_00, currency="CNY")
    back = Refund.objects.of(world.merchant.pk).get(order=row)
    assert (back.amount_minor, back.currency) == (10_00, "EUR")
    with pytest.raises(RefundCurrency):
        give_back(world, row, amount_minor=1, currency="USD")


def test_a_refund_before_shipping_comes_out_of_the_deposit_and_lowers_the_sale(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    give_back(world, row, amount_minor=5_00)
    assert (in_book(world, Account.RETURNS), in_book(world, Account.DEPOSIT)) == (0, 5_00 - row.total_minor)
    send_all(world, row)
    assert -in_book(world, Account.PRICE) == row.total_minor - 5_00
    assert in_book(world, Account.DEPOSIT) == 0
    check_all(world)


def test_a_line_refunded_before_it_left_is_for_sale_again(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1, MUG=1))
    mug = OrderLine.objects.of(world.merchant.pk).get(order=row, sku="MUG")
    price = Waterfall.from_list(mug.quoted).price
    give_back(world, row, lines={mug.pk: price})
    promised = Reservation.objects.of(world.merchant.pk).values_list("line__sku", flat=True)
    assert list(promised) == ["LANTERN"]
    send_all(world, row)
    assert order_row(world, row).status == "shipped"
    assert in_book(world, Account.DEPOSIT) == 0
    check_all(world)


def test_all_money_back_before_anything_left_calls_the_order_off(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    give_back(world, row)
    assert order_row(world, row).status == "cancelled"
    assert not Reservation.objects.of(world.merchant.pk).exists()
    check_all(world)


def test_a_failed_refund_can_be_tried_again(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    (refund_id,) = refund.refund(merchant_id=world.merchant.pk, order_id=row.pk, by=None, now=LATER)
    refund.settle(merchant_id=world.merchant.pk, refund_id=refund_id, succeeded=False, told="account closed", now=LATER)
    assert Refund.objects.of(world.merchant.pk).get(pk=refund_id).told == "account closed"
    give_back(world, row)
    assert order_row(world, row).refunded_minor == row.total_minor


def test_returned_goods_are_stock_again_at_the_value_they_left_with(world: World) -> None:
    value_before = stock_value(world)
    row = paid_order(world, basket_of(world, LANTERN=2))
    send_all(world, row)
    returns.take_back(
        merchant_id=world.merchant.pk,
        order_id=row.pk,
        line_id=line_of(row).pk,
        quantity=2,
        restock=True,
        by=world.packer,
        now=LATER,
    )
    shelf = Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk)
    assert (shelf.on_hand, stock_value(world)) == (20, value_before)
    assert (in_book(world, Account.GOODS), in_book(world, Account.INVENTORY, base=True)) == (0, 0)
    with pytest.raises(returns.NothingToReturn):
        returns.take_back(
            merchant_id=world.merchant.pk,
            order_id=row.pk,
            line_id=line_of(row).pk,
            quantity=1,
            restock=True,
            by=None,
            now=LATER,
        )
    check_all(world)


def test_broken_returns_are_a_loss(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    send_all(world, row)
    returns.take_back(
        merchant_id=world.merchant.pk,
        order_id=row.pk,
        line_id=line_of(row).pk,
        quantity=1,
        restock=False,
        freight_minor=4_00,
        reason="broken",
        by=world.packer,
        now=LATER,
    )
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk).on_hand == 18
    assert (in_book(world, Account.GOODS), in_book(world, Account.RETURNS)) == (5_00, 5_75)
    check_all(world)


def test_a_paid_order_is_cancelled_with_its_money_back(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    cancel.cancel(merchant_id=world.merchant.pk, order_id=row.pk, by=world.owner, now=LATER)
    back = Refund.objects.of(world.merchant.pk).get(order=row)
    payment = Payment.objects.of(world.merchant.pk).get(order=row)
    confirmed = notice_of(payment, "refund.succeeded", reference=back.token)
    assert hear(world, confirmed, now=LATER) == NoticeState.DONE
    now = order_row(world, row)
    assert (now.status, now.refunded_minor) == ("cancelled", row.total_minor)
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk).reserved == 0
    assert (in_book(world, Account.DEPOSIT), in_book(world, Account.PRICE, book=1)) == (0, 0)
    assert [line.action for line in Audit.objects.of(world.merchant.pk).all()] == ["order.cancel"]
    check_all(world)


def test_a_shipped_order_cannot_be_cancelled(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    send_all(world, row)
    with pytest.raises(WrongStatus):
        cancel.cancel(merchant_id=world.merchant.pk, order_id=row.pk, by=None, now=LATER)
