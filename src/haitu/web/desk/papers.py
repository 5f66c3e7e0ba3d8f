"""Papers to print, and who stands on them."""

from __future__ import annotations

from typing import get_args

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.business import ID_KINDS, Exporter, save_exporter
from haitu.core.errors import Refusal
from haitu.core.money import convert_back
from haitu.core.papers import Papers, check_for_customs, customs_form
from haitu.links.papers_pdf import Kind, Language, pdf
from haitu.reads import papers as reads
from haitu.reads.exchange import exchange_rates
from haitu.web import address
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_PICKED = 200  # orders on one pick list


@door(read=Right.SEE)
def paper(request: HttpRequest, desk: Desk, /, *, order_id: int, parcel_id: int, kind: str) -> HttpResponse:
    """One of a parcel's papers as PDF; "customs" is whichever postal declaration it needs."""
    found = reads.of_shipment(desk.merchant.id, order_id, parcel_id, address.lines)
    known = kind == "customs" or kind in KINDS
    if found is None or not known:
        return nothing_here(request, desk)
    try:
        if kind != "packing":
            check_for_customs(found)
    except Refusal as no:
        return show(
            request,
            desk,
            "paper_refused.html",
            status=422,
            told=words.refusal(no),
            order_id=order_id,
            parcel=found.number,
        )
    chosen = next((name for name in KINDS if name == kind), None) or _customs(found)
    return _file(pdf(chosen, [found], language=_language(desk)), f"{chosen}-{found.number}".lower())


@door(read=Right.SEE)
def pick(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The pick lists of the orders chosen (?order=), one a warehouse and order."""
    ids = [number for number in map(forms.row_id, request.GET.getlist("order")) if number][:MOST_PICKED]
    found = reads.to_pick(desk.merchant.id, ids, timezone.localdate())
    if not found:
        return nothing_here(request, desk)
    return _file(pdf("pick", found, language=_language(desk)), "pick-list")


@door(read=Right.TEAM, write=Right.TEAM)
def business(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Who stands on the papers as sender."""
    if request.method == "POST":
        return acted(request, reverse("desk:business"), lambda: _save(request, desk), _("The papers' sender is kept."))
    return show(request, desk, "business.html", exporter=reads.exporter(desk.merchant.id), id_kinds=ID_KINDS)


def _save(request: HttpRequest, desk: Desk) -> None:
    form = request.POST
    numbers = {kind: forms.text(form, f"id-{kind}", longest=41) for kind in ID_KINDS}
    save_exporter(
        merchant_id=desk.merchant.id,
        exporter=Exporter(
            name=forms.text(form, "name", longest=81),
            lines=tuple(line.strip() for line in forms.text(form, "lines", longest=500).splitlines() if line.strip()),
            country=forms.text(form, "country", longest=3).upper(),
            phone=forms.text(form, "phone", longest=81),
            email=forms.text(form, "email", longest=81),
            ids={kind: number for kind, number in numbers.items() if number},
        ),
        by=desk.user,
        now=timezone.now(),
    )


def _customs(found: Papers) -> Kind:
    rate = exchange_rates({found.currency}, on=found.on)[found.currency]
    return customs_form(found, convert_back(found.total_minor, rate))


def _language(desk: Desk) -> Language:
    return "zh" if desk.language == "zh-hans" else "en"


def _file(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return response
