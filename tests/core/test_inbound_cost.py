"""What a line haul puts on a thousand units, followed by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.book import Item
from haitu.core.freight import Break, Lane, NotCarried, Piece, Surcharge, Tariff, UnknownWeight
from haitu.core.inbound_cost import NOTHING, Inbound, inbound, pays_duty
from haitu.core.money import Exchange
from haitu.core.tariff import DutyUnknown
from tests.core.hengda import ITEMS, LANTERN, MUG, PER_EUR_E9, SHENZHEN, TODAY, fx, lane

CARTONS = Piece(sku="carton", quantity=500, weight_g=10_000, length_mm=500, width_mm=400, height_mm=300)  # 5 t, 30 m³
SEA = Tariff(
    code="SEA",
    currency="USD",
    divisor_cm3_per_kg=1000,  # a m³ counts as a ton
    step_g=1000,
    breaks=(Break(up_to_g=68_000_000, base_minor=3_000_00),),
)
TO_LEIPZIG = replace(lane(90, SHENZHEN, "DE", tariff=SEA), code="SZX-LEJ")
INTO_YUAN = Exchange(currency="CNY", rates={code: fx(code, "CNY") for code in PER_EUR_E9}, on=TODAY)


def brought(item: Item, *lanes: Lane, **changes: Any) -> Inbound:
    kept: dict[str, Any] = {"cost_minor": 40_00, "consumer_country": "DE", "into_base": INTO_YUAN, "on": TODAY}
    return inbound(item, lanes, CARTONS, **(kept | changes))


def test_a_thousand_lanterns_bear_their_part_of_the_container_and_the_duty() -> None:
    """3,000 USD are 21,818.18 yuan for 30 revenue tons; a lantern is 2.4 of 30,000 litres: 1.74545 yuan."""
    lanterns = brought(ITEMS[LANTERN], TO_LEIPZIG)
    assert lanterns.freight_minor == (1_745_45,)
    assert lanterns.duty_minor == 1_127_13  # 2.7 % of 40,000 + 1,745.45
    assert lanterns.value_minor == 1_745_45 + 1_127_13


def test_a_card_of_whole_containers_takes_the_cheapest_and_its_peak_season_surcharge() -> None:
    boxes = replace(
        SEA,
        basis="box",
        breaks=(),
        divisor_cm3_per_kg=None,
        box_minor=(("20GP", 2_000_00), ("40HQ", 3_000_00)),
        surcharges=(Surcharge(code="PSS", kind="per_box", amount=500_00),),
    )
    lanterns = brought(ITEMS[LANTERN], replace(TO_LEIPZIG, tariff=boxes))
    assert lanterns.freight_minor == (2_036_36,)  # one 40HQ for 30 m³: 3,500 USD are 25,454.55 yuan


def test_goods_that_leave_for_another_customs_territory_lie_in_bond() -> None:
    assert brought(ITEMS[LANTERN], TO_LEIPZIG, consumer_country="GB").duty_minor == 0
    assert [
        pays_duty("CN", "DE", "FR", TODAY),
        pays_duty("CN", "DE", "GB", TODAY),
        pays_duty("DE", "FR", "FR", TODAY),
    ] == [True, False, False]


def test_without_line_hauls_nothing_was_brought_anywhere() -> None:
    assert brought(ITEMS[LANTERN]) == NOTHING
    assert NOTHING.value_minor == 0


def test_every_line_haul_of_the_path_counts() -> None:
    twice = brought(ITEMS[MUG], replace(TO_LEIPZIG, destination="PL"), replace(TO_LEIPZIG, origin_country="PL"))
    assert twice.freight_minor == (872_73, 872_73)


@pytest.mark.parametrize(
    ("item", "refusal"),
    [
        (replace(ITEMS[LANTERN], weight_g=None), UnknownWeight),
        (replace(ITEMS[LANTERN], restrictions=frozenset({"battery"})), NotCarried),
        (replace(ITEMS[LANTERN], duty_lines=()), DutyUnknown),
    ],
)
def test_what_is_unknown_or_not_carried_is_refused(item: Item, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        brought(item, TO_LEIPZIG)


@given(cartons=st.integers(1, 500), weight_g=st.integers(1, 20_000), side_mm=st.integers(1, 600))
def test_a_shipment_of_equal_units_bears_exactly_its_price(cartons: int, weight_g: int, side_mm: int) -> None:
    """If the shipment is a multiple of a thousand of the very unit, its parts make up the freight."""
    unit = replace(
        ITEMS[LANTERN], weight_g=weight_g, length_mm=side_mm, width_mm=side_mm, height_mm=side_mm, duty_lines=()
    )
    flat = replace(TO_LEIPZIG, tariff=replace(SEA, breaks=(Break(up_to_g=10**12, base_minor=3_000_00),)))
    of_it = replace(unit.pieces(1000 * cartons), sku="carton")
    brought_ = inbound(
        unit, (flat,), of_it, cost_minor=1, consumer_country="GB", into_base=INTO_YUAN, on=TODAY
    ).value_minor
    assert abs(brought_ * cartons - 21_818_18) * 2 <= cartons
