"""Home, category, everything and search: pages of cards. Queries beside the host's: page and stock, counts once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from haitu.core.market import NO_CHARM, shelf_price
from haitu.reads.shop import rows
from haitu.reads.shop.cards import Card, Place, cards
from haitu.reads.shop.search import condition

PAGE = 24
MOST_PAGES = 1000
KEPT_COUNTS = 2048
SORTS = ("popular", "new", "cheap", "dear")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of cards; `page` counts from 1."""

    cards: tuple[Card, ...]
    found: int
    page: int
    pages: int
    sort: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The front page."""

    popular: tuple[Card, ...]
    newest: tuple[Card, ...]


_counts: OrderedDict[tuple[int, int, int | None], int] = OrderedDict()


def home(place: Place) -> Home:
    """What sells best, and what came last. Three queries."""
    popular = _rows(place, order=rows.POPULAR, take=8)
    newest = _rows(place, order=rows.NEWEST, take=24)
    book = place.book(variant for row in (*popular, *newest) for variant in row.variant_ids)
    known = {row.id for row in popular}
    fresh = cards((row for row in newest if row.id not in known), book, place)
    in_stock = tuple(card for card in fresh if card.available)
    return Home(popular=cards(popular, book, place), newest=in_stock[:4])


def listing(place: Place, *, category_id: int | None, sort: str, page: int) -> Listing:
    """A page of a category, or of everything (None)."""
    where, given = ("AND p.category_id = %s", [category_id]) if category_id is not None else ("", [])
    found = _count(place, category_id, where, given)
    return _page(place, where=where, given=given, found=found, sort=sort, page=page)


def search(place: Place, typed: str, *, sort: str, page: int) -> Listing:
    """A page of what was searched for."""
    where, given = condition(place.merchant.id, typed, place.language)
    found = rows.count(place.merchant.id, where=where, given=given)
    return _page(place, where=where, given=given, found=found, sort=sort, page=page)


def related(place: Place, category_id: int, *, but: int) -> tuple[rows.ProductRow, ...]:
    """The four best-selling others of a category; kept in this process while the merchant's version stands."""
    return tuple(row for row in _best_of(place, category_id) if row.id != but)[:4]


def _best_of(place: Place, category_id: int) -> tuple[rows.ProductRow, ...]:
    return _rows(place, where="AND p.category_id = %s", given=[category_id], order=rows.POPULAR, take=5)


def forget() -> None:
    """Drops what is kept; a test's new world may have an old one's numbers."""
    _counts.clear()
    rows.forget()


def _page(place: Place, *, where: str, given: Sequence[Any], found: int, sort: str, page: int) -> Listing:
    pages = max(1, min(MOST_PAGES, -(-found // PAGE)))
    page = max(1, min(page, pages))
    sort = sort if sort in SORTS else "popular"
    order = _order(place, sort)
    shown = _rows(place, where=where, given=given, order=order, skip=(page - 1) * PAGE) if found else ()
    book = place.book(variant for row in shown for variant in row.variant_ids)
    its = cards(shown, book, place)
    if sort in {"cheap", "dear"}:
        its = tuple(sorted(its, key=lambda card: card.price_minor, reverse=sort == "dear"))
    return Listing(cards=its, found=found, page=page, pages=pages, sort=sort)


def _rows(
    place: Place, *, where: str = "", given: Sequence[Any] = (), order: rows.Order, skip: int = 0, take: int = PAGE
) -> tuple[rows.ProductRow, ...]:
    return rows.product_page(
        place.merchant, place.language, where=where, given=given, order=order, skip=skip, take=take
    )


def _count(place: Place, category_id: int | None, where: str, given: Sequence[Any]) -> int:
    key = (place.merchant.id, place.merchant.version, category_id)
    if key not in _counts:
        _counts[key] = rows.count(place.merchant.id, where=where, given=given)
        while len(_counts) > KEPT_COUNTS:
            _counts.popitem(last=False)
    return _counts[key]


def _order(place: Place, sort: str) -> rows.Order:
    if sort in {"cheap", "dear"}:
        return _by_price(place, descending=sort == "dear")
    return rows.NEWEST if sort == "new" else rows.POPULAR


def _by_price(place: Place, *, descending: bool) -> rows.Order:
    """The lowest price of a product's variants: list prices keep their order on the shelf, prices set by hand do not.

    Both are compared in millionths of a minor unit of the market's currency; the page itself is sorted exactly.
    """
    terms = place.book(()).terms
    unended = replace(terms.market, charm=NO_CHARM)
    rate_bp = terms.tax_rate("standard", "", place.on).rate_bp
    per_list_minor_e6 = shelf_price(1_000_000, terms.list_fx, unended, rate_bp)
    key = """(
        SELECT MIN(COALESCE(h.price_minor * 1000000, v.list_price_minor * %s)) FROM haitu_variant v
        LEFT JOIN haitu_marketprice h ON h.variant_id = v.id AND h.market_id = %s
        WHERE v.product_id = p.id AND v.active
    )"""
    return rows.Order(key=key, descending=descending, given=(per_list_minor_e6, terms.market.id))
