"""What is on its way is kept beside what is there, so that a sale needs one look and one statement.

Every step of a load ends here: the shelves it leads to are held, the load changes, and they are told what still comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.models import Inbound, InboundLine, Merchant, Reservation, Stock, User, Variant
from haitu.reads.afloat import carried, kept_as
from haitu.reads.inbound import shares_of


class NoSuchVariant(Refusal):
    """The merchant has no such variant."""

    code = "no_such_variant"


def hold(inbound: Inbound) -> None:
    """Locks every shelf a load leads to, and those a transfer comes from, by ascending key; makes what is missing."""
    merchant_id = inbound.merchant_id
    lines = InboundLine.objects.of(merchant_id).filter(inbound=inbound)
    variant_ids = list(lines.values_list("variant_id", flat=True))
    there = set(_shelves(merchant_id, inbound.to_id, variant_ids).values_list("variant_id", flat=True))
    Stock.objects.bulk_create(
        [
            Stock(merchant_id=merchant_id, variant_id=variant_id, warehouse_id=inbound.to_id)
            for variant_id in sorted(set(variant_ids) - there)
        ],
        ignore_conflicts=True,
    )
    shelves = _shelves(merchant_id, inbound.to_id, variant_ids)
    if inbound.origin_id is not None:
        shelves |= _shelves(merchant_id, inbound.origin_id, variant_ids)
    list(shelves.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def refresh(inbound: Inbound) -> None:
    """After the load has changed: what its goods will have cost, and what still comes to the shelves held for it."""
    lines = list(
        InboundLine.objects.of(inbound.merchant_id).filter(inbound=inbound).select_related("variant").order_by("pk")
    )
    for line_id, share_minor in _shares(inbound, lines).items():
        rows = InboundLine.objects.of(inbound.merchant_id).filter(pk=line_id)
        rows.exclude(share_minor=share_minor).update(share_minor=share_minor)
    _keep(inbound.merchant_id, _shelves(inbound.merchant_id, inbound.to_id, [line.variant_id for line in lines]))


def serve(merchant_id: int, stock_id: int, units: int) -> int:
    """Gives units that have just come to a shelf to those who wait for them, the oldest first; how many.

    The caller holds the row. Orders are not locked: whoever else touches a promise that waits holds the row, too.
    """
    row = Stock.objects.of(merchant_id).get(pk=stock_id)
    left = given = min(units, row.preordered)
    if given <= 0:
        return 0
    for promise in Reservation.objects.of(merchant_id).filter(stock_id=stock_id, afloat__gt=0).order_by("pk"):
        its = min(promise.afloat, left)
        Reservation.objects.of(merchant_id).filter(pk=promise.pk).update(afloat=F("afloat") - its)
        left -= its
        if not left:
            break
    preordered = row.preordered - given
    Stock.objects.of(merchant_id).filter(pk=stock_id).update(
        reserved=F("reserved") + given, preordered=preordered, uncovered=max(preordered - row.afloat, 0)
    )
    return given


# The merchant's say -------------------------------------------------------------------------------------------------
def sell_afloat(*, merchant_id: int, sell: bool, by: User | None, now: datetime) -> None:
    """Whether goods on their way are sold at all; what was sold stays promised."""
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        if merchant.sell_afloat == sell:
            return
        Merchant.objects.filter(pk=merchant_id).update(sell_afloat=sell)
        changed = Stock.objects.of(merchant_id).filter(pk__in=_with_loads(merchant_id))
        _keep(merchant_id, changed)
        bump(merchant_id)
        change = {"sell_afloat": (merchant.sell_afloat, sell)}
        audit(by, "business.sell_afloat", merchant.slug, merchant_id=merchant_id, now=now, change=change)


def sell_variant_afloat(*, merchant_id: int, variant_id: int, sell: bool, by: User | None, now: datetime) -> None:
    """Whether one variant is sold while it is on its way."""
    with transaction.atomic():
        variant = (
            Variant.objects.of(merchant_id).select_for_update(no_key=True, of=("self",)).filter(pk=variant_id).first()
        )
        if variant is None:
            raise NoSuchVariant("There is no such variant.")
        if variant.sell_afloat == sell:
            return
        Variant.objects.of(merchant_id).filter(pk=variant_id).update(sell_afloat=sell)
        _keep(merchant_id, Stock.objects.of(merchant_id).filter(variant_id=variant_id))
        change = {"sell_afloat": (variant.sell_afloat, sell)}
        audit(by, "variant.sell_afloat", variant.sku, merchant_id=merchant_id, now=now, change=change)


# Rows ---------------------------------------------------------------------------------------------------------------
def _shelves(merchant_id: int, warehouse_id: int, variant_ids: Iterable[int]) -> Any:
    return Stock.objects.of(merchant_id).filter(warehouse_id=warehouse_id, variant_id__in=variant_ids)


def _with_loads(merchant_id: int) -> list[int]:
    """The shelves something comes to, or that say so."""
    pairs = set(carried(merchant_id))
    rows = Stock.objects.of(merchant_id).values_list("pk", "variant_id", "warehouse_id", "afloat")
    return [pk for pk, variant_id, warehouse_id, afloat in rows if afloat or (variant_id, warehouse_id) in pairs]


def _keep(merchant_id: int, shelves: Any) -> None:
    """Writes beside the shelves what comes to them, where that has changed; they are locked by ascending key."""
    rows = list(
        shelves.select_for_update(no_key=True, of=("self",)).select_related("variant", "merchant").order_by("pk")
    )
    coming = carried(merchant_id, variant_ids={row.variant_id for row in rows})
    changed = []
    for row in rows:
        sold = row.merchant.sell_afloat and row.variant.sell_afloat
        its = coming.get((row.variant_id, row.warehouse_id), []) if sold else []
        afloat, kept = sum(each.units for each in its), kept_as(its)
        if (row.afloat, row.coming) != (afloat, kept):
            row.afloat, row.coming, row.uncovered = afloat, kept, max(row.preordered - afloat, 0)
            changed.append(row)
    Stock.objects.of(merchant_id).bulk_update(changed, ["afloat", "coming", "uncovered"], batch_size=100)


def _shares(inbound: Inbound, lines: Sequence[InboundLine]) -> dict[int, int]:
    """What each line will bear of freight and duty; nothing where its goods lack what they are shared by."""
    try:
        return shares_of(inbound, lines)
    except Refusal:
        return {}
