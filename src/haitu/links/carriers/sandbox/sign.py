"""The sandbox's signature: HMAC-SHA256 over time, method, path and body, with the account's key, five minutes long."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping
from datetime import datetime

from haitu.links.carriers.protocol import ForgedPush

REPLAY_WINDOW_S = 300


def signed(key: str, method: str, path: str, body: bytes, clock: Callable[[], float] = time.time) -> dict[str, str]:
    """The headers that prove who asks, and when."""
    at = str(int(clock()))
    return {"Sandbox-Account": key[:16], "Sandbox-Time": at, "Sandbox-Signature": _mac(key, at, method, path, body)}


def verify_push(key: str, raw: bytes, headers: Mapping[str, str], now: datetime) -> None:
    """Refuses ForgedPush unless the bytes are signed with the account's key and recent."""
    at = headers.get("Sandbox-Time", "")
    if not at.isascii() or not at.isdigit() or abs(now.timestamp() - int(at[:12])) > REPLAY_WINDOW_S:
        raise ForgedPush(f"The push is not of the last {REPLAY_WINDOW_S} seconds.")
    if not hmac.compare_digest(_mac(key, at, "PUSH", "", raw), headers.get("Sandbox-Signature", "")):
        raise ForgedPush("The signature does not fit the push.")


def _mac(key: str, at: str, method: str, path: str, body: bytes) -> str:
    return hmac.new(key.encode(), f"{at}\n{method}\n{path}\n".encode() + body, "sha256").hexdigest()
