"""A budget in sentences: a code, what it is about, numbers, and the English of it; the desk translates by code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from haitu.plan.budget.ask import Ask, Responses
from haitu.plan.budget.moves import Move
from haitu.plan.budget.programme import Plan, plan

WORTH_TELLING = 0.005  # of a unit of money


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """`code` and the numbers are for machines and translations, `says` is the English sentence."""

    code: str
    about: str
    month: str
    amount: float
    says: str


def month_name(first: date, later: int) -> str:
    """The month so many after another, such as 2026-03."""
    at = first.year * 12 + first.month - 1 + later
    return f"{at // 12}-{at % 12 + 1:02d}"


def sentences(responses: Responses, ask: Ask, solved: Plan) -> tuple[Sentence, ...]:
    """What one more unit of each scarce thing would be worth, and what the plan rests on."""
    told = [
        *_cash(ask, solved),
        *_payback(responses, ask, solved),
        *_limits(ask, solved),
        *_cells(responses, ask, solved),
    ]
    if ask.money.opening is None:
        told.append(_sentence("cash_not_watched", "", "", 0.0, "No cash was given, so no month's cash was watched."))
    if not solved.proven:
        says = f"The time was up; a better plan could bring at most {100 * solved.gap:.2f} % more."
        told.append(_sentence("not_proven", "", "", solved.gap, says))
    return tuple(told)


def _sentence(code: str, about: str, month: str, amount: float, says: str) -> Sentence:
    return Sentence(code=code, about=about, month=month, amount=amount, says=says)


def _cash(ask: Ask, solved: Plan) -> list[Sentence]:
    told = []
    for month in range(min(len(ask.months), len(solved.cash_worth))):
        amount = float(solved.cash_worth[month])
        if amount > WORTH_TELLING:
            name = month_name(ask.months[0], month)
            says = f"One more of cash in {name} is worth {amount:.2f}."
            told.append(_sentence("cash_worth", "", name, amount, says))
    if ask.money.opening is not None and not told:
        told.append(
            _sentence("cash_suffices", "", "", 0.0, "Cash suffices in every month; more of it changes nothing.")
        )
    return told


def _payback(responses: Responses, ask: Ask, solved: Plan) -> list[Sentence]:
    """What waiting one month longer for the payback would bring: solved once more."""
    wanted = ask.payback_months
    if wanted is None or wanted >= responses.horizon:
        return []
    longer = plan(responses, replace(ask, payback_months=wanted + 1), start=solved.start)
    gain = longer.value - solved.value
    if gain <= WORTH_TELLING:
        says = f"The payback in {wanted} months costs nothing."
        return [_sentence("payback_costs_nothing", "", "", 0.0, says)]
    says = f"One month more for the payback ({wanted + 1} instead of {wanted}) is worth {gain:,.2f}."
    return [_sentence("payback_month_worth", "", "", gain, says)]


def _limits(ask: Ask, solved: Plan) -> list[Sentence]:
    told = []
    for about, month, side, price in solved.limit_worth:
        name = month_name(ask.months[0], month)
        if side == "maximum":
            says = f"One more allowed for {about} in {name} is worth {price:.2f}."
        else:
            says = f"The last one that {about} must spend in {name} costs {-price:.2f}."
        told.append(_sentence(f"limit_{side}", about, name, price, says))
    return told


def _cells(responses: Responses, ask: Ask, solved: Plan) -> list[Sentence]:
    told = []
    for c, cell in enumerate(responses.cells):
        for m in range(len(ask.months)):
            name, spend = month_name(ask.months[0], m), float(solved.spend[c, m])
            lowest = responses.curves[c][m].lowest_effective * (1.0 if ask.price is None else float(ask.price[c]))
            if 0.005 < spend < lowest:
                says = f"{cell} in {name}: {spend:,.2f} is below the least that works ({lowest:,.2f})."
                told.append(_sentence("below_minimum_effective", str(cell), name, lowest, says))
        if responses.unidentified[c]:
            says = f"{cell}: what it brings is not known yet, so it is given no more than today; run a test."
            told.append(_sentence("unidentified", str(cell), "", float(responses.now[c]), says))
    return told


REASONS = {
    "brings_more": "One brings {target_brings:.2f} at {target} and {source_brings:.2f} at {source}.",
    "other_month": "At {target} one brings {target_brings:.2f} in another month and {source_brings:.2f} in this.",
    "brings_too_little": "One brings only {source_brings:.2f} at {source}.",
    "brings_enough": "One brings {target_brings:.2f} at {target}.",
    "no_cash": "There is not the cash for it, though one brings {source_brings:.2f} at {source}.",
    "no_payback": "It comes back too late, though one brings {source_brings:.2f} at {source} in the end.",
}


def says(move: Move) -> str:
    """The move's reason in one sentence."""
    return REASONS[move.why].format(
        source=move.source,
        target=move.target,
        source_brings=move.source_brings,
        target_brings=move.target_brings,
    )
