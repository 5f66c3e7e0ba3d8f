"""Meta's Conversions API: POST /{version}/{pixel}/events, up to 1,000 events, all or none of them.

developers.facebook.com/docs/marketing-api/conversions-api (using-the-api, parameters/server-event), read on
2026-11-23. One event older than seven days makes it refuse the whole request, so those are told apart before. The same
`event_name` and `event_id` within 48 hours count once. It takes no refunds back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from haitu.core.hashing import for_meta, meta_click
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

VERSION = "v24.0"
OLDEST_DAYS = 7
THROTTLED = (4, 17, 32, 613, 80004)  # codes of "too many calls", which may come with status 400
EXPIRED = (102, 190)


class Meta:
    """A pixel. `settings`: pixel, test_event_code (optional). `secrets`: access_token."""

    SECRETS = ("access_token",)
    SETTINGS = ("pixel",)
    clicks: tuple[str, ...] = ("fbclid",)
    adjusts = False
    most = 1000

    def __init__(self, *, address: str, secrets: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        self._address = f"{address}/{VERSION}/{settings.get('pixel', '')}/events"
        self._token = secrets.get("access_token", "")
        self._test = settings.get("test_event_code", "")

    def send(self, events: Sequence[Event], *, now: datetime) -> tuple[Told, ...]:
        """One answer an event, in their order."""
        old = too_old(events, now=now, days=OLDEST_DAYS)
        young = [event for event in events if event.id not in old]
        told = {each.id: each for each in by_halves(young, self._batch)} | dict(old)
        return tuple(told[event.id] for event in events)

    def _batch(self, events: Sequence[Event]) -> tuple[Told, ...]:
        rows = [_row(event) for event in events]
        content: dict[str, Any] = {"data": rows}
        if self._test:
            content["test_event_code"] = self._test
        answer = post(self._address, content=content, headers={"Authorization": f"Bearer {self._token}"})
        error = answer.content.get("error")
        if answer.status >= 400 or error:
            _refuse(error if isinstance(error, dict) else {})
        return tuple(
            Told(id=event.id, outcome="sent", matched=tuple(row["user_data"]))
            for event, row in zip(events, rows, strict=True)
        )


def _row(event: Event) -> dict[str, Any]:
    user: dict[str, Any] = {
        name: value if name == "country" else [value] for name, value in for_meta(event.person).items()
    }
    if event.click_id and event.clicked_at is not None:
        user["fbc"] = meta_click(event.click_id, int(event.clicked_at.timestamp() * 1000))
    return {
        "event_name": "Purchase",
        "event_time": int(event.moment.timestamp()),
        "event_id": event.id,
        "action_source": "website",
        "event_source_url": event.page,
        "user_data": user,
        "custom_data": {
            "currency": event.currency,
            "value": float(event.value),  # the API's own type; what we keep stays whole
            "order_id": event.id,
            "content_type": "product",
            "content_ids": list(event.skus),
        },
    }


def _refuse(error: Mapping[str, Any]) -> None:
    code, told = error.get("code"), str(error.get("error_user_msg") or error.get("message") or "no reason given")
    if code in EXPIRED:
        raise TokenExpired("The ad platform no longer takes the stored token.")
    if code in THROTTLED or error.get("is_transient"):
        raise PlatformSilent(f"The ad platform does not answer ({told}).", reason=told)
    raise BatchRefused(told, reason=told)
