"""The tariffs workbench: every rate card, price lists in, rate cards out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import tariff_file as actions
from haitu.core.errors import Refusal
from haitu.links.tariffs import own
from haitu.links.tariffs.draft import Draft
from haitu.links.tariffs.said import NotAPriceList
from haitu.links.tariffs.sheets import MOST_BYTES, check_size
from haitu.reads.desk import tariff_files
from haitu.reads.desk import tariffs as reads
from haitu.web.desk import tariff_words
from haitu.web.desk.answers import csv_file, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

KINDS = ("csv", "xlsx")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@door(read=Right.SEE)
def tariffs(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """All editions of all cards, with a place to drop a price list on."""
    query = request.GET
    sort = query.get("sort", "code").removeprefix("-")
    lines = reads.lines(
        desk.merchant.id,
        on=timezone.localdate(),
        search=query.get("q", ""),
        when=query.get("when", ""),
        sort=sort if sort in reads.SORTS else "code",
        down=query.get("sort", "").startswith("-"),
    )
    return show(
        request,
        desk,
        "tariffs.html",
        lines=lines,
        sort=query.get("sort", "code"),
        search=query.get("q", ""),
        when=query.get("when", ""),
        whens=[(when, tariff_words.state(when)) for when in ("now", "later", "past")],
        files=tariff_files.files(desk.merchant.id, most=5),
        say=tariff_words,
        most_bytes=MOST_BYTES,
        example_g=reads.EXAMPLE_G,
    )


@door(read=Right.SEE)
def history(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Every price list that was uploaded."""
    return show(request, desk, "tariff_files.html", files=tariff_files.files(desk.merchant.id), say=tariff_words)


@door(write=Right.SELL)
def upload(request: HttpRequest, desk: Desk, /) -> HttpResponseBase:
    """Keeps the file for reading and goes there; a page with a progress bar is told where to go."""
    try:
        file_id = actions.keep_file(
            merchant_id=desk.merchant.id,
            name=_name(request),
            content=_content(request),
            by=desk.user,
            now=timezone.now(),
        )
        address = reverse("desk:tariff_file", args=[file_id])
    except Refusal as no:
        messages.error(request, tariff_words.refusal(no))
        address = reverse("desk:tariffs")
    if request.headers.get("X-Progress"):
        return JsonResponse({"go": address})
    return HttpResponseRedirect(address)


@door(read=Right.SEE)
def export(request: HttpRequest, desk: Desk, /, *, kind: str) -> HttpResponseBase:
    """Every lane's card, now and to come, as a file that can be read again."""
    today = timezone.localdate()
    if kind not in KINDS:
        return nothing_here(request, desk)
    return _file(f"tariffs-{today.isoformat()}", kind, reads.export(desk.merchant.id, on=today))


@door(read=Right.SEE)
def export_one(request: HttpRequest, desk: Desk, /, *, tariff_id: int, kind: str) -> HttpResponseBase:
    """One edition."""
    today: date = timezone.localdate()
    drafts = reads.export(desk.merchant.id, on=today, tariff_id=tariff_id)
    if not drafts or kind not in KINDS:
        return nothing_here(request, desk)
    name = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "-_") else "_" for sign in drafts[0].tariff.code
    )
    return _file(f"tariff-{name}", kind, drafts)


def _file(name: str, kind: str, drafts: Iterable[Draft]) -> HttpResponseBase:
    if kind == "csv":
        return csv_file(f"{name}.csv", own.write_csv(drafts))
    disposition = f'attachment; filename="{name}.xlsx"'
    return HttpResponse(own.write_xlsx(drafts), content_type=XLSX, headers={"Content-Disposition": disposition})


def _name(request: HttpRequest) -> str:
    given = request.FILES.get("file")
    return given.name or _("Price list") if given else ""


def _content(request: HttpRequest) -> bytes:
    given = request.FILES.get("file")
    if given is None:
        raise NotAPriceList("Choose a file first.")
    check_size(given.size or 0)
    given.seek(0)
    content: bytes = given.read()
    return content
