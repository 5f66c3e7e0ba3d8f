"""The pages on which a buyer looks around."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client

from haitu.actions.version import bump
from haitu.models import Lane, Product, ProductText, Stock, Variant
from tests.web.buying import text
from tests.world import World

CountQueries = Callable[[int], AbstractContextManager[object]]


def titles(shop: Client, path: str) -> list[str]:
    page = shop.get(path).content.decode()
    return re.findall(r'<span class="t">(.*?)</span>', page)


@pytest.mark.parametrize(
    ("wishes", "door"),
    [
        ("de-DE,de;q=0.9", "/de-de/"),
        ("en-US", "/en-us/"),
        ("ja", "/ja-jp/"),
        ("ar-AE", "/ar-ae/"),
        ("en-AE", "/en-ae/"),
        ("de-AT,de;q=0.5", "/de-de/"),
        ("xx", "/de-de/"),
        ("", "/de-de/"),
    ],
)
def test_the_door_leads_where_the_browser_seems_to_be(shop: Client, wishes: str, door: str) -> None:
    answer = shop.get("/", headers={"accept-language": wishes})
    assert (answer.status_code, answer["Location"]) == (302, door)


def test_another_market_is_offered_once_and_never_forced(shop: Client) -> None:
    japanese = {"accept-language": "ja-JP"}
    page = shop.get("/en-us/p/blue-mug/", headers=japanese)
    assert page.status_code == 200
    assert "You seem to be in Japan." in text(page)
    stay = shop.post("/en-us/markets/chosen/", {"market": "en-us", "to": "p/blue-mug/"})
    assert (stay.status_code, stay["Location"]) == (303, "/en-us/p/blue-mug/")
    assert "You seem to be in" not in text(shop.get("/en-us/p/blue-mug/", headers=japanese))
    assert shop.get("/", headers=japanese)["Location"] == "/en-us/"


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example", "/\\evil", "a/../..//x", "x" * 400, "\n"])
def test_choosing_a_market_leads_nowhere_else(shop: Client, to: str) -> None:
    answer = shop.post("/de-de/markets/chosen/", {"market": "ja-jp", "to": to})
    assert answer["Location"] == "/ja-jp/"


def test_a_host_nobody_owns_says_so(shop: Client) -> None:
    answer = shop.get("/de-de/", headers={"host": "nobody.test"})
    assert answer.status_code == 404
    assert text(answer) == (
        "No shop here No shop answers under this address. If it should, add the address to the merchant’s domains."
    )


def test_a_market_the_merchant_has_not_is_not_found(shop: Client) -> None:
    assert [shop.get(path).status_code for path in ("/fr-fr/", "/ja-de/", "/de-xx/cart/")] == [404, 404, 404]


def test_a_product_tells_price_tax_stock_and_promise_of_this_moment(shop: Client) -> None:
    page = text(shop.get("/de-de/p/paper-lantern/"))
    for told in (
        "Papierlaterne 21,99 € inkl. 19 % MwSt. · zzgl. Versand 4,90 €, kostenlos ab 50,00 €",
        "Bei Ihnen Mo., 23. – Di., 24. Nov.",
        "Versand aus: Deutschland",
        "Es fallen weder Zoll noch Einfuhrsteuern an; an der Tür ist nichts zu zahlen.",
    ):
        assert told in page, told


def test_what_is_sold_vanishes_from_the_page_at_once(shop: Client, world: World) -> None:
    assert 'id="buy"' in shop.get("/de-de/p/paper-lantern/").content.decode()
    Stock.objects.of(world.merchant.pk).filter(variant=world.variants["LANTERN"]).update(on_hand=0)
    page = shop.get("/de-de/p/paper-lantern/")
    assert 'id="buy"' not in page.content.decode()
    assert "Das ist zurzeit nicht bestellbar" in text(page)


def test_a_closed_lane_takes_its_promise_with_it(shop: Client, world: World) -> None:
    assert 'id="buy"' in shop.get("/ja-jp/p/paper-lantern/").content.decode()
    Lane.objects.of(world.merchant.pk).filter(code="SZX-JP").update(open=False)
    bump(world.merchant.pk)
    assert 'id="buy"' not in shop.get("/ja-jp/p/paper-lantern/").content.decode()


def test_an_archived_product_is_not_found(shop: Client, world: World) -> None:
    Product.objects.of(world.merchant.pk).filter(slug="blue-mug").update(status="archived")
    bump(world.merchant.pk)
    assert shop.get("/de-de/p/blue-mug/").status_code == 404
    assert titles(shop, "/de-de/all/") == ["Papierlaterne", "Messingleuchter", "Ungewogenes Paket"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("popular", ["Paper lantern", "Blue mug", "Brass chandelier", "Unweighed parcel"]),
        ("new", ["Unweighed parcel", "Brass chandelier", "Blue mug", "Paper lantern"]),
        ("cheap", ["Blue mug", "Unweighed parcel", "Paper lantern", "Brass chandelier"]),
        ("dear", ["Brass chandelier", "Paper lantern", "Blue mug", "Unweighed parcel"]),
        ("nonsense", ["Paper lantern", "Blue mug", "Brass chandelier", "Unweighed parcel"]),
    ],
)
def test_a_listing_is_sorted(shop: Client, sort: str, order: list[str]) -> None:
    assert titles(shop, f"/en-us/all/?sort={sort}") == order


def test_a_category_holds_its_own(shop: Client) -> None:
    assert titles(shop, "/en-us/c/lighting/") == ["Paper lantern", "Brass chandelier"]
    assert shop.get("/en-us/c/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("lantern", ["Papierlaterne"]),  # its English name, too
        ("LATERNE", []),  # a word by its beginning
        ("papier", ["Papierlaterne"]),
        ("tasse blau", ["Blaue Tasse"]),
        ("BLÄUE", ["Blaue Tasse"]),
        ("mug", ["Blaue Tasse"]),
        ("MUG", ["Blaue Tasse"]),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("", []),
    ],
)
def test_search_finds_words_by_their_beginnings(shop: Client, typed: str, found: list[str]) -> None:
    answer = shop.get("/de-de/search/", {"q": typed})
    assert answer.status_code == 200
    assert re.findall(r'<span class="t">(.*?)</span>', answer.content.decode()) == found


def test_search_finds_chinese_and_japanese_anywhere_in_a_word(shop: Client, world: World) -> None:
    mug = world.variants["MUG"].product
    ProductText.objects.create(
        merchant=world.merchant, product=mug, language="ja", title="青いマグカップ", search="青いマグカッフ"
    )
    assert titles(shop, "/ja-jp/search/?q=カップ") == ["青いマグカップ"]


def test_a_long_listing_comes_in_pages(shop: Client, world: World) -> None:
    mug = world.variants["MUG"].product
    for number in range(50):
        product = Product.objects.create(
            merchant=world.merchant, slug=f"mug-{number}", category=mug.category, status="live", rank=number
        )
        Variant.objects.create(merchant=world.merchant, product=product, sku=f"MUG-{number}", list_price_minor=10_00)
    bump(world.merchant.pk)
    assert [len(titles(shop, f"/en-us/all/?page={page}")) for page in (1, 2, 3)] == [24, 24, 6]
    everything = [title for page in (1, 2, 3) for title in titles(shop, f"/en-us/all/?page={page}")]
    assert len(set(everything)) == 54
    assert [len(titles(shop, f"/en-us/all/?page={page}")) for page in ("0", "-1", "x", "9" * 40)] == [24, 24, 24, 24]
    assert len(titles(shop, "/en-us/all/?page=999999")) == 6
    piece = shop.get("/en-us/all/?page=2", headers={"hx-request": "true"}).content.decode()
    assert (piece.count('class="card"'), "<html" in piece) == (24, False)


def test_pages_ask_the_database_as_often_as_promised(shop: Client, django_assert_num_queries: CountQueries) -> None:
    for path, queries in [
        ("/de-de/p/paper-lantern/", 2),
        ("/de-de/c/lighting/", 2),
        ("/de-de/all/", 2),
        ("/de-de/search/?q=papier", 3),
        ("/de-de/", 2),
    ]:
        shop.get(path)  # what one version of the merchant's rules says is then known
        with django_assert_num_queries(queries):
            assert shop.get(path).status_code == 200


def test_every_page_holds_browsers_to_a_policy_without_inline_scripts(shop: Client) -> None:
    for path in ("/de-de/", "/de-de/cart/", "/de-de/nothing/", "/robots.txt"):
        answer = shop.get(path)
        policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
        assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
        page = answer.content.decode()
        assert re.findall(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", page) == []


def test_a_picture_is_the_merchants_own_and_may_be_kept_long(shop: Client, world: World) -> None:
    picture = world.variants["MUG"].product.pictures.get()
    answer = shop.get(f"/picture/{picture.pk}.svg")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer["Cache-Control"] == "public, max-age=2592000, immutable"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert Client(headers={"host": "aoki.test"}).get(f"/picture/{picture.pk}.svg").status_code == 404
    assert shop.get(f"/picture/{'9' * 30}.svg").status_code == 404


def test_robots_are_told_where_nothing_is_to_be_found(shop: Client) -> None:
    answer = shop.get("/robots.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "Disallow: /*/checkout/" in answer.content.decode().splitlines()


def test_languages_say_their_legal_words(shop: Client, world: World) -> None:
    assert "税込（税率10%）" in text(shop.get("/ja-jp/p/blue-mug/"))
    arabic = shop.get("/ar-ae/p/blue-mug/")
    assert '<html lang="ar" dir="rtl">' in arabic.content.decode()
    assert "شامل ضريبة القيمة المضافة" in text(arabic)
    assert "plus tax, worked out at checkout" in text(shop.get("/en-us/p/blue-mug/"))
