"""Ad accounts and files of the world, for tests."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from haitu.actions.spend.account import AccountDraft, save_account
from haitu.actions.spend.file import Said, apply, preview
from haitu.models import FxRate
from tests.world import NOW, PER_EUR_E9, World

MONDAY = date(2026, 11, 9)
TYPED = {
    "platform": "google",
    "name": "Typed",
    "channel": "google",
    "channel_kind": "search",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
}
HEADING = "Day,Campaign,Campaign ID,Country,Cost\n"


def rates() -> None:
    """The world's exchange rates, known a month earlier already."""
    FxRate.objects.bulk_create(
        FxRate(on=MONDAY - timedelta(days=30), currency=currency, per_eur_e9=rate, source="made up for tests")
        for currency, rate in PER_EUR_E9.items()
    )


def account(world: World, *, name: str = "Google EUR", currency: str = "EUR", **more: object) -> int:
    """An ad account of channel google, in Berlin."""
    given: dict[str, object] = {
        "platform": "google",
        "name": name,
        "channel": "google",
        "channel_kind": "search",
        "currency": currency,
        "time_zone": "Europe/Berlin",
    }
    draft = AccountDraft(**(given | more))  # type: ignore[arg-type]
    return save_account(merchant_id=world.merchant.pk, account_id=None, draft=draft, by=world.owner, now=NOW)


def look(world: World, account_id: int, lines: str, said: Said | None = None, *, now: datetime = NOW) -> int:
    """A file of these lines, previewed."""
    return preview(
        merchant_id=world.merchant.pk,
        account_id=account_id,
        name="spend.csv",
        content=(HEADING + lines).encode(),
        said=said or Said(),
        by=world.owner,
        now=now,
    )


def take_in(world: World, account_id: int, lines: str, said: Said | None = None, *, good_only: bool = False) -> int:
    """The same, applied; the file's id."""
    file_id = look(world, account_id, lines, said)
    apply(merchant_id=world.merchant.pk, file_id=file_id, good_only=good_only, by=world.owner, now=NOW)
    return file_id
