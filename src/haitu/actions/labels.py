"""Labels: wanted first, bought outside of any transaction, kept afterwards. A failure leaves a wanted label, or none.

1. A row is written: this parcel wants this label under this reference (one living label a parcel, says the database).
2. The carrier is asked, with no lock held and no transaction open. Where a repeat is harmless anybody may ask again:
   the same reference is the same waybill. Where it is not (`Carrier.repeats`), the first who asks claims it.
3. The answer is written down: bought, or refused in the carrier's words. Silence leaves it wanted, to be asked again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from haitu.actions.audit import audit
from haitu.actions.carriers import account_of, carrier_of
from haitu.actions.order import locked
from haitu.core.errors import Refusal
from haitu.links.carriers.protocol import (
    BadCarrierAnswer,
    CarrierRefused,
    CarrierSilent,
    NotOffered,
    ParcelWanted,
    from_json,
    to_json,
)
from haitu.links.carriers.protocol import Label as Bought
from haitu.models import CarrierAccount, Label, LabelState, Shipment, User, Waybill
from haitu.reads.parcel import wanted_of

log = logging.getLogger(__name__)
LIVING = (LabelState.WANTED, LabelState.BOUGHT)
ASK_AGAIN_AFTER = timedelta(seconds=60)
MOST_TRIES = 50
LONGEST_REFERENCE = 40


class NoSuchParcel(Refusal):
    """The merchant has no such parcel."""

    code = "no_such_shipment"


class NoSuchLabel(Refusal):
    """The merchant has no such label."""

    code = "no_such_label"


class OutcomeUnknown(Refusal):
    """The carrier was asked, its answer got lost, and asking again might buy twice: look at the carrier's own pages."""

    code = "outcome_unknown"


class LabelUsed(Refusal):
    """The carrier has the parcel already; its label cannot be cancelled any more."""

    code = "label_used"


class OtherAccount(Refusal):
    """A label of another account is wanted for this parcel; wait for it or give it up."""

    code = "other_account"


def buy(
    *,
    merchant_id: int,
    shipment_id: int,
    account_id: int,
    service: str = "",
    box: ParcelWanted | None = None,
    by: User | None,
    now: datetime,
) -> int:
    """The parcel's label, bought if it has none; its id. Said twice it is bought once.

    Refuses what the carrier refuses (then the parcel has no label), and CarrierSilent, BadCarrierAnswer or
    OutcomeUnknown (then it has a wanted one).
    """
    shipment, account = _shipment(merchant_id, shipment_id), account_of(merchant_id, account_id)
    label = _want(shipment, account, service=service, box=box, now=now)
    if label.state == LabelState.BOUGHT:
        return int(label.pk)
    ask(label, by=by, now=now)
    return int(label.pk)


def _want(
    shipment: Shipment, account: CarrierAccount, *, service: str, box: ParcelWanted | None, now: datetime
) -> Label:
    """The parcel's living label, or a new wanted one."""
    merchant_id = shipment.merchant_id
    with transaction.atomic():
        locked(merchant_id, shipment.order_id)
        rows = Label.objects.of(merchant_id).filter(shipment=shipment)
        living = rows.filter(state__in=LIVING).select_related("account__merchant").first()
        if living is not None and living.state == LabelState.WANTED and living.account_id != account.pk:
            raise OtherAccount("A label of another account is wanted for this parcel; give it up first.")
        if living is not None:
            return living
        reference = _reference(shipment, rows.count())
        wanted = wanted_of(shipment, account, reference=reference, service=service, box=box)
        return Label.objects.create(
            merchant_id=merchant_id,
            account=account,
            shipment=shipment,
            reference=reference,
            wanted=to_json(wanted),
            created_at=now,
            changed_at=now,
        )


def _reference(shipment: Shipment, earlier: int) -> str:
    """The parcel's number; with a count behind it once a label was voided, for a voided reference is used up."""
    tail = f".{earlier + 1}" if earlier else ""
    return shipment.number[: LONGEST_REFERENCE - len(tail)] + tail


def ask(label: Label, *, by: User | None, now: datetime) -> None:
    """Asks the carrier for a wanted label and keeps the answer."""
    carrier = carrier_of(label.account)
    rows = Label.objects.of(label.merchant_id).filter(pk=label.pk, state=LabelState.WANTED)
    claimed = rows if carrier.repeats else rows.filter(tries=0)
    if not claimed.update(tries=F("tries") + 1, changed_at=now):
        if rows.exists():
            raise OutcomeUnknown("The carrier was asked and its answer is not known; look at the carrier's own pages.")
        return
    try:
        wanted = from_json(label.wanted)
        if wanted.cash_minor and not carrier.collects:
            raise NotOffered("This carrier's interface takes no amount to collect at the door.", part="cash")
        bought = carrier.buy_label(wanted)
    except (CarrierRefused, NotOffered) as no:
        rows.update(state=LabelState.REFUSED, told=no.told[:200], changed_at=now)
        raise
    except (CarrierSilent, BadCarrierAnswer) as no:
        rows.update(told=no.told[:200], changed_at=now)
        raise
    keep(label, bought, by=by, now=now)


def keep(label: Label, bought: Bought, *, by: User | None, now: datetime) -> None:
    """Writes a bought label down: its picture, its waybill, the parcel's tracking number."""
    with transaction.atomic():
        order = locked(label.merchant_id, label.shipment.order_id)
        rows = Label.objects.of(label.merchant_id).filter(pk=label.pk, state=LabelState.WANTED)
        changed = rows.update(
            state=LabelState.BOUGHT,
            waybill=bought.waybill[:60],
            format=bought.format,
            content=bought.content or None,
            cost_minor=bought.cost_minor,
            cost_currency=bought.cost_currency,
            told="",
            changed_at=now,
        )
        if not changed:
            return
        _watch(label, bought.waybill[:60], now)
        Shipment.objects.of(label.merchant_id).filter(pk=label.shipment_id).update(tracking=bought.waybill[:60])
        change = {"label": ("", bought.waybill)}
        audit(by, "label.buy", f"order {order.number}", merchant_id=label.merchant_id, now=now, change=change)


def _watch(label: Label, number: str, now: datetime) -> None:
    """The waybill's row; a push may have made it before us."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO haitu_waybill (merchant_id, account_id, number, shipment_id, state, created_at)
            VALUES (%s, %s, %s, %s, '', %s)
            ON CONFLICT (account_id, number) DO UPDATE SET shipment_id = excluded.shipment_id
            """,
            [
                *(label.merchant_id, label.account_id, number, label.shipment_id),
                connection.ops.adapt_datetimefield_value(now),
            ],
        )


def void(*, merchant_id: int, label_id: int, by: User | None, now: datetime) -> None:
    """Cancels a bought label; one that is cancelled already stays so. Refuses LabelUsed, and what carriers refuse."""
    label = _label(merchant_id, label_id)
    if label.state == LabelState.VOIDED:
        return
    if label.state != LabelState.BOUGHT:
        raise NoSuchLabel("There is no bought label to cancel.")
    seen = Waybill.objects.of(merchant_id).filter(account=label.account, number=label.waybill).first()
    if seen and seen.state not in ("", "announced"):
        raise LabelUsed("The carrier has this parcel already.", state=seen.state)
    carrier_of(label.account).void(label.waybill, label.reference)
    with transaction.atomic():
        order = locked(merchant_id, label.shipment.order_id)
        rows = Label.objects.of(merchant_id).filter(pk=label.pk, state=LabelState.BOUGHT)
        if not rows.update(state=LabelState.VOIDED, changed_at=now):
            return
        parcel = Shipment.objects.of(merchant_id).filter(pk=label.shipment_id, tracking=label.waybill)
        parcel.update(tracking="")
        Waybill.objects.of(merchant_id).filter(account=label.account, number=label.waybill).update(shipment=None)
        change = {"label": (label.waybill, "")}
        audit(by, "label.void", f"order {order.number}", merchant_id=merchant_id, now=now, change=change)


def give_up(*, merchant_id: int, label_id: int, by: User | None, now: datetime) -> None:
    """A person says that a wanted label was not bought, so that another may be."""
    label = _label(merchant_id, label_id)
    with transaction.atomic():
        rows = Label.objects.of(merchant_id).filter(pk=label.pk, state=LabelState.WANTED)
        if rows.update(state=LabelState.REFUSED, told="given up", changed_at=now):
            subject = f"parcel {label.shipment.number}"
            audit(by, "label.give_up", subject, merchant_id=merchant_id, now=now)


def ask_again(*, now: datetime, limit: int = 20) -> int:
    """Asks again for labels whose carrier was silent, where that is harmless; how many were bought now."""
    waiting = Label.everyone.filter(
        state=LabelState.WANTED, changed_at__lte=now - ASK_AGAIN_AFTER, tries__lt=MOST_TRIES
    ).select_related("account__merchant", "shipment")
    bought = 0
    for label in list(waiting.order_by("changed_at")[:limit]):
        try:
            if carrier_of(label.account).repeats:
                ask(label, by=None, now=now)
                bought += 1
        except Refusal as no:
            log.warning("label %s: %s", label.pk, no.told)
    return bought


def _shipment(merchant_id: int, shipment_id: int) -> Shipment:
    rows = Shipment.objects.of(merchant_id).select_related("order__market", "warehouse")
    shipment = rows.filter(pk=shipment_id, order__history=False).first()
    if shipment is None:
        raise NoSuchParcel("There is no such parcel.")
    return shipment


def _label(merchant_id: int, label_id: int) -> Label:
    rows = Label.objects.of(merchant_id).select_related("account__merchant", "shipment")
    label = rows.filter(pk=label_id).first()
    if label is None:
        raise NoSuchLabel("There is no such label.")
    return label
