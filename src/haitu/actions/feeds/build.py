"""A feed's file as of this moment, and what was found wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from zoneinfo import ZoneInfo

from haitu.core.errors import Refusal
from haitu.core.feed import FeedProblem, Lint
from haitu.links.ads.feed_files import CONTENT_TYPES, lines
from haitu.links.reference.feed_rules import feed_specs
from haitu.models import Feed
from haitu.reads.feeds import FeedItem, LeftOut, feed_items
from haitu.reads.merchant import by_id, shop_root
from haitu.reads.shop.cards import Place

KEPT_PROBLEMS = 500
KEPT_SKUS = 50
PREVIEWED = 10
CHECKED_EVERY = timedelta(hours=6)


class NoSuchFeed(Refusal):
    """No feed has that address, or it was switched off."""

    code = "no_such_feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A feed's file; `changed_at` is when it last became another one."""

    body: bytes
    content_type: str
    digest: str
    changed_at: datetime


@dataclass(slots=True)
class _Count:
    """What was seen while the items passed."""

    items: int = 0
    problems: list[FeedProblem] = field(default_factory=list)
    problem_count: int = 0
    left_out: dict[str, list[str]] = field(default_factory=dict)
    left_out_count: dict[str, int] = field(default_factory=dict)


def fetched(*, merchant_id: int, token: str, file: str, now: datetime) -> Built:
    """The file for the platform that asks at the merchant's host. Refuses NoSuchFeed."""
    feeds = Feed.objects.of(merchant_id).select_related("market")
    feed = feeds.filter(token=token, active=True, market__open=True).first()
    if feed is None or file not in CONTENT_TYPES:
        raise NoSuchFeed("There is no such feed.")
    built = build(feed, now=now, file=file)
    Feed.objects.of(feed.merchant_id).filter(pk=feed.pk).update(fetched_at=now)
    return built


def build(feed: Feed, *, now: datetime, file: str = "") -> Built:
    """Builds the feed and notes what was in it; nothing is kept of the file but its digest."""
    spec = feed_specs()[feed.format]
    file = file or spec.file
    place, root = place_of(feed, now), shop_root(feed.merchant_id)
    count = _Count()
    passed = _passing(feed_items(place, spec, root=root), Lint(spec, on=place.on), count)
    text = lines(file, passed, tuple(spec.columns), title=place.merchant.name, address=f"{root}/")
    body = "".join(text).encode()
    digest = sha256(body).hexdigest()
    changed_at = feed.changed_at if feed.digest == digest and feed.changed_at else now
    change = {"digest": digest, "changed_at": changed_at} if file == spec.file else {}  # the usual file's alone
    Feed.objects.of(feed.merchant_id).filter(pk=feed.pk).update(
        items=count.items,
        left_out={why: {"count": count.left_out_count[why], "skus": skus} for why, skus in count.left_out.items()},
        problems=[asdict(problem) for problem in count.problems],
        problem_count=count.problem_count,
        built_at=now,
        **change,
    )
    return Built(body=body, content_type=CONTENT_TYPES[file], digest=digest, changed_at=changed_at)


def build_one(*, merchant_id: int, feed_id: int, now: datetime) -> Built:
    """Builds one of the merchant's feeds now. Refuses NoSuchFeed."""
    return build(_own(merchant_id, feed_id), now=now)


def preview(*, merchant_id: int, feed_id: int, now: datetime) -> list[Mapping[str, str]]:
    """The feed's first items, as the platform would read them now. Refuses NoSuchFeed."""
    feed = _own(merchant_id, feed_id)
    found = feed_items(place_of(feed, now), feed_specs()[feed.format], root=shop_root(merchant_id))
    return list(islice((each.attributes for each in found if isinstance(each, FeedItem)), PREVIEWED))


def _own(merchant_id: int, feed_id: int) -> Feed:
    feed = Feed.objects.of(merchant_id).select_related("market").filter(pk=feed_id).first()
    if feed is None:
        raise NoSuchFeed("There is no such feed.")
    return feed


def check_feeds(*, now: datetime) -> int:
    """Builds the feeds that nobody fetched for a while, so that their problems are known; how many."""
    due = Feed.everyone.select_related("market").filter(active=True, market__open=True)
    feeds = list(due.exclude(built_at__gt=now - CHECKED_EVERY).order_by("built_at", "pk")[:20])
    for feed in feeds:
        build(feed, now=now)
    return len(feeds)


def place_of(feed: Feed, now: datetime) -> Place:
    """Where the feed's readers would look."""
    merchant = by_id(feed.merchant_id)
    if merchant is None:
        raise NoSuchFeed("There is no such feed.")
    on = now.astimezone(ZoneInfo(merchant.time_zone)).date()
    return Place(merchant=merchant, country=feed.market.country, language=feed.language, on=on, at=now)


def _passing(found: Iterator[FeedItem | LeftOut], lint: Lint, count: _Count) -> Iterator[Mapping[str, str]]:
    """The items on their way into the file, counted and held against the rules."""
    for each in found:
        if isinstance(each, LeftOut):
            count.left_out_count[each.why] = count.left_out_count.get(each.why, 0) + 1
            skus = count.left_out.setdefault(each.why, [])
            if len(skus) < KEPT_SKUS:
                skus.append(each.sku)
            continue
        count.items += 1
        for problem in lint.problems(each.attributes, each.sku):
            count.problem_count += 1
            if len(count.problems) < KEPT_PROBLEMS:
                count.problems.append(problem)
        yield each.attributes
