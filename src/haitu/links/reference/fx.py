"""Exchange rates against the euro: the European Central Bank's table and pegged currencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from haitu.core.money import EXPONENTS, FxRate, half_up
from haitu.links.reference.table import Problem, rows

PEG_COLUMNS = ("currency", "anchor", "per_anchor", "valid_from", "source")
ECB = "European Central Bank"
EURO = "EUR"
E9 = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Peg:
    """A currency held at a fixed rate to its anchor: so many units (times 10**9) for one of the anchor."""

    currency: str
    anchor: str
    per_anchor_e9: int
    valid_from: date
    source: str


def parse_ecb(path: Path) -> tuple[tuple[FxRate, ...], tuple[Problem, ...]]:
    """Daily rates, one column a currency, units for one euro; an empty field is a day without a rate."""
    rates: list[FxRate] = []
    problems: list[Problem] = []
    for row in rows(path, ("on",), problems):
        on = row.day("on")
        for currency in row.values:
            if currency == "on" or not row.given(currency):
                continue
            if currency not in EXPONENTS:
                row.wrong(currency, "a column named by a currency code")
                continue
            before = len(problems)
            number = row.decimal(currency)
            if len(problems) == before and on != date.min:
                rates.append(FxRate(base=EURO, quote=currency, rate_e9=_e9(number), on=on, source=ECB))
    return tuple(rates), tuple(problems)


def parse_pegs(path: Path) -> tuple[tuple[Peg, ...], tuple[Problem, ...]]:
    """Currencies with a fixed rate: 3.6725 dirhams (`currency`) for one dollar (`anchor`)."""
    pegs: list[Peg] = []
    problems: list[Problem] = []
    for row in rows(path, PEG_COLUMNS, problems):
        for column in ("currency", "anchor"):
            if row.currency(column) not in EXPONENTS:
                row.wrong(column, "a currency code of ISO 4217")
        peg = Peg(
            currency=row.given("currency"),
            anchor=row.given("anchor"),
            per_anchor_e9=_e9(row.decimal("per_anchor")),
            valid_from=row.day("valid_from"),
            source=row.text("source", longest=60),
        )
        if row.sound:
            pegs.append(peg)
    return tuple(pegs), tuple(problems)


def pegged(rates: Iterable[FxRate], pegs: Iterable[Peg]) -> tuple[FxRate, ...]:
    """The pegged currencies' rates for one euro on each day on which their anchor has one.

    A currency the bank quotes itself is left to the bank.
    """
    by_currency: dict[str, list[FxRate]] = {}
    for rate in rates:
        by_currency.setdefault(rate.quote, []).append(rate)
    found: list[FxRate] = []
    for peg in pegs:
        if peg.currency not in by_currency:
            found.extend(_through(peg, by_currency))
    return tuple(found)


def _through(peg: Peg, by_currency: Mapping[str, list[FxRate]]) -> list[FxRate]:
    """Euro → anchor → pegged currency; a peg to the euro holds on every day the bank quoted."""
    if peg.anchor == EURO:
        days = sorted({rate.on for rates in by_currency.values() for rate in rates})
        steps = [(on, E9) for on in days]
    else:
        steps = [(rate.on, rate.rate_e9) for rate in by_currency.get(peg.anchor, ())]
    source = f"peg to {peg.anchor}, {peg.source}"[:60]
    return [
        FxRate(base=EURO, quote=peg.currency, rate_e9=half_up(anchor_e9 * peg.per_anchor_e9, E9), on=on, source=source)
        for on, anchor_e9 in steps
        if on >= peg.valid_from
    ]


def _e9(number: Decimal) -> int:
    return int((number * E9).to_integral_value(ROUND_HALF_UP))
