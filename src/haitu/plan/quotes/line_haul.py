"""A path's first legs as columns: what they put on a thousand units of each SKU, as `core.inbound_cost` says it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from haitu.core.customs import DUTY_WITHOUT_FREIGHT
from haitu.core.errors import Refusal
from haitu.core.freight import Lane, Piece
from haitu.core.inbound_cost import UNITS, divisor_of, gate, in_base, pays_duty, shipment_measure, shipment_minor
from haitu.core.money import Exchange
from haitu.core.territory import territory_of
from haitu.plan.quotes.card import Gate, gate_of, greater, refused_today, refused_units
from haitu.plan.quotes.duties import Dutiable, Program, Tariffs, duties
from haitu.plan.quotes.exact import Column, ratio
from haitu.plan.quotes.refused import Refused, number_of
from haitu.plan.quotes.skus import Skus


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """One line haul: price and measure of the whole shipment, or why it takes none; `closed` comes before the gate."""

    closed: Refused
    gate: Gate
    no_shipment: Refused
    divisor_cm3_per_kg: int | None
    shipment_minor: int
    shipment_measure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hauls:
    """The line hauls of a path in a row; `entry`: the tariff of duty on the way in, None where none is due."""

    legs: tuple[Haul, ...]
    entry: Program | None
    freight_counts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Per SKU, for a thousand units in the base currency; the figures mean nothing where it is refused."""

    value_minor: Column
    refused: Column


def hauls(
    lanes: Sequence[Lane],
    tariffs: Tariffs,
    *,
    shipment: Piece,
    consumer_country: str,
    into_base: Exchange,
) -> Hauls:
    """The first legs of a path towards that country, with everything that does not hang on the SKU worked out."""
    if not lanes:
        return Hauls(legs=(), entry=None, freight_counts=False)
    entered, on = lanes[-1].destination, tariffs.on
    territory = territory_of(entered, on)
    taxed = pays_duty(lanes[0].origin_country, entered, consumer_country, on)
    return Hauls(
        legs=tuple(_haul(lane, shipment, into_base, on) for lane in lanes),
        entry=tariffs.program(territory, into_base) if taxed else None,
        freight_counts=territory not in DUTY_WITHOUT_FREIGHT,
    )


def _haul(lane: Lane, shipment: Piece, into_base: Exchange, on: date) -> Haul:
    no_shipment, minor = Refused.NO, 0
    try:
        minor = in_base(shipment_minor(lane, shipment, on=on), lane.tariff.currency, into_base)
    except Refusal as refusal:
        no_shipment = number_of(refusal)
    by_weight = gate(lane)
    return Haul(
        closed=refused_today(by_weight, on),
        gate=gate_of(by_weight),
        no_shipment=no_shipment,
        divisor_cm3_per_kg=divisor_of(lane.tariff),
        shipment_minor=minor,
        shipment_measure=shipment_measure(shipment, lane.tariff),
    )


def brought(skus: Skus, path: Hauls) -> Brought:
    """What the first legs put on a thousand units of each SKU, and the first reason why they do not take it."""
    value_minor = np.zeros(len(skus), dtype=np.int64)
    refused = np.zeros(len(skus), dtype=np.int64)
    for leg in path.legs:
        here = refused_units(skus, leg.gate) if leg.closed is Refused.NO else np.full(len(skus), int(leg.closed))
        here = np.where(here == 0, int(leg.no_shipment), here)
        refused = np.where(refused == 0, here, refused)
        if leg.shipment_measure:
            measure = greater(skus, leg.divisor_cm3_per_kg)
            value_minor = value_minor + ratio(measure, UNITS * leg.shipment_minor, leg.shipment_measure)
    if path.entry is not None:
        cost_minor = UNITS * skus.cost_minor
        goods = Dutiable(
            customs_class=skus.customs_class,
            base_minor=cost_minor + value_minor if path.freight_counts else cost_minor,
            weight_g=UNITS * skus.weight_g,
            pieces=np.full(len(skus), UNITS),
        )
        value_minor = value_minor + duties(path.entry, goods)
        refused = np.where(refused == 0, path.entry.refused[skus.customs_class], refused)
    return Brought(value_minor=value_minor, refused=refused)
