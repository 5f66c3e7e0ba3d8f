"""A neutral picture of an article without a photograph: an icon on a rounded square whose colour follows the SKU."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from html import escape

SIDE = 200
MARGIN = 44
CORNER = 28
HUES = 360


def hue_of(sku: str) -> int:
    """A colour angle of 0 to 359 degrees, always the same for a SKU and spread evenly over many."""
    return int.from_bytes(sha256(sku.encode()).digest()[:4]) % HUES


def hues(skus: Iterable[str]) -> dict[str, int]:
    """A hue for each article of one icon: its own, or the next free one, so that up to 360 articles all differ.

    The order given does not matter. From the 361st on hues must repeat.
    """
    given: dict[str, int] = {}
    taken: set[int] = set()
    for sku in sorted(set(skus)):
        hue = hue_of(sku)
        while hue in taken and len(taken) < HUES:
            hue = (hue + 1) % HUES
        given[sku] = hue
        taken.add(hue)
    return given


def picture_svg(icon_body: str, width: int, height: int, sku: str, *, title: str = "", hue: int | None = None) -> str:
    """An SVG of 200 × 200: the icon (its inner markup and its box) in the middle of a pale rounded square.

    `title` is what a screen reader says, the SKU if there is none; `hue` one of `hues`, the SKU's own if left out.
    """
    colour = hue_of(sku) if hue is None else hue % HUES
    scale = (SIDE - 2 * MARGIN) / max(width, height)
    left, top = ((SIDE - scale * side) / 2 for side in (width, height))
    mark = "p" + sha256(sku.encode()).hexdigest()[:8]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" role="img" aria-labelledby="{mark}">'
        f'<title id="{mark}">{escape(title or sku)}</title>'
        f'<rect width="{SIDE}" height="{SIDE}" rx="{CORNER}" fill="hsl({colour} 55% 90%)"/>'
        f'<g transform="translate({left:g} {top:g}) scale({scale:g})">{_with_own_names(icon_body, mark)}</g>'
        "</svg>"
    )


def _with_own_names(body: str, mark: str) -> str:
    """The icon's gradients and clips renamed, so that two pictures written into one page do not share them."""
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{mark}-", body)
