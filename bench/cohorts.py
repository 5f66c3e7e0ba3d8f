"""Customer value 6 to 24 months ahead on real shops, rolling origins: bias, WAPE, cover, width, beside lifetimes.

Run: ./haitu bench cohorts [-- FOLDER]
Always: Online Retail II, first 18 months (shipped; goods sold to known customers), and CDNOW (in the lifetimes wheel).
Every NAME.parquet (customer, at, amount) of FOLDER is one more set; docs/cohorts.md says which were read and whence.
Yardsticks in the same run: lifetimes BG/NBD + Gamma-Gamma, and the run-rate of the last three months. The last lines
time 100,000 made-up customers: everything, and one more day. Set OPENBLAS_NUM_THREADS=1 on a busy machine.
"""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from haitu.plan.cohorts.conformal import calibrate
from haitu.plan.cohorts.forecast import forecast
from haitu.plan.cohorts.history import Bought, History, history, sums
from haitu.plan.cohorts.season import month_starts
from haitu.plan.cohorts.simulate import Ranges, ranges

Floats = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parent.parent
HORIZONS = (6, 12, 18, 24)  # months
EPOCH = date(1970, 1, 1)
SEED = 20261123


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One data set, origin and horizon: what each method said of value, and what our interval held."""

    name: str
    bias: dict[str, float]
    wape: dict[str, float]
    orders_bias: float
    held: bool
    cohorts_held: int
    cohorts: int
    width: float
    cohort_width: float
    seconds: float


def main(arguments: list[str]) -> int:
    cells: list[Cell] = []
    print(f"{'set':<14}{'from':>5}{'ahead':>6} | bias ours, lifetimes, run-rate | WAPE | held, cohorts | width | s")
    for name, orders in data_sets(Path(arguments[0]) if arguments else None):
        for cell, origin, months in measured(name, orders):
            cells.append(cell)
            print(f"{name:<14}{origin:>5}{months:>6} | {line(cell)}", flush=True)
    for name in [*dict.fromkeys(cell.name for cell in cells), ""]:
        print(summary(name or "all cells", [cell for cell in cells if name in {"", cell.name}]))
    names = dict.fromkeys(cell.name for cell in cells)
    alike = [of_set(cells, name) for name in names]
    bias, wape = (sum(column) / len(column) for column in zip(*alike, strict=True))
    print(f"each set counting once: ours {bias:.3f} / {wape:.3f}")
    print("goals: bias <= .15, WAPE <= .175, held .85-.97, cohorts held .85-.95, width <= 1.2")
    timed()
    return 0


def of_set(cells: list[Cell], name: str) -> tuple[float, float]:
    own = [cell for cell in cells if cell.name == name]
    return sum(abs(cell.bias["ours"]) for cell in own) / len(own), sum(cell.wape["ours"] for cell in own) / len(own)


def data_sets(folder: Path | None) -> Iterator[tuple[str, pl.DataFrame]]:
    lines = pl.read_parquet(ROOT / "src/haitu/data/online_retail_ii/lines.parquet")
    sold = lines.filter((pl.col("kind") == "goods") & (pl.col("quantity") > 0) & pl.col("customer").is_not_null())
    worth = (pl.col("quantity") * pl.col("price_minor")).sum() / 100
    yield "online retail", sold.group_by("customer", "invoice").agg(pl.col("at").min(), worth.alias("amount"))
    yield "cdnow", cdnow()
    for path in sorted(folder.glob("*.parquet")) if folder else []:
        yield path.stem, pl.read_parquet(path)


def cdnow() -> pl.DataFrame:
    found = find_spec("lifetimes")
    assert found is not None
    assert found.origin is not None
    text = (Path(found.origin).parent / "datasets" / "CDNOW_master.txt").read_text()
    rows = [line.split() for line in text.splitlines()[1:] if line.strip()]
    frame = pl.DataFrame({"customer": [row[0] for row in rows], "at": [row[1] for row in rows]})
    return frame.with_columns(pl.col("at").str.to_date("%Y%m%d"), amount=pl.Series([float(row[3]) for row in rows]))


def purchase_days(orders: pl.DataFrame) -> Bought:
    days = (
        orders.filter(pl.col("amount") >= 0)
        .with_columns(pl.col("at").cast(pl.Date).cast(pl.Int32).cast(pl.Int64))
        .group_by("customer", "at")
        .agg(pl.len().cast(pl.Float64).alias("orders"), pl.col("amount").sum().cast(pl.Float64))
        .sort("customer", "at")
    )
    owner = days["customer"].rle_id().to_numpy().astype(np.int64)
    return Bought(
        owner=owner,
        day=days["at"].to_numpy(),
        orders=days["orders"].to_numpy(),
        gross=days["amount"].to_numpy(),
        refunded=np.zeros(int(owner[-1]) + 1),
    )


def measured(name: str, orders: pl.DataFrame) -> Iterator[tuple[Cell, int, int]]:
    """Origins at the first of a month: every third from the sixth on, or every twelfth of a long history."""
    bought = purchase_days(orders)
    first = EPOCH + timedelta(days=int(bought.day.min()))
    months = round((int(bought.day.max()) - int(bought.day.min())) / 30.4)
    starts = month_starts((first.year - 1970) * 12 + first.month - 1, months + 1)
    origins = range(6, months - 5, 3) if months <= 30 else range(12, months - 5, 12)
    for origin in origins:
        for ahead in HORIZONS:
            if origin + ahead <= months:
                yield measure(name, bought, int(starts[origin]), int(starts[origin + ahead])), origin, ahead


def measure(name: str, bought: Bought, origin: int, end: int) -> Cell:
    past, days = history(bought, origin), end - origin
    begin = time.perf_counter()
    answer = ours(past, days)
    seconds = time.perf_counter() - begin
    later = (bought.day >= origin) & (bought.day < end) & np.isin(bought.owner, past.owner)
    at = np.searchsorted(past.owner, bought.owner[later])
    value, orders = (sums(at, column[later], len(past.owner)) for column in (bought.gross, bought.orders))
    which, count = np.searchsorted(answer.cohorts, past.cohort), len(answer.cohorts)
    actual = sums(which, value, count)
    said = {
        "ours": sums(which, answer.customers.value_mean, count),
        "lifetimes": sums(which, lifetimes(past, days), count),
        "run-rate": sums(which, run_rate(past, days), count),
    }
    low, _, high = answer.by_cohort.value.T
    bottom, _, top = answer.total.value[0]
    return Cell(
        name=name,
        bias={who: float(told.sum() / actual.sum() - 1) for who, told in said.items()},
        wape={who: float(np.abs(told - actual).sum() / actual.sum()) for who, told in said.items()},
        orders_bias=float(answer.total.orders_mean[0] / orders.sum() - 1),
        held=bool(bottom <= actual.sum() <= top),
        cohorts_held=int(((low <= actual) & (actual <= high)).sum()),
        cohorts=count,
        width=float((top - bottom) / actual.sum()),
        cohort_width=float((high - low).sum() / actual.sum()),
        seconds=seconds,
    )


def ours(past: History, days: int) -> Ranges:
    spread = calibrate(past, days, seed=SEED).spread
    return ranges(forecast(past, days), past, days, seed=SEED, spread=spread)


def lifetimes(past: History, days: int) -> Floats:
    """BG/NBD times Gamma-Gamma, weeks; with a growing penalty where it does not converge, as its pages advise."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        # It warns while it is imported.
        from lifetimes import BetaGeoFitter, GammaGammaFitter  # type: ignore[import-untyped]  # noqa: PLC0415

        x, recency, age = past.days - 1, (past.last - past.first) / 7, (past.until - past.first) / 7
        orders = converged(BetaGeoFitter, x, recency, age)
        if orders is None:
            return np.full(len(x), np.nan)
        mean = orders.conditional_expected_number_of_purchases_up_to_time(days / 7, x, recency, age)
        again = past.bought.day != past.first[past.bought.owner]
        spent = sums(past.bought.owner[again], past.bought.gross[again], len(x)) / np.maximum(x, 1)
        usable = (x > 0) & (spent > 0)
        worth = converged(GammaGammaFitter, x[usable], spent[usable]) if np.ptp(spent[usable]) > 0 else None
        if worth is None:
            return np.asarray(mean, dtype=np.float64) * float(past.gross.sum() / past.days.sum())
        each = worth.conditional_expected_average_profit(np.where(usable, x, 0), np.where(usable, spent, 0))
        return np.asarray(np.asarray(mean) * np.asarray(each), dtype=np.float64)


def converged(fitter: Any, *columns: Floats) -> Any | None:
    for penalty in (0.0, 0.001, 0.01, 0.1):
        with (
            suppress(Exception),
            redirect_stdout(StringIO()),
        ):  # it prints its optimiser's state and raises ConvergenceError
            fitted = fitter(penalizer_coef=penalty)
            fitted.fit(*columns)
            return fitted
    return None


def run_rate(past: History, days: int) -> Floats:
    """The last three months go on."""
    bought = past.bought
    lately = bought.day >= past.until - 91
    return sums(bought.owner[lately], bought.gross[lately], len(past.days)) * days / 91


def line(cell: Cell) -> str:
    bias = " ".join(f"{cell.bias[who]:+.3f}" for who in cell.bias)
    wape = " ".join(f"{cell.wape[who]:.3f}" for who in cell.wape)
    held = f"{'yes' if cell.held else 'no ':<3} {cell.cohorts_held}/{cell.cohorts}"
    return f"{bias} | {wape} | {held} | {cell.width:.2f} {cell.cohort_width:.2f} | {cell.seconds:.2f}"


def summary(name: str, cells: list[Cell]) -> str:
    def mean(values: list[float]) -> float:
        real = [value for value in values if not math.isnan(value)]
        return sum(real) / len(real) if real else math.nan

    told = [f"{name}: {len(cells)} cells"]
    for who in ("ours", "lifetimes", "run-rate"):
        bias, wape = mean([abs(cell.bias[who]) for cell in cells]), mean([cell.wape[who] for cell in cells])
        failed = sum(math.isnan(cell.bias[who]) for cell in cells)
        told.append(f"{who} {bias:.3f} / {wape:.3f}" + (f" ({failed} failed)" if failed else ""))
    both = [cell for cell in cells if not math.isnan(cell.bias["lifetimes"])]
    ours_there = mean([abs(cell.bias["ours"]) for cell in both]), mean([cell.wape["ours"] for cell in both])
    told.append(f"ours where lifetimes answers {ours_there[0]:.3f} / {ours_there[1]:.3f}")
    told.append(f"orders {mean([abs(cell.orders_bias) for cell in cells]):.3f}")
    held = sum(cell.cohorts_held for cell in cells) / sum(cell.cohorts for cell in cells)
    told.append(f"held {mean([float(cell.held) for cell in cells]):.2f}, cohorts {held:.2f}")
    told.append(f"width {mean([cell.width for cell in cells]):.2f}, {mean([cell.cohort_width for cell in cells]):.2f}")
    return "; ".join(told)


def timed() -> None:
    bought = made_up(100_000)
    for told, until in (("100,000 customers, all", 20_000), ("one more day", 20_001)):
        begin, worked = time.perf_counter(), time.process_time()
        ours(history(bought, until), 365)
        seconds, cpu = time.perf_counter() - begin, time.process_time() - worked
        print(f"{told}: {seconds:.2f} s, of them {cpu:.2f} s at work, without reading and writing")


def made_up(customers: int) -> Bought:
    """Three years of customers who order at random and leave at random; from the model's own family: for time only."""
    dice = np.random.default_rng(SEED)
    now = dice.integers(18_905, 20_000, customers).astype(np.float64)
    who, rate, leave = np.arange(customers), dice.gamma(0.6, 1 / 60, customers), dice.beta(0.7, 4, customers)
    owners, days = [], []
    while len(who):
        owners.append(who)
        days.append(now)
        stays = (dice.random(len(who)) > leave[who]) & (rate[who] > 1e-4)
        now = now + dice.exponential(1, len(who)) / np.maximum(rate[who], 1e-4)
        stays &= now < 20_001
        who, now = who[stays], now[stays]
    table = np.unique(np.column_stack([np.concatenate(owners), np.concatenate(days)]).astype(np.int64), axis=0)
    gross = dice.lognormal(3.5, 0.7, len(table))
    return Bought(
        owner=table[:, 0], day=table[:, 1], orders=np.ones(len(table)), gross=gross, refunded=np.zeros(customers)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
