"""What returns rest on: the terms of an order, what of it may come back, and what a merchant reckons with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q

from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal
from haitu.core.money import convert
from haitu.core.returns import Exclusion, ReturnCosts, ReturnRule, ReturnTerms, terms
from haitu.models import (
    CaseState,
    CashState,
    Order,
    OrderLine,
    ReturnCost,
    ReturnExclusion,
    ReturnPiece,
    Shipment,
)
from haitu.models import ReturnRule as RuleRow
from haitu.reads.cash import turned_back
from haitu.reads.exchange import exchange_rate

OVER = (CaseState.REFUSED, CaseState.CANCELLED)


class NoReturnCosts(Refusal):
    """Nothing says what a returned piece brings and costs: load the reference data, or type your own figures."""

    code = "no_return_costs"


def rules_of(merchant_id: int) -> tuple[ReturnRule, ...]:
    """The law of every country we know of, and the merchant's own rules."""
    rows = RuleRow.objects.filter(Q(merchant=None) | Q(merchant_id=merchant_id)).order_by("pk")
    return tuple(rule_of(row) for row in rows)


def rule_of(row: RuleRow) -> ReturnRule:
    """The row as a value."""
    return ReturnRule(
        country=row.country,
        window_days=row.window_days,
        fault_days=row.fault_days,
        way_back_free=row.way_back_free,
        outbound_back=row.outbound_back,
        restocking_bp=row.restocking_bp,
        wear_bp=row.wear_bp,
        excludes=frozenset(Exclusion(kind) for kind in row.excludes),
        yields=row.yields,
        own=row.merchant_id is not None,
        by_hand=row.by_hand,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
    )


def terms_of(order: Order) -> ReturnTerms:
    """What held where and when the order was placed."""
    return terms(rules_of(order.merchant_id), order.market.country, on=order.placed_at.date())


def terms_to_json(given: ReturnTerms) -> dict[str, Any]:
    """As a return keeps it; `terms_from_json` is the inverse."""
    return asdict(given)


def terms_from_json(kept: dict[str, Any]) -> ReturnTerms:
    """The terms that were frozen."""
    lists = {"excludes": tuple(kept["excludes"]), "sources": tuple(kept["sources"])}
    return ReturnTerms(**{**kept, **lists})


def costs_of(merchant_id: int, base_currency: str, *, on: date) -> tuple[ReturnCosts, int]:
    """The merchant's own figures of that day, else the shared assumption; and how many pieces go on at a time."""
    rows = ReturnCost.objects.filter(Q(merchant=None) | Q(merchant_id=merchant_id)).order_by("pk")
    standing = [row for row in rows if in_force(row, on)]
    row = max(standing, key=lambda one: (one.merchant_id is not None, since(one)), default=None)
    if row is None:
        raise NoReturnCosts("Nothing says what a returned piece brings and costs.")
    fx = exchange_rate(row.currency, base_currency, on=on)
    return ReturnCosts(
        price_b_bp=row.price_b_bp,
        price_c_bp=row.price_c_bp,
        keep_b_bp=row.keep_b_bp,
        keep_c_bp=row.keep_c_bp,
        selling_bp=row.selling_bp,
        handling_minor=convert(row.handling_minor, fx),
        destroy_minor=convert(row.destroy_minor, fx),
        donate_minor=convert(row.donate_minor, fx),
        assumed=row.merchant_id is None,
    ), row.batch_units


def kinds_of(merchant_id: int, product_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Product → the kinds for which it may be excluded."""
    found: dict[int, tuple[str, ...]] = {}
    rows = ReturnExclusion.objects.of(merchant_id).filter(product_id__in=set(product_ids)).order_by("kind")
    for product_id, kind in rows.values_list("product_id", "kind"):
        found[product_id] = (*found.get(product_id, ()), kind)
    return found


def delivered_on(order: Order) -> date | None:
    """The day on which the last parcel arrived; None while one is under way: then no days are running."""
    sent = Shipment.objects.of(order.merchant_id).filter(order=order).exclude(cash__state=CashState.REFUSED)
    parcels = list(sent.values_list("delivered_at", flat=True))
    arrived = [at for at in parcels if at is not None]
    return max(arrived).date() if arrived and len(arrived) == len(parcels) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """A line with units at the buyer's that no return names yet."""

    line: OrderLine
    units: int


def away(order: Order) -> tuple[Away, ...]:
    """What may still be asked back, a line each; not what was refused at the door."""
    lines = OrderLine.objects.of(order.merchant_id).filter(order=order).select_related("variant")
    open_pieces = ReturnPiece.objects.of(order.merchant_id).filter(case__order=order, booked=None)
    named = dict(
        open_pieces.exclude(case__state__in=OVER)
        .values_list("line_id")
        .annotate(n=Count("pk"))
        .values_list("line_id", "n")
    )
    refused = turned_back(order.merchant_id, order.pk)
    return tuple(
        Away(line=line, units=left)
        for line in lines.order_by("position", "pk")
        if (left := line.shipped - line.returned - named.get(line.pk, 0) - refused.get(line.pk, 0)) > 0
    )
