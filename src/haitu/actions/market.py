"""How a merchant sells in a country."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.models import Market, User

CHARMS = ("none", "99", "95", "90", "9", "0", "00", "000")
INCOTERMS = ("DDP", "DAP")
MOST_MINOR = 10**12
LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?(-[a-zA-Z]{2})?")  # it becomes part of the shop's addresses


class NoSuchMarket(Refusal):
    """The merchant has no such market."""

    code = "no_such_market_here"


class BadMarket(Refusal):
    """One of the settings is outside of what it may be; the sentence says which."""

    code = "bad_market"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketDraft:
    """What the settings page says; country and currency of a market never change."""

    prices_include_tax: bool
    charm: str
    price_factor_bp: int
    incoterm: str
    languages: tuple[str, ...]
    registrations: tuple[str, ...]
    shipping_minor: int
    shipping_free_from_minor: int | None
    traffic_minor: int
    returns_bp: int
    open: bool


def save_market(*, merchant_id: int, market_id: int, draft: MarketDraft, by: User | None, now: datetime) -> None:
    """Takes the settings over; every open page of the shop is priced anew."""
    _check(draft)
    with transaction.atomic():
        market = Market.objects.of(merchant_id).select_for_update().filter(pk=market_id).first()
        if market is None:
            raise NoSuchMarket("There is no such market.")
        wanted = asdict(draft) | {"languages": list(draft.languages), "registrations": list(draft.registrations)}
        change = {
            name: (getattr(market, name), value) for name, value in wanted.items() if getattr(market, name) != value
        }
        if not change:
            return
        if {"traffic_minor", "returns_bp"} <= set(change):
            wanted["assumed"] = False  # both figures are now the merchant's own
        Market.objects.of(merchant_id).filter(pk=market.pk).update(**wanted)
        bump(merchant_id)
        audit(by, "market.save", market.country, merchant_id=merchant_id, now=now, change=change)


def _check(draft: MarketDraft) -> None:
    if draft.charm not in CHARMS:
        raise BadMarket(f"{draft.charm!r} is no price ending; there are {', '.join(CHARMS)}.", field="charm")
    if draft.incoterm not in INCOTERMS:
        raise BadMarket("The delivery term is DDP or DAP.", field="incoterm")
    if not draft.languages:
        raise BadMarket("A market speaks at least one language.", field="languages")
    if not all(LANGUAGE.fullmatch(language) for language in draft.languages):
        raise BadMarket("A language is written as a tag, such as de or pt-BR.", field="languages")
    if not 1_000 <= draft.price_factor_bp <= 100_000:
        raise BadMarket("The price factor is between 0.1 and 10.", field="price_factor")
    if not 0 <= draft.returns_bp <= 10_000:
        raise BadMarket("The share of returns is between 0 and 100 %.", field="returns")
    for field in ("shipping_minor", "shipping_free_from_minor", "traffic_minor"):
        amount = getattr(draft, field)
        if amount is not None and not 0 <= amount <= MOST_MINOR:
            raise BadMarket("An amount is zero or more.", field=field.removesuffix("_minor"))
