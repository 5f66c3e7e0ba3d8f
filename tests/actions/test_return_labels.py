"""The label of the way back: bought once, its cost in returns, a return that stays open whatever the carrier does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from haitu.actions import carrier_bills, track
from haitu.actions.labels import LabelUsed
from haitu.actions.record import audit_ledger, audit_orders
from haitu.actions.returns.decide import decide
from haitu.actions.returns.label import NoReturnLabel, ask_again, buy, follow, void
from haitu.core.ledger import Account, Book
from haitu.core.returns import Grade, Reason
from haitu.links.carriers import client
from haitu.links.carriers.protocol import CarrierSilent, InvoiceLine, from_json
from haitu.models import CarrierInvoiceLine, CaseState, Entry, Order, ReturnCase, ReturnLabel, ReturnLabelState, Waybill
from outside.carriers import sandbox
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.actions.returning import ASKED, HERE, asked, case_row, delivered, graded, rules, site
from tests.actions.shipping import KEY, account
from tests.world import World


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.001)
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


@pytest.fixture
def order(world: World, books: Books) -> Order:
    rules(world)
    site(world, account(world, books.own_address))
    return delivered(world)


def bought(world: World, case: ReturnCase) -> ReturnLabel:
    label_id = buy(merchant_id=world.merchant.pk, case_id=case.pk, now=ASKED)
    return ReturnLabel.objects.of(world.merchant.pk).get(pk=label_id)


def returns_of(world: World, order: Order) -> int:
    rows = Entry.objects.of(world.merchant.pk).filter(order_id=order.pk, account=Account.RETURNS, book=Book.ACTUAL)
    return sum(rows.values_list("amount_minor", flat=True))


def test_a_label_is_bought_once_however_often_it_is_asked_for(world: World, order: Order, books: Books) -> None:
    case = asked(world, order, 2)
    first, again = bought(world, case), bought(world, case)
    assert (first.pk, first.state, first.waybill) == (again.pk, ReturnLabelState.BOUGHT, again.waybill)
    assert ReturnLabel.objects.of(world.merchant.pk).count() == 1
    wanted = from_json(first.wanted)
    assert (wanted.sender.name, wanted.receiver.street, wanted.way_back) == ("Anna Schmidt", "Messe-Allee 1", True)
    assert (wanted.weight_g, wanted.customs[0].quantity) == (600, 2)
    # 600 g in the sandbox's standard service: 3.86 EUR, once.
    assert returns_of(world, order) == 386
    assert Waybill.objects.of(world.merchant.pk).get(number=first.waybill).shipment_id is None
    problems = [*audit_ledger().problems, *audit_orders(world.merchant.pk)]
    assert [problem.told for problem in problems] == []


def test_what_the_label_cost_comes_off_the_refund_and_never_more(world: World, order: Order) -> None:
    case = asked(world, order, 3)
    label = bought(world, case)
    graded(world, case, Grade.A, Grade.A, Grade.A)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert (case.label_minor, label.cost_minor) == (390, 404)  # 900 g
    assert case_row(world, case).refund_minor == order.total_minor - 390


def test_at_fault_the_way_back_is_ours(world: World, order: Order) -> None:
    case = asked(world, order, 3, reason=Reason.WRONG)
    bought(world, case)
    graded(world, case, Grade.A, Grade.A, Grade.A)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert case_row(world, case).refund_minor == order.total_minor


def test_a_silent_carrier_leaves_the_return_open_and_is_asked_again(world: World, order: Order, books: Books) -> None:
    case = asked(world, order, 1)
    books.mischief.lose_answer = client.TRIES
    with pytest.raises(CarrierSilent):
        bought(world, case)
    waiting = ReturnLabel.objects.of(world.merchant.pk).get()
    assert (waiting.state, case_row(world, case).state) == (ReturnLabelState.WANTED, CaseState.APPROVED)
    assert returns_of(world, order) == 0
    books.mischief.lose_answer = 0
    client.forget()
    assert ask_again(now=ASKED + timedelta(minutes=5)) == 1
    assert ReturnLabel.objects.of(world.merchant.pk).get().state == ReturnLabelState.BOUGHT
    assert len(books.orders) == 1  # what was asked for in vain and again is one waybill


def test_without_a_carrier_there_is_no_label_and_the_return_stays_open(world: World) -> None:
    rules(world)
    site(world)
    case = asked(world, delivered(world), 1)
    with pytest.raises(NoReturnLabel):
        bought(world, case)
    assert case_row(world, case).state == CaseState.APPROVED


def test_a_return_is_on_its_way_once_its_carrier_has_scanned_it(world: World, order: Order) -> None:
    case = asked(world, order, 1)
    label = bought(world, case)
    assert follow(now=HERE) == 0
    rows = Waybill.objects.of(world.merchant.pk).filter(number=label.waybill)
    rows.update(state="in_transit")
    assert (follow(now=HERE), follow(now=HERE)) == (1, 0)
    assert case_row(world, case).state == CaseState.ON_WAY
    assert track.settle_arrivals(now=HERE) == 0  # no parcel of ours arrives by it


def voided(world: World, case: ReturnCase) -> None:
    void(merchant_id=world.merchant.pk, case_id=case.pk, by=world.packer, now=ASKED)


def test_a_label_nobody_used_is_voided_its_cost_taken_back_and_another_may_be_bought(
    world: World, order: Order
) -> None:
    case = asked(world, order, 2)
    first = bought(world, case)
    for _ in range(2):
        voided(world, case)
    assert returns_of(world, order) == 0
    second = bought(world, case)
    first.refresh_from_db()
    assert (first.state, second.state, second.pk == first.pk) == ("voided", "bought", False)
    assert returns_of(world, order) == 386
    assert audit_ledger().problems == ()


def test_a_label_the_carrier_has_scanned_is_not_voided(world: World, order: Order) -> None:
    case = asked(world, order, 2)
    label = bought(world, case)
    Waybill.objects.of(world.merchant.pk).filter(number=label.waybill).update(state="in_transit")
    with pytest.raises(LabelUsed):
        voided(world, case)
    assert returns_of(world, order) == 386


def test_the_carriers_bill_for_a_way_back_is_matched_and_what_differs_is_booked_under_returns(
    world: World, order: Order
) -> None:
    label = bought(world, asked(world, order, 2))

    def bill(number: str, minor: int, kind: str) -> list[str]:
        line = InvoiceLine(waybill=label.waybill, billed_minor=minor, currency="EUR", kind=kind)
        invoice_id = carrier_bills.receive_invoice(
            merchant_id=world.merchant.pk,
            account_id=label.account_id,
            number=number,
            currency="EUR",
            on=HERE.date(),
            lines=[line],
            by=world.owner,
            now=HERE,
        )
        rows = CarrierInvoiceLine.objects.of(world.merchant.pk).filter(invoice_id=invoice_id)
        assert carrier_bills.book(merchant_id=world.merchant.pk, invoice_id=invoice_id, by=None, now=HERE) == 0
        return list(rows.values_list("verdict", flat=True))

    assert (bill("1", 386, "freight"), returns_of(world, order)) == (["matched"], 386)
    assert (bill("2", 386, "freight"), returns_of(world, order)) == (["repeated"], 386)
    assert (bill("3", 120, "oversize"), returns_of(world, order)) == (["differing"], 506)
    assert audit_ledger().problems == ()
