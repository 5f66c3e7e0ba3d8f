"""Export files of ad platforms as they come.

Every sample is written for these tests, in the layout that the platform's interface gives its reports: Google Ads' two
title lines, UTF-16 and totals below; Meta's summary line above and Reporting starts/ends; TikTok's hours; Microsoft's
and Pinterest's names. None of them holds anybody's figures.
"""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from haitu.links.ads import figures
from haitu.links.ads.files import Reading, Terms, read
from haitu.links.ads.lines import Line, NotASpendFile, from_json, summed
from haitu.links.reference.table import Problem

TODAY = date(2026, 11, 20)


def terms(currency: str = "USD", zone: str = "America/Los_Angeles", **more: str) -> Terms:
    return Terms(currency=currency, time_zone=zone, today=TODAY, **more)  # type: ignore[arg-type]


def of(text: str, encoding: str = "utf-8", **more: str) -> Reading:
    return read(text.encode(encoding), terms(**more))


def short(reading: Reading) -> list[tuple[str, str, str, int]]:
    return [(line.day.isoformat(), line.campaign, line.country, line.amount_minor) for line in reading.lines]


def test_google_with_its_titles_totals_utf16_and_tabs() -> None:
    found = of(
        "Campaign report\nNovember 1, 2026 - November 2, 2026\n"
        "Campaign\tCampaign ID\tDay\tCountry/Territory (User location)\t"
        "Currency code\tCost\tImpr.\tClicks\tConversions\n"
        "Lanterns DE\t111\t2026-11-01\tGermany\tUSD\t1,204.50\t20,000\t310\t4.50\n"
        "Lanterns DE\t111\t2026-11-02\tGermany\tUSD\t--\t0\t0\t0.00\n"
        "Lanterns DE\t111\t2026-11-02\tAustria\tUSD\t3.05\t12\t1\t0.00\n"
        "Total: Campaigns\t --\t --\t --\tUSD\t1,207.55\t20,012\t311\t4.50\n"
        "Total: Account\t --\t --\t --\tUSD\t1,207.55\t20,012\t311\t4.50\n",
        "utf-16",
    )
    assert found.problems == ()
    assert short(found) == [
        ("2026-11-01", "Lanterns DE", "DE", 120_450),
        ("2026-11-02", "Lanterns DE", "AT", 305),
        ("2026-11-02", "Lanterns DE", "DE", 0),
    ]
    assert (found.totals, found.amount_minor) == (2, 120_755)
    first = found.lines[0]
    assert (first.campaign_id, first.impressions, first.clicks, first.orders_milli) == ("111", 20_000, 310, 4_500)


def test_meta_in_german_with_a_decimal_comma_and_its_summary_line() -> None:
    found = of(
        "Berichtsbeginn;Berichtsende;Kampagnenname;Land;Ausgegebener Betrag (EUR);Impressionen;Käufe\n"
        "2026-11-01;2026-11-02;;;1.236,90;;\n"
        "2026-11-01;2026-11-01;Laternen;DE;1.234,50;9.000;3\n"
        "2026-11-02;2026-11-02;Laternen;AT;2,40;10;\n",
        currency="EUR",
        zone="Europe/Berlin",
    )
    assert found.problems == ()
    assert short(found) == [("2026-11-01", "Laternen", "DE", 123_450), ("2026-11-02", "Laternen", "AT", 240)]
    assert (found.totals, found.lines[0].impressions, found.lines[0].orders_milli) == (1, 9_000, 3_000)


def test_a_meta_line_of_several_days_is_a_problem() -> None:
    found = of("Reporting starts,Reporting ends,Campaign name,Amount spent (USD)\n2026-11-01,2026-11-07,A,7.00\n")
    assert found.problems == (Problem(line=2, column="ends", given="2026-11-07", wanted="one_day"),)


def test_tiktok_in_chinese_by_the_hour_sums_into_days() -> None:
    found = of(
        "推广系列名称,推广系列 ID,日期,小时,国家/地区,消耗,币种\n"
        "灯笼,77,2026-11-01,0,美国,1.10,USD\n"
        "灯笼,77,2026-11-01,23,美国,2.20,USD\n"
        "合计,,,,,3.30,USD\n"
    )
    assert (short(found), found.problems, found.totals) == ([("2026-11-01", "灯笼", "US", 330)], (), 1)


def test_microsoft_with_month_first_and_japanese_yen_without_cents() -> None:
    english = of("TimePeriod,CampaignName,CurrencyCode,Spend,Clicks\n11/2/2026,A,USD,1.5,2\n11/13/2026,A,USD,2,3\n")
    assert short(english) == [("2026-11-02", "A", "", 150), ("2026-11-13", "A", "", 200)]
    japanese = of(
        '日付,キャンペーン,費用,通貨コード\n2026年11月1日,提灯,"12,345",JPY\n', currency="JPY", zone="Asia/Tokyo"
    )
    assert short(japanese) == [("2026-11-01", "提灯", "", 12_345)]


def test_pinterest_as_a_workbook_whose_cells_are_numbers_and_days() -> None:
    book, kept = Workbook(), io.BytesIO()
    page = book.active
    page.append(["Date", "Campaign name", "Campaign ID", "Country", "Spend in account currency", "Pin clicks"])
    page.append([date(2026, 11, 1), "Autumn", 626740000001, "GB", 12.345, 7])
    page.append([date(2026, 11, 2), "Autumn", 626740000001, "GB", 1234.5, 9])
    book.save(kept)
    found = read(kept.getvalue(), terms("GBP", "Europe/London"))
    assert found.problems == ()
    assert short(found) == [("2026-11-01", "Autumn", "GB", 1_235), ("2026-11-02", "Autumn", "GB", 123_450)]
    assert found.lines[0].campaign_id == "626740000001"


def test_the_day_on_which_clocks_change_has_23_or_25_hours() -> None:
    """Los Angeles, 2026: 8 March has no 02:00, 1 November has 01:00 twice."""
    heading = "Day,Hour of the day,Campaign,Cost\n"
    forward = of(heading + "".join(f"2026-03-08,{hour},A,1.00\n" for hour in range(24)))
    assert short(forward) == [("2026-03-08", "A", "", 2_300)]
    assert forward.problems == (Problem(line=4, column="hour", given="2", wanted="hour"),)
    hours = sorted([*range(24), 1])
    back = of(heading + "".join(f"2026-11-01,{hour},A,1.00\n" for hour in hours))
    assert (short(back), back.problems) == ([("2026-11-01", "A", "", 2_500)], ())


def test_each_bad_line_is_named_and_the_good_ones_stay() -> None:
    found = of(
        "Day,Campaign,Country,Cost,Kind\n"
        "2026-11-01,A,DE,1.00,\n"
        "2026-11-01,A,DE,1.00,\n"
        "2026-11-21,A,DE,1.00,\n"
        "2026-11-02,A,Atlantis,1.00,\n"
        "2026-11-02,A,DE,-1.00,\n"
        "2026-11-02,A,DE,-1.00,credit\n"
        "yesterday,A,DE,1.00,\n"
        "2026-11-02,,DE,1.00,\n"
        "2026-11-02,A,DE,many,\n"
        "2026-11-02,A,DE,1.00,bribe\n"
    )
    assert short(found) == [("2026-11-01", "A", "DE", 100), ("2026-11-02", "A", "DE", -100)]
    assert [(problem.line, problem.column, problem.wanted) for problem in found.problems] == [
        (3, "", "once"),
        (4, "day", "not_future"),
        (5, "country", "country"),
        (6, "amount", "not_negative"),
        (8, "day", "day"),
        (9, "campaign", "campaign"),
        (10, "amount", "amount"),
        (11, "kind", "kind"),
    ]


def test_lines_that_differ_in_something_else_are_summed() -> None:
    found = of("Day,Campaign,Ad group,Cost\n2026-11-01,A,One,1.00\n2026-11-01,A,Two,1.00\n")
    assert (short(found), found.problems) == ([("2026-11-01", "A", "", 200)], ())


def test_days_that_may_be_two_are_asked_for() -> None:
    text = "Date,Campaign,Cost\n1/2/2026,A,1.00\n3/2/2026,A,1.00\n"
    assert [problem.wanted for problem in of(text).problems] == ["day_order", "day_order"]
    assert [line.day for line in of(text, order="dmy").lines] == [date(2026, 2, 1), date(2026, 2, 3)]
    assert [line.day for line in of(text, order="mdy").lines] == [date(2026, 1, 2), date(2026, 3, 2)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n", "no_header"),
        ("Campaign,Cost,Clicks\nA,1,2\n", "no_column"),
        ("Week,Campaign,Cost,Clicks\n2026-11-02,A,1,2\n", "not_by_day"),
        ("Day,Campaign,Cost (EUR)\n2026-11-01,A,1\n", "other_currency"),
        ("Day,Campaign,Cost,Currency\n2026-11-01,A,1,EUR\n", "other_currency"),
        ("%PDF-1.7", "unreadable"),
    ],
)
def test_what_is_no_spend_report_is_refused(text: str, why: str) -> None:
    with pytest.raises(NotASpendFile) as no:
        of(text)
    assert no.value.given["why"] == why


@pytest.mark.parametrize(
    ("text", "sign", "value"),
    [
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("US$1,234.56", ".", "1234.56"),
        ("1\u202f234,56 €", ",", "1234.56"),
        ("¥12,345", ".", "12345"),
        ("1'234.50", ".", "1234.50"),
        ("(5.00)", ".", "-5.00"),
        ("--", ".", "0"),
        ("12.3.4", ".", None),
        ("twelve", ".", None),
        ("1e5", ".", None),
    ],
)
def test_a_number_in_its_forms(text: str, sign: str, value: str | None) -> None:
    assert figures.number(text, sign) == (Decimal(value) if value is not None else None)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-02",
        "2026/11/2",
        "20261102",
        "Nov 2, 2026",
        "Mon, Nov 2, 2026",
        "2 Nov 2026",
        "02.11.2026",
        "2026年11月2日",
    ],
)
def test_a_day_in_its_forms(text: str) -> None:
    assert figures.day(text, "dmy") == date(2026, 11, 2)


LINES = st.lists(
    st.builds(
        Line,
        day=st.dates(date(2026, 1, 1), TODAY),
        campaign=st.sampled_from(["A", "B"]),
        country=st.sampled_from(["", "DE"]),
        amount_minor=st.integers(0, 10**9),
        clicks=st.integers(0, 1000),
    )
)


@given(LINES)
def test_summing_loses_nothing_and_is_done_once(lines: list[Line]) -> None:
    once = summed(lines)
    assert sum(line.amount_minor for line in once) == sum(line.amount_minor for line in lines)
    assert len({line.cell for line in once}) == len(once)
    assert summed(once) == once
    assert tuple(from_json(line.json()) for line in once) == once


@given(st.decimals(0, 10**9, places=2), st.sampled_from(["en", "de"]))
def test_an_amount_survives_being_printed(value: Decimal, tongue: str) -> None:
    english = f"{value:,.2f}"
    text = english if tongue == "en" else english.translate(str.maketrans(",.", ".,"))
    sign = figures.decimal_sign([text, "1,000.00" if tongue == "en" else "1.000,00"], semicolons=tongue == "de")
    assert figures.number(text, sign) == value
