"""4PX's sign: lower-case hex MD5 of the sorted parameters (name and value), the body and the secret.

No vector is published; the formula is the same in three unrelated public clients. `access_token` and `language` travel
beside and are not signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5

UNSIGNED = frozenset({"sign", "access_token", "language"})


def sign(parameters: Mapping[str, str], body: str, secret: str) -> str:
    """The sign of a request."""
    told = "".join(f"{name}{parameters[name]}" for name in sorted(parameters) if name not in UNSIGNED)
    return md5((told + body + secret).encode(), usedforsecurity=False).hexdigest()
