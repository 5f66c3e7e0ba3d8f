"""A merchant's word on returns: the rule of a market, where its returns go, what pieces cost, what is excluded.

Rules and costs are dated: a new one leaves the old ones standing for the orders that were placed under them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from haitu.actions.audit import audit
from haitu.actions.carriers import account_of
from haitu.actions.stock import NoSuchStock
from haitu.core.errors import Refusal
from haitu.core.returns import WHOLE_BP, Exclusion
from haitu.models import (
    CarrierAccount,
    Market,
    Merchant,
    ReturnCost,
    ReturnExclusion,
    ReturnRule,
    ReturnSite,
    User,
    Variant,
    Warehouse,
)

MOST_DAYS = 3_650
MOST_MINOR = 10**12
ADDRESS = ("name", "street", "city", "postcode", "phone")


class BadReturnRule(Refusal):
    """A rule has days of 0 or more and shares from 0 to 100 %."""

    code = "bad_return_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """A rule as typed; `country` blank: every market. Names as in core.returns.ReturnRule."""

    country: str
    window_days: int
    fault_days: int
    way_back_free: bool
    outbound_back: bool
    restocking_bp: int
    wear_bp: int
    excludes: tuple[str, ...]
    by_hand: bool
    valid_from: date


def set_rule(*, merchant_id: int, draft: RuleDraft, by: User | None, now: datetime) -> int:
    """Sets the merchant's rule of a market from a day on; the one before ends the day before. The law still holds."""
    shares, days = (draft.restocking_bp, draft.wear_bp), (draft.window_days, draft.fault_days)
    if not all(0 <= share <= WHOLE_BP for share in shares) or not all(0 <= each <= MOST_DAYS for each in days):
        raise BadReturnRule("A rule has days of 0 or more and shares from 0 to 100 %.", field="window_days")
    known = Market.objects.of(merchant_id).filter(country=draft.country).exists()
    if (draft.country and not known) or not set(draft.excludes) <= set(Exclusion):
        raise BadReturnRule("A rule is of one of the markets, or of all.", field="country")
    with transaction.atomic():
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)  # two rules of one market take turns
        own = ReturnRule.objects.filter(merchant_id=merchant_id, country=draft.country)
        own.filter(valid_from__gte=draft.valid_from).delete()
        running = own.filter(Q(valid_to=None) | Q(valid_to__gte=draft.valid_from))
        running.update(valid_to=draft.valid_from - timedelta(1))
        row = ReturnRule.objects.create(
            merchant_id=merchant_id,
            **{**asdict(draft), "excludes": list(draft.excludes)},
            source="own",
            checked_on=now.date(),
        )
        change = {item.name: ("", str(getattr(draft, item.name))) for item in fields(draft)}
        subject = f"market {draft.country or '*'}"
        audit(by, "return.rule", subject, merchant_id=merchant_id, now=now, change=change)
    return row.pk


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDraft:
    """What a returned piece brings and costs, in base currency, as typed. Names as in core.returns.ReturnCosts."""

    price_b_bp: int
    price_c_bp: int
    keep_b_bp: int
    keep_c_bp: int
    selling_bp: int
    handling_minor: int
    destroy_minor: int
    donate_minor: int
    batch_units: int
    valid_from: date


def set_costs(*, merchant_id: int, draft: CostDraft, by: User | None, now: datetime) -> int:
    """Sets what the merchant reckons with from a day on."""
    given = asdict(draft)
    shares = [value for name, value in given.items() if name.endswith("_bp")]
    amounts = [value for name, value in given.items() if name.endswith("_minor")]
    if not all(0 <= share <= WHOLE_BP for share in shares) or not all(0 <= minor <= MOST_MINOR for minor in amounts):
        raise BadReturnRule("Shares are from 0 to 100 %, amounts 0 or more.", field="price_b_bp")
    if not 1 <= draft.batch_units <= 10_000:
        raise BadReturnRule("At least one piece goes on at a time.", field="batch_units")
    with transaction.atomic():
        merchant = Merchant.objects.select_for_update(no_key=True).get(pk=merchant_id)
        own = ReturnCost.objects.filter(merchant_id=merchant_id)
        own.filter(valid_from__gte=draft.valid_from).delete()
        running = own.filter(Q(valid_to=None) | Q(valid_to__gte=draft.valid_from))
        running.update(valid_to=draft.valid_from - timedelta(1))
        row = ReturnCost.objects.create(merchant_id=merchant_id, currency=merchant.base_currency, source="own", **given)
        change = {name: ("", str(value)) for name, value in given.items()}
        audit(by, "return.costs", "returns", merchant_id=merchant_id, now=now, change=change)
    return row.pk


def set_site(
    *,
    merchant_id: int,
    market_id: int,
    warehouse_id: int,
    address: Mapping[str, str],
    account_id: int | None,
    label_minor: int,
    by: User | None,
    now: datetime,
) -> int:
    """Says where returns of a market go and who carries them there."""
    account: CarrierAccount | None = account_of(merchant_id, account_id) if account_id else None
    market = Market.objects.of(merchant_id).filter(pk=market_id).first()
    warehouse = Warehouse.objects.of(merchant_id).filter(pk=warehouse_id).first()
    if market is None or warehouse is None:
        raise NoSuchStock("There is no such market or warehouse.", field="warehouse")
    if not 0 <= label_minor <= MOST_MINOR:
        raise BadReturnRule("The label costs the buyer zero or more.", field="label")
    written = {name: str(address.get(name, "")).strip()[:120] for name in ADDRESS}
    with transaction.atomic():
        row, _ = ReturnSite.objects.of(merchant_id).update_or_create(
            merchant_id=merchant_id,
            market=market,
            defaults={
                "warehouse": warehouse,
                "address": {name: value for name, value in written.items() if value},
                "account": account,
                "label_minor": label_minor,
            },
        )
        change = {"warehouse": ("", warehouse.code), "account": ("", account.name if account else "")}
        audit(by, "return.site", f"market {market.country}", merchant_id=merchant_id, now=now, change=change)
    return row.pk


def exclude(*, merchant_id: int, sku: str, kind: str, excluded: bool, by: User | None, now: datetime) -> None:
    """Says that a product is, or is no longer, of a kind that need not come back when it is merely not wanted."""
    variant = Variant.objects.of(merchant_id).filter(sku=sku.strip()).first()
    if variant is None or kind not in set(Exclusion):
        raise NoSuchStock("There is no such product.", field="sku")
    with transaction.atomic():
        rows = ReturnExclusion.objects.of(merchant_id).filter(product_id=variant.product_id, kind=kind)
        there = rows.exists()
        if there == excluded:
            return
        if excluded:
            ReturnExclusion.objects.create(merchant_id=merchant_id, product_id=variant.product_id, kind=kind)
        else:
            rows.delete()
        change = {kind: (there, excluded)}
        audit(by, "return.exclude", f"SKU {variant.sku}", merchant_id=merchant_id, now=now, change=change)
