"""What stands on a parcel's papers."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.papers import PaperIncomplete, PaperLine, Papers, Party, check_for_customs, customs_form, net_part
from haitu.core.tax import tax_inside

LINE = PaperLine(
    sku="MUG",
    description="Blue mug",
    hs_code="691110",
    origin_country="CN",
    quantity=2,
    value_minor=20_00,
    weight_g=800,
)
PAPERS = Papers(
    number="261120-7KQ2MD-1",
    on=date(2026, 11, 20),
    sender=Party(name="Hengda", lines=("1 Harbour Road", "Shenzhen"), country="CN"),
    receiver=Party(name="Anna Schmidt", lines=("Hauptstr. 1", "04109 Leipzig"), country="DE"),
    lines=(LINE,),
    currency="EUR",
    freight_minor=4_12,
    incoterm="DDP",
)


def test_sums() -> None:
    assert (PAPERS.goods_minor, PAPERS.total_minor, PAPERS.units, PAPERS.net_g) == (20_00, 24_12, 2, 800)
    assert replace(PAPERS, lines=(LINE, replace(LINE, weight_g=None))).net_g is None


@pytest.mark.parametrize(
    ("value", "weight", "lines", "form"),
    [
        (300_00, 2_000, 1, "CN22"),
        (300_01, 2_000, 1, "CN23"),
        (20_00, 2_001, 1, "CN23"),
        (20_00, None, 1, "CN23"),
        (20_00, 500, 4, "CN23"),
    ],
)
def test_the_small_declaration_serves_small_parcels(value: int, weight: int | None, lines: int, form: str) -> None:
    line = replace(LINE, weight_g=weight and weight // lines)
    assert customs_form(replace(PAPERS, lines=(line,) * lines, gross_g=weight), value) == form


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hs_code": ""}, "MUG has no HS code."),
        ({"origin_country": ""}, "MUG has no country of origin."),
        ({"weight_g": None}, "MUG has no weight."),
    ],
)
def test_what_customs_would_send_back_is_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(PaperIncomplete) as no:
        check_for_customs(replace(PAPERS, lines=(replace(LINE, **change),)))  # type: ignore[arg-type]
    assert no.value.told == told


def test_a_sender_without_an_address_is_refused() -> None:
    with pytest.raises(PaperIncomplete) as no:
        check_for_customs(replace(PAPERS, sender=replace(PAPERS.sender, lines=())))
    assert no.value.told == "The sender has no name or address."


@given(st.integers(0, 10**9), st.integers(0, 3_000), st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_the_values_of_all_parcels_sum_to_the_line(amount: int, tax_bp: int, parts: list[int]) -> None:
    whole, start, total = sum(parts), 0, 0
    for units in parts:
        total += net_part(amount, tax_bp, start=start, stop=start + units, whole=whole)
        start += units
    assert total == amount - tax_inside(amount, tax_bp)
