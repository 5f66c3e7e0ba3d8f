"""An order's other ways: every warehouse and lane that could send what waits, and choosing one with a reason."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from haitu.actions.overrule import overrule
from haitu.core.errors import Refusal
from haitu.reads.ways import Ways, ways_of
from haitu.web.desk import forms, words
from haitu.web.desk.answers import acted, nothing_here
from haitu.web.desk.door import Desk, Right, door, show


@door(read=Right.SEE, write=Right.SHIP)
def ways(request: HttpRequest, desk: Desk, /, *, order_id: int) -> HttpResponse:
    """All ways with what each costs, or why it is none; POST takes one. `line` narrows both to one line."""
    line_id = forms.row_id(request.POST.get("line", "") or request.GET.get("line", ""))
    lines = None if line_id is None else [line_id]
    if request.method == "POST":
        return _choose(request, desk, order_id, lines)
    at = timezone.now()
    found: Ways | None = None
    every: Ways | None = None
    told = ""
    try:
        every = ways_of(desk.merchant, order_id, on=at.date(), at=at)
        found = every if lines is None else ways_of(desk.merchant, order_id, on=at.date(), at=at, line_ids=lines)
    except Refusal as no:
        told = words.refusal(no)
    if not told and (found is None or every is None):
        return nothing_here(request, desk)
    return show(request, desk, "order_ways.html", found=found, every=every, told=told, order_id=order_id, line=line_id)


def _choose(request: HttpRequest, desk: Desk, order_id: int, lines: list[int] | None) -> HttpResponse:
    def act() -> None:
        overrule(
            merchant_id=desk.merchant.id,
            order_id=order_id,
            lane_id=forms.whole(request.POST, "lane", least=1),
            line_ids=lines,
            reason=forms.text(request.POST, "reason"),
            seen=forms.text(request.POST, "seen"),
            by=desk.user,
            now=timezone.now(),
        )

    return acted(request, reverse("desk:order", args=[order_id]), act, _("It leaves by the way you chose."))
