"""The order page: what was bought, what happened since, and paying when that is still to be done."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from haitu.actions.later import call_off
from haitu.core.errors import Refusal
from haitu.reads.shop.order import OrderShown, order_page
from haitu.reads.shop.payment import payment_door
from haitu.reads.shop.tracking import tracking_of
from haitu.web import refusals
from haitu.web.address import lines
from haitu.web.middleware.headers import allow_form_target, origin_of
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop import payment
from haitu.web.shop.page import render

LAST_ORDER = "order"
LIFE_S = 30 * 24 * 3600
_SAID = {"provider_silent", "provider_refused", "nothing_to_pay", "not_late", "cash_not_offered"}


@never_cache
@require_safe
def show(request: ShopRequest, token: str) -> HttpResponse:
    """The order of that token; nobody can guess one."""
    shown = _order(request, token)
    response = render(
        request,
        "order",
        checkout=True,
        order=shown,
        tracking=tracking_of(request.shop.merchant.id, shown.id),
        address=lines(shown.country, request.shop.spoken, shown.address),
        problem=_said(request.GET.get("said", "")),
        came_back="back" in request.GET,
    )
    # The address is the key: no other site hears of it. With no-referrer our own forms would come from "null".
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex"
    if shown.status == "pending":
        allow_form_target(response, origin_of(payment_door(request.shop.merchant)))
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: ShopRequest, token: str) -> HttpResponse:
    """Leads to the payment page; asked again, to the same one."""
    shown = _order(request, token)
    return HttpResponseRedirect(payment.start(request, order_id=shown.id, token=shown.token), status=303)


@never_cache
@require_http_methods(["POST"])
def cancel(request: ShopRequest, token: str) -> HttpResponse:
    """The buyer of a late order does not want to wait."""
    shown = _order(request, token)
    said = ""
    try:
        call_off(merchant_id=request.shop.merchant.id, order_id=shown.id, now=timezone.now())
    except Refusal as no:
        said = f"?said={no.code}"
    return HttpResponseRedirect(f"{request.shop.root}order/{shown.token}/{said}", status=303)


def remember_order(response: HttpResponse, token: str) -> None:
    """So that a buyer who comes back with an empty cart finds the order."""
    response.set_cookie(
        LAST_ORDER, token, max_age=LIFE_S, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def _said(code: str) -> str:
    """Why the payment page did not open; only codes we know have words."""
    refusal = Refusal("")
    refusal.code = code
    return refusals.sentence(refusal) if code in _SAID else ""


def _order(request: ShopRequest, token: str) -> OrderShown:
    shown = order_page(request.shop.merchant, token)
    if shown is None:
        raise Http404
    return shown
