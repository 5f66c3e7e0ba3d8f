"""A merchant's version: every change of prices, lanes, taxes or markets raises it, and nothing older is sold by."""

from __future__ import annotations

from django.db.models import F

from haitu.models import Merchant


def bump(merchant_id: int) -> None:
    """Makes every kept Book of this merchant stale; called in the transaction that changes what quotes rest on."""
    Merchant.objects.filter(pk=merchant_id).update(version=F("version") + 1)
