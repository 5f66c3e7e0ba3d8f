"""The budget as a linear program: pieces of curves under rows of cash, payback, bounds and risk.

Columns are the pieces of each slot (cell × planned month), filled from the steepest. Rows are added only when an
answer breaks them – months of cash after the quarter, and the mean of the worst draws, which is linear once the worst
draws are named: CVaR is the least mean over all sets of so many draws (Rockafellar and Uryasev, Optimization of
conditional value-at-risk, J. Risk 2 (2000); cuts as in Künzi-Bay and Mayer, Comput. Manag. Sci. 3 (2006)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from haitu.core.errors import Refusal
from haitu.plan import solve
from haitu.plan.budget.ask import Ask, Limit, NothingToPlan, Responses, calendar, over_months, paid, received, worth
from haitu.plan.budget.curves import Curve, in_pieces

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

KEPT = 1e-6  # money: a row broken by less is kept
MOST_ROUNDS = 60
ROUNDINGS = 8


class TooFarAhead(Refusal):
    """A payback later than the responses reach is asked; ask for an earlier one."""

    code = "payback_too_far"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A solved budget; arrays over cells × planned months unless said."""

    spend: Array
    returned: Array  # far contribution
    profit: Array  # today's worth of it, less the spend
    value: float  # sum of profit
    worst: float  # mean profit of the worst draws
    cash: Array  # at the end of each calendar month; empty when not watched
    cash_worth: Array  # of one more unit of money that comes in that calendar month
    payback_worth: float  # of one unit of money allowed not to have come back in time
    limit_worth: tuple[tuple[str, int, str, float], ...]  # limit, planned month, "minimum"|"maximum", of one unit more
    first: Array  # what the first unit of money brings, per unit it costs, cash and payback counted in
    next: Array  # the same of the next unit, whether or not a bound allows it (0 where the response ends)
    average: Array  # the same of all money given to a slot (0 where none is)
    gap: float
    proven: bool
    steps: int
    seconds: float
    start: solve.Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pieces:
    """All pieces of all slots in one row of arrays."""

    curves: tuple[Curve, ...]  # by slot, cut to its bounds
    slot: Ints
    slope: Array
    width: Array
    first: Ints  # a slot's first piece
    count: Ints

    def sums(self, amounts: Array) -> Array:
        return np.bincount(self.slot, weights=amounts, minlength=len(self.curves)).astype(float)


def plan(responses: Responses, ask: Ask, *, start: solve.Answer | None = None) -> Plan:
    """The plan of the highest worth that keeps every row; `start`: that of a like plan, to go on from.

    Raises solve.Infeasible with the rows in conflict, TooFarAhead, or NothingToPlan.
    """
    if not responses.cells:
        raise NothingToPlan("There is no response to plan with: give a table `response`, or `payback` beside `spend`.")
    if ask.payback_months is not None and ask.payback_months > responses.horizon:
        told = f"A payback in {ask.payback_months} months is asked; the responses reach {responses.horizon}."
        raise TooFarAhead(told, field="payback_months")
    budget = _Budget(responses, ask)
    return _with_minimum_spends(budget) if budget.switched.any() else budget.solved(start)


def _with_minimum_spends(budget: _Budget) -> Plan:
    """Either nothing or at least so much: rounded first, so that there is an answer in time, then by whole numbers.

    The worth of bounds is that of the plan in which the chosen cells must be used and the others must not.
    """
    count = int(budget.switched.sum())
    free = _Budget(budget.responses, budget.ask, used=np.ones(count, bool), least=False).solved(None)  # a bound, too
    guess = _rounded(budget, free)
    answer = budget.answered(None, guess=None if guess is None else budget.amounts_of(guess))
    used = answer.amounts[budget.switches] > 0.5
    solved = _Budget(budget.responses, budget.ask, used=used).solved(None)
    value = solved.start.value
    gap = min(answer.gap, (free.start.value - value) / max(abs(value), 1e-9))
    return replace(solved, gap=gap, proven=answer.proven, seconds=solved.seconds + answer.seconds)


def _rounded(budget: _Budget, free: Plan) -> Plan | None:
    """A plan that keeps the minimum spends: who would be given half of it is used, then those that lose are dropped."""
    slots = np.flatnonzero(budget.switched)
    used = free.spend.ravel()[slots] >= 0.5 * budget.when_used[slots]
    best = None
    for _ in range(ROUNDINGS):
        try:
            found = _Budget(budget.responses, budget.ask, used=used).solved(None)
        except solve.Infeasible:
            return best
        if best is not None and found.value <= best.value:
            return best
        best = found
        spend, yields = found.spend.ravel()[slots], found.average.ravel()[slots]
        used = used & ((spend > budget.when_used[slots] * (1 + 1e-9)) | (yields >= 1))
    return best


class _Budget:
    """One budget's program, with what is needed to read its answer."""

    def __init__(
        self, responses: Responses, ask: Ask, *, used: NDArray[np.bool_] | None = None, least: bool = True
    ) -> None:
        """`used`: which slots with a minimum spend are given something, where that is decided; `least`: its minimum."""
        self.responses, self.ask = responses, ask
        self.n, self.q = len(responses.cells), len(ask.months)
        self.months = calendar(ask, responses.horizon)
        self.paid = paid(ask, self.n, self.months).reshape(self.n * self.q, self.months)
        got = received(responses, ask, self.months)
        self.worth = worth(got, ask).ravel()
        self.got = got.reshape(self.n * self.q, self.months)
        self.cell = np.repeat(np.arange(self.n), self.q)
        low, up, self.when_used = _bounds(responses, ask)
        self.pieces = self._pieces(low, up)
        self.switched = (self.when_used > low) & (self.pieces.count > 0)
        self.switches = np.zeros(0, np.int64)
        least_spend, most_spend = low, np.full(len(low), np.inf)
        if used is not None:
            slots = np.flatnonzero(self.switched)
            least_spend, most_spend = low.copy(), most_spend.copy()
            least_spend[slots[used]] = self.when_used[slots[used]] if least else 0.0
            most_spend[slots[~used]] = 0.0
        self.cash_rows: dict[int, int] = {}
        self.limit_rows: list[tuple[int, Limit, int]] = []
        self.payback_row: int | None = None
        self.program = solve.Program()
        self._build(least_spend, most_spend)
        if used is None:
            self._add_when_used()

    def _pieces(self, low: Array, up: Array) -> _Pieces:
        price = np.ones(self.n) if self.ask.price is None else self.ask.price
        self.own = tuple(
            curve.dearer(float(price[c])) for c, by_month in enumerate(self.responses.curves) for curve in by_month
        )
        curves = []
        for slot, curve in enumerate(self.own):
            c = slot // self.q
            most = min(float(up[slot]), self._paid_back_to(curve, c))
            # The payback of a cell bends before a minimum; and who is used at least so much may be given that.
            cuts = [
                float(value) for value in (low[slot], self.when_used[slot]) if 0 < value <= max(up[slot], low[slot])
            ]
            curves.append(in_pieces(curve, cuts=cuts, most=most))
        count = np.array([len(curve.knots) - 1 for curve in curves])
        return _Pieces(
            curves=tuple(curves),
            slot=np.repeat(np.arange(len(curves)), count),
            slope=np.concatenate([curve.slopes for curve in curves]),
            width=np.concatenate([np.diff(curve.knots) for curve in curves]),
            first=np.cumsum(count) - count,
            count=count,
        )

    def _paid_back_to(self, curve: Curve, cell: int) -> float:
        """With payback asked of each cell: the spend up to which its own contribution is back in time."""
        if self.ask.payback_of != "cell" or self.ask.payback_months is None:
            return math.inf
        back = curve.returned * self.responses.shares[cell, self.ask.payback_months] - curve.knots
        last = int(np.flatnonzero(back >= 0)[-1])
        if last == len(back) - 1:
            return math.inf
        step = curve.knots[last + 1] - curve.knots[last]
        return float(curve.knots[last] + step * back[last] / (back[last] - back[last + 1]))

    def _build(self, low: Array, up: Array) -> None:
        pieces, program, ask = self.pieces, self.program, self.ask
        gain = self.worth[pieces.slot] * pieces.slope - 1
        taken = np.concatenate([curve.knots[1:] for curve in pieces.curves]) if len(pieces.slot) else np.zeros(0)
        least = np.where(taken <= low[pieces.slot] * (1 + 1e-12), pieces.width, 0.0)
        most = np.where(taken <= up[pieces.slot] * (1 + 1e-12), pieces.width, 0.0)
        share = 1 - ask.caution
        self.columns = program.variables("spend", len(pieces.slot), value=share * gain, lower=least, upper=most)
        self.worst_column: int | None = None
        if self._watches_risk():
            floor = -solve.FREE if ask.worst_at_least is None else ask.worst_at_least
            column = program.variables("the worst draws' profit", 1, value=ask.caution, lower=floor)
            self.worst_column = int(column[0])
            self._add_worst(np.arange(len(self.responses.factors)))
        if ask.payback_months is not None and ask.payback_of == "portfolio":
            back = self.responses.shares[self.cell, ask.payback_months][pieces.slot] * pieces.slope - 1
            name = f"payback in {ask.payback_months} months"
            self.payback_row = program.row(name, self.columns, back, at_least=0.0)
        for limit in ask.limits:
            self._add_limit(limit)
        if ask.money.opening is not None:
            last_paid = int(np.flatnonzero((self.paid < 1).any(axis=0))[-1]) + 1 if (self.paid < 1).any() else 0
            for month in range(min(last_paid + 1, self.months)):
                self._add_cash(month)

    def _watches_risk(self) -> bool:
        return self.ask.caution > 0 or self.ask.worst_at_least is not None

    def _add_worst(self, draws: Ints) -> None:
        """The worst draws' mean profit is at most the mean over these draws."""
        factor = self.responses.factors[draws].mean(axis=0)[self.cell][self.pieces.slot]
        gain = factor * self.worth[self.pieces.slot] * self.pieces.slope - 1
        columns = np.append(self.columns, len(self.columns))  # the column made right after the pieces
        self.program.row("the worst draws' profit", columns, np.append(-gain, 1.0), at_most=0.0)

    def _add_cash(self, month: int) -> None:
        slot = self.pieces.slot
        flow = self.got[slot, month] * self.pieces.slope - self.paid[slot, month]
        before = self._before(month)
        self.cash_rows[month] = self.program.row(
            f"cash in {self._month_name(month)}", self.columns, flow, at_least=self._floor(month) - before
        )

    def _before(self, month: int) -> float:
        """Cash at the month's end without any of the planned spend."""
        other = over_months(self.ask.money.other, self.months)
        if self.ask.money.other.shape[-1] < self.months:
            other[self.ask.money.other.shape[-1] :] = 0.0  # what nobody told is not held on
        return float(self.ask.money.opening or 0.0) + float(other[: month + 1].sum())

    def _floor(self, month: int) -> float:
        return float(over_months(self.ask.money.floor, self.months)[month])

    def _month_name(self, month: int) -> str:
        first = self.ask.months[0]
        at = first.year * 12 + first.month - 1 + month
        return f"{at // 12}-{at % 12 + 1:02d}"

    def _add_limit(self, limit: Limit) -> None:
        """A bound on a sum of cells; one cell's own bounds are its pieces' already."""
        if limit.of_one_cell():
            return
        inside = np.isin(self.cell, limit.matching(self.responses.cells))
        for month in range(self.q) if limit.month is None else [limit.month]:
            slots = inside & (np.tile(np.arange(self.q), self.n) == month)
            columns = self.columns[slots[self.pieces.slot]]
            name = f"limit of {limit} in {self._month_name(month)}"
            row = self.program.row(name, columns, 1.0, at_least=limit.minimum, at_most=limit.maximum)
            self.limit_rows.append((row, limit, month))

    def _add_when_used(self) -> None:
        """One whole number for each slot that is given nothing or at least so much."""
        slots = np.flatnonzero(self.switched)
        if not len(slots):
            return
        self.switches = self.program.variables("used", len(slots), upper=1.0, integer=True)
        for switch, slot in zip(self.switches, slots, strict=True):
            columns = self.columns[self.pieces.first[slot] : self.pieces.first[slot] + self.pieces.count[slot]]
            least, most = self.when_used[slot], self.pieces.curves[slot].knots[-1]
            name = f"minimum of {self.responses.cells[self.cell[slot]]}"
            with_switch = np.append(columns, switch)
            self.program.row(name, with_switch, np.append(np.ones(len(columns)), -least), at_least=0.0)
            self.program.row(name, with_switch, np.append(np.ones(len(columns)), -most), at_most=0.0)

    def amounts_of(self, given: Plan) -> Array:
        """A plan's split as amounts of this program's columns, each slot's pieces filled in order."""
        pieces, spend = self.pieces, given.spend.ravel()
        before = np.concatenate([curve.knots[:-1] for curve in pieces.curves])
        amounts = np.zeros(self.program.columns)
        amounts[self.columns] = np.clip(spend[pieces.slot] - before, 0, pieces.width)
        if self.worst_column is not None:
            amounts[self.worst_column] = given.worst
        amounts[self.switches] = spend[np.flatnonzero(self.switched)] > KEPT
        return amounts

    # The answer ---------------------------------------------------------------------------------------------------

    def solved(self, start: solve.Answer | None) -> Plan:
        return self._read(self.answered(start))

    def answered(self, start: solve.Answer | None, *, guess: Array | None = None) -> solve.Answer:
        seconds = 0.0
        for _ in range(MOST_ROUNDS):
            answer = self.program.solve(start=start, guess=guess, seconds=self.ask.seconds)
            seconds, start, guess = seconds + answer.seconds, None, None
            if not self._cut(answer):
                return replace(answer, seconds=seconds)
        raise solve.OutOfTime("The worst draws did not settle; ask with fewer draws.")

    def _cut(self, answer: solve.Answer) -> bool:
        """Adds the rows that the answer breaks; whether there were any."""
        spend, returned = self._spend(answer)
        broken = False
        if self.ask.money.opening is not None:
            cash = self._cash(spend, returned)
            for month in range(self.months):
                if month not in self.cash_rows and cash[month] < self._floor(month) - KEPT:
                    self._add_cash(month)
                    broken = True
        if self.worst_column is not None:
            draws, mean = self._worst(spend, returned)
            if answer.amounts[self.worst_column] > mean + 1e-6 * max(1.0, abs(mean)):
                self._add_worst(draws)
                broken = True
        return broken

    def _spend(self, answer: solve.Answer) -> tuple[Array, Array]:
        """By slot. Contribution is read off the curves, so that it never rests on the order in which pieces filled."""
        spend = self.pieces.sums(answer.amounts[self.columns])
        returned = np.array([float(c.at(s)) for c, s in zip(self.pieces.curves, spend, strict=True)])
        return spend, returned

    def _cash(self, spend: Array, returned: Array) -> Array:
        before = np.array([self._before(month) for month in range(self.months)])
        cash: Array = returned @ self.got - spend @ self.paid + before
        return cash

    def _worst(self, spend: Array, returned: Array) -> tuple[Ints, float]:
        factors = self.responses.factors
        by_cell = np.bincount(self.cell, weights=returned * self.worth, minlength=self.n)
        profit = factors @ by_cell - spend.sum()
        worst = np.argsort(profit, kind="stable")[: max(1, math.ceil(self.ask.tail * len(factors) - 1e-9))]
        return worst, float(profit[worst].mean())

    def _read(self, answer: solve.Answer) -> Plan:
        spend, returned = self._spend(answer)
        profit = returned * self.worth - spend
        first, following, average = self._yields(answer, spend, returned)
        limits: list[tuple[str, int, str, float]] = []
        for row, limit, month in self.limit_rows:
            price = float(answer.prices[row])
            if abs(price) > solve.BROKEN:
                limits.append((str(limit), month, "maximum" if price > 0 else "minimum", price))
        shape = (self.n, self.q)
        watched = self.ask.money.opening is not None
        return Plan(
            spend=spend.reshape(shape),
            returned=returned.reshape(shape),
            profit=profit.reshape(shape),
            value=float(profit.sum()),
            worst=self._worst(spend, returned)[1],
            cash=self._cash(spend, returned) if watched else np.zeros(0),
            cash_worth=np.cumsum(self._cash_prices(answer)[::-1])[::-1] if watched else np.zeros(0),
            payback_worth=0.0 if self.payback_row is None else max(0.0, -float(answer.prices[self.payback_row])),
            limit_worth=tuple(limits),
            first=first.reshape(shape),
            next=following.reshape(shape),
            average=average.reshape(shape),
            gap=answer.gap,
            proven=answer.proven,
            steps=answer.steps,
            seconds=answer.seconds,
            start=answer,
        )

    def _cash_prices(self, answer: solve.Answer) -> Array:
        """What the value falls by when a month's floor rises by one."""
        prices = np.zeros(self.months)
        for month, row in self.cash_rows.items():
            prices[month] = max(0.0, -float(answer.prices[row]))
        return prices

    def _yields(self, answer: solve.Answer, spend: Array, returned: Array) -> tuple[Array, Array, Array]:
        """What the first, next and average unit of money bring per unit they cost, cash and payback counted in."""
        prices = self._cash_prices(answer)
        back = 0.0 if self.payback_row is None else max(0.0, -float(answer.prices[self.payback_row]))
        share = 0.0 if self.ask.payback_months is None else self.responses.shares[self.cell, self.ask.payback_months]
        brings = self.worth + self.got @ prices + back * share
        costs = 1 + self.paid @ prices + back
        first, following = np.zeros(len(spend)), np.zeros(len(spend))
        for slot, own in enumerate(self.own):
            if len(own.knots) < 2:
                continue
            slopes = own.slopes
            at = int(np.searchsorted(own.knots, spend[slot] + KEPT, side="right")) - 1
            first[slot] = slopes[0]
            following[slot] = slopes[at] if at < len(slopes) else 0.0
        average = np.divide(returned, spend, out=np.zeros_like(spend), where=spend > KEPT)
        return first * brings / costs, following * brings / costs, average * brings / costs


def _bounds(responses: Responses, ask: Ask) -> tuple[Array, Array, Array]:
    """By slot: at least, at most, and at least when used; unidentified cells are never given more than today."""
    shape = (len(responses.cells), len(ask.months))
    low, up, used = np.zeros(shape), np.full(shape, np.inf), np.zeros(shape)
    up[responses.unidentified] = responses.now[responses.unidentified, None]
    for limit in ask.limits:
        cells = limit.matching(responses.cells)
        months = list(range(shape[1])) if limit.month is None else [limit.month]
        at = np.ix_(cells, months)
        used[at] = np.maximum(used[at], limit.when_used)
        if limit.of_one_cell():
            low[at] = np.maximum(low[at], limit.minimum)
            up[at] = np.minimum(np.maximum(up[at], low[at]), limit.maximum)
    for c, m in zip(*np.nonzero(low > up), strict=True):
        told = f"{responses.cells[c]}: at least {low[c, m]:,.2f} and at most {up[c, m]:,.2f} a month is asked."
        raise solve.Infeasible(told, field="limit")
    return low.ravel(), up.ravel(), used.ravel()
