"""The sandbox provider does what a real one does, and our link gets along with it, mischief included."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from haitu.links.payment.protocol import (
    Forged,
    Notice,
    PaymentWanted,
    ProviderRefused,
    ProviderSilent,
    RefundWanted,
    Started,
)
from haitu.links.payment.sandbox import Sandbox
from outside.payment.desk import Desk
from outside.payment.mischief import Mischief
from outside.payment.server import serving

KEY, SECRET = "sk_test_hengda", "whsec_test_hengda"


class Ear:
    """A shop's hook: verifies what comes, keeps it, answers as told."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.forged = 0
        self.answers: list[int] = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                status = ear.answers.pop(0) if ear.answers else ear.hear(raw, dict(self.headers))
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/hooks/pay/acct/"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def hear(self, raw: bytes, headers: dict[str, str]) -> int:
        try:
            notice = Sandbox(address="", api_key="").parse_notice(raw, headers, SECRET, datetime.now(UTC))
        except Forged:
            self.forged += 1
            return 401
        self.notices.append(notice)
        return 200

    def wait_for(self, count: int) -> list[Notice]:
        wait_until(lambda: len(self.notices) >= count)
        return self.notices

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen within 20 seconds"
        time.sleep(0.02)


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


@pytest.fixture
def psp(tmp_path: Path) -> Iterator[Desk]:
    with serving(host="127.0.0.1", port=0, path=str(tmp_path / "psp.sqlite3"), mischief=Mischief()) as desk:
        yield desk


@pytest.fixture
def sandbox(psp: Desk) -> Sandbox:
    return Sandbox(address=psp.own_address, api_key=KEY, pause=lambda _: None)


def wanted(ear: Ear, reference: str = "payment-1", *, amount_minor: int = 12_34) -> PaymentWanted:
    return PaymentWanted(
        reference=reference,
        amount_minor=amount_minor,
        currency="EUR",
        told="Hengda <b>261120</b>",
        return_url="http://shop.test/order/1/",
        notify_url=ear.address,
        language="de",
    )


def choose(started: Started, choice: str) -> httpx.Response:
    return httpx.post(started.redirect_url, data={"choice": choice}, trust_env=False)


def test_a_payment_from_start_to_signed_notice(sandbox: Sandbox, ear: Ear) -> None:
    started = sandbox.start(wanted(ear))
    assert sandbox.standing(started.intent).state == "pending"
    back = choose(started, "pay")
    assert (back.status_code, back.headers["location"]) == (303, "http://shop.test/order/1/")
    (notice,) = ear.wait_for(1)
    assert (notice.kind, notice.reference, notice.intent) == ("payment.succeeded", "payment-1", started.intent)
    assert (notice.amount_minor, notice.currency, notice.fee_minor) == (12_34, "EUR", 66)  # 2.9 % and 30
    assert sandbox.standing(started.intent).state == "succeeded"


def test_asking_twice_is_one_payment(sandbox: Sandbox, ear: Ear) -> None:
    assert sandbox.start(wanted(ear)) == sandbox.start(wanted(ear))
    with pytest.raises(ProviderRefused, match="another request"):
        sandbox.start(wanted(ear, amount_minor=1))


def test_the_page_shows_what_is_paid_and_that_it_is_a_rehearsal(sandbox: Sandbox, ear: Ear) -> None:
    page = httpx.get(sandbox.start(wanted(ear)).redirect_url, trust_env=False)
    assert "Hengda &lt;b&gt;261120&lt;/b&gt;" in page.text
    assert "12.34" in page.text
    assert "Es fließt kein echtes Geld" in page.text
    assert "script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


def test_a_declined_card_is_a_failed_payment(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    choose(sandbox.start(wanted(ear, "by-button")), "decline")
    psp.mischief.decline_minor.add(66_66)
    choose(sandbox.start(wanted(ear, "by-amount", amount_minor=66_66)), "pay")
    notices = ear.wait_for(2)
    assert [(notice.kind, notice.told) for notice in notices] == [("payment.failed", "The card was declined.")] * 2


def test_a_bank_transfer_takes_a_while(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    psp.mischief.later_s = 0.3
    started = sandbox.start(wanted(ear))
    choose(started, "later")
    assert sandbox.standing(started.intent).state == "pending"
    assert ear.wait_for(1)[0].kind == "payment.succeeded"


def test_a_second_choice_changes_nothing(sandbox: Sandbox, ear: Ear) -> None:
    started = sandbox.start(wanted(ear))
    choose(started, "pay")
    choose(started, "decline")
    assert sandbox.standing(started.intent).state == "succeeded"


def test_refunds_are_answered_pending_and_confirmed_by_notice(sandbox: Sandbox, ear: Ear) -> None:
    started = sandbox.start(wanted(ear))
    choose(started, "pay")
    refund = RefundWanted(reference="refund-1", intent=started.intent, amount_minor=500, currency="EUR", told="broken")
    assert [sandbox.refund(refund).state for _ in range(2)] == ["pending", "pending"]
    back = ear.wait_for(2)[1]
    assert (back.kind, back.reference, back.amount_minor) == ("refund.succeeded", "refund-1", 500)
    too_much = RefundWanted(reference="refund-2", intent=started.intent, amount_minor=800, currency="EUR", told="")
    with pytest.raises(ProviderRefused, match="734 are left"):
        sandbox.refund(too_much)


def test_an_unpaid_payment_cannot_be_refunded(sandbox: Sandbox, ear: Ear) -> None:
    intent = sandbox.start(wanted(ear)).intent
    refund = RefundWanted(reference="refund-1", intent=intent, amount_minor=1, currency="EUR", told="")
    with pytest.raises(ProviderRefused, match="succeeded"):
        sandbox.refund(refund)


def test_another_account_sees_nothing(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    intent = sandbox.start(wanted(ear)).intent
    other = Sandbox(address=psp.own_address, api_key="sk_test_aoki")
    with pytest.raises(ProviderRefused, match="no such intent"):
        other.standing(intent)
    with pytest.raises(ProviderRefused, match="Send your key"):
        Sandbox(address=psp.own_address, api_key="nothing").standing(intent)


def test_a_hook_that_fails_is_called_again(sandbox: Sandbox, ear: Ear) -> None:
    ear.answers = [500, 503]
    choose(sandbox.start(wanted(ear)), "pay")
    assert len(ear.wait_for(1)) == 1


def test_mischief_repeat(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    psp.mischief.repeat = 2
    choose(sandbox.start(wanted(ear)), "pay")
    notices = ear.wait_for(3)
    assert [notice.id for notice in notices] == [notices[0].id] * 3


def test_mischief_reorder(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    psp.mischief.reorder, psp.mischief.hold_ms = True, 700
    started = sandbox.start(wanted(ear))
    choose(started, "pay")
    sandbox.refund(RefundWanted(reference="refund-1", intent=started.intent, amount_minor=1, currency="EUR", told=""))
    psp.store.do("UPDATE delivery SET due_at = (SELECT max(due_at) FROM delivery)")
    assert [notice.kind for notice in ear.wait_for(2)] == ["refund.succeeded", "payment.succeeded"]


def test_mischief_tamper_is_caught_and_sent_again(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    psp.mischief.tamper = 1
    choose(sandbox.start(wanted(ear)), "pay")
    assert ear.wait_for(1)[0].amount_minor == 12_34
    assert ear.forged == 1


def test_mischief_lose_leaves_asking(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    psp.mischief.lose = 1
    started = sandbox.start(wanted(ear))
    choose(started, "pay")
    wait_until(lambda: psp.store.one("SELECT * FROM delivery WHERE state = 'lost'") is not None)
    standing = sandbox.standing(started.intent)
    assert (standing.state, standing.fee_minor, ear.notices) == ("succeeded", 66, [])


def test_an_outage_is_waited_out_and_a_long_one_told(sandbox: Sandbox, psp: Desk, ear: Ear) -> None:
    psp.mischief.outages = 2
    assert sandbox.start(wanted(ear)).intent.startswith("pi_")
    psp.mischief.outages = 3
    with pytest.raises(ProviderSilent):
        sandbox.start(wanted(ear, "payment-2"))


def test_nobody_there_is_told_in_words() -> None:
    pauses = list[float]()
    nobody = Sandbox(address="http://127.0.0.1:9", api_key=KEY, pause=pauses.append)
    with pytest.raises(ProviderSilent, match="does not answer"):
        nobody.standing("pi_1")
    assert pauses == [0.2, 0.8]


@pytest.mark.parametrize(
    "changed", [{"amount_minor": 0}, {"amount_minor": -5}, {"currency": "euro"}, {"notify_url": "file:///etc/passwd"}]
)
def test_nonsense_is_refused(sandbox: Sandbox, ear: Ear, changed: dict[str, object]) -> None:
    good = wanted(ear)
    given = {name: getattr(good, name) for name in good.__dataclass_fields__} | changed
    with pytest.raises(ProviderRefused):
        sandbox.start(PaymentWanted(**given))
