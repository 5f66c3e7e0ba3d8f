"""Secrets of outside parties (API keys, webhook secrets) at rest: sealed with a key that is not in the database."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from haitu.core.errors import Refusal


class CannotUnseal(Refusal):
    """A stored secret was sealed with another key, or was changed; enter it again."""

    code = "cannot_unseal"


@lru_cache(maxsize=4)
def _fernet(key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"haitu outside secrets 1").derive(key.encode())
    return Fernet(urlsafe_b64encode(derived))


def seal(text: str, key: str) -> str:
    """The text as an authenticated, encrypted token (Fernet: AES-128-CBC and HMAC-SHA256); `key` is any long text."""
    return _fernet(key).encrypt(text.encode()).decode()


def unseal(sealed: str, key: str) -> str:
    """The text that was sealed under this key."""
    try:
        return _fernet(key).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotUnseal("A stored secret cannot be read with this installation's key; enter it again.") from None
