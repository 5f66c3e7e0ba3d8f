"""One search field for everything: orders, products, buyers."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.reads.desk.orders import OrderFilter, OrderRow, orders
from haitu.reads.desk.products import GridRow, ProductFilter, grid

MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The first of each kind, and how many there are."""

    orders: tuple[OrderRow, ...]
    orders_total: int
    products: tuple[GridRow, ...]
    products_total: int


def search(merchant_id: int, text: str, language: str) -> Found:
    """What fits the text."""
    found = orders(merchant_id, OrderFilter(search=text))
    goods = grid(merchant_id, ProductFilter(search=text), language)
    return Found(
        orders=found.rows[:MOST],
        orders_total=found.total,
        products=goods.rows[:MOST],
        products_total=goods.total,
    )
