"""The demo merchant's goods: products with drawn pictures, and the stock that lies in each warehouse."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.utils.text import slugify

from haitu.actions.record import record
from haitu.core.events import Dims, Posting, Received
from haitu.core.fold import fold
from haitu.core.landed import Waterfall
from haitu.core.money import FxRate, convert, half_up, part
from haitu.core.picture import hues, picture_svg
from haitu.links.reference.assumptions import AssumedWarehouse, Assumptions
from haitu.links.reference.categories import Categories, Rule, rule_for
from haitu.links.reference.demo_after_sale import AfterSale
from haitu.links.reference.retail import Article
from haitu.models import (
    Category,
    Merchant,
    MoveKind,
    Picture,
    Product,
    ProductStatus,
    ProductText,
    Stock,
    StockMove,
    Variant,
    Warehouse,
)

BATCH = 500
WHOLE_BP = 10_000
STALE = timedelta(weeks=52)  # what has not sold for a year is no longer offered


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An article and what its title tells of it."""

    article: Article
    rule: Rule
    goods_minor: int
    weight_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the goods are put together from: rules, assumptions, drawings, and what sold of late."""

    kinds: Sequence[Kind]
    categories: Categories
    assumed: Assumptions
    after_sale: AfterSale
    icons: Path
    last_day: date
    units_sold: Mapping[str, int]
    fx: Mapping[str, FxRate]


def kinds_of(articles: Iterable[Article], categories: Categories, assumed: Assumptions) -> list[Kind]:
    """Each article with the rule that fits its title, its assumed cost and its weight as wrapped."""
    found = []
    for article in articles:
        rule = rule_for(article.title_given, categories.rules)
        found.append(
            Kind(
                article=article,
                rule=rule,
                goods_minor=assumed.goods.cost_minor(article.list_price_minor, rule.category),
                weight_g=rule.weight_g + assumed.packing.per_piece_g,
            )
        )
    return found


def make_products(merchant: Merchant, plan: Plan) -> dict[str, int]:
    """Categories, products, texts, variants and pictures; the variant of each SKU."""
    kinds = plan.kinds
    shelves = {
        category.code: Category.objects.create(
            merchant=merchant, code=category.code, names=dict(category.names), icon=category.icon, position=position
        )
        for position, category in enumerate(plan.categories.categories)
    }
    products = Product.objects.bulk_create(
        [
            Product(
                merchant=merchant,
                slug=slugify(f"{kind.article.title}-{kind.article.sku}")[:120],
                category=shelves[kind.rule.category],
                status=ProductStatus.LIVE if kind.article.last_sold > plan.last_day - STALE else ProductStatus.ARCHIVED,
                rank=kind.article.lines,
            )
            for kind in kinds
        ],
        batch_size=BATCH,
    )
    ProductText.objects.bulk_create(_texts(merchant, products, kinds), batch_size=BATCH)
    Picture.objects.bulk_create(_pictures(merchant, products, kinds, plan.icons), batch_size=BATCH)
    variants = Variant.objects.bulk_create(_variants(merchant, products, kinds, plan.assumed), batch_size=BATCH)
    return {variant.sku: variant.pk for variant in variants}


def _texts(merchant: Merchant, products: Sequence[Product], kinds: Sequence[Kind]) -> Iterator[ProductText]:
    for product, kind in zip(products, kinds, strict=True):
        title = kind.article.title
        yield ProductText(
            merchant=merchant, product=product, language="en", title=title, search=fold(f"{title} {kind.article.sku}")
        )


def _variants(
    merchant: Merchant, products: Sequence[Product], kinds: Sequence[Kind], assumed: Assumptions
) -> Iterator[Variant]:
    for product, kind in zip(products, kinds, strict=True):
        length, width, height = kind.rule.size_mm
        yield Variant(
            merchant=merchant,
            product=product,
            sku=kind.article.sku,
            list_price_minor=kind.article.list_price_minor,
            hs_code=kind.rule.hs_code,
            origin_country=assumed.goods.origin_country,
            weight_g=kind.weight_g,
            length_mm=length,
            width_mm=width,
            height_mm=height,
            restrictions=list(kind.rule.restrictions),
            assumed=True,
        )


def _pictures(merchant: Merchant, products: Sequence[Product], kinds: Sequence[Kind], icons: Path) -> Iterator[Picture]:
    """An icon that fits, on a ground whose colour no other article with this icon has."""
    drawings = json.loads(icons.read_text())
    skus_by_icon = defaultdict(list)
    for kind in kinds:
        skus_by_icon[kind.rule.icon].append(kind.article.sku)
    hue_by_icon = {icon: hues(skus) for icon, skus in skus_by_icon.items()}
    for product, kind in zip(products, kinds, strict=True):
        icon, sku, title = drawings[kind.rule.icon], kind.article.sku, kind.article.title
        hue = hue_by_icon[kind.rule.icon][sku]
        svg = picture_svg(icon["body"], icon["width"], icon["height"], sku, title=title, hue=hue)
        yield Picture(merchant=merchant, product=product, alt=title, svg=svg)


def inbound_minor(weight_g: int, warehouse: AssumedWarehouse, fx: FxRate) -> int:
    """The first leg of one piece to a warehouse, in base currency."""
    return convert(half_up(weight_g * warehouse.inbound_minor_per_kg, 1000), fx)


def fill_stock(
    merchant: Merchant, plan: Plan, variants: Mapping[str, int], warehouses: Mapping[str, Warehouse], *, now: datetime
) -> int:
    """Puts into each warehouse its share of some weeks' sales, at assumed value; the units in all."""
    total = 0
    for given in plan.assumed.warehouses:
        rows = list(_stock_rows(merchant, plan, variants, warehouses[given.code], given))
        stocks = Stock.objects.bulk_create(rows, batch_size=BATCH)
        start_bp = 0
        for days_ago, share_bp in plan.assumed.stock.arrivals:
            between = (start_bp, start_bp + share_bp)
            _arrive(merchant, given.code, stocks, between_bp=between, at=now - timedelta(days_ago), now=now)
            start_bp += share_bp
        total += sum(stock.on_hand for stock in stocks)
    return total


def _arrive(
    merchant: Merchant,
    code: str,
    stocks: Sequence[Stock],
    *,
    between_bp: tuple[int, int],
    at: datetime,
    now: datetime,
) -> None:
    """One of the loads the opening stock came in: the units between two shares of each shelf, with their value."""
    key = f"received:demo:{code}:{between_bp[0]}"
    moves = []
    for stock in stocks:
        start, stop = (stock.on_hand * share // WHOLE_BP for share in between_bp)
        if start == stop:
            continue
        goods, inbound = (
            part(value, start, stop, stock.on_hand) for value in (stock.goods_value_minor, stock.inbound_value_minor)
        )
        moves.append(
            StockMove(
                merchant=merchant,
                stock=stock,
                at=at,
                kind=MoveKind.RECEIVED,
                quantity=stop - start,
                goods_value_minor=goods,
                inbound_value_minor=inbound,
                reference="opening stock",
                event_key=key,
            )
        )
    postings = tuple(
        Posting(
            variant_id=move.stock.variant_id,
            waterfall=Waterfall(goods=move.goods_value_minor, inbound=move.inbound_value_minor),
            assumed=True,
        )
        for move in moves
    )
    dims = Dims(currency=merchant.base_currency, base_currency=merchant.base_currency)
    record(Received(key=key, at=at, dims=dims, postings=postings), merchant_id=merchant.pk, now=now)
    StockMove.objects.bulk_create(moves, batch_size=BATCH)


def _stock_rows(
    merchant: Merchant, plan: Plan, variants: Mapping[str, int], warehouse: Warehouse, given: AssumedWarehouse
) -> Iterator[Stock]:
    levels = plan.assumed.stock
    for kind in plan.kinds:
        sold = plan.units_sold.get(kind.article.sku, 0)
        units = half_up(sold * levels.weeks_of_cover * given.stock_share_bp, levels.weeks_of_history * 10_000)
        if units < levels.least_units:
            continue
        way_in = inbound_minor(kind.weight_g, given, plan.fx[given.inbound_currency])
        yield Stock(
            merchant=merchant,
            variant_id=variants[kind.article.sku],
            warehouse=warehouse,
            on_hand=units,
            buffer=levels.buffer_units,
            goods_value_minor=units * kind.goods_minor,
            inbound_value_minor=units * way_in,
            assumed=True,
        )
