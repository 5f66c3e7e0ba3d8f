"""Tables give every sound row and say of every other field where it is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from haitu.links.reference.table import Problem, Row, rows


def row(**values: str) -> Row:
    return Row(7, values, [])


def told(row: Row) -> list[str]:
    return [str(problem) for problem in row.problems]


def test_a_csv_is_numbered_as_a_spreadsheet_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("\ufeffcountry,rate\nDE,19\nFR,20\n", encoding="utf-8")
    problems: list[Problem] = []
    assert [
        (row.line, row.given("country"), row.given("rate")) for row in rows(path, ("country", "rate"), problems)
    ] == [
        (2, "DE", "19"),
        (3, "FR", "20"),
    ]
    assert problems == []


def test_a_parquet_reads_like_the_csv_of_the_same_table(tmp_path: Path) -> None:
    frame = pl.DataFrame({"country": ["DE", None], "rate": [1900, 2000], "on": [date(2026, 7, 1), None]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_csv(tmp_path / "a.csv")
    read = [
        [(row.line, dict(row.values)) for row in rows(tmp_path / name, frame.columns, [])]
        for name in ("a.parquet", "a.csv")
    ]
    assert read[0] == read[1]


def test_a_missing_column_is_told_and_nothing_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("country\nDE\n", encoding="utf-8")
    problems: list[Problem] = []
    assert list(rows(path, ("country", "rate"), problems)) == []
    assert problems == [Problem(line=1, column="rate", given="", wanted="a column of this name")]


def test_an_empty_file_lacks_every_column(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("", encoding="utf-8")
    problems: list[Problem] = []
    assert list(rows(path, ("country",), problems)) == []
    assert [problem.column for problem in problems] == ["country"]


def test_each_reader_tells_what_it_wants() -> None:
    bad = row(a="Germany", b="19%", c="01.07.2026", d="nineteen", e="maybe", f="-1")
    bad.country("a")
    bad.whole("b")
    bad.day("c")
    bad.decimal("d")
    bad.one_of("e", ("yes", "no"))
    bad.whole("f")
    bad.text("g")
    assert not bad.sound
    assert told(bad) == [
        "line 7, a: 'Germany' given, a country code of two letters wanted",
        "line 7, b: '19%' given, a whole number wanted",
        "line 7, c: '01.07.2026' given, a day such as 2026-07-01 wanted",
        "line 7, d: 'nineteen' given, a number above 0 wanted",
        "line 7, e: 'maybe' given, one of no, yes wanted",
        "line 7, f: '-1' given, a whole number, 0 or more wanted",
        "line 7, g: '' given, some text wanted",
    ]


def test_a_span_that_ends_before_it_begins_is_refused() -> None:
    bad = row(valid_from="2026-07-01", valid_to="2026-06-30")
    bad.span()
    assert told(bad) == ["line 7, valid_to: '2026-06-30' given, a day not before 2026-07-01 wanted"]


def test_not_a_number_and_infinity_are_no_rates() -> None:
    for text in ("NaN", "Infinity", "0", "-2", ""):
        bad = row(rate=text)
        bad.decimal("rate")
        assert not bad.sound, text


@given(st.decimals(min_value="0.000001", max_value="99999", places=6))
def test_a_decimal_reads_what_was_written(number: Decimal) -> None:
    good = row(rate=str(number))
    assert (good.decimal("rate"), good.sound) == (number, True)


@given(st.dictionaries(st.sampled_from("abc"), st.text(max_size=12)))
def test_no_text_breaks_a_reader(values: dict[str, str]) -> None:
    any_row = row(**values)
    any_row.country("a"), any_row.maybe_whole("b"), any_row.maybe_day("c"), any_row.decimal("a"), any_row.yes("b")
    assert any_row.sound == (not any_row.problems)
