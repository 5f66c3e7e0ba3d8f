"""A packer's and an accountant's day with a carrier, in a real browser: account, label, the way, the bill."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from haitu.links.carriers import client
from haitu.models import CarrierAccount, Label
from outside.carriers import sandbox
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.actions import test_track
from tests.actions.shipping import KEY, parcel
from tests.walks.test_desk import complaints, log_in, shoot
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


def test_a_carrier_is_opened_used_and_held_to_its_word(
    world: World, live_server: LiveServer, page: Page, books: Books, tmp_path: Path
) -> None:
    shipment = parcel(world)
    log_in(page, live_server)
    page.goto(f"{live_server.url}{reverse('desk:carriers')}?carrier=sandbox")
    page.get_by_label("Name of the account").fill("Sandbox DE")
    page.get_by_label("Address of the interface").fill(f"{books.own_address}/sandbox")
    page.get_by_label("Key").fill(KEY)
    assert complaints(page) == []
    page.get_by_role("button", name="Open the account").click()
    page.get_by_role("button", name="Try the connection").click()
    expect(page.get_by_text("The carrier answers, and knows this account.")).to_be_visible()
    shoot(page, "carrier-account")

    page.goto(f"{live_server.url}{reverse('desk:order', args=[shipment.order_id])}")
    page.get_by_label("Weight, g").fill("900")
    page.get_by_role("button", name="Buy a label").click()
    expect(page.get_by_role("link", name="Print the label")).to_be_visible()
    label = Label.objects.of(world.merchant.pk).get()
    account = CarrierAccount.objects.of(world.merchant.pk).get()
    now = timezone.now()
    codes = ("PICKUP", "HUB", "OUT")
    test_track.push(account, [test_track.row(label.waybill, code, now, place="Leipzig") for code in codes], now=now)
    page.reload()
    expect(page.locator(f"#parcel-{shipment.pk}").get_by_text("Out for delivery").first).to_be_visible()
    assert complaints(page) == []
    shoot(page, "order-with-label")

    bill = tmp_path / "bill.csv"
    bill.write_text(f"waybill,amount,weight\n{label.waybill},6.54,1.2\nSBX9,3.00,\n")
    page.goto(f"{live_server.url}{reverse('desk:carrier_bills')}")
    page.get_by_label("Number of the bill").fill("2026-11")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("File").set_input_files(bill)
    page.get_by_role("button", name="Audit and book").click()
    expect(page.get_by_text("The bill is audited and booked.")).to_be_visible()
    page.get_by_role("button", name="Claim what is too much").click()
    expect(page.get_by_role("link", name="Claim list")).to_be_visible()
    assert complaints(page) == []
    shoot(page, "carrier-bill")
