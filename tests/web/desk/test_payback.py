"""The pages of payback: verdicts in words, one horizon at a time, tests, and a budget that is solved anew."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from haitu.actions import reach
from haitu.models import Experiment, ReachRun
from haitu.plan.attribution.rules import RULES
from haitu.plan.budget import told
from haitu.plan.payback import hints
from haitu.plan.payback.verdicts import Verdict, Why
from haitu.reads.desk.reach import HORIZONS, MONTHS
from haitu.web.desk import payback_words
from tests.actions.buying import basket_of, paid_order
from tests.reads.reach_world import belongs, busy, touched, visitor
from tests.web.desk.conftest import At
from tests.world import NOW, World


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def told_row(market: str, campaign: str, **more: object) -> dict[str, object]:
    """A row as the planner writes it: half is back in a month, and everything in month 8."""
    row: dict[str, object] = {
        "channel": "google", "market": market, "campaign": campaign, "spent": 1000.0, "leads": 60, "buyers": 12,
        "earned_p50": 400.0, "payback_month_p10": 6, "payback_month_p50": 8, "payback_month_p90": 12,
        "caused_p50": 0.75, "lag_weeks_p50": 5.0, "verdict": "pays_back", "why": "likely", "test_cells": "",
        "test_weeks": 0, "test_cost": 0.0,
    }  # fmt: skip
    for month in MONTHS:
        row |= {f"v_m{month}_p05": month / 16, f"v_m{month}_p50": month / 8, f"v_m{month}_p95": month / 4}
    return row | {f"p_payback_{month}": 0.9 if month > 8 else 0.2 for month in HORIZONS} | more


@pytest.fixture
def reckoned(world: World) -> ReachRun:
    """Google in Germany pays back; in the United States nobody can know."""
    busy(world)
    unknown = {"verdict": "unidentified", "why": "too_wide", "test_weeks": 8, "test_cost": 560.0}
    month = {"channel": "google", "market": "DE", "campaign": "Lanterns", "month": "2026-07-01", "spent": 500.0}
    return ReachRun.objects.create(
        merchant=world.merchant,
        as_of=NOW.date(),
        started_at=NOW,
        ended_at=NOW,
        step="done",
        facts={"rows": {"spend": 20}, "orders": 10, "sourced_orders": 7, "bad_rows": 0, "problems": [], "hints": []},
        payback=[
            told_row("DE", "Lanterns"),
            told_row("DE", "*"),
            told_row("US", "*", **unknown),
            told_row("*", "*", spent=2000.0),
        ],
        months=[
            month | {"leads": 30, "earned_p50": 250.0, "by_m24_p05": 300.0, "by_m24_p50": 900.0, "by_m24_p95": 1500.0}
        ],
        ages=[month | {"age": 1, "orders": 3, "brought": 120.0}],
        credit=[],
    )


def test_without_spend_the_page_says_where_it_comes_from(world: World, owner: Client) -> None:
    assert "No spend yet Import what your ad accounts" in said(owner, reverse("desk:payback"))


def test_the_table_tells_verdicts_in_words_and_leads_to_the_test_that_is_wanted(
    reckoned: ReachRun, owner: Client
) -> None:
    page = said(owner, reverse("desk:payback"))
    assert "The source of 7 of 10 orders is known; 0 rows could not be used." in page
    assert "Google Germany Pays back CN¥1,000.00 CN¥400.00 300 % 150 % – 600 % 8 90 %".replace(" %", "%") in page
    assert "Not known yet: run a test Plan the test" in page
    assert "?channel=google&amp;weeks=8" in owner.get(reverse("desk:payback")).content.decode()


def test_a_rows_page_explains_every_number_in_a_sentence_in_both_languages(
    world: World, reckoned: ReachRun, owner: Client
) -> None:
    address = reverse("desk:payback_cell", args=["google", "DE"])
    page = said(owner, address)
    assert (
        "CN¥1,000.00 were spent and have earned CN¥400.00 of contribution so far, counting the 75% of its buyers who "
        "would not have come otherwise. By month 24 it will have earned about CN¥3,000.00 (nine times in ten between "
        "CN¥1,500.00 and CN¥6,000.00); it is back in month 8, and back by month 24 with a probability of 90%."
    ) in page
    assert "CN¥2,600.00 still comes by month 24 from what was spent already" in page
    assert "2026-07 3 CN¥120.00" in page
    world.owner.language = "zh-hans"
    world.owner.save(update_fields=["language"])
    assert "贡献利润" in said(owner, address)
    assert owner.get(reverse("desk:payback_cell", args=["google", "JP"])).status_code == 404


def test_channels_are_compared_by_one_month_and_the_young_are_said_to_be(reckoned: ReachRun, owner: Client) -> None:
    page = said(owner, reverse("desk:payback_compare") + "?horizon=6&by=market")
    assert "Germany 75%" in page
    assert "too young: 4 months seen, the rest is forecast" in page


def test_a_figure_leads_to_its_orders_and_their_sum_is_the_figure(world: World, owner: Client) -> None:
    google = busy(world, weeks=2)
    anna = visitor(world, "anna")
    touched(world, anna, google, "DE", NOW - timedelta(days=5))
    order = paid_order(world, basket_of(world, LANTERN=1))
    belongs(order, anna)
    run_id = reach.start(merchant_id=world.merchant.pk, by=None, now=NOW)
    assert reach.work_out(merchant_id=world.merchant.pk, run_id=run_id, now=timezone.now) == "done"
    (age,) = ReachRun.objects.of(world.merchant.pk).get().ages
    page = said(owner, reverse("desk:payback_orders", args=["google", "DE"]) + "?month=2026-11-01&age=0")
    assert f"CN¥{age['brought']:,.2f} by 1 order" in page
    assert order.number in page
    nothing = reverse("desk:payback_orders", args=["google", "DE"]) + "?month=2026-10-01"
    assert "Nobody who first came this way" in said(owner, nothing)


def test_a_run_is_asked_for_with_a_button_and_its_progress_is_shown(world: World, owner: Client) -> None:
    busy(world, weeks=2)
    owner.post(reverse("desk:payback_reckon"))
    assert "Waiting for its turn" in said(owner, reverse("desk:payback"))
    run = ReachRun.objects.of(world.merchant.pk).get()
    assert owner.get(reverse("desk:payback_step")).headers.get("HX-Refresh") is None
    reach.work_out(merchant_id=world.merchant.pk, run_id=run.pk, now=timezone.now)
    assert owner.get(reverse("desk:payback_step")).headers["HX-Refresh"] == "true"


def test_who_may_not_see_profit_sees_none_of_it(world: World, at: At) -> None:
    for name in ("payback", "payback_compare", "payback_export", "experiments", "budget", "budget_export"):
        assert at(world.packer).get(reverse(f"desk:{name}")).status_code == 403


def test_the_budget_is_solved_for_the_question_and_says_what_cash_is_worth(reckoned: ReachRun, owner: Client) -> None:
    page = said(owner, reverse("desk:budget"))
    assert "No cash was given, so no month's cash was watched." in page.replace("&#39;", "'")
    assert "google DE Lanterns" in page
    tight = said(owner, reverse("desk:budget") + "?cash=100&horizon=12")
    assert "One more of cash in" in tight
    assert "Left after the spend" in said(owner, reverse("desk:budget") + "?price-google=30")
    assert "is no whole number" in said(owner, reverse("desk:budget") + "?horizon=x")
    assert "reach to month 24" in said(owner, reverse("desk:budget") + "?horizon=30")
    lines = b"".join(owner.get(reverse("desk:budget_export")).streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[1].startswith("google,DE,Lanterns,")


def test_a_test_is_planned_and_refused_where_there_is_nothing_to_compare_with(world: World, owner: Client) -> None:
    busy(world)
    assert "from 16 weeks of sales or more" in said(owner, reverse("desk:experiments"))
    plan = {"channel": "google", "weeks": "4", "markets": "DE", "moved": "28000", "first_day": "2026-11-25"}
    owner.post(reverse("desk:experiments"), plan)
    test = Experiment.objects.of(world.merchant.pk).get()
    assert (test.first_day.isoformat(), test.last_day.isoformat(), test.design) == (
        "2026-11-23",
        "2026-12-20",
        {"markets": ["DE"], "moved_minor": 28_000},
    )
    everywhere = owner.post(reverse("desk:experiments"), plan | {"markets": "DE US JP GB AE"}, follow=True)
    assert "some go on as before" in everywhere.content.decode()
    owner.post(reverse("desk:experiment_end", args=[test.pk]))
    assert Experiment.objects.of(world.merchant.pk).count() == 0


def test_every_code_of_the_planner_has_words_and_none_is_left_over() -> None:
    assert set(payback_words.VERDICTS) == set(payback_words.COLOURS) == set(get_args(Verdict))
    assert set(payback_words.WHYS) == set(get_args(Why))
    assert set(payback_words.MOVES) == set(told.REASONS)
    assert set(payback_words.RULES) == set(RULES)
    source = Path(told.__file__).read_text(encoding="utf-8")
    codes = set(re.findall(r'_sentence\(\s*"(\w+)"', source)) | {"limit_minimum", "limit_maximum"}
    assert set(payback_words.WORTHS) == codes
    source = Path(hints.__file__).read_text(encoding="utf-8")
    assert set(payback_words.HINTS) == set(re.findall(r'Hint\(code="(\w+)"', source))
