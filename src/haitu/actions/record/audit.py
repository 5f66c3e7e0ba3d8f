"""Does the ledger still say what happened? Everything in it is derived again from the events and compared."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from haitu.actions.record.rows import ENTRY_BITS, ENTRY_COLUMNS, ROWS_A_STATEMENT, entry_rows
from haitu.actions.record.weeks import FIRST_UNSUMMED, SUMS
from haitu.core.errors import Refusal
from haitu.core.events import Event, Standing, after, from_payload
from haitu.core.ledger import LAST_PROFIT_AND_LOSS, entries_for
from haitu.models import Grain

_ENTRY_COLUMN_NAMES = ENTRY_COLUMNS.split(", ")
_BOOK, _AMOUNT, _BASE = (_ENTRY_COLUMN_NAMES.index(name) for name in ("book", "amount_minor", "base_minor"))

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProblem:
    """Something in the ledger that does not follow from the events."""

    merchant_id: int
    told: str
    event_id: int | None = None
    order_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What an audit looked at and found; go on after `event_id`."""

    event_id: int
    events: int
    entries: int
    problems: tuple[LedgerProblem, ...]


def audit_ledger(merchant_id: int | None = None, *, after_event: int = 0, limit: int | None = None) -> Audited:
    """Derives the entries of a merchant's (None: everybody's) events again and compares them, row by row.

    Finds changed, missing and foreign entries, events whose columns contradict their payload, and sums that are not
    zero. Looks at `limit` events (None: all) after `after_event`, so that the clockwork can go on where it stopped.
    """
    events = entries = 0
    problems: list[LedgerProblem] = []
    top = after_event
    while limit is None or events < limit:
        wanted = ROWS_A_STATEMENT if limit is None else min(ROWS_A_STATEMENT, limit - events)
        found = _events(merchant_id, top, wanted)
        if not found:
            break
        stored = _entries(merchant_id, top, found[-1][0])
        problems += _compare(found, stored)
        events += len(found)
        entries += sum(map(len, stored.values()))
        top = found[-1][0]
    return Audited(event_id=top, events=events, entries=entries, problems=tuple(problems))


def _events(merchant_id: int | None, after_event: int, limit: int) -> list[Row]:
    whose, given = ("merchant_id = %s AND", [merchant_id]) if merchant_id is not None else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, merchant_id, key, kind, order_id, payload FROM haitu_event "  # noqa: S608  # our own text
            f"WHERE {whose} id > %s ORDER BY id LIMIT %s",
            [*given, after_event, limit],
        )
        return list(cursor.fetchall())


def _entries(merchant_id: int | None, after_event: int, last_event: int) -> dict[int, list[Row]]:
    """Event id → its entries as stored, in order."""
    whose, given = ("merchant_id = %s AND", [merchant_id]) if merchant_id is not None else ("", [])
    by_event: dict[int, list[Row]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {ENTRY_COLUMNS} FROM haitu_entry WHERE {whose} id >= %s AND id < %s ORDER BY id",  # noqa: S608  # our own text
            [*given, (after_event + 1) << ENTRY_BITS, (last_event + 1) << ENTRY_BITS],
        )
        for row in cursor.fetchall():
            by_event[row[0] >> ENTRY_BITS].append(row)
    return by_event


def _compare(found: Sequence[Row], stored: dict[int, list[Row]]) -> Iterator[LedgerProblem]:
    for event_id, merchant_id, key, kind, order_id, payload in found:
        event = from_payload(kind, json.loads(payload))
        for told in _faults(event, (key, order_id), event_id, merchant_id, stored.get(event_id, [])):
            yield LedgerProblem(merchant_id=merchant_id, event_id=event_id, order_id=order_id, told=told)
    known = {row[0] for row in found}
    for event_id in _without_event(set(stored) - known):
        merchant_id, told = stored[event_id][0][1], f"{len(stored[event_id])} entries belong to no event"
        yield LedgerProblem(merchant_id=merchant_id, event_id=event_id, told=told)


def _faults(event: Event, columns: Row, event_id: int, merchant_id: int, rows: list[Row]) -> Iterator[str]:
    if columns != (event.key, event.dims.order_id):
        yield f"key and order are {columns}, the payload says {(event.key, event.dims.order_id)}"
    derived = entry_rows(event, entries_for(event), event_id=event_id, merchant_id=merchant_id)
    if rows != derived:
        yield _difference(rows, derived)
    sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        sums[row[_BOOK]][0] += row[_AMOUNT]
        sums[row[_BOOK]][1] += row[_BASE]
    for book, (amount, base) in sums.items():
        if amount or base:
            yield f"book {book} is out of balance by {amount} ({base} in base)"


def _difference(rows: list[Row], derived: list[Row]) -> str:
    """The first thing in which stored and derived entries differ."""
    if len(rows) != len(derived):
        return f"{len(rows)} entries are stored, {len(derived)} follow from the event"
    is_row, should = next(pair for pair in zip(rows, derived, strict=True) if pair[0] != pair[1])
    name, is_value, should_value = next(
        triple for triple in zip(_ENTRY_COLUMN_NAMES, is_row, should, strict=True) if triple[1] != triple[2]
    )
    return f"entry {is_row[0]} has {name} {is_value!r}, the event says {should_value!r}"


def _without_event(event_ids: set[int]) -> list[int]:
    """Those that are no event even now; others were posted while we looked."""
    if not event_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM haitu_event WHERE id IN ({', '.join(['%s'] * len(event_ids))})",  # noqa: S608  # our own text
            list(event_ids),
        )
        return sorted(event_ids - {row[0] for row in cursor.fetchall()})


# Orders --------------------------------------------------------------------------------------------------------------


def audit_orders(merchant_id: int) -> tuple[LedgerProblem, ...]:
    """Whether each order's status, paid and refunded money are what its events amount to."""
    problems: list[LedgerProblem] = []
    top = 0
    while orders := _orders(merchant_id, top):
        top = orders[-1][0]
        happened = _happened(merchant_id, [row[0] for row in orders])
        for order_id, *is_now in orders:
            told = _contradiction(tuple(is_now), happened[order_id])
            if told:
                problems.append(LedgerProblem(merchant_id=merchant_id, order_id=order_id, told=told))
    return tuple(problems)


def _orders(merchant_id: int, after_order: int) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, status, paid_minor, refunded_minor FROM haitu_order WHERE merchant_id = %s AND id > %s "
            "ORDER BY id LIMIT %s",
            [merchant_id, after_order, ROWS_A_STATEMENT],
        )
        return list(cursor.fetchall())


def _happened(merchant_id: int, order_ids: Sequence[int]) -> dict[int, list[Event]]:
    happened: dict[int, list[Event]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT order_id, kind, payload FROM haitu_event "  # noqa: S608  # our own text
            f"WHERE merchant_id = %s AND order_id IN ({', '.join(['%s'] * len(order_ids))}) ORDER BY id",
            [merchant_id, *order_ids],
        )
        for order_id, kind, payload in cursor.fetchall():
            happened[order_id].append(from_payload(kind, json.loads(payload)))
    return happened


def _contradiction(is_now: Row, happened: list[Event]) -> str:
    standing = Standing()
    for event in happened:
        try:
            standing = after(standing, event)
        except Refusal as refusal:
            return f"its events contradict each other: {refusal}"
    should = (standing.status.value, standing.paid_minor, standing.refunded_minor)
    return "" if is_now == should else f"status, paid and refunded are {is_now}, its events say {should}"


# Sums ----------------------------------------------------------------------------------------------------------------


_Key = tuple[int, int, int]  # merchant, book, variant (0: over all variants, or of none)

# One statement, so that a roll-up in between cannot deceive us.
_SUMS_AND_ENTRIES = f"""
    SELECT grain, merchant_id, book, variant_id, SUM(entries), SUM(price - ({" + ".join(SUMS[1:])}))
    FROM haitu_entryweek GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT -1, merchant_id, book, COALESCE(variant_id, 0), COUNT(*), -SUM(base_minor)
    FROM haitu_entry
    WHERE account <= {LAST_PROFIT_AND_LOSS.value} AND id < {FIRST_UNSUMMED}
    GROUP BY 2, 3, 4
"""  # noqa: S608  # made of our own constants

_WRONG_WAYS = f"""
    WITH booked AS (
        SELECT merchant_id, variant_id, id / {1 << ENTRY_BITS} FROM haitu_entry
        WHERE account <= {LAST_PROFIT_AND_LOSS.value} AND variant_id IS NOT NULL AND id < {FIRST_UNSUMMED}
    ), kept AS (
        SELECT merchant_id, variant_id, event_id FROM haitu_variantevent
    ), missing AS (SELECT * FROM booked EXCEPT SELECT * FROM kept),
    needless AS (SELECT * FROM kept EXCEPT SELECT * FROM booked)
    SELECT merchant_id, SUM(missed), SUM(spare) FROM (
        SELECT merchant_id, 1 AS missed, 0 AS spare FROM missing
        UNION ALL SELECT merchant_id, 0, 1 FROM needless
    ) wrong GROUP BY 1 ORDER BY 1
"""  # noqa: S608  # made of our own constants


def audit_weeks() -> tuple[LedgerProblem, ...]:
    """Whether the sums of each grain add up to the entries they stand for, and each variant leads to all its events.

    Per merchant and book, and where a sum is one variant's per variant. `rebuild` mends what is found.
    """
    kept: dict[int, dict[_Key, tuple[int, int]]] = {grain.value: {} for grain in Grain}
    booked: dict[_Key, tuple[int, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SUMS_AND_ENTRIES)
        for grain, merchant_id, book, variant_id, entries, contribution in cursor.fetchall():
            sums = booked if grain < 0 else kept[grain]
            sums[merchant_id, book, variant_id] = int(entries), int(contribution)
        cursor.execute(_WRONG_WAYS)
        ways = cursor.fetchall()
    over_all = dict[_Key, tuple[int, int]]()
    for (merchant_id, book, _), (entries, contribution) in booked.items():
        before = over_all.get((merchant_id, book, 0), (0, 0))
        over_all[merchant_id, book, 0] = before[0] + entries, before[1] + contribution
    problems = [
        LedgerProblem(
            merchant_id=merchant_id,
            told=f"{missing} ways from a variant to an event are missing, {needless} lead nowhere",
        )
        for merchant_id, missing, needless in ways
    ]
    for grain in Grain:
        problems += _differing(grain, kept[grain], over_all if grain is Grain.WEEK else booked)
    return tuple(problems)


def _differing(
    grain: Grain, sums: dict[_Key, tuple[int, int]], booked: dict[_Key, tuple[int, int]]
) -> Iterator[LedgerProblem]:
    for at in sorted(sums.keys() | booked.keys()):
        if sums.get(at) != booked.get(at):
            merchant_id, book, variant_id = at
            whose = f" of variant {variant_id}" if variant_id else ""
            yield LedgerProblem(
                merchant_id=merchant_id,
                told=f"the sums {grain.label}{whose} in book {book} are {sums.get(at)}, "
                f"the entries give {booked.get(at)} (how many, contribution)",
            )
