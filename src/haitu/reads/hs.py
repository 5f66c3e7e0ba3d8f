"""Codes of the Harmonized System for a product: proposals with the duty each would mean, for a person to decide."""

from __future__ import annotations

from collections.abc import Mapping
from csv import DictReader
from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl
from django.conf import settings

from haitu.core.dated import in_force
from haitu.core.territory import territory_of
from haitu.models import Market, ProductText, Variant
from haitu.plan.hs import Described, HsIndex, Proposal
from haitu.reads.law import duty_lines

DATA = settings.PACKAGE / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposal and its duty where the merchant sells: territory → the tariff's own words, "" where not known."""

    proposal: Proposal
    duties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The variant a code is looked for."""

    variant_id: int
    product_id: int
    sku: str
    hs_code: str
    description: str  # of the present code, "" if it is none we know
    origin_country: str
    words: str  # what the product says of itself, to search by


@cache
def index() -> HsIndex:
    """The nomenclature with the words of the British and American tariffs; built once in a process, in a second."""
    codes = pl.read_parquet(DATA / "hs" / "codes.parquet", columns=["hs_code", "description"])
    lines = pl.read_parquet(DATA / "tariff" / "lines.parquet", columns=["territory", "hs_code", "description"])
    lines = lines.filter(pl.col("territory").is_in(["GB", "US"])).drop("territory")
    with (DATA / "hs" / "everyday.csv").open(encoding="utf-8") as file:
        everyday = {row["everyday"]: row["tariff"] for row in DictReader(file)}
    return HsIndex(_described(codes), _described(lines), everyday)


def sought(merchant_id: int, variant_id: int) -> Sought | None:
    """The variant, with its English title, else whichever there is."""
    variant = Variant.objects.of(merchant_id).select_related("product__category").filter(pk=variant_id).first()
    if variant is None:
        return None
    texts = dict(
        ProductText.objects.of(merchant_id).filter(product_id=variant.product_id).values_list("language", "title")
    )
    title = texts.get("en") or next(iter(texts.values()), "")
    shelf = variant.product.category.names.get("en", "")
    return Sought(
        variant_id=variant.pk,
        product_id=variant.product_id,
        sku=variant.sku,
        hs_code=variant.hs_code,
        description=index().known(variant.hs_code[:6]) or "",
        origin_country=variant.origin_country,
        words=f"{title} {shelf}".strip(),
    )


def candidates(merchant_id: int, text: str, *, origin: str, on: date, most: int = 8) -> tuple[Candidate, ...]:
    """Proposals for the words, best first, each with its duty in every territory the merchant sells into."""
    proposals = index().propose(text, most)
    countries = Market.objects.of(merchant_id).filter(open=True).values_list("country", flat=True)
    territories = sorted({territory_of(country, on) for country in countries})
    codes = {proposal.hs_code for proposal in proposals}
    duties: dict[str, dict[str, str]] = {code: {} for code in codes}
    for territory in territories:
        lines = duty_lines(merchant_id, territory, codes)
        for code in codes:
            told = [
                line.text
                for line in lines.get(code, ())
                if in_force(line, on) and line.origin in {"", origin} and not line.additional and line.text
            ]
            duties[code][territory] = told[0] if told else ""
    return tuple(Candidate(proposal=proposal, duties=duties[proposal.hs_code]) for proposal in proposals)


def _described(table: pl.DataFrame) -> list[Described]:
    return [
        Described(hs_code=code, description=text) for code, text in table.select("hs_code", "description").iter_rows()
    ]
