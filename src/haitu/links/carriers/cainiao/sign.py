"""Cainiao LINK's data_digest: base64 of the raw MD5 of content and secret, in that order.

Checked against the vector published with LINK (`hello1234` + `key123`). Base64 may hold a `+`, which a form reads as a
space: the digest is percent-encoded like every other field, or verification fails now and then.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from hashlib import md5
from urllib.parse import parse_qs, urlencode

from haitu.links.carriers.protocol import ForgedPush


def digest(content: str, secret: str) -> str:
    """The data_digest of a content."""
    return b64encode(md5((content + secret).encode(), usedforsecurity=False).digest()).decode("ascii")


def form(content: str, secret: str, *, kind: str, provider: str, to: str = "") -> bytes:
    """A signed message as the gateway takes it; every + of the digest as %2B."""
    fields = {
        "msg_type": kind,
        "logistic_provider_id": provider,
        "data_digest": digest(content, secret),
        "logistics_interface": content,
    }
    return urlencode(fields | ({"to_code": to} if to else {})).encode()


def opened(raw: bytes, secret: str) -> tuple[str, str]:
    """(kind, content) of a message that came to us. Refuses ForgedPush unless its digest fits."""
    fields = parse_qs(raw.decode(errors="replace"), keep_blank_values=True)
    content, given = fields.get("logistics_interface", [""])[0], fields.get("data_digest", [""])[0]
    if not hmac.compare_digest(digest(content, secret).encode(), given.encode()):
        raise ForgedPush("The digest does not fit the push.")
    return fields.get("msg_type", [""])[0], content
