"""Money: every ISO 4217 exponent, halves, shares, rates and plain text."""

from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.money import (
    EXPONENTS,
    BadAmount,
    CannotSplit,
    FxMismatch,
    FxRate,
    UnknownCurrency,
    at_par,
    convert,
    convert_back,
    cross,
    display,
    exponent,
    half_up,
    minor_units,
    parse,
    split,
)

DAY = date(2026, 7, 23)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))
AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


def rate(base: str, quote: str, rate_e9: int, on: date = DAY) -> FxRate:
    return FxRate(base=base, quote=quote, rate_e9=rate_e9, on=on, source="European Central Bank")


# Exponents and text -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("currency", ["JPY", "KRW", "VND", "CLP"])
def test_500_of_a_currency_without_decimals_is_500_minor_units(currency: str) -> None:
    assert (parse("500", currency), display(500, currency)) == (500, "500")


@pytest.mark.parametrize("currency", ["KWD", "BHD", "OMR"])
def test_a_gulf_dinar_has_a_thousand_minor_units(currency: str) -> None:
    assert (parse("1.5", currency), display(1_500, currency)) == (1_500, "1.500")


def test_80_yen_never_become_8000() -> None:
    assert [parse(text, "JPY") for text in ("80", "80.0", "80.00")] == [80, 80, 80]


def test_every_listed_currency_has_an_exponent_and_only_these_differ_from_two() -> None:
    others = {currency: digits for currency, digits in EXPONENTS.items() if digits != 2}
    zero = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    three = "BHD IQD JOD KWD LYD OMR TND"
    assert others == dict.fromkeys(zero.split(), 0) | dict.fromkeys(three.split(), 3) | {"CLF": 4, "UYW": 4}
    assert len(EXPONENTS) == 170
    assert all(len(currency) == 3 and currency.isupper() for currency in EXPONENTS)


@given(AMOUNTS, CURRENCIES)
def test_display_and_parse_are_inverse_in_every_currency(amount_minor: int, currency: str) -> None:
    assert parse(display(amount_minor, currency), currency) == amount_minor


@given(AMOUNTS, CURRENCIES)
def test_display_shows_exactly_the_value(amount_minor: int, currency: str) -> None:
    assert Fraction(display(amount_minor, currency)) == Fraction(amount_minor, minor_units(currency))


def test_small_and_negative_amounts_keep_their_zeros() -> None:
    assert [display(amount, "EUR") for amount in (0, 5, -5, -1234)] == ["0.00", "0.05", "-0.05", "-12.34"]
    assert display(-7, "JPY") == "-7"


@pytest.mark.parametrize("text", ["", "12,34", "1 000", "1e3", "€5", "1.2.3", ".5", "5.", "٥", "nan", "--1"])
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(BadAmount):
        parse(text, "EUR")


def test_decimals_the_currency_does_not_have_are_refused_not_rounded() -> None:
    with pytest.raises(BadAmount) as refused:
        parse("12.345", "EUR")
    assert refused.value.told == "'12.345' has 3 decimals; EUR has 2."
    with pytest.raises(BadAmount):
        parse("80.5", "JPY")


def test_the_largest_amount_a_column_holds_is_the_largest_we_take() -> None:
    assert parse("92233720368547758.07", "EUR") == 2**63 - 1
    with pytest.raises(BadAmount):
        parse("92233720368547758.08", "EUR")


@pytest.mark.parametrize("currency", ["XYZ", "eur", "", "XAU", "EURO"])
def test_an_unknown_currency_is_refused_by_name(currency: str) -> None:
    with pytest.raises(UnknownCurrency) as refused:
        exponent(currency)
    assert (refused.value.code, refused.value.given) == ("unknown_currency", {"currency": currency})


def test_a_withdrawn_currency_is_still_known_for_old_orders() -> None:
    assert display(1_955_83, "BGN") == "1955.83"


# Halves -----------------------------------------------------------------------------------------------------------
def test_a_half_goes_away_from_zero() -> None:
    assert [half_up(n, 2) for n in (-3, -2, -1, 0, 1, 2, 3)] == [-2, -1, -1, 0, 1, 1, 2]
    assert [half_up(n, 10) for n in (-15, -14, -5, -4, 4, 5, 14, 15)] == [-2, -1, -1, 0, 0, 1, 1, 2]


@given(st.integers(), st.integers(1))
def test_half_up_is_the_nearest_whole_number_and_the_larger_one_at_a_half(numerator: int, denominator: int) -> None:
    exact = Fraction(abs(numerator), denominator)
    nearest = (exact + Fraction(1, 2)).__floor__()
    assert half_up(numerator, denominator) == (nearest if numerator >= 0 else -nearest)


@given(st.integers(), st.integers(1))
def test_half_up_is_symmetric(numerator: int, denominator: int) -> None:
    assert half_up(-numerator, denominator) == -half_up(numerator, denominator)


@given(st.lists(st.integers(-(2**61), 2**61), min_size=1), st.integers(1, 2**60))
def test_half_up_on_a_column_is_half_up_on_each_int(numerators: list[int], denominator: int) -> None:
    column = np.array(numerators, dtype=np.int64)
    rounded = half_up(column, denominator)
    assert rounded.dtype == np.int64
    assert rounded.tolist() == [half_up(numerator, denominator) for numerator in numerators]


@given(st.lists(st.tuples(st.integers(-(2**61), 2**61), st.integers(1, 2**60)), min_size=1))
def test_half_up_takes_a_column_of_denominators_too(pairs: list[tuple[int, int]]) -> None:
    numerators, denominators = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    assert half_up(numerators, denominators).tolist() == [half_up(n, d) for n, d in pairs]


# Shares -----------------------------------------------------------------------------------------------------------
def test_freight_of_1500_over_three_lines_by_weight_is_exactly_1500() -> None:
    weights = (250 * 20, 200 * 15, 180 * 5)
    assert split(150_000, weights) == (84_270, 50_562, 15_168)  # naive cents: 842.70 + 505.62 + 151.69 = 1500.01
    assert sum(split(150_000, weights)) == 150_000


@pytest.mark.parametrize(
    ("measure", "weights", "shares"),
    [
        ("value", (1_000_00, 750_00, 250_00), (75_000, 56_250, 18_750)),
        ("volume", (7, 7, 7), (50_000, 50_000, 50_000)),
        ("typed actuals", (1, 2, 4), (21_429, 42_857, 85_714)),
    ],
)
def test_freight_is_split_alike_by_any_measure(measure: str, weights: tuple[int, ...], shares: tuple[int, ...]) -> None:
    assert split(150_000, weights) == shares


def test_duty_that_belongs_to_item_1_goes_to_item_1_only() -> None:
    assert split(6_143, (70_000, 0, 0)) == (6_143, 0, 0)


def test_the_first_of_equals_gets_the_odd_unit() -> None:
    assert (split(10, (1, 1, 1)), split(-10, (1, 1, 1))) == ((4, 3, 3), (-4, -3, -3))


def test_weights_of_zero_share_equally() -> None:
    assert (split(5, (0, 0)), split(0, ()), split(7, (0,))) == ((3, 2), (), (7,))


def test_a_split_without_takers_or_with_a_negative_weight_is_refused() -> None:
    for total, weights in ((1, ()), (10, (3, -1))):
        with pytest.raises(CannotSplit):
            split(total, weights)


@given(AMOUNTS, WEIGHTS)
def test_a_split_sums_to_the_whole(total: int, weights: list[int]) -> None:
    assert sum(split(total, weights)) == total


@given(AMOUNTS, WEIGHTS)
def test_each_share_is_less_than_one_unit_from_the_exact_one(total: int, weights: list[int]) -> None:
    fair = weights if any(weights) else [1] * len(weights)
    exact = [Fraction(total * weight, sum(fair)) for weight in fair]
    assert all(abs(share - due) < 1 for share, due in zip(split(total, weights), exact, strict=True))


@given(st.integers(0, 10**12), WEIGHTS)
def test_who_weighs_more_never_gets_less(total: int, weights: list[int]) -> None:
    by_weight = [share for _, share in sorted(zip(weights, split(total, weights), strict=True))]
    assert by_weight == sorted(by_weight)


@given(AMOUNTS, WEIGHTS, st.data())
def test_the_order_of_the_takers_moves_no_share_but_a_tied_one_by_one_unit(
    total: int, weights: list[int], data: st.DataObject
) -> None:
    places = data.draw(st.permutations(range(len(weights))))
    before = split(total, weights)
    after = split(total, [weights[place] for place in places])
    fair = weights if any(weights) else [1] * len(weights)
    remainders = [abs(total) * weight % sum(fair) for weight in fair]
    for now, place in enumerate(places):
        tied = remainders.count(remainders[place]) > 1
        assert abs(after[now] - before[place]) <= int(tied)


@given(AMOUNTS, WEIGHTS)
def test_splitting_the_opposite_gives_the_opposite(total: int, weights: list[int]) -> None:
    assert split(-total, weights) == tuple(-share for share in split(total, weights))


# Rates ------------------------------------------------------------------------------------------------------------
def test_one_euro_is_given_back_as_forints_at_the_orders_rate_never_as_one_forint() -> None:
    frozen = rate("HUF", "EUR", 2_525_253)  # the order's rate: 1 EUR = 396 HUF
    assert convert_back(1_00, frozen) == 396_00


def test_a_full_refund_in_parts_is_the_charged_amount_whatever_the_rate_says() -> None:
    charged = parse("98633", "INR")
    parts = split(charged, (1, 1, 1))
    assert [display(part, "INR") for part in (*parts, sum(parts))] == [
        "32877.67",
        "32877.67",
        "32877.66",
        "98633.00",
    ]
    assert convert(charged, rate("INR", "GBP", 8_620_000)) == 850_22  # 98 633.00 × 0.00862 = 850.216…


def test_yen_to_euros_and_dinars_know_their_exponents() -> None:
    assert convert(10_000, rate("JPY", "EUR", 6_000_000)) == 60_00
    assert convert(60_00, rate("EUR", "JPY", 166_666_666_667)) == 10_000
    assert convert(1_00, rate("EUR", "KWD", 351_500_000)) == 352  # 0.3515 → 0.352 KWD
    assert convert(-1_00, rate("EUR", "KWD", 351_500_000)) == -352


def test_a_cross_rate_goes_through_the_euro_and_is_as_old_as_its_older_half() -> None:
    pounds = rate("EUR", "GBP", 850_000_000)
    dollars = rate("EUR", "USD", 1_105_000_000, on=date(2026, 7, 22))
    assert cross(pounds, dollars) == rate("GBP", "USD", 1_300_000_000, on=date(2026, 7, 22))


def test_rates_from_two_different_currencies_do_not_cross() -> None:
    with pytest.raises(FxMismatch):
        cross(rate("EUR", "GBP", 850_000_000), rate("USD", "JPY", 10**11))


@pytest.mark.parametrize("rate_e9", [0, -1])
def test_a_rate_is_above_zero(rate_e9: int) -> None:
    with pytest.raises(FxMismatch):
        rate("EUR", "USD", rate_e9)


@given(AMOUNTS, CURRENCIES)
def test_a_currency_is_worth_itself(amount_minor: int, currency: str) -> None:
    par = at_par(currency, DAY)
    assert (convert(amount_minor, par), convert_back(amount_minor, par)) == (amount_minor, amount_minor)


@given(AMOUNTS, CURRENCIES, CURRENCIES, st.integers(1, 10**15))
def test_converting_is_within_half_a_unit_of_the_exact_amount(
    amount_minor: int, base: str, quote: str, rate_e9: int
) -> None:
    exact = Fraction(amount_minor, minor_units(base)) * Fraction(rate_e9, 10**9) * minor_units(quote)
    assert abs(convert(amount_minor, rate(base, quote, rate_e9)) - exact) <= Fraction(1, 2)


@given(AMOUNTS, CURRENCIES, CURRENCIES, st.integers(1, 10**15))
def test_there_and_back_is_the_identity_where_the_other_currency_is_finer(
    amount_minor: int, base: str, quote: str, rate_e9: int
) -> None:
    fx = rate(base, quote, rate_e9)
    unit_of_base_in_quote = Fraction(rate_e9 * minor_units(quote), 10**9 * minor_units(base))
    if unit_of_base_in_quote > 1:
        assert convert_back(convert(amount_minor, fx), fx) == amount_minor


@given(st.lists(AMOUNTS, max_size=5), CURRENCIES, CURRENCIES, st.integers(1, 10**15))
def test_converting_the_opposite_gives_the_opposite(amounts: list[int], base: str, quote: str, rate_e9: int) -> None:
    fx = rate(base, quote, rate_e9)
    assert [convert(-amount, fx) for amount in amounts] == [-convert(amount, fx) for amount in amounts]
