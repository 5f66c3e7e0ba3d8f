"""What a closure would touch, before anybody closes anything."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haitu.actions import closure, supply
from haitu.models import Closure, Inbound, Lane
from haitu.reads.touched import LaneTouched, OrderTouched, PromiseTouched, Stranded, Touched, standing, subject, touched
from tests.actions import loading
from tests.actions.buying import basket_of, paid_order
from tests.world import NOW, TODAY, World


@pytest.fixture
def by_sea(world: World) -> Lane:
    """Ships from Shenzhen to Leipzig through Suez, which stop if the canal does; nothing flies to Germany any more."""
    world.lanes["SZX-DE"].delete()
    return Lane.objects.create(
        merchant=world.merchant,
        code="SZX-LEJ",
        carrier="Ocean",
        mode="sea",
        origin=world.warehouses["SZX"],
        to=world.warehouses["LEJ"],
        destination="DE",
        passages=["suez"],
        tariff=world.lanes["LEJ-DE"].tariff,
        days_p50=30,
        days_p90=38,
    )


def asked(world: World, kind: str, which: object) -> Touched:
    given = subject(world.merchant.pk, kind, str(which))
    assert given is not None
    return touched(world.merchant.pk, given, on=TODAY)


def test_a_closed_lane_touches_the_orders_that_wait_for_it_and_what_is_promised(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    found = asked(world, "lane", world.lanes["LEJ-DE"].pk)
    lane = world.lanes["LEJ-DE"]
    assert found.lanes == (LaneTouched(id=lane.pk, code="LEJ-DE", mode="courier", open=False, added_days=0),)
    assert found.orders == (OrderTouched(id=row.pk, number=row.number, status="paid", country="DE", units=2),)
    assert (found.orders_count, found.parcels_count, found.loads_count) == (1, 0, 0)
    assert found.promises == (PromiseTouched(country="DE", before=(3, 4), after=(10, 15)),)
    assert found.stranded == ()  # Shenzhen can still send to Germany


def test_a_shut_canal_strands_what_lies_only_behind_it(world: World, by_sea: Lane) -> None:
    found = asked(world, "passage", "suez")
    assert [(lane.code, lane.open) for lane in found.lanes] == [("SZX-LEJ", False)]
    assert found.stranded == (
        Stranded(sku="CHANDELIER", country="DE", units=5, value_minor=5 * 500_00),
        Stranded(sku="MYSTERY", country="DE", units=5, value_minor=5 * 10_00),
    )
    assert (found.stranded_pairs, found.stranded_units, found.stranded_value_minor) == (2, 10, 5 * 510_00)
    assert found.promises == ()  # what lies in Leipzig is as near as before


def test_goods_that_the_last_way_refuses_were_never_on_it(world: World, by_sea: Lane) -> None:
    Lane.objects.of(world.merchant.pk).filter(pk=by_sea.pk).update(refuses=["battery"])
    chandelier = world.variants["CHANDELIER"]
    chandelier.restrictions = ["battery"]
    chandelier.save()
    assert [row.sku for row in asked(world, "passage", "suez").stranded] == ["MYSTERY"]


def test_a_closed_warehouse_touches_its_loads_and_all_that_lies_in_it(world: World, by_sea: Lane) -> None:
    load = Inbound.objects.of(world.merchant.pk).get(pk=loading.departed(world))
    found = asked(world, "warehouse", world.warehouses["LEJ"].pk)
    assert [lane.code for lane in found.lanes] == ["LEJ-DE", "SZX-LEJ"]
    assert [(row.number, row.status, row.to, row.units) for row in found.loads] == [(load.number, "departed", "LEJ", 5)]
    assert found.promises == (PromiseTouched(country="DE", before=(3, 4), after=None),)
    assert {row.country for row in found.stranded} == {"DE"}
    assert {row.sku: row.units for row in found.stranded} == {"LANTERN": 120, "MUG": 46, "CHANDELIER": 5, "MYSTERY": 5}


def test_what_is_closed_already_tells_what_that_touches(world: World) -> None:
    lane, merchant_id = world.lanes["LEJ-DE"], world.merchant.pk
    before = asked(world, "lane", lane.pk)
    made = closure.close_lane_on(
        merchant_id=merchant_id, lane_id=lane.pk, valid_from=TODAY, valid_to=None, reason="strike", by=None, now=NOW
    )
    supply.close_lane(merchant_id=merchant_id, lane_id=lane.pk, reason="and a flood", by=None, now=NOW)
    assert asked(world, "lane", lane.pk) == before
    given = subject(merchant_id, "lane", str(lane.pk))
    assert given is not None
    assert given.by_hand == "and a flood"
    assert [(row.id, row.reason) for row in standing(merchant_id, given, on=TODAY)] == [(made.closure_id, "strike")]


def test_asking_writes_nothing_and_asks_little(world: World, by_sea: Lane) -> None:
    given = subject(world.merchant.pk, "warehouse", str(world.warehouses["SZX"].pk))
    assert given is not None
    with CaptureQueriesContext(
        connection,
    ) as asked_for:
        touched(world.merchant.pk, given, on=TODAY)
    assert len(asked_for) < 30
    assert {query["sql"].split()[0] for query in asked_for} == {"SELECT"}
    assert not Closure.objects.of(world.merchant.pk).exists()


@pytest.mark.parametrize(
    ("kind", "which"), [("lane", "0"), ("warehouse", "x"), ("passage", "gulf"), ("moon", "1"), ("lane", "9" * 40)]
)
def test_what_is_not_there_is_nothing(world: World, kind: str, which: str) -> None:
    assert subject(world.merchant.pk, kind, which) is None


def test_what_is_somebody_elses_is_nothing(world: World) -> None:
    assert subject(world.other.pk, "lane", str(world.lanes["LEJ-DE"].pk)) is None
    assert subject(world.other.pk, "warehouse", str(world.warehouses["LEJ"].pk)) is None
