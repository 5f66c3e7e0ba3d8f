"""Orders whose way is shut: how their goods could leave instead, and sending them so."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haitu.actions.extra_parcel import set_extra_parcel
from haitu.actions.reroute import reroute as send_otherwise
from haitu.actions.unasked import set_unasked
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.reads.quote import extra_parcels_of
from haitu.reads.reroute import Router, stranded, stranded_count, stranded_ids, unasked_of
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, back
from haitu.web.desk.door import Desk, Right, door, show

SHOWN = 200


@door(read=Right.SEE, write=Right.SHIP)
def reroute(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What is proposed, first for the oldest orders; POST does it, for the orders chosen or for all."""
    if request.method == "POST":
        return _send(request, desk)
    today = timezone.localdate()
    at = timezone.now()
    ids = stranded_ids(desk.merchant.id, on=today, after=0, limit=SHOWN)
    proposals = Router(merchant=desk.merchant, on=at.date(), at=at).propose(stranded(desk.merchant.id, ids, on=today))
    return show(
        request,
        desk,
        "reroute.html",
        proposals=proposals,
        plain=display,
        unasked_minor=unasked_of(desk.merchant.id),
        extra_parcels=extra_parcels_of(desk.merchant.id),
        today=today,
        total=stranded_count(desk.merchant.id, on=today),
        served=sum(1 for proposal in proposals if proposal.moved),
    )


@door(write=Right.SELL)
def unasked(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What an order may lose to be sent otherwise by itself; an empty field: a person is always asked."""

    def act() -> None:
        up_to = forms.maybe_amount(request.POST, "up_to", desk.merchant.base_currency)
        set_unasked(merchant_id=desk.merchant.id, up_to_minor=up_to, by=desk.user, now=timezone.now())

    return acted(request, reverse("desk:reroute"), act, _("Kept."))


@door(write=Right.SELL)
def extra_parcel(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What a parcel beyond the first counts from a day on (none typed: from today)."""

    def act() -> None:
        currency = forms.text(request.POST, "currency", longest=3).upper()
        set_extra_parcel(
            merchant_id=desk.merchant.id,
            minor=forms.amount(request.POST, "minor", currency),
            currency=currency,
            valid_from=forms.maybe_day(request.POST, "valid_from") or timezone.localdate(),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:reroute"), act, _("Kept."))


def _send(request: HttpRequest, desk: Desk) -> HttpResponse:
    chosen = [number for number in map(forms.row_id, request.POST.getlist("order")) if number]
    everything = request.POST.get("all") == "yes"
    address = reverse("desk:reroute")
    if not chosen and not everything:
        return back(request, address, _("Nothing was chosen."))
    try:
        done = send_otherwise(
            merchant_id=desk.merchant.id,
            by=desk.user,
            now=timezone.now(),
            order_ids=None if everything else chosen,
        )
    except Refusal as no:
        return back(request, address, words.refusal(no))
    told = ngettext(
        "%(count)d order leaves by another way, %(late)d later than promised.",
        "%(count)d orders leave by another way, %(late)d later than promised.",
        done.orders,
    )
    return back(request, address, told % {"count": done.orders, "late": done.late})
