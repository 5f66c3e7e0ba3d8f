"""The steps of a purchase through the shop's own forms."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.test import Client

from tests.world import World

ADDRESS = {
    "email": "anna@example.test",
    "phone": "0341 1234567",
    "name": "Anna Schäfer",
    "street_address": "Lindenstraße 5",
    "street_address_2": "",
    "postal_code": "04109",
    "city": "Leipzig",
}


def put_in(shop: Client, world: World, sku: str = "LANTERN", quantity: int = 1, root: str = "/de-de/") -> Any:
    given = {"variant": world.variants[sku].pk, "quantity": quantity}
    return shop.post(f"{root}cart/add/", given)


def type_address(shop: Client, root: str = "/de-de/", **changed: str) -> Any:
    return shop.post(f"{root}checkout/", ADDRESS | changed)


def agree(shop: Client, root: str = "/de-de/") -> Any:
    return shop.post(f"{root}checkout/delivery/")


def review(shop: Client, root: str = "/de-de/") -> str:
    """What the last page's form would send as seen."""
    page = shop.get(f"{root}checkout/review/").content.decode()
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found, page
    return unescape(found[1])


def text(answer: Any) -> str:
    """The words of a page, one space apart."""
    body = re.sub(r"(?s)<(script|svg|head).*?</\1>", " ", answer.content.decode())
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
