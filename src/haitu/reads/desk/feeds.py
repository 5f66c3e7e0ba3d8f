"""What a merchant sees of product feeds: a row for each market, language and platform, on or off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haitu.links.reference.feed_rules import feed_specs
from haitu.models import Feed, Market


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed that is there or could be; `id` is None before it was first switched on."""

    id: int | None
    market_id: int
    country: str
    language: str
    platform: str
    active: bool = False
    address: str = ""
    items: int = 0
    left_out: int = 0
    problems: int = 0
    built_at: datetime | None = None
    fetched_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedView:
    """One feed: `left_out` why → (count, the first SKUs); `problems` those that hold the text asked for."""

    row: FeedRow
    left_out: Mapping[str, tuple[int, tuple[str, ...]]]
    problems: tuple[Mapping[str, Any], ...]
    kept: int
    checked_on: str


def feed_rows(merchant_id: int, *, root: str) -> tuple[FeedRow, ...]:
    """Every feed there could be, by market; two queries."""
    made = {(feed.market_id, feed.language, feed.format): feed for feed in Feed.objects.of(merchant_id)}
    return tuple(
        _row(made.get((market.pk, language, platform)), market, language, platform, root)
        for market in Market.objects.of(merchant_id).filter(open=True).order_by("position", "country")
        for language in market.languages
        for platform in feed_specs()
    )


def feed_view(merchant_id: int, feed_id: int, *, root: str, search: str = "") -> FeedView | None:
    """One feed with what is wrong with it; None when there is none."""
    feed = Feed.objects.of(merchant_id).select_related("market").filter(pk=feed_id).first()
    if feed is None:
        return None
    wanted = search.strip().lower()
    found = tuple(problem for problem in feed.problems if wanted in f"{problem['sku']} {problem['attribute']}".lower())
    return FeedView(
        row=_row(feed, feed.market, feed.language, feed.format, root),
        left_out={why: (each["count"], tuple(each["skus"])) for why, each in feed.left_out.items()},
        problems=found[:200],
        kept=len(found),
        checked_on=feed_specs()[feed.format].checked_on.isoformat(),
    )


def _row(feed: Feed | None, market: Market, language: str, platform: str, root: str) -> FeedRow:
    if feed is None:
        return FeedRow(id=None, market_id=market.pk, country=market.country, language=language, platform=platform)
    return FeedRow(
        id=feed.pk,
        market_id=market.pk,
        country=market.country,
        language=language,
        platform=platform,
        active=feed.active,
        address=f"{root}/feeds/{feed.token}.{feed_specs()[platform].file}",
        items=feed.items,
        left_out=sum(each["count"] for each in feed.left_out.values()),
        problems=feed.problem_count,
        built_at=feed.built_at,
        fetched_at=feed.fetched_at,
    )
