"""The order page: for whoever has its key, and nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from haitu.actions.fulfil import ship
from tests.actions.buying import basket_of, hear, notice_of, order, order_row, payment_of
from tests.web.buying import text
from tests.world import NOW, OTHER_HOST, World


def test_the_page_tells_what_was_ordered_and_what_happened_since(shop: Client, world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=2))
    address = f"/de-de/order/{placed.token}/"
    page = text(shop.get(address))
    assert "Ihre Bestellung wartet auf Zahlung" in page
    assert "Papierlaterne 2 × 43,98 € Waren 43,98 € Lieferung 4,90 € Gesamtsumme 48,88 €" in page
    assert "Markt 1 04109 Leipzig Deutschland" in page
    hear(world, notice_of(payment_of(world, placed)))
    assert "Vielen Dank, Anna Schmidt!" in text(shop.get(address))
    ship(merchant_id=world.merchant.pk, order_id=order_row(world, placed).pk, by=None, now=NOW)
    page = text(shop.get(address))
    assert "Unterwegs zu Ihnen" in page
    assert page.index("Bestellt") < page.index("Bezahlt") < page.index("Ein Paket ist unterwegs")


def test_the_address_of_the_page_is_its_key(shop: Client, world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    answer = shop.get(f"/en-us/order/{placed.token}/")
    assert answer.status_code == 200
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("same-origin", "noindex")
    assert "no-store" in answer["Cache-Control"]
    assert "form-action 'self' http://127.0.0.1:9" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "x", lambda _: "x" * 300, lambda _: "1"])
def test_a_key_that_is_none_opens_nothing(shop: Client, world: World, change: object) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    key = change(placed.token)  # type: ignore[operator]  # a function
    assert shop.get(f"/de-de/order/{key}/").status_code == 404
    assert shop.post(f"/de-de/order/{key}/pay/").status_code == 404


def test_a_key_opens_nothing_at_another_merchant(shop: Client, world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    assert Client(headers={"host": OTHER_HOST}).get(f"/ja-jp/order/{placed.token}/").status_code == 404


@pytest.mark.parametrize("said", ["<script>", "x" * 5000, "\0", "provider_silent"])
def test_what_the_address_says_is_not_repeated(shop: Client, world: World, said: str) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    answer = shop.get(f"/de-de/order/{placed.token}/", {"said": said})
    assert (answer.status_code, "<script>" in answer.content.decode()) == (200, False)
