"""Pictures: drawn ones, which are kept in the database, and where the uploaded ones lie below media."""

from __future__ import annotations

from haitu.models import Picture


def drawn_picture(merchant_id: int, picture_id: int) -> str | None:
    """The SVG of a merchant's picture; None when there is none, or it is an uploaded one."""
    svg: str | None = Picture.objects.of(merchant_id).filter(pk=picture_id).values_list("svg", flat=True).first()
    return svg or None


def folder_of(merchant_id: int) -> str:
    """The folder of a merchant's uploaded pictures; nothing of anybody else's is in it."""
    return f"pictures/{merchant_id}"
