"""What traffic costs: accounts and how they fare, files, and spend by channel, campaign, market and week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, Min, Q, Sum
from django.db.models.functions import TruncWeek

from haitu.links.ads.lines import Line, from_json
from haitu.models import AdAccount, Channel, Market, Spend, SpendFile

MOST_ROWS = 2_000
MOST_FILES = 50
LOOKED_AT_DAYS = 60
SORTS: Mapping[str, tuple[str, ...]] = {
    "week": ("-monday", "channel__name", "campaign__code"),
    "channel": ("channel__name", "campaign__code", "-monday"),
    "campaign": ("campaign__code", "-monday"),
    "market": ("market__country", "-monday", "campaign__code"),
    "spend": ("-amount", "-monday"),
    "clicks": ("-clicks_sum", "-monday"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """An account and how it fares. `gaps`: days of the last weeks that nothing tells of."""

    id: int
    name: str
    platform: str
    channel: str
    currency: str
    time_zone: str
    active: bool
    connected: bool
    first_day: date | None
    last_day: date | None
    gaps: tuple[date, ...]
    pulled_at: datetime | None
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One account as its form shows it; of the secrets only that they are there."""

    id: int
    platform: str
    name: str
    external_id: str
    channel: str
    currency: str
    time_zone: str
    fee_bp: int
    credit_days: int
    address: str
    active: bool
    has_secrets: bool
    settings: Mapping[str, str]
    pulled_at: datetime | None
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekRow:
    """A campaign's week in a market, in one currency."""

    week: date
    channel: str
    campaign: str
    country: str
    currency: str
    amount_minor: int
    media_minor: int
    impressions: int
    clicks: int
    claimed_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the table shows: the days, a channel, words in the campaign's name, and the order."""

    since: date
    channel: str = ""
    market_id: int | None = None
    text: str = ""
    sort: str = "week"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A file or pull in the list."""

    id: int
    account: str
    name: str
    state: str
    at: datetime
    by: str
    first_day: date | None
    last_day: date | None
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """A file as it was read. `campaigns`: name, country → sum; `strangers`: countries that are no market of ours."""

    row: FileRow
    account_id: int
    currency: str
    market: str
    columns: Mapping[str, str]
    problems: Sequence[Mapping[str, Any]]
    campaigns: tuple[tuple[str, str, str, int, int], ...]
    amount_minor: int
    lines: int
    totals: int
    strangers: tuple[str, ...]
    stood_minor: int
    order: str = field(default="")


def accounts(merchant_id: int, *, today: date) -> tuple[AccountRow, ...]:
    """All accounts by name; three queries."""
    rows = AdAccount.objects.of(merchant_id).select_related("channel").order_by("-active", "name")
    spend = Spend.objects.of(merchant_id)
    spans = {pk: (first, last) for pk, first, last in spend.values_list("account").annotate(Min("day"), Max("day"))}
    days: dict[int, set[date]] = defaultdict(set)
    since = today - timedelta(days=LOOKED_AT_DAYS)
    for pk, day in spend.filter(day__gte=since, kind="media").values_list("account", "day").distinct():
        days[pk].add(day)
    return tuple(
        AccountRow(
            id=row.pk,
            name=row.name,
            platform=row.platform,
            channel=row.channel.name,
            currency=row.currency,
            time_zone=row.time_zone,
            active=row.active,
            connected=bool(row.address and row.secrets_sealed),
            first_day=spans.get(row.pk, (None, None))[0],
            last_day=spans.get(row.pk, (None, None))[1],
            gaps=_gaps(days[row.pk]),
            pulled_at=row.pulled_at,
            told=row.pulled_told,
        )
        for row in rows
    )


def _gaps(days: set[date]) -> tuple[date, ...]:
    if not days:
        return ()
    first, last = min(days), max(days)
    every = (first + timedelta(days=number) for number in range((last - first).days))
    return tuple(day for day in every if day not in days)


def account(merchant_id: int, account_id: int) -> AccountView | None:
    """One account."""
    row = AdAccount.objects.of(merchant_id).select_related("channel").filter(pk=account_id).first()
    if row is None:
        return None
    return AccountView(
        id=row.pk,
        platform=row.platform,
        name=row.name,
        external_id=row.external_id,
        channel=row.channel.code,
        currency=row.currency,
        time_zone=row.time_zone,
        fee_bp=row.fee_bp,
        credit_days=row.credit_days,
        address=row.address,
        active=row.active,
        has_secrets=bool(row.secrets_sealed),
        settings={name: str(value) for name, value in row.settings.items()},
        pulled_at=row.pulled_at,
        told=row.pulled_told,
    )


def weeks(merchant_id: int, asked: Asked) -> tuple[WeekRow, ...]:
    """Spend by week, channel, campaign and market; one query."""
    rows = Spend.objects.of(merchant_id).filter(day__gte=asked.since)
    if asked.channel:
        rows = rows.filter(channel__code=asked.channel)
    if asked.market_id is not None:
        rows = rows.filter(market_id=asked.market_id)
    if asked.text:
        rows = rows.filter(campaign__code__icontains=asked.text)
    names = ("monday", "channel__name", "campaign__code", "market__country", "account__currency")
    found = (
        rows.annotate(monday=TruncWeek("day"))
        .values_list(*names)
        .annotate(
            amount=Sum("amount_minor"),
            media=Sum("amount_minor", filter=Q(kind="media"), default=0),
            views=Sum("impressions"),
            clicks_sum=Sum("clicks"),
            claimed=Sum("claimed_orders_milli"),
        )
        .order_by(*SORTS.get(asked.sort, SORTS["week"]))[:MOST_ROWS]
    )
    return tuple(
        WeekRow(
            week=monday,
            channel=channel,
            campaign=campaign,
            country=country or "",
            currency=currency,
            amount_minor=amount,
            media_minor=media,
            impressions=views,
            clicks=clicks,
            claimed_milli=claimed,
        )
        for monday, channel, campaign, country, currency, amount, media, views, clicks, claimed in found
    )


def sums(rows: Sequence[WeekRow]) -> tuple[tuple[str, int], ...]:
    """Currency → sum of the rows."""
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row.currency] += row.amount_minor
    return tuple(sorted(found.items()))


def files(merchant_id: int) -> tuple[FileRow, ...]:
    """The newest first."""
    rows = SpendFile.objects.of(merchant_id).select_related("account", "by").defer("rows", "problems", "replaced")
    return tuple(_row(row) for row in rows.order_by("-at", "-pk")[:MOST_FILES])


def _row(row: SpendFile) -> FileRow:
    return FileRow(
        id=row.pk,
        account=row.account.name,
        name=row.name,
        state=row.state,
        at=row.at,
        by=row.by.username if row.by else "",
        first_day=row.first_day,
        last_day=row.last_day,
        bad=int(row.choices.get("bad", 0)),
    )


def file(merchant_id: int, file_id: int) -> FileView | None:
    """One file: what was read, what was not, and what stands in its place now."""
    row = SpendFile.objects.of(merchant_id).select_related("account", "by").filter(pk=file_id).first()
    if row is None:
        return None
    lines = [from_json(kept) for kept in row.rows]
    markets = dict(Market.objects.of(merchant_id).values_list("pk", "country"))
    stood = Spend.objects.of(merchant_id).filter(account=row.account, day__in={line.day for line in lines})
    campaigns: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        campaigns[line.campaign, line.country, line.kind].append(line)
    return FileView(
        row=_row(row),
        account_id=row.account_id,
        currency=row.account.currency,
        market=markets.get(row.choices.get("market"), ""),
        columns=dict(row.columns),
        problems=row.problems,
        campaigns=tuple(
            (*key, sum(line.amount_minor for line in found), len({line.day for line in found}))
            for key, found in sorted(campaigns.items())
        ),
        amount_minor=sum(line.amount_minor for line in lines),
        lines=len(lines),
        totals=int(row.choices.get("totals", 0)),
        strangers=tuple(sorted({line.country for line in lines} - {"", *markets.values()})),
        stood_minor=int(stood.aggregate(sum=Sum("amount_minor"))["sum"] or 0),
        order=str(row.choices.get("order", "")),
    )


def channels(merchant_id: int) -> tuple[tuple[str, str], ...]:
    """Codes and names of the channels, for forms."""
    return tuple(Channel.objects.of(merchant_id).order_by("name").values_list("code", "name"))
