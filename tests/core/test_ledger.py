"""Every event balances, and the waterfall comes out of the entries as it went into the event."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given

from haitu.core.events import (
    CarrierBilled,
    Dims,
    Event,
    FeeCharged,
    Posting,
    Received,
    Refunded,
    ReturnCharged,
    Returned,
    Revalued,
    WrittenOff,
)
from haitu.core.landed import STEPS, Waterfall
from haitu.core.ledger import (
    Account,
    Book,
    EntryRow,
    NoSuchStep,
    contribution,
    entries_for,
    monday_of,
    waterfall,
    week_of,
)
from tests.core.ledger_cases import EURO_ORDER, LEAVING, MONDAY, PAID, PLACED, QUOTED, SHIPPED, events, never_shipped


def _balances(entries: tuple[EntryRow, ...]) -> dict[str, int]:
    """Account → sum in the order's currency, accounts at zero left out."""
    sums: dict[str, int] = defaultdict(int)
    for entry in entries:
        sums[entry.account.name] += entry.amount_minor
    return {account: amount for account, amount in sums.items() if amount}


def test_the_accounts_of_the_waterfall_are_its_steps_in_order() -> None:
    assert [account.name.lower() for account in Account][:12] == list(STEPS)


@given(events)
def test_every_event_balances_in_each_book_in_its_currency_and_in_base(event: Event) -> None:
    sums = {book: [0, 0] for book in Book}
    for entry in entries_for(event):
        sums[entry.book][0] += entry.amount_minor
        sums[entry.book][1] += entry.base_minor
    assert sums == {Book.QUOTED: [0, 0], Book.ACTUAL: [0, 0]}


@given(never_shipped)
def test_an_order_that_never_shipped_leaves_nothing_behind(pair: tuple[Event, Event]) -> None:
    sums: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for event in pair:
        for entry in entries_for(event):
            at = (entry.account, entry.line_id, entry.variant_id, entry.lane_id, entry.assumed)
            sums[at][0] += entry.amount_minor
            sums[at][1] += entry.base_minor
    assert all(left == [0, 0] for left in sums.values())


@given(events)
def test_the_waterfall_of_the_entries_is_the_sum_of_the_postings(event: Event) -> None:
    postings = getattr(event, "postings", ()) + getattr(event, "fee", ())
    total = sum((posting.waterfall for posting in postings), Waterfall())
    entries = entries_for(event)
    if isinstance(event, Received | WrittenOff | Revalued):  # value in stock: no step of any sale
        assert waterfall(entries) == Waterfall()
    elif any(entry.book == Book.QUOTED for entry in entries):
        quoted = waterfall(entries, book=Book.QUOTED)
        assert quoted in {total, -total}
    else:
        assert waterfall(entries) == total


@given(events)
def test_contribution_is_the_waterfalls_last_line_less_what_stock_lost(event: Event) -> None:
    entries = entries_for(event)
    lost = sum(entry.base_minor for entry in entries if entry.account == Account.SHRINKAGE)
    assert contribution(entries) == waterfall(entries, in_base=True).contribution - lost


def test_placing_fills_the_quoted_book_only() -> None:
    entries = entries_for(PLACED)
    assert {entry.book for entry in entries} == {Book.QUOTED}
    assert waterfall(entries, book=Book.QUOTED) == QUOTED
    assert waterfall(entries) == Waterfall()


def test_paying_earns_nothing_but_the_providers_fee() -> None:
    assert _balances(entries_for(PAID)) == {"CASH": 11_900 - 375, "DEPOSIT": -11_900, "PAYMENT_FEE": 375}


def test_shipping_earns_the_sale_and_owes_its_costs() -> None:
    assert _balances(entries_for(SHIPPED)) == {
        "PRICE": -11_900,
        "DEPOSIT": 11_900,
        "TAX": 1_900,
        "TAX_PAYABLE": -1_900,
        "GOODS": 3_000,
        "INBOUND": 400,
        "INVENTORY": -3_400,
        "STORAGE": 60,
        "WAREHOUSE_PAYABLE": -60,
        "LAST_MILE": 1_250,
        "CARRIER_PAYABLE": -1_250,
        "TRAFFIC": 900,
        "SPEND_PAYABLE": -900,
    }


def test_an_order_paid_and_shipped_owes_its_buyer_nothing() -> None:
    both = entries_for(PAID) + entries_for(SHIPPED)
    assert "DEPOSIT" not in _balances(both)
    assert waterfall(both).contribution == 11_900 - 1_900 - 3_000 - 400 - 60 - 1_250 - 900 - 375
    assert contribution(both) == waterfall(both).contribution * 8  # eight yuan a euro


def test_a_carriers_bill_books_the_difference_and_leaves_the_quote_alone() -> None:
    dearer = Posting(line_id=70, variant_id=5, lane_id=3, waterfall=Waterfall(last_mile=190))
    bill = CarrierBilled(key="bill 1", at=MONDAY, dims=EURO_ORDER, shipment_id=9, postings=(dearer,))
    all_entries = entries_for(PLACED) + entries_for(SHIPPED) + entries_for(bill)
    assert waterfall(all_entries, book=Book.QUOTED).last_mile == 1_250
    assert waterfall(all_entries).last_mile == 1_440
    assert _balances(entries_for(bill)) == {"LAST_MILE": 190, "CARRIER_PAYABLE": -190}


def test_a_refund_leaves_in_the_charged_currency_at_the_orders_rate() -> None:
    dims = Dims(currency="HUF", base_currency="EUR", fx_e9=2_500_000, order_id=8)
    back = Posting(line_id=80, waterfall=Waterfall(returns=40_000, tax=-8_504))
    refund = Refunded(key="refund 1", at=MONDAY, dims=dims, refund_id=1, postings=(back,))
    assert refund.amount_minor == 40_000
    assert [
        (entry.account.name, entry.currency, entry.amount_minor, entry.base_minor) for entry in entries_for(refund)
    ] == [
        ("TAX", "HUF", -8_504, -21),
        ("RETURNS", "HUF", 40_000, 100),
        ("TAX_PAYABLE", "HUF", 8_504, 21),
        ("CASH", "HUF", -40_000, -100),
    ]


def test_a_full_refund_takes_back_all_that_the_sale_earned_but_its_costs() -> None:
    back = Posting(line_id=70, variant_id=5, lane_id=3, waterfall=Waterfall(returns=11_900, tax=-1_900))
    refund = Refunded(key="refund 3", at=MONDAY, dims=EURO_ORDER, refund_id=3, postings=(back,))
    lost = waterfall(entries_for(SHIPPED) + entries_for(refund))
    assert lost.contribution == -(3_000 + 400 + 60 + 1_250 + 900)
    assert "TAX_PAYABLE" not in _balances(entries_for(SHIPPED) + entries_for(refund))


def test_money_for_goods_that_never_left_comes_out_of_the_deposit() -> None:
    refund = Refunded(key="refund 2", at=MONDAY, dims=EURO_ORDER, refund_id=2, deposit_minor=11_900)
    assert _balances(entries_for(PAID) + entries_for(refund)) == {"CASH": -375, "PAYMENT_FEE": 375}


def test_goods_that_came_back_are_stock_again_or_a_loss() -> None:
    restocked = Posting(line_id=70, variant_id=5, waterfall=Waterfall(goods=-3_000, inbound=-400, last_mile=600))
    scrapped = Posting(line_id=70, variant_id=5, waterfall=Waterfall(goods=-3_000, inbound=-400, returns=3_400))
    to_stock = Returned(key="return 1", at=MONDAY, dims=EURO_ORDER, return_id=1, postings=(restocked,))
    to_the_bin = Returned(key="return 2", at=MONDAY, dims=EURO_ORDER, return_id=2, postings=(scrapped,))
    assert _balances(entries_for(to_stock)) == {
        "GOODS": -3_000,
        "INBOUND": -400,
        "INVENTORY": 3_400,
        "LAST_MILE": 600,
        "CARRIER_PAYABLE": -600,
    }
    assert _balances(entries_for(to_the_bin)) == {"GOODS": -3_000, "INBOUND": -400, "RETURNS": 3_400}


def test_the_label_and_the_work_of_a_return_stand_in_returns() -> None:
    cost = (Posting(line_id=70, variant_id=5, waterfall=Waterfall(returns=600)),)
    label = ReturnCharged(key="label", at=MONDAY, dims=EURO_ORDER, case_id=1, postings=cost, to_carrier=True)
    work = ReturnCharged(key="work", at=MONDAY, dims=EURO_ORDER, case_id=1, postings=cost, to_carrier=False)
    assert _balances(entries_for(label)) == {"RETURNS": 600, "CARRIER_PAYABLE": -600}
    assert _balances(entries_for(work)) == {"RETURNS": 600, "WAREHOUSE_PAYABLE": -600}


def test_a_fee_without_an_order_is_booked_at_settlement_level() -> None:
    dims = Dims(currency="USD", base_currency="CNY", fx_e9=7_200_000_000, outlet_id=4)
    lines = (Posting(waterfall=Waterfall(outlet_fee=3_999)), Posting(waterfall=Waterfall(payment_fee=25)))
    fee = FeeCharged(key="settlement 5 line 12", at=MONDAY, dims=dims, postings=lines, settlement="5", told="store fee")
    entries = entries_for(fee)
    assert {entry.line_id for entry in entries} == {None}
    assert _balances(entries) == {"OUTLET_FEE": 3_999, "OUTLET_PAYABLE": -3_999, "PAYMENT_FEE": 25, "CASH": -25}


def test_stock_comes_in_at_its_value_and_what_is_lost_is_no_sale() -> None:
    dims = Dims(currency="CNY", base_currency="CNY")
    lot = (Posting(variant_id=5, waterfall=Waterfall(goods=90_000, inbound=12_000)),)
    broken = (Posting(variant_id=5, waterfall=Waterfall(goods=900, inbound=120)),)
    received = Received(key="lot 1", at=MONDAY, dims=dims, postings=lot)
    written_off = WrittenOff(key="count 1", at=MONDAY, dims=dims, postings=broken)
    assert _balances(entries_for(received)) == {
        "INVENTORY": 102_000,
        "SUPPLIER_PAYABLE": -90_000,
        "CARRIER_PAYABLE": -12_000,
    }
    assert _balances(entries_for(written_off)) == {"SHRINKAGE": 1_020, "INVENTORY": -1_020}
    assert contribution(entries_for(written_off)) == -1_020


def test_what_the_buyer_pays_is_never_an_assumption() -> None:
    marked = {entry.account.name for entry in entries_for(SHIPPED) if entry.assumed}
    assert marked == {"GOODS", "INBOUND", "STORAGE", "LAST_MILE", "TRAFFIC"}
    imported = replace(SHIPPED, postings=(replace(LEAVING, tax_assumed=True),))
    assert {entry.account.name for entry in entries_for(imported) if entry.assumed} == marked | {"TAX"}


def test_a_parcel_that_carries_a_payment_fee_is_a_mistake() -> None:
    wrong = replace(LEAVING, waterfall=QUOTED)
    with pytest.raises(NoSuchStep, match=r"^Shipped books no payment_fee; 375 was given$"):
        entries_for(replace(SHIPPED, postings=(wrong,)))


def test_a_week_begins_on_monday_in_the_zone_the_event_names() -> None:
    assert monday_of(week_of(date(2026, 11, 22))) == date(2026, 11, 16)
    assert monday_of(week_of(date(2026, 11, 23))) == date(2026, 11, 23)
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    in_shanghai = late.astimezone(timezone(timedelta(hours=8)))
    weeks = [entries_for(replace(SHIPPED, at=at))[0].week for at in (late, in_shanghai)]
    assert [monday_of(week) for week in weeks] == [date(2026, 11, 16), date(2026, 11, 23)]


def test_entries_of_two_currencies_add_up_in_base_only() -> None:
    dollars = replace(SHIPPED, dims=replace(EURO_ORDER, currency="USD", fx_e9=7_200_000_000))
    mixed = entries_for(SHIPPED) + entries_for(dollars)
    with pytest.raises(ValueError, match="have no sum but in base currency"):
        waterfall(mixed)
    assert waterfall(mixed, in_base=True).price == 11_900 * 8 + 85_680
