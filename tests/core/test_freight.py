"""Freight: chargeable weight, rate cards, boxes, and the word "unknown" where a measure is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.closure import Closure
from haitu.core.freight import (
    Break,
    Lane,
    LaneClosed,
    NotCarried,
    Piece,
    PricedByBox,
    Surcharge,
    Tariff,
    TariffNotValid,
    TooHeavy,
    TooLong,
    UnknownWeight,
    boxes,
    chargeable_weight_g,
    price_minor,
    ship_price,
)
from haitu.core.lead import LeadTime

TODAY = date(2026, 11, 20)

DHL = Tariff(
    code="DHL-DE",
    currency="EUR",
    divisor_cm3_per_kg=5000,
    step_g=500,
    breaks=(Break(up_to_g=2000, base_minor=390), Break(up_to_g=31_500, base_minor=490, per_step_minor=30)),
    valid_from=date(2026, 1, 1),
)
LEIPZIG = Lane(
    id=1,
    code="LEJ-DE",
    carrier="DHL",
    origin_warehouse_id=2,
    origin_country="DE",
    destination="DE",
    tariff=DHL,
    days_p50=2,
    days_p90=3,
)
MUG = Piece(sku="MUG", weight_g=400, length_mm=120, width_mm=100, height_mm=100)
CUSHION = Piece(sku="CUSHION", weight_g=300, length_mm=400, width_mm=400, height_mm=400)


def _with(**changes: object) -> Lane:
    return replace(LEIPZIG, tariff=replace(DHL, **changes))  # type: ignore[arg-type]


# Chargeable weight --------------------------------------------------------------------------------------------------


def test_a_light_cushion_of_40_cm_is_billed_as_12_8_kg() -> None:
    assert chargeable_weight_g(300, 400**3, 5000, 100) == 12_800


def test_with_divisor_6000_and_half_kilogram_steps_it_is_billed_as_11_kg() -> None:
    assert chargeable_weight_g(300, 400**3, 6000, 500) == 11_000


def test_forecast_2_2_kg_and_scanned_2_36_kg_are_both_billed_as_2_5_kg() -> None:
    assert chargeable_weight_g(2200, 0, None, 500) == 2500
    assert chargeable_weight_g(2360, 0, None, 500) == 2500


def test_without_a_divisor_only_the_scale_counts() -> None:
    assert chargeable_weight_g(300, 400**3, None, 100) == 300


@given(
    actual=st.integers(1, 10**6),
    volume=st.integers(0, 10**10),
    divisor=st.none() | st.integers(1, 10_000),
    step=st.integers(1, 5000),
)
def test_chargeable_weight_is_the_least_multiple_of_the_step_not_below_either_weight(
    actual: int, volume: int, divisor: int | None, step: int
) -> None:
    billed = chargeable_weight_g(actual, volume, divisor, step)
    below = billed - step
    assert billed % step == 0
    assert billed >= actual
    assert divisor is None or billed * divisor >= volume
    assert below < actual or (divisor is not None and below * divisor < volume)


# Price --------------------------------------------------------------------------------------------------------------


def test_a_flat_break_costs_its_base() -> None:
    assert price_minor(DHL, 500) == 390
    assert price_minor(DHL, 2000) == 390


def test_above_it_every_step_of_the_whole_weight_is_paid() -> None:
    assert price_minor(DHL, 2500) == 490 + 5 * 30


def test_fuel_is_on_the_freight_after_the_minimum_and_the_remote_surcharge_comes_last() -> None:
    card = replace(DHL, minimum_minor=455, fuel_bp=1000, remote_minor=700, remote_postcodes=("27498", "GY"))
    assert price_minor(card, 500) == 455 + 46
    assert price_minor(card, 500, "27498") == 455 + 46 + 700
    assert price_minor(card, 500, "gy 1") == 455 + 46 + 700
    assert price_minor(card, 500, "10115") == 455 + 46


def test_above_the_last_break_there_is_no_price() -> None:
    with pytest.raises(TooHeavy) as refused:
        price_minor(DHL, 32_000)
    assert refused.value.told == "32000 g is above what tariff DHL-DE prices: 31500 g."


def test_a_lane_prices_the_pieces_of_a_parcel_together() -> None:
    leg = ship_price(LEIPZIG, [replace(MUG, quantity=2), CUSHION], on=TODAY)
    # (2 × 1.2 l + 64 l) / 5 = 13.28 kg, in half kilograms 13.5: 4.90 + 27 × 0.30
    assert (leg.boxes, leg.weight_g, leg.chargeable_g, leg.price_minor, leg.currency) == (1, 1100, 13_500, 1300, "EUR")
    assert leg.why.told == "LEJ-DE bills 13500 g (1100 g weighed) in one box: 13.00 EUR."


# Unknown, refused ---------------------------------------------------------------------------------------------------


def test_a_missing_weight_is_unknown_never_cheap() -> None:
    with pytest.raises(UnknownWeight) as refused:
        ship_price(LEIPZIG, [replace(MUG, weight_g=None)], on=TODAY)
    assert refused.value.told == "MUG has no weight; LEJ-DE prices by weight."


@pytest.mark.parametrize("side", ["length_mm", "width_mm", "height_mm"])
@pytest.mark.parametrize("missing", [None, 0])
def test_a_missing_side_is_unknown_where_volume_is_billed(side: str, missing: int | None) -> None:
    piece = replace(CUSHION, **{side: missing})  # type: ignore[arg-type]
    with pytest.raises(UnknownWeight) as refused:
        ship_price(LEIPZIG, [piece], on=TODAY)
    assert refused.value.told == ("CUSHION lacks a measure (length, width or height); LEJ-DE prices or limits by size.")
    by_scale = ship_price(_with(divisor_cm3_per_kg=None), [piece], on=TODAY)
    assert by_scale.chargeable_g == 500


def test_a_long_piece_is_refused_with_the_length_allowed() -> None:
    with pytest.raises(TooLong) as refused:
        ship_price(_with(max_side_mm=350), [CUSHION], on=TODAY)
    assert refused.value.told == "CUSHION is 400 mm long; LEJ-DE takes up to 350 mm."


def test_a_closed_lane_says_why_it_is_closed() -> None:
    with pytest.raises(LaneClosed) as refused:
        ship_price(replace(LEIPZIG, open=False, closed_reason="strike at the hub"), [MUG], on=TODAY)
    assert refused.value.told == "LEJ-DE is closed: strike at the hub."


def test_a_battery_does_not_travel_where_batteries_are_refused() -> None:
    lane = replace(LEIPZIG, refuses=frozenset({"battery", "liquid"}))
    with pytest.raises(NotCarried) as refused:
        ship_price(lane, [replace(MUG, restrictions=frozenset({"battery"}))], on=TODAY)
    assert refused.value.told == "LEJ-DE does not carry battery (MUG)."
    assert ship_price(lane, [MUG], on=TODAY).price_minor == 390


def test_a_rate_card_holds_from_its_first_to_its_last_day() -> None:
    lane = _with(valid_from=TODAY, valid_to=TODAY)
    assert ship_price(lane, [MUG], on=TODAY).price_minor == 390
    for other in (date(2026, 11, 19), date(2026, 11, 21)):
        with pytest.raises(TariffNotValid):
            ship_price(lane, [MUG], on=other)


# Boxes --------------------------------------------------------------------------------------------------------------


def test_what_is_too_heavy_for_one_box_goes_in_several_each_priced_alone() -> None:
    leg = ship_price(_with(max_weight_g=2000), [replace(MUG, quantity=11)], on=TODAY)
    # 5 + 5 + 1 mugs: 2.0, 2.0 and 0.5 kg
    assert (leg.boxes, leg.weight_g, leg.chargeable_g, leg.price_minor) == (3, 4400, 4500, 3 * 390)


def test_one_unit_above_the_limit_is_refused() -> None:
    with pytest.raises(TooHeavy) as refused:
        ship_price(_with(max_weight_g=399), [MUG], on=TODAY)
    assert refused.value.told == "One MUG weighs 400 g and takes 1200 cm³; LEJ-DE takes boxes up to 399 g, 157500 cm³."


PIECES = st.lists(
    st.builds(
        Piece,
        sku=st.just("X"),
        quantity=st.integers(1, 60),
        weight_g=st.integers(1, 31_500),
        length_mm=st.integers(1, 500),
        width_mm=st.integers(1, 500),
        height_mm=st.integers(1, 500),
    ),
    min_size=1,
    max_size=5,
)


@given(pieces=PIECES)
def test_boxes_hold_all_that_was_given_and_no_box_is_above_a_limit(pieces: list[Piece]) -> None:
    packed = boxes(pieces, LEIPZIG)
    assert sum(weight for weight, _ in packed) == sum(piece.quantity * (piece.weight_g or 0) for piece in pieces)
    assert sum(volume for _, volume in packed) == sum(piece.quantity * (piece.volume_mm3 or 0) for piece in pieces)
    for weight, volume in packed:
        assert 0 < chargeable_weight_g(weight, volume, 5000, 500) <= 31_500


@given(pieces=PIECES, more=st.integers(1, 20))
def test_one_more_unit_never_weighs_less(pieces: list[Piece], more: int) -> None:
    first, *others = pieces
    fuller = [replace(first, quantity=first.quantity + more), *others]
    assert ship_price(LEIPZIG, fuller, on=TODAY).weight_g > ship_price(LEIPZIG, pieces, on=TODAY).weight_g


def test_a_heavier_box_may_be_cheaper_only_where_the_rate_card_says_so() -> None:
    card = replace(
        DHL, breaks=(Break(up_to_g=1000, base_minor=0, per_step_minor=300), Break(up_to_g=2000, base_minor=500))
    )
    assert [price_minor(card, grams) for grams in (500, 1000, 1500)] == [300, 600, 500]


def test_a_price_per_kg_bills_every_gram_to_the_half_cent() -> None:
    card = replace(DHL, step_g=1, fuel_bp=0, breaks=(Break(up_to_g=2000, base_minor=16_00, per_kg_minor=88_35),))
    assert [price_minor(card, grams) for grams in (1, 300, 1000)] == [16_09, 42_51, 104_35]  # 8.835, 2650.5, 8835


# Surcharges, closures, containers -------------------------------------------------------------------------------------


PEAK = Surcharge(code="peak", kind="bp", amount=1_500, valid_from=date(2026, 10, 1), valid_to=date(2026, 12, 31))
PER_STEP = Surcharge(code="energy", kind="per_step", amount=7, valid_from=date(2026, 11, 20))
PER_BOX = Surcharge(code="security", kind="per_box", amount=25)


def test_surcharges_come_after_fuel_and_none_upon_another() -> None:
    card = replace(DHL, fuel_bp=1_000, remote_minor=300, remote_postcodes=("04",), surcharges=(PEAK, PER_STEP, PER_BOX))
    # 3,000 g are 6 steps: 490 + 6 × 30 = 670; fuel 67: 737; peak 15 % of 737 = 110.55
    assert price_minor(card, 3_000, "04109", on=TODAY) == 737 + 111 + 6 * 7 + 25 + 300


@pytest.mark.parametrize(
    ("on", "minor"),
    [
        (date(2026, 9, 30), 390 + 25),
        (date(2026, 10, 1), 390 + 25 + 59),
        (date(2026, 11, 20), 390 + 25 + 59 + 7),
        (date(2027, 1, 1), 390 + 25 + 7),
        (None, 390 + 25),
    ],
)
def test_a_surcharge_counts_between_its_days(on: date | None, minor: int) -> None:
    assert price_minor(replace(DHL, surcharges=(PEAK, PER_STEP, PER_BOX)), 500, on=on) == minor


def test_a_lane_is_asked_with_the_day() -> None:
    card = {"surcharges": (PEAK,), "valid_to": None}
    assert ship_price(_with(**card), [MUG], on=date(2026, 9, 1)).price_minor == 390
    assert ship_price(_with(**card), [MUG], on=TODAY).price_minor == 390 + 59


def test_a_lane_is_closed_between_its_days_with_the_reason() -> None:
    strike = Closure(valid_from=TODAY, valid_to=date(2026, 11, 21), reason="strike at the port")
    lane = replace(LEIPZIG, closures=(strike,))
    with pytest.raises(LaneClosed, match=r"LEJ-DE is closed: strike at the port\."):
        ship_price(lane, [MUG], on=TODAY)
    assert ship_price(lane, [MUG], on=date(2026, 11, 22)).price_minor == 390


def test_a_card_of_container_prices_prices_no_parcel() -> None:
    with pytest.raises(PricedByBox, match="LEJ-DE is priced by the container"):
        ship_price(_with(basis="box", breaks=(), box_minor=(("40HQ", 300_000),)), [MUG], on=TODAY)


def test_a_lane_without_a_vector_has_one_from_its_two_figures() -> None:
    assert LEIPZIG.lead == LeadTime.from_p50_p90(2, 3)
    assert replace(LEIPZIG, days=(1,) * 11).lead == LeadTime.certain(1)


@given(grams=st.integers(1, 31_500), on=st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_a_surcharge_never_makes_it_cheaper_and_without_any_nothing_changes(grams: int, on: date) -> None:
    billed_g = -(-grams // 500) * 500
    plain = price_minor(DHL, billed_g, on=on)
    assert plain == price_minor(DHL, billed_g)
    assert price_minor(replace(DHL, surcharges=(PEAK, PER_STEP, PER_BOX)), billed_g, on=on) >= plain + 25
