"""What goes wrong at real providers, to order."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Mischief:
    """Off unless asked for; may be changed while the provider runs.

    `hold_ms`: a webhook leaves so long after its cause. `repeat`: each is delivered that many times more. `reorder`:
    the newest leaves first. `lose`: so many of the next deliveries never leave, and never again. `tamper`: so many of
    the next get one byte changed after signing. `outages`: so many of the next API calls are answered with 503.
    `decline_minor`: payments of these very amounts are declined. `later_s`: how long a bank transfer takes.
    """

    hold_ms: int = 0
    repeat: int = 0
    reorder: bool = False
    lose: int = 0
    tamper: int = 0
    outages: int = 0
    decline_minor: set[int] = field(default_factory=set)
    later_s: float = 20.0
