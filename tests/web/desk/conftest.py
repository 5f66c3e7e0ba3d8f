"""What tests of the desk share: members at work, and an order worth looking at."""

from collections.abc import Callable

import pytest
from django.test import Client

from haitu.models import Order, User
from tests.actions.buying import basket_of, paid_order
from tests.world import World

At = Callable[[User], Client]


@pytest.fixture
def at() -> At:
    """A browser in which that user is logged in."""

    def logged_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return logged_in


@pytest.fixture
def owner(world: World, at: At) -> Client:
    """Lin of Hengda at her desk, in English."""
    return at(world.owner)


@pytest.fixture
def paid(world: World) -> Order:
    """Anna's paid order: two lanterns to Leipzig."""
    return paid_order(world, basket_of(world, LANTERN=2))
