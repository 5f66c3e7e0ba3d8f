"""What is assumed of the demo's traffic, from one file a merchant can edit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from haitu.links.reference.table import Problem
from haitu.links.reference.toml import Document, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedChannel:
    """A channel; the file's head says what each figure means."""

    code: str
    name: str
    kind: str
    platform: str
    campaigns: tuple[str, ...]
    markets: tuple[str, ...]
    share_bp: int
    lag_days: int
    visitors: int
    visit_minor: int
    weeks: int
    follows_bp: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedTraffic:
    """The whole file."""

    seed: int
    currency: str
    settled_weeks: int
    allowed_bp: int
    counted_days: int
    channels: tuple[AssumedChannel, ...]


def parse_traffic(path: Path) -> tuple[AssumedTraffic, tuple[Problem, ...]]:
    """The file's values; a channel with a problem is left out and told."""
    problems: list[Problem] = []
    document = Document(path, problems)
    head = document.entry("traffic")
    read = [(entry, _channel(entry)) for entry in document.entries("channel")]
    return AssumedTraffic(
        seed=head.whole("seed"),
        currency=head.currency("currency"),
        settled_weeks=head.whole("settled_weeks"),
        allowed_bp=head.whole("allowed_bp", least=1),
        counted_days=head.whole("counted_days"),
        channels=tuple(channel for entry, channel in read if entry.sound),
    ), tuple(problems)


def _channel(entry: Entry) -> AssumedChannel:
    entry.only(AssumedChannel.__dataclass_fields__)
    return AssumedChannel(
        code=entry.given("code"),
        name=entry.text("name"),
        kind=entry.given("kind"),
        platform=entry.given("platform"),
        campaigns=entry.texts("campaigns"),
        markets=entry.texts("markets"),
        share_bp=entry.whole("share_bp"),
        lag_days=entry.whole("lag_days", least=1),
        visitors=entry.whole("visitors", least=1),
        visit_minor=entry.whole("visit_minor"),
        weeks=entry.whole("weeks"),
        follows_bp=entry.whole("follows_bp"),
        why=entry.text("why", longest=200),
    )
