"""Carriers' bills: every line held against what was expected, differences booked once, and claimed.

A line is *matched* (as expected), *differing*, *unknown* (no parcel of ours) or *repeated* (the same charge of the same
waybill was billed before). What the parcels of matched and differing lines really cost is booked by
actions.fulfil.book_carrier_bill, a parcel at a time, so that a bill broken off in the middle is simply booked again.
Unknown and repeated lines are not booked: they are to be claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Sum

from haitu.actions.audit import audit
from haitu.actions.carriers import account_of
from haitu.actions.fulfil import book_carrier_bill
from haitu.actions.order import locked
from haitu.actions.returns.label import charge
from haitu.core.errors import Refusal
from haitu.core.money import convert, minor_units
from haitu.links.carriers.protocol import InvoiceLine
from haitu.models import (
    CarrierAccount,
    CarrierInvoice,
    CarrierInvoiceLine,
    Label,
    LabelState,
    ReturnLabel,
    ReturnLabelState,
    Shipment,
    User,
    Verdict,
    Waybill,
)
from haitu.reads.exchange import exchange_rate

COUNTED = (Verdict.MATCHED, Verdict.DIFFERING)
CLAIMABLE = (Verdict.DIFFERING, Verdict.UNKNOWN, Verdict.REPEATED)
LONGEST_NUMBER = 60


class BadInvoice(Refusal):
    """A bill has a number, lines, and one currency."""

    code = "bad_invoice"


class InvoiceRepeated(Refusal):
    """A bill of that number came before, with other lines."""

    code = "invoice_repeated"


class NoSuchInvoice(Refusal):
    """The merchant has no such bill."""

    code = "no_such_invoice"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Expected:
    """What a parcel was expected to cost, in the bill's currency; `exact` when no exchange rate came between.

    Without a shipment it is the way back of a return.
    """

    shipment_id: int | None
    minor: int
    weight_g: int
    exact: bool


def receive_invoice(
    *,
    merchant_id: int,
    account_id: int,
    number: str,
    currency: str,
    on: date,
    lines: Sequence[InvoiceLine],
    by: User | None,
    now: datetime,
) -> int:
    """Audits a bill, keeps it, and books what its parcels cost; its id. The same bill again changes nothing."""
    account = account_of(merchant_id, account_id)
    minor_units(currency)
    number = number.strip()
    if not 0 < len(number) <= LONGEST_NUMBER:
        raise BadInvoice("A bill has a number of at most 60 characters.", field="number")
    if not lines or any(line.currency != currency for line in lines):
        raise BadInvoice("A bill has at least one line, all in its currency.", field="file")
    total = sum(line.billed_minor for line in lines)
    with transaction.atomic():
        CarrierAccount.objects.of(merchant_id).select_for_update(no_key=True).get(pk=account.pk)  # one bill at a time
        known = CarrierInvoice.objects.of(merchant_id).filter(account=account, number=number).first()
        if known is not None and (known.total_minor, known.lines.count()) != (total, len(lines)):
            raise InvoiceRepeated(f"Bill {number} came before, with other lines.", field="number", number=number)
        invoice_id = known.pk if known else _keep(account, number, currency, on, total, lines, now)
        if known is None:
            change = {"total_minor": (0, total), "lines": (0, len(lines))}
            audit(by, "carrier.bill", f"bill {number}", merchant_id=merchant_id, now=now, change=change)
    book(merchant_id=merchant_id, invoice_id=invoice_id, by=by, now=now)
    return int(invoice_id)


def _keep(  # noqa: PLR0917  # a row's values
    account: CarrierAccount,
    number: str,
    currency: str,
    on: date,
    total: int,
    lines: Sequence[InvoiceLine],
    now: datetime,
) -> int:
    merchant_id = account.merchant_id
    invoice = CarrierInvoice.objects.create(
        merchant_id=merchant_id,
        account=account,
        number=number,
        currency=currency,
        on=on,
        total_minor=total,
        received_at=now,
    )
    expected = _expected(account, sorted({line.waybill for line in lines}), currency, now)
    charged = _charged_before(account, [line.waybill for line in lines])
    spent = {waybill for waybill, _ in charged}
    rows = []
    for position, line in enumerate(lines, start=1):
        found = expected.get(line.waybill)
        first = line.waybill not in spent
        verdict = _verdict(line, found, repeated=(line.waybill, line.kind) in charged, first=first)
        charged.add((line.waybill, line.kind))
        spent.add(line.waybill)
        rows.append(
            CarrierInvoiceLine(
                merchant_id=merchant_id,
                invoice=invoice,
                position=position,
                waybill=line.waybill,
                shipment_id=found.shipment_id if found else None,
                kind=line.kind,
                told=line.told,
                billed_minor=line.billed_minor,
                weight_g=line.weight_g,
                quoted_minor=(found.minor if first else 0) if found else None,
                quoted_weight_g=found.weight_g if found else None,
                verdict=verdict,
            )
        )
    CarrierInvoiceLine.objects.bulk_create(rows, batch_size=500)
    return int(invoice.pk)


def _verdict(line: InvoiceLine, found: _Expected | None, *, repeated: bool, first: bool) -> Verdict:
    """The first charge of a waybill is held against all that was expected; whatever comes on top was not expected."""
    if found is None:
        return Verdict.UNKNOWN
    if repeated:
        return Verdict.REPEATED
    difference = line.billed_minor - (found.minor if first else 0)
    tolerance = 0 if found.exact else 1  # the rounding of one conversion
    return Verdict.MATCHED if abs(difference) <= tolerance else Verdict.DIFFERING


def _expected(account: CarrierAccount, waybills: Sequence[str], currency: str, now: datetime) -> dict[str, _Expected]:
    """What the carrier itself said when the label was bought; else what the checkout quoted."""
    merchant_id = account.merchant_id
    found: dict[str, _Expected] = {}
    bought = Label.objects.of(merchant_id).filter(account=account, waybill__in=waybills, state=LabelState.BOUGHT)
    for label in bought.select_related("shipment__order"):
        cost, into = label.cost_minor, label.cost_currency
        if cost is None:
            cost, into = label.shipment.quoted_minor, label.shipment.order.currency
        weight_g = sum(int(parcel["weight_g"]) for parcel in label.wanted["parcels"])
        found[label.waybill] = _in_currency(label.shipment_id, cost, into, weight_g, currency, now)
    found |= _ways_back(account, [waybill for waybill in waybills if waybill not in found], currency, now)
    rest = [waybill for waybill in waybills if waybill not in found]
    typed = Shipment.objects.of(merchant_id).filter(tracking__in=rest).select_related("order")
    by_number = {parcel.tracking: parcel for parcel in typed.order_by("-pk")}
    followed = Waybill.objects.of(merchant_id).filter(account=account, number__in=rest).exclude(shipment=None)
    by_number |= {row.number: row.shipment for row in followed.select_related("shipment__order") if row.shipment}
    for waybill, parcel in by_number.items():
        quoted = parcel.quoted_minor
        found[waybill] = _in_currency(parcel.pk, quoted, parcel.order.currency, 0, currency, now)
    return found


def _ways_back(account: CarrierAccount, waybills: Sequence[str], currency: str, now: datetime) -> dict[str, _Expected]:
    """The return labels among them; one that was voided should cost nothing."""
    found: dict[str, _Expected] = {}
    labels = ReturnLabel.objects.of(account.merchant_id).filter(account=account, waybill__in=waybills)
    for label in labels.exclude(waybill="").select_related("case__order"):
        cost = label.cost_minor or 0 if label.state == ReturnLabelState.BOUGHT else 0
        weight_g = sum(int(parcel["weight_g"]) for parcel in label.wanted.get("parcels", ()))
        into = label.cost_currency or label.case.order.currency
        found[label.waybill] = _in_currency(None, cost, into, weight_g, currency, now)
    return found


def _in_currency(  # noqa: PLR0917  # a value's parts
    shipment_id: int | None, cost: int, given: str, weight_g: int, currency: str, now: datetime
) -> _Expected:
    if given == currency:
        return _Expected(shipment_id=shipment_id, minor=cost, weight_g=weight_g, exact=True)
    minor = convert(cost, exchange_rate(given, currency, on=now.date()))
    return _Expected(shipment_id=shipment_id, minor=minor, weight_g=weight_g, exact=False)


def _charged_before(account: CarrierAccount, waybills: Sequence[str]) -> set[tuple[str, str]]:
    rows = CarrierInvoiceLine.objects.of(account.merchant_id)
    rows = rows.filter(invoice__account=account, waybill__in=set(waybills), verdict__in=COUNTED)
    return set(rows.values_list("waybill", "kind"))


def book(*, merchant_id: int, invoice_id: int, by: User | None, now: datetime) -> int:
    """Books what the bill's parcels and ways back really cost; how many. What is booked already stays as it is."""
    invoice = CarrierInvoice.objects.of(merchant_id).filter(pk=invoice_id).first()
    if invoice is None:
        raise NoSuchInvoice("There is no such bill.")
    lines = CarrierInvoiceLine.objects.of(merchant_id).filter(invoice=invoice, verdict__in=COUNTED, booked_at=None)
    parcels = sorted(set(lines.values_list("shipment_id", flat=True)) - {None})
    for shipment_id in parcels:
        with transaction.atomic():
            total = _billed(merchant_id, shipment_id, invoice.currency)
            book_carrier_bill(
                merchant_id=merchant_id,
                shipment_id=shipment_id,
                billed_minor=max(total, 0),
                currency=invoice.currency,
                by=by,
                now=now,
            )
            lines.filter(shipment_id=shipment_id).update(booked_at=now)
    back = lines.filter(shipment=None).order_by("pk").values_list("pk", flat=True)
    return len(parcels) + sum(_book_way_back(merchant_id, line_id, now) for line_id in list(back))


def _book_way_back(merchant_id: int, line_id: int, now: datetime) -> bool:
    """What a charge for a return's label differs from what was booked when it was bought, under returns."""
    with transaction.atomic():
        line = CarrierInvoiceLine.objects.of(merchant_id).select_related("invoice").get(pk=line_id)
        labels = ReturnLabel.objects.of(merchant_id).filter(account_id=line.invoice.account_id, waybill=line.waybill)
        label = labels.select_related("case").first()
        if label is None:
            return False
        order = locked(merchant_id, label.case.order_id)
        rows = CarrierInvoiceLine.objects.of(merchant_id).filter(pk=line_id, booked_at=None)
        if not rows.update(booked_at=now):
            return False
        more = line.billed_minor - (line.quoted_minor or 0)
        if more:
            rate = exchange_rate(line.invoice.currency, order.currency, on=now.date())
            key = f"return_billed:{line_id}"
            charge(order, label.case, convert(more, rate), key=key, to_carrier=True, now=now)
    return True


def _billed(merchant_id: int, shipment_id: int, currency: str) -> int:
    """All charges for a parcel on all bills of that currency: freight, surcharges, credits."""
    rows = CarrierInvoiceLine.objects.of(merchant_id)
    rows = rows.filter(shipment_id=shipment_id, verdict__in=COUNTED, invoice__currency=currency)
    return int(rows.aggregate(total=Sum("billed_minor"))["total"] or 0)


def claim(*, merchant_id: int, invoice_id: int, by: User | None, now: datetime) -> int:
    """Marks all that can be claimed of a bill as claimed; how many lines are new on the list."""
    with transaction.atomic():
        invoice = CarrierInvoice.objects.of(merchant_id).filter(pk=invoice_id).first()
        if invoice is None:
            raise NoSuchInvoice("There is no such bill.")
        rows = CarrierInvoiceLine.objects.of(merchant_id).filter(invoice=invoice, claimed_at=None)
        ids = [row.pk for row in rows.filter(verdict__in=CLAIMABLE) if claimable_minor(row) > 0]
        rows.filter(pk__in=ids).update(claimed_at=now)
        change: Mapping[str, tuple[object, object]] = {"lines": (0, len(ids))}
        audit(by, "carrier.claim", f"bill {invoice.number}", merchant_id=merchant_id, now=now, change=change)
    return len(ids)


def claimable_minor(line: CarrierInvoiceLine) -> int:
    """What we want back of a line: all of an unknown or repeated charge, else what is above the expected."""
    if line.verdict in (Verdict.UNKNOWN, Verdict.REPEATED):
        return max(line.billed_minor, 0)
    return max(line.billed_minor - (line.quoted_minor or 0), 0)
