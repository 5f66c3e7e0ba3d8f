"""The network's pages: the same lanes on the map and in the table, money for whom it is meant, closed and lifted."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from haitu.actions.demo.network import lay_network
from haitu.commands import ROOT
from haitu.models import Closure, Lane, Member, Warehouse
from tests.web.desk.conftest import At
from tests.world import NOW, World


@pytest.fixture
def by_sea(world: World) -> Lane:
    """Ships from Shenzhen to Leipzig's port, with both ends placed."""
    for code, lat, lon in (("SZX", 22_540_000, 114_060_000), ("LEJ", 51_420_000, 12_240_000)):
        Warehouse.objects.of(world.merchant.pk).filter(code=code).update(lat_e6=lat, lon_e6=lon)
    return Lane.objects.create(
        merchant=world.merchant,
        code="SZX-LEJ",
        carrier="Iron Silk",
        mode="rail",
        origin=world.warehouses["SZX"],
        to=world.warehouses["LEJ"],
        destination="DE",
        tariff=world.lanes["SZX-DE"].tariff,
        days_p50=18,
        days_p90=25,
    )


def drawn(client: Client, **query: str) -> dict[str, Any]:
    answer = client.get(reverse("desk:network_data"), query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def where(lane: Lane) -> str:
    return reverse("desk:network_subject", args=["lane", lane.pk])


def test_the_map_is_told_lanes_with_their_lines_and_sites_with_their_places(owner: Client, by_sea: Lane) -> None:
    found = drawn(owner)
    assert [(site["name"], site["kind"], site["open"]) for site in found["sites"]] == [
        ("LEJ Leipzig", "overseas", True),
        ("SZX Shenzhen", "origin", True),
    ]
    [lane] = found["lanes"]
    assert (lane["name"], lane["mode"], lane["days"], lane["open"]) == ("SZX-LEJ", "rail", 25, True)
    assert lane["points"] == [[22.54, 114.06], [51.42, 12.24]]
    assert dict(lane["facts"])["Way"] == "SZX → LEJ Leipzig"
    assert lane["href"] == where(by_sea)


def test_what_a_kilogram_costs_is_for_those_who_may_see_profit(world: World, at: At, by_sea: Lane) -> None:
    owner, packer = at(world.owner), at(world.packer)
    [seen], [hidden] = drawn(owner)["lanes"], drawn(packer)["lanes"]
    assert seen["cost"] > 0
    assert "Price per kg" in dict(seen["facts"])
    assert hidden["cost"] is None
    assert "Price per kg" not in dict(hidden["facts"])
    page = packer.get(reverse("desk:network")).content.decode()
    assert "Price per kg" not in page
    assert "CN¥" not in packer.get(where(by_sea)).content.decode()


def test_searching_and_sorting_holds_for_map_and_table(world: World, owner: Client, by_sea: Lane) -> None:
    assert [lane["name"] for lane in drawn(owner, find="iron")["lanes"]] == ["SZX-LEJ"]
    assert drawn(owner, find="plane")["lanes"] == []
    assert drawn(owner, state="closed")["lanes"] == []
    page = owner.get(reverse("desk:network"), {"lanes": "all", "sort": "-days"}).content.decode()
    rows = [part.partition("</a>")[0].rpartition(">")[2] for part in page.split("<tr data-lane=")[1:]]
    assert rows == ["SZX-LEJ", "SZX-DE", "SZX-GB", "SZX-US", "SZX-AE", "SZX-JP", "EWR-US", "LEJ-DE"]


def test_closing_and_lifting_from_the_page(world: World, owner: Client, by_sea: Lane) -> None:
    answer = owner.post(where(by_sea), {"reason": "snow", "from": "2026-12-01", "to": "2100-01-01"}, follow=True)
    page = answer.content.decode()
    assert "Closed; 1 lane changes." in page
    made = Closure.objects.of(world.merchant.pk).get()
    assert (made.lane_id, made.reason, made.valid_from.isoformat()) == (by_sea.pk, "snow", "2026-12-01")
    lifted = reverse("desk:network_lift", args=[made.pk])
    answer = owner.post(lifted, {"kind": "lane", "which": by_sea.pk}, follow=True)
    assert "The closure is lifted." in answer.content.decode()
    assert not Closure.objects.of(world.merchant.pk).filter(valid_to=None).exists()


def test_a_passage_and_a_warehouse_are_closed_by_the_same_form(world: World, owner: Client) -> None:
    for kind, which in (("passage", "suez"), ("warehouse", str(world.warehouses["LEJ"].pk))):
        answer = owner.post(reverse("desk:network_subject", args=[kind, which]), {"reason": "storm"})
        assert answer.status_code == 302
    assert {(row.passage, row.warehouse_id) for row in Closure.objects.of(world.merchant.pk)} == {
        ("suez", None),
        ("", world.warehouses["LEJ"].pk),
    }


def test_a_closure_that_cannot_be_is_refused_beside_its_field(world: World, owner: Client, by_sea: Lane) -> None:
    for given, told in (
        ({"reason": ""}, "Say why the lane is closed."),
        ({"reason": "x", "from": "soon"}, "“soon” is no day, like 2026-07-01."),
    ):
        answer = owner.post(where(by_sea), given)
        assert answer.status_code == 400
        assert told in answer.content.decode()
    assert not Closure.objects.of(world.merchant.pk).exists()


def test_what_is_not_there_is_not_found(owner: Client) -> None:
    for kind, which in (("lane", "0"), ("passage", "gulf"), ("moon", "1")):
        assert owner.get(reverse("desk:network_subject", args=[kind, which])).status_code == 404


@pytest.mark.parametrize(("language", "title"), [("en", "Network"), ("zh-hans", "网络")])
def test_an_operators_network_opens_in_both_languages(world: World, at: At, language: str, title: str) -> None:
    operator = lay_network(now=NOW).merchant_id
    world.stranger.language = language
    world.stranger.save()
    Member.objects.of(world.other.pk).filter(user=world.stranger).delete()
    Member.objects.create(merchant_id=operator, user=world.stranger, role="owner")
    client = at(world.stranger)
    page = client.get(reverse("desk:network")).content.decode()
    assert page.partition('<h1 class="page-title">')[2].startswith(title)
    assert page.count("<tr data-lane=") == 50
    assert len(drawn(client)["lanes"]) == 154
    suez = client.get(reverse("desk:network_subject", args=["passage", "suez"]))
    assert suez.status_code == 200


def test_the_shapes_of_the_land_never_jump_across_the_map() -> None:
    shape = json.loads((ROOT / "src/haitu/static/vendor/world/land.json").read_text())
    rings = [ring for polygon in shape["coordinates"] for ring in polygon]
    assert len(rings) > 250
    assert [ring for ring in rings if ring[0] != ring[-1] or len(ring) < 4] == []
    assert max(abs(b[0] - a[0]) for ring in rings for a, b in pairwise(ring)) < 180


def test_a_sea_lane_is_told_which_passages_it_uses(owner: Client, by_sea: Lane) -> None:
    Lane.objects.of(by_sea.merchant_id).filter(pk=by_sea.pk).update(mode="sea")
    kept = owner.post(
        reverse("desk:network_corridor", args=[by_sea.pk]),
        {"passage": ["suez", "malacca"], "rule": "detour"},
        follow=True,
    )
    assert kept.status_code == 200
    by_sea.refresh_from_db()
    assert (by_sea.passages, by_sea.if_passage_closes) == (["suez", "malacca"], "detour")
    shown = kept.content.decode()
    assert [code for code in ("suez", "panama", "malacca") if f'value="{code}" checked' in shown] == ["suez", "malacca"]
    refused = owner.post(
        reverse("desk:network_corridor", args=[by_sea.pk]), {"passage": "styx", "rule": "fly"}, follow=True
    )
    by_sea.refresh_from_db()
    assert (refused.status_code, by_sea.passages) == (200, ["suez", "malacca"])
