"""Every ad platform keeps the one protocol for conversions, each against a local server that speaks its documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from haitu.core.hashing import Person, hashed
from haitu.links.ads.conversions import platform_of
from haitu.links.ads.conversions.protocol import Event, Platform, PlatformSilent, TokenExpired
from outside.ads.conversions_books import DEVELOPER, REFRESH, TOKEN, Books
from outside.ads.conversions_server import serving

NOW = datetime.now(UTC).replace(microsecond=0)  # the servers look at their own clock
ANNA = Person(email="anna@example.test", phone="+493411234567", first_name="Anna", country="DE")
CLICKS = {"google": "gclid", "meta": "fbclid", "tiktok": "ttclid"}
EVERY = pytest.mark.parametrize("code", list(CLICKS))
PURCHASE = Event(
    id="order-1",
    kind="purchase",
    at=NOW - timedelta(hours=1),
    value="119.00",
    currency="EUR",
    person=ANNA,
    click_id="Cj0abc",
    clicked_at=NOW - timedelta(hours=2),
    page="https://shop.test/",
    skus=("LANTERN",),
)


@pytest.fixture
def books() -> Iterator[Books]:
    with serving() as running:
        yield running


def speaking(code: str, books: Books) -> Platform:
    """The platform's account on the local server."""
    secrets = {
        "access_token": TOKEN,
        "refresh_token": REFRESH,
        "developer_token": DEVELOPER,
        "client_id": "c",
        "client_secret": "s",
    }
    settings = {
        "pixel": "P1",
        "customer": "123-456-7890",
        "conversion_action": "77",
        "token_address": f"{books.address}/google/token",
    }
    return platform_of(code, address=f"{books.address}/{code}", secrets=secrets, settings=settings)


def events(code: str, count: int) -> list[Event]:
    """So many orders, brought by clicks of that platform."""
    return [replace(PURCHASE, id=f"order-{nth}", click_kind=CLICKS[code]) for nth in range(count)]


@EVERY
def test_an_order_is_told_once_however_often_it_is_sent(code: str, books: Books) -> None:
    platform = speaking(code, books)
    for _ in range(3):
        [told] = platform.send(events(code, 1), now=NOW)
        assert told.outcome == "sent"
    assert list(books.of(code)) == ["order-0"]


@EVERY
def test_one_bad_row_sinks_no_other(code: str, books: Books) -> None:
    rows = events(code, 20)
    rows[13] = replace(rows[13], currency="EURO")
    told = speaking(code, books).send(rows, now=NOW)
    assert [each.id for each in told if each.outcome != "sent"] == ["order-13"]
    assert len(books.of(code)) == 19


def test_rows_that_tiktok_names_are_refused_one_by_one(books: Books) -> None:
    books.in_part = True
    rows = events("tiktok", 4)
    rows[2] = replace(rows[2], currency="EURO")
    told = speaking("tiktok", books).send(rows, now=NOW)
    assert [(each.outcome, each.why) for each in told] == [
        ("sent", ""),
        ("sent", ""),
        ("refused", "properties.currency: not supported"),
        ("sent", ""),
    ]
    assert books.requests == [("tiktok/open_api/v1.3/event/track/", 4)]


def test_an_event_too_old_for_meta_is_kept_back_and_the_rest_is_taken(books: Books) -> None:
    rows = events("meta", 3)
    old = NOW - timedelta(days=7, hours=1)
    rows[0] = replace(rows[0], at=old, clicked_at=old - timedelta(hours=1))
    told = speaking("meta", books).send(rows, now=NOW)
    assert [each.outcome for each in told] == ["refused", "sent", "sent"]
    assert books.requests == [("meta/v24.0/P1/events", 2)]


def test_google_counts_what_it_has_already_as_sent(books: Books) -> None:
    books.take("google", "order-0", {})
    [told] = speaking("google", books).send(events("google", 1), now=NOW)
    assert (told.outcome, told.why) == ("sent", "ORDER_ID_ALREADY_IN_USE: order id already in use")


def test_a_conversion_comes_after_its_click_whatever_the_clocks_say(books: Books) -> None:
    clicked = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    early = replace(PURCHASE, click_kind="gclid", at=clicked - timedelta(minutes=5), clicked_at=clicked)
    speaking("google", books).send([early], now=NOW)
    assert books.of("google")["order-1"]["conversionDateTime"] == "2026-11-20 10:00:01+00:00"


def test_a_refund_in_part_restates_and_a_whole_one_retracts(books: Books) -> None:
    google = speaking("google", books)
    google.send(events("google", 2), now=NOW)
    adjust = Event(id="order-0.r1", kind="adjust", of="order-0", at=NOW, value="60.00", currency="EUR")
    retract = Event(id="order-1.r2", kind="retract", of="order-1", at=NOW, value="0.00", currency="EUR")
    assert [told.outcome for told in google.send([adjust, retract, adjust], now=NOW)] == ["sent"] * 3
    rows = sorted(books.of("google-change").values(), key=lambda row: str(row["orderId"]))
    assert [(row["orderId"], row["adjustmentType"], row.get("restatementValue")) for row in rows] == [
        ("order-0", "RESTATEMENT", {"adjustedValue": 60.0, "currencyCode": "EUR"}),
        ("order-1", "RETRACTION", None),
    ]


def test_an_adjustment_that_comes_too_early_comes_again_later(books: Books) -> None:
    books.too_recent = True
    adjust = Event(id="order-0.r1", kind="adjust", of="order-0", at=NOW, value="60.00", currency="EUR")
    [told] = speaking("google", books).send([adjust], now=NOW)
    assert told.outcome == "later"


@EVERY
def test_an_expired_token_is_told_as_what_it_is(code: str, books: Books) -> None:
    books.expired = True
    with pytest.raises(TokenExpired):
        speaking(code, books).send(events(code, 2), now=NOW)
    assert books.of(code) == {}


@EVERY
@pytest.mark.parametrize("mischief", ["throttle", "outages", "hang_up", "nonsense", "lose_answer"])
def test_a_platform_that_fails_is_silent_and_the_same_events_go_again(code: str, mischief: str, books: Books) -> None:
    platform = speaking(code, books)
    setattr(books.mischief, mischief, 1)
    with pytest.raises(PlatformSilent):
        platform.send(events(code, 3), now=NOW)
    assert [told.outcome for told in platform.send(events(code, 3), now=NOW)] == ["sent"] * 3
    assert len(books.of(code)) == 3


def test_what_each_platform_is_told_of_a_person(books: Books) -> None:
    for code in CLICKS:
        speaking(code, books).send(events(code, 1), now=NOW)
    email, plus = hashed("anna@example.test"), hashed("+493411234567")
    assert books.of("google")["order-0"]["userIdentifiers"] == [{"hashedEmail": email}, {"hashedPhoneNumber": plus}]
    assert books.of("google")["order-0"]["gclid"] == "Cj0abc"
    assert books.of("tiktok")["order-0"]["user"] == {"email": email, "phone": plus, "ttclid": "Cj0abc"}
    clicked_ms = int((NOW - timedelta(hours=2)).timestamp() * 1000)
    assert books.of("meta")["order-0"]["user_data"] == {
        "em": [email],
        "ph": [hashed("493411234567")],
        "fn": [hashed("anna")],
        "country": hashed("de"),
        "fbc": f"fb.1.{clicked_ms}.Cj0abc",
    }
