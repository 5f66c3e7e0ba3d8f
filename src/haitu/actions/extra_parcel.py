"""What a parcel beyond the first counts when the ways of a basket are compared: said by the merchant, from a day on."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.models import Merchant, User
from haitu.reads.exchange import exchange_rates

MOST_MINOR = 10**9


class BadExtraParcel(Refusal):
    """A parcel counts nothing or more."""

    code = "bad_extra_parcel"


def set_extra_parcel(
    *, merchant_id: int, minor: int, currency: str, valid_from: date, by: User | None, now: datetime
) -> None:
    """From that day on; a figure that began on the same day is replaced, the others stay as they were.

    Refuses BadExtraParcel, and NoExchangeRate for a currency that could not be compared with.
    """
    if not 0 <= minor <= MOST_MINOR:
        raise BadExtraParcel("A parcel counts nothing or more.", field="minor")
    exchange_rates({currency}, on=now.date())
    said = {"valid_from": valid_from.isoformat(), "minor": minor, "currency": currency, "source": "", "assumed": False}
    with transaction.atomic():
        row = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        others = [given for given in row.extra_parcel if given["valid_from"] != said["valid_from"]]
        kept = sorted([*others, said], key=lambda given: given["valid_from"])
        Merchant.objects.filter(pk=merchant_id).update(extra_parcel=kept)
        bump(merchant_id)
        change = {"extra_parcel": (_told(row.extra_parcel), _told(kept))}
        audit(by, "extra_parcel.set", row.slug, merchant_id=merchant_id, now=now, change=change)


def _told(kept: list[dict[str, object]]) -> str:
    return "; ".join(
        f"{display(int(str(given['minor'])), str(given['currency']))} {given['currency']} from {given['valid_from']}"
        for given in kept
    )
