"""A market's catalogue as a feed's items, as of this moment: what the shop would sell, at the price it would charge.

The same promise that a product page shows decides what is in: a closed lane, a sold-out variant, a prohibited one
vanish from the feed when they vanish from the page. Three queries for the catalogue and two for each PART of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple
from urllib.parse import urlencode

from haitu.core.book import BasketLine, Book, Promise
from haitu.core.errors import Refusal
from haitu.core.feed import FeedSpec
from haitu.core.money import display
from haitu.core.preorder import promise_or_preorder, quote_or_preorder
from haitu.core.route import shelf
from haitu.reads.shop.cards import Place
from haitu.reads.shop.rows import fetch, options_of, picture_address

PART = 500  # variants that are priced together
MOST_PICTURES = 11  # the first, and ten more
TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A variant for sale: attribute → text, as the platform names them."""

    sku: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A variant that is not in the feed; `why`: sold_out, not_delivered or no_price."""

    sku: str
    why: str


_SQL = """
    SELECT v.id, v.sku, v.options, v.weight_g, p.id, p.slug, p.brand, c.names,
        COALESCE(t.title, e.title, p.slug), COALESCE(NULLIF(t.description, ''), e.description, '')
    FROM haitu_variant v
    JOIN haitu_product p ON p.id = v.product_id
    JOIN haitu_category c ON c.id = p.category_id
    LEFT JOIN haitu_producttext t ON t.product_id = p.id AND t.language = %s
    LEFT JOIN haitu_producttext e ON e.product_id = p.id AND e.language = 'en'
    WHERE v.merchant_id = %s AND v.active AND p.status = 'live'
    ORDER BY v.id
"""
_PICTURES = """
    SELECT c.product_id, c.id, c.path FROM haitu_picture c WHERE c.merchant_id = %s ORDER BY c.position, c.id
"""


def feed_items(place: Place, spec: FeedSpec, *, root: str) -> Iterator[FeedItem | LeftOut]:
    """Every live variant, in the feed or left out of it, the oldest first."""
    rows = [_Row(*row) for row in fetch(_SQL, [place.language, place.merchant.id])]
    catalogue = _Catalogue(place=place, spec=spec, root=root)
    for product_id, picture_id, path in fetch(_PICTURES, [place.merchant.id]):
        catalogue.pictures.setdefault(product_id, []).append(root + picture_address(picture_id, path))
    for row in rows:
        catalogue.variants[row.product_id] = catalogue.variants.get(row.product_id, 0) + 1
    for start in range(0, len(rows), PART):
        part = rows[start : start + PART]
        book = place.book([row.variant_id for row in part])
        stocked = {at.variant_id for at in book.stock if at.available > 0 or at.afloat.for_sale > 0}
        for row in part:
            yield _one(row, book, catalogue, stocked=row.variant_id in stocked)


class _Row(NamedTuple):
    """A variant as _SQL reads it."""

    variant_id: int
    sku: str
    options: Any
    weight_g: int | None
    product_id: int
    slug: str
    brand: str
    names: Any
    title: str
    description: str


@dataclass(slots=True, kw_only=True)
class _Catalogue:
    """What all items share: where and for whom, the products' pictures and how many variants each has."""

    place: Place
    spec: FeedSpec
    root: str
    pictures: dict[int, list[str]] = field(default_factory=dict)
    variants: dict[int, int] = field(default_factory=dict)


def _one(row: _Row, book: Book, catalogue: _Catalogue, *, stocked: bool) -> FeedItem | LeftOut:
    place, spec = catalogue.place, catalogue.spec
    try:
        price_minor = shelf(row.variant_id, book, place.on)
        promise = promise_or_preorder(row.variant_id, book, to=place.destination, on=place.on)
    except Refusal:
        return LeftOut(sku=row.sku, why="no_price")
    if promise is not None and promise.available > 0:
        state = "afloat" if promise.ships else "in_stock"
    elif stocked:  # it lies somewhere, or is on its way, and cannot be brought there
        return LeftOut(sku=row.sku, why="not_delivered")
    elif not spec.availability["sold_out"]:
        return LeftOut(sku=row.sku, why="sold_out")
    else:
        state, promise = "sold_out", None
    fields = _words(row, catalogue) | _terms(row.variant_id, price_minor, promise, book, place)
    fields["availability"] = spec.availability[state]
    return FeedItem(sku=row.sku, attributes={name: fields.get(its, "") for name, its in spec.columns.items()})


def _words(row: _Row, catalogue: _Catalogue) -> dict[str, str]:
    """What does not depend on price and stock."""
    place = catalogue.place
    several = catalogue.variants[row.product_id] > 1
    chosen = options_of(row.options) if several else ()
    pictures = catalogue.pictures.get(row.product_id, [])
    query = urlencode({"v": row.sku, **catalogue.spec.link})
    tag = f"{place.language}-{place.country}".lower()
    categories = json.loads(row.names) if isinstance(row.names, str) else row.names
    return {
        "sku": row.sku,
        "title": " – ".join([row.title, ", ".join(chosen)]) if chosen else row.title,
        "description": " ".join(TAGS.sub(" ", row.description).split()) or row.title,
        "link": f"{catalogue.root}/{tag}/p/{row.slug}/?{query}",
        "image": pictures[0] if pictures else "",
        "more_images": ",".join(pictures[1:MOST_PICTURES]),
        "brand": row.brand,
        "brand_or_shop": row.brand or place.merchant.name,
        "gtin": "",  # the catalogue knows none
        "identifier_exists": "no",  # so neither a GTIN nor the maker's number can be told
        "group": row.slug[:50] if several else "",
        "category": str(categories.get(place.language) or categories.get("en") or ""),
        "weight": f"{row.weight_g} g" if row.weight_g else "",
        "condition": "new",
    }


def _terms(variant_id: int, price_minor: int, promise: Promise | None, book: Book, place: Place) -> dict[str, str]:
    """What depends on them. Duty and import tax that the checkout adds apart are told with delivery, one sum."""
    market = book.terms.market
    free = market.shipping_free_from_minor
    delivery_minor = 0 if free is not None and price_minor >= free else market.shipping_minor
    if promise is not None and not market.prices_include_tax and promise.duty_paid_by == "us":
        delivery_minor += _added_minor(variant_id, book, place)
    currency = market.currency
    return {
        "price": f"{display(price_minor, currency)} {currency}",
        "shipping": f"{market.country}:::{display(delivery_minor, currency)} {currency}",
        "incoterm": promise.incoterm if promise else market.incoterm,
        "from_country": promise.country if promise else "",
        "leaves_on": _moment(promise.ships) if promise and promise.ships else "",
    }


def _added_minor(variant_id: int, book: Book, place: Place) -> int:
    """Duty and import tax of one unit, as the checkout charges them beside the price."""
    try:
        basket = (BasketLine(variant_id=variant_id, quantity=1),)
        quote = quote_or_preorder(basket, book, to=place.destination, on=place.on)
    except Refusal:
        return 0
    return int(quote.duty_minor + quote.import_tax_minor)


def _moment(day: date) -> str:
    """Midnight UTC of the day, ISO 8601 with its zone."""
    return datetime.combine(day, time(), UTC).strftime("%Y-%m-%dT%H:%M+0000")
