"""Tax rates and consignment thresholds from tables."""

from __future__ import annotations

import re
from pathlib import Path

from haitu.core.customs import Threshold
from haitu.core.tax import TaxRate
from haitu.links.reference.table import Problem, rows

RATE_COLUMNS = ("country", "region", "kind", "category", "rate_bp", "valid_from", "valid_to", "source")
THRESHOLD_COLUMNS = (
    "country", "kind", "amount_minor", "currency", "operator", "origin", "valid_from", "valid_to", "source",
)  # fmt: skip

REGION = re.compile(r"[A-Z0-9]{1,6}")
TAX_KIND = re.compile(r"[a-z+]{2,10}")
CATEGORY = re.compile(r"[a-z0-9_]{1,30}")
THRESHOLD_KINDS = ("duty_free", "import_vat_free", "seller_collects", "flat_duty_to", "flat_duty_each")
LONGEST_SOURCE = 300


def parse_tax_rates(path: Path) -> tuple[tuple[TaxRate, ...], tuple[Problem, ...]]:
    """VAT, GST and sales-tax rates in basis points; an empty region means the whole country."""
    rates: list[TaxRate] = []
    problems: list[Problem] = []
    for row in rows(path, RATE_COLUMNS, problems):
        valid_from, valid_to = row.span()
        rate = TaxRate(
            country=row.country("country"),
            region=row.matching("region", REGION, "a region code of up to six letters and digits", needed=False),
            kind=row.matching("kind", TAX_KIND, "the kind of tax in small letters, such as vat or gst+pst"),
            category=row.matching("category", CATEGORY, "a category in small letters, such as standard"),
            rate_bp=row.whole("rate_bp"),
            valid_from=valid_from,
            valid_to=valid_to,
            source=row.text("source", longest=LONGEST_SOURCE),
        )
        if row.sound:
            rates.append(rate)
    return tuple(rates), tuple(problems)


def parse_thresholds(path: Path) -> tuple[tuple[Threshold, ...], tuple[Problem, ...]]:
    """Values of a consignment up to which it is taxed or cleared differently; `operator`: lte (up to) or lt."""
    thresholds: list[Threshold] = []
    problems: list[Problem] = []
    for row in rows(path, THRESHOLD_COLUMNS, problems):
        valid_from, valid_to = row.span()
        threshold = Threshold(
            country=row.country("country"),
            kind=row.one_of("kind", THRESHOLD_KINDS),
            amount_minor=row.whole("amount_minor"),
            currency=row.currency("currency"),
            inclusive=row.one_of("operator", ("lte", "lt")) == "lte",
            origin=row.country("origin", needed=False),
            valid_from=valid_from,
            valid_to=valid_to,
            source=row.text("source", longest=LONGEST_SOURCE),
        )
        if row.sound:
            thresholds.append(threshold)
    return tuple(thresholds), tuple(problems)
