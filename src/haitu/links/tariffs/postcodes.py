"""Lists without prices beside a price list: remote postcodes, and fuel surcharges by month."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from haitu.links.tariffs.countries import countries, named_in
from haitu.links.tariffs.figures import percent_bp
from haitu.links.tariffs.tables import Table

MOST_PREFIXES = 5_000
CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{0,9}")
RANGE = re.compile(r"(\d{3,8})\s*(?:-|~|至|to)\s*(\d{3,8})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """Postcode prefixes of a country's remote areas and what they cost, as text ("" if the list does not say)."""

    prefixes: tuple[str, ...]
    fee: str = ""


def remote_of(tables: Iterable[Table], country: str) -> Remote:
    """What the file's postcode lists say about a country."""
    prefixes: dict[str, None] = {}
    fee = ""
    for table in tables:
        if not table.of("postcode") or table.of("per_kg", "flat", "first"):
            continue
        about = named_in(f"{table.sheet.name} {' '.join(text for _, text in table.title)}")
        for row in range(table.first, table.last + 1):
            listed = [code for c in table.of("country") for code in countries(table.sheet.at(row, c.index))[0]] or about
            if listed and country not in listed:
                continue
            for column in table.of("postcode"):
                prefixes |= dict.fromkeys(_prefixes(table.sheet.at(row, column.index)))
            for column in table.of("remote"):
                fee = fee or table.sheet.at(row, column.index)
    return Remote(prefixes=tuple(prefixes)[:MOST_PREFIXES], fee=fee)


def fuel_of(tables: Iterable[Table], on: date | None) -> str:
    """The percentage of the month in a table of months; of the last month listed where the list has no day."""
    last = ""
    for table in tables:
        if not (table.of("month") and table.of("fuel")):
            continue
        for row in range(table.first, table.last + 1):
            month, text = (table.sheet.at(row, table.of(kind)[0].index) for kind in ("month", "fuel"))
            text = text if "%" in text or not text else f"{text}%"
            if percent_bp(text) is None:
                continue
            last = text
            if on and month[:7].replace("/", "-").replace("年", "-") == f"{on:%Y-%m}":
                return text
    return last


def _prefixes(text: str) -> Iterator[str]:
    """The codes of a cell such as 35004, 352*, 99500-99950; a range becomes the fewest prefixes that cover it."""
    for part in re.split(r"[,;、\s]+(?![-~])", RANGE.sub(r"\1-\2", text.upper())):
        if found := RANGE.fullmatch(part):
            if len(found[1]) == len(found[2]) and found[1] <= found[2]:
                yield from covering(found[1], found[2])
        elif CODE.fullmatch(bare := part.strip("*")):
            yield bare


def covering(first: str, last: str) -> list[str]:
    """The fewest prefixes that begin exactly the numbers from first to last."""
    if first == last:
        return [first]
    if set(first) <= {"0"} and set(last) <= {"9"} and first:
        return [""]
    if first[0] == last[0]:
        return [first[0] + rest for rest in covering(first[1:], last[1:])]
    zeros, nines = "0" * (len(first) - 1), "9" * (len(first) - 1)
    found = [first[0] + rest for rest in covering(first[1:], nines)]
    found += [str(digit) for digit in range(int(first[0]) + 1, int(last[0]))]
    return found + [last[0] + rest for rest in covering(zeros, last[1:])]
