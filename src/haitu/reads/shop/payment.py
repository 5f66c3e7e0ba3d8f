"""Where a buyer is sent to pay."""

from __future__ import annotations

from haitu.models import PaymentAccount
from haitu.reads.merchant import ShopMerchant


def payment_door(merchant: ShopMerchant) -> str:
    """The address of the payment provider a new order will use; "" when the merchant has none."""
    rows = PaymentAccount.objects.of(merchant.id).filter(active=True).order_by("id")
    address: str | None = rows.values_list("address", flat=True).first()
    return address or ""
