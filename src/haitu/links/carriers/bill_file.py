"""A carrier's bill as it comes: CSV or XLSX, columns by their English or Chinese names → lines, and what is wrong.

An amount is read in the currency said for the whole bill; a weight in kilograms unless its column says grams.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from haitu.core.errors import Refusal
from haitu.core.money import minor_units
from haitu.links.carriers.protocol import InvoiceLine
from haitu.links.reference.table import Problem

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "waybill": ("waybill", "tracking", "tracking number", "运单号", "单号", "跟踪号", "物流单号"),
    "amount": ("amount", "billed", "total", "fee", "金额", "费用", "应收", "应收金额", "总费用"),
    "kind": ("kind", "type", "charge", "费用类型", "费用名称", "收费项"),
    "weight_kg": ("weight", "weight kg", "weight_kg", "计费重", "计费重量", "重量", "收费重"),
    "weight_g": ("weight_g", "weight g", "重量g", "计费重(g)"),
    "told": ("told", "note", "remark", "service", "备注", "产品"),
}
MOST_LINES = 100_000
MOST_MINOR = 10**12
LONGEST = 60


class NotABill(Refusal):
    """A bill is a CSV or XLSX table whose first row names a waybill and an amount column."""

    code = "not_a_bill"


def parse_bill(name: str, raw: bytes, currency: str) -> tuple[tuple[InvoiceLine, ...], tuple[Problem, ...]]:
    """The lines that can be read, and a problem for each that cannot."""
    table = sheet_rows(raw) if name.lower().endswith(".xlsx") else csv_rows(raw)
    heading = next(table, None)
    if heading is None:
        raise NotABill("The file is empty.")
    columns = _recognised(heading)
    lines: list[InvoiceLine] = []
    problems: list[Problem] = []
    for number, cells in enumerate(table, start=2):
        if number > MOST_LINES:
            raise NotABill(f"A bill has at most {MOST_LINES} lines; split the file.")
        if any(cells):
            line = _line(number, {column: cells[at] for column, at in columns.items() if at < len(cells)}, currency)
            (lines if isinstance(line, InvoiceLine) else problems).append(line)  # type: ignore[arg-type]
    return tuple(lines), tuple(problems)


def _recognised(heading: Sequence[str]) -> dict[str, int]:
    """Our column → where it stands."""
    found: dict[str, int] = {}
    for at, cell in enumerate(heading):
        said = cell.strip().lower()
        for column, names in COLUMNS.items():
            if said in names:
                found.setdefault(column, at)
    if not {"waybill", "amount"} <= set(found):
        raise NotABill("The first row names no waybill and amount column.", given=", ".join(heading)[:100])
    return found


def _line(number: int, cells: Mapping[str, str], currency: str) -> InvoiceLine | Problem:
    waybill, amount = cells.get("waybill", "").strip(), cells.get("amount", "")
    if not 0 < len(waybill) <= LONGEST:
        return Problem(line=number, column="waybill", given=waybill, wanted="a waybill number")
    billed = scaled(amount, minor_units(currency))
    if billed is None or abs(billed) > MOST_MINOR:
        return Problem(line=number, column="amount", given=amount, wanted="an amount such as 12.34")
    for column, factor in (("weight_g", 1), ("weight_kg", 1000)):
        if cells.get(column, "").strip() and scaled(cells[column], factor) is None:
            return Problem(line=number, column=column, given=cells[column], wanted="a weight such as 1.25")
    weight = scaled(cells.get("weight_g", ""), 1)
    return InvoiceLine(
        waybill=waybill,
        billed_minor=billed,
        currency=currency,
        kind=cells.get("kind", "").strip()[:30] or "freight",
        told=cells.get("told", "").strip()[:200],
        weight_g=weight if weight is not None else scaled(cells.get("weight_kg", ""), 1000),
    )


def scaled(given: str, factor: int) -> int | None:
    """A decimal number times a factor, half-up; None for what is none. Commas between thousands are dropped."""
    try:
        number = Decimal(given.strip().replace(",", ""))
    except InvalidOperation:
        return None
    return int((number * factor).quantize(Decimal(1), rounding=ROUND_HALF_UP)) if number.is_finite() else None


def csv_rows(raw: bytes) -> Iterator[list[str]]:
    """A CSV file's rows: UTF-8, else as Chinese Windows writes it."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", errors="replace")
    yield from csv.reader(io.StringIO(text))


def sheet_rows(raw: bytes) -> Iterator[list[str]]:
    """The rows of a workbook's first sheet, as text."""
    try:
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, ValueError, OSError):
        raise NotABill("The file is no XLSX workbook.") from None
    for row in book.worksheets[0].iter_rows(values_only=True):
        yield ["" if cell is None else str(cell) for cell in row]
    book.close()
