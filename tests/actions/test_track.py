"""Pushes and polls fold to one progress, and an arrival is booked once, whatever order and how often they come."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from haitu.actions import fulfil, labels, track
from haitu.actions.record import audit_ledger, audit_orders
from haitu.core.tracking import ParcelState, Progress, Scan, fold
from haitu.links.carriers import client
from haitu.links.carriers.protocol import BadCarrierAnswer, ForgedPush
from haitu.models import CarrierAccount, Event, Label, Shipment, TrackingEvent, TrackingPush, Waybill
from outside.carriers import cainiao, sandbox
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.actions.shipping import KEY, LATER, account, parcel
from tests.world import NOW, World

ROAD = ("ANNOUNCED", "PICKUP", "HUB", "CUSTOMS_IN", "CUSTOMS_OUT", "OUT", "MISSED", "OUT", "DELIVERED")
ARRIVED = LATER + timedelta(days=4)


def row(waybill: str, code: str, at: datetime, place: str = "") -> dict[str, Any]:
    return {"waybill": waybill, "code": code, "at": int(at.timestamp()), "place": place}


def road(waybill: str, codes: Sequence[str] = ROAD) -> list[dict[str, Any]]:
    return [row(waybill, code, LATER + timedelta(hours=12 * nth)) for nth, code in enumerate(codes)]


def push(account: CarrierAccount, rows: list[dict[str, Any]], *, now: datetime = ARRIVED, key: str = KEY) -> None:
    body = json.dumps({"scans": rows}).encode()
    headers = sandbox.signed_push(key, body, int(now.timestamp()))
    track.receive_push(account_token=account.token, raw=body, headers=headers, now=now)


def tracked(world: World, number: str) -> Waybill:
    return Waybill.objects.of(world.merchant.pk).get(number=number)


def own(world: World) -> tuple[CarrierAccount, Shipment]:
    """A parcel that was given the waybill W1."""
    given, shipment = account(world), parcel(world)
    Shipment.objects.of(world.merchant.pk).filter(pk=shipment.pk).update(tracking="W1")
    return given, shipment


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


def test_a_parcel_is_followed_to_the_door_and_the_order_is_delivered(world: World) -> None:
    given, shipment = own(world)
    push(given, road("W1"))
    seen = tracked(world, "W1")
    assert (seen.state, seen.shipment_id) == (ParcelState.DELIVERED, shipment.pk)
    assert seen.picked_up_at == LATER + timedelta(hours=12)
    shipment.refresh_from_db()
    assert shipment.delivered_at == seen.delivered_at == LATER + timedelta(hours=96)
    assert shipment.order.status == "delivered"
    assert audit_ledger(world.merchant.pk).problems == () == audit_orders(world.merchant.pk)


def test_repeated_and_shuffled_pushes_end_the_same_and_book_the_arrival_once(world: World) -> None:
    given, shipment = own(world)
    rows, chance = road("W1"), Random(7)
    for _ in range(5):
        some = chance.choices(rows, k=6)
        push(given, some)
        push(given, some)
    push(given, list(reversed(rows)))
    assert TrackingEvent.objects.of(world.merchant.pk).count() == len(rows)
    assert Event.objects.of(world.merchant.pk).filter(kind="delivered").count() == 1
    scans = [scan_of(event) for event in TrackingEvent.objects.of(world.merchant.pk).select_related("waybill")]
    assert progress_of(tracked(world, "W1")) == fold(scans)
    assert shipment.pk == tracked(world, "W1").shipment_id


def scan_of(event: TrackingEvent) -> Scan:
    state = ParcelState(event.state) if event.state else None
    return Scan(waybill=event.waybill.number, code=event.code, at=event.at, state=state, place=event.place)


def progress_of(row: Waybill) -> Progress:
    return Progress(
        state=ParcelState(row.state) if row.state else None,
        at=row.state_at,
        picked_up_at=row.picked_up_at,
        delivered_at=row.delivered_at,
        last_at=row.last_at,
    )


def test_the_desk_and_the_carrier_may_both_say_it_arrived(world: World) -> None:
    given, shipment = own(world)
    fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=shipment.pk, by=world.packer, now=ARRIVED)
    push(given, road("W1"))
    assert Event.objects.of(world.merchant.pk).filter(kind="delivered").count() == 1
    shipment.refresh_from_db()
    assert shipment.delivered_at == ARRIVED


def test_a_late_scan_does_not_take_a_delivered_parcel_back(world: World) -> None:
    given, _ = own(world)
    push(given, road("W1"))
    push(given, [row("W1", "HUB", ARRIVED), row("W1", "LOST", ARRIVED)])
    assert tracked(world, "W1").state == ParcelState.DELIVERED


def test_an_unknown_number_is_kept_without_a_parcel(world: World) -> None:
    given = account(world)
    push(given, road("NOBODY"))
    seen = tracked(world, "NOBODY")
    assert (seen.state, seen.shipment) == (ParcelState.DELIVERED, None)
    assert not Event.objects.of(world.merchant.pk).filter(kind="delivered").exists()


def test_a_push_that_came_before_the_label_is_joined_when_it_is_bought(world: World, books: Books) -> None:
    given, shipment = account(world, books.own_address), parcel(world)
    label_id = labels.buy(
        merchant_id=world.merchant.pk, shipment_id=shipment.pk, account_id=given.pk, by=None, now=LATER
    )
    number = next(iter(books.orders))
    Waybill.objects.of(world.merchant.pk).update(shipment=None)
    push(given, road(number))
    again = Label.objects.of(world.merchant.pk).get(pk=label_id)
    labels._watch(again, number, LATER)
    assert track.settle_arrivals(now=ARRIVED) == 1
    assert track.settle_arrivals(now=ARRIVED) == 0
    shipment.refresh_from_db()
    assert shipment.delivered_at is not None


def test_a_push_that_cannot_be_folded_now_is_kept_and_folded_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> int:
        raise RuntimeError("the house is on fire")

    given, _ = own(world)
    with monkeypatch.context() as trouble:
        trouble.setattr(track, "take_in", fail)
        push(given, road("W1"))
    assert TrackingPush.objects.of(world.merchant.pk).get().done_at is None
    assert not Waybill.objects.of(world.merchant.pk).exists()
    assert track.fold_waiting(now=ARRIVED) == 1
    assert track.fold_waiting(now=ARRIVED) == 0
    assert tracked(world, "W1").state == ParcelState.DELIVERED


def test_scans_are_never_changed(world: World) -> None:
    given, _ = own(world)
    push(given, road("W1"))
    for statement in ("UPDATE haitu_trackingevent SET code = 'X'", "DELETE FROM haitu_trackingevent"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_a_carrier_is_asked_about_what_it_does_not_push(world: World, books: Books) -> None:
    given, shipment = account(world, books.own_address), parcel(world)
    labels.buy(merchant_id=world.merchant.pk, shipment_id=shipment.pk, account_id=given.pk, by=None, now=LATER)
    (number,) = books.orders
    books.orders[number].scans.clear()
    books.travelled(number, ROAD, start=int(LATER.timestamp()))
    assert track.poll(now=LATER + timedelta(minutes=5)) == 0
    assert track.poll(now=ARRIVED) == len(ROAD)
    assert track.poll(now=ARRIVED + timedelta(minutes=5)) == 0
    assert tracked(world, number).state == ParcelState.DELIVERED
    assert track.poll(now=ARRIVED + timedelta(days=1)) == 0
    assert len([call for call in books.calls if call.endswith("/tracking")]) == 1


def test_a_silent_carrier_is_asked_again_later(world: World, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.001)
    given, shipment = account(world, books.own_address), parcel(world)
    labels.buy(merchant_id=world.merchant.pk, shipment_id=shipment.pk, account_id=given.pk, by=None, now=LATER)
    books.mischief.outages = client.TRIES
    assert track.poll(now=ARRIVED) == 0
    assert track.poll(now=ARRIVED + timedelta(minutes=31)) == 1


def test_another_merchant_s_push_touches_nothing_of_ours(world: World) -> None:
    own(world)
    theirs = CarrierAccount.objects.create(
        merchant=world.other,
        carrier="sandbox",
        name="Aoki's",
        token="hook_aoki",
        address="http://127.0.0.1:9/sandbox",
        secrets_sealed=account(world, name="Second").secrets_sealed,
    )
    push(theirs, road("W1"))
    assert not Waybill.objects.of(world.merchant.pk).exists()
    assert Waybill.objects.of(world.other.pk).get().shipment is None
    assert not Event.objects.of(world.merchant.pk).filter(kind="delivered").exists()


def test_odd_letters_do_no_harm(world: World) -> None:
    given, _ = own(world)
    push(given, [row("W1", "HUB", LATER, place="深圳\u0000" + "x" * 300)])
    event = TrackingEvent.objects.of(world.merchant.pk).get()
    assert (event.place[:2], len(event.place)) == ("深圳", 119)


# The door ------------------------------------------------------------------------------------------------------------


def post(raw: bytes, token: str, *, form: bool = False, headers: dict[str, str] | None = None) -> Any:
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    sent = {"host": "localhost"} | (headers or {})
    return Client(enforce_csrf_checks=True).post(f"/hooks/tracking/{token}/", raw, content_type=kind, headers=sent)


def signed(rows: list[dict[str, Any]], *, key: str = KEY, age_s: int = 0) -> tuple[bytes, dict[str, str]]:
    raw = json.dumps({"scans": rows}).encode()
    headers = sandbox.signed_push(key, raw, int(datetime.now(UTC).timestamp()) - age_s)
    return raw, {name: value for name, value in headers.items() if name != "Content-Type"}


def test_a_signed_push_is_thanked_in_the_carrier_s_words(world: World) -> None:
    given, _ = own(world)
    raw, headers = signed(road("W1"))
    answers = [post(raw, given.token, headers=headers) for _ in range(3)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b'{"ok":true}')] * 3
    assert TrackingPush.objects.of(world.merchant.pk).count() == 1
    assert tracked(world, "W1").state == ParcelState.DELIVERED


def test_cainiao_s_push_comes_as_a_form_and_wants_its_own_thanks(world: World) -> None:
    secrets = {"provider_id": cainiao.PROVIDER, "secret": cainiao.SECRET}
    given = account(world, carrier="cainiao", name="Cainiao", secrets=secrets)
    traces = [{"action": "GTMS_SIGNED", "time": "2026-11-24 10:00:00", "desc": "签收", "city": "Leipzig"}]
    answer = post(cainiao.push_body("LP1CN", traces), given.token, form=True)
    assert (answer.status_code, answer.content) == (200, b'{"success":"true"}')
    assert tracked(world, "LP1CN").state == ParcelState.DELIVERED
    assert post(cainiao.push_body("LP1CN", traces, "wrong"), given.token, form=True).status_code == 401


def test_forged_old_and_strange_pushes_are_turned_away_and_leave_no_row(world: World) -> None:
    given, _ = own(world)
    raw, headers = signed(road("W1"))
    assert post(raw + b" ", given.token, headers=headers).status_code == 401
    assert post(raw, given.token).status_code == 401
    old, old_headers = signed(road("W1"), age_s=400)
    assert post(old, given.token, headers=old_headers).status_code == 401
    assert post(raw, "nobody", headers=headers).status_code == 404
    odd, odd_headers = signed([{"waybill": "W1"}])
    assert post(odd, given.token, headers=odd_headers).status_code == 400
    assert Client().get(f"/hooks/tracking/{given.token}/", headers={"host": "localhost"}).status_code == 405
    assert post(b" " * (2 * 1024 * 1024 + 1), given.token).status_code == 413
    assert not TrackingPush.objects.of(world.merchant.pk).exists()
    assert not Waybill.objects.of(world.merchant.pk).exists()


def test_a_closed_account_has_no_door(world: World) -> None:
    given, _ = own(world)
    CarrierAccount.objects.of(world.merchant.pk).update(active=False)
    raw, headers = signed(road("W1"))
    assert post(raw, given.token, headers=headers).status_code == 404


def test_forgery_and_nonsense_are_refusals(world: World) -> None:
    given = account(world)
    with pytest.raises(ForgedPush):
        push(given, road("W1"), key="ck_test_wrong_0123456789")
    with pytest.raises(BadCarrierAnswer):
        push(given, [{"waybill": "W1", "code": "HUB", "at": "yesterday"}], now=NOW)
