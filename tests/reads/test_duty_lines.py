"""Which tariff rows a Book carries for a code: nothing that may hold is left behind."""

from __future__ import annotations

import pytest

from haitu.models import DutyLine
from haitu.reads.law import duty_lines

CODES = ("", "69", "6912", "691200", "69120035", "69120039", "6911", "691110")


@pytest.fixture
def tariff(db: None) -> None:
    DutyLine.objects.bulk_create(
        DutyLine(territory="US", hs_code=code, ad_valorem_bp=500, text="5 %", source="HTS") for code in CODES
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("691200", ["", "69", "6912", "691200", "69120035", "69120039"]),
        ("69120035", ["", "69", "6912", "691200", "69120035", "69120039"]),
        ("6912002900", ["", "69", "6912", "691200", "69120035", "69120039"]),  # another country's last digits
        ("850110", [""]),
    ],
)
def test_lines_for_all_goods_and_all_lines_under_six_digits_come_along(
    tariff: None, asked: str, found: list[str]
) -> None:
    assert [line.hs_code for line in duty_lines(1, "US", {asked})[asked]] == found


def test_a_line_of_another_territory_stays_away(tariff: None) -> None:
    assert duty_lines(1, "GB", {"691200"}) == {"691200": ()}
