"""A merchant's account at a payment provider, ready to speak."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db import connection

from haitu.links.payment import provider
from haitu.links.payment.protocol import PaymentProvider
from haitu.links.secrets import seal, unseal
from haitu.models import PaymentAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A payment account as a notice needs it, read without the model: notices come in crowds."""

    id: int
    merchant_id: int
    provider: str
    address: str
    api_key_sealed: str
    webhook_secret_sealed: str


def account_of(token: str) -> Account | None:
    """The account whose hook that token is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, merchant_id, provider, address, api_key_sealed, webhook_secret_sealed "
            "FROM haitu_paymentaccount WHERE token = %s",
            [token],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return Account(
        id=row[0],
        merchant_id=row[1],
        provider=row[2],
        address=row[3],
        api_key_sealed=row[4],
        webhook_secret_sealed=row[5],
    )


def provider_of(account: Account | PaymentAccount) -> PaymentProvider:
    """The provider behind the account, with its key unsealed; call it outside of transactions only."""
    key = _unsealed(account.api_key_sealed)
    return provider(account.provider, address=account.address, api_key=key)


def webhook_secret_of(account: Account | PaymentAccount) -> str:
    """What the provider signs its notices with."""
    return _unsealed(account.webhook_secret_sealed)


@lru_cache(maxsize=256)
def _unsealed(sealed: str) -> str:
    """Notices come in crowds; a changed secret is another text and so another answer."""
    return unseal(sealed, settings.SEAL_KEY)


def sealed(text: str) -> str:
    """A secret as it may be stored."""
    return seal(text, settings.SEAL_KEY)
