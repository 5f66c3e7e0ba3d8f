"""Where a visit came from, by its address and its referrer, and what of it a reader lets us keep."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

LONGEST = 120  # characters of a name that are kept
PAID_BY = frozenset({"cpc", "ppc", "cpm", "paid"})  # says how a visit is paid, not what the platform shows
SAFE = re.compile(r"[^\w .:+/|%&@#()\[\]-]")  # what a campaign's name may not hold: control characters, markup

Mode = Literal["opt_in", "opt_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A rule that knows a source: the channel it belongs to, with what sort of traffic that is (models.ChannelKind)."""

    channel: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The dated lists: click ids, names in utm_source, media in utm_medium, hosts that refer.

    `clicks`: parameter → the channel of its platform, the most telling parameter first. `names`: utm_source in lower
    case → channel. `media`: utm_medium → kind of traffic, which wins over the channel's own. `hosts`: the end of a
    host name → channel.
    """

    channels: Mapping[str, Origin]
    clicks: Sequence[tuple[str, str]]
    names: Mapping[str, str]
    media: Mapping[str, str]
    hosts: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a visit says of itself. `click_id` is a person's datum; the rest is not."""

    channel: str
    name: str
    kind: str
    campaign: str = ""
    click_kind: str = ""
    click_id: str = ""
    referrer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a reader has said: None where they have not been asked or not answered."""

    statistics: bool | None = None
    advertising: bool | None = None


def source_of(query: Mapping[str, str], referrer: str, sources: Sources) -> Source | None:
    """The source a landing names; None for a visit that names none (typed, bookmarked, or from a page of our own).

    utm_source with utm_medium says most, because the merchant wrote it; then the click id, then the host that refers.
    """
    click_kind, channel = _click(query, sources)
    named = _named(query, sources)
    by_host = _host(referrer, sources)
    origin = named or (sources.channels[channel] if channel else None) or by_host
    if origin is None:
        return None
    return Source(
        channel=origin.channel,
        name=origin.name,
        kind=origin.kind,
        campaign=clean(query.get("utm_campaign", "")),
        click_kind=click_kind,
        click_id=query.get(click_kind, "")[:500] if click_kind else "",
        referrer=referrer[:100],
    )


def clean(name: str) -> str:
    """A campaign's name as it is kept: no control characters, no markup, single spaces, LONGEST at most."""
    return " ".join(SAFE.sub(" ", name).split())[:LONGEST]


def may_keep(mode: Mode, consent: Consent, *, refuses_by_browser: bool) -> Consent:
    """What may be kept: the reader's own word, else the browser's, else what silence means by the market's law.

    `refuses_by_browser`: the request carries `Sec-GPC: 1` (W3C Global Privacy Control), a no to advertising.
    """
    silent = mode == "opt_out"
    statistics = consent.statistics if consent.statistics is not None else silent
    advertising = consent.advertising
    if advertising is None:
        advertising = silent and not refuses_by_browser
    return Consent(statistics=statistics, advertising=advertising and statistics)


def _click(query: Mapping[str, str], sources: Sources) -> tuple[str, str]:
    for parameter, channel in sources.clicks:
        if query.get(parameter):
            return parameter, channel
    return "", ""


def _named(query: Mapping[str, str], sources: Sources) -> Origin | None:
    """By utm_source and utm_medium; a source nobody knows is a channel of its own name."""
    given = clean(query.get("utm_source", "")).lower()
    if not given:
        return None
    medium = query.get("utm_medium", "").strip().lower()
    known = sources.channels.get(sources.names.get(given, ""))
    kind = sources.media.get(medium)
    if known is None:
        code = re.sub(r"[^a-z0-9]+", "-", given).strip("-")[:20] or "other"
        return Origin(channel=code, name=given[:60], kind=kind or "referral")
    if kind is None or kind == known.kind or medium in PAID_BY:
        return known
    return _twin(known, kind, sources)


def _twin(known: Origin, kind: str, sources: Sources) -> Origin:
    """The same platform with another medium is a channel of its own: google as cpc, google as organic."""
    platform = known.channel.split("-")[0]
    for origin in sources.channels.values():
        if origin.kind == kind and origin.channel.split("-")[0] == platform:
            return origin
    return Origin(channel=f"{platform}-{kind}"[:20].rstrip("-_"), name=known.name, kind=kind)


def _host(referrer: str, sources: Sources) -> Origin | None:
    """By the longest end of the host name that is listed; a host nobody knows refers."""
    if not referrer:
        return None
    parts = referrer.lower().split(".")
    for start in range(len(parts) - 1):
        channel = sources.hosts.get(".".join(parts[start:]))
        if channel:
            return sources.channels[channel]
    # Search engines have one host a country: google.de, google.co.jp.
    for part in parts[:-1]:
        channel = sources.hosts.get(f"{part}.*")
        if channel:
            return sources.channels[channel]
    return Origin(channel="referral", name="Other sites", kind="referral")
