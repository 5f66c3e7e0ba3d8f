"""What the stand-in ad platforms know of spend, and what goes wrong to order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from outside.carriers.mischief import Mischief

TOKEN = "ads-token"  # noqa: S105  # of a server that is nobody's
REFRESH = "ads-refresh"
DEVELOPER = "ads-developer"
APP_SECRET = "ads-app-secret"  # noqa: S105  # likewise


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A campaign's day in a country; "" where the platform cannot place it."""

    day: str
    campaign_id: str
    campaign: str
    country: str
    amount: str
    impressions: int = 100
    clicks: int = 10
    orders: float = 1.0
    value: str = "0"


@dataclass(slots=True, kw_only=True)
class Books:
    """Rows a platform would report, and its moods.

    `page`: rows a page. `running`: how often Meta's report is still being made. `busy`: how often Meta and TikTok say
    in words, not by 429, that it was too much. `circle`: pages never end. `grow`: a row appears between two pages.
    """

    mischief: Mischief = field(default_factory=Mischief)
    address: str = ""
    currency: str = "EUR"
    rows: list[Spent] = field(default_factory=list)
    page: int = 2
    running: int = 1
    busy: int = 0
    regain_minutes: int = 0
    expired: bool = False
    circle: bool = False
    grow: bool = False
    asked: list[str] = field(default_factory=list)
    runs: dict[str, tuple[str, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def between(self, first: str, last: str) -> list[Spent]:
        """The rows of these days."""
        return [row for row in self.rows if first <= row.day <= last]

    def is_busy(self) -> bool:
        """Whether this request is one too many."""
        with self.lock:
            self.busy -= 1
            return self.busy >= 0
