"""Every page of the desk opens for the owner, in both languages, with as many queries as it says."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from haitu.actions.fulfil import ship
from haitu.core.landed import STEPS
from haitu.models import Event, Market, Merchant, Order, Stock
from haitu.reads import quote
from haitu.reads.profit import drill, waterfall
from tests.actions.buying import basket_of, paid_order
from tests.world import NOW, World

PAGES = [
    "overview", "weeks", "search", "orders", "orders_export", "products", "products_export", "products_import", "stock",
    "ageing", "ageing_export", "reroute", "business", "inbound", "loads", "load_new", "purchases", "suppliers",
    "profit", "profit_chart", "profit_export", "postings", "assumptions", "markets", "lanes", "carriers",
    "carrier_bills", "team", "trail",
]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens_for_the_owner(world: World, owner: Client, paid: Order, name: str, language: str) -> None:
    type(world.owner).objects.filter(pk=world.owner.pk).update(language=language)
    answer = owner.get(reverse(f"desk:{name}"))
    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == language


def test_pages_about_one_thing_open_for_the_owner(world: World, owner: Client, paid: Order) -> None:
    lantern = world.variants["LANTERN"]
    event = Event.objects.of(world.merchant.pk).order_by("pk").first()
    assert event is not None
    addresses = [
        reverse("desk:order", args=[paid.pk]),
        reverse("desk:slip", args=[paid.pk]),
        reverse("desk:product", args=[lantern.product_id]),
        reverse("desk:shelves", args=[lantern.pk]),
        reverse("desk:picture", args=[lantern.product.pictures.get().pk]),
        reverse("desk:stock_row", args=[world.stocks["LANTERN", "LEJ"].pk]),
        reverse("desk:event", args=[event.pk]),
        reverse("desk:market", args=[world.markets["DE"].pk]),
        reverse("desk:tariff", args=[world.lanes["LEJ-DE"].tariff_id]),
    ]
    assert [owner.get(address).status_code for address in addresses] == [200] * len(addresses)


@pytest.mark.parametrize(
    ("name", "most"),
    [("overview", 20), ("orders", 9), ("products", 11), ("stock", 13), ("profit", 15), ("markets", 6), ("lanes", 5)],
)
def test_a_list_asks_the_database_a_fixed_number_of_times(
    owner: Client, paid: Order, name: str, most: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(most):
        assert owner.get(reverse(f"desk:{name}")).status_code == 200


def test_the_order_page_asks_a_fixed_number_of_questions(
    world: World, owner: Client, paid: Order, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(22):
        assert owner.get(reverse("desk:order", args=[paid.pk])).status_code == 200


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


def test_no_page_of_the_desk_may_be_kept_by_a_browser(owner: Client) -> None:
    assert "no-store" in owner.get(reverse("desk:overview")).headers["Cache-Control"]


def test_the_postings_behind_a_figure_add_up_to_it(world: World, owner: Client, paid: Order) -> None:
    ship(merchant_id=world.merchant.pk, order_id=paid.pk, by=world.packer, now=NOW)
    (total,) = waterfall(world.merchant.pk)
    for step in (*STEPS, None):
        page = drill(world.merchant.pk, step=step)
        figure = total.contribution_minor if step is None else getattr(total.actual.waterfall, step)
        assert sum(entry.base_minor for entry in page.entries) == figure
    chart = owner.get(reverse("desk:profit_chart"), {"weeks": 0}).json()
    steps = sum(step["value"] for step in chart["steps"]) + chart["shrinkage"]["value"]
    assert round(steps, 2) == chart["total"]["value"] == total.contribution_minor / 100


def test_what_rests_on_an_assumption_is_marked_and_leads_to_the_assumptions(
    world: World, owner: Client, paid: Order
) -> None:
    Stock.objects.of(world.merchant.pk).update(assumed=True)
    ship(merchant_id=world.merchant.pk, order_id=paid.pk, by=world.packer, now=NOW)
    page = owner.get(reverse("desk:profit"), {"weeks": 0}).content.decode()
    goods = page.partition('id="steps"')[2].partition("Goods")[2].partition("</tr>")[0]
    assert "is-assumed" in goods
    assert reverse("desk:assumptions") in page
    price = page.partition('id="steps"')[2].partition("Price")[2].partition("</tr>")[0]
    assert "is-assumed" not in price


def test_the_overview_says_that_history_was_moved(world: World, owner: Client) -> None:
    assert "moved forward" not in owner.get(reverse("desk:overview")).content.decode()
    Merchant.objects.filter(pk=world.merchant.pk).update(history_shift_weeks=807)
    page = owner.get(reverse("desk:overview")).content.decode()
    assert "history was moved forward by 807 weeks" in page


def test_a_quote_that_rests_on_assumptions_says_so_before_anything_left(world: World, owner: Client) -> None:
    Stock.objects.of(world.merchant.pk).update(assumed=True)
    placed = paid_order(world, basket_of(world, LANTERN=1))
    page = owner.get(reverse("desk:order", args=[placed.pk])).content.decode()
    goods = page.partition("What this order earns")[2].partition('scope="row">Goods')[2].partition("</tr>")[0]
    assert goods.count("is-assumed") == 1  # the quoted figure; nothing has been booked yet


def test_an_address_is_written_as_its_country_writes_it(world: World, owner: Client) -> None:
    placed = paid_order(world, basket_of(world, LANTERN=1))
    for name in ("order", "slip"):
        page = owner.get(reverse(f"desk:{name}", args=[placed.pk])).content.decode()
        assert "Markt 1<br>04109 Leipzig<br>Germany" in page


@pytest.mark.parametrize(("language", "said"), [("en", "Country not recorded"), ("zh-hans", "未记录国家")])
def test_history_without_a_country_says_so(world: World, owner: Client, language: str, said: str) -> None:
    type(world.owner).objects.filter(pk=world.owner.pk).update(language=language)
    nowhere = Market.objects.create(
        merchant=world.merchant, country="ZZ", currency="GBP", languages=["en"], prices_include_tax=True, open=False
    )
    page = owner.get(reverse("desk:profit")).content.decode()
    markets = page.partition('name="market"')[2].partition("</select>")[0]
    assert re.findall(rf'<option value="{nowhere.pk}"[^>]*>([^<]*)<', markets) == [said]
