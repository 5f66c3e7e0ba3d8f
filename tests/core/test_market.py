"""The price on the shelf: factor, rate, tax shown or not, and a pleasing ending."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.market import Market, UnknownCharm, charm, shelf_price
from haitu.core.money import EXPONENTS, FxMismatch, FxRate, at_par, exponent, minor_units

DAY = date(2026, 7, 23)
ENDINGS = st.sampled_from(["99", "95", "90", "9", "0", "00", "000", "50", "88", "999"])
PRICES = st.integers(1, 10**12)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))


def market(**changes: object) -> Market:
    germany: dict[str, object] = {
        "id": 1,
        "country": "DE",
        "currency": "EUR",
        "languages": ("de", "en"),
        "prices_include_tax": True,
        "charm": "none",
        "price_factor_bp": 10_000,
        "incoterm": "DDP",
        "registrations": frozenset({"IOSS"}),
        "shipping_minor": 4_90,
        "shipping_free_from_minor": 49_00,
        "traffic_minor": 0,
        "returns_bp": 0,
        "assumed": False,
    }
    return Market(**germany | changes)  # type: ignore[arg-type]


def rate(base: str, quote: str, rate_e9: int) -> FxRate:
    return FxRate(base=base, quote=quote, rate_e9=rate_e9, on=DAY, source="European Central Bank")


def step(currency: str, ending: str) -> int:
    """The distance between two prices with that ending."""
    return int(10 ** (len(ending) + max(0, exponent(currency) - 2)))


# Endings ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "currency", "ending", "wanted"),
    [
        (12_34, "EUR", "none", 12_34),
        (12_34, "EUR", "99", 11_99),
        (12_49, "EUR", "99", 12_99),  # half way: the higher one
        (12_50, "EUR", "99", 12_99),
        (12_34, "EUR", "95", 11_95),
        (12_34, "EUR", "9", 12_39),
        (12_34, "EUR", "0", 12_30),
        (12_50, "EUR", "00", 13_00),
        (12_50, "EUR", "000", 10_00),
        (1_234, "JPY", "00", 1_200),
        (1_234, "JPY", "0", 1_230),
        (1_234, "JPY", "99", 1_199),
        (1_550, "JPY", "000", 2_000),
        (4_321, "KWD", "99", 3_990),
        (4_321, "KWD", "9", 4_290),
    ],
)
def test_a_price_gets_the_nearest_price_with_the_ending(price: int, currency: str, ending: str, wanted: int) -> None:
    assert charm(price, currency, ending) == wanted


def test_a_cheap_thing_is_never_given_away() -> None:
    assert [charm(30, "EUR", "00"), charm(1, "EUR", "99"), charm(49, "JPY", "000")] == [1_00, 99, 1_000]


def test_what_costs_nothing_costs_nothing() -> None:
    assert charm(0, "EUR", "99") == 0


@pytest.mark.parametrize("ending", ["", "x9", "99999", ".99", "-1", "٩٩"])
def test_an_ending_that_is_no_ending_is_refused(ending: str) -> None:
    with pytest.raises(UnknownCharm):
        charm(12_34, "EUR", ending)


@given(PRICES, CURRENCIES, ENDINGS)
def test_charming_twice_is_charming_once(price: int, currency: str, ending: str) -> None:
    once = charm(price, currency, ending)
    assert charm(once, currency, ending) == once


@given(PRICES, CURRENCIES, ENDINGS)
def test_a_charmed_price_has_the_ending(price: int, currency: str, ending: str) -> None:
    last_digits = charm(price, currency, ending) % step(currency, ending)
    assert last_digits == int(ending) * step(currency, ending) // 10 ** len(ending)


@given(PRICES, CURRENCIES, ENDINGS)
def test_a_charmed_price_is_never_more_than_half_a_step_away_unless_it_would_be_free(
    price: int, currency: str, ending: str
) -> None:
    whole = step(currency, ending)
    smallest = charm(1, currency, ending)
    charmed = charm(price, currency, ending)
    assert abs(charmed - price) <= Fraction(whole, 2) or (charmed == smallest and price < smallest)


@given(PRICES, PRICES, CURRENCIES, ENDINGS)
def test_charming_keeps_the_order_of_prices(one: int, other: int, currency: str, ending: str) -> None:
    low, high = sorted((one, other))
    assert charm(low, currency, ending) <= charm(high, currency, ending)


# Shelf prices -----------------------------------------------------------------------------------------------------
def test_a_list_price_in_pounds_becomes_a_german_price_with_tax_and_ending() -> None:
    pounds_to_euros = rate("GBP", "EUR", 1_170_000_000)
    # 20.00 × 1.10 × 1.17 × 1.19 = 30.6306 → 30.99
    assert shelf_price(20_00, pounds_to_euros, market(price_factor_bp=11_000, charm="99"), 19_00) == 30_99


def test_a_market_that_shows_prices_without_tax_leaves_it_out() -> None:
    assert shelf_price(20_00, at_par("EUR", DAY), market(prices_include_tax=False), 19_00) == 20_00


def test_yen_have_no_decimals_on_the_shelf() -> None:
    japan = market(country="JP", currency="JPY", charm="0")
    # 20.00 GBP × 190.5 × 1.10 = 4191 → 4190
    assert shelf_price(20_00, rate("GBP", "JPY", 190_500_000_000), japan, 10_00) == 4_190


def test_a_price_set_by_hand_stands_as_typed() -> None:
    assert shelf_price(20_00, at_par("EUR", DAY), market(charm="99"), 19_00, override_minor=17_23) == 17_23


def test_factor_rate_and_tax_are_rounded_once() -> None:
    # Step by step 0.05 × 1.10 = 0.055 → 0.06 and × 1.17 = 0.0702 → 0.07; exactly it is 0.06435.
    assert shelf_price(5, rate("GBP", "EUR", 1_170_000_000), market(price_factor_bp=11_000), 0) == 6


def test_a_rate_into_another_currency_than_the_markets_is_refused() -> None:
    with pytest.raises(FxMismatch):
        shelf_price(20_00, rate("GBP", "USD", 1_300_000_000), market(), 19_00)


@given(
    list_minor=PRICES,
    base=CURRENCIES,
    quote=CURRENCIES,
    rate_e9=st.integers(1, 10**13),
    factor_bp=st.integers(1, 50_000),
    tax_bp=st.integers(0, 30_00),
)
def test_without_an_ending_the_shelf_price_is_within_half_a_unit_of_the_exact_one(
    *, list_minor: int, base: str, quote: str, rate_e9: int, factor_bp: int, tax_bp: int
) -> None:
    exact = (
        Fraction(list_minor, minor_units(base))
        * Fraction(factor_bp, 10_000)
        * Fraction(rate_e9, 10**9)
        * Fraction(10_000 + tax_bp, 10_000)
        * minor_units(quote)
    )
    shown = shelf_price(
        list_minor, rate(base, quote, rate_e9), market(currency=quote, price_factor_bp=factor_bp), tax_bp
    )
    assert abs(shown - exact) <= Fraction(1, 2)
