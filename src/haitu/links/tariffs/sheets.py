"""A file's bytes → sheets of plain text. What a file is, its content says; its name decides nothing.

Encodings tried for CSV: the byte order mark, UTF-8, GB18030. Delimiters: comma, semicolon, tab, bar.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from dataclasses import dataclass, field

from haitu.links.tariffs.said import NotAPriceList, Problem, Said, said

MOST_BYTES = 8_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 400
MOST_SHEETS = 60
MOST_CELLS = 300_000
DELIMITERS = ",;\t|"
KINDS = {  # how files begin that people take for a price list
    b"%PDF": "PDF",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"\x1f\x8b": "gzip",
    b"{\\rtf": "RTF",
}
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: `rows` of cells as plain text, every cell of a merged area filled with its value."""

    name: str
    rows: tuple[tuple[str, ...], ...]

    def at(self, row: int, column: int) -> str:
        """The cell's text, "" beyond the edge; both counted from 0."""
        cells = self.rows[row] if row < len(self.rows) else ()
        return cells[column] if column < len(cells) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a file holds, what was noticed on the way, and what in it cannot be used."""

    sheets: tuple[Sheet, ...]
    noticed: tuple[Said, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def plain(text: str) -> str:
    """Full-width letters and digits as common ones, blanks and line ends as one blank."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("\u200b", "").split())


def check_size(size: int) -> None:
    """Refuse what is too large before it is read."""
    if size > MOST_BYTES:
        raise NotAPriceList(
            "The file has %(size)s MB; a price list has at most %(most)s MB.",
            size=f"{size / 1e6:.0f}",
            most=MOST_BYTES // 10**6,
        )


def refuse_strangers(content: bytes) -> None:
    """Say what a file is that is neither a workbook nor a text."""
    if not content.strip():
        raise NotAPriceList("The file is empty.")
    if content.startswith(OLD_OFFICE):
        raise NotAPriceList(
            "This is an old .xls or a protected workbook; open it and save it as .xlsx without a password."
        )
    for start, kind in KINDS.items():
        if content.startswith(start):
            raise NotAPriceList("This is a %(kind)s file; a price list is an .xlsx or a .csv.", kind=kind)


def of_csv(content: bytes) -> Opened:
    """A text with delimiters as one sheet."""
    text, encoding = _decoded(content)
    delimiter = _delimiter(text)
    rows = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            rows.append(tuple(_unescaped(plain(cell)) for cell in cells))
            check_bounds(len(rows), len(cells), "CSV")
    except csv.Error:
        raise NotAPriceList("Line %(line)s is no CSV.", line=reader.line_num) from None
    if not any(any(cells) for cells in rows):
        raise NotAPriceList("The file is empty.")
    shown = {"\t": "tab"}.get(delimiter, delimiter)
    noticed = said("CSV in %(encoding)s, cells between “%(delimiter)s”", encoding=encoding, delimiter=shown)
    return Opened(sheets=(Sheet(name="CSV", rows=tuple(rows)),), noticed=(noticed,))


def check_bounds(rows: int, columns: int, sheet: str) -> None:
    """Refuse sheets that no person has written."""
    if rows > MOST_ROWS:
        raise NotAPriceList("%(sheet)s has more than %(most)s rows; split it.", sheet=sheet, most=MOST_ROWS)
    if columns > MOST_COLUMNS:
        raise NotAPriceList("%(sheet)s has more than %(most)s columns.", sheet=sheet, most=MOST_COLUMNS)


def _decoded(content: bytes) -> tuple[str, str]:
    """The text and the name of its encoding."""
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    marked = next((name for mark, name in marks.items() if content.startswith(mark)), "")
    for encoding in [marked] if marked else ["utf-8", "gb18030"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(letter) in {"Cc", "Co", "Cn"} for letter in text if letter not in "\t\r\n\x1a"):
            return text, encoding.upper().removesuffix("-SIG")
    raise NotAPriceList("The file is no text: neither UTF-8 nor GB18030 reads it.")


def _delimiter(text: str) -> str:
    """The sign that cuts most lines into the same number of cells, two or more."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    scores = {}
    for sign in DELIMITERS:
        counts = [line.count(sign) for line in lines if sign in line]
        if counts:
            usual = max(set(counts), key=counts.count)
            scores[sign] = counts.count(usual) * min(usual, 8)
    return max(scores, key=lambda sign: scores[sign]) if scores else ","


def _unescaped(cell: str) -> str:
    """Without the apostrophe that keeps spreadsheets from running a cell."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@"} else cell
