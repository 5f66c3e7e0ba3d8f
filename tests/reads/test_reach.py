"""From rows to the planner's tables: every amount in base currency, every person one, nothing told twice."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
from django.core.management import call_command

from haitu.actions.cancel import cancel
from haitu.actions.returns import take_back
from haitu.core.ledger import Account, Book
from haitu.models import Experiment, OrderLine, ReachRun, VisitCount
from haitu.models.ledger import Entry
from haitu.plan.__main__ import main
from haitu.reads.reach.facts import gather
from haitu.reads.reach.reckoned import reckon
from tests.actions.buying import basket_of, paid_order
from tests.actions.shipping import LATER, parcel
from tests.reads.reach_world import belongs, busy, campaign, channel, rates, spent, touched, visitor
from tests.world import NOW, TODAY, World

MONDAY = date(2026, 11, 16)
EURO = 8.0  # yuan for a euro, by the world's rates


def rows(frame: pl.DataFrame) -> list[tuple[object, ...]]:
    return frame.rows()


def test_spend_of_a_week_is_summed_in_base_currency_each_account_by_its_rate(world: World) -> None:
    rates()
    google = channel(world, "google", "search")
    lanterns = campaign(world, google, "Lanterns")
    spent(world, lanterns, "DE", MONDAY, 1_000)
    spent(world, lanterns, "DE", MONDAY + timedelta(days=2), 500, kind="agency")
    spent(world, lanterns, "US", MONDAY, 1_100, currency="USD")
    spent(world, lanterns, "JP", MONDAY, 1_600, currency="JPY")
    spent(world, lanterns, "DE", TODAY + timedelta(days=1), 9_900)
    found = gather(world.merchant.pk, as_of=TODAY)
    assert (found.currency, found.unpriced) == ("CNY", 0)
    assert [(*row[:4], round(row[4], 6)) for row in found.spend.rows()] == [
        ("google", "DE", "Lanterns", MONDAY, 15 * EURO),
        ("google", "JP", "Lanterns", MONDAY, 10 * EURO),
        ("google", "US", "Lanterns", MONDAY, 10 * EURO),
    ]


def test_spend_without_a_rate_is_left_out_and_counted(world: World) -> None:
    lanterns = campaign(world, channel(world, "google", "search"), "Lanterns")
    spent(world, lanterns, "DE", MONDAY, 1_000, currency="BRL")
    found = gather(world.merchant.pk, as_of=TODAY)
    assert (rows(found.spend), found.unpriced) == ([], 1)


def test_spend_that_names_no_market_goes_where_the_campaigns_visits_went(world: World) -> None:
    rates()
    lanterns = campaign(world, channel(world, "google", "search"), "Lanterns")
    spent(world, lanterns, None, MONDAY, 4_000)
    for market, visits in (("DE", 30), ("US", 10)):
        VisitCount.objects.create(
            merchant=world.merchant, day=TODAY, market=world.markets[market], channel=lanterns.channel,
            campaign=lanterns, allowed=market == "DE", visits=visits,
        )  # fmt: skip
    found = gather(world.merchant.pk, as_of=TODAY)
    assert [(row[1], row[4]) for row in found.spend.rows()] == [("DE", 30 * EURO), ("US", 10 * EURO)]
    assert found.unplaced == 1.0
    assert rows(found.consent) == [("DE", 1.0)]


def test_a_browser_counts_as_its_customer_and_an_account_number_as_its_campaign(world: World) -> None:
    google = channel(world, "google", "search")
    lanterns, number = campaign(world, google, "Lanterns", "4711"), campaign(world, google, "4711")
    rates()
    spent(world, lanterns, "DE", MONDAY, 1_000)
    anna, stranger = visitor(world, "anna"), visitor(world, "stranger")
    touched(world, anna, google, "DE", NOW - timedelta(days=3), by=number)
    touched(world, stranger, google, "DE", NOW - timedelta(days=2))
    order = paid_order(world, basket_of(world, LANTERN=1))
    belongs(order, anna)
    found = gather(world.merchant.pk, as_of=TODAY)
    assert [(row[0], row[3]) for row in found.touch.rows()] == [
        (f"c{order.customer_id}", "Lanterns"),
        (f"v{stranger.pk}", "Lanterns"),
    ]
    assert (found.orders, found.sourced_orders) == (1, 1)
    assert found.order["person"].to_list() == [f"c{order.customer_id}"]


def test_an_order_that_has_not_left_brings_what_it_was_quoted_to_bring_before_traffic(world: World) -> None:
    order = paid_order(world, basket_of(world, LANTERN=1))
    quoted = Entry.objects.of(world.merchant.pk).filter(
        order_id=order.pk, book=Book.QUOTED, account__lt=Account.TRAFFIC
    )
    expected = -sum(quoted.values_list("base_minor", flat=True)) / 100
    assert [row[2] for row in gather(world.merchant.pk, as_of=TODAY).order.rows()] == [expected]
    cancel(merchant_id=world.merchant.pk, order_id=order.pk, reason="", by=None, now=NOW)
    found = gather(world.merchant.pk, as_of=TODAY)
    assert (found.orders, rows(found.order)) == (0, [])


def test_what_came_back_of_an_order_counts_against_the_traffic_that_brought_it_and_no_other(world: World) -> None:
    google = channel(world, "google", "search")
    shipment = parcel(world, units=1)
    anna = visitor(world, "anna")
    belongs(shipment.order, anna)
    line = OrderLine.objects.of(world.merchant.pk).get(order=shipment.order)
    take_back(
        merchant_id=world.merchant.pk,
        order_id=shipment.order_id,
        line_id=line.pk,
        quantity=1,
        restock=False,
        freight_minor=300,
        by=None,
        now=LATER + timedelta(days=9),
    )
    touch = touched(world, anna, google, "DE", shipment.order.placed_at + timedelta(hours=1))
    after = LATER.date() + timedelta(days=10)
    assert len(gather(world.merchant.pk, as_of=after).order) == 1
    touch.at = shipment.order.placed_at - timedelta(hours=1)
    touch.save()
    sold, came_back = (row[2] for row in gather(world.merchant.pk, as_of=after).order.rows())
    assert sold > 0 > came_back


def test_the_folder_gives_the_planners_command_the_answer_of_the_desk(world: World, tmp_path: Path) -> None:
    busy(world)
    order = paid_order(world, basket_of(world, LANTERN=1))
    belongs(order, visitor(world, "anna"))
    Experiment.objects.create(
        merchant=world.merchant, name="Off in Japan", channel=channel(world, "google", "search"),
        first_day=TODAY - timedelta(days=40), last_day=TODAY - timedelta(days=12), lift=0.7, se=0.1, created_at=NOW,
    )  # fmt: skip
    steps: list[str] = []
    desk = reckon(world.merchant.pk, as_of=TODAY, report=steps.append)
    facts, out = tmp_path / "facts", tmp_path / "out"
    call_command("reach_facts", "hengda", "--as-of", TODAY.isoformat(), "--out", str(facts), verbosity=0)
    assert main(["payback", "--facts", str(facts), "--as-of", TODAY.isoformat(), "--out", str(out)]) == 0
    told = pl.read_parquet(out / "payback.parquet").with_columns(pl.selectors.float().round(4)).to_dicts()
    assert desk.payback == told
    assert steps == ["facts", "model"]
    assert desk.facts["rows"] == {"spend": 20, "touch": 60, "order": 1, "experiment": 1}
    assert ReachRun.objects.of(world.merchant.pk).count() == 0
