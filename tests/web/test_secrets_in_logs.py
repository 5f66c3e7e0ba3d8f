"""What opens a door is in no log, however much is logged."""

from __future__ import annotations

import json
import logging
import time

import pytest
from django.conf import settings
from django.test import Client

from haitu.models import Order, Payment
from tests.web.buying import agree, put_in, review, type_address
from tests.web.test_hooks import DOOR, notice, signature
from tests.world import API_KEY, PASSWORD, WEBHOOK_SECRET, World


def test_a_purchase_a_login_and_a_forgery_log_no_secret(
    shop: Client, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        put_in(shop, world)
        type_address(shop)
        agree(shop)
        shop.post("/de-de/checkout/place/", {"seen": review(shop)})
        order = Order.objects.of(world.merchant.pk).get()
        payment = Payment.objects.of(world.merchant.pk).get()
        shop.get(f"/de-de/order/{order.token}/pay/")  # nobody listens at the provider's address
        raw = notice(payment, created=int(time.time()))
        for proof in (signature(raw), signature(raw, secret="whsec_guess")):
            shop.post(DOOR, raw, content_type="application/json", headers={"sandbox-signature": proof})
        shop.post("/desk/login/", {"username": "lin", "password": PASSWORD})
        shop.post("/desk/login/", {"username": "lin", "password": f"{PASSWORD} wrong"})
    secrets = {
        "api key": API_KEY,
        "webhook secret": WEBHOOK_SECRET,
        "password": PASSWORD,
        "secret key": settings.SECRET_KEY,
        "order token": order.token,
        "payment token": payment.token,
        "e-mail address": "anna@example.test",
    } | {f"cookie {name}": cookie.value for name, cookie in shop.cookies.items() if len(cookie.value) > 9}
    assert any("a notice was refused" in line for line in caplog.messages)  # the forgery was logged, so logs are heard
    logged = [record.getMessage() + json.dumps(str(record.args)) for record in caplog.records if _ours(record)]
    assert {name for name, secret in secrets.items() if any(secret in line for line in logged)} == set()


def _ours(record: logging.LogRecord) -> bool:
    """All but the SQL that Django's DEBUG would print: that logger is silent unless DEBUG is on."""
    return record.name != "django.db.backends"
