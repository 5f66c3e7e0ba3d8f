"""Double entry: an event becomes balanced entries, entries become the waterfall again.

Two books are kept side by side: QUOTED holds what orders were expected to earn when they were placed, ACTUAL what they
did earn. A debit is positive, a credit negative; in each book the entries of an event sum to zero, in the event's
currency and in the merchant's base currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import IntEnum
from typing import NamedTuple, assert_never

from haitu.core.events import (
    Cancelled,
    CarrierBilled,
    CashAgreed,
    Closed,
    Collected,
    Delivered,
    Dims,
    Event,
    Expired,
    FeeCharged,
    Paid,
    PaymentFailed,
    Placed,
    Posting,
    Received,
    Refunded,
    RefusedAtDoor,
    Remitted,
    ReturnCharged,
    Returned,
    Revalued,
    Revived,
    Shipped,
    SpendBooked,
    WrittenOff,
)
from haitu.core.landed import STEPS, Waterfall
from haitu.core.money import half_up, minor_units


class Book(IntEnum):
    """Expected, or happened."""

    QUOTED = 1
    ACTUAL = 2


class Account(IntEnum):
    """1 to 12 are the steps of the waterfall in their order, 13 is stock lost or found: together profit and loss.

    From 20 on: what is owned and owed. DEPOSIT is what buyers paid for goods that have not left; a debit balance is
    what they owe us. CARRIER_CASH is what carriers collected at the door and have not handed over. QUOTE
    is the other side of every quoted figure.
    """

    PRICE = 1
    TAX = 2
    GOODS = 3
    INBOUND = 4
    DUTY = 5
    IMPORT_VAT = 6
    STORAGE = 7
    LAST_MILE = 8
    OUTLET_FEE = 9
    PAYMENT_FEE = 10
    RETURNS = 11
    TRAFFIC = 12
    SHRINKAGE = 13
    DEPOSIT = 20
    CASH = 21
    TAX_PAYABLE = 22
    INVENTORY = 23
    CARRIER_PAYABLE = 24
    CUSTOMS_PAYABLE = 25
    WAREHOUSE_PAYABLE = 26
    OUTLET_PAYABLE = 27
    SPEND_PAYABLE = 28
    SUPPLIER_PAYABLE = 29
    QUOTE = 30
    CARRIER_CASH = 31


LAST_STEP = Account.TRAFFIC
LAST_PROFIT_AND_LOSS = Account.SHRINKAGE


class NoSuchStep(ValueError):
    """An event carries a step of the waterfall that it does not book: a mistake in the code that made it."""


class EntryRow(NamedTuple):
    """One side of a posting; the row in the database adds the event's id, merchant, order, market, outlet, channel."""

    book: Book
    assumed: bool
    account: Account
    line_id: int | None
    variant_id: int | None
    lane_id: int | None
    week: int
    currency: str
    amount_minor: int
    base_minor: int


Route = Mapping[int, tuple[Account, Account]]  # step → where it is booked, and against what


def _route(**steps: tuple[Account, Account]) -> Route:
    return {STEPS.index(step): accounts for step, accounts in steps.items()}


def _earned(**against: Account) -> Route:
    """Each step on its own account."""
    return {STEPS.index(step): (Account(STEPS.index(step) + 1), account) for step, account in against.items()}


QUOTES = _earned(**dict.fromkeys(STEPS, Account.QUOTE))
SHIPS = _earned(
    price=Account.DEPOSIT,
    tax=Account.TAX_PAYABLE,
    goods=Account.INVENTORY,
    inbound=Account.INVENTORY,
    duty=Account.CUSTOMS_PAYABLE,
    import_vat=Account.CUSTOMS_PAYABLE,
    storage=Account.WAREHOUSE_PAYABLE,
    last_mile=Account.CARRIER_PAYABLE,
    outlet_fee=Account.OUTLET_PAYABLE,
    traffic=Account.SPEND_PAYABLE,
)
PAYS = _earned(payment_fee=Account.CASH)
COLLECTS = _earned(payment_fee=Account.CARRIER_CASH)
TURNS_BACK = _earned(
    price=Account.DEPOSIT,
    tax=Account.TAX_PAYABLE,
    outlet_fee=Account.OUTLET_PAYABLE,
    payment_fee=Account.CARRIER_CASH,
)
BILLS = _earned(last_mile=Account.CARRIER_PAYABLE)
REFUNDS = _earned(returns=Account.CASH, tax=Account.TAX_PAYABLE)
RETURNS = _earned(
    goods=Account.INVENTORY,
    inbound=Account.INVENTORY,
    returns=Account.INVENTORY,
    last_mile=Account.CARRIER_PAYABLE,
)
LABELS_RETURN = _earned(returns=Account.CARRIER_PAYABLE)
WORKS_ON_RETURN = _earned(returns=Account.WAREHOUSE_PAYABLE)
CHARGES = _earned(outlet_fee=Account.OUTLET_PAYABLE, payment_fee=Account.CASH)
SPENDS = _earned(traffic=Account.SPEND_PAYABLE)
RECEIVES = _route(
    goods=(Account.INVENTORY, Account.SUPPLIER_PAYABLE),
    inbound=(Account.INVENTORY, Account.CARRIER_PAYABLE),
)
WRITES_OFF = _route(
    goods=(Account.SHRINKAGE, Account.INVENTORY),
    inbound=(Account.SHRINKAGE, Account.INVENTORY),
)


def entries_for(event: Event) -> tuple[EntryRow, ...]:  # noqa: C901, PLR0911, PLR0912  # an arm an event
    """The entries of an event, balanced in each book. An event that moves no value has none."""
    match event:
        case Placed() | Revived() | CashAgreed():
            return _book(event, Book.QUOTED, event.postings, QUOTES)
        case Cancelled() | Expired():
            return _book(event, Book.QUOTED, event.postings, QUOTES, sign=-1)
        case Paid():
            return _transfer(event, Account.CASH, Account.DEPOSIT, event.amount_minor) + _actual(event, event.fee, PAYS)
        case Collected():
            owed = _transfer(event, Account.CARRIER_CASH, Account.DEPOSIT, event.amount_minor)
            return owed + _actual(event, event.fee, COLLECTS)
        case Remitted():
            return _transfer(event, Account.CASH, Account.CARRIER_CASH, event.remitted_minor)
        case RefusedAtDoor():
            return _actual(event, event.postings, TURNS_BACK)
        case Shipped():
            return _actual(event, event.postings, SHIPS)
        case CarrierBilled():
            return _actual(event, event.postings, BILLS)
        case Refunded():
            back = _transfer(event, Account.DEPOSIT, Account.CASH, event.deposit_minor)
            return back + _actual(event, event.postings, REFUNDS)
        case Returned():
            return _actual(event, event.postings, RETURNS)
        case ReturnCharged():
            return _actual(event, event.postings, LABELS_RETURN if event.to_carrier else WORKS_ON_RETURN)
        case FeeCharged():
            return _actual(event, event.postings, CHARGES)
        case SpendBooked():
            return _actual(event, event.postings, SPENDS)
        case Received():
            return _actual(event, event.postings, RECEIVES)
        case WrittenOff():
            return _actual(event, event.postings, WRITES_OFF)
        case Revalued():
            return _book(event, Book.ACTUAL, event.postings, WRITES_OFF, sign=-1)
        case PaymentFailed() | Delivered() | Closed():
            return ()
        case _:
            assert_never(event)


def _actual(event: Event, postings: tuple[Posting, ...], route: Route) -> tuple[EntryRow, ...]:
    return _book(event, Book.ACTUAL, postings, route)


def _book(
    event: Event, book: Book, postings: tuple[Posting, ...], route: Route, *, sign: int = 1
) -> tuple[EntryRow, ...]:
    """One entry a step and posting, and one entry for each account they are booked against.

    The other side takes the sum of the converted amounts, not the converted sum, so both currencies balance exactly.
    """
    week, currency = week_of(event.at.date()), event.dims.currency
    numerator, denominator = _to_base(event.dims)
    rows: list[EntryRow] = []
    against: dict[Account, list[int]] = {}
    for posting in postings:
        # What the buyer pays is a fact; tax is one unless it is said to be assumed.
        assumed = (False, posting.tax_assumed, *(posting.assumed,) * 10)
        line_id, variant_id, lane_id = posting.line_id, posting.variant_id, posting.lane_id
        for step, value in enumerate(posting.waterfall.as_list()):
            if not value:
                continue
            if step not in route:
                raise NoSuchStep(f"{type(event).__name__} books no {STEPS[step]}; {value} was given")
            account, other = route[step]
            amount = -sign * value if step == 0 else sign * value
            base = half_up(amount * numerator, denominator)
            rows.append(
                EntryRow(book, assumed[step], account, line_id, variant_id, lane_id, week, currency, amount, base)
            )
            sums = against.setdefault(other, [0, 0])
            sums[0] -= amount
            sums[1] -= base
    for other, (amount, base) in against.items():
        if amount or base:
            rows.append(EntryRow(book, False, other, None, None, None, week, currency, amount, base))
    return tuple(rows)


def _transfer(event: Event, debit: Account, credit: Account, amount: int) -> tuple[EntryRow, ...]:
    """An amount from one account to another, without profit or loss."""
    if not amount:
        return ()
    week, currency = week_of(event.at.date()), event.dims.currency
    numerator, denominator = _to_base(event.dims)
    base = half_up(amount * numerator, denominator)
    return (
        EntryRow(Book.ACTUAL, False, debit, None, None, None, week, currency, amount, base),
        EntryRow(Book.ACTUAL, False, credit, None, None, None, week, currency, -amount, -base),
    )


def _to_base(dims: Dims) -> tuple[int, int]:
    """Numerator and denominator that turn minor units of the event's currency into minor units of base."""
    return dims.fx_e9 * minor_units(dims.base_currency), 10**9 * minor_units(dims.currency)


def waterfall(entries: Iterable[EntryRow], *, book: Book = Book.ACTUAL, in_base: bool = False) -> Waterfall:
    """The steps of one book's entries summed, in their own currency (one for all of them) or in base."""
    sums = [0] * len(STEPS)
    currencies = set()
    for entry in entries:
        if entry.book == book and entry.account <= LAST_STEP:
            sums[entry.account - 1] += entry.base_minor if in_base else entry.amount_minor
            currencies.add(entry.currency)
    if len(currencies) > 1 and not in_base:
        raise ValueError(f"entries in {', '.join(sorted(currencies))} have no sum but in base currency")
    sums[0] = -sums[0]
    return Waterfall.from_list(sums)


def contribution(entries: Iterable[EntryRow], *, book: Book = Book.ACTUAL) -> int:
    """What a book's entries earned, in minor units of base; stock lost or found counts."""
    return -sum(entry.base_minor for entry in entries if entry.book == book and entry.account <= LAST_PROFIT_AND_LOSS)


def week_of(day: date) -> int:
    """The number of a day's week, Monday to Sunday, counted from 1 January of the year 1, a Monday."""
    return (day.toordinal() - 1) // 7


def monday_of(week: int) -> date:
    """The first day of a week."""
    return date.fromordinal(week * 7 + 1)
