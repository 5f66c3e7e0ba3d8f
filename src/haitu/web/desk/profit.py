"""Profit: the waterfall, as chart and table, and every figure down to its postings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.core.landed import STEPS, Waterfall
from haitu.core.ledger import Book, monday_of, week_of
from haitu.core.money import display, minor_units
from haitu.reads.desk import profit as reads
from haitu.reads.profit import By, ProfitRow, Slice, drill, waterfall
from haitu.web.desk import words
from haitu.web.desk.answers import csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, country_name, date_text

GROUPS = (By.WEEK, By.MARKET, By.SKU, By.OUTLET, By.LANE, By.CHANNEL)
SPANS = (4, 13, 26, 52, 104)
TOP = 100
LAST_WEEK = week_of(date.max) - 1
DRILLED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for."""

    of: Slice
    by: By
    weeks: int


@door(read=Right.PROFIT)
def profit(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The sum, its steps, and the rows it is made of."""
    asked = _asked(request.GET)
    rows = waterfall(desk.merchant.id, asked.by, of=asked.of, top=None if asked.by is By.WEEK else TOP)
    (total,) = waterfall(desk.merchant.id, of=asked.of)
    names = reads.dimensions(desk.merchant.id)
    return show(
        request,
        desk,
        "profit.html",
        asked=asked,
        total=total,
        steps=STEPS,
        rows=[(row, _label(asked.by, row)) for row in reversed(rows)]
        if asked.by is By.WEEK
        else [(row, _label(asked.by, row)) for row in rows],
        groups=[(by.value, _group(by)) for by in GROUPS],
        spans=[(str(weeks), _("Last %(weeks)d weeks") % {"weeks": weeks}) for weeks in SPANS]
        + [("0", _("Everything"))],
        markets=[(pk, country_name(code, active())) for pk, code in names.markets],
        outlets=names.outlets,
        lanes=names.lanes,
        channels=[(code, words.channel(code)) for code in names.channels],
        sku=request.GET.get("sku", ""),
        first_day=monday_of(asked.of.first_week) if asked.of.first_week is not None else None,
        last_day=_sunday(asked.of.last_week),
    )


@door(read=Right.PROFIT)
def chart(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The total waterfall for the chart, in major units of base currency."""
    (total,) = waterfall(desk.merchant.id, of=_asked(request.GET).of)
    units = minor_units(desk.merchant.base_currency)
    steps = [
        {
            "name": words.step(step),
            "value": _signed(total.actual.waterfall, step) / units,
            "assumed": total.actual.assumed_bp(step) > 0,
        }
        for step in STEPS
    ]
    return JsonResponse(
        {
            "steps": steps,
            "shrinkage": {"name": _("Stock lost or found"), "value": -total.shrinkage_minor / units},
            "total": {"name": words.step("contribution"), "value": total.contribution_minor / units},
            "currency": desk.merchant.base_currency,
            "language": "zh-CN" if desk.language == "zh-hans" else "en",
            "words": {"assumed": _("rests on assumptions"), "known": _("booked")},
        }
    )


@door(read=Right.PROFIT)
def export(request: HttpRequest, desk: Desk, /) -> StreamingHttpResponse:
    """The rows as a CSV file, in base currency."""
    asked = _asked(request.GET)
    rows = waterfall(desk.merchant.id, asked.by, of=asked.of)
    return csv_file("profit.csv", csv_lines(_table(asked.by, rows, desk.merchant.base_currency)))


@door(read=Right.PROFIT)
def postings(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The postings behind one figure."""
    query = request.GET
    step = query.get("step", "")
    known = step in {*STEPS, "shrinkage"}
    before = query.get("before", "")
    page = drill(
        desk.merchant.id,
        step=step if known else None,
        book=Book.QUOTED if query.get("book") == "quoted" else Book.ACTUAL,
        of=_asked(query).of,
        assumed=True if query.get("assumed") else None,
        before=int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None,
        limit=DRILLED,
    )
    return show(
        request,
        desk,
        "postings.html",
        page=page,
        step=step if known else "contribution",
        quoted=query.get("book") == "quoted",
    )


@door(read=Right.PROFIT)
def event(request: HttpRequest, desk: Desk, /, *, event_id: int) -> HttpResponse:
    """One event: its payload and all its entries, balanced."""
    found = reads.event(desk.merchant.id, event_id)
    if found is None:
        return nothing_here(request, desk)
    return show(request, desk, "event.html", event=found)


@door(read=Right.PROFIT)
def assumptions(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """What the figures rest on that nobody has measured."""
    return show(request, desk, "assumptions.html", seen=reads.assumptions(desk.merchant.id))


def _asked(query: QueryDict) -> Asked:
    weeks = int(query.get("weeks", "")) if re.fullmatch(r"[0-9]{1,4}", query.get("weeks", "")) else 26
    this_week = week_of(timezone.localdate())
    week = _number(query, "week")
    first = week if week is not None else _week(query.get("since", ""))
    last = week if week is not None else _week(query.get("until", ""))
    if first is None and last is None and weeks:
        first, last = this_week - weeks + 1, this_week
    by = query.get("by", "")
    return Asked(
        of=Slice(
            first_week=_bounded(first),
            last_week=_bounded(last),
            market_id=_number(query, "market"),
            variant_id=_number(query, "variant"),
            outlet_id=_number(query, "outlet"),
            lane_id=_number(query, "lane"),
            channel=query.get("channel") or None,
            order_id=_number(query, "order"),
        ),
        by=By(by) if by in {group.value for group in GROUPS} else By.WEEK,
        weeks=weeks,
    )


def _bounded(week: int | None) -> int | None:
    """A week that has a Monday and a Sunday."""
    return None if week is None else min(max(week, 0), LAST_WEEK)


def _number(query: QueryDict, name: str) -> int | None:
    given = query.get(name, "")
    return int(given) if re.fullmatch(r"[0-9]{1,18}", given) else None


def _week(text: str) -> int | None:
    try:
        return week_of(date.fromisoformat(text))
    except ValueError:
        return None


def _sunday(week: int | None) -> date | None:
    return None if week is None else monday_of(week) + timedelta(days=6)


def _group(by: By) -> str:
    return {
        By.WEEK: _("Week"),
        By.MARKET: _("Market"),
        By.SKU: _("SKU"),
        By.OUTLET: _("Outlet"),
        By.LANE: _("Lane"),
        By.CHANNEL: _("Channel"),
    }[by]


def _label(by: By, row: ProfitRow) -> str:
    if by is By.WEEK:
        return date_text(monday_of(int(row.key)), active())
    if by is By.MARKET and row.label:
        return country_name(row.label, active())
    if by is By.CHANNEL:
        return words.channel(str(row.key))
    return row.label or _("none")


def _signed(steps: Waterfall, step: str) -> int:
    """A step as it adds to the contribution."""
    value: int = getattr(steps, step)
    return value if step == "price" else -value


def _table(by: By, rows: tuple[ProfitRow, ...], currency: str) -> Iterator[list[object]]:
    sums = [*STEPS, "shrinkage", "contribution"]
    yield [by.value, "currency", *sums, *(f"quoted_{step}" for step in STEPS), "assumed_contribution"]
    for row in rows:
        actual, quoted = row.actual.waterfall, row.quoted.waterfall
        figures = [*actual.as_list(), row.shrinkage_minor, row.contribution_minor, *quoted.as_list()]
        figures.append(row.actual.assumed.contribution)
        yield [row.label, currency, *(display(figure, currency) for figure in figures)]
