"""The catalogue as a file: rows and problems, a preview, and a round trip that changes nothing."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from haitu.links.catalog_csv import parse_products
from haitu.models import MarketPrice, Merchant, Product, Variant
from haitu.reads.desk.catalog import changes, shelves_of
from tests.actions.buying import merchant_of
from tests.world import World

FILE = """sku,product,category,status,list_price,hs_code,weight_g,title:en,price:DE
LANTERN,,,,21.00,,310,,24.90
VASE,glass-vase,kitchen,live,15.00,701399,900,Glass vase,
MUG,,,,ten,,,,
BOWL,bowl,garden,live,1.00,,,Bowl,
LANTERN,,,,1.00,,,,
SPOON,spoon,kitchen,live,,,,,
"""


def exported(owner: Client) -> str:
    answer = owner.get(reverse("desk:products_export"))
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # a streaming answer


def test_good_rows_and_problems_come_apart(world: World) -> None:
    rows, problems = parse_products(FILE, shelves_of(merchant_of(world)))
    assert [row.sku for row in rows] == ["LANTERN", "VASE"]
    assert [(problem.line, problem.column, problem.given) for problem in problems] == [
        (4, "list_price", "ten"),
        (5, "category", "garden"),
        (6, "sku", "LANTERN"),
        (7, "list_price", ""),
        (7, "title", ""),
    ]


def test_an_export_read_again_changes_nothing(world: World, owner: Client) -> None:
    rows, problems = parse_products(exported(owner), shelves_of(merchant_of(world)))
    assert problems == ()
    assert [change for change in changes(world.merchant.pk, rows) if change.new or change.fields] == []
    assert len(rows) == 4


def test_nothing_is_kept_before_the_person_says_so(world: World, owner: Client) -> None:
    before = Merchant.objects.get(pk=world.merchant.pk).version
    file = SimpleUploadedFile("products.csv", FILE.encode())
    page = owner.post(reverse("desk:products_import"), {"file": file}).content.decode()
    assert "1 new" in page
    assert "4 lines with problems" in page
    assert not Variant.objects.of(world.merchant.pk).filter(sku="VASE").exists()
    owner.post(reverse("desk:products_import"), {"text": FILE, "keep": "yes"})
    vase = Variant.objects.of(world.merchant.pk).select_related("product").get(sku="VASE")
    assert (vase.list_price_minor, vase.weight_g, vase.product.slug, vase.product.status) == (
        1500,
        900,
        "glass-vase",
        "live",
    )
    lantern = Variant.objects.of(world.merchant.pk).get(sku="LANTERN")
    assert (lantern.list_price_minor, lantern.weight_g, lantern.hs_code) == (2100, 310, "940550")
    assert MarketPrice.objects.of(world.merchant.pk).get().price_minor == 2490
    assert Merchant.objects.get(pk=world.merchant.pk).version == before + 1


def test_a_dash_clears_and_an_empty_cell_leaves(world: World, owner: Client) -> None:
    text = "sku,weight_g,hs_code,brand\nLANTERN,-,,-\n"
    owner.post(reverse("desk:products_import"), {"text": text, "keep": "yes"})
    lantern = Variant.objects.of(world.merchant.pk).get(sku="LANTERN")
    assert (lantern.weight_g, lantern.hs_code) == (None, "940550")


def test_a_title_that_looks_like_a_formula_leaves_as_text_and_comes_back(world: World, owner: Client) -> None:
    text = "sku,title:en\nLANTERN,=1+1\n"
    owner.post(reverse("desk:products_import"), {"text": text, "keep": "yes"})
    assert "'=1+1" in exported(owner)
    rows, _ = parse_products(exported(owner), shelves_of(merchant_of(world)))
    assert [row.texts["en", "title"] for row in rows if row.sku == "LANTERN"] == ["=1+1"]


def test_what_is_no_catalogue_is_refused_in_words(world: World, owner: Client) -> None:
    where = reverse("desk:products_import")
    for content in (b"", b"name,price\nx,1\n", b"\xff\xfe\x00", b'sku\n"open', b"x" * 2_000_001):
        answer = owner.post(where, {"file": SimpleUploadedFile("f.csv", content)})
        assert answer.status_code == 400
        assert "This is no product file" in answer.content.decode()
    assert Product.objects.of(world.merchant.pk).count() == 4


def test_numbers_that_no_column_holds_are_problems(world: World) -> None:
    file = (
        "sku,list_price,weight_g,price:DE\n"
        "LANTERN,92233720368547758.07,,\n"
        "MUG,,99999999999,\n"
        "CHANDELIER,,,99999999999.00\n"
        f"MYSTERY,,{'9' * 5_000},\n"
    )
    rows, problems = parse_products(file, shelves_of(merchant_of(world)))
    assert [(problem.line, problem.column) for problem in problems] == [
        (2, "list_price"),
        (3, "weight_g"),
        (4, "price:DE"),
        (5, "weight_g"),
    ]
    assert rows == ()
