"""The pages of spend in a real browser: readable for everybody, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.actions.spending import account, look, rates, take_in
from tests.walks.test_desk import PHONE, complaints, log_in, shoot
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_the_pages_of_spend_are_readable_and_fit(
    *,
    live_server: LiveServer,
    open_page: Callable[..., Page],
    world: World,
    options: dict[str, Any],
    request: pytest.FixtureRequest,
) -> None:
    rates()
    google = account(world)
    take_in(world, google, "2026-11-18,Lanterns,1,DE,5.00\n2026-11-19,Mugs of a very long campaign name,2,JP,50.00\n")
    bad = look(world, google, "2026-11-18,Lanterns,1,DE,5.00\n2026-12-24,Lanterns,1,Atlantis,5.00\n")
    page = open_page(**options)
    log_in(page, live_server)
    wide, told = [], []
    addresses = {
        "spend": reverse("desk:spend") + "?days=365",
        "spend-file": reverse("desk:spend_file", args=[bad]),
        "spend-account": reverse("desk:spend_account", args=[google]),
    }
    for name, address in addresses.items():
        page.goto(live_server.url + address)
        shoot(page, f"{name}-{request.node.callspec.id}")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(name)
        told += [f"{name}: {complaint}" for complaint in complaints(page)]
    assert (told, wide) == ([], [])
