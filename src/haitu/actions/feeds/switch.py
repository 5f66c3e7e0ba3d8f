"""Feeds on and off; an address stays the same when it is switched on again."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.links.reference.feed_rules import feed_specs
from haitu.models import Feed, Market, User


class BadFeed(Refusal):
    """A feed is for an open market of the shop, one of its languages, and a platform whose rules are known."""

    code = "bad_feed"


def save_feed(
    *, merchant_id: int, market_id: int, language: str, platform: str, on: bool, by: User | None, now: datetime
) -> Feed:
    """Switches the feed of a market, language and platform; the first time it gets an address nobody can guess."""
    with transaction.atomic():
        market = Market.objects.of(merchant_id).filter(pk=market_id, open=True).first()
        if market is None or language not in market.languages or platform not in feed_specs():
            raise BadFeed("There is no such market, language or platform.", field="market")
        feed, _new = Feed.objects.of(merchant_id).get_or_create(
            merchant_id=merchant_id,
            market=market,
            language=language,
            format=platform,
            defaults={"token": secrets.token_hex(16), "active": on},
        )
        if feed.active != on:
            feed.active = on
            feed.save(update_fields=["active"])
        told = f"{platform} {market.country} {language}: {'on' if on else 'off'}"
        audit(by, "feed.save", told, merchant_id=merchant_id, now=now)
    return feed
