"""The catalogue as rows of a file: for export, and to tell what an import would change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from haitu.links.catalog_csv import CatalogRow, Shelves, Value
from haitu.models import Category, Market, MarketPrice, ProductText, Variant
from haitu.reads.merchant import ShopMerchant

DESK_LANGUAGES = ("en", "zh-hans")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one row of an import would do: `fields` holds (column, old, new)."""

    row: CatalogRow
    new: bool
    fields: tuple[tuple[str, object, object], ...]


def shelves_of(merchant: ShopMerchant) -> Shelves:
    """What a row is judged by."""
    skus = Variant.objects.of(merchant.id).values_list("sku", "product__slug")
    markets = list(Market.objects.of(merchant.id).order_by("position", "country"))
    spoken = [language for market in markets for language in market.languages]
    return Shelves(
        skus=dict(skus),
        categories=frozenset(Category.objects.of(merchant.id).values_list("code", flat=True)),
        list_currency=merchant.list_currency,
        markets={market.country: market.currency for market in markets},
        languages=tuple(dict.fromkeys([*DESK_LANGUAGES, *spoken])),
    )


def rows_of(merchant_id: int, skus: Iterable[str] | None = None) -> Iterator[CatalogRow]:
    """The catalogue as it stands, by SKU; three queries."""
    variants = Variant.objects.of(merchant_id).select_related("product__category").order_by("sku")
    if skus is not None:
        variants = variants.filter(sku__in=list(skus))
    kept = list(variants)
    products = {variant.product_id for variant in kept}
    texts: dict[int, dict[tuple[str, str], str]] = {}
    for text in ProductText.objects.of(merchant_id).only("product_id", "language", "title", "description"):
        if text.product_id in products:
            found = texts.setdefault(text.product_id, {})
            found[text.language, "title"] = text.title
            if text.description:
                found[text.language, "description"] = text.description
    prices: dict[int, dict[str, int | None]] = {}
    for variant_id, country, price in MarketPrice.objects.of(merchant_id).values_list(
        "variant_id", "market__country", "price_minor"
    ):
        prices.setdefault(variant_id, {})[country] = price
    for number, variant in enumerate(kept, start=2):
        yield CatalogRow(
            line=number,
            sku=variant.sku,
            product=variant.product.slug,
            fields=_fields(variant),
            texts=texts.get(variant.product_id, {}),
            prices=prices.get(variant.pk, {}),
        )


def changes(merchant_id: int, rows: Iterable[CatalogRow]) -> tuple[Change, ...]:
    """What these rows would change, in their order; rows that change nothing have no fields."""
    wanted = list(rows)
    current = {row.sku: row for row in rows_of(merchant_id)}
    return tuple(_change(row, current.get(row.sku)) for row in wanted)


def _change(row: CatalogRow, old: CatalogRow | None) -> Change:
    found: list[tuple[str, object, object]] = []
    for name, value in row.fields.items():
        before = old.fields.get(name) if old else None
        if before != value:
            found.append((name, before, value))
    for (language, kind), words in row.texts.items():
        said = old.texts.get((language, kind), "") if old else ""
        if said != words:
            found.append((f"{kind}:{language}", said, words))
    for country, price in row.prices.items():
        asked = old.prices.get(country) if old else None
        if asked != price:
            found.append((f"price:{country}", asked, price))
    return Change(row=row, new=old is None, fields=tuple(found))


def _fields(variant: Variant) -> dict[str, Value]:
    product = variant.product
    return {
        "category": product.category.code,
        "status": product.status,
        "brand": product.brand,
        "list_price": variant.list_price_minor,
        "hs_code": variant.hs_code,
        "origin_country": variant.origin_country,
        "tax_category": variant.tax_category,
        "weight_g": variant.weight_g,
        "length_mm": variant.length_mm,
        "width_mm": variant.width_mm,
        "height_mm": variant.height_mm,
        "restrictions": tuple(variant.restrictions),
        "active": variant.active,
    }
