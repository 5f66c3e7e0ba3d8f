"""What tests of pages share: hosts are answered as in trade, and every test starts without anything kept in memory."""

from collections.abc import Callable

import pytest
from django.test import Client

from haitu.reads.shop import listing, markets
from tests.world import HOST, World

Shop = Callable[..., Client]


@pytest.fixture(autouse=True)
def _hosts(settings: object) -> None:
    """Names of hosts are the merchants' business here; what an earlier world left in memory is forgotten."""
    settings.ALLOWED_HOSTS = ["*"]  # type: ignore[attr-defined]  # pytest-django's settings
    listing._counts.clear()
    listing._best.clear()
    markets._layouts.clear()


@pytest.fixture
def shop(world: World) -> Client:
    """A browser at Hengda's shop."""
    return Client(headers={"host": HOST})
