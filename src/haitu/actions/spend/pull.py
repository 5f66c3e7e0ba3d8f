"""Spend that comes in by itself: each night yesterday, and the thirty days before anew, for platforms restate them.

A pull goes in stretches of thirty days, each its own transaction with its rows, its bookings and how far it came, so
that a pull that is killed goes on there. A report that did not change writes no new pull. What fails is told on the
desk by its code, never by the platform's words alone, and the next hour tries again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from haitu.actions.spend.account import secrets_of
from haitu.actions.spend.book import book
from haitu.actions.spend.file import account_of, locked, today_of
from haitu.actions.spend.keep import replace
from haitu.actions.spend.settle import settle
from haitu.core.errors import Refusal
from haitu.links.ads.google import Google
from haitu.links.ads.lines import Line
from haitu.links.ads.meta import Meta
from haitu.links.ads.protocol import AdsAccount, SpendReports
from haitu.links.ads.tiktok import TikTok
from haitu.models import AdAccount, Merchant, SpendFile, SpendFileState, User

CLIENTS: dict[str, Callable[[AdsAccount], SpendReports]] = {"google": Google, "meta": Meta, "tiktok": TikTok}
AGAIN_DAYS = 30
FIRST_DAYS = 90
PULLED_TO = "pulled_to"
EVERY = timedelta(hours=20)
AFTER_FAILURE = timedelta(hours=1)
KEPT_LINES = timedelta(days=14)


class NotConnected(Refusal):
    """The account has no address, no secrets or no client: it lives by files."""

    code = "bad_ad_account"


def pull_due(*, now: datetime) -> int:
    """Pulls every account that is connected and due; how many told something. One that fails holds up no other."""
    done = 0
    for merchant_id in Merchant.objects.values_list("pk", flat=True):
        rows = AdAccount.objects.of(merchant_id).filter(active=True, platform__in=CLIENTS).exclude(address="")
        for row in rows.exclude(secrets_sealed="").order_by("pk"):
            if _due(row, now):
                done += pull(merchant_id=merchant_id, account_id=row.pk, by=None, now=now) is None
        settle(merchant_id=merchant_id, now=now)
    return done


def pull(*, merchant_id: int, account_id: int, by: User | None, now: datetime) -> Refusal | None:
    """Asks the account's platform for what is due; None, or why it did not work, which the account keeps."""
    account = account_of(merchant_id, account_id)
    told: Refusal | None = None
    try:
        client = _client(account)
        for first, last in _stretches(account, now):
            lines = client.spend(first, last)
            _keep(account, lines, (first, last), by, now)
    except Refusal as no:
        told = no
    words = f"{told.code}|{told.given.get('given') or told.given.get('reason') or ''}"[:200] if told else ""
    AdAccount.objects.of(merchant_id).filter(pk=account_id).update(pulled_at=now, pulled_told=words)
    return told


def _client(account: AdAccount) -> SpendReports:
    make = CLIENTS.get(account.platform)
    if make is None or not account.address or not account.secrets_sealed:
        raise NotConnected("The account lives by files.", why="not_connected")
    return make(
        AdsAccount(
            platform=account.platform,
            external_id=account.external_id,
            currency=account.currency,
            address=account.address,
            secrets=secrets_of(account),
            settings={name: str(value) for name, value in account.settings.items()},
        )
    )


def _due(account: AdAccount, now: datetime) -> bool:
    rest = AFTER_FAILURE if account.pulled_told else EVERY
    return account.pulled_at is None or account.pulled_at <= now - rest


def _stretches(account: AdAccount, now: datetime) -> list[tuple[date, date]]:
    """From where the last pull came to, or thirty days back if that is earlier, until the account's yesterday."""
    last = today_of(account, now) - timedelta(days=1)
    came_to = account.settings.get(PULLED_TO)
    first = last - timedelta(days=(AGAIN_DAYS if came_to else FIRST_DAYS) - 1)
    if came_to:
        first = min(first, date.fromisoformat(came_to) + timedelta(days=1))
    found = []
    while first <= last:
        until = min(first + timedelta(days=AGAIN_DAYS - 1), last)
        found.append((first, until))
        first = until + timedelta(days=1)
    return found


def _keep(account: AdAccount, lines: Sequence[Line], span: tuple[date, date], by: User | None, now: datetime) -> None:
    first, last = span
    inside = [line for line in lines if first <= line.day <= last]
    rows = [line.json() for line in inside]
    digest = hashlib.sha256(json.dumps([span[0].isoformat(), span[1].isoformat(), rows]).encode()).hexdigest()
    days = {first + timedelta(days=number) for number in range((last - first).days + 1)}
    with transaction.atomic():
        held = locked(account.merchant_id, account.pk)
        files = SpendFile.objects.of(account.merchant_id).filter(account=held)
        newest = files.filter(state=SpendFileState.APPLIED).order_by("-pk").first()
        if newest is None or newest.digest != digest:
            file = SpendFile.objects.create(
                merchant_id=account.merchant_id,
                account=held,
                name=f"API {first} – {last}",
                digest=digest,
                rows=rows,
                first_day=first,
                last_day=last,
                state=SpendFileState.APPLIED,
                by=by,
                at=now,
            )
            taken, weeks = replace(
                account=held, lines=inside, days=days, every_campaign=True, market_id=None, file=file, now=now
            )
            SpendFile.objects.of(account.merchant_id).filter(pk=file.pk).update(replaced=taken)
            book(merchant=Merchant.objects.get(pk=account.merchant_id), weeks=weeks, now=now)
            old = files.filter(name__startswith="API ", at__lt=now - KEPT_LINES).exclude(rows=[])
            old.update(rows=[], replaced=[])
        came_to = max(str(held.settings.get(PULLED_TO, "")), last.isoformat())
        AdAccount.objects.of(account.merchant_id).filter(pk=held.pk).update(
            settings={**held.settings, PULLED_TO: came_to}
        )
