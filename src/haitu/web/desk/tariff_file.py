"""One price list: how it was read, what a person says to that, what it would change, applying it and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions import tariff_file as actions
from haitu.core.errors import Refusal
from haitu.links.tariffs.countries import codes
from haitu.links.tariffs.draft import Choices
from haitu.links.tariffs.facts import FIELDS, KEPT_FOR_ALL
from haitu.links.tariffs.headers import KEYS, KINDS, NOTHING, PRICES
from haitu.reads.desk import tariff_files as reads
from haitu.reads.desk.tariff_files import MODES, LaneChange, Preview
from haitu.web.desk import forms, tariff_words, words
from haitu.web.desk.answers import acted, back, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.desk.drawing import price_steps
from haitu.web.locale import active, country_name, money_text, unit_text

SHOWN_CHANGES = 150
SHOWN_PROBLEMS = 300
MOST_CHOICES = 2_000
LONGEST = 200


@door(read=Right.SELL)
def shown(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """What the list would change from the day asked for."""
    return _page(request, desk, file_id, told="")


@door(read=Right.SELL, write=Right.SELL)
def columns(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """How every table was read, to be corrected."""
    if request.method == "POST":
        return acted(
            request,
            reverse("desk:tariff_file", args=[file_id]),
            lambda: actions.save_choices(merchant_id=desk.merchant.id, file_id=file_id, choices=_choices(request.POST)),
            _("The list is read again, your way."),
        )
    try:
        found = reads.preview(desk.merchant.id, file_id, starts=None, today=timezone.localdate())
    except Refusal as no:
        return show(request, desk, "tariff_columns.html", seen=None, told=tariff_words.refusal(no), **_bare(file_id))
    if found is None:
        return nothing_here(request, desk)
    return show(
        request,
        desk,
        "tariff_columns.html",
        seen=found,
        told="",
        fields=FIELDS,
        prices=tuple(PRICES),
        keys=tuple(KEYS),
        nothing=NOTHING,
        places=list(_places(desk, found)),
        modes=[(mode, tariff_words.mode(mode)) for mode in MODES],
        warehouses=reads.warehouses(desk.merchant.id),
        **_bare(file_id),
    )


@door(write=Right.SELL)
def apply(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """The prices hold from the day on."""
    form = request.POST
    try:
        done = actions.apply(
            merchant_id=desk.merchant.id,
            file_id=file_id,
            starts=forms.maybe_day(form, "starts") or timezone.localdate(),
            seen=form.get("seen", ""),
            good_only=form.get("good_only") == "yes",
            open_new=form.get("new_lanes") == "open",
            by=desk.user,
            now=timezone.now(),
            today=timezone.localdate(),
        )
    except Refusal as no:
        return _page(request, desk, file_id, told=tariff_words.refusal(no))
    new = ngettext("%(count)d new lane", "%(count)d new lanes", done.new) % {"count": done.new}
    changed = ngettext("%(count)d lane with new prices", "%(count)d lanes with new prices", done.changed)
    return back(request, reverse("desk:tariffs"), f"{new}, {changed % {'count': done.changed}}.")


@door(write=Right.SELL)
def undo(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """Everything as it was before."""
    return acted(
        request,
        reverse("desk:tariff_files"),
        lambda: actions.undo(merchant_id=desk.merchant.id, file_id=file_id, by=desk.user, now=timezone.now()),
        _("The list is undone: cards and lanes are as they were before."),
    )


@door(write=Right.SELL)
def discard(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """Forgets a list that was not applied."""
    return acted(
        request,
        reverse("desk:tariffs"),
        lambda: actions.discard(merchant_id=desk.merchant.id, file_id=file_id),
        _("The list is forgotten."),
    )


def _page(request: HttpRequest, desk: Desk, file_id: int, *, told: str) -> HttpResponse:
    status = 400 if told else 200
    given = request.POST if request.method == "POST" else request.GET
    try:
        starts = forms.maybe_day(given, "starts")
        found = reads.preview(desk.merchant.id, file_id, starts=starts, today=timezone.localdate())
    except Refusal as no:
        told = told or (words.refusal(no) if no.field == "starts" else tariff_words.refusal(no))
        return show(request, desk, "tariff_file.html", status=400, seen=None, told=told, **_bare(file_id))
    if found is None:
        return nothing_here(request, desk)
    order = {"refused": 0, "changed": 1, "new": 2, "same": 3}
    changes = sorted(found.changes, key=lambda change: order[change.state])
    touched = [change for change in changes if change.state != "same"]
    return show(
        request,
        desk,
        "tariff_file.html",
        status=status,
        seen=found,
        told=told,
        changes=touched[:SHOWN_CHANGES],
        more=max(0, len(touched) - SHOWN_CHANGES),
        problems=found.reading.problems[:SHOWN_PROBLEMS],
        more_problems=max(0, len(found.reading.problems) - SHOWN_PROBLEMS),
        bad=len(found.reading.problems) + len(found.of("refused")),
        good=len(found.of("new")) + len(found.of("changed")),
        picture=_picture,
        today=timezone.localdate(),
        **_bare(file_id),
    )


def _bare(file_id: int) -> dict[str, Any]:
    return {"say": tariff_words, "file_id": file_id}


def _picture(change: LaneChange) -> str:
    """Old and new price by weight."""
    currency = change.new.currency
    points = [(point.grams, point.old_minor, point.new_minor) for point in change.curve]
    locale = active()
    return price_steps(
        points,
        label=_("Price of a parcel by weight, now and then; the table beside it holds the same figures."),
        money=lambda minor: money_text(minor, currency, locale),
        weight=lambda grams: unit_text(Decimal(grams) / 1000, "mass-kilogram", locale),
    )


def _places(desk: Desk, found: Preview) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """(label, what was chosen, choices) for every place that the list names and nobody explained."""
    labels = dict.fromkeys([*found.choices.places, *found.reading.unknown_places])
    stores = [(f"warehouse:{store.code}", f"{store.code} {store.name}") for store in reads.warehouses(desk.merchant.id)]
    lands = sorted(((code, country_name(code, active())) for code in codes()), key=lambda pair: pair[1])
    for label in labels:
        likely = found.reading.unknown_places.get(label, ())
        first = [pair for pair in (*stores, *lands) if pair[0] in likely]
        rest = [pair for pair in (*stores, *lands) if pair not in first]
        yield label, found.choices.places.get(label, ""), [*first, ("skip", _("leave it out")), *rest]


def _choices(form: QueryDict) -> Choices:
    """What the reading page says; an empty field leaves the matter to the list."""
    given: dict[str, dict[str, str]] = {"column": {}, "place": {}, "lane": {}}
    facts: dict[str, dict[str, str]] = {}
    for name, value in list(form.items())[:MOST_CHOICES]:
        group, _colon, rest = name.partition(":")
        text = str(value).strip()[:LONGEST]
        if not text or not rest:
            continue
        if group == "fact":
            fact, _colon, table = rest.partition(":")
            if fact in FIELDS:
                facts.setdefault(table or KEPT_FOR_ALL, {})[fact] = text
        elif group in given and (group != "column" or text in KINDS):
            given[group][rest] = text
    return Choices(columns=given["column"], facts=facts, places=given["place"], lanes=given["lane"])
