"""Sends what waits, account by account, outside of any transaction.

Before a row is sent it is put off, so a process that is killed meanwhile loses nothing: the row goes again when it is
next due, under the same event id, and the platform counts it once. What a person has withdrawn since is never sent.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from haitu.actions.conversions.events import events_of
from haitu.actions.spend.account import secrets_of
from haitu.core.errors import Refusal
from haitu.links.ads.conversions import ADDRESSES, MAKERS, platform_of
from haitu.links.ads.conversions.protocol import Platform, Told
from haitu.models import AdAccount, Conversion, ConversionState

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)
GIVES_UP_AFTER = timedelta(days=30)
ADJUSTS_AFTER = timedelta(hours=6)  # Google knows a conversion some hours after it was told
FORGOTTEN = "The person has withdrawn their consent or was forgotten."
REPLACED = "A later refund replaced it."
GIVEN_BACK = "All of it was given back before it was told."


def send_waiting(*, now: datetime) -> int:
    """Sends every merchant's due reports; how many were taken."""
    due = Conversion.everyone.filter(state=ConversionState.WAITING, due_at__lte=now, account__active=True)
    ids = due.exclude(account__reports_from=None).values_list("account_id", flat=True).distinct()
    return sum(_account(account, now) for account in AdAccount.everyone.filter(pk__in=list(ids)).order_by("pk"))


def platform_behind(account: AdAccount) -> Platform:
    """The platform as this account speaks to it; call what it gives outside of transactions only."""
    return platform_of(
        account.platform,
        address=account.address or ADDRESSES[account.platform],
        secrets=secrets_of(account),
        settings=account.settings,
    )


def _account(account: AdAccount, now: datetime) -> int:
    waiting = (
        Conversion.objects.of(account.merchant_id)
        .filter(account=account, state=ConversionState.WAITING, due_at__lte=now)
        .select_related("order", "order__visitor")
        .order_by("pk")
    )
    rows = [row for row in waiting[: MAKERS[account.platform].most] if _still_wanted(row, now)]
    if not rows:
        return 0
    _put_off(rows, now)
    try:
        told = platform_behind(account).send(events_of(account, rows), now=now)
    except Refusal as no:
        log.warning("ad account %s: %s", account.pk, no.told)
        _note(account, no.told)
        return 0
    _note(account, "")
    by_id = {each.id: each for each in told}
    return sum(_write_down(row, by_id[row.event_id], now) for row in rows)


def _still_wanted(row: Conversion, now: datetime) -> bool:
    """Whether it may and should be told; what may not is dropped with the reason."""
    visitor, order = row.order.visitor, row.order
    why = ""
    if visitor is None or not visitor.advertising:
        why = FORGOTTEN
    elif row.kind == "purchase" and row.tries == 0 and order.refunded_minor >= order.paid_minor:
        why = GIVEN_BACK
    elif row.kind != "purchase" and row.value_minor != order.paid_minor - order.refunded_minor:
        why = REPLACED
    if why:
        _rows(row).update(state=ConversionState.DROPPED, told=why, changed_at=now)
    return not why


def _put_off(rows: Sequence[Conversion], now: datetime) -> None:
    """Every row a little longer each time: two minutes, four, eight, at most six hours."""
    for tries in sorted({row.tries for row in rows}):
        pause = min(FIRST_PAUSE * 2 ** min(tries, 12), LONGEST_PAUSE)
        ids = [row.pk for row in rows if row.tries == tries]
        Conversion.objects.of(rows[0].merchant_id).filter(pk__in=ids, state=ConversionState.WAITING).update(
            due_at=now + pause, tries=F("tries") + 1
        )


def _write_down(row: Conversion, told: Told, now: datetime) -> int:
    """1 for a row that the platform has now."""
    states = {"sent": ConversionState.SENT, "refused": ConversionState.REFUSED, "later": ConversionState.WAITING}
    state = states[told.outcome]
    change = {"told": told.why[:200], "matched": ", ".join(told.matched)[:80], "changed_at": now}
    if told.outcome == "later":
        if row.at < now - GIVES_UP_AFTER:
            state = ConversionState.REFUSED
        elif row.kind != "purchase":
            change["due_at"] = now + ADJUSTS_AFTER
    _rows(row).update(state=state, **change)
    return int(state == ConversionState.SENT)


def _rows(row: Conversion) -> Any:
    return Conversion.objects.of(row.merchant_id).filter(pk=row.pk, state=ConversionState.WAITING)


def _note(account: AdAccount, told: str) -> None:
    AdAccount.objects.of(account.merchant_id).filter(pk=account.pk).update(reported_told=told[:200])
