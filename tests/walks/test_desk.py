"""A merchant's day at the desk, in a real browser: on a desk and on a phone, in English and in Chinese."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from haitu.actions.fulfil import ship
from haitu.models import Order
from tests.actions.buying import basket_of, paid_order
from tests.world import NOW, PASSWORD, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js"
SHOTS = os.environ.get("HAITU_SHOTS", "")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PAGES = ["overview", "orders", "products", "stock", "profit", "markets", "lanes", "team", "trail", "assumptions"]


def log_in(page: Page, live_server: LiveServer, name: str = "lin") -> None:
    page.goto(f"{live_server.url}/desk/")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(400)
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def complaints(page: Page) -> list[str]:
    """What axe finds wrong by WCAG 2 A and AA, as sentences."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    return [
        f"{rule['id']}: {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@pytest.fixture
def orders(world: World) -> tuple[Order, Order]:
    """One order that has left, one that waits."""
    left = paid_order(world, basket_of(world, LANTERN=2, MUG=1), cart="cart-1")
    ship(merchant_id=world.merchant.pk, order_id=left.pk, by=world.packer, now=NOW)
    return left, paid_order(world, basket_of(world, LANTERN=1), cart="cart-2")


def test_from_the_profit_down_to_a_posting_and_an_order_on_its_way(
    live_server: LiveServer, page: Page, world: World, orders: tuple[Order, Order]
) -> None:
    left, waiting = orders
    log_in(page, live_server)
    shoot(page, "overview")
    page.get_by_role("link", name="Profit").first.click()
    expect(page.locator("#waterfall canvas")).to_be_visible()
    shoot(page, "profit")
    page.locator("#steps").get_by_role("link", name="-CN¥95.04", exact=True).click()  # goods, as they were
    expect(page.get_by_role("heading", name="Postings: Goods")).to_be_visible()
    shoot(page, "postings")
    page.get_by_role("link", name="Parcel shipped").first.click()
    expect(page.get_by_role("row", name="Sum")).to_contain_text("€0.00")
    shoot(page, "event")
    page.get_by_role("link", name=f"Order {left.number}").click()
    shoot(page, "order")
    page.get_by_role("link", name="Orders", exact=True).first.click()
    page.get_by_label(f"Choose {waiting.number}").check()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Mark chosen as shipped").click()
    expect(page.get_by_role("status")).to_contain_text("1 order shipped.")
    shoot(page, "orders")
    assert Order.objects.of(world.merchant.pk).get(pk=waiting.pk).status == "shipped"


def test_the_desk_speaks_chinese_once_asked_and_keeps_to_it(
    live_server: LiveServer, page: Page, world: World, orders: tuple[Order, Order]
) -> None:
    log_in(page, live_server)
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("heading", name="概览")).to_be_visible()
    for name in PAGES:
        page.goto(live_server.url + reverse(f"desk:{name}"))
        shoot(page, f"zh-{name}")
    page.goto(live_server.url + reverse("desk:order", args=[orders[0].pk]))
    shoot(page, "zh-order")
    world.owner.refresh_from_db()
    assert world.owner.language == "zh-hans"
    assert page.locator("html").get_attribute("lang") == "zh-Hans"


def test_a_price_typed_into_the_grid_is_the_price(live_server: LiveServer, page: Page, world: World) -> None:
    log_in(page, live_server)
    page.goto(live_server.url + reverse("desk:products"))
    page.get_by_label("SKU or title").fill("lanter")
    expect(page.locator("#grid tbody tr")).to_have_count(1)
    field = page.get_by_label("List price of LANTERN")
    field.fill("23.50")
    field.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("The price is saved.")
    world.variants["LANTERN"].refresh_from_db()
    assert world.variants["LANTERN"].list_price_minor == 23_50


def test_a_wrong_password_is_refused_in_words(live_server: LiveServer, page: Page, world: World) -> None:
    page.goto(f"{live_server.url}/desk/")
    shoot(page, "login")
    page.get_by_label("User name").fill("lin")
    page.get_by_label("Password").fill("guess")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desk", "phone", "dark"])
def test_every_page_is_readable_for_everybody(
    *,
    live_server: LiveServer,
    open_page: Callable[..., Page],
    world: World,
    orders: tuple[Order, Order],
    options: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    page = open_page(**options)
    log_in(page, live_server)
    lantern = world.variants["LANTERN"]
    addresses = {name: reverse(f"desk:{name}") for name in PAGES} | {
        "order": reverse("desk:order", args=[orders[0].pk]),
        "order-to-ship": reverse("desk:order", args=[orders[1].pk]),
        "slip": reverse("desk:slip", args=[orders[1].pk]),
        "product": reverse("desk:product", args=[lantern.product_id]),
        "shelves": reverse("desk:shelves", args=[lantern.pk]),
        "import": reverse("desk:products_import"),
        "stock-row": reverse("desk:stock_row", args=[world.stocks["LANTERN", "LEJ"].pk]),
        "market": reverse("desk:market", args=[world.markets["DE"].pk]),
        "tariff": reverse("desk:tariff", args=[world.lanes["LEJ-DE"].tariff_id]),
        "postings": reverse("desk:postings") + "?step=goods",
    }
    found: dict[str, list[str]] = {}
    for name, address in addresses.items():
        page.goto(live_server.url + address)
        shoot(page, f"{request.node.callspec.id}-{name}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        told = complaints(page) + ([f"{wide} px wider than the screen"] if wide > 0 else [])
        if told:
            found[name] = told
    assert found == {}
