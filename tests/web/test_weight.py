"""What a phone must fetch before the first picture: page and style sheet, as they travel."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from django.test import Client

from tests.web.buying import put_in
from tests.world import World

STYLE = Path(__file__).parents[2] / "src" / "haitu" / "static" / "shop" / "shop.css"
MOST_BYTES = 14_000  # what the first round trip of a fresh connection carries (RFC 6928: ten segments)


@pytest.mark.parametrize("path", ["", "p/paper-lantern/", "all/", "cart/", "checkout/"])
@pytest.mark.parametrize("root", ["/de-de/", "/ar-ae/", "/ja-jp/"])
def test_page_and_style_fit_into_the_first_round_trip(shop: Client, world: World, root: str, path: str) -> None:
    put_in(shop, world, root=root)
    answer = shop.get(f"{root}{path}", headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    style = gzip.compress(STYLE.read_bytes(), 9)
    assert len(answer.content) + len(style) <= MOST_BYTES


def test_a_page_needs_one_style_sheet_and_no_script_to_be_shown(shop: Client) -> None:
    page = shop.get("/de-de/").content.decode()
    assert (page.count('rel="stylesheet"'), page.count("<script"), page.count(" defer></script>")) == (1, 1, 1)
