"""How long lanes take is learnt from what travelled by them, and promised from then on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haitu.actions import clockwork
from haitu.actions.lead_times import learn
from haitu.core.book import Destination
from haitu.core.quote import promise
from haitu.models import Audit, Inbound, Lane, Shipment
from haitu.reads import quote as quotes
from haitu.reads.quote import load_book
from tests.actions.buying import basket_of, merchant_of, paid_order
from tests.world import NOW, TODAY, World

LEFT = NOW - timedelta(days=60)


def shipped(world: World, *, parcels: int, days: int | None, name: str = "LEJ-DE", first: int = 0) -> None:
    """So many parcels left two months ago and took so many days; None: no arrival is known."""
    row = paid_order(world, basket_of(world, LANTERN=1), cart=f"cart-{first}")
    Shipment.objects.bulk_create(
        Shipment(
            merchant=world.merchant,
            order=row,
            warehouse=world.lanes[name].origin,
            lane=world.lanes[name],
            number=f"S{first + number}",
            quoted_minor=0,
            shipped_at=LEFT,
            delivered_at=None if days is None else LEFT + timedelta(days=days),
        )
        for number in range(parcels)
    )


def lane(world: World, name: str = "LEJ-DE") -> Lane:
    return Lane.objects.of(world.merchant.pk).get(pk=world.lanes[name].pk)


def days_promised(world: World) -> tuple[int, int] | None:
    quotes._kept.clear()
    variant = world.variants["LANTERN"].pk
    book = load_book(merchant_of(world), "DE", [variant], language="de", on=TODAY)
    offered = promise(variant, book, to=Destination(country="DE"), on=TODAY)
    return ((offered.earliest - TODAY).days, (offered.latest - TODAY).days) if offered else None


def test_thirty_slow_parcels_move_the_lane_half_way_and_the_promise_with_it(world: World) -> None:
    assert days_promised(world) == (3, 4)  # 2 to 3 days, and one to pack
    shipped(world, parcels=30, days=8)
    assert learn(merchant_id=world.merchant.pk, now=NOW) == 1
    row = lane(world)
    assert (row.days_p50, row.days_p90, row.days_seen) == (5, 6, 30)  # thirty of 8 days against a belief worth thirty
    assert row.days == [5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6]
    assert days_promised(world) == (6, 7)


def test_the_trail_has_the_old_and_the_new_days(world: World) -> None:
    shipped(world, parcels=30, days=8)
    learn(merchant_id=world.merchant.pk, now=NOW)
    row = Audit.objects.of(world.merchant.pk).get()
    assert (row.user, row.action, row.subject) == (None, "lane.learn", "LEJ-DE")
    assert row.change == {
        "days_p50": [2, 5],
        "days_p90": [3, 6],
        "days": [None, [5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6]],
        "days_seen": [0, 30],
    }


def test_learning_twice_from_the_same_parcels_teaches_once(world: World) -> None:
    shipped(world, parcels=30, days=8)
    changed = [learn(merchant_id=world.merchant.pk, now=NOW + timedelta(days=day)) for day in range(3)]
    assert changed == [1, 0, 0]
    assert (lane(world).days_p50, lane(world).days_believed) == (5, [2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 4])


def test_too_few_parcels_teach_nothing(world: World) -> None:
    shipped(world, parcels=19, days=8)
    assert learn(merchant_id=world.merchant.pk, now=NOW) == 0
    assert (lane(world).days_p50, lane(world).days) == (2, None)


def test_what_has_not_arrived_counts_with_its_age(world: World) -> None:
    shipped(world, parcels=20, days=2)
    shipped(world, parcels=10, days=None, first=100)
    learn(merchant_id=world.merchant.pk, now=NOW)
    assert (lane(world).days_p50, lane(world).days_p90) == (2, 32)  # half of 60 days and a belief of 3


def test_where_hardly_an_arrival_is_told_nothing_is_learnt(world: World) -> None:
    shipped(world, parcels=5, days=2)
    shipped(world, parcels=40, days=None, first=100)
    assert learn(merchant_id=world.merchant.pk, now=NOW) == 0


def test_days_a_person_has_typed_since_are_the_new_belief(world: World) -> None:
    shipped(world, parcels=30, days=8)
    learn(merchant_id=world.merchant.pk, now=NOW)
    Lane.objects.of(world.merchant.pk).filter(pk=lane(world).pk).update(days_p50=10, days_p90=20)
    assert days_promised(world) == (11, 21)
    learn(merchant_id=world.merchant.pk, now=NOW)
    assert (lane(world).days_p50, lane(world).days_p90) == (9, 14)


def test_loads_teach_the_lane_between_warehouses(world: World) -> None:
    home, leipzig = world.warehouses["SZX"], world.warehouses["LEJ"]
    ship = Lane.objects.create(
        merchant=world.merchant,
        code="SZX-LEJ",
        carrier="Ship",
        mode="sea",
        origin=home,
        to=leipzig,
        destination="DE",
        tariff=world.lanes["SZX-DE"].tariff,
        days_p50=30,
        days_p90=40,
    )
    Inbound.objects.bulk_create(
        Inbound(
            merchant=world.merchant,
            number=f"L{number}",
            origin=home,
            to=leipzig,
            lane=ship,
            created_at=NOW,
            departed_at=NOW - timedelta(days=100),
            arrived_at=NOW - timedelta(days=50),
        )
        for number in range(30)
    )
    assert learn(merchant_id=world.merchant.pk, now=NOW) == 1
    ship.refresh_from_db()
    assert (ship.days_p50, ship.days_p90) == (40, 45)


@pytest.mark.parametrize("whose", ["Hengda", "Aoki"])
def test_the_clock_learns_for_every_merchant_from_its_own_parcels(world: World, whose: str) -> None:
    shipped(world, parcels=30, days=8)
    merchant = world.merchant if whose == "Hengda" else world.other
    told = clockwork.tick(now=NOW)["learn lead times"]
    assert told == "days of 1 lanes learnt from deliveries"
    assert Lane.objects.of(merchant.pk).filter(days_seen__gt=0).count() == (1 if whose == "Hengda" else 0)
