"""What every page of the shop has around it: the merchant, the market and its neighbours, the cart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.utils import timezone

from haitu.reads.shop.cards import Place
from haitu.reads.shop.markets import ShopMarket
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop import guess
from haitu.web.shop.basket import Carried, carried


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Around the page. `path` is the page's place below the market's root, so that markets can be switched there."""

    path: str
    cart: Carried
    offered: ShopMarket | None
    checkout: bool = False


def now() -> datetime:
    """The moment of this request; the shop's one clock."""
    return timezone.now()


def place_of(request: ShopRequest) -> Place:
    """Where the reader looks, for the reads."""
    shop = request.shop
    return Place(merchant=shop.merchant, country=shop.market.country, language=shop.language, on=now().date())


def render(
    request: ShopRequest, template: str, *, status: int = 200, checkout: bool = False, **values: Any
) -> HttpResponse:
    """A page of the shop; `checkout` leaves out what could distract."""
    shop = request.shop
    frame = Frame(
        path=request.path_info.removeprefix(shop.root),
        cart=carried(request, shop.merchant.id),
        offered=None if checkout else guess.other_market(request, shop),
        checkout=checkout,
    )
    return render_template(
        request, f"shop/{template}.html", {"shop": shop, "frame": frame, **values}, status=status, using="jinja2"
    )


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of a page rather than somebody for all of it."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"
