"""Baskets that what lies there cannot fill: goods on their way are sold as pre-orders, with an honest date.

What is on hand is sold first, and then nothing here happens. Else every warehouse that awaits what is lacking is asked
a second time, as a *later* warehouse: the same place and lanes, but with the goods of its loads, and handing over only
after they are in. The router knows nothing of it. A shelf stands at one of the two only where both together could
promise more than there is; so what is lacking waits whole, and what is there may leave now or wait for the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from haitu.core.afloat import NOTHING
from haitu.core.book import Basket, Book, Destination, Promise, Quote, QuoteLine, QuoteParcel, Terms, Warehouse
from haitu.core.explain import Why
from haitu.core.quote import promise, quote
from haitu.core.route import Asking, NotDelivered
from haitu.core.stock import OutOfStock, StockAt

MOST_LATER = 256  # terms with later warehouses kept beside the terms they were made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long a warehouse waits before it can hand over: days until half, nine of ten of its loads have let it."""

    warehouse_id: int
    p50: int
    p90: int


def quote_or_preorder(basket: Basket, book: Book, *, to: Destination, on: date) -> Quote:
    """core.quote.quote; where the goods there do not do, with those on their way. Refuses as it does."""
    try:
        return quote(basket, book, to=to, on=on)
    except (OutOfStock, NotDelivered) as refusal:
        demand: dict[int, int] = {}
        for line in basket:
            demand[line.variant_id] = demand.get(line.variant_id, 0) + line.quantity
        found = _later(demand, book, to, on)
        if found is None:
            raise
        later, waits = found
        try:
            return _told(quote(basket, later, to=to, on=on), book, waits, on)
        except OutOfStock:
            raise
        except NotDelivered:
            raise refusal from None


def promise_or_preorder(variant_id: int, book: Book, *, to: Destination, on: date) -> Promise | None:
    """core.quote.promise; of what is not there, when it would be if it were ordered before it has come."""
    here = promise(variant_id, book, to=to, on=on)
    # Mostly nothing is on its way; a listing asks this for every variant of every card.
    if not any(at.afloat is not NOTHING and at.variant_id == variant_id and at.afloat.for_sale for at in book.stock):
        return here
    if here is not None:
        asking = Asking({variant_id: 1}, book, to, on)
        more = sum(
            at.afloat.for_sale for at in asking.stock.values() if asking.reach(at.warehouse_id, variant_id) is not None
        )
        return replace(here, afloat=more)
    found = _later({variant_id: 1}, book, to, on)
    if found is None:
        return None
    later, waits = found
    there = promise(variant_id, later, to=to, on=on)
    if there is None or there.warehouse_id > 0:
        return None
    wait = waits[-there.warehouse_id]
    return replace(
        there,
        warehouse_id=wait.warehouse_id,
        earliest=there.earliest - timedelta(wait.p90 - wait.p50),
        ships=on + timedelta(wait.p90),
    )


# The later warehouses -----------------------------------------------------------------------------------------------
def _later(demand: Mapping[int, int], book: Book, to: Destination, on: date) -> tuple[Book, dict[int, Wait]] | None:
    """The book with its later warehouses, and how long each waits; None where nothing that is lacking is on its way."""
    asking = Asking(demand, book, to, on)
    lacking = {variant for variant, units in demand.items() if _sendable(variant, asking) < units}
    waits: dict[int, Wait] = {}
    for at in asking.stock.values():
        if at.variant_id in lacking and at.afloat.for_sale and at.available < demand[at.variant_id]:
            more = min(demand[at.variant_id] - at.available, at.afloat.for_sale)
            wait = _wait(at, more, book.terms.warehouses[at.warehouse_id], on)
            if wait is not None:
                waits[at.warehouse_id] = _longer(wait, waits.get(at.warehouse_id, wait))
    if not waits:
        return None
    stock = tuple(shelf for at in book.stock for shelf in _shelves(at, demand, lacking, waits))
    return Book(terms=_terms(book.terms, waits), items=book.items, stock=stock), waits


def _sendable(variant: int, asking: Asking) -> int:
    """Units that lie where they can be sent from."""
    return sum(
        at.available
        for at in asking.stock.values()
        if at.variant_id == variant and at.available and asking.reach(at.warehouse_id, variant) is not None
    )


def _wait(at: StockAt, units: int, warehouse: Warehouse, on: date) -> Wait | None:
    """Goods counted in on a day are packed from the next on, in the warehouse's working days."""
    due = at.afloat.after(units)
    if due is None:
        return None
    days = [warehouse.calendar.after(day + timedelta(1), warehouse.work_days) for day in (due.p50, due.p90)]
    return Wait(warehouse_id=at.warehouse_id, p50=(days[0] - on).days, p90=(days[1] - on).days)


def _longer(one: Wait, other: Wait) -> Wait:
    return Wait(warehouse_id=one.warehouse_id, p50=max(one.p50, other.p50), p90=max(one.p90, other.p90))


def _shelves(at: StockAt, demand: Mapping[int, int], lacking: set[int], waits: Mapping[int, Wait]) -> Iterator[StockAt]:
    """Where a shelf stands: now, later, or at both, but never so that both together promise more than there is."""
    if at.warehouse_id not in waits or at.variant_id not in demand:
        yield at
    elif at.variant_id in lacking and at.afloat.for_sale and at.available < demand[at.variant_id]:
        yield _with_loads(at)
    else:
        yield at
        if at.available >= demand[at.variant_id]:
            yield replace(at, warehouse_id=-at.warehouse_id, afloat=NOTHING)


def _with_loads(at: StockAt) -> StockAt:
    """The shelf once its loads are in, at what they are expected to cost: an assumption until they are counted."""
    its = at.afloat
    return replace(
        at,
        warehouse_id=-at.warehouse_id,
        on_hand=at.on_hand + its.for_sale,
        buffer=min(at.buffer, at.on_hand - at.reserved),
        goods_value_minor=_worth(at.goods_value_minor, at, sum(due.goods_minor for due in its.due)),
        inbound_value_minor=_worth(at.inbound_value_minor, at, sum(due.inbound_minor for due in its.due)),
        assumed=True,
        afloat=its,
    )


def _worth(there_minor: int, at: StockAt, coming_minor: int) -> int:
    """What `on_hand + for_sale` units are worth at the mean value of all that is there or comes."""
    units = at.on_hand + sum(due.units for due in at.afloat.due)
    return (there_minor + coming_minor) * (at.on_hand + at.afloat.for_sale) // units if units else 0


def _terms(terms: Terms, waits: Mapping[int, Wait]) -> Terms:
    """The terms with their later warehouses; kept beside them, as they keep what was worked out from them."""
    made: dict[Any, Terms] = terms.known("later", dict)
    key = tuple(sorted((wait.warehouse_id, wait.p90) for wait in waits.values()))
    if key not in made:
        if len(made) >= MOST_LATER:
            made.clear()
        made[key] = replace(
            terms,
            warehouses={
                **terms.warehouses,
                **{-at: replace(terms.warehouses[at], id=-at, handling_days=wait.p90) for at, wait in waits.items()},
            },
            lanes=(
                *terms.lanes,
                *(
                    replace(lane, origin_warehouse_id=-lane.origin_warehouse_id)
                    for lane in terms.lanes
                    if lane.origin_warehouse_id in waits
                ),
            ),
        )
    return made[key]


# What is said of it -------------------------------------------------------------------------------------------------
def _told(found: Quote, book: Book, waits: Mapping[int, Wait], on: date) -> Quote:
    """The quote in terms of real warehouses: what of it is afloat, and when it leaves."""
    shelves = {at.stock_id: at for at in book.stock}
    lines = tuple(_line(line, shelves[line.stock_id]) for line in found.lines)
    afloat = {line.parcel for line in lines if line.afloat}
    parcels = tuple(
        _parcel(parcel, waits.get(-parcel.warehouse_id), on, number in afloat)
        for number, parcel in enumerate(found.parcels, start=1)
    )
    earliest, latest = min(p.earliest for p in parcels), max(p.latest for p in parcels)
    waiting = sorted((line.sku, line.afloat, parcels[line.parcel - 1]) for line in lines if line.afloat)
    # A pre-order's day stands fast, whereas days from the order count down: what was seen is the day.
    seen = (
        found.market_id,
        found.currency,
        sorted((line.variant_id, line.quantity, line.unit_minor) for line in lines),
        (found.goods_minor, found.shipping_minor, found.duty_minor, found.import_tax_minor, found.tax_minor),
        (found.total_minor, found.tax_included, found.incoterm, found.duty_paid_by),
        latest,
        [(sku, units) for sku, units, _ in waiting],
    )
    return replace(
        found,
        lines=lines,
        parcels=parcels,
        earliest=earliest,
        latest=latest,
        why=(*found.why, *(_why(sku, units, parcel) for sku, units, parcel in waiting)),
        digest=sha256(repr(seen).encode()).hexdigest(),
    )


def _line(line: QuoteLine, at: StockAt) -> QuoteLine:
    if line.warehouse_id > 0:
        return line
    afloat = max(line.quantity - at.available, 0)
    held_back = at.afloat.held_back if afloat else 0
    return replace(line, warehouse_id=-line.warehouse_id, afloat=afloat, held_back=held_back)


def _parcel(parcel: QuoteParcel, wait: Wait | None, on: date, afloat: bool) -> QuoteParcel:
    if wait is None:
        return parcel
    return replace(
        parcel,
        warehouse_id=wait.warehouse_id,
        earliest=parcel.earliest - timedelta(wait.p90 - wait.p50),
        ships=on + timedelta(wait.p90) if afloat else None,
    )


def _why(sku: str, units: int, parcel: QuoteParcel) -> Why:
    ships = parcel.ships.isoformat() if parcel.ships else ""
    return Why(
        code="preorder",
        told=f"{units} of {sku} are on their way to {parcel.warehouse}; it leaves from there by {ships}.",
        given={"sku": sku, "units": units, "warehouse": parcel.warehouse, "ships": ships},
    )
