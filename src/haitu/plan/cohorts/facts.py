"""`orders(customer, at, amount)` from a folder, as purchase days; what is left out is said, by number or as a count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from haitu.core.errors import Refusal
from haitu.plan import tables
from haitu.plan.cohorts.history import Bought

COLUMNS = (
    tables.Column("customer", "text"),
    tables.Column("at", "moment"),
    tables.Column("amount", "amount"),
    tables.Column("order", "text", required=False),
)


FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 1, 1)


class NothingBefore(Refusal):
    """No order lies on or before the day asked for, so there is nobody to forecast."""

    code = "nothing_before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`customers` in the order of `bought.owner`, each with an order until `as_of`; and what was left out."""

    customers: pl.Series
    bought: Bought
    until: int  # the first day not known, since 1970
    problems: tuple[tables.Problem, ...]
    later: int  # orders after as_of, not used
    refunds: int
    strangers: int  # refunds of people without an order


def read(folder: Path, as_of: date) -> Facts:
    """Raises BadTable where the table cannot be used, NothingBefore where no good row lies before."""
    if not FIRST_DAY <= as_of <= LAST_DAY:
        raise NothingBefore(f"{as_of} is no day of trade; give one from {FIRST_DAY} to {LAST_DAY}.", field="as_of")
    table = tables.read(folder, "orders", COLUMNS)
    table = tables.refuse(table, pl.col("at") < FIRST_DAY, column="at", wanted=f"a day since {FIRST_DAY}")
    table = tables.refuse_repeats(table, ("customer", "at", "amount", "order"))
    midnight = datetime.combine(as_of + timedelta(days=1), datetime.min.time(), tzinfo=UTC).replace(tzinfo=None)
    known = table.frame.filter(pl.col("at") < midnight)
    sales, refunds = known.filter(pl.col("amount") >= 0), known.filter(pl.col("amount") < 0)
    if sales.is_empty():
        first = table.frame["at"].min()
        told = f"the first is of {first:%Y-%m-%d}" if isinstance(first, datetime) else "it has no good row"
        raise NothingBefore(f"The table orders holds no order until {as_of}; {told}.", field="as_of")
    days = (
        sales.with_columns(day=pl.col("at").dt.date())
        .group_by("customer", "day")
        .agg(pl.len().alias("orders"), pl.col("amount").sum())
        .sort("customer", "day")
    )
    owner = days["customer"].rle_id().to_numpy().astype(np.int64)
    customers = days["customer"].unique(maintain_order=True)
    sums = refunds.group_by("customer").agg(pl.col("amount").sum())
    back = pl.DataFrame({"customer": customers}).join(sums, on="customer", how="left", maintain_order="left")["amount"]
    refunded = -back.fill_null(0.0).to_numpy()
    return Facts(
        customers=_as_given(folder, customers),
        bought=Bought(
            owner=owner,
            day=days["day"].cast(pl.Int32).to_numpy().astype(np.int64),
            orders=days["orders"].to_numpy().astype(np.float64),
            gross=days["amount"].to_numpy().astype(np.float64),
            refunded=np.asarray(refunded, dtype=np.float64),
        ),
        until=(as_of - date(1970, 1, 1)).days + 1,
        problems=table.problems,
        later=table.frame.height - known.height,
        refunds=refunds.height,
        strangers=refunds.join(customers.to_frame(), on="customer", how="anti").height,
    )


def _as_given(folder: Path, customers: pl.Series) -> pl.Series:
    """Whole numbers in a parquet file stay whole numbers, so that the answer joins the facts."""
    path = folder / "orders.parquet"
    if not path.exists():
        return customers
    kinds = {name.strip().lower(): kind for name, kind in pl.read_parquet_schema(path).items()}
    return customers.cast(kinds["customer"]) if kinds["customer"].is_integer() else customers
