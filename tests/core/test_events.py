"""What can happen to an order, in which order, and that it is written down without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.errors import Refusal
from haitu.core.events import (
    KINDS,
    Cancelled,
    Closed,
    Delivered,
    Dims,
    Event,
    Expired,
    OrderStatus,
    Paid,
    Posting,
    RefundAbovePaid,
    RefundCurrency,
    Refunded,
    Shipped,
    Standing,
    WrongStatus,
    after,
    from_payload,
    in_charged_currency,
    kind_of,
    to_payload,
)
from haitu.core.landed import Waterfall
from tests.core.ledger_cases import EURO_ORDER, MONDAY, PAID, PLACED, SHIPPED, events

ARRIVED = Delivered(key="arrived", at=MONDAY, dims=EURO_ORDER, shipment_id=9, completes=True)
CALLED_OFF = Cancelled(key="called off", at=MONDAY, dims=EURO_ORDER, postings=PLACED.postings)
CLOSED = Closed(key="closed", at=MONDAY, dims=EURO_ORDER, arrived=False)
EXPIRED = Expired(key="expired", at=MONDAY, dims=EURO_ORDER, postings=PLACED.postings)


def _back(amount_minor: int) -> Refunded:
    return Refunded(key="refund", at=MONDAY, dims=EURO_ORDER, refund_id=1, deposit_minor=amount_minor)


def _standing(*happened: Event) -> Standing:
    standing = Standing()
    for event in happened:
        standing = after(standing, event)
    return standing


def test_every_event_has_a_kind_of_its_own() -> None:
    assert set(KINDS.values()) == set(get_args(Event))
    assert {kind_of(event) for event in (PLACED, PAID, SHIPPED)} == {"placed", "paid", "shipped"}


@given(events)
def test_what_is_written_down_is_read_back(event: Event) -> None:
    assert from_payload(kind_of(event), json.loads(json.dumps(to_payload(event)))) == event


def test_an_order_is_placed_paid_shipped_and_delivered() -> None:
    walk: list[Event] = [PLACED, PAID, SHIPPED, ARRIVED]
    assert [_standing(*walk[:steps]).status for steps in range(1, 5)] == ["pending", "paid", "shipped", "delivered"]


def test_an_order_ships_in_parts() -> None:
    first = replace(SHIPPED, key="first", completes=False)
    arrived = replace(ARRIVED, completes=False)
    assert _standing(PLACED, PAID, first).status == OrderStatus.PART_SHIPPED
    assert _standing(PLACED, PAID, first, arrived).status == OrderStatus.PART_SHIPPED
    assert _standing(PLACED, PAID, first, arrived, SHIPPED).status == OrderStatus.SHIPPED


def test_an_order_whose_rest_was_refunded_has_shipped() -> None:
    first = replace(SHIPPED, key="first", completes=False)
    assert _standing(PLACED, PAID, first, CLOSED).status == OrderStatus.SHIPPED
    assert _standing(PLACED, PAID, first, CLOSED, ARRIVED).status == OrderStatus.DELIVERED
    assert _standing(PLACED, PAID, first, replace(CLOSED, arrived=True)).status == OrderStatus.DELIVERED


@pytest.mark.parametrize(
    "happened",
    [
        [PLACED, SHIPPED],
        [PLACED, PAID, EXPIRED],
        [PLACED, PAID, SHIPPED, CALLED_OFF],
        [PLACED, CALLED_OFF, SHIPPED],
        [PLACED, PAID, ARRIVED],
        [PLACED, PAID, CLOSED],
        [PLACED, PAID, SHIPPED, CLOSED],
    ],
    ids=[
        "shipped unpaid",
        "expired though paid",
        "cancelled after it left",
        "shipped though cancelled",
        "arrived first",
        "closed with nothing gone",
        "closed with everything gone",
    ],
)
def test_what_cannot_follow_is_refused(happened: list[Event]) -> None:
    with pytest.raises(WrongStatus):
        _standing(*happened)


def test_money_that_comes_too_late_is_booked_and_the_order_stays_expired() -> None:
    assert _standing(PLACED, EXPIRED, PAID) == Standing(status=OrderStatus.EXPIRED, paid_minor=11_900)


def test_a_refund_never_exceeds_what_was_paid() -> None:
    assert _standing(PLACED, PAID, _back(4_000), _back(7_900)).refunded_minor == 11_900
    with pytest.raises(
        RefundAbovePaid, match=r"^7901 minor units were to be refunded; of the payment 7900 are left\.$"
    ):
        _standing(PLACED, PAID, _back(4_000), _back(7_901))


@given(st.lists(events, max_size=12))
def test_whatever_happens_no_more_is_refunded_than_was_paid(happened: list[Event]) -> None:
    standing = Standing()
    for event in happened:
        try:
            standing = after(standing, event)
        except Refusal:
            continue
        assert not (isinstance(event, Refunded) and standing.refunded_minor > standing.paid_minor)


def test_one_euro_refunded_on_an_order_in_forints_is_its_worth_in_forints() -> None:
    dims = Dims(currency="HUF", base_currency="EUR", fx_e9=2_500_000)  # 400 forints a euro
    assert in_charged_currency(100, "EUR", dims) == 40_000  # minor units: 400.00 forints
    assert in_charged_currency(40_000, "HUF", dims) == 40_000


def test_a_full_refund_is_what_was_charged_whatever_the_merchants_currency_is_today() -> None:
    rupees = Dims(currency="INR", base_currency="USD", fx_e9=11_870_000)
    assert in_charged_currency(9_863_300, "INR", rupees) == 9_863_300


def test_a_refund_in_a_third_currency_is_refused() -> None:
    with pytest.raises(RefundCurrency, match=r"^A refund is given in EUR \(charged\) or CNY, not in USD\.$"):
        in_charged_currency(100, "USD", EURO_ORDER)


def test_a_refunds_tax_is_minus_what_was_owed() -> None:
    wrong = Posting(waterfall=Waterfall(returns=119, tax=19))
    with pytest.raises(ValueError, match="its tax in tax, not above 0"):
        Refunded(key="k", at=MONDAY, dims=EURO_ORDER, refund_id=1, postings=(wrong,))


def test_an_event_names_its_time_zone_and_has_a_key() -> None:
    with pytest.raises(ValueError, match="names its zone"):
        Paid(key="k", at=datetime(2026, 11, 2), dims=EURO_ORDER, amount_minor=1)  # noqa: DTZ001  # that is the point
    with pytest.raises(ValueError, match="1 to 80 characters"):
        Shipped(key="", at=MONDAY, dims=EURO_ORDER, shipment_id=1, postings=(), completes=False)
