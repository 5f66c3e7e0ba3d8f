"""What tests of the shop's pages share: a browser without scripts at Hengda's shop, on the world's own day."""

from typing import Any

import pytest
from django.test import Client

from haitu.reads import quote
from haitu.reads.shop import listing, markets
from tests.world import HOST, NOW, World


@pytest.fixture
def shop(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A buyer at the shop's host name; what an earlier world left in memory is forgotten."""
    settings.ALLOWED_HOSTS = ["*"]
    monkeypatch.setattr("haitu.web.shop.page.timezone.now", lambda: NOW)
    quote._kept.clear()
    listing.forget()
    markets.forget()
    return Client(headers={"host": HOST})
