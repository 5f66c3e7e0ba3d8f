"""What was bought until a day: purchase days per customer, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from haitu.plan.cohorts.season import month_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """Purchase days, ordered by customer and day: `owner` counts the customers from 0; days since 1970."""

    owner: Ints
    day: Ints
    orders: Floats  # that day
    gross: Floats  # money, before refunds
    refunded: Floats  # by customer: money that went back


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Each customer's past until `until` (the first day not known), who had ordered by then."""

    until: int
    owner: Ints  # of Bought, by customer
    first: Ints
    last: Ints
    days: Floats  # on which they ordered
    orders: Floats
    gross: Floats
    refunded: Floats
    cohort: Ints  # month of the first order since January 1970
    bought: Bought  # until then, the owners renumbered


def history(bought: Bought, until: int) -> History:
    """The customers with a purchase before the day `until`, and what is known of them by then."""
    known = bought.day < until
    owner, day = bought.owner[known], bought.day[known]
    begins = np.flatnonzero(np.concatenate([[True], owner[1:] != owner[:-1]])) if len(owner) else np.array([], np.int64)
    ends = np.concatenate([begins[1:], [len(owner)]]).astype(np.int64) - 1 if len(begins) else begins
    counts = ends - begins + 1
    again = np.repeat(np.arange(len(begins), dtype=np.int64), counts)
    orders, gross = bought.orders[known], bought.gross[known]
    names = owner[begins]
    return History(
        until=until,
        owner=names,
        first=day[begins],
        last=day[ends],
        days=counts.astype(np.float64),
        orders=sums(again, orders, len(begins)),
        gross=sums(again, gross, len(begins)),
        refunded=bought.refunded[names],
        cohort=month_of(day[begins])[0],
        bought=Bought(owner=again, day=day, orders=orders, gross=gross, refunded=bought.refunded[names]),
    )


def sums(which: Ints, values: Floats, count: int) -> Floats:
    """The sum of the values of each of `count` groups."""
    return np.bincount(which, values, count).astype(np.float64)
