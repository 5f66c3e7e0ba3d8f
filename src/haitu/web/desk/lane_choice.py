"""One parcel by every lane: cost against days, and why a lane refuses."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.core.errors import Refusal
from haitu.core.freight import Piece
from haitu.reads.desk import lane_choice as reads
from haitu.reads.desk.lane_choice import Choice
from haitu.web.desk import forms, tariff_words, words
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.desk.drawing import Mark, scatter
from haitu.web.locale import active, country_name, money_text

MEASURES = {"weight_g": "500", "length_mm": "200", "width_mm": "150", "height_mm": "80"}


@door(read=Right.SEE)
def compare(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The parcel asked for, by every lane into the country."""
    lands = reads.destinations(desk.merchant.id)
    names = sorted(((code, country_name(code, active())) for code in lands), key=lambda pair: pair[1])
    given = defaultdict(str, MEASURES | {"to": names[0][0] if names else ""} | request.GET.dict())
    told = defaultdict[str, str](str)
    found: tuple[Choice, ...] = ()
    try:
        query = QueryDict(mutable=True)
        query.update(given)
        piece = Piece(
            sku=_("The parcel"),
            restrictions=frozenset(words.goods_codes(forms.words(query, "restrictions"))),
            weight_g=forms.maybe_whole(query, "weight_g", least=1),
            length_mm=forms.maybe_whole(query, "length_mm", least=1),
            width_mm=forms.maybe_whole(query, "width_mm", least=1),
            height_mm=forms.maybe_whole(query, "height_mm", least=1),
        )
        day = forms.maybe_day(query, "on") or timezone.localdate()
        if given["to"] in lands:
            found = reads.choices(desk.merchant, given["to"], piece, on=day, postcode=forms.text(query, "postcode"))
    except Refusal as no:
        told[no.field or "form"] = words.refusal(no)
    return show(
        request,
        desk,
        "lane_choice.html",
        status=400 if told else 200,
        names=names,
        given=given,
        told=told,
        found=found,
        picture=_picture(desk, found),
        say=tariff_words,
        why=_why,
    )


def _why(no: Refusal) -> str:
    """Why a lane refuses, with the reason that somebody gave."""
    return f"{words.refusal(no)} {no.given.get('reason', '')}".strip()


def _picture(desk: Desk, found: tuple[Choice, ...]) -> str:
    modes = sorted({one.mode for one in found})
    marks = [
        Mark(
            label=one.code,
            days_p50=one.days_p50,
            days_p90=one.days_p90,
            cost_minor=one.cost_minor,
            group=modes.index(one.mode),
            best=one.best,
        )
        for one in found
        if one.cost_minor is not None
    ]
    locale = active()
    return scatter(
        marks,
        label=_("Cost against days of each lane; the table below holds the same figures."),
        money=lambda minor: money_text(minor, desk.merchant.base_currency, locale),
        days=lambda count: ngettext("%(count)d day", "%(count)d days", count) % {"count": count},
    )
