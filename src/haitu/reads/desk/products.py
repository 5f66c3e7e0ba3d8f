"""The catalogue as the desk lists it and shows one product of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from haitu.core.book import BasketLine, Book, Destination, Quote
from haitu.core.errors import Refusal
from haitu.core.fold import fold
from haitu.core.landed import Waterfall
from haitu.core.market import shelf_price
from haitu.core.quote import quote
from haitu.core.route import shelf
from haitu.models import Category, Market, MarketPrice, Picture, Product, ProductText, Stock, Variant
from haitu.reads.desk.catalog import DESK_LANGUAGES
from haitu.reads.desk.paging import PageOf, cut
from haitu.reads.merchant import ShopMerchant
from haitu.reads.quote import load_books

MISSING = ("weight", "size", "hs", "picture")
SORTS = {
    "rank": ("-product__rank", "sku"),
    "sku": ("sku",),
    "cheapest": ("list_price_minor", "sku"),
    "dearest": ("-list_price_minor", "sku"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """What the grid is narrowed to. `missing` is weight, size, hs, picture, or text:<language>."""

    search: str = ""
    category: str = ""
    status: str = ""
    missing: str = ""
    sort: str = "rank"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """One variant in the grid."""

    variant_id: int
    product_id: int
    sku: str
    title: str
    category: str
    status: str
    active: bool
    list_price_minor: int
    on_hand: int
    available: int
    picture: int | None
    missing: tuple[str, ...]
    assumed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantView:
    """A variant on its product's page."""

    id: int
    sku: str
    options: dict[str, str]
    list_price_minor: int
    hs_code: str
    origin_country: str
    tax_category: str
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    restrictions: tuple[str, ...]
    assumed: bool
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextView:
    """A product's words in one language."""

    language: str
    title: str
    description: str
    machine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductView:
    """Everything the product page says but the prices abroad."""

    id: int
    slug: str
    category: str
    brand: str
    status: str
    rank: int
    title: str
    texts: tuple[TextView, ...]
    pictures: tuple[tuple[int, str], ...]
    variants: tuple[VariantView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfView:
    """What one piece of a variant costs and earns in one market; `refused` says why it cannot be delivered there."""

    market_id: int
    country: str
    currency: str
    shelf_minor: int
    computed_minor: int
    override_minor: int | None
    prices_include_tax: bool
    waterfall: Waterfall | None
    assumed: bool
    warehouse: str
    carrier: str
    earliest: date | None
    latest: date | None
    refused: Refusal | None


def categories(merchant_id: int, language: str) -> tuple[tuple[str, str], ...]:
    """(code, name) in the shop's order."""
    rows = Category.objects.of(merchant_id).order_by("position", "code")
    return tuple((row.code, named(row.names, language) or row.code) for row in rows)


def named(names: dict[str, Any], language: str) -> str:
    """The name in that language, in English, or in any."""
    short = language.partition("-")[0]
    for key in (language, short, "en"):
        if names.get(key):
            return str(names[key])
    return str(next(iter(names.values()), ""))


def grid(merchant_id: int, given: ProductFilter, language: str) -> PageOf[GridRow]:
    """A page of variants; a fixed number of queries."""
    query = _narrowed(merchant_id, given).order_by(*SORTS.get(given.sort, SORTS["rank"]))
    found, number, pages, total = cut(query.select_related("product__category"), given.page)
    variants = list(found)
    products = [variant.product_id for variant in variants]
    titles = titles_of(merchant_id, products, language)
    pictures = dict(
        Picture.objects.of(merchant_id)
        .filter(product_id__in=products)
        .order_by("-position", "-pk")
        .values_list("product_id", "pk")
    )
    units = {
        row[0]: row[1:]
        for row in Stock.objects.of(merchant_id)
        .filter(variant_id__in=[variant.pk for variant in variants])
        .values_list("variant_id")
        .annotate(there=Sum("on_hand"), promised=Sum("reserved"), held=Sum("buffer"))
    }
    rows = tuple(
        _grid_row(variant, titles, pictures, units.get(variant.pk, (0, 0, 0)), language) for variant in variants
    )
    return PageOf(rows=rows, number=number, pages=pages, total=total)


def titles_of(merchant_id: int, product_ids: Iterable[int], language: str) -> dict[int, str]:
    """Product → title in that language, in English, or in any."""
    best: dict[int, tuple[int, str]] = {}
    wanted = (language, "en")
    texts = ProductText.objects.of(merchant_id).filter(product_id__in=set(product_ids)).order_by("language")
    for product_id, spoken, title in texts.values_list("product_id", "language", "title"):
        rank = wanted.index(spoken) if spoken in wanted else len(wanted)
        if product_id not in best or rank < best[product_id][0]:
            best[product_id] = (rank, title)
    return {product_id: title for product_id, (_, title) in best.items()}


def product(merchant_id: int, product_id: int, language: str) -> ProductView | None:
    """One product, or None if the merchant has no such product."""
    row = Product.objects.of(merchant_id).select_related("category").filter(pk=product_id).first()
    if row is None:
        return None
    texts = {text.language: text for text in ProductText.objects.of(merchant_id).filter(product=row)}
    titles = titles_of(merchant_id, [row.pk], language)
    return ProductView(
        id=row.pk,
        slug=row.slug,
        category=row.category.code,
        brand=row.brand,
        status=row.status,
        rank=row.rank,
        title=titles.get(row.pk, row.slug),
        texts=tuple(
            TextView(
                language=spoken,
                title=texts[spoken].title if spoken in texts else "",
                description=texts[spoken].description if spoken in texts else "",
                machine=spoken in texts and texts[spoken].machine,
            )
            for spoken in dict.fromkeys([*languages(merchant_id), *texts])
        ),
        pictures=tuple(
            Picture.objects.of(merchant_id).filter(product=row).order_by("position", "pk").values_list("pk", "alt")
        ),
        variants=tuple(
            VariantView(
                id=variant.pk,
                sku=variant.sku,
                options=variant.options,
                list_price_minor=variant.list_price_minor,
                hs_code=variant.hs_code,
                origin_country=variant.origin_country,
                tax_category=variant.tax_category,
                weight_g=variant.weight_g,
                length_mm=variant.length_mm,
                width_mm=variant.width_mm,
                height_mm=variant.height_mm,
                restrictions=tuple(variant.restrictions),
                assumed=variant.assumed,
                active=variant.active,
            )
            for variant in Variant.objects.of(merchant_id).filter(product=row).order_by("position", "sku")
        ),
    )


def variant(merchant_id: int, variant_id: int, language: str) -> tuple[int, int, str, str] | None:
    """(variant id, product id, SKU, title), or None if the merchant has no such variant."""
    row = Variant.objects.of(merchant_id).filter(pk=variant_id).first()
    if row is None:
        return None
    titles = titles_of(merchant_id, [row.product_id], language)
    return row.pk, row.product_id, row.sku, titles.get(row.product_id, row.sku)


def currency_of(merchant_id: int, market_id: int) -> str:
    """The market's currency; "" if the merchant has no such market."""
    return Market.objects.of(merchant_id).filter(pk=market_id).values_list("currency", flat=True).first() or ""


def languages(merchant_id: int) -> tuple[str, ...]:
    """What the desk and the open markets speak."""
    spoken = [
        language
        for market in Market.objects.of(merchant_id).filter(open=True).order_by("position", "country")
        for language in market.languages
    ]
    return tuple(dict.fromkeys([*DESK_LANGUAGES, *spoken]))


def picture_of(merchant_id: int, picture_id: int) -> tuple[str, str] | None:
    """(svg, path) of a picture."""
    return Picture.objects.of(merchant_id).filter(pk=picture_id).values_list("svg", "path").first()


def shelves(merchant: ShopMerchant, variant_id: int, *, language: str, on: date) -> tuple[ShelfView, ...]:
    """What one piece costs and earns in every open market, by the shop's own quote; as many queries as for one."""
    overrides = dict(
        MarketPrice.objects.of(merchant.id).filter(variant_id=variant_id).values_list("market_id", "price_minor")
    )
    markets = list(Market.objects.of(merchant.id).filter(open=True).order_by("position", "country"))
    books = load_books(merchant, [market.country for market in markets], [variant_id], language=language, on=on)
    return tuple(_shelf(books[market.country], market, variant_id, overrides.get(market.pk), on) for market in markets)


def _shelf(book: Book, market: Market, variant_id: int, override: int | None, on: date) -> ShelfView:
    shown: Quote | None = None
    refused: Refusal | None = None
    try:
        basket = (BasketLine(variant_id=variant_id, quantity=1),)
        shown = quote(basket, book, to=Destination(country=market.country), on=on)
    except Refusal as no:
        refused = no
    parcel = shown.parcels[0] if shown else None
    return ShelfView(
        market_id=market.pk,
        country=market.country,
        currency=market.currency,
        shelf_minor=shelf(variant_id, book, on),
        computed_minor=_computed(book, variant_id, on),
        override_minor=override,
        prices_include_tax=market.prices_include_tax,
        waterfall=shown.waterfall if shown else None,
        assumed=shown is not None and any(line.assumed for line in shown.lines),
        warehouse=parcel.warehouse if parcel else "",
        carrier=parcel.carrier if parcel else "",
        earliest=shown.earliest if shown else None,
        latest=shown.latest if shown else None,
        refused=refused,
    )


def _computed(book: Book, variant_id: int, on: date) -> int:
    """The shelf price without an override."""
    item, terms = book.item(variant_id), book.terms
    included = terms.market.prices_include_tax
    rate = terms.tax_rate(item.tax_category, terms.market.region, on).rate_bp if included else 0
    return shelf_price(item.list_minor, terms.list_fx, terms.market, rate)


def _grid_row(
    variant: Variant,
    titles: dict[int, str],
    pictures: dict[int, int],
    units: tuple[int, int, int],
    language: str,
) -> GridRow:
    there, promised, held = units
    picture = pictures.get(variant.product_id)
    absent = {
        "weight": variant.weight_g is None,
        "size": None in {variant.length_mm, variant.width_mm, variant.height_mm},
        "hs": not variant.hs_code,
        "picture": picture is None,
    }
    category = variant.product.category
    return GridRow(
        variant_id=variant.pk,
        product_id=variant.product_id,
        sku=variant.sku,
        title=titles.get(variant.product_id, variant.product.slug),
        category=named(category.names, language) or category.code,
        status=variant.product.status,
        active=variant.active,
        list_price_minor=variant.list_price_minor,
        on_hand=there,
        available=max(0, there - promised - held),
        picture=picture,
        missing=tuple(name for name, is_absent in absent.items() if is_absent),
        assumed=variant.assumed,
    )


def _narrowed(merchant_id: int, given: ProductFilter) -> QuerySet[Variant]:
    query = Variant.objects.of(merchant_id)
    if given.category:
        query = query.filter(product__category__code=given.category)
    if given.status:
        query = query.filter(product__status=given.status)
    if given.search:
        texts = ProductText.objects.of(merchant_id).filter(
            Q(title__icontains=given.search) | Q(search__contains=fold(given.search))
        )
        query = query.filter(Q(sku__icontains=given.search) | Q(product_id__in=texts.values("product_id")))
    return query.filter(_lacks(merchant_id, given.missing)) if given.missing else query


def _lacks(merchant_id: int, what: str) -> Q:
    if what == "weight":
        return Q(weight_g=None)
    if what == "size":
        return Q(length_mm=None) | Q(width_mm=None) | Q(height_mm=None)
    if what == "hs":
        return Q(hs_code="")
    if what == "picture":
        return ~Q(Exists(Picture.objects.of(merchant_id).filter(product_id=OuterRef("product_id"))))
    language = what.removeprefix("text:")
    texts = ProductText.objects.of(merchant_id).filter(product_id=OuterRef("product_id"), language=language)
    return ~Q(Exists(texts))
