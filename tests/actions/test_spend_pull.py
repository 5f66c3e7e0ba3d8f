"""Spend that comes in by itself: pulled by the clock, restated, interrupted, and told when it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings

from haitu.actions.record import audit_ledger
from haitu.actions.spend.pull import pull, pull_due
from haitu.links.secrets import seal
from haitu.models import AdAccount, FxRate, Spend, SpendFile
from haitu.reads.profit import waterfall
from outside.ads.spend_books import TOKEN, Books, Spent
from outside.ads.spend_server import reporting
from tests.actions.spending import account
from tests.world import NOW, PER_EUR_E9, TODAY, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def books() -> Iterator[Books]:
    with reporting() as found:
        found.rows = [
            Spent(day="2026-09-01", campaign_id="1", campaign="Old", country="DE", amount="3.00"),
            Spent(day="2026-11-18", campaign_id="1", campaign="Old", country="DE", amount="10.00"),
            Spent(day="2026-11-19", campaign_id="1", campaign="New", country="JP", amount="5.00"),
            Spent(day="2026-11-20", campaign_id="1", campaign="New", country="JP", amount="99.00"),
        ]
        yield found


@pytest.fixture
def tiktok(world: World, books: Books) -> int:
    FxRate.objects.bulk_create(
        FxRate(on=TODAY - timedelta(days=120), currency=currency, per_eur_e9=rate, source="made up for tests")
        for currency, rate in PER_EUR_E9.items()
    )
    account_id = account(world, platform="tiktok", external_id="77", address=f"{books.address}/tiktok")
    sealed = seal(json.dumps({"access_token": TOKEN}), settings.SEAL_KEY)
    AdAccount.objects.of(world.merchant.pk).filter(pk=account_id).update(secrets_sealed=sealed)
    return account_id


def booked(world: World) -> int:
    return sum(row.actual.waterfall.traffic for row in waterfall(world.merchant.pk))


def amounts(world: World) -> list[tuple[str, str, int]]:
    rows = Spend.objects.of(world.merchant.pk).select_related("campaign").order_by("day")
    return [(row.day.isoformat(), row.campaign.code, row.amount_minor) for row in rows]


def test_the_clock_pulls_until_the_accounts_yesterday_and_rests(world: World, tiktok: int, books: Books) -> None:
    assert pull_due(now=NOW) == 1
    assert amounts(world) == [("2026-09-01", "New", 300), ("2026-11-18", "New", 1_000), ("2026-11-19", "New", 500)]
    assert booked(world) == 8 * 1_800
    assert pull_due(now=NOW + timedelta(hours=1)) == 0


def test_a_platform_that_restates_is_believed_and_the_difference_booked(
    world: World, tiktok: int, books: Books
) -> None:
    pull_due(now=NOW)
    books.rows[1] = replace(books.rows[1], amount="9.00")
    del books.rows[2]
    assert pull_due(now=NOW + timedelta(hours=21)) == 1
    assert amounts(world) == [("2026-09-01", "New", 300), ("2026-11-18", "New", 900), ("2026-11-20", "New", 9_900)]
    assert booked(world) == 8 * 11_100
    assert audit_ledger().problems == ()


def test_the_same_report_writes_nothing_anew(world: World, tiktok: int, books: Books) -> None:
    pull_due(now=NOW)
    before = SpendFile.objects.of(world.merchant.pk).count()
    assert pull(merchant_id=world.merchant.pk, account_id=tiktok, by=None, now=NOW) is None
    assert SpendFile.objects.of(world.merchant.pk).count() == before
    assert booked(world) == 8 * 1_800


def test_what_fails_is_told_keeps_everything_and_is_tried_again_within_the_hour(
    world: World, tiktok: int, books: Books
) -> None:
    pull_due(now=NOW)
    before = amounts(world)
    books.expired = True
    assert pull_due(now=NOW + timedelta(hours=21)) == 0
    told = AdAccount.objects.of(world.merchant.pk).get().pulled_told
    assert told == "ads_refused|40105: Access token is incorrect or has been revoked."
    assert amounts(world) == before
    books.expired = False
    assert pull_due(now=NOW + timedelta(hours=22)) == 1
    assert AdAccount.objects.of(world.merchant.pk).get().pulled_told == ""


class Killed(BaseException):
    """The process is gone."""


def test_a_pull_that_is_killed_goes_on_where_it_was(
    world: World, tiktok: int, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    from haitu.actions.spend import pull as room  # noqa: PLC0415  # its parts are changed here

    keep, kept = room._keep, list[object]()

    def dies(*given: object) -> None:
        if kept:
            raise Killed
        keep(*given)  # type: ignore[arg-type]
        kept.append(given)

    monkeypatch.setattr(room, "_keep", dies)
    with pytest.raises(Killed):
        pull(merchant_id=world.merchant.pk, account_id=tiktok, by=None, now=NOW)
    assert amounts(world) == [("2026-09-01", "Old", 300)]
    monkeypatch.undo()
    books.asked.clear()
    assert pull(merchant_id=world.merchant.pk, account_id=tiktok, by=None, now=NOW) is None
    assert (len(books.asked), booked(world)) == (2, 8 * 1_800)


def test_another_merchants_account_is_not_pulled(world: World, tiktok: int) -> None:
    from haitu.actions.spend.file import NoSuchAdAccount  # noqa: PLC0415  # beside what refuses with it

    with pytest.raises(NoSuchAdAccount):
        pull(merchant_id=world.other.pk, account_id=tiktok, by=None, now=NOW)
