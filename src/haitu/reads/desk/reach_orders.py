"""The orders behind a payback: of those whose first visit came by a channel, until now, with what each brought."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from haitu.core.ledger import Account, Book
from haitu.models import Order
from haitu.reads.reach.facts import NEVER_SOLD, QUOTED_STILL, campaigns_as_counted, moment

SHOWN = 200
AT_ONCE = 900

_FIRST = """
    SELECT person, at, campaign_id FROM (
        SELECT COALESCE(v.customer_id, -v.id) AS person, t.at AS at, t.channel_id, t.market_id, t.campaign_id,
            ROW_NUMBER() OVER (PARTITION BY COALESCE(v.customer_id, -v.id) ORDER BY t.at, t.id) AS place
        FROM haitu_touch t JOIN haitu_visitor v ON v.id = t.visitor_id
        WHERE t.merchant_id = %s
    ) touched
    JOIN haitu_channel c ON c.id = touched.channel_id
    JOIN haitu_market m ON m.id = touched.market_id
    WHERE place = 1 AND c.code = %s AND (m.country = %s OR %s = '') AND person > 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which figure: "" is any; `month` is the first day of the month of the first visit, `age` months since."""

    channel: str
    market: str = ""
    campaign: str = ""
    month: str = ""
    age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBehind:
    """An order, when its buyer first came, and what it brought before traffic, returns and refunds taken off."""

    id: int
    number: str
    at: datetime
    came_at: datetime
    status: str
    brought_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersBehind:
    """The newest of them, and how many and how much they all are."""

    rows: tuple[OrderBehind, ...]
    count: int
    brought_minor: int


def orders(merchant_id: int, asked: Asked) -> OrdersBehind:
    """Four queries and one for each 900 orders."""
    came = _first_visits(merchant_id, asked)
    bought: dict[int, list[Any]] = {}
    for some in _by(list(came)):
        placed_by = Order.objects.of(merchant_id).filter(customer_id__in=some).exclude(status__in=NEVER_SOLD)
        for row in placed_by.values_list("customer_id", "pk", "number", "placed_at", "status"):
            bought.setdefault(row[0], []).append(row[1:])
    found = []
    for person, placed in bought.items():
        came_at = came[person]
        if min(at for _, _, at, _ in placed).date() < came_at.date():
            continue  # a customer already, whom nobody brought
        found += [
            (pk, number, at, came_at, status)
            for pk, number, at, status in placed
            if asked.age is None or _months(came_at.date(), at.date()) == asked.age
        ]
    found.sort(key=lambda row: row[2], reverse=True)
    brought = _contributions([(row[0], row[4] in QUOTED_STILL) for row in found])
    rows = tuple(
        OrderBehind(id=pk, number=number, at=at, came_at=came_at, status=status, brought_minor=brought.get(pk, 0))
        for pk, number, at, came_at, status in found[:SHOWN]
    )
    return OrdersBehind(rows=rows, count=len(found), brought_minor=sum(brought.values()))


def _first_visits(merchant_id: int, asked: Asked) -> Mapping[int, datetime]:
    """Customers whose first visit is the one that was asked for, and when it was."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [merchant_id, asked.channel, asked.market, asked.market])
        rows = cursor.fetchall()
    named = campaigns_as_counted(merchant_id)
    return {
        person: came_at
        for person, at, campaign in rows
        if (came_at := moment(at))
        and (not asked.campaign or named.get(campaign) == asked.campaign)
        and (not asked.month or f"{came_at:%Y-%m}" == asked.month[:7])
    }


def _by(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[place : place + AT_ONCE] for place in range(0, len(ids), AT_ONCE))


def _months(came: date, bought: date) -> int:
    return (bought.year - came.year) * 12 + bought.month - came.month


def _contributions(wanted: Sequence[tuple[int, bool]]) -> Mapping[int, int]:
    """What each order brought: the ledger, or, of one that has not all left (True), its quote and what came back."""
    open_ones = {pk for pk, still_open in wanted if still_open}
    brought: dict[int, int] = {}
    for some in _by([pk for pk, _ in wanted]):
        marks = ", ".join(["%s"] * len(some))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT order_id, book, -SUM(base_minor) FROM haitu_entry"  # noqa: S608  # marks alone
                f" WHERE order_id IN ({marks}) AND account < {Account.TRAFFIC:d} GROUP BY order_id, book",
                list(some),
            )
            for order_id, book, minor in cursor.fetchall():
                if (book == Book.QUOTED) == (order_id in open_ones):
                    brought[order_id] = int(minor)
    return brought
