"""Rate cards as a table of our own: one row a weight break. `read` and `write_*` are inverse.

A file written here and read again changes nothing; nothing in it starts a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from openpyxl import Workbook

from haitu.core.errors import Refusal
from haitu.core.freight import Break, Surcharge, Tariff
from haitu.core.money import EXPONENTS, display, parse
from haitu.links.tariffs.countries import codes
from haitu.links.tariffs.draft import Draft, Reading
from haitu.links.tariffs.said import Problem, letter, said
from haitu.links.tariffs.sheets import Opened, Sheet

LANE = (
    "lane", "carrier", "service", "mode", "origin", "to", "destination", "days_p50", "days_p90", "incoterms", "refuses",
)  # fmt: skip
CARD = (
    "tariff", "currency", "valid_from", "valid_to", "divisor_cm3_per_kg", "step_g", "minimum", "fuel_percent",
    "surcharges", "remote", "remote_postcodes", "max_weight_g", "max_side_mm", "box_20GP", "box_40GP", "box_40HQ",
    "source",
)  # fmt: skip
BREAK = ("up_to_g", "base", "per_step", "per_kg")
COLUMNS = (*LANE, *CARD, *BREAK)
DAYS = ("valid_from", "valid_to")
BOXES = ("20GP", "40GP", "40HQ")
FIGURES = {
    "days_p50", "days_p90", "divisor_cm3_per_kg", "step_g", "minimum", "fuel_percent", "remote", "max_weight_g",
    "max_side_mm", *BREAK, *(f"box_{kind}" for kind in BOXES),
}  # fmt: skip
LONGEST_CELL = 30_000  # a spreadsheet's cell ends at 32,767
MOST_G = 10**9
MOST_MINOR = 10**12


def is_own(sheet: Sheet) -> bool:
    """Whether the sheet has the heading of an exported file."""
    heading = set(sheet.rows[0]) if sheet.rows else set()
    return {"lane", "tariff", "currency", "up_to_g"} <= heading


def write_csv(drafts: Iterable[Draft]) -> Iterator[str]:
    """The file, line by line."""
    yield "\ufeff" + _line(COLUMNS)  # the mark tells spreadsheets that this is UTF-8
    for cells in _rows(drafts):
        yield _line([_harmless(cells[name]) for name in COLUMNS])


def write_xlsx(drafts: Iterable[Draft]) -> bytes:
    """The file as a workbook of one sheet; figures are numbers."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("tariffs")
    sheet.append(COLUMNS)
    for cells in _rows(drafts):
        sheet.append([_number(name, cells[name]) for name in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(file: Opened) -> Reading:
    """The cards of all sheets that have our heading."""
    problems: list[Problem] = [*file.problems]
    drafts = [draft for sheet in file.sheets if is_own(sheet) for draft in _drafts(sheet, problems)]
    return Reading(
        drafts=tuple(drafts),
        problems=tuple(problems),
        noticed=(*file.noticed, said("an exported file: every column is known")),
        sheets=tuple(sheet.name for sheet in file.sheets),
    )


def _rows(drafts: Iterable[Draft]) -> Iterator[dict[str, str]]:
    for draft in drafts:
        card, currency, boxes = draft.tariff, draft.tariff.currency, dict(draft.tariff.box_minor)
        cells = {
            "lane": draft.code, "carrier": draft.carrier, "service": draft.service, "mode": draft.mode,
            "origin": draft.origin, "to": draft.to, "destination": draft.destination,
            "days_p50": _shown(draft.days_p50), "days_p90": _shown(draft.days_p90),
            "incoterms": " ".join(draft.incoterms), "refuses": " ".join(draft.refuses),
            "tariff": card.code, "currency": currency, "valid_from": _shown(card.valid_from),
            "valid_to": _shown(card.valid_to), "divisor_cm3_per_kg": _shown(card.divisor_cm3_per_kg),
            "step_g": str(card.step_g), "minimum": display(card.minimum_minor, currency),
            "fuel_percent": f"{Decimal(card.fuel_bp) / 100:f}",
            "surcharges": _written(card.surcharges),
            "remote": display(card.remote_minor, currency), "max_weight_g": _shown(card.max_weight_g),
            "max_side_mm": _shown(card.max_side_mm), "source": card.source,
        } | {
            f"box_{kind}": display(boxes[kind], currency) if kind in boxes else ""
            for kind in BOXES
        }  # fmt: skip
        codes_left = _chunks(card.remote_postcodes)
        breaks = [
            {
                "up_to_g": str(step.up_to_g),
                "base": display(step.base_minor, currency),
                "per_step": display(step.per_step_minor, currency),
                "per_kg": display(step.per_kg_minor, currency),
            }
            for step in card.breaks
        ]
        for at in range(max(len(breaks), len(codes_left), 1)):
            own_break = breaks[at] if at < len(breaks) else dict.fromkeys(BREAK, "")
            yield cells | own_break | {"remote_postcodes": codes_left[at] if at < len(codes_left) else ""}


def _chunks(prefixes: Iterable[str]) -> list[str]:
    """Postcodes in cells that are not too long."""
    found, cell = [], ""
    for prefix in prefixes:
        if len(cell) + len(prefix) >= LONGEST_CELL:
            found.append(cell)
            cell = ""
        cell = f"{cell} {prefix}".strip()
    return [*found, cell] if cell else found


@dataclass(slots=True)
class _Row:
    """One row; its readers give the value, or a neutral one and a problem."""

    sheet: str
    number: int
    cells: Mapping[str, str]
    columns: Mapping[str, int]
    problems: list[Problem]
    sound: bool = True

    def text(self, name: str) -> str:
        return self.cells.get(name, "")

    def wrong(self, name: str, sentence: str, **given: object) -> None:
        self.sound = False
        column = letter(self.columns[name]) if name in self.columns else name
        wanted = said(sentence, **given)
        self.problems.append(
            Problem(sheet=self.sheet, row=self.number, column=column, given=self.text(name), wanted=wanted)
        )

    def whole(self, name: str, *, least: int = 1) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if not text.isdecimal() or not least <= int(text) <= MOST_G:
            self.wrong(name, "a whole number, %(least)s or more", least=least)
            return None
        return int(text)

    def minor(self, name: str, currency: str) -> int:
        try:
            amount = parse(self.text(name) or "0", currency)
        except Refusal:
            amount = -1
        if not 0 <= amount <= MOST_MINOR:
            self.wrong(name, "an amount in %(currency)s, zero or more", currency=currency)
        return amount

    def day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            self.wrong(name, "a date with the year first, such as 2026-12-01")
            return None


def _drafts(sheet: Sheet, problems: list[Problem]) -> Iterator[Draft]:
    columns = {name: at for at, name in enumerate(sheet.rows[0]) if name in COLUMNS}
    groups: dict[tuple[str, str, str], list[_Row]] = {}
    for number in range(1, len(sheet.rows)):
        cells = {name: _unescaped(sheet.at(number, at)) for name, at in columns.items()}
        if any(cells.values()):
            row = _Row(sheet=sheet.name, number=number + 1, cells=cells, columns=columns, problems=problems)
            groups.setdefault((row.text("lane"), row.text("tariff"), row.text("valid_from")), []).append(row)
    for rows in groups.values():
        draft = _draft(rows)
        if draft is not None and all(row.sound for row in rows):
            yield draft


def _draft(rows: list[_Row]) -> Draft | None:
    row = rows[0]
    for other in rows[1:]:
        for name in (*LANE, *CARD):
            if name != "remote_postcodes" and other.text(name) not in {"", row.text(name)}:
                other.wrong(name, "the same as in row %(row)s: a card has it once", row=row.number)
    currency = row.text("currency").upper()
    if currency not in EXPONENTS:
        row.wrong("currency", "a currency code of ISO 4217, such as CNY")
        return None
    if not row.text("lane"):
        row.wrong("lane", "the code of a lane")
    if row.text("destination") and row.text("destination") not in codes():
        row.wrong("destination", "a country code of two letters")
    p50, p90 = row.whole("days_p50", least=0), row.whole("days_p90", least=0)
    if (p50 is None) != (p90 is None) or (p50 is not None and p90 is not None and p90 < p50):
        row.wrong("days_p90", "days that rise: the later number is the longer way")
    start, end = row.day("valid_from"), row.day("valid_to")
    if start and end and end < start:
        row.wrong("valid_to", "a last day that is not before the first, %(start)s", start=start)
    return Draft(
        code=row.text("lane"),
        tariff=_card(rows, currency, start, end),
        carrier=row.text("carrier")[:60],
        service=row.text("service")[:60],
        mode=row.text("mode")[:10],
        origin=row.text("origin"),
        destination=row.text("destination"),
        to=row.text("to"),
        days_p50=p50,
        days_p90=p90,
        incoterms=tuple(row.text("incoterms").split()),
        refuses=tuple(row.text("refuses").split()),
        sheet=row.sheet,
        row=row.number,
        own=True,
    )


def _card(rows: list[_Row], currency: str, start: date | None, end: date | None) -> Tariff:
    row = rows[0]
    boxes = tuple((kind, row.minor(f"box_{kind}", currency)) for kind in BOXES if row.text(f"box_{kind}"))
    return Tariff(
        code=row.text("tariff") or row.text("lane"),
        currency=currency,
        breaks=_breaks([each for each in rows if each.text("up_to_g")], row, currency),
        divisor_cm3_per_kg=row.whole("divisor_cm3_per_kg"),
        step_g=row.whole("step_g") or 1,
        minimum_minor=row.minor("minimum", currency),
        fuel_bp=_percent(row, "fuel_percent"),
        remote_minor=row.minor("remote", currency),
        remote_postcodes=tuple(prefix for each in rows for prefix in each.text("remote_postcodes").split()),
        max_weight_g=row.whole("max_weight_g"),
        max_side_mm=row.whole("max_side_mm"),
        valid_from=start,
        valid_to=end,
        source=row.text("source")[:200],
        basis="box" if boxes else "weight",
        box_minor=boxes,
        surcharges=_surcharges(row),
    )


def _breaks(rows: list[_Row], first: _Row, currency: str) -> tuple[Break, ...]:
    breaks: list[Break] = []
    for row in rows:
        up_to_g = row.whole("up_to_g") or 0
        if breaks and up_to_g <= breaks[-1].up_to_g:
            row.wrong("up_to_g", "weights that rise from row to row, above %(end)s g", end=breaks[-1].up_to_g)
        breaks.append(
            Break(
                up_to_g=up_to_g,
                base_minor=row.minor("base", currency),
                per_step_minor=row.minor("per_step", currency),
                per_kg_minor=row.minor("per_kg", currency),
            )
        )
    if not breaks and not any(first.text(f"box_{kind}") for kind in BOXES):
        first.wrong("up_to_g", "a weight that the price reaches up to")
    return tuple(breaks)


def _percent(row: _Row, name: str) -> int:
    text = row.text(name) or "0"
    try:
        exact = Decimal(text.rstrip("% ")) * 100
    except ArithmeticError:
        exact = Decimal(-1)
    if not exact.is_finite() or exact != exact.to_integral_value() or not 0 <= exact <= 50_000:
        row.wrong(name, "a percentage of at most two decimals, up to 500")
        return 0
    return int(exact)


def _written(surcharges: Iterable[Surcharge]) -> str:
    """As JSON, days as ISO dates."""
    rows = [asdict(each) for each in surcharges]
    return json.dumps(rows, sort_keys=True, default=date.isoformat) if rows else ""


def _surcharges(row: _Row) -> tuple[Surcharge, ...]:
    """As they were written; each has code, kind, amount and days."""
    text = row.text("surcharges")
    try:
        found: Any = json.loads(text) if text else []
    except ValueError:
        found = None
    names = {"code", "kind", "amount", "valid_from", "valid_to"}
    if not isinstance(found, list) or not all(isinstance(e, dict) and set(e) == names and _sound(e) for e in found):
        row.wrong("surcharges", "the surcharges as an exported file writes them")
        return ()
    return tuple(Surcharge(**each | {name: _maybe_day(each[name]) for name in DAYS}) for each in found)


def _sound(each: Mapping[str, Any]) -> bool:
    try:
        ends = [_maybe_day(each[name]) for name in DAYS]
    except (TypeError, ValueError):
        return False
    amount = each["amount"]
    return (
        isinstance(each["code"], str)
        and each["kind"] in {"bp", "per_step", "per_box"}
        and isinstance(amount, int)
        and not isinstance(amount, bool)
        and 0 <= amount <= MOST_MINOR
        and not (ends[0] and ends[1] and ends[1] < ends[0])
    )


def _maybe_day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _number(name: str, cell: str) -> object:
    return (float(cell) if "." in cell else int(cell)) if name in FIGURES and cell else _harmless(cell)


def _harmless(cell: str) -> str:
    """What a spreadsheet would take for a formula gets an apostrophe, which reading takes off again."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _unescaped(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@"} else cell
