"""Quotes of columns over one path: every component, the days, who pays duty, or why it is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from haitu.core.book import Destination, Terms
from haitu.core.errors import Refusal
from haitu.core.freight import Lane, Piece
from haitu.core.inbound_cost import UNITS
from haitu.core.landed import Waterfall
from haitu.core.money import Exchange, RateMissing, half_up
from haitu.core.route import check_lane_label
from haitu.plan.quotes.border import Crossing, crossing
from haitu.plan.quotes.card import Gate, freight, gate_of, loads, refused_today, refused_units
from haitu.plan.quotes.duties import Tariffs
from haitu.plan.quotes.exact import Column, converted, ratio
from haitu.plan.quotes.line_haul import Brought, Hauls, brought, hauls
from haitu.plan.quotes.refused import Refused, number_of
from haitu.plan.quotes.sale import Rules, from_base, front, sold, storage_milli
from haitu.plan.quotes.skus import Skus

PAYERS = ("none", "us", "buyer")
MM3_DAYS = 10**9  # cm³ in a m³ × thousandths


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """A path as figures: its first legs, and the lane that brings a parcel to the buyer.

    `closed`: why the last lane takes nothing on that day. `days_*` from the order, as a quote counts them; `lead_*`
    from the path's first warehouse, the line hauls' days added up (p90 + p90 is more than the path's p90).
    """

    lanes: tuple[Lane, ...]
    hauls: Hauls
    closed: Refused
    gate: Gate
    at: Crossing
    storage_milli_days: int | None
    days_p50: int
    days_p90: int
    lead_p50: int
    lead_p90: int

    @property
    def last(self) -> Lane:
        """The last mile."""
        return self.lanes[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One row per SKU: the waterfall of all its units in the market's minor units, zeros where it is refused.

    `paid_by`: place in PAYERS. `refused`: a number of Refused.
    """

    waterfall: Waterfall
    shelf_minor: Column
    paid_by: Column
    refused: Column
    road: Road

    def column(self, step: str) -> Column:
        """One step of the waterfall, also where it is the same figure in every row."""
        return np.broadcast_to(np.asarray(getattr(self.waterfall, step), dtype=np.int64), self.refused.shape)


def road_of(
    lanes: Sequence[Lane],
    terms: Terms,
    tariffs: Tariffs,
    *,
    shipment: Piece,
    into_base: Exchange,
    to: Destination,
) -> Road:
    """A path to the market's buyers on the tariffs' day; `shipment`: the equal cartons a line haul is priced for."""
    *line_hauls, last = lanes
    on = tariffs.on
    warehouse = terms.warehouses[last.origin_warehouse_id]
    storage = storage_milli(terms, warehouse.id)
    handling = [terms.warehouses[lane.origin_warehouse_id].handling_days for lane in lanes]
    return Road(
        lanes=tuple(lanes),
        hauls=hauls(line_hauls, tariffs, shipment=shipment, consumer_country=to.country, into_base=into_base),
        closed=_closed(last, terms, on),
        gate=gate_of(last),
        at=crossing(warehouse.country, terms.market.country, on),
        storage_milli_days=None if storage is None else warehouse.storage_days * storage,
        days_p50=warehouse.handling_days + last.days_p50,
        days_p90=warehouse.handling_days + last.days_p90,
        lead_p50=sum(handling) + sum(lane.days_p50 for lane in lanes),
        lead_p90=sum(handling) + sum(lane.days_p90 for lane in lanes),
    )


def _closed(last: Lane, terms: Terms, on: date) -> Refused:
    try:
        check_lane_label(last, terms, on)
    except Refusal as refusal:
        return number_of(refusal)
    return refused_today(last, on)


def quotes(skus: Skus, rules: Rules, road: Road, terms: Terms, *, quantity: int | Column = 1) -> Sheet:
    """So many units of every SKU over the path, each in a basket of its own."""
    units = np.broadcast_to(np.asarray(quantity, dtype=np.int64), (len(skus),))
    sale = sold(skus, units, rules)
    before = front(skus, sale, rules, road.at)
    first_legs = brought(skus, road.hauls)
    last_mile, no_rate = carriage(skus, units, road, rules, terms)
    stored = storage(skus, units, road)
    refused = _first(
        first_legs.refused,
        gated(skus, road),
        sale.refused,
        np.full(len(skus), int(no_rate)),
        before.refused,
        np.full(len(skus), int(Refused.RATE_MISSING if stored is None else Refused.NO)),
    )
    waterfall = replace(
        before.waterfall,
        inbound=inbound(first_legs, units, rules),  # type: ignore[arg-type]
        storage=0 if stored is None else stored,  # type: ignore[arg-type]
        last_mile=last_mile,  # type: ignore[arg-type]
    )
    quoted = refused == 0
    return Sheet(
        waterfall=_where(quoted, waterfall),
        shelf_minor=np.where(quoted, sale.shelf_minor, 0),
        paid_by=np.where(quoted, before.paid_by, 0),
        refused=refused,
        road=road,
    )


def _where(quoted: Column, waterfall: Waterfall) -> Waterfall:
    """The steps of the rows that are quoted, zeros elsewhere."""
    columns: list[Any] = [np.where(quoted, step, 0) for step in waterfall.as_list()]
    return Waterfall.from_list(columns)


def _first(*reasons: Column) -> Column:
    """Row by row the first reason that is one."""
    found = reasons[0]
    for later in reasons[1:]:
        found = np.where(found == 0, later, found)
    return found


def gated(skus: Skus, road: Road) -> Column:
    """Why the last lane does not take a unit."""
    if road.closed is not Refused.NO:
        return np.full(len(skus), int(road.closed))
    return refused_units(skus, road.gate)


def inbound(first_legs: Brought, units: Column, rules: Rules) -> Column:
    """The first legs' part of so many units, in the market's currency."""
    return from_base(rules, half_up(first_legs.value_minor * units, UNITS))


def storage(skus: Skus, units: Column, road: Road) -> Column | None:
    """What lying in the last warehouse costs, None where its currency has no rate."""
    if road.storage_milli_days is None:
        return None
    return ratio(half_up(skus.volume_mm3 * units, 1000), road.storage_milli_days, MM3_DAYS)


def carriage(skus: Skus, units: Column, road: Road, rules: Rules, terms: Terms) -> tuple[Column, Refused]:
    """The last mile's price in the market's currency, or why that is not known."""
    tariff, market = road.last.tariff, rules.market
    price = freight(loads(skus, units, road.last), tariff, on=rules.on, postcode=rules.to.postcode)
    if tariff.currency == market.currency:
        return price, Refused.NO
    exchange = Exchange(currency=market.currency, rates=terms.fx, on=rules.on)
    try:
        return converted(price, exchange.rate(tariff.currency)), Refused.NO
    except RateMissing:
        return np.zeros_like(price), Refused.RATE_MISSING
