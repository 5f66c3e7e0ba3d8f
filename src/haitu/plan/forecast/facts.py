"""`sales(sku, market, week, units[, price, in_stock])` from a folder, as weeks; what is left out is said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from haitu.core.errors import Refusal
from haitu.plan import tables
from haitu.plan.forecast.panel import Bools, Floats, Panel, seen_weeks

COLUMNS = (
    tables.Column("sku", "text"),
    tables.Column("market", "text"),
    tables.Column("week", "date"),
    tables.Column("units", "amount"),
    tables.Column("price", "amount", required=False),
    tables.Column("in_stock", "flag", required=False),
)
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)
MOST_UNITS = 1e9
MOST_WEEKS = 156  # three years: what is older says little of the weeks ahead
STRAY_WEEKS = 52  # a last week that lies so far behind all others is a slip of the pen, where no --as-of is given


class NoSales(Refusal):
    """No week of sales had ended by the day asked for, so there is nothing to forecast."""

    code = "no_sales"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`names(sku, market)` in the order of the panel's rows, and what was left out or set right."""

    names: pl.DataFrame
    panel: Panel
    problems: tuple[tables.Problem, ...]
    whole: bool  # all units are whole numbers
    told: dict[str, int]  # what was set right -> rows
    short: Bools  # per series: never in stock


def read(folder: Path, as_of: date | None) -> Facts:
    """Raises BadTable where the table cannot be used, NoSales where no good week lies before."""
    if as_of is not None and not FIRST_DAY <= as_of < LAST_DAY:
        raise NoSales(f"{as_of} is no day of trade; give one from {FIRST_DAY} to {LAST_DAY}.", field="as_of")
    table = tables.read(folder, "sales", COLUMNS)
    day, units, price = pl.col("week"), pl.col("units"), pl.col("price")
    table = tables.refuse(
        table, (day < FIRST_DAY) | (day >= LAST_DAY), column="week", wanted=f"a day from {FIRST_DAY} to {LAST_DAY}"
    )
    table = tables.refuse(table, units.abs() > MOST_UNITS, column="units", wanted="not more than 1,000,000,000 a week")
    table = tables.refuse(table, price < 0, column="price", wanted="a price, not below 0")
    table = tables.refuse_repeats(table, ("sku", "market", "week"))
    rows = table.frame.with_columns(day.dt.truncate("1w").alias("monday"))
    if as_of is None:
        table, rows, last = _without_strays(table, rows)
    else:
        last = as_of - timedelta(days=as_of.weekday() + 7 * (as_of.weekday() < 6))  # the last week that had ended
    known = rows.filter(pl.col("monday") <= last) if last else rows.clear()
    if known.is_empty() or last is None:
        first = rows["monday"].sort().head(1).to_list()
        says = f"the first week is of {first[0]}" if first else "it has no good row"
        raise NoSales(f"The table sales holds no week that had ended by {as_of or 'any day'}; {says}.", field="as_of")
    weekly = _weekly(known)
    told = {
        "later": rows.height - known.height,
        "no_monday": known.filter(pl.col("week").dt.weekday() != 1).height,
        "returns": known.filter(units < 0).height,
        "below_zero": weekly.filter(units < 0).height,
        "free": known.filter(price == 0).height,
    }
    names, panel, short = _panel(weekly.with_columns(units.clip(lower_bound=0.0)), last)
    whole = bool((known["units"] == known["units"].floor()).all())
    return Facts(
        names=_as_given(folder, names), panel=panel, problems=table.problems, whole=whole, told=told, short=short
    )


def _weekly(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a series and week: units net of returns, the price paid, in stock if it was on any day told."""
    paid = pl.when(pl.col("price") > 0).then(pl.col("price"))
    return (
        rows.group_by("sku", "market", "monday")
        .agg(pl.col("units").sum(), paid.mean().alias("price"), pl.col("in_stock").max())
        .sort("sku", "market", "monday")
    )


def _panel(weekly: pl.DataFrame, last: date) -> tuple[pl.DataFrame, Panel, Bools]:
    oldest: date = min(weekly["monday"].unique().to_list())
    weeks = min((last - oldest).days // 7 + 1, MOST_WEEKS)
    monday = (last - date(1970, 1, 1)).days - 7 * (weeks - 1)
    names = weekly.select("sku", "market").unique(maintain_order=True)
    series = weekly.select(pl.struct("sku", "market").rle_id().alias("id"))["id"].to_numpy().astype(np.int64)
    column = (weekly["monday"].cast(pl.Int32).to_numpy().astype(np.int64) - monday) // 7
    first = np.full(names.height, weeks - 1)
    np.minimum.at(first, series, np.maximum(column, 0))
    within = column >= 0
    at = series[within], column[within]

    def matrix(name: str, filled: float) -> Floats:
        made = np.full((names.height, weeks), filled)
        made[at] = weekly[name].cast(pl.Float64).fill_null(filled).to_numpy()[within]
        return made

    stocked = matrix("in_stock", 1.0) > 0 if weekly["in_stock"].null_count() < weekly.height else None
    units = matrix("units", 0.0)
    markets = names["market"].unique().sort()
    alive = np.arange(weeks)[None, :] >= first[:, None]
    short = np.zeros(names.height, dtype=np.bool_)
    if stocked is not None:
        short |= ~(alive & stocked).any(axis=1)
    panel = Panel(
        units=units,
        seen=seen_weeks(units, first, stocked),
        price=matrix("price", np.nan) if weekly["price"].null_count() < weekly.height else None,
        market=markets.search_sorted(names["market"]).to_numpy().astype(np.int64),
        markets=tuple(markets.to_list()),
        monday=monday,
    )
    return names, panel, short


def _without_strays(table: tables.Table, rows: pl.DataFrame) -> tuple[tables.Table, pl.DataFrame, date | None]:
    """Without --as-of the last week told is the last known; weeks far behind all others are refused by number."""
    weeks = rows.group_by("monday").len().sort("monday")
    gaps = (weeks["monday"].diff().dt.total_days().fill_null(0) > 7 * STRAY_WEEKS).to_numpy()
    counts = weeks["len"].to_numpy()
    for place in np.flatnonzero(gaps):
        if counts[place:].sum() * 100 <= counts.sum() or counts[place:].sum() == 1 < place:
            start = weeks["monday"][int(place)]
            far = pl.col("week") >= start
            wanted = f"a week near the others; the last of them is {weeks['monday'][int(place) - 1]}"
            table = tables.refuse(table, far, column="week", wanted=wanted)
            rows = rows.filter(~far)
            break
    last = rows["monday"].max()
    return table, rows, last if isinstance(last, date) else None


def _as_given(folder: Path, names: pl.DataFrame) -> pl.DataFrame:
    """Whole numbers in a parquet file stay whole numbers, so that the answer joins the facts."""
    path = folder / "sales.parquet"
    if not path.exists():
        return names
    kinds = {name.strip().lower(): kind for name, kind in pl.read_parquet_schema(path).items()}
    whole = [name for name in ("sku", "market") if kinds[name].is_integer()]
    return names.with_columns(pl.col(name).cast(kinds[name]) for name in whole)
