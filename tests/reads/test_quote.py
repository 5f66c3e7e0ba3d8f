"""The Book: rules kept while the merchant's version stands, stock always live, nobody else's rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haitu.actions.version import bump
from haitu.core.book import BasketLine, Book, Destination
from haitu.core.quote import promise, quote
from haitu.models import Lane, Market, Stock
from haitu.reads.merchant import ShopMerchant, by_host
from haitu.reads.quote import NoExchangeRate, NoSuchMarket, load_book
from tests.world import HOST, OTHER_HOST, TODAY, World

GERMANY = Destination(country="DE", postcode="04109")


def merchant() -> ShopMerchant:
    found = by_host(f"{HOST}:8000")
    assert found is not None
    return found


def book_of(world: World, *skus: str, country: str = "DE", language: str = "de") -> Book:
    return load_book(merchant(), country, [world.variants[sku].pk for sku in skus], language=language, on=TODAY)


def test_a_host_answers_for_its_merchant_only(world: World) -> None:
    assert merchant().id == world.merchant.pk
    assert getattr(by_host(OTHER_HOST), "id", None) == world.other.pk
    assert by_host("nobody.test") is None


def test_a_lantern_is_quoted_from_leipzig_in_german(world: World) -> None:
    lantern = world.variants["LANTERN"].pk
    quoted = quote((BasketLine(variant_id=lantern, quantity=2),), book_of(world, "LANTERN"), to=GERMANY, on=TODAY)
    assert [(line.title, line.quantity) for line in quoted.lines] == [("Papierlaterne", 2)]
    assert [parcel.warehouse_id for parcel in quoted.parcels] == [world.warehouses["LEJ"].pk]
    assert quoted.total_minor == quoted.goods_minor + quoted.shipping_minor + quoted.duty_minor


def test_a_second_book_of_the_same_version_costs_one_query(world: World) -> None:
    book_of(world, "LANTERN")
    known = merchant()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        load_book(known, "DE", [world.variants["LANTERN"].pk], language="de", on=TODAY)
    assert len(queries) == 1


def test_stock_is_live_without_a_new_version(world: World) -> None:
    lantern = world.variants["LANTERN"].pk
    assert getattr(promise(lantern, book_of(world, "LANTERN"), to=GERMANY, on=TODAY), "available", 0) == 120
    Stock.objects.of(world.merchant.pk).filter(variant_id=lantern).update(on_hand=0)
    assert promise(lantern, book_of(world, "LANTERN"), to=GERMANY, on=TODAY) is None


def test_a_closed_lane_leaves_every_book_with_the_next_version(world: World) -> None:
    lantern = world.variants["LANTERN"].pk
    book_of(world, "LANTERN")
    Lane.objects.of(world.merchant.pk).filter(destination="DE").update(open=False, closed_reason="strike")
    bump(world.merchant.pk)
    assert promise(lantern, book_of(world, "LANTERN"), to=GERMANY, on=TODAY) is None


def test_a_closed_market_is_refused_by_name(world: World) -> None:
    Market.objects.of(world.merchant.pk).filter(country="DE").update(open=False)
    with pytest.raises(NoSuchMarket, match="Hengda does not sell to DE"):
        book_of(world, "LANTERN")


def test_another_merchants_variant_is_not_in_the_book(world: World) -> None:
    other = by_host(OTHER_HOST)
    assert other is not None
    book = load_book(other, "JP", [world.variants["LANTERN"].pk], language="ja", on=TODAY)
    assert (book.items, book.stock) == ({}, ())


def test_a_day_before_the_first_rate_is_refused(world: World) -> None:
    with pytest.raises(NoExchangeRate):
        load_book(merchant(), "DE", [], language="de", on=TODAY - timedelta(days=1))
