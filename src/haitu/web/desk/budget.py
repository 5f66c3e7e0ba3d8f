"""Budget: which channel gets next quarter's money, under cash, a payback and dearer clicks; solved while you type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.core.errors import Refusal
from haitu.core.money import display
from haitu.reads.desk import reach
from haitu.web.desk import forms, payback_words, words
from haitu.web.desk.answers import csv_file, csv_lines
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, money_text, percent_text

if TYPE_CHECKING:
    from haitu.reads.desk.budget import BudgetView, MoveRow, Question, WorthRow

MOST_SHOCK = 400  # per cent
PER_UNIT = ("cash_worth", "limit_maximum", "limit_minimum")  # what they tell is of one unit of money


@door(read=Right.PROFIT)
def budget(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The question as a form, the plan below it."""
    from haitu.reads.desk import budget as reads  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    channels = reads.channels(desk.merchant.id)
    base, view, told = desk.merchant.base_currency, None, ""
    try:
        view = _solved(desk, request.GET)
    except Refusal as no:
        told = words.refusal(no)
    return show(
        request,
        desk,
        "budget.html",
        view=view,
        told=told,
        channels=channels,
        given=request.GET,
        base=base,
        standing=reach.standing(desk.merchant.id),
        reach=payback_words,
        move_told=move_told,
        worths=[worth_told(worth, base) for worth in view.worths] if view else [],
    )


@door(read=Right.PROFIT)
def export(request: HttpRequest, desk: Desk, /) -> HttpResponseBase:
    """The same plan as CSV; a question without an answer gives its reason in the file."""
    try:
        return csv_file("budget.csv", csv_lines(_lines(_solved(desk, request.GET), desk.merchant.base_currency)))
    except Refusal as no:
        return csv_file("budget.csv", csv_lines([["refused"], [words.refusal(no)]]))


def _solved(desk: Desk, query: QueryDict) -> BudgetView:
    from haitu.reads.desk import budget as reads  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    return reads.budget(
        desk.merchant.id,
        _question(query, desk.merchant.base_currency, reads.channels(desk.merchant.id)),
        base=desk.merchant.base_currency,
        today=timezone.localdate(),
    )


def _question(query: QueryDict, base: str, channels: tuple[tuple[str, str], ...]) -> Question:
    from haitu.reads.desk.budget import Question  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    horizon = forms.maybe_whole(query, "horizon", least=1)
    caution = forms.maybe_whole(query, "caution") or 0
    shocks = {code: forms.maybe_whole(query, f"price-{code}", least=-90) or 0 for code, _name in channels}
    return Question(
        cash_minor=forms.maybe_amount(query, "cash", base),
        horizon_months=horizon,
        caution_bp=min(caution, 100) * 100,
        shocks_bp={code: min(percent, MOST_SHOCK) * 100 for code, percent in shocks.items()},
    )


def move_told(move: MoveRow) -> str:
    """Why a move is made."""
    given = {"source": _share(move.source_bp), "target": _share(move.target_bp)}
    return payback_words.told(payback_words.MOVES, move.why, **given)


def worth_told(worth: WorthRow, base: str) -> str:
    """A sentence of the planner in the reader's language."""
    given: Mapping[str, str] = {
        "about": worth.about or _("all channels"),
        "month": worth.month,
        "amount": money_text(worth.amount_minor, base, active()),
    }
    return payback_words.told(payback_words.WORTHS, worth.code, **given)


def _share(basis_points: int) -> str:
    return percent_text(round(basis_points, -2), active())


def _lines(view: BudgetView, base: str) -> Iterator[list[Any]]:
    yield [
        *("channel", "market", "campaign", f"before_{base}", f"spend_{base}"),
        *(f"spend_{month}_{base}" for month in view.months),
        *(f"returned_{base}", "next_unit_brings", "verdict"),
    ]
    for row in view.rows:
        yield [
            *(row.channel, row.market, row.campaign, display(row.before_minor, base), display(row.spend_minor, base)),
            *(display(minor, base) for minor in row.by_month_minor),
            *(display(row.returned_minor, base), row.next_bp / 10_000, row.verdict),
        ]
    yield []
    yield ["move", "from", "to", f"amount_{base}", f"gain_{base}", "why"]
    for number, move in enumerate(view.moves, start=1):
        amounts = (display(move.amount_minor, base), display(move.gain_minor, base))
        yield [number, move.source, move.target, *amounts, move_told(move)]
    yield []
    for worth in view.worths:
        yield [worth_told(worth, base)]
