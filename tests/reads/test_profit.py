"""The profit page's figures: exact, whoever asks and whenever, and every one of them down to its entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haitu.actions.record import roll_up
from haitu.core.events import Cancelled, Dims, FeeCharged, Placed, Posting, Shipped, SpendBooked, WrittenOff
from haitu.core.landed import STEPS, Waterfall
from haitu.core.ledger import Book, week_of
from haitu.models import Order, OrderLine
from haitu.reads.profit import By, PostedPage, ProfitRow, Slice, drill, waterfall
from tests.sale import LEAVING, QUOTED, dims, life_of, new_order, post, postings
from tests.world import NOW, World

YUAN = 8  # for one euro
FIRST_WEEK = week_of(date(2026, 11, 20))
EARNED = LEAVING + Waterfall(payment_fee=375, last_mile=190)  # as shipped, and what the carrier billed on top

pytestmark = pytest.mark.django_db


def in_yuan(euros: Waterfall) -> Waterfall:
    return Waterfall.from_list([YUAN * step for step in euros.as_list()])


def only(rows: tuple[ProfitRow, ...]) -> ProfitRow:
    (row,) = rows
    return row


@pytest.fixture
def trade(world: World) -> list[Order]:
    """Three orders that left (two lanterns for Germany, a mug for Japan), one imported, one paid, one called off."""
    orders = [
        new_order(world, "1"),
        new_order(world, "2", channel="email"),
        new_order(world, "3", market="JP", sku="MUG"),
        new_order(world, "4", history=True),
        new_order(world, "5"),
        new_order(world, "6"),
    ]
    for order in orders[:3]:
        post(world.merchant, *life_of(order))
    placed, paid, shipped, _ = life_of(orders[3])
    assert isinstance(placed, Placed)
    post(world.merchant, replace(placed, postings=()), paid, shipped)
    post(world.merchant, *life_of(orders[4])[:2])
    placed = life_of(orders[5])[0]
    called_off = Cancelled(
        key="called off", at=NOW, dims=dims(orders[5]), postings=postings(orders[5], QUOTED, assumed=True)
    )
    post(world.merchant, placed, called_off)
    return orders


def everything(world: World) -> list[tuple[ProfitRow, ...]]:
    """Every grouping, of all and of some slices."""
    slices = [
        Slice(),
        Slice(market_id=world.markets["DE"].pk),
        Slice(variant_id=world.variants["MUG"].pk),
        Slice(channel="google", first_week=FIRST_WEEK + 1),
        Slice(lane_id=world.lanes["LEJ-DE"].pk, last_week=FIRST_WEEK),
        Slice(outlet_id=world.outlet.pk, channel=""),
    ]
    return [waterfall(world.merchant.pk, by, of=of) for of in slices for by in (None, *By)]


def test_an_order_shows_what_it_earned_beside_what_was_quoted(world: World, trade: list[Order]) -> None:
    row = only(waterfall(world.merchant.pk, By.ORDER, of=Slice(order_id=trade[0].pk)))
    assert (row.key, row.label) == (trade[0].pk, "1")
    assert row.actual.waterfall == in_yuan(EARNED)
    assert row.quoted.waterfall == in_yuan(QUOTED)
    assert (row.open, row.history) == (Waterfall(), Waterfall())
    assert row.contribution_minor == YUAN * (QUOTED.contribution - 190)


def test_the_whole_is_the_sum_of_its_orders(world: World, trade: list[Order]) -> None:
    whole = only(waterfall(world.merchant.pk))
    assert whole.actual.waterfall == in_yuan(EARNED + EARNED + EARNED + LEAVING + Waterfall(payment_fee=750))
    assert whole.history == in_yuan(LEAVING + Waterfall(payment_fee=375))
    assert whole.quoted.waterfall == in_yuan(QUOTED + QUOTED + QUOTED + QUOTED)
    assert whole.open == in_yuan(QUOTED)
    for by in By:
        rows = waterfall(world.merchant.pk, by)
        assert sum((row.actual.waterfall for row in rows), Waterfall()) == whole.actual.waterfall
        assert sum((row.quoted.waterfall for row in rows), Waterfall()) == whole.quoted.waterfall
        assert sum((row.open for row in rows), Waterfall()) == whole.open
        assert sum(row.entries for row in rows) == whole.entries


def test_like_is_compared_with_like(world: World, trade: list[Order]) -> None:
    whole = only(waterfall(world.merchant.pk))
    fee_of_the_open_order = Waterfall(payment_fee=375)
    assert whole.comparable_quoted == in_yuan(QUOTED + QUOTED + QUOTED)
    assert whole.comparable_actual == in_yuan(EARNED + EARNED + EARNED + fee_of_the_open_order)


def test_rows_come_by_contribution_under_their_names(world: World, trade: list[Order]) -> None:
    def labels(by: By, *, top: int | None = None) -> list[str]:
        return [row.label for row in waterfall(world.merchant.pk, by, top=top)]

    assert labels(By.MARKET) == ["DE", "JP"]
    assert labels(By.SKU) == ["LANTERN", "MUG"]
    assert labels(By.SKU, top=1) == ["LANTERN"]
    assert labels(By.CHANNEL) == ["google", "email"]
    assert labels(By.OUTLET) == ["Own shop"]
    assert labels(By.LANE) == ["LEJ-DE"]
    assert labels(By.WEEK) == ["2026-11-16", "2026-11-23", "2026-12-07"]
    assert labels(By.ORDER)[0] == "4"
    assert labels(By.ORDER)[-1] == "5"


def test_a_week_earns_what_left_in_it(world: World, trade: list[Order]) -> None:
    placed, left, billed = waterfall(world.merchant.pk, By.WEEK)
    assert placed.actual.waterfall == in_yuan(Waterfall(payment_fee=5 * 375))
    assert placed.quoted.waterfall == in_yuan(QUOTED + QUOTED + QUOTED + QUOTED)
    assert left.actual.waterfall == in_yuan(LEAVING + LEAVING + LEAVING + LEAVING)
    assert billed.actual.waterfall == in_yuan(Waterfall(last_mile=3 * 190))


def test_the_share_that_is_assumed_is_told_for_each_step(world: World, trade: list[Order]) -> None:
    actual = only(waterfall(world.merchant.pk, of=Slice(order_id=trade[0].pk))).actual
    assert {step: actual.assumed_bp(step) for step in STEPS} == {
        **dict.fromkeys(STEPS, 0),
        "goods": 10_000,
        "inbound": 10_000,
        "last_mile": 8_681,  # 12.50 were assumed, the carrier's 1.90 more are a bill
        "traffic": 10_000,
    }


def test_the_figures_are_the_same_before_during_and_after_a_roll_up(world: World, trade: list[Order]) -> None:
    live = everything(world)
    roll_up()
    assert everything(world) == live
    post(world.merchant, *life_of(new_order(world, "7")))
    half_rolled_up = everything(world)
    assert half_rolled_up != live
    roll_up()
    assert everything(world) == half_rolled_up


def test_an_order_that_left_in_part_is_open_by_the_units_still_here(world: World, trade: list[Order]) -> None:
    paid = trade[4]
    shipped = life_of(paid)[2]
    assert isinstance(shipped, Shipped)
    half = LEAVING.part(0, 1, 2)
    post(world.merchant, replace(shipped, postings=postings(paid, half), completes=False))
    OrderLine.objects.of(world.merchant.pk).filter(order=paid).update(shipped=1)
    row = only(waterfall(world.merchant.pk, of=Slice(order_id=paid.pk)))
    assert row.actual.waterfall == in_yuan(half + Waterfall(payment_fee=375))
    assert row.open == in_yuan(QUOTED).part(1, 2, 2)


def test_costs_of_no_order_are_shown_where_they_belong(world: World, trade: list[Order]) -> None:
    of_japan = Dims(currency="CNY", base_currency="CNY", market_id=world.markets["JP"].pk, channel="google")
    of_the_shop = Dims(currency="CNY", base_currency="CNY", outlet_id=world.outlet.pk)
    nowhere = Dims(currency="CNY", base_currency="CNY")
    mug = Posting(variant_id=world.variants["MUG"].pk, waterfall=Waterfall(goods=1_500))
    post(
        world.merchant,
        SpendBooked(key="ads", at=NOW, dims=of_japan, postings=(Posting(waterfall=Waterfall(traffic=5_000)),)),
        FeeCharged(key="rent", at=NOW, dims=of_the_shop, postings=(Posting(waterfall=Waterfall(outlet_fee=700)),)),
        WrittenOff(key="broken", at=NOW, dims=nowhere, postings=(mug,)),
    )
    roll_up()
    by_market = {row.label: row for row in waterfall(world.merchant.pk, By.MARKET)}
    assert by_market["JP"].actual.waterfall == in_yuan(EARNED) + Waterfall(traffic=5_000)
    assert by_market[""].actual.waterfall == Waterfall(outlet_fee=700)
    assert (by_market[""].shrinkage_minor, by_market[""].contribution_minor) == (1_500, -2_200)
    without_market = only(waterfall(world.merchant.pk, of=Slice(market_id=0)))
    assert (without_market.actual, without_market.shrinkage_minor) == (by_market[""].actual, 1_500)
    by_sku = {row.label: row.shrinkage_minor for row in waterfall(world.merchant.pk, By.SKU)}
    assert by_sku == {"LANTERN": 0, "MUG": 1_500, "": 0}


def test_another_merchant_sees_nothing(world: World, trade: list[Order]) -> None:
    roll_up()
    post(world.merchant, *life_of(new_order(world, "7")))
    nothing = only(waterfall(world.other.pk))
    assert (nothing.actual.waterfall, nothing.quoted.waterfall, nothing.entries) == (Waterfall(), Waterfall(), 0)
    assert [waterfall(world.other.pk, by) for by in By] == [()] * len(By)
    assert drill(world.other.pk) == PostedPage(entries=(), next_before=None)
    assert waterfall(world.other.pk, By.ORDER, of=Slice(order_id=trade[0].pk)) == ()


@pytest.mark.parametrize("by", [None, *By])
def test_a_page_takes_two_statements_and_one_for_its_names(world: World, trade: list[Order], by: By | None) -> None:
    with CaptureQueriesContext(connection) as queries:
        waterfall(world.merchant.pk, by)
    assert len(queries) == (2 if by in {None, By.WEEK, By.CHANNEL} else 3)


# Down to the entries -------------------------------------------------------------------------------------------------


def drilled(world: World, of: Slice, step: str | None, book: Book, **only: bool) -> int:
    """The sum of all pages, three entries a page."""
    total, before = 0, None
    while True:
        page = drill(world.merchant.pk, step=step, book=book, of=of, before=before, limit=3, **only)
        total += sum(entry.base_minor for entry in page.entries)
        before = page.next_before
        if before is None:
            return total


@pytest.mark.parametrize("name", ["all", "market", "sku", "week", "channel", "order", "no market"])
def test_every_figure_is_the_sum_of_the_entries_behind_it(world: World, trade: list[Order], name: str) -> None:
    post(
        world.merchant,
        SpendBooked(
            key="ads",
            at=NOW,
            dims=Dims(currency="CNY", base_currency="CNY"),
            postings=(Posting(waterfall=Waterfall(traffic=5_000)),),
        ),
    )
    roll_up()
    of = {
        "all": Slice(),
        "market": Slice(market_id=world.markets["DE"].pk),
        "sku": Slice(variant_id=world.variants["MUG"].pk),
        "week": Slice(first_week=FIRST_WEEK + 1, last_week=FIRST_WEEK + 1),
        "channel": Slice(channel="email"),
        "order": Slice(order_id=trade[1].pk),
        "no market": Slice(market_id=0),
    }[name]
    row = only(waterfall(world.merchant.pk, of=of))
    for step in STEPS:
        assert drilled(world, of, step, Book.ACTUAL) == getattr(row.actual.waterfall, step)
        assert drilled(world, of, step, Book.QUOTED) == getattr(row.quoted.waterfall, step)
        assert drilled(world, of, step, Book.ACTUAL, assumed=True) == getattr(row.actual.assumed, step)
        assert drilled(world, of, step, Book.ACTUAL, history=True) == getattr(row.history, step)
        assert drilled(world, of, step, Book.QUOTED, still_open=True) == getattr(row.open, step)
    assert drilled(world, of, None, Book.ACTUAL) == row.contribution_minor


def test_a_skus_entries_are_the_same_however_they_are_found(
    world: World, trade: list[Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pages(of: Slice) -> list[tuple[int, ...]]:
        found, before = [], None
        while True:
            page = drill(world.merchant.pk, of=of, before=before, limit=5)
            found.append(tuple(entry.entry_id for entry in page.entries))
            before = page.next_before
            if before is None:
                return found

    lanterns = world.variants["LANTERN"].pk
    slices = [
        Slice(variant_id=lanterns),
        Slice(variant_id=lanterns, channel="email"),
        Slice(variant_id=lanterns, first_week=FIRST_WEEK, last_week=FIRST_WEEK),
    ]
    not_rolled_up = [pages(of) for of in slices]
    assert [sum(map(len, found)) for found in not_rolled_up] == [24, 8, 4]
    monkeypatch.setattr("haitu.reads.profit.postings.EVENTS_AT_ONCE", 1)
    assert [pages(of) for of in slices] == not_rolled_up
    roll_up()
    assert [pages(of) for of in slices] == not_rolled_up
    post(world.merchant, *life_of(new_order(world, "7")))
    half_rolled_up = [pages(of) for of in slices]
    roll_up()
    assert [pages(of) for of in slices] == half_rolled_up != not_rolled_up


def test_an_entry_says_where_it_comes_from(world: World, trade: list[Order]) -> None:
    (entry,) = drill(world.merchant.pk, step="price", of=Slice(order_id=trade[2].pk)).entries
    assert (entry.event_key, entry.kind, entry.at, entry.step) == (
        *(f"shipped:{trade[2].pk}", "shipped", NOW + timedelta(days=9), "price"),
    )
    assert (entry.order_number, entry.sku, entry.lane, entry.assumed) == ("3", "MUG", "LEJ-DE", False)
    assert (entry.currency, entry.amount_minor, entry.base_minor) == ("EUR", 11_900, 95_200)


def test_in_the_contribution_costs_count_negative(world: World, trade: list[Order]) -> None:
    entries = drill(world.merchant.pk, of=Slice(order_id=trade[0].pk)).entries
    assert [(entry.step, entry.amount_minor) for entry in entries][:3] == [
        ("last_mile", -190),
        ("traffic", -900),
        ("last_mile", -1_250),
    ]


def test_a_late_evening_in_shanghai_is_found_in_its_week(world: World) -> None:
    """Monday 0:30 in Shanghai is Sunday 16:30 in UTC; it belongs to the week that begins on that Monday."""
    monday = NOW.replace(day=22, hour=16, minute=30).astimezone(ZoneInfo("Asia/Shanghai"))
    order = new_order(world, "1")
    post(world.merchant, replace(life_of(order)[0], at=monday))
    week = week_of(date(2026, 11, 23))
    page = drill(world.merchant.pk, step="price", book=Book.QUOTED, of=Slice(first_week=week, last_week=week))
    assert [entry.base_minor for entry in page.entries] == [95_200]
