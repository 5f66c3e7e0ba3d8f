"""A person decides under which code of the Harmonized System a SKU is declared."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.catalog import NoSuchProduct
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.models import User, Variant
from haitu.reads.hs import index


class NoSuchHsCode(Refusal):
    """The Harmonized System has no such code."""

    code = "no_such_hs_code"


def confirm_hs_code(*, merchant_id: int, variant_id: int, hs_code: str, by: User | None, now: datetime) -> None:
    """From now on the SKU is quoted and declared under the code; orders placed before keep the one they have."""
    digits = hs_code.replace(".", "").replace(" ", "")
    if not digits.isdigit() or not 6 <= len(digits) <= 10 or index().known(digits[:6]) is None:
        raise NoSuchHsCode(f"{hs_code!r} is no code of the Harmonized System.", field="hs_code", given=hs_code)
    with transaction.atomic():
        variant = Variant.objects.of(merchant_id).select_for_update().filter(pk=variant_id).first()
        if variant is None:
            raise NoSuchProduct("There is no such variant.", field="variant")
        if variant.hs_code == digits:
            return
        Variant.objects.of(merchant_id).filter(pk=variant.pk).update(hs_code=digits)
        bump(merchant_id)
        change = {"hs_code": (variant.hs_code, digits)}
        audit(by, "variant.hs", variant.sku, merchant_id=merchant_id, now=now, change=change)
