"""From touches and orders to credit per channel × market × campaign, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haitu.plan.attribution.caused import Caused, Channel, Measurement, caused
from haitu.plan.attribution.rules import Journeys, shared_out

Array = NDArray[np.float64]

CAMPAIGN_SD = 0.4  # of the log of how much campaigns of one channel cause beside each other: an assumption
CELL = ("channel", "market", "campaign")
COLUMNS = {
    **dict.fromkeys(CELL, pl.String),
    "rule": pl.String,
    "buyers": pl.Float64,
    "credited": pl.Float64,
    "caused": pl.Float64,
    "caused_p05": pl.Float64,
    "caused_p50": pl.Float64,
    "caused_p95": pl.Float64,
    "share": pl.Float64,
    "verdict": pl.String,
}


def journeys(touch: pl.DataFrame, order: pl.DataFrame, *, as_of: date, lookback_days: int) -> pl.DataFrame:
    """One row a touch that counts: person, CELL, at, `value` (what the person brought) and `bought`.

    A touch counts up to the person's first order (for others up to `as_of`), not longer before it than the lookback. A
    person of several markets has a journey in each; the order counts where the last touch before it was.
    """
    end = datetime.combine(as_of + timedelta(days=1), time())
    bought = order.filter(pl.col("person").is_not_null() & (pl.col("at") < end))
    buyers = bought.group_by("person").agg(
        pl.col("at").min().alias("first_at"), pl.col("contribution").sum().alias("value")
    )
    seen = touch.filter(pl.col("person").is_not_null() & (pl.col("at") < end)).join(buyers, on="person", how="left")
    until = pl.col("first_at").fill_null(end)
    seen = seen.filter((pl.col("at") <= until) & (pl.col("at") >= until - timedelta(days=lookback_days)))
    seen = seen.sort("person", "at", *CELL, maintain_order=True)
    here = pl.col("market") == pl.col("market").last().over("person")
    return seen.with_columns(
        (pl.col("first_at").is_not_null() & here).alias("bought"),
        pl.when(here).then(pl.col("value").fill_null(0.0)).otherwise(0.0).alias("value"),
    ).drop("first_at")


def credit(seen: pl.DataFrame, rule: str, measured: Sequence[Measurement], *, draws: int, seed: int) -> pl.DataFrame:
    """Credit by a rule and what was caused, a row a cell; the table has rows also for cells that brought nothing."""
    parts = [_of_market(rows, rule) for _, rows in seen.group_by("market", maintain_order=True)]
    if not parts:
        return pl.DataFrame(schema=COLUMNS)
    cells = pl.concat(parts).sort(CELL)
    keys = cells.select("channel", "market").unique(maintain_order=True)
    opened = seen.filter("bought").unique("person", keep="first", maintain_order=True)
    channels = [
        _channel(cells.filter(channel=channel, market=market), seen, opened) for channel, market in keys.iter_rows()
    ]
    known = caused(channels, measured, draws=draws, seed=seed)
    rng = np.random.default_rng([seed, 1])
    rows = [_split(rng, cells, channel, known, i) for i, channel in enumerate(channels)]
    table = pl.concat(rows).with_columns(pl.lit(rule).alias("rule"))
    total = float(table["caused"].sum())
    share = pl.col("caused") / total if total > 0 else pl.lit(0.0)
    return table.with_columns(share.alias("share")).select(list(COLUMNS)).sort(CELL)


def _of_market(seen: pl.DataFrame, rule: str) -> pl.DataFrame:
    """The rule's credit in money and in buyers, for the cells of one market."""
    cells = seen.select(CELL).unique(maintain_order=True).sort(CELL).with_row_index("cell")
    channels = {name: i for i, name in enumerate(cells["channel"].unique(maintain_order=True))}
    rows = seen.join(cells, on=CELL, how="left", maintain_order="left")
    person = rows["person"].rle_id().to_numpy().astype(np.int64)
    first = np.flatnonzero(np.append(True, np.diff(person) > 0))
    channel_of = np.array([channels[name] for name in cells["channel"]])
    bought = rows["bought"].to_numpy()[first]
    values = {"credited": rows["value"].to_numpy()[first], "buyers": bought.astype(float)}
    cell = rows["cell"].to_numpy().astype(np.int64)
    for name, value in values.items():
        told = Journeys(person=person, cell=cell, value=value, bought=bought, cells=cells.height, channel_of=channel_of)
        cells = cells.with_columns(pl.Series(name, shared_out(told, rule), dtype=pl.Float64))
    return cells.drop("cell")


def _channel(cells: pl.DataFrame, seen: pl.DataFrame, opened: pl.DataFrame) -> Channel:
    channel, market = cells["channel"][0], cells["market"][0]
    touched = seen.filter(channel=channel, market=market, bought=True).unique("person")
    return Channel(
        channel=channel,
        market=market,
        campaign=cells.sort("credited", "campaign", descending=[True, False])["campaign"][0],
        credited=float(cells["credited"].sum()),
        touched=float(touched["value"].sum()),
        opened=float(opened.filter(channel=channel, market=market)["value"].sum()),
    )


def _split(rng: np.random.Generator, cells: pl.DataFrame, channel: Channel, known: Caused, i: int) -> pl.DataFrame:
    """A channel's money over its campaigns as the rule splits it.

    The split is as uncertain as its few buyers, and campaigns cause differently what they are credited with alike.
    """
    own = cells.filter(channel=channel.channel, market=channel.market)
    gained = np.maximum(own["credited"].to_numpy(), 0.0)
    share = gained / gained.sum() if gained.sum() > 0 else np.full(len(gained), 1 / len(gained))
    weight = rng.standard_gamma(np.maximum(own["buyers"].to_numpy(), 0.5)[:, None], (len(gained), known.draws.shape[1]))
    weight *= np.exp(CAMPAIGN_SD * rng.standard_normal(weight.shape))
    weight *= (share / np.maximum(own["buyers"].to_numpy(), 0.5))[:, None]
    total = np.maximum(weight.sum(axis=0), 1e-300)
    money = known.draws[i] * weight / total
    low, middle, high = np.quantile(money, [0.05, 0.5, 0.95], axis=1)
    verdict = known.verdict[i] if channel.credited > 0 else "no_data"
    return own.with_columns(
        pl.Series("caused", known.mean[i] * share),
        pl.Series("caused_p05", low),
        pl.Series("caused_p50", middle),
        pl.Series("caused_p95", high),
        pl.lit(verdict).alias("verdict"),
    )
