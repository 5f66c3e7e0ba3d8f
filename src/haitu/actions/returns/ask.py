"""A buyer asks to send something back: checked against the terms, numbered, and told where to send it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from haitu.actions.letters import write
from haitu.actions.order import locked
from haitu.actions.returns.take_back import NothingToReturn
from haitu.core.errors import Refusal
from haitu.core.returns import OUR_FAULT, Reason, ReturnTerms, check, needs_approval
from haitu.models import CaseState, Order, OrderLine, ReturnCase, ReturnPiece, ReturnSite, Warehouse
from haitu.reads.returns import away, delivered_on, kinds_of, terms_of, terms_to_json

MOST_PIECES = 500
LONGEST_WORDS = 500


class NothingAsked(Refusal):
    """Say of at least one line how many come back, and why."""

    code = "nothing_asked"


class NoReturnSite(Refusal):
    """Nobody has said where returns of this market go."""

    code = "no_return_site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """So many units of a line shall go back, for a reason."""

    line_id: int
    quantity: int
    reason: Reason


class _Site(NamedTuple):
    warehouse_id: int
    address: dict[str, str]
    label_minor: int


def ask(
    *, merchant_id: int, order_id: int, wishes: Sequence[Wish], words: str = "", key: str, now: datetime
) -> ReturnCase:
    """The buyer's return, with its number; asked with the same `key` again, the same one.

    Refuses NothingAsked, NothingToReturn, and TooLate or NotTakenBack by the terms of the order.
    """
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        cases = ReturnCase.objects.of(merchant_id).filter(order=order)
        known = cases.filter(ask_key=key).first()
        if known is not None:
            return known
        given = terms_of(order)
        lines = _lines(order, wishes)
        waits = _check(order, wishes, lines, given, now)
        ours = any(wish.reason in OUR_FAULT for wish in wishes)
        site = _site(order, next(iter(lines.values())))
        case = ReturnCase.objects.create(
            merchant_id=merchant_id,
            order=order,
            number=f"R{order.number}-{cases.count() + 1}",
            ask_key=key,
            state=CaseState.ASKED if waits else CaseState.APPROVED,
            warehouse_id=site.warehouse_id,
            address=site.address,
            terms=terms_to_json(given),
            ours=ours,
            label_minor=0 if ours or given.way_back_free else site.label_minor,
            words=words.strip()[:LONGEST_WORDS],
            asked_at=now,
            approved_at=None if waits else now,
        )
        ReturnPiece.objects.bulk_create(
            ReturnPiece(merchant_id=merchant_id, case=case, line_id=wish.line_id, reason=wish.reason)
            for wish in wishes
            for _ in range(wish.quantity)
        )
        write(order, "return_asked", str(case.pk), now=now)
    return case


def _lines(order: Order, wishes: Sequence[Wish]) -> dict[int, OrderLine]:
    """The lines by id, of which so many units are away and in no other return."""
    if not wishes or len({wish.line_id for wish in wishes}) < len(wishes):
        raise NothingAsked("Say of each line how many come back.", field="quantity")
    free = {row.line.pk: row for row in away(order)}
    for wish in wishes:
        units = free[wish.line_id].units if wish.line_id in free else 0
        if not 0 < wish.quantity <= units or wish.quantity > MOST_PIECES:
            told = f"{wish.quantity} should come back; {units} of this line are with the buyer."
            raise NothingToReturn(told, field=f"line_{wish.line_id}", quantity=wish.quantity, away=units)
    return {wish.line_id: free[wish.line_id].line for wish in wishes}


def _check(
    order: Order, wishes: Sequence[Wish], lines: dict[int, OrderLine], given: ReturnTerms, now: datetime
) -> bool:
    """Refuses what the terms do not grant; whether a person approves first."""
    arrived, today = delivered_on(order), now.date()
    kinds = kinds_of(order.merchant_id, [line.variant.product_id for line in lines.values()])
    for wish in wishes:
        own = kinds.get(lines[wish.line_id].variant.product_id, ())
        check(given, wish.reason, own, delivered_on=arrived, on=today)
    return any(needs_approval(given, wish.reason, delivered_on=arrived, on=today) for wish in wishes)


def _site(order: Order, line: OrderLine) -> _Site:
    """The market's returns site, else the warehouse it came from."""
    site = (
        ReturnSite.objects.of(order.merchant_id).filter(market_id=order.market_id).select_related("warehouse").first()
    )
    if site is not None:
        return _Site(site.warehouse_id, {**_written(order, site.warehouse), **site.address}, site.label_minor)
    if line.warehouse_id is None:
        raise NoReturnSite("Nobody has said where returns of this market go.")
    warehouse = Warehouse.objects.of(order.merchant_id).get(pk=line.warehouse_id)
    return _Site(warehouse.pk, _written(order, warehouse), 0)


def _written(order: Order, warehouse: Warehouse) -> dict[str, str]:
    return {
        "name": order.merchant.name,
        "street": warehouse.name,
        "city": warehouse.city or warehouse.code,
        "country": warehouse.country,
    }


def cancel(*, merchant_id: int, case_id: int, now: datetime) -> None:
    """The buyer keeps it after all; once it has come, that is too late."""
    rows = ReturnCase.objects.of(merchant_id).filter(pk=case_id, state__in=(CaseState.ASKED, CaseState.APPROVED))
    rows.update(state=CaseState.CANCELLED, done_at=now)


def say_sent(*, merchant_id: int, case_id: int, tracking: str, now: datetime) -> None:
    """The buyer has handed it over, by own means or with the label."""
    rows = ReturnCase.objects.of(merchant_id).filter(pk=case_id, state=CaseState.APPROVED)
    rows.update(state=CaseState.ON_WAY, sent_at=now, tracking=tracking.strip()[:60])
