"""The last step of the same quotes, front − reach − card[steps] and the best road, by numba and by other engines.

All are given the fronts and reaches ready made; the figures of whole quotes include working those out.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import numpy as np
import polars as pl

from haitu.plan.quotes.offer import RANK_BITS, REFUSED, Chunk, Offer, fronts, meter_of

Run = Callable[[], int]


def _frame(chunk: Chunk, offered: Offer) -> pl.DataFrame:
    """One row per SKU: a front per border, and per road its reach and its place on the card."""
    before = fronts(chunk, offered)
    columns = {f"front_{place}": before.contribution(place) for place in range(len(offered.crossings))}
    for number, (road, card) in enumerate(zip(offered.roads, offered.cards, strict=True)):
        columns[f"reach_{number}"] = chunk.reach(road, offered.rules)
        columns[f"step_{number}"] = np.minimum(chunk.steps(meter_of(road)), len(card) - 1)
    return pl.DataFrame(columns)


def by_polars(chunk: Chunk, offered: Offer) -> Run:
    frame = _frame(chunk, offered).lazy()
    left = [
        pl.col(f"front_{offered.crossings.index(road.at)}")
        - pl.col(f"reach_{number}")
        - pl.lit(pl.Series(card)).gather(pl.col(f"step_{number}"))
        for number, (road, card) in enumerate(zip(offered.roads, offered.cards, strict=True))
    ]
    best = pl.max_horizontal(left)
    question = frame.select(pl.when(best > -REFUSED // 2).then(best).otherwise(0).sum())
    return lambda: int(question.collect().item())


def by_duckdb(chunk: Chunk, offered: Offer) -> Run:
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.register("given", _frame(chunk, offered).to_arrow())
    connection.execute("CREATE TABLE sku AS SELECT * FROM given")
    for number, card in enumerate(offered.cards):
        connection.execute(f"CREATE TABLE card_{number} (step BIGINT, minor BIGINT)")
        connection.register("card", pl.DataFrame({"step": np.arange(len(card)), "minor": card}).to_arrow())
        connection.execute(f"INSERT INTO card_{number} SELECT * FROM card")
    joins = " ".join(f"JOIN card_{n} ON card_{n}.step = sku.step_{n}" for n in range(len(offered.roads)))
    left = ", ".join(
        f"front_{offered.crossings.index(road.at)} - reach_{n} - card_{n}.minor" for n, road in enumerate(offered.roads)
    )
    question = (
        f"SELECT sum(CASE WHEN best > {-REFUSED // 2} THEN best ELSE 0 END)::BIGINT "
        f"FROM (SELECT greatest({left}) AS best FROM sku {joins})"
    )
    return lambda: int(connection.execute(question).fetchall()[0][0])


def by_numba(chunk: Chunk, offered: Offer) -> Run:
    from haitu.plan.quotes import loops  # noqa: PLC0415  # an optional extra

    before, tables, size = fronts(chunk, offered), offered.tables, len(chunk.skus)
    lefts = np.stack([before.contribution(place) << RANK_BITS for place in range(len(offered.crossings))])
    reached = np.stack([chunk.reach(road, offered.rules) for road in offered.roads])
    metered = np.stack([chunk.steps(meter) for meter in tables.meters])
    keys, road, left = (np.empty((1, size), dtype=np.int64) for _ in range(3))

    def run() -> int:
        keys[:] = -(3 * REFUSED << RANK_BITS)
        loops.rank(lefts, tables.crossing, reached, metered, tables.meter, tables.cards, tables.start, tables.end, keys)
        loops.unpack(keys[0], road[0], left[0])
        return int(left.sum())

    return run


def by_python(chunk: Chunk, offered: Offer) -> Run:
    rows = _frame(chunk, offered).rows(named=True)
    roads = [
        (f"front_{offered.crossings.index(road.at)}", f"reach_{number}", f"step_{number}", card.tolist())
        for number, (road, card) in enumerate(zip(offered.roads, offered.cards, strict=True))
    ]

    def run() -> int:
        earned = 0
        for row in rows:
            best = max(row[front] - row[reach] - card[row[step]] for front, reach, step, card in roads)
            earned += best if best > -REFUSED // 2 else 0
        return earned

    return run
