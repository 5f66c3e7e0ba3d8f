"""A shop says that something is a pre-order, from when it leaves and when it arrives, wherever one could miss it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from haitu.actions import arrival
from haitu.actions.arrival import Counted
from haitu.actions.letters import send_due
from haitu.models import InboundLine
from tests.actions.buying import basket_of, paid_order
from tests.actions.test_preorder import afloat, by, sold_out
from tests.world import TODAY, World

SHIPS = "leaves our warehouse by"


@pytest.fixture
def waiting(world: World) -> World:
    """Every mug is sold, ten are on their way."""
    sold_out(world)
    afloat(world)
    return world


def text(shop: Client, path: str) -> str:
    page = shop.get(path)
    assert page.status_code == 200
    return re.sub(r"\s+", " ", page.content.decode())


def test_the_product_page_says_so_to_people_and_to_machines(shop: Client, world: World) -> None:
    assert 'href="https://schema.org/InStock"' in text(shop, "/en-us/p/paper-lantern/")
    sold_out(world)
    assert 'href="https://schema.org/OutOfStock"' in text(shop, "/en-de/p/blue-mug/")
    afloat(world)
    page = text(shop, "/en-de/p/blue-mug/")
    assert 'href="https://schema.org/PreOrder"' in page
    ships = TODAY + timedelta(40 + 1 + world.warehouses["LEJ"].handling_days)
    assert f'itemprop="availabilityStarts" content="{ships.isoformat()}"' in page
    assert (page.count("Pre-order now"), page.count(SHIPS), page.count("In stock")) == (2, 1, 0)


def test_the_listing_says_so(shop: Client, waiting: World) -> None:
    assert text(shop, "/en-de/all/").count("Pre-order ·") == 1


def test_cart_and_order_page_say_so(shop: Client, waiting: World) -> None:
    shop.post("/en-de/cart/add/", {"variant": waiting.variants["MUG"].pk, "quantity": "2"})
    shop.post("/en-de/cart/add/", {"variant": waiting.variants["LANTERN"].pk, "quantity": "1"})
    page = text(shop, "/en-de/cart/")
    assert (page.count("2 as a pre-order, on the way to us"), page.count(SHIPS)) == (1, 1)
    assert page.count("Order what is in stock apart if you want it sooner.") == 1
    row = paid_order(waiting, basket_of(waiting, MUG=1))
    assert text(shop, f"/en-de/order/{row.token}/").count(SHIPS) == 1


def test_the_letter_says_so(waiting: World, mailoutbox: list[object]) -> None:
    row = paid_order(waiting, basket_of(waiting, MUG=1))
    row.language = "en"
    row.save(update_fields=["language"])
    send_due(now=row.placed_at + timedelta(hours=1))
    bodies = [letter.body for letter in mailoutbox]  # type: ignore[attr-defined]  # Django's letters
    assert [(SHIPS in body, "we are packing" in body) for body in bodies] == [(True, False)]


def test_once_it_is_there_it_is_sold_like_anything_else(shop: Client, waiting: World) -> None:
    [line] = InboundLine.objects.of(waiting.merchant.pk).filter(variant=waiting.variants["MUG"])
    arrival.receive(inbound_id=line.inbound_id, counted={line.pk: Counted(good=10)}, key="1", **by(waiting))
    page = text(shop, "/en-de/p/blue-mug/")
    assert (page.count("schema.org/InStock"), page.count(SHIPS), page.count("In stock")) == (1, 0, 1)
