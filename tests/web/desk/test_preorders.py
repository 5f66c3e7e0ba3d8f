"""The desk shows who waits for which load, what cannot be kept, and lets a merchant decide what is sold afloat."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.urls import reverse

from haitu.actions import inbound
from haitu.models import Letter, Merchant, Variant
from tests.actions.buying import basket_of, paid_order
from tests.actions.test_preorder import afloat, by, shelf, sold_out
from tests.world import TODAY, World


def test_the_list_the_order_and_the_load_tell_the_same(owner: Client, world: World) -> None:
    sold_out(world)
    inbound_id = afloat(world)
    row = paid_order(world, basket_of(world, MUG=4))
    days = (TODAY + timedelta(50), TODAY + timedelta(60))
    inbound.set_days(inbound_id=inbound_id, eta_p50=days[0], eta_p90=days[1], reason="storm", **by(world))
    page = owner.get(reverse("desk:preorders")).content.decode()
    assert (page.count(row.number), page.count("Promises that cannot be kept"), page.count("LOAD-1")) == (1, 1, 1)
    assert "4 × MUG are on their way to LEJ" in owner.get(reverse("desk:order", args=[row.pk])).content.decode()
    load = owner.get(reverse("desk:load", args=[inbound_id])).content.decode()
    assert 'data-label="Sold already">4</td>' in load
    owner.post(reverse("desk:preorder_tell", args=[row.pk]))
    assert Letter.objects.of(world.merchant.pk).filter(kind="later").count() == 1
    assert "Promises that cannot be kept" not in owner.get(reverse("desk:preorders")).content.decode()


def test_the_merchant_switches_it_off_and_on(owner: Client, world: World) -> None:
    sold_out(world)
    afloat(world)
    owner.post(reverse("desk:preorder_selling"), {})
    assert (Merchant.objects.get(pk=world.merchant.pk).sell_afloat, shelf(world).afloat) == (False, 0)
    owner.post(reverse("desk:preorder_selling"), {"sell": "yes"})
    assert (Merchant.objects.get(pk=world.merchant.pk).sell_afloat, shelf(world).afloat) == (True, 10)
    variant = world.variants["MUG"]
    owner.post(reverse("desk:preorder_variant", args=[variant.pk]), {"stock": shelf(world).pk})
    assert (Variant.objects.of(world.merchant.pk).get(pk=variant.pk).sell_afloat, shelf(world).afloat) == (False, 0)


def test_nobody_waits_in_the_beginning(owner: Client, world: World) -> None:
    assert "Nobody waits" in owner.get(reverse("desk:preorders")).content.decode()
