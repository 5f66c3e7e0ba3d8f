"""Loading dated rules and rates: the shared set, or a merchant's own rows, which win over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.db.models import F

from haitu.actions.places import load_places
from haitu.core.customs import DutyLine, Threshold
from haitu.core.money import FxRate
from haitu.core.tax import TaxRate
from haitu.links.reference.fx import parse_ecb, parse_pegs, pegged
from haitu.links.reference.returns import Values, parse_return_costs, parse_return_rules
from haitu.links.reference.table import Problem
from haitu.links.reference.tariff import parse_own_duties, parse_tariff
from haitu.links.reference.tax import parse_tax_rates, parse_thresholds
from haitu.models import DutyLine as DutyLineRow
from haitu.models import FxRate as FxRateRow
from haitu.models import Merchant, ReturnCost, ReturnRule
from haitu.models import TaxRate as TaxRateRow
from haitu.models import Threshold as ThresholdRow

BATCH = 2_000
SHIPPED = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a file gave: rows kept and problems found."""

    name: str
    rows: int
    problems: tuple[Problem, ...]


def load_shipped() -> Iterator[Loaded]:
    """Loads the rules and rates that ship with us, in place of those loaded before; yields as each is done."""
    rates, problems = parse_tax_rates(SHIPPED / "tax/rates.csv")
    newer, more_problems = parse_tax_rates(SHIPPED / "tax/overrides.csv")
    kept = replace_tax_rates((*rates, *newer), merchant_id=None)
    yield Loaded(name="tax rates", rows=kept, problems=problems + more_problems)

    thresholds, problems = parse_thresholds(SHIPPED / "tax/thresholds.csv")
    yield Loaded(name="thresholds", rows=replace_thresholds(thresholds, merchant_id=None), problems=problems)

    lines, problems = parse_tariff(SHIPPED / "tariff/lines.parquet")
    short, short_problems = parse_tariff(SHIPPED / "tariff/six_digits.parquet")
    guessed, guessed_problems = parse_own_duties(SHIPPED / "tariff/estimates.csv")
    extra, extra_problems = parse_own_duties(SHIPPED / "tariff/origin_overrides.csv")
    kept = replace_duty_lines((*lines, *short, *guessed, *extra), merchant_id=None)
    problems += short_problems + guessed_problems + extra_problems
    yield Loaded(name="tariff lines", rows=kept, problems=problems)

    fx, problems = parse_ecb(SHIPPED / "fx/ecb.parquet")
    pegs, more_problems = parse_pegs(SHIPPED / "fx/pegs.csv")
    kept = add_exchange_rates((*fx, *pegged(fx, pegs)))
    yield Loaded(name="exchange rates", rows=kept, problems=problems + more_problems)

    laws, problems = parse_return_rules(SHIPPED / "returns_rules/rules.csv")
    yield Loaded(name="return rules", rows=_replace_shared(ReturnRule, laws), problems=problems)

    costs, problems = parse_return_costs(SHIPPED / "returns_rules/costs.csv")
    yield Loaded(name="return costs", rows=_replace_shared(ReturnCost, costs), problems=problems)

    yield Loaded(name="places", rows=load_places(), problems=())


def load_own(path: Path, kind: str, *, merchant_id: int) -> Loaded:
    """Loads a merchant's own file (`kind`: tax, thresholds or duties), in place of the rows loaded for them before.

    With problems nothing is loaded: the file is whole or it is not.
    """
    parse, replace = {
        "tax": (parse_tax_rates, replace_tax_rates),
        "thresholds": (parse_thresholds, replace_thresholds),
        "duties": (parse_own_duties, replace_duty_lines),
    }[kind]
    values, problems = parse(path)
    kept = 0 if problems else replace(values, merchant_id=merchant_id)  # type: ignore[operator]
    return Loaded(name=kind, rows=kept, problems=problems)


def replace_tax_rates(rates: Iterable[TaxRate], *, merchant_id: int | None) -> int:
    """Puts these tax rates in place of the shared ones (`merchant_id` None) or of that merchant's own."""
    return _replace(TaxRateRow, rates, merchant_id)


def replace_thresholds(thresholds: Iterable[Threshold], *, merchant_id: int | None) -> int:
    """Puts these thresholds in place of the shared ones or of that merchant's own."""
    return _replace(ThresholdRow, thresholds, merchant_id)


def replace_duty_lines(lines: Iterable[DutyLine], *, merchant_id: int | None) -> int:
    """Puts these tariff lines in place of the shared ones or of that merchant's own."""
    return _replace(DutyLineRow, lines, merchant_id)


def add_exchange_rates(rates: Iterable[FxRate]) -> int:
    """Adds reference rates (base EUR); one of a day already known is corrected. Rates in use stay on their orders."""
    rows = [
        FxRateRow(on=rate.on, currency=rate.quote, per_eur_e9=rate.rate_e9, source=rate.source)
        for rate in rates
        if rate.base == "EUR"
    ]
    with transaction.atomic():
        FxRateRow.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["currency", "on"],
            update_fields=["per_eur_e9", "source"],
        )
        _everybody_reloads(None)
    return len(rows)


def _replace(table: type[models.Model], values: Iterable[Any], merchant_id: int | None) -> int:
    rows = [
        table(merchant_id=merchant_id, **{field.name: getattr(value, field.name) for field in fields(value)})
        for value in values
    ]
    manager = table._default_manager
    with transaction.atomic():
        manager.filter(merchant_id=merchant_id).delete()
        manager.bulk_create(rows, batch_size=BATCH)
        _everybody_reloads(merchant_id)
    return len(rows)


def _replace_shared(table: type[models.Model], values: Iterable[Values]) -> int:
    """Puts these in place of the shared rows; nothing that processes keep in memory rests on them."""
    rows = [table(**row) for row in values]
    with transaction.atomic():
        table._default_manager.filter(merchant=None).delete()
        table._default_manager.bulk_create(rows)
    return len(rows)


def _everybody_reloads(merchant_id: int | None) -> None:
    """Raises the version of the merchant concerned, or of all: what their processes keep is stale."""
    concerned = Merchant.objects.all() if merchant_id is None else Merchant.objects.filter(pk=merchant_id)
    concerned.update(version=F("version") + 1)
