"""Demand of 8 weeks on Online Retail II, StockCode x market: pinball, WRMSSE, MASE, cover and time, beside the usual.

Run: ./haitu bench forecast
The panel: goods sold (no cancellations), by week from Monday, the eleven markets with most rows, series sold in eight
weeks or more before the origin. Origins: the last three times eight weeks of the 18 months that ship, 2010-12-13 (over
Christmas), 2011-02-07 and 2011-04-04 (ordinary). Four more are read for breadth. All methods see the weeks before only.
Yardsticks in bench/_forecast_rivals.py. Set OPENBLAS_NUM_THREADS=1 on a busy machine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from bench._forecast_rivals import RIVALS, total_quantiles
from haitu.plan.forecast.forecast import LEVELS, forecast
from haitu.plan.forecast.panel import Panel, seen_weeks

Floats = npt.NDArray[np.float64]
LINES = Path(__file__).resolve().parent.parent / "src/haitu/data/online_retail_ii/lines.parquet"
MONDAY = date(2009, 11, 30)
AHEAD, MARKETS, LEAST_WEEKS, SEED = 8, 11, 8, 20261123
SCORED = (0.5, 0.8, 0.9, 0.95)  # as shared with the published figures
ORDINARY, CHRISTMAS = (62, 70), 54  # weeks before the origin
MORE = (38, 44, 57, 66)
PUBLISHED = "as published for its own run: IMAPA .228 / .310, LightGBM quantile .241 / .314, EWMA + NB .239 / .310"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One method at one origin."""

    pinball: float
    wrmsse: float
    mase: float
    mase_median: float
    cover: float
    seconds: float


def main(_: list[str]) -> int:
    sold = weekly()
    scores: dict[str, dict[int, Score]] = {name: {} for name in ("ours", "ours+price", *RIVALS)}
    forecast(panel(sold, 20)[0], AHEAD, seed=SEED)  # holidays' tables are read once
    head = "pinball WRMSSE   MASE (of median)  cover  s/1,000"
    print(f"{'origin':<11}{'series':>7}  {'method':<11}{head}")
    for origin in (*ORDINARY, CHRISTMAS, *MORE):
        known, came = panel(sold, origin)
        for name, score in at_origin(known, came).items():
            scores[name][origin] = score
            when = MONDAY + timedelta(weeks=origin)
            print(f"{when!s:<11}{len(came):>7}  {name:<11}{line(score)}", flush=True)
    for name, found in scores.items():
        two, three = mean(found, ORDINARY), mean(found, (*ORDINARY, CHRISTMAS))
        print(f"{name:<11} pinball two ordinary {two:.4f}, all three {three:.4f}, other four {mean(found, MORE):.4f}")
        print(f"{'':<11} over the three: {over(found, (*ORDINARY, CHRISTMAS))}")
    print("goals: pinball <= .215 and <= .290, cover .87-.93, <= 0.1 s per 1,000 series, WRMSSE and MASE of the best")
    print(PUBLISHED)
    return 0


def weekly() -> pl.DataFrame:
    lines = pl.read_parquet(LINES).filter(
        (pl.col("kind") == "goods") & (pl.col("quantity") > 0) & pl.col("country").is_not_null()
    )
    week = (pl.col("at").cast(pl.Date).cast(pl.Int32) - (MONDAY - date(1970, 1, 1)).days) // 7
    paid = (pl.col("quantity") * pl.col("price_minor")).sum() / pl.col("quantity").sum() / 100
    return (
        lines.with_columns(week.alias("week"))
        .group_by("sku", "country", "week")
        .agg(pl.col("quantity").sum().cast(pl.Float64).alias("units"), paid.alias("price"))
    )


def panel(sold: pl.DataFrame, origin: int) -> tuple[Panel, Floats]:
    """What was known before the origin, and the eight weeks after it."""
    past = sold.filter(pl.col("week") < origin)
    largest = past.group_by("country").len().sort("len", "country", descending=True).head(MARKETS)["country"]
    series = (
        past.filter(pl.col("country").is_in(largest.to_list()))
        .group_by("sku", "country")
        .agg(pl.len().alias("weeks"), pl.col("week").min().alias("first"))
        .filter(pl.col("weeks") >= LEAST_WEEKS)
        .sort("sku", "country")
        .with_row_index("series")
    )
    rows = sold.join(series, on=["sku", "country"]).filter(pl.col("week") < origin + AHEAD)
    at = rows["series"].to_numpy(), rows["week"].to_numpy()
    units, price = np.zeros((series.height, origin + AHEAD)), np.full((series.height, origin + AHEAD), np.nan)
    units[at], price[at] = rows["units"].to_numpy(), rows["price"].to_numpy()
    markets = series["country"].unique().sort()
    known = Panel(
        units=units[:, :origin],
        seen=seen_weeks(units[:, :origin], series["first"].to_numpy().astype(np.int64)),
        price=np.where(price > 0, price, np.nan)[:, :origin],
        market=markets.search_sorted(series["country"]).to_numpy().astype(np.int64),
        markets=tuple(markets.to_list()),
        monday=(MONDAY - date(1970, 1, 1)).days,
    )
    return known, units[:, origin:]


def at_origin(known: Panel, came: Floats) -> dict[str, Score]:
    """Ours without prices, as the published figures, and with; then the yardsticks."""
    found = {"ours": ours(known, came, priced=False), "ours+price": ours(known, came, priced=True)}
    for name, level in RIVALS.items():
        found[name] = rival(known, came, level)
    return found


def ours(known: Panel, came: Floats, *, priced: bool) -> Score:
    told = Panel(
        units=known.units,
        seen=known.seen,
        price=known.price if priced else None,
        market=known.market,
        markets=known.markets,
        monday=known.monday,
    )
    begin = time.process_time()
    answer = forecast(told, AHEAD, seed=SEED)
    seconds = time.process_time() - begin
    total = np.rint(answer.total)
    scored = total[:, [LEVELS.index(level) for level in SCORED]]
    band = total[:, [0, -1]]
    median = np.rint(answer.weeks[:, :, LEVELS.index(0.5)])
    return score(known, came, weeks=answer.mean, median=median, scored=scored, band=band, seconds=seconds)


def rival(known: Panel, came: Floats, method: Callable[[Floats, npt.NDArray[np.bool_]], Floats]) -> Score:
    begin = time.process_time()
    level = method(known.units, known.seen)
    quantiles = total_quantiles(level, known.units, known.seen, AHEAD, np.array([*SCORED, 0.05]))
    seconds = time.process_time() - begin
    weeks = np.repeat(level[:, None], AHEAD, axis=1)
    band = quantiles[:, [-1, -2]]
    return score(known, came, weeks=weeks, median=weeks, scored=quantiles[:, :-1], band=band, seconds=seconds)


def score(
    known: Panel, came: Floats, *, weeks: Floats, median: Floats, scored: Floats, band: Floats, seconds: float
) -> Score:
    total = came.sum(axis=1)
    miss, levels = total[:, None] - scored, np.array(SCORED)
    steps = np.diff(known.units, axis=1)
    within = known.seen[:, :-1]
    count = np.maximum(within.sum(axis=1), 1)
    squared = np.sqrt((np.square(steps) * within).sum(axis=1) / count)
    absolute = (np.abs(steps) * within).sum(axis=1) / count
    ratio = np.sqrt(np.square(weeks - came).mean(axis=1)) / np.maximum(squared, 1e-9)
    return Score(
        pinball=float(np.maximum(levels * miss, (levels - 1) * miss).mean(axis=1).sum() / total.sum()),
        wrmsse=float(np.average(ratio, weights=known.units[:, -AHEAD:].sum(axis=1))),
        mase=float((np.abs(weeks - came).mean(axis=1) / np.maximum(absolute, 1e-9)).mean()),
        mase_median=float((np.abs(median - came).mean(axis=1) / np.maximum(absolute, 1e-9)).mean()),
        cover=float(((band[:, 0] <= total) & (total <= band[:, 1])).mean()),
        seconds=seconds / len(total) * 1000,
    )


def line(told: Score) -> str:
    errors = f"{told.pinball:.4f}  {told.wrmsse:.3f}  {told.mase:.3f} ({told.mase_median:.3f})"
    return f"{errors}      {told.cover:.3f}  {told.seconds:.3f}"


def over(found: dict[int, Score], origins: tuple[int, ...]) -> str:
    names = ("wrmsse", "mase", "mase_median", "cover")
    return ", ".join(f"{name} {np.mean([getattr(found[origin], name) for origin in origins]):.3f}" for name in names)


def mean(found: dict[int, Score], origins: tuple[int, ...]) -> float:
    return float(np.mean([found[origin].pinball for origin in origins]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
