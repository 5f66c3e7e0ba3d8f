"""What goes wrong at real carriers, to order."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Mischief:
    """Off unless asked for; may be changed while the server runs. Each number counts down with every request.

    `throttle`: 429 with Retry-After `rest_s`. `outages`: 503. `hang_up`: the connection breaks before anything is done.
    `lose_answer`: it is done, then the connection breaks. `nonsense`: 200 with what is no answer. `slow_s`: every
    answer takes so long. `repeat`: every push is sent so many times more. `reorder`: the newest push leaves first.
    `skew_s`: the server's clock is wrong by so much.
    """

    throttle: int = 0
    rest_s: int = 0
    outages: int = 0
    hang_up: int = 0
    lose_answer: int = 0
    nonsense: int = 0
    slow_s: float = 0.0
    repeat: int = 0
    reorder: bool = False
    skew_s: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> bool:
        """Whether that goes wrong this time."""
        with self.lock:
            left = int(getattr(self, name))
            if left > 0:
                setattr(self, name, left - 1)
            return left > 0
