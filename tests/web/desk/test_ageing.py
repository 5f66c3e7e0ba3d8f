"""Stock ageing at the desk: ages by arrival, the bill by brackets, and advice that follows from sales elsewhere."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from haitu.models import MoveKind, Stock, StockMove, StorageRate, Warehouse
from haitu.reads.desk.ageing import AgeingFilter, AgeingRow, ageing
from tests.world import NOW, TODAY, World


def rows(world: World, **given: object) -> dict[tuple[str, str], AgeingRow]:
    page, _ = ageing(world.merchant.pk, AgeingFilter(**given), NOW)  # type: ignore[arg-type]
    return {(row.sku, row.warehouse): row for row in page.rows}


def came(world: World, sku: str, warehouse: str, days: int, units: int) -> None:
    """More units, so many days ago."""
    stock = world.stocks[sku, warehouse]
    Stock.objects.of(world.merchant.pk).filter(pk=stock.pk).update(on_hand=stock.on_hand + units)
    move(world, sku, warehouse, kind=MoveKind.RECEIVED, units=units, days=days)


def sold(world: World, sku: str, warehouse: str, units: int) -> None:
    """Units that left ten days ago (they had come before)."""
    move(world, sku, warehouse, kind=MoveKind.SHIPPED, units=-units, days=10)


def move(world: World, sku: str, warehouse: str, *, kind: str, units: int, days: int) -> None:
    StockMove.objects.create(
        merchant=world.merchant,
        stock=world.stocks[sku, warehouse],
        at=NOW - timedelta(days),
        kind=kind,
        quantity=units,
        reference="test",
    )


@pytest.fixture
def brackets(world: World) -> None:
    for from_days, minor in [(0, 0), (30, 100), (180, 300)]:
        StorageRate.objects.create(
            merchant=world.merchant,
            warehouse=world.warehouses["SZX"],
            from_days=from_days,
            minor_per_m3_day=minor,
            currency="CNY",
            valid_from=TODAY - timedelta(400),
        )


def test_units_stand_in_the_bracket_of_their_arrival(world: World) -> None:
    came(world, "LANTERN", "SZX", 200, 40)
    row = rows(world)["LANTERN", "SZX"]
    assert (row.ages, row.oldest_days, row.cover_days) == ((100, 0, 0, 40, 0), 200, None)


@pytest.mark.usefixtures("brackets")
def test_the_bill_follows_the_brackets_of_the_warehouse(world: World) -> None:
    came(world, "LANTERN", "SZX", 200, 40)
    # A lantern is 2.4 dm³. 40 of them, 200 days old: 0.096 m³ × 30 days × 3 CNY. The 100 of today: free for 30 days.
    assert rows(world)["LANTERN", "SZX"].bill_minor == 8_64


def test_where_no_brackets_are_kept_the_flat_tariff_holds_in_its_currency(world: World) -> None:
    # 100 lanterns, 0.24 m³, 30 days at 0.60 USD: 4.32 USD are 31.42 CNY.
    assert rows(world)["LANTERN", "SZX"].bill_minor == 31_42


def test_goods_without_a_size_have_no_bill(world: World) -> None:
    assert rows(world)["MYSTERY", "SZX"].bill_minor is None


def test_slow_goods_go_where_they_run_out_else_they_are_cleared(world: World) -> None:
    came(world, "LANTERN", "SZX", 200, 40)
    sold(world, "LANTERN", "LEJ", 60)  # 20 are left there: 30 days of cover are 20
    sold(world, "LANTERN", "EWR", 90)  # 20 are left: 20 days
    came(world, "MUG", "SZX", 300, 1)
    found = rows(world)
    lantern, mug = found["LANTERN", "SZX"], found["MUG", "SZX"]
    assert (lantern.advice, lantern.advice_to, lantern.advice_units) == ("move", "EWR", 140)
    assert (mug.advice, mug.advice_units) == ("clear", 51)
    assert found["LANTERN", "EWR"].advice == ""
    assert set(rows(world, only="slow")) == {("LANTERN", "SZX"), ("MUG", "SZX")}


def test_the_page_and_its_file_say_the_same(world: World, owner: Client) -> None:
    told = owner.get(reverse("desk:ageing"), {"warehouse": "SZX"}).content.decode()
    assert "LANTERN" in told
    file = b"".join(owner.get(reverse("desk:ageing_export"), {"warehouse": "SZX"}).streaming_content).decode()  # type: ignore[attr-defined]
    assert sorted(line.split(",")[0] for line in file.splitlines()[1:]) == ["CHANDELIER", "LANTERN", "MUG", "MYSTERY"]


def test_another_merchants_rates_do_not_count(world: World) -> None:
    place = Warehouse.objects.create(merchant=world.other, code="SZX", name="x", kind="origin", country="CN")
    StorageRate.objects.create(
        merchant=world.other, warehouse=place, minor_per_m3_day=10**6, currency="CNY", valid_from=TODAY
    )
    assert rows(world)["LANTERN", "SZX"].bill_minor == 31_42
