"""Questions to facts and price lists, written once as Ibis expressions, answered here or by a cluster.

HAITU_ENGINE names who answers: "duckdb" (in this process; the default) or "sc://host:port", any server that speaks
Spark Connect (Sail, Spark). The files must lie where that server reads them. Amounts stay whole numbers, so both say
the same to the last minor unit; `tests/plan/test_engine.py` holds them to it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis

from haitu.core.errors import Refusal
from haitu.plan.quotes.best import KEPT
from haitu.plan.quotes.price_list import PATHS, PRICES, SKUS

SETTING = "HAITU_ENGINE"
DUCKDB = "duckdb"
SPARK_CONNECT = "sc://"

Table = Any  # ibis ships no types


class UnknownEngine(Refusal):
    """The setting names neither "duckdb" nor a Spark Connect address."""

    code = "unknown_engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An open engine and the root of the price list it reads."""

    connection: Any
    root: Path

    @property
    def prices(self) -> Table:
        """One row per market and SKU: shelf price, best paths, what they contribute."""
        return self._table(PRICES, market="string")

    @property
    def paths(self) -> Table:
        """One row per market and path: warehouse, carrier, days."""
        return self._table(PATHS)

    @property
    def skus(self) -> Table:
        """One row per SKU: what a quote knows of the goods."""
        return self._table(SKUS)

    def _table(self, folder: str, **partitions: str) -> Table:
        place = self.root / folder
        if self.connection.name == DUCKDB:
            files = "*/*.parquet" if partitions else "*.parquet"
            return self.connection.read_parquet(str(place / files), hive_partitioning=bool(partitions))
        table = self.connection.read_parquet(str(place))
        return table.mutate(**{name: table[name].cast(kind) for name, kind in partitions.items()})

    def rows(self, question: Table) -> list[dict[str, Any]]:
        """The answer."""
        found: list[dict[str, Any]] = self.connection.to_pyarrow(question).to_pylist()
        return found


def engine(root: Path, address: str | None = None) -> Engine:
    """The engine that the setting, or `address`, names; refuses UnknownEngine."""
    named = address if address is not None else os.environ.get(SETTING, DUCKDB)
    if named == DUCKDB:
        return Engine(connection=ibis.duckdb.connect(), root=root)
    if not named.startswith(SPARK_CONNECT):
        raise UnknownEngine(
            f"{SETTING} is {named!r}; it names {DUCKDB!r} or an address like 'sc://host:15002'.",
            field=SETTING,
            given=named,
        )
    from pyspark.sql import SparkSession  # noqa: PLC0415  # only who asks a cluster has its client

    session = SparkSession.builder.remote(named).create()
    return Engine(connection=ibis.pyspark.connect(session), root=root)


# Questions -------------------------------------------------------------------------------------------------------
def by_path(prices: Table) -> Table:
    """Of each market the paths that are best for some SKU: for how many, and what one unit of each contributes."""
    taken = prices.filter(prices.path_1.notnull())
    return (
        taken.group_by("market", path="path_1")
        .aggregate(skus=taken.count(), contribution_minor=taken.contribution_1_minor.sum().cast("int64"))
        .order_by("market", "path")
    )


def if_closed(prices: Table, lane: str) -> Table:
    """What closing a lane would cost by market, one unit of each SKU whose best path uses it.

    `stranded`: SKUs none of whose paths kept would be left; `lost_minor`: what the others' next best path contributes
    less. A path's name has its lanes' codes between " > ".
    """
    uses = [_uses(prices[f"path_{place}"], lane) for place in range(1, KEPT + 1)]
    next_best = ibis.cases(
        *(
            (prices[f"path_{place}"].notnull() & ~uses[place - 1], prices[f"contribution_{place}_minor"])
            for place in range(2, KEPT + 1)
        ),
        else_=ibis.null("int64"),
    )
    hit = prices.mutate(next_minor=next_best).filter(uses[0])
    lost = (hit.contribution_1_minor - hit.next_minor).fill_null(0)
    return (
        hit.group_by("market")
        .aggregate(
            skus=hit.count(),
            stranded=hit.next_minor.isnull().cast("int64").sum().cast("int64"),
            lost_minor=lost.sum().cast("int64"),
        )
        .order_by("market")
    )


def _uses(path: Any, lane: str) -> Any:
    """Whether a path goes over the lane; false where there is no path."""
    return (ibis.literal(" > ") + path + " > ").contains(f" > {lane} > ").fill_null(False)


def best_codes(prices: Table, skus: Table, most: int) -> Table:
    """In each market the HS codes whose SKUs contribute most, one unit of each, by rank."""
    priced = prices.join(skus.select("variant_id", "hs_code"), "variant_id")
    sums = priced.group_by("market", "hs_code").aggregate(
        contribution_minor=priced.contribution_1_minor.fill_null(0).sum().cast("int64")
    )
    order: Sequence[Any] = (ibis.desc(sums.contribution_minor), sums.hs_code)
    ranked = sums.mutate(rank=ibis.row_number().over(group_by=sums.market, order_by=order))
    return ranked.filter(ranked["rank"] < most).order_by("market", "rank")
