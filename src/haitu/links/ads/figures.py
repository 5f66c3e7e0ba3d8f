"""Figures and days as reports print them. How a column is meant is read off the whole column, never off one cell."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from zoneinfo import ZoneInfo

NONE = {"", "-", "--", "—", "–", "n/a", "null", "#n/a", "不适用", "keine", "＜ 0.01"}
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january jän", "feb februar february", "mar märz mär march mrz", "apr april", "may mai",
            "jun juni june", "jul juli july", "aug august", "sep sept september", "oct okt oktober october",
            "nov november", "dec dez dezember december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
NUMERIC = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})")
HOUR = re.compile(r"(\d{1,2})(?::\d{2}(?::\d{2})?)?(?:\s*(?:-|–|to)\s*\d.*)?(?:\s*(?:uhr|时|点|時))?", re.IGNORECASE)


def decimal_sign(cells: Iterable[str], *, semicolons: bool) -> str:
    """The column's decimal sign: "." or ",". `semicolons`: the file's cells are parted as Excel does it in Europe."""
    given = [re.sub(r"[^\d.,]", "", cell) for cell in cells]
    both = [cell for cell in given if "," in cell and "." in cell]
    if both:
        return "," if both[0].rfind(",") > both[0].rfind(".") else "."
    commas, dots = [cell for cell in given if "," in cell], [cell for cell in given if "." in cell]
    if commas:
        return "." if all(re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", cell) for cell in commas) else ","
    thousands = bool(dots) and all(re.fullmatch(r"[1-9]\d{0,2}(\.\d{3})+", cell) for cell in dots)
    grouped = any(cell.count(".") > 1 for cell in dots)
    return "," if thousands and (semicolons or grouped) else "."


def number(text: str, sign: str) -> Decimal | None:
    """A number with that decimal sign; zero where the report says there is none, None for what is no number."""
    said = text.strip()
    if said.lower() in NONE:
        return Decimal(0)
    negative = said.startswith(("-", "−", "(")) or said.endswith("-")
    bare = re.sub(r"^(?:US\$|CN¥|[A-Z]{3}|[$€£¥￥])|(?:[$€£¥￥円元]|[A-Z]{3})$", "", said.strip("-−()").strip()).strip(
        "-− "
    )
    bare = bare.replace("\u00a0", "").replace("\u202f", "").replace(" ", "").replace("'", "").replace("’", "")
    bare = bare.replace("." if sign == "," else ",", "").replace(sign, ".")
    if not re.fullmatch(r"\d{1,13}(\.\d{0,9})?", bare):
        return None
    try:
        found = Decimal(bare)
    except InvalidOperation:
        return None
    return -found if negative else found


def rounded(value: Decimal, factor: int) -> int:
    """The number times a factor, half-up."""
    return int((value * factor).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def day_order(cells: Iterable[str]) -> str:
    """How a column writes days as 1/2/2026: "dmy", "mdy", or "" where nothing tells. Dots are always day first."""
    order = ""
    for cell in cells:
        found = NUMERIC.match(cell.strip())
        if found is None:
            continue
        if "." in found[0] or int(found[1]) > 12:
            return "dmy"
        if int(found[2]) > 12:
            order = "mdy"
    return order


def day(text: str, order: str) -> date | None:
    """The day, in any of the forms that reports write it in; None for what is none, or may be two."""
    said = text.strip()
    try:
        if found := re.match(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?", said):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if re.fullmatch(r"20\d{6}", said):
            return date(int(said[:4]), int(said[4:6]), int(said[6:]))
        if (found := NUMERIC.match(said)) and order:
            first, second = int(found[1]), int(found[2])
            return date(int(found[3]), *((second, first) if order == "dmy" else (first, second)))
        return _in_words(said)
    except ValueError:
        return None


def _in_words(said: str) -> date | None:
    if found := re.match(r"(?:\w{2,9},?\s+)?([^\W\d]+)\.?\s+(\d{1,2}),?\s+(\d{4})", said):
        month = MONTHS.get(found[1].lower())
        return date(int(found[3]), month, int(found[2])) if month else None
    if found := re.match(r"(\d{1,2})\.?\s+([^\W\d]+)\.?,?\s+(\d{4})", said):
        month = MONTHS.get(found[2].lower())
        return date(int(found[3]), month, int(found[1])) if month else None
    return None


def hour(text: str) -> int | None:
    """The hour that begins: 14, "14:00", "14:00:00 - 14:59:59", or the end of "2026-11-01 14:00:00"."""
    said = re.sub(r"^\d{4}-\d{2}-\d{2}[ T]", "", text.strip())
    found = HOUR.fullmatch(said)
    return int(found[1]) if found and int(found[1]) < 24 else None


def times(on: date, hour_given: int, zone: ZoneInfo) -> int:
    """How often a day of a zone has that hour: 0 when clocks are put forward over it, 2 when they are put back."""
    naive = datetime(on.year, on.month, on.day, hour_given)  # noqa: DTZ001  # a clock's face, not a moment
    first, second = naive.replace(tzinfo=zone, fold=0), naive.replace(tzinfo=zone, fold=1)
    if first.utcoffset() == second.utcoffset():
        return 1
    return 2 if (first.utcoffset() or timedelta()) > (second.utcoffset() or timedelta()) else 0
