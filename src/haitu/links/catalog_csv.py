"""The catalogue as a CSV file: what a merchant's spreadsheet says, row by row, and what is wrong with it.

An empty cell leaves things as they are, a lone "-" clears them. `parse_products` and `write_products` are inverse:
a file written here and read again changes nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from haitu.core.errors import Refusal
from haitu.core.money import display, parse
from haitu.links.reference.table import HS_CODE, Problem, Row

SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+ -]{0,39}")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
STATUSES = ("archived", "draft", "live")
WHOLE = ("weight_g", "length_mm", "width_mm", "height_mm")
COLUMNS = (
    "sku", "product", "category", "status", "brand", "list_price", "hs_code", "origin_country", "tax_category",
    *WHOLE, "restrictions", "active",
)  # fmt: skip
NEEDED_FOR_NEW = ("category", "list_price")
Value = str | int | bool | None | tuple[str, ...]
CLEARED: dict[str, Value] = {"brand": "", "hs_code": "", "restrictions": (), **dict.fromkeys(WHOLE)}
FORMULA = re.compile(r"^[=+\-@\t\r]")
MOST_ROWS = 50_000
MOST_MINOR = 10**12  # of a price; times any quantity and exchange rate it still fits into a bigint
MOST_MEASURE = 10**7  # grams or millimetres


class NotACatalogue(Refusal):
    """The file is no CSV table of products."""

    code = "not_a_catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRow:
    """What one line of the file sets. What it does not mention stays; None clears.

    `fields` are columns of product and variant, `texts` (language, "title" or "description") → words, `prices`
    country → shelf price in minor units of that market's currency.
    """

    line: int
    sku: str
    product: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    texts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    prices: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """What the merchant has, so that a row can be judged: SKU → product slug, category codes, country → currency."""

    skus: Mapping[str, str]
    categories: frozenset[str]
    list_currency: str
    markets: Mapping[str, str]
    languages: tuple[str, ...]


def columns(shelves: Shelves) -> tuple[str, ...]:
    """The heading line, in order."""
    texts = [f"{kind}:{language}" for language in shelves.languages for kind in ("title", "description")]
    return (*COLUMNS, *texts, *(f"price:{country}" for country in shelves.markets))


def parse_products(text: str, shelves: Shelves) -> tuple[tuple[CatalogRow, ...], tuple[Problem, ...]]:
    """The good rows, and a problem for every cell that is not."""
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    allowed = columns(shelves)
    try:
        heading = table.fieldnames or []
        if "sku" not in heading:
            raise NotACatalogue("The first line must name the columns, sku among them.", field="file")
        problems = [
            Problem(line=1, column=name, given=name, wanted="one of the columns of an exported file")
            for name in heading
            if name not in allowed
        ]
        rows = [row for row in _rows(table, shelves, problems) if row is not None]
    except csv.Error as problem:
        raise NotACatalogue(f"Line {table.line_num} is no CSV: {problem}.", field="file", line=table.line_num) from None
    return tuple(rows), tuple(problems)


def write_products(rows: Iterable[CatalogRow], shelves: Shelves) -> Iterator[str]:
    """The file, line by line."""
    names = columns(shelves)
    yield "\ufeff" + _line(names)  # the mark tells spreadsheets that this is UTF-8
    for row in rows:
        cells = {"sku": row.sku, "product": row.product} | {
            name: _written(name, value, shelves.list_currency) for name, value in row.fields.items()
        }
        cells |= {f"{kind}:{language}": words for (language, kind), words in row.texts.items()}
        cells |= {
            f"price:{country}": display(price, shelves.markets[country])
            for country, price in row.prices.items()
            if price is not None
        }
        yield _line([_harmless(cells.get(name, "")) for name in names])


def _rows(table: csv.DictReader[str], shelves: Shelves, problems: list[Problem]) -> Iterator[CatalogRow | None]:
    seen: dict[str, int] = {}
    for count, cells in enumerate(table):
        if count >= MOST_ROWS:
            raise NotACatalogue(f"The file has more than {MOST_ROWS} rows; split it.", field="file", most=MOST_ROWS)
        row = Row(line=table.line_num, values=_plain(cells), problems=problems)
        yield _row(row, shelves, seen)


def _row(row: Row, shelves: Shelves, seen: dict[str, int]) -> CatalogRow | None:
    sku = row.matching("sku", SKU, "1 to 40 letters, digits or . _ / + -")
    if sku in seen:
        row.wrong("sku", f"another SKU, this one is on line {seen[sku]}")
    seen.setdefault(sku, row.line)
    product = _product(row, shelves, sku)
    fields = _fields(row, shelves)
    texts = {
        (language, kind): row.text(f"{kind}:{language}", longest=200 if kind == "title" else 20_000)
        for language in shelves.languages
        for kind in ("title", "description")
        if row.given(f"{kind}:{language}")
    }
    if sku not in shelves.skus:
        _check_new(row, fields, texts, known=product in shelves.skus.values())
    prices = {
        country: None if row.given(name) == "-" else _amount(row, name, currency)
        for country, currency in shelves.markets.items()
        if row.given(name := f"price:{country}")
    }
    if not row.sound:
        return None
    return CatalogRow(line=row.line, sku=sku, product=product, fields=fields, texts=texts, prices=prices)


def _product(row: Row, shelves: Shelves, sku: str) -> str:
    given = row.matching("product", SLUG, "small letters, digits and hyphens, like paper-lantern", needed=False)
    at = shelves.skus.get(sku)
    if at and given and given != at:
        row.wrong("product", f"{at}, where this SKU already is")
    return at or given or _slug(sku)


def _fields(row: Row, shelves: Shelves) -> dict[str, Value]:
    readers: dict[str, Callable[[], Value]] = {
        "category": lambda: row.one_of("category", shelves.categories),
        "status": lambda: row.one_of("status", STATUSES),
        "brand": lambda: row.text("brand", longest=80),
        "list_price": lambda: _amount(row, "list_price", shelves.list_currency),
        "hs_code": lambda: row.matching("hs_code", HS_CODE, "an HS code of 6 to 10 digits"),
        "origin_country": lambda: row.country("origin_country"),
        "tax_category": lambda: row.text("tax_category", longest=20),
        "restrictions": lambda: tuple(word.strip() for word in row.given("restrictions").split(";")),
        "active": lambda: row.yes("active"),
        **{name: partial(_measure, row, name) for name in WHOLE},
    }
    return {
        name: CLEARED[name] if row.given(name) == "-" and name in CLEARED else read()
        for name, read in readers.items()
        if row.given(name)
    }


def _check_new(row: Row, fields: Mapping[str, Value], texts: Mapping[tuple[str, str], str], *, known: bool) -> None:
    """A new SKU says what it costs, and a new product also its shelf and a title."""
    for name in NEEDED_FOR_NEW:
        if name not in fields and not (known and name == "category"):
            row.wrong(name, "a value, because the SKU is new")
    if not known and not any(kind == "title" for _, kind in texts):
        row.wrong("title", "a title in one language, because the product is new")


def _measure(row: Row, name: str) -> int | None:
    number = row.maybe_whole(name, least=1)
    if number is not None and number > MOST_MEASURE:
        row.wrong(name, f"a whole number up to {MOST_MEASURE}")
    return number


def _amount(row: Row, name: str, currency: str) -> int:
    try:
        amount_minor = parse(row.given(name), currency)
    except Refusal:
        amount_minor = -1
    if not 0 <= amount_minor <= MOST_MINOR:
        row.wrong(name, f"an amount in {currency}, like {display(123456, currency)}")
    return amount_minor


def _written(name: str, value: Value, currency: str) -> str:
    if name == "list_price" and isinstance(value, int):
        return display(value, currency)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is None else str(value)


def _slug(sku: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", sku.lower()).strip("-")


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe, which reading takes off again."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def _plain(cells: Mapping[Any, Any]) -> dict[str, str]:
    """Without the apostrophes; what stands right of the last column is left out, a missing cell is empty."""
    return {
        name: text[1:] if len(text) > 1 and text[0] == "'" and FORMULA.match(text[1:]) else text
        for name, cell in cells.items()
        if name is not None and isinstance(text := cell or "", str)
    }
