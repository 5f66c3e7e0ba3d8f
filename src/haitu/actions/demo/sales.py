"""Sales of the past become orders with their events, through the same door as live trade, in bulk."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction

from haitu.actions.demo.ids import take_ids
from haitu.actions.demo.past import CURRENCY, Place, Sold, moved, runs
from haitu.actions.record import record_many
from haitu.actions.record.rows import moment
from haitu.core.events import Delivered, Event, Paid, Placed, Posting, Shipped
from haitu.core.landed import STEPS, Waterfall
from haitu.models import Order, OrderLine

DELIVERY = timedelta(days=3)
INVOICES_A_TRANSACTION = 250
FEE = STEPS.index("payment_fee")

_ORDER = """
    INSERT INTO haitu_order (
        id, merchant_id, token, number, outlet_id, market_id, customer_id, status, channel, language, email, name,
        phone, address, currency, goods_minor, shipping_minor, duty_minor, tax_minor, total_minor, tax_included,
        incoterm, base_currency, fx_e9, fx_on, quote, paid_minor, refunded_minor, history, placed_at
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, 'pending', 'direct', 'en', '', %s,
        '', '{}', %s, %s, %s, 0, 0, %s, %s, 'DDP', %s, 1000000000, %s, '{}', 0, 0, %s, %s)
"""
_LINE = """
    INSERT INTO haitu_orderline (
        id, merchant_id, order_id, variant_id, position, sku, title, quantity, shipped, returned, unit_minor,
        amount_minor, tax_rate_bp, tax_minor, duty_minor, hs_code, origin_country, quoted
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, 0, 0, 0, '', '', '[]')
"""

Lines = dict[str, tuple[int, Sequence[int]]]  # invoice number → order id, line ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A sale of the past: its lines are the rows from `start` to `stop` of Sold."""

    number: str
    at: datetime
    country: str
    customer: int | None
    start: int
    stop: int
    goods_minor: int
    postage_minor: int

    @property
    def total_minor(self) -> int:
        """What was paid."""
        return self.goods_minor + self.postage_minor


def load_sales(sold: Sold, *, now: datetime, progress: Callable[[int], object]) -> Lines:
    """Orders, lines and events of all sales. An invoice already there is passed over: a killed run can go on."""
    known = _known_lines(sold.place.merchant_id)
    invoices = _invoices(sold)
    while some := list(islice(invoices, INVOICES_A_TRANSACTION)):
        new = [invoice for invoice in some if invoice.number not in known]
        with transaction.atomic():
            known |= _write(new, sold)
            record_many(_owned(new, known, sold), now=now)
        progress(some[-1].stop)
    return known


def _known_lines(merchant_id: int) -> Lines:
    known: dict[str, tuple[int, list[int]]] = {}
    rows = OrderLine.objects.of(merchant_id).filter(order__history=True).order_by("order_id", "position")
    for number, order_id, line_id in rows.values_list("order__number", "order_id", "pk").iterator():
        known.setdefault(number, (order_id, []))[1].append(line_id)
    return dict(known)


def _invoices(sold: Sold) -> Iterator[Invoice]:
    columns = ("invoice", "at", "country", "customer", "postage", "amount")
    numbers, times, countries, customers, postage, amounts = (sold.goods[name].to_list() for name in columns)
    for start, stop in runs(numbers):
        yield Invoice(
            number=numbers[start],
            at=moved(times[start], sold.weeks),
            country=countries[start],
            customer=customers[start],
            start=start,
            stop=stop,
            goods_minor=sum(amounts[start:stop]),
            postage_minor=postage[start],
        )


def _write(new: Sequence[Invoice], sold: Sold) -> Lines:
    """Inserts the orders and their lines; the ids they got."""
    ids = iter(take_ids(OrderLine, sum(invoice.stop - invoice.start for invoice in new)))
    written: Lines = {}
    orders: list[tuple[Any, ...]] = []
    lines: list[tuple[Any, ...]] = []
    for order_id, invoice in zip(take_ids(Order, len(new)), new, strict=True):
        its_ids = list(islice(ids, invoice.stop - invoice.start))
        written[invoice.number] = (order_id, its_ids)
        orders.append(_order_row(order_id, invoice, sold.place))
        lines += _line_rows(order_id, its_ids, invoice, sold)
    with connection.cursor() as cursor:
        cursor.executemany(_ORDER, orders)
        cursor.executemany(_LINE, lines)
    return written


def _order_row(order_id: int, invoice: Invoice, place: Place) -> tuple[Any, ...]:
    buyer = f"Customer {invoice.customer}" if invoice.customer else ""
    return (
        *(order_id, place.merchant_id, secrets.token_urlsafe(18), invoice.number, place.outlet_id),
        *(place.markets[invoice.country], place.customers.get(invoice.customer or 0), buyer),
        *(CURRENCY, invoice.goods_minor, invoice.postage_minor, invoice.total_minor, False, place.base_currency),
        *(invoice.at.date(), True, moment(invoice.at)),
    )


def _line_rows(order_id: int, ids: Sequence[int], invoice: Invoice, sold: Sold) -> Iterator[tuple[Any, ...]]:
    table = sold.goods[invoice.start : invoice.stop].select("sku", "quantity", "price_minor", "amount")
    for position, (line_id, row) in enumerate(zip(ids, table.iter_rows(), strict=True)):
        sku, quantity, price_minor, amount_minor = row
        piece = sold.pieces[sku]
        yield (
            *(line_id, sold.place.merchant_id, order_id, piece.variant_id, position, sku, piece.title),
            *(quantity, quantity, price_minor, amount_minor),
        )


def _owned(new: Sequence[Invoice], known: Lines, sold: Sold) -> Iterator[tuple[int, Event]]:
    for invoice in new:
        for event in _events(invoice, *known[invoice.number], sold):
            yield sold.place.merchant_id, event


def _events(invoice: Invoice, order_id: int, line_ids: Sequence[int], sold: Sold) -> Iterator[Event]:
    """Placed without a quote, paid and sent with the invoice, delivered three days later (the data does not say)."""
    dims, number, at = sold.place.dims(invoice.country, order_id), invoice.number, invoice.at
    sent, fees = _postings(invoice, line_ids, sold)
    yield Placed(key=f"history:placed:{number}", at=at, dims=dims)
    yield Paid(
        key=f"history:paid:{number}", at=at, dims=dims, amount_minor=invoice.total_minor, fee=fees, account="history"
    )
    yield Shipped(key=f"history:shipped:{number}", at=at, dims=dims, shipment_id=0, postings=sent, completes=True)
    yield Delivered(key=f"history:delivered:{number}", at=at + DELIVERY, dims=dims, shipment_id=0, completes=True)


def _postings(invoice: Invoice, line_ids: Sequence[int], sold: Sold) -> tuple[tuple[Posting, ...], tuple[Posting, ...]]:
    """What left with the goods, and the payment fee, a posting a line."""
    sent, fees = [], []
    skus = sold.goods["sku"][invoice.start : invoice.stop].to_list()
    for line_id, sku, fall in zip(line_ids, skus, sold.falls[invoice.start : invoice.stop].tolist(), strict=True):
        fee_minor, fall[FEE] = fall[FEE], 0
        of_line: dict[str, Any] = {"line_id": line_id, "variant_id": sold.pieces[sku].variant_id, "assumed": True}
        sent.append(Posting(waterfall=Waterfall.from_list(fall), tax_assumed=True, **of_line))
        fees.append(Posting(waterfall=Waterfall(payment_fee=fee_minor), **of_line))
    return tuple(sent), tuple(fees)
