"""Live products as rows; the catalogue's own SQL, the same text on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from haitu.reads.merchant import ShopMerchant

KEPT = 4_096  # answers
PLENTY = 99  # more than that is not told; a page that says "in stock" need not change with every sale


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A live product in one language, before any market's rules; its active variants in their order."""

    id: int
    slug: str
    category_id: int
    title: str
    picture: str
    variant_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How products are sorted: an SQL expression over p, its direction, and what fills its placeholders."""

    key: str
    descending: bool = False
    given: tuple[Any, ...] = ()


POPULAR = Order(key="p.rank", descending=True)
NEWEST = Order(key="p.id", descending=True)
# What a buyer would see as picture first; uploaded ones have a path, drawn ones are kept in the row.
FIRST_PICTURE = """(
    SELECT c.id FROM haitu_picture c WHERE c.product_id = {product} ORDER BY c.position, c.id LIMIT 1
)"""


def fetch(sql: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_kept: OrderedDict[tuple[int, int, str, tuple[Any, ...]], list[tuple[Any, ...]]] = OrderedDict()


def kept(merchant: ShopMerchant, sql: str, given: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a query about the catalogue, asked once in this process while the merchant's version stands."""
    key = (merchant.id, merchant.version, sql, tuple(given))
    rows = _kept.get(key)
    if rows is None:
        rows = _kept[key] = fetch(sql, given)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return rows


def forget() -> None:
    """Drops what is kept; a test's new world may have an old one's numbers."""
    _kept.clear()


def picture_address(picture_id: int | None, path: str | None) -> str:
    """Where a picture is served; "" when there is none."""
    if picture_id is None:
        return ""
    return f"{settings.MEDIA_URL}{path}" if path else f"/picture/{picture_id}.svg"


def options_of(stored: Any) -> tuple[str, ...]:
    """A variant's options as words; SQLite hands JSON over as text."""
    options = json.loads(stored) if isinstance(stored, str) else stored
    return tuple(str(option) for option in options.values())


def product_page(
    merchant: ShopMerchant, language: str, *, where: str, given: Sequence[Any], order: Order, skip: int, take: int
) -> tuple[ProductRow, ...]:
    """One page of live products with texts, first picture and variants, in one query.

    `where` starts with AND and may speak of p (product). Only products with an active variant appear.
    """
    direction = "DESC" if order.descending else "ASC"
    sql = f"""
        SELECT page.id, page.slug, page.category_id, COALESCE(t.title, e.title, page.slug), c.id, c.path, v.id
        FROM (
            SELECT p.id, p.slug, p.category_id, {order.key} AS k FROM haitu_product p
            WHERE p.merchant_id = %s AND p.status = 'live' {where}
                AND EXISTS (SELECT 1 FROM haitu_variant a WHERE a.product_id = p.id AND a.active)
            ORDER BY k {direction}, p.id LIMIT %s OFFSET %s
        ) page
        JOIN haitu_variant v ON v.product_id = page.id AND v.active
        LEFT JOIN haitu_producttext t ON t.product_id = page.id AND t.language = %s
        LEFT JOIN haitu_producttext e ON e.product_id = page.id AND e.language = 'en'
        LEFT JOIN haitu_picture c ON c.id = {FIRST_PICTURE.format(product="page.id")}
        ORDER BY page.k {direction}, page.id, v.position, v.id
    """  # noqa: S608  # only our own expressions are put in
    rows = kept(merchant, sql, [*order.given, merchant.id, *given, take, skip, language])
    variants: dict[int, list[int]] = {}
    for row in rows:
        variants.setdefault(row[0], []).append(row[6])
    first = {row[0]: row for row in reversed(rows)}
    return tuple(
        ProductRow(
            id=product_id,
            slug=first[product_id][1],
            category_id=first[product_id][2],
            title=first[product_id][3],
            picture=picture_address(first[product_id][4], first[product_id][5]),
            variant_ids=tuple(ids),
        )
        for product_id, ids in variants.items()
    )


def count(merchant_id: int, *, where: str, given: Sequence[Any]) -> int:
    """How many products `product_page` would find in all."""
    sql = f"""
        SELECT COUNT(*) FROM haitu_product p WHERE p.merchant_id = %s AND p.status = 'live' {where}
            AND EXISTS (SELECT 1 FROM haitu_variant a WHERE a.product_id = p.id AND a.active)
    """  # noqa: S608  # only our own expressions are put in
    found: int = fetch(sql, [merchant_id, *given])[0][0]
    return found
