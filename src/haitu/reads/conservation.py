"""Is stock conserved? What lies there must be what came less what left, and what is promised must be promised to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True, kw_only=True)
class StockProblem:
    """A stock row that contradicts its moves, its promises or the loads that are on their way to it."""

    merchant_id: int
    stock_id: int
    told: str


_UNEQUAL = """
    SELECT s.merchant_id, s.id, s.on_hand, s.reserved,
        COALESCE(m.units, 0), COALESCE(r.units, 0),
        s.goods_value_minor, s.inbound_value_minor, COALESCE(m.goods, 0), COALESCE(m.inbound, 0),
        s.afloat, COALESCE(c.units, 0), s.preordered, COALESCE(r.waiting, 0), s.uncovered
    FROM haitu_stock s
    LEFT JOIN (
        SELECT stock_id, SUM(quantity) AS units, SUM(goods_value_minor) AS goods, SUM(inbound_value_minor) AS inbound
        FROM haitu_stockmove GROUP BY stock_id
    ) m ON m.stock_id = s.id
    LEFT JOIN (
        SELECT stock_id, SUM(quantity - afloat) AS units, SUM(afloat) AS waiting
        FROM haitu_reservation GROUP BY stock_id
    ) r ON r.stock_id = s.id
    LEFT JOIN (
        SELECT l.variant_id, i.to_id, SUM(l.quantity - l.received - l.damaged) AS units
        FROM haitu_inboundline l
        JOIN haitu_inbound i ON i.id = l.inbound_id
        JOIN haitu_variant v ON v.id = l.variant_id AND v.sell_afloat
        JOIN haitu_merchant h ON h.id = l.merchant_id AND h.sell_afloat
        WHERE l.quantity > l.received + l.damaged AND i.eta_p50 IS NOT NULL
            AND (i.status IN ('departed', 'arrived', 'customs') OR (i.status = 'booked' AND i.origin_id IS NULL))
        GROUP BY l.variant_id, i.to_id
    ) c ON c.variant_id = s.variant_id AND c.to_id = s.warehouse_id
    WHERE s.on_hand <> COALESCE(m.units, 0) OR s.reserved <> COALESCE(r.units, 0)
        OR s.goods_value_minor <> COALESCE(m.goods, 0) OR s.inbound_value_minor <> COALESCE(m.inbound, 0)
        OR s.afloat <> COALESCE(c.units, 0) OR s.preordered <> COALESCE(r.waiting, 0)
        OR s.uncovered <> CASE WHEN s.preordered > s.afloat THEN s.preordered - s.afloat ELSE 0 END
    ORDER BY s.id
"""


def stock_problems() -> tuple[StockProblem, ...]:
    """Every stock row of every merchant whose units, value or promises do not add up; one consistent look."""
    with connection.cursor() as cursor:
        cursor.execute(_UNEQUAL)
        rows = cursor.fetchall()
    problems = []
    for merchant_id, stock_id, on_hand, reserved, moved, promised, *values in rows:
        goods, inbound, moved_goods, moved_inbound, afloat, carried, preordered, waiting, uncovered = values
        told = (
            f"{on_hand} on hand, {moved} by its moves; {reserved} reserved, {promised} promised; "
            f"worth {goods} + {inbound}, {moved_goods} + {moved_inbound} by its moves; "
            f"{afloat} afloat, {carried} on loads; {preordered} preordered, {waiting} wait, {uncovered} uncovered"
        )
        problems.append(StockProblem(merchant_id=merchant_id, stock_id=stock_id, told=told))
    return tuple(problems)
