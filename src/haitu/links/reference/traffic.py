"""The dated lists by which a visit is read: sources, and what each country asks before a reader is recognised."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from haitu.core.traffic import Mode, Origin, Sources

FOLDER = Path(__file__).resolve().parents[2] / "data" / "traffic"
UNLISTED: Mode = "opt_in"  # a country nobody looked up asks for the reader's yes


@cache
def sources() -> Sources:
    """The list that ships; read once."""
    given = tomllib.loads((FOLDER / "sources.toml").read_text("utf-8"))
    channels = {code: Origin(channel=code, name=name, kind=kind) for code, (name, kind) in given["channels"].items()}
    return Sources(
        channels=MappingProxyType(channels),
        clicks=tuple((one["parameter"], one["channel"]) for one in given["clicks"]),
        names=MappingProxyType(given["names"]),
        media=MappingProxyType(given["media"]),
        hosts=MappingProxyType(given["hosts"]),
    )


@cache
def _modes() -> Mapping[str, Mode]:
    with (FOLDER / "consent.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["country"]: _mode(row["mode"]) for row in csv.DictReader(file)})


def consent_mode(country: str) -> Mode:
    """Whether silence is a yes in that country (ISO 3166-1 alpha-2)."""
    return _modes().get(country, UNLISTED)


def _mode(given: str) -> Mode:
    if given == "opt_in":
        return "opt_in"
    if given == "opt_out":
        return "opt_out"
    raise ValueError(f"consent.csv: {given!r} is no mode; allowed: opt_in, opt_out")
