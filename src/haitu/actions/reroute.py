"""Goods that cannot leave by the lane they were promised by leave by another one.

Planned without a lock, written under locks in the usual order (order, then stock by key) after a second look: whoever
was faster wins, and what changed meanwhile is planned anew. What is done is no longer stranded, so a run that was
killed is simply begun again, and two at once share the work. The order's quote stays as it was; what is expected now
is kept beside it ("rerouted") and booked when the goods leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from haitu.actions.afloat import serve
from haitu.actions.audit import audit
from haitu.actions.later import News, tell_later
from haitu.actions.many import for_each, run
from haitu.core.errors import Refusal
from haitu.core.money import convert
from haitu.models import Stock, User
from haitu.reads.exchange import exchange_rate
from haitu.reads.merchant import ShopMerchant, by_id
from haitu.reads.reroute import Moved, Proposal, Router, last_change, parsed, stranded, stranded_ids, told

CHUNK = 1000  # orders written in one transaction
LOOKED_UP = 100  # chunks whose ids are found by one question


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
    moved = late = 0
    more: dict[str, int] = {}
    refused: list[tuple[str, str]] = []
    for ids in _chunks(merchant_id, order_ids, now):
        again: Sequence[int] = ids
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


def _chunks(merchant_id: int, order_ids: Iterable[int] | None, now: datetime) -> Iterator[Sequence[int]]:
    """The given orders, or all that are stranded, by id, as many at a time as one transaction writes."""
    if order_ids is not None:
        yield from _parts(sorted(set(order_ids)))
        return
    after = 0
    while ids := stranded_ids(merchant_id, on=now.date(), after=after, limit=LOOKED_UP * CHUNK):
        yield from _parts(ids)
        after = ids[-1]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


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
        entries = {p.order.order_id: _entry(unchanged[p.order.order_id], p, now) for p in done}
        changed = [row for pk, row in stocks.items() if row.reserved != before[pk]]
        _write(changed, [line for proposal in done for line in proposal.moved], entries)
        for row in changed:  # whoever waits there for goods gets what these orders left
            if row.preordered and row.reserved < before[row.pk]:
                serve(merchant_id, row.pk, before[row.pk] - row.reserved)
        news = [News.of(order_id, with_entry(unchanged[order_id], entry)) for order_id, entry in entries.items()]
        tell_later(merchant_id, news, now=now)
    return {proposal.order.order_id for proposal in done}


_ORDERS = """
    SELECT id, quote FROM haitu_order
    WHERE merchant_id = %s AND status IN ('accepted', 'paid', 'part_shipped') AND id IN ({orders})
    ORDER BY id {lock}
"""
_PROMISED = """
    SELECT r.line_id, r.stock_id, l.lane_id, r.quantity
    FROM haitu_reservation r JOIN haitu_orderline l ON l.id = r.line_id
    WHERE r.merchant_id = %s AND l.order_id IN ({orders})
"""


def _locked(merchant_id: int, proposals: Sequence[Proposal]) -> dict[int, dict[str, Any]]:
    """Order → its quote, of the orders nobody else holds and whose goods still wait as they did; held from now on."""
    ids = ", ".join(str(int(proposal.order.order_id)) for proposal in proposals)
    lock = "FOR NO KEY UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS.format(orders=ids, lock=lock), [merchant_id])
        held = {order_id: parsed(quote) for order_id, quote in cursor.fetchall()}
        cursor.execute(_PROMISED.format(orders=ids), [merchant_id])
        promised = {tuple(row[:3]): row[3] for row in cursor.fetchall()}
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


def with_entry(quote: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The order's quote, untouched, with what was re-routed beside it: the last one of a line is what is expected."""
    return {**quote, "rerouted": [*quote.get("rerouted", []), entry]}


def _entry(quote: dict[str, Any], proposal: Proposal, now: datetime) -> dict[str, Any]:
    """What was re-routed, as the order keeps it."""
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
    return entry


_STOCK = "UPDATE haitu_stock SET reserved = v.units FROM v WHERE haitu_stock.id = v.id"
_LINE = "UPDATE haitu_orderline SET warehouse_id = v.warehouse, lane_id = v.lane FROM v WHERE haitu_orderline.id = v.id"
_PROMISE = "UPDATE haitu_reservation SET stock_id = v.stock FROM v WHERE haitu_reservation.line_id = v.id"
# Only the new entry travels; the rest of the quote stays where it is.
_ENTRY = {
    "postgresql": """quote || jsonb_build_object('rerouted',
        COALESCE(quote -> 'rerouted', CAST('[]' AS jsonb)) || jsonb_build_array(v.entry))""",
    "sqlite": """json_set(quote, '$.rerouted',
        json_insert(COALESCE(json_extract(quote, '$.rerouted'), '[]'), '$[#]', json(v.entry)))""",
}
_ORDER = "UPDATE haitu_order SET quote = {entry} FROM v WHERE haitu_order.id = v.id"


def _write(stocks: Iterable[Stock], lines: Sequence[Moved], entries: Mapping[int, Mapping[str, Any]]) -> None:
    """Stock rows, lines, promises and orders, each kind in one statement."""
    run(for_each((("id", "whole"), ("units", "whole")), _STOCK), [(row.pk, row.reserved) for row in stocks])
    run(
        for_each((("id", "whole"), ("warehouse", "whole"), ("lane", "whole")), _LINE),
        [(line.waiting.line_id, line.warehouse_id, line.lane_id) for line in lines],
    )
    elsewhere = [(line.waiting.line_id, line.stock_id) for line in lines if line.waiting.stock_id != line.stock_id]
    run(for_each((("id", "whole"), ("stock", "whole")), _PROMISE), elsewhere)
    statement = _ORDER.format(entry=_ENTRY[connection.vendor])
    run(for_each((("id", "whole"), ("entry", "json")), statement), list(entries.items()))
