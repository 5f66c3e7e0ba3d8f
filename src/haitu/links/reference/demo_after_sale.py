"""What the demo merchant does after a sale, from the file of assumptions: returns, and cash at the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from haitu.core.cash import CashTerms
from haitu.links.reference.table import Problem
from haitu.links.reference.toml import Document, Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedSite:
    """Where returns of a country go, and what a label takes off the refund."""

    country: str
    warehouse: str
    label_minor: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedRule:
    """The merchant's own word on returns; fields as in core.returns.ReturnRule."""

    country: str
    window_days: int
    fault_days: int
    way_back_free: bool
    outbound_back: bool
    restocking_bp: int
    wear_bp: int
    valid_from: date
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedCash:
    """A lane that collects at the door of a country's buyers."""

    country: str
    lane: str
    terms: CashTerms
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterSale:
    """All of it."""

    sites: tuple[AssumedSite, ...]
    rules: tuple[AssumedRule, ...]
    cash: tuple[AssumedCash, ...]


def parse_after_sale(path: Path) -> tuple[AfterSale, tuple[Problem, ...]]:
    """The file's values, and what is wrong with them."""
    problems: list[Problem] = []
    document = Document(path, problems)
    service = AfterSale(
        sites=tuple(_site(entry) for entry in document.entries("returns_site")),
        rules=tuple(_rule(entry) for entry in document.entries("returns_rule")),
        cash=tuple(_cash(entry) for entry in document.entries("cash_offer")),
    )
    return service, tuple(problems)


def _site(entry: Entry) -> AssumedSite:
    entry.only(AssumedSite.__dataclass_fields__)
    return AssumedSite(
        country=entry.country("country"),
        warehouse=entry.text("warehouse"),
        label_minor=entry.whole("label_minor"),
        why=entry.text("why", longest=200),
    )


def _rule(entry: Entry) -> AssumedRule:
    entry.only(AssumedRule.__dataclass_fields__)
    return AssumedRule(
        country=entry.country("country"),
        window_days=entry.whole("window_days"),
        fault_days=entry.whole("fault_days"),
        way_back_free=entry.yes("way_back_free"),
        outbound_back=entry.yes("outbound_back"),
        restocking_bp=entry.whole("restocking_bp"),
        wear_bp=entry.whole("wear_bp"),
        valid_from=entry.day("valid_from"),
        why=entry.text("why", longest=200),
    )


def _cash(entry: Entry) -> AssumedCash:
    entry.only(("country", "lane", "why", *CashTerms.__dataclass_fields__))
    return AssumedCash(
        country=entry.country("country"),
        lane=entry.text("lane"),
        terms=CashTerms(
            currency=entry.currency("currency"),
            fee_fixed_minor=entry.whole("fee_fixed_minor"),
            fee_bp=entry.whole("fee_bp"),
            limit_minor=entry.maybe_whole("limit_minor"),
            remittance_days=entry.whole("remittance_days"),
            refusal_fee_minor=entry.whole("refusal_fee_minor"),
            refused_bp=entry.whole("refused_bp"),
        ),
        why=entry.text("why", longest=200),
    )
