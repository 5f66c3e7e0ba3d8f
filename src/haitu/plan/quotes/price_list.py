"""A price list out of core: every SKU in every market with its best paths, in Parquet, refreshed where inputs changed.

One file per market and chunk of SKUs, `prices/market=DE/chunk-00003.parquet`. Each carries the fingerprints of the
inputs it was worked out from – one per path – so a refresh reads footers, works out what differs, and replaces whole
files. A killed run leaves whole files, old and new; the next one goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from haitu.plan.quotes.best import KEPT, NO_ROAD, Best, best
from haitu.plan.quotes.exact import Column
from haitu.plan.quotes.fingerprint import offer_prints, path_name, prints
from haitu.plan.quotes.offer import Chunk, Offer
from haitu.plan.quotes.skus import Skus

CHUNK = 65_536  # SKUs in a file
BLOCK = 16_384  # SKUs worked out at a time: their columns stay in the cache
FINGERPRINTS = b"haitu"
PART = ".part"
PACKED = "DELTA_BINARY_PACKED"  # neighbours' prices differ in few bits
PRICES, PATHS, SKUS = "prices", "paths", "skus"  # folders under the root, each one table to any engine
PATH_COLUMNS = pa.schema(
    [("market", pa.string()), ("path", pa.string()), ("warehouse_id", pa.int64()), ("carrier", pa.string())]
    + [(name, pa.int64()) for name in ("days_p50", "days_p90", "lead_p50", "lead_p90")]
)

Rank = Callable[[Chunk, Offer], Best]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What a run did: files written, files that still held, files of nothing any more; quotes worked out, and how
    many of those had an input that differed (the others are the rivals they were ranked against).
    """

    written: int
    kept: int
    removed: int
    quotes: int
    changed_quotes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One chunk of SKUs and the markets in which its file does not hold, with the new fingerprints."""

    number: int
    start: int
    stop: int
    stale: tuple[tuple[str, dict[str, str]], ...]
    changed_quotes: int


def file_of(root: Path, market: str, number: int) -> Path:
    """Where a chunk's prices in a market lie."""
    return root / PRICES / f"market={market}" / f"chunk-{number:05d}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """SKUs and offers (by market) whose prices lie under `root`, so many SKUs to a file."""

    root: Path
    skus: Skus
    offers: Mapping[str, Offer]
    rank: Rank = best
    chunk: int = CHUNK

    def refresh(self, *, workers: int = 2) -> Refresh:
        """Bring the files up to these inputs; only what differs is worked out."""
        for left in self.root.glob(f"**/*{PART}"):
            left.unlink()
        now = {market: offer_prints(offered) for market, offered in self.offers.items()}
        tasks = [self._task(now, number, start) for number, start in enumerate(range(0, len(self.skus), self.chunk))]
        with ThreadPoolExecutor(max_workers=workers) as pool:
            list(pool.map(self._work, tasks))
        wanted = {file_of(self.root, market, task.number) for market in self.offers for task in tasks}
        written = sum(len(task.stale) for task in tasks)
        _write(self.root / PATHS / "paths.parquet", _paths(self.offers), {})
        return Refresh(
            written=written,
            kept=len(wanted) - written,
            removed=_sweep(self.root, wanted),
            quotes=sum((t.stop - t.start) * len(self.offers[name].roads) for t in tasks for name, _ in t.stale),
            changed_quotes=sum(task.changed_quotes for task in tasks),
        )

    def _task(self, now: Mapping[str, Mapping[str, str]], number: int, start: int) -> _Task:
        stop = min(start + self.chunk, len(self.skus))
        chunk_print = self.skus.part(start, stop).fingerprint()
        wanted = {market: prints(of_offer, chunk_print) for market, of_offer in now.items()}
        there = {market: _prints_of(file_of(self.root, market, number)) for market in self.offers}
        changed = sum(
            (there[market] or {}).get(path) != one for market, new in wanted.items() for path, one in new.items()
        )
        return _Task(
            number=number,
            start=start,
            stop=stop,
            stale=tuple((market, new) for market, new in wanted.items() if there[market] != new),
            changed_quotes=(stop - start) * changed,
        )

    def _work(self, task: _Task) -> None:
        """One chunk: block by block through all its stale markets, then a file for each."""
        by_currency = sorted(task.stale, key=lambda one: self.offers[one[0]].rules.market.currency)
        found: dict[str, list[Best]] = {market: [] for market, _ in by_currency}
        for start in range(task.start, task.stop, BLOCK) if found else ():
            block = Chunk(self.skus.part(start, min(start + BLOCK, task.stop)))
            for market, bests in found.items():
                bests.append(self.rank(block, self.offers[market]))
        variant_id = self.skus.variant_id[task.start : task.stop]
        for market, now in task.stale:
            table = _table(variant_id, found.pop(market), self.offers[market])
            _write(file_of(self.root, market, task.number), table, now)


def write_skus(root: Path, skus: Skus, *, chunk: int = CHUNK) -> None:
    """The goods themselves beside their prices, as facts for questions."""
    plain = [(name, column) for name, column in skus.columns() if not name.startswith("override")]
    codes = pa.array([customs.hs_code for customs in skus.classes], pa.string())
    for number, start in enumerate(range(0, len(skus), chunk)):
        columns = {name: pa.array(column[start : start + chunk]) for name, column in plain}
        columns["hs_code"] = codes.take(columns["customs_class"])
        _write(root / SKUS / f"chunk-{number:05d}.parquet", pa.table(columns), {})


def _prints_of(file: Path) -> dict[str, str] | None:
    """The fingerprints a file carries; None where there is no such file, or none of ours."""
    try:
        metadata = pq.read_metadata(file).metadata or {}
    except (OSError, pa.ArrowInvalid):
        return None
    found: dict[str, str] | None = json.loads(metadata.get(FINGERPRINTS, b"null"))
    return found


def _table(variant_id: Column, bests: Sequence[Best], offered: Offer) -> pa.Table:
    """Columns of the price list; path_n is null where fewer than n paths take the SKU."""
    names = pa.array([path_name(road) for road in offered.roads], pa.string())
    columns = {"variant_id": pa.array(variant_id), "shelf_minor": _joined([one.shelf_minor for one in bests])}
    for place in range(KEPT):
        roads = np.concatenate([one.road[place] for one in bests]).astype(np.int16)
        none = roads == NO_ROAD
        indices = pa.array(roads, mask=none)
        columns[f"path_{place + 1}"] = pa.DictionaryArray.from_arrays(indices, names)
        columns[f"contribution_{place + 1}_minor"] = pa.array(
            np.concatenate([one.contribution_minor[place] for one in bests]), mask=none
        )
    return pa.table(columns)


def _joined(columns: Sequence[Column]) -> pa.Array:
    return pa.array(np.concatenate(columns))


def _write(file: Path, table: pa.Table, now: Mapping[str, str]) -> None:
    """The whole file or none: it takes its name when it is complete."""
    names = [field.name for field in table.schema if pa.types.is_dictionary(field.type)]
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(file.name + PART)
    with pq.ParquetWriter(
        part,
        table.schema,
        compression="none",
        use_dictionary=names,
        column_encoding={field.name: PACKED for field in table.schema if pa.types.is_integer(field.type)},
        write_statistics=False,
        store_schema=False,  # paths are plain strings to whoever reads them: not every engine knows Arrow's kinds
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({FINGERPRINTS: json.dumps(dict(now)).encode()})
    part.replace(file)


def _paths(offers: Mapping[str, Offer]) -> pa.Table:
    """The paths by name, with their days: to the buyer from the last warehouse, and from the first one."""
    rows = [
        {
            "market": market,
            "path": path_name(road),
            "warehouse_id": road.last.origin_warehouse_id,
            "carrier": road.last.carrier,
            "days_p50": road.days_p50,
            "days_p90": road.days_p90,
            "lead_p50": road.lead_p50,
            "lead_p90": road.lead_p90,
        }
        for market, offered in sorted(offers.items())
        for road in offered.roads
    ]
    return pa.Table.from_pylist(rows, schema=PATH_COLUMNS)


def _sweep(root: Path, wanted: set[Path]) -> int:
    """Remove prices of markets and chunks that are no more."""
    stale = [file for file in root.glob(f"{PRICES}/market=*/chunk-*.parquet") if file not in wanted]
    for file in stale:
        file.unlink()
    return len(stale)
