"""What brought the demo's customers, dealt out as assumed: channels, visitors, touches, and what they cost.

Orders and what they earned are the history's own. The ad accounts carry the mark `assumed`, which pages show. The
spend is not booked: the history's ledger says already that its orders cost no traffic.
"""

from __future__ import annotations

import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from django.db import transaction
from django.db.models import Min

from haitu.links.reference.demo_traffic import AssumedChannel, AssumedTraffic
from haitu.models import (
    AdAccount,
    Campaign,
    Channel,
    Customer,
    Market,
    Merchant,
    Order,
    Spend,
    Touch,
    VisitCount,
    Visitor,
)

HOME = "GB"
BATCH = 2_000
REMINDED_DAYS = 6  # the second meeting lies at most so long before the order


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """A reader's visit; `customer_id` None for one who never bought."""

    channel: AssumedChannel
    country: str
    campaign: str
    at: datetime
    customer_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """The rows that visits and spend point at; campaigns by (channel, name)."""

    merchant: Merchant
    markets: Mapping[str, int]
    channels: Mapping[str, Channel]
    campaigns: Mapping[tuple[str, str], int]


def make_traffic(merchant: Merchant, assumed: AssumedTraffic, *, now: datetime) -> int:
    """Everything in one transaction, once; how many touches."""
    if AdAccount.objects.of(merchant.pk).exists():
        return 0
    first_orders = _first_orders(merchant.pk)
    if not first_orders:
        return 0
    dice = Random(assumed.seed)  # noqa: S311  # a made-up past, not a secret
    visits = sorted(_visits(first_orders, assumed, dice, now), key=lambda visit: visit.at)
    if not visits:
        return 0
    with transaction.atomic():
        markets = dict(Market.objects.of(merchant.pk).values_list("country", "pk"))
        channels = {each.code: _channel(merchant, each) for each in assumed.channels}
        campaigns = {
            (each.code, name): Campaign.objects.create(
                merchant=merchant, channel=channels[each.code], code=name, created_at=visits[0].at
            ).pk
            for each in assumed.channels
            for name in each.campaigns
        }
        places = _Places(merchant=merchant, markets=markets, channels=channels, campaigns=campaigns)
        _write_visits(places, visits)
        _count_visits(places, visits, assumed, now=now)
        _write_spend(places, visits, assumed, dice=dice)
    return len(visits)


def _first_orders(merchant_id: int) -> Sequence[tuple[int, str, datetime]]:
    """Customer, country, first order."""
    orders = Order.objects.of(merchant_id).filter(history=True, customer__isnull=False)
    firsts = orders.values_list("customer_id").annotate(at=Min("placed_at")).values_list("customer_id", "at")
    countries = dict(Customer.objects.of(merchant_id).values_list("pk", "country"))
    return [(customer, countries[customer], at) for customer, at in firsts.order_by("customer_id")]


def _visits(
    firsts: Sequence[tuple[int, str, datetime]], assumed: AssumedTraffic, dice: Random, now: datetime
) -> Iterator[_Visit]:
    """Of each new customer the visit that began it, beside those who came the same way and bought nothing."""
    begin = min(at for _, _, at in firsts)
    settled = begin + timedelta(weeks=assumed.settled_weeks)
    followers = [each for each in assumed.channels if each.follows_bp]
    for customer, country, ordered in firsts:
        channel = _dealt(assumed.channels, country, dice) if ordered >= settled else None
        if channel is None:
            continue
        at = ordered - timedelta(days=dice.gammavariate(1.6, channel.lag_days / 1.6), minutes=5)
        oldest = now - timedelta(weeks=channel.weeks) if channel.weeks else begin
        if at < oldest:
            continue
        campaign = dice.choice(channel.campaigns)
        yield _Visit(channel=channel, country=country, campaign=campaign, at=at, customer_id=customer)
        for other in followers:
            near = ordered - timedelta(days=dice.random() * REMINDED_DAYS, minutes=1)
            if other is not channel and country in other.markets and dice.random() * 10_000 < other.follows_bp:
                yield _Visit(
                    channel=other, country=country, campaign=other.campaigns[0], at=max(at, near), customer_id=customer
                )
        for _ in range(channel.visitors - 1):
            aside = oldest + (now - oldest) * dice.random()
            yield _Visit(
                channel=channel, country=country, campaign=dice.choice(channel.campaigns), at=aside, customer_id=None
            )


def _dealt(channels: Sequence[AssumedChannel], country: str, dice: Random) -> AssumedChannel | None:
    """The channel that brought a new customer; None: nobody knows."""
    left = dice.random() * 10_000
    for channel in channels:
        if country in channel.markets:
            left -= channel.share_bp
            if left < 0:
                return channel
    return None


def _channel(merchant: Merchant, assumed: AssumedChannel) -> Channel:
    row, _ = Channel.objects.of(merchant.pk).get_or_create(
        merchant=merchant, code=assumed.code, defaults={"name": assumed.name, "kind": assumed.kind}
    )
    return row


def _write_visits(places: _Places, visits: Sequence[_Visit]) -> None:
    of_customer: dict[int, Visitor] = {}
    visitors = []
    for visit in visits:
        known = of_customer.get(visit.customer_id or 0)
        if known is None:
            known = Visitor(
                merchant=places.merchant, key=secrets.token_urlsafe(16), customer_id=visit.customer_id, statistics=True,
                said_at=visit.at, country=visit.country,
            )  # fmt: skip
            visitors.append(known)
            if visit.customer_id:
                of_customer[visit.customer_id] = known
    Visitor.objects.bulk_create(visitors, batch_size=BATCH)
    fresh = iter([visitor for visitor in visitors if visitor.customer_id is None])
    Touch.objects.bulk_create(
        [
            Touch(
                merchant=places.merchant,
                visitor=of_customer[visit.customer_id] if visit.customer_id else next(fresh),
                market_id=places.markets[visit.country],
                channel=places.channels[visit.channel.code],
                campaign_id=places.campaigns[visit.channel.code, visit.campaign],
                at=visit.at,
            )
            for visit in visits
        ],
        batch_size=BATCH,
    )


def _count_visits(places: _Places, visits: Sequence[_Visit], assumed: AssumedTraffic, *, now: datetime) -> None:
    """Of the last days: those remembered, and in proportion those who did not want it."""
    since = now - timedelta(days=assumed.counted_days)
    recent = Counter(
        (visit.at.date(), visit.country, visit.channel.code, visit.campaign) for visit in visits if visit.at >= since
    )
    rows, owed = [], 0.0
    for (day, country, code, campaign), kept in sorted(recent.items()):
        owed += kept * (10_000 - assumed.allowed_bp) / assumed.allowed_bp
        unknown, owed = int(owed), owed - int(owed)
        rows += [
            VisitCount(
                merchant=places.merchant, day=day, market_id=places.markets[country], channel=places.channels[code],
                campaign_id=places.campaigns[code, campaign], allowed=allowed, visits=count,
            )
            for allowed, count in ((True, kept), (False, unknown)) if count
        ]  # fmt: skip
    VisitCount.objects.bulk_create(rows, batch_size=BATCH)


def _write_spend(places: _Places, visits: Sequence[_Visit], assumed: AssumedTraffic, *, dice: Random) -> None:
    """A week's spend follows its visitors, evenly over the days that are over."""
    accounts = {
        each.code: AdAccount.objects.create(
            merchant=places.merchant, platform=each.platform, name=each.name, channel=places.channels[each.code],
            currency=assumed.currency, time_zone=places.merchant.time_zone, settings={"assumed": True, "why": each.why},
        )
        for each in assumed.channels
    }  # fmt: skip
    weekly: dict[tuple[str, str, str, date], int] = defaultdict(int)
    last = visits[-1].at.date()
    for visit in visits:
        monday = visit.at.date() - timedelta(days=visit.at.weekday())
        weekly[visit.channel.code, visit.country, visit.campaign, monday] += visit.channel.visit_minor
    rows = []
    for (code, country, campaign, monday), minor in sorted(weekly.items()):
        days = [monday + timedelta(days=day) for day in range(7) if monday + timedelta(days=day) <= last]
        cost = round(minor * dice.uniform(0.85, 1.15))
        parts = [cost // len(days)] * len(days)
        parts[0] += cost - sum(parts)
        rows += [
            Spend(
                merchant=places.merchant, account=accounts[code], channel=places.channels[code],
                campaign_id=places.campaigns[code, campaign],
                market_id=places.markets[country], day=day, amount_minor=part,
            )
            for day, part in zip(days, parts, strict=True) if part
        ]  # fmt: skip
    Spend.objects.bulk_create(rows, batch_size=BATCH)
