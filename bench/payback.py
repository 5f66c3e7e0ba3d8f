"""Payback: slow channels recognised, month of payback, cover of its band, and how long a refresh takes.

Run: .venv/bin/python -m bench.payback [--worlds 40] [--seed 100000] [--weeks 26] [--no-refresh]
Worlds are those of bench.slowsim and of bench.slowsim_plain, clean and stress; model and yardsticks see the same tables
in the same run.
Recall: of the cells whose true payback lies in months 12 to 24, the share kept by a threshold that keeps a tenth of
those that do not pay back in 24 months. Month: mean absolute error of payback_month_p50 over cells that do pay back in
24 months, and how often payback_month_p10..p90 holds the truth. `known curve` is no model but a bound: it is given each
cell's whole true curve and only not which share of the buyers the channel caused; `of the attainable` is the model's
recall over that bound's. The refresh is the command itself on
csv files of 100k customers, 100 cells and 156 weeks; one more day is the counts of one day added and everything told.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from datetime import time as clock
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench import slowsim, slowsim_plain
from bench.slowsim import World
from haitu.plan.command import SEED
from haitu.plan.payback.answer import answer, known_of, told
from haitu.plan.payback.calibrate import SHIPPED, Calibration
from haitu.plan.payback.counts import count, one_more
from haitu.plan.payback.facts import CELL, Facts, gather, of_frames

Array = NDArray[np.float64]

FALSE_KEEPS = 0.10
DRAWS = 800
GOALS = {"clean": 0.80, "stress": 0.66}
SCORES = ("haitu", "first touch ROAS", "last click ROAS", "platform ROAS", "known curve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Cells of many worlds: what each rule scores them with, the model's months, and the truth."""

    scores: dict[str, Array]
    months: Array  # cells × (p10, p50, p90)
    truth: Array  # month, 25 = later than 24
    bound: Array  # month that the known curve says
    spends_back: Array  # true v_m24


def facts_of(world: World) -> Facts:
    tables = world.tables
    return of_frames(
        as_of=world.as_of,
        spend=tables["spend"],
        touch=tables["touch"],
        order=tables["order"],
        consent=tables["consent"],
        experiment=tables.get("experiment"),
    )


def months_of(curve: Array) -> Array:
    """First month by whose end each row of a curve is at 1; 25 = later than 24."""
    back = curve >= 1
    months: Array = np.where(back.any(axis=1), back.argmax(axis=1) + 1, 25).astype(float)
    return months


def judged(worlds: Iterable[World]) -> Judged:
    frames = [_one(world) for world in worlds]
    cells = pl.concat(frames)
    curve = cells.select([f"true_v_m{h}" for h in range(1, 25)]).to_numpy()
    caused = cells["incrementality"].to_numpy()
    known = curve / caused[:, None] * float(caused.mean())
    scores = {name: cells[name].to_numpy() for name in SCORES[:-1]} | {"known curve": known[:, 23]}
    return Judged(
        scores=scores,
        months=cells.select("payback_month_p10", "payback_month_p50", "payback_month_p90").to_numpy().astype(float),
        truth=months_of(curve),
        bound=months_of(known),
        spends_back=curve[:, 23],
    )


def _one(world: World) -> pl.DataFrame:
    """A world's cells with the model's answer, the yardsticks and the truth."""
    facts = facts_of(world)
    found = answer(facts, seed=SEED, draws=DRAWS).payback
    counts = count(facts)
    first_touch = pl.DataFrame(
        {
            **{name: [cell[i] for cell in counts.cells] for i, name in enumerate(CELL)},
            "first touch": counts.earned.sum(axis=1),
        }
    )
    claimed = world.tables["claimed"].group_by(CELL).agg(pl.col("platform").sum(), pl.col("last_click").sum())
    truth = world.truth.rename({f"v_m{h}": f"true_v_m{h}" for h in range(1, 25)}).drop("spent", "payback_month")
    joined = truth.join(found, on=CELL, how="inner").join(first_touch, on=CELL, how="left")
    joined = joined.join(claimed, on=CELL, how="left").with_columns(pl.col("platform", "last_click").fill_null(0))
    # Of equal probabilities the higher return is the better guess.
    return joined.with_columns(
        (pl.col("p_payback_24") + 1e-6 * pl.col("v_m24")).alias("haitu"),
        (pl.col("first touch") / pl.col("spent")).alias("first touch ROAS"),
        (pl.col("last_click") / pl.col("spent")).alias("last click ROAS"),
        (pl.col("platform") / pl.col("spent")).alias("platform ROAS"),
    ).select(
        *("haitu", "first touch ROAS", "last click ROAS", "platform ROAS", "incrementality"),
        *("payback_month_p10", "payback_month_p50", "payback_month_p90"),
        *(f"true_v_m{h}" for h in range(1, 25)),
    )


def recall(score: Array, found: Judged) -> float:
    bad, slow = found.truth > 24, (found.truth >= 12) & (found.truth <= 24)
    return float((score[slow] > np.quantile(score[bad], 1 - FALSE_KEEPS)).mean())


def figures(found: Judged) -> dict[str, Any]:
    paid = found.truth <= 24
    low, middle, high = found.months.T
    inside = (low <= found.truth) & (found.truth <= high)
    recalls = {name: recall(score, found) for name, score in found.scores.items()}
    return {
        "cells": len(found.truth),
        "slow": int(((found.truth >= 12) & paid).sum()),
        "recall": {name: round(share, 3) for name, share in recalls.items()},
        "recall_of_attainable": round(recalls["haitu"] / max(recalls["known curve"], 1e-9), 3),
        "month_mae": round(float(np.abs(middle - found.truth)[paid].mean()), 2),
        "month_mae_known_curve": round(float(np.abs(found.bound - found.truth)[paid].mean()), 2),
        "cover": round(float(inside[paid].mean()), 3),
        "cover_with_beyond": round(float(inside.mean()), 3),
    }


def tell(name: str, found: dict[str, Any], goal: float) -> None:
    print(f"{name}: {found['cells']} cells, {found['slow']} slow")
    for rule, share in found["recall"].items():
        asked = f"   goal ≥ {goal:.2f}" if rule == "haitu" else ""
        print(f"  slow channels recognised, {rule:<18}{share:>7.2f}{asked}")
    print(f"  the same, of the attainable         {found['recall_of_attainable']:>7.2f}")
    print(f"  payback month, mean error           {found['month_mae']:>7.2f}   goal ≤ 2")
    print(f"  the same, known curve               {found['month_mae_known_curve']:>7.2f}")
    print(f"  80 % band holds it                  {found['cover']:>7.2f}   goal .77–.85")
    print(f"  the same, beyond 24 as month 25     {found['cover_with_beyond']:>7.2f}", flush=True)


# Refresh ----------------------------------------------------------------------------------------------------------


def large(*, customers: int = 100_000, weeks: int = 156, seed: int = 1) -> tuple[date, dict[str, pl.DataFrame]]:
    """10 channels × 5 markets × 2 campaigns, eight leads a customer; figures without meaning, only many of them."""
    rng = np.random.default_rng(seed)
    start = date(2023, 1, 2)
    channels = "facebook google tiktok instagram creator community youtube pinterest bing reddit".split()
    places = [(c, m, k) for c in channels for m in ("US", "DE", "GB", "FR", "JP") for k in ("c1", "c2")]
    cells = pl.DataFrame(places, schema=CELL, orient="row")
    leads = 8 * customers
    cell, at = rng.integers(0, len(places), leads), np.sort(rng.uniform(0, weeks, leads))
    lag = rng.gamma(1.5, np.repeat(rng.uniform(1.5, 18, 10), 10)[cell] / 1.5)
    first = np.where(rng.random(leads) < 1.05 / 8, at + lag, np.inf)
    buyers = np.flatnonzero(first < weeks)
    again = np.repeat(buyers, rng.poisson(rng.gamma(1.5, 1.4, len(buyers))))
    again_at = first[again] + rng.exponential(45, len(again))
    person, when = np.append(buyers, again), np.append(first[buyers], again_at)
    person, when = person[when < weeks], when[when < weeks]
    order = np.argsort(when)

    def moments(week: Array) -> NDArray[np.datetime64]:
        return np.datetime64(start, "us") + (week * 604_800e6).astype("timedelta64[us]")

    def names(number: NDArray[np.int64]) -> list[str]:
        return [f"p{n}" for n in number]

    monday = pl.DataFrame({"week": np.tile(np.datetime64(start) + 7 * np.arange(weeks), len(places))})
    spend = cells[np.repeat(np.arange(len(places)), weeks)].hstack(monday)
    return start + timedelta(days=7 * weeks - 1), {
        "spend": spend.with_columns(amount=np.round(rng.gamma(9, leads / len(places) / weeks / 3, spend.height), 2)),
        "touch": cells[cell].with_columns(person=pl.Series(names(np.arange(leads))), at=moments(at)),
        "order": pl.DataFrame(
            {
                "person": names(person[order]),
                "at": moments(when[order]),
                "contribution": np.round(30 * np.exp(rng.normal(0, 0.5, len(order))), 2),
            }
        ),
    }


def refresh(*, customers: int) -> dict[str, float]:
    """Seconds (wall, CPU) of the whole command, and of one more day in a process that holds yesterday's counts."""
    as_of, tables = large(customers=customers)
    with tempfile.TemporaryDirectory(prefix="haitu-bench-") as folder:
        for name, frame in tables.items():
            frame.write_csv(Path(folder) / f"{name}.csv")
        command = [sys.executable, "-m", "haitu.plan", "payback", "--facts", folder, "--as-of", str(as_of)]
        started, cpu = time.perf_counter(), os.times()
        subprocess.run([*command, "--out", f"{folder}/out"], check=True, capture_output=True)
        full_s, after = time.perf_counter() - started, os.times()
        full_cpu_s = after.children_user + after.children_system - cpu.children_user - cpu.children_system
        facts = gather(Path(folder), as_of=as_of)
    morning = datetime.combine(as_of, clock())
    yesterday = replace(
        facts,
        as_of=as_of - timedelta(days=1),
        touch=facts.touch.filter(pl.col("at") < morning),
        order=facts.order.filter(pl.col("at") < morning),
    )
    known, before = known_of(facts), count(yesterday)
    started, began = time.perf_counter(), time.process_time()
    counts = one_more(before, yesterday, facts)
    told(facts, counts, known, Calibration(scale=SHIPPED, scores=0), seed=SEED, draws=DRAWS)
    return {
        "full_s": round(full_s, 2),
        "full_cpu_s": round(full_cpu_s, 2),
        "one_more_day_s": round(time.perf_counter() - started, 2),
        "one_more_day_cpu_s": round(time.process_time() - began, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=100_000)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--no-refresh", action="store_true")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.worlds)
    found: dict[str, Any] = {}
    for name, generator, variant, experiments in (
        ("clean", slowsim, "clean", False),
        ("stress", slowsim, "stress", False),
        ("clean, with a geo test each", slowsim, "clean", True),
        ("plain clean", slowsim_plain, "clean", False),
        ("plain stress", slowsim_plain, "stress", False),
    ):
        simulate = partial(generator.simulate, variant=variant, weeks=given.weeks, experiments=experiments)
        found[name] = figures(judged(simulate(seed) for seed in seeds))
        tell(name, found[name], GOALS[variant])
    if not given.no_refresh:
        found["refresh"] = refresh(customers=given.customers)
        took = found["refresh"]
        print(
            f"full refresh, {given.customers:,} customers  {took['full_s']:.2f} s ({took['full_cpu_s']} CPU)   goal ≤ 5"
        )
        print(f"one more day  {took['one_more_day_s']:.2f} s ({took['one_more_day_cpu_s']} of CPU)   goal ≤ 1")
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
