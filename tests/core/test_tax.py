"""Tax: the rate of a day and place, inside a price or on top of it, and totals that do not drift."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.tax import NoTaxRate, TaxedAmount, TaxRate, TaxTotal, rate_on, tax_inside, tax_on_top, taxed, total

AMOUNTS = st.integers(-(10**12), 10**12)
RATES = st.integers(0, 30_00)
BOTH = ("line", "total")


def rate(rate_bp: int, country: str = "DE", **other: object) -> TaxRate:
    fields = {"region": "", "kind": "vat", "category": "standard", "valid_from": None, "valid_to": None}
    return TaxRate(country=country, rate_bp=rate_bp, source="Directive 2006/112/EC", **fields | other)  # type: ignore[arg-type]


# Rounding people complained about ---------------------------------------------------------------------------------
@pytest.mark.parametrize("rounding", BOTH)
def test_45_and_49_with_21_percent_inside_and_shipping_4_96_without_make_100_00(rounding: str) -> None:
    amounts = [
        taxed(45_00, 21_00, included=True),
        taxed(49_00, 21_00, included=True),
        taxed(4_96, 21_00, included=False),
    ]
    assert total(amounts, rounding=rounding).gross_minor == 100_00  # type: ignore[arg-type]


@pytest.mark.parametrize("rounding", BOTH)
def test_325_and_10_with_10_percent_inside_make_335_00(rounding: str) -> None:
    amounts = [taxed(325_00, 10_00, included=True), taxed(10_00, 10_00, included=True)]
    assert total(amounts, rounding=rounding).gross_minor == 335_00  # type: ignore[arg-type]


@pytest.mark.parametrize(("rounding", "tax_minor"), [("line", 92), ("total", 91)])
def test_two_at_1_49_and_shipping_2_50_with_20_percent_inside_make_5_48(rounding: str, tax_minor: int) -> None:
    amounts = [taxed(2 * 1_49, 20_00, included=True), taxed(2_50, 20_00, included=True)]
    assert total(amounts, rounding=rounding) == TaxTotal(  # type: ignore[arg-type]
        net_minor=5_48 - tax_minor, tax_minor=tax_minor, gross_minor=5_48, by_rate=((20_00, tax_minor),)
    )


def test_a_refund_of_those_is_the_same_figures_with_a_minus() -> None:
    sold = [taxed(2 * 1_49, 20_00, included=True), taxed(2_50, 20_00, included=True)]
    returned = [taxed(-2 * 1_49, 20_00, included=True), taxed(-2_50, 20_00, included=True)]
    assert total(returned, rounding="line").gross_minor == -5_48
    assert [-part.tax_minor for part in returned] == [part.tax_minor for part in sold]


def test_24_99_with_10_75_percent_on_top_and_6_44_untaxed_make_34_12() -> None:
    together = total([taxed(24_99, 10_75, included=False), taxed(6_44, 0, included=False)], rounding="line")
    assert together == TaxTotal(net_minor=31_43, tax_minor=2_69, gross_minor=34_12, by_rate=((0, 0), (10_75, 2_69)))


def test_a_taxed_amount_says_all_its_parts() -> None:
    assert taxed(119_00, 19_00, included=True) == TaxedAmount(
        net_minor=100_00, tax_minor=19_00, gross_minor=119_00, rate_bp=19_00, included=True
    )
    assert taxed(100_00, 19_00, included=False) == TaxedAmount(
        net_minor=100_00, tax_minor=19_00, gross_minor=119_00, rate_bp=19_00, included=False
    )


@given(AMOUNTS, RATES, st.booleans())
def test_net_and_tax_are_the_gross_and_the_named_price_stands(amount: int, rate_bp: int, included: bool) -> None:
    part = taxed(amount, rate_bp, included)
    assert part.net_minor + part.tax_minor == part.gross_minor
    assert (part.gross_minor if included else part.net_minor) == amount


@given(AMOUNTS, RATES)
def test_tax_inside_is_within_half_a_unit_of_the_exact_tax(gross: int, rate_bp: int) -> None:
    assert abs(tax_inside(gross, rate_bp) - Fraction(gross * rate_bp, 10_000 + rate_bp)) <= Fraction(1, 2)


@given(AMOUNTS, RATES)
def test_tax_put_on_top_is_found_inside_again(net: int, rate_bp: int) -> None:
    tax = tax_on_top(net, rate_bp)
    assert tax_inside(net + tax, rate_bp) == tax


@given(st.lists(st.tuples(AMOUNTS, RATES), max_size=8))
def test_totals_of_prices_with_tax_never_drift(prices: list[tuple[int, int]]) -> None:
    amounts = [taxed(price, rate_bp, included=True) for price, rate_bp in prices]
    per_line, per_total = total(amounts, rounding="line"), total(amounts, rounding="total")
    assert per_line.gross_minor == per_total.gross_minor == sum(price for price, _ in prices)


@given(st.lists(st.tuples(AMOUNTS, RATES, st.booleans()), max_size=8))
def test_every_total_adds_up(prices: list[tuple[int, int, bool]]) -> None:
    amounts = [taxed(*price) for price in prices]
    for together in (total(amounts, rounding="line"), total(amounts, rounding="total")):
        assert together.net_minor + together.tax_minor == together.gross_minor
        assert sum(tax for _, tax in together.by_rate) == together.tax_minor


@given(st.lists(AMOUNTS, min_size=1, max_size=8), RATES)
def test_tax_on_a_column_is_tax_on_each_int(amounts: list[int], rate_bp: int) -> None:
    column = np.array(amounts, dtype=np.int64)
    assert tax_inside(column, rate_bp).tolist() == [tax_inside(amount, rate_bp) for amount in amounts]
    assert tax_on_top(column, rate_bp).tolist() == [tax_on_top(amount, rate_bp) for amount in amounts]


# Rates ------------------------------------------------------------------------------------------------------------
GERMANY = (
    rate(19_00, valid_from=date(2007, 1, 1), valid_to=date(2020, 6, 30)),
    rate(16_00, valid_from=date(2020, 7, 1), valid_to=date(2020, 12, 31)),
    rate(19_00, valid_from=date(2021, 1, 1)),
    rate(7_00, category="books", valid_from=date(2021, 1, 1)),
)


def of(rates: tuple[TaxRate, ...], on: date, country: str = "DE", region: str = "", category: str = "standard") -> int:
    return rate_on(rates, country=country, region=region, category=category, on=on).rate_bp


@pytest.mark.parametrize(
    ("on", "rate_bp"),
    [
        (date(2020, 6, 30), 19_00),
        (date(2020, 7, 1), 16_00),
        (date(2020, 12, 31), 16_00),
        (date(2021, 1, 1), 19_00),
    ],
)
def test_the_german_rate_of_the_second_half_of_2020_holds_on_its_first_and_last_day(on: date, rate_bp: int) -> None:
    assert of(GERMANY, on) == rate_bp


def test_a_category_has_its_own_rate_and_what_has_none_falls_back_visibly() -> None:
    assert of(GERMANY, date(2026, 1, 1), category="books") == 7_00
    fallen_back = rate_on(GERMANY, country="DE", region="", category="toys", on=date(2026, 1, 1))
    assert (fallen_back.rate_bp, fallen_back.category) == (19_00, "standard")


def test_a_regions_rate_is_whole_and_wins_over_the_countrys() -> None:
    canada = (rate(5_00, "CA", kind="gst"), rate(13_00, "CA", kind="hst", region="ON"))
    today = date(2026, 1, 1)
    assert [of(canada, today, "CA", region) for region in ("ON", "AB", "")] == [13_00, 5_00, 5_00]


def test_of_two_rates_in_force_the_younger_holds() -> None:
    rates = (rate(20_00, valid_from=date(2024, 1, 1)), rate(18_00))
    assert (of(rates, date(2026, 1, 1)), of(rates, date(2023, 12, 31))) == (20_00, 18_00)


def test_no_rate_for_the_place_or_day_is_refused() -> None:
    for country, on in (("FR", date(2026, 1, 1)), ("DE", date(2006, 12, 31))):
        with pytest.raises(NoTaxRate) as refused:
            of(GERMANY, on, country)
        assert refused.value.told == f"No standard tax rate of {country} is known for {on}."


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 3000))
def test_a_rate_holds_on_every_day_between_its_two_and_on_no_other(begins: date, days: int) -> None:
    ends = begins + timedelta(days)
    rates = (rate(19_00, valid_from=begins, valid_to=ends),)
    assert of(rates, begins) == of(rates, ends) == 19_00
    for outside in (begins - timedelta(1), ends + timedelta(1)):
        with pytest.raises(NoTaxRate):
            of(rates, outside)
