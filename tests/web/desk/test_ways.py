"""Another way at the desk: the list, the choice with its reason, and what the order says of it afterwards."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from haitu.models import Order
from haitu.reads import quote as quotes
from tests.world import World


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes."""
    quotes._kept.clear()


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_ways_are_listed_and_the_order_tells_who_chose_and_what_it_costs(
    world: World, owner: Client, paid: Order
) -> None:
    address = reverse("desk:order_ways", args=[paid.pk])
    assert "LEJ as it is now LEJ-DE" in said(owner, address)
    form = {"lane": world.lanes["SZX-DE"].pk, "reason": "Leipzig packs badly"}
    answer = owner.post(address, form)
    assert answer.headers["Location"] == reverse("desk:order", args=[paid.pk])
    told = said(owner, reverse("desk:order", args=[paid.pk]))
    assert "It leaves by the way you chose." in told
    kept = told[told.index("LEJ · LEJ-DE →") : told.index(" days late.")]
    assert re.sub(r"\d+", "_", kept) == (
        "LEJ · LEJ-DE → SZX · SZX-DE. Chosen by lin, because: Leipzig packs badly. "
        "Costs €_._ more than the cheapest, LEJ · LEJ-DE. _"
    )


def test_without_a_reason_nothing_changes(world: World, owner: Client, paid: Order) -> None:
    owner.post(reverse("desk:order_ways", args=[paid.pk]), {"lane": world.lanes["SZX-DE"].pk, "reason": ""})
    lane = paid.lines.get().lane
    assert lane is not None
    assert lane.code == "LEJ-DE"
    assert "Say why another way is better." in said(owner, reverse("desk:order", args=[paid.pk]))
