"""What a parcel beyond the first counts is the merchant's figure, holds from a day on, and is named in the quote."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from haitu.actions.extra_parcel import BadExtraParcel, set_extra_parcel
from haitu.core.book import Destination
from haitu.models import Audit, Merchant, Stock
from haitu.reads import quote as quotes
from haitu.reads.exchange import NoExchangeRate
from haitu.reads.merchant import by_id
from haitu.reads.quote import load_book, quoted
from tests.actions.buying import basket_of
from tests.world import NOW, TODAY, World


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    quotes._kept.clear()


def say(world: World, minor: int, currency: str = "EUR", valid_from: date = TODAY) -> None:
    set_extra_parcel(
        merchant_id=world.merchant.pk, minor=minor, currency=currency, valid_from=valid_from, by=world.owner, now=NOW
    )


def counts(world: World, on: date) -> int:
    """In Germany's market, whose currency is the euro."""
    merchant = by_id(world.merchant.pk)
    assert merchant is not None
    return load_book(merchant, "DE", [], language="de", on=on).terms.extra_parcel_minor


def test_each_figure_holds_from_its_day_until_the_next_begins(world: World) -> None:
    say(world, 2_00, "USD", valid_from=TODAY + timedelta(days=1))
    say(world, 3_00, valid_from=TODAY + timedelta(days=3))
    assert [counts(world, TODAY + timedelta(days=days)) for days in range(4)] == [1_50, 1_82, 1_82, 3_00]
    assert Audit.objects.of(world.merchant.pk).filter(action="extra_parcel.set").count() == 2


def test_a_figure_of_the_same_day_is_replaced(world: World) -> None:
    say(world, 2_00)
    say(world, 2_50)
    assert counts(world, TODAY) == 2_50
    assert [given["minor"] for given in Merchant.objects.get(pk=world.merchant.pk).extra_parcel] == [1_50, 2_50]


def test_a_merchant_who_said_nothing_counts_nothing(world: World) -> None:
    Merchant.objects.filter(pk=world.merchant.pk).update(extra_parcel=[], version=99)
    assert counts(world, TODAY) == 0


def test_a_figure_below_nothing_or_in_a_currency_without_rates_is_refused(world: World) -> None:
    with pytest.raises(BadExtraParcel):
        say(world, -1)
    with pytest.raises(NoExchangeRate):
        say(world, 100, "XAU")
    assert counts(world, TODAY) == 1_50


def test_a_split_names_what_its_parcels_were_counted_for(world: World) -> None:
    shelves = Stock.objects.of(world.merchant.pk)
    shelves.filter(variant__sku="LANTERN").exclude(warehouse__code="LEJ").update(on_hand=0, reserved=0)
    shelves.filter(variant__sku="MUG").exclude(warehouse__code="SZX").update(on_hand=0, reserved=0)
    merchant = by_id(world.merchant.pk)
    assert merchant is not None
    basket = basket_of(world, LANTERN=1, MUG=1)
    book = load_book(merchant, "DE", [line.variant_id for line in basket], language="de", on=TODAY)
    found = quoted(basket, book, to=Destination(country="DE"), language="de", on=TODAY)
    [why] = [why for why in found.why if why.code == "extra_parcel"]
    assert why.told == "Since 2026-01-01 each parcel beyond the first counts 1.50 EUR in this comparison (assumed)."
