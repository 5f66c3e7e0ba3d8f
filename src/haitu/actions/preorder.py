"""What can be done for an order whose goods do not come as promised: tell the buyer, or send it from elsewhere.

The third way, the money back, is a refund like any other (actions.refund).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import F

from haitu.actions.afloat import serve
from haitu.actions.audit import audit
from haitu.actions.later import News, tell_later
from haitu.actions.order import locked
from haitu.actions.reserve import Promised, reserve
from haitu.actions.stock import lock_rows
from haitu.core.book import BasketLine, Destination, QuoteLine
from haitu.core.errors import Refusal
from haitu.core.events import OrderStatus
from haitu.core.quote import quote
from haitu.models import Order, OrderLine, Reservation, Stock, User
from haitu.reads.cash import agreed_terms, cash_terms
from haitu.reads.merchant import ShopMerchant
from haitu.reads.preorders import WaitingOrder, waiting_orders
from haitu.reads.quote import load_book

WHY = "Its load does not come in time."


class NothingToTell(Refusal):
    """The order waits for nothing, keeps its promise, or nobody can say when its goods come."""

    code = "nothing_to_tell"


class NotElsewhere(Refusal):
    """No other shelf can serve what the order waits for, under what its buyer was promised."""

    code = "not_elsewhere"


def tell_to_wait(*, merchant_id: int, order_ids: Iterable[int], by: User | None, now: datetime) -> int:
    """The buyers of these orders are told the day that holds now; how many letters. Once for each day."""
    return sum(_tell(merchant_id, order_id, by, now) for order_id in sorted(set(order_ids)))


def _tell(merchant_id: int, order_id: int, by: User | None, now: datetime) -> int:
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        waiting = _waiting(order, now)
        if waiting.latest is None or waiting.told is None or waiting.latest <= waiting.told:
            raise NothingToTell("No later day can be told: it keeps its promise, or nobody knows when it comes.")
        wait = {"at": now.isoformat(), "latest": waiting.latest.isoformat()}
        said = {**order.quote, "waits": [*order.quote.get("waits", []), wait]}
        Order.objects.of(merchant_id).filter(pk=order.pk).update(quote=said)
        change = {"latest": (waiting.told.isoformat(), waiting.latest.isoformat())}
        audit(by, "order.wait", f"order {order.number}", merchant_id=merchant_id, now=now, change=change)
        return tell_later(merchant_id, [News.of(order.pk, said)], now=now)


def serve_elsewhere(*, merchant: ShopMerchant, order_id: int, by: User | None, now: datetime) -> None:
    """What the order waits for is sent from a shelf it lies on, by the cheapest way; its place in the load is free.

    Price, tax and promise of the order stay; what the new way costs is kept beside the quote, as when a way is shut.
    """
    found, latest = _elsewhere(merchant, order_id, now)
    with transaction.atomic():
        order = locked(merchant.id, order_id)
        _check_paid(order)
        rows = list(Reservation.objects.of(merchant.id).filter(line__order=order, afloat__gt=0).select_related("line"))
        wanted = {line_id: line for line_id, line in found.items() if line_id in {row.line_id for row in rows}}
        if not wanted:
            raise NotElsewhere("The order waits for nothing any more.")
        lock_rows(merchant.id, sorted({row.stock_id for row in rows} | {line.stock_id for line in wanted.values()}))
        held = Reservation.objects.of(merchant.id).filter(pk__in=[row.pk for row in rows], afloat__gt=0)
        entries = [
            _move(row, wanted[row.line_id], order)
            for row in held.select_related("line__warehouse", "line__lane").order_by("pk")
            if row.line_id in wanted
        ]
        if not entries:
            raise NotElsewhere("The order waits for nothing any more.")
        name, cheapest = by.get_username() if by else "", entries[0]["to"]
        step = {
            "at": now.isoformat(),
            "latest": latest.isoformat(),
            "days_late": 0,
            "more_minor": 0,
            "told": WHY,
            "lines": entries,
            "chosen": {"by": name, "reason": WHY, "more_minor": 0, "cheapest": cheapest},
        }
        said = {**order.quote, "rerouted": [*order.quote.get("rerouted", []), step]}
        said.pop("waits", None)  # what the buyer was told of the load is over
        Order.objects.of(merchant.id).filter(pk=order.pk).update(quote=said)
        audit(by, "order.serve_here", f"order {order.number}", merchant_id=merchant.id, now=now)


def _elsewhere(merchant: ShopMerchant, order_id: int, now: datetime) -> tuple[dict[int, QuoteLine], date]:
    """Order line → where its goods lie and how they would go, and by when; found without any lock, a line whole."""
    order = Order.objects.of(merchant.id).filter(pk=order_id).select_related("market").first()
    if order is None:
        raise NotElsewhere("There is no such order.")
    _waiting(order, now)
    found, latest = dict[int, QuoteLine](), now.date()
    rows = Reservation.objects.of(merchant.id).filter(line__order=order, afloat__gt=0).select_related("line")
    to = Destination(
        country=order.market.country,
        region=order.address.get("country_area", ""),
        postcode=order.address.get("postal_code", ""),
    )
    for row in rows:
        book = load_book(merchant, to.country, [row.line.variant_id], language=order.language, on=now.date(), at=now)
        if agreed_terms(merchant.id, order.pk) is not None:  # only lanes that collect will do
            collecting = cash_terms(merchant, to.country, on=now.date())
            lanes = tuple(lane for lane in book.terms.lanes if lane.id in collecting)
            book = replace(book, terms=replace(book.terms, lanes=lanes))
        basket = (BasketLine(variant_id=row.line.variant_id, quantity=row.quantity),)
        try:
            here = quote(basket, book, to=to, on=now.date())
        except Refusal as no:
            raise NotElsewhere(no.told, sku=row.line.sku) from no
        asked = here.duty_paid_by == "buyer" and order.quote.get("duty_paid_by") != "buyer"
        if len(here.lines) != 1 or asked:
            raise NotElsewhere(f"No single other warehouse can send {row.line.sku} as it was sold.", sku=row.line.sku)
        found[row.line_id], latest = here.lines[0], max(latest, here.latest)
    return found, latest


def _move(row: Reservation, line: QuoteLine, order: Order) -> dict[str, object]:
    """The line's promise goes to the other shelf; both rows are held."""
    merchant_id = order.merchant_id
    old = Stock.objects.of(merchant_id).get(pk=row.stock_id)
    preordered = old.preordered - row.afloat
    Stock.objects.of(merchant_id).filter(pk=old.pk).update(
        reserved=F("reserved") - (row.quantity - row.afloat),
        preordered=preordered,
        uncovered=max(preordered - old.afloat, 0),
    )
    with connection.cursor() as cursor:
        if not reserve(cursor, merchant_id, [Promised(line.stock_id, row.quantity)]):
            raise NotElsewhere(f"{line.sku} was sold in this very moment.", sku=line.sku)
    Reservation.objects.of(merchant_id).filter(pk=row.pk).update(stock_id=line.stock_id, afloat=0)
    serve(merchant_id, old.pk, row.quantity - row.afloat)
    rows = OrderLine.objects.of(merchant_id).filter(pk=row.line_id)
    rows.update(warehouse_id=line.warehouse_id, lane_id=line.lane_id)
    now = rows.select_related("warehouse", "lane").get()
    return {
        "line_id": row.line_id,
        "quantity": row.quantity,
        "from": [_code(row.line.warehouse), _code(row.line.lane)],
        "to": [_code(now.warehouse), _code(now.lane)],
        "expected": line.waterfall.as_list(),
    }


def _code(row: object) -> str:
    return str(getattr(row, "code", ""))


def _waiting(order: Order, now: datetime) -> WaitingOrder:
    _check_paid(order)
    for waiting in waiting_orders(order.merchant_id, today=now.date(), order_id=order.pk):
        return waiting
    raise NothingToTell("This order waits for nothing.")


def _check_paid(order: Order) -> None:
    if order.status not in {OrderStatus.ACCEPTED, OrderStatus.PAID, OrderStatus.PART_SHIPPED}:
        raise NothingToTell("Only a paid order waits for its goods.", status=order.status)
