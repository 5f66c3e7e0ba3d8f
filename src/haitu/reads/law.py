"""What the law says, as rows: tax rates, thresholds, tariff lines; a merchant's own rows win over the shared ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q

from haitu.core.customs import DutyLine, Threshold
from haitu.core.tax import TaxRate
from haitu.models import DutyLine as DutyLineRow
from haitu.models import TaxRate as TaxRateRow
from haitu.models import Threshold as ThresholdRow


def _shared_or_own(merchant_id: int) -> Q:
    return Q(merchant=None) | Q(merchant=merchant_id)


def _own_wins(rows: Iterable[Any], *key: str) -> list[Any]:
    """The merchant's own rows, and the shared ones for which there is no own row of the same key."""
    rows = list(rows)
    own = {tuple(getattr(row, name) for name in key) for row in rows if row.merchant_id is not None}
    return [r for r in rows if r.merchant_id is not None or tuple(getattr(r, name) for name in key) not in own]


def tax_rates_of(merchant_id: int, countries: Sequence[str]) -> Iterable[TaxRate]:
    """The tax rates of these countries, of every day."""
    rows = TaxRateRow.objects.filter(_shared_or_own(merchant_id), country__in=countries).order_by("id")
    for row in _own_wins(rows, "country", "region", "category"):
        yield TaxRate(
            country=row.country,
            region=row.region,
            kind=row.kind,
            category=row.category,
            rate_bp=row.rate_bp,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            source=row.source,
        )


def thresholds_of(merchant_id: int, territories: set[str]) -> tuple[Threshold, ...]:
    """The thresholds of these territories, of every day."""
    rows = ThresholdRow.objects.filter(_shared_or_own(merchant_id), country__in=territories).order_by("id")
    return tuple(
        Threshold(
            country=row.country,
            kind=row.kind,
            amount_minor=row.amount_minor,
            currency=row.currency,
            inclusive=row.inclusive,
            origin=row.origin,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            source=row.source,
        )
        for row in _own_wins(rows, "country", "kind", "origin")
    )


def duty_lines(merchant_id: int, territory: str, hs_codes: set[str]) -> dict[str, tuple[DutyLine, ...]]:
    """For each code the tariff lines of one territory that may hold."""
    return {code: lines for (_, code), lines in duty_lines_of(merchant_id, {territory}, hs_codes).items()}


def duty_lines_of(
    merchant_id: int, territories: set[str], hs_codes: set[str]
) -> dict[tuple[str, str], tuple[DutyLine, ...]]:
    """(territory, code) → the tariff lines above the code (up to "", all goods), and all under its six digits.

    Six digits are the world's. A territory may split them further, or otherwise than the one the code was taken from.
    """
    codes = {code for code in hs_codes if len(code) >= 4}
    if not codes:
        return {}
    prefixes = {code[:length] for code in codes for length in range(len(code) + 1)}
    below = reduce(or_, (Q(hs_code__startswith=code) for code in sorted({code[:6] for code in codes})))
    rows = DutyLineRow.objects.filter(
        _shared_or_own(merchant_id), below | Q(hs_code__in=prefixes), territory__in=territories
    ).order_by("id")
    lines = [_duty_line(row) for row in _own_wins(rows, "territory", "hs_code", "origin", "additional")]
    return {
        (territory, code): tuple(
            line
            for line in lines
            if line.territory == territory and (code.startswith(line.hs_code) or line.hs_code.startswith(code[:6]))
        )
        for territory in territories
        for code in codes
    }


def _duty_line(row: DutyLineRow) -> DutyLine:
    return DutyLine(
        territory=row.territory,
        hs_code=row.hs_code,
        origin=row.origin,
        additional=row.additional,
        ad_valorem_bp=row.ad_valorem_bp,
        specific_minor=row.specific_minor,
        specific_currency=row.specific_currency,
        specific_per_g=row.specific_per_g,
        text=row.text,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
    )
