"""Loads on their way to a warehouse: planned, booked, departed, arrived, at customs; what comes in is in arrival.py.

A load from a supplier brings new goods: they are booked when they are received. A transfer takes goods off their shelf
when it departs; their value travels in its lines until they are received.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F

from haitu.actions import afloat
from haitu.actions.audit import audit
from haitu.actions.purchase import NoSuchSupplier, finish_if_taken
from haitu.actions.stock import Units, change, check_free, lock_rows
from haitu.core.errors import Refusal
from haitu.core.lead import LeadTime
from haitu.core.money import convert
from haitu.core.stock import unit_value
from haitu.models import (
    Inbound,
    InboundLine,
    InboundStatus,
    InboundStep,
    Lane,
    Merchant,
    MoveKind,
    PurchaseLine,
    PurchaseStatus,
    ShareBy,
    Stock,
    Supplier,
    User,
    Warehouse,
)
from haitu.reads.closures import lane_states
from haitu.reads.exchange import exchange_rate
from haitu.reads.inbound import shares_of, supplier_days
from haitu.reads.quote import lead_time_of

MOST_LINES = 2_000
MOST_MINOR = 10**14
STEPS = (
    InboundStatus.PLANNED,
    InboundStatus.BOOKED,
    InboundStatus.DEPARTED,
    InboundStatus.ARRIVED,
    InboundStatus.CUSTOMS,
    InboundStatus.RECEIVED,
)
NOT_LEFT = frozenset({InboundStatus.PLANNED, InboundStatus.BOOKED})
ENDED = frozenset({InboundStatus.RECEIVED, InboundStatus.CANCELLED})


class NoSuchInbound(Refusal):
    """The merchant has no such load."""

    code = "no_such_inbound"


class BadInbound(Refusal):
    """A load's number, goods, places or costs are not ones that can be kept; the sentence says which."""

    code = "bad_inbound"


class WrongStep(Refusal):
    """The load is not at a step from which this can happen; it never goes back."""

    code = "wrong_step"


class LaneUnfit(Refusal):
    """The lane does not lead to that warehouse, or is closed."""

    code = "lane_unfit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What every load says of itself; amounts in base currency. Days typed here win over those of the lane."""

    number: str
    to_warehouse_id: int
    lane_id: int | None = None
    reference: str = ""
    eta_p50: date | None = None
    eta_p90: date | None = None
    share_by: ShareBy = ShareBy.VOLUME
    freight_minor: int = 0
    duty_minor: int = 0


# Planning ----------------------------------------------------------------------------------------------------
def plan_from_supplier(
    *, merchant_id: int, supplier_id: int, load: Load, units: Mapping[int, int], by: User | None, now: datetime
) -> int:
    """A load of what was ordered, purchase line id → units, from one supplier's open orders; its id."""
    with transaction.atomic():
        supplier = Supplier.objects.of(merchant_id).filter(pk=supplier_id).first()
        if supplier is None:
            raise NoSuchSupplier("There is no such supplier.")
        taken = _take_purchased(merchant_id, supplier, units)
        handover = supplier_days(merchant_id, supplier.pk)[supplier.pk].lead
        inbound = _create(merchant_id, load, handover=handover, supplier=supplier, origin=None, now=now)
        worth = _in_base(
            merchant_id, supplier.currency, [line.unit_minor * units[line.pk] for line in taken], now.date()
        )
        InboundLine.objects.bulk_create(
            InboundLine(
                merchant_id=merchant_id,
                inbound=inbound,
                variant_id=line.variant_id,
                purchase_line=line,
                quantity=units[line.pk],
                goods_value_minor=goods_value_minor,
            )
            for line, goods_value_minor in zip(taken, worth, strict=True)
        )
        _begin(inbound, by, now)
    return inbound.pk


def plan_transfer(
    *, merchant_id: int, origin_id: int, load: Load, units: Mapping[int, int], by: User | None, now: datetime
) -> int:
    """A load from one warehouse to another, stock id → units; its id. The goods leave their shelves at departure."""
    if origin_id == load.to_warehouse_id:
        raise BadInbound("A transfer goes to another warehouse.", field="warehouse")
    with transaction.atomic():
        origin = _warehouse(merchant_id, origin_id)
        shelves = {
            row.pk: row for row in Stock.objects.of(merchant_id).filter(pk__in=units, warehouse=origin).order_by("pk")
        }
        if not units or set(shelves) != set(units):
            raise BadInbound(f"Name goods that lie in {origin.code}.", field="lines")
        for row in shelves.values():
            check_free(row, units[row.pk])
        inbound = _create(merchant_id, load, handover=LeadTime.certain(0), supplier=None, origin=origin, now=now)
        InboundLine.objects.bulk_create(
            InboundLine(
                merchant_id=merchant_id,
                inbound=inbound,
                variant_id=row.variant_id,
                stock=row,
                quantity=units[row.pk],
                goods_value_minor=0,  # known when they leave
            )
            for row in shelves.values()
        )
        _begin(inbound, by, now)
    return inbound.pk


def cancel(*, merchant_id: int, inbound_id: int, reason: str, by: User | None, now: datetime) -> None:
    """The load will not leave; what was ordered for it can be planned again."""
    with transaction.atomic():
        inbound = locked_inbound(merchant_id, inbound_id)
        if inbound.status not in NOT_LEFT:
            raise WrongStep(f"Load {inbound.number} is {inbound.status}; it has left.", status=inbound.status)
        afloat.hold(inbound)
        lines = list(InboundLine.objects.of(merchant_id).filter(inbound=inbound).select_related("purchase_line"))
        purchases = set()
        for line in lines:
            if line.purchase_line is not None:
                purchases.add(line.purchase_line.purchase_id)
                rows = PurchaseLine.objects.of(merchant_id).filter(pk=line.purchase_line.pk)
                rows.update(taken=F("taken") - line.quantity)
        for purchase_id in sorted(purchases):
            finish_if_taken(merchant_id, purchase_id)
        Inbound.objects.of(merchant_id).filter(pk=inbound.pk).update(status=InboundStatus.CANCELLED)
        keep_step(inbound, InboundStatus.CANCELLED, by=by, now=now, told=reason)
        afloat.refresh(inbound)
        audit(by, "inbound.cancel", inbound.number, merchant_id=merchant_id, now=now)


# On the way --------------------------------------------------------------------------------------------------
def advance(
    *,
    merchant_id: int,
    inbound_id: int,
    to: InboundStatus,
    at: datetime,
    told: str = "",
    by: User | None,
    now: datetime,
) -> None:
    """The load reached a later step at `at`; steps may be skipped. Received is said by `arrival.close`."""
    if to in {InboundStatus.RECEIVED, InboundStatus.CANCELLED} or to not in STEPS:
        raise WrongStep(f"{to} is not a step that is only noted.", status=to)
    if at > now:
        raise BadInbound("A step that was reached lies in the past.", field="at")
    with transaction.atomic():
        inbound = locked_inbound(merchant_id, inbound_id)
        status = InboundStatus(inbound.status)
        if status in ENDED or STEPS.index(to) <= STEPS.index(status):
            raise WrongStep(f"Load {inbound.number} is {status} already; it never goes back.", status=status)
        afloat.hold(inbound)
        fields: dict[str, object] = {"status": to}
        if status in NOT_LEFT and to not in NOT_LEFT:
            if inbound.origin_id is not None:
                _leave_shelves(inbound, now)
            fields["departed_at"] = at
        if to in {InboundStatus.ARRIVED, InboundStatus.CUSTOMS} and inbound.arrived_at is None:
            fields["arrived_at"] = at
        fields |= _days_after(inbound, to, at.date())
        Inbound.objects.of(merchant_id).filter(pk=inbound.pk).update(**fields)
        keep_step(inbound, to, by=by, now=at, told=told)
        afloat.refresh(inbound)
        change_ = {"status": (status.value, to.value)}
        audit(by, "inbound.advance", inbound.number, merchant_id=merchant_id, now=now, change=change_)


def set_days(
    *, merchant_id: int, inbound_id: int, eta_p50: date, eta_p90: date, reason: str, by: User | None, now: datetime
) -> None:
    """The days of arrival as a person knows them now."""
    with transaction.atomic():
        inbound = locked_inbound(merchant_id, inbound_id)
        if inbound.status in ENDED:
            raise WrongStep(f"Load {inbound.number} is {inbound.status}.", status=inbound.status)
        if eta_p90 < eta_p50:
            raise BadInbound("Nine of ten are not in before half of them.", field="eta_p90")
        afloat.hold(inbound)
        Inbound.objects.of(merchant_id).filter(pk=inbound.pk).update(eta_p50=eta_p50, eta_p90=eta_p90)
        keep_step(inbound, InboundStatus(inbound.status), by=by, now=now, told=reason)
        afloat.refresh(inbound)
        days = {
            "eta_p50": (inbound.eta_p50, eta_p50),
            "eta_p90": (inbound.eta_p90, eta_p90),
        }
        audit(by, "inbound.days", inbound.number, merchant_id=merchant_id, now=now, change=days)


# Rows --------------------------------------------------------------------------------------------------------
def locked_inbound(merchant_id: int, inbound_id: int) -> Inbound:
    """The load, held until the transaction ends; taken before any stock row (docs/locking.md)."""
    rows = Inbound.objects.of(merchant_id).select_for_update(no_key=True, of=("self",)).select_related("to", "lane")
    inbound = rows.filter(pk=inbound_id).first()
    if inbound is None:
        raise NoSuchInbound("There is no such load.")
    return inbound


def keep_step(inbound: Inbound, status: InboundStatus, *, by: User | None, now: datetime, told: str = "") -> None:
    """Writes what happened to the load."""
    InboundStep.objects.create(
        merchant_id=inbound.merchant_id, inbound=inbound, status=status, at=now, by=by, told=told.strip()[:200]
    )


def _begin(inbound: Inbound, by: User | None, now: datetime) -> None:
    """The load is whole: its costs can be shared, and its history begins."""
    lines = InboundLine.objects.of(inbound.merchant_id).filter(inbound=inbound).select_related("variant")
    shares_of(inbound, list(lines.order_by("pk")))
    audit(by, "inbound.plan", inbound.number, merchant_id=inbound.merchant_id, now=now)
    keep_step(inbound, InboundStatus.PLANNED, by=by, now=now)


def _create(
    merchant_id: int,
    load: Load,
    *,
    handover: LeadTime,
    supplier: Supplier | None,
    origin: Warehouse | None,
    now: datetime,
) -> Inbound:
    number = load.number.strip()[:40]
    if not number:
        raise BadInbound("A load has a number.", field="number")
    if not (0 <= load.freight_minor <= MOST_MINOR and 0 <= load.duty_minor <= MOST_MINOR):
        raise BadInbound("Freight and duty are zero or more.", field="freight")
    to = _warehouse(merchant_id, load.to_warehouse_id)
    lane = _lane(merchant_id, load.lane_id, origin, to, now.date() + timedelta(handover.p50))
    eta_p50, eta_p90 = load.eta_p50, load.eta_p90
    if lane is not None:
        whole = handover.then(lead_time_of(lane)).shift(to.handling_days)
        eta_p50 = eta_p50 or now.date() + timedelta(whole.p50)
        eta_p90 = eta_p90 or max(eta_p50, now.date() + timedelta(whole.p90))
    if eta_p50 is None or eta_p90 is None:
        raise BadInbound("Say when the load will be in, or choose a lane.", field="eta_p50")
    if eta_p90 < eta_p50:
        raise BadInbound("Nine of ten are not in before half of them.", field="eta_p90")
    try:
        with transaction.atomic():
            return Inbound.objects.create(
                merchant_id=merchant_id,
                number=number,
                supplier=supplier,
                origin=origin,
                to=to,
                lane=lane,
                reference=load.reference.strip()[:80],
                eta_p50=eta_p50,
                eta_p90=eta_p90,
                share_by=load.share_by,
                freight_minor=load.freight_minor,
                freight_quoted_minor=load.freight_minor,
                duty_minor=load.duty_minor,
                created_at=now,
            )
    except IntegrityError:
        raise BadInbound(f"There is a load {number} already.", field="number", given=number) from None


def _take_purchased(merchant_id: int, supplier: Supplier, units: Mapping[int, int]) -> list[PurchaseLine]:
    """The purchase lines, locked, with the units marked as on their way."""
    rows = PurchaseLine.objects.of(merchant_id).select_for_update(of=("self",)).select_related("purchase", "variant")
    lines = list(rows.filter(pk__in=units, purchase__supplier=supplier).order_by("pk"))
    if not 0 < len(units) <= MOST_LINES or len(lines) != len(units):
        raise BadInbound(f"Name 1 to {MOST_LINES} lines of {supplier.code}'s purchase orders.", field="lines")
    if len({line.variant_id for line in lines}) != len(lines):
        raise BadInbound("A SKU stands on one line of a load only.", field="lines")
    for line in lines:
        left, wanted = line.quantity - line.taken, units[line.pk]
        if line.purchase.status != PurchaseStatus.OPEN:
            raise BadInbound(f"Purchase order {line.purchase.number} is {line.purchase.status}.", field="lines")
        if not 0 < wanted <= left:
            raise BadInbound(
                f"{wanted} of {line.variant.sku} wanted; {left} of purchase order {line.purchase.number} are left.",
                field="quantity",
                sku=line.variant.sku,
                wanted=wanted,
                left=left,
            )
        PurchaseLine.objects.of(merchant_id).filter(pk=line.pk).update(taken=F("taken") + wanted)
    for purchase_id in sorted({line.purchase_id for line in lines}):
        finish_if_taken(merchant_id, purchase_id)
    return lines


def _leave_shelves(inbound: Inbound, now: datetime) -> None:
    """A transfer's goods leave their shelves with their share of the value, which the lines now carry."""
    merchant_id = inbound.merchant_id
    lines = list(InboundLine.objects.of(merchant_id).filter(inbound=inbound).order_by("stock_id"))
    held = lock_rows(merchant_id, [line.stock_id for line in lines if line.stock_id is not None])
    for line in lines:
        stock = held[line.stock_id or 0]
        check_free(stock, line.quantity)
        goods = unit_value(stock.goods_value_minor, line.quantity, stock.on_hand)
        before = unit_value(stock.inbound_value_minor, line.quantity, stock.on_hand)
        leaving = Units(quantity=-line.quantity, goods_minor=-goods, inbound_minor=-before)
        change(stock, MoveKind.MOVED_OUT, leaving, reference=f"load {inbound.number}", event_key="", now=now)
        rows = InboundLine.objects.of(merchant_id).filter(pk=line.pk)
        rows.update(goods_value_minor=goods, inbound_value_minor=before)


def _days_after(inbound: Inbound, to: InboundStatus, on: date) -> dict[str, object]:
    """When the load will be in, after a step: by the lane from its departure; handling alone once it is there."""
    if to == InboundStatus.DEPARTED and inbound.lane is not None:
        handling = inbound.to.handling_days
        return {
            "eta_p50": on + timedelta(inbound.lane.days_p50 + handling),
            "eta_p90": on + timedelta(inbound.lane.days_p90 + handling),
        }
    if to in {InboundStatus.ARRIVED, InboundStatus.CUSTOMS}:
        soonest = on + timedelta(inbound.to.handling_days)
        # Customs may hold it: the later day stands until it is in.
        return {"eta_p50": soonest, "eta_p90": max(soonest, inbound.eta_p90 or soonest)}
    return {}


def _lane(merchant_id: int, lane_id: int | None, origin: Warehouse | None, to: Warehouse, leaves: date) -> Lane | None:
    if lane_id is None:
        return None
    lane = Lane.objects.of(merchant_id).filter(pk=lane_id).first()
    if lane is None or lane.to_id != to.pk or (origin is not None and lane.origin_id != origin.pk):
        raise LaneUnfit(
            f"That lane does not lead {f'from {origin.code} ' if origin else ''}to {to.code}.", field="lane"
        )
    state = lane_states(merchant_id, leaves, [lane])[lane.pk]
    if not state.open:
        raise LaneUnfit(f"{lane.code} is closed: {state.reason}.", field="lane", lane=lane.code)
    return lane


def _warehouse(merchant_id: int, warehouse_id: int) -> Warehouse:
    row = Warehouse.objects.of(merchant_id).filter(pk=warehouse_id, active=True).first()
    if row is None:
        raise BadInbound("There is no such warehouse.", field="warehouse")
    return row


def _in_base(merchant_id: int, currency: str, amounts: Iterable[int], on: date) -> list[int]:
    """Amounts in the merchant's base currency, at the day's rate."""
    base = Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id)
    fx = exchange_rate(currency, base, on=on)
    return [amount if currency == base else convert(amount, fx) for amount in amounts]
