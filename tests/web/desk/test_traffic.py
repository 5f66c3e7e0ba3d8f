"""The desk's page of traffic, links with their codes, and a person who asks to be forgotten."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from haitu.models import Audit, CampaignLink, Customer, Order
from tests.web.desk.conftest import At
from tests.world import World

LINK = {"channel": "Ming", "kind": "creator", "campaign": "Unboxing", "code": "ming", "path": "p/paper-lantern/"}


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_a_link_is_made_visited_counted_and_ended(world: World, owner: Client, shop: Client) -> None:
    owner.post(reverse("desk:links"), LINK)
    link = CampaignLink.objects.of(world.merchant.pk).get()
    assert (link.code, link.channel.code, link.channel.kind, link.path) == (
        "ming",
        "ming",
        "creator",
        "p/paper-lantern/",
    )
    shop.get(shop.get("/go/ming/", headers={"accept-language": "en-US"})["Location"])
    assert "Ming ming Creators 1 100 % 0" in said(owner, reverse("desk:traffic"))
    assert "/go/ming/ Ming Unboxing the reader’s market /p/paper-lantern/ 1 QR" in said(owner, reverse("desk:links"))
    picture = owner.get(reverse("desk:link_qr", args=["ming"]))
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/svg+xml")
    assert picture.content.startswith(b"<svg ")
    owner.post(reverse("desk:link_end", args=[link.pk]))
    assert shop.get("/go/ming/").status_code == 404
    assert "ended" in said(owner, reverse("desk:links"))


def test_a_link_that_cannot_be_is_refused_in_words_and_nothing_is_kept(world: World, owner: Client) -> None:
    for wrong in ({"channel": " "}, {"code": "a b"}, {"path": "../x"}, {"market": "999999"}):
        answer = owner.post(reverse("desk:links"), LINK | wrong, follow=True)
        assert "alert-danger" in answer.content.decode()
    assert CampaignLink.objects.of(world.merchant.pk).count() == 0


def test_only_the_owner_forgets_a_person_and_not_before_the_order_is_done(
    world: World, owner: Client, at: At, paid: Order
) -> None:
    address = reverse("desk:order_forget", args=[paid.pk])
    assert at(world.packer).post(address).status_code == 403
    assert f"Order {paid.number} is not done with" in owner.post(address, follow=True).content.decode()
    Order.objects.of(world.merchant.pk).filter(pk=paid.pk).update(status="delivered")
    assert "The person is forgotten" in owner.post(address, follow=True).content.decode()
    paid.refresh_from_db()
    assert (paid.name, paid.address, Customer.objects.of(world.merchant.pk).count()) == ("", {}, 0)
    assert Audit.objects.of(world.merchant.pk).filter(action="customer.forget").count() == 1
