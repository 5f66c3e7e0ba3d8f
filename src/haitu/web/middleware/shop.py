"""Which merchant a host name belongs to, and which market and language a path names: `request.shop`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import patch_vary_headers

from haitu.reads.merchant import ShopMerchant, by_host
from haitu.reads.shop.markets import Layout, ShopMarket, layout_of
from haitu.web.errors import not_found
from haitu.web.locale import reading

# Doors that belong to no shop; everything else is asked for under a merchant's host name.
_OTHER_DOORS = ("/desk/", "/hooks/", "/admin/", "/static/", "/language/")
PREFIX = re.compile(r"^/([a-z]{2,3}(?:-[a-z]{4})?-([a-z]{2}))(?=/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storefront:
    """The shop as one reader sees it: goods in `language`, our own words in `spoken`, one of those we have."""

    merchant: ShopMerchant
    layout: Layout
    market: ShopMarket
    language: str
    spoken: str
    tag: str

    @property
    def root(self) -> str:
        """The path all its pages start with: '/de-de/'."""
        return f"/{self.tag}/"


class ShopRequest(HttpRequest):
    """A request for a page of a market: views below the market's path may rely on `shop`."""

    merchant: ShopMerchant
    shop: Storefront


class ShopOfHost:
    """Sets `request.merchant` on shop doors and, below a market's path, `request.shop`, and speaks its language."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(_OTHER_DOORS):
            return self.get_response(request)
        merchant = _merchant_of(request)
        if merchant is None:
            return HttpResponse(render_to_string("shop/nobody.html", {}, using="jinja2"), status=404)
        request.merchant = merchant  # type: ignore[attr-defined]  # see ShopRequest
        shop = _storefront(merchant, request.path_info)
        if shop is None:
            # A market this merchant does not have is nobody's page; what has no market in its path is everybody's.
            return not_found(request) if PREFIX.match(request.path_info) else self.get_response(request)
        request.shop = shop  # type: ignore[attr-defined]  # see ShopRequest
        with reading(shop.spoken, shop.market.country):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", shop.spoken)
        patch_vary_headers(response, ("Cookie",))
        return response


def _merchant_of(request: HttpRequest) -> ShopMerchant | None:
    try:
        return by_host(request.get_host())
    except DisallowedHost:
        return None


def _storefront(merchant: ShopMerchant, path: str) -> Storefront | None:
    named = PREFIX.match(path)
    if named is None:
        return None
    layout = layout_of(merchant)
    market = layout.market(named[2].upper())
    language = market.language_of(named[1]) if market else None
    if market is None or language is None:
        return None
    return Storefront(
        merchant=merchant, layout=layout, market=market, language=language, spoken=_spoken(language), tag=named[1]
    )


def _spoken(language: str) -> str:
    """The language as Django's catalogues know it; a language we have no words for is shown in English."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"
