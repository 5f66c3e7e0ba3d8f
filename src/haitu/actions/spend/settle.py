"""Where the spend of a channel in a market is known, its orders carry no assumed traffic: SpendBooked's promise.

Known are the weeks from the first to the last that is booked, for the market that was said or, where none was, for all
of them. An order belongs to the week in which it was placed. Its parcels booked the assumed traffic when they left;
this takes it off again, line by line, in the week in which they left; and puts it back where the spend was undone.
`traffic:<event>:<n>` is the key, odd n for taking off, so that it happens once, whoever asks, and however often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max, Min

from haitu.actions.record import record_many
from haitu.core.events import Shipped, SpendBooked, from_payload
from haitu.core.landed import Waterfall
from haitu.models import Event, Market, Merchant, SpendBook

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Known:
    """The weeks of a channel and market whose spend is booked: from the first Monday, before `ends`."""

    first: date
    ends: date


def settle(*, merchant_id: int, now: datetime) -> int:
    """Takes assumed traffic off the orders whose channel's spend is known, or puts it back; how many parcels."""
    merchant = Merchant.objects.get(pk=merchant_id)
    known = _known(merchant_id)
    done = _done(merchant_id)
    if not known and not done:
        return 0
    return record_many(((merchant_id, event) for event in _due(merchant, known, done)), now=now)


def _known(merchant_id: int) -> dict[tuple[str, int], Known]:
    rows = (
        SpendBook.objects.of(merchant_id)
        .exclude(booked_minor=0)
        .values_list("channel__code", "market_id")
        .annotate(first=Min("week"), last=Max("week"))
    )
    markets = list(Market.objects.of(merchant_id).values_list("pk", flat=True))
    found: dict[tuple[str, int], Known] = {}
    for channel, market_id, first, last in rows:
        for market in markets if market_id is None else [market_id]:
            was = found.get((channel, market), Known(first, last))
            found[channel, market] = Known(min(first, was.first), max(last + timedelta(days=7), was.ends))
    return found


def _done(merchant_id: int) -> Counter[int]:
    """Shipped event → how often its traffic was taken off or put back."""
    keys = Event.objects.of(merchant_id).filter(kind="spend_booked", order__isnull=False).values_list("key", flat=True)
    return Counter(int(key.split(":")[1]) for key in keys if key.startswith("traffic:"))


def _due(merchant: Merchant, known: dict[tuple[str, int], Known], done: Counter[int]) -> Iterator[SpendBooked]:
    zone = ZoneInfo(merchant.time_zone)
    wanted = set[int]()
    for (channel, market), weeks in known.items():
        begins, ends = (datetime.combine(day, time(), zone) for day in (weeks.first, weeks.ends))
        rows = Event.objects.of(merchant.pk).filter(kind="shipped", order__channel=channel, order__market_id=market)
        rows = rows.filter(order__placed_at__gte=begins, order__placed_at__lt=ends)
        wanted |= set(rows.values_list("pk", flat=True))
    due = [pk for pk in wanted if done[pk] % 2 == 0] + [pk for pk in done if done[pk] % 2 and pk not in wanted]
    due.sort()
    for start in range(0, len(due), AT_ONCE):
        rows = Event.objects.of(merchant.pk).filter(pk__in=due[start : start + AT_ONCE]).order_by("pk")
        for pk, payload in rows.values_list("pk", "payload"):
            shipped = from_payload("shipped", payload)
            assert isinstance(shipped, Shipped)  # noqa: S101  # the kind was asked for
            if event := _release(shipped, pk, done[pk] + 1):
                yield event


def _release(shipped: Shipped, event_id: int, nth: int) -> SpendBooked | None:
    """The assumed traffic of a parcel's lines with the other sign, under the lines' own dimensions."""
    sign = -1 if nth % 2 else 1
    postings = tuple(
        replace(posting, waterfall=Waterfall(traffic=sign * posting.waterfall.traffic), tax_assumed=False)
        for posting in shipped.postings
        if posting.assumed and posting.waterfall.traffic
    )
    if not postings:
        return None
    return SpendBooked(key=f"traffic:{event_id}:{nth}", at=shipped.at, dims=shipped.dims, postings=postings)
