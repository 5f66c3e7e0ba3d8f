"""One event: its row, its order's move, its entries; three statements, in the caller's transaction."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from haitu.actions.record.rows import EVENT_COLUMNS, EVENT_ROW, entry_rows, event_row, insert_entries
from haitu.core.events import (
    ANY,
    Event,
    Move,
    OrderStatus,
    RefundCurrency,
    Standing,
    move,
    refund_above_paid,
    wrong_status,
)
from haitu.core.ledger import entries_for

_EVENT = f"""
    INSERT INTO haitu_event ({EVENT_COLUMNS}) VALUES {EVENT_ROW}
    ON CONFLICT (merchant_id, key) DO NOTHING RETURNING id
"""  # noqa: S608  # our own constants


def record(event: Event, *, merchant_id: int, now: datetime) -> int | None:
    """Posts an event once: its id, or None when its key was posted before; then nothing changes.

    The order moves and the entries are written with it or not at all. Of two processes that post the same key at the
    same time the second waits for the first, and posts only if the first gave up. A refusal (WrongStatus,
    RefundAbovePaid, RefundCurrency) also dooms the transaction around it, even if somebody catches it.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("record() posts inside a transaction; open one with atomic()")
    with connection.cursor() as cursor:
        cursor.execute(_EVENT, event_row(event, merchant_id, now))
        row = cursor.fetchone()
        if row is None:
            return None
        event_id: int = row[0]
        if event.dims.order_id is not None:
            _move_order(cursor, event, merchant_id)
        entries = entries_for(event)
        if entries:
            insert_entries(cursor, entry_rows(event, entries, event_id=event_id, merchant_id=merchant_id))
    return event_id


def _move_order(cursor: Any, event: Event, merchant_id: int) -> None:
    step = move(event)
    if not step.changes_order and step.from_ == ANY:
        return
    cursor.execute(
        _move_sql(step.from_, step.to, step.must),
        [
            *(step.paid_minor, step.refunded_minor, event.dims.order_id, merchant_id, event.dims.currency),
            *(step.refunded_minor, step.refunded_minor, step.paid_minor),
        ],
    )
    if cursor.rowcount != 1:
        refusal = _refusal(cursor, event, step, merchant_id)
        transaction.set_rollback(True)
        raise refusal


@lru_cache
def _move_sql(from_: frozenset[OrderStatus], to: OrderStatus | None, must: bool) -> str:
    """The conditional UPDATE of a move; core.events.after is the same rule on values."""
    fits = f"status IN ({', '.join(repr(status.value) for status in sorted(from_))})"
    moved = f"CASE WHEN {fits} THEN '{to.value}' ELSE status END" if to else "status"
    return f"""
        UPDATE haitu_order
        SET status = {moved}, paid_minor = paid_minor + %s, refunded_minor = refunded_minor + %s
        WHERE id = %s AND merchant_id = %s AND currency = %s{f" AND {fits}" if must else ""}
            AND (%s = 0 OR refunded_minor + %s <= paid_minor + %s)
    """  # noqa: S608  # made of our own enum


def _refusal(cursor: Any, event: Event, step: Move, merchant_id: int) -> Exception:
    cursor.execute(
        "SELECT status, paid_minor, refunded_minor, currency FROM haitu_order WHERE id = %s AND merchant_id = %s",
        [event.dims.order_id, merchant_id],
    )
    row = cursor.fetchone()
    if row is None:
        return LookupError(f"merchant {merchant_id} has no order {event.dims.order_id}")
    status, paid_minor, refunded_minor, currency = row
    if currency != event.dims.currency:
        told = f"The order was charged in {currency}; money moves in {currency} too, not in {event.dims.currency}."
        return RefundCurrency(told, field="currency", currency=event.dims.currency, charged=currency)
    if status not in step.from_:
        return wrong_status(event, status)
    standing = Standing(status=OrderStatus(status), paid_minor=paid_minor, refunded_minor=refunded_minor)
    return refund_above_paid(step.refunded_minor, standing)
