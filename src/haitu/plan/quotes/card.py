"""Lanes as columns: which units a lane takes, how many steps it bills, and its card as a table by step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from haitu.core.errors import Refusal
from haitu.core.freight import Lane, Piece, Tariff, is_remote, ship_price, surcharges_on
from haitu.core.money import half_up
from haitu.plan.quotes.exact import Column
from haitu.plan.quotes.refused import Refused, number_of
from haitu.plan.quotes.skus import Skus

FEATHER = Piece(sku="feather", weight_g=1, length_mm=1, width_mm=1, height_mm=1)
MOST_STEPS = 2**22  # a table longer than this would not pay


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a lane takes of one unit in a box; 0 or None: no limit. The figures are those of `freight.boxes`."""

    divisor_cm3_per_kg: int | None
    max_side_mm: int
    limit_g: int
    limit_mm3: int | None
    refuses: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loads:
    """Units in boxes: so many full ones of equal weight and one with the rest, in steps of the card."""

    full: Column
    full_steps: Column
    rest_steps: Column


def refused_today(lane: Lane, on: date) -> Refused:
    """Why the lane takes nothing at all on that day; NO where it takes something."""
    try:
        ship_price(lane, [FEATHER], on=on)
    except Refusal as refusal:
        reason = number_of(refusal)
        return Refused.NO if reason in {Refused.TOO_LONG, Refused.TOO_HEAVY} else reason
    return Refused.NO


@lru_cache(maxsize=4096)
def gate_of(lane: Lane) -> Gate:
    """The lane's limits."""
    tariff = lane.tariff
    billed_g = last_step(tariff) * tariff.step_g
    return Gate(
        divisor_cm3_per_kg=tariff.divisor_cm3_per_kg,
        max_side_mm=tariff.max_side_mm or 0,
        limit_g=min(billed_g, tariff.max_weight_g) if tariff.max_weight_g else billed_g,
        limit_mm3=billed_g * tariff.divisor_cm3_per_kg if tariff.divisor_cm3_per_kg else None,
        refuses=lane.refuses,
    )


def last_step(tariff: Tariff) -> int:
    """The step at which the card ends."""
    return tariff.breaks[-1].up_to_g // tariff.step_g if tariff.breaks else 0


def refused_units(skus: Skus, gate: Gate) -> Column:
    """Why the lane does not take one unit of each SKU, as `ship_price` would say it."""
    weight_g, volume_mm3 = skus.weight_g, skus.volume_mm3
    bits = sum(1 << place for place, kind in enumerate(skus.kinds) if kind in gate.refuses)
    too_heavy = weight_g > gate.limit_g
    if gate.limit_mm3 is not None:
        too_heavy |= volume_mm3 > gate.limit_mm3
    refused = np.where(too_heavy, int(Refused.TOO_HEAVY), 0)
    if gate.max_side_mm:
        refused[skus.longest_mm > gate.max_side_mm] = Refused.TOO_LONG
    if gate.max_side_mm or gate.divisor_cm3_per_kg:
        refused[volume_mm3 == 0] = Refused.UNKNOWN_WEIGHT
    refused[weight_g == 0] = Refused.UNKNOWN_WEIGHT
    if bits:
        refused[(skus.restrictions & bits) != 0] = Refused.NOT_CARRIED
    return refused


def greater(skus: Skus, divisor_cm3_per_kg: int | None) -> Column:
    """What a unit counts for: the greater of weight and volumetric weight, in grams × the divisor."""
    if not divisor_cm3_per_kg:
        return skus.weight_g
    return np.maximum(skus.weight_g * divisor_cm3_per_kg, skus.volume_mm3)


def steps(greater_: Column, divisor_cm3_per_kg: int | None, step_g: int) -> Column:
    """Billed steps of a box, a step begun counts whole."""
    per_step = (divisor_cm3_per_kg or 1) * step_g
    return (greater_ + (per_step - 1)) // per_step


def loads(skus: Skus, quantity: Column, lane: Lane) -> Loads:
    """The boxes of `freight.boxes` for so many of each SKU; for units that the gate takes, else anything."""
    tariff, gate = lane.tariff, gate_of(lane)
    unit_g, unit_mm3 = np.maximum(skus.weight_g, 1), np.maximum(skus.volume_mm3, 1)
    fit = gate.limit_g // unit_g
    if gate.limit_mm3 is not None:
        fit = np.minimum(fit, np.where(skus.volume_mm3 > 0, gate.limit_mm3 // unit_mm3, fit))
    fit = np.maximum(fit, 1)
    full = (quantity - 1) // fit
    rest = quantity - full * fit
    unit = greater(skus, tariff.divisor_cm3_per_kg)
    return Loads(
        full=full,
        full_steps=steps(unit * fit, tariff.divisor_cm3_per_kg, tariff.step_g),
        rest_steps=steps(unit * rest, tariff.divisor_cm3_per_kg, tariff.step_g),
    )


def freight(loads_: Loads, tariff: Tariff, *, on: date, postcode: str = "") -> Column:
    """All boxes together, in the tariff's currency; only for units that the gate takes."""
    end = last_step(tariff)
    full, rest = np.minimum(loads_.full_steps, end), np.minimum(loads_.rest_steps, end)
    if end > MOST_STEPS:  # then no table, but the price of each row
        return loads_.full * _prices(tariff, full, on, postcode) + _prices(tariff, rest, on, postcode)
    table = prices(tariff, on, postcode)
    price: Column = loads_.full * table[full] + table[rest]
    return price


@lru_cache(maxsize=1024)
def prices(tariff: Tariff, on: date, postcode: str = "") -> Column:
    """The card by steps, in its currency: `freight.price_minor` of 0, 1, 2 ... steps, to the last one it prices."""
    table = _prices(tariff, np.arange(last_step(tariff) + 1, dtype=np.int64), on, postcode)
    table.setflags(write=False)
    return table


def _prices(tariff: Tariff, steps_: Column, on: date, postcode: str) -> Column:
    if not tariff.breaks:
        return np.zeros_like(steps_)  # the gate lets nothing through
    billed_g = steps_ * tariff.step_g
    ends = np.array([band.up_to_g for band in tariff.breaks], dtype=np.int64)
    place = np.searchsorted(ends, billed_g)
    based, per_step, per_kg = (
        np.array([getattr(band, name) for band in tariff.breaks], dtype=np.int64)[place]
        for name in ("base_minor", "per_step_minor", "per_kg_minor")
    )
    price: Column = np.maximum(based + per_step * steps_ + half_up(per_kg * billed_g, 1000), tariff.minimum_minor)
    price += half_up(price * tariff.fuel_bp, 10_000)
    added = np.zeros_like(price)
    for extra in surcharges_on(tariff, on):
        match extra.kind:
            case "bp":
                added += half_up(price * extra.amount, 10_000)
            case "per_step":
                added += extra.amount * steps_
            case "per_box":
                added += extra.amount
    price += added
    price += tariff.remote_minor if is_remote(tariff, postcode) else 0
    return price
