"""Cash on delivery at the desk and at the checkout: offered, chosen, owed, handed over, and claimed."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from haitu.actions.fulfil import deliver, ship
from haitu.models import CashParcel, Order
from haitu.reads import cash as offers
from haitu.reads import quote as quotes
from tests.web.buying import agree, put_in, review, type_address
from tests.world import NOW, TODAY, World

TERMS = {
    "fee_fixed": "1.00",
    "fee_share": "2",
    "limit": "300",
    "days": "7",
    "refusal_fee": "1.50",
    "refused_share": "5",
}


@pytest.fixture(autouse=True)
def _another_installation() -> None:
    """Worlds of different tests have the same ids and versions, but not the same lanes and offers."""
    quotes._kept.clear()
    offers._kept.clear()


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def fill_in(world: World, shop: Client) -> None:
    put_in(shop, world)
    type_address(shop)
    agree(shop)


def offer(world: World, owner: Client) -> None:
    form = {"market": world.markets["DE"].pk, "lane": world.lanes["LEJ-DE"].pk, "from": TODAY.isoformat()} | TERMS
    owner.post(reverse("desk:cash_offer"), form)


def test_from_the_offer_to_the_claim(world: World, owner: Client, shop: Client) -> None:
    offer(world, owner)
    assert "€1.00 + 2 %" in said(owner, reverse("desk:cash"))
    fill_in(world, shop)
    page = shop.get("/de-de/checkout/review/").content.decode()
    assert 'name="pay" value="cash"' in page
    answer = shop.post("/de-de/checkout/place/", {"seen": review(shop), "pay": "cash"})
    row = Order.objects.of(world.merchant.pk).get()
    assert (row.status, answer.headers["Location"]) == ("accepted", f"/de-de/order/{row.token}/")
    (made,) = ship(merchant_id=row.merchant_id, order_id=row.pk, tracking="WB1", by=None, now=NOW)
    assert "To collect at the door:" in said(owner, reverse("desk:order", args=[row.pk]))
    deliver(merchant_id=row.merchant_id, shipment_id=made, by=None, now=NOW)
    parcel = CashParcel.objects.of(row.merchant_id).get()
    net = parcel.amount_minor - parcel.fee_minor
    form = {"carrier": "LEJ-DE", "number": "R1", "currency": "EUR"}
    bad = SimpleUploadedFile("r1.csv", f"waybill,net\nWB1,{(net - 100) / 100:.2f}\nWB2,x\n".encode())
    assert "1 lines cannot be read" in " ".join(
        owner.post(reverse("desk:cash"), form | {"file": bad}).content.decode().split()
    )
    bad.seek(0)
    taken = owner.post(reverse("desk:cash"), form | {"file": bad, "leave_out": "yes"})
    told = said(owner, taken.headers["Location"])
    assert "differs" in told
    owner.post(f"{taken.headers['Location']}claim/")
    assert "claimed" in said(owner, taken.headers["Location"])


def test_where_it_is_not_offered_the_checkout_does_not_speak_of_it(world: World, shop: Client) -> None:
    fill_in(world, shop)
    assert 'value="cash"' not in shop.get("/de-de/checkout/review/").content.decode()
