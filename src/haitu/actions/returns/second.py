"""Second choice: what came back opened or damaged lies apart from new stock, under a SKU of its own.

A variant of the same product, LANTERN-B beside LANTERN, off sale until somebody puts it on: so nobody who buys a new
one gets an opened one, and stock, prices, listings and the ledger need to know nothing new.
"""

from __future__ import annotations

from datetime import datetime

from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.money import half_up
from haitu.core.returns import WHOLE_BP, Grade
from haitu.models import Merchant, Variant
from haitu.reads.returns import costs_of

LONGEST_SKU = 40
MOST_NAMES = 100
SUFFIX = {Grade.B: "-B", Grade.C: "-C"}


class NoSkuLeft(Refusal):
    """Every name of a second choice is taken by other goods."""

    code = "no_sku_left"


def second_choice(variant: Variant, grade: Grade, *, now: datetime) -> Variant:
    """The variant's second choice of that grade, made when it is the first time."""
    tail = SUFFIX[grade]
    if variant.options.get("condition"):
        return variant  # second choice that came back is no third one
    sku = _free_sku(variant, tail, grade)
    base = Merchant.objects.values_list("base_currency", flat=True).get(pk=variant.merchant_id)
    costs, _ = costs_of(variant.merchant_id, base, on=now.date())
    found, made = Variant.objects.of(variant.merchant_id).get_or_create(
        merchant_id=variant.merchant_id,
        sku=sku,
        defaults={
            "product_id": variant.product_id,
            "options": {**variant.options, "condition": str(grade)},
            "position": variant.position + 1,
            "list_price_minor": half_up(variant.list_price_minor * costs.price_bp(grade), WHOLE_BP),
            "hs_code": variant.hs_code,
            "origin_country": variant.origin_country,
            "tax_category": variant.tax_category,
            "weight_g": variant.weight_g,
            "length_mm": variant.length_mm,
            "width_mm": variant.width_mm,
            "height_mm": variant.height_mm,
            "restrictions": variant.restrictions,
            "assumed": variant.assumed,
            "active": False,
        },
    )
    if made:
        bump(variant.merchant_id)
    return found


def _free_sku(variant: Variant, tail: str, grade: Grade) -> str:
    """LANTERN-B, or LANTERN-B2 where something else has that name already."""
    for nth in range(1, MOST_NAMES):
        end = tail if nth == 1 else f"{tail}{nth}"
        sku = variant.sku[: LONGEST_SKU - len(end)] + end
        named = Variant.objects.of(variant.merchant_id).filter(sku=sku).first()
        options = {**variant.options, "condition": str(grade)}
        if named is None or (named.product_id, named.options) == (variant.product_id, options):
            return sku
    raise NoSkuLeft(f"No SKU is free for the second choice of {variant.sku}.", sku=variant.sku)
