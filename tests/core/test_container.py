"""Whole containers against shared ones, and what goes into one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.container import (
    KINDS,
    MM3_PER_M3,
    Cargo,
    Container,
    Groupage,
    Lot,
    NoContainer,
    TooBigForContainer,
    boxes_needed,
    break_even_mm3,
    fcl,
    lcl_minor,
    load,
    revenue_tons_milli,
)

HQ = KINDS["40HQ"]
PRICES = {"20GP": 1_800_00, "40GP": 2_900_00, "40HQ": 3_000_00}
SHARED = Groupage(per_ton_minor=75_00, fixed_minor=120_00)


def cargo(m3: float, tons: float) -> Cargo:
    return Cargo(volume_mm3=int(m3 * MM3_PER_M3), weight_g=int(tons * 10**6))


def test_a_forwarders_40hq_takes_68_cubic_metres() -> None:
    assert round(HQ.usable_mm3 / MM3_PER_M3, 2) == 68.0


def test_a_revenue_ton_is_a_cubic_metre_or_a_ton_whichever_is_more() -> None:
    assert [revenue_tons_milli(cargo(*size)) for size in ((1.2, 0.5), (0.5, 1.2), (0.0001, 0.0001))] == [1200, 1200, 1]


def test_a_shared_container_bills_at_least_one_ton() -> None:
    assert lcl_minor(cargo(0.2, 0.05), SHARED) == 195_00
    assert lcl_minor(cargo(12.5, 3), SHARED) == 120_00 + 937_50


def test_forty_cubic_metres_pay_for_a_whole_container() -> None:
    limit = break_even_mm3(HQ, PRICES["40HQ"], SHARED, g_per_m3=200_000)
    assert limit == 38_399_000_001  # 75.00 × 38.4 = 2,880.00; a thousandth begun counts whole


def test_freight_from_3000_to_8000_makes_a_full_container_dearer_than_a_shared_one() -> None:
    assert break_even_mm3(HQ, 8_000_00, SHARED, g_per_m3=200_000) is None


def test_the_cheapest_mix_of_containers() -> None:
    assert fcl(cargo(60, 10), PRICES).boxes == (("40HQ", 1),)
    assert fcl(cargo(90, 10), PRICES) == fcl(cargo(90, 10), {"20GP": 1_800_00, "40HQ": 3_000_00})
    assert fcl(cargo(90, 10), PRICES).boxes == (("20GP", 1), ("40HQ", 1))
    assert fcl(cargo(20, 50), PRICES).boxes == (("20GP", 2),)  # heavy goods: 28 t each


def test_without_a_price_there_is_no_container() -> None:
    with pytest.raises(NoContainer):
        fcl(cargo(1, 1), {})


def test_what_is_larger_than_the_container_is_named() -> None:
    with pytest.raises(TooBigForContainer) as refused:
        load([Lot(sku="STATUE", units=1, weight_g=30_000_000, volume_mm3=MM3_PER_M3)], HQ)
    assert refused.value.told == (
        "One STATUE weighs 30000000 g and takes 1000000 cm³; a 40HQ takes 26480000 g, 67998560 cm³."
    )


def test_heavy_and_bulky_goods_are_mixed() -> None:
    """2,500 tiles of 20 kg and 1,300 cushions of 100 litres: in the order listed they need four containers."""
    lots = [
        Lot(sku="TILE", units=2500, weight_g=20_000, volume_mm3=8_000_000),
        Lot(sku="CUSHION", units=1150, weight_g=1000, volume_mm3=100_000_000),
    ]
    loads = load(lots, HQ)
    assert [(load_.weight_g <= HQ.payload_g, load_.volume_mm3 <= HQ.usable_mm3) for load_ in loads] == [
        (True, True)
    ] * 2


box = Container(code="box", volume_mm3=1000, payload_g=1000)
lots_ = st.lists(
    st.builds(
        Lot, sku=st.just("x"), units=st.integers(0, 60), weight_g=st.integers(1, 700), volume_mm3=st.integers(0, 700)
    ),
    max_size=6,
)


@given(lots=lots_)
def test_everything_is_loaded_once_and_nothing_above_the_limits(lots: list[Lot]) -> None:
    named = [
        Lot(sku=str(n), units=lot.units, weight_g=lot.weight_g, volume_mm3=lot.volume_mm3) for n, lot in enumerate(lots)
    ]
    loads = load(named, box)
    loaded: dict[str, int] = {}
    for load_ in loads:
        assert load_.weight_g <= box.payload_g
        assert load_.volume_mm3 <= box.usable_mm3
        for lot in load_.lots:
            loaded[lot.sku] = loaded.get(lot.sku, 0) + lot.units
    assert loaded == {lot.sku: lot.units for lot in named if lot.units}
    whole = Cargo(
        volume_mm3=sum(x.units * x.volume_mm3 for x in named), weight_g=sum(x.units * x.weight_g for x in named)
    )
    assert len(loads) >= (boxes_needed(whole, box) if loaded else 0)


@given(
    m3=st.integers(0, 300),
    tons=st.integers(0, 120),
    prices=st.fixed_dictionaries({code: st.integers(1, 5000) for code in ("20GP", "40GP", "40HQ")}),
)
def test_no_other_mix_is_cheaper(m3: int, tons: int, prices: dict[str, int]) -> None:
    goods = cargo(m3, tons)
    found = fcl(goods, prices)
    counts = range(12)
    cheapest = min(
        a * prices["20GP"] + b * prices["40GP"] + c * prices["40HQ"]
        for a in counts
        for b in counts
        for c in counts
        if a + b + c
        and a * KINDS["20GP"].usable_mm3 + b * KINDS["40GP"].usable_mm3 + c * HQ.usable_mm3 >= goods.volume_mm3
        and a * KINDS["20GP"].payload_g + b * KINDS["40GP"].payload_g + c * HQ.payload_g >= goods.weight_g
    )
    assert found.price_minor == cheapest


@given(
    price=st.integers(1, 10_000_00),
    per_ton=st.integers(1, 200_00),
    fixed=st.integers(0, 300_00),
    density=st.integers(0, 2_000_000),
)
def test_from_the_break_even_on_a_whole_container_pays_and_below_it_does_not(
    price: int, per_ton: int, fixed: int, density: int
) -> None:
    shared = Groupage(per_ton_minor=per_ton, fixed_minor=fixed)
    limit = break_even_mm3(HQ, price, shared, density)

    def shared_minor(volume_mm3: int) -> int:
        return lcl_minor(Cargo(volume_mm3=volume_mm3, weight_g=volume_mm3 * density // MM3_PER_M3), shared)

    if limit is None:
        assert (
            shared_minor(min(HQ.usable_mm3, HQ.payload_g * MM3_PER_M3 // density if density else HQ.usable_mm3)) < price
        )
    else:
        assert shared_minor(limit) >= price
        assert limit == 0 or shared_minor(limit - 1) < price
