"""Files that no honest forwarder sends: each is refused in words, quickly, and nothing runs."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from haitu.links.tariffs.draft import Choices
from haitu.links.tariffs.postcodes import covering
from haitu.links.tariffs.reading import read
from haitu.links.tariffs.said import NotAPriceList
from haitu.links.tariffs.sheets import MOST_BYTES
from haitu.links.tariffs.workbook import opened
from tests.links.tariffs.lists import WAREHOUSES, book, yunexpress


def repacked(content: bytes, changes: dict[str, bytes]) -> bytes:
    """The workbook with some of its parts replaced or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.pop(name) if name in changes else old.read(name))
        for name, part in changes.items():
            new.writestr(name, part)
    return out.getvalue()


def bomb() -> bytes:
    return repacked(yunexpress(), {"xl/media/picture.bin": b"\0" * 200_000_000})


def many_rows() -> bytes:
    """A million rows, as small as ZIP makes them."""
    head = (
        b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    )
    rows = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 1_000_001))
    return repacked(yunexpress(), {"xl/worksheets/sheet1.xml": head + rows + b"</sheetData></worksheet>"})


def entities() -> bytes:
    evil = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><worksheet>&a;</worksheet>'
    return repacked(yunexpress(), {"xl/worksheets/sheet1.xml": evil})


NEVER = "a value: this formula was never calculated; open the file in a spreadsheet and save it"
NO_TABLE = "No table with prices was found: a row of headings that names a weight, a country or a zone, prices below."
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "too large": (lambda: b"x" * (MOST_BYTES + 1), "The file has 8 MB; a price list has at most 8 MB."),
    "empty": (lambda: b"  \n", "The file is empty."),
    "commas": (lambda: b",,,\n,,,\n", "The file is empty."),
    "no cells": (lambda: book(("A", [], []), ("B", [[None]], [])), "The workbook has no sheet with anything in it."),
    "pdf": (lambda: b"%PDF-1.7 ...", "This is a PDF file; a price list is an .xlsx or a .csv."),
    "picture": (lambda: b"\x89PNG\r\n\x1a\n", "This is a PNG file; a price list is an .xlsx or a .csv."),
    "old": (
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512,
        "This is an old .xls or a protected workbook; open it and save it as .xlsx without a password.",
    ),
    "zip": (lambda: zipped({"list.csv": b"a,b"}), "This is a ZIP, but no workbook; unpack it first."),
    "macros": (
        lambda: repacked(yunexpress(), {"xl/vbaProject.bin": b"code"}),
        "The workbook carries macros; save it as .xlsx without them.",
    ),
    "bomb": (bomb, "The workbook unpacks to 200 MB in 10 parts; at most 40 MB in 500."),
    "entities": (entities, "The workbook declares XML entities; nothing honest does."),
    "cut": (lambda: yunexpress()[:2000], "The workbook is damaged; open it and save it again."),
    "broken": (
        lambda: repacked(yunexpress(), {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row"}),
        "The workbook is damaged; open it and save it again.",
    ),
    "bytes": (lambda: bytes(range(256)) * 20, "The file is no text: neither UTF-8 nor GB18030 reads it."),
    "prose": (
        lambda: b"Dear customer,\nour prices rise.\n",
        NO_TABLE,
    ),
}  # fmt: skip


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_price_list_says_what_it_is(name: str) -> None:
    make, sentence = REFUSED[name]
    with pytest.raises(NotAPriceList) as no:
        read(make(), "list.xlsx", WAREHOUSES, Choices())
    assert str(no.value) == sentence


def test_a_million_rows_are_refused_before_they_are_all_read() -> None:
    content = many_rows()
    begun = time.monotonic()
    with pytest.raises(NotAPriceList):
        opened(content)
    assert time.monotonic() - begun < 20  # not a measurement: it must not hang


def test_the_name_decides_nothing() -> None:
    assert len(read(yunexpress(), "list.csv", WAREHOUSES, Choices()).drafts) == 3


def test_formulas_are_read_as_last_calculated_and_named_where_they_never_were() -> None:
    made = Workbook()
    page = made.active
    assert page is not None
    page.title = "Air"
    for row in [
        ["Blue Whale express, Carrier: Blue Whale"],
        ["Country", "Weight (kg)", "CNY/kg"],
        ["DE", "0-1", "=40+10"],
        ["FR", "0-1", 44],
    ]:
        page.append(row)
    out = io.BytesIO()
    made.save(out)
    found = read(out.getvalue(), "x.xlsx", WAREHOUSES, Choices())
    assert [str(problem) for problem in found.problems] == [f"Air!C3: '=' given, {NEVER} wanted"]
    assert [draft.destination for draft in found.drafts] == ["FR"]
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as archive:
        raw = archive.read(sheet)
    calculated = raw.replace(b"<f>40+10</f><v></v>", b"<f>40+10</f><v>50</v>").replace(
        b"<f>40+10</f><v />", b"<f>40+10</f><v>50</v>"
    )
    found = read(repacked(out.getvalue(), {sheet: calculated}), "x.xlsx", WAREHOUSES, Choices())
    assert [draft.tariff.breaks[0].per_kg_minor for draft in found.drafts] == [5000, 4400]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    for given_bytes in (content, b"PK\x03\x04" + content):
        with pytest.raises(NotAPriceList):
            read(given_bytes, "x", WAREHOUSES, Choices())


CELLS = st.one_of(
    st.sampled_from(
        [
            "国家",
            "重量(KG)",
            "运费(元/KG)",
            "德国",
            "0-1",
            "1-2",
            "首重0.5kg",
            "续重",
            "5-8天",
            "-",
            "#N/A",
            "20GP",
            "1区",
            "分区",
        ]
    ),
    st.text(max_size=8),
    st.integers(-5, 10**9).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=9))
def test_no_table_breaks_the_reader(rows: list[list[str]]) -> None:
    content = "\n".join("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row) for row in rows)
    with suppress(NotAPriceList):  # anything else that is raised would be a mistake of ours
        read(content.encode("utf-8", "replace"), "燕文 CNY.csv", WAREHOUSES, Choices())


@given(st.integers(0, 99_999), st.integers(0, 99_999))
def test_prefixes_cover_a_range_of_postcodes_exactly(one: int, other: int) -> None:
    first, last = sorted((one, other))
    prefixes = tuple(covering(f"{first:05}", f"{last:05}"))
    near = {first, last, max(first - 1, 0), min(last + 1, 99_999), (first + last) // 2, 0, 99_999}
    assert {n for n in near if f"{n:05}".startswith(prefixes)} == {n for n in near if first <= n <= last}
