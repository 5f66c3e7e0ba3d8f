"""What a parcel beyond the first counts when the ways of a basket are compared: the merchant's figure, dated.

A second parcel is packed, labelled and handed over once more, and rings at the buyer's door once more: a split that is
not needed must save more than that. A merchant who has said nothing counts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraParcel:
    """The figure, in its currency; it holds until a younger one begins."""

    minor: int
    currency: str
    valid_from: date
    source: str = ""
    assumed: bool = False


def extra_parcel_on(rates: Iterable[ExtraParcel], on: date) -> ExtraParcel | None:
    """The youngest that has begun by that day."""
    begun = [rate for rate in rates if rate.valid_from <= on]
    return max(begun, key=lambda rate: rate.valid_from, default=None)
