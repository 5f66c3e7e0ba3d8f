"""Deciding an HS code at the desk."""

from django.test import Client
from django.urls import reverse

from haitu.models import Audit, Variant
from tests.world import World


def test_the_product_s_own_words_are_searched_and_each_proposal_says_its_duty(world: World, owner: Client) -> None:
    told = owner.get(reverse("desk:hs", args=[world.variants["LANTERN"].pk])).content.decode()
    assert "Luminaires and light fittings; non-electric" in told
    assert "Duty EU" in told
    assert "2.7%" in told


def test_a_person_decides_and_the_trail_says_who(world: World, owner: Client) -> None:
    where = reverse("desk:hs", args=[world.variants["MUG"].pk])
    assert owner.post(where, {"hs_code": "6912.00"}).status_code == 302
    assert Variant.objects.of(world.merchant.pk).get(sku="MUG").hs_code == "691200"
    line = Audit.objects.of(world.merchant.pk).get(action="variant.hs")
    assert (line.user, line.change) == (world.owner, {"hs_code": ["691110", "691200"]})


def test_a_code_that_does_not_exist_is_refused(world: World, owner: Client) -> None:
    where = reverse("desk:hs", args=[world.variants["MUG"].pk])
    for wrong in ("999998", "69", "6911x0", ""):
        owner.post(where, {"hs_code": wrong})
    assert Variant.objects.of(world.merchant.pk).get(sku="MUG").hs_code == "691110"


def test_words_nobody_knows_get_a_plain_answer(world: World, owner: Client) -> None:
    told = owner.get(reverse("desk:hs", args=[world.variants["MUG"].pk]), {"q": "xyzzy"}).content.decode()
    assert "None of these words stands in the Harmonized System." in told
