"""The cart: a signed note in the buyer's browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from haitu.core.book import BasketLine
from haitu.models import Stock
from haitu.web.shop.basket import MOST_LINES, MOST_UNITS, Carried, CartFull
from tests.web.buying import put_in, text
from tests.world import World

CountQueries = Callable[[int], AbstractContextManager[object]]


def test_what_is_put_in_is_there_and_summed_up(shop: Client, world: World) -> None:
    answer = put_in(shop, world, "LANTERN", 2)
    assert (answer.status_code, answer["Location"]) == (303, "/de-de/cart/")
    page = text(shop.get("/de-de/cart/"))
    assert "Waren 43,98 € Lieferung 4,90 € Gesamtsumme 48,88 € darin enthaltene MwSt. 7,80 €" in page
    assert "Noch 6,02 €, dann ist der Versand kostenlos." in page


def test_the_cart_comes_along_to_another_market(shop: Client, world: World) -> None:
    put_in(shop, world, "LANTERN", 2)
    shop.post("/de-de/markets/chosen/", {"market": "ja-jp"})
    page = text(shop.get("/ja-jp/cart/"))
    assert "Paper lantern" in page
    assert "商品 ￥6,400 配送 ￥800 合計 ￥7,200" in page


def test_quantities_change_and_lines_go(shop: Client, world: World) -> None:
    put_in(shop, world, "LANTERN", 1)
    put_in(shop, world, "LANTERN", 2)
    variant = world.variants["LANTERN"].pk
    assert "Waren 65,97 €" in text(shop.get("/de-de/cart/"))
    shop.post("/de-de/cart/change/", {"variant": variant, "quantity": "1"})
    assert "Waren 21,99 €" in text(shop.get("/de-de/cart/"))
    answer = shop.post("/de-de/cart/change/", {"variant": variant, "quantity": "0"})
    assert answer.cookies["cart"].value == ""
    assert "Ihr Warenkorb ist leer." in text(shop.get("/de-de/cart/"))


@pytest.mark.parametrize("quantity", ["-1", "1.5", "x", "", "1000", "9" * 5000, "١", "\0", "<b>"])
def test_a_quantity_that_is_none_is_refused_in_words(shop: Client, world: World, quantity: str) -> None:
    put_in(shop, world, "LANTERN", 1)
    answer = shop.post("/de-de/cart/change/", {"variant": world.variants["LANTERN"].pk, "quantity": quantity})
    assert answer.status_code == 422
    assert "Bitte geben Sie eine ganze Zahl von 0 bis 999 ein." in text(answer)


@pytest.mark.parametrize("variant", ["0", "-1", "x", "", "9" * 19, "9" * 5000, "\0", "1 OR 1=1"])
def test_a_variant_nobody_sells_is_not_found(shop: Client, variant: str) -> None:
    assert shop.post("/de-de/cart/add/", {"variant": variant}).status_code == 404
    assert shop.post("/de-de/cart/change/", {"variant": variant, "quantity": "1"}).status_code == 303


def test_another_merchants_goods_cannot_be_put_in(shop: Client, world: World) -> None:
    aoki = Client(headers={"host": "aoki.test"})
    given = {"variant": world.variants["LANTERN"].pk}
    assert aoki.post("/ja-jp/cart/add/", given).status_code == 404


def test_a_cart_of_one_merchant_says_nothing_to_another(shop: Client, world: World) -> None:
    put_in(shop, world)
    aoki = Client(headers={"host": "aoki.test"})
    aoki.cookies["cart"] = shop.cookies["cart"].value
    assert "カートは空です。" in text(aoki.get("/ja-jp/cart/"))


@pytest.mark.parametrize("cookie", ["x", "a.b:c", "\0", "." * 4000, "key.1-1:forged", "{}"])
def test_a_forged_cart_is_an_empty_one(shop: Client, cookie: str) -> None:
    shop.cookies["cart"] = cookie
    answer = shop.get("/de-de/cart/")
    assert (answer.status_code, "Ihr Warenkorb ist leer." in text(answer)) == (200, True)


def test_too_much_is_said_at_the_line_and_cannot_be_ordered(shop: Client, world: World) -> None:
    put_in(shop, world, "CHANDELIER", 9)
    page = shop.get("/de-de/cart/")
    assert "Nur noch 5 verfügbar" in text(page)
    assert "Von einem Artikel im Warenkorb sind nur noch 5 da. Bitte ändern Sie die Menge." in text(page)
    assert "/de-de/checkout/" not in page.content.decode()
    Stock.objects.of(world.merchant.pk).update(on_hand=0)
    assert "Etwas in Ihrem Warenkorb ist gerade ausverkauft." in text(shop.get("/de-de/cart/"))


def test_what_has_no_weight_is_not_sold_cheaply(shop: Client, world: World) -> None:
    put_in(shop, world, "MYSTERY")
    page = text(shop.get("/de-de/cart/"))
    assert "Zur Kasse" not in page
    assert "Wir können den Versand noch nicht berechnen und deshalb noch nicht verkaufen." in page


def test_a_cart_holds_sixty_different_things() -> None:
    cart = Carried(key="k")
    for variant_id in range(1, MOST_LINES + 1):
        cart = cart.with_more(variant_id, 1)
    with pytest.raises(CartFull, match="A cart holds 60 different things; please order these first"):
        cart.with_more(MOST_LINES + 1, 1)
    assert cart.with_more(1, MOST_UNITS).lines[0] == BasketLine(variant_id=1, quantity=MOST_UNITS)


def test_htmx_gets_only_what_changes(shop: Client, world: World) -> None:
    given = {"variant": world.variants["LANTERN"].pk, "quantity": "2"}
    answer = shop.post("/de-de/cart/add/", given, headers={"hx-request": "true"})
    page = answer.content.decode()
    assert (answer.status_code, "<html" in page) == (200, False)
    assert 'id="cart-link" hx-swap-oob="true"' in page
    assert text(answer) == "Liegt im Warenkorb. Zum Warenkorb 2"


def test_the_cart_asks_the_database_twice(shop: Client, world: World, django_assert_num_queries: CountQueries) -> None:
    put_in(shop, world)
    shop.get("/de-de/cart/")
    with django_assert_num_queries(2):
        shop.get("/de-de/cart/")
