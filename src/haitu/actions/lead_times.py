"""Learning how long lanes really take, from parcels and loads that travelled by them.

A lane's quantiles are those of its deliveries of the last half year, drawn towards what was believed before any was
seen. Only what left long enough ago is looked at, and what has not arrived yet counts with its age: counting the
quick ones alone would teach that everything is quick.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from haitu.actions.version import bump
from haitu.core.lead import LeadTime, learnt
from haitu.models import Audit, Inbound, Lane, Shipment
from haitu.reads.quote import quantiles_of

WINDOW = timedelta(days=180)
FEWEST = 20  # deliveries below which a lane is left as it is: an assumption
BELIEF_WORTH = 30  # deliveries that the earlier belief counts as: an assumption

Trip = tuple[datetime, datetime | None]  # left, arrived


def learn(*, merchant_id: int, now: datetime) -> int:
    """Brings every lane's days up to what its deliveries say; how many lanes changed. Twice a day changes nothing."""
    trips = _trips(merchant_id, now - WINDOW)
    with transaction.atomic():
        lanes = list(Lane.objects.of(merchant_id).select_for_update().filter(pk__in=trips).order_by("pk"))
        changed = sum(_learn(lane, trips[lane.pk], now) for lane in lanes)
        if changed:
            bump(merchant_id)
    return changed


def _trips(merchant_id: int, since: datetime) -> Mapping[int, list[Trip]]:
    """What left by each lane, and when it arrived."""
    parcels = Shipment.objects.of(merchant_id).filter(shipped_at__gte=since)
    loads = Inbound.objects.of(merchant_id).filter(departed_at__gte=since, lane__isnull=False)
    trips = defaultdict[int, list[Trip]](list)
    for lane_id, left, arrived in parcels.values_list("lane_id", "shipped_at", "delivered_at"):
        trips[lane_id].append((left, arrived))
    for load in loads:
        if load.lane_id is not None and load.departed_at is not None:
            trips[load.lane_id].append((load.departed_at, load.arrived_at))
    return trips


def _learn(lane: Lane, trips: Iterable[Trip], now: datetime) -> bool:
    known = quantiles_of(lane)
    believed = LeadTime.from_p50_p90(lane.days_p50, lane.days_p90)
    if known is not None:  # else nothing was learnt yet, or a person has typed other days since
        believed = LeadTime(days=tuple(lane.days_believed or known))
    ripe = now - timedelta(days=believed.p90)
    old_enough = [(left, arrived) for left, arrived in trips if left <= ripe]
    arrivals = sum(arrived is not None for _, arrived in old_enough)
    if len(old_enough) < FEWEST or 2 * arrivals < len(old_enough):  # else it is the news that is late, not the goods
        return False
    seen = [((arrived or now).date() - left.date()).days for left, arrived in old_enough]
    found = learnt(seen, believed, worth=BELIEF_WORTH)
    if found.days == known:
        return False
    changed = {"days_p50": found.p50, "days_p90": found.p90, "days": list(found.days), "days_seen": len(seen)}
    change = {name: [getattr(lane, name), value] for name, value in changed.items()}
    Lane.objects.of(lane.merchant_id).filter(pk=lane.pk).update(days_believed=list(believed.days), **changed)
    # Nobody asked for it, but a promise changes: the trail says by how much.
    Audit.objects.create(
        merchant_id=lane.merchant_id, user=None, at=now, action="lane.learn", subject=lane.code, change=change
    )
    return True
