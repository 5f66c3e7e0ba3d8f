"""Where visits come from, and the short links that bring them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, Sum

from haitu.models import CampaignLink, Channel, Market, Order, Touch, VisitCount

MOST_LINKS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A channel over the days asked for. `allowed`: visits whose reader let us remember them."""

    id: int
    code: str
    name: str
    kind: str
    visits: int
    allowed: int
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign of a channel over the same days."""

    channel: str
    code: str
    visits: int
    allowed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A short link; `address` is the whole of it, `visits` those remembered since it was made."""

    id: int
    code: str
    address: str
    channel: str
    campaign: str
    creator: str
    country: str
    path: str
    visits: int
    active: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficView:
    """The page; sums run over `channels`."""

    channels: tuple[ChannelRow, ...]
    campaigns: tuple[CampaignRow, ...]
    visits: int
    allowed: int
    orders: int


def traffic(merchant_id: int, *, today: date, days: int) -> TrafficView:
    """Visits of the last `days` days, the busiest channel first; four queries."""
    since = today - timedelta(days - 1)
    counts = VisitCount.objects.of(merchant_id).filter(day__gte=since, day__lte=today)
    sums = {"all_visits": Sum("visits"), "kept": Sum("visits", filter=Q(allowed=True))}
    seen = {channel: (every, kept or 0) for channel, every, kept in _sums(counts.values_list("channel"), sums)}
    orders = dict(
        Order.objects.of(merchant_id)
        .filter(placed_at__date__gte=since, history=False)
        .exclude(status__in=["cancelled", "expired"])
        .values_list("channel")
        .annotate(orders=Count("pk"))
        .values_list("channel", "orders")
    )
    channels = [
        ChannelRow(
            id=row.pk,
            code=row.code,
            name=row.name,
            kind=row.kind,
            visits=seen.get(row.pk, (0, 0))[0],
            allowed=seen.get(row.pk, (0, 0))[1],
            orders=orders.get(row.code, 0),
        )
        for row in Channel.objects.of(merchant_id)
    ]
    channels.sort(key=lambda row: (-row.visits, row.name))
    by_campaign = counts.filter(campaign__isnull=False).values_list("channel__name", "campaign__code")
    campaigns = [
        CampaignRow(channel=channel, code=code, visits=every, allowed=kept or 0)
        for channel, code, every, kept in _sums(by_campaign, sums)
    ]
    campaigns.sort(key=lambda row: (-row.visits, row.channel, row.code))
    return TrafficView(
        channels=tuple(channels),
        campaigns=tuple(campaigns[:100]),
        visits=sum(row.visits for row in channels),
        allowed=sum(row.allowed for row in channels),
        orders=sum(orders.values()),
    )


def links(merchant_id: int, *, root: str) -> tuple[LinkRow, ...]:
    """The newest first; `root`: the shop's own address, without a slash at its end."""
    rows = CampaignLink.objects.of(merchant_id).select_related("channel", "campaign", "market").order_by("-pk")
    rows = rows[:MOST_LINKS]
    visits = dict(
        Touch.objects.of(merchant_id)
        .filter(link_id__in=[row.pk for row in rows])
        .values_list("link_id")
        .annotate(n=Count("pk"))
        .values_list("link_id", "n")
    )
    return tuple(
        LinkRow(
            id=row.pk,
            code=row.code,
            address=f"{root}/go/{row.code}/",
            channel=row.channel.name,
            campaign=row.campaign.code if row.campaign else "",
            creator=row.creator,
            country=row.market.country if row.market else "",
            path=row.path,
            visits=visits.get(row.pk, 0),
            active=row.active,
            created_at=row.created_at,
        )
        for row in rows
    )


def channel_names(merchant_id: int) -> tuple[str, ...]:
    """For a form to choose from."""
    return tuple(Channel.objects.of(merchant_id).order_by("name").values_list("name", flat=True))


def market_names(merchant_id: int) -> tuple[tuple[int, str], ...]:
    """The open markets' ids and countries."""
    return tuple(Market.objects.of(merchant_id).filter(open=True).order_by("position").values_list("pk", "country"))


def customer_of(merchant_id: int, order_id: int) -> int | None:
    """Who placed the order, as long as that is known."""
    return Order.objects.of(merchant_id).filter(pk=order_id).values_list("customer_id", flat=True).first()


def _sums(query: Any, sums: Mapping[str, Sum]) -> Any:
    """The groups of a `values_list` with their sums."""
    names = query.query.values_select
    return query.annotate(**sums).values_list(*names, *sums)
