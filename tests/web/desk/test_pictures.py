"""A product's pictures: put in order by button, keyboard and pointer, the first one the main one, and back again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from haitu.models import Audit, Picture, Product
from tests.web.desk.test_forms import told
from tests.world import HOST, OTHER_HOST, PASSWORD, World

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="{}"/></svg>'
PHOTO = b"\x89PNG\r\n\x1a\n" + b"0" * 64


@pytest.fixture
def lantern(world: World) -> Product:
    """The lantern with three pictures."""
    product = world.variants["LANTERN"].product
    for position, colour in enumerate(("red", "blue"), start=1):
        Picture.objects.create(
            merchant=world.merchant, product=product, position=position, alt=colour, svg=SVG.format(colour)
        )
    return product


def order(product: Product) -> list[str]:
    return list(product.pictures.order_by("position", "pk").values_list("alt", flat=True))


def ids(product: Product) -> list[int]:
    return list(product.pictures.order_by("position", "pk").values_list("pk", flat=True))


def buttons(client: Client, product: Product, label: str) -> list[str]:
    """The orders that the buttons of that label ask for."""
    page = client.get(reverse("desk:product", args=[product.pk])).content.decode()
    return re.findall(rf'name="order" value="([\d,]+)" aria-label="{label}"', page)


def test_a_picture_goes_one_place_earlier_or_later_or_to_the_front(owner: Client, lantern: Product) -> None:
    first, second, third = ids(lantern)
    assert buttons(owner, lantern, r"Picture \d one place earlier") == [
        f"{second},{first},{third}",
        f"{first},{third},{second}",
    ]
    assert buttons(owner, lantern, r"Picture \d one place later") == [
        f"{second},{first},{third}",
        f"{first},{third},{second}",
    ]
    (front, last) = buttons(owner, lantern, r"Make picture \d the main one")
    assert (front, last) == (f"{second},{first},{third}", f"{third},{first},{second}")
    assert told(owner, "picture_order", lantern.pk, order=last) == ["The pictures are in the new order."]
    assert order(lantern) == ["blue", "Paper lantern", "red"]


def test_the_first_picture_is_the_one_that_lists_show(world: World, owner: Client, lantern: Product) -> None:
    last = ids(lantern)[2]
    owner.post(reverse("desk:picture_order", args=[lantern.pk]), {"order": ",".join(map(str, reversed(ids(lantern))))})
    assert (
        reverse("desk:picture", args=[last]) in owner.get(reverse("desk:products"), {"q": "LANTERN"}).content.decode()
    )


def test_an_order_can_be_undone_and_both_stand_in_the_trail(world: World, owner: Client, lantern: Product) -> None:
    before = ids(lantern)
    moved = ",".join(map(str, [before[2], before[0], before[1]]))
    answer = owner.post(reverse("desk:picture_order", args=[lantern.pk]), {"order": moved})
    page = owner.get(answer.headers["Location"]).content.decode()
    undo = re.findall(r'name="order" value="([\d,]+)">[^<]*<svg', page)
    assert undo == [",".join(map(str, before))]
    owner.post(reverse("desk:picture_order", args=[lantern.pk]), {"order": undo[0]})
    assert ids(lantern) == before
    acts = Audit.objects.of(world.merchant.pk).filter(action="picture.order").order_by("pk")
    assert [act.subject for act in acts] == ["paper-lantern"] * 2
    trail = owner.get(reverse("desk:trail")).content.decode()
    assert "1, 2, 3 → <strong>3, 1, 2</strong>" in trail


@pytest.mark.parametrize("asked", ["", "1", "a,b,c", "1,1,1", "99999999999999999999"])
def test_an_order_of_other_pictures_is_refused(owner: Client, lantern: Product, asked: str) -> None:
    before = ids(lantern)
    sentence = "The pictures have changed since the page was opened; look again."
    assert told(owner, "picture_order", lantern.pk, order=asked) == [sentence]
    assert ids(lantern) == before


def test_a_picture_comes_last_even_after_others_were_removed(owner: Client, lantern: Product, settings: Any) -> None:
    for picture_id in ids(lantern)[:2]:
        owner.post(reverse("desk:picture_remove", args=[lantern.pk, picture_id]))
    told(owner, "picture_add", lantern.pk, file=SimpleUploadedFile("new.png", PHOTO), alt="new")
    assert order(lantern) == ["blue", "new"]


def test_an_uploaded_picture_is_seen_on_its_merchants_hosts_alone(
    world: World, owner: Client, lantern: Product, settings: Any, tmp_path: Path
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.MEDIA_ROOT = tmp_path
    told(owner, "picture_add", lantern.pk, file=SimpleUploadedFile("new.png", PHOTO), alt="new")
    photo = lantern.pictures.get(alt="new")
    address = f"/media/{photo.path}"
    other = f"/media/pictures/{world.other.pk}/../{world.merchant.pk}/{Path(photo.path).name}"
    shop = Client(headers={"host": HOST}).get(address)
    assert (shop.status_code, b"".join(shop.streaming_content)) == (200, PHOTO)  # type: ignore[attr-defined]
    assert [
        Client(headers={"host": host}).get(asked).status_code
        for host, asked in [
            (OTHER_HOST, address),
            ("nobody.test", address),
            (OTHER_HOST, other),
            (HOST, "/media/secret"),
        ]
    ] == [404, 404, 404, 404]
    desk = owner.get(reverse("desk:picture", args=[photo.pk]), headers={"host": "desk.test"})
    assert (desk.status_code, desk.headers["Content-Type"], desk.content) == (200, "image/png", PHOTO)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_picture_is_dragged_to_its_place(world: World, lantern: Product, live_server: LiveServer, page: Page) -> None:
    page.goto(f"{live_server.url}{reverse('desk:login')}?next={reverse('desk:product', args=[lantern.pk])}")
    page.get_by_label("User name").fill("lin")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    pictures = page.locator("[data-picture] img")
    pictures.nth(2).scroll_into_view_if_needed()
    start, end = pictures.nth(2).bounding_box(), pictures.nth(0).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 60, start["y"] + 60)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 60, steps=8)
    page.mouse.up()
    page.get_by_text("The pictures are in the new order.").wait_for()
    assert order(lantern) == ["blue", "Paper lantern", "red"]
    page.get_by_role("button", name="Picture 1 one place later").press("Enter")
    page.get_by_text("The pictures are in the new order.").wait_for()
    assert order(lantern) == ["Paper lantern", "blue", "red"]
    page.get_by_role("button", name="Undo the new order").click()
    page.get_by_text("The pictures are in the new order.").wait_for()
    assert order(lantern) == ["blue", "Paper lantern", "red"]
