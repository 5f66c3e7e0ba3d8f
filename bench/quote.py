"""Microseconds of CPU for a quote, a promise and a shelf price, in plain Python, one thread.

Two warehouses can serve the line: one in the country, one across a customs border, so that both ways are worked out.
The floor beside it is a price without any of that: shelf price × quantity and its tax.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace

from haitu.core.quote import promise, quote
from haitu.core.route import shelf
from haitu.core.tax import taxed
from tests.core.hengda import DE, LANTERN, LEIPZIG, MUG, SHENZHEN, TODAY, basket, book, market, stock

SHELVES = (
    stock(LANTERN, SHENZHEN, 100),
    stock(LANTERN, LEIPZIG, 20),
    stock(MUG, SHENZHEN, 50),
    stock(MUG, LEIPZIG, 1),
)
BOOK = book(market("DE", registrations=frozenset({"IOSS"})), *SHELVES)
IN_COUNTRY = replace(BOOK, stock=(SHELVES[1],))
ONE, THREE, SPLIT = basket(lantern=1), basket(lantern=1, mug=2), basket(lantern=105, mug=51)


def microseconds(work: Callable[[], object], times: int = 1000) -> float:
    """CPU of one call: the best of seven rounds, which is what the code needs when nobody disturbs it."""
    rounds = []
    for _ in range(7):
        start = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - start) / times * 1e6)
    return round(min(rounds), 1)


def fresh_promise() -> object:
    """A promise under terms that nobody has asked anything yet."""
    return promise(LANTERN, replace(BOOK, terms=replace(BOOK.terms)), to=DE, on=TODAY)


def main() -> dict[str, float]:
    price = shelf(LANTERN, BOOK, TODAY)
    figures = {
        "quote_one_line_us": microseconds(lambda: quote(ONE, BOOK, to=DE, on=TODAY)),
        "quote_one_line_one_warehouse_us": microseconds(lambda: quote(ONE, IN_COUNTRY, to=DE, on=TODAY)),
        "quote_two_lines_us": microseconds(lambda: quote(THREE, BOOK, to=DE, on=TODAY)),
        "quote_two_parcels_us": microseconds(lambda: quote(SPLIT, BOOK, to=DE, on=TODAY), 200),
        "promise_us": microseconds(lambda: promise(LANTERN, BOOK, to=DE, on=TODAY)),
        "promise_first_time_us": microseconds(fresh_promise),
        "shelf_us": microseconds(lambda: shelf(LANTERN, BOOK, TODAY)),
        "floor_price_and_tax_us": microseconds(lambda: taxed(price * 2, 1900, included=True)),
    }
    return figures | {"goal_quote_one_line_us": 150.0, "goal_promise_and_shelf_us": 60.0}


if __name__ == "__main__":
    print(json.dumps(main(), indent=2))
