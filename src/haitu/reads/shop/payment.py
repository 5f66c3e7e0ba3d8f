"""Where a buyer is sent to pay."""

from __future__ import annotations

from haitu.reads.merchant import ShopMerchant
from haitu.reads.shop.rows import kept

_ADDRESS = "SELECT address FROM haitu_paymentaccount WHERE merchant_id = %s AND active ORDER BY id LIMIT 1"


def takes_cards(merchant: ShopMerchant) -> bool:
    """Whether there is anybody to pay at: a shop may live on cash at the door alone."""
    return bool(kept(merchant, _ADDRESS, [merchant.id]))


def payment_door(merchant: ShopMerchant) -> str:
    """The address of the payment provider a new order will use; "" when the merchant has none."""
    found = kept(merchant, _ADDRESS, [merchant.id])
    return str(found[0][0]) if found else ""
