"""A dozen lists in the styles forwarders use, read as they come: what each lane costs, and where it was found."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from haitu.core.freight import Break, Lane, Piece, ship_price
from haitu.links.tariffs.draft import Choices, Draft, Reading
from haitu.links.tariffs.reading import read
from tests.links.tariffs.lists import LISTS, WAREHOUSES, book, text


def reading(name: str, choices: Choices | None = None) -> Reading:
    return read(LISTS[name](), name, WAREHOUSES, choices or Choices())


def by_place(found: Reading) -> dict[str, Draft]:
    return {draft.to or draft.destination: draft for draft in found.drafts}


def steps(draft: Draft) -> list[tuple[int, int, int, int]]:
    return [(s.up_to_g, s.base_minor, s.per_step_minor, s.per_kg_minor) for s in draft.tariff.breaks]


def told(found: Reading) -> list[str]:
    return [str(problem) for problem in found.problems]


def of(rows: list[Any], choices: Choices | None = None) -> Reading:
    """A small list of a carrier with everything that is needed beside the rows."""
    heading = [["Blue Whale express, actual weight only, step 10 g"], ["Carrier: Blue Whale"]]
    return read(book(("List", [*heading, *rows], [])), "list.xlsx", WAREHOUSES, choices or Choices())


BEGINS = "weights from 0 on, or the least billed weight: the list begins above 500 g"
HEADS: list[object] = ["Country", "Weight (kg)", "CNY/kg", "Fee (CNY/parcel)", "Days"]


def test_a_list_by_country_with_merged_cells_fees_and_notes() -> None:
    found = reading("云途2026年12月.xlsx")
    lanes = by_place(found)
    us = lanes["US"]
    assert told(found) == []
    assert list(lanes) == ["US", "DE", "GB"]
    assert steps(us) == [(100, 1800, 0, 9800), (500, 1700, 0, 9550), (2000, 1650, 0, 9200)]
    assert (us.carrier, us.service, us.mode, us.origin) == ("YunExpress", "全球专线挂号", "courier", "SZX")
    card = us.tariff
    assert (card.currency, card.step_g, card.divisor_cm3_per_kg, card.fuel_bp) == ("CNY", 10, 8000, 1250)
    assert (card.max_weight_g, card.max_side_mm, card.valid_from) == (2000, 600, date(2026, 12, 1))
    assert (us.days_p50, us.days_p90) == (10, 14)  # 8 and 10 working days
    assert us.refuses == ("battery", "liquid", "powder")


def test_each_fact_names_where_it_was_found() -> None:
    (understood,) = reading("云途2026年12月.xlsx").tables
    facts = {name: (fact.value, fact.sure, str(fact.why)) for name, fact in understood.facts.items()}
    assert facts["fuel"] == ("12.5%", 90, "全球专线挂号!15: “4、燃油附加费:12.5%。”")
    assert facts["origin"] == ("SZX", 60, "the only warehouse of origin")
    assert facts["currency"] == ("CNY", 95, "the headings say it")
    assert [(c.letter, c.kind, c.sure, str(c.why)) for c in understood.table.columns][2:5] == [
        ("C", "band", 90, "its heading says “重量段”"),
        ("D", "per_kg", 95, "its heading says “/kg”"),
        ("E", "fee", 92, "its heading says “挂号费”"),
    ]


def test_a_heading_of_two_rows_and_a_hidden_sheet() -> None:
    found = reading("4px.xlsx")
    lanes = by_place(found)
    assert [str(each) for each in found.noticed] == ["The hidden sheet “目录” was not read"]
    assert list(lanes) == ["FR", "IT", "ES"]
    assert steps(lanes["ES"]) == [(300, 2000, 0, 5900), (1000, 1900, 0, 5700)]
    assert (lanes["FR"].days_p50, lanes["FR"].days_p90) == (10, 12)


def test_weights_across_in_grams_whose_prices_the_title_explains() -> None:
    found = reading("yanwen.xlsx")
    lanes = by_place(found)
    assert told(found) == []
    assert steps(lanes["GB"]) == [(100, 1400, 0, 8800), (500, 1400, 0, 8400), (2000, 1400, 0, 8000)]
    assert steps(lanes["KR"]) == [(500, 1200, 0, 5500), (2000, 1200, 0, 5400)]  # two equal ranges are one
    assert lanes["GB"].tariff.divisor_cm3_per_kg is None


def test_a_first_and_a_further_weight_by_zones_of_another_sheet() -> None:
    lanes = by_place(reading("sf.xlsx"))
    assert list(lanes) == ["JP", "KR", "US", "CA"]
    assert steps(lanes["US"]) == [(500, 150_00, 0, 0), (30_000, 109_50, 40_50, 0)]
    assert lanes["US"].tariff.step_g == 500
    assert price(lanes["US"], 1_200) == 150_00 + 2 * 40_50


def price(draft: Draft, grams: int) -> int:
    lane = Lane(
        id=1,
        code=draft.code,
        carrier=draft.carrier,
        origin_warehouse_id=1,
        origin_country="CN",
        destination=draft.destination,
        tariff=draft.tariff,
        days_p50=draft.days_p50 or 0,
        days_p90=draft.days_p90 or 0,
    )
    piece = Piece(sku="X", weight_g=grams, length_mm=10, width_mm=10, height_mm=10)
    return ship_price(lane, [piece], on=date(2026, 12, 5)).price_minor


def test_a_matrix_of_zones_whose_heavy_end_is_per_kilogram() -> None:
    found = reading("dhl.xlsx")
    lanes = by_place(found)
    assert told(found) == []
    assert list(lanes) == ["DE", "FR", "US", "AE"]
    assert [price(lanes["US"], grams) for grams in (400, 20_000, 20_100, 44_500, 71_000)] == [
        70_00,
        60_00 + 40 * 10_00,
        21 * 35_00,
        45 * 33_00,
        71 * 32_00,
    ]
    assert "the prices rise up to “20 kg” and fall from “21-44 kg”: per kg from there" in [
        str(each) for each in lanes["US"].noticed
    ]


def test_shared_containers_by_the_cubic_metre_with_their_own_ratio() -> None:
    found = reading("lcl.xlsx")
    lanes = by_place(found)
    ewr = lanes["EWR"]
    assert told(found) == []
    assert (ewr.origin, ewr.destination, ewr.mode, ewr.incoterms) == ("SZX", "US", "sea", ("DDP",))
    assert (ewr.tariff.divisor_cm3_per_kg, ewr.tariff.step_g) == (2755, 20 * 363)  # steps of 20 litres
    assert steps(ewr)[0] == (363_000, 130_00, 0, 0)  # one cubic metre is the least
    assert (ewr.tariff.valid_from, ewr.tariff.valid_to) == (date(2026, 12, 1), date(2026, 12, 31))


def test_whole_containers() -> None:
    lanes = by_place(reading("fcl.xlsx"))
    assert dict(lanes["EWR"].tariff.box_minor) == {"20GP": 3900_00, "40GP": 5200_00, "40HQ": 5350_00}
    assert lanes["EWR"].tariff.breaks == ()
    assert (lanes["LEJ"].days_p50, lanes["LEJ"].days_p90) == (37, 40)


def test_a_list_to_warehouses_asks_about_those_that_are_not_ours() -> None:
    found = reading("fba.xlsx")
    assert found.unknown_places == {"ONT8": ()}
    assert steps(by_place(found)["EWR"]) == [
        (12_000, 138_00, 0, 0),
        (45_000, 0, 0, 11_50),
        (100_000, 0, 0, 10_80),
        (20_000_000, 0, 0, 10_20),
    ]
    answered = reading("fba.xlsx", Choices(places={"ONT8": "skip"}))
    assert (told(answered), len(answered.drafts)) == ([], 1)


def test_a_csv_with_semicolons_and_two_weight_columns() -> None:
    lanes = by_place(reading("post.csv"))
    assert steps(lanes["DE"]) == [(2000, 410, 0, 0), (5000, 530, 0, 0), (31_500, 890, 0, 0)]
    assert (lanes["DE"].origin, lanes["DE"].carrier, lanes["DE"].service) == ("LEJ", "Post Nord", "Paket")


def test_a_chinese_csv_in_which_a_blank_repeats_what_is_above() -> None:
    found = reading("gbk.csv")
    lanes = by_place(found)
    assert [str(each) for each in found.noticed] == ["CSV in GB18030, cells between “,”"]
    assert steps(lanes["KR"]) == [(500, 1100, 0, 4200), (2000, 1050, 0, 4100)]
    assert (lanes["JP"].days_p50, lanes["JP"].days_p90) == (7, 8)


def test_remote_postcodes_and_fuel_of_the_month_from_other_sheets() -> None:
    card = by_place(reading("ups.xlsx"))["US"].tariff
    assert card.remote_postcodes == ("995", "996", "997", "998", "999", "967", "968")
    assert (card.remote_minor, card.fuel_bp, card.max_weight_g) == (450, 1550, 68_039)
    assert card.breaks[0] == Break(up_to_g=454, base_minor=720)


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [["DE", "0-1", 50, 10, "5-8"], ["DE", "0.5-2", 45, 10, "5-8"]],
            "List!C5: '500-2000 g' given, weights that do not overlap: the band above ends at 1000 g wanted",
        ),
        (
            [["DE", "0-1", 50, 10, "5-8"], ["DE", "1.5-2", 45, 10, "5-8"]],
            "List!C5: '1500-2000 g' given, weights without a gap: the band above ends at 1000 g wanted",
        ),
        (
            [["DE", "0.5-1", 50, 10, "5-8"]],
            f"List!C4: '500-1000 g' given, {BEGINS} wanted",
        ),
        ([["DE", "0-1", -50, 10, "5-8"]], "List!C4: '-50.0' given, a price of zero or more wanted"),
        ([["DE", "0-1", "12,5", 10, "5-8"]], "List!C4: '12,5' given, an amount such as 12.50 wanted"),
        ([["DE", "0-1", "#REF!", 10, "5-8"]], "List!C4: '#REF!' given, an amount such as 12.50 wanted"),
        (
            [["DE", "0-1", "$50", 10, "5-8"]],
            "List!C4: 'USD' given, the currency of the list, CNY wanted",
        ),
        (
            [["DE", "0-1", "$50", "€10", "5-8"]],
            "List!C4: 'EUR, USD' given, one currency in a list; say which if the list errs wanted",
        ),
        (
            [["DE", "0-1", "50.125", 10, "5-8"]],
            "List!C4: '50.125' given, an amount that CNY can pay, with no more decimals than it has wanted",
        ),
        (
            [["DE", "0-1", 50, 10, "8-5"]],
            "List!C4: '8-5' given, days that rise: the later number is the longer way wanted",
        ),
        (
            [["Atlantis", "0-1", 50, 10, "5-8"]],
            "List!0: 'Atlantis' given, a country or one of our warehouses: say what “Atlantis” is wanted",
        ),
        ([["DE", "0-1", 0, 0, "5-8"]], "List!C4: '0' given, a price above zero wanted"),
        ([["DE", "light", 50, 10, "5-8"]], "List!B4: 'light' given, a weight range such as 0.5-1 kg wanted"),
        (
            [["DE", "0-1", 50, 10, "5-8"], ["DE", "0-1", 51, 10, "5-8"]],
            "List!C5: '51.0' given, one price for this weight, another stands above wanted",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_place(rows: list[Any], sentence: str) -> None:
    found = of([HEADS, *rows])
    assert told(found)[:1] == [sentence]


def test_the_good_rows_stand_beside_the_bad_ones() -> None:
    found = of([HEADS, ["DE", "0-1", "oops 1", 10, "5-8"], ["FR", "0-1", 40, 9, "5-8"]])
    assert (list(by_place(found)), len(found.problems)) == (["DE", "FR"], 1)


def test_dates_that_cross_are_refused() -> None:
    rows: list[Any] = [[*HEADS, "Valid from", "Valid to"], ["DE", "0-1", 50, 10, "5-8", "2026-12-31", "2026-12-01"]]
    assert told(of(rows)) == ["List!C4: '2026-12-01' given, a last day that is not before the first, 2026-12-31 wanted"]


def test_a_missing_carrier_and_currency_are_asked_for_not_guessed() -> None:
    rows: list[Any] = [["Price list"], ["Country", "Weight (kg)", "Price"], ["DE", "0-1", 5], ["DE", "1-2", 6]]
    file = book(("Express", rows, []))
    assert told(read(file, "x.xlsx", WAREHOUSES, Choices())) == [
        "Express!carrier0: '' given, carrier: the list does not say it; say it yourself wanted",
        "Express!C3: '' given, a currency: the list names none; say it yourself wanted",
    ]
    said = Choices(facts={"*": {"carrier": "Blue Whale", "currency": "EUR"}})
    (draft,) = read(file, "x.xlsx", WAREHOUSES, said).drafts
    assert (draft.tariff.currency, steps(draft)) == ("EUR", [(1000, 500, 0, 0), (2000, 600, 0, 0)])


def test_a_person_says_what_a_column_is() -> None:
    rows: list[Any] = [["Country", "Weight (kg)", "A", "B"], ["DE", "0-1", 5, 50], ["FR", "0-1", 6, 60]]
    choices = Choices(
        columns={"List!3!C": "fee", "List!3!D": "per_kg"}, facts={"*": {"carrier": "Blue Whale", "currency": "CNY"}}
    )
    rows = [["Country", "Weight (kg)", "A", "Price"], *rows[1:]]
    found = of(rows, choices)
    assert steps(by_place(found)["DE"]) == [(1000, 500, 0, 5000)]
    assert str(found.tables[0].table.columns[2].why) == "you said so"


def test_zones_inside_a_country_wait_for_a_person() -> None:
    rows: list[Any] = [["Weight (kg)", "Zone 1", "Zone 2"], [0.5, 7, 8], [1, 8, 9], [2, 9, 11]]
    found = of(rows, Choices(facts={"*": {"country": "US", "currency": "USD"}}))
    assert (found.drafts, found.unknown_places) == ((), {"Zone 1": ("US",), "Zone 2": ("US",)})
    found = of(rows, Choices(facts={"*": {"country": "US", "currency": "USD", "zone": "2"}}))
    (draft,) = found.drafts
    assert (draft.service, steps(draft)) == ("List Zone 2", [(500, 800, 0, 0), (1000, 900, 0, 0), (2000, 1100, 0, 0)])


def test_real_prices_of_a_post_are_read_as_published() -> None:
    """USPS Ground Advantage Retail, zones 1 and 8, of Notice 123 as of 2025-10-05; figures are facts."""
    rows: list[Any] = [
        ["USPS Ground Advantage Retail, effective 2025-10-05, prices in USD"],
        ["Weight not over (lb)", "Zone 1", "Zone 8"],
        ["0.25", 7.2, 8.4],
        ["0.5", 7.5, 9.25],
        ["1", 9.1, 12.45],
        ["2", 9.85, 17.15],
        ["8", 13.35, 30],
    ]
    choices = Choices(facts={"*": {"country": "US", "zone": "8", "origin": "EWR"}})
    (draft,) = read(text(rows).encode(), "usps.csv", WAREHOUSES, choices).drafts
    assert (draft.carrier, draft.mode, draft.origin) == ("USPS", "courier", "EWR")
    assert steps(draft) == [
        (113, 840, 0, 0),
        (227, 925, 0, 0),
        (454, 1245, 0, 0),
        (907, 1715, 0, 0),
        (3629, 3000, 0, 0),
    ]
