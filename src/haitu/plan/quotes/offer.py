"""All paths of a market made ready for columns: each distinct thing they rest on is worked out once and shared.

A quote's contribution is front[border] − reach[line hauls, warehouse] − card[steps]: the front is the market's, the
reach what the goods cost to be where the parcel leaves, the card the last mile by billed step. Three numbers to add,
each exact; a refusal is a number so large that no sum hides it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from haitu.core.book import Terms
from haitu.core.inbound_cost import UNITS
from haitu.core.money import Exchange, FxRate, RateMissing, half_up
from haitu.plan.quotes.border import NEVER, UNKNOWN_RATE, Crossing
from haitu.plan.quotes.card import MOST_STEPS, Gate, greater, last_step, prices, refused_units, steps
from haitu.plan.quotes.exact import Column, converted, ratio
from haitu.plan.quotes.line_haul import brought
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.sale import NO_RATE, Front, Rules, Sold, from_base, front, sold
from haitu.plan.quotes.sheet import MM3_DAYS, Road
from haitu.plan.quotes.skus import BadFacts, Skus

RANK_BITS = 10
MOST_ROADS = 1 << RANK_BITS
REFUSED = 1 << 50  # more than any amount; three of them still fit beside the rank
BEYOND = 1 << 40  # billed steps of goods whose measures are not known

Meter = tuple[int | None, int]  # divisor and step
HaulKey = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """An offer's cards end to end (road r's lies from start[r], its last place is end[r]) and, per road, its places."""

    cards: Column
    start: Column
    end: Column
    meters: tuple[Meter, ...]
    meter: Column
    crossing: Column
    haul_keys: tuple[HaulKey, ...]
    gates: tuple[Gate | None, ...]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A market's open roads, best p90 first (a tie goes to the earlier one), with places in shared lists."""

    rules: Rules
    roads: tuple[Road, ...]
    crossings: tuple[Crossing, ...]
    cards: tuple[Column, ...]  # per road: last mile by step, in the market's currency, REFUSED after the last step

    @cached_property
    def narrow(self) -> dict[object, tuple[Column, ...] | None]:
        """The cards in smaller types, as compiled.py makes them."""
        return {}

    @cached_property
    def keyed(self) -> tuple[Column, ...]:
        """The cards shifted by RANK_BITS, less each road's rank: of equal contributions the earlier one wins."""
        return tuple((card << RANK_BITS) - (MOST_ROADS - 1 - rank) for rank, card in enumerate(self.cards))

    @cached_property
    def all_known(self) -> bool:
        """Whether no rate of tax or exchange is missing that some SKU may need."""
        rules = self.rules
        border = rules.border
        limits = (border.collects_to, border.flat_to, border.flat_minor, border.duty_free_to, border.vat_free_to)
        rates_known = not any((limit == UNKNOWN_RATE).any() for limit in limits)
        duties_known = not (border.tariff.refused == Refused.RATE_MISSING).any()
        return rates_known and duties_known and NO_RATE not in (*rules.shelf_bp, *rules.tax_bp)

    @cached_property
    def largest_bp(self) -> int:
        """No amount is multiplied by more than this, or divided by."""
        rules = self.rules
        duties = [int(slot.ad_valorem_bp.max()) for slot in rules.border.tariff.slots]
        fees = (rules.outlet_fee_bp, rules.payment_fee_bp, rules.market.returns_bp)
        return 10_000 + max(*rules.tax_bp, *fees, *duties, 10_000)

    @cached_property
    def by_class(self) -> Mapping[str, float | NDArray[np.float64]]:
        """The border's figures per customs class; one figure where all classes have the same."""
        border = self.rules.border
        figures = {
            "collects_to": border.collects_to,
            "flat_to": border.flat_to,
            "flat_minor": border.flat_minor,
            "flat_unknown": border.flat_minor == NEVER,
            "duty_free_to": border.duty_free_to,
            "vat_free_to": border.vat_free_to,
            "duty_unknown": border.tariff.refused > 0,
        }
        return {name: one_or_all(column.astype(np.float64)) for name, column in figures.items()}

    @cached_property
    def tables(self) -> Tables:
        """The same, end to end, for loops that walk all roads."""
        meters = tuple(dict.fromkeys(meter_of(road) for road in self.roads))
        sizes = np.array([len(card) for card in self.cards], dtype=np.int64)
        return Tables(
            cards=np.concatenate(self.keyed) if self.keyed else np.zeros(0, dtype=np.int64),
            start=np.cumsum(sizes) - sizes,
            end=sizes - 1,
            meters=meters,
            meter=np.array([meters.index(meter_of(road)) for road in self.roads], dtype=np.int64),
            crossing=np.array([self.crossings.index(road.at) for road in self.roads], dtype=np.int64),
            haul_keys=tuple(haul_key(road) for road in self.roads),
            gates=tuple(spare_gate(road) for road in self.roads),
        )


def one_or_all(figures: NDArray[np.float64]) -> float | NDArray[np.float64]:
    """The figure that all have, else each one's."""
    return float(figures[0]) if len(figures) and (figures == figures[0]).all() else figures


def offer(rules: Rules, roads: Sequence[Road], terms: Terms) -> Offer:
    """The roads that are open today, ready for columns."""
    usable = [road for road in roads if road.closed is Refused.NO and road.storage_milli_days is not None]
    cards = [(road, _card(road, rules, terms)) for road in usable]
    priced = sorted(
        ((road, card) for road, card in cards if card is not None),
        key=lambda pair: (pair[0].days_p90, [lane.id for lane in pair[0].lanes]),
    )
    if len(priced) > MOST_ROADS:
        raise BadFacts(f"{len(priced)} paths lead to {rules.to.country}; {MOST_ROADS} can be ranked.", field="roads")
    return Offer(
        rules=rules,
        roads=tuple(road for road, _ in priced),
        crossings=tuple(sorted({road.at for road, _ in priced})),
        cards=tuple(card for _, card in priced),
    )


def _card(road: Road, rules: Rules, terms: Terms) -> Column | None:
    tariff, market = road.last.tariff, rules.market
    if last_step(tariff) > MOST_STEPS:
        raise BadFacts(
            f"{road.last.code} bills in {last_step(tariff)} steps; {MOST_STEPS} fit a table.", field="step_g"
        )
    table = prices(tariff, rules.on, rules.to.postcode)
    if tariff.currency != market.currency:
        try:
            rate = Exchange(currency=market.currency, rates=terms.fx, on=rules.on).rate(tariff.currency)
        except RateMissing:
            return None
        table = converted(table, rate)
    return np.append(table, REFUSED)


def meter_of(road: Road) -> Meter:
    """How the last lane counts a parcel's weight."""
    tariff = road.last.tariff
    return tariff.divisor_cm3_per_kg or None, tariff.step_g


def haul_key(road: Road) -> HaulKey:
    """Roads with the same key bring goods to their last warehouse at the same cost."""
    return (*(lane.id for lane in road.lanes[:-1]), road.hauls.entry is not None)


def spare_gate(road: Road) -> Gate | None:
    """What the last lane asks of a unit beyond what its card ends at anyway; None: nothing."""
    gate, tariff = road.gate, road.last.tariff
    billed_g = last_step(tariff) * tariff.step_g
    if gate.refuses or gate.max_side_mm or gate.limit_g < billed_g:
        return gate
    return None


class Chunk:
    """Some SKUs, one unit of each, and all that several markets and roads share about them."""

    def __init__(self, skus: Skus) -> None:
        self.skus = skus
        self.ones = np.ones(len(skus), dtype=np.int64)
        self._steps: dict[Meter, Column] = {}
        self.volume_cm3: Column = half_up(skus.volume_mm3, 1000)
        self._brought: dict[HaulKey, tuple[Column, NDArray[np.bool_] | None]] = {}
        self._gates: dict[Gate, Column | None] = {}
        self._reach: dict[object, Column] = {}
        self._currency: FxRate | None = None
        self.lanes: object = None  # what compiled.py keeps of it

    def steps(self, meter: Meter) -> Column:
        """Billed steps of one unit, BEYOND where a measure is not known."""
        if meter not in self._steps:
            divisor, step_g = meter
            known = self.skus.weight_g > 0
            if divisor:
                known &= self.skus.volume_mm3 > 0
            self._steps[meter] = np.where(known, steps(greater(self.skus, divisor), divisor, step_g), BEYOND)
        return self._steps[meter]

    def brought(self, road: Road) -> tuple[Column, NDArray[np.bool_] | None]:
        """What the first legs put on one unit, base currency, and which SKUs they take; None: all."""
        key = haul_key(road)
        if key not in self._brought:
            found = brought(self.skus, road.hauls)
            taken = found.refused == 0
            one = half_up(np.where(taken, found.value_minor, 0), UNITS)
            self._brought[key] = one, None if taken.all() else taken
        return self._brought[key]

    def gated(self, gate: Gate) -> Column | None:
        """REFUSED where the lane does not take the unit, 0 elsewhere; None: it takes all of them."""
        if gate not in self._gates:
            refused = refused_units(self.skus, gate) != 0
            self._gates[gate] = np.where(refused, REFUSED, 0) if refused.any() else None
        return self._gates[gate]

    def in_currency(self, rules: Rules) -> dict[object, Column]:
        """What is kept in the market's currency: of one currency at a time, so ask markets of one currency in a row."""
        if rules.from_base != self._currency:
            self._reach.clear()
            self._currency = rules.from_base
        return self._reach

    def inbound(self, road: Road, rules: Rules) -> Column:
        """The first legs' part of one unit in the market's currency; REFUSED where they do not take it."""
        kept, key = self.in_currency(rules), ("inbound", haul_key(road))
        if key not in kept:
            one, taken = self.brought(road)
            minor = from_base(rules, one)
            kept[key] = minor if taken is None else np.where(taken, minor, REFUSED)
        return kept[key]

    def storage(self, road: Road, rules: Rules) -> Column:
        """What lying in the last warehouse costs one unit."""
        kept, key = self.in_currency(rules), ("storage", road.storage_milli_days)
        if key not in kept:
            kept[key] = ratio(self.volume_cm3, road.storage_milli_days or 0, MM3_DAYS)
        return kept[key]

    def spare(self, road: Road) -> Column | None:
        """What the last lane refuses beyond its card's end."""
        gate = spare_gate(road)
        return self.gated(gate) if gate is not None else None

    def reach(self, road: Road, rules: Rules) -> Column:
        """Inbound and storage, and REFUSED where the unit does not get to the buyer by this road."""
        gated = self.spare(road)
        gate = spare_gate(road) if gated is not None else None
        kept, key = self.in_currency(rules), ("reach", haul_key(road), road.storage_milli_days, gate)
        if key not in kept:
            cost = self.inbound(road, rules) + self.storage(road, rules)
            if gated is not None:
                cost = np.where(gated > 0, REFUSED, cost)
            kept[key] = np.minimum(cost, REFUSED)
        return kept[key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronts:
    """A chunk in a market: the sale, and the front over each border its roads cross, in the offer's order."""

    sold: Sold
    fronts: tuple[Front, ...]

    def contribution(self, place: int) -> Column:
        """What is left before the path is paid; −REFUSED where the market refuses it."""
        found = self.fronts[place]
        refused = (found.refused != 0) | (self.sold.refused != 0)
        left: Column = np.where(refused, -REFUSED, found.waterfall.contribution)
        return left


def fronts(chunk: Chunk, offered: Offer) -> Fronts:
    """Price, tax, duty and fees of one unit of each SKU, over each border."""
    sale = sold(chunk.skus, chunk.ones, offered.rules)
    return Fronts(sold=sale, fronts=tuple(front(chunk.skus, sale, offered.rules, at) for at in offered.crossings))
