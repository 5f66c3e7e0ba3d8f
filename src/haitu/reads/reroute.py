"""Orders whose promised way is shut: which they are, and by which way their goods could leave instead.

Nothing is written here, and no lock is held. The price the buyer paid, the share of delivery and the promised day are
the order's own; what lies where and which lanes are open is as of now. Goods promised to the order count as there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from haitu.core.book import Book, Destination, Item, QuoteLine
from haitu.core.errors import Refusal
from haitu.core.freight import is_remote
from haitu.core.landed import Waterfall
from haitu.core.money import display
from haitu.core.parcels import parcels_of
from haitu.core.quote import lines_of
from haitu.core.route import Asking
from haitu.core.stock import StockAt, available
from haitu.models import Merchant
from haitu.reads.cash import cash_terms
from haitu.reads.closures import closed_lanes
from haitu.reads.merchant import ShopMerchant
from haitu.reads.quote import load_book


class OtherCurrency(Refusal):
    """The market's currency is no longer the order's."""

    code = "other_currency"


class BuyerWouldPay(Refusal):
    """By the new way customs would ask the buyer for duty that was not announced."""

    code = "buyer_would_pay"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Units of an order line that wait on a shelf."""

    line_id: int
    variant_id: int
    sku: str
    quantity: int
    of: int
    unit_minor: int
    stock_id: int
    lane_id: int
    lane: str
    warehouse: str
    freight_minor: int  # as quoted, of these units


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """An order with goods that cannot leave by the lane they were promised by."""

    order_id: int
    number: str
    currency: str
    language: str
    to: Destination
    latest: date
    duty_paid_by: str
    goods_minor: int
    shipping_minor: int
    lines: tuple[Waiting, ...]
    cash: bool = False  # to be paid at the door, so only lanes that collect will do
    chosen_by: str = ""  # the person who chose the way they wait for


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A line's new way; `expected` is what these units will cost by it, in the order's currency."""

    waiting: Waiting
    stock_id: int
    warehouse_id: int
    warehouse: str
    lane_id: int
    lane: str
    expected: Waterfall


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who took another way than the cheapest, and why; `more_minor` is what it costs beyond that one."""

    by: str
    reason: str
    more_minor: int
    cheapest: tuple[str, str]  # warehouse, lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How an order's stranded goods could leave, or why they cannot (`refused`, the refusal itself in `no`).

    `chosen`: a person took it; else it was found.
    """

    order: Stranded
    moved: tuple[Moved, ...] = ()
    latest: date | None = None
    more_minor: int = 0  # freight, duty and import VAT against what was quoted
    refused: str = ""
    no: Refusal | None = None
    chosen: Chosen | None = None

    @property
    def days_late(self) -> int:
        """Days after the promised one; 0: in time."""
        return max((self.latest - self.order.latest).days, 0) if self.latest else 0


_STRANDED = """
    SELECT DISTINCT o.id
    FROM haitu_order o
    JOIN haitu_orderline l ON l.order_id = o.id
    JOIN haitu_reservation r ON r.line_id = l.id AND r.afloat = 0
    WHERE o.merchant_id = %s AND o.status IN ('accepted', 'paid', 'part_shipped') AND o.id > %s
        AND l.lane_id IN ({lanes})
    ORDER BY o.id LIMIT %s
"""
_COUNT = """
    SELECT COUNT(DISTINCT o.id)
    FROM haitu_order o
    JOIN haitu_orderline l ON l.order_id = o.id
    JOIN haitu_reservation r ON r.line_id = l.id AND r.afloat = 0
    WHERE o.merchant_id = %s AND o.status IN ('accepted', 'paid', 'part_shipped') AND l.lane_id IN ({lanes})
"""
_LINES = """
    SELECT o.id, o.number, o.currency, o.language, m.country, o.address, o.quote, o.goods_minor, o.shipping_minor,
           o.placed_at, l.id, l.variant_id, l.sku, r.quantity, l.quantity, l.unit_minor, r.stock_id, l.lane_id,
           n.code, w.code, l.quoted, c.id
    FROM haitu_order o
    JOIN haitu_market m ON m.id = o.market_id
    JOIN haitu_orderline l ON l.order_id = o.id
    JOIN haitu_reservation r ON r.line_id = l.id AND r.afloat = 0
    JOIN haitu_lane n ON n.id = l.lane_id
    JOIN haitu_warehouse w ON w.id = n.origin_id
    LEFT JOIN haitu_cashorder c ON c.order_id = o.id
    WHERE o.merchant_id = %s AND o.id IN ({orders}) AND l.lane_id IN ({lanes})
    ORDER BY o.id, l.position, l.id
"""
# All that waits of one order, by whichever lane.
_WAITING = _LINES.replace(
    "o.id IN ({orders}) AND l.lane_id IN ({lanes})", "o.id = %s AND o.status IN ('accepted', 'paid', 'part_shipped')"
)


def stranded_ids(merchant_id: int, *, on: date, after: int = 0, limit: int = 500) -> list[int]:
    """Paid orders with goods that wait for a lane which is shut, by id."""
    shut = sorted(closed_lanes(merchant_id, on))
    return [row[0] for row in _rows(_STRANDED, [merchant_id, after], {"lanes": shut}, [limit])] if shut else []


def unasked_of(merchant_id: int) -> int | None:
    """What an order may lose (base currency) to be sent otherwise by itself; None: a person is always asked."""
    return Merchant.objects.values_list("reroute_up_to_minor", flat=True).get(pk=merchant_id)


def stranded_count(merchant_id: int, *, on: date) -> int:
    """How many there are."""
    shut = sorted(closed_lanes(merchant_id, on))
    return int(_rows(_COUNT, [merchant_id], {"lanes": shut})[0][0]) if shut else 0


def stranded(merchant_id: int, order_ids: Sequence[int], *, on: date) -> list[Stranded]:
    """The orders with what of them waits for a lane that is shut."""
    shut = sorted(closed_lanes(merchant_id, on))
    if not order_ids or not shut:
        return []
    found: dict[int, list[tuple[Any, ...]]] = {}
    for row in _rows(_LINES, [merchant_id], {"orders": order_ids, "lanes": shut}):
        found.setdefault(row[0], []).append(row)
    return [_stranded(rows) for rows in found.values()]


def waiting(merchant_id: int, order_id: int) -> Stranded | None:
    """A paid order with all of it that has not left, whether its way is shut or not; None when nothing waits."""
    rows = _rows(_WAITING, [merchant_id, order_id], {})
    return _stranded(rows) if rows else None


def _rows(sql: str, given: list[Any], lists: Mapping[str, Sequence[int]], rest: Sequence[Any] = ()) -> list[Any]:
    """The rows of a query with lists of ids put in as numbers, which they are."""
    text = sql.format(**{name: ", ".join(str(int(key)) for key in keys) for name, keys in lists.items()})
    with connection.cursor() as cursor:
        cursor.execute(text, [*given, *rest])
        return list(cursor.fetchall())


def _stranded(rows: Sequence[tuple[Any, ...]]) -> Stranded:
    first = rows[0]
    address, quote = _alike(first[5]), parsed(first[6])
    return Stranded(
        order_id=first[0],
        number=first[1],
        currency=first[2],
        language=first[3],
        to=Destination(
            country=first[4],
            region=address.get("country_area", ""),
            postcode=address.get("postal_code", ""),
        ),
        latest=date.fromisoformat(quote["latest"]) if "latest" in quote else date.max,
        duty_paid_by=quote.get("duty_paid_by", "none"),
        goods_minor=first[7],
        shipping_minor=first[8],
        lines=tuple(_waiting(row) for row in rows),
        cash=first[21] is not None,
        chosen_by=_chosen_by(quote, {row[10] for row in rows}),
    )


def last_change(quote: Mapping[str, Any], line_ids: set[int]) -> Mapping[str, Any]:
    """The newest entry of what was re-routed that any of these lines stands in; empty for none."""
    for entry in reversed(quote.get("rerouted", ())):
        if line_ids & {kept["line_id"] for kept in entry["lines"]}:
            return dict(entry)
    return {}


def _chosen_by(quote: Mapping[str, Any], line_ids: set[int]) -> str:
    return str(last_change(quote, line_ids).get("chosen", {}).get("by", ""))


def _waiting(row: tuple[Any, ...]) -> Waiting:
    quoted = _alike(row[20]) or [0] * 12
    quantity, of = row[13], row[14]
    return Waiting(
        line_id=row[10],
        variant_id=row[11],
        sku=row[12],
        quantity=quantity,
        of=of,
        unit_minor=row[15],
        stock_id=row[16],
        lane_id=row[17],
        lane=row[18],
        warehouse=row[19],
        freight_minor=(quoted[4] + quoted[5] + quoted[7]) * quantity // of,
    )


@lru_cache(maxsize=4096)
def _known(text: str) -> Any:
    """What many rows say alike (a town, a waterfall); to be read only."""
    return json.loads(text)


def _alike(value: Any) -> Any:
    return _known(value) if isinstance(value, str) else value


def parsed(value: Any) -> Any:
    """A JSON column as Python has it; drivers give it parsed or as text."""
    return json.loads(value) if isinstance(value, str) else value


# Finding new ways -------------------------------------------------------------------------------------------------
class _Plan(NamedTuple):
    """The lines of a new way with their lanes' codes, and its days."""

    lines: list[tuple[QuoteLine, str]]
    days: int


@dataclass(slots=True)
class Router:
    """Finds new ways for many orders: what one takes is gone for the next, and equal questions are asked once."""

    merchant: ShopMerchant
    on: date
    at: datetime | None = None  # the moment, for the warehouses' cut-offs
    _books: dict[str, Book] = field(default_factory=dict)
    _cash_books: dict[str, Book] = field(default_factory=dict)
    _items: dict[tuple[int, int, str], Item] = field(default_factory=dict)
    _taken: dict[int, int] = field(default_factory=dict)  # stock id → units taken in this run
    _shelves: dict[tuple[str, int], list[StockAt]] = field(default_factory=dict)
    _plans: dict[Any, _Plan | Refusal] = field(default_factory=dict)
    _priced: dict[tuple[str, str, str], Destination] = field(default_factory=dict)

    def propose(self, orders: Sequence[Stranded]) -> list[Proposal]:
        """A proposal for each, in their order, which is that of taking stock."""
        self._load(orders)
        return [self._propose(order) for order in orders]

    def _load(self, orders: Sequence[Stranded]) -> None:
        """The books of the orders' markets with stock as it is now."""
        self._books.clear()
        self._cash_books.clear()
        self._taken.clear()
        self._plans.clear()
        self._shelves.clear()
        self._priced.clear()
        wanted: dict[str, set[int]] = {}
        for order in orders:
            wanted.setdefault(order.to.country, set()).update(line.variant_id for line in order.lines)
        for country, variants in wanted.items():
            try:
                self._books[country] = load_book(
                    self.merchant, country, variants, language="en", on=self.on, at=self.at
                )
            except Refusal:
                continue
            for variant in variants:
                self._shelves[country, variant] = []
            for at in self._books[country].stock:
                self._shelves[country, at.variant_id].append(at)

    def _propose(self, order: Stranded) -> Proposal:
        book = self._book(order)
        if book is None:
            return Proposal(order=order, refused=f"Nothing is sold to {order.to.country} any more.")
        try:
            if book.terms.market.currency != order.currency:
                raise OtherCurrency(f"{order.to.country} is sold to in {book.terms.market.currency} now.")
            parts = [self._part(order, book, lines) for lines in apart(order.lines)]
        except Refusal as refusal:
            return Proposal(order=order, refused=refusal.told, no=refusal)
        moved = tuple(line for part, _ in parts for line in part)
        for line in moved:
            self._taken[line.stock_id] = self._taken.get(line.stock_id, 0) + line.waiting.quantity
        costs = sum(line.expected.last_mile + line.expected.duty + line.expected.import_vat for line in moved)
        return Proposal(
            order=order,
            moved=moved,
            latest=date.fromordinal(self.on.toordinal() + max(days for _, days in parts)),
            more_minor=costs - sum(line.freight_minor for line in order.lines),
        )

    def _book(self, order: Stranded) -> Book | None:
        """The book of the order's market; of one paid at the door with the lanes that collect."""
        book = self._books.get(order.to.country)
        if book is None or not order.cash:
            return book
        if order.to.country not in self._cash_books:
            collecting = cash_terms(self.merchant, order.to.country, on=self.on)
            lanes = tuple(lane for lane in book.terms.lanes if lane.id in collecting)
            self._cash_books[order.to.country] = replace(book, terms=replace(book.terms, lanes=lanes))
        return self._cash_books[order.to.country]

    def _part(self, order: Stranded, book: Book, lines: Sequence[Waiting]) -> tuple[list[Moved], int]:
        """The new way of lines of different variants, and the days it takes."""
        plan = self._plan(order, book, lines)
        if isinstance(plan, Refusal):
            raise plan
        by_variant = {line.variant_id: line for line in lines}
        moved = [
            Moved(
                waiting=by_variant[line.variant_id],
                stock_id=line.stock_id,
                warehouse_id=line.warehouse_id,
                warehouse=book.terms.warehouses[line.warehouse_id].code,
                lane_id=line.lane_id,
                lane=lane,
                expected=line.waterfall,
            )
            for line, lane in plan.lines
        ]
        return moved, plan.days

    def _plan(self, order: Stranded, book: Book, lines: Sequence[Waiting]) -> _Plan | Refusal:
        """The best way in time, or the best one at all; the last answer to an equal question while it still holds."""
        demand = {line.variant_id: line.quantity for line in lines}
        goods_minor = sum(line.unit_minor * line.quantity for line in lines)
        shipping_minor = order.shipping_minor * goods_minor // order.goods_minor if order.goods_minor else 0
        within = min(max((order.latest - self.on).days, 0), 400)
        own = {line.stock_id: line.quantity for line in lines}
        shelves = [at for line in lines for at in self._shelves[order.to.country, line.variant_id]]
        situation = tuple(
            [
                min(available(at.on_hand, at.reserved + self._change(at, own), at.buffer), demand[at.variant_id])
                for at in shelves
            ]
        )
        prices = tuple((line.variant_id, line.quantity, line.unit_minor) for line in lines)
        to = self._as_priced(order.to, book)
        key = (to, order.cash, order.duty_paid_by, prices, shipping_minor, within, situation)
        if key not in self._plans:
            items = {line.variant_id: self._item(book, line) for line in lines}
            stock = tuple(replace(at, reserved=at.reserved + self._change(at, own)) for at in shelves)
            asked = Book(terms=book.terms, items=items, stock=stock)
            try:
                self._plans[key] = self._routed(demand, asked, replace(order, to=to), within, shipping_minor)
            except Refusal as refusal:
                self._plans[key] = refusal
        return self._plans[key]

    def _routed(self, demand: dict[int, int], asked: Book, order: Stranded, within: int, shipping_minor: int) -> _Plan:
        asking = Asking(demand, asked, order.to, self.on, within_days=within, shipping_minor=shipping_minor)
        try:
            choice = parcels_of(asking, whole_lines=True)
        except Refusal:
            asking = Asking(demand, asked, order.to, self.on, shipping_minor=shipping_minor)
            choice = parcels_of(asking, whole_lines=True)
        if order.duty_paid_by != "buyer" and any(p.leg.border.paid_by == "buyer" for p in choice.parcels):
            raise BuyerWouldPay("By the best open way customs would ask the buyer for duty that was not announced.")
        lines = lines_of(choice.parcels, asking)
        return _Plan([(line, choice.parcels[line.parcel - 1].leg.leg.lane.code) for line in lines], choice.days_p90)

    def _change(self, at: StockAt, own: Mapping[int, int]) -> int:
        """Of a row's promises the order's own one does not bind it; what others took in this run does."""
        return self._taken.get(at.stock_id, 0) - own.get(at.stock_id, 0)

    def _as_priced(self, to: Destination, book: Book) -> Destination:
        """Without its postcode unless a lane counts that as remote: neighbours are one question."""
        key = (to.country, to.region, to.postcode)
        if key not in self._priced:
            remote = any(
                is_remote(lane.tariff, to.postcode) for lane in book.terms.lanes if lane.tariff.remote_postcodes
            )
            self._priced[key] = to if remote else replace(to, postcode="")
        return self._priced[key]

    def _item(self, book: Book, line: Waiting) -> Item:
        """The item at the price the buyer paid; one object per price, so that answers about it are remembered."""
        key = (line.variant_id, line.unit_minor, book.terms.market.country)
        if key not in self._items:
            self._items[key] = replace(book.item(line.variant_id), override_minor=line.unit_minor)
        return self._items[key]


def apart(lines: Sequence[Waiting]) -> list[list[Waiting]]:
    """Lines in groups that name each variant once, as a basket does."""
    groups: list[list[Waiting]] = []
    for line in lines:
        for group in groups:
            if all(other.variant_id != line.variant_id for other in group):
                group.append(line)
                break
        else:
            groups.append([line])
    return groups


def told(proposal: Proposal) -> str:
    """The change in one English sentence, for the audit and for files."""
    order = proposal.order
    if proposal.refused:
        return proposal.refused
    ways = ", ".join(
        f"{line.waiting.quantity} × {line.waiting.sku} {line.waiting.lane} → {line.lane}" for line in proposal.moved
    )
    late = f", {proposal.days_late} days late" if proposal.days_late else ""
    return f"{ways}: {display(proposal.more_minor, order.currency)} {order.currency} more than quoted{late}."
