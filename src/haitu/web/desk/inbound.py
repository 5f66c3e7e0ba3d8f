"""Inbound: loads on their way, purchase orders and suppliers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import arrival, purchase
from haitu.actions import inbound as actions
from haitu.actions.arrival import Counted
from haitu.actions.inbound import Load
from haitu.actions.purchase import SupplierDraft, Wanted
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.links.reference.table import Problem
from haitu.links.units_csv import UnitsLine, parse_units
from haitu.models import InboundStatus, ShareBy
from haitu.reads.desk import inbound as reads
from haitu.reads.desk import stock as stock_reads
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, back, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

LONGEST_PASTE = 200_000
NOTED = (InboundStatus.BOOKED, InboundStatus.DEPARTED, InboundStatus.ARRIVED, InboundStatus.CUSTOMS)


class BadLines(Refusal):
    """Some of the pasted lines cannot be used; each is named beside the form."""

    code = "bad_lines"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("Some lines cannot be used.", field="lines", problems=tuple(problems))
        self.problems = tuple(problems)


# Loads -------------------------------------------------------------------------------------------------------
@door(read=Right.SEE)
def board(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Open loads, a column a step."""
    today = timezone.localdate()
    columns = reads.board(desk.merchant.id, today)
    late = sum(1 for cards in columns.values() for card in cards if card.late_days)
    return show(request, desk, "inbound.html", columns=columns, late=late, today=today)


@door(read=Right.SEE)
def loads(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Every load, also those long closed."""
    search, status = request.GET.get("q", "").strip()[:100], request.GET.get("status", "")
    page = reads.loads(
        desk.merchant.id,
        search=search,
        status=status if status in InboundStatus.values else "",
        page=forms.page_number(request.GET),
        today=timezone.localdate(),
    )
    statuses = [(value, words.inbound_status(value)) for value in InboundStatus.values]
    return show(request, desk, "inbound_loads.html", page=page, search=search, chosen=status, statuses=statuses)


@door(read=Right.SEE)
def load(request: HttpRequest, desk: Desk, /, *, inbound_id: int) -> HttpResponse:
    """One load: its goods, its costs, what happened, and what can happen next."""
    today = timezone.localdate()
    found = reads.load(desk.merchant.id, inbound_id, today)
    if found is None:
        return nothing_here(request, desk)
    return show(
        request,
        desk,
        "inbound_load.html",
        load=found,
        today=today,
        once=secrets.token_hex(8),
        next_steps=_next_steps(found.card.status),
        share_names=_share_names(),
        display=partial(display, currency=desk.merchant.base_currency),
    )


@door(read=Right.SHIP, write=Right.SHIP)
def new(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """A form for a load from a supplier's orders (?supplier=) or between warehouses (?from=)."""
    told, problems = "", tuple[Problem, ...]()
    if request.method == "POST":
        try:
            made = _plan(request, desk)
        except BadLines as no:
            told, problems = _("Some lines cannot be used."), no.problems
        except Refusal as no:
            told = words.refusal(no)
        else:
            return back(request, reverse("desk:load", args=[made]), _("The load is planned."))
    given = request.POST if request.method == "POST" else request.GET
    supplier_id = forms.row_id(given.get("supplier", ""))
    suppliers = [row for row in reads.suppliers(desk.merchant.id) if row.active]
    return show(
        request,
        desk,
        "inbound_new.html",
        status=422 if told else 200,
        told=told,
        problems=problems,
        given=given,
        supplier=next((row for row in suppliers if row.id == supplier_id), None),
        suppliers=suppliers,
        due=reads.due(desk.merchant.id, supplier_id) if supplier_id else (),
        warehouses=stock_reads.warehouses(desk.merchant.id),
        lanes=reads.lanes_in(desk.merchant.id, on=timezone.now().date()),
        share_names=_share_names(),
    )


@door(write=Right.SHIP)
def advance(request: HttpRequest, desk: Desk, /, *, inbound_id: int) -> HttpResponse:
    """Notes the next step."""

    def act() -> None:
        now = timezone.now()
        status = request.POST.get("status", "")
        if status not in InboundStatus.values:
            raise actions.WrongStep(f"{status!r} is no step.", status=status)
        day = forms.maybe_day(request.POST, "on")
        at = now if day is None or day == timezone.localdate() else _noon(desk, day)
        actions.advance(
            merchant_id=desk.merchant.id,
            inbound_id=inbound_id,
            to=InboundStatus(status),
            at=at,
            told=forms.text(request.POST, "told"),
            by=desk.user,
            now=now,
        )

    return acted(request, _page(inbound_id), act, _("The step is noted."))


@door(write=Right.SHIP)
def days(request: HttpRequest, desk: Desk, /, *, inbound_id: int) -> HttpResponse:
    """The days of arrival as a person knows them."""

    def act() -> None:
        half, most = forms.maybe_day(request.POST, "eta_p50"), forms.maybe_day(request.POST, "eta_p90")
        if half is None or most is None:
            raise forms.BadDay("Say both days.", field="eta_p50", given="")
        actions.set_days(
            merchant_id=desk.merchant.id,
            inbound_id=inbound_id,
            eta_p50=half,
            eta_p90=most,
            reason=forms.text(request.POST, "told"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(inbound_id), act, _("The days are set."))


@door(write=Right.SHIP)
def receive(request: HttpRequest, desk: Desk, /, *, inbound_id: int) -> HttpResponse:
    """Counts goods in, and closes the load if that was all; the form sent twice counts once."""

    def act() -> None:
        now = timezone.now()
        found = reads.load(desk.merchant.id, inbound_id, timezone.localdate())
        lines = found.lines if found else ()
        counted = {
            line.id: Counted(
                good=forms.maybe_whole(request.POST, f"good-{line.id}") or 0,
                damaged=forms.maybe_whole(request.POST, f"damaged-{line.id}") or 0,
            )
            for line in lines
        }
        given: dict[str, Any] = {"merchant_id": desk.merchant.id, "inbound_id": inbound_id, "by": desk.user, "now": now}
        arrival.receive(
            counted=counted, key=forms.text(request.POST, "once", longest=32) or secrets.token_hex(8), **given
        )
        if request.POST.get("close"):
            arrival.close(told=forms.text(request.POST, "told"), **given)

    return acted(request, _page(inbound_id), act, _("The goods are counted in."))


@door(write=Right.SHIP)
def costs(request: HttpRequest, desk: Desk, /, *, inbound_id: int) -> HttpResponse:
    """Freight and duty as billed."""

    def act() -> None:
        share_by = request.POST.get("share_by", "")
        arrival.set_costs(
            merchant_id=desk.merchant.id,
            inbound_id=inbound_id,
            freight_minor=forms.amount(request.POST, "freight", desk.merchant.base_currency),
            duty_minor=forms.amount(request.POST, "duty", desk.merchant.base_currency),
            share_by=ShareBy(share_by) if share_by in ShareBy.values else None,
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(inbound_id), act, _("The costs are booked."))


@door(write=Right.SHIP)
def cancel(request: HttpRequest, desk: Desk, /, *, inbound_id: int) -> HttpResponse:
    """The load will not leave."""
    return acted(
        request,
        _page(inbound_id),
        lambda: actions.cancel(
            merchant_id=desk.merchant.id,
            inbound_id=inbound_id,
            reason=forms.text(request.POST, "told"),
            by=desk.user,
            now=timezone.now(),
        ),
        _("The load is cancelled."),
    )


# Purchase orders and suppliers -------------------------------------------------------------------------------
@door(read=Right.SEE, write=Right.SHIP)
def purchases(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What was ordered, and a form to order more."""
    told, problems = "", tuple[Problem, ...]()
    if request.method == "POST":
        try:
            _order(request, desk)
        except BadLines as no:
            told, problems = _("Some lines cannot be used."), no.problems
        except Refusal as no:
            told = words.refusal(no)
        else:
            return back(request, reverse("desk:purchases"), _("The purchase order is kept."))
    return show(
        request,
        desk,
        "purchases.html",
        status=422 if told else 200,
        told=told,
        problems=problems,
        given=request.POST,
        page=reads.purchases(desk.merchant.id, forms.page_number(request.GET)),
        suppliers=[row for row in reads.suppliers(desk.merchant.id) if row.active],
        today=timezone.localdate(),
    )


@door(write=Right.SHIP)
def purchase_close(request: HttpRequest, desk: Desk, /, *, purchase_id: int) -> HttpResponse:
    """Nothing more will come of it."""
    return acted(
        request,
        reverse("desk:purchases"),
        lambda: purchase.close_purchase(
            merchant_id=desk.merchant.id, purchase_id=purchase_id, by=desk.user, now=timezone.now()
        ),
        _("The purchase order is closed."),
    )


@door(read=Right.SEE, write=Right.SHIP)
def suppliers(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Who sells to us; a row's form changes it, the last one makes a new one."""
    if request.method == "POST":
        return acted(
            request, reverse("desk:suppliers"), lambda: _save_supplier(request, desk), _("The supplier is kept.")
        )
    return show(request, desk, "suppliers.html", suppliers=reads.suppliers(desk.merchant.id))


# What was typed ----------------------------------------------------------------------------------------------
def _plan(request: HttpRequest, desk: Desk) -> int:
    form, now = request.POST, timezone.now()
    base = desk.merchant.base_currency
    share_by = form.get("share_by", "")
    planned = Load(
        number=forms.text(form, "number", longest=40),
        to_warehouse_id=forms.whole(form, "to"),
        lane_id=forms.row_id(form.get("lane", "")),
        reference=forms.text(form, "reference", longest=80),
        eta_p50=forms.maybe_day(form, "eta_p50"),
        eta_p90=forms.maybe_day(form, "eta_p90"),
        share_by=ShareBy(share_by) if share_by in ShareBy.values else ShareBy.VOLUME,
        freight_minor=forms.maybe_amount(form, "freight", base) or 0,
        duty_minor=forms.maybe_amount(form, "duty", base) or 0,
    )
    given: dict[str, Any] = {"merchant_id": desk.merchant.id, "load": planned, "by": desk.user, "now": now}
    supplier_id = forms.row_id(form.get("supplier", ""))
    if supplier_id:
        due = reads.due(desk.merchant.id, supplier_id)
        units = {line.id: forms.maybe_whole(form, f"units-{line.id}") or 0 for line in due}
        units = {line_id: quantity for line_id, quantity in units.items() if quantity}
        return actions.plan_from_supplier(supplier_id=supplier_id, units=units, **given)
    origin_id = forms.whole(form, "from")
    lines = _pasted(request, desk)
    shelves = reads.shelves_of(desk.merchant.id, origin_id, [variant for _line, variant in lines])
    missing = [line for line, variant in lines if variant not in shelves]
    if missing:
        wanted = "a SKU that lies in that warehouse"
        raise BadLines([Problem(line=line.line, column="sku", given=line.sku, wanted=wanted) for line in missing])
    units = {shelves[variant]: line.quantity for line, variant in lines}
    return actions.plan_transfer(origin_id=origin_id, units=units, **given)


def _order(request: HttpRequest, desk: Desk) -> int:
    supplier_id = forms.whole(request.POST, "supplier")
    supplier = next((row for row in reads.suppliers(desk.merchant.id) if row.id == supplier_id), None)
    if supplier is None:
        raise purchase.NoSuchSupplier("There is no such supplier.")
    return purchase.order_goods(
        merchant_id=desk.merchant.id,
        supplier_id=supplier_id,
        number=forms.text(request.POST, "number", longest=40),
        lines=[
            Wanted(variant_id=variant, quantity=line.quantity, unit_minor=line.unit_minor)
            for line, variant in _pasted(request, desk, currency=supplier.currency)
        ],
        ordered_on=forms.maybe_day(request.POST, "ordered_on") or timezone.localdate(),
        note=forms.text(request.POST, "note"),
        by=desk.user,
        now=timezone.now(),
    )


def _pasted(request: HttpRequest, desk: Desk, *, currency: str = "") -> list[tuple[UnitsLine, int]]:
    """The pasted lines with their variants; refuses BadLines with every problem."""
    rows, problems = parse_units(forms.text(request.POST, "lines", longest=LONGEST_PASTE), currency=currency)
    variants = reads.variants_of(desk.merchant.id, [row.sku for row in rows])
    unknown = tuple(
        Problem(line=row.line, column="sku", given=row.sku, wanted="a SKU of yours")
        for row in rows
        if row.sku.lower() not in variants
    )
    if problems or unknown:
        raise BadLines((*problems, *unknown))
    if not rows:
        raise BadLines([Problem(line=1, column="sku", given="", wanted="a SKU and its units")])
    return [(row, variants[row.sku.lower()]) for row in rows]


def _save_supplier(request: HttpRequest, desk: Desk) -> None:
    form = request.POST
    purchase.save_supplier(
        merchant_id=desk.merchant.id,
        supplier_id=forms.row_id(form.get("id", "")),
        draft=SupplierDraft(
            code=forms.text(form, "code", longest=21).upper(),
            name=forms.text(form, "name", longest=121),
            country=forms.text(form, "country", longest=3).upper(),
            currency=forms.text(form, "currency", longest=4).upper(),
            days_p50=forms.whole(form, "days_p50"),
            days_p90=forms.whole(form, "days_p90"),
            active=bool(form.get("active")),
        ),
        by=desk.user,
        now=timezone.now(),
    )


def _next_steps(status: str) -> list[tuple[str, str]]:
    if status in {InboundStatus.RECEIVED, InboundStatus.CANCELLED}:
        return []
    later = actions.STEPS[actions.STEPS.index(InboundStatus(status)) + 1 :]
    return [(step.value, words.inbound_status(step)) for step in later if step in NOTED]


def _share_names() -> list[tuple[str, str]]:
    return [(value, words.share_by(value)) for value in ShareBy.values]


def _noon(desk: Desk, day: Any) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(desk.merchant.time_zone)).astimezone(UTC)


def _page(inbound_id: int) -> str:
    return reverse("desk:load", args=[inbound_id])
