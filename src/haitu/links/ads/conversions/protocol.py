"""What every platform can be told of an order, whoever it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from haitu.core.errors import Refusal
from haitu.core.hashing import Person

Kind = Literal["purchase", "adjust", "retract"]
Outcome = Literal["sent", "refused", "later"]


class PlatformSilent(Refusal):
    """The ad platform gave no answer, is out of order or has had enough for now; reports wait and go again."""

    code = "platform_silent"


class TokenExpired(Refusal):
    """The ad platform no longer takes the stored token; enter a new one. Reports wait until then."""

    code = "token_expired"


class BatchRefused(Refusal):
    """The ad platform refuses a whole batch; the rows are then told apart by halves."""

    code = "batch_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An order or a change of it. `id` is the same one however often it is told; `of` is the purchase it changes.

    `value_minor` is what the order is worth now: after a refund in part, what is left of it.
    """

    id: str
    kind: Kind
    at: datetime
    value: str  # in major units with a dot, as every platform wants it
    currency: str
    person: Person = field(default_factory=Person)
    of: str = ""
    click_kind: str = ""
    click_id: str = ""
    clicked_at: datetime | None = None
    page: str = ""
    skus: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """When it happened; never before its click, which clocks that differ would otherwise make of it."""
        if self.clicked_at is not None and self.at <= self.clicked_at:
            return self.clicked_at + timedelta(seconds=1)
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one event. `matched`: the names of the keys that were sent to recognise the person."""

    id: str
    outcome: Outcome
    why: str = ""
    matched: tuple[str, ...] = ()


class Platform(Protocol):
    """One merchant's account at an ad platform.

    `send` may raise PlatformSilent (nothing is known of any of them), TokenExpired; never because of one bad row.
    """

    clicks: tuple[str, ...]  # the click ids that are this platform's
    adjusts: bool  # whether it takes a refund back
    most: int  # events in a batch

    def send(self, events: Sequence[Event], *, now: datetime) -> tuple[Told, ...]:
        """Tells all of them, in order; one answer an event. The same event again counts once."""


def by_halves(events: Sequence[Event], send: Callable[[Sequence[Event]], tuple[Told, ...]]) -> tuple[Told, ...]:
    """Sends a batch; one that is refused as a whole is halved until only the bad rows are refused."""
    if not events:
        return ()
    try:
        return send(events)
    except BatchRefused as no:
        if len(events) == 1:
            return (Told(id=events[0].id, outcome="refused", why=no.told[:200]),)
        middle = len(events) // 2
        return by_halves(events[:middle], send) + by_halves(events[middle:], send)


def too_old(events: Sequence[Event], *, now: datetime, days: int) -> Mapping[str, Told]:
    """The events that happened longer ago than the platform takes, told apart before anything is sent."""
    why = f"It happened more than {days} days ago; the platform takes none so old."
    oldest = now - timedelta(days=days)
    return {event.id: Told(id=event.id, outcome="refused", why=why) for event in events if event.moment < oldest}
