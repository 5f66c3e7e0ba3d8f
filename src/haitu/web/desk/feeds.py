"""Product feeds and reports of orders: what ad platforms are given."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.conversions import ReportsDraft, save_reports, send_again
from haitu.actions.feeds import save_feed
from haitu.actions.feeds.build import build_one, preview
from haitu.links.ads.conversions import SETTINGS
from haitu.reads.desk.conversions import reports, unsent
from haitu.reads.desk.feeds import feed_rows, feed_view
from haitu.reads.merchant import shop_root
from haitu.web.desk import feed_words, forms
from haitu.web.desk.answers import acted, nothing_here
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.SEE, write=Right.SELL)
def feeds(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """All feeds; POST switches one."""
    if request.method == "POST":
        return acted(request, reverse("desk:feeds"), lambda: _switch(request, desk), _("The feed is switched."))
    rows = feed_rows(desk.merchant.id, root=shop_root(desk.merchant.id))
    return show(request, desk, "feeds.html", rows=rows, spoken=feed_words)


@door(read=Right.SEE, write=Right.SELL)
def feed(request: HttpRequest, desk: Desk, /, *, feed_id: int) -> HttpResponse:
    """One feed: its first items, what is left out and what is wrong; POST looks at it anew."""
    search = request.GET.get("q", "")[:80]
    root = shop_root(desk.merchant.id)
    view = feed_view(desk.merchant.id, feed_id, root=root, search=search)
    if view is None:
        return nothing_here(request, desk)
    if request.method == "POST":
        return acted(
            request,
            reverse("desk:feed", args=[feed_id]),
            lambda: build_one(merchant_id=desk.merchant.id, feed_id=feed_id, now=timezone.now()),
            _("The feed is checked."),
        )
    first = preview(merchant_id=desk.merchant.id, feed_id=feed_id, now=timezone.now())
    return show(request, desk, "feed.html", view=view, first=first, search=search, spoken=feed_words)


@door(read=Right.SEE, write=Right.SELL)
def conversions(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """How reports stand; POST changes an account's."""
    if request.method == "POST":
        address = reverse("desk:conversions")
        return acted(request, address, lambda: _save(request, desk), _("The account is saved."))
    search = request.GET.get("q", "").strip()[:40]
    rows, waiting = reports(desk.merchant.id), unsent(desk.merchant.id, search=search)
    return show(request, desk, "conversions.html", rows=rows, unsent=waiting, search=search, spoken=feed_words)


@door(write=Right.SELL)
def again(request: HttpRequest, desk: Desk, /, *, account_id: int) -> HttpResponse:
    """What was refused or waits goes again."""
    return acted(
        request,
        reverse("desk:conversions"),
        lambda: send_again(merchant_id=desk.merchant.id, account_id=account_id, by=desk.user, now=timezone.now()),
        _("They go again within two minutes."),
    )


def _switch(request: HttpRequest, desk: Desk) -> None:
    form = request.POST
    save_feed(
        merchant_id=desk.merchant.id,
        market_id=forms.row_id(form.get("market", "")) or 0,
        language=forms.text(form, "language", longest=10),
        platform=forms.text(form, "platform", longest=8),
        on=form.get("on") == "yes",
        by=desk.user,
        now=timezone.now(),
    )


def _save(request: HttpRequest, desk: Desk) -> None:
    form = request.POST
    names = {name for each in SETTINGS.values() for name in each}
    save_reports(
        merchant_id=desk.merchant.id,
        account_id=forms.row_id(form.get("account", "")) or 0,
        draft=ReportsDraft(
            on=form.get("on") == "yes",
            settings={name: forms.text(form, name, longest=80) for name in sorted(names) if name in form},
        ),
        by=desk.user,
        now=timezone.now(),
    )
