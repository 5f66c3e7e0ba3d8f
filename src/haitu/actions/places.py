"""The world's ports and airports, for every merchant's network."""

from __future__ import annotations

from django.db import transaction

from haitu.models import Place
from haitu.plan.network.places import AIRPORTS_SOURCE, PORTS_SOURCE, world_places

BATCH = 2_000


def load_places() -> int:
    """Adds the shipped places, and corrects those already there; places of other sources stay."""
    rows = [
        Place(
            code=place.code,
            name=place.name[:80],
            country=place.country,
            kind=place.kind,
            lat_e6=place.lat_e6,
            lon_e6=place.lon_e6,
            source=PORTS_SOURCE if place.kind == "port" else AIRPORTS_SOURCE,
        )
        for place in world_places().values()
    ]
    with transaction.atomic():
        Place.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["name", "country", "kind", "lat_e6", "lon_e6", "source"],
        )
    return len(rows)
