"""Notices come twice, late, early, wrong and from strangers; money is booked once, and for what it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from haitu.actions import pay, stock
from haitu.actions.account import sealed
from haitu.actions.checkout import HOLD
from haitu.core.ledger import Account
from haitu.models import (
    Entry,
    Event,
    Letter,
    NoticeState,
    Payment,
    PaymentAccount,
    PaymentNotice,
    Refund,
    Reservation,
    Stock,
)
from haitu.reads.conservation import stock_problems
from tests.actions.buying import basket_of, hear, notice_of, order, order_row, paid_order, payment_of
from tests.world import NOW, World

LATE = NOW + HOLD + timedelta(minutes=1)


def kinds(world: World) -> list[str]:
    return list(Event.objects.of(world.merchant.pk).order_by("pk").values_list("kind", flat=True))


def balance(world: World, account: Account) -> int:
    entries = Entry.objects.of(world.merchant.pk).filter(book=2, account=account)
    return sum(entry.amount_minor for entry in entries)


def test_a_payment_moves_the_order_and_books_money_and_fee(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    assert (row.status, row.paid_minor) == ("paid", row.total_minor)
    assert balance(world, Account.CASH) == row.total_minor - 100
    assert balance(world, Account.PAYMENT_FEE) == 100
    assert balance(world, Account.DEPOSIT) == -row.total_minor
    assert [letter.kind for letter in Letter.objects.of(world.merchant.pk).all()] == ["paid"]


def test_the_same_notice_three_times_is_one_payment(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    notice = notice_of(payment_of(world, placed))
    assert [hear(world, notice) for _ in range(3)] == [NoticeState.DONE] * 3
    assert kinds(world) == ["placed", "paid"]
    assert PaymentNotice.objects.of(world.merchant.pk).count() == 1


def test_two_notices_about_the_same_payment_are_one_payment(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    payment = payment_of(world, placed)
    assert hear(world, notice_of(payment, name="evt_a")) == NoticeState.DONE
    assert hear(world, notice_of(payment, name="evt_b")) == NoticeState.DONE
    assert kinds(world) == ["placed", "paid"]
    assert order_row(world, placed).paid_minor == placed.total_minor


@pytest.mark.parametrize("wrong", [{"amount_minor": 1}, {"currency": "USD"}])
def test_a_wrong_amount_or_currency_is_refused_and_kept(world: World, wrong: dict[str, Any]) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    assert hear(world, notice_of(payment_of(world, placed), **wrong)) == NoticeState.REFUSED
    assert order_row(world, placed).status == "pending"
    assert kinds(world) == ["placed"]
    assert PaymentNotice.objects.of(world.merchant.pk).get().told.endswith("was asked.")


def test_another_merchants_account_has_no_effect(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    theirs = PaymentAccount.objects.create(
        merchant=world.other,
        provider="sandbox",
        token="acct_aoki",
        api_key_sealed=sealed("sk_test_aoki"),
        webhook_secret_sealed=sealed("whsec_test_aoki"),
        address="http://127.0.0.1:9",
    )
    notice_id = pay.keep(theirs, notice_of(payment_of(world, placed)), now=NOW)
    assert pay.confirm(merchant_id=world.other.pk, notice_id=notice_id, now=NOW) == NoticeState.REFUSED
    assert order_row(world, placed).status == "pending"


def test_a_failed_payment_leaves_the_order_waiting(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    assert hear(world, notice_of(payment_of(world, placed), "payment.failed", told="declined")) == NoticeState.DONE
    payment = payment_of(world, placed)
    assert (payment.status, payment.told, order_row(world, placed).status) == ("failed", "declined", "pending")


def test_a_failure_after_the_success_changes_nothing(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    payment = Payment.objects.of(world.merchant.pk).get(order=row)
    assert hear(world, notice_of(payment, "payment.failed")) == NoticeState.DONE
    payment.refresh_from_db()
    assert payment.status == "succeeded"
    assert kinds(world) == ["placed", "paid"]


def test_a_success_after_a_failure_counts(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    payment = payment_of(world, placed)
    hear(world, notice_of(payment, "payment.failed"))
    assert hear(world, notice_of(payment)) == NoticeState.DONE
    assert order_row(world, placed).status == "paid"


def test_a_refund_heard_before_its_payment_waits_for_it(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    payment = payment_of(world, placed)
    Payment.objects.of(world.merchant.pk).filter(pk=payment.pk).update(intent="pi_early")
    payment.refresh_from_db()
    early = notice_of(payment, "refund.succeeded", reference="by hand", amount_minor=500)
    assert hear(world, early) == NoticeState.WAITING
    assert hear(world, notice_of(payment)) == NoticeState.DONE
    assert pay.retry_waiting(now=NOW) == 1
    row = order_row(world, placed)
    assert (row.paid_minor, row.refunded_minor) == (placed.total_minor, 500)
    assert kinds(world) == ["placed", "paid", "refunded"]


def test_a_waiting_notice_is_given_up_after_a_week(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    Payment.objects.of(world.merchant.pk).update(intent="pi_early")
    hear(world, notice_of(payment_of(world, placed), "refund.succeeded", amount_minor=500))
    pay.retry_waiting(now=NOW + timedelta(days=8))
    assert PaymentNotice.objects.of(world.merchant.pk).get().state == NoticeState.REFUSED


def test_money_after_expiry_takes_the_goods_again_if_they_are_there(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    assert stock.release_expired(now=LATE) == 1
    assert order_row(world, placed).status == "expired"
    assert hear(world, notice_of(payment_of(world, placed)), now=LATE) == NoticeState.DONE
    assert order_row(world, placed).status == "paid"
    assert kinds(world) == ["placed", "expired", "revived", "paid"]
    assert Reservation.objects.of(world.merchant.pk).get().quantity == 2
    assert stock_problems() == ()


def test_money_after_expiry_goes_back_if_the_goods_are_sold(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    stock.release_expired(now=LATE)
    lej = world.stocks["LANTERN", "LEJ"]
    given = {"quantity": 19, "reason": "fire", "by": None, "now": LATE}
    stock.write_off(merchant_id=world.merchant.pk, stock_id=lej.pk, **given)  # type: ignore[arg-type]
    assert hear(world, notice_of(payment_of(world, placed)), now=LATE) == NoticeState.DONE
    row = order_row(world, placed)
    assert (row.status, row.paid_minor) == ("expired", placed.total_minor)
    refund = Refund.objects.of(world.merchant.pk).get(order=row)
    assert (refund.status, refund.amount_minor) == ("pending", placed.total_minor)
    assert refund.reason == "The payment came after the order had expired, and the goods are sold."
    back = notice_of(payment_of(world, placed), "refund.succeeded", reference=refund.token)
    assert hear(world, back, now=LATE) == NoticeState.DONE
    assert order_row(world, placed).refunded_minor == placed.total_minor
    assert (balance(world, Account.DEPOSIT), balance(world, Account.CASH)) == (0, -100)
    assert Stock.objects.of(world.merchant.pk).get(pk=lej.pk).reserved == 0


def test_an_order_paid_twice_gives_the_second_payment_back(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    first = Payment.objects.of(world.merchant.pk).get(order=row)
    second = Payment.objects.create(
        merchant=world.merchant,
        order=row,
        account=world.account,
        token="second",
        amount_minor=row.total_minor,
        currency=row.currency,
        created_at=NOW,
    )
    assert hear(world, notice_of(second)) == NoticeState.DONE
    refund = Refund.objects.of(world.merchant.pk).get(order=row)
    assert (refund.payment_id, refund.amount_minor) == (second.pk, row.total_minor)
    assert first.pk != second.pk
    assert order_row(world, row).status == "paid"


def test_an_unpaid_order_expires_once_and_returns_its_stock(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    assert stock.release_expired(now=NOW + HOLD - timedelta(seconds=1)) == 0
    assert [stock.release_expired(now=LATE) for _ in range(2)] == [1, 0]
    assert order_row(world, placed).status == "expired"
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk).reserved == 0
    assert sum(e.amount_minor for e in Entry.objects.of(world.merchant.pk).filter(book=1, account=1)) == 0
    assert stock_problems() == ()


def test_nothing_can_be_paid_after_the_time_is_over(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    with pytest.raises(pay.NothingToPay):
        pay.start(
            merchant_id=world.merchant.pk, order_id=placed.id, origin="http://x", return_url="http://x/", now=LATE
        )
