"""The markets: how a merchant sells in each country."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.market import CHARMS, MarketDraft, save_market
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.reads.desk import markets as reads
from haitu.reads.desk.markets import MarketView
from haitu.web.desk import forms, words
from haitu.web.desk.answers import back, nothing_here
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.SEE)
def markets(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """All of them."""
    return show(request, desk, "markets.html", markets=reads.markets(desk.merchant.id, on=timezone.now().date()))


@door(read=Right.SEE, write=Right.SELL)
def market(request: HttpRequest, desk: Desk, /, *, market_id: int) -> HttpResponse:
    """One market's settings; a change is shown before it is kept."""
    found = reads.market(desk.merchant.id, market_id, on=timezone.now().date())
    if found is None:
        return nothing_here(request, desk)
    given, told = _typed(found), defaultdict[str, str](str)
    changes: list[tuple[str, str, str]] = []
    if request.method == "POST":
        given = defaultdict(str, request.POST.dict())
        try:
            draft = _draft(request.POST, found.currency)
            if request.POST.get("keep"):
                save_market(
                    merchant_id=desk.merchant.id, market_id=market_id, draft=draft, by=desk.user, now=timezone.now()
                )
                return back(request, reverse("desk:market", args=[market_id]), _("The market is saved."))
            changes = _changes(_typed(found), given)
        except Refusal as no:
            told[no.field or "form"] = words.refusal(no)
    return show(
        request,
        desk,
        "market.html",
        status=400 if told else 200,
        market=found,
        given=given,
        told=told,
        changes=changes,
        charms=[(charm, _("as computed") if charm == "none" else f"…{charm}") for charm in CHARMS],
        lanes=reads.lanes(desk.merchant.id, on=timezone.now().date(), consumers_of=found.country),
    )


def _draft(form: QueryDict, currency: str) -> MarketDraft:
    return MarketDraft(
        prices_include_tax=form.get("prices_include_tax") == "yes",
        charm=forms.text(form, "charm"),
        price_factor_bp=forms.factor_bp(form, "price_factor"),
        incoterm=forms.text(form, "incoterm"),
        languages=forms.words(form, "languages"),
        registrations=forms.words(form, "registrations"),
        shipping_minor=forms.amount(form, "shipping", currency),
        shipping_free_from_minor=forms.maybe_amount(form, "shipping_free_from", currency),
        traffic_minor=forms.amount(form, "traffic", currency),
        returns_bp=forms.share_bp(form, "returns"),
        open=form.get("open") == "yes",
    )


def _typed(market: MarketView) -> defaultdict[str, str]:
    """The settings as the form shows them."""
    free_from = market.shipping_free_from_minor
    typed = {
        "prices_include_tax": "yes" if market.prices_include_tax else "no",
        "charm": market.charm,
        "price_factor": f"{market.price_factor_bp / 10_000:g}",
        "incoterm": market.incoterm,
        "languages": ", ".join(market.languages),
        "registrations": ", ".join(market.registrations),
        "shipping": display(market.shipping_minor, market.currency),
        "shipping_free_from": "" if free_from is None else display(free_from, market.currency),
        "traffic": display(market.traffic_minor, market.currency),
        "returns": f"{market.returns_bp / 100:g}",
        "open": "yes" if market.open else "",
    }
    return defaultdict(str, typed)


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """What keeping the form would change, in words."""
    names = {
        "open": _("Open for buyers"),
        "prices_include_tax": _("Prices shown with tax"),
        "charm": _("Price ending"),
        "price_factor": _("Price factor"),
        "incoterm": _("Delivery term"),
        "languages": _("Languages"),
        "registrations": _("Tax registrations"),
        "shipping": _("Delivery fee"),
        "shipping_free_from": _("Free delivery from"),
        "traffic": _("Expected traffic cost an order"),
        "returns": _("Expected returns"),
    }
    return [
        (names[name], old[name], new.get(name, "").strip()) for name in names if old[name] != new.get(name, "").strip()
    ]
