"""A basket as the cart and the checkout show it: every line priced, and the quote or the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from haitu.core.book import Basket, Book, Destination, Quote
from haitu.core.errors import Refusal
from haitu.core.route import shelf
from haitu.reads.quote import price_list, quoted
from haitu.reads.shop.cards import Place, offers
from haitu.reads.shop.rows import FIRST_PICTURE, kept, options_of, picture_address


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """A wish: `price_minor` is None where the variant is not for sale in this market (any more).

    `afloat` of the units are still on their way to us.
    """

    variant_id: int
    sku: str
    slug: str
    title: str
    options: tuple[str, ...]
    picture: str
    quantity: int
    price_minor: int | None
    available: int
    afloat: int = 0

    @property
    def amount_minor(self) -> int:
        """Price × quantity."""
        return (self.price_minor or 0) * self.quantity

    @property
    def fits(self) -> bool:
        """Whether that many can be had."""
        return self.price_minor is not None and self.quantity <= self.available


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """Exactly one of `quote` and `refusal` is set; an empty cart has neither."""

    lines: tuple[CartLine, ...]
    currency: str
    incoterm: str
    tax_included: bool
    free_from_minor: int | None
    quote: Quote | None
    refusal: Refusal | None

    @property
    def goods_minor(self) -> int:
        """What the lines cost together, before shipping."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryLine:
    """A line of the cart in the margin of the checkout."""

    title: str
    options: tuple[str, ...]
    picture: str
    quantity: int
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the last page of the checkout shows of a priced cart, and nothing else: equal ones look the same."""

    lines: tuple[SummaryLine, ...]
    currency: str
    goods_minor: int
    shipping_minor: int
    duty_minor: int
    import_tax_minor: int
    tax_minor: int
    total_minor: int
    tax_included: bool
    duty_paid_by: str
    earliest: date
    latest: date
    ships: date | None
    parcels: int

    @classmethod
    def of(cls, lines: tuple[CartLine, ...], quoted: Quote) -> Self:
        """Of a cart's lines and their quote."""
        return cls(
            lines=tuple(
                SummaryLine(
                    title=line.title,
                    options=line.options,
                    picture=line.picture,
                    quantity=line.quantity,
                    amount_minor=line.amount_minor,
                )
                for line in lines
            ),
            currency=quoted.currency,
            goods_minor=quoted.goods_minor,
            shipping_minor=quoted.shipping_minor,
            duty_minor=quoted.duty_minor,
            import_tax_minor=quoted.import_tax_minor,
            tax_minor=quoted.tax_minor,
            total_minor=quoted.total_minor,
            tax_included=quoted.tax_included,
            duty_paid_by=quoted.duty_paid_by,
            earliest=quoted.earliest,
            latest=quoted.latest,
            ships=quoted.ships,
            parcels=len(quoted.parcels),
        )


def cart(place: Place, basket: Basket, *, to: Destination | None = None) -> Cart:
    """The basket in that market now. One query (stock) once book and words are known to this process."""
    book = place.book(line.variant_id for line in basket)
    words = _words(place, [line.variant_id for line in basket])
    known = tuple(line for line in basket if line.variant_id in words)
    quoted, refusal = _quoted(known, book, to or place.destination, place)
    waiting = quoted.afloat if quoted else {}
    offered = {offer.variant_id: offer for offer in offers(words, book, place)}
    lines = []
    for line in basket:
        if line.variant_id not in words:
            continue
        offer = offered.get(line.variant_id)
        lines.append(
            CartLine(
                variant_id=line.variant_id,
                quantity=line.quantity,
                price_minor=offer.price_minor if offer else None,
                available=offer.promise.available + offer.promise.afloat if offer and offer.promise else 0,
                afloat=waiting.get(line.variant_id, 0),
                **words[line.variant_id],
            )
        )
    market = book.terms.market
    return Cart(
        lines=tuple(lines),
        currency=market.currency,
        incoterm=market.incoterm,
        tax_included=market.prices_include_tax,
        free_from_minor=market.shipping_free_from_minor,
        quote=quoted,
        refusal=refusal,
    )


def is_for_sale(place: Place, variant_id: int) -> bool:
    """Whether the variant can be put into a cart in this market: live, active and priced."""
    book = price_list(place.merchant, place.country, [variant_id], language=place.language, on=place.on)
    try:
        shelf(variant_id, book, place.on)
    except Refusal:
        return False
    return True


def _quoted(basket: Basket, book: Book, to: Destination, place: Place) -> tuple[Quote | None, Refusal | None]:
    if not basket:
        return None, None
    try:
        return quoted(basket, book, to=to, language=place.language, on=place.on), None
    except Refusal as refusal:
        return None, refusal


def _words(place: Place, variant_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """What to call the variants and how they look; other merchants' and withdrawn ones are not among them."""
    ids = list(variant_ids)
    if not ids:
        return {}
    marks = ", ".join(["%s"] * len(ids))
    sql = f"""
        SELECT v.id, v.sku, p.slug, COALESCE(t.title, e.title, p.slug), v.options, c.id, c.path
        FROM haitu_variant v
        JOIN haitu_product p ON p.id = v.product_id
        LEFT JOIN haitu_producttext t ON t.product_id = p.id AND t.language = %s
        LEFT JOIN haitu_producttext e ON e.product_id = p.id AND e.language = 'en'
        LEFT JOIN haitu_picture c ON c.id = {FIRST_PICTURE.format(product="p.id")}
        WHERE v.merchant_id = %s AND v.id IN ({marks}) AND v.active AND p.status = 'live'
    """  # noqa: S608  # only placeholders are put in
    return {
        row[0]: {
            "sku": row[1],
            "slug": row[2],
            "title": row[3],
            "options": options_of(row[4]),
            "picture": picture_address(row[5], row[6]),
        }
        for row in kept(place.merchant, sql, [place.language, place.merchant.id, *ids])
    }
