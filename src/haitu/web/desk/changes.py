"""What the audit trail says was changed, in the reader's words: names, money, percentages, dates, before and after."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from haitu.reads.desk.trail import TrailRow
from haitu.web.desk import words
from haitu.web.locale import active, country_name, date_text, language_name, money_text, number_text, percent_text

NOTHING = "–"
LONGEST = 160
FIELDS = {
    "above_cheapest": gettext_noop("Above the cheapest"),
    "active": gettext_noop("For sale"),
    "billed_minor": gettext_noop("Carrier's bill"),
    "brand": gettext_noop("Brand"),
    "breaks": gettext_noop("Weight breaks"),
    "buffer": gettext_noop("Units held back from sale"),
    "category": gettext_noop("Category"),
    "changed": gettext_noop("Changed SKUs"),
    "charm": gettext_noop("Price ending"),
    "closed_reason": gettext_noop("Reason"),
    "code": gettext_noop("Code"),
    "currency": gettext_noop("Currency"),
    "divisor_cm3_per_kg": gettext_noop("Volume divisor"),
    "fuel_bp": gettext_noop("Fuel surcharge"),
    "height_mm": gettext_noop("Height"),
    "hs_code": gettext_noop("HS code"),
    "if_passage_closes": gettext_noop("When a passage closes"),
    "incoterm": gettext_noop("Delivery term"),
    "languages": gettext_noop("Languages"),
    "length_mm": gettext_noop("Length"),
    "list_price_minor": gettext_noop("List price"),
    "made": gettext_noop("New SKUs"),
    "max_side_mm": gettext_noop("Longest side"),
    "max_weight_g": gettext_noop("Heaviest box"),
    "minimum_minor": gettext_noop("Least charge"),
    "on_hand": gettext_noop("On hand"),
    "open": gettext_noop("Open"),
    "origin_country": gettext_noop("Made in"),
    "passages": gettext_noop("Passages on its way"),
    "pictures": gettext_noop("Order of the pictures"),
    "price_factor_bp": gettext_noop("Price factor"),
    "price_minor": gettext_noop("Price by hand"),
    "prices_include_tax": gettext_noop("Prices shown"),
    "reason": gettext_noop("Reason"),
    "refunded": gettext_noop("Refunded"),
    "registrations": gettext_noop("Tax registrations"),
    "remote_minor": gettext_noop("Remote area surcharge"),
    "remote_postcodes": gettext_noop("Remote postcodes"),
    "extra_parcel": gettext_noop("A parcel beyond the first"),
    "reroute_up_to_minor": gettext_noop("Loss taken without asking"),
    "restrictions": gettext_noop("Restrictions"),
    "returned": gettext_noop("Units taken back"),
    "returns_bp": gettext_noop("Expected returns"),
    "role": gettext_noop("Role"),
    "shipped": gettext_noop("Units shipped"),
    "shipping_free_from_minor": gettext_noop("Free delivery from"),
    "shipping_minor": gettext_noop("Delivery fee"),
    "source": gettext_noop("Source"),
    "status": gettext_noop("Status"),
    "step_g": gettext_noop("Weight step"),
    "tax_category": gettext_noop("Tax category"),
    "traffic_minor": gettext_noop("Expected traffic cost an order"),
    "units": gettext_noop("Units"),
    "valid_from": gettext_noop("Valid from"),
    "valid_to": gettext_noop("Valid to"),
    "way": gettext_noop("Way"),
    "weight_g": gettext_noop("Weight"),
    "width_mm": gettext_noop("Width"),
}
_TEXT_NAMES = {
    "title": gettext_noop("Title in %(language)s"),
    "description": gettext_noop("Description in %(language)s"),
}
_ROWS = re.compile(r"(\d+) rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field in the reader's words, before and after."""

    name: str
    old: str
    new: str


def about(row: TrailRow) -> str:
    """What the act was done to."""
    if row.action.startswith("market."):
        return country_name(row.about.name, active())
    rows = _ROWS.fullmatch(row.subject) if row.action == "product.import" else None
    return ngettext("%(num)s row", "%(num)s rows", int(rows[1])) % {"num": rows[1]} if rows else row.about.name


def changes(row: TrailRow) -> tuple[Change, ...]:
    """Every field that the act changed; what did not change is left out."""
    kept = {name: (old, new) for name, old, new in row.change}
    money = kept.get("currency") or (row.about.currency, row.about.currency)
    return tuple(
        Change(name=name_of(name), old=_value(name, old, money[0], row), new=_value(name, new, money[1], row))
        for name, (old, new) in kept.items()
        if old != new
    )


def name_of(field: str) -> str:
    """A field as people call it; those of a variant carry its SKU, those of a text its language."""
    sku, _blank, bare = field.rpartition(" ")
    kind, _colon, tag = bare.partition(":")
    if tag and kind in _TEXT_NAMES:
        named = _(_TEXT_NAMES[kind]) % {"language": language_name(tag)}
    else:
        named = _(FIELDS[bare]) if bare in FIELDS else bare
    return f"{sku} · {named}" if sku else named


def _value(field: str, value: Any, currency: str, row: TrailRow) -> str:
    """One side of a change, by what the field's name says it holds."""
    bare = field.rpartition(" ")[2]
    if value in (None, "", []):
        return NOTHING
    if isinstance(value, list):
        return _list(bare, value, currency, row)
    if isinstance(value, bool):
        return _bool(bare, yes=value)
    return _figure(bare, value, currency) if isinstance(value, int) else _text(bare, str(value))


def _list(field: str, values: list[Any], currency: str, row: TrailRow) -> str:
    if field == "breaks":
        return "; ".join(_break(step, currency) for step in values)
    if field == "pictures":
        return _order(values, next(old for name, old, _new in row.change if name == field))
    return ", ".join(language_name(word) if field == "languages" else str(word) for word in values)


def _figure(field: str, value: int, currency: str) -> str:
    if field == "price_factor_bp":
        return f"{value / 10_000:g}"
    if field.endswith("_bp"):
        return percent_text(value, active())
    if (field.endswith("_minor") or field == "refunded") and currency:
        return money_text(value, currency, active())
    unit = next((unit for end, unit in _UNITS.items() if field.endswith(end)), "")
    return f"{number_text(value, active())} {unit}".rstrip()


_UNITS = {"_cm3_per_kg": "cm³/kg", "_mm": "mm", "_g": "g"}


def _bool(field: str, *, yes: bool) -> str:
    if field == "prices_include_tax":
        return _("with tax") if yes else _("without tax")
    return _("Yes") if yes else _("No")


def _text(field: str, value: str) -> str:
    names: Mapping[str, Any] = {
        "status": words.status,
        "role": words.role,
        "origin_country": lambda code: country_name(code, active()),
        "charm": lambda charm: _("as computed") if charm == "none" else f"…{charm}",
        "valid_from": _day,
        "valid_to": _day,
    }
    shown = str(names[field](value)) if field in names else value
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST].rstrip()} …"


def _day(text: str) -> str:
    try:
        return date_text(date.fromisoformat(text), active())
    except ValueError:
        return text


def _break(step: Any, currency: str) -> str:
    """One weight break: up to so many grams, a base and so much a step."""
    up_to, base, per_step, per_kg = (*step, 0)[:4]
    parts = {"%(money)s": base, _("%(money)s a step"): per_step, _("%(money)s a kg"): per_kg}
    asked = [
        sentence % {"money": money_text(minor, currency, active()) if currency else str(minor)}
        for sentence, minor in parts.items()
        if minor
    ]
    grams = _("up to %(grams)s g") % {"grams": number_text(up_to, active())}
    return f"{grams}: {' + '.join(asked) or number_text(0, active())}"


def _order(ids: Any, before: Any) -> str:
    """An order of pictures, told by the places they had before."""
    places = {picture: str(place) for place, picture in enumerate(before, start=1)}
    return ", ".join(places.get(picture, "?") for picture in ids)
