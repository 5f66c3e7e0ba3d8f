"""Goods that cannot leave by the lane they were promised by leave by another one.

Planned without a lock, written under locks in the usual order (order, then stock by key) after a second look: whoever
was faster wins, and what changed meanwhile is planned anew. What is done is no longer stranded, so a run that was
killed is simply begun again, and two at once share the work. The order's quote stays as it was; what is expected now
is kept beside it ("rerouted") and booked when the goods leave.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from haitu.actions.audit import audit
from haitu.actions.later import News, tell_later
from haitu.core.errors import Refusal
from haitu.core.money import convert
from haitu.models import Order, Reservation, Stock, User
from haitu.reads.exchange import exchange_rate
from haitu.reads.merchant import ShopMerchant, by_id
from haitu.reads.reroute import Moved, Proposal, Router, last_change, stranded, stranded_ids, told

CHUNK = 1000  # orders written in one transaction


class NoSuchMerchant(Refusal):
    """There is no such merchant."""

    code = "no_such_merchant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """What a run did: orders moved, how many of them late, what that costs by currency, and who could not be served."""

    orders: int
    late: int
    more_minor: Mapping[str, int]
    refused: tuple[tuple[str, str], ...]  # order number, reason


def reroute(
    *,
    merchant_id: int,
    by: User | None,
    now: datetime,
    order_ids: Iterable[int] | None = None,
    unasked_minor: int | None = None,
) -> Rerouted:
    """Gives every stranded order (or those given) the cheapest open way that keeps its promise, else the cheapest.

    Orders that nothing can serve stay as they are and are told with the reason; nothing is lost. With `unasked_minor`
    (base currency) only those are sent that arrive as promised, lose at most so much by it, and whose shut way no
    person had chosen: the others wait for one.
    """
    merchant = by_id(merchant_id)
    if merchant is None:
        raise NoSuchMerchant("There is no such merchant.")
    router = Router(merchant=merchant, on=now.date(), at=now)
    moved = late = after = 0
    more: dict[str, int] = {}
    refused: list[tuple[str, str]] = []
    chosen = None if order_ids is None else sorted(set(order_ids))
    while ids := _next(merchant_id, chosen, after, now):
        after = ids[-1]
        again: list[int] = ids
        for _ in range(3):  # what another process took meanwhile is planned anew
            proposals = router.propose(stranded(merchant_id, again, on=now.date()))
            served = [
                proposal for proposal in proposals if proposal.moved and _may(proposal, merchant, unasked_minor, now)
            ]
            refused += [(proposal.order.number, proposal.refused) for proposal in proposals if proposal.refused]
            done = move_promises(merchant_id, served, now)
            for proposal in served:
                if proposal.order.order_id in done:
                    moved, late = moved + 1, late + (proposal.days_late > 0)
                    currency = proposal.order.currency
                    more[currency] = more.get(currency, 0) + proposal.more_minor
            again = [proposal.order.order_id for proposal in served if proposal.order.order_id not in done]
            if not again:
                break
    if moved or refused:
        with transaction.atomic():
            change = {"rerouted": (0, moved), "late": (0, late), "not_served": (0, len(refused))}
            audit(by, "order.reroute", f"{moved} orders", merchant_id=merchant_id, now=now, change=change)
    return Rerouted(orders=moved, late=late, more_minor=more, refused=tuple(refused))


def _may(proposal: Proposal, merchant: ShopMerchant, unasked_minor: int | None, now: datetime) -> bool:
    """Whether nobody has to be asked."""
    if unasked_minor is None:
        return True
    if proposal.days_late or proposal.order.chosen_by:
        return False
    rate = exchange_rate(proposal.order.currency, merchant.base_currency, on=now.date())
    return convert(proposal.more_minor, rate) <= unasked_minor


def _next(merchant_id: int, chosen: Sequence[int] | None, after: int, now: datetime) -> list[int]:
    if chosen is None:
        return stranded_ids(merchant_id, on=now.date(), after=after, limit=CHUNK)
    return [order_id for order_id in chosen if order_id > after][:CHUNK]


def move_promises(merchant_id: int, proposals: Sequence[Proposal], now: datetime) -> set[int]:
    """Moves promises and lines of the orders that still stand as they were planned; their ids."""
    if not proposals:
        return set()
    with transaction.atomic():
        unchanged = _locked(merchant_id, proposals)
        wanted = [proposal for proposal in proposals if proposal.order.order_id in unchanged]
        stock_ids = {line.stock_id for p in wanted for line in p.moved}
        stock_ids |= {line.waiting.stock_id for p in wanted for line in p.moved}
        rows = Stock.objects.of(merchant_id).select_for_update(no_key=True).filter(pk__in=stock_ids).order_by("pk")
        stocks = {row.pk: row for row in rows}
        before = {pk: row.reserved for pk, row in stocks.items()}
        done = [proposal for proposal in wanted if _taken(proposal.moved, stocks)]
        changed = [row for pk, row in stocks.items() if row.reserved != before[pk]]
        _set(_STOCK, [(row.pk, row.reserved) for row in changed])
        lines = [line for proposal in done for line in proposal.moved]
        _set(_LINE, [(line.waiting.line_id, line.warehouse_id, line.lane_id) for line in lines])
        promises = [(line.waiting.line_id, line.stock_id) for line in lines]
        _set(_PROMISE, [pair for pair, line in zip(promises, lines, strict=True) if line.waiting.stock_id != pair[1]])
        kept = {p.order.order_id: _kept(unchanged[p.order.order_id], p, now) for p in done}
        _set(_ORDER, [(order_id, json.dumps(quote, ensure_ascii=False)) for order_id, quote in kept.items()])
        tell_later(merchant_id, [News.of(order_id, quote) for order_id, quote in kept.items()], now=now)
    return {proposal.order.order_id for proposal in done}


def _locked(merchant_id: int, proposals: Sequence[Proposal]) -> dict[int, dict[str, Any]]:
    """Order → its quote, of the orders nobody else holds and whose goods still wait as they did; held from now on."""
    ids = [proposal.order.order_id for proposal in proposals]
    rows = Order.objects.of(merchant_id).select_for_update(no_key=True, skip_locked=True).order_by("pk")
    waiting = rows.filter(pk__in=ids, status__in=("accepted", "paid", "part_shipped"))
    held: dict[int, dict[str, Any]] = dict(waiting.values_list("pk", "quote"))
    promised = {
        (line_id, stock_id, lane_id): quantity
        for line_id, stock_id, lane_id, quantity in Reservation.objects.of(merchant_id)
        .filter(line__order_id__in=held)
        .values_list("line_id", "stock_id", "line__lane_id", "quantity")
    }
    return {
        proposal.order.order_id: held[proposal.order.order_id]
        for proposal in proposals
        if proposal.order.order_id in held
        and all(
            promised.get((line.line_id, line.stock_id, line.lane_id)) == line.quantity for line in proposal.order.lines
        )
    }


def _taken(moved: Sequence[Moved], stocks: Mapping[int, Stock]) -> bool:
    """Moves the promises between the locked rows, all of an order's or none."""
    changes: dict[int, int] = {}
    for line in moved:
        changes[line.waiting.stock_id] = changes.get(line.waiting.stock_id, 0) - line.waiting.quantity
        changes[line.stock_id] = changes.get(line.stock_id, 0) + line.waiting.quantity
    for stock_id, change in changes.items():
        row = stocks[stock_id]
        if change > 0 and row.on_hand - row.reserved - row.buffer < change:
            return False
    for stock_id, change in changes.items():
        stocks[stock_id].reserved += change
    return True


def _kept(quote: dict[str, Any], proposal: Proposal, now: datetime) -> dict[str, Any]:
    """The order's quote, untouched, with what was re-routed beside it: the last one of a line is what is expected."""
    entry = {
        "at": now.isoformat(),
        "latest": proposal.latest.isoformat() if proposal.latest else "",
        "days_late": proposal.days_late,
        "more_minor": proposal.more_minor,
        "told": told(proposal),
        "lines": [
            {
                "line_id": line.waiting.line_id,
                "quantity": line.waiting.quantity,
                "from": [line.waiting.warehouse, line.waiting.lane],
                "to": [line.warehouse, line.lane],
                "expected": line.expected.as_list(),
            }
            for line in proposal.moved
        ],
    }
    if proposal.chosen is not None:
        entry["chosen"] = asdict(proposal.chosen)
    elif undone := last_change(quote, {line.waiting.line_id for line in proposal.moved}).get("chosen"):
        entry["undoes"] = undone  # a person's choice, whose way is shut
    return {**quote, "rerouted": [*quote.get("rerouted", []), entry]}


# One statement for many rows, in SQL that both databases take; {cast} makes text a JSON column's value where needed.
_STOCK = "UPDATE haitu_stock SET reserved = v.b FROM v WHERE haitu_stock.id = v.a"
_LINE = "UPDATE haitu_orderline SET warehouse_id = v.b, lane_id = v.c FROM v WHERE haitu_orderline.id = v.a"
_PROMISE = "UPDATE haitu_reservation SET stock_id = v.b FROM v WHERE haitu_reservation.line_id = v.a"
_ORDER = "UPDATE haitu_order SET quote = {cast} FROM v WHERE haitu_order.id = v.a"
MOST_ROWS = 400  # in one statement; SQLite takes so many variables


def _set(statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    cast = "CAST(v.b AS jsonb)" if connection.vendor == "postgresql" else "v.b"
    for start in range(0, len(rows), MOST_ROWS):
        part = rows[start : start + MOST_ROWS]
        marks = ", ".join(["(" + ", ".join(["%s"] * len(part[0])) + ")"] * len(part))
        names = ", ".join("abc"[: len(part[0])])
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH v({names}) AS (VALUES {marks}) {statement.format(cast=cast)}",  # placeholders only
                [value for row in part for value in row],
            )
