"""Ad accounts, and purses that other traffic is paid from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.spend.file import locked
from haitu.core.errors import Refusal
from haitu.core.money import UnknownCurrency, exponent
from haitu.links.secrets import seal, unseal
from haitu.models import AdAccount, Channel, ChannelKind, Spend, User

PLATFORMS = ("google", "meta", "tiktok", "microsoft", "pinterest", "other")
SECRETS: Mapping[str, tuple[str, ...]] = {
    "google": ("client_id", "client_secret", "refresh_token", "developer_token"),
    "meta": ("access_token", "app_secret"),
    "tiktok": ("access_token",),
}
LOCAL = {"127.0.0.1", "localhost", "::1"}
MOST_FEE_BP = 10_000


class BadAdAccount(Refusal):
    """An ad account that cannot be kept; `why` says what is wrong with it."""

    code = "bad_ad_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """What a person types. `secrets`: only those to be changed; `settings`: what is not secret."""

    platform: str
    name: str
    channel: str
    channel_kind: str
    currency: str
    time_zone: str
    external_id: str = ""
    fee_bp: int = 0
    credit_days: int = 0
    address: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    active: bool = True


def save_account(
    *, merchant_id: int, account_id: int | None, draft: AccountDraft, by: User | None, now: datetime
) -> int:
    """A new account or the changed one. Its currency and time zone stand once spend is in."""
    _check(draft)
    with transaction.atomic():
        row = locked(merchant_id, account_id) if account_id is not None else AdAccount(merchant_id=merchant_id)
        if AdAccount.objects.of(merchant_id).filter(name=draft.name.strip()).exclude(pk=row.pk).exists():
            raise BadAdAccount("The name is taken.", why="name")
        counts = account_id is not None and Spend.objects.of(merchant_id).filter(account=row).exists()
        if counts and (row.currency, row.time_zone) != (draft.currency, draft.time_zone):
            raise BadAdAccount("Currency and time zone stand once spend is in.", why="fixed")
        row.platform, row.name, row.external_id = draft.platform, draft.name.strip(), draft.external_id
        row.currency, row.time_zone = draft.currency, draft.time_zone
        row.fee_bp, row.credit_days = draft.fee_bp, draft.credit_days
        row.address, row.active = draft.address, draft.active
        row.channel = _channel(merchant_id, draft)
        row.settings = {**(row.settings or {}), **draft.settings}
        if draft.secrets:
            row.secrets_sealed = seal(json.dumps(secrets_of(row) | dict(draft.secrets)), settings.SEAL_KEY)
        row.save()
        audit(by, "ad_account.save", row.name, merchant_id=merchant_id, now=now)
    return row.pk


def secrets_of(account: AdAccount) -> dict[str, str]:
    """The account's secrets, opened."""
    if not account.secrets_sealed:
        return {}
    found: dict[str, str] = json.loads(unseal(account.secrets_sealed, settings.SEAL_KEY))
    return found


def _check(draft: AccountDraft) -> None:
    if draft.platform not in PLATFORMS:
        raise BadAdAccount("No such platform.", why="platform")
    if not 0 < len(draft.name.strip()) <= 80:
        raise BadAdAccount("An account has a name.", why="name")
    if draft.time_zone not in available_timezones():
        raise BadAdAccount("No such time zone.", why="time_zone")
    try:
        exponent(draft.currency)
    except UnknownCurrency:
        raise BadAdAccount("No such currency.", why="currency") from None
    if not 0 <= draft.fee_bp <= MOST_FEE_BP or not 0 <= draft.credit_days <= 365:
        raise BadAdAccount("A fee is up to 100 %, a credit up to a year.", why="terms")
    parts = urlsplit(draft.address)
    if draft.address and not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)):
        raise BadAdAccount("An API is spoken to by https only.", why="address")
    if set(draft.secrets) - set(SECRETS.get(draft.platform, ())):
        raise BadAdAccount("The platform knows no such secret.", why="secrets")


def _channel(merchant_id: int, draft: AccountDraft) -> Channel:
    code = draft.channel.strip().lower()
    rows = Channel.objects.of(merchant_id)
    found = rows.filter(code=code).first() or rows.filter(name__iexact=draft.channel.strip()).first()
    if found is not None:
        return found
    if not code or not all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in code):
        raise BadAdAccount("A channel's code is made of letters, digits and dashes.", why="channel")
    if draft.channel_kind not in ChannelKind.values or len(code) > 20:
        raise BadAdAccount("A channel has a kind.", why="channel")
    made, _new = rows.get_or_create(
        merchant_id=merchant_id, code=code, defaults={"name": draft.channel.strip()[:60], "kind": draft.channel_kind}
    )
    return made
