"""Spend into the ledger: one event a campaign, market, week and currency, for the difference to what is booked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from haitu.actions.record import record
from haitu.actions.spend.keep import Week
from haitu.core.events import Dims, Posting, SpendBooked
from haitu.core.landed import Waterfall
from haitu.models import Campaign, Merchant, Spend, SpendBook
from haitu.reads.exchange import exchange_rate


def book(*, merchant: Merchant, weeks: Iterable[Week], now: datetime) -> int:
    """Books what each week's spend differs from what the ledger holds of it; how many events that took.

    In the caller's transaction. A week's row is locked and its spend summed after that, so of two processes the second
    books what the first could not see. The rate is that of the week's last day (today's in a running week), frozen when
    the week is first booked, so that a correction takes back exactly what it corrects.
    """
    touched = sorted(set(weeks), key=lambda week: (week[0], week[1] or 0, week[2]))
    channels = {
        row.pk: row.channel
        for row in Campaign.objects.of(merchant.pk)
        .select_related("channel")
        .filter(pk__in={campaign for campaign, _market, _monday in touched})
    }
    events = 0
    for campaign, market, monday in touched:
        for currency in _currencies(merchant.pk, campaign, market, monday):
            row = _locked(merchant, (campaign, market, monday), currency, channels[campaign].pk, now)
            amount = _spent(merchant.pk, campaign, market, monday, currency) - row.booked_minor
            if not amount:
                continue
            event = SpendBooked(
                key=f"spend:{row.pk}:{row.version + 1}",
                at=datetime.combine(monday, time(12), ZoneInfo(merchant.time_zone)),
                dims=Dims(
                    currency=currency,
                    base_currency=merchant.base_currency,
                    fx_e9=row.fx_e9,
                    market_id=market,
                    channel=channels[campaign].code,
                ),
                postings=(Posting(waterfall=Waterfall(traffic=amount)),),
            )
            record(event, merchant_id=merchant.pk, now=now)
            SpendBook.objects.of(merchant.pk).filter(pk=row.pk).update(
                booked_minor=row.booked_minor + amount, version=row.version + 1
            )
            events += 1
    return events


def _currencies(merchant_id: int, campaign: int, market: int | None, monday: date) -> list[str]:
    spend = _week(merchant_id, campaign, market, monday).values_list("account__currency", flat=True)
    books = SpendBook.objects.of(merchant_id).filter(_in(market), campaign_id=campaign, week=monday)
    return sorted({*spend, *books.values_list("currency", flat=True)})


def _locked(merchant: Merchant, week: Week, currency: str, channel_id: int, now: datetime) -> SpendBook:
    campaign, market, monday = week
    rows = SpendBook.objects.of(merchant.pk)
    rows = rows.filter(_in(market), campaign_id=campaign, week=monday, currency=currency)
    if not rows.exists():
        on = min(monday + timedelta(days=6), now.astimezone(ZoneInfo(merchant.time_zone)).date())
        rate = exchange_rate(currency, merchant.base_currency, on=on)
        row = SpendBook(merchant=merchant, channel_id=channel_id, campaign_id=campaign, market_id=market, week=monday)
        row.currency, row.fx_e9 = currency, rate.rate_e9
        SpendBook.objects.bulk_create([row], ignore_conflicts=True)
    return rows.select_for_update().get()


def _spent(merchant_id: int, campaign: int, market: int | None, monday: date, currency: str) -> int:
    rows = _week(merchant_id, campaign, market, monday).filter(account__currency=currency)
    return int(rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0)


def _week(merchant_id: int, campaign: int, market: int | None, monday: date) -> Any:
    rows = Spend.objects.of(merchant_id).filter(_in(market), campaign_id=campaign)
    return rows.filter(day__gte=monday, day__lt=monday + timedelta(days=7))


def _in(market: int | None) -> Q:
    """Of a market, or of those rows that name none."""
    return Q(market__isnull=True) if market is None else Q(market_id=market)
