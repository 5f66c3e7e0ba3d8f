"""Every figure of a profit page down to the entries it is the sum of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import chain
from typing import Any, NamedTuple

from django.db import connection

from haitu.core.ledger import LAST_PROFIT_AND_LOSS, Account, Book, monday_of
from haitu.reads.profit.slice import ALL, ENTRIES_AN_EVENT, FIRST_UNSUMMED, OPEN, Slice, where

EVENTS_AT_ONCE, MOST_EVENTS = 64, 256  # a look for a variant's entries takes so many events at first, and at most
END = 1 << 62  # above any entry's id


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
    narrowed, given = _narrowed(of, book=book, step=step, assumed=assumed, history=history, still_open=still_open)
    first, last = _ids(merchant_id, of, before)
    asked = _Asked(merchant_id, narrowed, given, first, last, limit + 1)
    rows = _of_variant(asked, of.variant_id) if of.variant_id and not of.reads_entries else _found(asked)
    shown = tuple(_posted(row, of_contribution=step is None) for row in rows[:limit])
    return PostedPage(entries=shown, next_before=shown[-1].entry_id if len(rows) > limit else None)


class _Asked(NamedTuple):
    """Whose entries, by which conditions, from which id to which (not included), and how many."""

    merchant_id: int
    narrowed: str
    given: list[Any]
    first: int
    last: int
    limit: int


def _found(asked: _Asked, events: Sequence[int] = ()) -> list[Sequence[Any]]:
    """The newest entries asked for; of these events only, where some are given."""
    stretches = _stretches(asked, events) if events else [(asked.first, asked.last)]
    entries = " UNION ALL ".join(["SELECT * FROM haitu_entry WHERE id >= %s AND id < %s"] * len(stretches))
    sql = f"""
        SELECT e.id, v.key, v.kind, v.at, e.week, e.order_id, COALESCE(o.number, ''), e.line_id, e.variant_id,
            COALESCE(s.sku, ''), COALESCE(n.code, ''), e.account, e.assumed, e.currency, e.amount_minor, e.base_minor
        FROM ({entries}) e
        JOIN haitu_event v ON v.id = e.id / {ENTRIES_AN_EVENT}
        LEFT JOIN haitu_order o ON o.id = e.order_id
        LEFT JOIN haitu_variant s ON s.id = e.variant_id
        LEFT JOIN haitu_lane n ON n.id = e.lane_id
        WHERE e.merchant_id = %s {asked.narrowed}
        ORDER BY e.id DESC LIMIT %s
    """  # noqa: S608  # our own names; values are parameters
    with connection.cursor() as cursor:
        cursor.execute(sql, [*chain.from_iterable(stretches), asked.merchant_id, *asked.given, asked.limit])
        return list(cursor.fetchall())


def _stretches(asked: _Asked, events: Sequence[int]) -> list[tuple[int, int]]:
    """From which id to which the entries of these events lie, as far as they are asked for."""
    return [
        (max(event * ENTRIES_AN_EVENT, asked.first), min((event + 1) * ENTRIES_AN_EVENT, asked.last))
        for event in events
    ]


def _of_variant(asked: _Asked, variant_id: int) -> list[Sequence[Any]]:
    """A variant's entries, by way of the events that have some: the rest of the table is not read."""
    rows, at_once, last = list[Sequence[Any]](), EVENTS_AT_ONCE, asked.last
    while len(rows) < asked.limit:
        events = _events_of(variant_id, asked._replace(last=last, limit=at_once))
        if not events:
            break
        rows += _found(asked._replace(limit=asked.limit - len(rows)), events)
        at_once, last = min(2 * at_once, MOST_EVENTS), events[-1] * ENTRIES_AN_EVENT
    return rows


def _events_of(variant_id: int, asked: _Asked) -> list[int]:
    """The newest events that have entries of the variant."""
    variants, first, last = [asked.merchant_id, variant_id], asked.first, asked.last
    sql = f"""
        SELECT event_id FROM haitu_variantevent
        WHERE merchant_id = %s AND variant_id = %s AND event_id >= %s AND event_id <= %s
        UNION
        SELECT id / {ENTRIES_AN_EVENT} FROM haitu_entry
        WHERE merchant_id = %s AND variant_id = %s AND id >= {FIRST_UNSUMMED} AND id >= %s AND id < %s
        ORDER BY 1 DESC LIMIT %s
    """  # noqa: S608  # our own names; values are parameters
    bounds = [first // ENTRIES_AN_EVENT, (last - 1) // ENTRIES_AN_EVENT]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*variants, *bounds, *variants, first, last, asked.limit])
        return [row[0] for row in cursor.fetchall()]


def _narrowed(
    of: Slice,
    *,
    book: Book,
    step: str | None,
    assumed: bool | None,
    history: bool | None,
    still_open: bool,
) -> tuple[str, list[Any]]:
    """Everything that is asked of an entry, but for its id."""
    accounts = f"= {Account[step.upper()].value}" if step else f"<= {LAST_PROFIT_AND_LOSS.value}"
    of_entries, given = where(of, nullable=True)
    conditions = [f"AND e.book = {book.value} AND e.account {accounts}", of_entries]
    if assumed is not None:
        conditions.append("AND e.assumed = %s")
        given.append(assumed)
    if history is not None:
        conditions.append("AND COALESCE(o.history, %s) = %s")
        given += [False, history]
    if still_open:
        conditions.append(f"AND o.status IN ({', '.join(['%s'] * len(OPEN))})")
        given += OPEN
    return " ".join(conditions), given


def _ids(merchant_id: int, of: Slice, before: int | None) -> tuple[int, int]:
    """From which entry id to which (not included) the page lies."""
    first, last = _ids_of_weeks(merchant_id, of)
    end = END if last is None else (last + 1) * ENTRIES_AN_EVENT
    return (first or 0) * ENTRIES_AN_EVENT, end if before is None else min(end, before)


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
