"""Pictures of products: photographs added to them and taken away."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max

from haitu.actions.audit import audit
from haitu.actions.catalog import NoSuchProduct
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.models import Picture, Product, User
from haitu.reads.shop.picture import folder_of

MOST_BYTES = 4_000_000
STARTS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}


class NotAPicture(Refusal):
    """The file is no PNG, JPEG or WebP of at most 4 MB; drawings that could hold scripts are not taken."""

    code = "not_a_picture"


class PicturesChanged(Refusal):
    """The order asked for names other pictures than the product has: somebody added or removed one meanwhile."""

    code = "pictures_changed"


def add_picture(*, merchant_id: int, product_id: int, content: bytes, alt: str, by: User | None, now: datetime) -> int:
    """Adds a photograph behind the others; the picture's id."""
    kind = _kind(content)
    with transaction.atomic():
        product = Product.objects.of(merchant_id).select_for_update().filter(pk=product_id).first()
        if product is None:
            raise NoSuchProduct("There is no such product.")
        path = default_storage.save(f"{folder_of(merchant_id)}/{secrets.token_hex(12)}.{kind}", ContentFile(content))
        last = Picture.objects.of(merchant_id).filter(product=product).aggregate(last=Max("position"))["last"]
        position = 0 if last is None else last + 1
        picture = Picture.objects.create(
            merchant_id=merchant_id, product=product, position=position, alt=alt.strip()[:200], path=path
        )
        bump(merchant_id)
        audit(by, "picture.add", product.slug, merchant_id=merchant_id, now=now)
    return picture.pk


def remove_picture(*, merchant_id: int, picture_id: int, by: User | None, now: datetime) -> int:
    """Takes a picture away, its file too; the id of the product it belonged to."""
    with transaction.atomic():
        picture = Picture.objects.of(merchant_id).select_related("product").filter(pk=picture_id).first()
        if picture is None:
            raise NoSuchProduct("There is no such picture.")
        product, path = picture.product, picture.path
        picture.delete()
        bump(merchant_id)
        audit(by, "picture.remove", product.slug, merchant_id=merchant_id, now=now)
        if path:
            transaction.on_commit(partial(default_storage.delete, path))
    return product.pk


def order_pictures(
    *, merchant_id: int, product_id: int, order: Sequence[int], by: User | None, now: datetime
) -> tuple[int, ...]:
    """Puts the product's pictures (ids) in this order, the main one first; the order they had, to go back to it."""
    with transaction.atomic():
        product = Product.objects.of(merchant_id).select_for_update().filter(pk=product_id).first()
        if product is None:
            raise NoSuchProduct("There is no such product.")
        pictures = Picture.objects.of(merchant_id).filter(product=product)
        before = tuple(pictures.order_by("position", "pk").values_list("pk", flat=True))
        if sorted(order) != sorted(before):
            raise PicturesChanged("The pictures have changed since the page was opened; look again.", field="order")
        if tuple(order) == before:
            return before
        for position, picture_id in enumerate(order):
            pictures.filter(pk=picture_id).update(position=position)
        bump(merchant_id)
        change = {"pictures": (before, tuple(order))}
        audit(by, "picture.order", product.slug, merchant_id=merchant_id, now=now, change=change)
    return before


def _kind(content: bytes) -> str:
    """Told by the first bytes, not by the name."""
    kind = next((kind for start, kind in STARTS.items() if content.startswith(start)), "")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "webp"
    if not kind or len(content) > MOST_BYTES:
        raise NotAPicture("A picture is a PNG, JPEG or WebP of at most 4 MB.", field="file")
    return kind
