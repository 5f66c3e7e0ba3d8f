"""Tests of a channel: what one could tell before it is run, those that were planned, and what one told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from django.db.models import F, Sum

from haitu.core.landed import STEPS
from haitu.core.ledger import Book, monday_of, week_of
from haitu.core.money import minor_units
from haitu.models import Channel, EntryWeek, Experiment, Grain, Market, Merchant
from haitu.plan import experiments as plan
from haitu.plan.command import SEED
from haitu.plan.payback.journeys import leads
from haitu.plan.tables import write
from haitu.reads.reach.facts import gather, weekly_spend

WEEKS = 104  # of history that a test is planned from
COSTS = tuple(step for step in STEPS if step not in {"price", "traffic"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A test of so many weeks: without the channel in `test_markets`. Shares in basis points of the money withheld."""

    weeks: int
    test_markets: tuple[str, ...]
    control_markets: tuple[str, ...]
    moved_minor: int
    detectable_minor: int
    detectable_bp: int
    power_bp: int
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test as it was planned, and what it told once it was read."""

    id: int
    name: str
    channel: str
    first_day: date
    last_day: date
    markets: tuple[str, ...]
    moved_minor: int
    state: str  # planned, running, over, read
    lift_bp: int | None
    se_bp: int | None
    verdict: str
    brought_minor: int
    brought_se_minor: int


def designs(merchant_id: int, channel: str, *, today: date, base: str) -> tuple[Design, ...]:
    """One for each length. Refuses NoTest where there is too little history."""
    units = minor_units(base)
    with TemporaryDirectory(prefix="haitu-test-") as kept:
        history = _history(Path(kept), merchant_id, today)
        rows = plan.design(history, seed=SEED).filter(channel=channel).to_dicts()
    return tuple(
        Design(
            weeks=row["weeks"],
            test_markets=_split(row["test_markets"]),
            control_markets=_split(row["control_markets"]),
            moved_minor=round(row["spend_moved"] * units),
            detectable_minor=round(row["detectable"] * units),
            detectable_bp=round(row["detectable_roi"] * 10_000),
            power_bp=round(row["power_at_roi_1"] * 10_000),
            verdict=row["verdict"],
        )
        for row in rows
    )


def tests(merchant_id: int, *, today: date) -> tuple[Test, ...]:
    """The newest first."""
    rows = Experiment.objects.of(merchant_id).select_related("channel").order_by("-first_day", "-pk")
    return tuple(
        Test(
            id=row.pk,
            name=row.name,
            channel=row.channel.name,
            first_day=row.first_day,
            last_day=row.last_day,
            markets=tuple(row.design.get("markets", [])),
            moved_minor=row.design.get("moved_minor", 0),
            state=_state(row, today),
            lift_bp=None if row.lift is None else round(row.lift * 10_000),
            se_bp=None if row.se is None else round(row.se * 10_000),
            verdict=row.design.get("verdict", ""),
            brought_minor=row.design.get("brought_minor", 0),
            brought_se_minor=row.design.get("brought_se_minor", 0),
        )
        for row in rows
    )


def reading(merchant_id: int, experiment_id: int, *, today: date) -> Mapping[str, Any] | None:
    """What the test told (plan.experiments.read), or None where there is no such test. Refuses NoTest."""
    row = Experiment.objects.of(merchant_id).select_related("channel").filter(pk=experiment_id).first()
    if row is None:
        return None
    markets = row.design.get("markets", [])
    with TemporaryDirectory(prefix="haitu-test-") as kept:
        folder = Path(kept)
        test = {
            "market": markets,
            "channel": [row.channel.code] * len(markets),
            "start": [row.first_day] * len(markets),
            "end": [row.last_day] * len(markets),
            "attributed": _attributed(merchant_id, row, markets, today),
        }
        write(folder, "test", pl.DataFrame(test))
        history = _history(folder, merchant_id, today)
        runs, _problems = plan.runs(folder, history)
        if not runs:
            raise plan.NoTest("The test's markets or weeks have no outcome.")
        return plan.read(history, runs[0])


def _state(row: Experiment, today: date) -> str:
    if row.lift is not None or "brought_minor" in row.design:
        return "read"
    if today < row.first_day:
        return "planned"
    return "running" if today <= row.last_day else "over"


def _split(joined: str) -> tuple[str, ...]:
    return tuple(joined.split("|")) if joined else ()


def _history(folder: Path, merchant_id: int, today: date) -> plan.History:
    """Spend, and contribution before traffic by market and week, of the weeks that are over."""
    spend = weekly_spend(merchant_id, as_of=today).filter(pl.col("week") > today - timedelta(weeks=WEEKS))
    by_week = spend.group_by("channel", "market", "week").agg(pl.col("amount").sum())
    write(folder, "spend", by_week.sort("channel", "market", "week"))
    write(folder, "outcome", _outcome(merchant_id, today))
    return plan.gather(folder, today, "contribution")


def _outcome(merchant_id: int, today: date) -> pl.DataFrame:
    """Open markets that sold in half of the weeks or more, with every week; one without a sale brought nothing."""
    merchant = Merchant.objects.get(pk=merchant_id)
    last = week_of(today) - 1
    brought = F("price") - sum((F(step) for step in COSTS[1:]), start=F(COSTS[0]))
    rows = (
        EntryWeek.objects.of(merchant_id)
        .filter(grain=Grain.WEEK, book=Book.ACTUAL, week__gt=last - WEEKS, week__lte=last)
        .values_list("market_id", "week")
        .annotate(minor=Sum(brought))
    )
    sums = {(market, week): minor for market, week, minor in rows}
    first = min((week for _, week in sums), default=last)
    names = dict(Market.objects.of(merchant_id).filter(open=True).values_list("pk", "country"))
    sold = Counter(market for market, _ in sums)
    names = {pk: code for pk, code in names.items() if 2 * sold[pk] > last - first}
    units = minor_units(merchant.base_currency)
    told = [
        (names[market], monday_of(week), sums.get((market, week), 0) / units)
        for market in sorted(names, key=lambda pk: names[pk])
        for week in range(first, last + 1)
    ]
    schema = {"market": pl.String, "week": pl.Date, "contribution": pl.Float64}
    return pl.DataFrame(told, schema=schema, orient="row")


def _attributed(merchant_id: int, row: Experiment, markets: list[str], today: date) -> list[float]:
    """By market: what first visits credit the channel with, over as many weeks before the test."""
    facts = gather(merchant_id, as_of=today)
    end = datetime.combine(row.first_day, time())
    begin = end - (datetime.combine(row.last_day, time()) - end) - timedelta(days=1)
    own = leads(facts.touch).filter(pl.col("channel") == row.channel.code)
    bought = facts.order.join(own, on="person", how="inner").filter(
        (pl.col("at") >= begin) & (pl.col("at") < end) & (pl.col("at") >= pl.col("lead_at"))
    )
    sums = dict(bought.group_by("market").agg(pl.col("contribution").sum()).iter_rows())
    return [max(0.0, float(sums.get(market, 0.0))) for market in markets]


def channel_id(merchant_id: int, code: str) -> int | None:
    """The channel's row."""
    return Channel.objects.of(merchant_id).filter(code=code).values_list("pk", flat=True).first()
