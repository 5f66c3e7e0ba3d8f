"""What is in time and cheap enough is sent otherwise by the clock; what is not waits for a person."""

from __future__ import annotations

import pytest

from haitu.actions.clockwork import JOBS
from haitu.actions.overrule import overrule
from haitu.actions.unasked import BadLimit, send_unasked, set_unasked
from haitu.models import Audit, Lane, Order
from haitu.reads import quote as quotes
from haitu.reads.conservation import stock_problems
from haitu.reads.reroute import stranded_count
from tests.actions.test_reroute import SOON, shut, sold, way_of
from tests.world import TODAY, World

PLENTY_MINOR = 1_000_00  # yuan


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes."""
    quotes._kept.clear()


def allow(world: World, up_to_minor: int | None) -> None:
    set_unasked(merchant_id=world.merchant.pk, up_to_minor=up_to_minor, by=world.owner, now=SOON)


def quick(world: World) -> None:
    """From Shenzhen it is as quick as from Leipzig."""
    Lane.objects.of(world.merchant.pk).filter(code="SZX-DE").update(days_p50=2, days_p90=3)


def test_unless_the_merchant_says_so_a_person_is_asked(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    quick(world)
    shut(world, "LEJ-DE")
    assert send_unasked(now=SOON) == 0
    allow(world, PLENTY_MINOR)
    assert send_unasked(now=SOON) == 1
    assert way_of(order) == "2 from SZX by SZX-DE"
    assert send_unasked(now=SOON) == 0
    assert stock_problems() == ()


def test_a_late_way_waits_for_a_person(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    shut(world, "LEJ-DE")
    allow(world, PLENTY_MINOR)
    assert send_unasked(now=SOON) == 0
    assert way_of(order) == "2 from LEJ by LEJ-DE"
    assert stranded_count(world.merchant.pk, on=TODAY) == 1


def test_a_way_that_loses_more_than_allowed_waits_for_a_person(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    quick(world)
    shut(world, "LEJ-DE")
    allow(world, 0)
    assert send_unasked(now=SOON) == 0
    allow(world, PLENTY_MINOR)
    assert send_unasked(now=SOON) == 1
    more_minor = Order.objects.of(world.merchant.pk).get(pk=order.pk).quote["rerouted"][0]["more_minor"]
    assert 0 < more_minor * 8 <= PLENTY_MINOR


def test_what_a_person_chose_is_not_undone_unasked(world: World) -> None:
    order = sold(world, "one", LANTERN=2)
    overrule(
        merchant_id=world.merchant.pk,
        order_id=order.pk,
        lane_id=world.lanes["SZX-DE"].pk,
        reason="Leipzig packs badly",
        by=world.owner,
        now=SOON,
    )
    shut(world, "SZX-DE")
    allow(world, PLENTY_MINOR)
    assert send_unasked(now=SOON) == 0
    assert way_of(order) == "2 from SZX by SZX-DE"


def test_the_limit_is_kept_and_told(world: World) -> None:
    allow(world, 5_00)
    allow(world, None)
    kept = Audit.objects.of(world.merchant.pk).filter(action="reroute.unasked").order_by("pk")
    assert [row.change["reroute_up_to_minor"] for row in kept] == [[None, 5_00], [5_00, None]]
    with pytest.raises(BadLimit):
        allow(world, -1)


def test_the_clock_does_it() -> None:
    assert {"send stranded orders otherwise", "tell late buyers"} <= {job.name for job in JOBS}
