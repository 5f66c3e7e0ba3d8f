"""Many events at once: imported history, settlements. The same entries as one by one, at the database's pace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from django.db import connection, transaction

from haitu.actions.record.rows import (
    EVENT_COLUMNS,
    EVENT_ROW,
    ROWS_A_STATEMENT,
    entry_rows,
    event_row,
    insert_entries,
)
from haitu.core.events import ANY, Event, OrderStatus, Standing, after, move
from haitu.core.ledger import entries_for

EVENTS_A_TRANSACTION = 1_000

Owned = tuple[int, Event]  # merchant id, event


def record_many(events: Iterable[Owned], *, now: datetime, progress: Callable[[int], object] | None = None) -> int:
    """Posts many events; how many were new. `progress` is told how many were seen so far.

    Streams: a transaction holds a thousand events. Killed in between, it is run again with the same events, and those
    already posted are passed over. Orders move as by `record`; a refusal undoes its transaction and ends the run.
    """
    posted = seen = 0
    for some in _chunks(events):
        with transaction.atomic():
            posted += _post(some, now)
        seen += len(some)
        if progress:
            progress(seen)
    return posted


def _chunks(events: Iterable[Owned]) -> Iterator[list[Owned]]:
    remaining = iter(events)
    while some := list(islice(remaining, EVENTS_A_TRANSACTION)):
        yield some


class _Posted(NamedTuple):
    event_id: int
    merchant_id: int
    event: Event


def _post(some: Sequence[Owned], now: datetime) -> int:
    with connection.cursor() as cursor:
        new = _insert_events(cursor, some, now)
        _move_orders(cursor, new)
        insert_entries(
            cursor,
            chain.from_iterable(
                entry_rows(event, entries_for(event), event_id=event_id, merchant_id=merchant_id)
                for event_id, merchant_id, event in new
            ),
        )
    return len(new)


def _insert_events(cursor: Any, some: Sequence[Owned], now: datetime) -> list[_Posted]:
    """The events that were not there yet, in their order, with the ids they got."""
    ids: dict[tuple[int, str], int] = {}
    for start in range(0, len(some), ROWS_A_STATEMENT):
        rows = [event_row(event, merchant_id, now) for merchant_id, event in some[start : start + ROWS_A_STATEMENT]]
        sql = (
            f"INSERT INTO haitu_event ({EVENT_COLUMNS}) VALUES {', '.join([EVENT_ROW] * len(rows))} "  # noqa: S608  # our own constants
            "ON CONFLICT (merchant_id, key) DO NOTHING RETURNING id, merchant_id, key"
        )
        cursor.execute(sql, list(chain.from_iterable(rows)))
        ids |= {(merchant_id, key): event_id for event_id, merchant_id, key in cursor.fetchall()}
    new = []
    for merchant_id, event in some:
        event_id = ids.pop((merchant_id, event.key), None)  # a key given twice counts the first time
        if event_id is not None:
            new.append(_Posted(event_id, merchant_id, event))
    return new


_Order = tuple[int, int, str]  # id, merchant id, currency


def _move_orders(cursor: Any, new: Sequence[_Posted]) -> None:
    """Locks the orders, moves them by core.events.after, writes back those that changed."""
    moving = [(_order_of(posted), posted.event) for posted in new if _touches_order(posted.event)]
    before = _standings(cursor, sorted({order_id for (order_id, _, _), _ in moving}))
    standings = dict(before)
    for order, event in moving:
        if order not in standings:
            raise LookupError(f"merchant {order[1]} has no order {order[0]} in {order[2]}")
        standings[order] = after(standings[order], event)
    cursor.executemany(
        "UPDATE haitu_order SET status = %s, paid_minor = %s, refunded_minor = %s WHERE id = %s",
        [
            (standing.status.value, standing.paid_minor, standing.refunded_minor, order[0])
            for order, standing in standings.items()
            if standing != before[order]
        ],
    )


def _touches_order(event: Event) -> bool:
    step = move(event)
    return event.dims.order_id is not None and (step.changes_order or step.from_ != ANY)


def _order_of(posted: _Posted) -> _Order:
    dims = posted.event.dims
    return dims.order_id or 0, posted.merchant_id, dims.currency


def _standings(cursor: Any, order_ids: Sequence[int]) -> dict[_Order, Standing]:
    standings: dict[_Order, Standing] = {}
    for start in range(0, len(order_ids), ROWS_A_STATEMENT):
        some = order_ids[start : start + ROWS_A_STATEMENT]
        cursor.execute(
            "SELECT id, merchant_id, currency, status, paid_minor, refunded_minor FROM haitu_order "  # noqa: S608  # our own constants
            f"WHERE id IN ({', '.join(['%s'] * len(some))}) ORDER BY id"
            + (" FOR NO KEY UPDATE" if connection.features.has_select_for_no_key_update else ""),
            some,
        )
        for order_id, merchant_id, currency, status, paid_minor, refunded_minor in cursor.fetchall():
            standings[order_id, merchant_id, currency] = Standing(
                status=OrderStatus(status), paid_minor=paid_minor, refunded_minor=refunded_minor
            )
    return standings
