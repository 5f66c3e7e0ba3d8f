"""Suppliers, and what is ordered from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.core.money import exponent
from haitu.models import (
    Inbound,
    InboundStatus,
    PurchaseLine,
    PurchaseOrder,
    PurchaseStatus,
    Supplier,
    User,
    Variant,
)

MOST_LINES = 2_000
MOST_UNITS = 10**8
MOST_MINOR = 10**12
LONGEST_DAYS = 730


class NoSuchSupplier(Refusal):
    """The merchant has no such supplier."""

    code = "no_such_supplier"


class NoSuchPurchase(Refusal):
    """The merchant has no such purchase order."""

    code = "no_such_purchase"


class BadSupplier(Refusal):
    """A supplier's code, currency or days are not ones that can be kept; the sentence says which."""

    code = "bad_supplier"


class BadPurchase(Refusal):
    """A purchase order has no lines, or a line that cannot be ordered; the sentence says which."""

    code = "bad_purchase"


class PurchaseNotOpen(Refusal):
    """The purchase order is done or cancelled."""

    code = "purchase_not_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierDraft:
    """What the supplier page says; days run from order to departure."""

    code: str
    name: str
    country: str
    currency: str
    days_p50: int = 14
    days_p90: int = 21
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One line to order: units and the price of one, in the supplier's currency."""

    variant_id: int
    quantity: int
    unit_minor: int


def save_supplier(
    *, merchant_id: int, draft: SupplierDraft, supplier_id: int | None = None, by: User | None, now: datetime
) -> int:
    """Makes a supplier or changes one; its id."""
    _check_supplier(draft)
    fields = {name: getattr(draft, name) for name in draft.__dataclass_fields__}
    with transaction.atomic():
        namesake = Supplier.objects.of(merchant_id).filter(code=draft.code).first()
        if namesake is not None and namesake.pk != supplier_id:
            raise BadSupplier(f"There is a supplier {draft.code} already.", field="code", given=draft.code)
        if supplier_id is None:
            row = Supplier.objects.create(merchant_id=merchant_id, **fields)
            audit(by, "supplier.create", row.code, merchant_id=merchant_id, now=now)
            return row.pk
        old = Supplier.objects.of(merchant_id).select_for_update().filter(pk=supplier_id).first()
        if old is None:
            raise NoSuchSupplier("There is no such supplier.")
        change = {name: (getattr(old, name), value) for name, value in fields.items() if getattr(old, name) != value}
        if change:
            Supplier.objects.of(merchant_id).filter(pk=old.pk).update(**fields)
            audit(by, "supplier.save", draft.code, merchant_id=merchant_id, now=now, change=change)
        return old.pk


def order_goods(
    *,
    merchant_id: int,
    supplier_id: int,
    number: str,
    lines: Sequence[Wanted],
    ordered_on: date,
    note: str = "",
    by: User | None,
    now: datetime,
) -> int:
    """Keeps a purchase order; its id. The same number again is refused."""
    number = number.strip()[:40]
    if not number:
        raise BadPurchase("A purchase order has a number.", field="number")
    with transaction.atomic():
        supplier = Supplier.objects.of(merchant_id).filter(pk=supplier_id, active=True).first()
        if supplier is None:
            raise NoSuchSupplier("There is no such supplier.")
        _check_lines(merchant_id, lines)
        try:
            with transaction.atomic():
                order = PurchaseOrder.objects.create(
                    merchant_id=merchant_id,
                    supplier=supplier,
                    number=number,
                    currency=supplier.currency,
                    ordered_on=ordered_on,
                    note=note.strip()[:200],
                )
        except IntegrityError:
            raise BadPurchase(f"There is a purchase order {number} already.", field="number", given=number) from None
        PurchaseLine.objects.bulk_create(
            PurchaseLine(
                merchant_id=merchant_id,
                purchase=order,
                variant_id=line.variant_id,
                quantity=line.quantity,
                unit_minor=line.unit_minor,
            )
            for line in lines
        )
        units = sum(line.quantity for line in lines)
        audit(by, "purchase.create", number, merchant_id=merchant_id, now=now, change={"units": (0, units)})
    return order.pk


def close_purchase(*, merchant_id: int, purchase_id: int, by: User | None, now: datetime) -> PurchaseStatus:
    """No more will come of this order: done if anything of it was sent, else cancelled."""
    with transaction.atomic():
        order = locked_purchase(merchant_id, purchase_id)
        if order.status != PurchaseStatus.OPEN:
            raise PurchaseNotOpen(f"Purchase order {order.number} is {order.status}.", number=order.number)
        afloat = Inbound.objects.of(merchant_id).filter(lines__purchase_line__purchase=order)
        sent = afloat.exclude(status=InboundStatus.CANCELLED).exists()
        status = PurchaseStatus.DONE if sent else PurchaseStatus.CANCELLED
        PurchaseOrder.objects.of(merchant_id).filter(pk=order.pk).update(status=status)
        change = {"status": (order.status, status.value)}
        audit(by, "purchase.close", order.number, merchant_id=merchant_id, now=now, change=change)
    return status


def locked_purchase(merchant_id: int, purchase_id: int) -> PurchaseOrder:
    """The order, locked until the transaction ends."""
    order = PurchaseOrder.objects.of(merchant_id).select_for_update().filter(pk=purchase_id).first()
    if order is None:
        raise NoSuchPurchase("There is no such purchase order.")
    return order


def finish_if_taken(merchant_id: int, purchase_id: int) -> None:
    """An order of which every unit is on its way is done; one that got units back is open again."""
    left = PurchaseLine.objects.of(merchant_id).filter(purchase_id=purchase_id, taken__lt=F("quantity")).exists()
    was, becomes = PurchaseStatus.OPEN, PurchaseStatus.DONE
    if left:
        was, becomes = becomes, was
    PurchaseOrder.objects.of(merchant_id).filter(pk=purchase_id, status=was).update(status=becomes)


def _check_supplier(draft: SupplierDraft) -> None:
    if not draft.code or len(draft.code) > 20 or not draft.name or len(draft.name) > 120:
        raise BadSupplier("A supplier has a code of up to 20 characters and a name of up to 120.", field="code")
    if len(draft.country) != 2 or not draft.country.isupper():
        raise BadSupplier(f"{draft.country!r} is no country code such as CN.", field="country", given=draft.country)
    exponent(draft.currency)
    if not 0 <= draft.days_p50 <= draft.days_p90 <= LONGEST_DAYS:
        raise BadSupplier(
            f"Days run from 0 to {LONGEST_DAYS}, and nine of ten take no less than half do.", field="days_p90"
        )


def _check_lines(merchant_id: int, lines: Sequence[Wanted]) -> None:
    if not 0 < len(lines) <= MOST_LINES:
        raise BadPurchase(f"A purchase order has 1 to {MOST_LINES} lines; {len(lines)} were given.", field="lines")
    variants = {line.variant_id for line in lines}
    if len(variants) != len(lines):
        raise BadPurchase("A SKU stands on one line only.", field="sku")
    for number, line in enumerate(lines, start=1):
        if not 0 < line.quantity <= MOST_UNITS or not 0 <= line.unit_minor <= MOST_MINOR:
            raise BadPurchase(
                f"Line {number}: order 1 to {MOST_UNITS} units at a price of zero or more.",
                field="quantity",
                line=number,
            )
    if Variant.objects.of(merchant_id).filter(pk__in=variants).count() != len(variants):
        raise BadPurchase("One of the SKUs is not yours.", field="sku")
