"""Units per second through `core.landed.landed`: one int at a time, and int64 columns; one thread.

Run: .venv/bin/python -m bench.landed [units]
The column side is given chunks that stay in the cache and reduces each to its sum of contributions, as the planner
does: waterfalls are recomputed when asked for, never stored. Both sides run the very same function.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from haitu.core.landed import landed

CHUNK = 16_384
MARKET: dict[str, Any] = {  # what a column shares: one market, one warehouse, one outlet
    "tax_rate_bp": 1900,
    "tax_included": True,
    "storage_days": 30,
    "storage_milli_per_m3_day": 54_545,
    "outlet_fee_bp": 800,
    "payment_fee_bp": 290,
    "payment_fixed_minor": 30,
    "returns_bp": 250,
    "traffic_minor": 180,
}
COLUMNS = {  # name: highest value
    "charged_minor": 20_000,
    "added_minor": 500,
    "goods_minor": 9_000,
    "inbound_minor": 900,
    "duty_minor": 800,
    "import_vat_minor": 2_000,
    "volume_cm3": 60_000,
    "last_mile_minor": 3_000,
}


def units(count: int) -> dict[str, Any]:
    dice = np.random.default_rng(20261120)
    return {name: dice.integers(0, highest, count, dtype=np.int64) for name, highest in COLUMNS.items()}


def by_column(table: dict[str, Any], count: int) -> int:
    earned = 0
    for start in range(0, count, CHUNK):
        chunk = {name: column[start : start + CHUNK] for name, column in table.items()}
        earned += int(landed(**chunk, **MARKET).contribution.sum())  # type: ignore[attr-defined]
    return earned


def by_row(rows: list[dict[str, Any]]) -> int:
    return sum(landed(**row, **MARKET).contribution for row in rows)


def best_of(runs: int, work: Any, *given: Any) -> tuple[float, Any]:
    """The shortest of several runs and what it returned: what the code can do, not what else the machine did."""
    seconds, answer = [], None
    for _ in range(runs):
        start = time.process_time()
        answer = work(*given)
        seconds.append(time.process_time() - start)
    return min(seconds), answer


def main(count: int) -> dict[str, object]:
    table = units(count)
    probes = min(count, 20_000)
    column_s, _ = best_of(5, by_column, table, count)
    few = {name: column[:probes] for name, column in table.items()}
    rows = [dict(zip(few, values, strict=True)) for values in zip(*(c.tolist() for c in few.values()), strict=True)]
    row_s, row_sum = best_of(3, by_row, rows)
    columns = landed(**few, **MARKET)
    for place in range(0, probes, 101):
        alone = landed(**rows[place], **MARKET).as_list()
        together = [int(np.broadcast_to(step, probes)[place]) for step in columns.as_list()]
        if alone != together:
            raise SystemExit(f"unit {place}: {alone} on ints is not {together} on columns")
    if by_column(few, probes) != row_sum:
        raise SystemExit("the column's sum is not the sum of its rows")
    per_s, rows_per_s = count / column_s, probes / row_s
    return {
        "units": count,
        "column_units_per_s": round(per_s),
        "int_units_per_s": round(rows_per_s),
        "ratio": round(per_s / rows_per_s, 1),
        "goal_column_units_per_s": 40_000_000,
        "probes_equal": probes,
    }


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000), indent=2))
