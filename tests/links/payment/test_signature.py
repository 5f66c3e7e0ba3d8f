"""A notice is believed only with the account's own signature over the very bytes, and only while it is fresh."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from haitu.links.payment.protocol import BadNotice, Forged
from haitu.links.payment.sandbox import SIGNATURE_HEADER, Sandbox

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SECRET = "whsec_test_hengda"
SANDBOX = Sandbox(address="http://127.0.0.1:9", api_key="sk_test_hengda")
CONTENT: dict[str, Any] = {
    "id": "evt_1",
    "type": "payment.succeeded",
    "created": int(NOW.timestamp()),
    "data": {"intent": "pi_1", "reference": "ref", "amount_minor": 1234, "currency": "EUR", "fee_minor": 66},
}
RAW = json.dumps(CONTENT).encode()


def signed(raw: bytes = RAW, *, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    moment = int(at.timestamp())
    proof = hmac.new(secret.encode(), f"{moment}.".encode() + raw, "sha256").hexdigest()
    return {SIGNATURE_HEADER: f"t={moment},v1={proof}"}


def test_a_signed_notice_is_read_and_counts_for_the_end_of_the_second_it_names() -> None:
    notice = SANDBOX.parse_notice(RAW, signed(), SECRET, NOW)
    end = NOW + timedelta(microseconds=999_999)
    assert (notice.id, notice.kind, notice.reference) == ("evt_1", "payment.succeeded", "ref")
    assert (notice.amount_minor, notice.currency, notice.fee_minor, notice.at) == (1234, "EUR", 66, end)


def test_one_fitting_signature_of_several_is_enough() -> None:
    """A provider that changes its secret signs with both for a while."""
    header = signed()[SIGNATURE_HEADER].replace("v1=", "v1=00,v1=", 1)
    assert SANDBOX.parse_notice(RAW, {SIGNATURE_HEADER: header}, SECRET, NOW).id == "evt_1"


@pytest.mark.parametrize("place", [0, len(RAW) // 2, len(RAW) - 1])
def test_any_tampered_byte_is_forgery(place: int) -> None:
    tampered = RAW[:place] + bytes([RAW[place] ^ 1]) + RAW[place + 1 :]
    with pytest.raises(Forged):
        SANDBOX.parse_notice(tampered, signed(), SECRET, NOW)


@pytest.mark.parametrize("age", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_a_stale_or_early_signature_is_refused(age: timedelta) -> None:
    with pytest.raises(Forged):
        SANDBOX.parse_notice(RAW, signed(at=NOW - age), SECRET, NOW)


def test_a_signature_of_the_last_five_minutes_holds() -> None:
    assert SANDBOX.parse_notice(RAW, signed(at=NOW - timedelta(seconds=300)), SECRET, NOW).id == "evt_1"


def test_another_accounts_secret_does_not_fit() -> None:
    with pytest.raises(Forged):
        SANDBOX.parse_notice(RAW, signed(secret="whsec_test_aoki"), SECRET, NOW)


@pytest.mark.parametrize(
    "header", ["", "t=,v1=", "v1=00", "t=1,t=2,v1=00", "t=²,v1=00", "t=" + "9" * 5000 + ",v1=é", "nonsense"]
)
def test_a_broken_header_is_forgery(header: str) -> None:
    with pytest.raises(Forged):
        SANDBOX.parse_notice(RAW, {SIGNATURE_HEADER: header}, SECRET, NOW)


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        CONTENT | {"type": "payment.dreamt"},
        CONTENT | {"created": "soon"},
        CONTENT | {"created": 10**20},
        CONTENT | {"data": {"intent": "pi_1"}},
        CONTENT | {"data": "text"},
    ],
)
def test_a_signed_notice_that_makes_no_sense_is_refused_in_words(content: object) -> None:
    raw = json.dumps(content).encode()
    with pytest.raises(BadNotice):
        SANDBOX.parse_notice(raw, signed(raw), SECRET, NOW)
