"""A product's prices abroad: every market in as many queries as one."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from haitu.reads import quote
from tests.world import World


@pytest.mark.parametrize("warm", [False, True])
def test_prices_abroad_ask_a_handful_of_questions_however_many_markets_there_are(
    world: World, owner: Client, warm: bool, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    quote._kept.clear()
    address = reverse("desk:shelves", args=[world.variants["LANTERN"].pk])
    if warm:
        owner.get(address)
    with django_assert_max_num_queries(9 if warm else 26):
        page = owner.get(address).content.decode()
    assert page.count('aria-label="Price by hand in ') == len(world.markets)


def test_every_market_s_price_is_drawn_as_what_it_goes_to(world: World, owner: Client) -> None:
    told = owner.get(reverse("desk:shelves", args=[world.variants["LANTERN"].pk])).content.decode()
    assert told.count('<svg class="stack"') == 5
    widths = [float(width) for width in re.findall(r'<rect class="step-[^"]*" x="[^"]*" width="([0-9.]+)"', told)]
    assert round(sum(widths)) == 5 * 1000
