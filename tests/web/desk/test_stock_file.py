"""The stock as a file: what the list shows, as it is filtered; its value for those who may see it."""

import csv
from io import StringIO

from django.test import Client
from django.urls import reverse

from tests.web.desk.conftest import At
from tests.world import World


def rows(client: Client, **query: str) -> list[list[str]]:
    answer = client.get(reverse("desk:stock_export"), query)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(StringIO(text.removeprefix("\ufeff"))))


def test_the_stock_comes_as_a_file_as_it_is_filtered(world: World, owner: Client) -> None:
    heading, *lines = rows(owner, warehouse="LEJ")
    assert heading == [
        *("sku", "title", "warehouse", "on_hand", "reserved", "buffer", "available"),
        *("currency", "goods_value", "inbound_value", "assumed"),
    ]
    assert lines == [
        ["LANTERN", "Paper lantern", "LEJ", "20", "0", "0", "20", "CNY", "800.00", "120.00", "0"],
        ["MUG", "Blue mug", "LEJ", "1", "0", "0", "1", "CNY", "15.00", "3.00", "0"],
    ]


def test_a_packer_gets_the_units_without_their_value(world: World, at: At) -> None:
    heading, *lines = rows(at(world.packer), q="CHANDELIER")
    assert heading == ["sku", "title", "warehouse", "on_hand", "reserved", "buffer", "available"]
    assert lines == [["CHANDELIER", "Brass chandelier", "SZX", "5", "0", "0", "5"]]
