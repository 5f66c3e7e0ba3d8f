"""Two years of a small shop: a newsletter that works at once, a video that takes weeks, and a yearly season."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

FIRST = date(2024, 1, 1)
Rows = dict[str, Any]


def weeks(count: int) -> list[date]:
    return [FIRST + timedelta(weeks=week) for week in range(count)]


def spend(count: int = 104, seed: int = 1) -> pl.DataFrame:
    """Newsletter: bursts; video: drifting."""
    dice = np.random.default_rng(seed)
    letter = np.where(dice.random(count) < 0.4, dice.uniform(50, 150, count), 0.0)
    video = np.abs(np.cumsum(dice.normal(0, 60, count))) + dice.uniform(0, 100, count)
    rows = [("newsletter", "DE", day, x) for day, x in zip(weeks(count), letter, strict=True)]
    rows += [("video", "DE", day, x) for day, x in zip(weeks(count), video, strict=True)]
    return pl.DataFrame(rows, schema=["channel", "market", "week", "amount"], orient="row")


def lagging(amounts: Any, carry: float) -> Any:
    """Adstock that keeps `carry` of a week's effect for the next and sums to what was put in."""
    out = np.zeros(len(amounts))
    for week, amount in enumerate(amounts):
        out[week] = (1 - carry) * amount + (carry * out[week - 1] if week else 0.0)
    return out


def effects(table: pl.DataFrame) -> dict[str, Any]:
    """What each brings: 4 a unit of newsletter, 2 a unit of video over weeks; no saturation worth the name."""
    letter = table.filter(pl.col("channel") == "newsletter")["amount"].to_numpy()
    video = table.filter(pl.col("channel") == "video")["amount"].to_numpy()
    return {"newsletter": 4.0 * letter, "video": 2.0 * lagging(video, 0.5)}


def outcome(table: pl.DataFrame, seed: int = 2) -> pl.DataFrame:
    found = effects(table)
    count = len(found["video"])
    season = 200 * np.sin(2 * np.pi * np.arange(count) / 52.18)
    noise = np.random.default_rng(seed).normal(0, 60, count)
    total = 2_000 + season + noise + found["newsletter"] + found["video"]
    return pl.DataFrame({"market": ["DE"] * count, "week": weeks(count), "contribution": total})


def folder(at: Path, **frames: pl.DataFrame) -> Path:
    at.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.write_csv(at / f"{name}.csv")
    return at
