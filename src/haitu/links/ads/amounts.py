"""Figures in platforms' answers → integers; what is none is a bad answer, never a zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from haitu.core.money import minor_units
from haitu.links.ads.figures import rounded
from haitu.links.ads.protocol import BadAdsAnswer

LARGEST = Decimal(10) ** 13


def figure(row: Mapping[str, Any], name: str) -> Decimal:
    """The number under that name; absent is zero, as platforms leave zeros out. Refuses BadAdsAnswer."""
    given = row.get(name, 0)
    try:
        found = Decimal(str(given if given not in {"", None, "-"} else 0))
    except (InvalidOperation, TypeError):
        found = Decimal("nan")
    if not found.is_finite() or abs(found) > LARGEST:
        raise BadAdsAnswer(f"The platform gives {str(given)[:40]!r} for {name}.", column=name)
    return found


def whole(row: Mapping[str, Any], name: str) -> int:
    """A count of zero or more."""
    return max(rounded(figure(row, name), 1), 0)


def minor(value: Decimal, currency: str) -> int:
    """Minor units of the currency. Refuses a negative amount: a report of spend has none."""
    if value < 0:
        raise BadAdsAnswer("The platform reports spend below zero.", column="spend")
    return rounded(value, minor_units(currency))


def day(given: Any) -> date:
    """A day as platforms write it, with or without a time behind it."""
    try:
        return date.fromisoformat(str(given)[:10])
    except ValueError:
        raise BadAdsAnswer(f"The platform gives {str(given)[:40]!r} for a day.", column="day") from None


def rows_of(found: Any, name: str) -> list[Mapping[str, Any]]:
    """A list of objects under that name."""
    rows = found.get(name, []) if isinstance(found, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise BadAdsAnswer(f"The platform's answer has no list of {name}.", column=name)
    return rows


def same_currency(given: Any, wanted: str) -> None:
    """Refuses an account that is kept in another currency than it was said."""
    if given and str(given) != wanted:
        raise BadAdsAnswer(f"The platform's account is in {str(given)[:3]}, ours in {wanted}.", column="currency")
