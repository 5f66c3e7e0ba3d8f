"""What a budget is asked from: responses, money and its dates, bounds, and what may be risked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from haitu.core.errors import Refusal
from haitu.plan.budget.curves import Curve

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAYS_A_MONTH = 365.25 / 12


class Cell(NamedTuple):
    """What money is given to."""

    channel: str
    market: str
    campaign: str

    def __str__(self) -> str:
        return " · ".join(self)


class NothingToPlan(Refusal):
    """There is no response to plan with: give a table `response`, or `payback` beside `spend`."""

    code = "nothing_to_plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """What each cell's spend brings and when; arrays over cells, `curves` also over the planned months.

    `shares[c, h]` is the part of the far contribution that has come h months after the spending (0 at 0, 1 at the end).
    `factors[s, c]` is what draw s of what we do not know multiplies cell c's contribution by.
    """

    cells: tuple[Cell, ...]
    curves: tuple[tuple[Curve, ...], ...]  # [cell][month]
    shares: Array
    now: Array  # today's spend a month
    unidentified: Flags
    factors: Array

    @property
    def horizon(self) -> int:
        """The last month after the spending of which anything is said."""
        return int(self.shares.shape[1]) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Spend a month of all cells that match (None matches any): at least, at most, and at least if anything at all."""

    channel: str | None = None
    market: str | None = None
    campaign: str | None = None
    month: int | None = None
    minimum: float = 0.0
    maximum: float = float("inf")
    when_used: float = 0.0

    def of_one_cell(self) -> bool:
        """Whether it speaks of one cell rather than of a sum."""
        return None not in {self.channel, self.market, self.campaign}

    def matching(self, cells: Sequence[Cell]) -> list[int]:
        """The cells it speaks of."""
        wanted = (self.channel, self.market, self.campaign)
        return [
            i for i, cell in enumerate(cells) if all(w is None or w == g for w, g in zip(wanted, cell, strict=True))
        ]

    def __str__(self) -> str:
        return " · ".join(name for name in (self.channel, self.market, self.campaign) if name) or "all channels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Cash and its dates; amounts over calendar months from the first planned one on. `opening` None: not watched.

    `other` is what the rest of the business brings or costs (beyond its end: nothing), `floor` what must be left at a
    month's end, `rate` [cell, month] what a market's money is worth beside today (their last values hold on).
    """

    opening: float | None = None
    other: Array = field(default_factory=lambda: np.zeros(1))
    floor: Array = field(default_factory=lambda: np.zeros(1))
    credit_days: Array = field(default_factory=lambda: np.zeros(1))
    settlement: tuple[tuple[tuple[float, float], ...], ...] = ()  # [cell] → (share of the sales, days)
    rate: Array = field(default_factory=lambda: np.ones((1, 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is wanted of the plan."""

    months: tuple[date, ...]
    money: Money = field(default_factory=Money)
    limits: tuple[Limit, ...] = ()
    payback_months: int | None = None  # contribution reaches the spend by then
    payback_of: str = "portfolio"  # or "cell"
    price: Array | None = None  # of an exposure beside today, over cells
    discount: float = 0.0  # a year
    tail: float = 0.1  # of the draws, the worst
    caution: float = 0.0  # weight of the worst draws' mean beside the expected
    worst_at_least: float | None = None  # the worst draws' mean profit
    seconds: float = 5.0  # for minimum spends, which make the problem whole-numbered


def calendar(ask: Ask, horizon: int) -> int:
    """How many calendar months are looked at: until the last sale is settled and the last invoice is paid."""
    money = ask.money
    longest = max([days for cell in money.settlement for _, days in cell], default=0.0)
    return len(ask.months) + horizon + 1 + int(np.ceil(max(longest, float(money.credit_days.max())) / DAYS_A_MONTH))


def over_months(values: Array, months: int) -> Array:
    """The last axis cut or held on to so many months."""
    at = np.minimum(np.arange(months), values.shape[-1] - 1)
    return values[..., at]


def paid(ask: Ask, cells: int, months: int) -> Array:
    """[cell, planned month, calendar month]: the part of a month's spend that has been paid by that month's end.

    The spend is even over its month; an account with credit days asks for each day's that much later.
    """
    late = np.broadcast_to(ask.money.credit_days, cells) / DAYS_A_MONTH
    since = np.arange(months)[None, :] - np.arange(len(ask.months))[:, None] + 1.0
    parts: Array = np.clip(since[None] - late[:, None, None], 0, 1)
    return parts


def received(responses: Responses, ask: Ask, months: int) -> Array:
    """[cell, planned month, calendar month]: the part of the far contribution that is in the bank by that month's end.

    Counted from the middle of the month of spending, settled by outlet, and in today's money of each market.
    """
    n, spending = len(responses.cells), np.arange(len(ask.months))
    since = np.arange(months)[None, :] - spending[:, None] + 0.5
    known = np.arange(responses.shares.shape[1])
    parts = np.zeros((n, len(spending), months))
    for c in range(n):
        outlets = ask.money.settlement[c] if ask.money.settlement else ((1.0, 0.0),)
        for share, days in outlets:
            parts[c] += share * np.interp(since - days / DAYS_A_MONTH, known, responses.shares[c])
    gained = (
        np.diff(parts, axis=2, prepend=0.0)
        * over_months(np.broadcast_to(ask.money.rate, (n, ask.money.rate.shape[-1])), months)[:, None, :]
    )
    return np.cumsum(gained, axis=2)


def worth(got: Array, ask: Ask) -> Array:
    """[cell, planned month]: today's worth of one unit of far contribution, by when it is in the bank."""
    gained = np.diff(got, axis=2, prepend=0.0)
    result: Array = gained @ (1 + ask.discount) ** (-np.arange(got.shape[2]) / 12)
    return result
