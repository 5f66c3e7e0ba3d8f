"""What traffic has paid back, reckoned in the background: at night by the clock, or when somebody asks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks import task

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.models import Merchant, ReachRun, Spend, User

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]

KEPT = 30  # answers of a merchant; older ones are thrown away
GIVEN_UP = timedelta(hours=1)  # the clockwork has then given a dead worker's task to others, and they died too
A_NIGHT = timedelta(hours=20)


def start(*, merchant_id: int, by: User | None, now: datetime) -> int:
    """Asks for an answer with the facts of today; the run's id. One that is under way already is the answer."""
    _end_dead(merchant_id, now)
    merchant = Merchant.objects.get(pk=merchant_id)
    as_of = now.astimezone(ZoneInfo(merchant.time_zone)).date()
    try:
        with transaction.atomic():
            run = ReachRun.objects.create(merchant_id=merchant_id, as_of=as_of, started_at=now)
            audit(by, "reach.run", as_of.isoformat(), merchant_id=merchant_id, now=now)
            reckon_in_background.enqueue(merchant_id, run.pk)
    except IntegrityError:  # one_reckoning_at_a_time
        return ReachRun.objects.of(merchant_id).filter(ended_at=None).values_list("pk", flat=True).get()
    return run.pk


def start_nightly(*, now: datetime) -> int:
    """A run for every merchant who spends and whose last one is a night old; how many were started."""
    started = 0
    for merchant_id in Merchant.objects.order_by("pk").values_list("pk", flat=True):
        recent = ReachRun.objects.of(merchant_id).filter(started_at__gt=now - A_NIGHT)
        if Spend.objects.of(merchant_id).exists() and not recent.exists():
            start(merchant_id=merchant_id, by=None, now=now)
            started += 1
    return started


@task()
def reckon_in_background(merchant_id: int, run_id: int) -> str:
    """The worker's way to `work_out`."""
    return work_out(merchant_id=merchant_id, run_id=run_id, now=timezone.now)


def work_out(*, merchant_id: int, run_id: int, now: Clock) -> str:
    """Reckons and keeps the answer; how it ended. A run that has ended already is left alone: safe twice."""
    from haitu.reads.reach.reckoned import reckon  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    runs = ReachRun.objects.of(merchant_id).filter(pk=run_id, ended_at=None)
    run = runs.first()
    if run is None:
        return "ended before"
    try:
        found = reckon(merchant_id, as_of=run.as_of, report=lambda step: runs.update(step=step))
    except Refusal as no:
        runs.update(ended_at=now(), step="failed", told=no.code)
        return no.code
    except Exception:
        log.exception("paybacks of merchant %s could not be reckoned", merchant_id)
        runs.update(ended_at=now(), step="failed", told="broken")
        return "broken"
    runs.update(
        ended_at=now(),
        step="done",
        facts=found.facts,
        payback=found.payback,
        months=found.months,
        ages=found.ages,
        credit=found.credit,
    )
    old = ReachRun.objects.of(merchant_id).order_by("-started_at").values_list("pk", flat=True)[KEPT:]
    ReachRun.objects.of(merchant_id).filter(pk__in=list(old), ended_at__isnull=False).delete()
    return "done"


def _end_dead(merchant_id: int, now: datetime) -> None:
    """A run that nobody works on any more makes room for the next."""
    dead = ReachRun.objects.of(merchant_id).filter(ended_at=None, started_at__lt=now - GIVEN_UP)
    dead.update(ended_at=now, step="failed", told="stopped")
