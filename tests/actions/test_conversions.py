"""Orders told back to the platform that brought them: only what people allowed, once, whatever goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from haitu.actions import conversions
from haitu.actions.conversions import ReportsDraft, derive, save_reports, send_again, send_waiting
from haitu.actions.conversions.switch import NoReports
from haitu.actions.traffic import change_consent
from haitu.core.hashing import hashed
from haitu.core.traffic import Consent
from haitu.links.secrets import seal
from haitu.models import AdAccount, Channel, Conversion, Order, Touch, Visitor
from outside.ads.conversions_books import DEVELOPER, REFRESH, TOKEN, Books
from outside.ads.conversions_server import serving
from tests.actions.buying import basket_of, paid_order
from tests.world import World

NOW = timezone.now().replace(microsecond=0)  # the servers look at their own clock
SECRETS = {
    "access_token": TOKEN,
    "refresh_token": REFRESH,
    "developer_token": DEVELOPER,
    "client_id": "c",
    "client_secret": "s",
}


@pytest.fixture
def books() -> Iterator[Books]:
    with serving() as running:
        yield running


def account(world: World, books: Books, platform: str) -> AdAccount:
    """Hengda's account at a platform, reporting since yesterday."""
    channel, _ = Channel.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant, code=platform, defaults={"name": platform, "kind": "social"}
    )
    return AdAccount.objects.create(
        merchant=world.merchant,
        platform=platform,
        name=platform,
        channel=channel,
        currency="EUR",
        time_zone="Europe/Berlin",
        address=f"{books.address}/{platform}",
        secrets_sealed=seal(json.dumps(SECRETS), settings.SEAL_KEY),
        settings={
            "pixel": "P1",
            "customer": "123-456-7890",
            "conversion_action": "77",
            "token_address": f"{books.address}/google/token",
        },
        reports_from=NOW - timedelta(days=1),
    )


def bought(
    world: World, *, cart: str = "cart-1", click: str = "gclid", advertising: bool = True, channel: str = "google"
) -> Order:
    """An order of Anna's, an hour after a click of hers."""
    order = paid_order(world, basket_of(world, LANTERN=1), cart=cart)
    visitor = Visitor.objects.create(
        merchant=world.merchant,
        key=cart,
        customer=order.customer,
        statistics=True,
        advertising=advertising,
        said_at=NOW,
        country="DE",
    )
    code, _ = Channel.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant, code=channel, defaults={"name": channel, "kind": "social"}
    )
    Touch.objects.create(
        merchant=world.merchant,
        visitor=visitor,
        market=world.markets["DE"],
        channel=code,
        at=NOW - timedelta(hours=2),
        click_kind=click,
        click_id=seal("Cj0abc", settings.SEAL_KEY) if click else "",
    )
    Order.objects.of(world.merchant.pk).filter(pk=order.pk).update(visitor=visitor, placed_at=NOW - timedelta(hours=1))
    order.refresh_from_db()
    return order


def states(world: World) -> list[tuple[str, str, str]]:
    rows = Conversion.objects.of(world.merchant.pk).order_by("pk")
    return [(row.event_id, row.kind, row.state) for row in rows]


def tick(now: datetime = NOW) -> None:
    """What the clock does."""
    derive(now=now)
    send_waiting(now=now)


def refund(order: Order, minor: int) -> None:
    Order.objects.of(order.merchant_id).filter(pk=order.pk).update(refunded_minor=minor)


def test_an_order_is_told_to_the_platform_that_brought_it_and_to_no_other(world: World, books: Books) -> None:
    for platform in ("google", "meta", "tiktok"):
        account(world, books, platform)
    order = bought(world)
    tick()
    tick()
    assert states(world) == [(f"order-{order.pk}", "purchase", "sent")]
    [row] = books.of("google").values()
    assert (row["gclid"], row["currencyCode"], row["orderId"]) == ("Cj0abc", "EUR", f"order-{order.pk}")
    assert row["userIdentifiers"] == [
        {"hashedEmail": hashed("anna@example.test")},
        {"hashedPhoneNumber": hashed("+493411234567")},
    ]
    assert (books.of("meta"), books.of("tiktok")) == ({}, {})
    assert Conversion.objects.of(world.merchant.pk).get().matched == "gclid, hashedEmail, hashedPhoneNumber"


def test_a_visit_without_click_id_is_matched_by_the_accounts_channel(world: World, books: Books) -> None:
    account(world, books, "tiktok")
    order = bought(world, click="", channel="tiktok")
    tick()
    assert list(books.of("tiktok")) == [f"order-{order.pk}"]
    assert "ttclid" not in books.of("tiktok")[f"order-{order.pk}"]["user"]


def test_nothing_is_told_of_who_did_not_allow_advertising(world: World, books: Books) -> None:
    account(world, books, "google")
    bought(world, advertising=False)
    tick()
    assert states(world) == []
    assert books.requests == []


def test_consent_withdrawn_before_it_is_sent_drops_the_report(world: World, books: Books) -> None:
    account(world, books, "google")
    order = bought(world)
    derive(now=NOW)
    change_consent(
        merchant_id=world.merchant.pk, key="cart-1", keep=Consent(statistics=True, advertising=False), now=NOW
    )
    send_waiting(now=NOW)
    assert states(world) == [(f"order-{order.pk}", "purchase", "dropped")]
    assert books.requests == []


def test_of_a_forgotten_person_nothing_is_sent(world: World, books: Books) -> None:
    account(world, books, "google")
    bought(world)
    derive(now=NOW)
    Visitor.objects.of(world.merchant.pk).filter(key="cart-1").delete()
    send_waiting(now=NOW)
    assert [state for _, _, state in states(world)] == ["dropped"]
    assert books.requests == []


def test_orders_from_before_it_was_switched_on_are_not_told(world: World, books: Books) -> None:
    google = account(world, books, "google")
    bought(world)
    AdAccount.objects.of(world.merchant.pk).filter(pk=google.pk).update(reports_from=NOW)
    tick()
    assert states(world) == []


def test_refunds_restate_then_retract_and_a_replaced_one_is_dropped(world: World, books: Books) -> None:
    account(world, books, "google")
    order = bought(world)
    tick()
    refund(order, 1_000)
    derive(now=NOW + timedelta(hours=7))
    refund(order, order.paid_minor)
    tick(NOW + timedelta(hours=8))
    assert states(world) == [
        (f"order-{order.pk}", "purchase", "sent"),
        (f"order-{order.pk}.1000", "adjust", "dropped"),
        (f"order-{order.pk}.{order.paid_minor}", "retract", "sent"),
    ]
    assert [row["adjustmentType"] for row in books.of("google-change").values()] == ["RETRACTION"]


def test_what_is_given_back_before_it_is_told_is_never_told(world: World, books: Books) -> None:
    account(world, books, "meta")
    order = bought(world, click="fbclid", channel="meta")
    derive(now=NOW)
    refund(order, order.paid_minor)
    send_waiting(now=NOW)
    assert (states(world)[0][2], books.requests) == ("dropped", [])


@pytest.mark.parametrize("mischief", ["hang_up", "lose_answer", "throttle", "outages"])
def test_what_failed_waits_longer_each_time_and_counts_once(world: World, books: Books, mischief: str) -> None:
    account(world, books, "tiktok")
    order = bought(world, click="ttclid", channel="tiktok")
    setattr(books.mischief, mischief, 2)
    tick()
    row = Conversion.objects.of(world.merchant.pk).get()
    assert (row.state, row.tries, row.due_at) == ("waiting", 1, NOW + timedelta(minutes=2))
    tick(NOW + timedelta(minutes=1))
    assert Conversion.objects.of(world.merchant.pk).get().tries == 1
    tick(NOW + timedelta(minutes=2))
    tick(NOW + timedelta(minutes=6))
    assert states(world) == [(f"order-{order.pk}", "purchase", "sent")]
    assert list(books.of("tiktok")) == [f"order-{order.pk}"]


def test_a_process_killed_while_sending_loses_and_doubles_nothing(
    world: World, books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(world, books, "meta")
    order = bought(world, click="fbclid", channel="meta")
    derive(now=NOW)

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(conversions.send, "_write_down", killed)
        with pytest.raises(KeyboardInterrupt):
            send_waiting(now=NOW)
    assert states(world) == [(f"order-{order.pk}", "purchase", "waiting")]
    tick(NOW + timedelta(minutes=2))
    assert states(world) == [(f"order-{order.pk}", "purchase", "sent")]
    assert books.told == {("meta", f"order-{order.pk}"): 2}
    assert list(books.of("meta")) == [f"order-{order.pk}"]


def test_an_expired_token_is_told_on_the_account_and_everything_waits(world: World, books: Books) -> None:
    google = account(world, books, "google")
    bought(world)
    books.expired = True
    tick()
    google.refresh_from_db()
    assert google.reported_told == "The ad platform no longer takes the stored token."
    books.expired = False
    tick(NOW + timedelta(minutes=2))
    google.refresh_from_db()
    assert (google.reported_told, states(world)[0][2]) == ("", "sent")


def test_a_refused_report_says_why_and_is_sent_again_when_asked(world: World, books: Books) -> None:
    meta = account(world, books, "meta")
    order = bought(world, click="fbclid", channel="meta")
    old = NOW - timedelta(days=8)
    AdAccount.objects.of(world.merchant.pk).filter(pk=meta.pk).update(reports_from=old)
    Order.objects.of(world.merchant.pk).filter(pk=order.pk).update(placed_at=old)
    Touch.objects.of(world.merchant.pk).update(at=old - timedelta(hours=1))
    tick()
    row = Conversion.objects.of(world.merchant.pk).get()
    assert (row.state, row.told) == (
        "refused",
        "It happened more than 7 days ago; the platform takes none so old.",
    )
    assert send_again(merchant_id=world.merchant.pk, account_id=meta.pk, by=None, now=NOW) == 1
    assert states(world)[0][2] == "waiting"
    assert send_again(merchant_id=world.other.pk, account_id=meta.pk, by=None, now=NOW) == 0


def test_reports_are_switched_on_only_when_the_platform_can_be_spoken_to(world: World, books: Books) -> None:
    meta = account(world, books, "meta")
    AdAccount.objects.of(world.merchant.pk).filter(pk=meta.pk).update(secrets_sealed="", settings={}, reports_from=None)
    draft = ReportsDraft(on=True, settings={"pixel": "123"})
    with pytest.raises(NoReports) as refused:
        save_reports(merchant_id=world.merchant.pk, account_id=meta.pk, draft=draft, by=None, now=NOW)
    assert refused.value.given["missing"] == "access_token"
    with pytest.raises(NoReports):
        save_reports(merchant_id=world.other.pk, account_id=meta.pk, draft=draft, by=None, now=NOW)
    off = ReportsDraft(on=False, settings={"pixel": "123"})
    saved = save_reports(merchant_id=world.merchant.pk, account_id=meta.pk, draft=off, by=None, now=NOW)
    assert (saved.reports_from, saved.settings) == (None, {"pixel": "123"})
