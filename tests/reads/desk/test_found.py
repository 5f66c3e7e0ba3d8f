"""A desk finds orders by the start of a number, e-mail address, name or surname, and by a whole SKU, by index alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from haitu.models import Order
from haitu.reads.desk.found import orders_that_fit
from haitu.reads.desk.orders import OrderFilter, orders
from tests.actions.buying import ANNA, basket_of, order, order_row
from tests.world import World


def numbers(world: World, text: str) -> list[str]:
    return [row.name for row in orders(world.merchant.pk, OrderFilter(search=text, sort="oldest")).rows]


@pytest.fixture
def placed(world: World) -> Order:
    """Anna Schmidt's order of two lanterns, and Bo Anders' of a mug."""
    order(world, basket_of(world, MUG=1), cart="cart-2", buyer=replace(ANNA, name="Bo Anders", email="bo@shop.test"))
    return order_row(world, order(world, basket_of(world, LANTERN=2)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("anna@example.test", ["Anna Schmidt"]),
        ("ANNA@ex", ["Anna Schmidt"]),
        ("anna s", ["Anna Schmidt"]),
        ("Schmi", ["Anna Schmidt"]),
        ("an", ["Bo Anders", "Anna Schmidt"]),
        ("lantern", ["Anna Schmidt"]),
        ("MUG", ["Bo Anders"]),
        ("midt", []),
        ("LANTER", []),
        ("100%", []),
        ("_", []),
    ],
)
def test_an_order_is_found_by_how_something_of_it_begins(
    world: World, placed: Order, text: str, found: list[str]
) -> None:
    assert sorted(numbers(world, text)) == sorted(found)


def test_an_order_is_found_by_its_number_however_it_is_typed(world: World, placed: Order) -> None:
    for text in (placed.number, placed.number[:-1], f"#{placed.number}", f" {placed.number.lower()} "):
        assert "Anna Schmidt" in numbers(world, text)


def test_a_search_finds_nothing_of_another_merchant(world: World, placed: Order) -> None:
    assert list(orders_that_fit(world.other.pk, "anna")) == []


def test_a_search_asks_the_database_four_times(
    world: World, placed: Order, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        assert numbers(world, "anna") == ["Anna Schmidt"]


def test_more_orders_than_are_named_are_all_found(world: World, placed: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haitu.reads.desk.found.MOST_NAMED", 1)
    assert sorted(numbers(world, "an")) == ["Anna Schmidt", "Bo Anders"]


def test_every_way_of_finding_is_one_stretch_of_an_index(world: World, placed: Order) -> None:
    """Asked of the planner, once there are orders enough for it to care."""
    copied = [field.attname for field in Order._meta.concrete_fields if not (field.primary_key or field.generated)]
    like = {name: getattr(placed, name) for name in copied}
    unlike = ("token", "number", "cart_key", "name", "email")
    Order.objects.bulk_create(Order(**like | {name: f"{name}-{count}" for name in unlike}) for count in range(3_000))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = orders_that_fit(world.merchant.pk, "anna").explain()
    ways = {"order_by_number", "order_by_email", "order_by_name", "order_by_surname"}
    assert {name for name in ways if name in plan} == ways
