"""A rate card as the database keeps it: the inverse of reads.quote.tariff_of."""

from __future__ import annotations

from datetime import date
from typing import Any

from haitu.actions.supply import written_breaks
from haitu.core.freight import Tariff


def row_values(card: Tariff) -> dict[str, Any]:
    """The columns of models.Tariff for a rate card, but its merchant."""
    return {
        "code": card.code,
        "currency": card.currency,
        "basis": card.basis,
        "divisor_cm3_per_kg": card.divisor_cm3_per_kg,
        "step_g": card.step_g,
        "breaks": written_breaks(card.breaks),
        "box_prices": dict(card.box_minor),
        "minimum_minor": card.minimum_minor,
        "fuel_bp": card.fuel_bp,
        "surcharges": [
            {
                "code": extra.code,
                "kind": extra.kind,
                "amount": extra.amount,
                "valid_from": _day(extra.valid_from),
                "valid_to": _day(extra.valid_to),
            }
            for extra in card.surcharges
        ],
        "remote_minor": card.remote_minor,
        "remote_postcodes": list(card.remote_postcodes),
        "max_weight_g": card.max_weight_g,
        "max_side_mm": card.max_side_mm,
        "valid_from": card.valid_from,
        "valid_to": card.valid_to,
        "assumed": card.assumed,
        "source": card.source,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
