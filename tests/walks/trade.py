"""A process that trades until it is killed, and one that counts up what is left: `python -m tests.walks.trade …`.

build: an empty database becomes the small world, with plenty of lanterns. buy NAME: places, pays and ships orders for
ever, telling each on a line once it is safe. sell NAME SKU: until it is sold out, then tells the orders. check: lets
the clockwork run, then tells what there is, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from itertools import count

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "haitu.settings"
django.setup()

# After the set-up, without which no model can be imported.
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from haitu.actions import stock  # noqa: E402
from haitu.actions.clockwork import tick  # noqa: E402
from haitu.actions.fulfil import ship  # noqa: E402
from haitu.actions.record import audit_ledger, audit_orders  # noqa: E402
from haitu.core.stock import OutOfStock  # noqa: E402
from haitu.models import (  # noqa: E402
    Event,
    Market,
    Merchant,
    Order,
    OrderLine,
    Outlet,
    Payment,
    PaymentAccount,
    Stock,
    User,
    Variant,
    Warehouse,
)
from haitu.reads.conservation import stock_problems  # noqa: E402
from tests.actions.buying import basket_of, hear, notice_of, order, order_row, payment_of, see  # noqa: E402
from tests.world import NOW, World, build  # noqa: E402

PLENTY = 100_000


def _build() -> None:
    call_command("migrate", verbosity=0)
    world = build()
    stock.receive(
        merchant_id=world.merchant.pk,
        variant_id=world.variants["LANTERN"].pk,
        warehouse_id=world.warehouses["LEJ"].pk,
        quantity=PLENTY,
        goods_value_minor=PLENTY * 40_00,
        inbound_value_minor=PLENTY * 6_00,
        reference="container 1",
        by=None,
        now=NOW,
    )


def _world() -> World:
    """Handles to what `_build` left in the database; only what buying needs."""
    merchant = Merchant.objects.get(slug="hengda")
    world = World(
        merchant=merchant,
        other=Merchant.objects.get(slug="aoki"),
        owner=User.objects.get(username="lin"),
        packer=User.objects.get(username="wei"),
        reader=User.objects.get(username="mei"),
        stranger=User.objects.get(username="kenji"),
        outlet=Outlet.objects.of(merchant.pk).get(),
        account=PaymentAccount.objects.of(merchant.pk).get(),
    )
    world.variants.update({row.sku: row for row in Variant.objects.of(merchant.pk).all()})
    world.warehouses.update({row.code: row for row in Warehouse.objects.of(merchant.pk).all()})
    world.markets.update({row.country: row for row in Market.objects.of(merchant.pk).all()})
    return world


def _buy(name: str) -> None:
    world = _world()
    basket = basket_of(world, LANTERN=1)
    seen = see(world, basket)
    for nth in count():
        cart = f"{name}-{nth}"
        placed = order(world, basket, seen=seen, cart=cart)
        _tell(cart, placed.token, "pending")
        if nth % 3:
            hear(world, notice_of(payment_of(world, placed)))
            _tell(cart, placed.token, "paid")
        if nth % 3 == 2:
            ship(merchant_id=world.merchant.pk, order_id=order_row(world, placed).pk, by=None, now=NOW)
            _tell(cart, placed.token, "shipped")


def _sell(name: str, sku: str) -> None:
    world = _world()
    basket, sold = basket_of(world, **{sku: 1}), list[str]()
    for nth in count():
        try:
            sold.append(order(world, basket, cart=f"{name}-{nth}").token)
        except OutOfStock:
            break
    sys.stdout.write(json.dumps(sold))


def _tell(*told: str) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _check() -> None:
    merchant_id = Merchant.objects.get(slug="hengda").pk
    before = [problem.told for problem in stock_problems()]
    told = tick(now=NOW + timedelta(hours=1), everything=True)
    orders = Order.objects.of(merchant_id)
    shelf = Stock.objects.of(merchant_id).get(variant__sku="LANTERN", warehouse__code="LEJ")
    found = {
        "vendor": connection.vendor,
        "failed jobs": [name for name, what in told.items() if what.startswith("failed")],
        "stock problems": before + [problem.told for problem in stock_problems()],
        "ledger problems": [p.told for p in (*audit_ledger().problems, *audit_orders(merchant_id))],
        "orders": {row.cart_key: [row.token, row.status] for row in orders.all()},
        "count": orders.count(),
        "lines": OrderLine.objects.of(merchant_id).count(),
        "payments": Payment.objects.of(merchant_id).count(),
        "placed": Event.objects.of(merchant_id).filter(kind="placed").count(),
        "on hand": shelf.on_hand,
        "reserved": shelf.reserved,
        "shipped": orders.filter(status="shipped").count(),
        "paid": orders.filter(status="paid").count(),
    }
    sys.stdout.write(json.dumps(found))


def main(command: str, *given: str) -> None:
    """One of the commands above."""
    match command:
        case "build":
            _build()
        case "buy":
            _buy(*given)
        case "sell":
            _sell(*given)
        case "check":
            _check()


if __name__ == "__main__":
    main(*sys.argv[1:])
