"""One product's page: words, pictures and variants as the catalogue stands, prices, stock and promises of now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from haitu.core.book import Book
from haitu.reads.shop.cards import Card, Offer, Place, cards, offers
from haitu.reads.shop.listing import related
from haitu.reads.shop.rows import PLENTY, kept, options_of, picture_address


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantShown:
    """A variant as a buyer chooses it; weights in grams, sizes in millimetres, None where not known.

    `ships`: a pre-order, which leaves on that day at the latest.
    """

    id: int
    sku: str
    options: tuple[str, ...]
    price_minor: int
    available: int
    earliest: date | None
    latest: date | None
    ships: date | None
    from_country: str
    incoterm: str
    duty_paid_by: str
    origin_country: str
    hs_code: str
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A picture and what it shows, in words."""

    address: str
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPage:
    """A product in a market now. Delivery costs the buyer `shipping_minor`, nothing from `free_from_minor` of goods."""

    slug: str
    category_id: int
    brand: str
    title: str
    description: str
    photos: tuple[Photo, ...]
    variants: tuple[VariantShown, ...]
    currency: str
    tax_included: bool
    tax_rate_bp: int | None
    incoterm: str
    shipping_minor: int
    free_from_minor: int | None
    related: tuple[Card, ...]


_SQL = """
    SELECT p.id, p.slug, p.category_id, p.brand, COALESCE(t.title, e.title, p.slug),
        COALESCE(NULLIF(t.description, ''), e.description, ''), v.id, v.sku, v.options,
        v.origin_country, v.hs_code, v.weight_g, v.length_mm, v.width_mm, v.height_mm, c.id, c.path, c.alt
    FROM haitu_product p
    JOIN haitu_variant v ON v.product_id = p.id AND v.active
    LEFT JOIN haitu_producttext t ON t.product_id = p.id AND t.language = %s
    LEFT JOIN haitu_producttext e ON e.product_id = p.id AND e.language = 'en'
    LEFT JOIN haitu_picture c ON c.product_id = p.id
    WHERE p.merchant_id = %s AND p.slug = %s AND p.status = 'live'
    ORDER BY v.position, v.id, c.position, c.id
"""


def product_page(place: Place, slug: str) -> ProductPage | None:
    """The page of a live product, None when there is none of that name. One query (stock) once all is warm."""
    rows = kept(place.merchant, _SQL, [place.language, place.merchant.id, slug])
    if not rows:
        return None
    variants = {row[6]: row for row in rows}
    others = related(place, rows[0][2], but=rows[0][0])
    book = place.book([*variants, *(variant for other in others for variant in other.variant_ids)])
    its = offers(variants, book, place)
    market = book.terms.market
    title = rows[0][4]
    photos = {row[15]: row for row in rows if row[15] is not None}
    return ProductPage(
        slug=slug,
        category_id=rows[0][2],
        brand=rows[0][3],
        title=title,
        description=rows[0][5],
        photos=tuple(Photo(address=picture_address(row[15], row[16]), alt=row[17] or title) for row in photos.values()),
        variants=tuple(_variant(offer, variants[offer.variant_id], market.incoterm) for offer in its),
        currency=market.currency,
        tax_included=market.prices_include_tax,
        tax_rate_bp=_tax_rate(its, book, place),
        incoterm=market.incoterm,
        shipping_minor=market.shipping_minor,
        free_from_minor=market.shipping_free_from_minor,
        related=cards(others, book, place),
    )


def _tax_rate(its: tuple[Offer, ...], book: Book, place: Place) -> int | None:
    """The rate inside the shown prices; None where the market adds tax later."""
    if not its or not book.terms.market.prices_include_tax:
        return None
    rate: int = book.terms.tax_rate(book.items[its[0].variant_id].tax_category, "", place.on).rate_bp
    return rate


def _variant(offer: Offer, row: tuple[Any, ...], incoterm: str) -> VariantShown:
    promise = offer.promise
    return VariantShown(
        id=offer.variant_id,
        sku=row[7],
        options=options_of(row[8]),
        price_minor=offer.price_minor,
        available=min(promise.available, PLENTY) if promise else 0,
        earliest=promise.earliest if promise else None,
        latest=promise.latest if promise else None,
        ships=promise.ships if promise else None,
        from_country=promise.country if promise else "",
        incoterm=promise.incoterm if promise else incoterm,
        duty_paid_by=promise.duty_paid_by if promise else "",
        origin_country=row[9],
        hs_code=row[10],
        weight_g=row[11],
        length_mm=row[12],
        width_mm=row[13],
        height_mm=row[14],
    )
