"""Items of a feed against the rules that ship: each problem names what was given and who says what is wanted."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.feed import FeedProblem, Lint, gtin_holds
from haitu.links.reference.feed_rules import feed_specs

TODAY = date(2026, 11, 20)
GOOD = {
    "id": "LANTERN",
    "title": "Paper lantern",
    "description": "Folds flat.",
    "link": "https://hengda.test/en-us/p/lantern/?v=LANTERN",
    "image_link": "https://hengda.test/media/1.jpg",
    "availability": "in_stock",
    "price": "15.00 USD",
    "condition": "new",
    "brand": "Hengda",
    "shipping": "US:::4.90 USD",
}


def found(**changed: str) -> list[tuple[str, str, str]]:
    """Attribute, operation and value of what Google would refuse."""
    lint = Lint(feed_specs()["google"], on=TODAY)
    return [(one.attribute, one.operation, one.value) for one in lint.problems(GOOD | changed, "LANTERN")]


def test_a_good_item_has_no_problem() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("attribute", "given_text", "operation", "value"),
    [
        ("id", "x" * 51, "at_most", "50"),
        ("title", "", "required", ""),
        ("title", "x" * 151, "at_most", "150"),
        ("description", "<b>Folds</b>", "no_markup", ""),
        ("price", "15,00 USD", "price", ""),
        ("price", "0.00 USD", "price", ""),
        ("price", "15.00", "price", ""),
        (
            "image_link",
            "https://hengda.test/picture/1.svg",
            "ends_in",
            ".jpg, .jpeg, .webp, .png, .gif, .bmp, .tif, .tiff",
        ),
        ("link", "hengda.test/p", "address", ""),
        ("availability", "in stock", "one_of", "in_stock, out_of_stock, preorder, backorder"),
        ("availability", "backorder", "required_where", "availability, preorder, backorder"),
        ("availability_date", "2028-01-01T00:00+0000", "moment_within_days", "365"),
        ("gtin", "4006381333932", "gtin", ""),
        ("shipping", "", "required", ""),
    ],
)
def test_what_google_would_refuse_is_named(attribute: str, given_text: str, operation: str, value: str) -> None:
    expected = "availability_date" if operation == "required_where" else attribute
    assert found(**{attribute: given_text}) == [(expected, operation, value)]


def test_a_problem_says_what_was_given_and_where_the_rule_stands() -> None:
    lint = Lint(feed_specs()["google"], on=TODAY)
    assert list(lint.problems(GOOD | {"condition": "mint"}, "LANTERN")) == [
        FeedProblem(
            sku="LANTERN",
            attribute="condition",
            given="mint",
            operation="one_of",
            value="new, refurbished, used",
            source="support.google.com/merchants/answer/6324469",
        )
    ]


def test_an_id_is_taken_once() -> None:
    lint = Lint(feed_specs()["google"], on=TODAY)
    assert list(lint.problems(GOOD, "LANTERN")) == []
    assert [one.operation for one in lint.problems(GOOD, "LANTERN")] == ["unique"]


@pytest.mark.parametrize(
    "text", ["4006381333931", "96385074", "036000291452", "00012345600012", "9771234567003"]
)  # GS1's and other printed examples
def test_a_printed_gtin_holds(text: str) -> None:
    assert gtin_holds(text)


@given(st.text(alphabet="0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_found(body: str, place: int, by: int) -> None:
    [check] = [digit for digit in "0123456789" if gtin_holds(body + digit)]
    whole = body + check
    wrong = whole[:place] + str((int(whole[place]) + by) % 10) + whole[place + 1 :]
    assert not gtin_holds(wrong)


def test_every_platforms_rules_name_a_page_and_a_day() -> None:
    for spec in feed_specs().values():
        assert all("." in rule.source for rule in spec.rules)
        assert spec.checked_on >= date(2026, 11, 23)
