"""Reads where a shop's visit came from, and keeps of it what the reader allows.

Most requests name no source and cost a look at two strings. One that does is counted once its page was found. Whether
the reader is recognised again is their own choice, kept in the cookie `consent`; the cookie `visitor` names them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from haitu.actions.traffic import Landing, new_key, record_visit
from haitu.core.traffic import Consent, Source, may_keep, source_of
from haitu.links.reference.traffic import consent_mode, sources
from haitu.reads.shop.links import link_of
from haitu.web.middleware.shop import ShopRequest

CONSENT, VISITOR = "consent", "visitor"
LIFE_S = 180 * 24 * 3600  # asked again after half a year, as the French authority CNIL advises
VIA = "via"  # the parameter by which our own short links name themselves
_NAMES = ("utm_source=", "clid=", "braid=", "epik=", f"{VIA}=")
_YES_NO = {"1": True, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A landing that names its source. `asks`: the page should ask the reader, who has not said and must."""

    source: Source
    landing: Landing
    keep: Consent
    asks: bool


class Visits:
    """Sets `request.visit` on pages of the shop that are landed on, and records it when the page was there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method != "GET" or not hasattr(request, "shop") or not _names_a_source(request):
            return self.get_response(request)
        visit = read(request, request.META.get("QUERY_STRING", ""), referrer_of(request))  # type: ignore[arg-type]
        request.visit = visit  # type: ignore[attr-defined]  # see web.shop.page
        response = self.get_response(request)
        if visit is not None and response.status_code == 200:
            record(request, response, visit)  # type: ignore[arg-type]  # `shop` was looked for above
        return response


def read(request: ShopRequest, query: str, referrer: str) -> Visit | None:
    """What the address and the referrer say; None when they name no source."""
    given = dict(parse_qsl(query[:2_000]))
    shop = request.shop
    link = link_of(shop.merchant.id, given[VIA]) if VIA in given else None
    source = link.source if link else source_of(given, referrer, sources())
    if source is None:
        return None
    said, mode = consent_of(request), consent_mode(shop.market.country)
    refuses = request.META.get("HTTP_SEC_GPC") == "1"
    return Visit(
        source=source,
        landing=Landing(market_id=shop.market.id, path=request.path_info, link_id=link.id if link else None),
        keep=may_keep(mode, said, refuses_by_browser=refuses),
        asks=mode == "opt_in" and said.statistics is None and not refuses,
    )


def allowed(visit: Visit, consent: Consent, *, path: str) -> Visit:
    """The visit the reader was asked about, now that they have answered."""
    landing = replace(visit.landing, path=path)
    return replace(visit, keep=consent, asks=False, landing=landing)


def record(request: ShopRequest, response: HttpResponse, visit: Visit) -> None:
    """Counts the visit; a reader who allows it is recognised from now on."""
    key = visitor_of(request) or new_key()
    visitor = record_visit(
        merchant_id=request.shop.merchant.id,
        landing=visit.landing,
        source=visit.source,
        key=key,
        keep=visit.keep,
        now=timezone.now(),
    )
    if visitor is not None:
        _set(response, VISITOR, _signer(request.shop.merchant.id).sign(key))


def consent_of(request: HttpRequest) -> Consent:
    """What the reader has said, as the cookie holds it: two digits, statistics and advertising."""
    said = request.COOKIES.get(CONSENT, "")
    if len(said) != 2:
        return Consent()
    return Consent(statistics=_YES_NO.get(said[0]), advertising=_YES_NO.get(said[1]))


def visitor_of(request: ShopRequest) -> str:
    """The visitor's key, or "" when the cookie is missing or not ours."""
    try:
        return _signer(request.shop.merchant.id).unsign(request.COOKIES.get(VISITOR, ""))
    except signing.BadSignature:
        return ""


def say(response: HttpResponse, consent: Consent) -> None:
    """Keeps the reader's word; without statistics their name goes."""
    _set(response, CONSENT, f"{int(bool(consent.statistics))}{int(bool(consent.advertising))}")
    if not consent.statistics:
        response.delete_cookie(VISITOR, samesite="Lax")


def referrer_of(request: HttpRequest) -> str:
    """The host that referred, without its `www.`; "" for one of our own pages."""
    host = (urlsplit(request.META.get("HTTP_REFERER", "")[:2_000]).hostname or "").removeprefix("www.")
    return "" if host == request.get_host().rsplit(":", 1)[0].removeprefix("www.") else host[:100]


def _names_a_source(request: HttpRequest) -> bool:
    query = request.META.get("QUERY_STRING", "")
    if query and any(name in query for name in _NAMES):
        return _is_reader(request)
    referrer = request.META.get("HTTP_REFERER", "")
    return bool(referrer) and f"//{request.META.get('HTTP_HOST', '')}/" not in referrer and _is_reader(request)


def _is_reader(request: HttpRequest) -> bool:
    """Neither a robot that says so nor a browser that loads ahead."""
    agent = request.META.get("HTTP_USER_AGENT", "").lower()
    ahead = "prefetch" in request.META.get("HTTP_SEC_PURPOSE", "")
    return not ahead and not any(word in agent for word in ("bot", "crawl", "spider", "preview", "externalhit"))


@lru_cache(maxsize=512)
def _signer(merchant_id: int) -> signing.Signer:
    return signing.Signer(salt=f"haitu visitor {merchant_id}")


def _set(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=LIFE_S, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
