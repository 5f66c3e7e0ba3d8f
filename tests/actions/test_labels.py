"""A parcel has one label or a clear state to try again: bought once, voided once, whatever the carrier does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from haitu.actions import carriers, labels
from haitu.core.errors import Refusal
from haitu.links.carriers import client
from haitu.links.carriers.protocol import BadCarrierAnswer, CarrierRefused, CarrierSilent, ParcelWanted, from_json
from haitu.links.carriers.sandbox import Sandbox
from haitu.models import Audit, CarrierAccount, Label, LabelState, Shipment, Waybill
from haitu.reads.parcel import NoAddress, NoWeight
from outside.carriers import sandbox
from outside.carriers.books import Books, Seen
from outside.carriers.server import serving
from tests.actions.shipping import KEY, LATER, account, parcel
from tests.world import NOW, World


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.001)
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


def buy(world: World, shipment: Shipment, given: CarrierAccount, **more: Any) -> Label:
    label_id = labels.buy(
        merchant_id=world.merchant.pk,
        shipment_id=shipment.pk,
        account_id=given.pk,
        by=world.packer,
        now=LATER,
        **more,
    )
    return Label.objects.of(world.merchant.pk).get(pk=label_id)


def only_label(world: World) -> Label:
    return Label.objects.of(world.merchant.pk).get()


def test_a_label_is_bought_printed_and_watched(world: World, books: Books) -> None:
    shipment = parcel(world)
    label = buy(world, shipment, account(world, books.own_address))
    assert (label.state, label.reference, label.format) == (LabelState.BOUGHT, shipment.number, "pdf")
    assert bytes(label.content or b"")[:4] == b"%PDF"
    # 600 g in the sandbox's standard service: 3.50 and 6 steps of 0.06.
    assert (label.cost_minor, label.cost_currency) == (386, "EUR")
    shipment.refresh_from_db()
    assert shipment.tracking == label.waybill
    watched = Waybill.objects.of(world.merchant.pk).get()
    assert (watched.number, watched.shipment_id) == (label.waybill, shipment.pk)
    assert Audit.objects.of(world.merchant.pk).get(action="label.buy").user == world.packer


def test_the_carrier_is_told_what_customs_and_the_driver_need(world: World, books: Books) -> None:
    label = buy(world, parcel(world), account(world, books.own_address))
    wanted = from_json(label.wanted)
    assert (wanted.receiver.name, wanted.receiver.street, wanted.receiver.postcode) == (
        "Anna Schmidt", "Markt 1", "04109",
    )  # fmt: skip
    assert (wanted.sender.street, wanted.sender.country) == ("Huaqiang North Road 1", "CN")
    assert wanted.parcels == (ParcelWanted(weight_g=600, length_mm=200, width_mm=200, height_mm=120),)
    (line,) = wanted.customs
    assert (line.sku, line.told, line.hs_code, line.quantity, line.weight_g) == (
        "LANTERN", "Paper lantern", "940550", 2, 600,
    )  # fmt: skip
    row = label.shipment.order.lines.get()
    assert line.value_minor == row.amount_minor - row.tax_minor


def test_the_packing_table_s_scales_win(world: World, books: Books) -> None:
    box = ParcelWanted(weight_g=1_250, length_mm=300, width_mm=200, height_mm=150)
    label = buy(world, parcel(world), account(world, books.own_address), box=box)
    assert (from_json(label.wanted).parcels, label.cost_minor) == ((box,), 350 + 13 * 6)


def test_bought_twice_is_bought_once(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    assert buy(world, shipment, given).pk == buy(world, shipment, given).pk
    assert len(books.orders) == 1
    assert len([call for call in books.calls if call.endswith("/labels")]) == 1


def test_an_answer_that_never_comes_leaves_a_wanted_label_and_the_clock_asks_again(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    books.mischief.lose_answer = client.TRIES  # it is done every time, and we never hear of it
    with pytest.raises(CarrierSilent):
        buy(world, shipment, given)
    label = only_label(world)
    assert (label.state, label.told != "", label.waybill) == (LabelState.WANTED, True, "")
    assert labels.ask_again(now=LATER + timedelta(seconds=30)) == 0
    assert labels.ask_again(now=LATER + timedelta(seconds=90)) == 1
    assert only_label(world).waybill == next(iter(books.orders))
    assert len(books.orders) == 1


def test_pressing_again_after_silence_is_the_same_label(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    books.mischief.outages = client.TRIES
    with pytest.raises(CarrierSilent):
        buy(world, shipment, given)
    assert buy(world, shipment, given).state == LabelState.BOUGHT
    assert Label.objects.of(world.merchant.pk).count() == 1


def test_nonsense_leaves_it_wanted(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    books.mischief.nonsense = 1
    with pytest.raises(BadCarrierAnswer):
        buy(world, shipment, given)
    assert only_label(world).state == LabelState.WANTED
    assert buy(world, shipment, given).state == LabelState.BOUGHT


def test_a_refusal_is_final_in_the_carrier_s_words_and_leaves_room_for_another(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    with pytest.raises(CarrierRefused, match="There is no service 'rocket'"):
        buy(world, shipment, given, service="rocket")
    refused = only_label(world)
    assert (refused.state, refused.told) == (LabelState.REFUSED, "There is no service 'rocket'.")
    bought = buy(world, shipment, given, service="express")
    assert (bought.state, bought.reference) == (LabelState.BOUGHT, f"{shipment.number}.2")


def test_no_transaction_is_open_while_the_carrier_is_asked(
    world: World, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    outermost, seen = len(connection.savepoint_ids), []
    asked = Sandbox._ask

    def spy(self: Sandbox, *parts: Any) -> dict[str, Any]:
        seen.append(len(connection.savepoint_ids))
        return asked(self, *parts)

    monkeypatch.setattr(Sandbox, "_ask", spy)
    label = buy(world, shipment, given)
    labels.void(merchant_id=world.merchant.pk, label_id=label.pk, by=world.packer, now=LATER)
    carriers.check_account(merchant_id=world.merchant.pk, account_id=given.pk, by=world.owner, now=LATER)
    assert seen == [outermost] * 3


def test_a_voided_label_is_gone_and_another_can_be_bought(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    first = buy(world, shipment, given)
    for _ in range(2):
        labels.void(merchant_id=world.merchant.pk, label_id=first.pk, by=world.packer, now=LATER)
    shipment.refresh_from_db()
    assert (books.orders[first.waybill].state, shipment.tracking) == ("voided", "")
    assert len([call for call in books.calls if call.endswith("/void")]) == 1
    second = buy(world, shipment, given)
    assert (second.reference, second.waybill != first.waybill) == (f"{shipment.number}.2", True)


def test_what_the_carrier_has_is_not_voided(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    label = buy(world, shipment, given)
    books.see(label.waybill, Seen(code="PICKUP", at=books.now()))
    with pytest.raises(CarrierRefused, match="picked up already"):
        labels.void(merchant_id=world.merchant.pk, label_id=label.pk, by=world.packer, now=LATER)
    Waybill.objects.of(world.merchant.pk).update(state="picked_up")
    with pytest.raises(labels.LabelUsed):
        labels.void(merchant_id=world.merchant.pk, label_id=label.pk, by=world.packer, now=LATER)
    assert only_label(world).state == LabelState.BOUGHT


def test_a_carrier_that_would_buy_twice_is_asked_once(
    world: World, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sandbox, "repeats", False)
    shipment, given = parcel(world), account(world, books.own_address)
    books.mischief.lose_answer = client.TRIES
    with pytest.raises(CarrierSilent):
        buy(world, shipment, given)
    with pytest.raises(labels.OutcomeUnknown):
        buy(world, shipment, given)
    assert labels.ask_again(now=LATER + timedelta(hours=1)) == 0
    labels.give_up(merchant_id=world.merchant.pk, label_id=only_label(world).pk, by=world.packer, now=LATER)
    assert buy(world, shipment, given).reference == f"{shipment.number}.2"


def test_two_accounts_do_not_race_for_one_parcel(world: World, books: Books) -> None:
    shipment, first = parcel(world), account(world, books.own_address)
    second = account(world, books.own_address, name="Second")
    books.mischief.outages = client.TRIES
    with pytest.raises(CarrierSilent):
        buy(world, shipment, first)
    with pytest.raises(labels.OtherAccount):
        buy(world, shipment, second)


def test_a_parcel_without_weight_or_street_gets_no_label(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    world.variants["LANTERN"].__class__.objects.of(world.merchant.pk).update(weight_g=None)
    with pytest.raises(NoWeight):
        buy(world, shipment, given)
    assert buy(world, shipment, given, box=ParcelWanted(weight_g=700)).state == LabelState.BOUGHT
    other = parcel(world, cart="cart-2")
    other.order.__class__.objects.of(world.merchant.pk).filter(pk=other.order_id).update(address={})
    with pytest.raises(NoAddress):
        buy(world, other, given, box=ParcelWanted(weight_g=700))
    assert Label.objects.of(world.merchant.pk).filter(shipment=other).count() == 0


def test_nobody_buys_for_another_merchant_s_parcel_or_on_another_s_account(world: World, books: Books) -> None:
    shipment, given = parcel(world), account(world, books.own_address)
    label = buy(world, shipment, given)
    stranger = {"merchant_id": world.other.pk, "by": world.stranger, "now": LATER}
    for act in (
        lambda: labels.buy(shipment_id=shipment.pk, account_id=given.pk, **stranger),  # type: ignore[arg-type]
        lambda: labels.void(label_id=label.pk, **stranger),  # type: ignore[arg-type]
        lambda: labels.give_up(label_id=label.pk, **stranger),  # type: ignore[arg-type]
        lambda: carriers.check_account(account_id=given.pk, **stranger),  # type: ignore[arg-type]
    ):
        with pytest.raises(Refusal):
            act()


# Accounts ------------------------------------------------------------------------------------------------------------


def test_an_account_keeps_its_secrets_sealed_and_they_stay_when_left_empty(world: World, books: Books) -> None:
    row = account(world, books.own_address)
    assert KEY not in row.secrets_sealed
    draft = carriers.AccountDraft(carrier="sandbox", name="Renamed", address=row.address, secrets={"api_key": ""})
    carriers.save_account(merchant_id=world.merchant.pk, account_id=row.pk, draft=draft, by=world.owner, now=NOW)
    told = carriers.check_account(merchant_id=world.merchant.pk, account_id=row.pk, by=world.owner, now=NOW)
    row.refresh_from_db()
    assert (row.name, told, row.checked_told) == ("Renamed", "Account ck_test_hengda_0", "Account ck_test_hengda_0")


def test_a_failed_test_of_the_connection_is_kept_too(world: World, books: Books) -> None:
    row = account(world, books.own_address, secrets={"api_key": "ck_test_wrong_0123456789"})
    with pytest.raises(CarrierRefused):
        carriers.check_account(merchant_id=world.merchant.pk, account_id=row.pk, by=world.owner, now=NOW)
    row.refresh_from_db()
    assert (row.checked_at, row.checked_told) == (NOW, "This account is not known.")


def test_an_account_needs_a_name_an_address_and_its_secrets(world: World) -> None:
    good = carriers.AccountDraft(carrier="sandbox", name="S", address="https://x.example", secrets={"api_key": "k"})
    for bad, field in (
        (replace(good, name=""), "name"),
        (replace(good, address="ftp://x.example"), "address"),
        (replace(good, secrets={}), "api_key"),
        (replace(good, carrier="pigeon"), "carrier"),
    ):
        with pytest.raises(Refusal) as no:
            carriers.save_account(merchant_id=world.merchant.pk, account_id=None, draft=bad, by=None, now=NOW)
        assert no.value.field == field
