"""From touches and orders to counts: leads, first orders by lag, repeats by age; all of them sums over persons.

A person is a lead of the cell whose touch came first, unless an order came on an earlier day. Because every figure is
a sum over persons by (cell, day) or (cell, lag in weeks), the counts of two sets of persons add up to the counts of
both, and one more day adds the persons it touches (`haitu.plan.payback.counts`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from haitu.plan.payback.facts import CELL, Facts

WEEK_US = 7 * 86_400_000_000


def leads(touch: pl.DataFrame) -> pl.DataFrame:
    """person, CELL, lead_at: the first touch of each known person."""
    known = touch.filter(pl.col("person").is_not_null())
    first = known.sort("at", maintain_order=True).unique("person", keep="first", maintain_order=True)
    return first.select("person", *CELL, pl.col("at").alias("lead_at"))


def purchases(order: pl.DataFrame) -> pl.DataFrame:
    """person, number (0 = the first), at, gross, refund, back_at: orders with their refunds.

    A row below zero that is not a person's first is a refund of the latest order before it; `refund` is its sum
    (≤ 0), `back_at` the moment of the first such row.
    """
    known = order.filter(pl.col("person").is_not_null()).select("person", "at", "contribution")
    known = known.sort("person", "at", maintain_order=True)
    back = (pl.col("contribution") < 0) & ~pl.col("person").is_first_distinct()
    numbered = known.with_columns(
        pl.when(back).then(pl.col("contribution")).otherwise(0.0).alias("refund"),
        ((~back).cast(pl.Int32).cum_sum().over("person") - 1).alias("number"),
        pl.when(back).then(pl.col("at")).alias("back_at"),
    )
    return numbered.group_by("person", "number", maintain_order=True).agg(
        pl.col("at").first(),
        pl.col("contribution").first().alias("gross"),
        pl.col("refund").sum(),
        pl.col("back_at").min(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """`lead`: person, CELL, lead_at, first_at. `bought`: purchases of leads with the same columns.

    `strangers`: the first purchase (`at`) of each person who is no lead.
    """

    lead: pl.DataFrame
    bought: pl.DataFrame
    strangers: pl.DataFrame

    def until(self, end: datetime) -> Journeys:
        """As it was known at an earlier moment."""
        back = pl.col("back_at") < end
        return Journeys(
            lead=self.lead.filter(pl.col("lead_at") < end),
            bought=self.bought.filter(pl.col("at") < end).with_columns(
                pl.when(back).then("refund").otherwise(0.0).alias("refund"), pl.when(back).then("back_at")
            ),
            strangers=self.strangers.filter(pl.col("at") < end),
        )


def journeys(facts: Facts) -> Journeys:
    """Leads and what they bought. Who had ordered on a day before the first touch is a customer already and no lead."""
    lead, bought = leads(facts.touch), purchases(facts.order)
    first = bought.filter(pl.col("number") == 0).select("person", pl.col("at").alias("first_at"))
    lead = lead.join(first, on="person", how="left")
    lead = lead.filter(pl.col("first_at").is_null() | (pl.col("first_at").dt.date() >= pl.col("lead_at").dt.date()))
    return Journeys(
        lead=lead,
        bought=bought.join(lead, on="person", how="inner"),
        strangers=first.join(lead, on="person", how="anti").select(pl.col("first_at").alias("at")),
    )
