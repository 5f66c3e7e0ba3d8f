"""What is shut, from which day to which, and why: lanes, warehouses, sea passages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal

# The straits and canals that the sea network knows by name; a lane's corridor is a list of these.
PASSAGES = {
    "suez": "Suez Canal",
    "bab_el_mandeb": "Bab el-Mandeb",
    "panama": "Panama Canal",
    "malacca": "Strait of Malacca",
    "sunda": "Sunda Strait",
    "hormuz": "Strait of Hormuz",
    "gibraltar": "Strait of Gibraltar",
    "bosporus": "Bosporus",
    "dardanelles": "Dardanelles",
    "cape": "Cape of Good Hope",
    "magellan": "Strait of Magellan",
    "bering": "Bering Strait",
    "northwest": "Northwest Passage",
}


class BadClosure(Refusal):
    """A closure that ends before it begins, or of a passage nobody knows."""

    code = "bad_closure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Shut from `valid_from` to `valid_to`, both included; None: until it is lifted."""

    valid_from: date
    valid_to: date | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise BadClosure(
                f"The closure begins on {self.valid_from} and ends before that, on {self.valid_to}.",
                field="valid_to",
                valid_from=self.valid_from,
                valid_to=self.valid_to,
            )


def closed_on(closures: Iterable[Closure], on: date) -> Closure | None:
    """The closure in force on that day, of several the youngest; None: open."""
    return max((closure for closure in closures if in_force(closure, on)), key=since, default=None)


def check_passage(passage: str) -> None:
    """Refuse a name that is not in PASSAGES."""
    if passage not in PASSAGES:
        raise BadClosure(
            f"{passage!r} is no passage we know; allowed: {', '.join(sorted(PASSAGES))}.",
            field="passage",
            passage=passage,
        )
