"""A carrier's bill is held against the quote line by line; differences are booked once and claimed."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from openpyxl import Workbook

from haitu.actions import carrier_bills
from haitu.actions.record import audit_ledger
from haitu.core.ledger import Account
from haitu.links.carriers.bill_file import NotABill, parse_bill
from haitu.links.carriers.protocol import InvoiceLine
from haitu.models import CarrierAccount, CarrierInvoice, CarrierInvoiceLine, Entry, Shipment, Verdict
from tests.actions.shipping import LATER, account, parcel
from tests.world import World

MONTH_END = LATER + timedelta(days=12)


def line(waybill: str, minor: int, *, kind: str = "freight", currency: str = "EUR") -> InvoiceLine:
    return InvoiceLine(waybill=waybill, billed_minor=minor, currency=currency, kind=kind)


def sent(world: World, waybill: str, *, cart: str = "cart-1") -> Shipment:
    """A parcel under that waybill."""
    made = parcel(world, cart=cart, units=1)
    Shipment.objects.of(world.merchant.pk).filter(pk=made.pk).update(tracking=waybill)
    made.refresh_from_db()
    return made


def receive(
    world: World, given: CarrierAccount, *lines: InvoiceLine, number: str = "2026-11", currency: str = "EUR"
) -> int:
    return carrier_bills.receive_invoice(
        merchant_id=world.merchant.pk,
        account_id=given.pk,
        number=number,
        currency=currency,
        on=date(2026, 11, 30),
        lines=lines,
        by=world.owner,
        now=MONTH_END,
    )


def verdicts(world: World, invoice_id: int) -> list[tuple[str, str]]:
    rows = CarrierInvoiceLine.objects.of(world.merchant.pk).filter(invoice_id=invoice_id).order_by("position")
    return list(rows.values_list("waybill", "verdict"))


def last_mile(world: World) -> int:
    entries = Entry.objects.of(world.merchant.pk).filter(book=2, account=Account.LAST_MILE)
    return sum(entry.amount_minor for entry in entries)


def test_each_line_gets_its_verdict(world: World) -> None:
    given, one, two = account(world), sent(world, "W1"), sent(world, "W2", cart="cart-2")
    invoice = receive(
        world,
        given,
        line("W1", one.quoted_minor),
        line("W2", two.quoted_minor + 150),
        line("W9", 700),
        line("W2", two.quoted_minor + 150),
        line("W1", 80, kind="remote area"),
    )
    assert verdicts(world, invoice) == [
        ("W1", Verdict.MATCHED),
        ("W2", Verdict.DIFFERING),
        ("W9", Verdict.UNKNOWN),
        ("W2", Verdict.REPEATED),
        ("W1", Verdict.DIFFERING),
    ]


def test_the_difference_is_booked_and_only_once(world: World) -> None:
    given, one, two = account(world), sent(world, "W1"), sent(world, "W2", cart="cart-2")
    before = last_mile(world)
    lines = (line("W1", one.quoted_minor + 150), line("W2", two.quoted_minor), line("W1", 80, kind="fuel"))
    first = receive(world, given, *lines)
    assert last_mile(world) == before + 150 + 80
    assert receive(world, given, *lines) == first
    assert carrier_bills.book(merchant_id=world.merchant.pk, invoice_id=first, by=None, now=MONTH_END) == 0
    assert last_mile(world) == before + 150 + 80
    one.refresh_from_db()
    assert (one.billed_minor, one.billed_currency) == (one.quoted_minor + 230, "EUR")
    assert audit_ledger(world.merchant.pk).problems == ()


def test_unknown_and_repeated_charges_are_not_booked(world: World) -> None:
    given, one = account(world), sent(world, "W1")
    receive(world, given, line("W1", one.quoted_minor))
    before = last_mile(world)
    receive(world, given, line("W1", one.quoted_minor), line("W7", 9_99), number="2026-12")
    assert last_mile(world) == before


def test_a_surcharge_on_a_later_bill_comes_on_top(world: World) -> None:
    given, one = account(world), sent(world, "W1")
    receive(world, given, line("W1", one.quoted_minor))
    before = last_mile(world)
    late = receive(world, given, line("W1", 120, kind="address correction"), number="2026-12")
    assert last_mile(world) == before + 120
    # Held against nothing: what was expected is used up by the first bill's freight.
    assert verdicts(world, late) == [("W1", Verdict.DIFFERING)]
    assert CarrierInvoiceLine.objects.of(world.merchant.pk).get(invoice_id=late).quoted_minor == 0


def test_another_currency_is_matched_to_a_minor_unit(world: World) -> None:
    given, one = account(world), sent(world, "W1")
    in_dollars = (one.quoted_minor * 11 + 5) // 10  # 1.10 USD a euro in this world
    invoice = receive(world, given, line("W1", in_dollars, currency="USD"), currency="USD")
    assert verdicts(world, invoice) == [("W1", Verdict.MATCHED)]


def test_a_bill_of_the_same_number_with_other_lines_is_refused(world: World) -> None:
    given, one = account(world), sent(world, "W1")
    receive(world, given, line("W1", one.quoted_minor))
    with pytest.raises(carrier_bills.InvoiceRepeated):
        receive(world, given, line("W1", one.quoted_minor + 1))
    assert CarrierInvoice.objects.of(world.merchant.pk).count() == 1


def test_a_bill_needs_a_number_lines_and_one_currency(world: World) -> None:
    given = account(world)
    for number, lines in (("", (line("W1", 1),)), ("N", ()), ("N", (line("W1", 1, currency="USD"),))):
        with pytest.raises(carrier_bills.BadInvoice):
            receive(world, given, *lines, number=number)
    assert not CarrierInvoice.objects.of(world.merchant.pk).exists()


def test_what_is_too_much_is_claimed_once(world: World) -> None:
    given, one, two = account(world), sent(world, "W1"), sent(world, "W2", cart="cart-2")
    lines = (line("W1", one.quoted_minor + 150), line("W2", two.quoted_minor - 30), line("W9", 700))
    invoice = receive(world, given, *lines)
    claim = {"merchant_id": world.merchant.pk, "invoice_id": invoice, "by": world.owner, "now": MONTH_END}
    assert carrier_bills.claim(**claim) == 2  # type: ignore[arg-type]
    assert carrier_bills.claim(**claim) == 0  # type: ignore[arg-type]
    claimed = CarrierInvoiceLine.objects.of(world.merchant.pk).exclude(claimed_at=None).order_by("position")
    assert [(row.waybill, carrier_bills.claimable_minor(row)) for row in claimed] == [("W1", 150), ("W9", 700)]


def test_nobody_bills_or_claims_for_another_merchant(world: World) -> None:
    given, one = account(world), sent(world, "W1")
    invoice = receive(world, given, line("W1", one.quoted_minor + 150))
    with pytest.raises(carrier_bills.NoSuchInvoice):
        carrier_bills.claim(merchant_id=world.other.pk, invoice_id=invoice, by=world.stranger, now=MONTH_END)
    with pytest.raises(carrier_bills.NoSuchInvoice):
        carrier_bills.book(merchant_id=world.other.pk, invoice_id=invoice, by=world.stranger, now=MONTH_END)


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_chinese_csv_is_read_with_rows_and_problems() -> None:
    heading = "运单号,费用类型,计费重,应收金额,备注\n"
    text = heading + 'W1,运费,1.25,"1,012.345",标快\nW2,运费,重,3.00,\n,运费,1,2,\n\nW3,,2,x,\n'
    lines, problems = parse_bill("bill.csv", text.encode("gb18030"), "CNY")
    assert lines == (
        InvoiceLine(waybill="W1", billed_minor=101_235, currency="CNY", kind="运费", told="标快", weight_g=1_250),
    )
    assert [(problem.line, problem.column) for problem in problems] == [(3, "weight_kg"), (4, "waybill"), (6, "amount")]


def test_a_workbook_is_read_like_a_csv() -> None:
    book = Workbook()
    for cells in (["Tracking number", "Amount", "Weight_g"], ["W1", 12.3, 640]):
        book.active.append(cells)
    raw = io.BytesIO()
    book.save(raw)
    lines, problems = parse_bill("bill.xlsx", raw.getvalue(), "EUR")
    assert (lines, problems) == ((InvoiceLine(waybill="W1", billed_minor=1_230, currency="EUR", weight_g=640),), ())


@pytest.mark.parametrize(
    ("name", "raw"), [("a.csv", b""), ("a.csv", b"one,two\n1,2\n"), ("a.xlsx", b"no workbook"), ("a.xlsx", b"")]
)
def test_what_is_no_bill_is_refused(name: str, raw: bytes) -> None:
    with pytest.raises(NotABill):
        parse_bill(name, raw, "EUR")
