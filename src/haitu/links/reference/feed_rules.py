"""The dated rules of product feeds that ship, a file a platform."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from haitu.core.feed import OPERATIONS, FeedRule, FeedSpec

FOLDER = Path(__file__).resolve().parents[2] / "data" / "feed_rules"


@cache
def feed_specs() -> Mapping[str, FeedSpec]:
    """Platform → what its feed holds; read once. Raises ValueError for a rule that nobody can check."""
    found = (_spec(tomllib.loads(path.read_text("utf-8"))) for path in sorted(FOLDER.glob("*.toml")))
    return MappingProxyType({spec.platform: spec for spec in found})


def _spec(given: Mapping[str, Any]) -> FeedSpec:
    rules = tuple(FeedRule(**rule) for rule in given["rules"])
    for rule in rules:
        if rule.operation not in OPERATIONS or rule.attribute not in given["columns"] or not rule.source:
            raise ValueError(f"feed_rules: {given['platform']} cannot check {rule.attribute} {rule.operation}")
    return FeedSpec(
        platform=given["platform"],
        file=given["file"],
        checked_on=given["checked_on"],
        availability=given["availability"],
        link=given["link"],
        columns=given["columns"],
        rules=rules,
    )
