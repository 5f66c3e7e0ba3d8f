"""How reports of orders to ad platforms stand: counts by account, and what was refused with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from haitu.links.ads.conversions import MAKERS, SETTINGS
from haitu.models import AdAccount, Conversion

MOST_ROWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsRow:
    """An account that can report. `counts`: waiting, sent, refused, dropped; `matched`: keys → how many had them."""

    id: int
    name: str
    platform: str
    on_since: datetime | None
    told: str
    counts: Mapping[str, int]
    matched: Mapping[str, int]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One report that is not sent: of which order, where it stands and why."""

    order_id: int
    number: str
    account: str
    kind: str
    state: str
    told: str
    tries: int
    due_at: datetime


def reports(merchant_id: int) -> tuple[ReportsRow, ...]:
    """The accounts whose platforms take reports; three queries."""
    accounts = AdAccount.objects.of(merchant_id).filter(platform__in=MAKERS, active=True).order_by("name")
    counts: dict[int, dict[str, int]] = {}
    matched: dict[int, dict[str, int]] = {}
    rows = Conversion.objects.of(merchant_id).values_list("account_id", "state", "matched").annotate(n=Count("pk"))
    for account_id, state, keys, count in rows.order_by():
        its = counts.setdefault(account_id, {})
        its[state] = its.get(state, 0) + count
        for key in keys.split(", ") if state == "sent" and keys else ():
            found = matched.setdefault(account_id, {})
            found[key] = found.get(key, 0) + count
    return tuple(
        ReportsRow(
            id=account.pk,
            name=account.name,
            platform=account.platform,
            on_since=account.reports_from,
            told=account.reported_told,
            counts=counts.get(account.pk, {}),
            matched=dict(sorted(matched.get(account.pk, {}).items())),
            settings={name: str(account.settings.get(name, "")) for name in SETTINGS[account.platform]},
        )
        for account in accounts
    )


def unsent(merchant_id: int, *, search: str = "") -> tuple[ReportRow, ...]:
    """The newest reports that wait, were refused or dropped; by the start of an order's number."""
    rows = Conversion.objects.of(merchant_id).exclude(state="sent").select_related("order", "account")
    if search:
        rows = rows.filter(order__number__startswith=search)
    return tuple(
        ReportRow(
            order_id=row.order_id,
            number=row.order.number,
            account=row.account.name,
            kind=row.kind,
            state=row.state,
            told=row.told,
            tries=row.tries,
            due_at=row.due_at,
        )
        for row in rows.order_by("-changed_at", "-pk")[:MOST_ROWS]
    )
