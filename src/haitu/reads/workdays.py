"""A warehouse's calendar: its weekdays without work, its country's public holidays, and days of its own."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from haitu.core.workdays import Workdays
from haitu.models import Warehouse


def workdays_of(row: Warehouse, year: int) -> Workdays:
    """The calendar of that year and the next."""
    public = _public_holidays(row.holidays, year) if row.holidays else frozenset[date]()
    return Workdays(
        rest_weekdays=frozenset(row.rest_weekdays),
        rest_days=public | {date.fromisoformat(day) for day in row.rest_days},
    )


@lru_cache(maxsize=256)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    """Public holidays of a country in that year and the next; none where the library does not know the country."""
    from holidays import country_holidays  # noqa: PLC0415  # a hundred countries' rules: only for those who ask

    try:
        return frozenset(country_holidays(country, years=(year, year + 1)))
    except NotImplementedError:
        return frozenset()
