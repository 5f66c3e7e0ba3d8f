"""How people write money, numbers and dates where the reader is: language from Django, territory from the market."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_interval, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_symbol
from babel.units import format_unit
from django.utils import translation

from haitu.core.money import display

NOWHERE = "ZZ"  # ISO 3166's code for no country

_territory: ContextVar[str] = ContextVar("territory", default="")


@contextmanager
def reading(language: str, territory: str = "") -> Iterator[None]:
    """Everything inside is said in this language and written as in this territory (ISO country)."""
    token = _territory.set(territory.upper())
    try:
        with translation.override(language):
            yield
    finally:
        _territory.reset(token)


def active() -> Locale:
    """The locale of the reader."""
    return locale_of(translation.get_language() or "en", _territory.get())


@lru_cache(maxsize=256)
def locale_of(language: str, territory: str = "") -> Locale:
    """The CLDR locale nearest to a BCP 47 tag and a country: Japanese read in Brazil is plain Japanese."""
    parts = [part for part in language.split("-") if part]
    bare = [part for part in parts if len(part) != 2 or part == parts[0]]
    for tag in ("-".join([*bare, territory]) if territory else "", language, parts[0] if parts else ""):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en")


@lru_cache(maxsize=8192)
def money_text(minor: int, currency: str, locale: Locale) -> str:
    """An amount in minor units with every digit its currency has: 123450 EUR → '1.234,50 €'."""
    return format_currency(Decimal(display(minor, currency)), currency, locale=locale, decimal_quantization=False)


def currency_symbol(currency: str, locale: Locale) -> str:
    """The sign of a currency as read here: 'US$', '€'."""
    return get_currency_symbol(currency, locale=locale)


def number_text(value: int | Decimal, locale: Locale) -> str:
    """A number with the locale's separators."""
    return format_decimal(value, locale=locale)


def percent_text(basis_points: int, locale: Locale) -> str:
    """Basis points as a percentage: 1900 → '19 %', 725 → '7.25%'."""
    return format_percent(Decimal(basis_points) / 10_000, locale=locale, decimal_quantization=False)


def unit_text(value: int | Decimal, unit: str, locale: Locale, length: str = "short") -> str:
    """A measure: 300 with 'mass-gram' → '300 g'."""
    return format_unit(value, unit, length=length, locale=locale)  # type: ignore[arg-type]  # a literal in the stubs


def date_text(day: date, locale: Locale, style: str = "medium") -> str:
    """A day; `style` is short, medium, long, full or a CLDR pattern."""
    return format_date(day, style, locale=locale)


def day_month_text(day: date, locale: Locale) -> str:
    """A day of this or the next month: '26. Nov.', '11月26日'."""
    return format_skeleton("MMMd", day, locale=locale)


def time_text(moment: datetime, locale: Locale, style: str = "medium") -> str:
    """A moment with its time of day, in the zone it carries."""
    return format_datetime(moment, style, locale=locale)


@lru_cache(maxsize=1024)
def days_text(first: date, last: date, locale: Locale) -> str:
    """A window of days with their weekdays: 'Tue, Nov 24 – Thu, Nov 26'."""
    return format_interval(first, last, "MMMEd", locale=locale)


def country_name(country: str, locale: Locale) -> str:
    """The country's name as said in the locale's language; what imported history names none for is said so."""
    if country == NOWHERE:  # which CLDR calls "Unknown Region"
        return translation.gettext("Country not recorded")
    return str(locale.territories.get(country, country))


@lru_cache(maxsize=256)
def language_name(tag: str) -> str:
    """A language's own name for itself: 'de' → 'Deutsch'."""
    own = locale_of(tag)
    name = own.get_display_name(own) or tag
    return name[:1].upper() + name[1:]
