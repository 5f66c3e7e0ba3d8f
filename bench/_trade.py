"""The trade that bench/ship prices: the demonstration network, shipped rates of law and exchange, made-up goods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from haitu.core.book import Destination, Item, Terms
from haitu.core.extra_parcel import ExtraParcel
from haitu.core.freight import Lane, Piece
from haitu.core.market import Market
from haitu.core.money import Exchange, FxRate, at_par, cross, minor_units
from haitu.core.path import Path as LanePath
from haitu.core.path import paths_from
from haitu.core.tariff import DutyLine
from haitu.core.tax import TaxRate
from haitu.core.territory import territory_of
from haitu.links.reference.fx import parse_ecb, parse_pegs, pegged
from haitu.links.reference.tariff import parse_own_duties, parse_tariff
from haitu.links.reference.tax import parse_tax_rates, parse_thresholds
from haitu.plan.network.operator import OperatorNetwork, operator_network
from haitu.plan.quotes.exact import Column
from haitu.plan.quotes.skus import Customs, Skus

TODAY = date(2026, 11, 20)
DATA = Path(__file__).resolve().parents[1] / "src" / "haitu" / "data"
ORIGIN = "SZX1"
MOST_PATHS = 24  # per market: the direct ones, then those over one hub, then over two
SHIPMENT = Piece(sku="carton", quantity=900, weight_g=12_000, length_mm=600, width_mm=400, height_mm=300)  # 65 m³
WITHOUT_TAX_SHOWN = {"US", "CA"}
CHARM = {0: "0", 2: "99", 3: "90"}
BASE = "CNY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What there is to price: terms and paths by market, goods as columns."""

    network: OperatorNetwork
    terms: Mapping[str, Terms]
    paths: Mapping[str, tuple[LanePath, ...]]
    into_base: Exchange


@cache
def rates() -> dict[str, FxRate]:
    """Euro → currency, the last rate known on the day."""
    found, _ = parse_ecb(DATA / "fx" / "ecb.parquet")
    pegs, _ = parse_pegs(DATA / "fx" / "pegs.csv")
    latest: dict[str, FxRate] = {"EUR": at_par("EUR", TODAY)}
    for rate in sorted((*found, *pegged(found, pegs)), key=lambda rate: rate.on):
        if rate.on <= TODAY:
            latest[rate.quote] = rate
    return latest


def fx(base: str, quote: str) -> FxRate:
    return at_par(base, TODAY) if base == quote else cross(rates()[base], rates()[quote])


def trade(lanes: Sequence[Lane] | None = None) -> Trade:
    """The whole trade of one day; `lanes` to price another state of the network."""
    network = operator_network(on=TODAY)
    open_lanes = network.lanes if lanes is None else tuple(lanes)
    origin = next(site.id for site in network.sites.values() if site.code == ORIGIN)
    tax_rates, _ = parse_tax_rates(DATA / "tax" / "rates.csv")
    thresholds, _ = parse_thresholds(DATA / "tax" / "thresholds.csv")
    terms = {}
    for number, row in enumerate(network.markets.values(), start=1):
        market = _market(number, row.country, row.currency)
        terms[row.country] = Terms(
            market=market,
            base_currency=BASE,
            list_fx=fx("USD", row.currency),
            base_fx=fx(row.currency, BASE),
            fx={code: fx(code, row.currency) for code in rates()},
            tax_rates=tuple(rate for rate in tax_rates if rate.country == row.country) or (_assumed_tax(row.country),),
            thresholds=thresholds,
            warehouses=network.warehouses,
            lanes=open_lanes,
            payment_fee_bp=290,
            payment_fee_fixed_minor=_about(row.currency, 30),
            extra_parcel=ExtraParcel(minor=150, currency="EUR", valid_from=TODAY, assumed=True),
        )
    return Trade(
        network=network,
        terms=terms,
        paths={country: _paths(open_lanes, origin, country) for country in terms},
        into_base=Exchange(currency=BASE, rates={code: fx(code, BASE) for code in rates()}, on=TODAY),
    )


def _about(currency: str, eur_minor: int) -> int:
    """So many euro cents in another currency, roughly."""
    return eur_minor * rates()[currency].rate_e9 * minor_units(currency) // 10**11


def _market(number: int, country: str, currency: str) -> Market:
    return Market(
        id=number,
        country=country,
        currency=currency,
        languages=("en",),
        prices_include_tax=country not in WITHOUT_TAX_SHOWN,
        charm=CHARM[len(str(minor_units(currency))) - 1],
        price_factor_bp=10_500,
        incoterm="DDP",
        registrations=frozenset({"IOSS", "GB", "AU", "NZ", "NO", "SG"}),
        shipping_minor=_about(currency, 490),
        shipping_free_from_minor=_about(currency, 60_00),
        traffic_minor=_about(currency, 200),
        returns_bp=300,
        assumed=True,
    )


def _assumed_tax(country: str) -> TaxRate:
    """Where the shipped table knows no rate (Thailand): one typed by the merchant."""
    kept: dict[str, Any] = {"region": "", "kind": "vat", "category": "standard", "valid_from": None, "valid_to": None}
    return TaxRate(country=country, rate_bp=700, source="assumed", **kept)


def _paths(lanes: Sequence[Lane], origin: int, country: str) -> tuple[LanePath, ...]:
    found = sorted(
        paths_from(lanes, origin, on=TODAY, country=country, most_lanes=3),
        key=lambda path: (len(path.lanes), sum(lane.days_p90 for lane in path.lanes), path.codes),
    )
    return tuple(found[:MOST_PATHS])


def item_of(one: Skus, country: str) -> Item:
    """The first row as the scalar quote knows it."""
    customs = one.classes[int(one.customs_class[0])]
    return Item(
        variant_id=int(one.variant_id[0]),
        sku=f"SKU{int(one.variant_id[0])}",
        title=f"for {country}",
        list_minor=int(one.list_minor[0]),
        hs_code=customs.hs_code,
        origin_country=customs.origin_country,
        weight_g=int(one.weight_g[0]) or None,
        length_mm=int(one.length_mm[0]),
        width_mm=int(one.width_mm[0]),
        height_mm=int(one.height_mm[0]),
        restrictions=frozenset(kind for bit, kind in enumerate(one.kinds) if int(one.restrictions[0]) >> bit & 1),
        duty_lines=customs.duty_lines,
    )


def destination(country: str) -> Destination:
    return Destination(country=country)


# Goods -----------------------------------------------------------------------------------------------------------
def customs_classes(markets: Sequence[str], count: int = 400) -> tuple[Customs, ...]:
    """Real six-digit codes with the tariff lines that may hold for them in these markets, made in China or Viet Nam."""
    lines = list(_duty_lines())
    territories = {territory_of(country, TODAY) for country in markets}
    general = [line for line in lines if line.territory in territories and len(line.hs_code) < 6]
    by_heading: dict[str, list[DutyLine]] = {}
    for line in lines:
        if line.territory in territories and len(line.hs_code) >= 6:
            by_heading.setdefault(line.hs_code[:6], []).append(line)
    dice = np.random.default_rng(7)
    headings = sorted(code for code in by_heading if code[:2] in CHAPTERS)
    chosen = dice.choice(headings, size=min(count, len(headings)), replace=False)
    return tuple(
        Customs(hs_code=code, origin_country="VN" if place % 5 == 0 else "CN", duty_lines=(*by_heading[code], *general))
        for place, code in enumerate(map(str, chosen))
    )


# Toys, clothes, shoes, bags, ceramics, tools, electronics, furniture, watches: what is sold abroad by parcel.
CHAPTERS = {
    "33",
    "39",
    "42",
    "61",
    "62",
    "63",
    "64",
    "65",
    "69",
    "70",
    "71",
    "73",
    "82",
    "84",
    "85",
    "90",
    "91",
    "94",
    "95",
}


def _duty_lines() -> Iterator[DutyLine]:
    for name in ("lines.parquet", "six_digits.parquet"):
        yield from parse_tariff(DATA / "tariff" / name)[0]
    for name in ("estimates.csv", "origin_overrides.csv"):
        yield from parse_own_duties(DATA / "tariff" / name)[0]


def goods(count: int, classes: tuple[Customs, ...]) -> Skus:
    """So many SKUs of parcel size, one in a hundred without a weight, one in forty with a battery."""
    dice = np.random.default_rng(20261122)

    def whole(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Column:
        return np.maximum(values, 1).astype(np.int64)

    weight_g = whole(np.exp(dice.normal(6.2, 1.0, count)))  # median 490 g
    weight_g[dice.random(count) < 0.01] = 0
    sides = [whole(np.exp(dice.normal(mean, 0.45, count))) for mean in (5.4, 5.0, 4.2)]
    list_minor = whole(np.exp(dice.normal(8.0, 0.8, count)))  # median 30 dollars
    return Skus(
        variant_id=np.arange(count, dtype=np.int64),
        list_minor=list_minor,
        cost_minor=whole(list_minor * dice.uniform(1.2, 2.6, count)),  # yuan: a sixth to a third of the price
        weight_g=weight_g,
        length_mm=sides[0],
        width_mm=sides[1],
        height_mm=sides[2],
        restrictions=(dice.random(count) < 0.025).astype(np.int64),
        category=np.zeros(count, dtype=np.int64),
        customs_class=dice.integers(0, len(classes), count, dtype=np.int64),
        categories=("standard",),
        kinds=("battery",),
        classes=classes,
    )
