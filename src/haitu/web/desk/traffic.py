"""Where visits come from, and short links with their QR codes."""

from __future__ import annotations

from urllib.parse import urlencode

import segno
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.actions.traffic import LinkDraft, end_link, forget_customer, save_link
from haitu.models import ChannelKind
from haitu.reads.desk import traffic as reads
from haitu.reads.merchant import shop_root
from haitu.reads.shop.links import link_of
from haitu.web.desk import forms
from haitu.web.desk.answers import acted, nothing_here
from haitu.web.desk.door import Desk, Right, door, show

DAYS = (7, 30, 90, 365)
KINDS = {
    "search": gettext_noop("Search ads"),
    "brand_search": gettext_noop("Brand search"),
    "shopping": gettext_noop("Shopping ads"),
    "social": gettext_noop("Social ads"),
    "video": gettext_noop("Video ads"),
    "retargeting": gettext_noop("Retargeting"),
    "creator": gettext_noop("Creators"),
    "community": gettext_noop("Communities"),
    "email": gettext_noop("Letters"),
    "affiliate": gettext_noop("Affiliates"),
    "referral": gettext_noop("Other sites"),
    "organic": gettext_noop("Unpaid"),
    "direct": gettext_noop("Direct"),
}


@door(read=Right.SEE)
def traffic(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Visits by channel and campaign."""
    days = forms.row_id(request.GET.get("days", "")) or 30
    days = days if days in DAYS else 30
    view = reads.traffic(desk.merchant.id, today=timezone.localdate(), days=days)
    return show(request, desk, "traffic.html", view=view, days=days, choices=DAYS, kind=kind)


@door(read=Right.SEE, write=Right.SELL)
def links(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The short links; POST makes one."""
    if request.method == "POST":
        return acted(request, reverse("desk:links"), lambda: _save(request, desk), _("The link is ready."))
    root = shop_root(desk.merchant.id)
    return show(
        request,
        desk,
        "links.html",
        rows=reads.links(desk.merchant.id, root=root),
        markets=reads.market_names(desk.merchant.id),
        channels=reads.channel_names(desk.merchant.id),
        kinds=[(code, kind(code)) for code in ChannelKind.values],
        long=_long(root),
    )


@door(read=Right.SEE)
def qr(request: HttpRequest, desk: Desk, /, *, code: str) -> HttpResponse:
    """The link's QR code as a picture to print (ISO/IEC 18004, error correction M)."""
    if link_of(desk.merchant.id, code) is None:
        return nothing_here(request, desk)
    drawn = segno.make(f"{shop_root(desk.merchant.id)}/go/{code}/", error="m", micro=False)
    response = HttpResponse(drawn.svg_inline(scale=8, border=4, omitsize=False), content_type="image/svg+xml")
    response.headers["Content-Disposition"] = f'inline; filename="{code}.svg"'
    return response


@door(write=Right.SELL)
def end(request: HttpRequest, desk: Desk, /, *, link_id: int) -> HttpResponse:
    """The link leads nowhere from now on."""
    return acted(
        request,
        reverse("desk:links"),
        lambda: end_link(merchant_id=desk.merchant.id, link_id=link_id, by=desk.user, now=timezone.now()),
        _("The link has ended."),
    )


@door(write=Right.TEAM)
def forget(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """The person of an order asked to be forgotten."""
    customer_id = reads.customer_of(desk.merchant.id, order_id)
    if customer_id is None:
        return nothing_here(request, desk)
    return acted(
        request,
        reverse("desk:order", args=[order_id]),
        lambda: forget_customer(
            merchant_id=desk.merchant.id, customer_id=customer_id, by=desk.user, now=timezone.now()
        ),
        _("The person is forgotten; amounts and goods stay in the books."),
    )


def kind(code: str) -> str:
    """The sort of traffic in the reader's language."""
    return _(KINDS[code]) if code in KINDS else code


def _save(request: HttpRequest, desk: Desk) -> None:
    form = request.POST
    kind_given = forms.text(form, "kind", longest=20)
    save_link(
        merchant_id=desk.merchant.id,
        draft=LinkDraft(
            channel=forms.text(form, "channel", longest=60),
            kind=kind_given if kind_given in ChannelKind.values else ChannelKind.REFERRAL,
            campaign=forms.text(form, "campaign", longest=120),
            code=forms.text(form, "code", longest=40),
            path=forms.text(form, "path").lstrip("/"),
            creator=forms.text(form, "creator", longest=80),
            market_id=forms.row_id(form.get("market", "")),
        ),
        by=desk.user,
        now=timezone.now(),
    )


def _long(root: str) -> dict[str, str]:
    """Addresses to paste where a platform fills in names itself; braces are the platforms' own marks."""
    marks = {
        "Google Ads": {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "{campaignid}"},
        "Meta": {"utm_source": "meta", "utm_medium": "paid_social", "utm_campaign": "{{campaign.name}}"},
        "TikTok": {"utm_source": "tiktok", "utm_medium": "paid_social", "utm_campaign": "__CAMPAIGN_NAME__"},
        "Microsoft": {"utm_source": "bing", "utm_medium": "cpc", "utm_campaign": "{Campaign}"},
    }
    return {name: f"{root}/?{urlencode(given, safe='{}_.')}" for name, given in marks.items()}
