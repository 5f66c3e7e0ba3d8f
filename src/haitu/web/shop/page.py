"""What every page of the shop has around it: the merchant, the market and its neighbours, the cart."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.template.backends.utils import csrf_input
from django.template.loader import render_to_string
from django.utils import timezone
from markupsafe import Markup, escape

from haitu.reads.shop.cards import Place
from haitu.reads.shop.markets import ShopMarket
from haitu.web.middleware.shop import ShopRequest, Storefront
from haitu.web.middleware.visit import Visit
from haitu.web.shop import guess
from haitu.web.shop.basket import Carried, carried

MOST_MADE = 4_096  # pages kept, a few kilobytes each
_PLACE = Markup("<!-- the token against forgery -->")  # our own words


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Around the page. `path` is the page's place below the market's root, so that markets can be switched there."""

    path: str
    cart: Carried
    offered: ShopMarket | None
    asks: tuple[str, str] | None = None  # where to go back to with its query, and who referred, once the reader said
    checkout: bool = False


def now() -> datetime:
    """The moment of this request; the shop's one clock."""
    return timezone.now()


def place_of(request: ShopRequest) -> Place:
    """Where the reader looks, for the reads."""
    shop = request.shop
    at = now()
    return Place(merchant=shop.merchant, country=shop.market.country, language=shop.language, on=at.date(), at=at)


def render(
    request: ShopRequest, template: str, *, status: int = 200, checkout: bool = False, **values: Any
) -> HttpResponse:
    """A page of the shop; `checkout` leaves out what could distract."""
    context = {"shop": request.shop, "frame": _frame(request, checkout=checkout), **values}
    return render_template(request, f"shop/{template}.html", context, status=status, using="jinja2")


def _frame(request: ShopRequest, *, checkout: bool) -> Frame:
    shop = request.shop
    return Frame(
        path=request.path_info.removeprefix(shop.root),
        cart=carried(request, shop.merchant.id),
        offered=None if checkout else guess.other_market(request, shop),
        asks=None if checkout else _asks(request, shop),
        checkout=checkout,
    )


def _asks(request: ShopRequest, shop: Storefront) -> tuple[str, str] | None:
    """What the question about keeping this visit needs to come back to it; None where nothing is to be asked."""
    visit: Visit | None = getattr(request, "visit", None)
    if visit is None or not visit.asks:
        return None
    return request.get_full_path().removeprefix(shop.root), visit.source.referrer


_made: OrderedDict[Hashable, str] = OrderedDict()


def render_once(
    request: ShopRequest,
    template: str,
    *,
    checkout: bool = False,
    own: Mapping[str, str] | None = None,
    **values: Hashable,
) -> HttpResponse:
    """As `render`, for pages that are made of frozen values alone: equal values give the page made before.

    What differs from reader to reader (the token against forgery, and `own`: name → text or markup) is put in each
    time; everything else a page shows is in the key, so a price, a promise or a word that changes makes a new page.
    """
    shop = request.shop
    frame = _frame(request, checkout=checkout)
    offered = frame.offered.tag if frame.offered else ""
    units = 0 if checkout else frame.cart.units  # checkout pages have no link to the cart with a number in it
    key = (template, shop.merchant, shop.tag, frame.path, units, offered, tuple(values.values()))
    html = _made.get(key) if frame.asks is None else None
    if html is None:
        places = {name: _place(name) for name in own or ()}
        context = {"shop": shop, "frame": frame, "csrf_input": _PLACE, **places, **values}
        html = render_to_string(f"shop/{template}.html", context, using="jinja2")
        if frame.asks is None:  # a question holds the reader's own address
            _made[key] = html
        while len(_made) > MOST_MADE:
            _made.popitem(last=False)
    if _PLACE in html:
        html = html.replace(_PLACE, csrf_input(request))
    for name, text in (own or {}).items():
        html = html.replace(_place(name), escape(text))
    return HttpResponse(html)


def _place(name: str) -> Markup:
    return Markup(f"<!-- {name} -->")  # noqa: S704  # our own names


def is_partial(request: HttpRequest) -> bool:
    """Whether htmx asks for a piece of a page rather than somebody for all of it."""
    # META, not `headers`, which takes every header of the request to pieces first.
    asked, restores = (request.META.get(f"HTTP_HX_{name}") for name in ("REQUEST", "HISTORY_RESTORE_REQUEST"))
    return asked == "true" and restores != "true"
