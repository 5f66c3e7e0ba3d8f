"""Where customs and VAT borders lie, by date."""

from datetime import date

import pytest

from haitu.core.territory import in_eu, territory_of, vat_area_of

TODAY = date(2026, 7, 23)
MEMBERS = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"


def test_the_union_has_27_members_today() -> None:
    candidates = {*MEMBERS.split(), "GB", "CH", "NO", "TR", "US", "UA", "XI"}
    assert {country for country in candidates if in_eu(country, TODAY)} == set(MEMBERS.split())


@pytest.mark.parametrize(
    ("country", "on", "territory"),
    [
        ("GB", date(2020, 12, 31), "EU"),
        ("GB", date(2021, 1, 1), "GB"),
        ("HR", date(2013, 6, 30), "HR"),
        ("HR", date(2013, 7, 1), "EU"),
        ("PL", date(2004, 4, 30), "PL"),
        ("PL", date(2004, 5, 1), "EU"),
    ],
)
def test_membership_begins_and_ends_on_its_day(country: str, on: date, territory: str) -> None:
    assert (territory_of(country, on), vat_area_of(country, on)) == (territory, territory)


@pytest.mark.parametrize(
    ("country", "territory", "vat_area"),
    [
        ("MC", "EU", "EU"),
        ("IM", "GB", "GB"),
        ("LI", "CH", "CH"),
        ("AX", "EU", "AX"),
        ("RE", "EU", "RE"),
        ("JE", "GB", "JE"),
        ("PR", "US", "PR"),
        ("NO", "NO", "NO"),
        ("JP", "JP", "JP"),
    ],
)
def test_small_places_lie_inside_the_borders_of_others(country: str, territory: str, vat_area: str) -> None:
    assert (territory_of(country, TODAY), vat_area_of(country, TODAY)) == (territory, vat_area)


def test_the_isle_of_man_left_with_britain() -> None:
    assert [territory_of("IM", day) for day in (date(2020, 12, 31), date(2021, 1, 1))] == ["EU", "GB"]
