"""The audit trail speaks as people do: names, money in its currency, percentages and dates, before and after."""

from __future__ import annotations

import csv
import re
from dataclasses import fields
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from haitu import actions
from haitu.actions.audit import audit
from haitu.actions.catalog import ProductDraft, VariantDraft
from haitu.actions.fulfil import book_carrier_bill, ship
from haitu.actions.market import MarketDraft
from haitu.actions.supply import TariffDraft
from haitu.models import Audit, Order, Shipment, User
from haitu.web.desk.act_words import ACTIONS
from haitu.web.desk.changes import FIELDS
from tests.world import NOW, World

ACT = re.compile(r"<tr><td.*?</tr>", re.DOTALL)
CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)


def acts(client: Client, **query: str) -> list[tuple[str, str, list[str]]]:
    """(what, about, changes) of each line of the page, the newest first."""
    page = client.get(reverse("desk:trail"), query).content.decode()
    lines = []
    for act in ACT.findall(page.partition("<tbody>")[2]):
        _when, _who, what, about, changes = CELL.findall(act)
        told = [_plain(change) for change in changes.split("</div>") if _plain(change)]
        lines.append((_plain(what), _plain(about), told))
    return lines


def _plain(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", "", markup)).split())


def note(world: World, action: str, subject: str, **change: tuple[object, object]) -> None:
    audit(world.owner, action, subject, merchant_id=world.merchant.pk, now=NOW, change=change)


def in_chinese(world: World) -> None:
    User.objects.filter(pk=world.owner.pk).update(language="zh-hans")


def test_a_list_price_is_told_in_the_list_currency(world: World, owner: Client) -> None:
    owner.post(reverse("desk:list_price", args=[world.variants["LANTERN"].pk]), {"price": "23.50"})
    assert acts(owner) == [("List price set", "LANTERN", ["List price: $20.00 → $23.50"])]


def test_a_market_price_is_told_in_the_markets_currency(world: World, owner: Client) -> None:
    ids = world.variants["LANTERN"].pk, world.markets["JP"].pk
    owner.post(reverse("desk:market_price", args=ids), {"price": "3900"})
    assert acts(owner) == [("Market price set", "LANTERN JP", ["Price by hand: – → ¥3,900"])]


MARKET: dict[str, tuple[Any, Any]] = {
    "shipping_minor": (490, 590),
    "returns_bp": (200, 250),
    "price_factor_bp": (10_000, 10_500),
    "prices_include_tax": (True, False),
    "charm": ("99", "none"),
    "languages": (["de", "en"], ["de"]),
    "shipping_free_from_minor": (50_00, None),
    "open": (True, False),
}


def test_a_market_is_told_in_words(world: World, owner: Client) -> None:
    note(world, "market.save", "DE", **MARKET)
    assert acts(owner) == [
        (
            "Market changed",
            "Germany",
            [
                "Price ending: …99 → as computed",
                "Languages: Deutsch, English → Deutsch",
                "Open: Yes → No",
                "Price factor: 1 → 1.05",
                "Prices shown: with tax → without tax",
                "Expected returns: 2% → 2.5%",
                "Free delivery from: €50.00 → –",
                "Delivery fee: €4.90 → €5.90",
            ],
        )
    ]


def test_a_market_is_told_in_chinese(world: World, owner: Client) -> None:
    in_chinese(world)
    note(world, "market.save", "DE", **MARKET)
    ((what, about, changes),) = acts(owner)
    assert (what, about) == ("修改市场", "德国")
    assert changes[3:6] == ["价格系数: 1 → 1.05", "价格显示: 含税 → 不含税", "预期退货: 2% → 2.5%"]
    assert changes[7] == "运费: €4.90 → €5.90"


def test_a_rate_card_is_told_with_its_breaks_and_dates(world: World, owner: Client) -> None:
    note(
        world,
        "tariff.save",
        "DHL-DE",
        breaks=([[2000, 390, 0]], [[2000, 390, 0], [31500, 490, 30, 120]]),
        fuel_bp=(0, 1250),
        valid_to=(None, "2026-12-31"),
        divisor_cm3_per_kg=(5000, 6000),
    )
    assert acts(owner)[0][2] == [
        "Weight breaks: up to 2,000 g: €3.90 → up to 2,000 g: €3.90; up to 31,500 g: €4.90 + €0.30 a step + €1.20 a kg",
        "Volume divisor: 5,000 cm³/kg → 6,000 cm³/kg",
        "Fuel surcharge: 0% → 12.5%",
        "Valid to: – → Dec 31, 2026",
    ]


def test_a_product_is_told_with_its_words_and_its_variants_fields(world: World, owner: Client) -> None:
    lantern = world.variants["LANTERN"]
    page = reverse("desk:product", args=[lantern.product_id])
    form = {
        "category": "kitchen",
        "status": "draft",
        "title:en": "Paper lantern",
        "description:en": "For the garden.",
        "title:de": "Laterne",
        f"list_price:{lantern.pk}": "20.00",
        f"hs_code:{lantern.pk}": "940550",
        f"weight_g:{lantern.pk}": "1320",
        f"length_mm:{lantern.pk}": "200",
        f"width_mm:{lantern.pk}": "200",
        f"height_mm:{lantern.pk}": "60",
        f"origin_country:{lantern.pk}": "VN",
        f"active:{lantern.pk}": "yes",
    }
    owner.post(page, form)
    assert acts(owner) == [
        (
            "Product changed",
            "Paper lantern",
            [
                "LANTERN · Made in: China → Vietnam",
                "LANTERN · Weight: 300 g → 1,320 g",
                "Category: lighting → kitchen",
                "Description in English: – → For the garden.",
                "Status: Live → Draft",
                "Title in Deutsch: Papierlaterne → Laterne",
            ],
        )
    ]


def test_what_was_done_to_an_order_names_it_and_its_money(world: World, owner: Client, paid: Order) -> None:
    ship(merchant_id=world.merchant.pk, order_id=paid.pk, by=world.owner, now=NOW)
    parcel = Shipment.objects.of(world.merchant.pk).get()
    for minor, currency in ((500, "EUR"), (700, "USD")):
        book_carrier_bill(
            merchant_id=world.merchant.pk,
            shipment_id=parcel.pk,
            billed_minor=minor,
            currency=currency,
            by=world.owner,
            now=NOW,
        )
    note(world, "order.refund", f"order {paid.number}", refunded=(0, 1000))
    assert acts(owner) == [
        ("Refund", paid.number, ["Refunded: €0.00 → €10.00"]),
        ("Carrier's bill booked", parcel.number, ["Carrier's bill: €5.00 → $7.00", "Currency: EUR → USD"]),
        ("Carrier's bill booked", parcel.number, ["Carrier's bill: – → €5.00"]),
        ("Parcel shipped", paid.number, ["Units shipped: 0 → 2"]),
    ]


def test_stock_is_named_by_its_sku_and_warehouse_and_found_by_them(world: World, owner: Client) -> None:
    start, end = world.stocks["LANTERN", "SZX"], world.stocks["LANTERN", "LEJ"]
    note(world, "stock.count", f"stock {start.pk}", on_hand=(100, 98))
    note(world, "stock.move", f"stock {start.pk} → {end.pk}", units=(0, 5))
    note(world, "stock.count", f"stock {world.stocks['MUG', 'SZX'].pk}", on_hand=(50, 49))
    assert acts(owner, q="lantern") == [
        ("Stock moved", "LANTERN · SZX → LEJ", ["Units: 0 → 5"]),
        ("Stock counted", "LANTERN · SZX", ["On hand: 100 → 98"]),
    ]


def test_what_is_gone_keeps_the_name_it_had(world: World, owner: Client) -> None:
    note(world, "price.list", "GONE", list_price_minor=(100, 200))
    assert acts(owner) == [("List price set", "GONE", ["List price: 100 → 200"])]


def test_every_field_that_a_form_changes_has_a_name() -> None:
    forms = (MarketDraft, TariffDraft, ProductDraft, VariantDraft)
    kept = {field.name for form in forms for field in fields(form)} - {"id", "texts", "variants"}
    assert kept - set(FIELDS) == set()


def test_every_act_has_a_name() -> None:
    said = re.compile(r'(?:audit|_note)\(\s*\w+,\s*"([a-z]+\.[a-z_]+)"')
    acts_of_haitu = {
        act for path in Path(str(actions.__file__)).parent.rglob("*.py") for act in said.findall(path.read_text())
    }
    assert acts_of_haitu - set(ACTIONS) == set()
    assert "market.save" in acts_of_haitu  # the walk does find them


@pytest.mark.parametrize("acts_more", [0, 6])
def test_the_trail_asks_a_fixed_number_of_questions(
    world: World, owner: Client, paid: Order, acts_more: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(1 + acts_more):
        note(world, "order.refund", f"order {paid.number}", refunded=(0, 1))
        note(world, "market.save", "DE", returns_bp=(1, 2))
        note(world, "stock.count", f"stock {world.stocks['MUG', 'SZX'].pk}", on_hand=(1, 2))
    with django_assert_num_queries(8):
        assert owner.get(reverse("desk:trail")).status_code == 200


def test_the_trail_comes_as_a_file_too(world: World, owner: Client) -> None:
    note(world, "market.save", "DE", shipping_minor=(490, 590), returns_bp=(200, 250))
    note(world, "team.remove", "=wei", role=("warehouse", None))
    file = b"".join(owner.get(reverse("desk:trail_export")).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.reader(StringIO(file.removeprefix("\ufeff"))))
    assert rows[0] == ["at", "user", "action", "about", "field", "old", "new"]
    assert [row[1:] for row in rows[1:]] == [
        ["lin", "Team member removed", "'=wei", "Role", "Warehouse", "–"],
        ["lin", "Market changed", "Germany", "Expected returns", "2%", "2.5%"],
        ["lin", "Market changed", "Germany", "Delivery fee", "€4.90", "€5.90"],
    ]
    assert Audit.objects.of(world.merchant.pk).count() == 2
