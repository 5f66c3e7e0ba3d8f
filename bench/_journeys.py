"""Sixty thousand people who see ads, with what each channel truly caused: five that win people over, two that harvest.

Every person has a need (hidden), a moment at which a purchase would be made, and one throw of the dice that decides it;
ads before that moment raise the chance. What a channel caused is counted by taking its ads away and leaving the dice as
they fell. Retargeting follows visits, brand search is typed by those about to buy: both meet buyers and make few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Array = NDArray[np.float64]

WIN = ("facebook", "tiktok", "instagram", "google", "creator")
HARVEST = ("retargeting", "brand search")
CHANNELS = (*WIN, *HARVEST)
MARKETS = ("US", "DE")
CAMPAIGNS = ("c1", "c2")
DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Touches, orders, and the truth by channel, market and campaign."""

    touch: pl.DataFrame
    order: pl.DataFrame
    caused: Array  # channels × markets × campaigns, in money, by taking each away alone
    together: float  # by taking all away


def crowd(seed: int, *, people: int = 60_000) -> Crowd:
    rng = np.random.default_rng([seed, 77])
    need = rng.normal(size=people)
    market = rng.integers(0, 2, people)
    moment = rng.uniform(10, DAYS, people)
    dice = rng.random(people)
    pay = np.round(40 * np.exp(rng.normal(-0.125, 0.5, people)), 2)
    power = rng.uniform(0.02, 0.11, (len(WIN), 2))  # of an ad, by channel and campaign, on the hazard of buying
    aimed = rng.uniform(0.0, 0.45, len(WIN))  # how much more often those in need are met
    often = rng.uniform(0.12, 0.4, len(WIN))
    base = -3.3 + 0.9 * need + rng.normal(0, 0.15, 2)[market]
    seen, when, who = [], [], []
    count = np.zeros((people, len(CHANNELS), 2))
    for c in range(len(WIN)):
        for k in range(2):
            n = rng.poisson(0.5 * often[c] * np.exp(aimed[c] * need))
            person = np.repeat(np.arange(people), n)
            at = rng.uniform(0, DAYS, len(person))
            seen.append(np.full(len(person), 2 * c + k))
            when.append(at)
            who.append(person)
            np.add.at(count[:, c, k], person[at < moment[person]], 1)
    readiness = np.log1p(np.exp(base))  # hazard without any ad: −log(1 − chance)
    reach = base + 6 * _won(power, count)
    # Retargeting: who visits is who is in need or was won; it adds a little.
    visits = rng.random(people) < 1 / (1 + np.exp(-(reach + 1.6)))
    weak = len(WIN)
    for k in range(2):
        n = np.where(visits, rng.poisson(0.9, people), 0)
        person = np.repeat(np.arange(people), n)
        at = moment[person] - rng.exponential(4, len(person)) + rng.exponential(1.5, len(person))
        seen.append(np.full(len(person), 2 * weak + k))
        when.append(at)
        who.append(person)
        np.add.at(count[:, weak, k], person[at < moment[person]], 1)
    bought = dice < _chance(readiness, power, count)
    # Brand search: typed by most who buy and a few who do not; without it all but a few would have come anyway.
    typed = rng.random(people) < np.where(bought, 0.45, 0.02)
    person = np.flatnonzero(typed)
    k_of = rng.integers(0, 2, people)
    seen.append(2 * (weak + 1) + k_of[person])
    when.append(moment[person] - rng.uniform(0.001, 0.05, len(person)))
    who.append(person)
    lost_without_search = typed & bought & (rng.random(people) < 0.02)
    caused = np.zeros((len(CHANNELS), 2, 2))
    for c in range(len(WIN) + 1):
        for k in range(2):
            without = count.copy()
            without[:, c, k] = 0
            still = dice < _chance(readiness, power, without)
            for m in range(2):
                caused[c, m, k] = pay[bought & ~still & (market == m)].sum()
    for m in range(2):
        for k in range(2):
            caused[-1, m, k] = pay[lost_without_search & (market == m) & (k_of == k)].sum()
    alone = bought & (dice < -np.expm1(-readiness)) & ~lost_without_search
    return Crowd(
        touch=_touches(np.concatenate(who), np.concatenate(seen), np.concatenate(when), market),
        order=pl.DataFrame(
            {
                "person": np.char.add("p", np.flatnonzero(bought).astype(str)),
                "at": _moments(moment[bought]),
                "contribution": pay[bought],
            }
        ),
        caused=caused,
        together=float(pay[bought & ~alone].sum()),
    )


def _won(power: Array, count: Array) -> Array:
    """What the ads seen add to the hazard; each further one of a campaign little more than half of the one before."""
    return np.asarray((power * (1 - 0.55 ** count[:, : len(WIN)]) / 0.45).sum(axis=(1, 2)))


def _chance(readiness: Array, power: Array, count: Array) -> Array:
    weak = 0.002 * count[:, len(WIN)].sum(axis=1)
    return np.asarray(-np.expm1(-(readiness + _won(power, count) + weak)))


def _moments(days: Array) -> NDArray[np.datetime64]:
    moments: NDArray[np.datetime64] = np.datetime64("2026-01-05", "ms") + (days * 86_400_000).astype("timedelta64[ms]")
    return moments


def _touches(who: NDArray[np.int64], seen: NDArray[np.int64], when: Array, market: NDArray[np.int64]) -> pl.DataFrame:
    kept = (when >= 0) & (when < DAYS)
    who, seen, when = who[kept], seen[kept], when[kept]
    return pl.DataFrame(
        {
            "person": np.char.add("p", who.astype(str)),
            "channel": np.array(CHANNELS)[seen // 2],
            "market": np.array(MARKETS)[market[who]],
            "campaign": np.array(CAMPAIGNS)[seen % 2],
            "at": _moments(when),
        }
    ).sort("at", maintain_order=True)
