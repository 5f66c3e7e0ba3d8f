"""The clockwork does what is due, once however many of it run, and a job that fails holds up no other."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from haitu.actions import clockwork, pay, refund
from haitu.actions.checkout import HOLD
from haitu.models import Clockwork, Event, Letter, Payment, PaymentAccount, Refund
from haitu.reads.conservation import stock_problems
from outside.payment.mischief import Mischief
from outside.payment.server import serving
from tests.actions.buying import basket_of, order, order_row, paid_order
from tests.world import NOW, World


def test_everything_runs_on_the_first_tick_and_only_what_is_due_on_the_next(world: World) -> None:
    names = [job.name for job in clockwork.JOBS]
    assert list(clockwork.tick(now=NOW)) == names
    assert list(clockwork.tick(now=NOW)) == []
    soon = [job.name for job in clockwork.JOBS if job.every_s <= 10]
    assert list(clockwork.tick(now=NOW + timedelta(seconds=10))) == soon
    assert Clockwork.objects.filter(last_told__startswith="failed").count() == 0


def test_an_unpaid_order_expires_by_the_clock(world: World) -> None:
    placed = order(world, basket_of(world, LANTERN=1))
    told = clockwork.tick(now=NOW + HOLD)
    assert told["expire unpaid orders"] == "1 unpaid orders gave their stock back"
    assert (told["count up the stock"], told["audit the ledger"]) == (
        "stock counted up, 0 problems",
        "2 events audited, 0 problems",
    )
    assert order_row(world, placed).status == "expired"


def test_a_job_that_fails_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(now: Any) -> str:
        raise RuntimeError("broken")

    first = clockwork.Job(name="expire unpaid orders", every_s=10, run=fail)
    monkeypatch.setattr(clockwork, "JOBS", (first, *clockwork.JOBS[1:]))
    told = clockwork.tick(now=NOW)
    assert told["expire unpaid orders"] == "failed: RuntimeError: broken"
    assert len(told) == len(clockwork.JOBS)


def test_the_command_says_what_it_did(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("tick", "--everything")
    assert "count up the stock: stock counted up, 0 problems" in capsys.readouterr().out.splitlines()


def test_a_task_whose_worker_died_is_given_to_another_three_times(world: World) -> None:
    row = paid_order(world, basket_of(world, LANTERN=1))
    refund.refund(merchant_id=world.merchant.pk, order_id=row.pk, by=None, now=NOW)
    task, states = DBTaskResult.objects.get(), list[str]()
    for start in range(3):
        task.claim(f"worker {start}")
        assert task.started_at is not None
        assert clockwork.recover_tasks(now=task.started_at + timedelta(minutes=9)) == 0
        assert clockwork.recover_tasks(now=task.started_at + timedelta(minutes=11)) == 1
        task.refresh_from_db()
        states.append(task.status)
    assert states == [TaskResultStatus.READY, TaskResultStatus.READY, TaskResultStatus.FAILED]


@pytest.mark.django_db(transaction=True)
def test_a_lost_notice_and_a_lost_refund_task_are_made_good_by_asking(world: World, tmp_path: Path) -> None:
    """The provider is real here: its notices get lost, the worker never comes, the clock asks."""
    mischief = Mischief(lose=99)
    with serving(host="127.0.0.1", port=0, path=str(tmp_path / "psp.sqlite3"), mischief=mischief) as psp:
        PaymentAccount.objects.of(world.merchant.pk).update(address=psp.own_address)
        placed = order(world, basket_of(world, LANTERN=1))
        given = {"merchant_id": world.merchant.pk, "order_id": placed.id, "origin": "http://127.0.0.1:9", "now": NOW}
        pages = [pay.start(return_url="http://shop.test/", **given) for _ in range(2)]  # type: ignore[arg-type]
        assert pages[0] == pages[1]
        httpx.post(pages[0], data={"choice": "pay"}, trust_env=False)
        assert pay.ask_about_silent(now=NOW + timedelta(seconds=60)) == 0
        assert pay.ask_about_silent(now=NOW + timedelta(seconds=120)) == 1
        assert order_row(world, placed).status == "paid"
        (refund_id,) = refund.refund(merchant_id=world.merchant.pk, order_id=placed.id, by=None, now=NOW)
        assert refund.ask_pending(now=NOW + timedelta(minutes=2)) == 0  # asked; the provider's word is still to come
        assert Refund.objects.of(world.merchant.pk).get().status == "pending"
        assert psp.store.all("SELECT amount_minor FROM refund") == [{"amount_minor": placed.total_minor}]
        assert refund_id == Refund.objects.of(world.merchant.pk).get().pk
    assert Payment.objects.of(world.merchant.pk).get().status == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_two_ticks_at_once_share_the_work(world: World) -> None:
    """Every job is claimed by one of them, every order expires once, every letter goes out once."""
    for nth in range(6):
        order(world, basket_of(world, LANTERN=1), cart=f"cart-{nth}")
    paid_order(world, basket_of(world, LANTERN=1), cart="paid")
    clockwork.tick(now=NOW)
    later, told, gate = NOW + HOLD, list[dict[str, str]](), threading.Barrier(4)

    def run() -> None:
        gate.wait()
        try:
            told.append(clockwork.tick(now=later))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [name for one in told for name in one]
    assert sorted(done) == sorted(job.name for job in clockwork.JOBS if job.every_s < 1800)
    assert Event.objects.of(world.merchant.pk).filter(kind="expired").count() == 6
    assert len(mail.outbox) == Letter.objects.of(world.merchant.pk).exclude(sent_at=None).count()
    assert stock_problems() == ()


@pytest.mark.django_db(transaction=True)
def test_the_worker_asks_for_a_refund_under_its_token(world: World, tmp_path: Path) -> None:
    """Run twice, as after a worker's death, it is one refund at the provider."""
    with serving(host="127.0.0.1", port=0, path=str(tmp_path / "psp.sqlite3"), mischief=Mischief(lose=99)) as psp:
        PaymentAccount.objects.of(world.merchant.pk).update(address=psp.own_address)
        placed = order(world, basket_of(world, LANTERN=1))
        given = {"merchant_id": world.merchant.pk, "order_id": placed.id, "origin": "http://127.0.0.1:9", "now": NOW}
        page = pay.start(return_url="http://shop.test/", **given)  # type: ignore[arg-type]
        httpx.post(page, data={"choice": "pay"}, trust_env=False)
        pay.ask_about_silent(now=NOW + timedelta(seconds=120))
        refund.refund(merchant_id=world.merchant.pk, order_id=placed.id, amount_minor=500, by=None, now=NOW)
        row = DBTaskResult.objects.get()
        assert [row.task.call(*row.args_kwargs["args"]) for _ in range(2)] == ["pending", "pending"]
        token = Refund.objects.of(world.merchant.pk).get().token
        assert psp.store.all("SELECT reference, amount_minor FROM refund") == [
            {"reference": token, "amount_minor": 500}
        ]
