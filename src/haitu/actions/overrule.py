"""A person sends an order's waiting goods by another way than the one that was found, and says why.

The order is locked, its ways are looked at once more, and the promises move in the usual order (order, then stock by
key), whole or not at all. The choice is kept with the order's quote, beside what was re-routed: it stays until its way
is shut, and what undoes it then says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.order import OrderChanged, locked
from haitu.actions.reroute import NoSuchMerchant, move_promises
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.models import User
from haitu.reads.merchant import by_id
from haitu.reads.reroute import Chosen, Proposal
from haitu.reads.ways import OneWay, ways_of


class NoReasonGiven(Refusal):
    """Who chooses another way says why."""

    code = "no_reason_given"


class NothingWaits(Refusal):
    """Nothing of the order waits for a way: it has left, is not paid, or was called off."""

    code = "nothing_waits"


class NoSuchWay(Refusal):
    """That lane does not lead to the buyer."""

    code = "lane_leads_elsewhere"


def overrule(
    *,
    merchant_id: int,
    order_id: int,
    lane_id: int,
    line_ids: Iterable[int] | None = None,
    reason: str,
    seen: str = "",
    by: User,
    now: datetime,
) -> OneWay:
    """Sends the order's waiting lines (or those given) by that lane, from where it begins; what is expected of it.

    Refuses a way that is shut or has too little, OrderChanged when `seen` is another state than the present one,
    NothingWaits, NoSuchWay and NoReasonGiven.
    """
    if not reason.strip():
        raise NoReasonGiven("Say why another way is better.", field="reason")
    merchant = by_id(merchant_id)
    if merchant is None:
        raise NoSuchMerchant("There is no such merchant.")
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        found = ways_of(merchant, order_id, on=now.date(), at=now, line_ids=line_ids)
        if found is None:
            raise NothingWaits("Nothing of this order waits to leave.")
        if seen and seen != found.seen:
            raise OrderChanged("Something happened to this order since the page was opened; look again.")
        way = next((each for each in found.ways if each.lane_id == lane_id), None)
        if way is None or found.cheapest is None:
            raise (way and way.no) or NoSuchWay("That lane does not lead to the buyer.", field="lane")
        if way.no is not None:
            raise way.no
        chosen = Chosen(
            by=by.username,
            reason=reason.strip()[:200],
            more_minor=way.more_minor,
            cheapest=(found.cheapest.warehouse, found.cheapest.lane),
        )
        costs = sum(line.expected.last_mile + line.expected.duty + line.expected.import_vat for line in way.moved)
        proposal = Proposal(
            order=found.order,
            moved=way.moved,
            latest=way.latest,
            more_minor=costs - sum(line.freight_minor for line in found.order.lines),
            chosen=chosen,
        )
        if not move_promises(merchant_id, [proposal], now):
            raise OrderChanged("Somebody took these goods in this very moment; look again.")
        before = ", ".join(sorted({f"{line.warehouse} · {line.lane}" for line in found.order.lines}))
        change: dict[str, tuple[object, object]] = {
            "way": (before, f"{way.warehouse} · {way.lane}"),
            "reason": ("", chosen.reason),
            "above_cheapest": ("", f"{display(way.more_minor, found.order.currency)} {found.order.currency}"),
        }
        audit(by, "order.overrule", f"order {order.number}", merchant_id=merchant_id, now=now, change=change)
    return way
