"""GoodCang signs nothing: an app-key and an app-token travel as headers, over https only."""

from __future__ import annotations

from urllib.parse import urlsplit

from haitu.links.carriers.protocol import CarrierRefused


def headers(key: str, token: str, address: str) -> dict[str, str]:
    """The headers of a request. Refuses to send them in the clear to another machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise CarrierRefused("GoodCang's keys are only sent over https.", result="http")
    return {"app-key": key, "app-token": token, "Content-Type": "application/json", "Accept": "application/json"}
