"""Where the tables of a sheet stand: title rows above are skipped, notes below cut off, columns recognised.

A heading row names two columns or more of which one holds prices; it may be two rows high. Columns carry prices of
a weight band ("0-0.5KG"), of a place ("德国", "Zone 3"), or of what a row says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from haitu.links.tariffs.countries import countries
from haitu.links.tariffs.figures import Band, amount, band, is_no_service, tight, unit_in
from haitu.links.tariffs.headers import KEYS, KINDS, NOTHING, PRICES, heading
from haitu.links.tariffs.said import Said, letter, said
from haitu.links.tariffs.sheets import Sheet

ZONE = re.compile(
    r"(?:zone|z|分区|区域|第)-?(?:\d{1,2}|[a-z]|[一二三四五六七八九十])(?:区)?|(?:\d{1,2}|[a-z]|[一二三四五六七八九十])区",
)
PLACES = ("country", "zone", "destination")
LISTS = ({"zone", "country"}, {"postcode"}, {"month", "fuel"})  # tables without prices
SAMPLES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `kind` as in headers.KINDS, for a weight `band` or a `place` of its own where the heading says so."""

    index: int
    text: str
    kind: str
    sure: int
    why: Said
    band: Band | None = None
    place: str = ""
    unit: str = ""
    currencies: frozenset[str] = frozenset()
    samples: tuple[str, ...] = ()

    @property
    def letter(self) -> str:
        """As spreadsheets name it."""
        return letter(self.index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows `first` to `last` (counted from 0, last included) under the heading row `header`; `title` stands above."""

    sheet: Sheet
    header: int
    first: int
    last: int
    columns: tuple[Column, ...]
    title: tuple[tuple[int, str], ...] = ()

    @property
    def key(self) -> str:
        """How a person's corrections name it."""
        return f"{self.sheet.name}!{self.header + 1}"

    def of(self, *kinds: str) -> tuple[Column, ...]:
        """The columns of these kinds."""
        return tuple(column for column in self.columns if column.kind in kinds)

    @property
    def has_prices(self) -> bool:
        """Whether any column holds amounts to build a rate card from."""
        return any(column.kind in PRICES and column.kind not in {"remote", "minimum"} for column in self.columns)


def tables(sheet: Sheet, corrections: Mapping[str, str]) -> tuple[Table, ...]:
    """The sheet's tables from top to bottom. `corrections`: "Sheet!row!column letter" → kind."""
    default = _unit_of(sheet)
    heads = []
    row = 0
    while row < len(sheet.rows):
        if head := _head(sheet, row, default):
            heads.append(head)
            row = head[1]
        row += 1
    found = []
    below = 0
    for place, (header, first, columns) in enumerate(heads):
        end = heads[place + 1][0] if place + 1 < len(heads) else len(sheet.rows)
        last = _last(sheet, first, end, columns)
        table = Table(
            sheet=sheet,
            header=header,
            first=first,
            last=last,
            columns=tuple(replace(column, samples=_samples(sheet, first, last, column.index)) for column in columns),
            title=lines(sheet, below, header),
        )
        found.append(_corrected(table, corrections))
        below = last + 1
    return tuple(found)


def lines(sheet: Sheet, start: int, end: int) -> tuple[tuple[int, str], ...]:
    """The texts of some rows, each once, with their row numbers (from 1)."""
    return tuple(
        (row + 1, text) for row in range(start, end) for text in dict.fromkeys(cell for cell in sheet.rows[row] if cell)
    )


def _unit_of(sheet: Sheet) -> str:
    """The unit that the sheet's texts name most often: what a bare "0-0.5" is read in."""
    seen = [unit for row in sheet.rows[:60] for cell in row if (unit := unit_in(cell)) and unit != "g"]
    return max(set(seen), key=seen.count) if seen else ""


def _head(sheet: Sheet, row: int, unit: str) -> tuple[int, int, tuple[Column, ...]] | None:
    """(heading row, first row of the body, columns) if a table's heading starts in this row."""
    best = _columns(sheet.rows[row], unit)
    if _has_prices(sheet.rows[row]):
        return None
    height = 1
    if row + 1 < len(sheet.rows) and not _has_amounts(sheet.rows[row + 1]):
        higher = _columns(_stacked(sheet.rows[row], sheet.rows[row + 1]), unit)
        if _score(higher) > _score(best) and len(set(filter(None, sheet.rows[row]))) > 1:
            best, height = higher, 2
    if not _is_head(best):
        return None
    return row, row + height, best


def _is_head(columns: tuple[Column, ...]) -> bool:
    kinds = {column.kind for column in columns}
    texts = {column.text for column in columns}
    prices = [column for column in columns if column.kind in PRICES]
    keys = [column for column in columns if column.kind in KEYS]
    if len(texts) < 2:
        return False
    if any(wanted <= kinds for wanted in LISTS):
        return True
    return bool(prices) and (bool(keys) or (len(prices) > 1 and any(column.sure >= 90 for column in prices)))


def _score(columns: tuple[Column, ...]) -> int:
    return sum(2 if column.sure >= 90 else 1 for column in columns if column.kind != NOTHING)


def _columns(cells: tuple[str, ...], unit: str) -> tuple[Column, ...]:
    """What each cell says if the row is a heading; cells that say nothing are left out."""
    found = []
    bare = _bare_weights(cells)
    for index, text in enumerate(cells):
        if not text:
            continue
        if index in bare:
            its_band = band(text, unit or "kg")
            why = said("its heading is a weight; whether a price per kg or of a parcel, the figures must say")
            found.append(Column(index=index, text=text, kind="flat", sure=50, why=why, band=its_band))
        elif re.fullmatch(r"-?[\d.,]+%?", text):
            continue
        elif column := _column(index, text, unit):
            found.append(column)
    return tuple(found)


def _column(index: int, text: str, unit: str) -> Column | None:
    known = heading(text, unit)
    place = _place(text)
    if place and (known is None or known.kind in {*PLACES, "flat"}):
        why = said("its heading is a place; whether a price per kg or of a parcel, the figures must say")
        currencies = known.currencies if known else frozenset[str]()
        return Column(index=index, text=text, kind="flat", sure=50, why=why, place=place, currencies=currencies)
    if known is None:
        return None
    return Column(
        index=index,
        text=text,
        kind=known.kind,
        sure=known.sure,
        why=known.why,
        band=known.band,
        unit=known.unit,
        currencies=known.currencies,
        place=_place_inside(text) if known.kind in PRICES else "",
    )


def _place(text: str) -> str:
    """The text, if it is a zone or a country (or several)."""
    if ZONE.fullmatch(tight(text)):
        return text
    known, unknown = countries(text)
    return text if known and not unknown else ""


def _place_inside(text: str) -> str:
    """The place that stands in a heading of two rows: "德国 首重"."""
    return next((part for part in text.split() if part != text and _place(part)), "")


def _bare_weights(cells: tuple[str, ...]) -> frozenset[int]:
    """Plain numbers that rise from left to right beside a heading in words: weights as column headings."""
    numbers = [(index, float(text)) for index, text in enumerate(cells) if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text)]
    values = [value for _, value in numbers]
    worded = [text for text in cells if (known := heading(text)) and known.kind in KEYS]
    if len(values) < 3 or not worded or values != sorted(set(values)) or cells.index(worded[0]) > numbers[0][0]:
        return frozenset()
    return frozenset(index for index, _ in numbers)


def _stacked(top: tuple[str, ...], bottom: tuple[str, ...]) -> tuple[str, ...]:
    """Two heading rows as one: merged cells stand in both, a blank above a heading belongs to what is left of it."""
    texts, above = [], ""
    for index in range(max(len(top), len(bottom))):
        upper = top[index] if index < len(top) else ""
        lower = bottom[index] if index < len(bottom) else ""
        above = upper or (above if lower else "")
        texts.append(upper if upper == lower or not lower else f"{above} {lower}".strip())
    return tuple(texts)


def _has_prices(cells: tuple[str, ...]) -> bool:
    """Whether plain numbers stand there that are no weights: then the row is no heading."""
    bare = _bare_weights(cells)
    return any(re.fullmatch(r"-?[\d.,]+", text) and index not in bare for index, text in enumerate(cells))


def _has_amounts(cells: tuple[str, ...]) -> bool:
    return any(amount(cell) for cell in cells if cell)


def _last(sheet: Sheet, first: int, end: int, columns: tuple[Column, ...]) -> int:
    """The last row with anything in a column that counts; texts in the first column alone are notes."""
    counting = [column.index for column in columns if column.kind in PRICES]
    lists = not counting
    if lists:
        counting = [column.index for column in columns if column.kind in {"zone", "country", "postcode", "fuel"}]
    last, gap = first - 1, 0
    for row in range(first, end):
        texts = [text for text in sheet.rows[row] if text]
        cells = [sheet.at(row, index) for index in counting]
        sentence = len(set(texts)) == 1 and (len(texts) > 1 or len(texts[0]) > 12 or not lists)
        if texts and not sentence and any(cells if lists else map(_like_a_price, cells)):
            last, gap = row, 0
        else:
            gap += 1
            if gap > 2 and last >= first:
                break
    return last


def _like_a_price(cell: str) -> bool:
    """A number, or at least something with a digit that was meant as one."""
    return (
        (bool(cell) and is_no_service(cell))
        or bool(amount(cell))
        or (len(cell) <= 20 and any(letter.isdigit() for letter in cell))
        or cell.startswith("#")
    )


def _samples(sheet: Sheet, first: int, last: int, index: int) -> tuple[str, ...]:
    seen = dict.fromkeys(text for row in range(first, last + 1) if (text := sheet.at(row, index)))
    return tuple(seen)[:SAMPLES]


def _corrected(table: Table, corrections: Mapping[str, str]) -> Table:
    """With a person's word on what the columns are; it also holds for columns that nobody recognised."""
    known = {column.index: column for column in table.columns}
    for key, kind in corrections.items():
        name, _, column_letter = key.rpartition("!")
        if name != table.key or kind not in KINDS:
            continue
        for index in range(len(table.sheet.rows[table.header])) if column_letter == "*" else [_index(column_letter)]:
            column = known.get(index)
            if column_letter == "*" and (column is None or column.sure >= 90 or column.kind not in PRICES):
                continue
            text = table.sheet.at(table.header, index)
            column = column or Column(
                index=index,
                text=text,
                kind=kind,
                sure=100,
                why=said(""),
                samples=_samples(table.sheet, table.first, table.last, index),
            )
            known[index] = replace(column, kind=kind, sure=100, why=said("you said so"))
    return replace(table, columns=tuple(known[index] for index in sorted(known)))


def _index(letters: str) -> int:
    """A → 0, AB → 27; anything else is a column that is not there."""
    if not re.fullmatch(r"[A-Z]{1,3}", letters):
        return 10**6
    number = 0
    for each in letters:
        number = number * 26 + ord(each) - 64
    return number - 1
