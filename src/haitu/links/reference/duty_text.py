"""A duty as tariffs write it, "12.8% + 176.80 EUR/100kg" or "5.3¢/kg", as numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

PERCENT = re.compile(r"(?P<percent>\d+(?:\.\d+)?) ?%")
MONEY = re.compile(
    r"(?P<dollar>\$)?(?P<amount>[\d,]+(?:\.\d+)?) ?(?P<coin>¢|EUR|GBP|€)?"
    r" ?(?:/ ?(?P<quantity>[\d,]*) ?(?P<unit>kg|tonne|t|hl|liter|litre|items?|m|pr\.?|doz\.?|bbl|gross)"
    r"| (?P<each>each))"
)
CURRENCY = {"$": "USD", "¢": "USD", "EUR": "EUR", "€": "EUR", "GBP": "GBP"}
UNIT = {"litre": "l", "liter": "l", "items": "item", "pr.": "pair", "pr": "pair", "doz.": "dozen", "doz": "dozen"}
GRAMS = {"kg": 1_000, "tonne": 1_000_000, "t": 1_000_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Specific:
    """So much money for so much of something: 53 US cents for 10,000 g is 5.3¢/kg."""

    amount_minor: int
    currency: str
    quantity: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Basis points of the value, and perhaps money by quantity beside them."""

    ad_valorem_bp: int
    specific: Specific | None


def duty(text: str) -> Duty | None:
    """The duty meant; None where the text holds more than a percentage and one amount by quantity.

    Not understood on purpose: seasons, minima and maxima, content (sugar, alcohol, lead), parts of a watch.
    """
    plain = re.sub(r"<[^>]*>", "", text).strip()
    if plain.casefold() == "free":
        return Duty(ad_valorem_bp=0, specific=None)
    percents: list[int] = []
    specifics: list[Specific] = []
    for part in plain.split("+"):
        if found := PERCENT.fullmatch(part.strip()):
            basis_points = Decimal(found["percent"]) * 100
            if basis_points != int(basis_points):
                return None
            percents.append(int(basis_points))
        elif (found := MONEY.fullmatch(part.strip())) and (found["dollar"] or found["coin"]):
            specifics.append(_specific(found))
        else:
            return None
    if len(percents) > 1 or len(specifics) > 1 or not (percents or specifics):
        return None
    return Duty(ad_valorem_bp=sum(percents), specific=specifics[0] if specifics else None)


def _specific(found: re.Match[str]) -> Specific:
    """Whole minor units for a whole quantity, the quantity raised tenfold as often as the amount needs it."""
    amount = Decimal(found["amount"].replace(",", ""))
    minor = amount if found["coin"] == "¢" else amount * 100
    quantity = int((found["quantity"] or "1").replace(",", "") or "1")
    while minor != int(minor):
        minor, quantity = minor * 10, quantity * 10
    unit = "item" if found["each"] else found["unit"]
    if unit in GRAMS:
        quantity, unit = quantity * GRAMS[unit], "g"
    return Specific(
        amount_minor=int(minor),
        currency=CURRENCY[found["dollar"] or found["coin"]],
        quantity=quantity,
        unit=UNIT.get(unit, unit),
    )
