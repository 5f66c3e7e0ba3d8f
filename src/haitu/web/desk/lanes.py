"""Lanes and rate cards: what carries, and at which price."""

from __future__ import annotations

from collections import defaultdict
from itertools import zip_longest

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions import supply
from haitu.core.errors import Refusal
from haitu.core.freight import Break
from haitu.core.money import display
from haitu.reads.desk import markets as reads
from haitu.reads.desk.markets import TariffView
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, back, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, country_name

SPARE_LINES = 3


@door(read=Right.SEE)
def lanes(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """All of them, by destination."""
    destination = request.GET.get("to", "")
    every = reads.lanes(desk.merchant.id, on=timezone.now().date())
    shown = [lane for lane in every if not destination or lane.destination == destination]
    destinations = sorted({lane.destination for lane in every})
    names = [(code, country_name(code, active())) for code in destinations]
    return show(request, desk, "lanes.html", lanes=shown, destination_names=names, destination=destination)


@door(write=Right.SELL)
def close(request: HttpRequest, desk: Desk, /, *, lane_id: int) -> HttpResponse:
    """From now on nothing is quoted by this lane."""
    return acted(
        request,
        _origin(request),
        lambda: supply.close_lane(
            merchant_id=desk.merchant.id,
            lane_id=lane_id,
            reason=forms.text(request.POST, "reason"),
            by=desk.user,
            now=timezone.now(),
        ),
        _("The lane is closed; no quote uses it any more."),
    )


@door(write=Right.SELL)
def reopen(request: HttpRequest, desk: Desk, /, *, lane_id: int) -> HttpResponse:
    """The lane carries again."""
    return acted(
        request,
        _origin(request),
        lambda: supply.open_lane(merchant_id=desk.merchant.id, lane_id=lane_id, by=desk.user, now=timezone.now()),
        _("The lane is open again."),
    )


@door(read=Right.SEE, write=Right.SELL)
def tariff(request: HttpRequest, desk: Desk, /, *, tariff_id: int) -> HttpResponse:
    """One rate card."""
    found = reads.tariff(desk.merchant.id, tariff_id)
    if found is None:
        return nothing_here(request, desk)
    given, breaks, told = _typed(found), _typed_breaks(found), defaultdict[str, str](str)
    if request.method == "POST":
        given, breaks = defaultdict(str, request.POST.dict()), _given_breaks(request.POST)
        try:
            draft = _draft(request.POST, found.currency)
            supply.save_tariff(
                merchant_id=desk.merchant.id, tariff_id=tariff_id, draft=draft, by=desk.user, now=timezone.now()
            )
            return back(request, reverse("desk:tariff", args=[tariff_id]), _("The rate card is saved."))
        except Refusal as no:
            told[no.field or "form"] = words.refusal(no)
    breaks += [("", "", "", "")] * (len(found.breaks) + SPARE_LINES - len(breaks))
    status = 400 if told else 200
    return show(request, desk, "tariff.html", status=status, tariff=found, given=given, breaks=breaks, told=told)


def _origin(request: HttpRequest) -> str:
    """The page the form stood on: a market's, or the list of lanes."""
    market_id = request.POST.get("market", "")
    return reverse("desk:market", args=[int(market_id)]) if market_id.isdecimal() else reverse("desk:lanes")


def _given_breaks(form: QueryDict) -> list[tuple[str, str, str, str]]:
    lists = [form.getlist(name) for name in ("up_to", "base", "per_step", "per_kg")]
    return [(up_to, base, step, kg) for up_to, base, step, kg in zip_longest(*lists, fillvalue="")]


def _draft(form: QueryDict, currency: str) -> supply.TariffDraft:
    return supply.TariffDraft(
        divisor_cm3_per_kg=forms.maybe_whole(form, "divisor", least=1),
        step_g=forms.whole(form, "step_g", least=1),
        breaks=tuple(_break(line, currency) for line in _given_breaks(form) if any(cell.strip() for cell in line)),
        minimum_minor=forms.amount(form, "minimum", currency),
        fuel_bp=forms.share_bp(form, "fuel"),
        remote_minor=forms.amount(form, "remote", currency),
        remote_postcodes=forms.words(form, "remote_postcodes"),
        max_weight_g=forms.maybe_whole(form, "max_weight_g", least=1),
        max_side_mm=forms.maybe_whole(form, "max_side_mm", least=1),
        valid_to=forms.maybe_day(form, "valid_to"),
        source=forms.text(form, "source"),
    )


def _break(line: tuple[str, str, str, str], currency: str) -> Break:
    form = QueryDict(mutable=True)
    form.update({"up_to": line[0], "base": line[1] or "0", "per_step": line[2] or "0", "per_kg": line[3] or "0"})
    try:
        return Break(
            up_to_g=forms.whole(form, "up_to", least=1),
            base_minor=forms.amount(form, "base", currency),
            per_step_minor=forms.amount(form, "per_step", currency),
            per_kg_minor=forms.amount(form, "per_kg", currency),
        )
    except Refusal as no:
        no.field = "breaks"
        raise


def _typed(tariff: TariffView) -> defaultdict[str, str]:
    """The card as the form shows it."""
    typed = {
        "divisor": _shown(tariff.divisor_cm3_per_kg),
        "step_g": str(tariff.step_g),
        "minimum": display(tariff.minimum_minor, tariff.currency),
        "fuel": f"{tariff.fuel_bp / 100:g}",
        "remote": display(tariff.remote_minor, tariff.currency),
        "remote_postcodes": ", ".join(tariff.remote_postcodes),
        "max_weight_g": _shown(tariff.max_weight_g),
        "max_side_mm": _shown(tariff.max_side_mm),
        "valid_to": _shown(tariff.valid_to),
        "source": tariff.source,
    }
    return defaultdict(str, typed)


def _typed_breaks(tariff: TariffView) -> list[tuple[str, str, str, str]]:
    return [
        (
            str(step.up_to_g),
            display(step.base_minor, tariff.currency),
            display(step.per_step_minor, tariff.currency),
            display(step.per_kg_minor, tariff.currency),
        )
        for step in tariff.breaks
    ]


def _shown(value: object) -> str:
    return "" if value is None else str(value)
