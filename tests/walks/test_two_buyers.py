"""Many buyers want the last piece at the same moment: one gets it, the others are told so, nothing is sold twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from haitu.actions.checkout import Crowded, QuoteChanged
from haitu.actions.stock import write_off
from haitu.commands import ROOT
from haitu.core.book import Basket, Quote
from haitu.core.errors import Refusal
from haitu.models import Event, Order, Reservation, Stock
from haitu.reads.conservation import stock_problems
from tests.actions.buying import basket_of, order, see
from tests.world import NOW, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world_for_all(transactional_db: None, world: World) -> World:
    """The world, committed, so that every thread sees it."""
    return world


def leave_one_mug(world: World) -> Stock:
    """One mug in Shenzhen and none in Leipzig."""
    for warehouse, units in (("SZX", 49), ("LEJ", 1)):
        write_off(
            merchant_id=world.merchant.pk,
            stock_id=world.stocks["MUG", warehouse].pk,
            quantity=units,
            reason="broken",
            by=None,
            now=NOW,
        )
    return Stock.objects.of(world.merchant.pk).get(pk=world.stocks["MUG", "SZX"].pk)


def all_at_once(buyers: list[Callable[[], str]]) -> Counter[str]:
    """Every buyer in a thread and with a connection of its own, started together; what became of them, counted."""
    gate, ends = threading.Barrier(len(buyers)), list[str]()

    def walk(buy: Callable[[], str]) -> None:
        gate.wait()
        try:
            ends.append(buy())
        except Refusal as refusal:
            ends.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=walk, args=(buy,)) for buy in buyers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(ends)


def buyer(world: World, basket: Basket, seen: Quote, cart: str) -> Callable[[], str]:
    """Somebody who has seen the quote and presses the button."""

    def buy() -> str:
        order(world, basket, seen=seen, cart=cart)
        return "sold"

    return buy


def assert_one_sale(world: World, shelf: Stock) -> None:
    shelf.refresh_from_db()
    assert (shelf.on_hand, shelf.reserved) == (1, 1)
    assert Order.objects.of(world.merchant.pk).count() == 1
    assert Reservation.objects.of(world.merchant.pk).get().quantity == 1
    assert Event.objects.of(world.merchant.pk).filter(kind="placed").count() == 1
    assert stock_problems() == ()


def test_two_buyers_and_one_last_piece(world_for_all: World) -> None:
    world = world_for_all
    shelf, basket = leave_one_mug(world), basket_of(world, MUG=1)
    seen = see(world, basket)
    assert all_at_once([buyer(world, basket, seen, cart) for cart in ("anna", "bert")]) == {
        "sold": 1,
        "out_of_stock": 1,
    }
    assert_one_sale(world, shelf)


def test_a_hundred_checkouts_of_one_piece(world_for_all: World) -> None:
    world = world_for_all
    shelf, basket = leave_one_mug(world), basket_of(world, MUG=1)
    seen = see(world, basket)
    ends = Counter[str]()
    for crowd in range(5):  # twenty at a time: a hundred threads would mostly wait for connections
        ends += all_at_once([buyer(world, basket, seen, f"cart-{crowd}-{nth}") for nth in range(20)])
    assert ends == {"sold": 1, "out_of_stock": 99}
    assert_one_sale(world, shelf)


def test_one_cart_sent_ten_times_at_once_is_one_order(world_for_all: World) -> None:
    world = world_for_all
    shelf, basket = leave_one_mug(world), basket_of(world, MUG=1)
    seen = see(world, basket)
    ends = all_at_once([lambda: order(world, basket, seen=seen, cart="anna").number] * 10)
    assert list(ends.values()) == [10]
    assert_one_sale(world, shelf)


def test_baskets_in_opposite_order_do_not_wait_for_each_other_for_ever(world_for_all: World) -> None:
    world = world_for_all
    there = basket_of(world, LANTERN=1) + basket_of(world, CHANDELIER=1)
    back = there[::-1]

    def patient(basket: Basket, cart: str) -> Callable[[], str]:
        def buy() -> str:
            for _ in range(4):
                try:
                    order(world, basket, cart=cart)
                except (QuoteChanged, Crowded):
                    continue
                return "sold"
            return "gave up"

        return buy

    ends = all_at_once(
        [patient(there, f"there-{n}") for n in range(6)] + [patient(back, f"back-{n}") for n in range(6)]
    )
    # Five chandeliers are there; whoever comes later is told.
    assert (ends["sold"], ends["out_of_stock"]) == (5, 7)
    assert Stock.objects.of(world.merchant.pk).get(pk=world.stocks["CHANDELIER", "SZX"].pk).reserved == 5
    assert stock_problems() == ()


def test_processes_share_the_shelf_too(world_for_all: World) -> None:
    """Two processes of their own sell the same five chandeliers as fast as they can."""
    world, env = world_for_all, os.environ | {"HAITU_DATABASE": address(), "PYTHONPATH": "src"}
    run = [sys.executable, "-m", "tests.walks.trade", "sell"]
    sellers = [
        subprocess.Popen([*run, name, "CHANDELIER"], cwd=ROOT, env=env, stdout=subprocess.PIPE) for name in ("a", "b")
    ]
    sold = [len(json.loads(seller.communicate(timeout=60)[0])) for seller in sellers]
    assert sum(sold) == Order.objects.of(world.merchant.pk).count() == 5
    assert stock_problems() == ()


def address() -> str:
    """The test's database, as another process is told of it."""
    kept = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{kept['NAME']}"
    return f"postgresql:///{kept['NAME']}?host={kept['HOST']}&user={kept['USER']}"
