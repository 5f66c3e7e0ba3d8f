"""Two processes send the same stranded orders otherwise, and one is killed in the middle: each is moved once."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection

from haitu.actions.unasked import send_unasked, set_unasked
from haitu.commands import ROOT
from haitu.models import Lane, Order, Reservation
from haitu.reads import quote as quotes
from haitu.reads.conservation import stock_problems
from haitu.reads.reroute import stranded_count
from tests.actions.test_reroute import SOON, shut, sold
from tests.walks.test_two_buyers import address
from tests.world import TODAY, World

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = 12


@pytest.fixture
def stranded(transactional_db: None, world: World) -> World:
    """A dozen orders whose lane is shut, which the clock may send otherwise."""
    quotes._kept.clear()
    for nth in range(ORDERS):
        sold(world, f"cart-{nth}", LANTERN=1)
    Lane.objects.of(world.merchant.pk).filter(code="SZX-DE").update(days_p50=2, days_p90=3)
    shut(world, "LEJ-DE")
    set_unasked(merchant_id=world.merchant.pk, up_to_minor=1_000_00, by=None, now=SOON)
    return world


def sender() -> subprocess.Popen[str]:
    env = os.environ | {"HAITU_DATABASE": address(), "PYTHONPATH": "src"}
    run = [sys.executable, "-m", "tests.walks.otherwise"]
    process = subprocess.Popen(run, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def assert_each_moved_once(world: World) -> None:
    orders = Order.objects.of(world.merchant.pk)
    assert Counter(len(order.quote.get("rerouted", [])) for order in orders) == {1: ORDERS}
    promised = Reservation.objects.of(world.merchant.pk).values_list("stock__warehouse__code", "quantity")
    assert Counter(promised) == {("SZX", 1): ORDERS}
    assert stranded_count(world.merchant.pk, on=TODAY) == 0
    assert stock_problems() == ()


def test_two_at_once_share_the_work(stranded: World) -> None:
    senders = [sender(), sender()]
    for process in senders:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    done = [int(process.communicate(timeout=60)[0]) for process in senders]
    assert sum(done) + send_unasked(now=SOON) == ORDERS  # what one held while the other looked is left to the next run
    assert_each_moved_once(stranded)


def test_killed_in_the_middle_the_next_run_does_the_rest(stranded: World) -> None:
    process = sender()
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    while not any(order.quote.get("rerouted") for order in Order.objects.of(stranded.merchant.pk)):
        assert process.poll() is None or process.returncode == 0
    process.kill()
    process.communicate(timeout=60)
    connection.close()
    send_unasked(now=SOON)
    assert_each_moved_once(stranded)
