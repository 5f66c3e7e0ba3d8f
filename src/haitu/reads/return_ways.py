"""What could become of returned pieces, reckoned on one number: the contribution each way leaves, in base currency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

from haitu.core.book import Book
from haitu.core.errors import Refusal
from haitu.core.freight import Lane, Piece, ship_price
from haitu.core.money import convert, half_up
from haitu.core.returns import Fate, Grade, Shelf, Way, ways
from haitu.core.route import shelf
from haitu.core.tax import tax_inside
from haitu.models import Lane as LaneRow
from haitu.models import Market, Order, ReturnCase, ReturnPiece, Variant, Warehouse
from haitu.reads.closures import shut_on
from haitu.reads.exchange import exchange_rate
from haitu.reads.merchant import ShopMerchant, by_id
from haitu.reads.quote import lane_of, load_books, tariffs_on
from haitu.reads.returns import costs_of

MM3_PER_M3 = 10**9


def reckon(order: Order, case: ReturnCase, pieces: Sequence[ReturnPiece], *, on: date) -> tuple[tuple[Way, ...], ...]:
    """For each graded piece what could become of it, the best first."""
    merchant = by_id(order.merchant_id)
    if merchant is None:
        raise LookupError(order.merchant_id)
    costs, batch = costs_of(merchant.id, merchant.base_currency, on=on)
    places = _Places(merchant, order, case, batch=batch, on=on)

    @cache
    def found(variant_id: int, grade: Grade) -> tuple[Way, ...]:
        return ways(grade, places.shelves(variants[variant_id]), costs)

    variants = {piece.line.variant_id: piece.line.variant for piece in pieces}
    return tuple(found(piece.line.variant_id, Grade(piece.grade)) for piece in pieces)


def way_to_json(way: Way) -> dict[str, Any]:
    """As a piece keeps it; `way_from_json` is the inverse."""
    return {**asdict(way), "fate": str(way.fate)}


def way_from_json(kept: dict[str, Any]) -> Way:
    """The way that was shown."""
    return Way(**{**kept, "fate": Fate(kept["fate"])})


class _Places:
    """The returns site and the warehouses that lanes lead to from it, with the prices their markets pay."""

    def __init__(self, merchant: ShopMerchant, order: Order, case: ReturnCase, *, batch: int, on: date) -> None:
        self._merchant, self._batch, self._on = merchant, max(batch, 1), on
        self._here, self._home = case.warehouse, order.market.country
        self._lanes = _lanes_from(case.warehouse, on)
        selling = Market.objects.of(merchant.id).filter(open=True).values_list("country", flat=True)
        self._markets = {*selling, self._home}

    def shelves(self, variant: Variant) -> Iterable[Shelf]:
        """Where a piece of the variant could lie to be sold again; none where it is not for sale."""
        there: dict[Warehouse, list[Lane]] = {}
        for to, lane in self._lanes:
            there.setdefault(to, []).append(lane)
        countries = {place: self._country(place) for place in (self._here, *there)}
        books = load_books(self._merchant, sorted(set(countries.values())), [variant.pk], language="en", on=self._on)
        for place, country in countries.items():
            try:
                price_minor = _net_in_base(books[country], variant.pk, self._on)
                lane_minor, lane_id = self._freight(variant, there[place]) if place in there else (0, None)
            except Refusal:
                continue  # not for sale there, or no price for the way: a place that cannot be reckoned is not shown
            yield Shelf(
                warehouse_id=place.pk,
                warehouse=place.code,
                here=place == self._here,
                price_minor=price_minor,
                storage_minor=_storage(variant, place, self._merchant.base_currency, self._on),
                lane_id=lane_id,
                lane_minor=lane_minor,
            )

    def _country(self, place: Warehouse) -> str:
        """The market that a warehouse sells to first: its own country's, else the one it was bought in."""
        return place.country if place.country in self._markets and place != self._here else self._home

    def _freight(self, variant: Variant, lanes: Sequence[Lane]) -> tuple[int, int]:
        """A piece's part of what a batch costs on the cheapest lane, and that lane."""
        piece = Piece(
            sku=variant.sku,
            quantity=self._batch,
            weight_g=variant.weight_g,
            length_mm=variant.length_mm,
            width_mm=variant.width_mm,
            height_mm=variant.height_mm,
            restrictions=frozenset(variant.restrictions),
        )
        priced, refused = list[tuple[int, int]](), list[Refusal]()
        for lane in lanes:
            try:
                leg = ship_price(lane, [piece], on=self._on)
                fx = exchange_rate(leg.currency, self._merchant.base_currency, on=self._on)
                priced.append((half_up(convert(leg.price_minor, fx), self._batch), lane.id))
            except Refusal as no:
                refused.append(no)
        if not priced:
            raise refused[0]
        return min(priced)


def _lanes_from(place: Warehouse, on: date) -> list[tuple[Warehouse, Lane]]:
    """The lanes to other warehouses of the merchant, each with where it leads."""
    rows = LaneRow.objects.of(place.merchant_id).filter(origin=place, to__isnull=False, to__active=True)
    found = list(rows.select_related("to", "tariff").order_by("pk"))
    shut, cards = shut_on(place.merchant_id, on), tariffs_on(place.merchant_id, {r.tariff.code for r in found}, on)
    return [
        (
            row.to,
            lane_of(row, cards.get(row.tariff.code, row.tariff), shut.lane(row), origin_country=place.country),
        )
        for row in found
        if row.to is not None
    ]


def _net_in_base(book: Book, variant_id: int, on: date) -> int:
    """The shelf price of a new one, without tax, in base currency."""
    price_minor, terms = shelf(variant_id, book, on), book.terms
    if terms.market.prices_include_tax:
        rate = terms.tax_rate(book.item(variant_id).tax_category, terms.market.region, on)
        price_minor -= tax_inside(price_minor, rate.rate_bp)
    return price_minor if terms.base_currency == terms.market.currency else convert(price_minor, terms.base_fx)


def _storage(variant: Variant, place: Warehouse, base: str, on: date) -> int:
    """What lying there costs until it sells; 0 where a size is missing, as nothing bills it."""
    volume_mm3 = (variant.length_mm or 0) * (variant.width_mm or 0) * (variant.height_mm or 0)
    milli = half_up(1000 * place.storage_minor_per_m3_day * volume_mm3 * max(place.storage_days, 0), MM3_PER_M3)
    in_base = (
        milli if place.storage_currency == base else convert(milli, exchange_rate(place.storage_currency, base, on=on))
    )
    return half_up(in_base, 1000)
