"""Papers at the desk: printed from what left, refused where customs would send them back."""

import pytest
from django.test import Client
from django.urls import reverse

from haitu.actions.fulfil import ship
from haitu.core.tax import tax_inside
from haitu.models import Audit, Merchant, Order, Shipment
from haitu.reads.papers import of_shipment, to_pick
from haitu.web.address import lines
from tests.actions.buying import basket_of, paid_order
from tests.world import NOW, TODAY, World

EXPORTER = {
    "name": "Shenzhen Hengda Ltd",
    "lines": "1 Harbour Road\nShenzhen 518000",
    "country": "cn",
    "id-IOSS": "IM3720000001",
}


@pytest.fixture
def business(owner: Client) -> None:
    assert owner.post(reverse("desk:business"), EXPORTER).status_code == 302


def leave(world: World, order: Order, units: int | None = None) -> Shipment:
    line = order.lines.get()
    quantities = {line.pk: units or line.quantity}
    (parcel,) = ship(merchant_id=world.merchant.pk, order_id=order.pk, quantities=quantities, by=world.packer, now=NOW)
    return Shipment.objects.of(world.merchant.pk).get(pk=parcel)


def paper(client: Client, shipment: Shipment, kind: str) -> tuple[int, bytes]:
    answer = client.get(reverse("desk:paper", args=[shipment.order_id, shipment.pk, kind]))
    return answer.status_code, answer.content


@pytest.mark.usefixtures("business")
@pytest.mark.parametrize("kind", ["invoice", "packing", "customs"])
def test_a_parcel_has_its_papers_in_both_languages(world: World, owner: Client, paid: Order, kind: str) -> None:
    shipment = leave(world, paid)
    for language in ("en", "zh-hans"):
        type(world.owner).objects.filter(pk=world.owner.pk).update(language=language)
        status, content = paper(owner, shipment, kind)
        assert (status, content[:5]) == (200, b"%PDF-")


def test_without_a_sender_or_a_code_customs_papers_are_refused_in_words(
    world: World, owner: Client, paid: Order
) -> None:
    shipment = leave(world, paid)
    status, content = paper(owner, shipment, "invoice")
    assert (status, "Business" in content.decode()) == (422, True)
    assert paper(owner, shipment, "packing")[0] == 200
    assert paper(owner, shipment, "nonsense")[0] == 404


def test_values_are_without_tax_and_the_parcels_of_a_line_sum_up(world: World) -> None:
    order = paid_order(world, basket_of(world, LANTERN=3))
    first, second = leave(world, order, 1), leave(world, order, 2)
    found = [of_shipment(world.merchant.pk, shipment.order_id, shipment.pk, lines) for shipment in (first, second)]
    assert None not in found
    line = order.lines.get()
    rate = line.tax_rate_bp if order.tax_included else 0
    values = [papers.goods_minor for papers in found if papers]
    assert sum(values) == line.amount_minor - tax_inside(line.amount_minor, rate)
    freight = [papers.freight_minor for papers in found if papers]
    assert sum(freight) == order.shipping_minor - tax_inside(order.shipping_minor, rate)
    assert [papers.units for papers in found if papers] == [1, 2]


def test_a_pick_list_holds_what_is_promised_and_has_not_left(world: World, owner: Client, paid: Order) -> None:
    (found,) = to_pick(world.merchant.pk, [paid.pk], TODAY)
    assert [(line.sku, line.quantity) for line in found.lines] == [("LANTERN", 2)]
    answer = owner.get(reverse("desk:pick"), {"order": paid.pk})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    leave(world, paid)
    assert to_pick(world.merchant.pk, [paid.pk], TODAY) == ()
    assert owner.get(reverse("desk:pick"), {"order": paid.pk}).status_code == 404


@pytest.mark.usefixtures("business")
def test_the_sender_is_kept_with_who_did_it(world: World, owner: Client) -> None:
    said = Merchant.objects.get(pk=world.merchant.pk).exporter
    assert (said["name"], said["lines"], said["country"], said["ids"]) == (
        "Shenzhen Hengda Ltd",
        ["1 Harbour Road", "Shenzhen 518000"],
        "CN",
        {"IOSS": "IM3720000001"},
    )
    assert Audit.objects.of(world.merchant.pk).get(action="business.save").user == world.owner


@pytest.mark.parametrize("wrong", [{"name": ""}, {"lines": ""}, {"country": "China"}, {"id-IOSS": "IM<script>"}])
def test_a_sender_papers_have_no_room_for_is_refused(world: World, owner: Client, wrong: dict[str, str]) -> None:
    owner.post(reverse("desk:business"), EXPORTER | wrong)
    assert Merchant.objects.get(pk=world.merchant.pk).exporter == {}
