"""The demo merchant after a sale: where returns go, its own word on them, and cash at the door; all assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from haitu.links.reference.demo_after_sale import AfterSale
from haitu.models import CashOffer, Lane, Market, Merchant, ReturnRule, ReturnSite, Warehouse


def make_after_sale(
    merchant: Merchant, given: AfterSale, warehouses: Mapping[str, Warehouse], *, now: datetime
) -> None:
    """Writes all of it; called once, in a transaction."""
    markets = {market.country: market for market in Market.objects.of(merchant.pk)}
    lanes = {lane.code: lane for lane in Lane.objects.of(merchant.pk)}
    ReturnSite.objects.bulk_create(
        ReturnSite(
            merchant=merchant,
            market=markets[site.country],
            warehouse=warehouses[site.warehouse],
            label_minor=site.label_minor,
        )
        for site in given.sites
    )
    ReturnRule.objects.bulk_create(
        ReturnRule(
            merchant=merchant,
            **{name: value for name, value in asdict(rule).items() if name != "why"},
            source=f"assumed: {rule.why}"[:200],
        )
        for rule in given.rules
    )
    CashOffer.objects.bulk_create(
        CashOffer(
            merchant=merchant,
            market=markets[offer.country],
            lane=lanes[offer.lane],
            valid_from=now.date(),
            assumed=True,
            source=offer.why,
            **asdict(offer.terms),
        )
        for offer in given.cash
    )
