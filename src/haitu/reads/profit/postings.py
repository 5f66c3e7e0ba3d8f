"""Every figure of a profit page down to the entries it is the sum of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection

from haitu.core.ledger import LAST_PROFIT_AND_LOSS, Account, Book, monday_of
from haitu.reads.profit.slice import ALL, ENTRIES_AN_EVENT, OPEN, Slice, where


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An entry with the event it came from. Amounts have the sign they have in the figure they are part of."""

    entry_id: int
    event_id: int
    event_key: str
    kind: str
    at: datetime
    week: int
    order_id: int | None
    order_number: str
    line_id: int | None
    variant_id: int | None
    sku: str
    lane: str
    step: str
    assumed: bool
    currency: str
    amount_minor: int
    base_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedPage:
    """Some entries, newest first; `next_before` asks for the page after (None: this is the last)."""

    entries: tuple[Posted, ...]
    next_before: int | None


def drill(
    merchant_id: int,
    *,
    step: str | None = None,
    book: Book = Book.ACTUAL,
    of: Slice = ALL,
    assumed: bool | None = None,
    history: bool | None = None,
    still_open: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> PostedPage:
    """The entries behind a figure: all pages of it sum to the figure, to the minor unit.

    `step`: a step of the waterfall or "shrinkage"; None: the contribution, to which costs then count negative.
    `still_open`: those of orders that have not left whole (a line that left in part stands with all its units).
    """
    of_entries, given = where(of, nullable=True)
    narrowed, more = _narrowed(merchant_id, of, assumed=assumed, history=history, still_open=still_open, before=before)
    accounts = f"= {Account[step.upper()].value}" if step else f"<= {LAST_PROFIT_AND_LOSS.value}"
    sql = f"""
        SELECT e.id, v.key, v.kind, v.at, e.week, e.order_id, COALESCE(o.number, ''), e.line_id, e.variant_id,
            COALESCE(s.sku, ''), COALESCE(n.code, ''), e.account, e.assumed, e.currency, e.amount_minor, e.base_minor
        FROM haitu_entry e
        JOIN haitu_event v ON v.id = e.id / {ENTRIES_AN_EVENT}
        LEFT JOIN haitu_order o ON o.id = e.order_id
        LEFT JOIN haitu_variant s ON s.id = e.variant_id
        LEFT JOIN haitu_lane n ON n.id = e.lane_id
        WHERE e.merchant_id = %s AND e.book = %s AND e.account {accounts} {of_entries} {narrowed}
        ORDER BY e.id DESC LIMIT %s
    """  # noqa: S608  # our own names; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, [merchant_id, book.value, *given, *more, limit + 1])
        found = [_posted(row, of_contribution=step is None) for row in cursor.fetchall()]
    shown = tuple(found[:limit])
    return PostedPage(entries=shown, next_before=shown[-1].entry_id if len(found) > limit else None)


def _narrowed(
    merchant_id: int,
    of: Slice,
    *,
    assumed: bool | None,
    history: bool | None,
    still_open: bool,
    before: int | None,
) -> tuple[str, list[Any]]:
    conditions, given = [], list[Any]()
    if assumed is not None:
        conditions.append("AND e.assumed = %s")
        given.append(assumed)
    if history is not None:
        conditions.append("AND COALESCE(o.history, %s) = %s")
        given += [False, history]
    if still_open:
        conditions.append(f"AND o.status IN ({', '.join(['%s'] * len(OPEN))})")
        given += OPEN
    if before is not None:
        conditions.append("AND e.id < %s")
        given.append(before)
    first, last = _ids_of_weeks(merchant_id, of)
    if first is not None:
        conditions.append("AND e.id >= %s")
        given.append(first * ENTRIES_AN_EVENT)
    if last is not None:
        conditions.append("AND e.id < %s")
        given.append((last + 1) * ENTRIES_AN_EVENT)
    return " ".join(conditions), given


def _ids_of_weeks(merchant_id: int, of: Slice) -> tuple[int | None, int | None]:
    """The first and last event id of the slice's weeks, so that a page of one week reads that week only.

    An entry's week is that of its event's day in the event's own zone, at most 14 hours away from UTC.
    """
    if of.first_week is None and of.last_week is None:
        return None, None
    conditions, given = [], list[Any]()
    if of.first_week is not None:
        conditions.append("AND at >= %s")
        given.append(_moment(of.first_week, days=-1))
    if of.last_week is not None:
        conditions.append("AND at < %s")
        given.append(_moment(of.last_week + 1, days=1))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT MIN(id), MAX(id) FROM haitu_event WHERE merchant_id = %s {' '.join(conditions)}",  # noqa: S608  # our own names
            [merchant_id, *given],
        )
        first, last = cursor.fetchone()
    return (0, 0) if first is None else (first, last)


def _moment(week: int, *, days: int) -> Any:
    monday = datetime.combine(monday_of(week), time(), tzinfo=UTC)
    return connection.ops.adapt_datetimefield_value(monday + timedelta(days=days))


def _posted(row: Sequence[Any], *, of_contribution: bool) -> Posted:
    account = Account(row[11])
    sign = -1 if of_contribution or account == Account.PRICE else 1
    return Posted(
        entry_id=row[0],
        event_id=row[0] // ENTRIES_AN_EVENT,
        event_key=row[1],
        kind=row[2],
        at=_aware(row[3]),
        week=row[4],
        order_id=row[5],
        order_number=row[6],
        line_id=row[7],
        variant_id=row[8],
        sku=row[9],
        lane=row[10],
        step=account.name.lower(),
        assumed=bool(row[12]),
        currency=row[13],
        amount_minor=sign * row[14],
        base_minor=sign * row[15],
    )


def _aware(at: datetime | str) -> datetime:
    """SQLite keeps a text in UTC, PostgreSQL an aware time."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
