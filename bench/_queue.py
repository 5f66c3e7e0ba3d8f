"""A queue of paid orders that wait in Leipzig, all of whose goods lie in Shenzhen too; then the lane shuts."""

from __future__ import annotations

from datetime import timedelta

from haitu.models import Lane, Merchant, Order, OrderLine, Reservation, Stock
from tests.world import NOW, World
from tests.world import build as build_world

CHUNK = 5000


def build(orders: int) -> int:
    """The merchant's id; every third order has two lines, quantities and promised days differ."""
    world = build_world()
    plenty = 4 * orders
    Stock.objects.of(world.merchant.pk).all().update(on_hand=plenty * 2, reserved=0, buffer=0)
    reserved = {"LANTERN": 0, "MUG": 0}
    for start in range(0, orders, CHUNK):
        numbers = range(start, min(start + CHUNK, orders))
        rows = Order.objects.bulk_create([_order(world, number) for number in numbers])
        lines = OrderLine.objects.bulk_create(
            [
                _line(world, row, sku, 1 + number % 3, position)
                for number, row in zip(numbers, rows, strict=True)
                for position, sku in enumerate(("LANTERN", "MUG") if number % 3 == 0 else ("LANTERN",))
            ]
        )
        Reservation.objects.bulk_create(
            [
                Reservation(
                    merchant=world.merchant, stock=world.stocks[line.sku, "LEJ"], line=line, quantity=line.quantity
                )
                for line in lines
            ]
        )
        for line in lines:
            reserved[line.sku] += line.quantity
    for sku, units in reserved.items():
        Stock.objects.of(world.merchant.pk).filter(pk=world.stocks[sku, "LEJ"].pk).update(reserved=units)
    Lane.objects.of(world.merchant.pk).filter(pk=world.lanes["LEJ-DE"].pk).update(open=False, closed_reason="strike")
    Merchant.objects.filter(pk=world.merchant.pk).update(version=99)
    return world.merchant.pk


def _order(world: World, number: int) -> Order:
    return Order(
        merchant=world.merchant,
        token=f"t{number}",
        number=f"Q{number}",
        outlet=world.outlet,
        market=world.markets["DE"],
        status="paid",
        language="de",
        email="anna@example.test",
        address={"country_code": "DE", "postal_code": f"{10000 + number % 500}"},
        currency="EUR",
        goods_minor=2000,
        shipping_minor=490,
        duty_minor=0,
        tax_minor=398,
        total_minor=2490,
        tax_included=True,
        incoterm="DDP",
        base_currency="CNY",
        fx_e9=8_000_000_000,
        fx_on=NOW.date(),
        quote={"latest": (NOW.date() + timedelta(days=number % 10)).isoformat(), "duty_paid_by": "none"},
        placed_at=NOW,
    )


def _line(world: World, row: Order, sku: str, quantity: int, position: int) -> OrderLine:
    return OrderLine(
        merchant=world.merchant,
        order=row,
        variant=world.variants[sku],
        warehouse=world.warehouses["LEJ"],
        lane=world.lanes["LEJ-DE"],
        position=position,
        sku=sku,
        title=sku,
        quantity=quantity,
        unit_minor=2000,
        amount_minor=2000 * quantity,
        quoted=[2490, 398, 500, 75, 0, 0, 4, 390, 0, 100, 40, 200],
    )
