"""Ordered before a warehouse's cut-off it leaves that day, after it the next working day, by the warehouse's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.test import Client

from haitu.actions.checkout import QuoteChanged
from haitu.core.quote import promise
from haitu.models import Lane, Merchant, Warehouse
from haitu.reads import quote as quotes
from haitu.reads.quote import load_book
from haitu.reads.reroute import Router, waiting
from haitu.reads.shop import listing, markets
from haitu.reads.ways import ways_of
from tests.actions.buying import LEIPZIG, basket_of, merchant_of, order, see
from tests.actions.test_reroute import sold
from tests.world import HOST, World

FRIDAY = date(2026, 11, 20)
BEFORE = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # 14:00 in Leipzig, on the dot
AFTER = datetime(2026, 11, 20, 13, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _leipzig_until_two(world: World) -> None:
    """Leipzig takes until 14:00 what leaves that day, packs at once, and rests on Sundays."""
    quotes._kept.clear()
    rows = Warehouse.objects.of(world.merchant.pk).filter(code="LEJ")
    rows.update(cut_off=time(14), handling_days=0, rest_weekdays=[6])
    Merchant.objects.filter(pk=world.merchant.pk).update(version=world.merchant.version + 7)


def latest(world: World, at: datetime | None) -> date:
    lantern = world.variants["LANTERN"].pk
    book = load_book(merchant_of(world), "DE", [lantern], language="de", on=FRIDAY, at=at)
    found = promise(lantern, book, to=LEIPZIG, on=FRIDAY)
    assert found is not None
    return found.latest


def test_the_promise_is_a_day_later_after_the_cut_off(world: World) -> None:
    assert [latest(world, at) for at in (None, BEFORE, AFTER)] == [
        date(2026, 11, 23),
        date(2026, 11, 23),
        date(2026, 11, 24),
    ]


def test_what_misses_saturday_leaves_on_monday(world: World) -> None:
    lantern = world.variants["LANTERN"].pk
    saturday = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
    book = load_book(merchant_of(world), "DE", [lantern], language="de", on=saturday.date(), at=saturday)
    assert book.terms.warehouses[world.warehouses["LEJ"].pk].handling_days == 2


def test_the_clock_is_the_warehouse_s_and_a_public_holiday_is_no_working_day(world: World) -> None:
    newark = Warehouse.objects.of(world.merchant.pk).filter(code="EWR")
    newark.update(cut_off=time(12), handling_days=0, holidays="US")
    Merchant.objects.filter(pk=world.merchant.pk).update(version=world.merchant.version + 8)

    def leaves(at: datetime) -> int:
        book = load_book(merchant_of(world), "US", [], language="en", on=at.date(), at=at)
        return book.terms.warehouses[newark.get().pk].handling_days

    assert leaves(datetime(2026, 11, 24, 17, 0, tzinfo=UTC)) == 0  # noon there
    assert leaves(datetime(2026, 11, 24, 17, 1, tzinfo=UTC)) == 1
    assert leaves(datetime(2026, 11, 25, 17, 1, tzinfo=UTC)) == 2  # the day between is Thanksgiving


def test_who_looked_before_and_orders_after_it_is_told_of_the_change(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    book = load_book(merchant_of(world), "DE", [basket[0].variant_id], language="de", on=FRIDAY, at=BEFORE)
    seen = quotes.quoted(basket, book, to=LEIPZIG, language="de", on=FRIDAY)
    with pytest.raises(QuoteChanged) as changed:
        order(world, basket, seen=seen, now=AFTER)
    assert [change.what for change in changed.value.changes] == ["latest"]
    assert see(world, basket, now=AFTER).digest == seen.digest  # by the day alone they are the same


def test_the_page_the_quote_and_another_way_agree(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    listing.forget()
    markets.forget()
    row = sold(world, "one", LANTERN=1)
    stranded = waiting(world.merchant.pk, row.pk)
    assert stranded is not None
    ways = ways_of(merchant_of(world), row.pk, on=FRIDAY, at=AFTER)
    assert ways is not None
    assert [way.latest for way in ways.ways if way.lane == "LEJ-DE"] == [latest(world, AFTER)]
    router = Router(merchant=merchant_of(world), on=FRIDAY, at=AFTER)
    Lane.objects.of(world.merchant.pk).filter(code="SZX-DE").update(open=False)
    assert [proposal.latest for proposal in router.propose([stranded])] == [latest(world, AFTER)]
    client = Client(headers={"host": HOST})
    shown = []
    for at in (BEFORE, AFTER):
        monkeypatch.setattr("haitu.web.shop.page.timezone.now", lambda at=at: at)
        page = client.get("/de-de/p/paper-lantern/").content.decode()
        shown.append([day for day in ("23. Nov", "24. Nov") if day in page])
    assert shown[0] != shown[1]
