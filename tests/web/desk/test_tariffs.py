"""The tariffs workbench: a list goes in, is shown, corrected, applied, exported, undone; and lanes are compared."""

from __future__ import annotations

import re
from datetime import date, timedelta
from html import unescape
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from haitu.links.tariffs.said import Said
from haitu.models import Lane, Merchant, Tariff, TariffFile
from haitu.web.desk import tariff_words
from tests.links.tariffs.lists import fba_truck, sf, text, yunexpress
from tests.web.desk.conftest import At
from tests.world import World

HEADS = ["Carrier", "Service", "Origin", "Country", "Weight (kg)", "CNY/kg", "Fee (CNY/parcel)", "Days"]
AIR: list[Any] = [
    ["air, actual weight only, steps of 100 g"],
    HEADS,
    ["SZX-DE", "", "SZX", "DE", "0-20", 41, 20, "9-14"],
    ["Blue Whale", "Air", "SZX", "FR", "0-20", 50, 15, "8-12"],
]


def send(client: Client, content: bytes, name: str = "list.xlsx", **headers: str) -> Any:
    return client.post(reverse("desk:tariff_upload"), {"file": SimpleUploadedFile(name, content)}, headers=headers)


def uploaded(world: World, client: Client, content: bytes) -> TariffFile:
    assert send(client, content).status_code == 302
    return TariffFile.objects.of(world.merchant.pk).latest("pk")


def page(client: Client, name: str, *ids: Any, **query: str) -> str:
    return unescape(client.get(reverse(f"desk:{name}", args=ids), query).content.decode())


def form_of(html: str) -> dict[str, str]:
    """The hidden fields of the form that applies."""
    form = html.partition("/apply/")[2].partition("</form>")[0]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))


def later() -> str:
    return (timezone.localdate() + timedelta(days=7)).isoformat()


def test_a_list_is_uploaded_shown_and_applied(world: World, owner: Client) -> None:
    file = uploaded(world, owner, text(AIR).encode())
    shown = page(owner, "tariff_file", file.pk, starts=later())
    assert "SZX-FR-BLUE-WHALE-AIR" in shown
    assert "CN¥68.25 →" in shown.replace("\n", "")
    answer = owner.post(reverse("desk:tariff_file_apply", args=[file.pk]), form_of(shown), follow=True)
    assert "1 new lane, 1 lane with new prices." in answer.content.decode()
    lane = Lane.objects.of(world.merchant.pk).get(code="SZX-FR-BLUE-WHALE-AIR")
    assert (lane.open, lane.tariff.valid_from) == (False, date.fromisoformat(later()))


def test_the_preview_of_another_day_is_not_applied(world: World, owner: Client) -> None:
    file = uploaded(world, owner, text(AIR).encode())
    form = form_of(page(owner, "tariff_file", file.pk, starts=later())) | {"starts": timezone.localdate().isoformat()}
    answer = owner.post(reverse("desk:tariff_file_apply", args=[file.pk]), form)
    assert answer.status_code == 400
    assert "Something changed since this was shown; look again." in answer.content.decode()
    assert TariffFile.objects.of(world.merchant.pk).get().state == "read"


def test_an_applied_list_is_undone_from_the_history(world: World, owner: Client) -> None:
    file = uploaded(world, owner, text(AIR).encode())
    owner.post(
        reverse("desk:tariff_file_apply", args=[file.pk]), form_of(page(owner, "tariff_file", file.pk, starts=later()))
    )
    assert "SZX-DE, SZX-FR-BLUE-WHALE-AIR" in page(owner, "tariff_files")
    answer = owner.post(reverse("desk:tariff_file_undo", args=[file.pk]), follow=True)
    assert "The list is undone: cards and lanes are as they were before." in answer.content.decode()
    assert Tariff.objects.of(world.merchant.pk).count() == 3


def test_what_was_recognised_can_be_corrected(world: World, owner: Client) -> None:
    file = uploaded(world, owner, fba_truck())
    assert "say what “ONT8” is" in page(owner, "tariff_file", file.pk)
    shown = page(owner, "tariff_columns", file.pk)
    assert "its heading says “仓库”" in shown
    form = {"place:ONT8": "warehouse:EWR", "place:EWR": "skip", "fact:carrier:*": "Blue Whale", "nonsense": "x"}
    owner.post(reverse("desk:tariff_columns", args=[file.pk]), form)
    file.refresh_from_db()
    assert file.reading == {
        "columns": {},
        "facts": {"*": {"carrier": "Blue Whale"}},
        "places": {"ONT8": "warehouse:EWR", "EWR": "skip"},
        "lanes": {},
    }
    shown = page(owner, "tariff_file", file.pk)
    assert "Blue Whale 美森卡派" in shown
    assert "ONT8" not in shown.partition('id="problems"')[2].partition("</table>")[0]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("make", [yunexpress, sf, fba_truck])
def test_every_page_about_a_list_opens(world: World, owner: Client, make: Any, language: str) -> None:
    type(world.owner).objects.filter(pk=world.owner.pk).update(language=language)
    file = uploaded(world, owner, make())
    for name, ids in (("tariff_file", [file.pk]), ("tariff_columns", [file.pk]), ("tariffs", []), ("tariff_files", [])):
        assert owner.get(reverse(f"desk:{name}", args=ids)).status_code == 200


def test_what_is_no_list_is_refused_in_words_and_nothing_is_kept(world: World, owner: Client) -> None:
    for content, sentence in [
        (b"%PDF-1.7", "This is a PDF file; a price list is an .xlsx or a .csv."),
        (b"x" * 8_000_001, "The file has 8 MB; a price list has at most 8 MB."),
        (b"Dear customer,", "No table with prices was found"),
    ]:
        answer = owner.post(
            reverse("desk:tariff_upload"), {"file": SimpleUploadedFile("list.xlsx", content)}, follow=True
        )
        assert sentence in unescape(answer.content.decode())
    assert "Choose a file first." in unescape(owner.post(reverse("desk:tariff_upload"), follow=True).content.decode())
    assert TariffFile.objects.of(world.merchant.pk).count() == 0


def test_a_page_with_a_progress_bar_is_told_where_to_go(world: World, owner: Client) -> None:
    answer = send(owner, yunexpress(), "云途.xlsx", **{"X-Progress": "yes"})
    file = TariffFile.objects.of(world.merchant.pk).get()
    assert answer.json() == {"go": f"/desk/tariffs/files/{file.pk}/"}
    assert file.name == "云途.xlsx"


def test_the_export_is_a_workbook_that_changes_nothing_when_it_comes_back(world: World, owner: Client) -> None:
    for kind in ("xlsx", "csv"):
        answer = owner.get(reverse("desk:tariffs_export", kwargs={"kind": kind}))
        content = b"".join(answer) if answer.streaming else answer.content
        file = uploaded(world, owner, content)
        assert "Every lane of this list has these prices already." in page(owner, "tariff_file", file.pk)
    one = owner.get(
        reverse("desk:tariff_export", kwargs={"tariff_id": world.lanes["LEJ-DE"].tariff_id, "kind": "xlsx"})
    )
    sheet = load_workbook(BytesIO(one.content)).active
    assert sheet is not None
    assert [row[0].value for row in sheet.iter_rows()] == ["lane", "LEJ-DE", "LEJ-DE"]
    assert owner.get("/desk/tariffs/export.exe").status_code == 404


def test_the_list_of_cards_is_searched_sorted_and_filtered(world: World, owner: Client) -> None:
    def codes(**query: str) -> list[str]:
        body = page(owner, "tariffs", **query).partition("<tbody>")[2]
        return re.findall(r'<th scope="row"><a href="[^"]*">([^<]*)</a>', body)

    assert codes() == ["AIR", "DHL-DE", "UPS-US"]
    assert codes(sort="-code") == ["UPS-US", "DHL-DE", "AIR"]
    assert codes(sort="lanes") == ["DHL-DE", "UPS-US", "AIR"]
    assert codes(q="lej") == ["DHL-DE"]
    assert codes(when="later") == []


def test_lanes_are_compared_and_say_why_they_refuse(world: World, owner: Client) -> None:
    query = {"to": "DE", "weight_g": "1000", "length_mm": "100", "width_mm": "100", "height_mm": "100"}
    shown = page(owner, "lane_choice", **query)
    rows = re.findall(r'<th scope="row"><a class="[^"]*" href="[^"]*">([^<]*)</a>', shown)
    assert rows == ["LEJ-DE", "SZX-DE"]
    assert shown.count('<g class="mark') == 2
    assert "CN¥31.20" in shown  # 3.90 euros at 8
    shown = page(owner, "lane_choice", **query | {"restrictions": "battery"})
    assert "battery (The parcel)" in shown
    shown = page(owner, "lane_choice", **query | {"length_mm": ""})
    assert shown.count("Weight or size is not known") == 2
    assert owner.get(reverse("desk:lane_choice"), {"weight_g": "heavy"}).status_code == 400


def test_roles_and_strangers_stay_outside(world: World, owner: Client, at: At) -> None:
    file = uploaded(world, owner, yunexpress())
    reader, stranger = at(world.reader), at(world.stranger)
    before = Merchant.objects.values_list("version", flat=True).get(pk=world.merchant.pk)
    assert reader.get(reverse("desk:tariffs")).status_code == 200
    assert send(reader, yunexpress()).status_code == 403
    assert reader.get(reverse("desk:tariff_file", args=[file.pk])).status_code == 403
    for name in ("tariff_file", "tariff_columns"):
        assert stranger.get(reverse(f"desk:{name}", args=[file.pk])).status_code == 404
    for name in ("tariff_file_apply", "tariff_file_undo", "tariff_file_discard", "tariff_columns"):
        stranger.post(reverse(f"desk:{name}", args=[file.pk]))
    file.refresh_from_db()
    assert (file.state, file.reading) == ("read", {})
    assert Merchant.objects.values_list("version", flat=True).get(pk=world.merchant.pk) == before


def test_the_reader_says_nothing_that_the_desk_cannot_translate() -> None:
    import ast  # noqa: PLC0415  # only this test reads source

    from haitu.commands import ROOT  # noqa: PLC0415

    known = set(tariff_words.SENTENCES)
    folder = ROOT / "src" / "haitu"
    rooms = [*(folder / "links" / "tariffs").glob("*.py"), folder / "reads" / "desk" / "tariff_files.py"]
    spoken = {
        argument.value
        for room in rooms
        for node in ast.walk(ast.parse(room.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in SPEAKERS
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and " " in argument.value
    }
    assert spoken - known == set()
    assert tariff_words.told(Said("a percentage such as 12.5%%")) == "a percentage such as 12.5%"


SPEAKERS = {"said", "NotAPriceList", "wrong"}
