"""Pictures kept in the database, and the small files browsers and robots ask for."""

from __future__ import annotations

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.views.decorators.http import require_safe
from django.views.static import serve

from haitu.reads.merchant import ShopMerchant
from haitu.reads.shop.picture import drawn_picture, folder_of

MONTH_S = 30 * 24 * 3600
# An uploaded drawing may hold scripts and links; as a page of its own it gets to do nothing at all.
_DRAWING_ONLY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# Carts and checkouts differ for everybody; listings in every order would be the same thing over and over.
_ROBOTS = """User-agent: *
Disallow: /*/cart/
Disallow: /*/checkout/
Disallow: /*/order/
Disallow: /*/search/
Disallow: /*?sort=
Disallow: /desk/
Disallow: /admin/
Disallow: /hooks/
"""


@require_safe
def picture(request: HttpRequest, picture_id: int) -> HttpResponse:
    """A drawn picture of this merchant's; a changed one has a new number, so it may be kept long."""
    merchant: ShopMerchant = request.merchant  # type: ignore[attr-defined]  # see ShopRequest
    svg = drawn_picture(merchant.id, picture_id) if picture_id < 2**63 else None
    if svg is None:
        raise Http404
    response = HttpResponse(svg, content_type="image/svg+xml")
    response.headers["Cache-Control"] = f"public, max-age={MONTH_S}, immutable"
    response.headers["Content-Security-Policy"] = _DRAWING_ONLY
    return response


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """An uploaded picture of the merchant whose host this is; another merchant's is nobody's page here."""
    merchant: ShopMerchant = request.merchant  # type: ignore[attr-defined]  # see ShopRequest
    if not path.startswith(f"{folder_of(merchant.id)}/") or ".." in path:
        raise Http404
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response.headers["Cache-Control"] = f"public, max-age={MONTH_S}, immutable"
    return response


@require_safe
def robots(_request: HttpRequest) -> HttpResponse:
    """What search engines need not look at."""
    return HttpResponse(_ROBOTS, content_type="text/plain; charset=utf-8")


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Browsers ask for /favicon.ico whatever the page says."""
    return HttpResponseRedirect(staticfiles_storage.url("shop/favicon.svg"))
