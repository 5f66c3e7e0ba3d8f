"""Paybacks are reckoned in the background: one at a time, repeat-safe, and a dead one makes room."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django_tasks_db.models import DBTaskResult

from haitu.actions import reach
from haitu.models import Audit, ReachRun
from haitu.reads.reach import reckoned
from tests.reads.reach_world import busy
from tests.world import NOW, World


def clock() -> datetime:
    return NOW + timedelta(seconds=3)


def test_a_run_keeps_the_planners_rows_and_a_second_look_changes_nothing(world: World) -> None:
    busy(world)
    run_id = reach.start(merchant_id=world.merchant.pk, by=world.owner, now=NOW)
    assert reach.work_out(merchant_id=world.merchant.pk, run_id=run_id, now=clock) == "done"
    run = ReachRun.objects.of(world.merchant.pk).get()
    assert (run.step, run.ended_at, [row["verdict"] for row in run.payback]) == ("done", clock(), ["unidentified"] * 3)
    assert [row["market"] for row in run.payback] == ["DE", "DE", "*"]
    assert (run.payback[0]["why"], run.facts["rows"]["spend"]) == ("no_orders", 20)
    assert reach.work_out(merchant_id=world.merchant.pk, run_id=run_id, now=clock) == "ended before"
    assert Audit.objects.of(world.merchant.pk).get().action == "reach.run"


def test_two_who_ask_at_once_get_one_run(world: World) -> None:
    busy(world, weeks=2)
    first = reach.start(merchant_id=world.merchant.pk, by=world.owner, now=NOW)
    assert reach.start(merchant_id=world.merchant.pk, by=world.owner, now=NOW) == first
    assert DBTaskResult.objects.count() == 1


def test_no_spend_is_said_and_not_a_failure_of_ours(world: World) -> None:
    run_id = reach.start(merchant_id=world.merchant.pk, by=None, now=NOW)
    assert reach.work_out(merchant_id=world.merchant.pk, run_id=run_id, now=clock) == "nothing_spent"
    run = ReachRun.objects.of(world.merchant.pk).get()
    assert (run.step, run.told, run.payback) == ("failed", "nothing_spent", [])


def test_a_run_that_died_goes_on_and_after_an_hour_makes_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    busy(world, weeks=2)
    run_id = reach.start(merchant_id=world.merchant.pk, by=None, now=NOW)

    def killed(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reckoned, "payback_facts", killed)
    with pytest.raises(KeyboardInterrupt):
        reach.work_out(merchant_id=world.merchant.pk, run_id=run_id, now=clock)
    monkeypatch.undo()
    assert ReachRun.objects.of(world.merchant.pk).get().step == "model"
    later = NOW + reach.GIVEN_UP + timedelta(seconds=1)
    next_id = reach.start(merchant_id=world.merchant.pk, by=None, now=later)
    assert next_id != run_id
    assert reach.work_out(merchant_id=world.merchant.pk, run_id=run_id, now=clock) == "ended before"
    assert reach.work_out(merchant_id=world.merchant.pk, run_id=next_id, now=clock) == "done"


def test_the_clock_asks_once_a_night_for_those_who_spend(world: World) -> None:
    assert reach.start_nightly(now=NOW) == 0
    busy(world, weeks=2)
    assert [reach.start_nightly(now=NOW + timedelta(hours=hours)) for hours in (0, 1, 24)] == [1, 0, 1]
