"""Which market a reader may want: what they chose before, else what their browser says. Offered, never forced."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation.trans_real import parse_accept_lang_header

from haitu.reads.shop.markets import Layout, ShopMarket
from haitu.web.middleware.shop import Storefront

COOKIE = "market"
LIFE_S = 365 * 24 * 3600


def remember(response: HttpResponse, tag: str) -> None:
    """Keeps the reader's own choice."""
    response.set_cookie(
        COOKIE, tag, max_age=LIFE_S, samesite="Lax", httponly=True, secure=settings.SESSION_COOKIE_SECURE
    )


def chosen(request: HttpRequest, layout: Layout) -> str | None:
    """The path name the reader chose, as long as it still is one."""
    tag = request.COOKIES.get(COOKIE, "")
    return tag if any(market.language_of(tag) for market in layout.markets) else None


def guessed(request: HttpRequest, layout: Layout) -> str | None:
    """The path name that suits the browser's languages: by country first ('de-AT'), then by language alone."""
    wishes = parse_accept_lang_header(request.headers.get("Accept-Language", "")[:200].lower())
    for tag, _ in wishes:
        parts = tag.split("-")
        market = layout.market(parts[-1].upper()) if len(parts) > 1 and len(parts[-1]) == 2 else None
        if market:
            return _in_language(market, tag) or market.tag
    for tag, _ in wishes:
        for market in layout.markets:
            if market.languages[0].split("-")[0] == tag.split("-")[0]:
                return market.tag
    return None


def start(request: HttpRequest, layout: Layout) -> str | None:
    """Where a reader without a path begins; None when the merchant sells nowhere."""
    first = layout.markets[0].tag if layout.markets else None
    return chosen(request, layout) or guessed(request, layout) or first


def other_market(request: HttpRequest, shop: Storefront) -> ShopMarket | None:
    """A market in another country that this reader's browser speaks of; nothing once the reader has chosen."""
    if chosen(request, shop.layout):
        return None
    tag = guessed(request, shop.layout)
    market = next((market for market in shop.layout.markets if tag and market.language_of(tag)), None)
    return market if market and market.country != shop.market.country else None


def _in_language(market: ShopMarket, wish: str) -> str | None:
    base = wish.split("-", maxsplit=1)[0]
    return next((tag for tag, language in market.tags if language.split("-")[0] == base), None)
