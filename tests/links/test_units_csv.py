"""Pasted lines of goods: read as they come, refused by line and field."""

from haitu.links.reference.table import Problem
from haitu.links.units_csv import UnitsLine, parse_units


def test_a_paste_from_a_spreadsheet_or_a_chat_is_read() -> None:
    text = "SKU\tunits\nMUG\t12\n\nLANTERN, 3\n灯笼；4\n"
    assert parse_units(text) == (
        (
            UnitsLine(line=2, sku="MUG", quantity=12),
            UnitsLine(line=4, sku="LANTERN", quantity=3),
            UnitsLine(line=5, sku="灯笼", quantity=4),
        ),
        (),
    )


def test_a_price_is_read_where_one_is_asked_for() -> None:
    assert parse_units("MUG,1,2.50", currency="USD")[0] == (UnitsLine(line=1, sku="MUG", quantity=1, unit_minor=250),)


def test_what_cannot_be_read_is_named_and_the_rest_is_kept() -> None:
    rows, problems = parse_units("MUG,0,1\nLAMP,2,x\nMUG,1,1\nmug,1,1\n,5,1", currency="USD")
    assert rows == (UnitsLine(line=3, sku="MUG", quantity=1, unit_minor=100),)
    assert problems == (
        Problem(line=1, column="units", given="0", wanted="a whole number, 1 or more"),
        Problem(line=2, column="price", given="x", wanted="a price in USD, like 12.34"),
        Problem(line=4, column="sku", given="mug", wanted="each SKU once"),
        Problem(line=5, column="sku", given="", wanted="a SKU"),
    )


def test_more_lines_than_a_load_holds_are_refused() -> None:
    rows, problems = parse_units("\n".join(f"S{number},1" for number in range(2_001)))
    assert (len(rows), [problem.wanted for problem in problems]) == (2_000, ["at most 2000 lines"])
