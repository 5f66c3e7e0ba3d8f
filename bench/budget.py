"""A quarter's budget under cash, payback and risk: the program's time and gap, beside SLSQP; ad prices +30 % re-solved.

Run: .venv/bin/python -m bench.budget [--cells 600] [--seeds 5] [--no-slsqp]
Seconds are CPU seconds of one thread. Cells have saturating responses of random size, elasticity and lag; cash and a
6-month payback bind. `gap` is certified against the smooth curves themselves, not against a grid: with the program's
own prices the best conceivable spend of each cell is a closed formula, and the sum of these bounds every plan from
above (Lagrangian duality). The optimum of a grid of 400 pieces a cell is beside it where that is small enough.
`violated` counts month's ends at which the plan is below its cash floor.
SLSQP is scipy's, with exact gradients on the smooth curves, 100 iterations as it comes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from haitu.plan.budget.ask import Ask, Cell, Money, Responses, calendar, paid, received, worth
from haitu.plan.budget.curves import saturating
from haitu.plan.budget.moves import moves, weigh
from haitu.plan.budget.programme import Plan, plan

Array = NDArray[np.float64]

MONTHS = (date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1))
HORIZON = 24
DEAR = 1.3
FINE = 400
ASKED_OF_SLSQP = (18, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A generated merchant: the smooth truth, and the question."""

    now: Array
    brings: Array  # by the horizon, at today's spend
    k: Array
    shares: Array
    responses: Responses
    ask: Ask

    def smooth(self, spend: Array, price: Array) -> Array:
        """The smooth curves, not their chords."""
        u = spend / (self.now * price)[:, None]
        return np.asarray(self.brings[:, None] * (1 + self.k[:, None]) * u / (1 + self.k[:, None] * u))


def case(cells: int, seed: int, *, pieces: int = 24, draws: int = 100, risk: bool = False) -> Case:
    rng = np.random.default_rng([seed, cells])
    now = np.exp(rng.normal(np.log(4000), 0.7, cells))
    brings = now * np.exp(rng.normal(np.log(1.35), 0.35, cells))
    elasticity = rng.uniform(0.45, 0.85, cells)
    slow = rng.random(cells) < 0.4
    mean = np.where(slow, rng.uniform(7, 14, cells), rng.uniform(2, 5, cells))
    shares = 1 - np.exp(-np.arange(HORIZON + 1) / mean[:, None])
    shares /= shares[:, -1:]
    curves = tuple(
        (saturating(now[c], brings[c], elasticity=elasticity[c], most=3 * now[c], pieces=pieces),) * len(MONTHS)
        for c in range(cells)
    )
    common, own = rng.normal(0, 0.15, (draws, 6)), rng.normal(0, 0.25, (draws, cells))
    responses = Responses(
        cells=tuple(Cell(f"channel {c % 6}", f"market {c // 6 % 3}", f"campaign {c // 18}") for c in range(cells)),
        curves=curves,
        shares=shares,
        now=now,
        unidentified=np.zeros(cells, bool),
        factors=np.exp(common[:, np.arange(cells) % 6] + own),
    )
    total = float(now.sum())
    money = Money(
        opening=1.5 * total,
        other=np.array([-0.1 * total] * 24),
        floor=np.array([0.2 * total]),
        credit_days=np.where(np.arange(cells) % 2 == 0, 30.0, 0.0),
        settlement=tuple(((0.6, 3.0), (0.4, 21.0)) for _ in range(cells)),
    )
    ask = Ask(months=MONTHS, money=money, payback_months=6, caution=0.3 if risk else 0.0)
    return Case(now=now, brings=brings, k=1 / elasticity - 1, shares=shares, responses=responses, ask=ask)


def bound(given: Case, solved: Plan) -> float:
    """No plan on the smooth curves is worth more: each slot's best answer to the program's prices, in closed form."""
    ask, n = given.ask, len(given.now)
    price = np.ones(n) if ask.price is None else ask.price
    months = calendar(ask, HORIZON)
    got, spent = received(given.responses, ask, months), paid(ask, n, months)
    of_cash = -np.diff(np.append(solved.cash_worth, 0.0))
    back = solved.payback_worth
    brings = worth(got, ask) + got @ of_cash + back * given.responses.shares[:, [6]]
    costs = 1 + spent @ of_cash + back
    k, unit = given.k[:, None], (given.now * price)[:, None]
    u = np.clip((np.sqrt(given.brings[:, None] * (1 + k) * brings / (unit * costs)) - 1) / k, 0, 3)
    best = given.brings[:, None] * (1 + k) * u / (1 + k * u) * brings - unit * u * costs
    other = np.zeros(months)
    other[:24] = ask.money.other[: min(24, months)]
    slack = float(ask.money.opening or 0.0) + np.cumsum(other) - ask.money.floor[0]
    return float(best.sum() + of_cash @ slack)


def measured(cells: int, seed: int, *, risk: bool = False, fine: bool = False) -> dict[str, Any]:
    given = case(cells, seed, risk=risk)
    started = time.process_time()
    solved = plan(given.responses, given.ask)
    whole_s = time.process_time() - started
    price = np.where(np.arange(cells) % 3 == 0, DEAR, 1.0)
    dear = replace(given.ask, price=price)
    started = time.process_time()
    again = plan(given.responses, dear, start=solved.start)
    again_s = time.process_time() - started
    held = weigh(given.responses, dear, solved.spend)
    steps = moves(given.responses, dear, solved.spend, again.spend)
    got = worth(received(given.responses, given.ask, calendar(given.ask, HORIZON)), given.ask)
    value = float((given.smooth(solved.spend, np.ones(cells)) * got - solved.spend).sum())
    short = weigh(given.responses, given.ask, solved.spend)
    figures: dict[str, Any] = {
        "solve_s": solved.seconds,
        "whole_s": whole_s,
        "value": value,
        "violated": int((short.short > 0.01).sum()) + int((again.cash < given.ask.money.floor[0] - 0.01).sum()),
        "payback_short": max(0.0, -short.back),
        "again_s": again_s,
        "moves": len(steps),
        "moved": float(sum(step.amount for step in steps) / solved.spend.sum()),
        "hold_short": float(held.short.max()),
        "gain_told_off": abs(sum(step.gain for step in steps) - (again.value - held.value)),
    }
    if not risk:
        figures["gap"] = bound(given, solved) / value - 1
    if fine:
        grid = case(cells, seed, pieces=FINE)
        best = plan(grid.responses, grid.ask)
        figures["gap_to_grid"] = best.value / value - 1
    return figures


def slsqp(cells: int, seed: int) -> dict[str, Any]:
    """The same question put to scipy's SLSQP, on the smooth curves."""
    given = case(cells, seed)
    ask, shape = given.ask, (cells, len(MONTHS))
    months = calendar(ask, HORIZON)
    got, spent = received(given.responses, ask, months), paid(ask, cells, months)
    value, watched = worth(got, ask), range(4)
    price, k = np.ones(cells), given.k[:, None]
    other = np.cumsum(np.append(ask.money.other, np.zeros(months))[:months])
    base = float(ask.money.opening or 0.0) + other - ask.money.floor[0]

    def slope(spend: Array) -> Array:
        u = spend / given.now[:, None]
        return np.asarray((given.brings / given.now)[:, None] * (1 + k) / (1 + k * u) ** 2)

    def profit(x: Array) -> tuple[float, Array]:
        spend = x.reshape(shape)
        gain = given.smooth(spend, price) * value - spend
        return -float(gain.sum()), -(slope(spend) * value - 1).ravel()

    def rows(x: Array) -> Array:
        spend = x.reshape(shape)
        returned = given.smooth(spend, price)
        cash = [base[t] + float((returned * got[:, :, t] - spend * spent[:, :, t]).sum()) for t in watched]
        return np.array([*cash, float((returned * given.shares[:, [6]] - spend).sum())])

    def rows_slope(x: Array) -> Array:
        spend = x.reshape(shape)
        by = slope(spend)
        cash = [(by * got[:, :, t] - spent[:, :, t]).ravel() for t in watched]
        return np.array([*cash, (by * given.shares[:, [6]] - 1).ravel()])

    start = np.repeat(0.3 * given.now, len(MONTHS))
    most = np.repeat(3 * given.now, len(MONTHS))
    began = time.process_time()
    found = optimize.minimize(
        profit,
        start,
        jac=True,
        method="SLSQP",
        bounds=list(zip(np.zeros(len(most)), most, strict=True)),
        constraints=[{"type": "ineq", "fun": rows, "jac": rows_slope}],
    )
    took = time.process_time() - began
    return {
        "s": took,
        "value": -float(found.fun),
        "converged": bool(found.success),
        "short": -float(rows(found.x).min()),
    }


def _mean(runs: Sequence[dict[str, Any]], name: str) -> float:
    return float(np.mean([run[name] for run in runs]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[18, 100, 600])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--no-slsqp", action="store_true")
    given = parser.parse_args()
    heads = ("solve s", "in all s", "gap %", "to grid %", "violated", "+30 % s", "moved %")
    print(f"{'cells':>5}" + "".join(f"{head:>10}" for head in heads))
    told: dict[str, Any] = {}
    for cells in given.cells:
        runs = [measured(cells, seed, fine=cells <= 18) for seed in range(given.seeds)]
        grid = f"{100 * max(r['gap_to_grid'] for r in runs):.3f}" if cells <= 18 else "–"
        told[str(cells)] = {name: round(_mean(runs, name), 5) for name in runs[0]}
        told[str(cells)] |= {"gap_worst": max(r["gap"] for r in runs), "violated": sum(r["violated"] for r in runs)}
        print(
            f"{cells:>5}{_mean(runs, 'solve_s'):>10.3f}{_mean(runs, 'whole_s'):>10.3f}"
            f"{100 * max(r['gap'] for r in runs):>10.3f}{grid:>10}{sum(r['violated'] for r in runs):>10}"
            f"{_mean(runs, 'again_s'):>10.3f}{100 * _mean(runs, 'moved'):>10.1f}",
            flush=True,
        )
        risky = [measured(cells, seed, risk=True) for seed in range(min(2, given.seeds))]
        print(
            f"{'':>5}{_mean(risky, 'solve_s'):>10.3f}{_mean(risky, 'whole_s'):>10.3f}   with 100 draws and caution .3"
        )
        told[f"{cells} with risk"] = {name: round(_mean(risky, name), 5) for name in risky[0]}
    print("asked of 600 cells: solve ≤ 0.2 s, gap ≤ 0.2 %, nothing violated")
    for cells in () if given.no_slsqp else ASKED_OF_SLSQP:
        theirs = slsqp(cells, 0)
        ours = measured(cells, 0)
        print(
            f"SLSQP, {cells} cells: {theirs['s']:.2f} s, converged: {theirs['converged']}, "
            f"value {theirs['value']:,.0f} (ours {ours['value']:,.0f}), row broken by {max(0.0, theirs['short']):,.2f}"
        )
        told[f"slsqp {cells}"] = theirs
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
