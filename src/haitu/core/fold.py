"""Words as search compares them."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case, without accents, full-width letters made plain, spaces single: "Café  Ｌamp" → "cafe lamp"."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFC", bare).split())
