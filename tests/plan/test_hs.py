"""The search for an HS code: on the shipped nomenclature, by words people and tariffs use."""

import polars as pl
import pytest
from django.conf import settings

from haitu.plan.hs import Described, HsIndex, stem, words
from haitu.reads.hs import index

CODES = [
    Described(hs_code="69", description="Ceramic products"),
    Described(hs_code="6911", description="Tableware, kitchenware, of porcelain or china"),
    Described(hs_code="691110", description="Tableware and kitchenware; of porcelain or china"),
    Described(hs_code="691190", description="Toilet articles; of porcelain or china"),
    Described(hs_code="732399", description="Table articles of iron (excluding of porcelain)"),
]


def test_words_are_small_singular_and_say_something() -> None:
    assert words("The Boxes, of IRON; batteries (excl. of glass) n.e.c.") == ["box", "iron", "battery"]
    assert [stem(word) for word in ("glasses", "glass", "ties", "dishes", "bus")] == [
        "glass",
        "glass",
        "tie",
        "dish",
        "bus",
    ]


def test_the_best_code_comes_first_with_the_words_it_was_found_by() -> None:
    best, *others = HsIndex(CODES).propose("porcelain tableware")
    assert (best.hs_code, best.score, best.because) == ("691110", 1.0, ("porcelain", "tableware"))
    assert best.heading == "Tableware, kitchenware, of porcelain or china"
    assert [proposal.hs_code for proposal in others] == ["691190"]  # what iron articles are not of is no reason


def test_an_everyday_word_stands_for_the_tariffs_words_in_english_and_chinese() -> None:
    found = HsIndex(CODES, everyday={"mug": "porcelain tableware", "马克杯": "porcelain tableware"})
    assert found.propose("blue mugs")[0].hs_code == "691110"
    assert found.propose("蓝色马克杯")[0].hs_code == "691110"
    assert found.propose("smuggled") == ()


def test_words_nobody_knows_find_nothing() -> None:
    assert HsIndex(CODES).propose("xyzzy") == ()
    assert HsIndex(CODES).propose("") == ()


def test_a_tariff_lines_words_find_the_code_above_it() -> None:
    lines = [Described(hs_code="69111000", description="Espresso sets")]
    assert HsIndex(CODES, lines).propose("espresso")[0].hs_code == "691110"


@pytest.mark.parametrize(
    ("text", "hs_code"),
    [
        ("Blue ceramic mug", "691110"),
        ("Paper lantern", "940550"),
        ("蓝色陶瓷马克杯", "691110"),
        ("不锈钢保温杯", "961700"),
        ("mens cotton t-shirt knitted", "610910"),
        ("umbrella", "660199"),
        ("wrist watch quartz", "910211"),
    ],
)
def test_what_people_type_is_found_among_the_first_eight(text: str, hs_code: str) -> None:
    assert hs_code in [proposal.hs_code for proposal in index().propose(text)]


def test_seven_in_ten_american_tariff_lines_find_their_heading_without_their_own_words() -> None:
    """Each 40th American line's words, asked of the nomenclature and the British lines alone."""
    data = settings.PACKAGE / "data"
    codes = pl.read_parquet(data / "hs" / "codes.parquet")
    lines = pl.read_parquet(data / "tariff" / "lines.parquet")

    def described(table: pl.DataFrame) -> list[Described]:
        return [Described(hs_code=c, description=t) for c, t in table.select("hs_code", "description").iter_rows()]

    british = HsIndex(described(codes), described(lines.filter(pl.col("territory") == "GB")))
    american = [
        line
        for line in described(lines.filter(pl.col("territory") == "US"))
        if not line.description.split(":")[-1].strip().startswith("Other")
    ][::40]
    found = sum(
        line.hs_code[:4] in {proposal.hs_code[:4] for proposal in british.propose(line.description, 5)}
        for line in american
    )
    assert found / len(american) > 0.7
