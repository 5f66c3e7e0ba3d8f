"""The first page: what came in, what is to do, what is wrong."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.core.ledger import monday_of, week_of
from haitu.core.money import minor_units
from haitu.reads.desk import overview as reads
from haitu.reads.profit import By, Slice, waterfall
from haitu.web.desk.door import Desk, Right, door, show

SPANS = (1, 7, 28)
WEEKS = 26


@door(read=Right.SEE)
def overview(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """Today, a week, four weeks."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    starts = [(days, midnight - timedelta(days=days - 1)) for days in SPANS]
    return show(
        request,
        desk,
        "overview.html",
        seen=reads.overview(desk.merchant.id, starts, on=timezone.now().date()),
        span_names={1: _("Today"), 7: _("7 days"), 28: _("28 days")},
        trouble_names={
            "notices": _("Payment notices waiting for their order"),
            "refused_notices": _("Payment notices that were refused"),
            "refunds": _("Refunds that failed"),
            "letters": _("Letters that could not be sent"),
        },
    )


@door(read=Right.PROFIT)
def weeks(_request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The contribution of each of the last weeks, for the line."""
    last = week_of(timezone.localdate())
    of = Slice(first_week=last - WEEKS + 1, last_week=last)
    earned = {row.key: row.contribution_minor for row in waterfall(desk.merchant.id, By.WEEK, of=of)}
    shown = range(last - WEEKS + 1, last + 1)
    units = minor_units(desk.merchant.base_currency)
    return JsonResponse(
        {
            "days": [monday_of(week).isoformat() for week in shown],
            "values": [earned.get(week, 0) / units for week in shown],
            "currency": desk.merchant.base_currency,
            "label": _("Contribution"),
            "week": _("Week"),
            "language": "zh-CN" if desk.language == "zh-hans" else "en",
        }
    )
