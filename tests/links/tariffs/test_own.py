"""Our own table of rate cards: written and read again it is the same, and a person's slips in it are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from haitu.core.freight import Break, Surcharge, Tariff
from haitu.links.tariffs import own
from haitu.links.tariffs.draft import Choices, Draft
from haitu.links.tariffs.reading import read
from tests.links.tariffs.lists import WAREHOUSES

AIR = Draft(
    code="SZX-DE",
    tariff=Tariff(
        code="AIR",
        currency="CNY",
        breaks=(
            Break(up_to_g=2000, base_minor=2500, per_step_minor=400),
            Break(up_to_g=20_000, base_minor=1, per_kg_minor=8835),
        ),
        divisor_cm3_per_kg=6000,
        step_g=100,
        fuel_bp=1255,
        remote_minor=1_250,
        remote_postcodes=("995", "AB"),
        max_weight_g=20_000,
        valid_from=date(2026, 1, 1),
        source="=cmd|' /C calc'!A0",
        surcharges=(Surcharge(code="peak", kind="bp", amount=500, valid_from=date(2026, 11, 1)),),
    ),
    carrier="@Blue Whale",
    service="空派 A",
    mode="air",
    origin="SZX",
    destination="DE",
    days_p50=9,
    days_p90=14,
    incoterms=("DDP", "DAP"),
    refuses=("battery",),
)  # fmt: skip
BOX = Draft(
    code="SZX-EWR",
    tariff=Tariff(code="FCL", currency="JPY", breaks=(), basis="box", box_minor=(("20GP", 390_000), ("40HQ", 535_000))),
    carrier="Blue Whale",
    service="",
    mode="sea",
    origin="SZX",
    destination="US",
    to="EWR",
)


def again(content: bytes) -> list[Draft]:
    found = read(content, "tariffs", WAREHOUSES, Choices())
    assert [str(problem) for problem in found.problems] == []
    return list(found.drafts)


def bare(draft: Draft) -> Draft:
    """Without where it stood."""
    return replace(draft, sheet="", row=0, own=False)


def test_what_is_written_is_read_again_and_starts_no_formula() -> None:
    text = "".join(own.write_csv([AIR, BOX]))
    assert ",'=cmd|' /C calc'!A0," in text
    assert "'@Blue Whale" in text
    for content in (text.encode(), own.write_xlsx([AIR, BOX])):
        assert list(map(bare, again(content))) == [bare(AIR), bare(BOX)]


def test_thousands_of_postcodes_fit_into_the_file() -> None:
    codes = tuple(f"{number:05}" for number in range(0, 99_999, 9))
    card = Tariff(code="AIR", currency="CNY", breaks=AIR.tariff.breaks, remote_postcodes=codes, step_g=100)
    many = Draft(code="A", tariff=card, carrier="", service="", mode="air", origin="SZX", destination="DE")
    assert again(own.write_xlsx([many]))[0].tariff.remote_postcodes == codes


amounts = st.integers(0, 10**12)
breaks = st.lists(
    st.builds(
        Break,
        up_to_g=st.integers(1, 10**8),
        base_minor=amounts,
        per_step_minor=amounts,
        per_kg_minor=amounts,
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda each: each.up_to_g,
).map(lambda found: tuple(sorted(found, key=lambda each: each.up_to_g)))


@settings(max_examples=40, deadline=None)
@given(breaks, st.sampled_from(["CNY", "JPY", "KWD"]), st.integers(0, 50_000), st.booleans())
def test_any_card_comes_back_as_it_was(rows: tuple[Break, ...], currency: str, fuel_bp: int, workbook: bool) -> None:
    card = Tariff(code="X", currency=currency, breaks=rows, fuel_bp=fuel_bp, step_g=10)
    draft = Draft(code="L", tariff=card, carrier="C", service="S", mode="air", origin="SZX", destination="DE")
    content = own.write_xlsx([draft]) if workbook else "".join(own.write_csv([draft])).encode()
    assert [each.tariff for each in again(content)] == [card]


def test_slips_are_named_with_row_and_column() -> None:
    text = "".join(own.write_csv([AIR]))
    wrong = text.replace(",20000,0.01,", ",1000,-5,").replace(",12.55,", ",1200.555,").replace("2026-01-01", "1.1.2026")
    found = read(wrong.encode(), "x", WAREHOUSES, Choices())
    assert found.drafts == ()
    assert [(problem.row, problem.given, str(problem.wanted)) for problem in found.problems] == [
        (2, "1.1.2026", "a date with the year first, such as 2026-12-01"),
        (3, "1000", "weights that rise from row to row, above 2000 g"),
        (3, "-5", "an amount in CNY, zero or more"),
        (2, "1200.555", "a percentage of at most two decimals, up to 500"),
    ]
