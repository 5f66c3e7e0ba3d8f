"""Orders whose way is shut are sent otherwise without a person, as far as the merchant said: in time, and cheaply."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.reroute import reroute
from haitu.core.errors import Refusal
from haitu.models import Merchant, User

MOST_MINOR = 10**9


class BadLimit(Refusal):
    """A limit is zero or more, or none."""

    code = "bad_limit"


def set_unasked(*, merchant_id: int, up_to_minor: int | None, by: User | None, now: datetime) -> None:
    """How much an order may lose (base currency) to be sent otherwise by itself; None: a person is always asked."""
    if up_to_minor is not None and not 0 <= up_to_minor <= MOST_MINOR:
        raise BadLimit("A limit is zero or more.", field="up_to")
    with transaction.atomic():
        row = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        before = row.reroute_up_to_minor
        Merchant.objects.filter(pk=merchant_id).update(reroute_up_to_minor=up_to_minor)
        change = {"reroute_up_to_minor": (before, up_to_minor)}
        audit(by, "reroute.unasked", row.slug, merchant_id=merchant_id, now=now, change=change)


def send_unasked(*, now: datetime) -> int:
    """For every merchant that allows it; how many orders. Safe twice at once, and to be killed: see actions.reroute."""
    allowed = Merchant.objects.exclude(reroute_up_to_minor=None).values_list("pk", "reroute_up_to_minor")
    return sum(
        reroute(merchant_id=merchant_id, by=None, now=now, unasked_minor=up_to).orders
        for merchant_id, up_to in allowed.order_by("pk")
    )
