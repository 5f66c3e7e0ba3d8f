"""The providers' door: signed notices are kept and answered 200, everything else is turned away and leaves no row."""

from __future__ import annotations

import hmac
import json
import time
from typing import Any

import pytest
from django.test import Client

from haitu.actions import pay
from haitu.models import NoticeState, Payment, PaymentNotice
from tests.actions.buying import basket_of, order, order_row, payment_of
from tests.world import WEBHOOK_SECRET, World

DOOR = "/hooks/pay/acct_hengda/"


def notice(payment: Payment, **changed: Any) -> bytes:
    data = {"intent": "pi_1", "reference": payment.token, "fee_minor": 90}
    data |= {"amount_minor": payment.amount_minor, "currency": payment.currency}
    content = {"id": "evt_1", "type": "payment.succeeded", "created": int(time.time()), "data": data}
    return json.dumps(content | changed).encode()


def signature(raw: bytes, *, secret: str = WEBHOOK_SECRET, age_s: int = 0) -> str:
    moment = int(time.time()) - age_s
    return f"t={moment},v1={hmac.new(secret.encode(), f'{moment}.'.encode() + raw, 'sha256').hexdigest()}"


def send(raw: bytes, proof: str, *, door: str = DOOR) -> int:
    client = Client(enforce_csrf_checks=True)
    headers = {"host": "localhost", "sandbox-signature": proof}
    return client.post(door, raw, content_type="application/json", headers=headers).status_code


def test_a_signed_notice_pays_the_order(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    raw = notice(payment_of(world, placed))
    assert [send(raw, signature(raw)) for _ in range(3)] == [200, 200, 200]
    assert order_row(world, placed).paid_minor == placed.total_minor
    assert PaymentNotice.objects.of(world.merchant.pk).get().state == NoticeState.DONE


def test_forgeries_are_401_and_leave_no_row(world: World) -> None:
    raw = notice(payment_of(world, order(world, basket_of(world, LANTERN=1))))
    assert send(raw + b" ", signature(raw)) == 401
    assert send(raw, signature(raw, secret="whsec_test_aoki")) == 401
    assert send(raw, signature(raw, age_s=301)) == 401
    assert send(raw, "") == 401
    assert not PaymentNotice.objects.of(world.merchant.pk).exists()


def test_strangers_and_nonsense_are_turned_away(world: World) -> None:
    raw = notice(payment_of(world, order(world, basket_of(world, LANTERN=1))))
    assert send(raw, signature(raw), door="/hooks/pay/acct_nobody/") == 404
    assert send(b"[]", signature(b"[]")) == 400
    large = b" " * (64 * 1024 + 1)
    assert send(large, signature(large)) == 413
    assert Client().get(DOOR, headers={"host": "localhost"}).status_code == 405
    assert not PaymentNotice.objects.of(world.merchant.pk).exists()


def test_what_cannot_be_worked_off_now_is_kept_and_answered_200(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> NoticeState:
        raise RuntimeError("the house is on fire")

    placed = order(world, basket_of(world, LANTERN=1))
    raw = notice(payment_of(world, placed))
    with monkeypatch.context() as trouble:
        trouble.setattr(pay, "settle_at_once", fail)
        trouble.setattr(pay, "confirm", fail)
        assert send(raw, signature(raw)) == 200
    assert order_row(world, placed).status == "pending"
    row = PaymentNotice.objects.of(world.merchant.pk).get()
    assert row.state == NoticeState.WAITING
    assert pay.retry_waiting(now=row.received_at) == 1
    assert order_row(world, placed).status == "paid"
