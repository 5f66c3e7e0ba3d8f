"""Every carrier keeps the one protocol, each against a local server that checks what the real one says it checks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from haitu.core.tracking import ParcelState, fold
from haitu.links.carriers import MAKERS, SECRETS, UnknownCarrier, carrier, client
from haitu.links.carriers.codes import CODES, rules
from haitu.links.carriers.karrio import Karrio
from haitu.links.carriers.protocol import (
    BadCarrierAnswer,
    Carrier,
    CarrierRefused,
    CarrierSilent,
    ForgedPush,
    NotOffered,
    from_json,
    to_json,
)
from haitu.links.carriers.sandbox.sign import REPLAY_WINDOW_S
from outside.carriers import cainiao, fourpx, goodcang, sandbox, sf, ups, yunexpress
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.links.carriers.parcels import ANNA, PARCEL, nowhere

KEY = "ck_test_hengda_0123456789abcdef"
START = int(datetime(2026, 11, 16, 8, 0, tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class Case:
    """How an account is opened at a stand-in, and what its road looks like."""

    secrets: Mapping[str, str]
    wrong: Mapping[str, str]
    road: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    cheapest_minor: int = 0
    states: tuple[ParcelState, ...] = (ParcelState.PICKED_UP, ParcelState.IN_TRANSIT, ParcelState.DELIVERED)


CASES = {
    "sandbox": Case(
        secrets={"api_key": KEY},
        wrong={"api_key": f"{KEY}x"},
        road=("PICKUP", "HUB", "DELIVERED"),
        cheapest_minor=350 + 7 * 6,
    ),
    "sf": Case(
        secrets={"partner_id": sf.PARTNER, "checkword": sf.CHECKWORD},
        wrong={"partner_id": sf.PARTNER, "checkword": "wrong"},
        road=("50", "30", "80"),
        settings={"monthly_card": "7551234567", "service": 1},
        cheapest_minor=18_00,
    ),
    "cainiao": Case(
        secrets={"provider_id": cainiao.PROVIDER, "secret": cainiao.SECRET},
        wrong={"provider_id": cainiao.PROVIDER, "secret": "wrong"},
        road=("PU_PICKUP_SUCCESS", "LH_DEPART", "GTMS_SIGNED"),
        settings={"cp_code": "CN-DE", "types": {"track": "HAITU_TRACE_QUERY"}},
    ),
    "fourpx": Case(
        secrets={"app_key": fourpx.KEY, "app_secret": fourpx.SECRET},
        wrong={"app_key": fourpx.KEY, "app_secret": "wrong"},
        road=("FPX_C_SPLS", "FPX_M_HA", "FPX_S_OK"),
        settings={"product": "A1", "warehouse": "CNSZXA"},
        cheapest_minor=62_00,
    ),
    "yunexpress": Case(
        secrets={"code": yunexpress.CODE, "api_secret": yunexpress.SECRET},
        wrong={"code": yunexpress.CODE, "api_secret": "wrong"},
        road=("2", "2", "3"),
        settings={"service": "THZXR"},
        cheapest_minor=56_68,
        states=(ParcelState.IN_TRANSIT, ParcelState.IN_TRANSIT, ParcelState.DELIVERED),
    ),
    "goodcang": Case(
        secrets={"app_key": goodcang.KEY, "app_token": goodcang.TOKEN},
        wrong={"app_key": goodcang.KEY, "app_token": "wrong"},
        road=("W", "D"),
        settings={"warehouse": "USEA", "service": "FEDEX-SMALLPARCEL"},
        cheapest_minor=6_50,
        states=(ParcelState.IN_TRANSIT,),
    ),
    "ups": Case(
        secrets={"client_id": ups.ID, "client_secret": ups.SECRET},
        wrong={"client_id": ups.ID, "client_secret": "wrong"},
        road=("OR", "I", "D"),
        settings={"account_number": "12345E", "account_country_code": "CN", "service": "ups_standard"},
        cheapest_minor=18_40,
    ),
}
ALL = sorted(CASES)
REPEATING = [name for name in ALL if name != "ups"]


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        sandbox.open_account(there, KEY)
        yield there
    client.forget()


def account(name: str, books: Books, *, wrong: bool = False) -> Carrier:
    case = CASES[name]
    secrets = case.wrong if wrong else case.secrets
    return carrier(name, address=f"{books.own_address}/{name}", secrets=secrets, settings=case.settings)


def test_every_carrier_has_a_case_and_its_secrets_named() -> None:
    assert set(MAKERS) == set(SECRETS) == set(CASES) | {"fedex", "dhl_express", "usps"}
    assert {name: set(case.secrets) for name, case in CASES.items()} == {name: set(SECRETS[name]) for name in CASES}


def test_no_other_carrier_is_built_in() -> None:
    with pytest.raises(UnknownCarrier, match="there is: cainiao, dhl_express"):
        carrier("pigeon", address="", secrets={}, settings={})


@pytest.mark.parametrize("name", ALL)
def test_the_right_secrets_are_accepted_and_wrong_ones_refused(name: str, books: Books) -> None:
    assert account(name, books).check() != ""
    with pytest.raises(CarrierRefused):
        account(name, books, wrong=True).check()


@pytest.mark.parametrize("name", [name for name in ALL if CASES[name].cheapest_minor])
def test_the_cheapest_service_comes_first(name: str, books: Books) -> None:
    rates = account(name, books).rate(PARCEL)
    assert rates[0].price_minor == CASES[name].cheapest_minor
    assert [rate.price_minor for rate in rates] == sorted(rate.price_minor for rate in rates)


@pytest.mark.parametrize("name", REPEATING)
def test_the_same_reference_is_the_same_waybill(name: str, books: Books) -> None:
    made = account(name, books)
    assert made.repeats
    assert made.buy_label(PARCEL).waybill == made.buy_label(PARCEL).waybill
    assert made.buy_label(replace(PARCEL, reference="A-1001-2")).waybill != made.buy_label(PARCEL).waybill
    assert len(books.orders) == 2


@pytest.mark.parametrize("name", REPEATING)
def test_an_answer_lost_on_the_way_buys_nothing_twice(name: str, books: Books) -> None:
    books.mischief.lose_answer = 1
    label = account(name, books).buy_label(PARCEL)
    assert list(books.orders) == [label.waybill]


def test_ups_knows_no_references_and_says_so(books: Books) -> None:
    made = account("ups", books)
    assert not made.repeats
    assert made.buy_label(PARCEL).waybill != made.buy_label(PARCEL).waybill


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("goodcang", "cainiao")])
def test_a_label_is_a_picture_to_print(name: str, books: Books) -> None:
    label = account(name, books).buy_label(PARCEL)
    start = {"pdf": b"%PDF", "png": b"\x89PNG"}[label.format]
    assert label.content[:4] == start


def test_goodcang_s_warehouse_prints_its_own_labels(books: Books) -> None:
    assert account("goodcang", books).buy_label(PARCEL).content == b""


@pytest.mark.parametrize("name", [name for name in ALL if name != "goodcang"])
def test_a_refusal_comes_in_the_carrier_s_words(name: str, books: Books) -> None:
    with pytest.raises(CarrierRefused) as no:
        account(name, books).buy_label(nowhere())
    assert no.value.told != ""
    assert books.orders == {}


@pytest.mark.parametrize("name", ALL)
def test_a_label_that_was_not_used_is_cancelled(name: str, books: Books) -> None:
    made = account(name, books)
    label = made.buy_label(PARCEL)
    made.void(label.waybill, PARCEL.reference)
    assert books.orders[label.waybill].state == "voided"


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("sf", "ups")])
def test_what_the_carrier_does_not_know_it_does_not_cancel(name: str, books: Books) -> None:
    with pytest.raises(CarrierRefused):
        account(name, books).void("nobody's", "nobody's")


@pytest.mark.parametrize("name", ALL)
def test_scans_speak_our_vocabulary(name: str, books: Books) -> None:
    made, case = account(name, books), CASES[name]
    waybill = made.buy_label(PARCEL).waybill
    books.orders[waybill].scans.clear()
    books.travelled(waybill, case.road, start=START)
    scans = sorted(made.track([waybill]), key=lambda scan: scan.at)
    assert {scan.waybill for scan in scans} == {waybill}
    assert tuple(scan.state for scan in scans) == case.states
    assert fold(scans).at == datetime.fromtimestamp(START, tz=UTC) + timedelta(hours=len(case.road) - 1)


@pytest.mark.parametrize("name", ALL)
def test_nonsense_is_named_and_silence_is_silence(name: str, books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE_S", 0.001)
    books.mischief.nonsense = 1
    with pytest.raises((BadCarrierAnswer, CarrierSilent, CarrierRefused)):
        account(name, books).buy_label(PARCEL)
    books.mischief.hang_up = 100
    with pytest.raises(CarrierSilent):
        account(name, books).buy_label(replace(PARCEL, reference="A-1001-3"))


def test_sf_s_rate_limit_is_silence_not_a_no(books: Books) -> None:
    books.extra["sf_busy"] = 1
    with pytest.raises(CarrierSilent):
        account("sf", books).rate(PARCEL)


def test_sf_refuses_an_old_clock(books: Books) -> None:
    books.mischief.skew_s = 1200
    with pytest.raises(CarrierRefused, match="A1002"):
        account("sf", books).rate(PARCEL)


def test_what_a_carrier_cannot_it_says(books: Books) -> None:
    with pytest.raises(NotOffered):
        account("cainiao", books).rate(PARCEL)
    with pytest.raises(NotOffered):
        account("fourpx", books).invoice(date(2026, 11, 1), date(2026, 11, 30))
    with pytest.raises(NotOffered):
        account("yunexpress", books).parse_push(b"{}", {}, datetime.now(UTC))


def test_the_sandbox_closes_the_day_and_sends_its_bill(books: Books) -> None:
    made = account("sandbox", books)
    waybills = [made.buy_label(replace(PARCEL, reference=f"A-{nth}")).waybill for nth in range(7)]
    assert made.manifest(waybills).content[:4] == b"%PDF"
    today = datetime.now(UTC).date()
    lines = made.invoice(today - timedelta(days=1), today)
    assert [line.waybill for line in lines] == sorted(waybills)
    # The seventh was found 400 g heavier: four more steps of 6 cents.
    assert [line.billed_minor for line in lines] == [392] * 6 + [392 + 4 * 6]
    assert made.invoice(today + timedelta(days=1), today + timedelta(days=2)) == ()


def test_a_push_of_the_sandbox_is_signed_and_fresh(books: Books) -> None:
    made, now = account("sandbox", books), datetime.now(UTC)
    body = json.dumps({"scans": [{"waybill": "W1", "code": "HUB", "at": START}]}).encode()
    sent = sandbox.signed_push(KEY, body, int(now.timestamp()))
    assert [scan.state for scan in made.parse_push(body, sent, now).scans] == [ParcelState.IN_TRANSIT]
    for raw, headers, at in (
        (body + b" ", sent, now),
        (body, {**sent, "Sandbox-Signature": "0" * 64}, now),
        (body, sent, now + timedelta(seconds=REPLAY_WINDOW_S + 2)),
        (body, {}, now),
    ):
        with pytest.raises(ForgedPush):
            made.parse_push(raw, headers, at)


def test_a_push_of_cainiao_is_held_against_its_digest(books: Books) -> None:
    made, now = account("cainiao", books), datetime.now(UTC)
    traces = [{"action": "GTMS_SIGNED", "time": "2026-11-20 10:00:00", "desc": "签收", "city": "Leipzig"}]
    (seen,) = made.parse_push(cainiao.push_body("LP1CN", traces), {}, now).scans
    assert (seen.state, seen.at) == (ParcelState.DELIVERED, datetime(2026, 11, 20, 2, 0, tzinfo=UTC))
    with pytest.raises(ForgedPush):
        made.parse_push(cainiao.push_body("LP1CN", traces, "wrong"), {}, now)


def test_a_push_of_sf_names_its_routes(books: Books) -> None:
    route = {"mailno": "SF1", "opCode": "80", "acceptTime": "2026-11-20 10:00:00", "acceptAddress": "莱比锡"}
    raw = json.dumps({"Body": {"WaybillRoute": [route]}}).encode()
    (seen,) = account("sf", books).parse_push(raw, {}, datetime.now(UTC)).scans
    assert (seen.waybill, seen.state, seen.place) == ("SF1", ParcelState.DELIVERED, "莱比锡")
    with pytest.raises(BadCarrierAnswer):
        account("sf", books).parse_push(b"[]", {}, datetime.now(UTC))


def test_a_shipment_is_written_down_and_read_back() -> None:
    assert from_json(json.loads(json.dumps(to_json(PARCEL)))) == PARCEL


def test_every_code_has_a_source_and_a_day() -> None:
    lines = CODES.read_text(encoding="utf-8").splitlines()[1:]
    kept = [rule for name in (*CASES, "karrio") for found in rules(name).values() for rule in found]
    assert len(kept) == len(lines)
    assert [rule for rule in kept if not rule.source] == []


def test_an_unknown_code_is_kept_without_a_meaning(books: Books) -> None:
    made = account("sandbox", books)
    waybill = made.buy_label(PARCEL).waybill
    books.travelled(waybill, ["TELEPORTED"], start=START)
    assert [scan.state for scan in made.track([waybill]) if scan.code == "TELEPORTED"] == [None]


def test_a_country_without_postcodes_needs_none(books: Books) -> None:
    dubai = replace(ANNA, country="AE", city="Dubai", postcode="")
    for name in ("sandbox", "sf", "fourpx", "yunexpress"):
        assert account(name, books).buy_label(replace(PARCEL, receiver=dubai)).waybill != ""


@pytest.mark.parametrize("name", ["ups", "fedex", "dhl_express", "usps"])
def test_karrio_s_carriers_speak_to_the_address_of_the_account(name: str) -> None:
    made = carrier(name, address="https://carrier.example/x/", secrets=dict.fromkeys(SECRETS[name], "k"), settings={})
    assert isinstance(made, Karrio)
    gateway = made._gateway()
    assert gateway.settings.server_url == gateway.proxy.settings.server_url == "https://carrier.example/x"


def test_karrio_answers_a_caller_that_has_an_event_loop_of_its_own(books: Books) -> None:
    async def ask() -> int:
        return len(account("ups", books).rate(PARCEL))

    with ThreadPoolExecutor(max_workers=1) as elsewhere:  # a browser test may have left a loop in this thread
        assert elsewhere.submit(lambda: asyncio.run(ask())).result() > 0
