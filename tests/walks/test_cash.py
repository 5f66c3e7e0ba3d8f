"""Cash on delivery from the checkout to the carrier's statement: paid, refused, handed over short, told twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haitu.actions import cash, fulfil, refused, remittance
from haitu.actions.cancel import cancel
from haitu.actions.cash_offer import BadCashOffer, end_offer, offer_cash
from haitu.actions.record import audit_ledger, audit_orders
from haitu.core.cash import CashNotOffered, CashTerms
from haitu.core.ledger import Account, Book
from haitu.links.carriers.cash_file import parse_cash
from haitu.models import (
    CashLine,
    CashOffer,
    CashParcel,
    Entry,
    Event,
    Order,
    Payment,
    Reservation,
    Shipment,
    Stock,
)
from haitu.reads import cash as offers
from haitu.reads import quote as quotes
from haitu.reads.conservation import stock_problems
from haitu.reads.desk.compared import compared
from haitu.reads.parcel import wanted_of
from tests.actions.buying import basket_of, merchant_of, order, order_row, see
from tests.world import NOW, World

SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(days=3)
TERMS = CashTerms(
    currency="EUR",
    fee_fixed_minor=100,
    fee_bp=200,
    limit_minor=300_00,
    remittance_days=7,
    refusal_fee_minor=150,
    refused_bp=1000,
)


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes and offers."""
    quotes._kept.clear()
    offers._kept.clear()


def offer(world: World, *lanes: str, terms: CashTerms = TERMS) -> None:
    offer_cash(
        merchant_id=world.merchant.pk,
        market_id=world.markets["DE"].pk,
        lane_ids=[world.lanes[lane].pk for lane in lanes or ("LEJ-DE",)],
        terms=terms,
        valid_from=NOW.date(),
        by=world.owner,
        now=NOW,
    )


def agreed(world: World, cart: str = "one", **units: int) -> Order:
    placed = order(world, basket_of(world, **(units or {"LANTERN": 2})), cart=cart)
    cash.agree(merchant_id=world.merchant.pk, order_id=placed.id, now=NOW)
    return order_row(world, placed)


def shipped(world: World, row: Order, tracking: str = "WB1") -> Shipment:
    (made,) = fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, tracking=tracking, by=None, now=SOON)
    return Shipment.objects.of(world.merchant.pk).get(pk=made)


def delivered(world: World, parcel: Shipment) -> CashParcel:
    fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=parcel.pk, by=None, now=LATER)
    return CashParcel.objects.of(world.merchant.pk).get(shipment=parcel)


def balance(account: Account) -> int:
    rows = Entry.everyone.filter(book=Book.ACTUAL, account=account)
    return sum(rows.values_list("amount_minor", flat=True))


def remit(world: World, text: str, number: str = "R1") -> list[tuple[str, str]]:
    raw = text.encode()
    lines, problems = parse_cash("list.csv", raw, "EUR")
    assert problems == ()
    statement = remittance.receive_statement(
        merchant_id=world.merchant.pk,
        carrier="LEJ-DE",
        number=number,
        currency="EUR",
        raw=raw,
        lines=lines,
        by=world.owner,
        now=LATER,
    )
    rows = CashLine.objects.of(world.merchant.pk).filter(statement_id=statement).order_by("position")
    return [(row.waybill, row.verdict) for row in rows]


def assert_the_books_hold(world: World) -> None:
    assert audit_ledger().problems == ()
    assert audit_orders(world.merchant.pk) == ()
    assert stock_problems() == ()


def test_placed_shipped_delivered_and_handed_over(world: World) -> None:
    offer(world)
    row = agreed(world)
    assert (row.status, row.expires_at, row.paid_minor) == ("accepted", None, 0)
    assert Payment.objects.of(world.merchant.pk).count() == 0
    assert sum(Reservation.objects.of(world.merchant.pk).values_list("quantity", flat=True)) == 2
    parcel = shipped(world, row)
    asked = CashParcel.objects.of(world.merchant.pk).get(shipment=parcel)
    fee = 100 + round(row.total_minor * 0.02)
    assert (asked.amount_minor, asked.fee_minor) == (row.total_minor, fee)
    assert balance(Account.DEPOSIT) == row.total_minor  # what the buyer owes
    owed = delivered(world, parcel)
    assert (owed.state, owed.due_on) == ("owed", LATER.date() + timedelta(7))
    assert balance(Account.DEPOSIT) == 0
    assert balance(Account.CARRIER_CASH) == row.total_minor - fee
    assert balance(Account.PAYMENT_FEE) == fee
    row.refresh_from_db()
    assert (row.status, row.paid_minor) == ("delivered", row.total_minor)
    net = f"{(row.total_minor - fee) / 100:.2f}"
    assert remit(world, f"waybill,net\nWB1,{net}\n") == [("WB1", "matched")]
    owed.refresh_from_db()
    assert owed.state == "settled"
    assert (balance(Account.CARRIER_CASH), balance(Account.CASH)) == (0, row.total_minor - fee)
    assert_the_books_hold(world)


def test_the_same_statement_twice_books_once_and_a_settled_parcel_is_told_as_repeated(world: World) -> None:
    offer(world)
    row = agreed(world)
    owed = delivered(world, shipped(world, row))
    text = f"运单号,返款金额\nWB1,{(owed.amount_minor - owed.fee_minor) / 100:.2f}\n"
    assert remit(world, text) == [("WB1", "matched")]
    assert remit(world, text, number="R1 again") == [("WB1", "matched")]
    assert remit(world, text + "\n", number="R2") == [("WB1", "repeated")]
    with pytest.raises(remittance.StatementRepeated):
        remit(world, text + "WB9,1.00\n")
    assert Event.objects.of(world.merchant.pk).filter(kind="remitted").count() == 1
    assert_the_books_hold(world)


def test_what_is_handed_over_short_stays_owed_and_is_claimed_until_the_rest_comes(world: World) -> None:
    offer(world)
    owed = delivered(world, shipped(world, agreed(world)))
    net = owed.amount_minor - owed.fee_minor
    text = f"waybill,net\nWB1,{(net - 500) / 100:.2f}\nSTRANGER,3.00\n"
    assert remit(world, text) == [("WB1", "differing"), ("STRANGER", "unknown")]
    assert balance(Account.CARRIER_CASH) == 500
    line = CashLine.objects.of(world.merchant.pk).get(verdict="differing")
    assert remittance.claimable_minor(line) == 500
    claims = [
        remittance.claim(merchant_id=world.merchant.pk, statement_id=line.statement_id, by=world.owner, now=LATER)
        for _ in range(2)
    ]
    assert claims == [1, 0]
    assert remit(world, "waybill,net\nWB1,5.00\n", number="R2") == [("WB1", "matched")]
    owed.refresh_from_db()
    assert (owed.state, balance(Account.CARRIER_CASH)) == ("settled", 0)
    assert_the_books_hold(world)


def test_refused_at_the_door_the_sale_is_undone_and_the_goods_come_back(world: World) -> None:
    offer(world)
    row = agreed(world)
    parcel = shipped(world, row)
    shelf = world.stocks["LANTERN", "LEJ"]
    assert [refused.refuse(merchant_id=row.merchant_id, shipment_id=parcel.pk, by=None, now=LATER) for _ in "ab"] == [
        True,
        False,
    ]
    row.refresh_from_db()
    assert (row.status, row.paid_minor) == ("cancelled", 0)
    assert (balance(Account.PRICE), balance(Account.TAX), balance(Account.DEPOSIT)) == (0, 0, 0)
    assert (balance(Account.PAYMENT_FEE), balance(Account.CARRIER_CASH)) == (150, -150)
    for _ in range(2):
        refused.came_back(
            merchant_id=row.merchant_id, shipment_id=parcel.pk, restock=True, freight_minor=400, by=None, now=LATER
        )
    shelf.refresh_from_db()
    assert (shelf.on_hand, shelf.reserved) == (20, 0)
    assert balance(Account.GOODS) == 0
    assert balance(Account.LAST_MILE) == parcel.quoted_minor + 400
    assert_the_books_hold(world)


def test_what_was_paid_for_cannot_be_refused_and_the_other_way_round(world: World) -> None:
    offer(world)
    first, second = shipped(world, agreed(world)), shipped(world, agreed(world, "two"), "WB2")
    delivered(world, first)
    with pytest.raises(refused.NotAtTheDoor):
        refused.refuse(merchant_id=world.merchant.pk, shipment_id=first.pk, by=None, now=LATER)
    refused.refuse(merchant_id=world.merchant.pk, shipment_id=second.pk, by=None, now=LATER)
    arrivals = {second.pk: LATER}  # "delivered", says the carrier: to us
    assert fulfil.deliver_many(merchant_id=world.merchant.pk, arrivals=arrivals, now=LATER) == 0
    assert_the_books_hold(world)


def test_it_is_off_unless_offered_and_up_to_the_limit_only(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    with pytest.raises(CashNotOffered):
        cash.agree(merchant_id=world.merchant.pk, order_id=placed.id, now=NOW)
    assert order_row(world, placed).status == "pending"
    offer(world, terms=CashTerms(currency="EUR", limit_minor=10_00))
    with pytest.raises(CashNotOffered):
        cash.agree(merchant_id=world.merchant.pk, order_id=placed.id, now=NOW)
    with pytest.raises(BadCashOffer):
        offer(world)  # one beginning a day
    end_offer(
        merchant_id=world.merchant.pk,
        offer_id=CashOffer.objects.of(world.merchant.pk).get().pk,
        by=world.owner,
        now=NOW,
    )
    offer(world)
    shown = see(world, basket_of(world, LANTERN=1))
    assert offers.cash_for(shown, offers.cash_terms(merchant_of(world), "DE", on=NOW.date()))
    assert cash.agree(merchant_id=world.merchant.pk, order_id=placed.id, now=NOW)
    assert not cash.agree(merchant_id=world.merchant.pk, order_id=placed.id, now=NOW)


def test_the_quote_holds_the_carriers_fee_and_what_refusals_cost_and_cancelling_takes_all_of_it_back(
    world: World,
) -> None:
    offer(world)
    row = agreed(world)
    quoted = Entry.everyone.filter(book=Book.QUOTED, order_id=row.pk)
    fee = sum(quoted.filter(account=Account.PAYMENT_FEE).values_list("amount_minor", flat=True))
    assert fee == 100 + round(row.total_minor * 0.02)
    steps = [sum(quoted.filter(account=step).values_list("amount_minor", flat=True)) for step in range(1, 13)]
    shown = compared(row.merchant_id, row).quoted
    assert shown is not None
    assert shown.as_list() == [-steps[0], *steps[1:]]  # the page and the books say the same
    lost = Event.objects.of(world.merchant.pk).get(kind="cash_agreed").payload["postings"]
    assert len(lost) == 1
    returns = sum(quoted.filter(account=Account.RETURNS).values_list("amount_minor", flat=True))
    assert returns > row.goods_minor * 2 // 100  # the market's 2 % and the tenth that is refused
    cancel(merchant_id=world.merchant.pk, order_id=row.pk, by=None, now=SOON)
    left = dict.fromkeys(set(quoted.values_list("account", flat=True)), 0)
    for account, amount in quoted.values_list("account", "amount_minor"):
        left[account] += amount
    assert set(left.values()) == {0}
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk).reserved == 0
    assert_the_books_hold(world)


def test_the_label_tells_the_carrier_how_much_to_collect(world: World) -> None:
    from tests.actions.shipping import account  # noqa: PLC0415  # beside the one test that needs it

    offer(world)
    row = agreed(world)
    parcel = shipped(world, row, "")
    at = account(world)
    wanted = wanted_of(parcel, at, reference="r", service="", box=None)
    assert (wanted.cash_minor, wanted.currency) == (row.total_minor, "EUR")


def test_a_list_s_bad_rows_are_told_and_the_good_ones_read() -> None:
    text = "运单号,代收货款,手续费\nWB1,10.00,1.00\n,5.00,0\nWB3,abc,0\n"
    lines, problems = parse_cash("list.csv", text.encode(), "EUR")
    assert [(line.waybill, line.remitted_minor) for line in lines] == [("WB1", 900)]
    assert [(problem.line, problem.column) for problem in problems] == [(3, "waybill"), (4, "collected")]
