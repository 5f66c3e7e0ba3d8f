"""Payments: opened at the provider after the order is safe, and settled by notices that may repeat, lie or come late.

A notice is first kept, then worked off; what cannot be worked off yet waits, and the clockwork tries it again.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from haitu.actions.account import Account, account_of, provider_of, webhook_secret_of
from haitu.actions.again import promised_again
from haitu.actions.letters import write
from haitu.actions.order import dims_of, lines_of, locked, placed_postings, quoted_by_line
from haitu.actions.paid import fee_over, settle_at_once, written
from haitu.actions.record import record
from haitu.actions.refund import LineShare, open_refund, settle
from haitu.actions.reserve import reserve
from haitu.core.errors import Refusal
from haitu.core.events import OrderStatus, Paid, PaymentFailed, Posting, Revived
from haitu.core.money import display
from haitu.links.payment.protocol import Notice, PaymentWanted, ProviderRefused, ProviderSilent, Standing
from haitu.models import (
    NoticeState,
    Order,
    Payment,
    PaymentAccount,
    PaymentNotice,
    PaymentStatus,
    Refund,
    RefundStatus,
    Reservation,
)

log = logging.getLogger(__name__)
SILENT_AFTER = timedelta(seconds=90)  # then we ask instead of waiting for a notice
ASK_FOR = timedelta(hours=2)
WAIT_FOR = timedelta(days=7)  # a notice about something we do not know by then is refused


class NothingToPay(Refusal):
    """The order is paid, expired or cancelled; a new payment cannot be started for it."""

    code = "nothing_to_pay"


class NoSuchAccount(Refusal):
    """No payment account has that token."""

    code = "no_such_account"


# Out: to the provider --------------------------------------------------------------------------------------
def start(*, merchant_id: int, order_id: int, origin: str, return_url: str, now: datetime) -> str:
    """Opens the order's payment at the provider; the page on which the buyer pays.

    `origin`: scheme and host under which the provider reaches our hook. Called after the order's commit and outside
    of any transaction; asked twice, both times it is the same payment. Refuses NothingToPay, ProviderSilent (the
    order is safe, try again) or ProviderRefused.
    """
    payment = _payment_to_make(merchant_id, order_id, now)
    order = payment.order
    started = provider_of(payment.account).start(
        PaymentWanted(
            reference=payment.token,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
            told=f"{order.merchant.name} {order.number}",
            return_url=return_url,
            notify_url=f"{origin}/hooks/pay/{payment.account.token}/",
            language=order.language,
        )
    )
    Payment.objects.of(merchant_id).filter(pk=payment.pk, intent="").update(intent=started.intent)
    return started.redirect_url


def _payment_to_make(merchant_id: int, order_id: int, now: datetime) -> Payment:
    """The order's open payment; a new one after a failure."""
    newest = _newest_payment(merchant_id, order_id)
    _check_payable(newest.order, now)
    if newest.status == PaymentStatus.PENDING:
        return newest
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        _check_payable(order, now)
        newest = _newest_payment(merchant_id, order_id)  # another window may have been first
        if newest.status == PaymentStatus.PENDING:
            return newest
        Payment.objects.create(
            merchant_id=merchant_id,
            order=order,
            account=newest.account,
            token=secrets.token_urlsafe(18),
            amount_minor=order.total_minor,
            currency=order.currency,
            created_at=now,
        )
    return _newest_payment(merchant_id, order_id)


def _newest_payment(merchant_id: int, order_id: int) -> Payment:
    rows = Payment.objects.of(merchant_id).filter(order_id=order_id).order_by("-pk")
    newest = rows.select_related("account", "order__merchant").first()
    if newest is None:
        raise NothingToPay("There is nothing to pay for this order.")
    return newest


def _check_payable(order: Order, now: datetime) -> None:
    if order.status != OrderStatus.PENDING:
        raise NothingToPay(f"This order is {order.status}; there is nothing to pay.", status=order.status)
    if order.expires_at is not None and order.expires_at <= now:
        raise NothingToPay("The time to pay this order is over; please order again.", status=OrderStatus.EXPIRED)


# In: from the provider -------------------------------------------------------------------------------------
def receive(*, account_token: str, raw: bytes, headers: Mapping[str, str], now: datetime) -> NoticeState:
    """A webhook: verified, kept, then worked off. Refuses NoSuchAccount, Forged or BadNotice, and keeps nothing then.

    Once it is kept it is safe: whatever goes wrong afterwards, the clockwork works it off later.
    """
    account = account_of(account_token)
    if account is None:
        raise NoSuchAccount("There is no such payment account.")
    notice = provider_of(account).parse_notice(raw, headers, webhook_secret_of(account), now)
    try:
        if settle_at_once(account, notice, now=now):
            return NoticeState.DONE
    except Exception:
        log.exception("notice %s could not be settled at once", notice.id)
    return _confirm_or_wait(account.merchant_id, keep(account, notice, now=now), now)


def _confirm_or_wait(merchant_id: int, notice_id: int, now: datetime) -> NoticeState:
    """One notice that cannot be worked off, for whatever reason, holds up no other."""
    try:
        return confirm(merchant_id=merchant_id, notice_id=notice_id, now=now)
    except Exception:
        log.exception("notice %s is kept and waits", notice_id)
        return NoticeState.WAITING


def keep(account: Account | PaymentAccount, notice: Notice, *, now: datetime) -> int:
    """Keeps a verified notice once; the id of its row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO haitu_paymentnotice (
                merchant_id, account_id, external_id, kind, payload, received_at, state, told
            ) VALUES (%s, %s, %s, %s, %s, %s, 'waiting', '')
            ON CONFLICT (account_id, external_id) DO NOTHING
            """,
            [
                account.merchant_id,
                account.id,
                notice.id,
                notice.kind,
                written(notice),
                connection.ops.adapt_datetimefield_value(now),
            ],
        )
    return PaymentNotice.objects.of(account.merchant_id).get(account_id=account.id, external_id=notice.id).pk


class _Outcome(NamedTuple):
    state: NoticeState
    told: str = ""


def confirm(*, merchant_id: int, notice_id: int, now: datetime) -> NoticeState:
    """Works off one kept notice; what became of it. A notice that is done or refused stays so."""
    with transaction.atomic():
        row = PaymentNotice.objects.of(merchant_id).select_related("account").get(pk=notice_id)
        notice = _notice_of(row.payload)
        payment = _payment_of(row.account, notice)
        order = locked(merchant_id, payment.order_id) if payment else None  # before the notice, always
        row = PaymentNotice.objects.of(merchant_id).select_for_update(no_key=True, of=("self",)).get(pk=notice_id)
        if row.state != NoticeState.WAITING:
            return NoticeState(row.state)
        if payment is None or order is None:
            outcome = _Outcome(NoticeState.REFUSED, "No payment of this account is meant.")
        else:
            payment.refresh_from_db()
            outcome = _work_off(order, payment, notice, now)
        told = outcome.told[:200]
        PaymentNotice.objects.of(merchant_id).filter(pk=notice_id).update(state=outcome.state, told=told)
    return outcome.state


def retry_waiting(*, now: datetime, limit: int = 200) -> int:
    """Tries the waiting notices again, and gives up on those that wait for a week; how many are settled now."""
    waiting = PaymentNotice.everyone.filter(state=NoticeState.WAITING).order_by("received_at")
    settled = 0
    for merchant_id, notice_id, received_at in list(waiting.values_list("merchant_id", "pk", "received_at")[:limit]):
        state = _confirm_or_wait(merchant_id, notice_id, now)
        if state == NoticeState.WAITING and received_at < now - WAIT_FOR:
            rows = PaymentNotice.objects.of(merchant_id).filter(pk=notice_id, state=NoticeState.WAITING)
            rows.update(state=NoticeState.REFUSED, told="What it is about never came.")
        settled += state != NoticeState.WAITING
    return settled


def ask_about_silent(*, now: datetime, limit: int = 50) -> int:
    """Asks the provider about payments whose notice did not come; how many got an answer that settles them."""
    silent = Payment.everyone.filter(
        status=PaymentStatus.PENDING, created_at__lte=now - SILENT_AFTER, created_at__gt=now - ASK_FOR
    ).exclude(intent="")
    settled = 0
    for payment in silent.select_related("account").order_by("created_at")[:limit]:
        try:
            standing = provider_of(payment.account).standing(payment.intent)
        except (ProviderSilent, ProviderRefused) as problem:
            log.warning("payment %s could not be asked about: %s", payment.pk, problem.told)
            continue
        if standing.state != "pending":
            notice_id = keep(payment.account, _as_notice(payment, standing, now), now=now)
            settled += confirm(merchant_id=payment.merchant_id, notice_id=notice_id, now=now) == NoticeState.DONE
    return settled


def _as_notice(payment: Payment, standing: Standing, now: datetime) -> Notice:
    """What the provider answered, in the form of the notice that got lost."""
    return Notice(
        id=f"asked:{payment.pk}:{standing.state}",
        kind="payment.succeeded" if standing.state == "succeeded" else "payment.failed",
        at=now,
        intent=payment.intent,
        reference=payment.token,
        amount_minor=standing.amount_minor,
        currency=standing.currency,
        fee_minor=standing.fee_minor,
        told=standing.told,
    )


def _notice_of(payload: dict[str, Any]) -> Notice:
    return Notice(**payload | {"at": datetime.fromisoformat(payload["at"])})


def _payment_of(account: PaymentAccount, notice: Notice) -> Payment | None:
    """The payment of this very account that a notice is about; a refund names it by the provider's id."""
    rows = Payment.objects.of(account.merchant_id).filter(account=account)
    if notice.kind.startswith("payment."):
        return rows.filter(token=notice.reference).first()
    return rows.filter(intent=notice.intent).first() if notice.intent else None


def _work_off(order: Order, payment: Payment, notice: Notice, now: datetime) -> _Outcome:
    match notice.kind:
        case "payment.succeeded":
            return _succeeded(order, payment, notice, now)
        case "payment.failed":
            return _failed(order, payment, notice, now)
        case "refund.succeeded" | "refund.failed":
            return _refund_settled(order, payment, notice, now)


def _succeeded(order: Order, payment: Payment, notice: Notice, now: datetime) -> _Outcome:
    if payment.status == PaymentStatus.SUCCEEDED:
        return _Outcome(NoticeState.DONE, "It was paid already.")
    if (notice.amount_minor, notice.currency) != (payment.amount_minor, payment.currency):
        told = f"{notice.amount_minor} {notice.currency} came; {payment.amount_minor} {payment.currency} was asked."
        Payment.objects.of(order.merchant_id).filter(pk=payment.pk).update(told=told[:200])
        return _Outcome(NoticeState.REFUSED, told)
    paid = Payment.objects.of(order.merchant_id).filter(pk=payment.pk)
    paid.update(status=PaymentStatus.SUCCEEDED, intent=notice.intent, told="")
    payment.refresh_from_db()
    waited = order.status == OrderStatus.PENDING or (order.status == OrderStatus.EXPIRED and _revive(order, now))
    event = Paid(
        key=f"paid:{payment.pk}",
        at=min(notice.at, now),
        dims=dims_of(order),
        amount_minor=payment.amount_minor,
        fee=_fee(order, notice.fee_minor),
        account=payment.account.provider,
    )
    record(event, merchant_id=order.merchant_id, now=now)
    order.refresh_from_db()
    if waited:
        write(order, "paid", "", now=now)
        return _Outcome(NoticeState.DONE)
    return _give_back(order, payment, now)


def _give_back(order: Order, payment: Payment, now: datetime) -> _Outcome:
    """Money that came for nothing goes back at once, and the buyer is told why."""
    reasons = {
        OrderStatus.EXPIRED: "The payment came after the order had expired, and the goods are sold.",
        OrderStatus.CANCELLED: "The payment came after the order was cancelled.",
    }
    reason = reasons.get(OrderStatus(order.status), "The order was paid twice.")
    nothing: list[LineShare] = []
    open_refund(order, payment, payment.amount_minor, nothing, reason=reason, now=now)
    amount = f"{display(payment.amount_minor, payment.currency)} {payment.currency}"
    return _Outcome(NoticeState.DONE, f"{reason} {amount} goes back.")


def _fee(order: Order, fee_minor: int) -> tuple[Posting, ...]:
    if not fee_minor:
        return ()
    lines = lines_of(order)
    quoted = quoted_by_line(order, lines)
    prices = [(line.pk, line.variant_id, line.lane_id, quoted[line.pk].waterfall.price) for line in lines]
    return fee_over(prices, fee_minor)


class _Gone(Exception):
    pass


def _revive(order: Order, now: datetime) -> bool:
    """Takes an expired order's goods off the shelf again, all of them or none."""
    lines = lines_of(order)
    promises = promised_again(order, lines, on=now.date())
    if promises is None:
        return False
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if not reserve(cursor, order.merchant_id, promises):
                raise _Gone
    except _Gone:
        return False
    Reservation.objects.bulk_create(
        Reservation(
            merchant_id=order.merchant_id,
            stock_id=promise.stock_id,
            line=line,
            quantity=line.quantity,
            afloat=promise.afloat,
        )
        for line, promise in zip(lines, promises, strict=True)
    )
    event = Revived(key=f"revived:{order.pk}", at=now, dims=dims_of(order), postings=placed_postings(order))
    record(event, merchant_id=order.merchant_id, now=now)
    return True


def _failed(order: Order, payment: Payment, notice: Notice, now: datetime) -> _Outcome:
    if payment.status != PaymentStatus.PENDING:
        return _Outcome(NoticeState.DONE, f"The payment had {payment.status} already.")
    rows = Payment.objects.of(order.merchant_id).filter(pk=payment.pk)
    rows.update(status=PaymentStatus.FAILED, intent=notice.intent, told=notice.told[:200])
    event = PaymentFailed(
        key=f"payment_failed:{payment.pk}", at=min(notice.at, now), dims=dims_of(order), told=notice.told[:200]
    )
    record(event, merchant_id=order.merchant_id, now=now)
    return _Outcome(NoticeState.DONE)


def _refund_settled(order: Order, payment: Payment, notice: Notice, now: datetime) -> _Outcome:
    if payment.status != PaymentStatus.SUCCEEDED:
        return _Outcome(NoticeState.WAITING, "The refund came before its payment.")
    row = Refund.objects.of(order.merchant_id).filter(payment=payment, token=notice.reference).first()
    if row is None:
        return _foreign_refund(order, payment, notice, now)
    if (notice.amount_minor, notice.currency) != (row.amount_minor, row.currency):
        told = f"{notice.amount_minor} {notice.currency} went back; {row.amount_minor} {row.currency} was asked."
        return _Outcome(NoticeState.REFUSED, told)
    succeeded = notice.kind == "refund.succeeded"
    settle(merchant_id=order.merchant_id, refund_id=row.pk, succeeded=succeeded, told=notice.told, now=now)
    return _Outcome(NoticeState.DONE)


def _foreign_refund(order: Order, payment: Payment, notice: Notice, now: datetime) -> _Outcome:
    """Money that somebody gave back on the provider's own pages: it is gone, so it is booked."""
    free = payment.amount_minor - payment.refunded_minor
    if notice.kind == "refund.failed" or notice.currency != payment.currency or not 0 < notice.amount_minor <= free:
        return _Outcome(NoticeState.REFUSED, "No refund of this payment is meant.")
    row = Refund.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        payment=payment,
        token=secrets.token_urlsafe(18),
        amount_minor=notice.amount_minor,
        currency=notice.currency,
        reason="Refunded at the payment provider.",
        status=RefundStatus.PENDING,
        created_at=now,
    )
    settle(merchant_id=order.merchant_id, refund_id=row.pk, succeeded=True, told="", now=now)
    return _Outcome(NoticeState.DONE)
