"""Many want the last piece that is still on its way, while it is counted in or given back: nothing is sold twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db.models import Sum

from haitu.actions import arrival
from haitu.actions.arrival import Counted
from haitu.actions.cancel import cancel
from haitu.actions.checkout import Crowded, QuoteChanged
from haitu.commands import ROOT
from haitu.models import InboundLine, Order, Reservation, Stock
from haitu.reads.conservation import stock_problems
from tests.actions.buying import basket_of, order, see
from tests.actions.test_preorder import afloat, by, shelf, sold_out
from tests.walks.test_two_buyers import address, all_at_once, buyer
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world_for_all(transactional_db: None, world: World) -> World:
    """The world, committed, so that every thread sees it."""
    return world


def promised(world: World) -> tuple[int, int]:
    """Units of the mugs in Leipzig that are promised from the shelf and from the load."""
    sums = Reservation.objects.of(world.merchant.pk).aggregate(all=Sum("quantity"), afloat=Sum("afloat"))
    afloat = sums["afloat"] or 0
    return (sums["all"] or 0) - afloat, afloat


def test_twenty_buyers_and_one_last_piece_afloat(world_for_all: World) -> None:
    world = world_for_all
    sold_out(world)
    afloat(world, units=1)
    basket = basket_of(world, MUG=1)
    seen = see(world, basket)
    ends = all_at_once([buyer(world, basket, seen, f"cart-{nth}") for nth in range(20)])
    assert ends == {"sold": 1, "out_of_stock": 19}
    assert (shelf(world).preordered, shelf(world).afloat, stock_problems()) == (1, 1, ())


def test_two_processes_share_a_load(world_for_all: World) -> None:
    world, env = world_for_all, os.environ | {"HAITU_DATABASE": address(), "PYTHONPATH": "src"}
    sold_out(world)
    afloat(world, units=5)
    run = [sys.executable, "-m", "tests.walks.trade", "sell"]
    sellers = [subprocess.Popen([*run, name, "MUG"], cwd=ROOT, env=env, stdout=subprocess.PIPE) for name in ("a", "b")]
    sold = [len(json.loads(seller.communicate(timeout=120)[0])) for seller in sellers]
    assert sum(sold) == Order.objects.of(world.merchant.pk).count() == 5
    assert (promised(world), shelf(world).preordered, stock_problems()) == ((0, 5), 5, ())


def test_counting_in_selling_and_cancelling_at_once(world_for_all: World) -> None:
    world = world_for_all
    sold_out(world)
    inbound_id = afloat(world, units=12)
    early = [order(world, basket_of(world, MUG=1), cart=f"early-{nth}").id for nth in range(6)]
    [line] = InboundLine.objects.of(world.merchant.pk).filter(inbound_id=inbound_id)

    def count_in() -> str:
        for nth in range(6):
            arrival.receive(inbound_id=inbound_id, counted={line.pk: Counted(good=2)}, key=str(nth), **by(world))
        return "in"

    def give_back() -> str:
        for order_id in early[::2]:
            cancel(order_id=order_id, **by(world))
        return "back"

    def buy(cart: str) -> str:
        for _ in range(12):
            try:
                order(world, basket_of(world, MUG=1), cart=cart)
            except (QuoteChanged, Crowded):
                continue
            return "sold"
        return "gave up"

    ends = all_at_once([count_in, give_back, *(lambda nth=nth: buy(f"late-{nth}") for nth in range(6))])
    assert ends == Counter({"sold": 6, "in": 1, "back": 1})
    row = Stock.objects.of(world.merchant.pk).get(pk=shelf(world).pk)
    assert (row.on_hand, row.reserved, row.preordered, row.afloat, row.uncovered) == (12, 9, 0, 0, 0)
    assert (promised(world), stock_problems()) == ((9, 0), ())
