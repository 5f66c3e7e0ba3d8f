"""Inbound at the desk: a purchase order becomes a load, the load comes in, and the stock page shows it."""

from datetime import date

from django.test import Client
from django.urls import reverse

from haitu.models import Inbound, InboundLine, PurchaseLine, PurchaseOrder, Stock, Supplier
from tests.actions import loading
from tests.world import World


def page(client: Client, name: str, *ids: int) -> str:
    answer = client.get(reverse(f"desk:{name}", args=ids))
    assert answer.status_code == 200
    return answer.content.decode()


def test_empty_pages_say_what_to_do_first(owner: Client) -> None:
    assert "Nothing is on its way" in page(owner, "inbound")
    assert "who supplies you" in page(owner, "purchases")
    assert "No supplier yet" in page(owner, "suppliers")
    assert "No load matches." in page(owner, "loads")


def test_goods_are_ordered_loaded_and_counted_in(world: World, owner: Client) -> None:
    supplier = {"code": "yiwu", "name": "Yiwu Lights", "country": "cn", "currency": "usd", "active": "1"}
    owner.post(reverse("desk:suppliers"), supplier | {"days_p50": "10", "days_p90": "20"})
    supplier_id = Supplier.objects.of(world.merchant.pk).get(code="YIWU").pk
    ordered = {"supplier": supplier_id, "number": "PO-7", "lines": "sku,units,price\nMUG,40,1.85\nLANTERN\t10\t5"}
    assert owner.post(reverse("desk:purchases"), ordered).status_code == 302
    lines = {row.variant.sku: row for row in PurchaseLine.objects.of(world.merchant.pk).select_related("variant")}
    assert {sku: (row.quantity, row.unit_minor) for sku, row in lines.items()} == {
        "MUG": (40, 185),
        "LANTERN": (10, 500),
    }
    planned = {
        "supplier": supplier_id,
        "number": "MSKU-1",
        "to": world.warehouses["LEJ"].pk,
        "eta_p50": "2027-01-10",
        "eta_p90": "2027-01-20",
        "freight": "300.00",
        "share_by": "units",
        f"units-{lines['MUG'].pk}": "30",
        f"units-{lines['LANTERN'].pk}": "0",
    }
    assert owner.post(reverse("desk:load_new"), planned).status_code == 302
    load = Inbound.objects.of(world.merchant.pk).get()
    assert (load.eta_p50, load.freight_minor, load.share_by) == (date(2027, 1, 10), 300_00, "units")
    owner.post(reverse("desk:load_advance", args=[load.pk]), {"status": "departed", "told": "sailed"})
    assert "MSKU-1" in page(owner, "inbound")
    line = InboundLine.objects.of(world.merchant.pk).get()
    counted = {"once": "a", f"good-{line.pk}": "28", f"damaged-{line.pk}": "1", "close": "1"}
    owner.post(reverse("desk:load_receive", args=[load.pk]), counted)
    load.refresh_from_db()
    assert load.status == "received"
    assert Stock.objects.of(world.merchant.pk).get(variant__sku="MUG", warehouse__code="LEJ").on_hand == 29
    told = page(owner, "load", load.pk)
    assert "sailed" in told
    assert "Counted in" in told


def test_lines_that_cannot_be_used_are_named_and_what_was_typed_stays(world: World, owner: Client) -> None:
    given = {
        "number": "L-2",
        "from": world.warehouses["SZX"].pk,
        "to": world.warehouses["LEJ"].pk,
        "eta_p50": "2027-01-10",
        "eta_p90": "2027-01-20",
        "lines": "MUG,1\nGHOST,2\nLANTERN,x",
    }
    answer = owner.post(reverse("desk:load_new"), given)
    told = answer.content.decode()
    assert answer.status_code == 422
    assert "Line 2: “GHOST” given, a SKU of yours wanted" in told
    assert "Line 3: “x” given, a whole number, 1 or more wanted" in told
    assert "MUG,1" in told
    assert Inbound.objects.of(world.merchant.pk).count() == 0


def test_a_load_whose_days_passed_is_shown_late(world: World, owner: Client) -> None:
    inbound_id = loading.departed(world)
    Inbound.objects.of(world.merchant.pk).filter(pk=inbound_id).update(eta_p50="2026-01-01", eta_p90="2026-01-02")
    assert "1 load is later than nine of ten such loads." in page(owner, "inbound")


def test_a_purchase_order_can_be_closed(world: World, owner: Client) -> None:
    owner.post(reverse("desk:purchase_close", args=[loading.bought(world)["purchase_id"]]))
    assert PurchaseOrder.objects.of(world.merchant.pk).get().status == "cancelled"


def test_a_day_in_the_future_is_no_step_reached(world: World, owner: Client) -> None:
    inbound_id = loading.planned(world)
    owner.post(reverse("desk:load_advance", args=[inbound_id]), {"status": "departed", "on": "2099-01-01"})
    assert Inbound.objects.of(world.merchant.pk).get().status == "planned"
