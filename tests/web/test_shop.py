"""The shop's pages as a buyer's browser gets them."""

from django.test import Client


def test_all_pages_answer(shop: Client) -> None:
    for path in (
        "/de-de/",
        "/de-de/all/",
        "/de-de/c/lighting/",
        "/de-de/search/?q=tasse",
        "/de-de/p/blue-mug/",
        "/de-de/cart/",
        "/en-us/",
        "/ja-jp/p/paper-lantern/",
        "/ar-ae/",
        "/de-de/prices/",
        "/de-de/markets/",
        "/robots.txt",
    ):
        answer = shop.get(path)
        print(path, answer.status_code, len(answer.content))
        assert answer.status_code == 200, path
