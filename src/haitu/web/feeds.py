"""The door through which ad platforms fetch product feeds: an address nobody can guess, no login."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from haitu.actions.feeds import fetched
from haitu.actions.feeds.build import NoSuchFeed
from haitu.reads.merchant import ShopMerchant


@require_safe
def feed(request: HttpRequest, token: str, file: str) -> HttpResponseBase:
    """The feed as of now; 304 where nothing has changed since it was last fetched. The gzip middleware packs it."""
    merchant: ShopMerchant = request.merchant  # type: ignore[attr-defined]  # see ShopRequest
    try:
        built = fetched(merchant_id=merchant.id, token=token, file=file, now=timezone.now())
    except NoSuchFeed:
        raise Http404 from None
    response = HttpResponse(built.body, content_type=built.content_type)
    changed_s = int(built.changed_at.timestamp())
    response.headers["ETag"] = f'"{built.digest[:32]}"'
    response.headers["Last-Modified"] = http_date(changed_s)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return get_conditional_response(request, response.headers["ETag"], changed_s, response) or response
