"""What a buyer types → which products: words in any order, each by its beginning, without case or accents."""

from __future__ import annotations

import re
from typing import Any

from haitu.core.fold import fold

MOST_WORDS = 8
MOST_LETTERS = 80
_BETWEEN_WORDS = re.compile(r"[\W_]+")
# Scripts written without spaces: a word can begin anywhere.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3130-\u318f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uff66-\uff9f]")
# Signs after which a word begins, made spaces; the folded text keeps them.
_WORDS = "' ' || REPLACE(REPLACE(REPLACE(REPLACE(s.search, '-', ' '), '(', ' '), '/', ' '), '.', ' ')"


def words_of(typed: str) -> tuple[str, ...]:
    """The folded words of what was typed; at most MOST_WORDS of MOST_LETTERS letters in all."""
    return tuple(word for word in _BETWEEN_WORDS.split(fold(typed[:MOST_LETTERS])) if word)[:MOST_WORDS]


def condition(merchant_id: int, typed: str, language: str) -> tuple[str, list[Any]]:
    """An SQL condition on p (product) and what fills it: every word is found in the language or in English.

    Narrowed first by the index over merchant and language; only those texts are looked through.
    """
    words = words_of(typed)
    patterns = [_pattern(word) for word in words]
    found = " AND ".join([f"{_WORDS} LIKE %s"] * len(patterns)) or "1 = 0"
    sql = f"""
        AND (
            p.id IN (
                SELECT s.product_id FROM haitu_producttext s
                WHERE s.merchant_id = %s AND s.language IN (%s, 'en') AND {found}
            )
            OR p.id IN (SELECT k.product_id FROM haitu_variant k WHERE k.merchant_id = %s AND k.sku = %s)
        )
    """  # noqa: S608  # only our own expressions are put in
    return sql, [merchant_id, language, *patterns, merchant_id, typed.replace("\0", "").strip()[:40].upper()]


def _pattern(word: str) -> str:
    """Words hold letters and digits only, so LIKE's own signs cannot occur in them."""
    return f"%{word}%" if _UNSPACED.search(word) else f"% {word}%"
