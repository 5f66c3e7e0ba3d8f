"""Lines of "SKU, units[, price]" as people paste them from a spreadsheet or a chat."""

from __future__ import annotations

import re
from dataclasses import dataclass

from haitu.core.money import BadAmount, parse
from haitu.links.reference.table import Problem

MOST_LINES = 2_000
MOST_UNITS = 10**8
SEPARATOR = re.compile(r"[\t;,，；]")
HEADERS = frozenset({"sku", "item", "货号", "商品编码"})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsLine:
    """One line: units of a SKU, and the price of one where prices are asked for."""

    line: int
    sku: str
    quantity: int
    unit_minor: int = 0


def parse_units(text: str, *, currency: str = "") -> tuple[tuple[UnitsLine, ...], tuple[Problem, ...]]:
    """The lines and what is wrong; with a `currency` each line has a price of one unit as its third field.

    A tab, comma or semicolon (also a Chinese one) stands between the fields; empty lines and a heading are passed over.
    """
    rows: list[UnitsLine] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        fields = [field.strip() for field in SEPARATOR.split(line)]
        if not any(fields) or fields[0].lower() in HEADERS:
            continue
        if len(rows) >= MOST_LINES:
            problems.append(Problem(line=number, column="sku", given=fields[0], wanted=f"at most {MOST_LINES} lines"))
            break
        row = _line(number, fields, currency, seen, problems)
        if row is not None:
            rows.append(row)
    return tuple(rows), tuple(problems)


def _line(number: int, fields: list[str], currency: str, seen: set[str], problems: list[Problem]) -> UnitsLine | None:
    sku, units, price = (*fields, "", "", "")[:3]
    found = len(problems)
    if not sku or len(sku) > 40:
        problems.append(Problem(line=number, column="sku", given=sku[:60], wanted="a SKU"))
    elif sku.lower() in seen:
        problems.append(Problem(line=number, column="sku", given=sku, wanted="each SKU once"))
    if not re.fullmatch(r"[0-9]{1,9}", units) or not 0 < int(units) <= MOST_UNITS:
        problems.append(Problem(line=number, column="units", given=units[:20], wanted="a whole number, 1 or more"))
    unit_minor = 0
    if currency:
        try:
            unit_minor = parse(price, currency)
        except BadAmount:
            unit_minor = -1
        if unit_minor < 0:
            problems.append(
                Problem(line=number, column="price", given=price[:20], wanted=f"a price in {currency}, like 12.34")
            )
    if len(problems) > found:
        return None
    seen.add(sku.lower())
    return UnitsLine(line=number, sku=sku, quantity=int(units), unit_minor=unit_minor)
