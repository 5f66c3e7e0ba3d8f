"""Accounts at carriers: opened, tried out, and made ready to speak."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.links.carriers import MAKERS, SECRETS, UnknownCarrier, carrier
from haitu.links.carriers.protocol import Carrier
from haitu.links.secrets import seal, unseal
from haitu.models import CarrierAccount, User

LONGEST = {"name": 80, "address": 200}


class NoSuchCarrierAccount(Refusal):
    """The merchant has no such account at a carrier."""

    code = "no_such_carrier_account"


class BadCarrierAccount(Refusal):
    """An account has a name of its own, an http(s) address, and all the secrets its carrier asks for."""

    code = "bad_carrier_account"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountDraft:
    """An account as it is typed. Empty secrets keep those that are stored."""

    carrier: str
    name: str
    address: str
    secrets: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    sender: Mapping[str, str] = field(default_factory=dict)
    lanes: tuple[str, ...] = ()
    active: bool = True


def carrier_of(account: CarrierAccount) -> Carrier:
    """The carrier behind the account, with its secrets unsealed; call what it gives outside of transactions only."""
    known = json.loads(_unsealed(account.secrets_sealed))
    return carrier(account.carrier, address=account.address, secrets=known, settings=account.settings)


@lru_cache(maxsize=256)
def _unsealed(sealed: str) -> str:
    """Pushes come in crowds; a changed secret is another text and so another answer."""
    return unseal(sealed, settings.SEAL_KEY)


def account_of(merchant_id: int, account_id: int) -> CarrierAccount:
    """The merchant's own account."""
    found = CarrierAccount.objects.of(merchant_id).select_related("merchant").filter(pk=account_id).first()
    if found is None:
        raise NoSuchCarrierAccount("There is no such account at a carrier.", field="account")
    return found


def save_account(
    *, merchant_id: int, account_id: int | None, draft: AccountDraft, by: User | None, now: datetime
) -> int:
    """Opens an account, or changes one; its id."""
    _check(draft)
    with transaction.atomic():
        known: dict[str, str] = {}
        row = CarrierAccount(merchant_id=merchant_id, token=secrets.token_urlsafe(18), carrier=draft.carrier)
        if account_id is not None:
            row = account_of(merchant_id, account_id)
            known = json.loads(_unsealed(row.secrets_sealed)) if row.carrier == draft.carrier else {}
        known |= {name: value for name, value in draft.secrets.items() if value}
        missing = [name for name in SECRETS[draft.carrier] if not known.get(name)]
        if missing:
            told = f"This carrier's account needs {', '.join(missing)}."
            raise BadCarrierAccount(told, field=missing[0], missing=missing)
        taken = CarrierAccount.objects.of(merchant_id).filter(name=draft.name).exclude(pk=account_id or 0)
        if taken.exists():
            raise BadCarrierAccount("There is an account of that name already.", field="name")
        change = {"address": (row.address, draft.address), "active": (row.active, draft.active)}
        row.carrier, row.name, row.address = draft.carrier, draft.name, draft.address
        row.secrets_sealed = seal(json.dumps(known, sort_keys=True), settings.SEAL_KEY)
        row.settings, row.sender, row.lanes = dict(draft.settings), dict(draft.sender), list(draft.lanes)
        row.active = draft.active
        row.save()
        audit(by, "carrier.save", f"carrier {draft.name}", merchant_id=merchant_id, now=now, change=change)
    return int(row.pk)


def _check(draft: AccountDraft) -> None:
    if draft.carrier not in MAKERS:
        raise UnknownCarrier(
            f"There is no carrier {draft.carrier!r}.", field="carrier", known=", ".join(sorted(MAKERS))
        )
    if not 0 < len(draft.name) <= LONGEST["name"]:
        raise BadCarrierAccount("An account has a name of at most 80 characters.", field="name")
    if not draft.address.startswith(("https://", "http://")) or len(draft.address) > LONGEST["address"]:
        raise BadCarrierAccount("The address of the carrier begins with https://.", field="address")


def check_account(*, merchant_id: int, account_id: int, by: User | None, now: datetime) -> str:
    """Tries the connection, outside of any transaction, and keeps what came of it; refuses what the carrier refuses."""
    account = account_of(merchant_id, account_id)
    try:
        told = carrier_of(account).check()
    except Refusal as no:
        _note(account, no.told, now)
        raise
    _note(account, told, now)
    audit(by, "carrier.check", f"carrier {account.name}", merchant_id=merchant_id, now=now)
    return told


def _note(account: CarrierAccount, told: str, now: datetime) -> None:
    rows = CarrierAccount.objects.of(account.merchant_id).filter(pk=account.pk)
    rows.update(checked_at=now, checked_told=told[:200])
