"""Signed notices: HMAC-SHA256 over the moment and the raw bytes, as `t=<unix seconds>,v1=<hex>`."""

from __future__ import annotations

import hmac
from datetime import datetime

from haitu.links.payment.protocol import Forged

REPLAY_WINDOW_S = 300


def verify(raw: bytes, header: str, secret: str, now: datetime) -> None:
    """Refuses as Forged unless one of the header's signatures is ours and at most five minutes old (or early).

    The comparison takes the same time wherever the texts differ, and covers the bytes before any parsing.
    """
    moment, signatures = _parts(header)
    if abs(now.timestamp() - moment) > REPLAY_WINDOW_S:
        raise Forged(f"The signature is not of the last {REPLAY_WINDOW_S} seconds.")
    expected = hmac.new(secret.encode(), f"{moment}.".encode() + raw, "sha256").hexdigest().encode()
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in signatures):
        raise Forged("The signature does not fit the notice.")


def _parts(header: str) -> tuple[int, list[str]]:
    pairs = [part.split("=", 1) for part in header.split(",") if "=" in part]
    moments = [value for name, value in pairs if name.strip() == "t"]
    signatures = [value for name, value in pairs if name.strip() == "v1"]
    if len(moments) != 1 or not moments[0].isascii() or not moments[0].isdigit() or not signatures:
        raise Forged("The notice carries no signature.")
    return int(moments[0][:12]), signatures[:4]
