"""Stock: what lies where, and every way it changes by hand."""

from __future__ import annotations

import secrets

from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import stock as actions
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.reads.desk import stock as reads
from haitu.reads.desk.stock import StockFilter
from haitu.web.desk import forms
from haitu.web.desk.answers import acted, csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show


class NoSuchSku(Refusal):
    """The merchant has no variant with that SKU."""

    code = "no_such_sku"


@door(read=Right.SEE)
def stock(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The list."""
    given = _filter(request.GET)
    return show(
        request,
        desk,
        "stock.html",
        page=reads.stock(desk.merchant.id, given, desk.language),
        given=given,
        warehouses=reads.warehouses(desk.merchant.id),
        conserved=reads.conserved(desk.merchant.id),
        once=secrets.token_hex(8),
    )


@door(read=Right.SEE)
def export(request: HttpRequest, desk: Desk, /) -> StreamingHttpResponse:
    """The list as it is filtered, as a CSV file; values in base currency for those who may see profit."""
    base = desk.merchant.base_currency
    heading = ["sku", "title", "warehouse", "on_hand", "reserved", "buffer", "available"]
    money = ["currency", "goods_value", "inbound_value", "assumed"] if desk.may("profit") else []
    rows = (
        [row.sku, row.title, row.warehouse, row.on_hand, row.reserved, row.buffer, row.available]
        + (
            [base, display(row.goods_value_minor, base), display(row.inbound_value_minor, base), int(row.assumed)]
            if money
            else []
        )
        for row in reads.every_row(desk.merchant.id, _filter(request.GET), desk.language)
    )
    return csv_file("stock.csv", csv_lines([heading + money, *rows]))


@door(read=Right.SEE)
def stock_row(request: HttpRequest, desk: Desk, /, *, stock_id: int) -> HttpResponse:
    """One variant in one warehouse, with its moves."""
    found = reads.stock_row(desk.merchant.id, stock_id, desk.language)
    if found is None:
        return nothing_here(request, desk)
    return show(
        request,
        desk,
        "stock_row.html",
        row=found,
        page=reads.moves(desk.merchant.id, stock_id, forms.page_number(request.GET)),
        warehouses=[place for place in reads.warehouses(desk.merchant.id) if place.id != found.warehouse_id],
        conserved=reads.conserved(desk.merchant.id, stock_id),
        once=secrets.token_hex(8),
    )


@door(write=Right.SHIP)
def receive(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Takes units into stock; the form sent twice receives once."""
    base = desk.merchant.base_currency

    def act() -> None:
        sku = forms.text(request.POST, "sku", longest=40)
        variant_id = reads.variant_of_sku(desk.merchant.id, sku)
        if variant_id is None:
            raise NoSuchSku(f"There is no SKU {sku!r}.", field="sku", sku=sku)
        actions.receive(
            merchant_id=desk.merchant.id,
            variant_id=variant_id,
            warehouse_id=forms.whole(request.POST, "warehouse"),
            quantity=forms.whole(request.POST, "quantity", least=1),
            goods_value_minor=forms.amount(request.POST, "goods", base),
            inbound_value_minor=forms.maybe_amount(request.POST, "inbound", base) or 0,
            reference=forms.text(request.POST, "reference", longest=80),
            by=desk.user,
            now=timezone.now(),
            key=_once(request),
        )

    return acted(request, reverse("desk:stock"), act, _("The goods are received."))


@door(write=Right.SHIP)
def move(request: HttpRequest, desk: Desk, /, *, stock_id: int) -> HttpResponse:
    """Takes units to another warehouse."""

    def act() -> None:
        actions.move(
            merchant_id=desk.merchant.id,
            stock_id=stock_id,
            to_warehouse_id=forms.whole(request.POST, "warehouse"),
            quantity=forms.whole(request.POST, "quantity", least=1),
            inbound_value_minor=forms.maybe_amount(request.POST, "cost", desk.merchant.base_currency) or 0,
            reference=forms.text(request.POST, "reference", longest=80),
            by=desk.user,
            now=timezone.now(),
            key=_once(request),
        )

    return acted(request, _page(stock_id), act, _("The goods are moved."))


@door(write=Right.SHIP)
def count(request: HttpRequest, desk: Desk, /, *, stock_id: int) -> HttpResponse:
    """Sets the units on hand to what was counted."""

    def act() -> None:
        actions.count(
            merchant_id=desk.merchant.id,
            stock_id=stock_id,
            counted=forms.whole(request.POST, "counted"),
            reason=forms.text(request.POST, "reason", longest=80) or _("Counted"),
            by=desk.user,
            now=timezone.now(),
            key=_once(request),
        )

    return acted(request, _page(stock_id), act, _("The count is booked."))


@door(write=Right.SHIP)
def write_off(request: HttpRequest, desk: Desk, /, *, stock_id: int) -> HttpResponse:
    """Takes lost or broken units out."""

    def act() -> None:
        actions.write_off(
            merchant_id=desk.merchant.id,
            stock_id=stock_id,
            quantity=forms.whole(request.POST, "quantity", least=1),
            reason=forms.text(request.POST, "reason", longest=80) or _("Written off"),
            by=desk.user,
            now=timezone.now(),
            key=_once(request),
        )

    return acted(request, _page(stock_id), act, _("The goods are written off."))


@door(write=Right.SHIP)
def buffer(request: HttpRequest, desk: Desk, /, *, stock_id: int) -> HttpResponse:
    """Holds units back from sale."""

    def act() -> None:
        actions.set_buffer(
            merchant_id=desk.merchant.id,
            stock_id=stock_id,
            buffer=forms.whole(request.POST, "buffer"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, _page(stock_id), act, _("The buffer is set."))


def _once(request: HttpRequest) -> str | None:
    """The stamp of the page the form came from: what it asks for is done once, however often it is sent."""
    return forms.text(request.POST, "once", longest=32) or None


def _filter(query: QueryDict) -> StockFilter:
    return StockFilter(
        search=query.get("q", "").strip()[:100],
        warehouse=query.get("warehouse", ""),
        only=query.get("only", ""),
        sort=query.get("sort", "sku"),
        page=forms.page_number(query),
    )


def _page(stock_id: int) -> str:
    return reverse("desk:stock_row", args=[stock_id])
