"""What comes out of a price list: rate cards with the lanes they are for, and how each came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from haitu.core.freight import Tariff
from haitu.links.tariffs.facts import Fact
from haitu.links.tariffs.said import Problem, Said
from haitu.links.tariffs.tables import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWarehouse:
    """A warehouse of the merchant, to recognise origins and destinations by."""

    code: str
    name: str
    city: str
    country: str
    kind: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rate card and its lane. `code` names an existing lane, or is a proposal; days None: the list says nothing."""

    code: str
    tariff: Tariff
    carrier: str
    service: str
    mode: str
    origin: str
    destination: str
    to: str = ""
    days_p50: int | None = None
    days_p90: int | None = None
    incoterms: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    sheet: str = ""
    row: int = 0
    place: str = ""
    noticed: tuple[Said, ...] = ()
    stated: frozenset[str] = frozenset()  # the facts that the list gives; of others a present card keeps its own
    own: bool = False  # from a file that was exported here: the code is the lane's, missing days leave it as it is

    @property
    def key(self) -> str:
        """How a person's choice of lane names it."""
        return f"{self.sheet}!{self.row}!{self.destination}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """A table and the facts that hold for it."""

    table: Table
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that a file says. `unknown_places` wait for a person: label → what it could be, the likeliest first."""

    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    noticed: tuple[Said, ...] = ()
    tables: tuple[Understood, ...] = ()
    sheets: tuple[str, ...] = ()
    unknown_places: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a person said: column kinds, facts per table ("*": all), places, and which lane a draft is."""

    columns: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    lanes: Mapping[str, str] = field(default_factory=dict)
