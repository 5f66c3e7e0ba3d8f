"""Payback: what the money for traffic has earned, will have earned, and when it is back; and channels side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.actions.reach import start
from haitu.core.money import display, minor_units
from haitu.reads.desk import reach as reads
from haitu.reads.desk import reach_orders
from haitu.reads.desk.reach import EVERY, HORIZONS, MonthRow, PayRow
from haitu.web.desk import forms, payback_words, reach_drawing
from haitu.web.desk.answers import acted, csv_file, csv_lines, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.locale import active, country_name, date_text, money_text, percent_text

LATER = 25  # the planner's month for "after month 24"


UNKNOWN = gettext_noop(
    "%(spent)s were spent; %(leads)s remembered readers came, %(buyers)s of them bought. That is too little to say "
    "whether it pays back: a test of %(weeks)s weeks, while %(cost)s of spend run, would tell."
)
KNOWN = gettext_noop(
    "%(spent)s were spent and have earned %(earned)s of contribution so far, counting the %(caused)s of its buyers who "
    "would not have come otherwise. By month 24 it will have earned about %(mid)s (nine times in ten between %(low)s "
    "and %(high)s); it is back %(month)s, and back by month 24 with a probability of %(sure)s. From the first visit to "
    "the first order it takes about %(lag)s weeks."
)


@door(read=Right.PROFIT)
def payback(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Every channel × market, with its verdict."""
    rows = reads.paybacks(desk.merchant.id, base=desk.merchant.base_currency)
    return show(
        request,
        desk,
        "payback.html",
        rows=[row for row in rows if row.campaign == EVERY],
        standing=reads.standing(desk.merchant.id),
        **_shared(desk),
    )


@door(read=Right.PROFIT)
def under_way(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """How far the reckoning is; the page asks for it until it is done, and is then shown anew."""
    standing = reads.standing(desk.merchant.id)
    answer = show(request, desk, "payback_step.html", standing=standing, reach=payback_words)
    if not standing.step:
        answer.headers["HX-Refresh"] = "true"
    return answer


@door(write=Right.SELL)
def reckon(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Asks for a new answer."""
    return acted(
        request,
        reverse("desk:payback"),
        lambda: start(merchant_id=desk.merchant.id, by=desk.user, now=timezone.now()),
        _("The paybacks are being reckoned anew."),
    )


@door(read=Right.PROFIT)
def cell(request: HttpRequest, desk: Desk, /, *, channel: str, market: str) -> HttpResponse:
    """One channel in a market, or one campaign of it."""
    market = EVERY if market == "all" else market
    base, campaign = desk.merchant.base_currency, request.GET.get("campaign", EVERY)[:120]
    found = reads.cell(desk.merchant.id, channel, market, campaign, base=base)
    if found is None:
        return nothing_here(request, desk)
    ages = range(max((age for row in found.ages for age in row.brought_minor), default=0) + 1)
    return show(
        request,
        desk,
        "payback_cell.html",
        view=found,
        row=found.row,
        ages=ages,
        sentence=sentence(found.row, base),
        fan=reach_drawing.fan(
            found.row.curve,
            label=_("Returned per unit spent, by months since the spend"),
            share=lambda bp: percent_text(bp, active()),
            month=lambda at: _("month %(month)d") % {"month": at},
        ),
        picture=reach_drawing.months(
            found.months,
            label=_("Spend and what it earned, by month of the spend"),
            money=lambda minor: money_text(minor // minor_units(base) * minor_units(base), base, active()),
            name=_month_name,
        )
        if found.months
        else "",
        standing=reads.standing(desk.merchant.id),
        month_name=_month_name,
        **_shared(desk),
    )


@door(read=Right.PROFIT)
def orders(request: HttpRequest, desk: Desk, /, *, channel: str, market: str) -> HttpResponse:
    """The orders behind a figure: of those who first came by the channel, in a month, so many months later."""
    query = request.GET
    asked = reach_orders.Asked(
        channel=channel,
        market="" if market == "all" else market,
        campaign="" if query.get("campaign", EVERY) == EVERY else query["campaign"][:120],
        month=query.get("month", "")[:10],
        age=forms.row_id(query.get("age", "")) if query.get("age") != "0" else 0,
    )
    found = reach_orders.orders(desk.merchant.id, asked)
    return show(
        request,
        desk,
        "payback_orders.html",
        asked=asked,
        found=found,
        address=cell_address(channel, market if market != "all" else EVERY, asked.campaign or EVERY),
        **_shared(desk),
    )


@door(read=Right.PROFIT)
def compare(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Channels side by side by the end of one chosen month; those too young for it are said to be."""
    base = desk.merchant.base_currency
    horizon = forms.row_id(request.GET.get("horizon", "")) or 12
    horizon = horizon if horizon in HORIZONS else 12
    rows = [row for row in reads.paybacks(desk.merchant.id, base=base) if row.campaign == EVERY]
    wanted = request.GET.get("by", "channel")
    rows = [row for row in rows if (row.market == EVERY) == (wanted != "market")]
    months = reads.known_months(desk.merchant.id)
    return show(
        request,
        desk,
        "payback_compare.html",
        horizon=horizon,
        horizons=HORIZONS,
        by=wanted,
        rows=sorted(rows, key=lambda row: -row.curve[horizon - 1].mid_bp),
        seen=months,
        standing=reads.standing(desk.merchant.id),
        **_shared(desk),
    )


@door(read=Right.PROFIT)
def export(_request: HttpRequest, desk: Desk, /) -> HttpResponseBase:
    """The whole table as CSV."""
    return csv_file("payback.csv", csv_lines(_lines(desk)))


def _lines(desk: Desk) -> Iterator[list[object]]:
    base = desk.merchant.base_currency
    yield [
        *("channel", "market", "campaign", f"spent_{base}", f"earned_{base}", "leads", "buyers"),
        *(f"returned_by_month_{month}_{name}" for month in HORIZONS for name in ("p05", "p50", "p95")),
        *("payback_month_p10", "payback_month_p50", "payback_month_p90"),
        *(f"probability_back_by_month_{month}" for month in HORIZONS),
        *("verdict", "why", "told"),
    ]
    for row in reads.paybacks(desk.merchant.id, base=base):
        yield [
            *(row.channel, row.market, row.campaign, display(row.spent_minor, base), display(row.earned_minor, base)),
            *(row.leads, row.buyers),
            *(
                bp / 10_000
                for month in HORIZONS
                for bp in (row.curve[month - 1].low_bp, row.curve[month - 1].mid_bp, row.curve[month - 1].high_bp)
            ),
            *(row.month_p10, row.month_p50, row.month_p90),
            *(row.sure_bp[month] / 10_000 for month in HORIZONS),
            *(row.verdict, row.why, sentence(row, base)),
        ]


def sentence(row: PayRow, base: str) -> str:
    """Every number of a row in words."""
    given = {
        "spent": money_text(row.spent_minor, base, active()),
        "earned": money_text(row.earned_minor, base, active()),
        "low": money_text(row.minor(row.by_24.low_bp), base, active()),
        "mid": money_text(row.minor(row.by_24.mid_bp), base, active()),
        "high": money_text(row.minor(row.by_24.high_bp), base, active()),
        "sure": percent_text(row.sure_bp[24], active()),
        "month": back_in(row.month_p50),
        "caused": percent_text(row.caused_bp, active()),
        "lag": str(row.lag_weeks),
        "leads": str(row.leads),
        "buyers": str(row.buyers),
        "weeks": str(row.test_weeks),
        "cost": money_text(row.test_cost_minor, base, active()),
    }
    told = UNKNOWN if row.verdict == "unidentified" else KNOWN
    return _(told) % given


def back_in(month: int) -> str:
    """When the money is back."""
    return _("in month %(month)d") % {"month": month} if month < LATER else _("after month 24")


def cell_address(channel: str, market: str, campaign: str = EVERY) -> str:
    """Of a row's page."""
    address = reverse("desk:payback_cell", args=[channel, "all" if market == EVERY else market])
    return address if campaign == EVERY else f"{address}?{urlencode({'campaign': campaign})}"


def orders_address(row: PayRow, **more: object) -> str:
    """Of the orders behind a row."""
    address = reverse("desk:payback_orders", args=[row.channel, "all" if row.market == EVERY else row.market])
    wanted = {name: value for name, value in more.items() if value is not None}
    if row.campaign != EVERY:
        wanted["campaign"] = row.campaign
    return f"{address}?{urlencode(wanted)}" if wanted else address


def market_name(code: str) -> str:
    """A country's, or that it is all of them."""
    if code == EVERY:
        return _("all markets")
    return _("not said") if code == "ZZ" else country_name(code, active())


def _month_name(row: MonthRow) -> str:
    return f"{row.month:%Y-%m}"


def _shared(desk: Desk) -> dict[str, Any]:
    return {
        "base": desk.merchant.base_currency,
        "reach": payback_words,
        "every": EVERY,
        "back_in": back_in,
        "cell_address": cell_address,
        "orders_address": orders_address,
        "market_name": market_name,
        "date_text": date_text,
        "sentence_of": lambda row: sentence(row, desk.merchant.base_currency),
    }
