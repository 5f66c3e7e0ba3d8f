"""The only room that speaks to a solver: linear and mixed-integer programs, by name, answered in words or refused.

A `Program` is built from columns (`variables`) and rows (`row`), solved, then changed and solved again; HiGHS goes on
from where it stood. Rows may be added after a solve (a cut that the answer broke), columns not. What is promised:

* The value of an answer is what the program maximises (or minimises), never with its sign turned.
* `prices[row]` is by how much the value rises when the row's bound rises by one; `worth[column]` is the same for one
  more unit of a column that is at its bound. Integer programs have neither: both are zero.
* Nothing fits: `Infeasible` names the rows and columns that contradict each other, and by how much which row would
  have to give way (the least in all, from a second solve in which every row may be broken at a price).
* Time is up: the best answer so far with its `gap`, and `proven` is false; `OutOfTime` where there is none yet.

One thread always: HiGHS fails when the number changes between two programs of one process. Solver: HiGHS
(https://highs.dev, MIT); Huangfu and Hall, Parallelizing the dual revised simplex method, Math. Prog. Comp. 10 (2018).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from haitu.core.errors import Refusal

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

FREE = float("inf")
BROKEN = 1e-7  # a row is kept when it is broken by less than this share of its size
PRESOLVED_BELOW = 100  # columns a row; measured on budgets: 36,000 columns and 5 rows take a fifth of the time without
MOST_NAMED = 6  # more names than this make no sentence


class Infeasible(Refusal):
    """No answer keeps all these rows; the one named must give way by so much, or another with it."""

    code = "no_plan_fits"


class Unbounded(Refusal):
    """The value grows without end: a column lacks an upper bound."""

    code = "plan_without_end"


class OutOfTime(Refusal):
    """The time was up before any answer was found; give more time, or fewer minimum spends."""

    code = "plan_out_of_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A solved program; arrays by column and by row, in the order in which these were added."""

    value: float
    amounts: Array
    worth: Array
    prices: Array
    gap: float  # (bound − value) / |value|; 0 for a linear program solved to its end
    proven: bool
    steps: int
    seconds: float  # of this thread's work
    basis: Any  # where to begin a program of the same shape; of no other use


class Program:
    """Maximises (or minimises) a sum over its columns, under its rows."""

    def __init__(self, *, maximise: bool = True) -> None:
        """An empty program."""
        self._sign = -1.0 if maximise else 1.0
        self._columns: list[tuple[str, int]] = []  # names of groups of columns, with their size
        self._cost: list[Array] = []
        self._lower: list[Array] = []
        self._upper: list[Array] = []
        self._integer: list[NDArray[np.bool_]] = []
        self._row_names: list[str] = []
        self._row_columns: list[Ints] = []
        self._row_values: list[Array] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []
        self._count = 0
        self._live: highspy.Highs | None = None

    @property
    def columns(self) -> int:
        """How many columns there are."""
        return self._count

    def variables(
        self,
        name: str,
        count: int,
        *,
        value: ArrayLike = 0.0,
        lower: ArrayLike = 0.0,
        upper: ArrayLike = FREE,
        integer: bool = False,
    ) -> Ints:
        """Adds `count` columns and gives their indices; what is given once holds for each of them."""
        if self._live is not None:
            raise ValueError("Columns are added before the first solve.")
        low, up = (np.broadcast_to(np.asarray(given, float), count).copy() for given in (lower, upper))
        cost = np.broadcast_to(np.asarray(value, float), count).copy()
        if not np.isfinite(cost).all() or np.isnan(low).any() or np.isnan(up).any():
            raise ValueError(f"{name}: a value or bound is not a number.")
        crossed = np.flatnonzero(low > up)
        if len(crossed):
            i = int(crossed[0])
            raise Infeasible(f"{name}: at least {low[i]:,.2f} and at most {up[i]:,.2f} is asked.", field=name)
        self._columns.append((name, count))
        self._cost.append(cost)
        self._lower.append(low)
        self._upper.append(up)
        self._integer.append(np.full(count, integer))
        self._count += count
        return np.arange(self._count - count, self._count)

    def row(
        self,
        name: str,
        columns: ArrayLike,
        coefficients: ArrayLike,
        *,
        at_least: float = -FREE,
        at_most: float = FREE,
    ) -> int:
        """Adds at_least ≤ Σ coefficient · column ≤ at_most and gives its index."""
        index = np.atleast_1d(np.asarray(columns, np.int64))
        values = np.broadcast_to(np.asarray(coefficients, float), index.shape)
        if not np.isfinite(values).all() or np.isnan(at_least) or np.isnan(at_most):
            raise ValueError(f"{name}: a coefficient or bound is not a number.")
        kept = values != 0
        self._row_names.append(name)
        self._row_columns.append(index[kept])
        self._row_values.append(values[kept])
        self._row_lower.append(at_least)
        self._row_upper.append(at_most)
        if self._live is not None:
            self._live.addRow(at_least, at_most, int(kept.sum()), index[kept].astype(np.int32), values[kept])
        return len(self._row_names) - 1

    def concave(self, name: str, knots: ArrayLike, values: ArrayLike, *, weight: float = 1.0) -> Ints:
        """Adds one column for each piece of a concave function through the points (knot, value), beginning at 0.

        The amount spent on the function is the sum of its columns; `weight` times its value is counted. Slopes must not
        rise, otherwise a later piece would be taken before an earlier one (see `budget.curves.hull`).
        """
        x, y = np.asarray(knots, float), np.asarray(values, float)
        width, slope = np.diff(x), np.diff(y) / np.diff(x)
        if x[0] != 0 or (width <= 0).any() or (np.diff(slope) > 1e-9 * np.abs(slope).max()).any():
            raise ValueError(f"{name}: a concave function begins at 0, its knots rise and its slopes fall.")
        return self.variables(name, len(width), value=weight * slope, upper=width)

    def bound_row(self, row: int, *, at_least: float = -FREE, at_most: float = FREE) -> None:
        """Changes a row's bounds, before or after a solve."""
        self._row_lower[row], self._row_upper[row] = at_least, at_most
        if self._live is not None:
            self._live.changeRowBounds(row, at_least, at_most)

    def solve(
        self, *, seconds: float = FREE, gap: float = 1e-4, start: Answer | None = None, guess: Array | None = None
    ) -> Answer:
        """The best answer. `gap` is what integer programs may leave.

        `start` is the answer of a program of the same shape, to go on from; `guess` amounts of all columns that keep
        every row, from which an integer program begins: with one there is always an answer in time.
        """
        began = time.thread_time()
        live = self._live or self._loaded()
        self._live = live
        if seconds != FREE:
            live.setOptionValue("time_limit", live.getRunTime() + seconds)
        live.setOptionValue("mip_rel_gap", gap)
        if start is not None:
            _begin_at(live, start, self._count, len(self._row_names), whole=bool(np.concatenate(self._integer).any()))
        if guess is not None:
            solution = highspy.HighsSolution()
            solution.col_value = list(guess)
            live.setSolution(solution)
        live.run()
        status, state = live.getModelStatus(), highspy.HighsModelStatus
        if status in {state.kInfeasible, state.kUnboundedOrInfeasible}:
            self._refuse()
        if status == state.kUnbounded:
            raise Unbounded("The value grows without end: " + self._without_bound() + " has no upper bound.")
        if status not in {state.kOptimal, state.kTimeLimit, state.kModelEmpty}:
            raise OutOfTime(f"The solver stopped without an answer ({live.modelStatusToString(status)}).")
        if live.getInfo().primal_solution_status != 2 and status != state.kModelEmpty:
            raise OutOfTime("The time was up before an answer was found.")
        return self._answer(live, proven=status != state.kTimeLimit, seconds=time.thread_time() - began)

    # How HiGHS is spoken to ---------------------------------------------------------------------------------------

    def _loaded(self) -> highspy.Highs:
        live = highspy.Highs()  # type: ignore[no-untyped-call]
        live.setOptionValue("output_flag", False)
        live.setOptionValue("threads", 1)
        if self._count > PRESOLVED_BELOW * len(self._row_names) and not _joined(self._integer).any():
            live.setOptionValue("presolve", "off")  # a few rows over many columns: looking for savings costs more
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self._count, len(self._row_names)
        lp.col_cost_ = self._sign * _joined(self._cost)
        lp.col_lower_, lp.col_upper_ = _joined(self._lower), _joined(self._upper)
        lp.row_lower_, lp.row_upper_ = np.array(self._row_lower), np.array(self._row_upper)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum([len(index) for index in self._row_columns])]).astype(
            np.int32
        )
        lp.a_matrix_.index_ = _joined(self._row_columns).astype(np.int32)
        lp.a_matrix_.value_ = _joined(self._row_values)
        whole = np.concatenate(self._integer) if self._integer else np.zeros(0, bool)
        if whole.any():
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if each else kinds.kContinuous for each in whole]
        live.passModel(lp)
        return live

    def _answer(self, live: highspy.Highs, *, proven: bool, seconds: float) -> Answer:
        info, solution = live.getInfo(), live.getSolution()
        amounts = np.array(solution.col_value)
        whole = bool(np.concatenate(self._integer).any()) if self._integer else False
        rows = len(self._row_names)
        if whole or not solution.dual_valid:
            prices, worth = np.zeros(rows), np.zeros(self._count)
        else:
            prices = self._sign * np.array(solution.row_dual) + 0.0  # no −0.0
            worth = self._sign * np.array(solution.col_dual) + 0.0
        return Answer(
            value=float(_joined(self._cost) @ amounts),
            amounts=amounts,
            worth=worth,
            prices=prices,
            gap=float(info.mip_gap) if whole else 0.0,
            proven=proven,
            steps=int(info.simplex_iteration_count),
            seconds=seconds,
            basis=live.getBasis(),
        )

    # Why nothing fits ---------------------------------------------------------------------------------------------

    def _refuse(self) -> None:
        """Solves once more with every row allowed to break at a price, and names what stood in each other's way."""
        elastic = Program(maximise=False)
        for (name, count), low, up, whole in zip(self._columns, self._lower, self._upper, self._integer, strict=True):
            elastic.variables(name, count, lower=low, upper=up, integer=bool(whole.any()))
        size = [max(float(np.abs(values).max(initial=0)), 1e-9) for values in self._row_values]
        short = elastic.variables("short", len(size), value=1 / np.array(size))
        over = elastic.variables("over", len(size), value=1 / np.array(size))
        for r, name in enumerate(self._row_names):
            index, values = self._row_columns[r], self._row_values[r]
            elastic.row(
                name,
                np.concatenate([index, [short[r], over[r]]]),
                np.concatenate([values, [1.0, -1.0]]),
                at_least=self._row_lower[r],
                at_most=self._row_upper[r],
            )
        answer = elastic.solve(seconds=10.0)
        missing = answer.amounts[short] + answer.amounts[over]
        by = {self._row_names[r]: float(missing[r]) for r in np.flatnonzero(missing > BROKEN)}
        if not by:
            raise OutOfTime("The solver found no answer, though every row can be kept: the numbers are too far apart.")
        against = [self._row_names[r] for r in np.flatnonzero(np.abs(answer.prices) > BROKEN)]
        raise Infeasible(_in_words(by, [*against, *self._bounds_in_the_way(answer)]), short=by, against=against)

    def _bounds_in_the_way(self, answer: Answer) -> list[str]:
        """Groups of columns whose own bounds (other than zero) take part in the contradiction."""
        names, at = [], 0
        for (name, count), low, up in zip(self._columns, self._lower, self._upper, strict=True):
            worth, amount = answer.worth[at : at + count], answer.amounts[at : at + count]
            at += count
            low_holds, up_holds = (low != 0) & (amount <= low + BROKEN), amount >= up - BROKEN
            if ((np.abs(worth) > BROKEN) & (low_holds | up_holds)).any():
                names.append(name)
        return names

    def _without_bound(self) -> str:
        columns = zip(self._columns, self._upper, strict=True)
        return ", ".join([name for (name, _), up in columns if np.isinf(up).any()][:MOST_NAMED]) or "a column"


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(parts) if parts else np.zeros(0)


def _begin_at(live: highspy.Highs, start: Answer, columns: int, rows: int, *, whole: bool) -> None:
    """Hands a former answer over; one of another shape is left alone, it would only cost time."""
    if len(start.amounts) != columns or len(start.prices) > rows:
        return
    if whole:
        solution = highspy.HighsSolution()
        solution.col_value = list(start.amounts)
        live.setSolution(solution)
    elif len(start.prices) == rows:
        live.setBasis(start.basis)


def _in_words(short: Mapping[str, float], against: Sequence[str]) -> str:
    named = list(dict.fromkeys([*short, *against]))
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    give = ", ".join(f"{name} by {amount:,.2f}" for name, amount in list(short.items())[:MOST_NAMED])
    return f"No plan keeps all of: {', '.join(named[:MOST_NAMED])}{more}. It would fit if these gave way: {give}."
