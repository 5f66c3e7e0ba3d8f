"""How old the stock is and what it costs to keep."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.core.money import display
from haitu.reads.desk import ageing as reads
from haitu.reads.desk import stock as stock_reads
from haitu.reads.desk.ageing import BOUNDS, AgeingFilter
from haitu.web.desk import forms
from haitu.web.desk.answers import csv_file, csv_lines
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.SEE)
def ageing(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The list, with a picture of the ages."""
    given = _given(request, forms.page_number(request.GET))
    page, sums = reads.ageing(desk.merchant.id, given, timezone.now())
    return show(
        request,
        desk,
        "ageing.html",
        page=page,
        sums=sums,
        given=given,
        ages=_age_names(),
        warehouses=stock_reads.warehouses(desk.merchant.id),
        billed_days=reads.BILLED_DAYS,
        pace_days=reads.PACE_DAYS,
    )


@door(read=Right.PROFIT)
def export(request: HttpRequest, desk: Desk, /) -> HttpResponseBase:
    """The whole list as CSV."""
    return csv_file("stock-ageing.csv", csv_lines(_lines(request, desk)))


def _lines(request: HttpRequest, desk: Desk) -> Iterator[list[object]]:
    base = desk.merchant.base_currency
    yield [
        "sku", "warehouse", "units", *(f"from_{bound}_days" for bound in BOUNDS), "oldest_days", "sold", "cover_days",
        f"value_{base}", f"storage_{reads.BILLED_DAYS}_days_{base}", "advice", "advice_to", "advice_units",
    ]  # fmt: skip
    for row in reads.ageing_rows(desk.merchant.id, _given(request, 1), timezone.now()):
        bill = "" if row.bill_minor is None else display(row.bill_minor, base)
        cover = "" if row.cover_days is None else row.cover_days
        value = display(row.value_minor, base)
        yield [
            row.sku, row.warehouse, row.units, *row.ages, row.oldest_days, row.sold, cover, value, bill, row.advice,
            row.advice_to, row.advice_units,
        ]  # fmt: skip


def _given(request: HttpRequest, page: int) -> AgeingFilter:
    query = request.GET
    return AgeingFilter(
        warehouse=query.get("warehouse", ""),
        search=query.get("q", "").strip()[:60],
        only=query.get("only", ""),
        sort=query.get("sort", "bill"),
        page=page,
    )


def _age_names() -> list[str]:
    names = [_("%(first)s–%(last)s days") % {"first": a, "last": b - 1} for a, b in pairwise(BOUNDS)]
    return [*names, _("%(first)s days and more") % {"first": BOUNDS[-1]}]
