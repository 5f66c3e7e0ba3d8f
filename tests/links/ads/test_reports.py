"""Google, Meta and TikTok against a server that speaks their documented shapes and misbehaves as platforms do.

No live account was asked: these tests hold what the documents say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from haitu.links.ads.google import Google
from haitu.links.ads.http import Speaker
from haitu.links.ads.lines import Line
from haitu.links.ads.meta import Meta
from haitu.links.ads.protocol import AdsAccount, AdsRefused, AdsSilent, BadAdsAnswer, SpendReports
from haitu.links.ads.tiktok import TikTok
from outside.ads.spend_books import APP_SECRET, DEVELOPER, REFRESH, TOKEN, Books, Spent
from outside.ads.spend_server import reporting

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 3)
PLATFORMS: dict[str, Callable[[AdsAccount, Speaker], SpendReports]] = {"google": Google, "meta": Meta, "tiktok": TikTok}
SECRETS = {
    "google": {"client_id": "c", "client_secret": "s", "refresh_token": REFRESH, "developer_token": DEVELOPER},
    "meta": {"access_token": TOKEN, "app_secret": APP_SECRET},
    "tiktok": {"access_token": TOKEN},
}
ROWS = [
    Spent(day="2026-11-01", campaign_id="11", campaign="Lanterns", country="DE", amount="12.34", orders=2),
    Spent(day="2026-11-01", campaign_id="11", campaign="Lanterns", country="US", amount="5.00"),
    Spent(day="2026-11-02", campaign_id="11", campaign="Lanterns", country="", amount="0.66", orders=0),
    Spent(day="2026-11-03", campaign_id="22", campaign="Mugs", country="JP", amount="7.00"),
    Spent(day="2026-11-03", campaign_id="22", campaign="Mugs", country="GB", amount="1.00"),
    Spent(day="2026-11-04", campaign_id="22", campaign="Mugs", country="GB", amount="99.00"),
]


@pytest.fixture
def books() -> Iterator[Books]:
    with reporting() as found:
        found.rows = list(ROWS)
        yield found


def client(platform: str, books: Books, waits: list[float] | None = None, **wrong: Any) -> SpendReports:
    heard = waits if waits is not None else []
    account = AdsAccount(
        platform=platform,
        external_id="123-456-7890" if platform == "google" else "1234567890",
        currency=wrong.get("currency", "EUR"),
        address=f"{books.address}/{platform}",
        secrets=SECRETS[platform] | wrong.get("secrets", {}),
        settings={"token_address": f"{books.address}/google", "login_customer_id": "999-999-9999"},
    )
    speaker = Speaker(pause=heard.append, chance=lambda: 1.0, timeout=httpx.Timeout(5.0))
    return PLATFORMS[platform](account, speaker)


def cells(lines: tuple[Line, ...]) -> list[tuple[str, str, str, int]]:
    return [(line.day.isoformat(), line.campaign, line.country, line.amount_minor) for line in lines]


EXPECTED = [
    ("2026-11-01", "Lanterns", "DE", 1_234),
    ("2026-11-01", "Lanterns", "US", 500),
    ("2026-11-02", "Lanterns", "", 66),
    ("2026-11-03", "Mugs", "GB", 100),
    ("2026-11-03", "Mugs", "JP", 700),
]
EVERY = pytest.mark.parametrize("platform", PLATFORMS)


@EVERY
def test_every_page_comes_and_nothing_outside_the_days(platform: str, books: Books) -> None:
    found = client(platform, books).spend(FIRST, LAST)
    assert cells(found) == EXPECTED
    assert (found[0].campaign_id, found[0].impressions, found[0].clicks, found[0].orders_milli) == (
        "11",
        100,
        10,
        2_000,
    )


@EVERY
def test_an_account_without_spend_has_no_lines(platform: str, books: Books) -> None:
    books.rows = []
    assert client(platform, books).spend(FIRST, LAST) == ()


@EVERY
def test_outages_broken_lines_and_throttling_are_waited_out(platform: str, books: Books) -> None:
    books.mischief.hang_up, books.mischief.outages, books.mischief.throttle, books.mischief.rest_s = 1, 1, 1, 3
    waits: list[float] = []
    assert cells(client(platform, books, waits).spend(FIRST, LAST)) == EXPECTED
    assert waits[:3] == [0.5, 1.0, 3.0]


@EVERY
def test_a_platform_that_stays_away_is_told(platform: str, books: Books) -> None:
    books.mischief.outages = 100
    with pytest.raises(AdsSilent):
        client(platform, books).spend(FIRST, LAST)


@EVERY
def test_a_long_rest_is_not_waited_for(platform: str, books: Books) -> None:
    books.mischief.throttle, books.mischief.rest_s = 100, 3_600
    waits: list[float] = []
    with pytest.raises(AdsSilent):
        client(platform, books, waits).spend(FIRST, LAST)
    assert waits == []


@EVERY
def test_nonsense_is_no_report(platform: str, books: Books) -> None:
    books.mischief.nonsense = 1
    with pytest.raises(BadAdsAnswer):
        client(platform, books).spend(FIRST, LAST)


@EVERY
def test_an_old_key_is_told_in_the_platforms_words(platform: str, books: Books) -> None:
    books.expired = True
    with pytest.raises(AdsRefused) as no:
        client(platform, books).spend(FIRST, LAST)
    assert (
        no.value.given["given"]
        == {
            "google": "Request had invalid authentication credentials.",
            "meta": "190: Error validating access token",
            "tiktok": "40105: Access token is incorrect or has been revoked.",
        }[platform]
    )


@EVERY
def test_an_account_in_another_currency_is_refused(platform: str, books: Books) -> None:
    with pytest.raises(BadAdsAnswer) as no:
        client(platform, books, currency="USD").spend(FIRST, LAST)
    assert no.value.given["column"] == "currency"


@EVERY
@pytest.mark.parametrize("amount", ["-1.00", "NaN", "much"])
def test_a_figure_that_is_none_is_never_taken_for_zero(platform: str, books: Books, amount: str) -> None:
    amount = "-1.00" if platform == "google" else amount  # the stand-in's micros can be nothing else
    books.rows = [Spent(day="2026-11-01", campaign_id="1", campaign="A", country="DE", amount=amount)]
    with pytest.raises(BadAdsAnswer):
        client(platform, books).spend(FIRST, LAST)


@pytest.mark.parametrize("platform", ["meta", "tiktok"])
def test_limits_told_in_words_are_waited_out(platform: str, books: Books) -> None:
    books.busy = 2
    assert cells(client(platform, books).spend(FIRST, LAST)) == EXPECTED


def test_metas_own_word_for_how_long_is_heard(books: Books) -> None:
    books.busy, books.regain_minutes = 1, 30
    with pytest.raises(AdsSilent) as no:
        client("meta", books).spend(FIRST, LAST)
    assert no.value.given["seconds"] == 1_800


def test_metas_pages_in_a_circle_are_no_report(books: Books) -> None:
    books.circle = True
    with pytest.raises(BadAdsAnswer):
        client("meta", books).spend(FIRST, LAST)


def test_metas_report_that_is_never_ready_is_told(books: Books) -> None:
    books.running = 1_000
    with pytest.raises(AdsSilent):
        client("meta", books).spend(FIRST, LAST)


def test_without_the_apps_proof_meta_refuses(books: Books) -> None:
    with pytest.raises(AdsRefused):
        client("meta", books, secrets={"app_secret": ""}).spend(FIRST, LAST)


def test_tiktoks_pages_that_grow_while_they_are_read_are_no_report(books: Books) -> None:
    books.grow = True
    with pytest.raises(BadAdsAnswer):
        client("tiktok", books).spend(FIRST, LAST)


def test_tiktok_is_asked_for_thirty_days_at_a_time(books: Books) -> None:
    client("tiktok", books).spend(date(2026, 9, 1), date(2026, 10, 30))
    assert len(books.asked) == 2


def test_googles_refresh_token_that_was_revoked_is_told(books: Books) -> None:
    with pytest.raises(AdsRefused) as no:
        client("google", books, secrets={"refresh_token": "old"}).spend(FIRST, LAST)
    assert no.value.given["given"] == "invalid_grant"
