"""Orders whose way is shut, at the desk: proposed, sent otherwise, and said so where nothing leads there."""

import pytest
from django.test import Client
from django.urls import reverse

from haitu.actions.supply import close_lane
from haitu.models import Order, Reservation
from haitu.reads import quote as quotes
from tests.world import NOW, World


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes."""
    quotes._kept.clear()


def shut(world: World, *codes: str) -> None:
    for code in codes:
        close_lane(
            merchant_id=world.merchant.pk, lane_id=world.lanes[code].pk, reason="strike", by=world.owner, now=NOW
        )


def lane_of(order: Order) -> str:
    lane = order.lines.get().lane
    assert lane is not None
    return lane.code


def page(client: Client) -> str:
    answer = client.get(reverse("desk:reroute"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_while_every_lane_carries_there_is_nothing_to_do(owner: Client, paid: Order) -> None:
    assert "Every order can leave as promised" in page(owner)


def test_an_order_is_offered_another_way_and_takes_it(world: World, owner: Client, paid: Order) -> None:
    shut(world, "LEJ-DE")
    told = page(owner)
    assert paid.number in told
    assert "SZX · SZX-DE" in told
    owner.post(reverse("desk:reroute"), {"order": paid.pk})
    assert lane_of(paid) == "SZX-DE"
    assert [row.stock.warehouse.code for row in Reservation.objects.of(world.merchant.pk)] == ["SZX"]
    assert "Every order can leave as promised" in page(owner)


def test_an_order_nothing_leads_to_is_shown_with_the_reason(world: World, owner: Client, paid: Order) -> None:
    shut(world, "LEJ-DE", "SZX-DE")
    told = page(owner)
    assert paid.number in told
    assert "No open lane carries it there." in told
    owner.post(reverse("desk:reroute"), {"order": paid.pk})
    assert lane_of(paid) == "LEJ-DE"


def test_nothing_chosen_does_nothing(world: World, owner: Client, paid: Order) -> None:
    shut(world, "LEJ-DE")
    owner.post(reverse("desk:reroute"), {})
    assert lane_of(paid) == "LEJ-DE"
