"""How much comes back, of what and where, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from haitu.core.ledger import Account, Book, week_of
from haitu.models import Grain
from haitu.reads.profit.slice import FIRST_UNSUMMED


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """A SKU in a market: units that left in orders since then, units of them that came back, and the cost in base."""

    sku: str
    product_id: int
    country: str
    sent: int
    returned: int
    cost_minor: int

    @property
    def rate_bp(self) -> int:
        """Of ten thousand sent, so many came back."""
        return 10_000 * self.returned // self.sent if self.sent else 0


_UNITS = """
    SELECT l.variant_id, o.market_id, SUM(l.shipped), SUM(l.returned)
    FROM haitu_order o JOIN haitu_orderline l ON l.order_id = o.id
    WHERE o.merchant_id = %s AND o.placed_at >= %s AND l.shipped > 0
    GROUP BY l.variant_id, o.market_id
"""
_COSTS = f"""
    SELECT variant_id, market_id, SUM(minor) FROM (
        SELECT variant_id, market_id, SUM(returns) AS minor FROM haitu_entryweek
        WHERE merchant_id = %s AND grain = %s AND book = %s AND week >= %s AND returns <> 0
        GROUP BY variant_id, market_id
        UNION ALL
        SELECT e.variant_id, e.market_id, SUM(e.base_minor) FROM haitu_entry e
        WHERE e.id >= {FIRST_UNSUMMED} AND e.merchant_id = %s AND e.book = %s AND e.account = %s AND e.week >= %s
        GROUP BY e.variant_id, e.market_id
    ) s WHERE variant_id > 0 GROUP BY variant_id, market_id
"""  # noqa: S608  # our own constant
_NAMES = """
    SELECT v.id, v.sku, v.product_id FROM haitu_variant v WHERE v.merchant_id = %s
"""


def rates(
    merchant_id: int, *, since: datetime, country: str = "", search: str = "", top: int | None = None
) -> tuple[RateRow, ...]:
    """A row for each SKU and market of which something came back or cost something, the dearest first."""
    moment, week = connection.ops.adapt_datetimefield_value(since), week_of(since.date())
    with connection.cursor() as cursor:
        cursor.execute(_UNITS, [merchant_id, moment])
        units = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in cursor.fetchall()}
        cursor.execute(
            _COSTS,
            [
                *(merchant_id, Grain.WEEK_AND_VARIANT, Book.ACTUAL, week),
                *(merchant_id, Book.ACTUAL, Account.RETURNS, week),
            ],
        )
        costs = {(row[0], row[1]): int(row[2]) for row in cursor.fetchall()}
        cursor.execute("SELECT id, country FROM haitu_market WHERE merchant_id = %s", [merchant_id])
        places = dict(cursor.fetchall())
        cursor.execute(_NAMES, [merchant_id])
        names = {row[0]: (row[1], row[2]) for row in cursor.fetchall()}
    wanted = {key for key, (_, returned) in units.items() if returned} | {key for key, minor in costs.items() if minor}
    found = [
        RateRow(
            sku=names[variant_id][0],
            product_id=names[variant_id][1],
            country=places.get(market_id, ""),
            sent=units.get((variant_id, market_id), (0, 0))[0],
            returned=units.get((variant_id, market_id), (0, 0))[1],
            cost_minor=costs.get((variant_id, market_id), 0),
        )
        for variant_id, market_id in wanted
        if variant_id in names
    ]
    kept = [row for row in found if (not country or row.country == country) and search.lower() in row.sku.lower()]
    return tuple(sorted(kept, key=lambda row: (-row.cost_minor, -row.returned, row.sku, row.country))[:top])
