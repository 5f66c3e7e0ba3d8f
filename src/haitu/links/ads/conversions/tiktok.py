"""TikTok's Events API 2.0: POST /open_api/v1.3/event/track/, up to 1,000 web events of one pixel.

business-api.tiktok.com/portal/docs?id=1771100865818625, read on 2026-11-23. Its answers have status 200 and a code: 0
for done, 40100 for too many, 40105 and its like for the token, anything else refuses the whole batch for one bad row.
The same event and event_id count once. Events up to 28 days old are matched. It takes no refunds back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from haitu.core.hashing import for_tiktok
from haitu.links.ads.conversions.client import post
from haitu.links.ads.conversions.protocol import (
    BatchRefused,
    Event,
    PlatformSilent,
    TokenExpired,
    Told,
    by_halves,
    too_old,
)

OLDEST_DAYS = 28
DONE, IN_PART = 0, 20001
EXPIRED = (40001, 40102, 40104, 40105)
TOO_MANY = (40100, 40016, 40133)
OUT_OF_ORDER = 50000


class TikTok:
    """A pixel. `settings`: pixel, test_event_code (optional). `secrets`: access_token."""

    SECRETS = ("access_token",)
    SETTINGS = ("pixel",)
    clicks: tuple[str, ...] = ("ttclid",)
    adjusts = False
    most = 1000

    def __init__(self, *, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._address = f"{address}/open_api/v1.3/event/track/"
        self._token = secrets.get("access_token", "")
        self._pixel, self._test = settings.get("pixel", ""), settings.get("test_event_code", "")

    def send(self, events: Sequence[Event], *, now: datetime) -> tuple[Told, ...]:
        """One answer an event, in their order."""
        old = too_old(events, now=now, days=OLDEST_DAYS)
        young = [event for event in events if event.id not in old]
        told = {each.id: each for each in by_halves(young, self._batch)} | dict(old)
        return tuple(told[event.id] for event in events)

    def _batch(self, events: Sequence[Event]) -> tuple[Told, ...]:
        rows = [_row(event) for event in events]
        content: dict[str, Any] = {"event_source": "web", "event_source_id": self._pixel, "data": rows}
        if self._test:
            content["test_event_code"] = self._test
        answer = post(self._address, content=content, headers={"Access-Token": self._token})
        code, said = answer.content.get("code"), str(answer.content.get("message") or "no reason given")
        if code not in (DONE, IN_PART):
            _refuse(code, said)
        failed = _failed(answer.content) if code == IN_PART else {}
        return tuple(
            Told(id=event.id, outcome="refused", why=failed[event.id][:200])
            if event.id in failed
            else Told(id=event.id, outcome="sent", matched=tuple(row["user"]))
            for event, row in zip(events, rows, strict=True)
        )


def _row(event: Event) -> dict[str, Any]:
    user = dict(for_tiktok(event.person))
    if event.click_id:
        user["ttclid"] = event.click_id
    return {
        "event": "CompletePayment",
        "event_time": int(event.moment.timestamp()),
        "event_id": event.id,
        "user": user,
        "page": {"url": event.page},
        "properties": {
            "currency": event.currency,
            "value": float(event.value),  # the API's own type; what we keep stays whole
            "order_id": event.id,
            "content_type": "product",
            "contents": [{"content_id": sku} for sku in event.skus],
        },
    }


def _failed(content: Mapping[str, Any]) -> dict[str, str]:
    data = content.get("data")
    rows = data.get("failed_events") if isinstance(data, dict) else None
    return {
        str(row.get("event_id")): str(row.get("error_message") or "no reason given")
        for row in rows or ()
        if isinstance(row, dict)
    }


def _refuse(code: object, said: str) -> None:
    if code in EXPIRED:
        raise TokenExpired("The ad platform no longer takes the stored token.")
    if code in TOO_MANY or (isinstance(code, int) and code >= OUT_OF_ORDER):
        raise PlatformSilent(f"The ad platform does not answer ({said}).", reason=said)
    raise BatchRefused(said, reason=said)
