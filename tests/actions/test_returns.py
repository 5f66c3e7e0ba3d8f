"""Returns: asked for within the days, graded, decided by contribution; goods, money and ledger agree."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from haitu.actions.record import audit_ledger, audit_orders
from haitu.actions.returns import NothingToReturn
from haitu.actions.returns.ask import NothingAsked, Wish, ask, cancel, say_sent
from haitu.actions.returns.decide import Chosen, NoSuchWay, WhyNotBest, decide, finish
from haitu.actions.returns.receive import (
    Graded,
    NotGraded,
    WhyRefused,
    WrongReturnStep,
    approve,
    grade,
    receive,
    refuse,
)
from haitu.core.ledger import Account
from haitu.core.returns import Grade, NotTakenBack, Reason, TooLate
from haitu.models import (
    Audit,
    CaseState,
    Entry,
    Inbound,
    Letter,
    Order,
    OrderLine,
    Refund,
    ReturnCase,
    ReturnExclusion,
    ReturnPiece,
    Stock,
    Variant,
)
from haitu.reads.conservation import stock_problems
from tests.actions.buying import order_row
from tests.actions.returning import ARRIVED, ASKED, HERE, asked, case_row, delivered, graded, here, rules, site
from tests.world import World


@pytest.fixture
def order(world: World) -> Order:
    """Anna's three lanterns, with her since Monday; returns of Germany go to Leipzig."""
    rules(world)
    site(world)
    return delivered(world)


def letters(world: World) -> list[str]:
    rows = Letter.objects.of(world.merchant.pk).filter(kind__startswith="return").order_by("pk")
    return list(rows.values_list("kind", flat=True))


def on_hand(world: World, sku: str, warehouse: str = "LEJ") -> int:
    row = Stock.objects.of(world.merchant.pk).filter(variant__sku=sku, warehouse__code=warehouse).first()
    return row.on_hand if row else 0


def returns_of(world: World, order: Order) -> int:
    """What stands in returns of the order, in its currency."""
    rows = Entry.objects.of(world.merchant.pk).filter(order_id=order.pk, account=Account.RETURNS)
    return sum(rows.values_list("amount_minor", flat=True))


def nothing_is_wrong(world: World) -> None:
    problems: list[Any] = [*audit_ledger().problems, *audit_orders(world.merchant.pk), *stock_problems()]
    assert [problem.told for problem in problems] == []


def inventory(world: World) -> tuple[int, int]:
    """What the ledger says the goods are worth, and what the shelves say; both as changes are booked in base."""
    booked = Entry.objects.of(world.merchant.pk).filter(account=Account.INVENTORY).values_list("base_minor", flat=True)
    rows = Stock.objects.of(world.merchant.pk).values_list("goods_value_minor", "inbound_value_minor")
    return sum(booked), sum(map(sum, rows))


# Asking ------------------------------------------------------------------------------------------------------
def test_a_return_asked_for_twice_with_one_form_is_one(world: World, order: Order) -> None:
    first, again = asked(world, order, 2), asked(world, order, 2)
    assert (first.pk, first.number, first.state) == (again.pk, f"R{order.number}-1", CaseState.APPROVED)
    assert ReturnPiece.objects.of(world.merchant.pk).count() == 2
    assert letters(world) == ["return_asked"]
    assert case_row(world, first).address == {
        "name": "Hengda",
        "street": "Messe-Allee 1",
        "city": "Leipzig",
        "country": "DE",
        "postcode": "04356",
    }


def test_no_more_can_be_asked_back_than_is_with_the_buyer(world: World, order: Order) -> None:
    asked(world, order, 2)
    with pytest.raises(NothingToReturn) as no:
        asked(world, order, 2, key="other")
    assert no.value.given == {"quantity": 2, "away": 1}
    with pytest.raises(NothingAsked):
        ask(merchant_id=world.merchant.pk, order_id=order.pk, wishes=[], key="none", now=ASKED)


def test_the_fourteenth_day_is_in_time_and_the_fifteenth_is_not(world: World, order: Order) -> None:
    with pytest.raises(TooLate):
        asked(world, order, 1, now=ARRIVED + timedelta(days=15))
    asked(world, order, 1, now=ARRIVED + timedelta(days=14))
    asked(world, order, 1, reason=Reason.FAULTY, key="later", now=ARRIVED + timedelta(days=15))


def test_what_is_excluded_is_not_taken_back_unless_we_are_at_fault(world: World, order: Order) -> None:
    lantern = world.variants["LANTERN"]
    ReturnExclusion.objects.create(merchant=world.merchant, product=lantern.product, kind="hygiene")
    with pytest.raises(NotTakenBack):
        asked(world, order)
    asked(world, order, reason=Reason.WRONG)


def test_another_merchant_s_order_cannot_be_asked_back(world: World, order: Order) -> None:
    line = OrderLine.objects.of(world.merchant.pk).get(order=order)
    wish = Wish(line_id=line.pk, quantity=1, reason=Reason.UNWANTED)
    with pytest.raises(Exception, match="There is no such order"):
        ask(merchant_id=world.other.pk, order_id=order.pk, wishes=[wish], key="k", now=ASKED)


def test_a_fault_waits_for_a_person_where_the_merchant_says_so_a_withdrawal_never(world: World) -> None:
    rules(world, by_hand=True)
    site(world)
    order = delivered(world)
    assert asked(world, order, 1).state == CaseState.APPROVED
    waiting = asked(world, order, 1, reason=Reason.FAULTY, key="fault")
    assert (waiting.state, waiting.label_minor) == (CaseState.ASKED, 0)
    approve(merchant_id=world.merchant.pk, case_id=waiting.pk, by=world.owner, now=ASKED)
    approve(merchant_id=world.merchant.pk, case_id=waiting.pk, by=world.owner, now=ASKED)
    assert case_row(world, waiting).state == CaseState.APPROVED
    refused = asked(world, order, 1, reason=Reason.FAULTY, key="no")
    with pytest.raises(WhyRefused):
        refuse(merchant_id=world.merchant.pk, case_id=refused.pk, told=" ", by=world.owner, now=ASKED)
    refuse(merchant_id=world.merchant.pk, case_id=refused.pk, told="It was used.", by=world.owner, now=ASKED)
    assert letters(world) == ["return_asked", "return_asked", "return_asked", "return_asked", "return_refused"]
    asked(world, order, 1, key="again")  # what was refused may be asked for again


def test_a_buyer_may_keep_it_until_it_has_been_sent(world: World, order: Order) -> None:
    case = asked(world, order)
    say_sent(merchant_id=world.merchant.pk, case_id=case.pk, tracking="DHL 1", now=ASKED)
    cancel(merchant_id=world.merchant.pk, case_id=case.pk, now=ASKED)
    assert (case_row(world, case).state, case_row(world, case).tracking) == (CaseState.ON_WAY, "DHL 1")
    other = asked(world, order, 1, key="other")
    cancel(merchant_id=world.merchant.pk, case_id=other.pk, now=ASKED)
    assert case_row(world, other).state == CaseState.CANCELLED


# Grading -----------------------------------------------------------------------------------------------------
def test_a_return_comes_once_and_is_graded_once_it_is_here(world: World, order: Order) -> None:
    case = asked(world, order)
    with pytest.raises(WrongReturnStep):
        grade(merchant_id=world.merchant.pk, case_id=case.pk, grades={}, by=world.packer, now=HERE)
    here(world, case)
    here(world, case)
    assert letters(world) == ["return_asked", "return_received"]
    first, second = ReturnPiece.objects.of(world.merchant.pk).filter(case=case).order_by("pk")
    given = {"merchant_id": world.merchant.pk, "case_id": case.pk, "by": world.packer, "now": HERE}
    grade(grades={first.pk: Graded(Grade.A)}, **given)  # type: ignore[arg-type]  # the given ones
    assert case_row(world, case).state == CaseState.RECEIVED
    grade(grades={second.pk: Graded(Grade.C, "dented")}, **given)  # type: ignore[arg-type]  # the given ones
    grade(grades={second.pk: Graded(Grade.C, "dented")}, **given)  # type: ignore[arg-type]  # the given ones
    assert case_row(world, case).state == CaseState.GRADED
    assert Audit.objects.of(world.merchant.pk).filter(action="return.grade").count() == 2
    with pytest.raises(NotGraded):
        grade(grades={0: Graded(Grade.A)}, **given)  # type: ignore[arg-type]  # the given ones


def test_each_way_is_shown_with_its_sum_and_the_best_comes_first(world: World, order: Order) -> None:
    piece, _ = graded(world, asked(world, order), Grade.A, Grade.A)
    # 21.99 EUR less 19 % tax = 18.48 EUR = 147.84 CNY; a lantern's 2.4 litres for 30 days cost 1 fen at 0.60 USD a
    # cubic metre and day in thousandths; ten lanterns by air 25.00 + 40 x 4.00 ...
    assert [(way["fate"], way["warehouse"]) for way in piece.reckoned[:2]] == [("resell", "LEJ"), ("move", "SZX")]
    best = piece.reckoned[0]
    assert (best["price_minor"], best["selling_minor"], best["handling_minor"]) == (147_84, 14_78, 4_00)
    assert [way["fate"] for way in piece.reckoned[2:]] == ["destroy", "donate"]


# Deciding ----------------------------------------------------------------------------------------------------
def test_what_is_as_new_lies_on_the_shelf_again_and_its_money_goes_back(world: World, order: Order) -> None:
    before, worth = on_hand(world, "LANTERN"), inventory(world)
    case = asked(world, order, 3)
    graded(world, case, Grade.A, Grade.A, Grade.A)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert on_hand(world, "LANTERN") == before + 3
    assert case_row(world, case).refund_minor == order.total_minor  # the whole order: with what delivery cost
    assert Refund.objects.of(world.merchant.pk).filter(order=order).count() == 1
    assert OrderLine.objects.of(world.merchant.pk).get(order=order).returned == 3
    booked, lying = inventory(world)
    assert booked - worth[0] == lying - worth[1]
    nothing_is_wrong(world)


def test_second_choice_lies_apart_off_sale_and_part_of_its_worth_is_lost(world: World, order: Order) -> None:
    before, worth = on_hand(world, "LANTERN"), inventory(world)
    case = asked(world, order, 2)
    graded(world, case, Grade.B, Grade.C)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert (on_hand(world, "LANTERN"), on_hand(world, "LANTERN-B"), on_hand(world, "LANTERN-C")) == (before, 1, 1)
    second = Variant.objects.of(world.merchant.pk).get(sku="LANTERN-B")
    assert (second.active, second.list_price_minor, second.options["condition"]) == (False, 14_00, "B")
    booked, lying = inventory(world)
    assert booked - worth[0] == lying - worth[1]
    nothing_is_wrong(world)


def test_for_a_damaged_piece_half_comes_back_for_a_missing_one_nothing(world: World, order: Order) -> None:
    case = asked(world, order, 2)
    _, missing = graded(world, case, Grade.C, Grade.D)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    kept = {piece.grade: (piece.refund_minor, piece.kept) for piece in ReturnPiece.objects.of(world.merchant.pk).all()}
    assert kept["D"] == (0, [["nothing_came", 0]])
    paid = order.goods_minor // 3
    assert kept["C"][1][0] == ["kept_for_wear", (paid + 1) // 2]
    assert kept["C"][0] == paid - (paid + 1) // 2
    assert OrderLine.objects.of(world.merchant.pk).get(order=order).returned == 1
    assert ReturnPiece.objects.of(world.merchant.pk).get(pk=missing.pk).booked is None
    nothing_is_wrong(world)


def test_at_fault_we_give_all_back_whatever_the_grade(world: World, order: Order) -> None:
    case = asked(world, order, 3, reason=Reason.DAMAGED)
    graded(world, case, Grade.C, Grade.C, Grade.C)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert case_row(world, case).refund_minor == order.total_minor


def test_never_more_goes_back_than_is_left_of_the_payment(world: World, order: Order) -> None:
    from haitu.actions.refund import refund, refundable  # noqa: PLC0415  # the one test that gives money back first

    refund(
        merchant_id=world.merchant.pk,
        order_id=order.pk,
        amount_minor=order.total_minor - 100,
        by=world.owner,
        now=ASKED,
    )
    case = asked(world, order, 3)
    graded(world, case, Grade.A, Grade.A, Grade.A)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert (case_row(world, case).refund_minor, refundable(order_row(world, order))) == (100, 0)


def test_another_way_than_the_best_needs_a_reason_and_one_that_was_shown(world: World, order: Order) -> None:
    case = asked(world, order, 1)
    (piece,) = graded(world, case, Grade.A)
    given = {"merchant_id": world.merchant.pk, "case_id": case.pk, "by": world.owner, "now": HERE}
    with pytest.raises(WhyNotBest):
        decide(chosen={piece.pk: Chosen("destroy:")}, **given)  # type: ignore[arg-type]  # the given ones
    with pytest.raises(NoSuchWay):
        decide(chosen={piece.pk: Chosen("resell:99")}, **given)  # type: ignore[arg-type]  # the given ones
    decide(chosen={piece.pk: Chosen("destroy:", "It smells.")}, **given)  # type: ignore[arg-type]  # the given ones
    kept = ReturnPiece.objects.of(world.merchant.pk).get(pk=piece.pk)
    assert (kept.fate, kept.overruled) == ("destroy", "It smells.")
    nothing_is_wrong(world)


def test_what_is_destroyed_costs_its_worth_its_fee_and_its_handling_in_returns(world: World, order: Order) -> None:
    before = returns_of(world, order)
    case = asked(world, order, 1)
    (piece,) = graded(world, case, Grade.C)
    chosen = {piece.pk: Chosen("destroy:", "Broken glass.")}
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen=chosen, by=world.owner, now=HERE)
    worth = 46_00 // 8  # goods and way in, 46.00 CNY, at 8 CNY a euro
    fees = 6_00 // 8
    assert returns_of(world, order) - before == worth + fees
    nothing_is_wrong(world)


def test_what_goes_home_is_a_load_from_the_returns_site(world: World, order: Order) -> None:
    case = asked(world, order, 2)
    pieces = graded(world, case, Grade.A, Grade.A)
    szx = world.warehouses["SZX"].pk
    chosen = {piece.pk: Chosen(f"move:{szx}", "Overstocked in Leipzig.") for piece in pieces}
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen=chosen, by=world.owner, now=HERE)
    load = Inbound.objects.of(world.merchant.pk).get()
    assert (load.origin_id, load.to_id, load.reference) == (world.warehouses["LEJ"].pk, szx, case.number)
    assert [line.quantity for line in load.lines.all()] == [2]
    assert load.freight_minor == 2 * pieces[0].reckoned[1]["lane_minor"]


def test_a_return_ends_when_its_money_has_gone_back(world: World, order: Order) -> None:
    from haitu.actions.refund import settle  # noqa: PLC0415  # the provider's word, here alone

    case = asked(world, order, 1)
    graded(world, case, Grade.A)
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert case_row(world, case).state == CaseState.DECIDED
    assert not finish(merchant_id=world.merchant.pk, case_id=case.pk, now=HERE)
    (refund_id,) = case_row(world, case).refunds
    settle(merchant_id=world.merchant.pk, refund_id=refund_id, succeeded=True, told="", now=HERE)
    assert finish(merchant_id=world.merchant.pk, case_id=case.pk, now=HERE)
    assert case_row(world, case).state == CaseState.DONE
    nothing_is_wrong(world)


def test_of_a_decision_that_fails_nothing_is_left(world: World, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    case = asked(world, order, 2)
    graded(world, case, Grade.A, Grade.B)
    before = (inventory(world), returns_of(world, order), on_hand(world, "LANTERN"))

    def dies(*_given: object, **_named: object) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as broken:
        broken.setattr("haitu.actions.returns.decide.open_refunds", dies)
        with pytest.raises(ConnectionError):
            decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert (inventory(world), returns_of(world, order), on_hand(world, "LANTERN")) == before
    assert case_row(world, case).state == CaseState.GRADED
    decide(merchant_id=world.merchant.pk, case_id=case.pk, chosen={}, by=world.owner, now=HERE)
    assert on_hand(world, "LANTERN") == before[2] + 1
    nothing_is_wrong(world)
    assert connection.in_atomic_block  # the test's own


def test_a_return_that_is_received_stays_out_of_other_merchants_reach(world: World, order: Order) -> None:
    case = asked(world, order, 1)
    with pytest.raises(Exception, match="There is no such return"):
        receive(merchant_id=world.other.pk, case_id=case.pk, by=world.stranger, now=HERE)
    assert ReturnCase.objects.of(world.other.pk).count() == 0
