"""Why a quote is refused, as a number that fits a column."""

from __future__ import annotations

from enum import IntEnum

from haitu.core.errors import Refusal


class Refused(IntEnum):
    """0: quoted. The others carry the code of the refusal that the scalar quote raises, see `code`."""

    NO = 0
    NO_TAX_RATE = 1
    FX_MISMATCH = 2
    NOT_DELIVERED = 3  # the last mile cannot go under the market's incoterm
    LANE_CLOSED = 4
    PRICED_BY_BOX = 5
    TARIFF_NOT_VALID = 6
    NOT_CARRIED = 7
    UNKNOWN_WEIGHT = 8
    TOO_LONG = 9
    TOO_HEAVY = 10
    RATE_MISSING = 11
    DUTY_UNKNOWN = 12
    TAXED_TWICE = 13
    NO_CONTAINER = 14

    @property
    def code(self) -> str:
        """As in the scalar refusal."""
        return self.name.lower()


def number_of(refusal: Refusal) -> Refused:
    """The number of a refusal."""
    return Refused[refusal.code.upper()]
