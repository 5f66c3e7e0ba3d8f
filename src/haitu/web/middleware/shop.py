"""Which merchant a host name belongs to, and which market and language a path names: `request.shop`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
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
            return _in_browsers_language(request, _nobody)
        request.merchant = merchant  # type: ignore[attr-defined]  # see ShopRequest
        named = PREFIX.match(request.path_info)
        if named is None:  # what has no market in its path is everybody's
            return self.get_response(request)
        shop = _storefront(merchant, layout_of(merchant), named[1], named[2])
        if shop is None:  # a market this merchant does not have is nobody's page
            return _in_browsers_language(request, not_found)
        request.shop = shop  # type: ignore[attr-defined]  # see ShopRequest
        with reading(shop.spoken, shop.market.country):
            response = self.get_response(request)
        _say_language(response, shop.spoken)
        return response


class BrowsersLanguage(LocaleMiddleware):
    """Speaks the browser's language where the path does not name one, and where a person reads the answer."""

    def __call__(self, request: HttpRequest) -> Any:
        named = hasattr(request, "shop") or request.path_info.startswith("/hooks/")
        return self.get_response(request) if named else super().__call__(request)


def _in_browsers_language(request: HttpRequest, page: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    language = translation.get_language_from_request(request)
    with reading(language):
        response = page(request)
    _say_language(response, language)
    return response


def _say_language(response: HttpResponse, language: str) -> None:
    response.headers.setdefault("Content-Language", language)
    patch_vary_headers(response, ("Cookie", "Accept-Language"))


def _nobody(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(render_to_string("shop/nobody.html", {}, using="jinja2"), status=404)


def _merchant_of(request: HttpRequest) -> ShopMerchant | None:
    try:
        return by_host(request.get_host())
    except DisallowedHost:
        return None


def _storefront(merchant: ShopMerchant, layout: Layout, tag: str, country: str) -> Storefront | None:
    market = layout.market(country.upper())
    language = market.language_of(tag) if market else None
    if market is None or language is None:
        return None
    return Storefront(
        merchant=merchant, layout=layout, market=market, language=language, spoken=_spoken(language), tag=tag
    )


def _spoken(language: str) -> str:
    """The language as Django's catalogues know it; a language we have no words for is shown in English."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return "en"
