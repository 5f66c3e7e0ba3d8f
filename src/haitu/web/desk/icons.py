"""The vendored icons, drawn into the page so that they take the text's colour."""

from __future__ import annotations

import re
from functools import cache

from django.conf import settings
from markupsafe import Markup

FOLDER = settings.PACKAGE / "static" / "vendor" / "icons"


@cache
def icon(name: str) -> Markup:
    """The icon of that name; it says nothing to a screen reader, the words beside it do."""
    svg = (FOLDER / f"{name}.svg").read_text()
    paths = re.sub(r"\s+", " ", svg[svg.index(">") + 1 :])
    opening = (
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
    )
    return Markup(opening + paths)  # noqa: S704 - our own files
