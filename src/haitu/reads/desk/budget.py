"""Next quarter's money for traffic, solved anew for each question; from the newest paybacks and the spend of today."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from haitu.core.money import minor_units
from haitu.models import AdAccount, Channel, ReachRun
from haitu.plan.budget.ask import Ask, NothingToPlan
from haitu.plan.budget.command import verdict
from haitu.plan.budget.facts import gather, next_quarter
from haitu.plan.budget.moves import moves, weigh
from haitu.plan.budget.programme import plan
from haitu.plan.budget.told import month_name, sentences
from haitu.plan.command import SEED
from haitu.plan.tables import write
from haitu.reads.reach.facts import weekly_spend

DRAWS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Cash in hand (None: not watched), by which month the money must be back, and how dearer each channel gets."""

    cash_minor: int | None = None
    horizon_months: int | None = None
    caution_bp: int = 0
    shocks_bp: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRow:
    """A cell over the quarter; `next_bp` is what one more unit brings, of what it costs."""

    channel: str
    market: str
    campaign: str
    before_minor: int
    spend_minor: int
    by_month_minor: tuple[int, ...]
    returned_minor: int
    next_bp: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """So much from one cell to another ("": unspent); what it gains, and what a unit brings at both ends."""

    source: str
    target: str
    amount_minor: int
    gain_minor: int
    why: str
    source_bp: int
    target_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorthRow:
    """A sentence of the planner by its code; `share_bp` is the amount where it is per unit of money."""

    code: str
    about: str
    month: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetView:
    """The plan; sums are of the quarter."""

    months: tuple[str, ...]
    rows: tuple[GivenRow, ...]
    moves: tuple[MoveRow, ...]
    worths: tuple[WorthRow, ...]
    before_minor: int
    spend_minor: int
    returned_minor: int
    profit_minor: int
    held_minor: int
    worst_minor: int
    cash_minor: tuple[int, ...]
    seconds_milli: int


def channels(merchant_id: int) -> tuple[tuple[str, str], ...]:
    """Code and name of those that spend."""
    spending = AdAccount.objects.of(merchant_id).values_list("channel_id", flat=True)
    return tuple(Channel.objects.of(merchant_id).filter(pk__in=spending).order_by("name").values_list("code", "name"))


def budget(merchant_id: int, asked: Question, *, base: str, today: date) -> BudgetView:
    """Solves it. Refuses NothingToPlan, Infeasible, TooFarAhead and what else the planner refuses."""
    started, units = time.perf_counter(), minor_units(base)
    run = ReachRun.objects.of(merchant_id).filter(step="done").order_by("-started_at").only("payback", "as_of").first()
    if run is None:
        raise NothingToPlan("Nothing was reckoned yet: the budget rests on the paybacks.")
    with TemporaryDirectory(prefix="haitu-budget-") as kept:
        folder = Path(kept)
        _write(folder, merchant_id, run.payback, today)
        cash = None if asked.cash_minor is None else asked.cash_minor / units
        facts = gather(folder, as_of=today, opening=cash, seed=SEED, draws=DRAWS)
    responses = facts.responses
    ask = Ask(
        months=next_quarter(today),
        money=facts.money,
        limits=facts.limits,
        payback_months=asked.horizon_months,
        caution=asked.caution_bp / 10_000,
    )
    solved = plan(responses, ask)
    before, question = np.repeat(responses.now[:, None], len(ask.months), axis=1), ask
    if any(asked.shocks_bp.values()):
        price = np.array([1 + asked.shocks_bp.get(cell.channel, 0) / 10_000 for cell in responses.cells])
        question = replace(ask, price=price)
        before, solved = solved.spend, plan(responses, question, start=solved.start)
    steps = moves(responses, question, before, solved.spend)
    held = weigh(responses, question, before).value

    def minor(value: Any) -> int:
        return round(float(value) * units)

    rows = tuple(
        GivenRow(
            channel=cell.channel,
            market=cell.market,
            campaign=cell.campaign,
            before_minor=minor(before[c].sum()),
            spend_minor=minor(solved.spend[c].sum()),
            by_month_minor=tuple(minor(value) for value in solved.spend[c]),
            returned_minor=minor(solved.returned[c].sum()),
            next_bp=round(float(solved.next[c].mean()) * 10_000),
            verdict=verdict(
                float(solved.spend[c].mean()),
                responses.curves[c][0].dearer(1.0 if question.price is None else float(question.price[c])),
                float(solved.next[c].mean()),
                unidentified=bool(responses.unidentified[c]),
            ),
        )
        for c, cell in enumerate(responses.cells)
    )
    return BudgetView(
        months=tuple(month_name(ask.months[0], month) for month in range(len(ask.months))),
        rows=tuple(sorted(rows, key=lambda row: (-row.spend_minor, row.channel, row.market, row.campaign))),
        moves=tuple(
            MoveRow(
                source=str(step.source) if step.source else "",
                target=str(step.target) if step.target else "",
                amount_minor=minor(step.amount),
                gain_minor=minor(step.gain),
                why=step.why,
                source_bp=round(step.source_brings * 10_000),
                target_bp=round(step.target_brings * 10_000),
            )
            for step in steps
        ),
        worths=tuple(
            WorthRow(code=told.code, about=told.about, month=told.month, amount_minor=minor(told.amount))
            for told in sentences(responses, question, solved)
        ),
        before_minor=minor(before.sum()),
        spend_minor=minor(solved.spend.sum()),
        returned_minor=minor(solved.returned.sum()),
        profit_minor=minor(solved.value),
        held_minor=minor(held),
        worst_minor=minor(solved.worst),
        cash_minor=tuple(minor(value) for value in solved.cash[: len(ask.months)]),
        seconds_milli=round((time.perf_counter() - started) * 1000),
    )


def _write(folder: Path, merchant_id: int, payback: list[dict[str, Any]], today: date) -> None:
    """The tables of docs/budget.md that a merchant's rows can fill."""
    write(folder, "payback", pl.DataFrame(payback, infer_schema_length=None))
    write(folder, "spend", weekly_spend(merchant_id, as_of=today))
    credit: dict[str, int] = {}
    for channel, days in AdAccount.objects.of(merchant_id).values_list("channel__code", "credit_days"):
        credit[channel] = min(credit.get(channel, days), days)
    schema = {"channel": pl.String, "credit_days": pl.Int64}
    write(folder, "terms", pl.DataFrame(sorted(credit.items()), schema=schema, orient="row"))
