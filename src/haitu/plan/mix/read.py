"""From a folder of tables to a panel: weeks filled, rows that cannot be meant refused by number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from haitu.core.errors import Refusal
from haitu.plan import tables
from haitu.plan.mix.panel import Panel, Test
from haitu.plan.mix.response import Floats
from haitu.plan.tables import Column, Problem, Table

EVERY = "*"
SHARE = 1.5  # a lift up to here, its unit unsaid, is the share of buyers that payback is told, not money
FEWEST = 8  # weeks of outcome below which nothing can be said
SPEND = (
    Column("channel", "text"),
    Column("market", "text", required=False, default=EVERY),
    Column("campaign", "text", required=False, default=EVERY),
    Column("week", "date"),  # by day or by week; summed by week once repeats are out
    Column("amount", "amount"),
)
EXPERIMENT = (
    Column("channel", "text"),
    Column("market", "text", required=False, default=EVERY),
    Column("start", "date"),
    Column("end", "date"),
    Column("lift", "number", required=False),
    Column("se", "number", required=False),
    Column("unit", "text", required=False, default="unsaid"),
    Column("brought", "number", required=False),  # money, as `experiment read` writes it beside the share
    Column("brought_se", "number", required=False),
)
PRICE = (
    Column("channel", "text", required=False, default=EVERY),
    Column("market", "text", required=False, default=EVERY),
    Column("week", "week"),
    Column("index", "number"),
)
EVENT = (
    Column("event", "text", required=False, default="event"),
    Column("market", "text", required=False, default=EVERY),
    Column("week", "week"),
    Column("value", "number"),
)
KIND = (Column("channel", "text"), Column("kind", "text"))


class TooLittle(Refusal):
    """There is no week of outcome or no channel that spent: nothing can be estimated."""

    code = "mix_too_little"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A panel, the rows that were left out, and the channels that never spent."""

    panel: Panel
    problems: tuple[Problem, ...]
    idle: tuple[str, ...]


def gather(folder: Path, as_of: date, *, outcome_column: str = "contribution") -> Given:
    """Reads spend, outcome and whatever else is there; weeks that end after `as_of` are refused."""
    spend = tables.read(folder, "spend", SPEND)
    spend = tables.refuse(spend, pl.col("amount") < 0, column="amount", wanted="an amount, not below 0")
    spend = _weekly(tables.refuse_repeats(spend, ("channel", "market", "campaign", "week")), as_of)
    outcome = _weekly(
        tables.refuse_repeats(tables.read(folder, "outcome", _outcome(outcome_column)), ("market", "week")), as_of
    )
    known = [*outcome.frame["market"].unique(), EVERY]
    if known != [EVERY, EVERY]:
        stray = ~pl.col("market").is_in(known)
        spend = tables.refuse(spend, stray, column="market", wanted="a market that has an outcome")
    price = tables.read(folder, "price", PRICE, required=False)
    price = tables.refuse(price, pl.col("index") <= 0, column="index", wanted="a price index above 0")
    event = tables.read(folder, "event", EVENT, required=False)
    test = tables.read(folder, "experiment", EXPERIMENT, required=False)
    test = tables.refuse(test, pl.col("se") <= 0, column="se", wanted="a standard error above 0")
    test = tables.refuse(test, pl.col("end") < pl.col("start"), column="end", wanted="a day not before start")
    test = tables.refuse(test, pl.col("brought_se") <= 0, column="brought_se", wanted="a standard error above 0")
    told = pl.col("brought").is_not_null() & pl.col("brought_se").is_not_null()
    test = tables.refuse(test, ~told & pl.col("lift").is_null(), column="lift", wanted="a number such as 1250")
    test = tables.refuse(test, ~told & pl.col("se").is_null(), column="se", wanted="a number such as 300")
    money = pl.col("unit").is_in(["money", "ratio"]) | ((pl.col("unit") == "unsaid") & (pl.col("lift").abs() > SHARE))
    test = tables.refuse(
        test, ~told & ~money, column="unit", wanted="money or ratio; a share of buyers serves payback only"
    )
    kinds = tables.read(folder, "channel", KIND, required=False)
    tables.one_currency(spend, outcome)
    every = (spend, outcome, price, event, test, kinds)
    panel, idle = _panel(
        spend=spend.frame,
        outcome=outcome.frame,
        price=price.frame,
        event=event.frame,
        test=test.frame,
        kinds=kinds.frame,
        outcome_column=outcome_column,
    )
    return Given(panel=panel, problems=tuple(p for table in every for p in table.problems), idle=idle)


def _outcome(column: str) -> tuple[Column, ...]:
    return (Column("market", "text", required=False, default=EVERY), Column("week", "date"), Column(column, "amount"))


def _weekly(table: Table, as_of: date) -> Table:
    """Each row at the Monday of its week, which must be over."""
    table = replace(table, frame=table.frame.with_columns(pl.col("week").dt.truncate("1w")))
    late = pl.col("week") + pl.duration(days=6) > as_of
    return tables.refuse(table, late, column="week", wanted=f"a week that is over by {as_of}")


def _panel(
    *,
    spend: pl.DataFrame,
    outcome: pl.DataFrame,
    price: pl.DataFrame,
    event: pl.DataFrame,
    test: pl.DataFrame,
    kinds: pl.DataFrame,
    outcome_column: str,
) -> tuple[Panel, tuple[str, ...]]:
    if outcome.height < FEWEST:
        raise TooLittle(f"The table outcome has {outcome.height} usable rows; at least {FEWEST} weeks are needed.")
    markets = tuple(outcome["market"].unique().sort())
    spend = _spread_over(spend, outcome, markets, outcome_column)
    spent = spend.group_by("channel").agg(pl.col("amount").sum()).sort("channel")
    channels = tuple(spent.filter(pl.col("amount") > 0)["channel"])
    idle = tuple(spent.filter(pl.col("amount") <= 0)["channel"])
    if not channels:
        raise TooLittle("The table spend has no amount above 0 in a market that has an outcome.")
    first, last = outcome["week"].sort().to_list()[0], outcome["week"].sort().to_list()[-1]
    begin = min(first, spend["week"].sort().to_list()[0])
    before, weeks = (first - begin).days // 7, (last - first).days // 7 + 1
    at = Places(markets=markets, begin=begin, weeks=before + weeks)
    money = np.stack([at.fill(spend.filter(pl.col("channel") == c), "amount", 0.0) for c in channels], axis=1)
    dearness = np.stack([_dearness(price, channel, at) for channel in channels], axis=1)
    y = at.fill(outcome, outcome_column, np.nan)[:, before:]
    names = tuple(event["event"].unique().sort()) if event.height else ()
    days = tuple(first + timedelta(weeks=week) for week in range(weeks))
    said = dict(zip(kinds["channel"], kinds["kind"], strict=True))
    panel = Panel(
        channels=channels,
        markets=markets,
        weeks=days,
        outcome=np.nan_to_num(y),
        seen=~np.isnan(y),
        spend=money,
        exposure=money / dearness,
        controls=_controls(
            [at.fill(event.filter(pl.col("event") == name), "value", 0.0)[:, before:] for name in names], y
        ),
        control_names=names,
        kinds=tuple(said.get(channel, "") for channel in channels),
        tests=_tests(test, channels, markets, first=first, weeks=weeks, spend=money[:, :, before:]),
        week_of_year=np.array([day.timetuple().tm_yday / 365.25 for day in days]),
    )
    return panel, idle


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a row's market and week stand in the panel."""

    markets: tuple[str, ...]
    begin: date
    weeks: int

    def fill(self, frame: pl.DataFrame, column: str, empty: float) -> Floats:
        """(market, week): sums of a column; a row for every market goes to each; `empty` where there is no row."""
        filled = np.full((len(self.markets), self.weeks), empty)
        for market, week, value in frame.select("market", "week", column).iter_rows():
            place = (week - self.begin).days // 7
            if not 0 <= place < self.weeks:
                continue
            rows = range(len(self.markets)) if market == EVERY and EVERY not in self.markets else self._row(market)
            for row in rows:
                had = filled[row, place]
                filled[row, place] = value if np.isnan(had) or empty == 1.0 else had + value
        return filled

    def _row(self, market: str) -> list[int]:
        return [self.markets.index(market)] if market in self.markets else []


def _spread_over(
    spend: pl.DataFrame, outcome: pl.DataFrame, markets: tuple[str, ...], outcome_column: str
) -> pl.DataFrame:
    """Spend of all markets is shared out by the markets' outcome; spend of a market without outcome has no effect."""
    if markets == (EVERY,):
        return spend.with_columns(market=pl.lit(EVERY))
    size = outcome.group_by("market").agg(pl.col(outcome_column).abs().sum().alias("size"))
    share = size.with_columns(share=pl.col("size") / pl.max_horizontal(pl.col("size").sum(), 1e-12))
    everywhere = spend.filter(pl.col("market") == EVERY).drop("market").join(share, how="cross")
    everywhere = everywhere.with_columns(amount=pl.col("amount") * pl.col("share"))
    return pl.concat([spend.filter(pl.col("market").is_in(list(markets))), everywhere.select(spend.columns)])


def _dearness(price: pl.DataFrame, channel: str, at: Places) -> Floats:
    mine = price.filter(pl.col("channel").is_in([channel, EVERY]))
    return at.fill(mine, "index", 1.0)


def _controls(filled: list[Floats], outcome: Floats) -> Floats:
    """(control, market, week), each divided by its spread over all weeks so that one prior fits all."""
    if not filled:
        return np.zeros((0, *outcome.shape))
    stacked = np.stack(filled)
    spread = stacked.std(axis=(1, 2), keepdims=True)
    return np.asarray(stacked / np.where(spread > 0, spread, 1.0))


def _tests(
    frame: pl.DataFrame, channels: tuple[str, ...], markets: tuple[str, ...], *, first: date, weeks: int, spend: Floats
) -> tuple[Test, ...]:
    """Experiments on known channels that lie in the window; a ratio is per unit of money spent in those weeks."""
    found = []
    for row in frame.iter_rows(named=True):
        start = max((row["start"] - first).days // 7, 0)
        end = min((row["end"] - first).days // 7 + 1, weeks)
        everywhere = row["market"] == EVERY
        if row["channel"] not in channels or start >= end or not (everywhere or row["market"] in markets):
            continue
        channel = channels.index(row["channel"])
        market = None if everywhere else markets.index(row["market"])
        spent = float(spend[slice(None) if everywhere else market, channel, start:end].sum())
        unit = spent if row["unit"] == "ratio" else 1.0
        if row["brought"] is not None and row["brought_se"] is not None:
            lift, se = row["brought"], row["brought_se"]
        else:
            lift, se = row["lift"] * unit, row["se"] * unit
        if spent > 0:
            found.append(Test(channel=channel, market=market, start=start, end=end, lift=lift, se=se))
    return tuple(found)
