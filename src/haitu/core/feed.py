"""Product feeds for ad platforms: an item's attributes held against dated rules, without asking the platform."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

PRICE = re.compile(r"(?=.*[1-9])\d+(\.\d+)? [A-Z]{3}")  # above 0, such as 15.00 USD
MARKUP = re.compile(r"<[a-zA-Z/!]|&[a-z]+;|&#\d+;")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRule:
    """One published demand. `value` is what its operation needs; `source` the page it was read from."""

    attribute: str
    operation: str
    value: Any = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSpec:
    """A platform's feed: attribute → our field, its names for what can be had, its rules as of a day."""

    platform: str
    file: str
    checked_on: date
    availability: Mapping[str, str]
    link: Mapping[str, str]
    columns: Mapping[str, str]
    rules: Sequence[FeedRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedProblem:
    """An attribute that the platform would refuse: what is wanted (`operation` and `value`), and who says so."""

    sku: str
    attribute: str
    given: str
    operation: str
    value: str
    source: str


class Lint:
    """Holds items against a platform's rules, one after the other; remembers what must be unique."""

    def __init__(self, spec: FeedSpec, *, on: date) -> None:
        self._spec, self._on = spec, on
        self._seen: dict[str, set[str]] = {}

    def problems(self, item: Mapping[str, str], sku: str) -> Iterator[FeedProblem]:
        """What the platform would not take of the item; attribute → text, "" for none."""
        for rule in self._spec.rules:
            given = item.get(rule.attribute, "")
            if not self._holds(rule, given, item):
                yield FeedProblem(
                    sku=sku,
                    attribute=rule.attribute,
                    given=given[:120],
                    operation=rule.operation,
                    value=", ".join(rule.value) if isinstance(rule.value, list) else str(rule.value or ""),
                    source=rule.source,
                )

    def _holds(self, rule: FeedRule, given: str, item: Mapping[str, str]) -> bool:
        """Whether the rule is content. Only `required` minds that there is nothing."""
        if rule.operation == "required":
            return bool(given)
        if rule.operation == "required_where":
            other, *values = rule.value
            return bool(given) or item.get(other, "") not in values
        if not given:
            return True
        if rule.operation == "unique":
            seen = self._seen.setdefault(rule.attribute, set())
            new = given not in seen
            seen.add(given)
            return new
        if rule.operation == "moment_within_days":
            return _moment_within(given, rule.value, self._on)
        return _CHECKS[rule.operation](given, rule.value)


def gtin_holds(text: str) -> bool:
    """Whether it is a GTIN of 8, 12, 13 or 14 digits whose last is the check digit (GS1 General Specifications 7.9)."""
    if not (text.isascii() and text.isdigit() and len(text) in (8, 12, 13, 14)):
        return False
    weighed = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(text[:-1])))
    return (weighed + int(text[-1])) % 10 == 0


def _moment_within(given: str, days: int, on: date) -> bool:
    try:
        day = datetime.fromisoformat(given).date()
    except ValueError:
        return False
    return on <= day <= on + timedelta(days)


def _address(given: str, _value: object) -> bool:
    """An address of at most 2,000 ASCII characters."""
    return given.startswith(("https://", "http://")) and given.isascii() and " " not in given and len(given) <= 2_000


_CHECKS: Mapping[str, Callable[[str, Any], bool]] = {
    "at_most": lambda given, value: len(given) <= value,
    "one_of": lambda given, value: given in value,
    "price": lambda given, _value: PRICE.fullmatch(given) is not None,
    "address": _address,
    "ends_in": lambda given, value: given.partition("?")[0].lower().endswith(tuple(value)),
    "gtin": lambda given, _value: gtin_holds(given),
    "no_markup": lambda given, _value: MARKUP.search(given) is None,
    "no_emoji": lambda given, _value: all(unicodedata.category(letter) != "So" for letter in given),
}
OPERATIONS = frozenset(_CHECKS) | {"required", "required_where", "unique", "moment_within_days"}
