"""The network on a real screen: a lane is pointed at, chosen and closed on the map; on a phone and in Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from haitu.actions.closure import close_lane_on
from haitu.models import Closure, Lane, Warehouse
from tests.actions.buying import basket_of, paid_order
from tests.walks.test_desk import PHONE, complaints, log_in, shoot
from tests.world import NOW, TODAY, World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLACES = {"SZX": (22.54, 114.06), "LEJ": (51.42, 12.24), "EWR": (40.69, -74.17)}


@pytest.fixture
def haul(world: World) -> dict[str, Lane]:
    """By rail from Shenzhen to Leipzig, by air to Newark; all three warehouses are placed."""
    for code, (lat, lon) in PLACES.items():
        of = Warehouse.objects.of(world.merchant.pk).filter(code=code)
        of.update(lat_e6=round(lat * 1e6), lon_e6=round(lon * 1e6))
    return {
        mode: Lane.objects.create(
            merchant=world.merchant,
            code=f"SZX-{to}-{mode.upper()}",
            carrier="Iron Silk",
            mode=mode,
            origin=world.warehouses["SZX"],
            to=world.warehouses[to],
            destination=world.warehouses[to].country,
            tariff=world.lanes["SZX-DE"].tariff,
            days_p50=days,
            days_p90=days + 4,
        )
        for mode, to, days in (("rail", "LEJ", 18), ("air", "EWR", 3))
    }


def open_map(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url + reverse("desk:network"))
    expect(page.locator("#map[data-drawn]")).to_be_visible()


def test_a_lane_is_pointed_at_chosen_and_closed_on_the_map(
    live_server: LiveServer, page: Page, world: World, haul: dict[str, Lane]
) -> None:
    rail = haul["rail"]
    log_in(page, live_server)
    page.get_by_role("link", name="Network").first.click()
    expect(page.locator("#map path.site")).to_have_count(3)
    expect(page.locator("#map path.lane")).to_have_count(2)
    expect(page.locator("#map path.land")).to_have_count(3)
    expect(page.locator("#legend")).to_contain_text("Price per kg")
    line = page.locator(f"#map path[data-lane='{rail.pk}']")
    box = line.bounding_box()
    assert box is not None
    # The middle of a straight line is the middle of its box.
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#panel-title")).to_have_text("SZX-LEJ-RAIL")
    expect(page.locator("#panel")).to_contain_text("18 / 22")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name="What would closing SZX-LEJ-RAIL touch?")).to_be_visible()
    expect(page.locator(f"tr[data-lane='{rail.pk}']")).to_have_class("lit")
    shoot(page, "network")
    page.get_by_label("Reason").fill("snow on the line")
    page.get_by_role("button", name="Close SZX-LEJ-RAIL").click()
    expect(page.get_by_role("status").first).to_contain_text("Closed; 1 lane changes.")
    assert Closure.objects.of(world.merchant.pk).get().lane_id == rail.pk
    open_map(page, live_server)
    expect(page.locator("#map path.lane.shut")).to_have_count(1)


def test_the_table_alone_leads_as_far(live_server: LiveServer, page: Page, world: World, haul: dict[str, Lane]) -> None:
    row = paid_order(world, basket_of(world, LANTERN=2))
    log_in(page, live_server)
    open_map(page, live_server)
    page.get_by_role("link", name="SZX-EWR-AIR").focus()
    expect(page.locator("#panel-title")).to_have_text("SZX-EWR-AIR")
    page.get_by_label("Search", exact=True).fill("LEJ-DE")
    page.get_by_label("Lanes", exact=True).select_option("all")
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("link", name="LEJ-DE", exact=True).press("Enter")
    expect(page.get_by_role("link", name=row.number)).to_be_visible()
    expect(page.get_by_role("row", name="Germany 3 / 4 10 / 15")).to_be_visible()


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desk", "phone", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_network_is_readable_for_everybody(
    *,
    live_server: LiveServer,
    open_page: Callable[..., Page],
    world: World,
    haul: dict[str, Lane],
    options: dict[str, Any],
    language: str,
    request: pytest.FixtureRequest,
) -> None:
    paid_order(world, basket_of(world, LANTERN=2))
    close_lane_on(
        merchant_id=world.merchant.pk,
        lane_id=haul["air"].pk,
        valid_from=TODAY,
        valid_to=None,
        reason="fog",
        by=world.owner,
        now=NOW,
    )
    page = open_page(**options)
    log_in(page, live_server)
    type(world.owner).objects.filter(pk=world.owner.pk).update(language=language)
    for name, address in (
        ("map", reverse("desk:network")),
        ("lane", reverse("desk:network_subject", args=["lane", world.lanes["LEJ-DE"].pk])),
        ("closed", reverse("desk:network_subject", args=["lane", haul["air"].pk])),
    ):
        page.goto(live_server.url + address)
        if name == "map":
            expect(page.locator("#map[data-drawn]")).to_be_visible()
        assert complaints(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        shoot(page, f"network-{name}-{request.node.callspec.id}")
