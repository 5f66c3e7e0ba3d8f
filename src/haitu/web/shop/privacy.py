"""The reader's own say over what is kept of their visits, and the short links that bring them."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from haitu.actions.traffic import change_consent, forget_browser
from haitu.core.traffic import Consent
from haitu.links.reference.traffic import consent_mode
from haitu.reads.merchant import ShopMerchant
from haitu.reads.shop.links import link_of
from haitu.reads.shop.markets import layout_of
from haitu.reads.shop.privacy import kept_of
from haitu.web.middleware import visit
from haitu.web.middleware.shop import ShopRequest
from haitu.web.shop import guess
from haitu.web.shop.markets import page_below
from haitu.web.shop.page import render


@never_cache
@require_safe
def show(request: ShopRequest) -> HttpResponse:
    """What is kept of this browser, what may be, and how to have it forgotten."""
    said = visit.consent_of(request)
    silent = consent_mode(request.shop.market.country) == "opt_out"
    return render(
        request,
        "privacy",
        statistics=said.statistics if said.statistics is not None else silent,
        advertising=said.advertising if said.advertising is not None else silent,
        refuses=request.META.get("HTTP_SEC_GPC") == "1",
        kept=kept_of(request.shop.merchant.id, visit.visitor_of(request)),
    )


@require_POST
def say(request: ShopRequest) -> HttpResponse:
    """Keeps the reader's word, and the visit they were asked about if the word is yes."""
    statistics = request.POST.get("statistics") == "yes"
    consent = Consent(statistics=statistics, advertising=statistics and request.POST.get("advertising") == "yes")
    to = page_below(request.POST.get("to", ""))
    response = HttpResponseRedirect(f"{request.shop.root}{to.partition('?')[0]}", status=303)
    visit.say(response, consent)
    key = visit.visitor_of(request)
    if key:
        change_consent(merchant_id=request.shop.merchant.id, key=key, keep=consent, now=timezone.now())
    asked = visit.read(request, to.partition("?")[2], request.POST.get("from", "")[:100])
    if statistics and asked is not None and "from" in request.POST:
        asked = visit.allowed(asked, consent, path=f"{request.shop.root}{to.partition('?')[0]}")
        visit.record(request, response, asked)
    return response


@require_POST
def forget(request: ShopRequest) -> HttpResponse:
    """This browser is forgotten, and not asked again."""
    key = visit.visitor_of(request)
    if key:
        forget_browser(merchant_id=request.shop.merchant.id, key=key)
    response = HttpResponseRedirect(f"{request.shop.root}privacy/", status=303)
    visit.say(response, Consent(statistics=False, advertising=False))
    return response


@never_cache
@require_safe
def go(request: HttpRequest, code: str) -> HttpResponse:
    """A short link: on to its page, in its market or the reader's own."""
    merchant: ShopMerchant = request.merchant  # type: ignore[attr-defined]  # see ShopRequest
    link = link_of(merchant.id, code)
    layout = layout_of(merchant)
    market = layout.market(link.country) if link and link.country else None
    tag = market.tag if market else guess.start(request, layout)
    if link is None or tag is None:
        raise Http404
    return HttpResponseRedirect(f"/{tag}/{link.path}?{urlencode({visit.VIA: code})}")
