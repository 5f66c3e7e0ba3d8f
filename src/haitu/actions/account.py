"""A merchant's account at a payment provider, ready to speak."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from haitu.links.payment import provider
from haitu.links.payment.protocol import PaymentProvider
from haitu.links.secrets import seal, unseal
from haitu.models import PaymentAccount


def provider_of(account: PaymentAccount) -> PaymentProvider:
    """The provider behind the account, with its key unsealed; call it outside of transactions only."""
    key = _unsealed(account.api_key_sealed)
    return provider(account.provider, address=account.address, api_key=key)


def webhook_secret_of(account: PaymentAccount) -> str:
    """What the provider signs its notices with."""
    return _unsealed(account.webhook_secret_sealed)


@lru_cache(maxsize=256)
def _unsealed(sealed: str) -> str:
    """Notices come in crowds; a changed secret is another text and so another answer."""
    return unseal(sealed, settings.SEAL_KEY)


def sealed(text: str) -> str:
    """A secret as it may be stored."""
    return seal(text, settings.SEAL_KEY)
