"""Money given back: asked for in one transaction, requested from the provider after it, booked when confirmed.

A refund never exceeds what was paid, is in the charged currency, and may be of one line, of several, or of no line in
particular. Its token is the provider's idempotency key, so it may be asked for again by anybody at any time.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django_tasks import task

from haitu.actions.account import provider_of
from haitu.actions.audit import audit
from haitu.actions.letters import write
from haitu.actions.order import dims_of, lines_of, locked, placed_postings, quoted_by_line
from haitu.actions.record import record
from haitu.actions.shipped import shipments_posted, shipped_by_line
from haitu.actions.stock import release
from haitu.core.errors import Refusal
from haitu.core.events import (
    Cancelled,
    Closed,
    OrderStatus,
    Posting,
    Refunded,
    Standing,
    in_charged_currency,
    refund_above_paid,
)
from haitu.core.landed import Waterfall
from haitu.core.money import half_up, split
from haitu.links.payment.protocol import ProviderRefused, ProviderSilent, RefundWanted
from haitu.models import (
    CashState,
    Order,
    OrderLine,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Reservation,
    Shipment,
    User,
)
from haitu.reads.cash import collected_parcels

log = logging.getLogger(__name__)
ASK_AGAIN_AFTER = timedelta(seconds=60)


class BadRefund(Refusal):
    """The amount is not above zero, or names a line that is not of this order or has less left."""

    code = "bad_refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShare:
    """What of a refund belongs to an order line; `deposit_minor` of it had not been earned by shipping yet."""

    line_id: int
    amount_minor: int
    tax_minor: int
    deposit_minor: int = 0

    def as_list(self) -> list[int]:
        """As Refund.lines keeps it."""
        return [self.line_id, self.amount_minor, self.tax_minor, self.deposit_minor]


def shares_of(refund: Refund) -> tuple[LineShare, ...]:
    """The inverse of `as_list`, for a whole refund."""
    return tuple(
        LineShare(line_id=kept[0], amount_minor=kept[1], tax_minor=kept[2], deposit_minor=kept[3] if kept[3:] else 0)
        for kept in refund.lines
    )


def refund(
    *,
    merchant_id: int,
    order_id: int,
    amount_minor: int | None = None,
    currency: str | None = None,
    lines: Mapping[int, int] | None = None,
    reason: str = "",
    seen: str = "",
    by: User | None,
    now: datetime,
) -> list[int]:
    """Gives money back; the ids of the new refunds (one for each payment it comes out of).

    `lines`: line id → amount of it. Or `amount_minor` over all lines by what they have left, in the charged currency
    or (`currency`) in the merchant's own at the order's rate. Or neither: all that is left.
    """
    with transaction.atomic():
        order = locked(merchant_id, order_id, seen=seen)
        left = left_by_line(order)
        if lines is not None:
            wanted = _checked(lines, left)
        else:
            asked = refundable(order) if amount_minor is None else amount_minor
            charged = in_charged_currency(asked, currency or order.currency, dims_of(order))
            wanted = _spread(charged, left)
            amount_minor = charged
        total = sum(wanted.values()) if lines is not None else amount_minor or 0
        made = open_refunds(order, total, wanted, reason=reason, now=now)
        changed = {"refunded": (order.refunded_minor, order.refunded_minor + total)}
        audit(by, "order.refund", f"order {order.number}", merchant_id=merchant_id, now=now, change=changed)
    return made


def refundable(order: Order) -> int:
    """What of the paid money is neither given back nor about to be."""
    pending = Refund.objects.of(order.merchant_id).filter(order=order, status=RefundStatus.PENDING)
    return order.paid_minor - order.refunded_minor - (pending.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def left_by_line(order: Order) -> dict[int, int]:
    """What the buyer paid for each line (with its share of shipping, duty and tax) less what was given back of it."""
    quoted = quoted_by_line(order, lines_of(order))
    left = {line_id: posting.waterfall.price for line_id, posting in quoted.items()}
    collected = collected_parcels(order.merchant_id, order.pk)
    if collected is not None:  # of what is paid at the door only what was paid there
        left = dict.fromkeys(left, 0) | _collected_by_line(order, collected)
    for given in Refund.objects.of(order.merchant_id).filter(order=order).exclude(status=RefundStatus.FAILED):
        for share in shares_of(given):
            left[share.line_id] = left.get(share.line_id, 0) - share.amount_minor
    return left


def _collected_by_line(order: Order, parcels: frozenset[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for event in shipments_posted(order):
        for posting in event.postings if event.shipment_id in parcels else ():
            if posting.line_id is not None:
                found[posting.line_id] = found.get(posting.line_id, 0) + posting.waterfall.price
    return found


def _checked(lines: Mapping[int, int], left: Mapping[int, int]) -> dict[int, int]:
    for line_id, amount_minor in lines.items():
        if amount_minor <= 0 or amount_minor > left.get(line_id, 0):
            told = f"{amount_minor} was to be refunded of a line that has {left.get(line_id, 0)} left."
            raise BadRefund(told, field=f"line_{line_id}", amount_minor=amount_minor, left_minor=left.get(line_id, 0))
    return dict(lines)


def _spread(amount_minor: int, left: Mapping[int, int]) -> dict[int, int]:
    """The amount over the lines by what they have left; nothing when it is more than that (then it is no line's)."""
    weights = [max(minor, 0) for minor in left.values()]
    if amount_minor <= 0 or amount_minor > sum(weights):
        return {}
    return dict(zip(left, split(amount_minor, weights), strict=True))


def open_refunds(order: Order, amount_minor: int, lines: Mapping[int, int], *, reason: str, now: datetime) -> list[int]:
    """Rows for money to give back of a locked order, and a task for each; refuses what exceeds the paid money."""
    if amount_minor <= 0:
        raise BadRefund("A refund is above zero.", field="amount", amount_minor=amount_minor)
    free = refundable(order)
    if amount_minor > free:
        raise refund_above_paid(
            amount_minor, Standing(paid_minor=order.paid_minor, refunded_minor=order.paid_minor - free)
        )
    shares, made = _shares(order, lines), list[int]()
    for payment, part in _payments(order, amount_minor):
        own, shares = _cut(shares, part)
        made.append(open_refund(order, payment, part, own, reason=reason, now=now))
    return made


def open_refund(
    order: Order, payment: Payment | None, amount_minor: int, shares: Sequence[LineShare], *, reason: str, now: datetime
) -> int:
    """One refund of one payment, to be asked for after the commit.

    Without a provider it is booked at once, or, of money that was paid at the door, once somebody has transferred it:
    see actions.transferred.
    """
    row = Refund.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        payment=payment,
        token=secrets.token_urlsafe(18),
        amount_minor=amount_minor,
        currency=order.currency,
        reason=reason[:200],
        lines=[share.as_list() for share in shares],
        created_at=now,
    )
    if payment is None and collected_parcels(order.merchant_id, order.pk) is None:
        book(order, row, now=now)
    elif payment is not None:
        ask_in_background.enqueue(order.merchant_id, row.pk)
    return row.pk


def _shares(order: Order, lines: Mapping[int, int]) -> list[LineShare]:
    """The tax inside each amount, so that the taxes of all refunds of a line sum to the line's tax."""
    quoted = quoted_by_line(order, lines_of(order))
    left = left_by_line(order)
    shares = []
    for line_id, amount_minor in lines.items():
        if not amount_minor:
            continue
        price, tax = quoted[line_id].waterfall.price, quoted[line_id].waterfall.tax
        before = price - left[line_id]
        tax_minor = half_up(tax * (before + amount_minor), price) - half_up(tax * before, price)
        shares.append(LineShare(line_id=line_id, amount_minor=amount_minor, tax_minor=tax_minor))
    return shares


def _payments(order: Order, amount_minor: int) -> list[tuple[Payment | None, int]]:
    """Which payment gives how much: the oldest first. Imported orders have none."""
    rows = Payment.objects.of(order.merchant_id).filter(order=order, status=PaymentStatus.SUCCEEDED).order_by("pk")
    parts: list[tuple[Payment | None, int]] = []
    for payment in rows:
        pending = Refund.objects.of(order.merchant_id).filter(payment=payment, status=RefundStatus.PENDING)
        free = payment.amount_minor - payment.refunded_minor
        part = min(amount_minor, free - (pending.aggregate(sum=Sum("amount_minor"))["sum"] or 0))
        if part > 0:
            parts.append((payment, part))
            amount_minor -= part
    return [*parts, (None, amount_minor)] if amount_minor else parts


def _cut(shares: Sequence[LineShare], amount_minor: int) -> tuple[list[LineShare], list[LineShare]]:
    """The shares up to an amount, and the rest."""
    own, rest = list[LineShare](), list[LineShare]()
    for share in shares:
        part = min(share.amount_minor, amount_minor)
        amount_minor -= part
        tax_minor = half_up(share.tax_minor * part, share.amount_minor)
        if part:
            own.append(LineShare(line_id=share.line_id, amount_minor=part, tax_minor=tax_minor))
        if part < share.amount_minor:
            left, left_tax = share.amount_minor - part, share.tax_minor - tax_minor
            rest.append(LineShare(line_id=share.line_id, amount_minor=left, tax_minor=left_tax))
    return own, rest


# The provider ----------------------------------------------------------------------------------------------
@task()
def ask_in_background(merchant_id: int, refund_id: int) -> str:
    """The worker's way to `ask`; what it cannot settle the clockwork asks again."""
    return ask(merchant_id=merchant_id, refund_id=refund_id, now=timezone.now())


def ask(*, merchant_id: int, refund_id: int, now: datetime) -> str:
    """Asks the provider for one pending refund and books what it answers; how the refund stands. Repeat-safe."""
    row = Refund.objects.of(merchant_id).select_related("payment__account").get(pk=refund_id)
    if row.status != RefundStatus.PENDING or row.payment is None:
        return row.status
    wanted = RefundWanted(
        reference=row.token,
        intent=row.payment.intent,
        amount_minor=row.amount_minor,
        currency=row.currency,
        told=row.reason,
    )
    try:
        answer = provider_of(row.payment.account).refund(wanted)
    except ProviderSilent as problem:
        Refund.objects.of(merchant_id).filter(pk=refund_id).update(told=problem.told[:200])
        return RefundStatus.PENDING
    except ProviderRefused as problem:
        settle(merchant_id=merchant_id, refund_id=refund_id, succeeded=False, told=problem.told, now=now)
        return RefundStatus.FAILED
    if answer.state != "pending":
        succeeded = answer.state == "succeeded"
        settle(merchant_id=merchant_id, refund_id=refund_id, succeeded=succeeded, told=answer.told, now=now)
    return answer.state


def ask_pending(*, now: datetime, limit: int = 50) -> int:
    """Asks again for refunds whose task was lost or whose provider was silent; how many are settled now."""
    waiting = Refund.everyone.filter(
        status=RefundStatus.PENDING, payment__isnull=False, created_at__lte=now - ASK_AGAIN_AFTER
    )
    rows = list(waiting.order_by("created_at").values_list("merchant_id", "pk")[:limit])
    states = [ask(merchant_id=merchant_id, refund_id=refund_id, now=now) for merchant_id, refund_id in rows]
    return sum(state != RefundStatus.PENDING for state in states)


def settle(*, merchant_id: int, refund_id: int, succeeded: bool, told: str, now: datetime) -> None:
    """Books what became of a refund; the second word about the same refund changes nothing."""
    with transaction.atomic():
        found = Refund.objects.of(merchant_id).filter(pk=refund_id).values_list("order_id", flat=True).get()
        order = locked(merchant_id, found)
        row = Refund.objects.of(merchant_id).select_related("payment").get(pk=refund_id)
        if row.status == RefundStatus.SUCCEEDED:
            return
        if succeeded:
            book(order, row, now=now)
        else:
            Refund.objects.of(merchant_id).filter(pk=refund_id).update(status=RefundStatus.FAILED, told=told[:200])


def book(order: Order, row: Refund, *, now: datetime) -> None:
    """Posts a confirmed refund of a locked order, and lets go of what will not be shipped any more."""
    shares = _earned(order, shares_of(row))
    postings = tuple(_posting(order, share) for share in shares if share.amount_minor > share.deposit_minor)
    back = sum(posting.waterfall.returns for posting in postings)
    event = Refunded(
        key=f"refunded:{row.pk}",
        at=now,
        dims=dims_of(order),
        refund_id=row.pk,
        postings=postings,
        deposit_minor=row.amount_minor - back,
    )
    if record(event, merchant_id=order.merchant_id, now=now) is None:
        return
    kept = [share.as_list() for share in shares]
    Refund.objects.of(order.merchant_id).filter(pk=row.pk).update(status=RefundStatus.SUCCEEDED, told="", lines=kept)
    if row.payment_id is not None:
        paid = Payment.objects.of(order.merchant_id).filter(pk=row.payment_id)
        paid.update(refunded_minor=F("refunded_minor") + row.amount_minor)
    write(order, "refunded", str(row.pk), now=now)
    order.refresh_from_db()
    _let_go(order, {share.line_id for share in shares}, now)


def _earned(order: Order, shares: Sequence[LineShare]) -> list[LineShare]:
    """Splits each share: what shipping has earned goes out of the sale, the rest out of the buyer's deposit."""
    earned = _earned_by_line(order)
    return [
        LineShare(
            line_id=share.line_id,
            amount_minor=share.amount_minor,
            tax_minor=share.tax_minor,
            deposit_minor=share.amount_minor - min(share.amount_minor, max(earned.get(share.line_id, 0), 0)),
        )
        for share in shares
    ]


def _posting(order: Order, share: LineShare) -> Posting:
    line = OrderLine.objects.of(order.merchant_id).get(pk=share.line_id)
    back = share.amount_minor - share.deposit_minor
    tax_minor = half_up(share.tax_minor * back, share.amount_minor)
    return Posting(
        line_id=line.pk,
        variant_id=line.variant_id,
        lane_id=line.lane_id,
        waterfall=Waterfall(returns=back, tax=-tax_minor),
    )


def _let_go(order: Order, line_ids: set[int], now: datetime) -> None:
    """Goods whose price went back before they left are for sale again; with all of it back the order is off.

    When the rest of the order had left already, that was the last that could leave.
    """
    if order.status not in (OrderStatus.PAID, OrderStatus.PART_SHIPPED):
        return
    if collected_parcels(order.merchant_id, order.pk) is not None:
        return  # what has not left was not paid for yet
    if order.status == OrderStatus.PAID and order.refunded_minor == order.paid_minor:
        event = Cancelled(key=f"cancelled:{order.pk}", at=now, dims=dims_of(order), postings=placed_postings(order))
        if record(event, merchant_id=order.merchant_id, now=now) is not None:
            release(order.merchant_id, order.pk)
        return
    closed = sorted(_paid_for_no_more(order, pending_too=False) & line_ids)
    if closed:
        release(order.merchant_id, order.pk, line_ids=closed)
    if closed and order.status == OrderStatus.PART_SHIPPED:
        _close(order, now)


def _close(order: Order, now: datetime) -> None:
    """Ends the shipping of an order of which nothing is promised any more."""
    if Reservation.objects.of(order.merchant_id).filter(line__order=order).exists():
        return
    under_way = (
        Shipment.objects.of(order.merchant_id)
        .filter(order=order, delivered_at=None)
        .exclude(cash__state=CashState.REFUSED)
        .exists()
    )
    event = Closed(key=f"closed:{order.pk}", at=now, dims=dims_of(order), arrived=not under_way)
    record(event, merchant_id=order.merchant_id, now=now)


def going_back(order: Order) -> frozenset[int]:
    """The lines with goods still here whose money is on its way back to the buyer, all of it."""
    pending = Refund.objects.of(order.merchant_id).filter(order=order, status=RefundStatus.PENDING)
    if not pending.exists() or collected_parcels(order.merchant_id, order.pk) is not None:
        return frozenset()
    if refundable(order) <= 0:
        return frozenset(line.pk for line in lines_of(order) if line.shipped < line.quantity)
    named = {share.line_id for row in pending for share in shares_of(row)}
    return frozenset(_paid_for_no_more(order, pending_too=True) & named)


def _paid_for_no_more(order: Order, *, pending_too: bool) -> set[int]:
    """Lines with goods still here and no money left for them; `pending_too`: once pending refunds are confirmed.

    What is given back of a line comes first out of what its parcels earned.
    """
    left, earned, pending = left_by_line(order), _earned_by_line(order), dict[int, int]()
    for row in Refund.objects.of(order.merchant_id).filter(order=order, status=RefundStatus.PENDING):
        for share in shares_of(row):
            pending[share.line_id] = pending.get(share.line_id, 0) + share.amount_minor
    found = set[int]()
    for line in lines_of(order):
        kept, posted, waits = left[line.pk], earned.get(line.pk, 0), pending.get(line.pk, 0)
        if pending_too:
            posted -= min(waits, max(posted, 0))
        else:
            kept += waits
        if line.shipped < line.quantity and kept <= posted:
            found.add(line.pk)
    return found


def _earned_by_line(order: Order) -> dict[int, int]:
    """Line id → what its parcels earned, less what of that was given back."""
    earned = {line_id: posted.price for line_id, posted in shipped_by_line(order).items()}
    for row in Refund.objects.of(order.merchant_id).filter(order=order, status=RefundStatus.SUCCEEDED):
        for share in shares_of(row):
            earned[share.line_id] = earned.get(share.line_id, 0) - (share.amount_minor - share.deposit_minor)
    return earned


def deposit_refunds(order: Order) -> dict[int, tuple[int, int]]:
    """Line id → amount and tax that went back before the goods had left: by so much less is earned when they do."""
    given = dict[int, tuple[int, int]]()
    for row in Refund.objects.of(order.merchant_id).filter(order=order, status=RefundStatus.SUCCEEDED):
        for share in shares_of(row):
            earned_tax = half_up(share.tax_minor * (share.amount_minor - share.deposit_minor), share.amount_minor)
            amount_minor, tax_minor = given.get(share.line_id, (0, 0))
            given[share.line_id] = (amount_minor + share.deposit_minor, tax_minor + share.tax_minor - earned_tax)
    return given
