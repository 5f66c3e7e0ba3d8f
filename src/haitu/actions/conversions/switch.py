"""An account's reports: what the platform needs to know, on or off, and once more what it refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.spend.account import secrets_of
from haitu.core.errors import Refusal
from haitu.links.ads.conversions import MAKERS, SECRETS, SETTINGS
from haitu.models import AdAccount, Conversion, ConversionState, User

LONGEST = 80


class NoReports(Refusal):
    """The account cannot report orders; `why` says what is missing."""

    code = "no_reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsDraft:
    """What a person types: on or off, and the settings of SETTINGS."""

    on: bool
    settings: Mapping[str, str] = field(default_factory=dict)


def save_reports(
    *, merchant_id: int, account_id: int, draft: ReportsDraft, by: User | None, now: datetime
) -> AdAccount:
    """Keeps the settings and switches; orders placed before it was switched on are not reported."""
    with transaction.atomic():
        account = AdAccount.objects.of(merchant_id).select_for_update().filter(pk=account_id).first()
        if account is None or account.platform not in MAKERS:
            raise NoReports("There is no such account, or its platform takes no reports.", why="platform")
        given = {name: text.strip()[:LONGEST] for name, text in draft.settings.items()}
        if any(not text.isascii() or not text.replace("-", "").isalnum() for text in given.values() if text):
            raise NoReports("An account's numbers are letters, digits and dashes.", why="settings")
        account.settings = {**(account.settings or {}), **given}
        lacking = [name for name in SETTINGS[account.platform] if not account.settings.get(name)]
        known = secrets_of(account)
        lacking += [name for name in SECRETS[account.platform] if not known.get(name)]
        if draft.on and lacking:
            raise NoReports(f"Still to be entered: {', '.join(lacking)}.", why="missing", missing=", ".join(lacking))
        was = account.reports_from is not None
        if draft.on != was:
            account.reports_from = now if draft.on else None
        account.save(update_fields=["settings", "reports_from"])
        audit(by, "reports.save", f"{account.name}: {'on' if draft.on else 'off'}", merchant_id=merchant_id, now=now)
    return account


def send_again(*, merchant_id: int, account_id: int, by: User | None, now: datetime) -> int:
    """Refused reports of the account wait again, and waiting ones are due now; how many."""
    with transaction.atomic():
        rows = Conversion.objects.of(merchant_id).filter(account_id=account_id)
        again = rows.filter(state=ConversionState.REFUSED).update(
            state=ConversionState.WAITING, due_at=now, tries=0, changed_at=now
        )
        again += rows.filter(state=ConversionState.WAITING, due_at__gt=now).update(due_at=now)
        audit(by, "reports.again", f"{again} reports", merchant_id=merchant_id, now=now)
    return again
