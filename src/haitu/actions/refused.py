"""A parcel to be paid at the door that nobody paid: the sale is undone, the carrier's fee booked, the goods come back.

Refusing ends what the buyer was promised: units of the order that wait on a shelf go back on sale, and an order of
which nothing else is with the buyer is cancelled. The goods themselves are stock again when they have come back.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.letters import write
from haitu.actions.order import dims_of, locked
from haitu.actions.record import record
from haitu.actions.returns.take_back import take_back
from haitu.actions.shipped import shipments_posted
from haitu.actions.stock import release
from haitu.core.errors import Refusal
from haitu.core.events import Closed, OrderStatus, Posting, RefusedAtDoor
from haitu.core.landed import Waterfall
from haitu.core.money import split
from haitu.models import CashParcel, CashState, Shipment, User


class NotAtTheDoor(Refusal):
    """Only a parcel that is on its way to be paid at the door can be refused there."""

    code = "not_at_the_door"


def refuse(*, merchant_id: int, shipment_id: int, by: User | None, now: datetime) -> bool:
    """Books that nobody paid for the parcel; False when that was booked before. Refuses NotAtTheDoor."""
    with transaction.atomic():
        parcel = _locked(merchant_id, shipment_id)
        if parcel.state == CashState.REFUSED:
            return False
        if parcel.state != CashState.WAITING:
            raise NotAtTheDoor("This parcel was paid for.")
        order = parcel.order
        rest = CashParcel.objects.of(merchant_id).filter(order=order).exclude(pk=parcel.pk)
        event = RefusedAtDoor(
            key=f"refused:{shipment_id}",
            at=now,
            dims=dims_of(order),
            shipment_id=shipment_id,
            postings=_undone(parcel),
            completes=not rest.exclude(state=CashState.REFUSED).exists(),
        )
        record(event, merchant_id=merchant_id, now=now)
        CashParcel.objects.of(merchant_id).filter(pk=parcel.pk).update(state=CashState.REFUSED, refused_at=now)
        release(merchant_id, order.pk)
        arrived = not rest.filter(state=CashState.WAITING).exists()
        if not event.completes and (order.status == OrderStatus.PART_SHIPPED or arrived):
            closed = Closed(key=f"closed:{order.pk}:{shipment_id}", at=now, dims=dims_of(order), arrived=arrived)
            record(closed, merchant_id=merchant_id, now=now)
        write(order, "turned_back", str(shipment_id), now=now)
        change = {"status": (order.status, "refused")}
        audit(by, "cash.refused", f"order {order.number}", merchant_id=merchant_id, now=now, change=change)
    return True


def _locked(merchant_id: int, shipment_id: int) -> CashParcel:
    """The parcel, its order held."""
    rows = CashParcel.objects.of(merchant_id).select_related("shipment")
    found = rows.filter(shipment_id=shipment_id).first()
    if found is None:
        raise NotAtTheDoor("This parcel is not paid at the door.")
    order = locked(merchant_id, found.order_id)
    found = rows.get(pk=found.pk)
    found.order = order
    return found


def _undone(parcel: CashParcel) -> tuple[Posting, ...]:
    """What leaving had earned, taken back, and what the carrier keeps for a refused parcel."""
    sent = next(event for event in shipments_posted(parcel.order) if event.shipment_id == parcel.shipment_id)
    fees = split(parcel.refusal_fee_minor, [max(posting.waterfall.price, 0) for posting in sent.postings])
    return tuple(
        Posting(
            line_id=posting.line_id,
            variant_id=posting.variant_id,
            lane_id=posting.lane_id,
            waterfall=Waterfall(
                price=-posting.waterfall.price,
                tax=-posting.waterfall.tax,
                outlet_fee=-posting.waterfall.outlet_fee,
                payment_fee=fee,
            ),
            assumed=posting.assumed,
            tax_assumed=posting.tax_assumed,
        )
        for posting, fee in zip(sent.postings, fees, strict=True)
    )


def came_back(
    *,
    merchant_id: int,
    shipment_id: int,
    restock: bool,
    freight_minor: int = 0,
    reason: str = "",
    by: User | None,
    now: datetime,
) -> int:
    """A refused parcel is back with us, all of it: on the shelf again or written off; how many units.

    `freight_minor` is what the way back cost, in the order's currency. Done twice it takes nothing the second time.
    """
    with transaction.atomic():
        parcel = _locked(merchant_id, shipment_id)
        if parcel.state != CashState.REFUSED:
            raise NotAtTheDoor("This parcel was not refused.")
        if not CashParcel.objects.of(merchant_id).filter(pk=parcel.pk, back_at=None).update(back_at=now):
            return 0
        packed = list(Shipment.objects.of(merchant_id).get(pk=shipment_id).lines.select_related("line").order_by("pk"))
        away = [(each.line, min(each.quantity, each.line.shipped - each.line.returned)) for each in packed]
        shares = split(freight_minor, [units for _, units in away])
        for (line, units), share in zip(away, shares, strict=True):
            if units:
                take_back(
                    merchant_id=merchant_id,
                    order_id=parcel.order_id,
                    line_id=line.pk,
                    quantity=units,
                    restock=restock,
                    freight_minor=share,
                    reason=reason or "refused at the door",
                    by=by,
                    now=now,
                )
    return sum(units for _, units in away)
