"""Home, shelves, search and product: the pages on which a buyer looks around."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from haitu.reads.quote import market_of
from haitu.reads.shop import listing, product
from haitu.reads.shop.markets import Shelf
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop.page import is_partial, place_of, render, render_once

MOST_TYPED = 80


@require_safe
def home(request: ShopRequest) -> HttpResponse:
    """The front page of a market."""
    place = place_of(request)
    market = market_of(place.merchant, place.country, on=place.on)
    return render_once(request, "home", page=listing.home(place), market=market)


@require_safe
def everything(request: ShopRequest) -> HttpResponse:
    """All products, a page at a time."""
    page = listing.listing(place_of(request), category_id=None, sort=_sort(request), page=_page(request))
    return _listing(request, page, shelf=None, typed=None)


@require_safe
def one_shelf(request: ShopRequest, code: str) -> HttpResponse:
    """One category."""
    its = request.shop.layout.shelf(code)
    if its is None:
        raise Http404
    page = listing.listing(place_of(request), category_id=its.id, sort=_sort(request), page=_page(request))
    return _listing(request, page, shelf=its, typed=None)


@require_safe
def search(request: ShopRequest) -> HttpResponse:
    """What was searched for."""
    typed = _typed(request)
    page = listing.search(place_of(request), typed, sort=_sort(request), page=_page(request))
    return _listing(request, page, shelf=None, typed=typed)


@require_safe
def show_product(request: ShopRequest, slug: str) -> HttpResponse:
    """One product, with price, stock and promise of this moment."""
    page = product.product_page(place_of(request), slug)
    if page is None or not page.variants:
        raise Http404
    wanted = request.GET.get("v", "")
    default = next((variant for variant in page.variants if variant.available), page.variants[0])
    chosen = next((variant for variant in page.variants if variant.sku == wanted), default)
    its_shelf = next((its for its in request.shop.layout.shelves if its.id == page.category_id), None)
    return render_once(request, "product", page=page, chosen=chosen, shelf=its_shelf)


@require_safe
def prices(request: ShopRequest) -> HttpResponse:
    """What the prices of this market contain, and what delivery costs."""
    place = place_of(request)
    market = market_of(place.merchant, place.country, on=place.on)
    return render(request, "prices", market=market)


def _listing(request: ShopRequest, page: listing.Listing, *, shelf: Shelf | None, typed: str | None) -> HttpResponse:
    template = "cards" if is_partial(request) else "listing"
    return render_once(request, template, page=page, sorts=listing.SORTS, shelf=shelf, typed=typed)


def _typed(request: HttpRequest) -> str:
    """The search as typed, without what nobody can type."""
    return "".join(letter for letter in request.GET.get("q", "")[:MOST_TYPED] if letter.isprintable()).strip()


def _sort(request: HttpRequest) -> str:
    return request.GET.get("sort", "popular")


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
