"""A person sends an order another way than the one that was found: with a reason, whole, and until its way is shut."""

from __future__ import annotations

import pytest

from haitu.actions.order import OrderChanged
from haitu.actions.overrule import NoReasonGiven, NothingWaits, overrule
from haitu.actions.reroute import reroute
from haitu.core.freight import LaneClosed
from haitu.models import Audit, Order, Stock
from haitu.reads import quote as quotes
from haitu.reads.conservation import stock_problems
from haitu.reads.ways import TooFewThere, Ways, ways_of
from tests.actions.buying import merchant_of
from tests.actions.test_reroute import SOON, shut, sold, way_of
from tests.world import TODAY, World


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes."""
    quotes._kept.clear()


def choose(world: World, order: Order, lane: str, *, reason: str = "the buyer asked", seen: str = "") -> None:
    overrule(
        merchant_id=world.merchant.pk,
        order_id=order.pk,
        lane_id=world.lanes[lane].pk,
        reason=reason,
        seen=seen,
        by=world.owner,
        now=SOON,
    )


def ways(world: World, order: Order) -> Ways:
    found = ways_of(merchant_of(world), order.pk, on=TODAY)
    assert found is not None
    return found


def test_every_way_is_told_with_its_cost_and_days_or_with_why_not(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    shown = [(way.warehouse, way.lane, way.now, way.days_late, way.no is None) for way in ways(world, order).ways]
    assert shown == [("LEJ", "LEJ-DE", True, 0, True), ("SZX", "SZX-DE", False, 11, True)]
    near, far = ways(world, order).ways
    assert (near.more_minor, near.less_minor) == (0, 0)
    assert far.more_minor == far.less_minor == far.cost_minor - near.cost_minor
    shut(world, "LEJ-DE")
    stays, gone = ways(world, order).ways
    assert (stays.lane, gone.lane, type(gone.no)) == ("SZX-DE", "LEJ-DE", LaneClosed)


def test_the_choice_moves_the_promise_whole_and_is_kept_with_its_reason(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    far = ways(world, order).ways[1]
    choose(world, order, "SZX-DE", reason="Leipzig packs badly")
    assert way_of(order) == "2 from SZX by SZX-DE"
    assert stock_problems() == ()
    order.refresh_from_db()
    [entry] = order.quote["rerouted"]
    assert entry["chosen"] == {
        "by": "lin",
        "reason": "Leipzig packs badly",
        "more_minor": far.more_minor,
        "cheapest": ["LEJ", "LEJ-DE"],
    }
    kept = Audit.objects.of(world.merchant.pk).get(action="order.overrule")
    assert (kept.user_id, kept.change["way"]) == (world.owner.pk, ["LEJ · LEJ-DE", "SZX · SZX-DE"])
    assert kept.change["reason"] == ["", "Leipzig packs badly"]


def test_re_routing_lets_a_choice_stand_until_its_way_is_shut_and_then_says_so(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    choose(world, order, "SZX-DE", reason="Leipzig packs badly")
    assert reroute(merchant_id=world.merchant.pk, by=None, now=SOON).orders == 0
    assert way_of(order) == "2 from SZX by SZX-DE"
    shut(world, "SZX-DE")
    assert reroute(merchant_id=world.merchant.pk, by=None, now=SOON).orders == 1
    assert way_of(order) == "2 from LEJ by LEJ-DE"
    order.refresh_from_db()
    assert order.quote["rerouted"][-1]["undoes"]["reason"] == "Leipzig packs badly"


def test_a_way_that_is_shut_or_has_too_little_is_refused_and_nothing_moves(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    far = world.stocks["LANTERN", "SZX"]
    Stock.objects.of(world.merchant.pk).filter(pk=far.pk).update(buffer=far.on_hand - 1)
    with pytest.raises(TooFewThere, match=r"SZX has 1 of LANTERN free; 2 are wanted\."):
        choose(world, order, "SZX-DE")
    shut(world, "SZX-DE")
    Stock.objects.of(world.merchant.pk).filter(pk=far.pk).update(buffer=0)
    with pytest.raises(LaneClosed):
        choose(world, order, "SZX-DE")
    assert way_of(order) == "2 from LEJ by LEJ-DE"
    assert stock_problems() == ()


def test_a_form_sent_twice_chooses_once(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    seen = ways(world, order).seen
    choose(world, order, "SZX-DE", seen=seen)
    with pytest.raises(OrderChanged):
        choose(world, order, "SZX-DE", seen=seen)
    order.refresh_from_db()
    assert len(order.quote["rerouted"]) == 1


def test_without_a_reason_and_for_another_merchant_there_is_no_choice(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    with pytest.raises(NoReasonGiven):
        choose(world, order, "SZX-DE", reason=" ")
    with pytest.raises(Exception, match=r"There is no such order\."):
        overrule(
            merchant_id=world.other.pk,
            order_id=order.pk,
            lane_id=world.lanes["SZX-DE"].pk,
            reason="mine",
            by=world.stranger,
            now=SOON,
        )
    Order.objects.of(world.merchant.pk).filter(pk=order.pk).update(status="cancelled")
    with pytest.raises(NothingWaits):
        choose(world, order, "SZX-DE")
