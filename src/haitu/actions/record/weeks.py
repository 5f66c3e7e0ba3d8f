"""The sums: a cache that lets a profit page read a few thousand rows instead of millions of entries."""

from __future__ import annotations

from typing import Any

from django.db import OperationalError, connection, transaction

from haitu.actions.record.rows import ENTRY_BITS
from haitu.core.landed import STEPS
from haitu.core.ledger import LAST_PROFIT_AND_LOSS, Account
from haitu.models import Grain

EVENTS_A_TRANSACTION = 20_000
PATIENCE = "2s"  # how long sales may queue behind us for a safe mark; then the next round tries again

LOCK_NOT_AVAILABLE = "55P03"

KEY = "merchant_id, grain, variant_id, book, assumed, history, week, market_id, outlet_id, channel, lane_id"
SUMS = (*STEPS, "shrinkage")
FIRST_UNSUMMED = f"(COALESCE((SELECT event_id FROM haitu_ledgermark WHERE id = 1), 0) + 1) * {1 << ENTRY_BITS}"  # noqa: S608  # our own constant


def _sum_of(step: str) -> str:
    sign = "-" if step == "price" else ""
    return f"{sign}SUM(CASE WHEN e.account = {Account[step.upper()].value} THEN e.base_minor ELSE 0 END)"


_VARIANT = "COALESCE(e.variant_id, 0)"
_PLACE = "e.week, COALESCE(e.market_id, 0), COALESCE(e.outlet_id, 0), e.channel, COALESCE(e.lane_id, 0)"
_NO_PLACE = "0, 0, 0, '', 0"
_GRAINS = {
    Grain.WEEK: ("0", _PLACE),
    Grain.WEEK_AND_VARIANT: (_VARIANT, _PLACE),
    Grain.VARIANT: (_VARIANT, _NO_PLACE),
}

_SUM_UP = f"""
    INSERT INTO haitu_entryweek ({KEY}, entries, {", ".join(SUMS)})
    SELECT e.merchant_id, {{grain}}, {{variant}}, e.book, e.assumed, COALESCE(o.history, %s), {{place}},
        COUNT(*), {", ".join(_sum_of(step) for step in SUMS)}
    FROM haitu_entry e LEFT JOIN haitu_order o ON o.id = e.order_id
    WHERE e.id >= %s AND e.id < %s AND e.account <= {LAST_PROFIT_AND_LOSS.value}
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ON CONFLICT ({KEY}) DO UPDATE SET entries = haitu_entryweek.entries + excluded.entries,
        {", ".join(f"{step} = haitu_entryweek.{step} + excluded.{step}" for step in SUMS)}
"""  # noqa: S608  # made of our own constants

_VARIANT_EVENTS = f"""
    INSERT INTO haitu_variantevent (merchant_id, variant_id, event_id)
    SELECT DISTINCT merchant_id, variant_id, id / {1 << ENTRY_BITS}
    FROM haitu_entry
    WHERE id >= %s AND id < %s AND account <= {LAST_PROFIT_AND_LOSS.value} AND variant_id IS NOT NULL
    ORDER BY 1, 2, 3
"""  # noqa: S608  # made of our own constants


def roll_up() -> int:
    """Extends the sums by what was posted since; how many events that were. Safe to run twice at once.

    Readers add the entries above the mark to the sums below it, in one statement, so a page is exact before, during
    and after.
    """
    top, events, reached = _safe_top(), 0, -1
    while reached < top:
        more, reached = _extend(top)
        events += more
    return events


def rebuild() -> int:
    """Throws the sums away and adds them up again from the entries."""
    with transaction.atomic(), connection.cursor() as cursor:
        _lock_mark(cursor)
        cursor.execute("DELETE FROM haitu_entryweek")
        cursor.execute("DELETE FROM haitu_variantevent")
        cursor.execute("UPDATE haitu_ledgermark SET event_id = 0 WHERE id = 1")
    return roll_up()


def _safe_top() -> int:
    """The highest event id below which no event can still appear; 0 when sales are too busy to tell just now.

    PostgreSQL hands out ids before it commits, so a lower one may appear later. Whoever inserts an event holds the
    table's ROW EXCLUSIVE lock until the commit; once we hold SHARE ROW EXCLUSIVE nobody does, and we let go at once.
    SQLite has one writer at a time: when we may write, nobody else is half-way.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                cursor.execute("LOCK TABLE haitu_event IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute("SELECT COALESCE(MAX(id), 0) FROM haitu_event")
            top: int = cursor.fetchone()[0]
            return top
    except OperationalError as problem:
        if getattr(problem.__cause__, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            return 0
        raise


def _extend(top: int) -> tuple[int, int]:
    """Takes one step: how many events it added, and how far the sums reach now."""
    with transaction.atomic(), connection.cursor() as cursor:
        mark = _lock_mark(cursor)
        until = min(top, mark + EVENTS_A_TRANSACTION)
        if until <= mark:
            return 0, mark
        these = [(mark + 1) << ENTRY_BITS, (until + 1) << ENTRY_BITS]
        for grain, (variant, place) in _GRAINS.items():
            cursor.execute(_SUM_UP.format(grain=grain.value, variant=variant, place=place), [False, *these])
        cursor.execute(_VARIANT_EVENTS, these)
        cursor.execute("UPDATE haitu_ledgermark SET event_id = %s WHERE id = 1", [until])
        cursor.execute("SELECT COUNT(*) FROM haitu_event WHERE id > %s AND id <= %s", [mark, until])
        return cursor.fetchone()[0], until


def _lock_mark(cursor: Any) -> int:
    """The mark, held until the transaction ends."""
    cursor.execute("INSERT INTO haitu_ledgermark (id, event_id) VALUES (1, 0) ON CONFLICT (id) DO NOTHING")
    cursor.execute("UPDATE haitu_ledgermark SET event_id = event_id WHERE id = 1 RETURNING event_id")
    mark: int = cursor.fetchone()[0]
    return mark
