"""A whole operator as rows: 87 warehouses and hubs, 40 markets, every lane and rate card, all assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from haitu.actions.places import load_places
from haitu.actions.tariff import row_values
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.freight import Lane as Way
from haitu.models import (
    Lane,
    Market,
    Merchant,
    Outlet,
    PassageRule,
    StorageRate,
    Tariff,
    Warehouse,
)
from haitu.plan.network.operator import SEED, OperatorNetwork, Site, operator_network

SLUG = "operator"
TAX_APART = frozenset({"US", "CA"})  # where a price is shown without tax
DEARER_WITH_AGE = ((0, 100), (91, 150), (181, 300))  # from day, per cent of the first rate: assumed
SOURCE = "assumed, see data/network/PROVENANCE.md"


class NetworkThere(Refusal):
    """The merchant has warehouses of the same codes already."""

    code = "network_there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What was made, and for whom."""

    merchant_id: int
    merchant: str
    places: int
    warehouses: int
    tariffs: int
    lanes: int
    markets: int


def lay_network(*, now: datetime, slug: str = SLUG, seed: int = SEED) -> Laid:
    """Lays the network for the merchant of that slug, who is made if there is none; once for each merchant."""
    made = operator_network(on=now.date(), seed=seed)
    places = load_places()
    with transaction.atomic():
        merchant, is_new = Merchant.objects.get_or_create(
            slug=slug, defaults={"name": "Demo operator", "base_currency": "CNY", "list_currency": "USD"}
        )
        codes = [site.code for site in made.sites.values()]
        if Warehouse.objects.of(merchant.pk).filter(code__in=codes).exists():
            raise NetworkThere(f"{merchant.name} has this network already.", field="merchant", merchant=slug)
        if is_new:
            Outlet.objects.create(merchant=merchant, code="own", name="Own shop")
        warehouses = _warehouses(merchant, made, now)
        tariffs = _tariffs(merchant, made)
        _lanes(merchant, made, warehouses, tariffs)
        markets = _markets(merchant, made)
        bump(merchant.pk)
    return Laid(
        merchant_id=merchant.pk,
        merchant=merchant.name,
        places=places,
        warehouses=len(warehouses),
        tariffs=len(tariffs),
        lanes=len(made.lanes),
        markets=markets,
    )


def _warehouses(merchant: Merchant, made: OperatorNetwork, now: datetime) -> dict[int, Warehouse]:
    """Rows by the network's own ids."""
    rows = {number: _warehouse(merchant, site) for number, site in made.sites.items()}
    Warehouse.objects.bulk_create(rows.values())
    StorageRate.objects.bulk_create(
        StorageRate(
            merchant=merchant,
            warehouse=rows[number],
            from_days=from_days,
            minor_per_m3_day=site.storage_usd_minor * per_cent // 100,
            currency="USD",
            valid_from=now.date().replace(month=1, day=1),
            assumed=True,
            source=SOURCE,
        )
        for number, site in made.sites.items()
        for from_days, per_cent in DEARER_WITH_AGE
    )
    return rows


def _warehouse(merchant: Merchant, site: Site) -> Warehouse:
    return Warehouse(
        merchant=merchant,
        code=site.code,
        name=site.city,
        kind=site.kind,
        country=site.country,
        city=site.city,
        place=site.place.code,
        lat_e6=site.place.lat_e6,
        lon_e6=site.place.lon_e6,
        rest_weekdays=[6],
        holidays=site.country,
        handling_days=site.handling_days,
        capacity_dm3=site.capacity_dm3,
        storage_minor_per_m3_day=site.storage_usd_minor,
        storage_currency="USD",
        storage_days=30,
        assumed=True,
    )


def _tariffs(merchant: Merchant, made: OperatorNetwork) -> dict[str, Tariff]:
    cards = {lane.tariff.code: lane.tariff for lane in made.lanes}
    rows = {code: Tariff(merchant=merchant, **row_values(card)) for code, card in cards.items()}
    Tariff.objects.bulk_create(rows.values())
    return rows


def _lanes(
    merchant: Merchant, made: OperatorNetwork, warehouses: Mapping[int, Warehouse], tariffs: Mapping[str, Tariff]
) -> None:
    Lane.objects.bulk_create(
        [_lane(merchant, lane, warehouses, tariffs[lane.tariff.code]) for lane in made.lanes], batch_size=500
    )


def _lane(merchant: Merchant, lane: Way, warehouses: Mapping[int, Warehouse], tariff: Tariff) -> Lane:
    return Lane(
        merchant=merchant,
        code=lane.code,
        carrier=lane.carrier,
        service=lane.service,
        mode=lane.mode,
        origin=warehouses[lane.origin_warehouse_id],
        to=None if lane.to_warehouse_id is None else warehouses[lane.to_warehouse_id],
        destination=lane.destination,
        from_place=lane.from_place,
        to_place=lane.to_place,
        passages=list(lane.passages),
        if_passage_closes=PassageRule.DETOUR if lane.mode == "sea" else PassageRule.CLOSE,
        tariff=tariff,
        days_p50=lane.days_p50,
        days_p90=lane.days_p90,
        days=list(lane.lead.days),
        departures=sorted(lane.departures),
        capacity_kg=lane.capacity_kg,
        capacity_dm3=lane.capacity_dm3,
        incoterms=sorted(lane.incoterms),
        refuses=sorted(lane.refuses),
    )


def _markets(merchant: Merchant, made: OperatorNetwork) -> int:
    """The markets the merchant has not got yet; how many."""
    there = set(Market.objects.of(merchant.pk).values_list("country", flat=True))
    rows = [
        Market(
            merchant=merchant,
            country=market.country,
            currency=market.currency,
            languages=["en"],
            prices_include_tax=market.country not in TAX_APART,
            registrations=["IOSS"] if market.served_from == "eu" else [],
            assumed=True,
            position=position,
        )
        for position, market in enumerate(made.markets.values())
        if market.country not in there
    ]
    Market.objects.bulk_create(rows)
    return len(rows)
