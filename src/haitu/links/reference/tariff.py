"""Tariff lines and HS codes from tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from haitu.core.customs import DutyLine
from haitu.links.reference.table import HS_CODE, Problem, Row, rows

NATIONAL_COLUMNS = (
    "territory", "hs_code", "text", "ad_valorem_bp", "specific_minor", "specific_currency", "specific_quantity",
    "specific_unit", "valid_from", "source",
)  # fmt: skip
OWN_COLUMNS = (
    "territory", "hs_code", "origin", "additional", "ad_valorem_bp", "specific_minor", "specific_currency",
    "specific_per_g", "text", "valid_from", "valid_to", "source",
)  # fmt: skip
CODE_COLUMNS = ("hs_code", "description")
PIECES = {"item": 1, "dozen": 12, "gross": 144}
LONGEST_TEXT = 200
LONGEST_SOURCE = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class HsCode:
    """A chapter, heading or subheading of the Harmonized System in words."""

    code: str
    description: str


def parse_tariff(path: Path) -> tuple[tuple[DutyLine, ...], tuple[Problem, ...]]:
    """General (most-favoured-nation) duties of a territory.

    A duty by the piece, dozen or gross is rounded up to a whole minor unit a piece. One by litre, metre or pair is
    known by its text only, so that it refuses to be reckoned with rather than being taken for free.
    """
    lines: list[DutyLine] = []
    problems: list[Problem] = []
    for row in rows(path, NATIONAL_COLUMNS, problems):
        ad_valorem_bp = row.maybe_whole("ad_valorem_bp")
        specific_minor, currency, per_g = row.maybe_whole("specific_minor"), "", None
        if specific_minor is not None:
            currency = row.currency("specific_currency")
            quantity, unit = row.whole("specific_quantity", least=1), row.given("specific_unit")
            if unit == "g":
                per_g = quantity
            elif unit in PIECES and row.sound:
                specific_minor = -(-specific_minor // (quantity * PIECES[unit]))
            else:
                ad_valorem_bp, specific_minor, currency = None, None, ""
        line = DutyLine(
            territory=row.country("territory"),
            hs_code=row.matching("hs_code", HS_CODE, "2 or 4 to 10 digits"),
            origin="",
            additional=False,
            ad_valorem_bp=ad_valorem_bp,
            specific_minor=specific_minor,
            specific_currency=currency,
            specific_per_g=per_g,
            text=row.text("text", longest=LONGEST_TEXT),
            valid_from=row.maybe_day("valid_from"),
            valid_to=None,
            source=row.text("source", longest=LONGEST_SOURCE),
        )
        if row.sound:
            lines.append(line)
    return tuple(lines), tuple(problems)


def parse_own_duties(path: Path) -> tuple[tuple[DutyLine, ...], tuple[Problem, ...]]:
    """Duties written by hand: extra ones by origin, estimates, a merchant's rulings. An empty code means all goods."""
    lines: list[DutyLine] = []
    problems: list[Problem] = []
    for row in rows(path, OWN_COLUMNS, problems):
        line = _own_duty(row)
        if line.ad_valorem_bp is None and line.specific_minor is None:
            row.wrong("ad_valorem_bp", "basis points here or an amount in specific_minor")
        if row.sound:
            lines.append(line)
    return tuple(lines), tuple(problems)


def _own_duty(row: Row) -> DutyLine:
    specific_minor = row.maybe_whole("specific_minor")
    valid_from, valid_to = row.span()
    return DutyLine(
        territory=row.country("territory"),
        hs_code=row.matching("hs_code", HS_CODE, "2 or 4 to 10 digits, or nothing for all goods", needed=False),
        origin=row.country("origin", needed=False),
        additional=row.yes("additional"),
        ad_valorem_bp=row.maybe_whole("ad_valorem_bp"),
        specific_minor=specific_minor,
        specific_currency=row.currency("specific_currency", needed=specific_minor is not None),
        specific_per_g=row.maybe_whole("specific_per_g", least=1),
        text=row.text("text", longest=LONGEST_TEXT),
        valid_from=valid_from,
        valid_to=valid_to,
        source=row.text("source", longest=LONGEST_SOURCE),
    )


def parse_hs_codes(path: Path) -> tuple[tuple[HsCode, ...], tuple[Problem, ...]]:
    """The Harmonized System: codes of two, four or six digits with their words."""
    codes: list[HsCode] = []
    problems: list[Problem] = []
    for row in rows(path, CODE_COLUMNS, problems):
        code = HsCode(code=row.matching("hs_code", HS_CODE, "2, 4 or 6 digits"), description=row.text("description"))
        if row.sound:
            codes.append(code)
    return tuple(codes), tuple(problems)
