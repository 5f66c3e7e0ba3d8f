"""Carriers' signatures against the digests that the carriers themselves publish, and the pitfalls beside them."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.links.carriers.cainiao import sign as cainiao
from haitu.links.carriers.fourpx import sign as fourpx
from haitu.links.carriers.goodcang.sign import headers
from haitu.links.carriers.protocol import CarrierRefused, ForgedPush
from haitu.links.carriers.sf.sign import digest, java_url_encode
from haitu.links.carriers.yunexpress.sign import authorization
from outside.carriers.sf import java_encode


def test_sf_s_published_digest() -> None:
    message = '{"language":"zh-CN","orderId":"QIAO-20200618-004"}'
    assert digest(message, "12312334453453", "fjcg5PGKaNpPSHFAZ4QsCOkV71R3zVci") == "IIKJtuLVzoFTu4kHI8M8vA=="


def test_java_writes_spaces_stars_and_tildes_in_its_own_way() -> None:
    assert java_url_encode('a b*c~d-e._f/{"纸"}+') == "a+b*c%7Ed-e._f%2F%7B%22%E7%BA%B8%22%7D%2B"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_our_url_encoder_is_java_s_byte_by_byte(given_text: str) -> None:
    assert java_url_encode(given_text) == java_encode(given_text)


def test_cainiao_s_published_digest() -> None:
    assert cainiao.digest("hello1234", "key123") == "ufYU7rvXhHY3IDyZgyt6SA=="


def test_a_plus_in_cainiao_s_digest_survives_the_form() -> None:
    content = next(text for text in map(str, range(1000)) if "+" in cainiao.digest(text, "key123"))
    raw = cainiao.form(content, "key123", kind="X", provider="P")
    assert b"%2B" in raw
    assert cainiao.opened(raw, "key123") == ("X", content)
    broken = raw.replace(b"%2B", b"+")
    assert "+" not in parse_qs(broken.decode())["data_digest"][0]
    with pytest.raises(ForgedPush):
        cainiao.opened(broken, "key123")


def test_4px_signs_sorted_parameters_body_and_secret() -> None:
    parameters = {"v": "1.0", "method": "m", "app_key": "k", "timestamp": "1", "format": "json"}
    # MD5 of "app_keykformatjsonmethodmtimestamp1v1.0" + "{}" + "s": our own fixture, the formula has no published one.
    assert fourpx.sign(parameters, "{}", "s") == "88692809f8dda71db981c62310265a37"
    beside = parameters | {"language": "en", "access_token": "t", "sign": "x"}
    assert fourpx.sign(beside, "{}", "s") == fourpx.sign(parameters, "{}", "s")


def test_yunexpress_joins_code_and_secret_with_an_ampersand() -> None:
    assert authorization("C00001", "secret=") == "Basic QzAwMDAxJnNlY3JldD0="


def test_goodcang_s_keys_do_not_travel_in_the_clear() -> None:
    assert headers("k", "t", "https://oms.goodcang.example")["app-key"] == "k"
    with pytest.raises(CarrierRefused):
        headers("k", "t", "http://oms.goodcang.example")
