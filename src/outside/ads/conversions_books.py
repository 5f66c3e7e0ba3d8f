"""What the stand-in ad platforms remember of reported conversions, and what goes wrong to order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from outside.carriers.mischief import Mischief

TOKEN = "ads-token"  # noqa: S105  # of a server that is nobody's
REFRESH = "ads-refresh"
DEVELOPER = "ads-developer"


@dataclass(slots=True, kw_only=True)
class Books:
    """Conversions by platform and id, as each was first told; `told` counts every time it came."""

    mischief: Mischief = field(default_factory=Mischief)
    address: str = ""
    expired: bool = False
    too_recent: bool = False  # Google does not know conversions yet when they are adjusted
    in_part: bool = False  # TikTok names the bad rows instead of refusing the batch
    first: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    told: dict[tuple[str, str], int] = field(default_factory=dict)
    requests: list[tuple[str, int]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def take(self, platform: str, key: str, row: dict[str, Any]) -> bool:
        """Whether it is new; what came before stays as it was."""
        with self.lock:
            self.told[platform, key] = self.told.get((platform, key), 0) + 1
            new = (platform, key) not in self.first
            self.first.setdefault((platform, key), row)
            return new

    def of(self, platform: str) -> dict[str, dict[str, Any]]:
        """What one platform counts."""
        with self.lock:
            return {key: row for (whose, key), row in self.first.items() if whose == platform}
