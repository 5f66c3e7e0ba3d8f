"""Units and their value: received, moved, counted, written off, held back, and given back by unpaid orders.

Every change of the units on hand is a StockMove, every change of their value an event, in the same transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Sum

from haitu.actions.afloat import serve
from haitu.actions.audit import audit
from haitu.actions.order import dims_of, locked, placed_postings
from haitu.actions.record import record
from haitu.core.errors import Refusal
from haitu.core.events import Dims, Expired, OrderStatus, Posting, Received, WrittenOff
from haitu.core.landed import Waterfall
from haitu.core.stock import unit_value
from haitu.models import Merchant, MoveKind, Order, Reservation, Stock, StockMove, User, Variant, Warehouse

MOST_UNITS = 10**9  # of a variant in a warehouse; the columns hold twice as many
MOST_VALUE = 10**15  # minor units; sums and exchanges of it still fit into a bigint


class NoSuchStock(Refusal):
    """The merchant has no such variant, warehouse or stock row."""

    code = "no_such_stock"


class BadQuantity(Refusal):
    """The quantity or value is not one that can be booked: it is a whole number above zero."""

    code = "bad_quantity"


class NotThere(Refusal):
    """Fewer units are free than should leave; what is promised to buyers stays where it is."""

    code = "not_there"


class TooMany(Refusal):
    """More units, or more value, than a shelf is kept for."""

    code = "too_many"


class CountBelowReserved(Refusal):
    """Fewer units were counted than are promised to buyers: cancel or refund those orders first."""

    code = "count_below_reserved"


def receive(
    *,
    merchant_id: int,
    variant_id: int,
    warehouse_id: int,
    quantity: int,
    goods_value_minor: int,
    inbound_value_minor: int,
    reference: str,
    by: User | None,
    now: datetime,
    key: str | None = None,
    assumed: bool = False,
) -> int:
    """Takes units into stock with what they cost and what their way in cost, in base currency; the stock row's id.

    The same `key` again (a form sent twice, a file read twice) changes nothing.
    """
    if quantity <= 0 or goods_value_minor < 0 or inbound_value_minor < 0:
        raise BadQuantity("Receive at least one unit, at a value of zero or more.", field="quantity")
    with transaction.atomic():
        stock = row_of(merchant_id, variant_id, warehouse_id)
        _check_room(stock, quantity, goods_value_minor + inbound_value_minor)
        event_key = f"received:{key or secrets.token_hex(8)}"
        posting = Posting(
            variant_id=variant_id,
            waterfall=Waterfall(goods=goods_value_minor, inbound=inbound_value_minor),
            assumed=assumed,
        )
        event = Received(key=event_key, at=now, dims=base_dims(merchant_id), postings=(posting,))
        if record(event, merchant_id=merchant_id, now=now) is None:
            return stock.pk
        units = Units(quantity=quantity, goods_minor=goods_value_minor, inbound_minor=inbound_value_minor)
        change(stock, MoveKind.RECEIVED, units, reference=reference, event_key=event_key, now=now)
        serve(merchant_id, stock.pk, quantity)
        if assumed and not stock.assumed:
            Stock.objects.of(merchant_id).filter(pk=stock.pk).update(assumed=True)
        changed = {"units": (0, quantity)}
        audit(by, "stock.receive", f"stock {stock.pk}", merchant_id=merchant_id, now=now, change=changed)
    return stock.pk


def move(
    *,
    merchant_id: int,
    stock_id: int,
    to_warehouse_id: int,
    quantity: int,
    inbound_value_minor: int = 0,
    reference: str,
    by: User | None,
    now: datetime,
    key: str | None = None,
) -> int:
    """Takes free units and their share of the value to another warehouse; what the way cost is added there.

    The same `key` again changes nothing; for its sake a way that cost nothing is an event too, without entries.
    """
    if quantity <= 0 or inbound_value_minor < 0:
        raise BadQuantity("Move at least one unit, at a cost of zero or more.", field="quantity")
    with transaction.atomic():
        start = _existing(merchant_id, stock_id)
        if start.warehouse_id == to_warehouse_id:
            raise BadQuantity("The units lie in that warehouse already.", field="warehouse")
        end = row_of(merchant_id, start.variant_id, to_warehouse_id, lock=False)
        held = lock_rows(merchant_id, [start.pk, end.pk])
        start, end = held[start.pk], held[end.pk]
        event_key = f"moved:{key or secrets.token_hex(8)}"
        cost = Posting(variant_id=start.variant_id, waterfall=Waterfall(inbound=inbound_value_minor))
        event = Received(
            key=event_key, at=now, dims=base_dims(merchant_id), postings=(cost,) if cost.waterfall.inbound else ()
        )
        if record(event, merchant_id=merchant_id, now=now) is None:
            return end.pk
        check_free(start, quantity)
        goods = unit_value(start.goods_value_minor, quantity, start.on_hand)
        inbound = unit_value(start.inbound_value_minor, quantity, start.on_hand)
        _check_room(end, quantity, goods + inbound + inbound_value_minor)
        leaving = Units(quantity=-quantity, goods_minor=-goods, inbound_minor=-inbound)
        change(start, MoveKind.MOVED_OUT, leaving, reference=reference, event_key=event_key, now=now)
        coming = Units(quantity=quantity, goods_minor=goods, inbound_minor=inbound + inbound_value_minor)
        change(end, MoveKind.MOVED_IN, coming, reference=reference, event_key=event_key, now=now)
        serve(merchant_id, end.pk, quantity)
        if start.assumed and not end.assumed:
            Stock.objects.of(merchant_id).filter(pk=end.pk).update(assumed=True)
        subject = f"stock {start.pk} → {end.pk}"
        audit(by, "stock.move", subject, merchant_id=merchant_id, now=now, change={"units": (0, quantity)})
    return end.pk


def count(
    *,
    merchant_id: int,
    stock_id: int,
    counted: int,
    reason: str,
    by: User | None,
    now: datetime,
    key: str | None = None,
) -> int:
    """Sets the units on hand to what was counted and books the value of the difference; the signed difference.

    The same `key` again changes nothing: what was counted before a sale is not put back after it.
    """
    if counted < 0:
        raise BadQuantity("A count is zero or more.", field="counted")
    with transaction.atomic():
        stock = lock_rows(merchant_id, [stock_id])[stock_id]
        if counted < stock.reserved:
            raise CountBelowReserved(
                f"{counted} counted, {stock.reserved} promised to {_promised_to(stock)}.",
                field="counted",
                counted=counted,
                reserved=stock.reserved,
            )
        difference = counted - stock.on_hand
        _check_room(stock, difference, 0)
        event_key = f"counted:{key or secrets.token_hex(8)}"
        lost = _lost(stock, -difference, event_key, now)
        if lost is None:
            return 0
        if difference:
            change(stock, MoveKind.COUNTED, lost, reference=reason, event_key=event_key, now=now)
            serve(merchant_id, stock.pk, difference)
        subject = f"stock {stock.pk}"
        audit(
            by, "stock.count", subject, merchant_id=merchant_id, now=now, change={"on_hand": (stock.on_hand, counted)}
        )
    return difference


def write_off(
    *,
    merchant_id: int,
    stock_id: int,
    quantity: int,
    reason: str,
    by: User | None,
    now: datetime,
    key: str | None = None,
) -> None:
    """Takes free units that are lost, broken or expired out of stock, with their value; once for each `key`."""
    if quantity <= 0:
        raise BadQuantity("Write off at least one unit.", field="quantity")
    with transaction.atomic():
        stock = lock_rows(merchant_id, [stock_id])[stock_id]
        event_key = f"written_off:{key or secrets.token_hex(8)}"
        lost = _lost(stock, quantity, event_key, now)
        if lost is None:
            return
        check_free(stock, quantity)
        change(stock, MoveKind.WRITTEN_OFF, lost, reference=reason, event_key=event_key, now=now)
        changed = {"on_hand": (stock.on_hand, stock.on_hand - quantity)}
        audit(by, "stock.write_off", f"stock {stock.pk}", merchant_id=merchant_id, now=now, change=changed)


def set_buffer(*, merchant_id: int, stock_id: int, buffer: int, by: User | None, now: datetime) -> None:
    """Holds units back from sale; what is promised already is not touched."""
    if buffer < 0:
        raise BadQuantity("A buffer is zero or more.", field="buffer")
    with transaction.atomic():
        stock = lock_rows(merchant_id, [stock_id])[stock_id]
        Stock.objects.of(merchant_id).filter(pk=stock_id).update(buffer=buffer)
        changed = {"buffer": (stock.buffer, buffer)}
        audit(by, "stock.buffer", f"stock {stock_id}", merchant_id=merchant_id, now=now, change=changed)


# Unpaid orders ---------------------------------------------------------------------------------------------
def release_expired(*, now: datetime, limit: int = 500) -> int:
    """Takes the stock back from orders that were not paid in time; how many. Safe to run twice at once."""
    due = Order.everyone.filter(status=OrderStatus.PENDING, expires_at__lte=now).order_by("expires_at")
    found = list(due.values_list("merchant_id", "pk")[:limit])
    return sum(expire(merchant_id=merchant_id, order_id=order_id, now=now) for merchant_id, order_id in found)


def expire(*, merchant_id: int, order_id: int, now: datetime) -> bool:
    """Ends one unpaid order whose time is over; False when it was paid, cancelled or ended in the meantime."""
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        if order.status != OrderStatus.PENDING or order.expires_at is None or order.expires_at > now:
            return False
        event = Expired(key=f"expired:{order.pk}", at=now, dims=dims_of(order), postings=placed_postings(order))
        if record(event, merchant_id=merchant_id, now=now) is None:
            return False
        release(merchant_id, order.pk)
    return True


def release(merchant_id: int, order_id: int, *, line_ids: list[int] | None = None) -> None:
    """Gives what an order (or some lines of it) was promised back to the shelf; the order is locked by the caller."""
    promised = Reservation.objects.of(merchant_id).filter(line__order_id=order_id)
    if line_ids is not None:
        promised = promised.filter(line_id__in=line_ids)
    held = lock_rows(merchant_id, sorted(set(promised.values_list("stock_id", flat=True))))
    # Read once the rows are held: goods that came in the meantime have been given to who waits.
    sums = promised.values_list("stock_id").annotate(units=Sum("quantity"), waiting=Sum("afloat"))
    units = {stock_id: (its, waiting) for stock_id, its, waiting in sums.values_list("stock_id", "units", "waiting")}
    promised.delete()
    for stock_id, (quantity, waiting) in sorted(units.items()):
        row = held[stock_id]
        preordered = row.preordered - waiting
        Stock.objects.of(merchant_id).filter(pk=stock_id).update(
            reserved=F("reserved") - (quantity - waiting),
            preordered=preordered,
            uncovered=max(preordered - row.afloat, 0),
        )
        serve(merchant_id, stock_id, quantity - waiting)


# Rows ------------------------------------------------------------------------------------------------------
def base_dims(merchant_id: int) -> Dims:
    """Dimensions of what belongs to no order: the merchant's base currency."""
    currency = Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id)
    return Dims(currency=currency, base_currency=currency)


def lock_rows(merchant_id: int, stock_ids: list[int]) -> dict[int, Stock]:
    """The stock rows by id, locked in the order of their keys until the transaction ends."""
    rows = Stock.objects.of(merchant_id).select_for_update(no_key=True, of=("self",)).filter(pk__in=stock_ids)
    held = {row.pk: row for row in rows.order_by("pk")}
    if set(held) != set(stock_ids):
        raise NoSuchStock("There is no such stock.")
    return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Signed units with their signed value in base currency; `promised` of them leave what is reserved too."""

    quantity: int
    goods_minor: int
    inbound_minor: int
    promised: int = 0


def change(stock: Stock, kind: MoveKind, units: Units, *, reference: str, event_key: str, now: datetime) -> None:
    """Adds units and their value to a locked row, and writes the move."""
    Stock.objects.of(stock.merchant_id).filter(pk=stock.pk).update(
        on_hand=F("on_hand") + units.quantity,
        reserved=F("reserved") - units.promised,
        goods_value_minor=F("goods_value_minor") + units.goods_minor,
        inbound_value_minor=F("inbound_value_minor") + units.inbound_minor,
    )
    StockMove.objects.create(
        merchant_id=stock.merchant_id,
        stock=stock,
        at=now,
        kind=kind,
        quantity=units.quantity,
        goods_value_minor=units.goods_minor,
        inbound_value_minor=units.inbound_minor,
        reference=reference[:80],
        event_key=event_key,
    )


def _lost(stock: Stock, quantity: int, event_key: str, now: datetime) -> Units | None:
    """Books units gone (negative: found) with their share of the value; None when it was booked before."""
    goods = unit_value(stock.goods_value_minor, quantity, stock.on_hand)
    inbound = unit_value(stock.inbound_value_minor, quantity, stock.on_hand)
    posting = Posting(
        variant_id=stock.variant_id, waterfall=Waterfall(goods=goods, inbound=inbound), assumed=stock.assumed
    )
    event = WrittenOff(key=event_key, at=now, dims=base_dims(stock.merchant_id), postings=(posting,))
    if record(event, merchant_id=stock.merchant_id, now=now) is None:
        return None
    return Units(quantity=-quantity, goods_minor=-goods, inbound_minor=-inbound)


def check_free(stock: Stock, quantity: int) -> None:
    """Refuse to let go more than lies there unpromised, or nothing."""
    free = stock.on_hand - stock.reserved
    if not 0 < quantity <= free:
        told = f"{quantity} should leave, {free} are free ({stock.on_hand} there, {stock.reserved} promised)."
        raise NotThere(told, field="quantity", quantity=quantity, free=free)


def _check_room(stock: Stock, quantity: int, value_minor: int) -> None:
    value = stock.goods_value_minor + stock.inbound_value_minor + value_minor
    if stock.on_hand + quantity > MOST_UNITS or value > MOST_VALUE:
        raise TooMany(f"A shelf holds at most {MOST_UNITS} units.", field="quantity", most=MOST_UNITS)


def _promised_to(stock: Stock) -> str:
    orders = Order.objects.of(stock.merchant_id).filter(lines__reservations__stock=stock).order_by("pk").distinct()
    numbers = list(orders.values_list("number", flat=True)[:6])
    return ", ".join(numbers[:5]) + (" …" if len(numbers) > 5 else "")


def _existing(merchant_id: int, stock_id: int) -> Stock:
    stock = Stock.objects.of(merchant_id).filter(pk=stock_id).first()
    if stock is None:
        raise NoSuchStock("There is no such stock.")
    return stock


def row_of(merchant_id: int, variant_id: int, warehouse_id: int, *, lock: bool = True) -> Stock:
    """The row of a variant in a warehouse, made when it is the first time; both must be this merchant's."""
    theirs = (
        Variant.objects.of(merchant_id).filter(pk=variant_id).exists()
        and Warehouse.objects.of(merchant_id).filter(pk=warehouse_id).exists()
    )
    if not theirs:
        raise NoSuchStock("There is no such variant or warehouse.")
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO haitu_stock (
                merchant_id, variant_id, warehouse_id, on_hand, reserved, buffer, goods_value_minor,
                inbound_value_minor, assumed, afloat, preordered, uncovered, coming
            ) VALUES (%s, %s, %s, 0, 0, 0, 0, 0, %s, 0, 0, 0, '[]')
            ON CONFLICT (variant_id, warehouse_id) DO NOTHING
            """,
            [merchant_id, variant_id, warehouse_id, False],
        )
    row = Stock.objects.of(merchant_id).get(variant_id=variant_id, warehouse_id=warehouse_id)
    return lock_rows(merchant_id, [row.pk])[row.pk] if lock else row
