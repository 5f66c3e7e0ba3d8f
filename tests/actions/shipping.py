"""Hengda's account at the sandbox carrier, and a parcel to put a label on, for tests of what comes after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from haitu.actions import carriers, fulfil
from haitu.models import CarrierAccount, Shipment
from tests.actions.buying import basket_of, paid_order
from tests.world import NOW, World

KEY = "ck_test_hengda_0123456789abcdef"
OTHER_KEY = "ck_test_aoki_00123456789abcdef"
LATER = NOW + timedelta(days=2)
NOWHERE = "http://127.0.0.1:9"


def account(world: World, address: str = NOWHERE, **changed: Any) -> CarrierAccount:
    """Hengda's account at the sandbox carrier."""
    given: dict[str, Any] = {
        "carrier": "sandbox",
        "name": "Sandbox",
        "address": f"{address}/sandbox",
        "secrets": {"api_key": KEY},
        "sender": {"name": "Lin Wei", "street": "Huaqiang North Road 1", "city": "Shenzhen", "country": "CN"},
    }
    draft = carriers.AccountDraft(**given | changed)
    row = carriers.save_account(merchant_id=world.merchant.pk, account_id=None, draft=draft, by=world.owner, now=NOW)
    return carriers.account_of(world.merchant.pk, row)


def parcel(world: World, *, cart: str = "cart-1", units: int = 2) -> Shipment:
    """A parcel of lanterns to Anna that has left."""
    order = paid_order(world, basket_of(world, LANTERN=units), cart=cart)
    (made,) = fulfil.ship(merchant_id=world.merchant.pk, order_id=order.pk, by=world.packer, now=LATER)
    return Shipment.objects.of(world.merchant.pk).get(pk=made)
