"""The sums the model is fitted to, per cell: they add up over persons, so that more persons only add to them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from haitu.plan.payback.facts import CELL, Facts, cells
from haitu.plan.payback.journeys import WEEK_US, Journeys, journeys

Array = NDArray[np.float64]
Cell = tuple[str, str, str]
REFUND_WEEKS = 13  # a refund later than that is counted there


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Arrays over cells (C); days run from `start` to and with `as_of` (D), lags and ages in weeks (L)."""

    cells: tuple[Cell, ...]
    start: date
    as_of: date
    spent: Array  # C × D, money: a week's spend lies on its Monday
    leads: Array  # C × D, by day of the first touch
    buyers: Array  # C × D, by day of the first order
    first_by_lag: Array  # C × L, first orders by weeks since the lead
    again_by_age: Array  # C × L, later orders by weeks since the first
    strangers: Array  # D, first orders of persons who are no leads
    again_by_day: Array  # D
    again_squared: Array  # D, later orders of each person squared, by day of the first order
    again_of_day: Array  # D, later orders by day of the first order
    paid: Array  # C × 2 × 3: first and later orders; how many, sum and sum of squares of contribution with refunds
    earned: Array  # C × D, contribution with refunds, by day of the lead
    gross: Array  # D, contribution of orders before refunds, by day of the order
    refunded: Array  # REFUND_WEEKS, refunds by weeks after the order (≤ 0)

    @property
    def days(self) -> int:
        """How many days are known."""
        return (self.as_of - self.start).days + 1

    def paid_for(self, cell: int) -> slice:
        """The days whose leads a cell's spend can have brought: from its first week to the one after its last."""
        days = np.flatnonzero(self.spent[cell] > 0)
        return slice(int(days[0]), int(days[-1]) + 14) if len(days) else slice(0, 0)


def count(facts: Facts, *, start: date | None = None, places: tuple[Cell, ...] = ()) -> Counts:
    """All sums of the facts.

    `start`: the first day, a Monday; by default the week of the first spend or touch. `places`: the cells, where there
    are to be more than the facts name.
    """
    start, places = start or first_day(facts), places or tuple(cells(facts))
    return tally(facts.spend, journeys(facts), start=start, as_of=facts.as_of, places=places)


def tally(spent: pl.DataFrame, told: Journeys, *, start: date, as_of: date, places: tuple[Cell, ...]) -> Counts:
    """The sums of spend and journeys that begin on or after `start`."""
    days = (as_of - start).days + 1
    weeks = -(-days // 7)
    index = pl.DataFrame(places, schema=dict.fromkeys(CELL, pl.String), orient="row").with_row_index("cell")
    lead = told.lead.join(index, on=CELL, how="left").filter(pl.col("lead_at") >= start)
    bought = told.bought.join(index, on=CELL, how="left").filter(pl.col("lead_at") >= start)
    spend = spent.join(index, on=CELL, how="left")
    begin = pl.lit(start).cast(pl.Datetime("us"))
    lead = lead.with_columns(day=_days(pl.col("lead_at"), begin))
    bought = bought.with_columns(
        day=_days(pl.col("at"), begin),
        lead_day=_days(pl.col("lead_at"), begin),
        first_day=_days(pl.col("first_at"), begin),
        lag=_weeks(pl.col("first_at") - pl.col("lead_at")),
        age=_weeks(pl.col("at") - pl.col("first_at")),
        net=pl.col("gross") + pl.col("refund"),
        again=(pl.col("number") > 0).cast(pl.Int64),
    )
    first, again = bought.filter(pl.col("number") == 0), bought.filter(pl.col("number") > 0)
    per_person = again.group_by("person").agg(pl.len().alias("n"), pl.col("first_day").first())
    refunds = bought.filter(pl.col("back_at").is_not_null()).with_columns(
        after=_weeks(pl.col("back_at") - pl.col("at"))
    )
    n, by_day, by_week = len(places), (len(places), days), (len(places), weeks)
    return Counts(
        cells=places,
        start=start,
        as_of=as_of,
        spent=_sum(by_day, spend["cell"], _int(spend, (pl.col("week") - start).dt.total_days()), spend["amount"]),
        leads=_sum(by_day, lead["cell"], lead["day"]),
        buyers=_sum(by_day, first["cell"], first["first_day"]),
        first_by_lag=_sum(by_week, first["cell"], first["lag"]),
        again_by_age=_sum(by_week, again["cell"], again["age"]),
        strangers=_sum((1, days), None, _int(told.strangers, _days(pl.col("at"), begin)))[0],
        again_by_day=_sum((1, days), None, again["day"])[0],
        again_squared=_sum((1, days), None, per_person["first_day"], per_person["n"].cast(pl.Float64) ** 2)[0],
        again_of_day=_sum((1, days), None, again["first_day"])[0],
        paid=np.stack([_sum((n, 2), bought["cell"], bought["again"], bought["net"] ** k) for k in range(3)], axis=2),
        earned=_sum(by_day, bought["cell"], bought["lead_day"], bought["net"]),
        gross=_sum((1, days), None, bought["day"], bought["gross"])[0],
        refunded=_sum((1, REFUND_WEEKS), None, refunds["after"].clip(0, REFUND_WEEKS - 1), refunds["refund"])[0],
    )


def one_more(counts: Counts, before: Facts, after: Facts) -> Counts:
    """The counts of `after`, from those of `before` and of the persons that `after` tells more of.

    Touches and orders of `after` are those of `before`, in the same order, and more below them, such as those of one
    more day. Spend may have been corrected: it is taken anew.
    """
    touch, order = after.touch[before.touch.height :], after.order[before.order.height :]
    persons = pl.concat([touch["person"], order["person"]]).drop_nulls().unique()
    places = tuple(sorted({*counts.cells, *cells(after)}))
    as_known = replace(_of(before, persons), as_of=after.as_of)
    old, new = (count(facts, start=counts.start, places=places) for facts in (as_known, _of(after, persons)))
    summed = {
        field.name: _placed(getattr(counts, field.name), getattr(new, field.name), counts.cells, places)
        - getattr(old, field.name)
        + getattr(new, field.name)
        for field in fields(Counts)
        if field.name not in {"cells", "start", "as_of", "spent"}
    }
    return Counts(cells=places, start=counts.start, as_of=after.as_of, spent=new.spent, **summed)


def _of(facts: Facts, persons: pl.Series) -> Facts:
    """The facts of some persons; spend is everybody's."""
    touch, order = (frame.filter(pl.col("person").is_in(persons.implode())) for frame in (facts.touch, facts.order))
    return replace(facts, touch=touch, order=order)


def _placed(values: Array, like: Array, cells_of: tuple[Cell, ...], places: tuple[Cell, ...]) -> Array:
    """Values in the shape of `like`: cells at their new places, more days and weeks than before with nothing."""
    result = np.zeros_like(like)
    if values.ndim == 1:
        result[: len(values)] = values
        return result
    at = [places.index(cell) for cell in cells_of]
    result[at, : values.shape[1]] = values
    return result


def first_day(facts: Facts) -> date:
    """The Monday of the first spend or touch."""
    days = [day for day in (facts.spend["week"].min(), facts.touch["at"].dt.date().min()) if isinstance(day, date)]
    first = min(days, default=facts.as_of)
    return first - timedelta(days=first.weekday())


def _days(moment: pl.Expr, begin: pl.Expr) -> pl.Expr:
    return (moment - begin).dt.total_days()


def _weeks(span: pl.Expr) -> pl.Expr:
    return span.dt.total_microseconds().clip(0) // WEEK_US


def _int(frame: pl.DataFrame, expression: pl.Expr) -> pl.Series:
    return frame.select(expression.alias("v"))["v"]


def _sum(shape: tuple[int, int], row: pl.Series | None, column: pl.Series, weight: pl.Series | None = None) -> Array:
    """Sums of `weight` (or a count) by row and column; columns beyond the last are left out."""
    rows = np.zeros(len(column), np.int64) if row is None else row.to_numpy().astype(np.int64)
    columns = column.to_numpy().astype(np.int64)
    weights = None if weight is None else weight.to_numpy().astype(np.float64)
    inside = (columns >= 0) & (columns < shape[1])
    flat = rows[inside] * shape[1] + columns[inside]
    summed = np.bincount(flat, None if weights is None else weights[inside], shape[0] * shape[1])
    result: Array = summed.reshape(shape).astype(np.float64)
    return result
