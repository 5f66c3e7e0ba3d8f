"""Events of one imagined order, and Hypothesis strategies for any event there is."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

from hypothesis import strategies as st

from haitu.core.events import Cancelled, Dims, Event, Expired, Paid, Placed, Posting, Shipped
from haitu.core.landed import STEPS, Waterfall
from haitu.core.ledger import (
    BILLS,
    CHARGES,
    PAYS,
    RECEIVES,
    REFUNDS,
    RETURNS,
    SHIPS,
    SPENDS,
    TURNS_BACK,
    WORKS_ON_RETURN,
    WRITES_OFF,
    Route,
)

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
EURO_ORDER = Dims(
    currency="EUR", base_currency="CNY", fx_e9=8_000_000_000, order_id=7, market_id=2, outlet_id=1, channel="google"
)
QUOTED = Waterfall(
    price=11_900,
    tax=1_900,
    goods=3_000,
    inbound=400,
    storage=60,
    last_mile=1_250,
    payment_fee=375,
    returns=300,
    traffic=900,
)
LANTERN = Posting(line_id=70, variant_id=5, lane_id=3, waterfall=QUOTED, assumed=True)
LEAVING = Posting(
    line_id=70,
    variant_id=5,
    lane_id=3,
    assumed=True,
    waterfall=Waterfall(price=11_900, tax=1_900, goods=3_000, inbound=400, storage=60, last_mile=1_250, traffic=900),
)
FEE = Posting(line_id=70, variant_id=5, waterfall=Waterfall(payment_fee=375))

PLACED = Placed(key="order 7 placed", at=MONDAY, dims=EURO_ORDER, postings=(LANTERN,))
PAID = Paid(key="order 7 paid", at=MONDAY, dims=EURO_ORDER, amount_minor=11_900, fee=(FEE,), account="sandbox")
SHIPPED = Shipped(
    key="shipment 9",
    at=MONDAY + timedelta(days=8),
    dims=EURO_ORDER,
    shipment_id=9,
    postings=(LEAVING,),
    completes=True,
)

ROUTES: dict[str, Route] = {
    "Paid": PAYS,
    "RefusedAtDoor": TURNS_BACK,
    "Shipped": SHIPS,
    "CarrierBilled": BILLS,
    "Refunded": REFUNDS,
    "Returned": RETURNS,
    "ReturnCharged": WORKS_ON_RETURN,
    "FeeCharged": CHARGES,
    "SpendBooked": SPENDS,
    "Received": RECEIVES,
    "WrittenOff": WRITES_OFF,
    "Revalued": WRITES_OFF,
}

amounts = st.integers(-(10**12), 10**12)
ids = st.none() | st.integers(1, 2**40)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001  # zones beside
dimensions = st.builds(
    Dims,
    currency=st.sampled_from(["EUR", "JPY", "KWD", "USD"]),
    base_currency=st.sampled_from(["CNY", "JPY", "KWD"]),
    fx_e9=st.integers(1, 10**13),
    order_id=ids,
    market_id=ids,
    outlet_id=ids,
    channel=st.sampled_from(["", "google", "organic"]),
)


def postings(route: Route | None) -> st.SearchStrategy[tuple[Posting, ...]]:
    """Postings that carry the steps of a route (None: all of them)."""
    steps = STEPS if route is None else [STEPS[step] for step in route]
    signed = dict.fromkeys(steps, amounts)
    if route is REFUNDS:
        signed = {"returns": amounts.map(abs), "tax": amounts.map(lambda amount: -abs(amount))}
    waterfalls = st.fixed_dictionaries({}, optional=signed).map(lambda given: Waterfall(**given))
    posting = st.builds(
        Posting,
        waterfall=waterfalls,
        line_id=ids,
        variant_id=ids,
        lane_id=ids,
        assumed=st.booleans(),
        tax_assumed=st.booleans(),
    )
    return st.lists(posting, max_size=4).map(tuple)


def _of(kind: type[Event]) -> st.SearchStrategy[Any]:
    every: dict[str, st.SearchStrategy[Any]] = {
        "key": st.text(min_size=1, max_size=80),
        "at": moments,
        "dims": dimensions,
        "postings": postings(ROUTES.get(kind.__name__)),
        "fee": postings(PAYS),
        "amount_minor": st.integers(0, 10**12),
        "deposit_minor": st.integers(0, 10**12),
        "account": st.text(max_size=20),
        "told": st.text(max_size=20),
        "settlement": st.text(max_size=20),
        "completes": st.booleans(),
        "arrived": st.booleans(),
        "to_carrier": st.booleans(),
    }
    return st.builds(kind, **{item.name: every.get(item.name, st.integers(1, 2**40)) for item in fields(kind)})


events: st.SearchStrategy[Event] = st.one_of([_of(kind) for kind in get_args(Event)])


def _placed_in_vain(placed: Placed, end: type[Cancelled | Expired]) -> tuple[Event, Event]:
    return placed, end(key="off", at=placed.at, dims=placed.dims, postings=placed.postings)


never_shipped: st.SearchStrategy[tuple[Event, Event]] = st.builds(
    _placed_in_vain, _of(Placed), st.sampled_from([Cancelled, Expired])
)
