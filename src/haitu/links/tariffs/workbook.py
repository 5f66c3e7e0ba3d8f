"""An .xlsx → sheets: values as they were last calculated, merged areas filled, hidden sheets left out and named.

A workbook is a ZIP of XML. Before anything is unpacked its declared sizes are bounded (Python's zipfile never
reads past them); what can run (macros) or expand (XML entities) is refused.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, time
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.cell import coordinate_from_string, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from haitu.links.tariffs.said import NotAPriceList, Problem, said
from haitu.links.tariffs.sheets import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_SHEETS,
    Opened,
    Sheet,
    check_bounds,
    check_size,
    of_csv,
    plain,
    refuse_strangers,
)

MOST_UNPACKED = 40_000_000
MOST_PARTS = 500
MOST_MERGED = 100_000  # cells filled from merged areas
MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})"')
# A cell with a formula and no value: nobody has ever calculated it.
NEVER_CALCULATED = re.compile(
    rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,3}\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b[^<]*(?:/>|</(?:\w+:)?f>)'
    rb"\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


def opened(content: bytes) -> Opened:
    """The file's sheets, whatever it is called; a refusal that says what else it is."""
    check_size(len(content))
    refuse_strangers(content)
    return _of_xlsx(content) if content.startswith(b"PK") else of_csv(content)


def _of_xlsx(content: bytes) -> Opened:
    _check_parts(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except (KeyError, ValueError, ParseError, InvalidFileException, zipfile.BadZipFile, TypeError) as no:
        raise NotAPriceList("The workbook is damaged; open it and save it again.", why=str(no)) from None
    try:
        return _sheets(book, content)
    except (KeyError, ValueError, ParseError, zipfile.BadZipFile, TypeError) as no:
        raise NotAPriceList("The workbook is damaged; open it and save it again.", why=str(no)) from None
    finally:
        book.close()


def _check_parts(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
                raise NotAPriceList("This is a ZIP, but no workbook; unpack it first.")
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise NotAPriceList("The workbook carries macros; save it as .xlsx without them.")
            unpacked = sum(part.file_size for part in parts)
            if unpacked > MOST_UNPACKED or len(parts) > MOST_PARTS:
                raise NotAPriceList(
                    "The workbook unpacks to %(size)s MB in %(parts)s parts; at most %(most)s MB in %(most_parts)s.",
                    size=f"{unpacked / 1e6:.0f}",
                    parts=len(parts),
                    most=MOST_UNPACKED // 10**6,
                    most_parts=MOST_PARTS,
                )
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!" in archive.read(part)[:4096]:
                    raise NotAPriceList("The workbook declares XML entities; nothing honest does.")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as no:
        raise NotAPriceList("The workbook is damaged; open it and save it again.", why=str(no)) from None


def _sheets(book: Any, content: bytes) -> Opened:
    sheets, problems, noticed, cells = [], list[Problem](), [], 0
    if len(book.worksheets) > MOST_SHEETS:
        raise NotAPriceList("The workbook has more than %(most)s sheets.", most=MOST_SHEETS)
    for page in book.worksheets:
        if page.sheet_state != "visible":
            noticed.append(said("The hidden sheet “%(sheet)s” was not read", sheet=page.title))
            continue
        raw = _xml_of(page, content)
        rows = list(_rows(page))
        cells += sum(len(row) for row in rows)
        if cells > MOST_CELLS:
            raise NotAPriceList("The workbook has more than %(most)s cells.", most=MOST_CELLS)
        _fill_merged(rows, raw)
        problems += _never_calculated(page.title, raw)
        if any(any(row) for row in rows):
            sheets.append(Sheet(name=page.title, rows=tuple(tuple(row) for row in rows)))
    if not sheets:
        raise NotAPriceList("The workbook has no sheet with anything in it.")
    return Opened(sheets=tuple(sheets), noticed=tuple(noticed), problems=tuple(problems))


def _xml_of(page: Any, content: bytes) -> bytes:
    """The sheet's own XML: openpyxl's streaming reader knows its place, but not merged cells and formulas."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(page._worksheet_path)


def _rows(page: Any) -> Iterator[list[str]]:
    """Rows up to the last one with anything in it."""
    page.reset_dimensions()  # a file's own word for its size is often wrong
    blank = 0
    for cells in page.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
        row = [_text(value) for value in cells]
        while row and not row[-1]:
            row.pop()
        if not row:
            blank += 1
            continue
        check_bounds(blank + 1, len(row), page.title)
        yield from ([] for _ in range(blank))
        blank = 0
        yield row


def _text(value: object) -> str:
    """A cell's value as a person reads it; numbers without the noise of binary fractions."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{Decimal(format(value, '.15g')).normalize():f}" if abs(value) < 1e15 else "#NUM!"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return "" if value is None else plain(str(value))


def _fill_merged(rows: list[list[str]], raw: bytes) -> None:
    filled = 0
    for found in MERGED.finditer(raw):
        left, top, right, bottom = range_boundaries(found[1].decode())
        bottom, right = min(bottom, len(rows)), min(right, MOST_COLUMNS)
        if top > bottom:
            continue
        value = rows[top - 1][left - 1] if left <= len(rows[top - 1]) else ""
        filled += (bottom - top + 1) * (right - left + 1)
        if filled > MOST_MERGED:
            raise NotAPriceList("More than %(most)s cells are merged.", most=MOST_MERGED)
        for at in range(top - 1, bottom) if value else ():
            rows[at] += [""] * (right - len(rows[at]))
            rows[at][left - 1 : right] = [value] * (right - left + 1)


def _never_calculated(sheet: str, raw: bytes) -> Iterator[Problem]:
    for found in NEVER_CALCULATED.finditer(raw):
        column, row = coordinate_from_string(found[1].decode())
        wanted = said("a value: this formula was never calculated; open the file in a spreadsheet and save it")
        yield Problem(sheet=sheet, row=row, column=column, given="=", wanted=wanted)
