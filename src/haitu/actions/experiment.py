"""Tests of a channel: planned, read into what the paybacks believe, or given up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from haitu.actions.audit import audit
from haitu.core.errors import Refusal
from haitu.core.money import minor_units
from haitu.models import Channel, Experiment, Market, Merchant, User

LONGEST_WEEKS = 26


class BadTest(Refusal):
    """A test has a channel that spends, a first day, one to 26 weeks, and markets of which not all are switched off."""

    code = "bad_test"


class NotOver(Refusal):
    """A test is read after its last week."""

    code = "test_not_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestDraft:
    """What a person chose; `moved_minor` is the spend that is withheld, in base currency."""

    name: str
    channel: str
    first_day: date
    weeks: int
    markets: tuple[str, ...]
    moved_minor: int


def plan_test(*, merchant_id: int, draft: TestDraft, by: User, now: datetime) -> int:
    """Keeps the plan; its id. Nothing is switched off here: that is done in the ad account."""
    channel = Channel.objects.of(merchant_id).filter(code=draft.channel).first()
    known = set(Market.objects.of(merchant_id).values_list("country", flat=True))
    chosen = set(draft.markets)
    if channel is None or not chosen or not chosen < known or not 1 <= draft.weeks <= LONGEST_WEEKS:
        raise BadTest(BadTest.__doc__ or "")
    monday = draft.first_day - timedelta(days=draft.first_day.weekday())
    with transaction.atomic():
        row = Experiment.objects.create(
            merchant_id=merchant_id,
            name=(draft.name or f"{channel.name} off")[:80],
            channel=channel,
            first_day=monday,
            last_day=monday + timedelta(weeks=draft.weeks, days=-1),
            design={"markets": sorted(chosen), "moved_minor": draft.moved_minor},
            created_at=now,
        )
        audit(by, "experiment.plan", row.name, merchant_id=merchant_id, now=now)
    return row.pk


def read_test(*, merchant_id: int, experiment_id: int, today: date, by: User, now: datetime) -> bool:
    """Reads what a test that is over told, and keeps it for the next reckoning. False: there is no such test."""
    row = Experiment.objects.of(merchant_id).filter(pk=experiment_id).first()
    if row is None:
        return False
    if today <= row.last_day:
        raise NotOver(f"The test runs until {row.last_day}.", last_day=row.last_day.isoformat())
    from haitu.reads.desk.experiments import reading  # noqa: PLC0415  # scipy and the solver: only where a plan is asked for

    found = reading(merchant_id, experiment_id, today=today)
    if found is None:
        return False
    units = minor_units(Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id))
    told = {
        "verdict": found["verdict"],
        "brought_minor": round(found["test_brought"] * units),
        "brought_se_minor": round(found["test_se"] * units),
    }
    with transaction.atomic():
        Experiment.objects.of(merchant_id).filter(pk=experiment_id).update(
            lift=found["lift"], se=found["se"], told=str(found["told"])[:400], design=row.design | told
        )
        audit(by, "experiment.read", row.name, merchant_id=merchant_id, now=now)
    return True


def end_test(*, merchant_id: int, experiment_id: int, by: User, now: datetime) -> bool:
    """The test is given up and forgotten. False: there is no such test."""
    with transaction.atomic():
        rows = Experiment.objects.of(merchant_id).filter(pk=experiment_id)
        name = rows.values_list("name", flat=True).first()
        if name is None:
            return False
        rows.delete()
        audit(by, "experiment.end", name, merchant_id=merchant_id, now=now)
    return True
