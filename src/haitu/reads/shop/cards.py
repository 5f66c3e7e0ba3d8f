"""Product rows → cards with a price, what is left and when it would arrive, as of this moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from haitu.core.book import Book, Destination, Promise
from haitu.core.errors import Refusal
from haitu.core.preorder import promise_or_preorder
from haitu.core.route import shelf
from haitu.reads.merchant import ShopMerchant
from haitu.reads.quote import load_book
from haitu.reads.shop.rows import PLENTY, ProductRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and when somebody looks: whose shop, which market, which language, which day."""

    merchant: ShopMerchant
    country: str
    language: str
    on: date
    at: datetime | None = None  # the moment, for the warehouses' cut-offs

    def book(self, variant_ids: Iterable[int]) -> Book:
        """The book to price these variants from; their stock is read now."""
        return load_book(self.merchant, self.country, variant_ids, language=self.language, on=self.on, at=self.at)

    @property
    def destination(self) -> Destination:
        """The country: nearer is not known before there is an address."""
        return Destination(country=self.country)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A variant for sale in a market now. `promise` is None when it is sold out or cannot be brought there."""

    variant_id: int
    price_minor: int
    promise: Promise | None

    @property
    def buyable(self) -> bool:
        """Whether at least one can be promised."""
        return self.promise is not None and self.promise.available > 0

    @property
    def preorder(self) -> bool:
        """Whether it is still on its way to us."""
        return self.promise is not None and self.promise.ships is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A product in a listing. `several` means that its variants have different prices, and this is the lowest."""

    slug: str
    title: str
    picture: str
    price_minor: int
    currency: str
    several: bool
    available: int
    latest: date | None
    preorder: bool


def offers(variant_ids: Iterable[int], book: Book, place: Place) -> tuple[Offer, ...]:
    """What of these variants is for sale in that market; one without price or tax rate there is left out."""
    found = []
    for variant_id in variant_ids:
        if variant_id not in book.items:
            continue
        try:
            price = shelf(variant_id, book, place.on)
        except Refusal:
            continue
        found.append(
            Offer(
                variant_id=variant_id,
                price_minor=price,
                promise=promise_or_preorder(variant_id, book, to=place.destination, on=place.on),
            )
        )
    return tuple(found)


def cards(rows: Iterable[ProductRow], book: Book, place: Place) -> tuple[Card, ...]:
    """The rows as cards, in their order; products that are not for sale in the market are left out."""
    shown = []
    for row in rows:
        its = offers(row.variant_ids, book, place)
        if its:
            shown.append(_card(row, its, book.terms.market.currency))
    return tuple(shown)


def _card(row: ProductRow, its: tuple[Offer, ...], currency: str) -> Card:
    # What one can have comes before what is still to come, and both before what is merely cheaper.
    best = min(its, key=lambda offer: (not offer.buyable, offer.preorder, offer.price_minor))
    return Card(
        slug=row.slug,
        title=row.title,
        picture=row.picture,
        price_minor=best.price_minor,
        currency=currency,
        several=len({offer.price_minor for offer in its}) > 1,
        available=min(best.promise.available, PLENTY) if best.promise else 0,
        latest=best.promise.latest if best.promise and best.buyable else None,
        preorder=best.preorder,
    )
