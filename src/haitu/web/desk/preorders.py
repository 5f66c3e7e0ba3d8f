"""Orders that wait for goods on their way, first those whose promise fails; and whether such goods are sold."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.afloat import sell_afloat, sell_variant_afloat
from haitu.actions.preorder import serve_elsewhere, tell_to_wait
from haitu.models import Merchant
from haitu.reads.preorders import waiting_orders
from haitu.web.desk import forms
from haitu.web.desk.answers import acted
from haitu.web.desk.door import Desk, Right, door, show

SHOWN = 200


@door(read=Right.SEE)
def preorders(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Who waits, for which load, and what can be done where it does not come in time."""
    found = waiting_orders(desk.merchant.id, today=timezone.localdate())
    broken = [order for order in found if order.broken]
    kept = [order for order in found if not order.broken]
    sells = Merchant.objects.values_list("sell_afloat", flat=True).get(pk=desk.merchant.id)
    return show(
        request,
        desk,
        "preorders.html",
        broken=broken[:SHOWN],
        kept=kept[:SHOWN],
        left=max(len(broken) - SHOWN, 0) + max(len(kept) - SHOWN, 0),
        sells=sells,
    )


@door(write=Right.SHIP)
def tell(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """The buyer gets a letter with the day that holds now."""

    def act() -> None:
        tell_to_wait(merchant_id=desk.merchant.id, order_ids=[order_id], by=desk.user, now=timezone.now())

    return acted(request, reverse("desk:preorders"), act, _("The order waits for the new day; its buyer is told."))


@door(write=Right.SHIP)
def elsewhere(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """The order is served from another shelf."""

    def act() -> None:
        serve_elsewhere(merchant=desk.merchant, order_id=order_id, by=desk.user, now=timezone.now())

    return acted(request, reverse("desk:preorders"), act, _("It leaves from another warehouse now."))


@door(write=Right.SELL)
def selling(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Whether goods on their way are sold at all."""

    def act() -> None:
        sell = request.POST.get("sell") == "yes"
        sell_afloat(merchant_id=desk.merchant.id, sell=sell, by=desk.user, now=timezone.now())

    return acted(request, reverse("desk:preorders"), act, _("Kept."))


@door(write=Right.SELL)
def selling_variant(request: HttpRequest, desk: Desk, /, *, variant_id: int) -> HttpResponse:
    """Whether one variant is sold while it is on its way."""

    def act() -> None:
        sell = request.POST.get("sell") == "yes"
        sell_variant_afloat(
            merchant_id=desk.merchant.id, variant_id=variant_id, sell=sell, by=desk.user, now=timezone.now()
        )

    stock_id = forms.row_id(request.POST.get("stock", ""))
    address = reverse("desk:stock_row", args=[stock_id]) if stock_id else reverse("desk:stock")
    return acted(request, address, act, _("Kept."))
