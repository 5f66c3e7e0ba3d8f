"""Who has to wait longer than promised hears of it once per news, in their language, and may call the order off."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from haitu.actions import fulfil, later, letters
from haitu.actions.later import NotLate, call_off, tell_of_late_parcels
from haitu.actions.overrule import overrule
from haitu.actions.reroute import reroute
from haitu.core.lead import LeadTime
from haitu.models import Lane, Letter, Order, Refund, Stock
from haitu.reads import quote as quotes
from haitu.reads.late import expected_by
from haitu.reads.shop import markets
from tests.actions.test_reroute import SOON, shut, sold
from tests.world import HOST, NOW, World


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes."""
    quotes._kept.clear()


def news(world: World) -> list[str]:
    return list(Letter.objects.of(world.merchant.pk).filter(kind="later").values_list("reference", flat=True))


def choose(world: World, order: Order, lane: str) -> None:
    overrule(
        merchant_id=world.merchant.pk,
        order_id=order.pk,
        lane_id=world.lanes[lane].pk,
        reason="the buyer asked",
        by=world.owner,
        now=SOON,
    )


def test_an_order_sent_otherwise_and_late_is_told_once_with_the_new_day(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    shut(world, "LEJ-DE")
    reroute(merchant_id=world.merchant.pk, by=None, now=SOON)
    order.refresh_from_db()
    assert order.quote["latest"] == "2026-11-24"
    assert expected_by(order.quote) == date(2026, 12, 5)
    assert news(world) == ["2026-12-05"]
    letters.send_due(now=SOON)
    (letter,) = [each for each in mail.outbox if "später" in each.subject]
    assert "24.11.2026" in letter.body
    assert "05.12.2026" in letter.body
    assert f"/order/{order.token}/" in letter.body


def test_the_same_news_is_not_told_twice_and_a_later_day_is(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    choose(world, order, "SZX-DE")
    choose(world, order, "SZX-DE")
    assert news(world) == ["2026-12-05"]
    choose(world, order, "LEJ-DE")
    assert news(world) == ["2026-12-05"]
    order.refresh_from_db()
    assert expected_by(order.quote) == date(2026, 11, 24)
    Lane.objects.of(world.merchant.pk).filter(code="SZX-DE").update(days_p90=16)
    quotes._kept.clear()
    choose(world, order, "SZX-DE")
    assert news(world) == ["2026-12-05", "2026-12-07"]


def test_in_time_nobody_is_told(world: World) -> None:
    sold(world, "one", LANTERN=2)
    Lane.objects.of(world.merchant.pk).filter(code="SZX-DE").update(days_p50=1, days_p90=2)
    shut(world, "LEJ-DE")
    assert reroute(merchant_id=world.merchant.pk, by=None, now=SOON).orders == 1
    assert news(world) == []


def test_a_parcel_slower_than_promised_is_told_when_its_day_is_over_and_not_every_day(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    fulfil.ship(merchant_id=world.merchant.pk, order_id=order.pk, by=None, now=NOW + timedelta(days=1))
    assert [tell_of_late_parcels(now=NOW + timedelta(days=days)) for days in (4, 5, 5, 6)] == [0, 1, 0, 0]
    assert news(world) == ["2026-11-26"]
    assert tell_of_late_parcels(now=NOW + timedelta(days=8)) == 1
    shipment = order.shipments.get()
    fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=shipment.pk, by=None, now=NOW + timedelta(days=9))
    assert tell_of_late_parcels(now=NOW + timedelta(days=40)) == 0


def test_what_is_slow_already_is_expected_later_still() -> None:
    lead = LeadTime.from_p50_p90(2, 3)
    assert [lead.at_last(elapsed) for elapsed in (0, 1, 2, 3, 9)] == [3, 3, 4, 4, 10]


def test_the_buyer_of_a_late_order_calls_it_off_at_its_page_and_gets_the_money_back(
    world: World, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    markets.forget()
    order = sold(world, "one", LANTERN=2)
    with pytest.raises(NotLate):
        call_off(merchant_id=world.merchant.pk, order_id=order.pk, now=SOON)
    shut(world, "LEJ-DE")
    reroute(merchant_id=world.merchant.pk, by=None, now=SOON)
    client, page = Client(headers={"host": HOST}), f"/de-de/order/{order.token}/"
    assert f"{page}cancel/" in client.get(page).content.decode()
    assert client.post(f"{page}cancel/").headers["Location"] == page
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert Refund.objects.of(world.merchant.pk).get().amount_minor == order.paid_minor
    assert sum(Stock.objects.of(world.merchant.pk).values_list("reserved", flat=True)) == 0
    assert client.post(f"{page}cancel/").headers["Location"] == f"{page}?said=not_late"


def test_once_it_has_left_the_letter_offers_an_answer_instead(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    choose(world, order, "SZX-DE")
    fulfil.ship(merchant_id=world.merchant.pk, order_id=order.pk, by=None, now=SOON)
    with pytest.raises(NotLate):
        later.call_off(merchant_id=world.merchant.pk, order_id=order.pk, now=SOON)
