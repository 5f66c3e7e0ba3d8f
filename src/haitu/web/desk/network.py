"""The network: a map and a table of the same lanes, and what closing one of them would touch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions import closure
from haitu.core.closure import PASSAGES
from haitu.core.errors import Refusal
from haitu.core.money import minor_units
from haitu.reads import touched as reads
from haitu.reads.desk.paging import PER_PAGE, PageOf
from haitu.reads.network import LineView, NetworkView, SiteView, network
from haitu.reads.touched import Subject
from haitu.web.desk import forms, network_words, tariff_words, words
from haitu.web.desk.answers import acted, back, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, country_name, money_text, number_text, percent_text, unit_text

SORTS = {
    "code": attrgetter("code"),
    "mode": attrgetter("mode"),
    "days": attrgetter("days_p90"),
    "distance": attrgetter("distance_km"),
    "price": attrgetter("minor_per_kg"),
    "late": attrgetter("late_bp"),
}
STATES = ("open", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is asked for: the network as it stands, the lanes that fit, the same in order."""

    view: NetworkView
    lanes: tuple[LineView, ...]
    sites: dict[int, SiteView]
    all: bool


@door(read=Right.SEE)
def map_page(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Map, passages, warehouses and lanes."""
    shown = _shown(request.GET, desk)
    return show(
        request,
        desk,
        "network.html",
        shown=shown,
        page=_page(shown.lanes, forms.page_number(request.GET)),
        given=defaultdict(str, request.GET.dict()),
        modes=sorted((code, tariff_words.mode(code)) for code in {lane.mode for lane in shown.view.lanes}),
        end=lambda lane: _end(shown, lane),
        late=_late,
        say=network_words,
        mode=tariff_words.mode,
        km=_km,
    )


@door(read=Right.SEE)
def map_data(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The same as the map draws it; what a kilogram costs only for those who may see profit."""
    shown = _shown(request.GET, desk)
    base, locale = desk.merchant.base_currency, active()
    return JsonResponse(
        {
            "sites": [_site(site) for site in shown.view.sites if site.lat is not None],
            "lanes": [_line(shown, lane, desk) for lane in shown.lanes if lane.points],
            "language": locale.language,
            "currency": base,
            "units": minor_units(base),
            "words": {
                "cost": _("Price per kg"),
                "days": _("Days, nine of ten"),
                "health": _("Late of all arrived in 90 days"),
                "none": _("Not known"),
                "closed": _("Closed"),
                "touches": _("What would closing it touch?"),
                "in": _("Zoom in"),
                "out": _("Zoom out"),
                "sites": {kind: network_words.kind(kind) for kind in network_words.KINDS},
                "modes": {mode: tariff_words.mode(mode) for mode in sorted({lane.mode for lane in shown.lanes})},
            },
        }
    )


@door(read=Right.SEE, write=Right.SELL)
def subject(request: HttpRequest, desk: Desk, /, *, kind: str, which: str) -> HttpResponse:
    """What closing a lane, a warehouse or a passage would touch; from here it is closed."""
    now = timezone.now()
    given = reads.subject(desk.merchant.id, kind, which)
    if given is None:
        return nothing_here(request, desk)
    typed = defaultdict(str, {"from": now.date().isoformat()} | request.POST.dict())
    told = defaultdict[str, str](str)
    if request.method == "POST":
        try:
            done = _close(given, request.POST, desk)
            count = len(done.effects)
            note = ngettext("Closed; %(count)d lane changes.", "Closed; %(count)d lanes change.", count)
            return back(request, request.path, note % {"count": count})
        except Refusal as no:
            told[no.field or "form"] = words.refusal(no)
    return show(
        request,
        desk,
        "network_subject.html",
        status=400 if told else 200,
        kind=kind,
        which=which,
        given=given,
        name=network_words.passage(given.passage) if given.passage else given.name,
        found=reads.touched(desk.merchant.id, given, on=now.date()),
        standing=reads.standing(desk.merchant.id, given, on=now.date()),
        typed=typed,
        told=told,
        mode=tariff_words.mode,
        passages={code: network_words.passage(code) for code in PASSAGES},
    )


@door(write=Right.SELL)
def corridor(request: HttpRequest, desk: Desk, /, *, lane_id: int) -> HttpResponse:
    """Which passages the lane's ships use, and what becomes of it when one is shut."""
    return acted(
        request,
        reverse("desk:network_subject", args=["lane", lane_id]),
        lambda: closure.save_corridor(
            merchant_id=desk.merchant.id,
            lane_id=lane_id,
            passages=tuple(request.POST.getlist("passage")),
            if_passage_closes=forms.text(request.POST, "rule", longest=10),
            by=desk.user,
            now=timezone.now(),
        ),
        _("The lane's passages are kept."),
    )


@door(write=Right.SELL)
def lift(request: HttpRequest, desk: Desk, /, *, closure_id: int) -> HttpResponse:
    """The closure ends."""
    kind, which = (forms.text(request.POST, name, longest=20) for name in ("kind", "which"))
    found = reads.subject(desk.merchant.id, kind, which)
    where = reverse("desk:network_subject", args=[kind, which]) if found else reverse("desk:network")
    return acted(
        request,
        where,
        lambda: closure.lift(merchant_id=desk.merchant.id, closure_id=closure_id, by=desk.user, now=timezone.now()),
        _("The closure is lifted."),
    )


def _close(given: Subject, form: QueryDict, desk: Desk) -> closure.Closed:
    """By the action that is for such a thing."""
    now = timezone.now()
    shared: dict[str, Any] = {
        "merchant_id": desk.merchant.id,
        "valid_from": forms.maybe_day(form, "from") or now.date(),
        "valid_to": forms.maybe_day(form, "to"),
        "reason": forms.text(form, "reason"),
        "by": desk.user,
        "now": now,
    }
    if given.lane_id is not None:
        return closure.close_lane_on(lane_id=given.lane_id, **shared)
    if given.warehouse_id is not None:
        return closure.close_warehouse(warehouse_id=given.warehouse_id, **shared)
    return closure.close_passage(passage=given.passage, **shared)


def _shown(query: QueryDict, desk: Desk) -> Shown:
    """Lanes between warehouses; those to buyers too where they are asked for, or where there are no others."""
    now, every = timezone.now(), query.get("lanes") == "all"
    view = network(desk.merchant.id, now=now, last_mile=every)
    if not view.lanes and not every:
        every, view = True, network(desk.merchant.id, now=now, last_mile=True)
    sites = {site.id: site for site in view.sites}
    shown = Shown(view=view, lanes=view.lanes, sites=sites, all=every)
    fit = [lane for lane in view.lanes if _fits(shown, lane, query)]
    return Shown(view=view, lanes=tuple(_sorted(fit, query.get("sort", ""), desk)), sites=sites, all=every)


def _page(lanes: tuple[LineView, ...], number: int) -> PageOf[LineView]:
    """One page of them; a number out of range is brought into it."""
    pages = max(1, -(-len(lanes) // PER_PAGE))
    number = min(max(1, number), pages)
    rows = lanes[(number - 1) * PER_PAGE : number * PER_PAGE]
    return PageOf(rows=rows, number=number, pages=pages, total=len(lanes))


def _fits(shown: Shown, lane: LineView, query: QueryDict) -> bool:
    wanted, mode, state = (query.get(name, "").strip() for name in ("find", "mode", "state"))
    origin = shown.sites.get(lane.origin_id)
    text = " ".join([lane.code, lane.carrier, lane.service, origin.name if origin else "", _end(shown, lane)])
    return (
        wanted.casefold() in text.casefold()
        and mode in {"", lane.mode}
        and (state not in STATES or lane.open == (state == "open"))
    )


def _sorted(lanes: list[LineView], sort: str, desk: Desk) -> list[LineView]:
    """By a column, "-" before its name for the greatest first; what is not known comes last either way."""
    name = sort.removeprefix("-")
    if name not in SORTS or (name == "price" and not desk.may(Right.PROFIT)):
        return lanes
    by: Callable[[LineView], Any] = SORTS[name]
    known = sorted((lane for lane in lanes if by(lane) is not None), key=by, reverse=sort.startswith("-"))
    return [*known, *(lane for lane in lanes if by(lane) is None)]


def _end(shown: Shown, lane: LineView) -> str:
    """Where it leads: a warehouse, or a country's buyers."""
    site = shown.sites.get(lane.to_id) if lane.to_id else None
    return f"{site.code} {site.name}" if site else country_name(lane.destination, active())


def _km(lane: LineView) -> str:
    return "–" if lane.distance_km is None else unit_text(lane.distance_km, "length-kilometer", active())


def _late(lane: LineView) -> str:
    """The share, and of how many."""
    if lane.late_bp is None:
        return "–"
    share = percent_text(round(lane.late_bp, -2), active())
    return _("%(share)s of %(count)s") % {"share": share, "count": number_text(lane.arrivals, active())}


def _site(site: SiteView) -> dict[str, Any]:
    facts = [
        [_("Kind"), network_words.kind(site.kind)],
        [_("Place"), f"{site.city} · {country_name(site.country, active())}".removeprefix(" · ")],
        [_("Units"), number_text(site.units, active())],
    ]
    if not site.open:
        facts.append([_("Closed"), site.reason])
    return {
        "id": site.id,
        "name": f"{site.code} {site.name}",
        "kind": site.kind,
        "at": [site.lat, site.lon],
        "open": site.open,
        "facts": facts,
        "href": reverse("desk:network_subject", args=["warehouse", site.id]),
    }


def _line(shown: Shown, lane: LineView, desk: Desk) -> dict[str, Any]:
    priced = desk.may(Right.PROFIT)
    return {
        "id": lane.id,
        "name": lane.code,
        "mode": lane.mode,
        "open": lane.open,
        "points": [[round(lat, 2), round(lon, 2)] for lat, lon in lane.points],
        "cost": lane.minor_per_kg if priced else None,
        "days": lane.days_p90,
        "health": lane.late_bp,
        "facts": _facts(shown, lane, desk),
        "href": reverse("desk:network_subject", args=["lane", lane.id]),
    }


def _facts(shown: Shown, lane: LineView, desk: Desk) -> list[list[str]]:
    """What the panel beside the map says of a lane."""
    origin = shown.sites.get(lane.origin_id)
    facts = [
        [_("Way"), f"{origin.code if origin else ''} → {_end(shown, lane)}"],
        [_("Carrier"), f"{lane.carrier} {lane.service}".strip()],
        [_("Way of transport"), tariff_words.mode(lane.mode)],
        [_("Days, half / nine of ten"), f"{lane.days_p50} / {lane.days_p90}"],
        [_("Distance"), _km(lane)],
    ]
    if desk.may(Right.PROFIT) and lane.minor_per_kg is not None:
        facts.append([_("Price per kg"), money_text(lane.minor_per_kg, desk.merchant.base_currency, active())])
    facts.append([_("Late"), _late(lane)])
    if lane.passages:
        facts.append([_("Passages"), ", ".join(map(network_words.passage, lane.passages))])
    if lane.added_days:
        facts.append([_("Goes round"), _("%(days)s more days") % {"days": lane.added_days}])
    if lane.doubt is not None:
        facts.append([_("Doubt"), network_words.doubt(lane.doubt)])
    if not lane.open:
        facts.append([_("Closed"), lane.reason])
    return facts
