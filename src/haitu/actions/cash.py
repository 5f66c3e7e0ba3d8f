"""Cash on delivery: agreed when ordering, asked for on the label, owed by the carrier once the buyer has paid.

Said twice it happens once: an order is agreed by one row, a parcel asks for money by one row, and each event's key
holds the order's or the parcel's id. See docs/ledger.md for what is booked when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction

from haitu.actions.letters import write
from haitu.actions.order import dims_of, lines_of, locked, placed_postings
from haitu.actions.paid import fee_over
from haitu.actions.record import record
from haitu.core.cash import CashNotOffered, CashTerms, agreed
from haitu.core.events import CashAgreed, Collected, OrderStatus, Posting
from haitu.core.landed import Waterfall
from haitu.models import CashOrder, CashParcel, CashState, Order, OrderLine, Payment, Shipment
from haitu.reads.cash import agreed_terms, cash_terms
from haitu.reads.merchant import by_id


def agree(*, merchant_id: int, order_id: int, now: datetime) -> bool:
    """Lets an order that waits for its payment leave to be paid at the door; False when it was agreed before.

    Refuses CashNotOffered: then the order waits on, to be paid otherwise.
    """
    merchant = by_id(merchant_id)
    with transaction.atomic():
        order = locked(merchant_id, order_id)
        if CashOrder.objects.of(merchant_id).filter(order=order).exists():
            return False
        postings = placed_postings(order)
        if merchant is None or order.status != OrderStatus.PENDING or not postings:
            raise CashNotOffered("This order cannot be paid at the door.")
        terms = cash_terms(merchant, order.market.country, on=now.date())
        changes = _changes(order, postings, terms)
        used = {str(posting.lane_id): asdict(terms[posting.lane_id]) for posting in postings if posting.lane_id}
        CashOrder.objects.create(merchant_id=merchant_id, order=order, terms=used, agreed_at=now)
        event = CashAgreed(key=f"cash_agreed:{order.pk}", at=now, dims=dims_of(order), postings=changes)
        record(event, merchant_id=merchant_id, now=now)
        _write_quotes(order, changes)
        Payment.objects.of(merchant_id).filter(order=order, intent="", status="pending").delete()  # never begun
        Order.objects.of(merchant_id).filter(pk=order.pk).update(expires_at=None)
        write(order, "accepted", "", now=now)
    return True


def _changes(order: Order, postings: Sequence[Posting], terms: Mapping[int, CashTerms]) -> tuple[Posting, ...]:
    """What paying at the door changes of the quote, parcel by parcel."""
    parcels: dict[tuple[int | None, int | None], list[Posting]] = {}
    warehouses = {line.pk: line.warehouse_id for line in lines_of(order)}
    for posting in postings:
        parcels.setdefault((warehouses.get(posting.line_id or 0), posting.lane_id), []).append(posting)
    changes = []
    for (_, lane_id), parcel in parcels.items():
        offer = terms.get(lane_id or 0)
        if offer is None or not offer.takes(sum(posting.waterfall.price for posting in parcel), order.currency):
            raise CashNotOffered("Not every parcel of this order can be paid at the door.")
        for posting, change in zip(parcel, agreed(tuple(p.waterfall for p in parcel), offer), strict=True):
            changes.append(
                Posting(
                    line_id=posting.line_id,
                    variant_id=posting.variant_id,
                    lane_id=posting.lane_id,
                    waterfall=change,
                    assumed=True,  # how many are refused is an expectation
                )
            )
    return tuple(changes)


def _write_quotes(order: Order, changes: Sequence[Posting]) -> None:
    """What was quoted stands with the lines too, where pages read it."""
    by_line = {change.line_id: change.waterfall for change in changes}
    for line in lines_of(order):
        if line.quoted and line.pk in by_line:
            quoted = Waterfall.from_list(line.quoted) + by_line[line.pk]
            OrderLine.objects.of(order.merchant_id).filter(pk=line.pk).update(quoted=quoted.as_list())


def ask_at_door(order: Order, shipment: Shipment, postings: Sequence[Posting], *, now: datetime) -> None:
    """Notes what a parcel that leaves unpaid is to collect; nothing for an order that is paid.

    Refuses CashNotOffered where its lane collects nothing: it was sent another way than agreed.
    """
    terms = agreed_terms(order.merchant_id, order.pk)
    amount_minor = sum(posting.waterfall.price for posting in postings)
    if terms is None or amount_minor <= 0:
        return
    offer = terms.get(shipment.lane_id) or _offered_now(order, shipment.lane_id, now)
    if offer is None or not offer.takes(amount_minor, order.currency):
        raise CashNotOffered("The parcel's lane does not collect so much at the door.", field="lane")
    CashParcel.objects.create(
        merchant_id=order.merchant_id,
        shipment=shipment,
        order=order,
        carrier=shipment.lane.carrier,
        currency=order.currency,
        amount_minor=amount_minor,
        fee_minor=offer.fee(amount_minor),
        refusal_fee_minor=offer.refusal_fee_minor,
        remittance_days=offer.remittance_days,
    )


def _offered_now(order: Order, lane_id: int, now: datetime) -> CashTerms | None:
    merchant = by_id(order.merchant_id)
    return cash_terms(merchant, order.market.country, on=now.date()).get(lane_id) if merchant else None


def collect(merchant_id: int, arrivals: Mapping[int, datetime], *, now: datetime) -> int:
    """Parcels (id → when) arrived, so their money was taken: owed by the carrier from now on. How many.

    Inside the transaction that books the arrival, with the orders locked.
    """
    rows = CashParcel.objects.of(merchant_id).filter(shipment_id__in=arrivals, state=CashState.WAITING)
    parcels = list(rows.select_related("order").order_by("pk"))
    for parcel in parcels:
        at = min(arrivals[parcel.shipment_id], now)
        event = Collected(
            key=f"collected:{parcel.shipment_id}",
            at=at,
            dims=dims_of(parcel.order),
            shipment_id=parcel.shipment_id,
            amount_minor=parcel.amount_minor,
            fee=fee_over(_prices(parcel), parcel.fee_minor),
        )
        record(event, merchant_id=merchant_id, now=now)
        due_on = at.date() + timedelta(parcel.remittance_days)
        rows.filter(pk=parcel.pk).update(state=CashState.OWED, collected_at=at, due_on=due_on)
    return len(parcels)


def _prices(parcel: CashParcel) -> list[tuple[int, int | None, int | None, int]]:
    """The parcel's lines (id, variant, lane, price), to share its fee by."""
    packed = parcel.shipment.lines.select_related("line").order_by("pk")
    return [
        (
            each.line_id,
            each.line.variant_id,
            each.line.lane_id,
            Waterfall.from_list(each.line.quoted or [each.line.amount_minor] + [0] * 11)
            .part(0, each.quantity, each.line.quantity)
            .price,
        )
        for each in packed
    ]
