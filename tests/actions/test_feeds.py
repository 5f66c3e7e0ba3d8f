"""Product feeds follow the shop: what it sells, at its price, until the moment it does not."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from haitu.actions.feeds import build, check_feeds, save_feed
from haitu.actions.feeds.switch import BadFeed
from haitu.models import Feed, Lane, Merchant, Stock, Variant
from haitu.reads.quote import _kept
from haitu.reads.shop.rows import forget
from tests.actions import loading
from tests.world import HOST, NOW, OTHER_HOST, World

G = "{http://base.google.com/ns/1.0}"


@pytest.fixture
def platform(world: World, settings: Any) -> Client:
    """What fetches feeds at Hengda's host."""
    settings.ALLOWED_HOSTS = ["*"]
    _kept.clear()
    forget()
    return Client(headers={"host": HOST})


def feed(world: World, platform: str = "google", market: str = "DE", language: str = "de") -> Feed:
    return save_feed(
        merchant_id=world.merchant.pk,
        market_id=world.markets[market].pk,
        language=language,
        platform=platform,
        on=True,
        by=None,
        now=NOW,
    )


def items(its: Feed, now: datetime = NOW) -> dict[str, dict[str, str]]:
    """The feed as Google reads it: id → attribute → text."""
    forget()
    its.refresh_from_db()
    root = ElementTree.fromstring(build(its, now=now).body)
    found: dict[str, dict[str, str]] = {}
    for item in root.iter("item"):
        row = {one.tag.removeprefix(G): "".join(one.itertext()) for one in item}
        found[row["id"]] = row
    return found


def sold_out(world: World, sku: str) -> None:
    Stock.objects.of(world.merchant.pk).filter(variant=world.variants[sku]).update(on_hand=0, reserved=0)


def test_a_feed_holds_what_the_shop_sells_at_the_shops_price(world: World, platform: Client) -> None:
    its = feed(world)
    rows = items(its)
    lantern = rows["LANTERN"]
    assert lantern["availability"] == "in_stock"
    assert lantern["link"].startswith(f"http://{HOST}")
    assert lantern["link"].endswith("/?v=LANTERN&utm_source=google&utm_medium=shopping")
    assert lantern["custom_label_0"] == "DDP"
    page = platform.get("/de-de/" + lantern["link"].partition("/de-de/")[2])
    assert page.status_code == 200
    price, currency = lantern["price"].split(" ")
    assert currency == "EUR"
    assert price.replace(".", ",") in page.content.decode()
    its.refresh_from_db()
    unknown = {"not_delivered": {"count": 1, "skus": ["MYSTERY"]}}  # nobody knows its weight
    assert (its.items, its.left_out, its.built_at) == (len(rows), unknown, NOW)


def test_a_sold_out_variant_is_told_as_such_and_no_longer_offered(world: World) -> None:
    its = feed(world)
    assert items(its)["LANTERN"]["availability"] == "in_stock"
    sold_out(world, "LANTERN")
    assert items(its)["LANTERN"]["availability"] == "out_of_stock"


def test_what_no_lane_brings_is_not_in_the_feed(world: World) -> None:
    its = feed(world)
    assert "LANTERN" in items(its)
    Lane.objects.of(world.merchant.pk).filter(destination="DE").update(open=False, closed_reason="strike")
    Merchant.objects.filter(pk=world.merchant.pk).update(version=world.merchant.version + 10)
    assert items(its) == {}
    its.refresh_from_db()
    assert sorted(its.left_out["not_delivered"]["skus"]) == sorted(world.variants)
    assert its.items == 0


def test_goods_on_their_way_are_a_backorder_with_the_day_they_leave(world: World) -> None:
    loading.departed(world)
    sold_out(world, "MUG")
    mug = items(feed(world))["MUG"]
    assert mug["availability"] == "backorder"
    leaves = datetime.strptime(mug["availability_date"], "%Y-%m-%dT%H:%M%z").date()
    assert leaves > NOW.date() + timedelta(30)


def test_where_prices_are_without_tax_duty_charged_apart_is_told_with_delivery(world: World) -> None:
    its = feed(world, market="US", language="en")
    lantern = items(its)["LANTERN"]
    assert lantern["price"].endswith(" USD")
    assert lantern["shipping"].startswith("US")
    assert lantern["shipping"].endswith(" USD")


def test_a_csv_has_a_line_an_item_and_problems_name_rule_and_source(world: World) -> None:
    its = feed(world, platform="meta")
    body = build(its, now=NOW).body.decode()
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(body))}
    assert rows["LANTERN"]["availability"] == "in stock"
    its.refresh_from_db()
    told = {(one["attribute"], one["operation"], one["source"]) for one in its.problems if one["sku"] == "LANTERN"}
    assert ("image_link", "ends_in", "developers.facebook.com/docs/marketing-api/catalog/reference") in told
    assert its.problem_count == len(its.problems)


def test_the_address_serves_the_file_and_says_when_nothing_changed(world: World, platform: Client) -> None:
    its = feed(world)
    client: Any = platform
    address = f"/feeds/{its.token}.xml"
    first = client.get(address, HTTP_ACCEPT_ENCODING="gzip")
    assert (first.status_code, first["Content-Encoding"]) == (200, "gzip")
    assert first["Content-Type"] == "application/xml; charset=utf-8"
    again = client.get(address, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(address, HTTP_IF_MODIFIED_SINCE=first["Last-Modified"]).status_code == 304
    sold_out(world, "LANTERN")
    assert client.get(address, HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200
    assert client.get(f"/feeds/{its.token}.tsv").content.startswith(b"id\ttitle\t")
    its.refresh_from_db()
    assert its.fetched_at is not None


def test_a_feed_switched_off_is_not_there_and_keeps_its_address(world: World, platform: Client) -> None:
    its = feed(world)
    given = {"merchant_id": world.merchant.pk, "market_id": world.markets["DE"].pk, "language": "de"}
    save_feed(**given, platform="google", on=False, by=None, now=NOW)  # type: ignore[arg-type]
    client = platform
    assert client.get(f"/feeds/{its.token}.xml").status_code == 404
    assert feed(world).token == its.token
    assert client.get(f"/feeds/{its.token}.xml").status_code == 200
    assert client.get("/feeds/0123456789abcdef.xml").status_code == 404
    assert client.get(f"/feeds/{its.token}.xml", headers={"host": OTHER_HOST}).status_code == 404
    assert client.get(f"/feeds/{its.token}.exe").status_code == 404


def test_a_feed_is_for_a_market_language_and_platform_that_there_is(world: World) -> None:
    for market, language, platform in [("DE", "fr", "google"), ("DE", "de", "bing")]:
        with pytest.raises(BadFeed):
            feed(world, platform=platform, market=market, language=language)
    with pytest.raises(BadFeed):
        save_feed(
            merchant_id=world.other.pk,
            market_id=world.markets["DE"].pk,
            language="de",
            platform="google",
            on=True,
            by=None,
            now=NOW,
        )


def test_the_clock_builds_what_nobody_fetched_for_a_while(world: World) -> None:
    its = feed(world)
    now = timezone.now()
    assert check_feeds(now=now) == 1
    assert check_feeds(now=now) == 0
    assert check_feeds(now=now + timedelta(hours=7)) == 1
    its.refresh_from_db()
    assert its.built_at == now + timedelta(hours=7)


def test_twenty_variants_more_cost_no_query_more(world: World) -> None:
    its = feed(world)
    before = queries(its)
    lantern = world.variants["LANTERN"]
    for nth in range(20):
        Variant.objects.create(
            merchant=world.merchant, product=lantern.product, sku=f"L-{nth}", list_price_minor=1_000, weight_g=100
        )
    assert queries(its) == before
    its.refresh_from_db()
    assert (its.items, its.left_out["not_delivered"]["skus"]) == (len(world.variants) + 19, ["MYSTERY"])


def queries(its: Feed) -> int:
    """How many a cold build asks."""
    forget()
    _kept.clear()
    with CaptureQueriesContext(connection) as asked:
        build(its, now=NOW)
    return len(asked)
