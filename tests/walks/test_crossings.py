"""Where cash at the door, returns, pre-orders and other ways meet: after each walk stock, ledger and orders agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from haitu.actions import fulfil, refund, refused, stock
from haitu.actions.cash import agree
from haitu.actions.cash_offer import end_offer
from haitu.actions.overrule import overrule
from haitu.actions.preorder import NotElsewhere, serve_elsewhere
from haitu.actions.record import audit_ledger, audit_orders
from haitu.actions.returns import NothingToReturn, take_back
from haitu.actions.returns.decide import Chosen, decide
from haitu.actions.returns.second import second_choice
from haitu.actions.traffic import StillUnderway, forget_customer
from haitu.actions.transferred import NoReference, NotByHand, called_off, transferred
from haitu.core.errors import Refusal
from haitu.core.events import RefundAbovePaid
from haitu.core.ledger import Account
from haitu.core.returns import Fate, Grade
from haitu.models import (
    CashOffer,
    Inbound,
    Order,
    OrderLine,
    PaymentAccount,
    Refund,
    Reservation,
    Shipment,
    Stock,
    Variant,
)
from haitu.reads import cash as offers
from haitu.reads import quote as quotes
from haitu.reads.conservation import stock_problems
from haitu.reads.returns import away, delivered_on
from tests.actions import loading, returning
from tests.actions.buying import basket_of, merchant_of, order, order_row, paid_order
from tests.actions.returning import asked, case_row, graded, rules, site
from tests.walks.test_cash import agreed, balance, offer
from tests.world import NOW, World

LATER = NOW + timedelta(days=3)
AT_DESK = returning.HERE


@pytest.fixture(autouse=True)
def all_agree(world: World) -> Iterator[None]:
    """However a walk went, at its end the books are whole."""
    quotes._kept.clear()
    offers._kept.clear()
    yield
    assert stock_problems() == ()
    assert audit_ledger(world.merchant.pk).problems == ()
    assert audit_orders(world.merchant.pk) == ()


def parcel(world: World, row: Order, units: int | None = None, line: int = 0) -> int:
    """Units of a line (or all that is left) leave."""
    lines = OrderLine.objects.of(row.merchant_id).filter(order=row).order_by("position")
    wanted = None if units is None else {lines[line].pk: units}
    (made,) = fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, quantities=wanted, by=None, now=NOW)
    return made


def arrive(world: World, shipment_id: int) -> None:
    fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=shipment_id, by=None, now=LATER)


def turn_back(world: World, shipment_id: int) -> None:
    refused.refuse(merchant_id=world.merchant.pk, shipment_id=shipment_id, by=None, now=LATER)


def bring_back(world: World, shipment_id: int) -> int:
    return refused.came_back(merchant_id=world.merchant.pk, shipment_id=shipment_id, restock=True, by=None, now=LATER)


# Parcels at the door -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("refused_first", [True, False])
def test_one_parcel_is_paid_and_one_refused_and_then_the_order_is_delivered(world: World, refused_first: bool) -> None:
    offer(world)
    row = agreed(world, LANTERN=2)
    first, second = parcel(world, row, 1), parcel(world, row)
    steps = [(turn_back, second), (arrive, first)]
    for step, parcel_id in steps if refused_first else reversed(steps):
        step(world, parcel_id)
    assert order_row(world, row).status == "delivered"
    assert delivered_on(order_row(world, row)) == LATER.date()
    arrive(world, second)  # "delivered", says somebody: to us
    assert Shipment.objects.of(world.merchant.pk).get(pk=second).delivered_at is None


def test_of_a_line_in_two_parcels_only_the_refused_one_comes_back_and_once(world: World) -> None:
    offer(world)
    row = agreed(world, LANTERN=2)
    first, second = parcel(world, row, 1), parcel(world, row)
    arrive(world, first)
    turn_back(world, second)
    assert [each.units for each in away(row)] == [1]  # the buyer has one of them
    assert [bring_back(world, second) for _ in range(2)] == [1, 0]
    assert [each.units for each in away(row)] == [1]
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk).on_hand == 19


def test_only_what_was_paid_at_the_door_is_given_back_and_by_a_named_transfer(world: World) -> None:
    offer(world)
    row = agreed(world, LANTERN=2)
    first = parcel(world, row, 1)
    arrive(world, first)
    shop, paid = world.merchant.pk, order_row(world, row).paid_minor
    with pytest.raises(RefundAbovePaid):
        refund.refund(merchant_id=shop, order_id=row.pk, amount_minor=paid + 1, by=None, now=LATER)
    (refund_id,) = refund.refund(merchant_id=shop, order_id=row.pk, by=None, now=LATER)
    cash = balance(Account.CASH)
    assert refund.ask_pending(now=LATER + timedelta(hours=1)) == 0
    assert (Refund.objects.of(shop).get().status, cash) == ("pending", 0)
    with pytest.raises(NoReference):
        transferred(merchant_id=shop, refund_id=refund_id, reference=" ", by=world.owner, now=LATER)
    told = [
        transferred(merchant_id=shop, refund_id=refund_id, reference="SEPA 4711", by=world.owner, now=LATER)
        for _ in range(2)
    ]
    assert (told, Refund.objects.of(shop).get().told, balance(Account.CASH)) == ([True, False], "SEPA 4711", -paid)
    with pytest.raises(NotByHand):
        called_off(merchant_id=shop, refund_id=refund_id, by=world.owner, now=LATER)
    # The second lantern was not paid for: it is still sent, and still to be paid.
    assert Reservation.objects.of(shop).filter(line__order=row).count() == 1
    arrive(world, parcel(world, row))
    assert (order_row(world, row).status, balance(Account.DEPOSIT)) == ("delivered", 0)


def test_a_refund_by_hand_that_is_called_off_may_be_made_anew(world: World) -> None:
    offer(world)
    row = agreed(world, LANTERN=1)
    arrive(world, parcel(world, row))
    for _ in range(2):
        (refund_id,) = refund.refund(merchant_id=row.merchant_id, order_id=row.pk, by=None, now=LATER)
        called_off(merchant_id=row.merchant_id, refund_id=refund_id, by=world.owner, now=LATER)
    assert (balance(Account.CASH), balance(Account.RETURNS)) == (0, 0)


def test_a_return_of_an_order_paid_at_the_door_is_done_once_its_money_was_transferred(world: World) -> None:
    rules(world)
    site(world)
    offer(world)
    row = agreed(world, LANTERN=2)
    arrive(world, parcel(world, row))
    case = asked(world, row, 1)
    graded(world, case, Grade.A)
    decide(merchant_id=row.merchant_id, case_id=case.pk, chosen={}, by=world.owner, now=AT_DESK)
    waiting = Refund.objects.of(row.merchant_id).get()
    assert (case_row(world, case).state, waiting.status) == ("decided", "pending")
    transferred(merchant_id=row.merchant_id, refund_id=waiting.pk, reference="T1", by=world.owner, now=AT_DESK)
    from haitu.actions.returns.decide import finish_decided  # noqa: PLC0415  # beside its one use

    assert finish_decided(now=AT_DESK) == 1
    assert balance(Account.CASH) == -waiting.amount_minor


def test_a_shop_without_a_card_account_lives_on_cash_alone(world: World) -> None:
    offer(world)
    PaymentAccount.objects.of(world.merchant.pk).update(active=False)
    from haitu.actions.checkout import NothingToPayBy, Seen, place_order  # noqa: PLC0415  # beside their one use
    from tests.actions.buying import ANNA, LEIPZIG, see  # noqa: PLC0415

    basket = basket_of(world, LANTERN=1)
    seen = see(world, basket)

    def place(*, at_door: bool) -> int:
        return place_order(
            merchant=merchant_of(world),
            to=LEIPZIG,
            basket=basket,
            buyer=ANNA,
            seen_digest=seen.digest,
            seen=Seen.of(seen),
            cart_key="cash",
            channel="google",
            language="de",
            now=NOW,
            at_door=at_door,
        ).id

    with pytest.raises(NothingToPayBy):
        place(at_door=False)
    assert agree(merchant_id=world.merchant.pk, order_id=place(at_door=True), now=NOW)


def test_a_person_whose_order_is_to_be_paid_at_the_door_is_not_forgotten_yet(world: World) -> None:
    offer(world)
    row = agreed(world, LANTERN=1)
    assert row.customer_id is not None
    with pytest.raises(StillUnderway):
        forget_customer(merchant_id=row.merchant_id, customer_id=row.customer_id, by=None, now=LATER)
    arrive(world, parcel(world, row))
    rules(world)
    asked(world, row, 1)
    with pytest.raises(StillUnderway):
        forget_customer(merchant_id=row.merchant_id, customer_id=row.customer_id, by=None, now=LATER)


def test_the_way_of_an_order_paid_at_the_door_is_only_one_that_collects(world: World) -> None:
    offer(world)
    row = agreed(world, LANTERN=1)
    with pytest.raises(Refusal, match="collects no money"):
        overrule(
            merchant_id=row.merchant_id,
            order_id=row.pk,
            lane_id=world.lanes["SZX-DE"].pk,
            reason="I like it",
            by=world.owner,
            now=NOW,
        )
    end_offer(merchant_id=row.merchant_id, offer_id=CashOffer.objects.of(row.merchant_id).get().pk, by=None, now=LATER)
    arrive(world, parcel(world, row))  # what was agreed stands


# Pre-orders ----------------------------------------------------------------------------------------------------
def late_at_the_door(world: World) -> Order:
    """Two mugs that are late, to be paid at the door; five lie in Shenzhen."""
    offer(world)
    loading.departed(world)
    for warehouse, units in (("SZX", 45), ("LEJ", 1)):
        shelf = world.stocks["MUG", warehouse].pk
        stock.write_off(merchant_id=world.merchant.pk, stock_id=shelf, quantity=units, reason="", by=None, now=NOW)
    row = order_row(world, order(world, basket_of(world, MUG=2)))
    assert agree(merchant_id=row.merchant_id, order_id=row.pk, now=NOW)
    stock.receive(
        merchant_id=row.merchant_id,
        variant_id=world.variants["MUG"].pk,
        warehouse_id=world.warehouses["SZX"].pk,
        quantity=5,
        goods_value_minor=75_00,
        inbound_value_minor=0,
        reference="found",
        by=None,
        now=NOW,
    )
    return order_row(world, row)


def test_a_preorder_paid_at_the_door_is_not_served_by_a_lane_that_collects_nothing(world: World) -> None:
    row = late_at_the_door(world)
    with pytest.raises(NotElsewhere):
        serve_elsewhere(merchant=merchant_of(world), order_id=row.pk, by=None, now=NOW)
    offer(world, "SZX-DE")
    serve_elsewhere(merchant=merchant_of(world), order_id=row.pk, by=None, now=NOW)
    turn_back(world, parcel(world, row))
    assert order_row(world, row).status == "cancelled"


def test_goods_that_an_overruled_order_leaves_go_to_those_who_wait_for_them(world: World) -> None:
    loading.departed(world)
    shenzhen = world.stocks["MUG", "SZX"].pk
    stays = paid_order(world, basket_of(world, MUG=1), cart="there")
    assert stays.lines.get().warehouse_id == world.warehouses["LEJ"].pk
    stock.write_off(merchant_id=world.merchant.pk, stock_id=shenzhen, quantity=44, reason="", by=None, now=NOW)
    behind = paid_order(world, basket_of(world, MUG=2), cart="behind")  # one too many for the one that is left there
    waits = Reservation.objects.of(world.merchant.pk).get(line__order=behind)
    assert waits.afloat == 2
    overrule(
        merchant_id=stays.merchant_id,
        order_id=stays.pk,
        lane_id=world.lanes["SZX-DE"].pk,
        reason="Leipzig waits",
        by=world.owner,
        now=NOW,
    )
    waits.refresh_from_db()
    assert waits.afloat == 1
    assert Stock.objects.of(world.merchant.pk).get(pk=waits.stock_id).reserved == 1


# Returns -------------------------------------------------------------------------------------------------------
def test_goods_taken_back_by_hand_are_not_taken_back_again_by_the_return(world: World) -> None:
    rules(world)
    site(world)
    row = returning.delivered(world, LANTERN=1)
    case = asked(world, row, 1)
    graded(world, case, Grade.A)
    line = OrderLine.objects.of(row.merchant_id).get(order=row)
    take_back(
        merchant_id=row.merchant_id, order_id=row.pk, line_id=line.pk, quantity=1, restock=True, by=None, now=AT_DESK
    )
    with pytest.raises(NothingToReturn):
        decide(merchant_id=row.merchant_id, case_id=case.pk, chosen={}, by=world.owner, now=AT_DESK)
    assert case_row(world, case).state == "graded"


def test_a_piece_that_was_to_go_on_goes_to_who_waits_for_it_here(world: World) -> None:
    rules(world)
    site(world)
    row = returning.delivered(world, LANTERN=1)
    case = asked(world, row, 1)
    (piece,) = graded(world, case, Grade.A)
    on = next(each for each in piece.reckoned if each["fate"] == Fate.MOVE)
    shelf = Stock.objects.of(row.merchant_id).get(pk=world.stocks["LANTERN", "LEJ"].pk)
    stock.write_off(merchant_id=row.merchant_id, stock_id=shelf.pk, quantity=shelf.on_hand, reason="", by=None, now=NOW)
    waiting = paid_order(world, basket_of(world, LANTERN=1), cart="waits")
    promise = Reservation.objects.of(row.merchant_id).get(line__order=waiting)
    Reservation.objects.of(row.merchant_id).filter(pk=promise.pk).update(stock=shelf, afloat=1)
    Stock.objects.of(row.merchant_id).filter(pk=promise.stock_id).update(reserved=0)
    Stock.objects.of(row.merchant_id).filter(pk=shelf.pk).update(preordered=1, uncovered=1)
    chosen = {piece.pk: Chosen(f"move:{on['warehouse_id']}", "it sells there")}
    decide(merchant_id=row.merchant_id, case_id=case.pk, chosen=chosen, by=world.owner, now=AT_DESK)
    promise.refresh_from_db()
    assert (promise.afloat, Inbound.objects.of(row.merchant_id).count()) == (0, 0)


def test_second_choice_never_lies_under_another_products_sku(world: World) -> None:
    rules(world)
    lantern, mug = world.variants["LANTERN"], world.variants["MUG"]
    Variant.objects.create(
        merchant=world.merchant, product=mug.product, sku="LANTERN-B", list_price_minor=1, weight_g=1, position=9
    )
    made = second_choice(lantern, Grade.B, now=NOW)
    again = second_choice(lantern, Grade.B, now=NOW)
    assert (made.sku, made.product_id, again.pk) == ("LANTERN-B2", lantern.product_id, made.pk)
    assert second_choice(made, Grade.C, now=NOW).pk == made.pk
