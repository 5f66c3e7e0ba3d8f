"""A good order of the world, from its placing to the carrier's bill, as the events that actions would post."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db import transaction

from haitu.actions.record import record
from haitu.core.events import CarrierBilled, Dims, Event, Paid, Placed, Posting, Shipped
from haitu.core.landed import Waterfall
from haitu.models import Merchant, Order, OrderLine
from tests.world import NOW, World

QUOTED = Waterfall(price=11_900, tax=1_900, goods=3_000, inbound=400, last_mile=1_250, payment_fee=375, traffic=900)
LEAVING = replace(QUOTED, payment_fee=0)
EUROS_IN_YUAN_E9 = 8_000_000_000


def new_order(
    world: World,
    number: str,
    *,
    market: str = "DE",
    sku: str = "LANTERN",
    channel: str = "google",
    history: bool = False,
) -> Order:
    """Two units for 119.00 euros, not yet paid."""
    order = Order.objects.create(
        merchant=world.merchant,
        token=f"token {number}",
        number=number,
        outlet=world.outlet,
        market=world.markets[market],
        channel=channel,
        language="en",
        currency="EUR",
        goods_minor=11_900,
        shipping_minor=0,
        duty_minor=0,
        tax_minor=1_900,
        total_minor=11_900,
        tax_included=True,
        incoterm="DDP",
        base_currency="CNY",
        fx_e9=EUROS_IN_YUAN_E9,
        fx_on=NOW.date(),
        placed_at=NOW,
        history=history,
    )
    OrderLine.objects.create(
        merchant=world.merchant,
        order=order,
        variant=world.variants[sku],
        lane=world.lanes["LEJ-DE"],
        position=1,
        sku=sku,
        title="two of them",
        quantity=2,
        unit_minor=5_950,
        amount_minor=11_900,
        tax_minor=1_900,
    )
    return order


def dims(order: Order) -> Dims:
    """What the order's entries are filed under."""
    return Dims(
        currency=order.currency,
        base_currency=order.base_currency,
        fx_e9=order.fx_e9,
        order_id=order.pk,
        market_id=order.market_id,
        outlet_id=order.outlet_id,
        channel=order.channel,
    )


def postings(order: Order, waterfall: Waterfall, *, assumed: bool = False) -> tuple[Posting, ...]:
    """One posting for the order's one line."""
    line = order.lines.get()
    return (
        Posting(
            line_id=line.pk, variant_id=line.variant_id, lane_id=line.lane_id, waterfall=waterfall, assumed=assumed
        ),
    )


def life_of(order: Order) -> list[Event]:
    """Placed and paid on the Friday, shipped nine days later, billed by the carrier in the fourth week."""
    here = dims(order)
    return [
        Placed(key=f"placed:{order.pk}", at=NOW, dims=here, postings=postings(order, QUOTED, assumed=True)),
        Paid(
            key=f"paid:{order.pk}",
            at=NOW,
            dims=here,
            amount_minor=11_900,
            fee=postings(order, Waterfall(payment_fee=375)),
        ),
        Shipped(
            key=f"shipped:{order.pk}",
            at=NOW + timedelta(days=9),
            dims=here,
            shipment_id=order.pk,
            postings=postings(order, LEAVING, assumed=True),
            completes=True,
        ),
        CarrierBilled(
            key=f"billed:{order.pk}",
            at=NOW + timedelta(days=20),
            dims=here,
            shipment_id=order.pk,
            postings=postings(order, Waterfall(last_mile=190)),
        ),
    ]


def post(merchant: Merchant, *events: Event) -> list[int | None]:
    """The events' ids; None for those that had been posted before."""
    with transaction.atomic():
        return [record(event, merchant_id=merchant.pk, now=NOW) for event in events]
