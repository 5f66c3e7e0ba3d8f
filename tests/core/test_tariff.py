"""Which tariff lines hold for some goods, and the duty they make."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.money import Exchange, FxRate, RateMissing
from haitu.core.tariff import DutyLine, DutyUnknown, Goods, duty

DAY = date(2026, 7, 23)
EUROS_TO_DOLLARS = FxRate(base="EUR", quote="USD", rate_e9=1_100_000_000, on=DAY, source="European Central Bank")
DOLLARS = Exchange(currency="USD", rates={"EUR": EUROS_TO_DOLLARS}, on=DAY)


def line(hs_code: str, bp: int | None = None, **changes: object) -> DutyLine:
    fields: dict[str, object] = {
        "territory": "US",
        "origin": "",
        "additional": False,
        "specific_minor": None,
        "specific_currency": "",
        "specific_per_g": None,
        "text": "as written",
        "valid_from": None,
        "valid_to": None,
        "source": "HTS 2024",
    }
    return DutyLine(hs_code=hs_code, ad_valorem_bp=bp, **fields | changes)  # type: ignore[arg-type]


def goods(hs_code: str = "691200", origin: str = "CN", weight_g: int | None = 500, quantity: int = 2) -> Goods:
    return Goods(hs_code=hs_code, origin_country=origin, value_minor=100_00, weight_g=weight_g, quantity=quantity)


def due(of: Goods, *lines: DutyLine, base_minor: int = 100_00) -> int:
    return duty(of, base_minor, lines, territory="US", exchange=DOLLARS).amount_minor


# Which line -------------------------------------------------------------------------------------------------------
def test_the_most_specific_line_wins() -> None:
    lines = (line("", 1_00), line("69", 2_00), line("6912", 3_00), line("69120035", 9_80), line("69120039", 4_50))
    assert [due(goods(code), *lines) for code in ("69120035", "69120039", "690100", "850100")] == [
        9_80,
        4_50,
        2_00,
        1_00,
    ]


def test_a_code_too_short_for_the_tariff_takes_the_dearest_line_below_and_says_so() -> None:
    charge = duty(
        goods("691200"), 100_00, (line("69120035", 9_80), line("69120039", 4_50)), territory="US", exchange=DOLLARS
    )
    assert charge.amount_minor == 9_80
    assert [why.code for why in charge.why] == ["dearest_line", "duty"]
    assert charge.why[0].told == "691200 does not name one line of the tariff; the dearest of 2 is taken."


def test_a_code_of_another_countrys_tariff_is_read_by_its_first_six_digits() -> None:
    lines = (line("69120035", 9_80), line("69120039", 4_50), line("69110010", 25_00))
    assert due(goods("6912002900"), *lines) == 9_80


def test_a_line_for_the_goods_own_origin_replaces_the_general_one() -> None:
    lines = (line("69120035", 9_80), line("69120035", 0, origin="KR"), line("", 50_00, origin="KP"))
    assert [due(goods("69120035", origin), *lines) for origin in ("KR", "CN", "KP")] == [0, 9_80, 50_00]


def test_additional_lines_come_on_top_and_add_up() -> None:
    lines = (
        line("69120035", 9_80),
        line("", 20_00, origin="CN", additional=True),
        line("6912", 25_00, origin="CN", additional=True),
        line("", 10_00, additional=True),
        line("8501", 99_00, additional=True),
    )
    assert due(goods("69120035", "CN"), *lines) == 9_80 + 20_00 + 25_00 + 10_00
    assert due(goods("69120035", "JP"), *lines) == 9_80 + 10_00


def test_an_additional_line_finer_than_the_code_counts_as_it_may_hold() -> None:
    lines = (
        line("691200", 5_00),
        line("69120035", 25_00, additional=True),
        line("69120039", 7_50, additional=True),
    )
    assert due(goods("691200"), *lines) == 5_00 + 25_00
    assert due(goods("69120039"), *lines) == 5_00 + 7_50


def test_an_additional_line_alone_is_no_tariff() -> None:
    with pytest.raises(DutyUnknown):
        due(goods("691200"), line("", 20_00, additional=True))


def test_another_territorys_lines_do_not_count() -> None:
    with pytest.raises(DutyUnknown) as refused:
        due(goods("691200"), line("691200", 5_00, territory="GB"))
    assert refused.value.told == "No tariff line of US is known for 691200."


# How much ---------------------------------------------------------------------------------------------------------
def test_a_specific_duty_goes_by_weight_in_the_tariffs_currency() -> None:
    per_kilo = line("691200", None, specific_minor=151_00, specific_currency="EUR", specific_per_g=100_000)
    # 151.00 EUR / 100 kg × 500 g = 0.755 → 0.76 EUR → 0.836 → 0.84 USD
    assert due(goods(weight_g=500), per_kilo) == 84


def test_a_compound_duty_is_both_parts() -> None:
    compound = line("691200", 8_50, specific_minor=305, specific_currency="USD", specific_per_g=10_000)
    # 30.5 ¢/kg × 500 g = 0.1525 → 0.15 and 8.5 % of 100.00
    assert due(goods(weight_g=500), compound) == 15 + 8_50


def test_a_duty_by_piece_counts_pieces() -> None:
    assert due(goods(quantity=3), line("691200", None, specific_minor=20, specific_currency="USD")) == 60


def test_a_duty_by_weight_of_goods_of_unknown_weight_is_unknown() -> None:
    with pytest.raises(DutyUnknown) as refused:
        due(goods(weight_g=None), line("691200", None, specific_minor=1, specific_currency="USD", specific_per_g=1))
    assert refused.value.field == "weight_g"


def test_a_rate_that_is_only_text_is_unknown_never_zero() -> None:
    text = line("69120039", text="The rate applicable to each garment")
    for lines in ((text,), (line("69120035", 9_80), text)):  # also when only one line below may be the goods'
        with pytest.raises(DutyUnknown):
            due(goods("691200"), *lines)


def test_goods_without_a_code_are_unknown_even_where_one_line_covers_all() -> None:
    with pytest.raises(DutyUnknown) as refused:
        due(goods(""), line("", 5_00))
    assert refused.value.told == "No tariff line of US is known for goods without HS code."


def test_a_line_in_a_currency_without_rate_is_refused() -> None:
    with pytest.raises(RateMissing):
        due(goods(), line("691200", None, specific_minor=1, specific_currency="GBP", specific_per_g=1))


def test_a_free_line_is_zero_and_is_told() -> None:
    charge = duty(goods(), 100_00, (line("691200", 0, text="Free"),), territory="US", exchange=DOLLARS)
    assert charge.amount_minor == 0
    assert charge.why[0].told == "691200 from CN: Free on 100.00 USD = 0.00 USD."
    assert charge.why[0].source == "HTS 2024"


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 100_00), st.integers(0, 100_00))
def test_duty_grows_with_the_value_and_additional_lines_only_add(
    one: int, other: int, bp: int, additional_bp: int
) -> None:
    low, high = sorted((one, other))
    basic = line("691200", bp)
    assert due(goods(), basic, base_minor=low) <= due(goods(), basic, base_minor=high)
    both = due(goods(), basic, line("", additional_bp, additional=True), base_minor=low)
    assert both - due(goods(), basic, base_minor=low) == due(goods(), line("", additional_bp), base_minor=low)
