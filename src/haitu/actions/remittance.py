"""What carriers hand over of the money they collected: every line held against what they owe, differences claimed.

A line is *matched* (as owed), *differing*, *unknown* (no parcel of ours, or none that was paid at the door) or
*repeated* (the parcel was settled before). The money of matched and differing lines is booked, each once; what is
missing stays owed, and is claimed. The same file again is the same statement and books nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.actions.order import dims_of
from haitu.actions.record import record
from haitu.core.errors import Refusal
from haitu.core.events import Remitted
from haitu.core.money import minor_units
from haitu.links.carriers.cash_file import CashTold
from haitu.models import (
    CashLine,
    CashParcel,
    CashState,
    CashStatement,
    CashVerdict,
    Merchant,
    Order,
    Shipment,
    User,
    Waybill,
)

BOOKED = (CashVerdict.MATCHED, CashVerdict.DIFFERING)


class BadStatement(Refusal):
    """A statement has a carrier, a number and at least one line."""

    code = "bad_statement"


class StatementRepeated(Refusal):
    """A statement of that number came before, with other lines."""

    code = "statement_repeated"


class NoSuchStatement(Refusal):
    """The merchant has no such statement."""

    code = "no_such_statement"


def receive_statement(
    *,
    merchant_id: int,
    carrier: str,
    number: str,
    currency: str,
    raw: bytes,
    lines: Sequence[CashTold],
    by: User | None,
    now: datetime,
) -> int:
    """Keeps a statement and books what came; its id. The same file again changes nothing."""
    minor_units(currency)
    carrier, number = carrier.strip()[:60], number.strip()
    if not carrier or not 0 < len(number) <= 60 or not lines:
        raise BadStatement("A statement has a carrier, a number and at least one line.", field="number")
    digest = sha256(raw).hexdigest()
    with transaction.atomic():
        parcels = _parcels(merchant_id, sorted({line.waybill for line in lines}))  # the orders first, as everywhere
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)  # one statement at a time
        known = CashStatement.objects.of(merchant_id).filter(digest=digest).first()
        if known is not None:
            return int(known.pk)
        if CashStatement.objects.of(merchant_id).filter(carrier=carrier, number=number).exists():
            told = f"Statement {number} came before, with other lines."
            raise StatementRepeated(told, field="number", number=number)
        statement = CashStatement.objects.create(
            merchant_id=merchant_id, carrier=carrier, number=number, currency=currency, digest=digest, received_at=now
        )
        for position, line in enumerate(lines, start=1):
            _settle(statement, position, line, parcels.get(line.waybill), now)
        change = {"lines": (0, len(lines))}
        audit(by, "cash.statement", f"statement {number}", merchant_id=merchant_id, now=now, change=change)
    return int(statement.pk)


def _parcels(merchant_id: int, waybills: Sequence[str]) -> dict[str, int]:
    """Waybill → the cash parcel's id; the parcels' orders are locked, in the order of their keys."""
    shipments = dict(Shipment.objects.of(merchant_id).filter(tracking__in=waybills).values_list("tracking", "pk"))
    followed = Waybill.objects.of(merchant_id).filter(number__in=waybills).exclude(shipment=None)
    shipments |= {number: shipment for number, shipment in followed.values_list("number", "shipment_id") if shipment}
    rows = CashParcel.objects.of(merchant_id).filter(shipment_id__in=shipments.values())
    by_shipment = dict(rows.values_list("shipment_id", "pk"))
    orders = sorted(set(rows.values_list("order_id", flat=True)))
    list(Order.objects.of(merchant_id).select_for_update(no_key=True).filter(pk__in=orders).order_by("pk"))
    return {waybill: by_shipment[pk] for waybill, pk in shipments.items() if pk in by_shipment}


def _settle(statement: CashStatement, position: int, line: CashTold, parcel_id: int | None, now: datetime) -> None:
    """Keeps one line, and books its money where it is a parcel's that is owed."""
    merchant_id = statement.merchant_id
    parcel = CashParcel.objects.of(merchant_id).filter(pk=parcel_id or 0).select_related("order").first()
    verdict, expected = _verdict(statement, line, parcel)
    row = CashLine.objects.create(
        merchant_id=merchant_id,
        statement=statement,
        position=position,
        waybill=line.waybill,
        parcel=parcel,
        collected_minor=line.collected_minor,
        fee_minor=line.fee_minor,
        remitted_minor=line.remitted_minor,
        expected_minor=expected,
        verdict=verdict,
    )
    if parcel is None or verdict not in BOOKED:
        return
    event = Remitted(
        key=f"remitted:{row.pk}",
        at=now,
        dims=dims_of(parcel.order),
        shipment_id=parcel.shipment_id,
        remitted_minor=line.remitted_minor,
    )
    record(event, merchant_id=merchant_id, now=now)
    mine = CashParcel.objects.of(merchant_id).filter(pk=parcel.pk)
    mine.update(remitted_minor=F("remitted_minor") + line.remitted_minor)
    if parcel.remitted_minor + line.remitted_minor == parcel.amount_minor - parcel.fee_minor:
        mine.update(state=CashState.SETTLED)


def _verdict(statement: CashStatement, line: CashTold, parcel: CashParcel | None) -> tuple[CashVerdict, int | None]:
    """What the line is, and what was owed of its parcel."""
    if parcel is None or parcel.currency != statement.currency:
        return CashVerdict.UNKNOWN, None
    owed = parcel.amount_minor - parcel.fee_minor - parcel.remitted_minor
    if parcel.state == CashState.SETTLED:
        return CashVerdict.REPEATED, 0
    if parcel.state != CashState.OWED:
        return CashVerdict.UNKNOWN, 0
    return (CashVerdict.MATCHED if line.remitted_minor == owed else CashVerdict.DIFFERING), owed


def claimable_minor(row: CashLine) -> int:
    """What the carrier still owes of a line's parcel: what was expected and did not come."""
    return max((row.expected_minor or 0) - row.remitted_minor, 0) if row.verdict == CashVerdict.DIFFERING else 0


def claim(*, merchant_id: int, statement_id: int, by: User | None, now: datetime) -> int:
    """Marks what is missing of a statement as claimed; how many lines are new on the list."""
    with transaction.atomic():
        statement = CashStatement.objects.of(merchant_id).filter(pk=statement_id).first()
        if statement is None:
            raise NoSuchStatement("There is no such statement.")
        rows = CashLine.objects.of(merchant_id).filter(statement=statement, claimed_at=None)
        ids = [row.pk for row in rows.filter(verdict=CashVerdict.DIFFERING) if claimable_minor(row) > 0]
        rows.filter(pk__in=ids).update(claimed_at=now)
        change = {"lines": (0, len(ids))}
        audit(by, "cash.claim", f"statement {statement.number}", merchant_id=merchant_id, now=now, change=change)
    return len(ids)
