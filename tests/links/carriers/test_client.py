"""The shared client is patient with carriers that are late, throttle, break or talk nonsense, and tells no secrets."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from haitu.links.carriers import client
from haitu.links.carriers.client import Call, Client
from haitu.links.carriers.protocol import BadCarrierAnswer, CarrierRefused, CarrierSilent
from haitu.links.carriers.sandbox import Sandbox
from outside.carriers import sandbox
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.links.carriers.parcels import PARCEL

KEY = "ck_test_hengda_0123456789abcdef"


@dataclass
class Clock:
    """Time that passes only when somebody waits."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def pause(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def account(books: Books, clock: Clock) -> Sandbox:
    made = Sandbox(f"{books.own_address}/sandbox", {"api_key": KEY}, {})
    made._client = Client(made._client.address, pause=clock.pause, clock=lambda: clock.now, chance=lambda: 1.0)
    return made


def test_outages_are_waited_out_ever_longer(books: Books, clock: Clock) -> None:
    books.mischief.outages = 3
    assert account(books, clock).check() == "Account ck_test_hengda_0"
    assert clock.waits == [0.25, 0.5, 1.0]


def test_pauses_jitter_between_half_and_whole(books: Books, clock: Clock) -> None:
    books.mischief.outages = 2
    made = account(books, clock)
    made._client = Client(made._client.address, pause=clock.pause, clock=lambda: clock.now, chance=lambda: 0.0)
    made.check()
    assert clock.waits == [0.125, 0.25]


def test_a_short_rest_is_granted(books: Books, clock: Clock) -> None:
    books.mischief.throttle, books.mischief.rest_s = 1, 2
    account(books, clock).check()
    assert clock.waits == [2.0]


def test_a_long_rest_is_told_instead_of_waited_for(books: Books, clock: Clock) -> None:
    books.mischief.throttle, books.mischief.rest_s = 1, 60
    with pytest.raises(CarrierSilent) as no:
        account(books, clock).check()
    assert (no.value.given["seconds"], clock.waits, len(books.calls)) == (60, [], 1)


def test_a_carrier_that_never_answers_is_given_up_and_then_left_alone(books: Books, clock: Clock) -> None:
    books.mischief.hang_up = 100
    made = account(books, clock)
    for _ in range(client.BREAKS_AFTER):
        with pytest.raises(CarrierSilent):
            made.check()
    asked = len(books.calls)
    with pytest.raises(CarrierSilent, match="left alone"):
        made.check()
    assert len(books.calls) == asked == client.BREAKS_AFTER * client.TRIES
    books.mischief.hang_up = 0
    clock.now += client.COOLS_S
    assert made.check() == "Account ck_test_hengda_0"
    assert made.check() == "Account ck_test_hengda_0"


def test_the_first_after_the_pause_goes_alone(books: Books, clock: Clock) -> None:
    books.mischief.hang_up = 1000
    made = account(books, clock)
    for _ in range(client.BREAKS_AFTER):
        with pytest.raises(CarrierSilent):
            made.check()
    clock.now += client.COOLS_S
    made._client._check_fuse()
    with pytest.raises(CarrierSilent, match="left alone"):
        made._client._check_fuse()


def test_an_answer_that_got_lost_after_the_deed_gives_the_same_waybill(books: Books, clock: Clock) -> None:
    books.mischief.lose_answer = 2
    label = account(books, clock).buy_label(PARCEL)
    assert list(books.orders) == [label.waybill]
    assert [call for call in books.calls if call.endswith("/labels")] == ["POST /sandbox/v1/labels"] * 3


def test_nonsense_is_named(books: Books, clock: Clock) -> None:
    books.mischief.nonsense = 1
    with pytest.raises(BadCarrierAnswer):
        account(books, clock).check()


def test_a_wrong_clock_is_refused_in_the_carrier_s_words(books: Books, clock: Clock) -> None:
    books.mischief.skew_s = 600
    with pytest.raises(CarrierRefused, match="clock differs by more than five minutes"):
        account(books, clock).check()


def test_the_last_request_of_a_minute_is_not_used_up(clock: Clock) -> None:
    made = Client("http://127.0.0.1:9", pause=clock.pause, clock=lambda: clock.now)
    made._heed({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "3"})
    with pytest.raises(CarrierSilent):
        made.ask(lambda: Call(method="GET", path="/"))
    assert clock.waits[0] == 3.0
    reset = str(int(time.time()) + 90)
    made._heed({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset})
    with pytest.raises(CarrierSilent, match="rest"):
        made.ask(lambda: Call(method="GET", path="/"))


def test_the_log_holds_requests_and_no_secrets(books: Books, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        account(books, clock).buy_label(PARCEL)
    ours = [record.getMessage() for record in caplog.records if record.name == "haitu.links.carriers.client"]
    assert [line.rsplit(" ", 2)[0].split(" ", 1)[0] for line in ours] == ["POST"]
    assert [word for word in (KEY, "Anna", "Markt") if word in caplog.text] == []
