"""Duties as the tariffs of the USA, the Union and the United Kingdom write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.links.reference.duty_text import Duty, Specific, duty


def percent(basis_points: int) -> Duty:
    return Duty(ad_valorem_bp=basis_points, specific=None)


def by(amount_minor: int, currency: str, quantity: int, unit: str, *, ad_valorem_bp: int = 0) -> Duty:
    specific = Specific(amount_minor=amount_minor, currency=currency, quantity=quantity, unit=unit)
    return Duty(ad_valorem_bp=ad_valorem_bp, specific=specific)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Free", percent(0)),
        ("4.7%", percent(470)),
        ("12.00%", percent(1200)),
        (" 6% <u></u>", percent(600)),
        ("12.8% + 176.80 EUR / 100 kg", by(17680, "EUR", 100_000, "g", ad_valorem_bp=1280)),
        ("12.00% + 147.00 GBP/100kg", by(14700, "GBP", 100_000, "g", ad_valorem_bp=1200)),
        ("5.3¢/kg", by(53, "USD", 10_000, "g")),
        ("$1.646/kg + 10%", by(1646, "USD", 10_000, "g", ad_valorem_bp=1000)),
        ("30¢ each + 4.3%", by(30, "USD", 1, "item", ad_valorem_bp=430)),
        ("11¢/pr. + 5%", by(11, "USD", 1, "pair", ad_valorem_bp=500)),
        ("1,500 EUR / tonne", by(150_000, "EUR", 1_000_000, "g")),
        ("1 EUR / 1,000 items", by(100, "EUR", 1000, "item")),
        ("23 GBP / hl", by(2300, "GBP", 1, "hl")),
    ],
)
def test_what_is_written_plainly_is_understood(text: str, meant: Duty) -> None:
    assert duty(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4.50% MIN 0.30 EUR / item MAX 0.80 EUR / item",
        "8.30% +  EA MAX 18.70%  + ADSZ",
        "8.50% (01 JAN-31 MAY), 12.00% (01 JUN-31 OCT)",
        "1.75 EUR / % vol / hl",
        "30¢ each + 6.9% on the case",
        "3.7¢/kg on drained weight",
        "The rate applicable to each garment in the ensemble if separately entered",
        "2% + 3%",
        "5/kg",
        "12.345%",
    ],
)
def test_what_is_not_plain_is_left_as_text(text: str) -> None:
    assert duty(text) is None


@given(st.integers(0, 99_999))
def test_every_percentage_of_two_decimals_comes_back(basis_points: int) -> None:
    assert duty(f"{basis_points // 100}.{basis_points % 100:02d}%") == percent(basis_points)
