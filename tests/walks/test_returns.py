"""From the shop's front page to the money back, in a real browser: bought, delivered, sent back, graded, decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from haitu.actions import fulfil, refund
from haitu.actions.clockwork import tick
from haitu.actions.record import audit_ledger, audit_orders
from haitu.links.carriers import client
from haitu.models import Letter, Order, ReturnLabel, Stock
from haitu.reads.conservation import stock_problems
from outside.carriers import sandbox
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.actions.returning import rules, site
from tests.actions.shipping import KEY, account
from tests.conftest import OpenPage
from tests.walks.test_desk import complaints, shoot
from tests.walks.test_purchase import ANNA, PHONE, Walk, provider, shop_address  # noqa: F401 - two are fixtures
from tests.world import PASSWORD, World

pytestmark = pytest.mark.browser


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


def bought(world: World, page: Page, address: str) -> Order:
    """Anna buys a lantern without scripts, and has it a moment later."""
    walk = Walk(page, address, ANNA, "return-390-plain")
    walk.find_and_take("Papierlaterne")
    walk.check_out()
    walk.pay()
    order = Order.objects.of(world.merchant.pk).get()
    for parcel in fulfil.ship(merchant_id=world.merchant.pk, order_id=order.pk, by=world.packer, now=timezone.now()):
        fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=parcel, by=world.packer, now=timezone.now())
    return order


def desk_log_in(page: Page, address: str) -> None:
    page.goto(f"{address}/desk/")
    page.get_by_label("User name").fill("lin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_what_was_bought_goes_back_and_its_money_too(
    shop_address: str,  # noqa: F811 - the fixture
    world: World,
    open_page: OpenPage,
    books: Books,
) -> None:
    rules(world)
    site(world, account(world, books.own_address))
    buyer = open_page(viewport=PHONE, locale="de-DE", java_script_enabled=False)
    order = bought(world, buyer, shop_address)
    before = Stock.objects.of(world.merchant.pk).get(variant__sku="LANTERN", warehouse__code="LEJ").on_hand

    buyer.reload()
    buyer.get_by_role("link", name="Vertrag widerrufen oder etwas zurücksenden").click()
    buyer.get_by_label("Wie viele gehen zurück").select_option("1")
    buyer.get_by_label("Warum").select_option("unwanted")
    buyer.get_by_label("Möchten Sie uns noch etwas sagen?").fill("Zu groß für unser Fenster.")
    shoot(buyer, "return-asking-phone")
    buyer.get_by_role("button", name="Rücksendung bestätigen").click()
    expect(buyer.get_by_role("heading", name=f"Rücksendung R{order.number}-1")).to_be_visible()
    expect(buyer.get_by_text("Messe-Allee 1")).to_be_visible()
    shoot(buyer, "return-asked-phone")
    buyer.get_by_role("button", name="Etikett holen").click()
    expect(buyer.get_by_role("link", name="Etikett drucken")).to_be_visible()
    shoot(buyer, "return-label-phone")
    label = ReturnLabel.objects.of(world.merchant.pk).get()
    assert (label.state, label.wanted["receiver"]["street"], label.wanted["way_back"]) == (
        "bought",
        "Messe-Allee 1",
        True,
    )

    desk = open_page()
    desk_log_in(desk, shop_address)
    desk.get_by_role("link", name="Returns", exact=True).click()
    expect(desk.get_by_role("link", name=f"R{order.number}-1")).to_be_visible()
    assert complaints(desk) == []
    shoot(desk, "returns-board")
    desk.get_by_role("link", name=f"R{order.number}-1").click()
    expect(desk.get_by_text("Zu groß für unser Fenster.")).to_be_visible()
    desk.get_by_role("button", name="It is here").click()
    desk.get_by_label("Grade of LANTERN").select_option("A")
    desk.get_by_role("button", name="Note the grades").click()
    expect(desk.get_by_text("Sell again here LEJ")).to_be_visible()
    assert complaints(desk) == []
    shoot(desk, "return-to-decide")
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="Decide and give the money back").click()
    expect(desk.get_by_text("The return is decided.")).to_be_visible()
    shoot(desk, "return-decided")

    refund.ask_pending(now=timezone.now() + timedelta(minutes=5))
    told = tick(now=timezone.now() + timedelta(minutes=10), everything=True)
    assert [name for name, what in told.items() if what.startswith("failed")] == []
    buyer.reload()
    expect(buyer.get_by_text("Ihr Geld ist zurückgegangen.")).to_be_visible()
    shoot(buyer, "return-done-phone")
    order.refresh_from_db()
    fee = min(390, label.cost_minor or 390)
    assert order.refunded_minor == order.total_minor - fee
    shelf = Stock.objects.of(world.merchant.pk).get(variant__sku="LANTERN", warehouse__code="LEJ")
    assert shelf.on_hand == before + 1
    kinds = Letter.objects.of(world.merchant.pk).order_by("pk").values_list("kind", flat=True)
    assert [kind for kind in kinds if "ret" in kind or kind == "refunded"] == [
        "return_asked",
        "return_label",
        "return_received",
        "refunded",
    ]
    assert Letter.objects.of(world.merchant.pk).filter(kind__startswith="return", sent_at=None).count() == 0
    problems: list[Any] = [*audit_ledger().problems, *audit_orders(world.merchant.pk), *stock_problems()]
    assert [problem.told for problem in problems] == []

    desk.goto(f"{shop_address}{reverse('desk:returns_rates')}")
    expect(desk.get_by_role("row", name="LANTERN Germany 1 1 100 %")).to_be_visible()
    assert complaints(desk) == []
    shoot(desk, "returns-rates")
    desk.goto(f"{shop_address}{reverse('desk:returns_rules')}")
    assert complaints(desk) == []
    shoot(desk, "returns-rules")


def test_a_carrier_that_fails_leaves_the_return_open_and_the_phone_s_board_narrow(
    shop_address: str,  # noqa: F811 - the fixture
    world: World,
    open_page: OpenPage,
) -> None:
    rules(world)
    site(world, account(world))
    buyer = open_page(viewport=PHONE, locale="de-DE", java_script_enabled=False)
    order = bought(world, buyer, shop_address)
    buyer.goto(f"{shop_address}/de-de/order/{order.token}/return/")
    buyer.get_by_label("Wie viele gehen zurück").select_option("1")
    buyer.get_by_role("button", name="Rücksendung bestätigen").click()
    buyer.get_by_role("button", name="Etikett holen").click()
    expect(buyer.get_by_text("Wir konnten gerade kein Etikett bekommen.")).to_be_visible()
    shoot(buyer, "return-no-label-phone")
    buyer.get_by_label("Sendungsnummer").fill("DHL 123")
    buyer.get_by_role("button", name="Ich habe es abgeschickt").click()
    expect(buyer.get_by_text("Es ist auf dem Weg zu uns.")).to_be_visible()

    desk = open_page(viewport=PHONE)
    desk_log_in(desk, shop_address)
    desk.goto(f"{shop_address}{reverse('desk:returns')}?q=r{order.number}")
    expect(desk.get_by_role("link", name=f"R{order.number}-1")).to_be_visible()
    assert desk.evaluate("document.documentElement.scrollWidth") <= 390
    shoot(desk, "returns-board-phone")
    desk.goto(f"{shop_address}{reverse('desk:returns')}?q=nothing")
    expect(desk.get_by_text("No such return")).to_be_visible()
