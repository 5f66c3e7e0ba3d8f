"""A forwarder's price list on a real screen: dropped, read, corrected, applied, undone; on a phone and in Chinese."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from haitu.models import Lane, Tariff, TariffFile
from tests.links.tariffs.lists import dhl_matrix, fba_truck, yunexpress
from tests.walks.test_desk import PHONE, complaints, log_in, shoot
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DROP = """([name, bytes]) => {
  const given = new DataTransfer();
  given.items.add(new File([new Uint8Array(bytes)], name));  // a number makes so many zeros
  const form = document.querySelector('form[data-drop]');
  form.dispatchEvent(new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true }));
}"""


def test_a_list_is_dropped_looked_at_applied_and_undone(live_server: LiveServer, page: Page, world: World) -> None:
    log_in(page, live_server)
    page.get_by_role("link", name="Rate cards").first.click()
    shoot(page, "tariffs")
    page.evaluate(DROP, ["云途.xlsx", list(yunexpress())])
    expect(page.get_by_role("heading", name="云途.xlsx")).to_be_visible()
    expect(page.get_by_text("New lane: 3")).to_be_visible()
    page.get_by_text("Every weight break").first.click()
    expect(page.get_by_role("img", name="Price of a parcel by weight")).to_have_count(1)
    shoot(page, "tariff-file")
    page.get_by_role("link", name="How it was read").click()
    shoot(page, "tariff-columns")
    page.get_by_label("Carrier").fill("Cloud Road")
    page.get_by_role("button", name="Read it this way").click()
    expect(page.get_by_text("Cloud Road 全球专线挂号").first).to_be_visible()
    page.get_by_label("open at once").check()
    page.get_by_role("button", name="Apply 3 lanes").click()
    expect(page.get_by_role("status").first).to_contain_text("3 new lanes, 0 lanes with new prices.")
    assert Lane.objects.of(world.merchant.pk).filter(carrier="Cloud Road", open=True).count() == 3
    page.get_by_role("link", name="All lists").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("The list is undone")
    shoot(page, "tariff-files")
    assert not Lane.objects.of(world.merchant.pk).filter(carrier="Cloud Road").exists()


def test_a_file_that_is_none_is_refused_on_the_page(live_server: LiveServer, page: Page, world: World) -> None:
    log_in(page, live_server)
    page.goto(live_server.url + reverse("desk:tariffs"))
    page.evaluate(DROP, ["list.xlsx", list(b"%PDF-1.7")])
    expect(page.get_by_role("status").first).to_contain_text("This is a PDF file; a price list is an .xlsx or a .csv.")
    page.evaluate(DROP, ["big.xlsx", 8_000_001])
    expect(page.locator("#file-told")).to_have_text("This file is too large for a price list: at most 8 MB.")
    assert TariffFile.objects.of(world.merchant.pk).count() == 0


@pytest.mark.parametrize("options", [{}, PHONE, {"color_scheme": "dark"}], ids=["desk", "phone", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_workbench_is_readable_for_everybody(
    *,
    live_server: LiveServer,
    open_page: Callable[..., Page],
    world: World,
    tmp_path: Path,
    options: dict[str, Any],
    language: str,
    request: pytest.FixtureRequest,
) -> None:
    Tariff.objects.of(world.merchant.pk).filter(code="AIR").update(assumed=True)
    page = open_page(**options)
    log_in(page, live_server)
    type(world.owner).objects.filter(pk=world.owner.pk).update(language=language)
    found: dict[str, list[str]] = {}

    def look(name: str, address: str) -> None:
        page.goto(live_server.url + address)
        for summary in page.locator("main details:not([open]) > summary .link").all()[:2]:
            summary.click()
        shoot(page, f"{request.node.callspec.id}-{name}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        told = complaints(page) + ([f"{wide} px wider than the screen"] if wide > 0 else [])
        if told:
            found[name] = told

    for name, make in (("dhl", dhl_matrix), ("fba", fba_truck)):
        file = tmp_path / f"{name}.xlsx"
        file.write_bytes(make())
        page.goto(live_server.url + reverse("desk:tariffs"))
        page.locator("input[type=file]").set_input_files(file)
        page.locator("form[data-drop] button").click()
        page.wait_for_url("**/tariffs/files/*/")
        file_id = TariffFile.objects.of(world.merchant.pk).latest("pk").pk
        look(f"file-{name}", reverse("desk:tariff_file", args=[file_id]))
        look(f"columns-{name}", reverse("desk:tariff_columns", args=[file_id]))
    look("tariffs", reverse("desk:tariffs"))
    look("files", reverse("desk:tariff_files"))
    look("compare", reverse("desk:lane_choice") + "?to=DE")
    assert found == {}
