"""Landed-cost quotes per second by engine, a whole price list, and its refresh after one lane's tariff changed.

Run: ./haitu bench ship [-- skus]    (1,000,000 by default; the engines are compared on fewer)
One run, one machine: 40 markets and the paths of an 87-node network, real tariff lines, VAT, thresholds and ECB rates,
made-up goods. A quote is one SKU in one market over one path, all twelve components exact to the minor unit. What
paths share (the market's front, what goods cost at a warehouse) is worked out once per SKU and market and its time is
in the figure. Seconds per engine are of the processor's; wall where it says so.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from bench._rivals import by_duckdb, by_numba, by_polars, by_python
from bench._trade import SHIPMENT, TODAY, Trade, customs_classes, destination, goods, item_of, trade
from haitu.core.errors import Refusal
from haitu.core.freight import Lane
from haitu.core.landed import STEPS
from haitu.core.path_quote import path_quote
from haitu.plan.quotes.best import best
from haitu.plan.quotes.duties import Tariffs
from haitu.plan.quotes.fast import ranker
from haitu.plan.quotes.offer import Chunk, Offer, offer
from haitu.plan.quotes.price_list import BLOCK, PriceList
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.sale import rules_of
from haitu.plan.quotes.sheet import quotes, road_of
from haitu.plan.quotes.skus import Skus

THREADS = 2
COMPARED = 131_072  # SKUs for the engines
PROBES = 400


def offers(priced: Trade, skus: Skus) -> dict[str, Offer]:
    """Every market's roads, ready for columns."""
    tariffs = Tariffs(skus.classes, TODAY)
    made = {}
    for country, terms in priced.terms.items():
        to = destination(country)
        rules = rules_of(terms, skus.categories, tariffs, to=to)
        roads = [
            road_of(path.lanes, terms, tariffs, shipment=SHIPMENT, into_base=priced.into_base, to=to)
            for path in priced.paths[country]
        ]
        made[country] = offer(rules, roads, terms)
    return dict(sorted(made.items(), key=lambda pair: pair[1].rules.market.currency))


def roads_of(made: Mapping[str, Offer]) -> int:
    return sum(len(offered.roads) for offered in made.values())


def over_blocks(skus: Skus, made: Mapping[str, Offer], work: Callable[[Chunk, Offer], object]) -> tuple[float, float]:
    """Processor and wall seconds of the work on every block and market, two threads, the best of three."""
    starts = range(0, len(skus), BLOCK)

    def block(start: int) -> None:
        chunk = Chunk(skus.part(start, min(start + BLOCK, len(skus))))
        for offered in made.values():
            work(chunk, offered)

    def all_blocks() -> None:
        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            list(pool.map(block, starts))

    return min((timed(all_blocks) for _ in range(3)), key=lambda pair: pair[1])


def timed(work: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def figures(count: int, cpu_s: float, wall_s: float) -> dict[str, float]:
    """Millions of quotes a second: by the wall clock on two threads, and by one processor's second."""
    return {"M_per_s": round(count / wall_s / 1e6, 1), "M_per_cpu_s": round(count / cpu_s / 1e6, 1)}


def engines(skus: Skus, made: Mapping[str, Offer]) -> dict[str, Any]:
    """Quotes per second of each engine."""
    count = len(skus) * roads_of(made)
    told: dict[str, Any] = {
        "numpy, best path": figures(count, *over_blocks(skus, made, lambda chunk, one: best(chunk, one, 1)))
    }
    if find_spec("numba") is not None:
        from haitu.plan.quotes.compiled import best_paths, components  # noqa: PLC0415  # an optional extra

        best_paths(Chunk(skus.part(0, BLOCK)), next(iter(made.values())))  # compiled, or read from the cache
        told["numba, best path"] = figures(count, *over_blocks(skus, made, lambda c, one: best_paths(c, one, 1)))
        told["numba, best three"] = figures(count, *over_blocks(skus, made, best_paths))

        most = max(len(one.roads) for one in made.values())
        own = threading.local()  # each thread stores into a place of its own, as a writer would hand it on

        def stored(chunk: Chunk, one: Offer) -> None:
            if not hasattr(own, "places"):
                own.places = [np.zeros((most, len(STEPS), BLOCK), dtype=kind) for kind in (np.int32, np.int64)]
            for place in own.places:  # in 64 bits where a market's amounts do not fit in 32 (rupiah in cents)
                if components(chunk, one, place[: len(one.roads), :, : len(chunk.skus)]):
                    return
            raise SystemExit(f"{one.rules.to.country}: its amounts are too large to be stored")

        told["numba, components stored"] = figures(count, *over_blocks(skus, made, stored))
    return told


def probes(priced: Trade, skus: Skus, made: Mapping[str, Offer]) -> dict[str, int]:
    """Rows drawn at random: best paths, numpy's sheets and the scalar quote must say the same, or the bench ends."""
    dice = np.random.default_rng(5)
    equal = refused = 0
    for country in dice.choice(sorted(made), size=PROBES).tolist():
        row, offered = int(dice.integers(len(skus))), made[country]
        place = int(dice.integers(len(offered.roads)))
        one, road = skus.part(row, row + 1), offered.roads[place]
        sheet = quotes(one, offered.rules, road, priced.terms[country])
        column: Any = Refused(int(sheet.refused[0])).code
        if not sheet.refused[0]:
            column = [int(sheet.column(step)[0]) for step in STEPS]
        if column != (scalar := _scalar(priced, one, country, road.lanes)):
            raise SystemExit(f"{country}, SKU {row}, {road.last.code}: column {column}, scalar {scalar}")
        if [c.tolist() for c in best(Chunk(one), offered).contribution_minor] != [
            c.tolist() for c in ranker()(Chunk(one), offered).contribution_minor
        ]:
            raise SystemExit(f"{country}, SKU {row}: numba's best paths are not numpy's")
        equal, refused = equal + 1, refused + isinstance(column, str)
    return {"equal": equal, "of them refused": refused}


def _scalar(priced: Trade, one: Skus, country: str, lanes: Sequence[Lane]) -> Any:
    try:
        found = path_quote(
            item_of(one, country),
            1,
            lanes,
            priced.terms[country],
            cost_minor=int(one.cost_minor[0]),
            shipment=SHIPMENT,
            into_base=priced.into_base,
            to=destination(country),
            on=TODAY,
        )
    except Refusal as refusal:
        return refusal.code
    return found.quote.waterfall.as_list()


def rivals(priced: Trade, skus: Skus, offered: Offer) -> dict[str, Any]:
    """Other engines on one market's last step, and the explained scalar quote; their sums must be numpy's."""
    chunk = Chunk(skus)
    wanted = int(best(chunk, offered, 1).contribution_minor[0].sum())
    told: dict[str, Any] = {}
    others = [("polars", by_polars), ("duckdb", by_duckdb), ("python", by_python)]
    if find_spec("numba") is not None:
        others.insert(0, ("numba", by_numba))
    for name, engine in others:
        run = engine(chunk, offered)
        if run() != wanted:
            raise SystemExit(f"{name} does not find the contributions numpy finds")
        told[f"{name}, last step only"] = figures(len(skus) * len(offered.roads), *timed(run))
    few = [(skus.part(row, row + 1), road.lanes) for row in range(40) for road in offered.roads]
    cpu_s, wall_s = timed(lambda: [_scalar(priced, one, "DE", lanes) for one, lanes in few])
    told["python, explained quotes"] = {"per_s": round(len(few) / wall_s), "per_cpu_s": round(len(few) / cpu_s)}
    return told


def listed(skus: Skus, made: Mapping[str, Offer], root: Path) -> dict[str, Any]:
    """The whole list from nothing."""
    cpu_s, wall_s = timed(PriceList(root=root, skus=skus, offers=made, rank=ranker()).refresh)
    return {
        "skus": len(skus),
        "markets": len(made),
        "quotes": len(skus) * roads_of(made),
        "wall_s": round(wall_s, 1),
        "cpu_s": round(cpu_s, 1),
        "files_MB": round(sum(file.stat().st_size for file in root.rglob("*.parquet")) / 1e6),
        "peak_RSS_GB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2),
        "goal": "60 s, 4 GB",
    }


def refreshed(skus: Skus, root: Path, network: Sequence[Lane], lane: Lane) -> dict[str, Any]:
    """After one lane's fuel surcharge rose by 5 %."""
    dearer = replace(lane, tariff=replace(lane.tariff, fuel_bp=lane.tariff.fuel_bp + 500))
    priced = trade([dearer if one.id == lane.id else one for one in network])
    start = time.perf_counter()
    made = offers(priced, skus)
    tables_s = time.perf_counter() - start
    start, cpu = time.perf_counter(), time.process_time()
    found = PriceList(root=root, skus=skus, offers=made, rank=ranker()).refresh()
    return {
        "lane": lane.code,
        "files_written": found.written,
        "files_kept": found.kept,
        "quotes_changed": found.changed_quotes,
        "quotes_ranked": found.quotes,
        "wall_s": round(time.perf_counter() - start, 1),
        "cpu_s": round(time.process_time() - cpu, 1),
        "tables_wall_s": round(tables_s, 1),
        "goal": "5 s",
    }


def busiest(made: Mapping[str, Offer]) -> Lane:
    """The line haul that most paths use."""
    uses = Counter(lane for offered in made.values() for road in offered.roads for lane in road.lanes[:-1])
    return uses.most_common(1)[0][0]


def main(count: int) -> dict[str, Any]:
    priced = trade()
    classes = customs_classes(list(priced.terms))
    skus = goods(count, classes)
    start = time.perf_counter()
    made = offers(priced, skus)
    told: dict[str, Any] = {
        "network": {
            "sites": len(priced.network.sites),
            "lanes": len(priced.network.lanes),
            "markets": len(made),
            "open paths": roads_of(made),
            "customs classes": len(classes),
            "tables_wall_s": round(time.perf_counter() - start, 1),
        },
        "probes": probes(priced, skus, made),
        "engines (goal: 200 best path, 100 stored)": engines(skus.part(0, COMPARED), made),
        "others": rivals(priced, skus.part(0, 65_536), made["DE"]),
    }
    with tempfile.TemporaryDirectory(prefix="haitu-prices-") as folder:
        root = Path(folder)
        told["price list"] = listed(skus, made, root)
        last_mile = next(road.last for road in made["DE"].roads if len(road.lanes) > 1)
        to_hamburg = next(lane for lane in priced.network.lanes if lane.code == "SZX1-HAM1-FCL")
        changes = (("last mile", last_mile), ("line haul to Europe", to_hamburg), ("line haul to all", busiest(made)))
        for name, lane in changes:
            told[f"refresh, {name}"] = refreshed(skus, root, priced.network.lanes, lane)
            PriceList(root=root, skus=skus, offers=made, rank=ranker()).refresh()  # back, for the next
    return told


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000), indent=2))
