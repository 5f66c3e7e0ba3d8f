"""Credit against what was truly caused: twenty crowds of 60,000 people, each rule raw and rescaled by experiments.

Run: .venv/bin/python -m bench.attribution [--runs 20] [--people 60000]
`sum` is credited / truly caused (all ads taken away); `TV` half the sum of differences between shares of credit and
shares of what each channel causes (its ads taken away); `harvest` the share of retargeting and brand search. The
experiments tell each channel's share of touched buyers, both markets together, with an error of .15 of the Markov
credit. `inside`: how often the 90 % interval of a channel and market holds the truth. Without experiments nothing but
the kinds of channels is known.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bench._journeys import CAMPAIGNS, CHANNELS, HARVEST, MARKETS, Crowd, crowd
from haitu.plan.attribution.answer import credit, journeys
from haitu.plan.attribution.caused import Measurement
from haitu.plan.attribution.rules import RULES

Array = NDArray[np.float64]

AS_OF = date(2026, 12, 31)
SE = 0.15


def experiments(given: Crowd, seen: pl.DataFrame, markov: pl.DataFrame, seed: int) -> list[Measurement]:
    """One geo test a channel, over both markets."""
    rng = np.random.default_rng([seed, 5])
    tests = []
    for c, channel in enumerate(CHANNELS):
        buyers = seen.filter(channel=channel, bought=True).unique("person")
        touched = float(buyers["value"].sum())
        se = SE * float(markov.filter(channel=channel)["credited"].sum()) / touched
        lift = float(given.caused[c].sum()) / touched + rng.normal(0, se)
        tests.append(Measurement(channel=channel, market="*", of="touched", value=lift, se=se))
    return tests


def by_channel(table: pl.DataFrame, column: str) -> Array:
    return np.array([float(table.filter(channel=channel)[column].sum()) for channel in CHANNELS])


def judged(given: Crowd, credited: Array) -> tuple[float, float, float]:
    truth = given.caused.sum(axis=(1, 2))
    share = credited / credited.sum()
    off = 0.5 * float(np.abs(share - truth / truth.sum()).sum())
    return float(credited.sum()) / given.together, off, float(share[-len(HARVEST) :].sum())


def held(given: Crowd, table: pl.DataFrame) -> float:
    """How often a campaign's interval holds what it caused."""
    hits = []
    for c, channel in enumerate(CHANNELS):
        for m, market in enumerate(MARKETS):
            for k, campaign in enumerate(CAMPAIGNS):
                row = table.filter(channel=channel, market=market, campaign=campaign)
                truth = float(given.caused[c, m, k])
                hits.append(bool(row["caused_p05"][0] - 1 <= truth <= row["caused_p95"][0] + 1))
    return float(np.mean(hits))


def measured(seed: int, people: int) -> dict[str, tuple[float, ...]]:
    given = crowd(seed, people=people)
    seen = journeys(given.touch, given.order, as_of=AS_OF, lookback_days=365)
    figures: dict[str, tuple[float, ...]] = {}
    tests = experiments(given, seen, credit(seen, "markov", [], draws=10, seed=seed), seed)
    for rule in RULES:
        started = time.process_time()
        blind = credit(seen, rule, [], draws=400, seed=seed)
        seconds = time.process_time() - started
        known = credit(seen, rule, tests, draws=400, seed=seed)
        figures[rule] = (*judged(given, by_channel(blind, "credited")), 0.0, seconds)
        figures[f"{rule}, nothing measured"] = (
            *judged(given, by_channel(blind, "caused")),
            held(given, blind),
            seconds,
        )
        figures[f"{rule}, experiments"] = (*judged(given, by_channel(known, "caused")), held(given, known), seconds)
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--people", type=int, default=60_000)
    given = parser.parse_args(arguments)
    runs = [measured(seed, given.people) for seed in range(given.runs)]
    print(f"{'rule':<28}{'sum':>7}{'TV':>7}{'harvest':>9}{'inside':>8}{'s':>7}")
    told: dict[str, Any] = {}
    for name in runs[0]:
        total, off, harvest, inside, seconds = np.mean([run[name] for run in runs], axis=0)
        told[name] = {
            "sum": round(total, 4),
            "tv": round(off, 4),
            "harvest": round(harvest, 4),
            "inside": round(inside, 3),
        }
        shown = f"{inside:>8.2f}" if "," in name else f"{'–':>8}"
        print(f"{name:<28}{total:>7.2f}{off:>7.3f}{harvest:>9.3f}{shown}{seconds:>7.3f}")
    print("asked with experiments: sum .95 to 1.05, TV ≤ .10")
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
