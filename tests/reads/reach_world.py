"""Hengda's traffic: what Google and a creator cost in Germany and the United States, and who came by them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from haitu.models import AdAccount, Campaign, Channel, Customer, FxRate, Order, Spend, Touch, Visitor
from tests.world import NOW, PER_EUR_E9, World


def channel(world: World, code: str, kind: str) -> Channel:
    row, _ = Channel.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant, code=code, defaults={"name": code.title(), "kind": kind}
    )
    return row


def rates() -> None:
    """The world's rates held the whole year."""
    FxRate.objects.bulk_create(
        [FxRate(on=date(2026, 1, 1), currency=currency, per_eur_e9=rate) for currency, rate in PER_EUR_E9.items()]
    )


def campaign(world: World, of: Channel, code: str, external_id: str = "") -> Campaign:
    row, _ = Campaign.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant, channel=of, code=code, defaults={"external_id": external_id, "created_at": NOW}
    )
    return row


def account(world: World, of: Channel, currency: str) -> AdAccount:
    row, _ = AdAccount.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant,
        name=f"{of.code} {currency}",
        defaults={"platform": "google", "channel": of, "currency": currency, "time_zone": "UTC"},
    )
    return row


def spent(
    world: World, of: Campaign, market: str | None, day: date, minor: int, *, currency: str = "EUR", kind: str = "media"
) -> Spend:
    return Spend.objects.create(
        merchant=world.merchant,
        account=account(world, of.channel, currency),
        channel=of.channel,
        campaign=of,
        market=world.markets[market] if market else None,
        kind=kind,
        day=day,
        amount_minor=minor,
    )


def visitor(world: World, key: str, customer: Customer | None = None) -> Visitor:
    return Visitor.objects.create(
        merchant=world.merchant, key=key, customer=customer, statistics=True, said_at=NOW, country="DE"
    )


def touched(world: World, who: Visitor, of: Channel, market: str, at: datetime, *, by: Campaign | None = None) -> Touch:
    return Touch.objects.create(
        merchant=world.merchant, visitor=who, market=world.markets[market], channel=of, campaign=by, at=at
    )


def busy(world: World, *, weeks: int = 20) -> Channel:
    """Google spends 70 euros a week in Germany; each week three readers come by it, and one order is placed."""
    rates()
    google = channel(world, "google", "search")
    brand = campaign(world, google, "Lanterns")
    monday = NOW.date() - timedelta(days=NOW.weekday(), weeks=weeks)
    for week in range(weeks):
        day = monday + timedelta(weeks=week)
        spent(world, brand, "DE", day, 7_000)
        for reader in range(3):
            at = NOW - timedelta(weeks=weeks - week, days=2, hours=reader)
            touched(world, visitor(world, f"w{week}r{reader}"), google, "DE", at, by=brand)
    return google


def belongs(order: Order, who: Visitor) -> None:
    """The order was placed with the visitor's browser."""
    Visitor.objects.of(order.merchant_id).filter(pk=who.pk).update(customer=order.customer)
    Order.objects.of(order.merchant_id).filter(pk=order.pk).update(visitor=who)
