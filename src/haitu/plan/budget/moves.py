"""From one split to another as an ordered list of moves, each with what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haitu.plan.budget.ask import Ask, Cell, Responses, calendar, over_months, paid, received, worth

Array = NDArray[np.float64]

SMALL = 0.005  # money: less is no move


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a given split would do, whether or not it may."""

    profit: Array  # cells × planned months
    returned: Array
    short: Array  # money missing at the end of each calendar month; empty when cash is not watched
    back: float  # contribution by the payback month less the spend, negative: not paid back in time

    @property
    def value(self) -> float:
        """The split's whole profit."""
        return float(self.profit.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """So much a quarter from one cell to another (None: money not spent). `gain` is what the move adds to the profit.

    `why`: brings_more, other_month (of the same cell), brings_too_little (taken out), brings_enough (put in), no_cash
    or no_payback (taken out though it brings more than it costs).
    """

    source: Cell | None
    target: Cell | None
    amount: float
    gain: float
    why: str
    source_brings: float  # what a unit of money of the move brought there
    target_brings: float


def weigh(responses: Responses, ask: Ask, spend: Array) -> Weighed:
    """Profit, cash and payback of any split, at the prices of the question."""
    n, q = spend.shape
    months = calendar(ask, responses.horizon)
    price = np.ones(n) if ask.price is None else ask.price
    returned = np.array(
        [[float(responses.curves[c][m].dearer(float(price[c])).at(spend[c, m])) for m in range(q)] for c in range(n)]
    )
    got = received(responses, ask, months)
    profit = returned * worth(got, ask) - spend
    back = 0.0
    if ask.payback_months is not None:
        back = float((returned * responses.shares[:, [ask.payback_months]]).sum() - spend.sum())
    short = np.zeros(0)
    if ask.money.opening is not None:
        flow = np.einsum("cm,cmt->t", returned, got) - np.einsum("cm,cmt->t", spend, paid(ask, n, months))
        other = np.zeros(months)
        other[: min(months, len(ask.money.other))] = ask.money.other[:months]
        cash = ask.money.opening + np.cumsum(other) + flow
        short = np.maximum(0.0, over_months(ask.money.floor, months) - cash)
    return Weighed(profit=profit, returned=returned, short=short, back=back)


def moves(responses: Responses, ask: Ask, before: Array, after: Array) -> tuple[Move, ...]:
    """The moves that turn one split into the other, the most profitable first; their gains sum to the whole difference.

    Money is taken where it brings least and put where it brings most, slot by slot, then told by pairs of cells.
    """
    old, new = weigh(responses, ask, before), weigh(responses, ask, after)
    change = (after - before).ravel()
    brought = (new.profit - old.profit).ravel() + change  # gross: what the change of a slot's spend brings or loses
    rate = np.divide(brought, change, out=np.zeros_like(change), where=np.abs(change) > SMALL)
    cell = np.repeat(np.arange(len(responses.cells)), before.shape[1])
    takers = sorted(np.flatnonzero(change > SMALL).tolist(), key=lambda slot: -rate[slot])
    givers = sorted(np.flatnonzero(change < -SMALL).tolist(), key=lambda slot: rate[slot])
    pairs: dict[tuple[int, int], Array] = {}

    def add(source: int, target: int, amount: float, lost: float, gained: float) -> None:
        key = (int(cell[source]) if source >= 0 else -1, int(cell[target]) if target >= 0 else -1)
        pairs[key] = pairs.get(key, np.zeros(3)) + amount * np.array([1.0, lost, gained])

    left = np.abs(change)
    for target in takers:
        while left[target] > SMALL and givers:
            source = givers[0]
            amount = min(left[target], left[source])
            add(source, target, amount, rate[source], rate[target])
            left[[source, target]] -= amount
            if left[source] <= SMALL:
                givers.pop(0)
        if left[target] > SMALL:
            add(-1, target, left[target], 1.0, rate[target])
    for source in givers:
        add(source, -1, left[source], rate[source], 1.0)
    forced = "no_cash" if len(old.short) and old.short.max() > SMALL else "no_payback"
    told = [_move(responses, key, sums, forced) for key, sums in pairs.items()]
    return tuple(sorted(told, key=lambda move: (-move.gain, str(move.source), str(move.target))))


def _move(responses: Responses, key: tuple[int, int], sums: Array, forced: str) -> Move:
    amount, lost, gained = (float(value) for value in sums)
    source, target = (responses.cells[i] if i >= 0 else None for i in key)
    why = "brings_more"
    if target is None:
        why = "brings_too_little" if gained >= lost else forced
    elif source is None:
        why = "brings_enough"
    elif source == target:
        why = "other_month"
    return Move(
        source=source,
        target=target,
        amount=amount,
        gain=gained - lost,
        why=why,
        source_brings=lost / amount,
        target_brings=gained / amount,
    )
