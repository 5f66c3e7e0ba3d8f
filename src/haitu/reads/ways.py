"""All ways by which an order's waiting goods could leave, possible or not: for a person who knows better.

Nothing is written here, and no lock is held. Each way is priced as the order would have been: the price the buyer
paid, the share of delivery, the promised day. Goods promised to the order count as there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from haitu.core.assign import Parcel
from haitu.core.book import Book
from haitu.core.cash import CashNotOffered, CashTerms
from haitu.core.errors import Refusal
from haitu.core.freight import Lane
from haitu.core.landed import Waterfall
from haitu.core.quote import lines_of
from haitu.core.route import Asking, Way
from haitu.core.stock import StockAt
from haitu.models import Lane as LaneRow
from haitu.models import Order
from haitu.reads.cash import cash_terms
from haitu.reads.merchant import ShopMerchant
from haitu.reads.quote import load_book
from haitu.reads.reroute import BuyerWouldPay, Moved, OtherCurrency, Stranded, Waiting, apart, waiting


class TooFewThere(Refusal):
    """The warehouse has fewer free units than the order needs."""

    code = "too_few_there"


class WarehouseShut(Refusal):
    """Nothing leaves that warehouse at the moment."""

    code = "warehouse_shut"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWay:
    """All of the goods from one warehouse by one lane, or why not (`no`). Amounts in the order's currency.

    `cost_minor`: all that the goods cost us so, from the factory to the door; `more_minor`: beyond the cheapest way;
    `less_minor`: by how much less than the way they go now they would earn (negative: more).
    """

    lane_id: int
    lane: str
    carrier: str
    warehouse: str
    now: bool
    no: Refusal | None = None
    moved: tuple[Moved, ...] = ()
    latest: date | None = None
    days_late: int = 0
    freight_minor: int = 0
    cost_minor: int = 0
    contribution_minor: int = 0
    more_minor: int = 0
    less_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """An order's waiting goods and every way they could go: the possible ones first, the cheapest on top.

    `seen` goes with the page's form, so that a choice made on what is no longer so is refused.
    """

    order: Stranded
    ways: tuple[OneWay, ...]
    seen: str

    @property
    def cheapest(self) -> OneWay | None:
        """The possible way that costs least."""
        return next((way for way in self.ways if way.no is None), None)


def ways_of(
    merchant: ShopMerchant,
    order_id: int,
    *,
    on: date,
    at: datetime | None = None,
    line_ids: Iterable[int] | None = None,
) -> Ways | None:
    """The ways of an order's waiting lines (or those of them given); None when nothing of it waits."""
    order = waiting(merchant.id, order_id)
    if order is None:
        return None
    chosen = None if line_ids is None else set(line_ids)
    lines = tuple(line for line in order.lines if chosen is None or line.line_id in chosen)
    if not lines:
        return None
    order = replace(order, lines=lines)
    variants = {line.variant_id for line in lines}
    book = load_book(merchant, order.to.country, variants, language="en", on=on, at=at)
    if book.terms.market.currency != order.currency:
        raise OtherCurrency(f"{order.to.country} is sold to in {book.terms.market.currency} now.")
    own = _own(lines)
    stock = tuple(replace(at, reserved=at.reserved - own.get(at.stock_id, 0)) for at in book.stock)
    collecting = cash_terms(merchant, order.to.country, on=on) if order.cash else None
    found = [_by(lane, order, replace(book, stock=stock), on, collecting) for lane in book.terms.lanes]
    found += [_shut(row, order) for row in _elsewhere(merchant.id, order, {lane.id for lane in book.terms.lanes})]
    return Ways(order=order, ways=_ranked(found), seen=_stamp(merchant.id, order))


def _own(lines: Sequence[Waiting]) -> Mapping[int, int]:
    own: dict[int, int] = {}
    for line in lines:
        own[line.stock_id] = own.get(line.stock_id, 0) + line.quantity
    return own


def _stamp(merchant_id: int, order: Stranded) -> str:
    """Of what waits where, and of how often it was sent otherwise."""
    quote = Order.objects.of(merchant_id).values_list("quote", flat=True).get(pk=order.order_id)
    held = [(line.line_id, line.quantity, line.stock_id, line.lane_id) for line in order.lines]
    return sha256(repr((len(quote.get("rerouted", ())), held)).encode()).hexdigest()[:16]


def _by(lane: Lane, order: Stranded, book: Book, on: date, collecting: Mapping[int, CashTerms] | None) -> OneWay:
    """The way by a lane, or why it cannot be taken; `collecting`: the lanes that will do, if only some do."""
    shown = _shown(order, lane.id, lane.code, lane.carrier, book.terms.warehouses[lane.origin_warehouse_id].code)
    try:
        if collecting is not None and lane.id not in collecting:
            raise CashNotOffered(f"{lane.code} collects no money at the door.", field="lane")
        _check_there(lane, order, book)
        parts = [_part(lane, order, book, lines, on) for lines in apart(order.lines)]
    except Refusal as no:
        return replace(shown, no=no)
    moved = tuple(line for part, _ in parts for line in part)
    expected = sum((line.expected for line in moved), Waterfall())
    latest = on + timedelta(max(way.days_p90 for _, way in parts))
    return replace(
        shown,
        moved=moved,
        latest=latest,
        days_late=max((latest - order.latest).days, 0),
        freight_minor=expected.last_mile,
        cost_minor=expected.costs,
        contribution_minor=expected.contribution,
    )


def _shown(order: Stranded, lane_id: int, lane: str, carrier: str, warehouse: str) -> OneWay:
    now = all(line.lane_id == lane_id for line in order.lines)
    return OneWay(lane_id=lane_id, lane=lane, carrier=carrier, warehouse=warehouse, now=now)


def _check_there(lane: Lane, order: Stranded, book: Book) -> None:
    """Refuses a warehouse that has too little of something; two lines of one variant share what is there."""
    wanted: dict[int, int] = {}
    for line in order.lines:
        wanted[line.variant_id] = wanted.get(line.variant_id, 0) + line.quantity
    free = {at.variant_id: at.available for at in book.stock if at.warehouse_id == lane.origin_warehouse_id}
    warehouse = book.terms.warehouses[lane.origin_warehouse_id].code
    for line in order.lines:
        if free.get(line.variant_id, 0) < wanted[line.variant_id]:
            there = free.get(line.variant_id, 0)
            raise TooFewThere(
                f"{warehouse} has {there} of {line.sku} free; {wanted[line.variant_id]} are wanted.",
                warehouse=warehouse,
                sku=line.sku,
                available=there,
                wanted=wanted[line.variant_id],
            )


def _part(lane: Lane, order: Stranded, book: Book, lines: Sequence[Waiting], on: date) -> tuple[list[Moved], Way]:
    """Lines of different variants as one parcel by the lane."""
    demand = {line.variant_id: line.quantity for line in lines}
    paid = {line.variant_id: replace(book.item(line.variant_id), override_minor=line.unit_minor) for line in lines}
    goods_minor = sum(line.unit_minor * line.quantity for line in lines)
    shipping_minor = order.shipping_minor * goods_minor // order.goods_minor if order.goods_minor else 0
    here: tuple[StockAt, ...] = tuple(at for at in book.stock if at.variant_id in demand)
    asking = Asking(demand, Book(terms=book.terms, items=paid, stock=here), order.to, on, shipping_minor=shipping_minor)
    way = asking.by_lane(lane, demand)
    if order.duty_paid_by != "buyer" and way.border.paid_by == "buyer":
        raise BuyerWouldPay("By this way customs would ask the buyer for duty that was not announced.")
    parcel = Parcel(warehouse_id=way.warehouse.id, units=demand, leg=way)
    by_variant = {line.variant_id: line for line in lines}
    moved = [
        Moved(
            waiting=by_variant[line.variant_id],
            stock_id=line.stock_id,
            warehouse_id=line.warehouse_id,
            warehouse=way.warehouse.code,
            lane_id=lane.id,
            lane=lane.code,
            expected=line.waterfall,
        )
        for line in lines_of((parcel,), asking)
    ]
    return moved, way


def _elsewhere(merchant_id: int, order: Stranded, known: set[int]) -> Iterable[LaneRow]:
    """The lanes to the country whose warehouse is closed or given up."""
    rows = LaneRow.objects.of(merchant_id).filter(to=None, destination=order.to.country).exclude(pk__in=known)
    return rows.select_related("origin").order_by("pk")


def _shut(row: LaneRow, order: Stranded) -> OneWay:
    shown = _shown(order, row.pk, row.code, row.carrier, row.origin.code)
    return replace(shown, no=WarehouseShut(f"{row.origin.code} is closed.", warehouse=row.origin.code))


def _ranked(found: Sequence[OneWay]) -> tuple[OneWay, ...]:
    """The possible ones by cost, of equals the earliest, each held against the cheapest and against the present one."""
    open_ones = sorted(
        (way for way in found if way.no is None), key=lambda way: (way.cost_minor, way.latest, way.lane_id)
    )
    present = next((way for way in open_ones if way.now), None)
    held = [
        replace(
            way,
            more_minor=way.cost_minor - open_ones[0].cost_minor,
            less_minor=present.contribution_minor - way.contribution_minor if present else None,
        )
        for way in open_ones
    ]
    return (*held, *(way for way in found if way.no is not None))
