"""Spend: accounts and how they fare, files from upload to undo, typed costs, and the table of what was spent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.spend import account as accounts
from haitu.actions.spend import file as actions
from haitu.actions.spend import pull as pulls
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.links.ads import google, meta, tiktok
from haitu.links.ads.lines import NotASpendFile
from haitu.models import ChannelKind
from haitu.reads.desk import spend as reads
from haitu.reads.desk.traffic import market_names
from haitu.web.desk import forms, spend_words, traffic
from haitu.web.desk.answers import back, csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, country_name

LARGEST = 20 * 1024 * 1024
DAYS = (30, 90, 365, 1_095)
SHOWN = 300
SHOWN_PROBLEMS = 100
ADDRESSES = {"google": google.LIVE, "meta": meta.LIVE, "tiktok": tiktok.LIVE}
SETTINGS = {"google": ("login_customer_id",), "meta": (), "tiktok": ()}


@door(read=Right.PROFIT)
def spend(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Everything about spend on one page."""
    return _page(request, desk)


def _page(request: HttpRequest, desk: Desk, told: str = "") -> HttpResponse:
    asked, days = _asked(request)
    rows = reads.weeks(desk.merchant.id, asked)
    found = reads.accounts(desk.merchant.id, today=timezone.localdate())
    return show(
        request,
        desk,
        "spend.html",
        status=400 if told else 200,
        told=told,
        given=request.POST,
        say=spend_words,
        accounts=found,
        account_choices=[(row.id, f"{row.name} ({row.currency})") for row in found if row.active],
        market_choices=[(pk, country_name(code, active())) for pk, code in market_names(desk.merchant.id)],
        day_choices=[(count, _("%(count)d days") % {"count": count}) for count in DAYS],
        files=reads.files(desk.merchant.id),
        rows=rows[:SHOWN],
        more=max(0, len(rows) - SHOWN),
        sums=reads.sums(rows),
        asked=asked,
        days=days,
        channels=reads.channels(desk.merchant.id),
        kinds=[(kind, spend_words.kind(kind)) for kind in spend_words.KINDS if kind != "media"],
        today=timezone.localdate(),
    )


@door(read=Right.PROFIT)
def export(request: HttpRequest, desk: Desk, /) -> StreamingHttpResponse:
    """The table as CSV."""
    asked, _days = _asked(request)
    return csv_file("spend.csv", csv_lines(_table(reads.weeks(desk.merchant.id, asked))))


def _table(rows: tuple[reads.WeekRow, ...]) -> Iterator[tuple[object, ...]]:
    yield (
        "week",
        "channel",
        "campaign",
        "market",
        "currency",
        "spend",
        "media",
        "impressions",
        "clicks",
        "claimed_orders",
    )
    for row in rows:
        money = (display(row.amount_minor, row.currency), display(row.media_minor, row.currency))
        claimed = f"{row.claimed_milli / 1000:g}"
        at = (row.week.isoformat(), row.channel, row.campaign, row.country, row.currency)
        yield *at, *money, row.impressions, row.clicks, claimed


def _asked(request: HttpRequest) -> tuple[reads.Asked, int]:
    days = forms.row_id(request.GET.get("days", "")) or 90
    days = days if days in DAYS else 90
    asked = reads.Asked(
        since=timezone.localdate() - timedelta(days=days - 1),
        channel=forms.text(request.GET, "channel", longest=20),
        market_id=forms.row_id(request.GET.get("market", "")),
        text=forms.text(request.GET, "q", longest=80),
        sort=request.GET.get("sort", "week") if request.GET.get("sort") in reads.SORTS else "week",
    )
    return asked, days


# Files ---------------------------------------------------------------------------------------------------------------


@door(write=Right.SELL)
def upload(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Reads a report and shows what it says; nothing counts yet."""
    given = request.FILES.get("file")
    form = request.POST
    try:
        if given is None or given.size is None or given.size > LARGEST:
            raise NotASpendFile("A report is a CSV or XLSX file of at most 20 MB.", why="unreadable")
        file_id = actions.preview(
            merchant_id=desk.merchant.id,
            account_id=forms.row_id(form.get("account", "")) or 0,
            name=str(given.name),
            content=given.read(),
            said=actions.Said(order=form.get("order", ""), market_id=forms.row_id(form.get("market", ""))),
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        return _page(request, desk, told=spend_words.refusal(no))
    return back(request, reverse("desk:spend_file", args=[file_id]), _("The report is read; nothing counts yet."))


@door(read=Right.PROFIT)
def file(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """What a report says, and what is wrong with it."""
    return _file(request, desk, file_id)


def _file(request: HttpRequest, desk: Desk, file_id: int, told: str = "") -> HttpResponse:
    found = reads.file(desk.merchant.id, file_id)
    if found is None:
        return nothing_here(request, desk)
    return show(
        request,
        desk,
        "spend_file.html",
        status=400 if told else 200,
        told=told,
        seen=found,
        say=spend_words,
        problems=found.problems[:SHOWN_PROBLEMS],
        campaigns=found.campaigns[:SHOWN],
    )


@door(write=Right.SELL)
def apply(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """The report counts."""
    try:
        actions.apply(
            merchant_id=desk.merchant.id,
            file_id=file_id,
            good_only=request.POST.get("good_only") == "yes",
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        return _file(request, desk, file_id, told=spend_words.refusal(no))
    return back(request, reverse("desk:spend"), _("The report counts; the ledger holds the difference."))


@door(write=Right.SELL)
def undo(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """Spend as it was before the report."""
    try:
        actions.undo(merchant_id=desk.merchant.id, file_id=file_id, by=desk.user, now=timezone.now())
    except Refusal as no:
        return _file(request, desk, file_id, told=spend_words.refusal(no))
    return back(request, reverse("desk:spend"), _("Spend is as it was before this report."))


@door(write=Right.SELL)
def discard(request: HttpRequest, desk: Desk, /, *, file_id: int) -> HttpResponse:
    """Forgets a report that was not applied."""
    actions.discard(merchant_id=desk.merchant.id, file_id=file_id)
    return back(request, reverse("desk:spend"), _("The report is forgotten."))


@door(write=Right.SELL)
def cost(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """A cost typed by hand."""
    form = request.POST
    try:
        found = actions.account_of(desk.merchant.id, forms.row_id(form.get("account", "")) or 0)
        markets = dict(market_names(desk.merchant.id))
        actions.type_cost(
            merchant_id=desk.merchant.id,
            account_id=found.pk,
            cost=actions.Cost(
                day=forms.maybe_day(form, "day") or timezone.localdate(),
                campaign=forms.text(form, "campaign", longest=120),
                kind=form.get("kind", ""),
                amount_minor=forms.amount(form, "amount", found.currency),
                country=markets.get(forms.row_id(form.get("market", "")) or 0, ""),
            ),
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        return _page(request, desk, told=spend_words.refusal(no))
    return back(
        request, reverse("desk:spend"), _("The cost counts. Typed again for the day it is corrected, not added.")
    )


# Accounts ------------------------------------------------------------------------------------------------------------


@door(read=Right.SELL, write=Right.SELL)
def account_new(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Another account."""
    chosen = request.GET.get("platform", "google")
    blank = {"platform": chosen, "currency": desk.merchant.base_currency, "time_zone": "", "channel": chosen}
    return _save(request, desk, None) if request.method == "POST" else _account(request, desk, None, blank)


@door(read=Right.SELL, write=Right.SELL)
def account(request: HttpRequest, desk: Desk, /, *, account_id: int) -> HttpResponse:
    """One account: its terms, and its connection."""
    found = reads.account(desk.merchant.id, account_id)
    if found is None:
        return nothing_here(request, desk)
    if request.method == "POST":
        return _save(request, desk, found)
    return _account(request, desk, found, _typed(found))


def _account(
    request: HttpRequest, desk: Desk, found: reads.AccountView | None, given: dict[str, str], told: str = ""
) -> HttpResponse:
    platform = found.platform if found else given.get("platform", "")
    return show(
        request,
        desk,
        "spend_account.html",
        status=400 if told else 200,
        account=found,
        given=given,
        told=told,
        say=spend_words,
        platform=platform,
        platforms=[(code, spend_words.platform(code)) for code in accounts.PLATFORMS],
        secrets=accounts.SECRETS.get(platform, ()),
        settings=SETTINGS.get(platform, ()),
        addresses=ADDRESSES,
        channels=reads.channels(desk.merchant.id),
        kinds=[(code, traffic.kind(code)) for code in ChannelKind.values],
    )


def _typed(found: reads.AccountView) -> dict[str, str]:
    typed = {name: str(getattr(found, name)) for name in ("platform", "name", "external_id", "channel", "currency")}
    terms = {"time_zone": found.time_zone, "credit_days": str(found.credit_days), "address": found.address}
    return (
        typed
        | terms
        | {"fee": f"{found.fee_bp / 100:g}", "active": "yes" if found.active else ""}
        | dict(found.settings)
    )


def _save(request: HttpRequest, desk: Desk, found: reads.AccountView | None) -> HttpResponse:
    form = request.POST
    platform = found.platform if found else form.get("platform", "")
    try:
        saved = accounts.save_account(
            merchant_id=desk.merchant.id,
            account_id=found.id if found else None,
            draft=accounts.AccountDraft(
                platform=platform,
                name=forms.text(form, "name", longest=81),
                external_id=forms.text(form, "external_id", longest=40),
                channel=forms.text(form, "channel", longest=60),
                channel_kind=form.get("channel_kind", ""),
                currency=forms.text(form, "currency", longest=3).upper(),
                time_zone=forms.text(form, "time_zone", longest=40),
                fee_bp=forms.share_bp(form, "fee") if forms.text(form, "fee") else 0,
                credit_days=forms.maybe_whole(form, "credit_days") or 0,
                address=forms.text(form, "address"),
                active=form.get("active") == "yes" or found is None,
                secrets=_secrets(request, platform),
                settings={name: forms.text(form, name, longest=80) for name in SETTINGS.get(platform, ())},
            ),
            by=desk.user,
            now=timezone.now(),
        )
    except Refusal as no:
        return _account(request, desk, found, _given(request), told=spend_words.refusal(no))
    return back(request, reverse("desk:spend_account", args=[saved]), _("The account is kept."))


@door(write=Right.SELL)
def account_pull(request: HttpRequest, desk: Desk, /, *, account_id: int) -> HttpResponse:
    """Asks the platform now; the account keeps what came of it."""
    address = reverse("desk:spend_account", args=[account_id])
    try:
        told = pulls.pull(merchant_id=desk.merchant.id, account_id=account_id, by=desk.user, now=timezone.now())
    except actions.NoSuchAdAccount:
        return nothing_here(request, desk)
    if told is None:
        return back(request, address, _("The platform answered; its spend counts."))
    messages.error(request, spend_words.refusal(told))
    return HttpResponseRedirect(address)


def _secrets(request: HttpRequest, platform: str) -> dict[str, str]:
    typed = {name: request.POST.get(f"secret_{name}", "").strip() for name in accounts.SECRETS.get(platform, ())}
    return {name: value for name, value in typed.items() if value}


def _given(request: HttpRequest) -> dict[str, Any]:
    return {name: value for name, value in request.POST.dict().items() if not name.startswith("secret_")}
