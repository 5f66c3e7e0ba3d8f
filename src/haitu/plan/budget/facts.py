"""A folder of tables read into what a budget is asked from; docs/budget.md names every column with its unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haitu.core.errors import Refusal
from haitu.plan.budget.ask import DAYS_A_MONTH, Cell, Limit, Money, NothingToPlan, Responses
from haitu.plan.budget.curves import ELASTICITY, Curve, hull, saturating
from haitu.plan.payback.answer import answer as payback_of
from haitu.plan.payback.facts import gather as payback_facts
from haitu.plan.tables import Column, Problem, Table, one_currency, read, refuse, refuse_repeats

Array = NDArray[np.float64]

KEY = ("channel", "market", "campaign")
FURTHEST = 36  # months after the spending of which a table may speak
WEEKS_OF_TODAY = 13  # today's spend is the mean of so many weeks
MOST_TIMES = 2.0  # a measured curve is not followed further than this many times today's spend: nobody was there
TOGETHER = 0.5  # of what is not known of a cell, the part that its channel's cells share: an assumption
PAYBACK_DRAWS = 400
LEAST_ELASTIC = 0.2
UNKNOWN = ("unidentified", "no_data")
BAND = 2 * 1.6448536  # standard deviations between p05 and p95

NAMES = tuple(Column(name, "text") for name in KEY)
SPEND = (*NAMES, Column("week", "week"), Column("amount", "amount"))
RESPONSE = (
    *NAMES,
    Column("month", "date", required=False),
    Column("spend", "amount"),
    *(Column(f"r_m{h}", "amount", required=False) for h in range(1, FURTHEST + 1)),
)
PAYBACK = (
    *NAMES,
    Column("verdict", "text", required=False),
    *(Column(f"v_m{h}_{p}", "number", required=False) for h in range(1, FURTHEST + 1) for p in ("p05", "p50", "p95")),
)
ELASTIC = (Column("channel", "text"), Column("market", "text", required=False), Column("elasticity", "number"))
MIX = (
    *(Column("channel", "text"), Column("market", "text", False, "*"), Column("verdict", "text", False)),
    *(Column("roi_p50", "number", False), Column("marginal_p50", "number", False)),
)
CASH = (Column("month", "date"), Column("amount", "amount"), Column("floor", "amount", required=False, default=0.0))
TERMS = (Column("channel", "text"), Column("credit_days", "count"))
SETTLEMENT = (
    Column("market", "text"),
    Column("outlet", "text", required=False, default=""),
    Column("share", "number", required=False, default=1.0),
    Column("days", "count"),
)
FX = (Column("market", "text"), Column("month", "date"), Column("rate", "number"))
LIMIT = (
    *(Column(name, "text", required=False) for name in KEY),
    Column("month", "date", required=False),
    Column("minimum", "amount", required=False),
    Column("maximum", "amount", required=False),
    Column("when_used", "amount", required=False),
)
DRAW = (Column("draw", "count"), *NAMES, Column("factor", "number"))


class OneHorizon(Refusal):
    """A table speaks of no month after the spending: give columns such as r_m1 … r_m24, or v_m24_p50."""

    code = "no_horizon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All a budget needs from its folder."""

    responses: Responses
    money: Money
    limits: tuple[Limit, ...]
    currency: str
    problems: tuple[Problem, ...]


def next_quarter(as_of: date) -> tuple[date, ...]:
    """The three calendar months after the month of `as_of`."""
    first = as_of.year * 12 + as_of.month
    return tuple(date((first + i) // 12, (first + i) % 12 + 1, 1) for i in range(3))


def gather(folder: Path, *, as_of: date, opening: float | None, seed: int, draws: int) -> Facts:
    """Reads the folder as of a day. Without `opening` and without a table `cash`, cash is not watched."""
    months = next_quarter(as_of)
    spend = _spend(folder, as_of)
    now = _now(spend.frame, as_of)
    tables = [spend]
    response = read(folder, "response", RESPONSE, required=False)
    if response.frame.height or response.problems:
        response = _clean_response(response)
        cells, curves, shares = _given_responses(response.frame, months)
        unidentified, spread = np.zeros(len(cells), bool), np.zeros(len(cells))
        tables.append(response)
    else:
        payback = _payback(folder, as_of=as_of, seed=seed)
        elastic = read(folder, "elasticity", ELASTIC, required=False)
        bad = ~((pl.col("elasticity") > 0) & (pl.col("elasticity") <= 1))
        elastic = refuse(elastic, bad, column="elasticity", wanted="a number above 0, at most 1")
        mix = read(folder, "mix", MIX, required=False)
        tables += [payback, elastic]
        cells, curves, shares, unidentified, spread = _from_payback(
            payback.frame, now, _elasticity(elastic.frame, mix.frame), months
        )
    if not cells:
        raise NothingToPlan("There is no response to plan with: give a table `response`, or `payback` beside `spend`.")
    money, of_money = _money(folder, cells, months, opening)
    limits, limit_table = _limits(folder, cells, months)
    factors, drawn = _factors(folder, cells, spread, seed=seed, draws=draws)
    tables += [*of_money, limit_table, drawn]
    return Facts(
        responses=Responses(
            cells=cells,
            curves=curves,
            shares=shares,
            now=np.array([now.get(cell, 0.0) for cell in cells]),
            unidentified=unidentified,
            factors=factors,
        ),
        money=money,
        limits=limits,
        currency=one_currency(*tables),
        problems=tuple(problem for table in tables for problem in table.problems),
    )


def _spend(folder: Path, as_of: date) -> Table:
    table = read(folder, "spend", SPEND, required=False)
    table = refuse(table, pl.col("amount") < 0, column="amount", wanted="an amount not below 0")
    table = refuse(table, pl.col("week") > as_of, column="week", wanted=f"a week that began by {as_of}")
    return refuse_repeats(table, [*KEY, "week"])


def _now(spend: pl.DataFrame, as_of: date) -> dict[Cell, float]:
    """Today's spend of each cell in a month: the mean of the last quarter's weeks."""
    first = as_of - timedelta(weeks=WEEKS_OF_TODAY)
    recent = spend.filter(pl.col("week") > first).group_by(KEY).agg(pl.col("amount").sum()).sort(KEY)
    weekly = DAYS_A_MONTH / 7 / WEEKS_OF_TODAY
    return {Cell(*key): amount * weekly for *key, amount in recent.iter_rows()}


# From a table of responses ----------------------------------------------------------------------------------------


def _clean_response(table: Table) -> Table:
    table = refuse(table, pl.col("spend") < 0, column="spend", wanted="an amount not below 0")
    return refuse_repeats(table, [*KEY, "month", "spend"])


def _horizons(frame: pl.DataFrame, form: str) -> list[int]:
    found = [
        h
        for h in range(1, FURTHEST + 1)
        if form.format(h) in frame.columns and not frame[form.format(h)].is_null().all()
    ]
    if not found and frame.height:
        raise OneHorizon(f"The table speaks of no month after the spending; give columns such as {form.format(24)}.")
    return found


def _given_responses(
    frame: pl.DataFrame, months: Sequence[date]
) -> tuple[tuple[Cell, ...], tuple[tuple[Curve, ...], ...], Array]:
    """Concave hulls of the given points; the share that is back by a month is the slowest of a cell's points."""
    horizons = _horizons(frame, "r_m{}")
    frame = frame.drop_nulls(f"r_m{horizons[-1]}") if horizons else frame
    cells, curves, shares = [], [], []
    for key, rows in frame.sort([*KEY, "spend"]).group_by(KEY, maintain_order=True):
        cells.append(Cell(*(str(name) for name in key)))
        by_month = []
        for month in months:
            own = rows.filter(pl.col("month").dt.truncate("1mo") == month)
            points = own if own.height else rows.filter(pl.col("month").is_null())
            by_month.append(hull(points["spend"].to_numpy(), points[f"r_m{horizons[-1]}"].to_numpy()))
        curves.append(tuple(by_month))
        shares.append(_slowest(rows, horizons))
    return tuple(cells), tuple(curves), _rows(shares)


def _rows(shares: Sequence[Array]) -> Array:
    return np.array(shares) if shares else np.zeros((0, 1))


def _slowest(rows: pl.DataFrame, horizons: Sequence[int]) -> Array:
    known: list[tuple[int, float]] = [(0, 0.0)]
    last = rows[f"r_m{horizons[-1]}"].to_numpy()
    for h in horizons[:-1]:
        value = rows[f"r_m{h}"].to_numpy()
        counted = (last > 0) & np.isfinite(value)
        if counted.any():
            known.append((h, float((value[counted] / last[counted]).min())))
    known.append((horizons[-1], 1.0))
    at, share = zip(*known, strict=True)
    return np.asarray(np.interp(np.arange(horizons[-1] + 1), at, share))


# From a payback table ---------------------------------------------------------------------------------------------


def _payback(folder: Path, *, as_of: date, seed: int) -> Table:
    """The table given, or else what the folder's touches and orders say."""
    table = refuse_repeats(read(folder, "payback", PAYBACK, required=False), KEY)
    if table.frame.height or table.problems or not any(folder.glob("touch.*")):
        return table
    found = payback_of(payback_facts(folder, as_of=as_of), seed=seed, draws=PAYBACK_DRAWS)
    frame = found.payback.with_columns(pl.selectors.float().fill_nan(None))
    missing = [pl.lit(None, pl.Float64).alias(c.name) for c in PAYBACK if c.name not in frame.columns]
    problems = tuple(problem for problem in found.problems if problem.table != "spend")  # those are told already
    return Table(name="payback", frame=frame.with_columns(missing), problems=problems)


def _elasticity(frame: pl.DataFrame, mix: pl.DataFrame) -> dict[tuple[str, str | None], float]:
    """Told, or else by the mix model where it knows: what one more unit brings beside the average one."""
    known = mix.filter((pl.col("verdict") == "identified") & (pl.col("roi_p50") > 0) & (pl.col("marginal_p50") > 0))
    ratio = (pl.col("marginal_p50") / pl.col("roi_p50")).clip(LEAST_ELASTIC, 1.0)
    found = known.select("channel", pl.col("market").replace({"*": None}), ratio).iter_rows()
    told = frame.select("channel", "market", "elasticity").iter_rows()
    return {(channel, market): value for channel, market, value in (*found, *told)}


def _from_payback(
    frame: pl.DataFrame, now: dict[Cell, float], elastic: dict[tuple[str, str | None], float], months: Sequence[date]
) -> tuple[tuple[Cell, ...], tuple[tuple[Curve, ...], ...], Array, NDArray[np.bool_], Array]:
    """Saturating curves through what today's spend brings; cells without spend or value are left out."""
    horizons = _horizons(frame, "v_m{}_p50")
    cells, curves, shares, unknown, spread = [], [], [], [], []
    for row in frame.sort(KEY).iter_rows(named=True):
        cell = Cell(row["channel"], row["market"], row["campaign"])
        last = row[f"v_m{horizons[-1]}_p50"]
        if now.get(cell, 0.0) <= 0 or last is None or last <= 0:
            continue
        rate = elastic.get((cell.channel, cell.market), elastic.get((cell.channel, None), ELASTICITY))
        hidden = row["verdict"] in UNKNOWN
        most = now[cell] * (1.0 if hidden else MOST_TIMES)
        cells.append(cell)
        curves.append((saturating(now[cell], last * now[cell], elasticity=rate, most=most),) * len(months))
        known = [(h, row[f"v_m{h}_p50"] / last) for h in horizons if row[f"v_m{h}_p50"] is not None]
        at, share = zip((0, 0.0), *known, strict=True)
        shares.append(np.interp(np.arange(horizons[-1] + 1), at, share))
        unknown.append(hidden)
        low, high = row[f"v_m{horizons[-1]}_p05"], row[f"v_m{horizons[-1]}_p95"]
        spread.append(np.log(high / max(low, 0.01 * high)) / BAND if low is not None and high and high > 0 else 0.0)
    return (
        tuple(cells),
        tuple(curves),
        _rows(shares),
        np.array(unknown, bool),
        np.array(spread),
    )


# Money, bounds and draws ------------------------------------------------------------------------------------------


def _money(
    folder: Path, cells: Sequence[Cell], months: Sequence[date], opening: float | None
) -> tuple[Money, list[Table]]:
    cash = read(folder, "cash", CASH, required=False)
    terms = refuse_repeats(read(folder, "terms", TERMS, required=False), ["channel"])
    settlement = read(folder, "settlement", SETTLEMENT, required=False)
    settlement = refuse(settlement, pl.col("share") < 0, column="share", wanted="a share not below 0")
    fx = read(folder, "fx", FX, required=False)
    fx = refuse(fx, pl.col("rate") <= 0, column="rate", wanted="a rate above 0")
    credit = dict(terms.frame.select("channel", "credit_days").iter_rows())
    if opening is None and cash.frame.height:
        opening = 0.0
    other, floor = _by_month(cash.frame, months[0])
    money = Money(
        opening=opening,
        other=other,
        floor=floor,
        credit_days=np.array([float(credit.get(cell.channel, 0)) for cell in cells]),
        settlement=tuple(_outlets(settlement.frame, cell.market) for cell in cells),
        rate=_rates(fx.frame, cells, months[0]),
    )
    return money, [cash, terms, settlement, fx]


def _later(month: pl.Series, first: date) -> list[int]:
    return [(day.year - first.year) * 12 + day.month - first.month for day in month]


def _by_month(cash: pl.DataFrame, first: date) -> tuple[Array, Array]:
    """Other cash and the floor from the first planned month on; rows of one month add up, their highest floor holds."""
    later = _later(cash["month"], first)
    length = max([1, *(at + 1 for at in later)])
    other, floor = np.zeros(length), np.zeros(length)
    for at, amount, least in zip(later, cash["amount"], cash["floor"], strict=True):
        if at >= 0:
            other[at] += amount
            floor[at] = max(floor[at], least)
    return other, floor


def _outlets(frame: pl.DataFrame, market: str) -> tuple[tuple[float, float], ...]:
    rows = frame.filter(pl.col("market") == market)
    total = float(rows["share"].sum())
    if total <= 0:
        return ((1.0, 0.0),)
    return tuple((share / total, float(days)) for share, days in rows.select("share", "days").iter_rows())


def _rates(frame: pl.DataFrame, cells: Sequence[Cell], first: date) -> Array:
    """A market's rate of a month; a month without one keeps the one before, and 1 before the first."""
    later = _later(frame["month"], first)
    length = max([1, *(at + 1 for at in later)])
    by_market: dict[str, Array] = {}
    for market in sorted(set(frame["market"])):
        rate, last = np.ones(length), 1.0
        told = {at: value for at, m, value in zip(later, frame["market"], frame["rate"], strict=True) if m == market}
        for at in range(min([0, *told]), length):
            last = told.get(at, last)
            if at >= 0:
                rate[at] = last
        by_market[market] = rate
    return np.array([by_market.get(cell.market, np.ones(length)) for cell in cells])


def _limits(folder: Path, cells: Sequence[Cell], months: Sequence[date]) -> tuple[tuple[Limit, ...], Table]:
    table = read(folder, "limit", LIMIT, required=False)
    for column in ("minimum", "maximum", "when_used"):
        table = refuse(table, pl.col(column) < 0, column=column, wanted="an amount not below 0")
    asked = months[0], months[-1]
    elsewhere = ~pl.col("month").dt.truncate("1mo").is_between(*asked) & pl.col("month").is_not_null()
    table = refuse(
        table, elsewhere, column="month", wanted=f"a month from {asked[0]:%Y-%m} to {asked[1]:%Y-%m}, or none"
    )
    limits, lost = [], []
    for row in table.frame.iter_rows(named=True):
        limit = Limit(
            channel=row["channel"],
            market=row["market"],
            campaign=row["campaign"],
            month=None if row["month"] is None else _later(pl.Series([row["month"]]), months[0])[0],
            minimum=row["minimum"] or 0.0,
            maximum=float("inf") if row["maximum"] is None else row["maximum"],
            when_used=row["when_used"] or 0.0,
        )
        if limit.matching(cells):
            limits.append(limit)
        else:
            lost.append(row["row"])
    wanted = "a channel, market and campaign that the responses know"
    return tuple(limits), refuse(table, pl.col("row").is_in(lost), column="channel", wanted=wanted)


def _factors(folder: Path, cells: Sequence[Cell], spread: Array, *, seed: int, draws: int) -> tuple[Array, Table]:
    """Draws of what each cell's contribution is multiplied by: the table's, else lognormal around the given bands."""
    table = read(folder, "draw", DRAW, required=False)
    table = refuse(table, pl.col("factor") < 0, column="factor", wanted="a factor not below 0")
    table = refuse_repeats(table, ["draw", *KEY])
    if table.frame.height:
        number = {draw: i for i, draw in enumerate(sorted(set(table.frame["draw"])))}
        of = {cell: c for c, cell in enumerate(cells)}
        factors = np.ones((len(number), len(cells)))
        for draw, *key, factor in table.frame.select("draw", *KEY, "factor").iter_rows():
            if Cell(*key) in of:
                factors[number[draw], of[Cell(*key)]] = factor
        return factors, table
    rng = np.random.default_rng(seed)
    channels = sorted({cell.channel for cell in cells})
    shared = rng.normal(size=(draws, len(channels)))[:, [channels.index(cell.channel) for cell in cells]]
    own = rng.normal(size=(draws, len(cells)))
    return np.exp(spread * (np.sqrt(TOGETHER) * shared + np.sqrt(1 - TOGETHER) * own)), table
