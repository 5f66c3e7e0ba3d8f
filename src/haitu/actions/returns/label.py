"""The label of the way back: wanted first, bought outside of any transaction, kept afterwards, as actions.labels does.

A carrier that is silent or refuses leaves the return as it is: open, with the way of sending it by own means.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef

from haitu.actions.audit import audit
from haitu.actions.carriers import carrier_of
from haitu.actions.labels import MOST_TRIES, LabelUsed, OutcomeUnknown
from haitu.actions.letters import write
from haitu.actions.order import dims_of, locked
from haitu.actions.record import record
from haitu.core.errors import Refusal
from haitu.core.events import Posting, ReturnCharged, from_payload
from haitu.core.landed import Waterfall
from haitu.core.money import convert, split
from haitu.links.carriers.protocol import (
    BadCarrierAnswer,
    CarrierRefused,
    CarrierSilent,
    Label,
    NotOffered,
    from_json,
    to_json,
)
from haitu.models import (
    CaseState,
    Event,
    Order,
    ReturnCase,
    ReturnLabel,
    ReturnLabelState,
    ReturnPiece,
    ReturnSite,
    User,
    Waybill,
)
from haitu.reads.exchange import exchange_rate
from haitu.reads.return_parcel import wanted_back

log = logging.getLogger(__name__)
ASK_AGAIN_AFTER = timedelta(seconds=60)
LIVING = (ReturnLabelState.WANTED, ReturnLabelState.BOUGHT)
ROLLING = ("picked_up", "in_transit", "customs", "customs_held", "out_for_delivery", "attempt_failed", "delivered")


class NoReturnLabel(Refusal):
    """No carrier takes returns of this market for us: it is sent by own means."""

    code = "no_return_label"


def buy(*, merchant_id: int, case_id: int, now: datetime) -> int:
    """The return's label, bought if it has none; its id. However often it is asked for, it is bought once.

    Refuses NoReturnLabel, what the carrier refuses, and CarrierSilent, BadCarrierAnswer or OutcomeUnknown.
    """
    label = _want(merchant_id, case_id, now)
    if label.state != ReturnLabelState.BOUGHT:
        request(label, now=now)
    return int(label.pk)


def _want(merchant_id: int, case_id: int, now: datetime) -> ReturnLabel:
    """The return's living label, or a new wanted one."""
    with transaction.atomic():
        case, order = locked_case(merchant_id, case_id)
        rows = ReturnLabel.objects.of(merchant_id).filter(case=case)
        living = rows.filter(state__in=LIVING).select_related("account__merchant", "case").first()
        if living is not None:
            return living
        site = ReturnSite.objects.of(merchant_id).filter(market_id=order.market_id).select_related("account").first()
        usable = site is not None and site.account is not None and site.account.active
        if case.state != CaseState.APPROVED or site is None or site.account is None or not usable:
            raise NoReturnLabel("No carrier takes this return for us; it is sent by own means.")
        earlier = rows.count()
        reference = f"{case.number[:37]}.{earlier + 1}" if earlier else case.number[:40]
        pieces = list(
            ReturnPiece.objects.of(merchant_id).filter(case=case).select_related("line__variant").order_by("pk")
        )
        wanted = wanted_back(order, case, pieces, reference=reference, service=site.service)
        return ReturnLabel.objects.create(
            merchant_id=merchant_id,
            case=case,
            account=site.account,
            reference=reference,
            wanted=to_json(wanted),
            created_at=now,
            changed_at=now,
        )


def locked_case(merchant_id: int, case_id: int) -> tuple[ReturnCase, Order]:
    """The return and its order, the order held until the transaction ends."""
    found = ReturnCase.objects.of(merchant_id).filter(pk=case_id).values_list("order_id", flat=True).first()
    if found is None:
        raise NoSuchReturn("There is no such return.")
    order = locked(merchant_id, found)
    return ReturnCase.objects.of(merchant_id).select_related("warehouse").get(pk=case_id), order


class NoSuchReturn(Refusal):
    """The merchant has no such return."""

    code = "no_such_return"


def request(label: ReturnLabel, *, now: datetime) -> None:
    """Asks the carrier for a wanted label, with no lock held, and keeps the answer."""
    carrier = carrier_of(label.account)
    rows = ReturnLabel.objects.of(label.merchant_id).filter(pk=label.pk, state=ReturnLabelState.WANTED)
    claimed = rows if carrier.repeats else rows.filter(tries=0)
    if not claimed.update(tries=F("tries") + 1, changed_at=now):
        if rows.exists():
            raise OutcomeUnknown("The carrier was asked and its answer is not known; look at the carrier's own pages.")
        return
    try:
        bought = carrier.buy_label(from_json(label.wanted))
    except (CarrierRefused, NotOffered) as no:
        rows.update(state=ReturnLabelState.REFUSED, told=no.told[:200], changed_at=now)
        raise
    except (CarrierSilent, BadCarrierAnswer) as no:
        rows.update(told=no.told[:200], changed_at=now)
        raise
    keep(label, bought, now=now)


def keep(label: ReturnLabel, bought: Label, *, now: datetime) -> None:
    """Writes a bought label down, its cost into the ledger, and to the buyer that it is there; once."""
    with transaction.atomic():
        order = locked(label.merchant_id, label.case.order_id)
        rows = ReturnLabel.objects.of(label.merchant_id).filter(pk=label.pk, state=ReturnLabelState.WANTED)
        changed = rows.update(
            state=ReturnLabelState.BOUGHT,
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
        if bought.cost_minor:
            _charge(order, label, bought.cost_minor, bought.cost_currency or order.currency, now)
        write(order, "return_label", str(label.case_id), now=now)


def _watch(label: ReturnLabel, number: str, now: datetime) -> None:
    """The waybill's row, so that its scans are asked for; it belongs to no parcel that left."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO haitu_waybill (merchant_id, account_id, number, shipment_id, state, created_at)
            VALUES (%s, %s, %s, NULL, '', %s)
            ON CONFLICT (account_id, number) DO NOTHING
            """,
            [label.merchant_id, label.account_id, number, connection.ops.adapt_datetimefield_value(now)],
        )


def _charge(order: Order, label: ReturnLabel, cost_minor: int, currency: str, now: datetime) -> None:
    cost = cost_minor
    if currency != order.currency:
        cost = convert(cost_minor, exchange_rate(currency, order.currency, on=now.date()))
    charge(order, label.case, cost, key=f"return_label:{label.pk}", to_carrier=True, now=now)


def charge(
    order: Order, case: ReturnCase, minor: int, *, key: str, to_carrier: bool, now: datetime, assumed: bool = False
) -> None:
    """Books what a return costs, in the order's currency, an equal part to each of its pieces."""
    pieces = list(ReturnPiece.objects.of(order.merchant_id).filter(case=case).select_related("line").order_by("pk"))
    postings = tuple(
        Posting(
            line_id=piece.line_id,
            variant_id=piece.line.variant_id,
            lane_id=piece.line.lane_id,
            waterfall=Waterfall(returns=part),
            assumed=assumed,
        )
        for piece, part in zip(pieces, split(minor, [1] * len(pieces)), strict=True)
        if part
    )
    event = ReturnCharged(
        key=key, at=now, dims=dims_of(order), case_id=case.pk, postings=postings, to_carrier=to_carrier
    )
    record(event, merchant_id=order.merchant_id, now=now)


def void(*, merchant_id: int, case_id: int, by: User | None, now: datetime) -> None:
    """Cancels the return's bought label at its carrier and takes its cost back; one that has none stays so.

    Refuses LabelUsed once the carrier has scanned it, and what the carrier refuses.
    """
    rows = ReturnLabel.objects.of(merchant_id).filter(case_id=case_id, state=ReturnLabelState.BOUGHT)
    label = rows.select_related("account__merchant", "case").first()
    if label is None:
        return
    waybill = Waybill.objects.of(merchant_id).filter(account=label.account, number=label.waybill)
    if waybill.exclude(state__in=("", "announced")).exists():
        raise LabelUsed("The carrier has this parcel already.")
    carrier_of(label.account).void(label.waybill, label.reference)
    with transaction.atomic():
        order = locked(merchant_id, label.case.order_id)
        if not rows.filter(pk=label.pk).update(state=ReturnLabelState.VOIDED, changed_at=now):
            return
        booked = charged(merchant_id, f"return_label:{label.pk}")
        if booked:
            charge(order, label.case, -booked, key=f"return_label_void:{label.pk}", to_carrier=True, now=now)
        change = {"label": (label.waybill, "")}
        subject = f"return {label.case.number}"
        audit(by, "return.label_void", subject, merchant_id=merchant_id, now=now, change=change)


def charged(merchant_id: int, key: str) -> int:
    """What was booked under that key, in the order's currency."""
    kept = Event.objects.of(merchant_id).filter(key=key).values_list("kind", "payload").first()
    event = from_payload(*kept) if kept else None
    return sum(posting.waterfall.returns for posting in event.postings) if isinstance(event, ReturnCharged) else 0


# The clock ---------------------------------------------------------------------------------------------------
def ask_again(*, now: datetime, limit: int = 20) -> int:
    """Asks again for labels whose carrier was silent, where that is harmless; how many were bought now."""
    waiting = ReturnLabel.everyone.filter(
        state=ReturnLabelState.WANTED, changed_at__lte=now - ASK_AGAIN_AFTER, tries__lt=MOST_TRIES
    ).select_related("account__merchant", "case")
    bought = 0
    for label in list(waiting.order_by("changed_at")[:limit]):
        try:
            if carrier_of(label.account).repeats:
                request(label, now=now)
                bought += 1
        except Refusal as no:
            log.warning("return label %s: %s", label.pk, no.told)
    return bought


def follow(*, now: datetime, limit: int = 500) -> int:
    """Returns whose label the carrier has scanned are on their way; how many."""
    scanned = Waybill.everyone.filter(account_id=OuterRef("account_id"), number=OuterRef("waybill"), state__in=ROLLING)
    labels = ReturnLabel.everyone.filter(state=ReturnLabelState.BOUGHT, case__state=CaseState.APPROVED)
    found = list(labels.filter(Exists(scanned)).order_by("pk").values_list("merchant_id", "case_id")[:limit])
    moved = 0
    for merchant_id, case_id in found:
        cases = ReturnCase.objects.of(merchant_id).filter(pk=case_id, state=CaseState.APPROVED)
        moved += cases.update(state=CaseState.ON_WAY, sent_at=now)
    return moved
