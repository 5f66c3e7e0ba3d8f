"""Promises units of stock: one conditional UPDATE a row, so that nothing is sold twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

RESERVE = """
    UPDATE haitu_stock SET reserved = reserved + %s
    WHERE id = %s AND merchant_id = %s AND on_hand - reserved - buffer >= %s
"""
# With units that are still on their way; those on loads that are not sold from are held back.
PREORDER = """
    UPDATE haitu_stock SET reserved = reserved + %s, preordered = preordered + %s
    WHERE id = %s AND merchant_id = %s AND (%s = 0 OR on_hand - reserved - buffer >= %s)
        AND afloat - preordered - %s >= %s
"""


class Promised(NamedTuple):
    """Units of a stock row for a line: `afloat` of them out of its loads, where `held_back` units are not for sale."""

    stock_id: int
    quantity: int
    afloat: int = 0
    held_back: int = 0


def reserve(cursor: Any, merchant_id: int, wanted: Iterable[Promised]) -> bool:
    """Promises units out of what is available, all or, for the caller to roll back, not all.

    Two lines that share a stock row count as one; rows are taken in the order of their keys.
    """
    units: dict[int, Promised] = {}
    for one in wanted:
        so_far = units.get(one.stock_id, Promised(one.stock_id, 0))
        units[one.stock_id] = Promised(
            one.stock_id, so_far.quantity + one.quantity, so_far.afloat + one.afloat, max(so_far[3], one.held_back)
        )
    for stock_id in sorted(units):
        _, quantity, afloat, held_back = units[stock_id]
        there = quantity - afloat
        if afloat:
            given = [there, afloat, stock_id, merchant_id, there, there, held_back, afloat]
            cursor.execute(PREORDER, given)
        else:
            cursor.execute(RESERVE, [there, stock_id, merchant_id, there])
        if cursor.rowcount != 1:
            return False
    return True
