"""What people type into the desk's forms, as values; what cannot be read is refused in words."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from django.http import QueryDict

from haitu.core.errors import Refusal
from haitu.core.money import BadAmount, parse


class BadNumber(Refusal):
    """The input is no whole number, or too small."""

    code = "bad_number"


class BadShare(Refusal):
    """The input is no percentage."""

    code = "bad_share"


class TooMuch(Refusal):
    """The amount is larger than any that is booked here."""

    code = "too_much"


class BadDay(Refusal):
    """The input is no day."""

    code = "bad_day"


LARGEST = 10**9
LARGEST_MINOR = 10**14  # so that sums and exchanges of it still fit into a bigint column


def text(form: QueryDict, name: str, *, longest: int = 200) -> str:
    """What was typed, without the blanks around it."""
    return form.get(name, "").strip()[:longest]


def amount(form: QueryDict, name: str, currency: str) -> int:
    """Minor units of the currency."""
    try:
        minor = parse(text(form, name), currency)
    except BadAmount as no:
        raise BadAmount(no.told, field=name, given=text(form, name)) from None
    if abs(minor) > LARGEST_MINOR:
        raise TooMuch(f"{text(form, name)} is more than can be booked.", field=name, given=text(form, name))
    return minor


def maybe_amount(form: QueryDict, name: str, currency: str) -> int | None:
    """Minor units, or None where nothing was typed."""
    return amount(form, name, currency) if text(form, name) else None


def whole(form: QueryDict, name: str, *, least: int = 0) -> int:
    """A whole number of `least` or more."""
    given = text(form, name)
    if not re.fullmatch(r"-?[0-9]{1,10}", given) or not least <= int(given) <= LARGEST:
        raise BadNumber(f"{given!r} is no whole number of {least} or more.", field=name, given=given, least=least)
    return int(given)


def maybe_whole(form: QueryDict, name: str, *, least: int = 0) -> int | None:
    """The number, or None where nothing was typed."""
    return whole(form, name, least=least) if text(form, name) else None


def share_bp(form: QueryDict, name: str) -> int:
    """A percentage with at most two decimals, in basis points: "2.5" → 250."""
    given = text(form, name)
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,2})?", given):
        raise BadShare(f"{given!r} is no percentage.", field=name, given=given)
    return int(Decimal(given) * 100)


def factor_bp(form: QueryDict, name: str) -> int:
    """A plain factor with at most four decimals, in basis points: "1.05" → 10500."""
    given = text(form, name)
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", given):
        raise BadNumber(f"{given!r} is no factor.", field=name, given=given, least=0)
    return int(Decimal(given) * 10_000)


def row_id(given: str) -> int | None:
    """The number of a row as forms carry it; None for anything else."""
    return int(given) if re.fullmatch(r"[0-9]{1,18}", given) else None


def maybe_day(form: QueryDict, name: str) -> date | None:
    """The day, or None where nothing was typed."""
    given = text(form, name)
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise BadDay(f"{given!r} is no day.", field=name, given=given) from None


def words(form: QueryDict, name: str) -> tuple[str, ...]:
    """Words between commas, semicolons or blanks, of Chinese keyboards too."""
    return tuple(dict.fromkeys(re.split(r"[\s,;，；、]+", text(form, name, longest=2_000)))) if text(form, name) else ()


def page_number(query: QueryDict) -> int:
    """The page asked for; nonsense is the first."""
    given = query.get("page", "")
    return int(given) if re.fullmatch(r"[0-9]{1,6}", given) else 1
