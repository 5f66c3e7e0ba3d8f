"""Pictures of articles nobody has photographed."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from haitu.core.picture import hue_of, hues, picture_svg

ICONS = json.loads((Path(__file__).parents[2] / "src/haitu/data/pictures/icons.json").read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"


def parts(svg: str) -> dict[str, ElementTree.Element]:
    return {element.tag.removeprefix(SVG): element for element in ElementTree.fromstring(svg)}


def test_a_candle_stands_in_the_middle_of_its_square() -> None:
    assert picture_svg('<path d="M0 0"/>', 32, 32, "85123A", title="White Candle", hue=210) == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" role="img" aria-labelledby="p56271482">'
        '<title id="p56271482">White Candle</title>'
        '<rect width="200" height="200" rx="28" fill="hsl(210 55% 90%)"/>'
        '<g transform="translate(44 44) scale(3.5)"><path d="M0 0"/></g></svg>'
    )


def test_a_title_with_hostile_characters_stays_text() -> None:
    title = parts(picture_svg("", 32, 32, "A", title='</title><script>alert("1")</script> & Co'))["title"]
    assert title.text == '</title><script>alert("1")</script> & Co'
    assert list(title) == []


def test_an_article_without_title_is_called_by_its_sku() -> None:
    assert parts(picture_svg("", 32, 32, "85123A"))["title"].text == "85123A"


def test_two_articles_with_the_same_hue_of_their_own_get_different_ones() -> None:
    one, other = "22", "26"
    while hue_of(one) != hue_of(other):
        other += "x"
    assert hues([one, other]) == {one: hue_of(one), other: (hue_of(one) + 1) % 360}


def test_two_pictures_on_one_page_share_no_name() -> None:
    gradient = '<linearGradient id="a"/><path fill="url(#a)"/><use href="#a"/>'
    names = [
        {element.get("id") for element in ElementTree.fromstring(picture_svg(gradient, 32, 32, sku)).iter()} - {None}
        for sku in ("10001", "10002")
    ]
    assert [len(each) for each in names] == [2, 2]
    assert names[0] & names[1] == set()


def test_every_shipped_icon_makes_a_well_formed_picture() -> None:
    for name, icon in ICONS.items():
        drawn = parts(picture_svg(icon["body"], icon["width"], icon["height"], name))
        assert list(drawn) == ["title", "rect", "g"], name


@given(st.sets(st.text(max_size=12), max_size=360))
def test_up_to_360_articles_of_one_icon_all_differ(skus: set[str]) -> None:
    found = hues(skus)
    assert found.keys() == skus
    assert len(set(found.values())) == len(skus)


@given(st.lists(st.text(max_size=12), max_size=30))
def test_hues_do_not_depend_on_the_order(skus: list[str]) -> None:
    assert hues(skus) == hues(reversed(skus))
