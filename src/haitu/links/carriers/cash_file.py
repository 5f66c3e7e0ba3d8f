"""A carrier's list of what it hands over: CSV or XLSX, columns by their English or Chinese names → lines and problems.

An amount is read in the currency said for the whole list. `remitted` is what is handed over for a parcel; where a list
has no such column it is what was collected less the fee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from haitu.core.errors import Refusal
from haitu.core.money import minor_units
from haitu.links.carriers.bill_file import LONGEST, MOST_LINES, MOST_MINOR, csv_rows, scaled, sheet_rows
from haitu.links.reference.table import Problem

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "waybill": ("waybill", "tracking", "tracking number", "awb", "运单号", "单号", "跟踪号", "物流单号"),
    "collected": ("collected", "cod", "cod amount", "代收货款", "代收金额", "收款金额"),
    "fee": ("fee", "cod fee", "手续费", "代收手续费", "服务费"),
    "remitted": ("remitted", "net", "amount", "payout", "返款金额", "实返金额", "应返金额", "金额"),
}


class NotAStatement(Refusal):
    """A statement is a CSV or XLSX table whose first row names a waybill and an amount column."""

    code = "not_a_statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class CashTold:
    """A line as the carrier tells it; None where it does not say."""

    waybill: str
    remitted_minor: int
    collected_minor: int | None = None
    fee_minor: int | None = None


def parse_cash(name: str, raw: bytes, currency: str) -> tuple[tuple[CashTold, ...], tuple[Problem, ...]]:
    """The lines that can be read, and a problem for each that cannot."""
    table = sheet_rows(raw) if name.lower().endswith(".xlsx") else csv_rows(raw)
    heading = next(table, None)
    if heading is None:
        raise NotAStatement("The file is empty.")
    columns = _recognised(heading)
    lines: list[CashTold] = []
    problems: list[Problem] = []
    for number, cells in enumerate(table, start=2):
        if number > MOST_LINES:
            raise NotAStatement(f"A statement has at most {MOST_LINES} lines; split the file.")
        if not any(cells):
            continue
        read = _line(number, {column: cells[at] for column, at in columns.items() if at < len(cells)}, currency)
        if isinstance(read, CashTold):
            lines.append(read)
        else:
            problems.append(read)
    return tuple(lines), tuple(problems)


def _recognised(heading: Sequence[str]) -> dict[str, int]:
    """Our column → where it stands."""
    found: dict[str, int] = {}
    for at, cell in enumerate(heading):
        for column, names in COLUMNS.items():
            if cell.strip().lower() in names:
                found.setdefault(column, at)
    if "waybill" not in found or not {"remitted", "collected"} & set(found):
        raise NotAStatement("The first row names no waybill and amount column.", given=", ".join(heading)[:100])
    return found


def _line(number: int, cells: Mapping[str, str], currency: str) -> CashTold | Problem:
    waybill = cells.get("waybill", "").strip()
    if not 0 < len(waybill) <= LONGEST:
        return Problem(line=number, column="waybill", given=waybill, wanted="a waybill number")
    amounts: dict[str, int | None] = {}
    for column in ("collected", "fee", "remitted"):
        given = cells.get(column, "").strip()
        amounts[column] = scaled(given, minor_units(currency)) if given else None
        if given and (amounts[column] is None or abs(amounts[column] or 0) > MOST_MINOR):
            return Problem(line=number, column=column, given=given, wanted="an amount such as 12.34")
    collected, fee, remitted = amounts["collected"], amounts["fee"], amounts["remitted"]
    if remitted is None and collected is None:
        return Problem(line=number, column="remitted", given="", wanted="an amount such as 12.34")
    return CashTold(
        waybill=waybill,
        remitted_minor=(collected or 0) - (fee or 0) if remitted is None else remitted,
        collected_minor=collected,
        fee_minor=fee,
    )
