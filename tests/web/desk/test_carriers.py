"""At the desk: accounts are opened and tried, labels bought, printed and cancelled, parcels followed, bills audited."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from haitu.links.carriers import SECRETS, client
from haitu.models import CarrierAccount, CarrierInvoice, CarrierInvoiceLine, Label, LabelState, Shipment
from haitu.reads.desk.carriers import of_order
from haitu.web.desk import carrier_words
from outside.carriers import sandbox
from outside.carriers.books import Books, Seen
from outside.carriers.server import serving
from tests.actions import test_track
from tests.actions.shipping import KEY, LATER, account, parcel
from tests.web.desk.conftest import At
from tests.world import HOST, World


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.001)
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


def page(browser: Client, name: str, *args: Any, **query: str) -> str:
    answer = browser.get(reverse(f"desk:{name}", args=args), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def buy(browser: Client, shipment: Shipment, given: CarrierAccount, **more: Any) -> None:
    where = reverse("desk:label_buy", args=[shipment.order_id, shipment.pk])
    answer = browser.post(where, {"account": given.pk, **more})
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("desk:order", args=[shipment.order_id]))


def only_label(world: World) -> Label:
    return Label.objects.of(world.merchant.pk).get()


@pytest.mark.parametrize("code", sorted(SECRETS))
def test_every_carrier_has_a_form_with_its_secrets(world: World, owner: Client, code: str) -> None:
    shown = page(owner, "carriers", carrier=code)
    assert [name for name in SECRETS[code] if f'name="secret_{name}"' not in shown] == []
    assert carrier_words.CARRIERS[code] in shown


def test_an_account_is_opened_tried_and_changed_and_its_secret_never_shown(
    world: World, owner: Client, books: Books
) -> None:
    form = {"carrier": "sandbox", "name": "Sandbox DE", "address": f"{books.own_address}/sandbox", "active": "yes"}
    answer = owner.post(reverse("desk:carriers"), {**form, "secret_api_key": KEY, "setting_service": "express"})
    row = CarrierAccount.objects.of(world.merchant.pk).get()
    assert answer.headers["Location"] == reverse("desk:carrier", args=[row.pk])
    owner.post(reverse("desk:carrier_check", args=[row.pk]))
    owner.post(reverse("desk:carrier", args=[row.pk]), {**form, "name": "Renamed", "setting_service": "express"})
    row.refresh_from_db()
    assert (row.name, row.settings, row.checked_told) == ("Renamed", {"service": "express"}, "Account ck_test_hengda_0")
    shown = page(owner, "carrier", row.pk) + page(owner, "carriers")
    assert KEY not in shown
    assert f"/hooks/tracking/{row.token}/" in shown


def test_a_form_that_cannot_be_kept_says_why_and_keeps_what_was_typed(world: World, owner: Client) -> None:
    answer = owner.post(reverse("desk:carriers"), {"carrier": "sf", "name": "顺丰", "address": "https://x.example"})
    shown = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="顺丰"' in shown
    assert not CarrierAccount.objects.of(world.merchant.pk).exists()


def test_a_label_is_bought_printed_and_cancelled_on_the_order_page(world: World, owner: Client, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    assert "Buy a label" in page(owner, "order", shipment.order_id)
    buy(owner, shipment, given, weight_g="900")
    label = only_label(world)
    assert (label.state, label.cost_minor) == (LabelState.BOUGHT, 350 + 9 * 6)
    printed = owner.get(reverse("desk:label_print", args=[label.pk]))
    assert (printed.headers["Content-Type"], printed.content[:4]) == ("application/pdf", b"%PDF")
    assert printed.headers["Content-Disposition"] == f'inline; filename="{label.waybill}.pdf"'
    shown = page(owner, "order", shipment.order_id)
    assert label.waybill in shown
    assert "Cancel the label" in shown
    owner.post(reverse("desk:label_void", args=[label.pk]))
    assert only_label(world).state == LabelState.VOIDED
    assert owner.get(reverse("desk:label_print", args=[label.pk])).status_code == 404


def test_a_silent_carrier_leaves_a_button_to_ask_again(world: World, owner: Client, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    books.mischief.outages = client.TRIES
    buy(owner, shipment, given)
    shown = page(owner, "order", shipment.order_id)
    assert ("Ask again" in shown, "Give it up" in shown, "The carrier does not answer" in shown) == (True, True, True)
    buy(owner, shipment, given)
    assert only_label(world).state == LabelState.BOUGHT


def test_what_a_carrier_refuses_is_told_in_its_words(world: World, owner: Client, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    buy(owner, shipment, given, service="rocket")
    assert "There is no service &#39;rocket&#39;." in page(owner, "order", shipment.order_id)
    assert only_label(world).state == LabelState.REFUSED


def test_the_parcel_s_way_is_shown_with_odd_codes_as_they_are(world: World, owner: Client) -> None:
    given, shipment = test_track.own(world)
    rows = [*test_track.road("W1")[:3], test_track.row("W1", "TELEPORTED", test_track.ARRIVED, place="Leipzig")]
    test_track.push(given, rows)
    shown = page(owner, "order", shipment.order_id)
    assert [word in shown for word in ("Picked up", "On the way", "TELEPORTED", "Leipzig")] == [True] * 4
    (carriage,) = of_order(world.merchant.pk, shipment.order_id).values()
    assert [scan.code for scan in carriage.scans] == ["TELEPORTED", "HUB", "PICKUP", "ANNOUNCED"]


def test_the_buyer_sees_where_the_parcel_is(world: World, settings: Any) -> None:
    given, shipment = test_track.own(world)
    test_track.push(given, [test_track.row("W1", "OUT", LATER, place="Leipzig")])
    settings.ALLOWED_HOSTS = ["*"]
    answer = Client(headers={"host": HOST}).get(f"/de-de/order/{shipment.order.token}/")
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert ("In Zustellung" in shown, "Leipzig" in shown) == (True, True)


def test_chinese_has_a_word_for_every_state(world: World, at: At) -> None:
    type(world.owner).objects.filter(pk=world.owner.pk).update(language="zh-hans")
    world.owner.refresh_from_db()
    given, shipment = test_track.own(world)
    test_track.push(given, test_track.road("W1", ("PICKUP", "HUB", "OUT")))
    shown = page(at(world.owner), "order", shipment.order_id)
    assert [word in shown for word in ("已揽收", "运输中", "派送中")] == [True] * 3


# Bills ---------------------------------------------------------------------------------------------------------------


def upload(browser: Client, given: CarrierAccount, text: str, **more: str) -> Any:
    form = {"account": given.pk, "number": "2026-11", "currency": "EUR", "on": "2026-11-30", **more}
    file = SimpleUploadedFile("bill.csv", text.encode())
    return browser.post(reverse("desk:carrier_bills"), {**form, "file": file})


def test_a_bill_is_uploaded_audited_claimed_and_exported(world: World, owner: Client) -> None:
    given, shipment = test_track.own(world)
    billed = f"{(shipment.quoted_minor + 150) / 100:.2f}"
    answer = upload(owner, given, f"waybill,amount,weight\nW1,{billed},0.9\nstray-9,7.00,\n")
    invoice = CarrierInvoice.objects.of(world.merchant.pk).get()
    assert answer.headers["Location"] == reverse("desk:carrier_bill", args=[invoice.pk])
    shown = page(owner, "carrier_bill", invoice.pk)
    assert [word in shown for word in ("Different", "No parcel of ours", shipment.number)] == [True] * 3
    assert "stray-9" not in page(owner, "carrier_bill", invoice.pk, verdict="differing")
    assert "2026-11" in page(owner, "carrier_bills")
    owner.post(reverse("desk:carrier_claim", args=[invoice.pk]))
    answer = owner.get(reverse("desk:carrier_claims", args=[invoice.pk]))
    lines = b"".join(answer.streaming_content).decode().strip().splitlines()  # type: ignore[attr-defined]
    cells = [line.split(",") for line in lines[1:]]
    assert [(row[2], row[9]) for row in cells] == [("W1", "1.50"), ("stray-9", "7.00")]


def test_lines_that_cannot_be_read_are_shown_before_anything_is_kept(world: World, owner: Client) -> None:
    given, _ = test_track.own(world)
    text = "waybill,amount\nW1,12.00\nW2,much\n"
    answer = upload(owner, given, text)
    assert (answer.status_code, "much" in answer.content.decode()) == (400, True)
    assert not CarrierInvoice.objects.of(world.merchant.pk).exists()
    upload(owner, given, text, leave_out="yes")
    assert CarrierInvoiceLine.objects.of(world.merchant.pk).count() == 1


def test_a_packer_buys_labels_and_opens_no_accounts_or_bills(world: World, at: At, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    packer = at(world.packer)
    buy(packer, shipment, given)
    assert only_label(world).state == LabelState.BOUGHT
    assert packer.post(reverse("desk:carriers"), {"carrier": "sandbox"}).status_code == 403
    assert packer.get(reverse("desk:carrier_bills")).status_code == 403
    assert packer.get(reverse("desk:carriers")).status_code == 200


def test_trouble_is_counted_by_account(world: World, owner: Client) -> None:
    given, _ = test_track.own(world)
    test_track.push(given, [test_track.row("W1", "MISSED", timezone.now() - timedelta(days=1))], now=timezone.now())
    shown = page(owner, "carriers")
    assert shown.count('data-label="In trouble">1<') == 1


def test_a_label_seen_by_the_carrier_has_no_button_to_cancel(world: World, owner: Client, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    buy(owner, shipment, given)
    number = only_label(world).waybill
    books.see(number, Seen(code="PICKUP", at=books.now()))
    test_track.push(given, [test_track.row(number, "PICKUP", timezone.now())], now=timezone.now())
    assert "Cancel the label" not in page(owner, "order", shipment.order_id)
