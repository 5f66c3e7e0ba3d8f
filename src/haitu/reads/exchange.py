"""Rates of exchange: the newest on or before a day, by reference rates against the euro."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from haitu.core.errors import Refusal
from haitu.core.money import FxRate, cross
from haitu.models import FxRate as FxRateRow

RECENT = timedelta(days=14)  # rates come on working days; an older one is asked for by itself


class NoExchangeRate(Refusal):
    """No reference rate of a currency is known on or before the day."""

    code = "no_exchange_rate"


def exchange_rates(currencies: Iterable[str], *, on: date) -> dict[str, FxRate]:
    """The newest rate on or before the day for each currency, as currency units per euro."""
    rates = {"EUR": FxRate(base="EUR", quote="EUR", rate_e9=1_000_000_000, on=on, source="by definition")}
    wanted = set(currencies) - set(rates)
    recent = FxRateRow.objects.filter(currency__in=wanted, on__lte=on, on__gt=on - RECENT).order_by("on", "pk")
    rows = {row.currency: row for row in recent}
    for currency in sorted(wanted):
        row = rows.get(currency) or FxRateRow.objects.filter(currency=currency, on__lte=on).order_by("-on").first()
        if row is None:
            raise NoExchangeRate(
                f"No exchange rate of {currency} is known on or before {on}; load rates or add one.", field=currency
            )
        rates[currency] = FxRate(base="EUR", quote=currency, rate_e9=row.per_eur_e9, on=row.on, source=row.source)
    return rates


def exchange_rate(given: str, into: str, *, on: date) -> FxRate:
    """The day's rate between two currencies, each by its newest rate on or before the day."""
    rates = exchange_rates({given, into}, on=on)
    return cross(rates[given], rates[into])
