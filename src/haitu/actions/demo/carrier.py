"""The demo merchant's account at the sandbox carrier, so that a label can be bought and a parcel followed at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from haitu.actions.carriers import AccountDraft, account_of, save_account
from haitu.models import CarrierAccount, Merchant

NAME = "Sandbox carrier"
KEY = "ck_test_demo"  # no secret: the sandbox knows every key that is this short by itself
SENDER = {
    "name": "Warehouse",
    "street": "Huaqiang North Road 1",
    "city": "Shenzhen",
    "region": "Guangdong",
    "postcode": "518000",
    "country": "CN",
    "phone": "+8675500000000",
}


def open_sandbox_carrier(*, slug: str, address: str, shop: str, now: datetime) -> None:
    """Opens it once, and points it to where the sandbox listens today; `shop`: scheme and host of our own hooks."""
    merchant = Merchant.objects.filter(slug=slug).first()
    if merchant is None:
        return
    draft = AccountDraft(carrier="sandbox", name=NAME, address=address, secrets={"api_key": KEY}, sender=SENDER)
    row = CarrierAccount.objects.of(merchant.pk).filter(carrier="sandbox", name=NAME).first()
    if row is None:
        made = save_account(merchant_id=merchant.pk, account_id=None, draft=draft, by=None, now=now)
        row = account_of(merchant.pk, made)
    hook = f"{shop}/hooks/tracking/{row.token}/"
    if (row.address, row.settings.get("notify_url")) != (address, hook):
        draft = replace(draft, settings=dict(row.settings) | {"notify_url": hook}, active=row.active)
        save_account(merchant_id=merchant.pk, account_id=row.pk, draft=draft, by=None, now=now)
