"""From the cart to the placed order in three steps, and what keeps them honest."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from haitu.actions import pay
from haitu.actions.version import bump
from haitu.links.payment.protocol import ProviderSilent
from haitu.models import Lane, Market, Order, Stock, Variant
from tests.web.buying import ADDRESS, agree, put_in, review, text, type_address
from tests.world import World


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A payment provider that opens its page at once; what it was asked."""
    asked: list[dict[str, Any]] = []

    def start(**given: Any) -> str:
        asked.append(given)
        return "https://pay.example/p/1"

    monkeypatch.setattr(pay, "start", start)
    return asked


def place(shop: Client, seen: str, root: str = "/de-de/") -> Any:
    return shop.post(f"{root}checkout/place/", {"seen": seen})


def test_three_steps_lead_to_an_order_and_on_to_the_payment(
    shop: Client, world: World, provider: list[dict[str, Any]]
) -> None:
    put_in(shop, world, "LANTERN", 2)
    assert type_address(shop)["Location"] == "/de-de/checkout/delivery/"
    assert agree(shop)["Location"] == "/de-de/checkout/review/"
    answer = place(shop, review(shop))
    order = Order.objects.of(world.merchant.pk).get()
    assert (answer.status_code, answer["Location"]) == (303, f"/de-de/order/{order.token}/pay/")
    onward = shop.get(answer["Location"])
    assert (onward.status_code, onward["Location"]) == (303, "https://pay.example/p/1")
    assert (order.total_minor, order.currency, order.status, order.language) == (48_88, "EUR", "pending", "de")
    assert (order.name, order.phone, order.email) == ("Anna Schäfer", "+49 341 1234567", "anna@example.test")
    assert order.address == {
        "name": "Anna Schäfer",
        "street_address": "Lindenstraße 5",
        "postal_code": "04109",
        "city": "Leipzig",
    }
    assert provider[0]["return_url"] == f"http://hengda.test/de-de/order/{order.token}/?back"
    assert answer.cookies["cart"].value == ""
    assert "Ihre letzte Bestellung" in text(shop.get("/de-de/cart/"))


def test_sent_twice_it_is_one_order(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    seen, cart = review(shop), shop.cookies["cart"].value
    place(shop, seen)
    shop.cookies["cart"] = cart
    assert place(shop, seen).status_code == 303
    assert Order.objects.of(world.merchant.pk).count() == 1


def test_a_price_that_rose_is_shown_before_anything_is_ordered(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    seen = review(shop)
    Variant.objects.of(world.merchant.pk).filter(sku="LANTERN").update(list_price_minor=30_00)
    bump(world.merchant.pk)
    answer = place(shop, seen)
    assert answer.status_code == 409
    page = text(answer)
    assert "Seit Sie diese Seite gesehen haben, hat sich etwas geändert." in page
    assert "Waren 21,99 € 31,99 € Steuer 4,29 € 5,89 € Gesamtsumme 26,89 € 36,89 €" in page
    assert Order.objects.of(world.merchant.pk).count() == 0
    assert place(shop, review(shop)).status_code == 303


@pytest.mark.parametrize("seen", ["", "x", "e30:1:2", "\0", "a" * 20_000])
def test_a_quote_nobody_showed_orders_nothing(shop: Client, world: World, seen: str) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    assert place(shop, seen).status_code == 409
    assert Order.objects.of(world.merchant.pk).count() == 0


def test_what_was_sold_meanwhile_is_said_and_not_ordered(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    seen = review(shop)
    Stock.objects.of(world.merchant.pk).update(on_hand=0)
    answer = place(shop, seen)
    assert (answer.status_code, Order.objects.of(world.merchant.pk).count()) == (409, 0)
    assert "Etwas in Ihrem Warenkorb ist gerade ausverkauft." in text(answer)


def test_a_lane_that_closed_meanwhile_is_said_and_not_ordered(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    seen = review(shop)
    Lane.objects.of(world.merchant.pk).update(open=False)
    bump(world.merchant.pk)
    answer = place(shop, seen)
    assert (answer.status_code, Order.objects.of(world.merchant.pk).count()) == (422, 0)
    assert "Wir können das zurzeit nicht zu Ihnen liefern." in text(answer)


def test_when_the_provider_is_silent_the_order_is_safe_and_says_so(
    shop: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(**_: Any) -> str:
        raise ProviderSilent("no answer")

    monkeypatch.setattr(pay, "start", silent)
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    answer = shop.get(place(shop, review(shop))["Location"])
    token = Order.objects.of(world.merchant.pk).get().token
    assert answer["Location"] == f"/de-de/order/{token}/?said=provider_silent"
    page = text(shop.get(answer["Location"]))
    assert "Der Zahlungsdienstleister antwortet nicht." in page
    assert "26,89 € zahlen" in page


def test_steps_cannot_be_skipped(shop: Client, world: World) -> None:
    assert shop.get("/de-de/checkout/")["Location"] == "/de-de/cart/"
    put_in(shop, world)
    for path in ("delivery/", "review/"):
        assert shop.get(f"/de-de/checkout/{path}")["Location"] == "/de-de/checkout/"
    assert place(shop, "x")["Location"] == "/de-de/checkout/"
    type_address(shop)
    assert shop.get("/de-de/checkout/review/")["Location"] == "/de-de/checkout/delivery/"


def test_an_address_of_one_country_is_asked_anew_in_another(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop)
    assert shop.get("/ja-jp/checkout/delivery/")["Location"] == "/ja-jp/checkout/"


def test_what_was_typed_is_still_there_when_one_goes_back(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop, street_address_2="3. Etage")
    page = shop.get("/de-de/checkout/").content.decode()
    for typed in ("Anna Schäfer", "Lindenstraße 5", "3. Etage", "04109", "+49 341 1234567"):
        assert f'value="{typed}"' in page, typed


def test_what_was_typed_can_be_read_by_nobody_else(shop: Client, world: World) -> None:
    put_in(shop, world)
    type_address(shop)
    cookie = shop.cookies["checkout"]
    assert ("Anna" in cookie.value, cookie["httponly"], cookie["samesite"]) == (False, True, "Lax")
    assert len(cookie.value) < 4000


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("email", "", "Bitte geben Sie eine E-Mail-Adresse wie name@example.com ein."),
        ("email", "anna@", "Bitte geben Sie eine E-Mail-Adresse wie name@example.com ein."),
        ("email", "a" * 300 + "@example.com", "Das ist zu lang; erlaubt sind 254 Zeichen."),
        ("phone", "abc", "Bitte geben Sie eine Telefonnummer ein, oder lassen Sie das Feld leer."),
        ("name", "", "Bitte ausfüllen."),
        ("name", "x" * 100_000, "Das ist zu lang; erlaubt sind 80 Zeichen."),
        ("name", "Anna\0", "Das enthält nicht druckbare Zeichen."),
        ("city", "Leip\x1bzig", "Das enthält nicht druckbare Zeichen."),
        ("street_address", "\u202emoc", "Das enthält nicht druckbare Zeichen."),
        ("postal_code", "ABC", "Das passt nicht zu diesem Land. Bitte prüfen Sie es."),
        ("postal_code", "", "Bitte ausfüllen."),
        ("city", " ", "Bitte ausfüllen."),
    ],
)
def test_a_field_that_is_wrong_says_how(shop: Client, world: World, field: str, typed: str, told: str) -> None:
    put_in(shop, world)
    answer = type_address(shop, **{field: typed})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert f'<small class="err" id="e-{field}">{told}</small>' in page
    assert f'<a href="#f-{field}">' in page


def test_scripts_that_are_typed_stay_words(shop: Client, world: World) -> None:
    put_in(shop, world)
    script = "<script>alert(1)</script>"
    type_address(shop, name=script, street_address='"><img src=x onerror=alert(1)>')
    agree(shop)
    page = shop.get("/de-de/checkout/review/").content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert ("<script>alert" in page, "<img src=x" in page) == (False, False)


def test_each_country_has_its_own_form(shop: Client, world: World) -> None:
    def names(root: str) -> list[str]:
        put_in(shop, world, root=root)
        page = shop.get(f"{root}checkout/").content.decode()
        return [part.split('"', 1)[0] for part in page.split(' name="')[1:] if part.split('"', 1)[0] in FIELDS]

    assert names("/de-de/") == [
        "email", "phone", "name", "company_name", "street_address", "street_address_2", "postal_code", "city",
    ]  # fmt: skip
    assert names("/en-us/") == [
        "email", "phone", "name", "company_name", "street_address", "street_address_2", "city", "country_area",
        "postal_code",
    ]  # fmt: skip
    assert names("/ja-jp/") == [
        "email", "phone", "postal_code", "country_area", "street_address", "street_address_2", "company_name", "name",
    ]  # fmt: skip
    assert names("/ar-ae/") == [
        "email", "phone", "name", "company_name", "street_address", "street_address_2", "country_area",
    ]  # fmt: skip


FIELDS = {*ADDRESS, "company_name", "country_area", "city_area"}


def test_american_sales_tax_follows_the_state(shop: Client, world: World) -> None:
    put_in(shop, world, root="/en-us/")
    nj = {
        "phone": "",
        "street_address": "1 Ocean Drive",
        "city": "Newark",
        "country_area": "NJ",
        "postal_code": "07102",
    }
    type_address(shop, root="/en-us/", **nj)
    assert "Sales tax $1.72" in text(shop.get("/en-us/checkout/delivery/"))
    wrong = type_address(shop, root="/en-us/", **nj | {"country_area": "XX"})
    assert wrong.status_code == 422


@pytest.mark.parametrize("cookie", ["x", "\0", "gAAAAA" + "x" * 200, "." * 4000])
def test_a_forged_checkout_begins_anew(shop: Client, world: World, cookie: str) -> None:
    put_in(shop, world)
    shop.cookies["checkout"] = cookie
    assert shop.get("/de-de/checkout/review/")["Location"] == "/de-de/checkout/"


def test_a_form_without_its_token_is_refused_in_words(shop: Client, world: World) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "hengda.test"})
    answer = strict.post("/de-de/cart/add/", {"variant": world.variants["MUG"].pk})
    assert answer.status_code == 403
    assert "Diese Seite war zu lange offen, oder Ihr Browser lehnt Cookies ab." in text(answer)


def test_forms_are_posted_and_nothing_else(shop: Client) -> None:
    for path in ("cart/add/", "cart/change/", "checkout/place/", "markets/chosen/"):
        assert shop.get(f"/de-de/{path}").status_code == 405
    assert shop.post("/de-de/").status_code == 405


def test_a_body_that_cannot_be_read_is_refused(shop: Client) -> None:
    answer = shop.post("/de-de/checkout/", b"\xff\x00nonsense", content_type="multipart/form-data; boundary=x")
    assert answer.status_code in {303, 400}
    many = "&".join(f"f{number}=1" for number in range(2000))
    assert shop.post("/de-de/cart/add/", many, content_type="application/x-www-form-urlencoded").status_code == 400


def test_a_market_that_closes_before_the_last_button_takes_no_order(world: World, shop: Client) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    seen = review(shop)
    Market.objects.of(world.merchant.pk).filter(country="DE").update(open=False)
    bump(world.merchant.pk)
    assert shop.post("/de-de/checkout/place/", {"seen": seen}).status_code == 404
    assert Order.objects.of(world.merchant.pk).count() == 0
