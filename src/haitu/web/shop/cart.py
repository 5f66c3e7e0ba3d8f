"""The cart: look, put in, change, take out. Every change answers with a redirect, so nothing is sent twice."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from haitu.core.errors import Refusal
from haitu.reads.shop import cart as read
from haitu.web import refusals
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop.basket import carried, carry, quantity_of, variant_of
from haitu.web.shop.order import LAST_ORDER
from haitu.web.shop.page import is_partial, place_of, render


@require_safe
def show(request: ShopRequest) -> HttpResponse:
    """The cart, priced for this market now."""
    return _show(request)


@require_POST
def add(request: ShopRequest) -> HttpResponse:
    """Puts something in; htmx gets the cart's new link, everybody else the cart."""
    merchant_id = request.shop.merchant.id
    variant_id = variant_of(request.POST.get("variant", ""))
    if variant_id is None or not read.is_for_sale(place_of(request), variant_id):
        raise Http404
    try:
        quantity = max(1, quantity_of(request.POST.get("quantity", "1")))
        cart = carried(request, merchant_id).with_more(variant_id, quantity)
    except Refusal as refusal:
        return _show(request, refusal=refusal)
    response: HttpResponse
    if is_partial(request):
        response = render(request, "added", count=cart.units)
    else:
        response = HttpResponseRedirect(f"{request.shop.root}cart/", status=303)
    carry(response, cart, merchant_id)
    return response


@require_POST
def change(request: ShopRequest) -> HttpResponse:
    """Sets a line's quantity; 0 takes it out."""
    merchant_id = request.shop.merchant.id
    variant_id = variant_of(request.POST.get("variant", ""))
    cart = carried(request, merchant_id)
    if variant_id is None or all(line.variant_id != variant_id for line in cart.lines):
        return HttpResponseRedirect(f"{request.shop.root}cart/", status=303)
    try:
        cart = cart.with_quantity(variant_id, quantity_of(request.POST.get("quantity", "")))
    except Refusal as refusal:
        return _show(request, refusal=refusal)
    response = HttpResponseRedirect(f"{request.shop.root}cart/", status=303)
    carry(response, cart, merchant_id)
    return response


def _show(request: ShopRequest, *, refusal: Refusal | None = None) -> HttpResponse:
    cart = read.cart(place_of(request), carried(request, request.shop.merchant.id).lines)
    why = refusal or cart.refusal
    return render(
        request,
        "cart",
        status=refusals.status(refusal) if refusal else 200,
        cart=cart,
        problem=refusals.sentence(why) if why else "",
        last_order=request.COOKIES.get(LAST_ORDER, "")[:40],
    )
