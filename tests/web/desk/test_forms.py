"""What people do at the desk: each form does what it says, or refuses in words and changes nothing."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from haitu.models import Audit, Lane, Market, MarketPrice, Member, Merchant, Order, Refund, Shipment, Stock, Tariff
from haitu.reads.conservation import stock_problems
from tests.web.desk.conftest import At
from tests.world import World

NOTE = re.compile(r'<div class="alert alert-\w+">.*?<div>(.*?)</div></div>', re.DOTALL)


def told(client: Client, name: str, *ids: int, **form: Any) -> list[str]:
    """The notes on the page that the form leads to."""
    page = client.post(reverse(f"desk:{name}", args=ids), form, follow=True).content.decode()
    return [unescape(text) for text in NOTE.findall(page.partition('id="notes"')[2].partition("\n")[0])]


def stock_of(world: World) -> Stock:
    return Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk)


def version(world: World) -> int:
    return Merchant.objects.values_list("version", flat=True).get(pk=world.merchant.pk)


def test_a_list_price_bumps_the_version_and_leaves_a_trail(world: World, owner: Client) -> None:
    before = version(world)
    assert told(owner, "list_price", world.variants["LANTERN"].pk, price="23.50") == ["The price is saved."]
    line = Audit.objects.of(world.merchant.pk).get()
    assert version(world) == before + 1
    assert (line.user, line.action, line.subject) == (world.owner, "price.list", "LANTERN")
    assert line.change == {"list_price_minor": [2000, 2350]}


@pytest.mark.parametrize(
    ("price", "sentence"),
    [
        ("free", "“free” is no amount: write digits and at most one point, like 12.34."),
        ("1.234", "“1.234” is no amount: write digits and at most one point, like 12.34."),
        ("-1", "A price is zero or more."),
    ],
)
def test_a_price_that_is_none_is_refused(world: World, owner: Client, price: str, sentence: str) -> None:
    before = version(world)
    assert told(owner, "list_price", world.variants["LANTERN"].pk, price=price) == [sentence]
    assert version(world) == before


def test_a_shelf_price_by_hand_is_set_and_taken_away(world: World, owner: Client) -> None:
    ids = world.variants["LANTERN"].pk, world.markets["DE"].pk
    told(owner, "market_price", *ids, price="24.90")
    assert MarketPrice.objects.of(world.merchant.pk).get().price_minor == 2490
    told(owner, "market_price", *ids, price="")
    assert not MarketPrice.objects.of(world.merchant.pk).exists()


def test_what_lanes_may_refuse_is_typed_in_the_readers_language(world: World, owner: Client) -> None:
    mug = world.variants["MUG"]
    owner.post(reverse("desk:language"), {"language": "zh-hans", "next": "/desk/"})
    form = {"category": "kitchen", "status": "live", "title:en": "Mug", f"list_price:{mug.pk}": "9.00"}
    form[f"restrictions:{mug.pk}"] = "电池、液体，paper"
    assert owner.post(reverse("desk:product", args=[mug.product_id]), form).status_code == 302
    mug.refresh_from_db()
    assert mug.restrictions == ["battery", "liquid", "paper"]


def test_a_product_is_saved_with_its_words_and_measures(world: World, owner: Client) -> None:
    lantern = world.variants["LANTERN"]
    form = {
        "category": "kitchen",
        "status": "live",
        "brand": "Hengda",
        "title:en": "Paper lantern",
        "title:de": "Laterne",
        "title:zh-hans": "纸灯笼",
        f"list_price:{lantern.pk}": "20.00",
        f"weight_g:{lantern.pk}": "320",
        f"origin_country:{lantern.pk}": "cn",
        f"restrictions:{lantern.pk}": "paper, light",
        f"active:{lantern.pk}": "yes",
    }
    answer = owner.post(reverse("desk:product", args=[lantern.product_id]), form)
    lantern.refresh_from_db()
    assert answer.status_code == 302
    assert (lantern.weight_g, lantern.length_mm, lantern.origin_country) == (320, None, "CN")
    assert lantern.restrictions == ["paper", "light"]
    texts = dict(lantern.product.texts.values_list("language", "title"))
    assert texts == {"en": "Paper lantern", "de": "Laterne", "zh-hans": "纸灯笼"}
    assert lantern.product.texts.get(language="de").search == "laterne lantern"


def test_a_product_keeps_what_was_typed_when_it_is_refused(world: World, owner: Client) -> None:
    lantern = world.variants["LANTERN"]
    form = {"category": "lighting", "status": "live", f"list_price:{lantern.pk}": "abc", "title:en": "<b>Bold</b>"}
    answer = owner.post(reverse("desk:product", args=[lantern.product_id]), form)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "“abc” is no amount" in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold</b>" not in page


def test_a_live_product_without_a_title_is_refused(world: World, owner: Client) -> None:
    lantern = world.variants["LANTERN"]
    form = {"category": "lighting", "status": "live", f"list_price:{lantern.pk}": "20"}
    answer = owner.post(reverse("desk:product", args=[lantern.product_id]), form)
    assert "A live product needs a title in at least one language." in answer.content.decode()


MARKET = {
    "open": "yes",
    "prices_include_tax": "yes",
    "charm": "99",
    "price_factor": "1",
    "incoterm": "DDP",
    "languages": "de, en",
    "registrations": "IOSS",
    "shipping": "4.90",
    "shipping_free_from": "50.00",
    "traffic": "2.00",
    "returns": "2",
}


def test_a_market_shows_what_changes_before_it_is_kept(world: World, owner: Client) -> None:
    page = reverse("desk:market", args=[world.markets["DE"].pk])
    before = version(world)
    shown = owner.post(page, MARKET | {"shipping": "5.90"}).content.decode()
    assert "What this changes" in shown
    assert version(world) == before
    assert owner.post(page, MARKET | {"shipping": "5.90", "keep": "yes"}).status_code == 302
    assert Market.objects.of(world.merchant.pk).get(country="DE").shipping_minor == 590
    assert version(world) == before + 1


def test_a_market_saved_as_it_is_changes_nothing(world: World, owner: Client) -> None:
    before = version(world)
    owner.post(reverse("desk:market", args=[world.markets["DE"].pk]), MARKET | {"keep": "yes"})
    assert version(world) == before


@pytest.mark.parametrize(
    ("field", "given", "sentence"),
    [
        ("price_factor", "0", "The price factor is between 0.1 and 10."),
        ("returns", "200", "The share of returns is between 0 and 100 %."),
        ("returns", "many", "“many” is no percentage, like 2.5."),
        ("languages", "", "A market speaks at least one language."),
        ("incoterm", "EXW", "The delivery term is DDP or DAP."),
        ("shipping", "-1", "An amount is zero or more."),
    ],
)
def test_a_market_refuses_in_words(world: World, owner: Client, field: str, given: str, sentence: str) -> None:
    page = reverse("desk:market", args=[world.markets["DE"].pk])
    answer = owner.post(page, MARKET | {field: given, "keep": "yes"})
    assert (answer.status_code, sentence in answer.content.decode()) == (400, True)


def test_a_lane_closes_with_a_reason_only_and_opens_again(world: World, owner: Client) -> None:
    lane = world.lanes["LEJ-DE"].pk
    assert told(owner, "lane_close", lane, reason=" ") == ["Say why the lane is closed."]
    told(owner, "lane_close", lane, reason="Strike at the hub")
    closed = Lane.objects.of(world.merchant.pk).get(pk=lane)
    assert (closed.open, closed.closed_reason) == (False, "Strike at the hub")
    told(owner, "lane_open", lane)
    assert Lane.objects.of(world.merchant.pk).get(pk=lane).open
    assert list(Audit.objects.of(world.merchant.pk).order_by("pk").values_list("action", flat=True)) == [
        "lane.close",
        "lane.open",
    ]


TARIFF = {"step_g": "500", "minimum": "0", "fuel": "2.5", "remote": "0", "up_to": ["1000", "31500", ""]}
BREAKS = {"base": ["4.10", "5.20", ""], "per_step": ["0", "0.35", ""]}


def test_a_rate_card_is_saved_and_no_assumption_any_more(world: World, owner: Client) -> None:
    card = world.lanes["LEJ-DE"].tariff_id
    Tariff.objects.of(world.merchant.pk).filter(pk=card).update(assumed=True)
    assert owner.post(reverse("desk:tariff", args=[card]), TARIFF | BREAKS).status_code == 302
    saved = Tariff.objects.of(world.merchant.pk).get(pk=card)
    assert (saved.breaks, saved.fuel_bp, saved.assumed) == ([[1000, 410, 0], [31500, 520, 35]], 250, False)


def test_a_rate_card_whose_weights_do_not_rise_is_refused(world: World, owner: Client) -> None:
    form = TARIFF | BREAKS | {"up_to": ["2000", "1000", ""]}
    answer = owner.post(reverse("desk:tariff", args=[world.lanes["LEJ-DE"].tariff_id]), form)
    assert "The weights of the breaks rise from line to line." in answer.content.decode()


def test_stock_is_received_once_however_often_the_form_is_sent(world: World, owner: Client) -> None:
    form = {
        "sku": "lantern",
        "warehouse": world.warehouses["LEJ"].pk,
        "quantity": "3",
        "goods": "120.00",
        "once": "abc",
    }
    assert told(owner, "stock_receive", **form) == ["The goods are received."]
    told(owner, "stock_receive", **form)
    assert stock_of(world).on_hand == 23


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"sku": "GHOST"}, "There is no SKU “GHOST”."),
        ({"quantity": "0"}, "“0” is no whole number of 1 or more."),
        ({"goods": "lots"}, "“lots” is no amount: write digits and at most one point, like 12.34."),
        ({"warehouse": "999999"}, "There is no such variant, warehouse or stock."),
    ],
)
def test_stock_that_cannot_be_received_is_refused(
    world: World, owner: Client, form: dict[str, str], sentence: str
) -> None:
    good = {"sku": "LANTERN", "warehouse": world.warehouses["LEJ"].pk, "quantity": "3", "goods": "120.00"}
    assert told(owner, "stock_receive", **(good | form)) == [sentence]
    assert stock_of(world).on_hand == 20


def test_stock_is_counted_moved_written_off_and_held_back(world: World, owner: Client, paid: Order) -> None:
    here = world.stocks["LANTERN", "LEJ"].pk
    assert told(owner, "stock_count", here, counted="1") == ["1 counted, but 2 are promised to buyers."]
    assert told(owner, "stock_write_off", here, quantity="19") == ["19 should leave, but only 18 are free."]
    told(owner, "stock_count", here, counted="19")
    told(owner, "stock_move", here, warehouse=world.warehouses["EWR"].pk, quantity="4")
    told(owner, "stock_write_off", here, quantity="1")
    told(owner, "stock_buffer", here, buffer="5")
    row = stock_of(world)
    assert (row.on_hand, row.reserved, row.buffer) == (14, 2, 5)


def test_a_stock_form_sent_twice_acts_once_and_the_next_page_acts_again(
    world: World, owner: Client, paid: Order
) -> None:
    here = world.stocks["LANTERN", "LEJ"].pk
    there = {"warehouse": world.warehouses["EWR"].pk, "quantity": "4"}

    def once() -> dict[str, str]:
        page = owner.get(reverse("desk:stock_row", args=[here])).content.decode()
        (stamp,) = set(re.findall(r'name="once" value="(\w+)"', page))
        return {"once": stamp}

    def units(name: str, **form: Any) -> list[int]:
        """On hand after the form was sent, sent again, and sent from a new page."""
        after, stamp = [], once()
        for given in (stamp, stamp, once()):
            told(owner, name, here, **form, **given)
            after.append(stock_of(world).on_hand)
        return after

    assert units("stock_move", **there) == [16, 16, 12]
    assert units("stock_move", **there, cost="3.00") == [8, 8, 4]
    assert units("stock_write_off", quantity="1") == [3, 3, 2]
    counted = once()
    told(owner, "stock_count", here, counted="9", **counted)
    told(owner, "stock_write_off", here, quantity="3", **once())
    told(owner, "stock_count", here, counted="9", **counted)
    assert stock_of(world).on_hand == 6
    assert stock_problems() == ()


def test_an_order_ships_in_parts_arrives_and_is_billed(world: World, owner: Client, paid: Order) -> None:
    line = paid.lines.get().pk
    assert told(owner, "ship", paid.pk, **{f"line_{line}": "3"}) == ["There are not that many units left to send."]
    told(owner, "ship", paid.pk, **{f"line_{line}": "1", "tracking": "JD 1"})
    told(owner, "ship", paid.pk, **{f"line_{line}": "1"})
    first, second = Shipment.objects.of(world.merchant.pk).order_by("pk")
    for parcel in (first, second):
        told(owner, "delivered", paid.pk, parcel.pk)
    told(owner, "bill", paid.pk, first.pk, billed="4.40", currency="eur")
    first.refresh_from_db()
    paid.refresh_from_db()
    assert (first.tracking, first.billed_minor, first.billed_currency, paid.status) == ("JD 1", 440, "EUR", "delivered")
    assert told(owner, "bill", paid.pk, first.pk, billed="1", currency="XXX")[0] != "The carrier's bill is booked."


def test_money_goes_back_in_parts_and_never_more_than_was_paid(world: World, owner: Client, paid: Order) -> None:
    line = paid.lines.get().pk
    told(owner, "refund", paid.pk, **{f"line_{line}": "5.00", "reason": "scratched"})
    assert [refund.amount_minor for refund in Refund.objects.of(world.merchant.pk)] == [500]
    assert told(owner, "refund", paid.pk, amount="9999.00") == ["That is more than is left to give back."]
    assert told(owner, "refund", paid.pk, amount="x")[0].startswith("“x” is no amount")


def test_an_order_is_cancelled_until_something_has_left(world: World, owner: Client, paid: Order) -> None:
    told(owner, "ship", paid.pk, **{f"line_{paid.lines.get().pk}": "1"})
    assert told(owner, "cancel", paid.pk) == ["The order's status does not allow that."]


def test_goods_come_back_no_more_than_have_left(world: World, owner: Client, paid: Order) -> None:
    line = paid.lines.get()
    told(owner, "ship", paid.pk, **{f"line_{line.pk}": "2"})
    assert told(owner, "take_back", paid.pk, line=line.pk, quantity="3", restock="yes") == [
        "3 should come back, but only 2 are with the buyer."
    ]
    told(owner, "take_back", paid.pk, line=line.pk, quantity="1", restock="yes")
    line.refresh_from_db()
    assert (line.returned, stock_of(world).on_hand) == (1, 19)


def test_goods_whose_money_goes_back_leave_only_for_a_reason(world: World, owner: Client, paid: Order) -> None:
    told(owner, "refund", paid.pk)
    page = owner.get(reverse("desk:order", args=[paid.pk])).content.decode()
    assert "Why they leave all the same" in page
    kept = (
        "The money for LANTERN is on its way back to the buyer. "
        "Keep these goods here, or say why they leave all the same."
    )
    units = {f"line_{paid.lines.get().pk}": "2"}
    assert told(owner, "ship", paid.pk, **units) == [kept]
    assert told(owner, "ship_many", order=[paid.pk]) == [f"{paid.number}: {kept}", "0 orders shipped."]
    assert told(owner, "ship", paid.pk, **units, anyway="Too late to stop it") == ["The parcel is on its way."]


def test_many_orders_ship_at_once_and_those_that_cannot_are_named(world: World, owner: Client, paid: Order) -> None:
    notes = told(owner, "ship_many", order=[paid.pk])
    assert notes == ["1 order shipped."]
    notes = told(owner, "ship_many", order=[paid.pk])
    assert notes == [f"{paid.number}: There are not that many units left to send.", "0 orders shipped."]


def test_the_team_keeps_an_owner(world: World, owner: Client) -> None:
    lin = Member.objects.of(world.merchant.pk).get(user=world.owner)
    assert told(owner, "team_remove", lin.pk) == ["This is the last owner; make somebody else an owner first."]
    assert told(owner, "team", username="lin", role="reader") == [
        "This is the last owner; make somebody else an owner first."
    ]
    assert told(owner, "team", username="ghost", role="reader") == ["There is no account “ghost”."]
    assert told(owner, "team", username="mei", role="owner") == ["The team is changed."]
    told(owner, "team_remove", lin.pk)
    assert [member.user.username for member in Member.objects.of(world.merchant.pk).order_by("pk")] == ["wei", "mei"]


def test_a_packer_sees_parcels_and_no_profit(world: World, at: At, paid: Order) -> None:
    packer = at(world.packer)
    page = packer.get(reverse("desk:order", args=[paid.pk])).content.decode()
    assert "Ship these" in page
    assert "What this order earns" not in page
    assert "Give money back" not in page
    closed = ["profit", "profit_chart", "profit_export", "postings", "assumptions", "weeks", "team", "trail"]
    assert {packer.get(reverse(f"desk:{name}")).status_code for name in closed} == {403}
    assert packer.post(reverse("desk:ship", args=[paid.pk]), {f"line_{paid.lines.get().pk}": "2"}).status_code == 302
    assert packer.post(reverse("desk:refund", args=[paid.pk]), {"amount": "1"}).status_code == 403


def test_hostile_filters_find_nothing_and_break_nothing(owner: Client, paid: Order) -> None:
    nasty = [
        "'",
        "%",
        "\\",
        "<script>",
        "０",
        "-1",
        "99999999999999999999",
        "\x00",
        "2026-13-45",
        "9999-12-31",
        "0001-01-01",
    ]
    for value in nasty:
        for name, fields in (
            ("orders", ("q", "status", "market", "since", "until", "sort", "page")),
            ("products", ("q", "category", "status", "missing", "sort", "page")),
            ("stock", ("q", "warehouse", "only", "sort", "page")),
            ("profit", ("by", "weeks", "market", "channel", "outlet", "lane", "since", "until", "week", "variant")),
            ("postings", ("step", "book", "before", "assumed")),
            ("search", ("q",)),
            ("trail", ("q", "page")),
            ("lanes", ("to",)),
        ):
            for field in fields:
                answer = owner.get(reverse(f"desk:{name}"), {field: value})
                expected = {400} if "\x00" in value else {200, 302}
                assert answer.status_code in expected, (name, field, value)


def test_a_photograph_is_added_served_and_removed(world: World, owner: Client) -> None:
    lantern = world.variants["LANTERN"].product
    photo = SimpleUploadedFile("lantern.svg", b"\x89PNG\r\n\x1a\n and the rest")
    assert told(owner, "picture_add", lantern.pk, file=photo, alt="At night") == ["The picture is added."]
    picture = lantern.pictures.order_by("-pk")[0]
    assert (picture.alt, picture.path.endswith(".png"), default_storage.exists(picture.path)) == (
        "At night",
        True,
        True,
    )
    answer = owner.get(reverse("desk:picture", args=[picture.pk]))
    assert answer.headers["Content-Type"] == "image/png"
    owner.post(reverse("desk:picture_remove", args=[lantern.pk, picture.pk]))
    assert lantern.pictures.count() == 1


@pytest.mark.parametrize("content", [b"", b"<svg onload='alert(1)'/>", b"GIF89a", b"\xff\xd8\xff" + b"x" * 4_000_000])
def test_what_is_no_photograph_is_refused(world: World, owner: Client, content: bytes) -> None:
    lantern = world.variants["LANTERN"].product
    notes = told(owner, "picture_add", lantern.pk, file=SimpleUploadedFile("a.png", content))
    assert notes == ["A picture is a PNG, JPEG or WebP of at most 4 MB."]
    assert lantern.pictures.count() == 1


@pytest.mark.parametrize("name", ["line_" + "9" * 5_000, "line_99999999999999999999", "line_٣", "line_"])
def test_a_field_that_names_no_line_is_passed_over(world: World, owner: Client, paid: Order, name: str) -> None:
    form = urlencode({name: "1"})
    address = reverse("desk:ship", args=[paid.pk])
    page = owner.post(address, form, content_type="application/x-www-form-urlencoded", follow=True)
    assert "There are not that many units left to send." in page.content.decode()
    assert told(owner, "ship_many", order="9" * 5_000) == ["0 orders shipped."]


def test_a_form_sent_twice_acts_once(world: World, owner: Client, paid: Order) -> None:
    page = owner.get(reverse("desk:order", args=[paid.pk])).content.decode()
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    line, again = paid.lines.get(), "Something happened to this order since the page was opened; look again."
    form = {f"line_{line.pk}": "1", "seen": found[1]}
    assert told(owner, "ship", paid.pk, **form) == ["The parcel is on its way."]
    assert told(owner, "ship", paid.pk, **form) == [again]
    assert told(owner, "refund", paid.pk, amount="1", seen=found[1]) == [again]
    assert Shipment.objects.of(world.merchant.pk).count() == 1


def test_a_refund_sent_twice_is_given_once(world: World, owner: Client, paid: Order) -> None:
    page = owner.get(reverse("desk:order", args=[paid.pk])).content.decode()
    seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
    notes = [told(owner, "refund", paid.pk, amount="1.00", seen=seen) for _ in range(2)]
    assert notes[0] == ["The refund is on its way."]
    assert [refund.amount_minor for refund in Refund.objects.of(world.merchant.pk).all()] == [100]


@pytest.mark.parametrize("goods", ["92233720368547758.07", "9999999999999"])
def test_sums_that_no_column_holds_are_refused(world: World, owner: Client, goods: str) -> None:
    given = {"sku": "LANTERN", "warehouse": world.warehouses["LEJ"].pk, "quantity": "1", "goods": goods}
    assert told(owner, "stock_receive", **given) == [f"“{goods}” is more than can be booked."]
    assert stock_of(world).goods_value_minor == world.stocks["LANTERN", "LEJ"].goods_value_minor


def test_a_shelf_does_not_overflow(world: World, owner: Client) -> None:
    given = {"sku": "LANTERN", "warehouse": world.warehouses["LEJ"].pk, "quantity": "1000000000", "goods": "1"}
    (note,) = told(owner, "stock_receive", **given)
    assert note == "That is more than a shelf can hold."
    assert stock_of(world).on_hand == 20
