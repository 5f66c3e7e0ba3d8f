"""What lying in a warehouse costs, by age: the brackets in force on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from haitu.core.money import half_up
from haitu.models import StorageRate


def storage_on(merchant_id: int, on: date) -> dict[int, list[StorageRate]]:
    """The age brackets in force by warehouse, by age; of two of one age the rate that began last."""
    rows = StorageRate.objects.of(merchant_id).filter(valid_from__lte=on).order_by("valid_from", "pk")
    latest = {(row.warehouse_id, row.from_days): row for row in rows}
    brackets: dict[int, list[StorageRate]] = {}
    for (warehouse_id, _), row in sorted(latest.items()):
        brackets.setdefault(warehouse_id, []).append(row)
    return brackets


def mean_minor_per_m3_day(rates: Sequence[StorageRate], days: int) -> int:
    """The mean of the days a unit lies there, half-up; an age below the first bracket is free."""
    each = [[0, *(r.minor_per_m3_day for r in rates if r.from_days <= age)][-1] for age in range(max(days, 1))]
    return half_up(sum(each), len(each))
