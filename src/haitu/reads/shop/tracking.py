"""Where an order's parcels are, as their buyer reads it: the states we know, never a carrier's internal words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from haitu.core.tracking import ParcelState
from haitu.models import TrackingEvent

MOST_STEPS = 12
# What is the buyer's business, and in which words (templates/shop/tracking.html). Trouble is told when it is theirs.
TOLD = frozenset(ParcelState) - {ParcelState.EXCEPTION, ParcelState.LOST}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackStep:
    """One step of a parcel's way."""

    state: str
    at: datetime
    place: str


def tracking_of(merchant_id: int, order_id: int) -> dict[str, tuple[TrackStep, ...]]:
    """Parcel's number → its way, the newest first; a state that repeats at a stretch is told once. One query."""
    events = (
        TrackingEvent.objects.of(merchant_id)
        .filter(waybill__shipment__order_id=order_id, state__in=[state.value for state in TOLD])
        .order_by("-at", "-pk")
    )
    found: dict[str, list[TrackStep]] = {}
    for number, state, at, place in events.values_list("waybill__shipment__number", "state", "at", "place"):
        steps = found.setdefault(number, [])
        if steps and (steps[-1].state, steps[-1].place) == (state, place):
            steps.pop()
        steps.append(TrackStep(state=state, at=at, place=place))
    return {number: tuple(steps[:MOST_STEPS]) for number, steps in found.items()}
