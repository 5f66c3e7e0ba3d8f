"""VAT, GST and sales tax: the rate of a day, tax inside a price or on top of it, and totals that do not drift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal
from haitu.core.money import Number, half_up

STANDARD = "standard"


class NoTaxRate(Refusal):
    """No rate is known for that place and day."""

    code = "no_tax_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """A tax on sales in a country, or in one region of it, as written in `source`.

    A regional rate is the whole rate of that region (Ontario: 13 %, not 8 % on top of 5 %).
    """

    country: str
    region: str
    kind: str
    category: str
    rate_bp: int
    valid_from: date | None
    valid_to: date | None
    source: str


def rate_on(rates: Iterable[TaxRate], *, country: str, region: str, category: str, on: date) -> TaxRate:
    """The rate of a category of goods in a place on a day.

    The region's own rate wins over the country's, then the category's over the standard one, then the younger one.
    What has no rate of its own falls back to the standard rate, and the rate returned says so in its category.
    """
    possible = [
        rate
        for rate in rates
        if rate.country == country
        and rate.region in {region, ""}
        and rate.category in {category, STANDARD}
        and in_force(rate, on)
    ]
    if not possible:
        place = f"{country}-{region}" if region else country
        raise NoTaxRate(
            f"No {category} tax rate of {place} is known for {on}.",
            field="tax_category",
            country=country,
            region=region,
            category=category,
            on=on,
        )
    return max(possible, key=lambda rate: (rate.region == region, rate.category == category, since(rate)))


def tax_inside(gross_minor: Number, rate_bp: int | Number) -> Number:
    """The tax contained in an amount that includes it; an int or an int64 column."""
    return half_up(gross_minor * rate_bp, rate_bp + 10_000)


def tax_on_top(net_minor: Number, rate_bp: int | Number) -> Number:
    """The tax to be added to an amount without it; an int or an int64 column."""
    return half_up(net_minor * rate_bp, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxedAmount:
    """An amount with its tax: net + tax = gross. `included`: the price was named with tax, so gross is what stands."""

    net_minor: int
    tax_minor: int
    gross_minor: int
    rate_bp: int
    included: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTotal:
    """Taxed amounts together: net + tax = gross. `by_rate` holds (rate_bp, tax_minor), lowest rate first."""

    net_minor: int
    tax_minor: int
    gross_minor: int
    by_rate: tuple[tuple[int, int], ...]


def taxed(amount_minor: int, rate_bp: int, included: bool) -> TaxedAmount:
    """The amount split into net and tax: an included amount keeps its gross, another keeps its net."""
    tax_minor = tax_inside(amount_minor, rate_bp) if included else tax_on_top(amount_minor, rate_bp)
    net_minor = amount_minor - tax_minor if included else amount_minor
    return TaxedAmount(
        net_minor=net_minor,
        tax_minor=tax_minor,
        gross_minor=net_minor + tax_minor,
        rate_bp=rate_bp,
        included=included,
    )


def total(amounts: Iterable[TaxedAmount], *, rounding: Literal["line", "total"]) -> TaxTotal:
    """The sum; with rounding "total" the tax is worked out once per rate instead of once per line.

    Amounts named with tax keep their gross to the unit, the others their net, whichever rounding is chosen.
    """
    parts = list(amounts)
    if rounding == "total":
        parts = _once_per_rate(parts)
    by_rate = dict[int, int]()
    for part in parts:
        by_rate[part.rate_bp] = by_rate.get(part.rate_bp, 0) + part.tax_minor
    return TaxTotal(
        net_minor=sum(part.net_minor for part in parts),
        tax_minor=sum(part.tax_minor for part in parts),
        gross_minor=sum(part.gross_minor for part in parts),
        by_rate=tuple(sorted(by_rate.items())),
    )


def _once_per_rate(amounts: list[TaxedAmount]) -> list[TaxedAmount]:
    sums = dict[tuple[int, bool], int]()
    for amount in amounts:
        key = (amount.rate_bp, amount.included)
        sums[key] = sums.get(key, 0) + (amount.gross_minor if amount.included else amount.net_minor)
    return [taxed(sum_minor, rate_bp, included) for (rate_bp, included), sum_minor in sums.items()]
