"""Changing what is sold and for how much: prices, products, and whole files of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.fold import fold
from haitu.links.catalog_csv import MOST_MEASURE, MOST_MINOR, CatalogRow, Value
from haitu.models import Category, Market, MarketPrice, Product, ProductStatus, ProductText, User, Variant
from haitu.reads.desk import catalog

MEASURES = ("weight_g", "length_mm", "width_mm", "height_mm")
OWN_COLUMN = {"list_price": "list_price_minor"}
OF_PRODUCT = ("category", "status", "brand")

Fields = dict[str, tuple[object, object]]


class NoSuchProduct(Refusal):
    """The merchant has no such product or variant."""

    code = "no_such_product"


class BadPrice(Refusal):
    """A price is zero or more."""

    code = "bad_price"


class NotReadyToSell(Refusal):
    """A live product has a title and at least one active variant."""

    code = "not_ready_to_sell"


class UnknownChoice(Refusal):
    """The value is none of those there are."""

    code = "unknown_choice"


class BadMeasure(Refusal):
    """Weights and sizes are whole numbers above zero, or unknown."""

    code = "bad_measure"


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantDraft:
    """What the product page says about one variant; None in a measure means unknown."""

    id: int
    list_price_minor: int
    hs_code: str
    origin_country: str
    tax_category: str
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    restrictions: tuple[str, ...]
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    """What the product page says; `texts` is language → (title, description), an empty title takes the text away."""

    category: str
    brand: str
    status: str
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    variants: tuple[VariantDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How many SKUs an import made and changed, and how many rows said what was so already."""

    made: int
    changed: int
    same: int


def set_list_price(*, merchant_id: int, variant_id: int, price_minor: int, by: User | None, now: datetime) -> None:
    """A new list price, in the merchant's list currency, without tax."""
    _check_price(price_minor)
    with transaction.atomic():
        variant = _variant(merchant_id, variant_id)
        if variant.list_price_minor == price_minor:
            return
        change = {"list_price_minor": (variant.list_price_minor, price_minor)}
        Variant.objects.of(merchant_id).filter(pk=variant.pk).update(list_price_minor=price_minor)
        _note(merchant_id, "price.list", variant.sku, change, by=by, now=now)


def set_market_price(
    *, merchant_id: int, variant_id: int, market_id: int, price_minor: int | None, by: User | None, now: datetime
) -> None:
    """A shelf price by hand for one market, in its currency as shown there; None goes back to the computed one."""
    if price_minor is not None:
        _check_price(price_minor)
    with transaction.atomic():
        variant = _variant(merchant_id, variant_id)
        market = Market.objects.of(merchant_id).filter(pk=market_id).first()
        if market is None:
            raise NoSuchProduct("There is no such market.", field="market")
        prices = MarketPrice.objects.of(merchant_id).filter(variant=variant, market=market)
        old = prices.values_list("price_minor", flat=True).first()
        if old == price_minor:
            return
        if price_minor is None:
            prices.delete()
        else:
            MarketPrice.objects.of(merchant_id).update_or_create(
                merchant_id=merchant_id, variant=variant, market=market, defaults={"price_minor": price_minor}
            )
        subject = f"{variant.sku} {market.country}"
        _note(merchant_id, "price.market", subject, {"price_minor": (old, price_minor)}, by=by, now=now)


def save_product(*, merchant_id: int, product_id: int, draft: ProductDraft, by: User | None, now: datetime) -> None:
    """Brings a product, its texts and its variants to what the page says."""
    category = Category.objects.of(merchant_id).filter(code=draft.category).first()
    if category is None:
        raise UnknownChoice(f"There is no category {draft.category!r}.", field="category", given=draft.category)
    if draft.status not in ProductStatus.values:
        raise UnknownChoice(f"{draft.status!r} is no status.", field="status", given=draft.status)
    titles = [title for title, _ in draft.texts.values() if title]
    if draft.status == ProductStatus.LIVE and not titles:
        raise NotReadyToSell("A live product needs a title in at least one language.", field="title")
    with transaction.atomic():
        product = Product.objects.of(merchant_id).select_for_update().filter(pk=product_id).first()
        if product is None:
            raise NoSuchProduct("There is no such product.")
        wanted = {"brand": draft.brand.strip()[:80], "status": draft.status}
        change = _differences(product, wanted)
        if product.category_id != category.pk:
            change["category"] = (product.category.code, category.code)
        Product.objects.of(merchant_id).filter(pk=product.pk).update(category=category, **wanted)
        change |= _save_texts(merchant_id, product.pk, draft.texts)
        for variant in draft.variants:
            change |= _save_variant(merchant_id, product.pk, variant)
        if change:
            _note(merchant_id, "product.save", product.slug, change, by=by, now=now)


def import_products(*, merchant_id: int, rows: Sequence[CatalogRow], by: User | None, now: datetime) -> Imported:
    """Takes the rows over, all or none; the person has seen what they change."""
    with transaction.atomic():
        found = [change for change in catalog.changes(merchant_id, rows) if change.new or change.fields]
        made = [change.row for change in found if change.new]
        changed = [change for change in found if not change.new]
        _make(merchant_id, made, now)
        _rewrite(merchant_id, changed)
        _save_many_texts(merchant_id, [change.row for change in found])
        _save_many_prices(merchant_id, [change.row for change in found])
        result = Imported(made=len(made), changed=len(changed), same=len(rows) - len(found))
        if found:
            change = {"made": (0, result.made), "changed": (0, result.changed)}
            _note(merchant_id, "product.import", f"{len(rows)} rows", change, by=by, now=now)
    return result


def _check_price(price_minor: int) -> None:
    if not 0 <= price_minor <= MOST_MINOR:
        raise BadPrice("A price is zero or more.", field="price")


def _variant(merchant_id: int, variant_id: int) -> Variant:
    variant = Variant.objects.of(merchant_id).select_for_update().filter(pk=variant_id).first()
    if variant is None:
        raise NoSuchProduct("There is no such variant.", field="variant")
    return variant


def _note(
    merchant_id: int,
    action: str,
    subject: str,
    change: Mapping[str, tuple[object, object]],
    *,
    by: User | None,
    now: datetime,
) -> None:
    """Every open shop page learns of it, and the trail says who it was."""
    bump(merchant_id)
    audit(by, action, subject, merchant_id=merchant_id, now=now, change=change)


def _differences(row: Product | Variant, wanted: Mapping[str, object]) -> Fields:
    return {name: (getattr(row, name), value) for name, value in wanted.items() if getattr(row, name) != value}


def _save_texts(merchant_id: int, product_id: int, texts: Mapping[str, tuple[str, str]]) -> Fields:
    """Titles and descriptions; a text that a person touched is no longer a machine's."""
    old = {text.language: text for text in ProductText.objects.of(merchant_id).filter(product_id=product_id)}
    change: Fields = {}
    for language, (title, description) in texts.items():
        before = old.get(language)
        if before and (before.title, before.description) == (title, description):
            continue
        if not title and not description and before is None:
            continue
        said = (before.title, before.description) if before else ("", "")
        told = zip(("title", "description"), said, (title, description), strict=True)
        change |= {f"{kind}:{language}": (old, new) for kind, old, new in told if old != new}
        if title:
            _text(merchant_id, product_id, language, title, description)
        elif before:
            ProductText.objects.of(merchant_id).filter(pk=before.pk).delete()
    return change


def _text(merchant_id: int, product_id: int, language: str, title: str, description: str) -> None:
    ProductText.objects.of(merchant_id).update_or_create(
        merchant_id=merchant_id,
        product_id=product_id,
        language=language,
        defaults={
            "title": title[:200],
            "description": description,
            "search": _searched(title, _skus(merchant_id, [product_id])[product_id]),
            "machine": False,
        },
    )


def _save_variant(merchant_id: int, product_id: int, draft: VariantDraft) -> Fields:
    _check_price(draft.list_price_minor)
    for name in MEASURES:
        given = getattr(draft, name)
        if given is not None and not 0 < given <= MOST_MEASURE:
            raise BadMeasure("Weights and sizes are whole numbers above zero, or empty.", field=name)
    found = Variant.objects.of(merchant_id).select_for_update().filter(product_id=product_id)
    variant = found.filter(pk=draft.id).first()
    if variant is None:
        raise NoSuchProduct("There is no such variant.", field="variant")
    wanted: dict[str, object] = {
        "list_price_minor": draft.list_price_minor,
        "hs_code": draft.hs_code.strip(),
        "origin_country": draft.origin_country.strip().upper(),
        "tax_category": draft.tax_category.strip() or "standard",
        "restrictions": list(draft.restrictions),
        "active": draft.active,
    } | {name: getattr(draft, name) for name in MEASURES}
    change = _differences(variant, wanted)
    if {"hs_code", *MEASURES} & set(change):
        wanted["assumed"] = False  # a person has looked at it
    Variant.objects.of(merchant_id).filter(pk=variant.pk).update(**wanted)
    return {f"{variant.sku} {name}": values for name, values in change.items()}


def _make(merchant_id: int, rows: Sequence[CatalogRow], now: datetime) -> None:
    """New SKUs, and the products they need."""
    slugs = {row.product for row in rows}
    known = dict(Product.objects.of(merchant_id).filter(slug__in=slugs).values_list("slug", "pk"))
    categories = _categories(merchant_id)
    products: dict[str, Product] = {}
    for row in rows:
        if row.product not in known and row.product not in products:
            products[row.product] = Product(
                merchant_id=merchant_id,
                slug=row.product,
                category_id=categories[str(row.fields["category"])],
                brand=str(row.fields.get("brand") or ""),
                status=str(row.fields.get("status") or ProductStatus.DRAFT),
                created_at=now,
            )
    Product.objects.of(merchant_id).bulk_create(products.values(), batch_size=500)
    known |= dict(Product.objects.of(merchant_id).filter(slug__in=slugs).values_list("slug", "pk"))
    variants = []
    for row in rows:
        variant = Variant(merchant_id=merchant_id, product_id=known[row.product], sku=row.sku, list_price_minor=0)
        _set(variant, row.fields)
        variants.append(variant)
    Variant.objects.of(merchant_id).bulk_create(variants, batch_size=500)


def _rewrite(merchant_id: int, changes: Sequence[catalog.Change]) -> None:
    """Variants and products that are there already."""
    by_sku = {change.row.sku: change for change in changes}
    variants = list(Variant.objects.of(merchant_id).select_related("product").filter(sku__in=by_sku))
    categories = _categories(merchant_id)
    for variant in variants:
        fields = by_sku[variant.sku].row.fields
        _set(variant, fields)
        product = variant.product
        if "category" in fields:
            product.category_id = categories[str(fields["category"])]
        product.brand = str(fields.get("brand", product.brand))
        product.status = str(fields.get("status", product.status))
    columns = [
        "list_price_minor",
        "hs_code",
        "origin_country",
        "tax_category",
        *MEASURES,
        "restrictions",
        "active",
        "assumed",
    ]
    Variant.objects.of(merchant_id).bulk_update(variants, columns, batch_size=200)
    products = {variant.product_id: variant.product for variant in variants}
    Product.objects.of(merchant_id).bulk_update(products.values(), ["category", "brand", "status"], batch_size=200)


def _set(variant: Variant, fields: Mapping[str, Value]) -> None:
    for name, value in fields.items():
        if name in OF_PRODUCT:
            continue
        if name in {"hs_code", *MEASURES} and getattr(variant, name) != value:
            variant.assumed = False
        setattr(variant, OWN_COLUMN.get(name, name), list(value) if isinstance(value, tuple) else value)


def _save_many_texts(merchant_id: int, rows: Sequence[CatalogRow]) -> None:
    products = _products(merchant_id, rows)
    old = {
        (text.product_id, text.language): text
        for text in ProductText.objects.of(merchant_id).filter(product_id__in=set(products.values()))
    }
    skus = _skus(merchant_id, products.values())
    touched: dict[tuple[int, str], ProductText] = {}
    for row in rows:
        for (language, kind), words in row.texts.items():
            key = (products[row.sku], language)
            text = touched.get(key) or old.get(key)
            if text is None:
                text = ProductText(merchant_id=merchant_id, product_id=key[0], language=language)
            if getattr(text, kind) != words:
                setattr(text, kind, words)
                text.search, text.machine = _searched(text.title, skus[text.product_id]), False
                touched[key] = text
    made = [text for key, text in touched.items() if key not in old and text.title]
    ProductText.objects.of(merchant_id).bulk_create(made, batch_size=500)
    changed = [text for key, text in touched.items() if key in old]
    columns = ["title", "description", "search", "machine"]
    ProductText.objects.of(merchant_id).bulk_update(changed, columns, batch_size=200)


def _save_many_prices(merchant_id: int, rows: Sequence[CatalogRow]) -> None:
    markets = dict(Market.objects.of(merchant_id).values_list("country", "pk"))
    asked = {row.sku: row.prices for row in rows if row.prices}
    variants = Variant.objects.of(merchant_id).filter(sku__in=asked).values_list("sku", "pk")
    for sku, variant_id in variants:
        for country, price in asked[sku].items():
            prices = MarketPrice.objects.of(merchant_id).filter(variant_id=variant_id, market_id=markets[country])
            if price is None:
                prices.delete()
            elif not prices.update(price_minor=price):
                prices.create(
                    merchant_id=merchant_id, variant_id=variant_id, market_id=markets[country], price_minor=price
                )


def _searched(title: str, skus: Sequence[str]) -> str:
    """What a buyer may type to find it: words of the title, and the SKUs."""
    return fold(" ".join([title, *skus]))


def _skus(merchant_id: int, product_ids: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {product_id: [] for product_id in product_ids}
    variants = Variant.objects.of(merchant_id).filter(product_id__in=found).order_by("position", "sku")
    for product_id, sku in variants.values_list("product_id", "sku"):
        found[product_id].append(sku)
    return found


def _products(merchant_id: int, rows: Sequence[CatalogRow]) -> dict[str, int]:
    skus = [row.sku for row in rows]
    return dict(Variant.objects.of(merchant_id).filter(sku__in=skus).values_list("sku", "product_id"))


def _categories(merchant_id: int) -> dict[str, int]:
    return dict(Category.objects.of(merchant_id).values_list("code", "pk"))
