"""All that runs by the clock: what it is, how often, and how it is shared between processes.

Each job is claimed by one conditional UPDATE of its row, so any number of ticks may run at once. A tick that dies in
a job leaves nothing half done: the job runs again when it is next due, and every job may run twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from haitu.actions import (
    conversions,
    feeds,
    labels,
    later,
    lead_times,
    letters,
    pay,
    reach,
    refund,
    stock,
    track,
    unasked,
)
from haitu.actions.record import audit_ledger, audit_orders, audit_weeks, roll_up
from haitu.actions.returns import label as return_label
from haitu.actions.returns.decide import finish_decided
from haitu.actions.spend.pull import pull_due
from haitu.models import Clockwork, Merchant
from haitu.reads.conservation import stock_problems

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=10)  # no task of ours runs that long; one that seems to has lost its worker
MOST_STARTS = 3
AUDITED_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A recurring piece of work; `run` is handed the time and tells in a few words what it did."""

    name: str
    every_s: int
    run: Callable[[datetime], str]


def _expire(now: datetime) -> str:
    return f"{stock.release_expired(now=now)} unpaid orders gave their stock back"


def _notices(now: datetime) -> str:
    return f"{pay.retry_waiting(now=now)} waiting notices settled"


def _silent_payments(now: datetime) -> str:
    return f"{pay.ask_about_silent(now=now)} payments settled by asking"


def _refunds(now: datetime) -> str:
    return f"{refund.ask_pending(now=now)} refunds settled by asking again"


def _letters(now: datetime) -> str:
    written = letters.remind_unpaid(now=now)
    return f"{written} reminders written, {letters.send_due(now=now)} letters sent"


def _labels(now: datetime) -> str:
    return f"{labels.ask_again(now=now)} labels bought by asking again"


def _returns(now: datetime) -> str:
    bought, moved = return_label.ask_again(now=now), return_label.follow(now=now)
    return f"{bought} return labels bought, {moved} returns under way, {finish_decided(now=now)} ended"


def _pushes(now: datetime) -> str:
    folded, arrived = track.fold_waiting(now=now), track.settle_arrivals(now=now)
    return f"{folded} waiting pushes folded, {arrived} arrivals booked"


def _carriers(now: datetime) -> str:
    return f"{track.poll(now=now)} new scans from asking carriers"


def _lead_times(now: datetime) -> str:
    learnt = sum(lead_times.learn(merchant_id=pk, now=now) for pk in Merchant.objects.values_list("pk", flat=True))
    return f"days of {learnt} lanes learnt from deliveries"


def _stranded(now: datetime) -> str:
    return f"{unasked.send_unasked(now=now)} orders sent otherwise by themselves"


def _reports(now: datetime) -> str:
    written = conversions.derive(now=now)
    return f"{written} reports to ad platforms written, {conversions.send_waiting(now=now)} taken"


def _spend(now: datetime) -> str:
    return f"spend of {pull_due(now=now)} ad accounts pulled"


def _feeds(now: datetime) -> str:
    return f"{feeds.check_feeds(now=now)} feeds held against their platforms' rules"


def _late(now: datetime) -> str:
    return f"{later.tell_of_late_parcels(now=now)} buyers told that their parcel is late"


def _tasks(now: datetime) -> str:
    return f"{recover_tasks(now=now)} tasks of dead workers recovered"


def _reach(now: datetime) -> str:
    return f"paybacks of {reach.start_nightly(now=now)} merchants asked for"


def _sums(_now: datetime) -> str:
    return f"{roll_up()} events added to the weekly sums"


def _ledger(_now: datetime) -> str:
    """Derives the newest part of the ledger again, and holds every order against its events."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COALESCE(MAX(id), 0) FROM haitu_event")
        newest = cursor.fetchone()[0]
    found = audit_ledger(after_event=max(newest - AUDITED_AT_ONCE, 0))
    problems = list(found.problems)
    for merchant_id in Merchant.objects.values_list("pk", flat=True):
        problems += audit_orders(merchant_id)
    for problem in problems:
        log.error("ledger of merchant %s: %s", problem.merchant_id, problem.told)
    return f"{found.events} events audited, {len(problems)} problems"


def _stock(_now: datetime) -> str:
    problems = stock_problems()
    for problem in problems:
        log.error("stock %s of merchant %s: %s", problem.stock_id, problem.merchant_id, problem.told)
    return f"stock counted up, {len(problems)} problems"


def _weeks(_now: datetime) -> str:
    problems = audit_weeks()
    for problem in problems:
        log.error("merchant %s: %s", problem.merchant_id, problem.told)
    return f"sums of the ledger compared, {len(problems)} problems"


JOBS = (
    Job(name="expire unpaid orders", every_s=10, run=_expire),
    Job(name="settle waiting notices", every_s=10, run=_notices),
    Job(name="ask about silent payments", every_s=60, run=_silent_payments),
    Job(name="ask again for refunds", every_s=60, run=_refunds),
    Job(name="send letters", every_s=10, run=_letters),
    Job(name="ask again for labels", every_s=60, run=_labels),
    Job(name="follow returns", every_s=60, run=_returns),
    Job(name="fold waiting pushes", every_s=30, run=_pushes),
    Job(name="ask carriers", every_s=300, run=_carriers),
    Job(name="send stranded orders otherwise", every_s=300, run=_stranded),
    Job(name="report orders to platforms", every_s=120, run=_reports),
    Job(name="pull spend", every_s=3600, run=_spend),
    Job(name="check feeds", every_s=3600, run=_feeds),
    Job(name="tell late buyers", every_s=3600, run=_late),
    Job(name="recover tasks", every_s=60, run=_tasks),
    Job(name="learn lead times", every_s=24 * 3600, run=_lead_times),
    Job(name="reckon paybacks", every_s=3600, run=_reach),
    Job(name="sum up the ledger", every_s=30, run=_sums),
    Job(name="audit the ledger", every_s=3600, run=_ledger),
    Job(name="audit the ledger's sums", every_s=24 * 3600, run=_weeks),
    Job(name="count up the stock", every_s=3600, run=_stock),
)


def tick(*, now: datetime, everything: bool = False) -> dict[str, str]:
    """Runs every job that is due (or everything) and that no other tick has claimed; job → what it did.

    A job that fails says so in the log and in its row, and holds up no other.
    """
    _write_schedule(now)
    return {job.name: _run(job, now) for job in JOBS if _claim(job, now, everything=everything)}


def _write_schedule(now: datetime) -> None:
    rows = [Clockwork(name=job.name, every_s=job.every_s, next_run_at=now) for job in JOBS]
    if Clockwork.objects.filter(name__in=[job.name for job in JOBS]).count() < len(JOBS):
        Clockwork.objects.bulk_create(rows, ignore_conflicts=True)


def _claim(job: Job, now: datetime, *, everything: bool) -> bool:
    due = Clockwork.objects.filter(name=job.name)
    if not everything:
        due = due.filter(next_run_at__lte=now)
    claimed = due.update(next_run_at=now + timedelta(seconds=job.every_s), last_run_at=now, every_s=job.every_s)
    return bool(claimed)


def _run(job: Job, now: datetime) -> str:
    try:
        told = job.run(now)
    except Exception as problem:
        log.exception("the clockwork could not %s", job.name)
        told = f"failed: {type(problem).__name__}: {problem}"
    Clockwork.objects.filter(name=job.name).update(last_told=told[:200])
    return told


def recover_tasks(*, now: datetime) -> int:
    """Gives tasks whose worker died to another worker, three times; then they count as failed. How many.

    All our tasks may run twice: what they do is keyed (a refund by its token), so a worker that was only slow does
    no harm.
    """
    stale = DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING, started_at__lt=now - LEASE)
    recovered = 0
    for row in list(stale):
        gives_up = len(row.worker_ids) >= MOST_STARTS
        status = TaskResultStatus.FAILED if gives_up else TaskResultStatus.READY
        same = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at)
        finished_at = now if gives_up else None
        recovered += same.update(status=status, finished_at=finished_at)
    return recovered
