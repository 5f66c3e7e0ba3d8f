"""Pictures of products: photographs added to them and taken away."""

from __future__ import annotations

import secrets
from datetime import datetime
from functools import partial

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.catalog import NoSuchProduct
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.models import Picture, Product, User

MOST_BYTES = 4_000_000
STARTS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}


class NotAPicture(Refusal):
    """The file is no PNG, JPEG or WebP of at most 4 MB; drawings that could hold scripts are not taken."""

    code = "not_a_picture"


def add_picture(*, merchant_id: int, product_id: int, content: bytes, alt: str, by: User | None, now: datetime) -> int:
    """Adds a photograph behind the others; the picture's id."""
    kind = _kind(content)
    with transaction.atomic():
        product = Product.objects.of(merchant_id).select_for_update().filter(pk=product_id).first()
        if product is None:
            raise NoSuchProduct("There is no such product.")
        path = default_storage.save(f"pictures/{merchant_id}/{secrets.token_hex(12)}.{kind}", ContentFile(content))
        position = Picture.objects.of(merchant_id).filter(product=product).count()
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


def _kind(content: bytes) -> str:
    """Told by the first bytes, not by the name."""
    kind = next((kind for start, kind in STARTS.items() if content.startswith(start)), "")
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "webp"
    if not kind or len(content) > MOST_BYTES:
        raise NotAPicture("A picture is a PNG, JPEG or WebP of at most 4 MB.", field="file")
    return kind
