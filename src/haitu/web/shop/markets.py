"""Choosing a market: guessed at the door, offered on the page, kept once chosen."""

from __future__ import annotations

import re

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST, require_safe

from haitu.reads.merchant import ShopMerchant
from haitu.reads.shop.markets import layout_of
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop import guess
from haitu.web.shop.page import render

# A page below a market's root, with its query; anything else leads to the front page.
_PAGE = re.compile(r"^(?:[-\w]+/)*(?:\?[-\w=&%+.]*)?$", re.ASCII)
MOST_PATH = 300


@require_safe
def door(request: HttpRequest) -> HttpResponse:
    """The bare host name: on to the market that seems right, which the page lets anybody change."""
    merchant: ShopMerchant = request.merchant  # type: ignore[attr-defined]  # see ShopRequest
    tag = guess.start(request, layout_of(merchant))
    if tag is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "")  # an advertisement's address names its source
    response = HttpResponseRedirect(f"/{tag}/{'?' if query else ''}{query}")
    response.headers["Vary"] = "Accept-Language, Cookie"
    return response


@require_safe
def choose(request: ShopRequest) -> HttpResponse:
    """All markets and their languages."""
    return render(request, "markets", to=page_below(request.GET.get("to", "")))


@require_POST
def chosen(request: ShopRequest) -> HttpResponse:
    """Keeps the choice and leads to the same page there."""
    tag = request.POST.get("market", "")
    if not any(market.language_of(tag) for market in request.shop.layout.markets):
        raise Http404
    response = HttpResponseRedirect(f"/{tag}/{page_below(request.POST.get('to', ''))}", status=303)
    guess.remember(response, tag)
    return response


def page_below(path: str) -> str:
    """The path and query below a market's root, "" for anything else."""
    return path if len(path) <= MOST_PATH and _PAGE.fullmatch(path) else ""
