"""The experiment planner: where to hold a channel back, for how long, what that costs and what it could tell."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.actions.experiment import TestDraft, end_test, plan_test, read_test
from haitu.core.errors import Refusal
from haitu.reads.desk import reach
from haitu.web.desk import forms, payback_words, words
from haitu.web.desk.answers import acted, nothing_here
from haitu.web.desk.door import Desk, Right, door, show
from haitu.web.desk.payback import market_name

if TYPE_CHECKING:
    from haitu.reads.desk.experiments import Design

STATES = {
    "planned": gettext_noop("Planned"),
    "running": gettext_noop("Running"),
    "over": gettext_noop("Over, to be read"),
    "read": gettext_noop("Read"),
}


@door(read=Right.PROFIT, write=Right.SELL)
def experiments(request: HttpRequest, desk: Desk, /) -> HttpResponse:
    """The designs for a channel and the tests there are; POST keeps one."""
    from haitu.reads.desk import budget as spending  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for
    from haitu.reads.desk import experiments as reads  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    if request.method == "POST":
        done = _("The test is planned. Switch the channel off in these markets on its first day.")
        return acted(request, reverse("desk:experiments"), lambda: _keep(request, desk), done)
    channels, today = spending.channels(desk.merchant.id), timezone.localdate()
    chosen = request.GET.get("channel", "")
    chosen = chosen if chosen in dict(channels) else (channels[0][0] if channels else "")
    designs: tuple[Design, ...] = ()
    told = ""
    if chosen:
        try:
            designs = reads.designs(desk.merchant.id, chosen, today=today, base=desk.merchant.base_currency)
        except Refusal as no:
            told = words.refusal(no)
    return show(
        request,
        desk,
        "experiments.html",
        channels=channels,
        chosen=chosen,
        weeks=forms.row_id(request.GET.get("weeks", "")),
        designs=designs,
        told=told,
        tests=reads.tests(desk.merchant.id, today=today),
        first_day=today + timedelta(days=7 - today.weekday()),
        today=today,
        base=desk.merchant.base_currency,
        reach=payback_words,
        standing=reach.standing(desk.merchant.id),
        market_name=market_name,
        state=lambda code: _(STATES[code]),
    )


@door(write=Right.SELL)
def read(request: HttpRequest, desk: Desk, /, *, experiment_id: int) -> HttpResponse:
    """Reads a test that is over."""
    from haitu.reads.desk import experiments as reads  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    if experiment_id not in {test.id for test in reads.tests(desk.merchant.id, today=timezone.localdate())}:
        return nothing_here(request, desk)
    return acted(
        request,
        reverse("desk:experiments"),
        lambda: read_test(
            merchant_id=desk.merchant.id,
            experiment_id=experiment_id,
            today=timezone.localdate(),
            by=desk.user,
            now=timezone.now(),
        ),
        _("The test is read; the next reckoning believes it."),
    )


@door(write=Right.SELL)
def end(request: HttpRequest, desk: Desk, /, *, experiment_id: int) -> HttpResponse:
    """Gives a test up."""
    ended = end_test(merchant_id=desk.merchant.id, experiment_id=experiment_id, by=desk.user, now=timezone.now())
    if not ended:
        return nothing_here(request, desk)
    return acted(request, reverse("desk:experiments"), lambda: None, _("The test is given up."))


def _keep(request: HttpRequest, desk: Desk) -> None:
    form = request.POST
    plan_test(
        merchant_id=desk.merchant.id,
        draft=TestDraft(
            name=forms.text(form, "name", longest=80),
            channel=forms.text(form, "channel", longest=20),
            first_day=forms.maybe_day(form, "first_day") or timezone.localdate() + timedelta(days=7),
            weeks=forms.whole(form, "weeks", least=1),
            markets=tuple(forms.text(form, "markets").split()),
            moved_minor=forms.whole(form, "moved"),
        ),
        by=desk.user,
        now=timezone.now(),
    )
