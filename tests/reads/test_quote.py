"""The Book: rules kept while the merchant's version stands, stock always live, nobody else's rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haitu.actions.version import bump
from haitu.core.book import BasketLine, Book, Destination, Quote
from haitu.core.quote import promise, quote
from haitu.models import FxRate, Lane, Market, MarketPrice, Stock
from haitu.reads import quote as reads
from haitu.reads.exchange import NoExchangeRate, exchange_rates
from haitu.reads.merchant import ShopMerchant, by_host
from haitu.reads.quote import NoSuchMarket, load_book, load_books
from tests.world import HOST, OTHER_HOST, TODAY, World

GERMANY = Destination(country="DE", postcode="04109")


def merchant() -> ShopMerchant:
    found = by_host(f"{HOST}:8000")
    assert found is not None
    return found


def book_of(world: World, *skus: str, country: str = "DE", language: str = "de") -> Book:
    return load_book(merchant(), country, [world.variants[sku].pk for sku in skus], language=language, on=TODAY)


def test_a_quote_is_worked_out_once_while_stock_and_rules_stand(world: World) -> None:
    def quoted_now() -> Quote:
        basket = (BasketLine(variant_id=world.variants["LANTERN"].pk, quantity=1),)
        return reads.quoted(basket, book_of(world, "LANTERN"), to=GERMANY, language="de", on=TODAY)

    first = quoted_now()
    assert quoted_now() is first
    Stock.objects.of(world.merchant.pk).filter(variant__sku="LANTERN", warehouse__code="LEJ").update(on_hand=0)
    from_china = quoted_now()
    assert [line.warehouse_id for line in from_china.lines] == [world.warehouses["SZX"].pk]
    Lane.objects.of(world.merchant.pk).filter(code="SZX-DE").update(days_p90=99)
    assert quoted_now() is from_china
    bump(world.merchant.pk)
    assert quoted_now().latest > from_china.latest


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


def test_books_of_several_markets_are_those_of_each(world: World) -> None:
    countries = sorted(world.markets)
    lantern = world.variants["LANTERN"].pk
    MarketPrice.objects.create(
        merchant=world.merchant, variant=world.variants["LANTERN"], market=world.markets["GB"], price_minor=19_99
    )
    reads._kept.clear()
    together = load_books(merchant(), countries, [lantern], language="de", on=TODAY)
    reads._kept.clear()
    for country in countries:
        alone, shared = book_of(world, "LANTERN", country=country), together[country]
        assert (shared.items, shared.stock, shared.terms.market) == (alone.items, alone.stock, alone.terms.market)
        assert (shared.terms.lanes, shared.terms.tax_rates) == (alone.terms.lanes, alone.terms.tax_rates)
        assert (shared.terms.thresholds, shared.terms.list_fx) == (alone.terms.thresholds, alone.terms.list_fx)
        assert {currency: shared.terms.fx[currency] for currency in alone.terms.fx} == alone.terms.fx


def test_books_of_five_markets_cost_as_many_queries_as_one(world: World) -> None:
    lantern, known = world.variants["LANTERN"].pk, merchant()

    def asked(countries: list[str]) -> int:
        reads._kept.clear()
        with CaptureQueriesContext(connection) as captured:
            load_books(known, countries, [lantern], language="de", on=TODAY)
        return len(captured)

    assert asked(sorted(world.markets)) == asked(["DE"])
    with CaptureQueriesContext(connection) as warm:
        load_books(known, ["DE"], [lantern], language="de", on=TODAY)
    assert len(warm) == 1


def test_a_market_that_is_closed_refuses_the_books_of_all(world: World) -> None:
    with pytest.raises(NoSuchMarket):
        load_books(merchant(), ["DE", "BR"], [world.variants["LANTERN"].pk], language="de", on=TODAY)


def test_an_old_exchange_rate_is_found_as_well_as_a_new_one(world: World) -> None:
    in_a_year = TODAY + timedelta(days=365)
    FxRate.objects.create(on=in_a_year, currency="USD", per_eur_e9=1_200_000_000, source="made up")
    rates = exchange_rates({"USD", "JPY"}, on=in_a_year)
    assert {name: (rate.rate_e9, rate.on) for name, rate in rates.items() if name != "EUR"} == {
        "USD": (1_200_000_000, in_a_year),
        "JPY": (160_000_000_000, TODAY),
    }
