"""Carriers as the desk shows them: accounts, the labels and scans of an order's parcels, bills and their audit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Q

from haitu.core.tracking import ENDS, TROUBLE
from haitu.models import (
    CarrierAccount,
    CarrierInvoice,
    CarrierInvoiceLine,
    Label,
    LabelState,
    TrackingEvent,
    Verdict,
    Waybill,
)
from haitu.reads.desk.paging import PageOf, cut

VERDICTS = tuple(verdict.value for verdict in Verdict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account without its secrets; `underway`: parcels on the road, `troubled`: those somebody should look at."""

    id: int
    carrier: str
    name: str
    token: str
    address: str
    settings: Mapping[str, Any]
    sender: Mapping[str, str]
    lanes: tuple[str, ...]
    active: bool
    checked_at: datetime | None
    checked_told: str
    underway: int = 0
    troubled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelView:
    """A label; `printable` when there is a picture of it here."""

    id: int
    account: str
    state: str
    waybill: str
    service: str
    cost_minor: int | None
    cost_currency: str
    told: str
    printable: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    """One line of a parcel's way; `state` is empty for a code we do not know."""

    state: str
    code: str
    at: datetime
    place: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Carriage:
    """What is known of one parcel: its labels, the newest first, its state and its way, the newest first."""

    labels: tuple[LabelView, ...] = ()
    state: str = ""
    scans: tuple[ScanView, ...] = ()

    @property
    def living(self) -> LabelView | None:
        """The label it has or waits for."""
        return next((label for label in self.labels if label.state in (LabelState.WANTED, LabelState.BOUGHT)), None)

    @property
    def used(self) -> bool:
        """The carrier has it."""
        return self.state not in ("", "announced")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceView:
    """A bill and how many of its lines got which verdict."""

    id: int
    account: str
    number: str
    currency: str
    on: date
    total_minor: int
    received_at: datetime
    lines: int
    verdicts: Mapping[str, int]
    claimed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineView:
    """A line of a bill beside what was expected."""

    position: int
    waybill: str
    order_id: int | None
    parcel: str
    kind: str
    told: str
    billed_minor: int
    quoted_minor: int | None
    weight_g: int | None
    quoted_weight_g: int | None
    verdict: str
    claimed_at: datetime | None

    @property
    def difference_minor(self) -> int:
        """What is above (or below) the expected; all of it where nothing was expected."""
        expected = 0 if self.verdict in (Verdict.UNKNOWN, Verdict.REPEATED) else self.quoted_minor or 0
        return self.billed_minor - expected


def accounts(merchant_id: int) -> tuple[AccountView, ...]:
    """All of them, by name; two queries."""
    trouble = Q(state__in=[state.value for state in TROUBLE])
    followed = Waybill.objects.of(merchant_id).exclude(shipment=None)
    counted: dict[int, dict[str, int]] = {}
    for row in followed.values("account_id").annotate(
        underway=Count("pk", filter=~Q(state__in=[state.value for state in ENDS])),
        troubled=Count("pk", filter=trouble),
    ):
        counted[row["account_id"]] = {"underway": row["underway"], "troubled": row["troubled"]}
    rows = CarrierAccount.objects.of(merchant_id).order_by("name")
    return tuple(_account(row, counted.get(row.pk, {})) for row in rows)


def account(merchant_id: int, account_id: int) -> AccountView | None:
    """One of them."""
    row = CarrierAccount.objects.of(merchant_id).filter(pk=account_id).first()
    return _account(row, {}) if row else None


def _account(row: CarrierAccount, counted: Mapping[str, int]) -> AccountView:
    return AccountView(
        id=row.pk,
        carrier=row.carrier,
        name=row.name,
        token=row.token,
        address=row.address,
        settings=row.settings,
        sender=row.sender,
        lanes=tuple(row.lanes),
        active=row.active,
        checked_at=row.checked_at,
        checked_told=row.checked_told,
        underway=counted.get("underway", 0),
        troubled=counted.get("troubled", 0),
    )


def choices(merchant_id: int) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """(id, name, lanes it is offered for first) of the accounts that are open."""
    rows = CarrierAccount.objects.of(merchant_id).filter(active=True).order_by("name")
    return tuple((pk, name, tuple(lanes)) for pk, name, lanes in rows.values_list("pk", "name", "lanes"))


def of_order(merchant_id: int, order_id: int) -> dict[int, Carriage]:
    """Parcel → its labels and its way; three queries."""
    labels: dict[int, list[LabelView]] = {}
    bought = Label.objects.of(merchant_id).filter(shipment__order_id=order_id).select_related("account")
    for label in bought.defer("content").order_by("-pk"):
        labels.setdefault(label.shipment_id, []).append(_label(label))
    states: dict[int, str] = {}
    for shipment_id, state in (
        Waybill.objects.of(merchant_id).filter(shipment__order_id=order_id).values_list("shipment_id", "state")
    ):
        states[shipment_id or 0] = state
    scans: dict[int, list[ScanView]] = {}
    events = TrackingEvent.objects.of(merchant_id).filter(waybill__shipment__order_id=order_id)
    for event in events.select_related("waybill").order_by("-at", "-pk"):
        scans.setdefault(event.waybill.shipment_id or 0, []).append(
            ScanView(state=event.state, code=event.code, at=event.at, place=event.place, told=event.told)
        )
    return {
        parcel: Carriage(
            labels=tuple(labels.get(parcel, ())), state=states.get(parcel, ""), scans=tuple(scans.get(parcel, ()))
        )
        for parcel in {*labels, *states, *scans}
    }


def _label(label: Label) -> LabelView:
    return LabelView(
        id=label.pk,
        account=label.account.name,
        state=label.state,
        waybill=label.waybill,
        service=str(label.wanted.get("service", "")),
        cost_minor=label.cost_minor,
        cost_currency=label.cost_currency,
        told=label.told,
        printable=label.state == LabelState.BOUGHT and label.format != "",
        changed_at=label.changed_at,
    )


def label_file(merchant_id: int, label_id: int) -> tuple[str, str, bytes] | None:
    """(file name, format, bytes) of a bought label; None without one."""
    label = Label.objects.of(merchant_id).filter(pk=label_id, state=LabelState.BOUGHT).first()
    if label is None or not label.content:
        return None
    return f"{label.waybill}.{label.format}", label.format, bytes(label.content)


def order_of_label(merchant_id: int, label_id: int) -> int | None:
    """The order whose page the label stands on."""
    return Label.objects.of(merchant_id).filter(pk=label_id).values_list("shipment__order_id", flat=True).first()


def invoices(merchant_id: int, page: int) -> PageOf[InvoiceView]:
    """The bills, the newest first."""
    query = CarrierInvoice.objects.of(merchant_id).select_related("account").order_by("-on", "-pk")
    found, number, pages, total = cut(query, page)
    rows = list(found)
    counted = _verdicts(merchant_id, [row.pk for row in rows])
    return PageOf(
        rows=tuple(_invoice(row, counted.get(row.pk, {})) for row in rows), number=number, pages=pages, total=total
    )


def invoice(merchant_id: int, invoice_id: int) -> InvoiceView | None:
    """One bill."""
    row = CarrierInvoice.objects.of(merchant_id).select_related("account").filter(pk=invoice_id).first()
    return _invoice(row, _verdicts(merchant_id, [row.pk]).get(row.pk, {})) if row else None


def _verdicts(merchant_id: int, ids: list[int]) -> dict[int, dict[str, int]]:
    rows = CarrierInvoiceLine.objects.of(merchant_id).filter(invoice_id__in=ids)
    counted: dict[int, dict[str, int]] = {}
    for row in rows.values("invoice_id", "verdict").annotate(
        lines=Count("pk"), claimed=Count("pk", filter=~Q(claimed_at=None))
    ):
        found = counted.setdefault(row["invoice_id"], {})
        found[row["verdict"]] = row["lines"]
        found["claimed"] = found.get("claimed", 0) + row["claimed"]
    return counted


def _invoice(row: CarrierInvoice, counted: Mapping[str, int]) -> InvoiceView:
    verdicts = {verdict: counted.get(verdict, 0) for verdict in VERDICTS}
    return InvoiceView(
        id=row.pk,
        account=row.account.name,
        number=row.number,
        currency=row.currency,
        on=row.on,
        total_minor=row.total_minor,
        received_at=row.received_at,
        lines=sum(verdicts.values()),
        verdicts=verdicts,
        claimed=counted.get("claimed", 0),
    )


def invoice_lines(merchant_id: int, invoice_id: int, *, verdict: str, page: int) -> PageOf[InvoiceLineView]:
    """A page of a bill's lines, of one verdict or all."""
    query = _lines(merchant_id, invoice_id)
    if verdict in VERDICTS:
        query = query.filter(verdict=verdict)
    found, number, pages, total = cut(query, page)
    return PageOf(rows=tuple(map(_line, found)), number=number, pages=pages, total=total)


def claimed_lines(merchant_id: int, invoice_id: int) -> Iterator[InvoiceLineView]:
    """The claim list of a bill."""
    yield from map(_line, _lines(merchant_id, invoice_id).exclude(claimed_at=None))


def _lines(merchant_id: int, invoice_id: int) -> Any:
    rows = CarrierInvoiceLine.objects.of(merchant_id).filter(invoice_id=invoice_id)
    return rows.select_related("shipment").order_by("position")


def _line(row: CarrierInvoiceLine) -> InvoiceLineView:
    return InvoiceLineView(
        position=row.position,
        waybill=row.waybill,
        order_id=row.shipment.order_id if row.shipment else None,
        parcel=row.shipment.number if row.shipment else "",
        kind=row.kind,
        told=row.told,
        billed_minor=row.billed_minor,
        quoted_minor=row.quoted_minor,
        weight_g=row.weight_g,
        quoted_weight_g=row.quoted_weight_g or None,
        verdict=row.verdict,
        claimed_at=row.claimed_at,
    )
