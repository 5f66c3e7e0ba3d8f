"""What of a load came in: counted, put on the shelf with its share of freight and duty; too few, too many, broken.

Freight is shared among the lines by volume, weight, value or units as announced, duty by value. Units that come bear
their part of their line's share; what is left over when the load is closed (units that never came, a bill that differs)
goes to the units that did come, so that the shares always sum to what was paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from haitu.actions import afloat
from haitu.actions.audit import audit
from haitu.actions.inbound import ENDED, MOST_MINOR, NOT_LEFT, BadInbound, WrongStep, keep_step, locked_inbound
from haitu.actions.purchase import finish_if_taken
from haitu.actions.record import record
from haitu.actions.stock import Units, base_dims, change, lock_rows, row_of
from haitu.core.events import Posting, Received, WrittenOff
from haitu.core.landed import Waterfall
from haitu.core.money import half_up, part, split
from haitu.models import (
    Inbound,
    InboundLine,
    InboundStatus,
    MoveKind,
    PurchaseLine,
    ShareBy,
    Stock,
    User,
)
from haitu.reads.inbound import shares_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Units of one line that came in now: in good order, and broken."""

    good: int = 0
    damaged: int = 0


def receive(
    *,
    merchant_id: int,
    inbound_id: int,
    counted: Mapping[int, Counted],
    key: str,
    told: str = "",
    by: User | None,
    now: datetime,
) -> int:
    """Puts what came on the shelf, line id → counted; how many units. May come in parts; the same key changes nothing.

    More than announced is taken in at the line's unit value. What is broken is received and written off, so that the
    loss is seen where it belongs.
    """
    if any(units.good < 0 or units.damaged < 0 for units in counted.values()):
        raise BadInbound("Counted units are zero or more.", field="counted")
    with transaction.atomic():
        inbound = locked_inbound(merchant_id, inbound_id)
        if inbound.status in ENDED or inbound.status in NOT_LEFT:
            raise WrongStep(f"Load {inbound.number} is {inbound.status}; nothing can come in.", status=inbound.status)
        lines = {line.pk: line for line in _lines(inbound)}
        unknown = set(counted) - set(lines)
        if unknown:
            raise BadInbound(f"Load {inbound.number} has no such line.", field="lines")
        afloat.hold(inbound)
        shares = shares_of(inbound, list(lines.values()))
        total = 0
        for line_id, units in sorted(counted.items()):
            if units.good or units.damaged:
                total += _take_in(
                    inbound, lines[line_id], units, share_minor=shares[line_id], key=f"inbound:{line_id}:{key}", now=now
                )
        afloat.refresh(inbound)
        if total:
            keep_step(inbound, InboundStatus(inbound.status), by=by, now=now, told=told or f"{total} units came in")
            changed = {"units": (0, total)}
            audit(by, "inbound.receive", inbound.number, merchant_id=merchant_id, now=now, change=changed)
    return total


def set_costs(
    *,
    merchant_id: int,
    inbound_id: int,
    freight_minor: int,
    duty_minor: int,
    share_by: ShareBy | None = None,
    by: User | None,
    now: datetime,
) -> None:
    """Freight and duty as billed, in base currency, and how freight is shared.

    Once the load is closed the difference is settled at once, and the way of sharing stays as it was.
    """
    if not (0 <= freight_minor <= MOST_MINOR and 0 <= duty_minor <= MOST_MINOR):
        raise BadInbound("Freight and duty are zero or more.", field="freight")
    with transaction.atomic():
        inbound = locked_inbound(merchant_id, inbound_id)
        if inbound.status == InboundStatus.CANCELLED:
            raise WrongStep(f"Load {inbound.number} is cancelled.", status=inbound.status)
        afloat.hold(inbound)
        closed = inbound.status == InboundStatus.RECEIVED
        fields: dict[str, int | str] = {"freight_minor": freight_minor, "duty_minor": duty_minor}
        if share_by is not None and not closed:
            fields["share_by"] = share_by
        changed = {name: (getattr(inbound, name), value) for name, value in fields.items()}
        changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
        if not changed:
            return
        for name, value in fields.items():
            setattr(inbound, name, value)
        shares_of(inbound, _lines(inbound))
        Inbound.objects.of(merchant_id).filter(pk=inbound.pk).update(**fields)
        if closed:
            _settle(inbound, now)
        afloat.refresh(inbound)
        audit(by, "inbound.costs", inbound.number, merchant_id=merchant_id, now=now, change=changed)


def close(*, merchant_id: int, inbound_id: int, told: str = "", by: User | None, now: datetime) -> int:
    """Nothing more will come of the load; how many units are missing. What a transfer lost is written off."""
    with transaction.atomic():
        inbound = locked_inbound(merchant_id, inbound_id)
        if inbound.status in ENDED or inbound.status in NOT_LEFT:
            raise WrongStep(f"Load {inbound.number} is {inbound.status}; it cannot be closed.", status=inbound.status)
        afloat.hold(inbound)
        lines = _lines(inbound)
        missing = 0
        for line in lines:
            short = max(line.quantity - line.received - line.damaged, 0)
            missing += short
            if short and inbound.origin_id is not None:
                _lose_on_the_way(inbound, line, short, now)
            elif short and line.purchase_line is not None:
                _still_due(line.purchase_line, short)
        fields = {"status": InboundStatus.RECEIVED, "received_at": now, "arrived_at": inbound.arrived_at or now}
        Inbound.objects.of(merchant_id).filter(pk=inbound.pk).update(**fields)
        _settle(inbound, now)
        afloat.refresh(inbound)
        keep_step(inbound, InboundStatus.RECEIVED, by=by, now=now, told=told)
        changed = {"status": (inbound.status, InboundStatus.RECEIVED.value), "missing": (0, missing)}
        audit(by, "inbound.close", inbound.number, merchant_id=merchant_id, now=now, change=changed)
    return missing


def _lines(inbound: Inbound) -> list[InboundLine]:
    rows = (
        InboundLine.objects.of(inbound.merchant_id).filter(inbound=inbound).select_related("variant", "purchase_line")
    )
    return list(rows.order_by("pk"))


def _take_in(inbound: Inbound, line: InboundLine, units: Counted, *, share_minor: int, key: str, now: datetime) -> int:
    """One line's units, with their value; 0 if the key was used before."""
    merchant_id = inbound.merchant_id
    came = line.received + line.damaged
    arriving = units.good + units.damaged
    # Units above what was announced are worth as much as the others and bear no freight of their own.
    goods = part(line.goods_value_minor, came, came + arriving, line.quantity)
    before = part(line.inbound_value_minor, came, came + arriving, line.quantity)
    announced = min(came + arriving, line.quantity)
    landed = half_up(share_minor * announced, line.quantity) - line.landed_minor
    stock = row_of(merchant_id, line.variant_id, inbound.to_id)
    transfer = inbound.origin_id is not None
    posted = Waterfall(goods=0 if transfer else goods, inbound=landed)
    if transfer and came + arriving > line.quantity:  # found on the way: nobody moved these
        over = came + arriving - max(came, line.quantity)
        extra = part(line.goods_value_minor, 0, over, line.quantity)
        posted = Waterfall(goods=extra, inbound=landed + part(line.inbound_value_minor, 0, over, line.quantity))
    event = Received(
        key=key, at=now, dims=base_dims(merchant_id), postings=(Posting(variant_id=line.variant_id, waterfall=posted),)
    )
    if record(event, merchant_id=merchant_id, now=now) is None:
        return 0
    kind = MoveKind.MOVED_IN if transfer else MoveKind.RECEIVED
    coming = Units(quantity=arriving, goods_minor=goods, inbound_minor=before + landed)
    change(stock, kind, coming, reference=f"load {inbound.number}", event_key=key, now=now)
    if units.damaged:
        _write_off(
            inbound,
            stock,
            line,
            units.damaged,
            goods=part(goods, 0, units.damaged, arriving),
            before=part(before + landed, 0, units.damaged, arriving),
            key=f"{key}:broken",
            now=now,
        )
    InboundLine.objects.of(merchant_id).filter(pk=line.pk).update(
        received=F("received") + units.good,
        damaged=F("damaged") + units.damaged,
        landed_minor=F("landed_minor") + landed,
    )
    afloat.serve(merchant_id, stock.pk, units.good)
    return arriving


def _write_off(
    inbound: Inbound, stock: Stock, line: InboundLine, units: int, *, goods: int, before: int, key: str, now: datetime
) -> None:
    """Broken units leave the shelf again, with the value they came with."""
    lost = Posting(variant_id=line.variant_id, waterfall=Waterfall(goods=goods, inbound=before))
    event = WrittenOff(key=key, at=now, dims=base_dims(inbound.merchant_id), postings=(lost,))
    record(event, merchant_id=inbound.merchant_id, now=now)
    gone = Units(quantity=-units, goods_minor=-goods, inbound_minor=-before)
    reference = f"load {inbound.number}, broken"
    change(stock, MoveKind.WRITTEN_OFF, gone, reference=reference, event_key=key, now=now)


def _lose_on_the_way(inbound: Inbound, line: InboundLine, short: int, now: datetime) -> None:
    """Units of a transfer that never came: their value left one shelf and reached none."""
    came = line.quantity - short
    lost = Waterfall(
        goods=part(line.goods_value_minor, came, line.quantity, line.quantity),
        inbound=part(line.inbound_value_minor, came, line.quantity, line.quantity),
    )
    event = WrittenOff(
        key=f"inbound:{line.pk}:lost",
        at=now,
        dims=base_dims(inbound.merchant_id),
        postings=(Posting(variant_id=line.variant_id, waterfall=lost),),
    )
    record(event, merchant_id=inbound.merchant_id, now=now)


def _still_due(line: PurchaseLine, short: int) -> None:
    """Units that were announced and never came can be loaded again, or their purchase order closed."""
    PurchaseLine.objects.of(line.merchant_id).filter(pk=line.pk).update(taken=F("taken") - short)
    finish_if_taken(line.merchant_id, line.purchase_id)


def _settle(inbound: Inbound, now: datetime) -> None:
    """Books what freight and duty are not yet booked on any unit, on the shelves of what came in good order.

    On the part of it that has been sold already it is a loss: those sales are told, and are not told again.
    """
    lines = _lines(inbound)
    open_minor = inbound.freight_minor + inbound.duty_minor - sum(line.landed_minor for line in lines)
    if not open_minor:
        return
    announced = shares_of(inbound, lines)
    weights = [announced[line.pk] * line.received // line.quantity for line in lines]
    shares = split(open_minor, weights if any(weights) else [line.received for line in lines])
    held = lock_rows(
        inbound.merchant_id,
        sorted(
            Stock.objects.of(inbound.merchant_id)
            .filter(warehouse_id=inbound.to_id, variant_id__in=[line.variant_id for line in lines])
            .values_list("pk", flat=True)
        ),
    )
    shelves = {stock.variant_id: stock for stock in held.values()}
    for line, share in zip(lines, shares, strict=True):
        if share:
            _settle_line(inbound, line, shelves.get(line.variant_id), share, now)
        InboundLine.objects.of(inbound.merchant_id).filter(pk=line.pk).update(landed_minor=F("landed_minor") + share)


def _settle_line(inbound: Inbound, line: InboundLine, shelf: Stock | None, share: int, now: datetime) -> None:
    dims = base_dims(inbound.merchant_id)
    key = f"inbound:{line.pk}:costs:{line.landed_minor + share}:{int(now.timestamp())}"
    late = Posting(variant_id=line.variant_id, waterfall=Waterfall(inbound=share))
    record(Received(key=key, at=now, dims=dims, postings=(late,)), merchant_id=inbound.merchant_id, now=now)
    there = min(shelf.on_hand, line.received) if shelf is not None else 0
    kept = half_up(share * there, line.received) if line.received else 0
    if shelf is not None and kept:
        # A bill that turned out lower takes off no more than the shelf was worth.
        kept = max(kept, -shelf.inbound_value_minor)
        worth = Units(quantity=0, goods_minor=0, inbound_minor=kept)
        change(shelf, MoveKind.COUNTED, worth, reference=f"load {inbound.number}, costs", event_key=key, now=now)
    if share - kept:
        sold = Posting(variant_id=line.variant_id, waterfall=Waterfall(inbound=share - kept))
        event = WrittenOff(key=f"{key}:sold", at=now, dims=dims, postings=(sold,))
        record(event, merchant_id=inbound.merchant_id, now=now)
