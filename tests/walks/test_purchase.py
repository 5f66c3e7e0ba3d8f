"""A whole purchase in a real browser: from the front page over the payment provider to the order that is paid.

With HAITU_SHOTS=folder every page of the walks is kept there as a picture.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from haitu.models import Domain, Order
from outside.payment.desk import Desk
from outside.payment.mischief import Mischief
from outside.payment.server import serving
from tests.conftest import OpenPage
from tests.world import World

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe.min.js"
SHOTS = os.environ.get("HAITU_SHOTS", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Somebody abroad: what they type, and what the pages must say to them."""

    root: str
    locale: str
    address: dict[str, str]
    duty: str
    order_button: str
    thanks: str
    direction: str = "ltr"


ANNA = Buyer(
    root="/de-de/",
    locale="de-DE",
    address={
        "name": "Anna Schäfer",
        "street_address": "Lindenstraße 5",
        "postal_code": "04109",
        "city": "Leipzig",
    },
    duty="Es fallen weder Zoll noch Einfuhrsteuern an; an der Tür ist nichts zu zahlen.",
    order_button="Zahlungspflichtig bestellen",
    thanks="Vielen Dank, Anna Schäfer!",
)
BOB = Buyer(
    root="/en-us/",
    locale="en-US",
    address={
        "name": "Bob Miller",
        "street_address": "1 Ocean Drive",
        "city": "Newark",
        "country_area": "NJ",
        "postal_code": "07102",
    },
    duty="Duty and import tax are paid with the order; nothing is due at the door.",
    order_button="Order and pay",
    thanks="Thank you, Bob Miller!",
)
CHIE = Buyer(
    root="/ja-jp/",
    locale="ja-JP",
    address={
        "name": "佐藤 千恵",
        "postal_code": "100-0001",
        "country_area": "東京都",
        "street_address": "千代田区千代田1-1",
    },
    duty="関税・輸入税はかかりません。お届け時のお支払いはありません。",
    order_button="注文を確定して支払う",
    thanks="佐藤 千恵 様、ありがとうございます",
)
DANA = Buyer(
    root="/ar-ae/",
    locale="ar-AE",
    address={"name": "دانة الهاشمي", "street_address": "شارع الوصل 12", "country_area": "إمارة دبيّ"},
    duty="ندفع الرسوم الجمركية وضريبة الاستيراد؛ لا شيء مستحق عند الباب.",
    order_button="اطلب وادفع",
    thanks="شكرًا لك، دانة الهاشمي!",
    direction="rtl",
)


@pytest.fixture
def provider() -> Iterator[Desk]:
    """The sandbox payment provider, on a port of its own."""
    with serving(host="127.0.0.1", port=0, path=":memory:", mischief=Mischief()) as desk:
        yield desk


@pytest.fixture
def shop_address(transactional_db: None, world: World, provider: Desk, live_server: Any) -> str:
    """Hengda's shop behind a real server, paid at the sandbox provider."""
    Domain.objects.create(merchant=world.merchant, host="localhost")
    world.account.address = provider.own_address
    world.account.save()
    return str(live_server.url)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("buyer", [ANNA, BOB, CHIE, DANA], ids=["Anna", "Bob", "Chie", "Dana"])
def test_a_buyer_finds_orders_and_pays(
    *, shop_address: str, world: World, open_page: OpenPage, buyer: Buyer, screen: dict[str, int], scripts: bool
) -> None:
    page = open_page(viewport=screen, locale=buyer.locale, java_script_enabled=scripts)
    walk = Walk(page, shop_address, buyer, f"{buyer.root.strip('/')}-{screen['width']}-{'js' if scripts else 'plain'}")
    walk.find_and_take("Papierlaterne" if buyer is ANNA else "Paper lantern")
    walk.check_out()
    walk.pay()
    order = Order.objects.of(world.merchant.pk).get()
    assert (order.status, order.paid_minor) == ("paid", order.total_minor)
    assert order.name == buyer.address["name"]


class Walk:
    """One buyer's way through the shop."""

    def __init__(self, page: Page, address: str, buyer: Buyer, name: str) -> None:
        self.page, self.address, self.buyer, self.name = page, address, buyer, name
        self.scripts = name.endswith("-js")

    def find_and_take(self, title: str) -> None:
        page = self.page
        page.goto(f"{self.address}/")
        assert page.url == f"{self.address}{self.buyer.root}"
        assert page.locator("html").get_attribute("dir") == self.buyer.direction
        self.look("1-home")
        page.locator("input[name=q]").fill(title.split(maxsplit=1)[0][:5])
        page.locator("input[name=q]").press("Enter")
        expect(page.locator(".card")).to_have_count(1)
        self.look("2-found")
        page.locator(".card a").click()
        expect(page.locator("h1")).to_have_text(title)
        self.look("3-product")
        page.locator("#buy button").click()
        if self.scripts:
            expect(page.locator("#cart-link b")).to_have_count(1)
            page.locator("#added a").click()
        page.wait_for_url("**/cart/")
        self.look("4-cart")

    def check_out(self) -> None:
        page = self.page
        page.locator(".sum a.button").click()
        page.locator("[name=email]").fill("buyer@example.com")
        for name, text in self.buyer.address.items():
            field = page.locator(f"[name={name}]")
            if field.evaluate("it => it.tagName") == "SELECT" if self.scripts else name == "country_area":
                field.select_option(text)
            else:
                field.fill(text)
        self.look("5-address")
        page.locator("form.form button.wide").click()
        page.wait_for_url("**/checkout/delivery/")
        expect(page.get_by_text(self.buyer.duty)).to_have_count(1)
        self.look("6-delivery")
        page.locator("form.form button").click()
        page.wait_for_url("**/checkout/review/")
        expect(page.locator("form button.wide")).to_have_text(self.buyer.order_button)
        self.look("7-review")
        page.go_back()
        page.wait_for_url("**/checkout/delivery/")
        page.go_forward()
        page.locator("form button.wide").click()

    def pay(self) -> None:
        page = self.page
        page.wait_for_selector("button.first")
        page.locator("button.first").click()
        page.wait_for_url(re.compile(r"/order/"))
        for _ in range(40):
            if page.locator("h1").inner_text() == self.buyer.thanks:
                break
            page.wait_for_timeout(100)
            page.reload()
        expect(page.locator("h1")).to_have_text(self.buyer.thanks)
        self.look("8-order")

    def look(self, step: str) -> None:
        """Nothing is wider than the screen, nothing breaks a rule of accessibility; kept as a picture if wanted."""
        page = self.page
        if self.scripts:
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= page.viewport_size["width"], f"{step} is {width} wide"  # type: ignore[index]
            assert _breaches(page) == [], step
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{self.name}-{step}.png", full_page=True)


def _breaches(page: Page) -> list[str]:
    """What axe finds against WCAG 2 A and AA."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa']})")
    return [f"{its['id']}: {its['nodes'][0]['html'][:200]}" for its in found["violations"]]
