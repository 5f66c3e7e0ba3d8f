"""Where a parcel is: one vocabulary for all carriers, and a fold that no order and no repetition of scans can upset.

Every scan is a point in a semilattice, and a parcel's progress is the join of its scans. Joining is commutative,
associative and idempotent, so a push that comes late, twice or backwards gives the same progress as one in time. It
is monotone too: more scans never take a parcel back from the door to the road. See docs/carriers.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import reduce
from hashlib import sha256

from haitu.core.dated import in_force


class ParcelState(StrEnum):
    """What a carrier's scan means to us, whatever the carrier calls it."""

    ANNOUNCED = "announced"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    CUSTOMS = "customs"
    CUSTOMS_HELD = "customs_held"
    OUT_FOR_DELIVERY = "out_for_delivery"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    RETURNED = "returned"
    LOST = "lost"
    EXCEPTION = "exception"


# Ten to a phase: a later phase outranks an earlier one whatever the clocks say. Within the journey (20 to 29) the
# later scan wins, and at the same second the higher rank. A parcel given up for lost may still be delivered, and one
# that was handed over may come back; neither is ever on the road again.
RANK: Mapping[ParcelState, int] = {
    ParcelState.ANNOUNCED: 0,
    ParcelState.PICKED_UP: 10,
    ParcelState.EXCEPTION: 20,
    ParcelState.IN_TRANSIT: 21,
    ParcelState.CUSTOMS: 22,
    ParcelState.CUSTOMS_HELD: 23,
    ParcelState.OUT_FOR_DELIVERY: 24,
    ParcelState.ATTEMPT_FAILED: 25,
    ParcelState.LOST: 30,
    ParcelState.DELIVERED: 40,
    ParcelState.RETURNED: 50,
}
ENDS = frozenset({ParcelState.DELIVERED, ParcelState.RETURNED})
TROUBLE = frozenset(
    {
        ParcelState.CUSTOMS_HELD,
        ParcelState.ATTEMPT_FAILED,
        ParcelState.EXCEPTION,
        ParcelState.LOST,
        ParcelState.RETURNED,
    }
)
LONGEST_CODE = 60


def phase(state: ParcelState) -> int:
    """0 announced, 1 picked up, 2 on the way, 3 lost, 4 delivered, 5 returned."""
    return RANK[state] // 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One thing a carrier says about a waybill. `state` is None when its code is not in our map: kept, never guessed.

    `code` is the carrier's own, `told` its words, `raw` the message it stood in (shortened, without secrets).
    """

    waybill: str
    code: str
    at: datetime
    state: ParcelState | None = None
    place: str = ""
    told: str = ""
    raw: str = ""

    def __post_init__(self) -> None:
        if self.at.utcoffset() is None:
            raise ValueError(f"a scan's time names its zone; {self.at} does not")

    @property
    def key(self) -> str:
        """The same for the same scan however often and in whatever wording it is sent: waybill, code, second, place."""
        seconds = int(self.at.astimezone(UTC).timestamp())
        return sha256(f"{self.waybill}\n{self.code}\n{seconds}\n{self.place}".encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a parcel's scans amount to. Only `of`, `NOTHING` and `|` make one."""

    state: ParcelState | None = None
    at: datetime | None = None  # when it came into this state, as far as known
    picked_up_at: datetime | None = None
    delivered_at: datetime | None = None
    last_at: datetime | None = None  # the newest scan of all

    @classmethod
    def of(cls, scan: Scan) -> Progress:
        """One scan. An unknown code tells that the parcel was seen, and nothing else."""
        if scan.state is None:
            return cls(last_at=scan.at)
        return cls(
            state=scan.state,
            at=scan.at,
            picked_up_at=scan.at if scan.state == ParcelState.PICKED_UP else None,
            delivered_at=scan.at if scan.state == ParcelState.DELIVERED else None,
            last_at=scan.at,
        )

    def __or__(self, other: Progress) -> Progress:
        """Both together: commutative, associative, and the same again with itself."""
        ahead = max(self, other, key=_standing)
        return Progress(
            state=ahead.state,
            at=ahead.at,
            picked_up_at=_earlier(self.picked_up_at, other.picked_up_at),
            delivered_at=_earlier(self.delivered_at, other.delivered_at),
            last_at=_later(self.last_at, other.last_at),
        )

    @property
    def ended(self) -> bool:
        """Nothing more is expected."""
        return self.state in ENDS

    @property
    def troubled(self) -> bool:
        """Somebody should look."""
        return self.state in TROUBLE


NOTHING = Progress()
_NEVER = datetime.min.replace(tzinfo=UTC)


def fold(scans: Iterable[Scan]) -> Progress:
    """The progress of a parcel's scans, in any order, each any number of times."""
    return reduce(Progress.__or__, map(Progress.of, scans), NOTHING)


def _standing(progress: Progress) -> tuple[int, float, int]:
    """What `|` compares: the phase; then, for what may happen again, the later; for what happens once, the earlier."""
    if progress.state is None or progress.at is None:
        return (-1, 0.0, 0)
    own = phase(progress.state)
    seconds = (progress.at - _NEVER).total_seconds()
    return (own, seconds if own == 2 else -seconds, RANK[progress.state])


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at), default=None)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((at for at in (one, other) if at), default=None)


# Carriers' codes -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRule:
    """A carrier's code and what it means from `valid_from` on; a fact with its source, never a constant in the code."""

    carrier: str
    code: str
    state: ParcelState
    told: str
    valid_from: date
    valid_to: date | None
    source: str


def state_of(rules: Mapping[str, Sequence[CodeRule]], code: str, on: date) -> ParcelState | None:
    """What a carrier's code meant that day; None when we do not know it."""
    for rule in rules.get(code, ()):
        if in_force(rule, on):
            return rule.state
    return None
