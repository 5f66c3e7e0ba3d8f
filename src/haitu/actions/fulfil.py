"""Parcels: sent in as many parts as it takes, delivered, and billed by the carrier.

What leaves takes its own cost out of stock: goods and the way in at what they did cost, the rest as quoted, each part
of a line laid end to end so that all parts sum to the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.actions.cash import ask_at_door, collect
from haitu.actions.letters import write
from haitu.actions.order import dims_of, expected_by_line, lines_of, locked
from haitu.actions.record import record, record_many
from haitu.actions.refund import deposit_refunds, going_back
from haitu.actions.shipped import billed_of, shipments_posted, shipped_by_line
from haitu.actions.stock import Units, base_dims, change, lock_rows
from haitu.core.errors import Refusal
from haitu.core.events import CarrierBilled, Delivered, OrderStatus, Posting, Revalued, Shipped
from haitu.core.landed import Waterfall
from haitu.core.money import FxRate, convert, convert_back, split
from haitu.core.stock import unit_value
from haitu.models import (
    CashState,
    MoveKind,
    Order,
    OrderLine,
    Reservation,
    Shipment,
    ShipmentLine,
    Stock,
    User,
)
from haitu.reads.exchange import exchange_rate

MOST_MINOR = 10**14


class NothingToShip(Refusal):
    """The order has no such units left to send."""

    code = "nothing_to_ship"


class StillAfloat(Refusal):
    """What should leave is a pre-order and has not come in yet."""

    code = "still_afloat"


class RefundOnItsWay(Refusal):
    """The money for these goods is on its way back to the buyer: they stay here, unless a reason is given."""

    code = "refund_on_its_way"


class NoSuchShipment(Refusal):
    """The merchant has no such parcel."""

    code = "no_such_shipment"


class BadBill(Refusal):
    """A bill is zero or more, in a currency whose rate is known."""

    code = "bad_bill"


class _Part(NamedTuple):
    """Units of a line that leave now, and the promise they are taken from."""

    line: OrderLine
    quantity: int
    stock_id: int


def ship(
    *,
    merchant_id: int,
    order_id: int,
    quantities: Mapping[int, int] | None = None,
    tracking: str = "",
    anyway: str = "",
    seen: str = "",
    by: User | None,
    now: datetime,
) -> list[int]:
    """Sends units (line id → quantity; None: all that is left); the ids of the parcels, one a warehouse and lane.

    Refuses StillAfloat for goods that have not come in yet, NothingToShip, WrongStatus unless the order is paid, and
    RefundOnItsWay for goods whose money is all on its way back, unless `anyway` says why they leave all the same.
    """
    with transaction.atomic():
        order = locked(merchant_id, order_id, seen=seen)
        parts = _parts(order, quantities)
        if not anyway:
            _check_paid_for(order, parts)
        stocks = lock_rows(merchant_id, sorted({part.stock_id for part in parts}))
        parcels: dict[tuple[int | None, int | None], list[_Part]] = {}
        for part in parts:
            parcels.setdefault((part.line.warehouse_id, part.line.lane_id), []).append(part)
        made = []
        for nth, parcel in enumerate(parcels.values(), start=1):
            _take_promises(order, parcel)
            last = nth == len(parcels)
            completes = last and not Reservation.objects.of(merchant_id).filter(line__order=order).exists()
            made.append(_send(order, parcel, stocks, completes=completes, tracking=tracking, now=now))
        units = sum(part.quantity for part in parts)
        subject = f"order {order.number}"
        changed: dict[str, tuple[object, object]] = {"shipped": (0, units)}
        if anyway:
            changed["anyway"] = ("", anyway[:200])
        audit(by, "order.ship", subject, merchant_id=merchant_id, now=now, change=changed)
    return made


def _parts(order: Order, quantities: Mapping[int, int] | None) -> list[_Part]:
    """What leaves, checked against what is promised to the order's lines."""
    rows = Reservation.objects.of(order.merchant_id).filter(line__order=order)
    promises = {promise.line_id: promise for promise in rows.select_related("line", "stock__warehouse")}
    if quantities is None:
        quantities = {line_id: promise.quantity for line_id, promise in promises.items()}
    parts = []
    for line_id, quantity in sorted(quantities.items()):
        promised = promises[line_id].quantity if line_id in promises else 0
        if quantity < 0 or quantity > promised:
            told = f"{quantity} should leave; {promised} of this line are left to send."
            raise NothingToShip(told, field=f"line_{line_id}", quantity=quantity, left=promised)
        if quantity:
            promise = promises[line_id]
            _check_there(promise, quantity)
            parts.append(_Part(line=promise.line, quantity=quantity, stock_id=promise.stock_id))
    if not parts:
        raise NothingToShip("Nothing of this order is left to send.")
    return parts


def _check_there(promise: Reservation, quantity: int) -> None:
    """Refuse to send what has not come yet."""
    if quantity > promise.quantity - promise.afloat:
        sku, warehouse = promise.line.sku, promise.stock.warehouse.code
        raise StillAfloat(
            f"{promise.afloat} of {sku} are still on their way to {warehouse}; send them once they are in.",
            field=f"line_{promise.line_id}",
            sku=sku,
            warehouse=warehouse,
            afloat=promise.afloat,
            there=promise.quantity - promise.afloat,
        )


def _check_paid_for(order: Order, parts: list[_Part]) -> None:
    unpaid = going_back(order)
    skus = sorted({part.line.sku for part in parts if part.line.pk in unpaid})
    if skus:
        told = f"The money for {', '.join(skus)} is on its way back to the buyer; say why it shall leave all the same."
        raise RefundOnItsWay(told, field="anyway", skus=", ".join(skus))


def _take_promises(order: Order, parcel: list[_Part]) -> None:
    for part in parcel:
        promise = Reservation.objects.of(order.merchant_id).filter(line=part.line)
        if not promise.filter(quantity__gt=part.quantity).update(quantity=F("quantity") - part.quantity):
            promise.delete()


def _send(
    order: Order, parcel: list[_Part], stocks: dict[int, Stock], *, completes: bool, tracking: str, now: datetime
) -> int:
    """One parcel: its rows, its stock moves, its event."""
    first = parcel[0].line
    if first.warehouse_id is None or first.lane_id is None:
        raise NothingToShip("This order names no warehouse and lane to send it from.")
    before = Shipment.objects.of(order.merchant_id).filter(order=order).count()
    shipment = Shipment.objects.create(
        merchant_id=order.merchant_id,
        order=order,
        warehouse_id=first.warehouse_id,
        lane_id=first.lane_id,
        number=f"{order.number}-{before + 1}",
        tracking=tracking.strip()[:60],
        quoted_minor=0,
        shipped_at=now,
    )
    event_key = f"shipped:{shipment.pk}"
    postings = _leave(order, shipment, parcel, stocks, now)
    event = Shipped(
        key=event_key,
        at=now,
        dims=dims_of(order),
        shipment_id=shipment.pk,
        postings=postings,
        completes=completes,
    )
    record(event, merchant_id=order.merchant_id, now=now)
    quoted_minor = sum(posting.waterfall.last_mile for posting in postings)
    Shipment.objects.of(order.merchant_id).filter(pk=shipment.pk).update(quoted_minor=quoted_minor)
    ask_at_door(order, shipment, postings, now=now)
    write(order, "shipped", str(shipment.pk), now=now)
    return shipment.pk


def _leave(
    order: Order, shipment: Shipment, parcel: list[_Part], stocks: dict[int, Stock], now: datetime
) -> tuple[Posting, ...]:
    """Takes the parcel's units off the shelf; what leaving means for each line."""
    quoted = expected_by_line(order, lines_of(order))
    posted, returned = shipped_by_line(order), deposit_refunds(order)
    postings = []
    for part in parcel:
        stock = stocks[part.stock_id]
        goods, inbound = _take(shipment, stock, part, frozen_rate(order), now)
        line, start = part.line, part.line.shipped
        promised, stop = quoted[line.pk], part.line.shipped + part.quantity
        steps = promised.waterfall.part(start, stop, line.quantity)
        due = promised.waterfall.part(0, stop, line.quantity)
        gone, back = posted.get(line.pk, Waterfall()), returned.get(line.pk, (0, 0))
        price, tax = due.price - back[0] - gone.price, due.tax - back[1] - gone.tax
        if price <= 0:  # so much went back already: this parcel earns nothing, the next one what is left
            price = tax = 0
        waterfall = _with(steps, price=price, tax=tax, goods=goods, inbound=inbound, payment_fee=0, returns=0)
        assumed = promised.assumed or stock.assumed
        postings.append(
            Posting(
                line_id=line.pk,
                variant_id=line.variant_id,
                lane_id=line.lane_id,
                waterfall=waterfall,
                assumed=assumed,
                tax_assumed=promised.tax_assumed,
            )
        )
        rows = OrderLine.objects.of(order.merchant_id).filter(pk=line.pk)
        rows.update(shipped=F("shipped") + part.quantity)
        ShipmentLine.objects.create(merchant_id=order.merchant_id, shipment=shipment, line=line, quantity=part.quantity)
    return tuple(postings)


def _with(waterfall: Waterfall, **steps: int) -> Waterfall:
    return Waterfall(**dict(zip(Waterfall.__dataclass_fields__, waterfall.as_list(), strict=True)) | steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """A value that leaves: in the order's currency as posted, in base as the ledger then has it, and what is over."""

    posted_minor: int
    base_minor: int
    over_minor: int


def _share(value_minor: int, quantity: int, on_hand: int, fx: FxRate) -> _Share:
    """The units' share of a stock value, as whole minor units of the order's currency can express it.

    The stock gives up exactly what the ledger takes, so that both agree to the last unit; what is over when the last
    piece leaves is written off as a rounding difference.
    """
    posted = convert_back(unit_value(value_minor, quantity, on_hand), fx)
    base = convert(posted, fx)
    over = value_minor - base if quantity == on_hand else 0
    return _Share(posted_minor=posted, base_minor=base, over_minor=over)


def _take(shipment: Shipment, stock: Stock, part: _Part, fx: FxRate, now: datetime) -> tuple[int, int]:
    """Takes units off a locked row; their goods and inbound value in the order's currency."""
    merchant_id, event_key = shipment.merchant_id, f"shipped:{shipment.pk}"
    row = Stock.objects.of(merchant_id).get(pk=stock.pk)  # an earlier part may have taken of it
    goods = _share(row.goods_value_minor, part.quantity, row.on_hand, fx)
    inbound = _share(row.inbound_value_minor, part.quantity, row.on_hand, fx)
    if goods.over_minor or inbound.over_minor:
        rest = Posting(
            variant_id=row.variant_id, waterfall=Waterfall(goods=-goods.over_minor, inbound=-inbound.over_minor)
        )
        event = Revalued(
            key=f"rounded:{event_key}:{part.line.pk}", at=now, dims=base_dims(merchant_id), postings=(rest,)
        )
        record(event, merchant_id=merchant_id, now=now)
    units = Units(
        quantity=-part.quantity,
        goods_minor=-goods.base_minor - goods.over_minor,
        inbound_minor=-inbound.base_minor - inbound.over_minor,
        promised=part.quantity,
    )
    change(row, MoveKind.SHIPPED, units, reference=f"parcel {shipment.number}", event_key=event_key, now=now)
    return goods.posted_minor, inbound.posted_minor


def frozen_rate(order: Order) -> FxRate:
    """The order's currency in base currency, as of the day it was placed."""
    return FxRate(
        base=order.currency,
        quote=order.base_currency,
        rate_e9=order.fx_e9,
        on=order.fx_on,
        source="the order's frozen rate",
    )


def deliver(*, merchant_id: int, shipment_id: int, at: datetime | None = None, by: User | None, now: datetime) -> None:
    """A parcel has arrived (`at`: when its carrier says so); said twice it has arrived once."""
    arrived = min(at or now, now)
    with transaction.atomic():
        order = locked(merchant_id, _shipment(merchant_id, shipment_id).order_id)
        parcels = Shipment.objects.of(merchant_id).filter(order=order).exclude(cash__state=CashState.REFUSED)
        if not parcels.filter(pk=shipment_id).exists():
            return  # what was refused at the door came back to us
        others = parcels.exclude(pk=shipment_id).filter(delivered_at=None).exists()
        completes = order.status == OrderStatus.SHIPPED and not others
        event = Delivered(
            key=f"delivered:{shipment_id}",
            at=arrived,
            dims=dims_of(order),
            shipment_id=shipment_id,
            completes=completes,
        )
        if record(event, merchant_id=merchant_id, now=now) is None:
            return
        parcels.filter(pk=shipment_id).update(delivered_at=arrived)
        collect(merchant_id, {shipment_id: arrived}, now=now)
        audit(by, "order.deliver", f"order {order.number}", merchant_id=merchant_id, now=now)


def deliver_many(*, merchant_id: int, arrivals: Mapping[int, datetime], now: datetime) -> int:
    """Parcels (id → when) whose carriers say they arrived, in one transaction; how many were new. None of them twice.

    What `deliver` does for one, without a person behind it. Refuses WrongStatus, and then books none of them.
    """
    with transaction.atomic():
        told = Shipment.objects.of(merchant_id).filter(pk__in=arrivals, delivered_at=None)
        told = told.exclude(cash__state=CashState.REFUSED)  # what came back to us did not arrive
        wanted = sorted(set(told.values_list("order_id", flat=True)))
        rows = Order.objects.of(merchant_id).select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
        orders = {order.pk: order for order in rows}
        away: dict[int, list[int]] = {}
        under_way = Shipment.objects.of(merchant_id).filter(order_id__in=wanted, delivered_at=None)
        under_way = under_way.exclude(cash__state=CashState.REFUSED).order_by("pk")
        for shipment_id, order_id in under_way.values_list("pk", "order_id"):
            away.setdefault(order_id, []).append(shipment_id)
        events: list[Delivered] = []
        for order_id, parcels in sorted(away.items()):
            here = [parcel for parcel in parcels if parcel in arrivals]
            all_of_it = orders[order_id].status == OrderStatus.SHIPPED and len(here) == len(parcels)
            events += [
                Delivered(
                    key=f"delivered:{parcel}",
                    at=min(arrivals[parcel], now),
                    dims=dims_of(orders[order_id]),
                    shipment_id=parcel,
                    completes=all_of_it and parcel == here[-1],
                )
                for parcel in here
            ]
        record_many(((merchant_id, event) for event in events), now=now)
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE haitu_shipment SET delivered_at = %s WHERE id = %s AND merchant_id = %s",
                [
                    (connection.ops.adapt_datetimefield_value(event.at), event.shipment_id, merchant_id)
                    for event in events
                ],
            )
        collect(merchant_id, {event.shipment_id: event.at for event in events}, now=now)
    return len(events)


def book_carrier_bill(
    *, merchant_id: int, shipment_id: int, billed_minor: int, currency: str, by: User | None, now: datetime
) -> int:
    """Books the difference between a carrier's bill and what the parcel was expected to cost; in order currency.

    A corrected bill for the same parcel books the difference to the one before; the same bill again books nothing.
    """
    if not 0 <= billed_minor <= MOST_MINOR:
        raise BadBill("A bill is zero or more.", field="billed")
    with transaction.atomic():
        shipment = _shipment(merchant_id, shipment_id)
        order = locked(merchant_id, shipment.order_id)
        shipment.refresh_from_db()
        in_order_currency = convert(billed_minor, exchange_rate(currency, order.currency, on=now.date()))
        earlier = billed_of(order, shipment_id)
        difference = in_order_currency - shipment.quoted_minor - earlier.minor
        if shipment.billed_minor == billed_minor and shipment.billed_currency == currency:
            return 0
        event = CarrierBilled(
            key=f"billed:{shipment_id}:{earlier.bills + 1}",
            at=now,
            dims=dims_of(order),
            shipment_id=shipment_id,
            postings=_variance(order, shipment_id, difference),
        )
        record(event, merchant_id=merchant_id, now=now)
        rows = Shipment.objects.of(merchant_id).filter(pk=shipment_id)
        rows.update(billed_minor=billed_minor, billed_currency=currency)
        changed = {
            "billed_minor": (shipment.billed_minor, billed_minor),
            "currency": (shipment.billed_currency or currency, currency),
        }
        subject = f"parcel {shipment.number}"
        audit(by, "parcel.bill", subject, merchant_id=merchant_id, now=now, change=changed)
    return difference


def _variance(order: Order, shipment_id: int, difference: int) -> tuple[Posting, ...]:
    """The difference over the parcel's lines by what each was expected to cost."""
    sent = next(event for event in shipments_posted(order) if event.shipment_id == shipment_id)
    shares = split(difference, [max(posting.waterfall.last_mile, 0) for posting in sent.postings])
    return tuple(
        Posting(
            line_id=posting.line_id,
            variant_id=posting.variant_id,
            lane_id=posting.lane_id,
            waterfall=Waterfall(last_mile=share),
        )
        for posting, share in zip(sent.postings, shares, strict=True)
        if share
    )


def _shipment(merchant_id: int, shipment_id: int) -> Shipment:
    shipment = Shipment.objects.of(merchant_id).filter(pk=shipment_id).first()
    if shipment is None:
        raise NoSuchShipment("There is no such parcel.")
    return shipment
