"""What one SKU would earn over a whole path, from the factory's warehouse to the buyer: a quote with its first legs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from haitu.core.book import BasketLine, Book, Destination, Item, Quote, Terms
from haitu.core.freight import Lane, Piece, ship_price
from haitu.core.inbound_cost import UNITS, Inbound, inbound
from haitu.core.money import Exchange
from haitu.core.quote import quote
from haitu.core.route import Asking, check_lane_label
from haitu.core.stock import StockAt


@dataclass(frozen=True, slots=True, kw_only=True)
class PathQuote:
    """The quote of a basket of one line, and what of its inbound is freight and duty (a thousand units, base)."""

    quote: Quote
    inbound: Inbound


def path_quote(
    item: Item,
    quantity: int,
    lanes: Sequence[Lane],
    terms: Terms,
    *,
    cost_minor: int,
    shipment: Piece,
    into_base: Exchange,
    to: Destination,
    on: date,
) -> PathQuote:
    """So many of an item over line hauls (none: a direct parcel) and a last mile, as if all of it lay ready there.

    `cost_minor`: purchase cost of one unit in the base currency. Refuses with the first reason met on the way: each
    line haul's, the duty's on the way in, the last mile's, then tax and customs as a quote does.
    """
    *line_hauls, last_mile = lanes
    brought = inbound(
        item,
        line_hauls,
        shipment,
        cost_minor=cost_minor,
        consumer_country=to.country,
        into_base=into_base,
        on=on,
    )
    check_lane_label(last_mile, terms, on)
    ship_price(last_mile, [item.pieces(quantity)], on=on, postcode=to.postcode)
    book = _book(item, quantity, last_mile, terms, cost_minor=cost_minor, brought=brought)
    # A quote tells of any refused parcel that nothing is delivered; asked directly, the way names its own reason.
    Asking({item.variant_id: quantity}, book, to, on)(last_mile.origin_warehouse_id, {item.variant_id: quantity})
    basket = (BasketLine(variant_id=item.variant_id, quantity=quantity),)
    return PathQuote(quote=quote(basket, book, to=to, on=on), inbound=brought)


def _book(item: Item, quantity: int, last_mile: Lane, terms: Terms, *, cost_minor: int, brought: Inbound) -> Book:
    """A book in which nothing but this item lies in this warehouse and nothing but this lane leaves it."""
    thousands = -(-quantity // UNITS)
    stock = StockAt(
        stock_id=0,
        variant_id=item.variant_id,
        warehouse_id=last_mile.origin_warehouse_id,
        on_hand=UNITS * thousands,
        goods_value_minor=UNITS * thousands * cost_minor,
        inbound_value_minor=thousands * brought.value_minor,
    )
    return Book(terms=replace(terms, lanes=(last_mile,)), items={item.variant_id: item}, stock=(stock,))
