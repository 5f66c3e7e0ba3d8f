"""What is kept of one browser, for its reader to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from haitu.models import Touch

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTouch:
    """A visit as it is kept; `clicked`: with the advertisement's own number."""

    at: datetime
    channel: str
    campaign: str
    referrer: str
    clicked: bool


def kept_of(merchant_id: int, key: str) -> tuple[KeptTouch, ...]:
    """The browser's touches, the newest first."""
    if not key:
        return ()
    rows = Touch.objects.of(merchant_id).filter(visitor__key=key).select_related("channel", "campaign")
    return tuple(
        KeptTouch(
            at=row.at,
            channel=row.channel.name,
            campaign=row.campaign.code if row.campaign else "",
            referrer=row.referrer,
            clicked=bool(row.click_id),
        )
        for row in rows.order_by("-at", "-pk")[:MOST_SHOWN]
    )
