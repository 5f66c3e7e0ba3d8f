"""The network on the map: an operator's 87 sites laid as rows, what is shut and what is late."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from haitu.actions import closure
from haitu.actions.demo.network import NetworkThere, lay_network
from haitu.core.freight import Piece, ship_price
from haitu.models import Lane, Market, Merchant, Place, Shipment, StorageRate, Warehouse
from haitu.plan.network.operator import operator_network
from haitu.reads import quote as quotes
from haitu.reads.merchant import by_id
from haitu.reads.network import LineView, NetworkView, network
from haitu.reads.quote import load_book
from tests.actions.buying import basket_of, paid_order
from tests.world import NOW, TODAY, World


@pytest.fixture
def operator(world: World) -> int:
    """The operator's merchant, beside Hengda on the same installation."""
    return lay_network(now=NOW).merchant_id


def line(view: NetworkView, code: str) -> LineView:
    [found] = [lane for lane in view.lanes if lane.code == code]
    return found


def test_the_rows_are_the_networks_values(operator: int) -> None:
    made = operator_network(on=TODAY)
    assert Warehouse.objects.of(operator).count() == 87
    assert Market.objects.of(operator).count() == 40
    assert StorageRate.objects.of(operator).count() == 3 * 87
    rows = {row.code: row for row in Lane.objects.of(operator).select_related("to")}
    assert len(rows) == len(made.lanes)
    codes = {site.id: site.code for site in made.sites.values()}
    ends = {lane.code: codes.get(lane.to_warehouse_id or 0) for lane in made.lanes}
    assert {code: row.to.code if row.to else None for code, row in rows.items()} == ends


def test_terms_read_from_the_rows_price_as_the_values_do(world: World, operator: int) -> None:
    merchant = by_id(operator)
    assert merchant is not None
    quotes._kept.clear()
    terms = load_book(merchant, "DE", [], language="en", on=TODAY).terms
    made = operator_network(on=TODAY)
    mug = [Piece(sku="MUG", weight_g=400, length_mm=120, width_mm=100, height_mm=100)]
    by_rows = {lane.code: ship_price(lane, mug, on=TODAY).price_minor for lane in terms.lanes}
    german = [lane for lane in made.last_mile if lane.destination == "DE"]
    assert by_rows == {lane.code: ship_price(lane, mug, on=TODAY).price_minor for lane in german}
    assert {lane.code: lane.lead for lane in terms.lanes} == {lane.code: lane.lead for lane in german}


def test_the_command_tells_what_it_laid_and_lays_it_once(world: World) -> None:
    told = StringIO()
    call_command("demo_network", stdout=told)
    assert told.getvalue().startswith("Demo operator: 87 warehouses and hubs, 1,088 lanes by")
    with pytest.raises(CommandError, match="Demo operator has this network already"):
        call_command("demo_network", stdout=told)


def test_it_can_be_laid_for_a_merchant_who_is_there(world: World) -> None:
    assert lay_network(now=NOW, slug="hengda").markets == 35  # five of the forty were there
    assert Merchant.objects.count() == 2
    with pytest.raises(NetworkThere):
        lay_network(now=NOW, slug="hengda")
    assert Place.objects.get(code="CNYTN").country == "CN"


def test_every_line_between_warehouses_is_drawn_from_end_to_end(operator: int) -> None:
    view = network(operator, now=NOW)
    assert (len(view.sites), len(view.lanes)) == (87, 154)
    assert [lane.code for lane in view.lanes if len(lane.points) < 2 or not lane.distance_km or not lane.open] == []
    assert [lane.code for lane in view.lanes if lane.minor_per_kg is None or lane.doubt is not None] == []
    assert {name.code: name.lanes > 0 for name in view.passages}.keys() >= {"suez", "panama", "malacca", "gibraltar"}
    assert len(network(operator, now=NOW, last_mile=True).lanes) == 1_088


def test_a_shut_canal_sends_ships_round_on_the_map(world: World, operator: int) -> None:
    before = line(network(operator, now=NOW), "SZX1-RTM1-FCL")
    shut = closure.close_passage(
        merchant_id=operator, passage="suez", valid_from=TODAY, valid_to=None, reason="attacks", by=None, now=NOW
    )
    view = network(operator, now=NOW)
    after = line(view, "SZX1-RTM1-FCL")
    assert (after.open, after.added_days, after.days_p50) == (True, 10, before.days_p50 + 10)
    assert abs(after.added_nm - 3_335) <= 33
    assert min(lat for lat, _ in after.points) < -30 < min(lat for lat, _ in before.points)  # round the Cape
    [suez] = [passage for passage in view.passages if passage.code == "suez"]
    assert (suez.open, suez.reason) == (False, "Suez Canal: attacks")
    sea = {effect.lane[:9] for effect in shut.effects}
    assert {"SZX1-RTM1", "SZX1-GOA1", "NGB1-HAM1"} <= sea
    assert not {"SZX1-LAX1", "SZX1-DXB1"} & sea


def test_a_shut_hub_shuts_its_lanes_and_says_why(operator: int) -> None:
    rotterdam = Warehouse.objects.of(operator).get(code="RTM1")
    closure.close_warehouse(
        merchant_id=operator,
        warehouse_id=rotterdam.pk,
        valid_from=TODAY,
        valid_to=TODAY + timedelta(2),
        reason="flood",
        by=None,
        now=NOW,
    )
    view = network(operator, now=NOW)
    assert [(site.code, site.reason) for site in view.sites if not site.open] == [("RTM1", "RTM1: flood")]
    shut = {lane.code: lane.reason for lane in view.lanes if not lane.open}
    assert shut.keys() == {lane.code for lane in view.lanes if rotterdam.pk in (lane.origin_id, lane.to_id)}
    assert set(shut.values()) == {"RTM1: flood"}
    later = network(operator, now=NOW + timedelta(3))
    assert [lane.code for lane in later.lanes if not lane.open] == []


def test_how_late_a_lane_is_is_told_from_its_arrivals(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    lane = world.lanes["LEJ-DE"]
    for number, days in enumerate((2, 3, 3, 4)):
        Shipment.objects.create(
            merchant=world.merchant,
            order=row,
            warehouse=lane.origin,
            lane=lane,
            number=f"S{number}",
            quoted_minor=0,
            shipped_at=NOW - timedelta(days=30),
            delivered_at=NOW - timedelta(days=30 - days),
        )
    view = network(world.merchant.pk, now=NOW, last_mile=True)
    assert (line(view, "LEJ-DE").arrivals, line(view, "LEJ-DE").late_bp) == (4, 2_500)
    assert (line(view, "EWR-US").arrivals, line(view, "EWR-US").late_bp) == (0, None)


def test_warehouses_nobody_has_placed_are_there_without_coordinates(world: World) -> None:
    view = network(world.merchant.pk, now=NOW, last_mile=True)
    assert [(site.code, site.lat, site.units) for site in view.sites] == [
        ("EWR", None, 20),
        ("LEJ", None, 21),
        ("SZX", None, 160),
    ]
    assert {lane.points for lane in view.lanes} == {()}


def test_nobody_sees_another_merchants_network(world: World, operator: int) -> None:
    assert network(world.other.pk, now=NOW, last_mile=True).lanes == ()
    assert {site.code for site in network(world.merchant.pk, now=NOW).sites} == {"SZX", "LEJ", "EWR"}
