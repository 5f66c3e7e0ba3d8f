"""Countries and currencies from tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from haitu.links.reference.table import CURRENCY, Problem, rows

COUNTRY_COLUMNS = (
    "iso2", "iso3", "name_en", "name_zh", "currency", "languages", "dial_code", "region", "subregion",
    "eu_from", "eu_to",
)  # fmt: skip
CURRENCY_COLUMNS = ("code", "numeric", "exponent", "name_en", "name_zh")
THREE_LETTERS = re.compile(r"[A-Z]{3}")
THREE_DIGITS = re.compile(r"\d{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country or territory of ISO 3166-1. `eu_from`, `eu_to`: first and last day in the Union's customs territory."""

    iso2: str
    iso3: str
    name_en: str
    name_zh: str
    currency: str
    languages: tuple[str, ...]
    dial_code: str
    region: str
    subregion: str
    eu_from: date | None
    eu_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency of ISO 4217 with its decimals."""

    code: str
    numeric: str
    exponent: int
    name_en: str
    name_zh: str


def parse_countries(path: Path) -> tuple[tuple[Country, ...], tuple[Problem, ...]]:
    """Countries; Antarctica and its like have neither currency nor region."""
    countries: list[Country] = []
    problems: list[Problem] = []
    for row in rows(path, COUNTRY_COLUMNS, problems):
        country = Country(
            iso2=row.country("iso2"),
            iso3=row.matching("iso3", THREE_LETTERS, "a country code of three letters"),
            name_en=row.text("name_en"),
            name_zh=row.text("name_zh"),
            currency=row.currency("currency", needed=False),
            languages=tuple(row.given("languages").split()),
            dial_code=row.given("dial_code"),
            region=row.given("region"),
            subregion=row.given("subregion"),
            eu_from=row.maybe_day("eu_from"),
            eu_to=row.maybe_day("eu_to"),
        )
        if row.sound:
            countries.append(country)
    return tuple(countries), tuple(problems)


def parse_currencies(path: Path) -> tuple[tuple[Currency, ...], tuple[Problem, ...]]:
    """Currencies with code, number, decimals and names."""
    currencies: list[Currency] = []
    problems: list[Problem] = []
    for row in rows(path, CURRENCY_COLUMNS, problems):
        currency = Currency(
            code=row.matching("code", CURRENCY, "a currency code of three letters"),
            numeric=row.matching("numeric", THREE_DIGITS, "three digits"),
            exponent=row.whole("exponent"),
            name_en=row.text("name_en"),
            name_zh=row.text("name_zh"),
        )
        if row.sound:
            currencies.append(currency)
    return tuple(currencies), tuple(problems)
