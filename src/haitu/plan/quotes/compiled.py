"""`best` compiled by numba, an optional extra; equal to numpy's to the last minor unit, or it leaves the work to it.

Amounts travel in float64 lanes: of whole numbers n and d with n + d < 2**51, floor(n / d + 0.5) is half_up(n, d),
because a half is exactly representable and no other quotient comes within two roundings of one. Where an amount could
leave that range, or a rule needs more than the lanes know, the numpy twin answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haitu.core.inbound_cost import UNITS
from haitu.core.money import exponent, half_up, minor_units
from haitu.plan.quotes import loops
from haitu.plan.quotes.best import KEPT, Best, best
from haitu.plan.quotes.border import Crossing
from haitu.plan.quotes.card import Gate, greater
from haitu.plan.quotes.duties import NO_PART, PER_PIECE, Dutiable, Program, Slot, duties
from haitu.plan.quotes.exact import Column, converted, ratio, residual_holds
from haitu.plan.quotes.offer import BEYOND, RANK_BITS, REFUSED, Chunk, HaulKey, Offer, one_or_all
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.sale import Rules, sold
from haitu.plan.quotes.sheet import MM3_DAYS, Road

Lane = NDArray[np.float64]
EXACT = 2.0**50
NO_LIMIT = 2**62


# What they are given ---------------------------------------------------------------------------------------------
class _Kept:
    """A chunk's columns in the lanes' form, kept with the chunk."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.columns: dict[object, Any] = {}
        self.size = len(chunk.skus)
        self.nowhere = np.zeros(self.size, dtype=np.bool_)
        self.largest_cm3 = int(chunk.volume_cm3.max(initial=0))
        self.largest_list = int(chunk.skus.list_minor.max(initial=0))
        self.largest_cost = int(chunk.skus.cost_minor.max(initial=0))

    def measure(self, divisor_cm3_per_kg: int | None) -> tuple[Column, int]:
        """What each unit counts for, and the largest."""

        def made() -> tuple[Column, int]:
            column = greater(self.chunk.skus, divisor_cm3_per_kg)
            return column, int(column.max(initial=0))

        found: tuple[Column, int] = self.of(("measure", divisor_cm3_per_kg), made)
        return found

    def of(self, key: object, make: Any) -> Any:
        if key not in self.columns:
            self.columns[key] = make()
        return self.columns[key]

    def full(self, figure: float) -> Lane:
        return self.of(("full", figure), lambda: np.full(self.size, figure))  # type: ignore[no-any-return]

    def by_class(self, figures: float | Lane) -> Lane:
        """Each SKU's figure, by its customs class."""
        if isinstance(figures, float):
            return self.full(figures)
        return figures.take(self.chunk.skus.customs_class)

    def by_category(self, rates_bp: tuple[int, ...]) -> Lane:
        known = np.array([max(rate, 0) for rate in rates_bp], dtype=np.float64)
        return self.full(float(known[0])) if len(set(rates_bp)) == 1 else known.take(self.chunk.skus.category)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fronts:
    """A market's fronts in lanes: per border the steps and the shifted contribution; and the sale beside them."""

    shelf: Column
    goods: Lane
    steps: tuple[NDArray[np.float64], ...]
    keys: tuple[Column, ...]


def _held(chunk: Chunk) -> _Kept:
    if not isinstance(chunk.lanes, _Kept):
        chunk.lanes = _Kept(chunk)
    return chunk.lanes


def best_paths(chunk: Chunk, offered: Offer, kept: int = KEPT) -> Best:
    """`best.best`, faster."""
    held = _held(chunk)
    before = _fronts(held, offered) if offered.all_known and len(chunk.skus) and offered.roads else None
    if before is None:
        return best(chunk, offered, kept)
    tables = offered.tables
    reached = np.empty((len(offered.roads), held.size), dtype=np.int64)
    kept_here = chunk.in_currency(offered.rules)
    for row, road, key, gate in zip(reached, offered.roads, tables.haul_keys, tables.gates, strict=True):
        refused = held.nowhere if gate is None else _gated(held, gate)
        inbound = _inbound(held, kept_here, road, key, offered.rules)
        loops.reach(inbound, _storage(held, kept_here, road), refused, row)
    keys = np.full((1 if kept == 1 else KEPT, held.size), -(3 * REFUSED << RANK_BITS), dtype=np.int64)
    loops.rank(
        np.stack(before.keys), tables.crossing, reached,
        np.stack([chunk.steps(meter) for meter in tables.meters]), tables.meter,
        tables.cards, tables.start, tables.end, keys,
    )  # fmt: skip
    return _unpacked(before.shelf, keys[:kept])


def _unpacked(shelf: Column, keys: Column) -> Best:
    roads, contributions = np.empty_like(keys), np.empty_like(keys)
    for key, road, contribution in zip(keys, roads, contributions, strict=True):
        loops.unpack(key, road, contribution)
    return Best(shelf_minor=shelf, road=tuple(roads), contribution_minor=tuple(contributions))


def components(chunk: Chunk, offered: Offer, out: Column) -> bool:
    """Every road's waterfall of one unit of each SKU into `out` [road, step, SKU], of int64 or int32.

    False: an amount is too large, for the lanes or for `out`. What a road refuses holds the largest number somewhere.
    """
    held = _held(chunk)
    before = _fronts(held, offered) if offered.all_known else None
    if before is None:
        return False
    rules, tables, kind = offered.rules, offered.tables, out.dtype
    kept = chunk.in_currency(rules)
    fixed = (rules.payment_fixed_minor, rules.market.traffic_minor)
    fronts, fits = [], True
    for steps in before.steps:
        fronts.append(np.empty((9, held.size), dtype=kind))
        fits &= loops.shared(steps, before.goods, *fixed, fronts[-1])
    cards = _cards(offered, kind)
    if not fits or cards is None:
        return False
    for place, (road, card) in enumerate(zip(offered.roads, cards, strict=True)):
        key, meter = tables.haul_keys[place], tables.meters[tables.meter[place]]
        inbound = _narrowed(kept, ("lanes", key), kind, lambda r=road, k=key: _inbound(held, kept, r, k, rules))
        storage = _narrowed(kept, ("storage", road.storage_milli_days), kind, lambda r=road: _storage(held, kept, r))
        billed = _narrowed(held.columns, ("steps", meter), kind, lambda m=meter: chunk.steps(m), BEYOND)
        if inbound is None or storage is None or billed is None:
            return False
        loops.store(fronts[tables.crossing[place]], inbound, storage, billed, card, out[place])
    return True


def _cards(offered: Offer, kind: Any) -> tuple[Column, ...] | None:
    """The last miles' tables in that type; None where a price does not fit."""
    if kind not in offered.narrow:
        narrowed, fits = [], True
        for card in offered.cards:
            narrowed.append(np.empty(len(card), dtype=kind))
            fits &= loops.narrow(card, REFUSED, narrowed[-1])
        offered.narrow[kind] = tuple(narrowed) if fits else None
    found: tuple[Column, ...] | None = offered.narrow[kind]
    return found


def _narrowed(kept: dict[object, Any], key: object, kind: Any, make: Any, beyond: int = REFUSED) -> Column | None:
    """The column in that type, kept beside it; None where a number does not fit."""
    if ("narrow", kind, key) not in kept:
        column = make()
        out = np.empty(column.size, dtype=kind)
        kept["narrow", kind, key] = out if loops.narrow(column, beyond, out) else None
    found: Column | None = kept["narrow", kind, key]
    return found


def _by_ratio(column: Column, largest: int, numerator: int, denominator: int) -> Column:
    """exact.ratio, by the compiled loop where that is exact."""
    shared = gcd(numerator, denominator)
    numerator, denominator = numerator // shared, denominator // shared
    if not residual_holds(largest, numerator, denominator):
        return ratio(column, numerator, denominator)
    out = np.empty_like(column)
    loops.ratio(column, numerator / denominator, 2 * numerator, 2 * denominator, out)
    return out


def _from_base(rules: Rules, minor: Column, largest: int) -> Column:
    fx = rules.from_base
    if fx is None:
        return minor
    return _by_ratio(minor, largest, 10**9 * minor_units(fx.base), fx.rate_e9 * minor_units(fx.quote))


def _gated(held: _Kept, gate: Gate) -> Any:
    """Which units a lane does not take."""

    def made() -> Any:
        skus, refused = held.chunk.skus, np.zeros(held.size, dtype=np.bool_)
        bits = sum(1 << place for place, kind in enumerate(skus.kinds) if kind in gate.refuses)
        needs_volume = bool(gate.max_side_mm or gate.divisor_cm3_per_kg)
        loops.gate(
            skus.weight_g, skus.volume_mm3, skus.longest_mm, skus.restrictions,
            gate.limit_g, NO_LIMIT if gate.limit_mm3 is None else gate.limit_mm3, gate.max_side_mm or NO_LIMIT,
            int(needs_volume), bits, refused,
        )  # fmt: skip
        return refused

    return held.of(("gate", gate), made)


def _brought(held: _Kept, road: Road) -> tuple[Column, int, Any]:
    """Chunk.brought: of one unit in the base currency, the largest of them, and which units do not come."""
    hauls = road.hauls
    refused = held.nowhere
    for leg in hauls.legs:
        refused = refused | _gated(held, leg.gate)
    if any(leg.closed is not Refused.NO or leg.no_shipment is not Refused.NO for leg in hauls.legs):
        return np.zeros(held.size, dtype=np.int64), 0, ~held.nowhere
    thousand = np.zeros(held.size, dtype=np.int64)
    for leg in hauls.legs:
        measure, largest = held.measure(leg.divisor_cm3_per_kg)
        thousand += _by_ratio(measure, largest, UNITS * leg.shipment_minor, leg.shipment_measure)
    if hauls.entry is not None:
        thousand = _entered(held, hauls.entry, thousand, freight_counts=hauls.freight_counts)
        refused = refused | (hauls.entry.refused > 0).take(held.chunk.skus.customs_class)
    if refused.any():
        thousand = np.where(refused, 0, thousand)
    largest = int(thousand.max())
    one = _by_ratio(thousand, largest, 1, UNITS)
    return one, largest // UNITS + 1, refused if refused.any() else None


def _entered(held: _Kept, entry: Program, thousand: Column, *, freight_counts: bool) -> Column:
    """Freight and duty of a thousand units."""
    cost = held.of("cost", lambda: UNITS * held.chunk.skus.cost_minor)
    base = cost + thousand if freight_counts else cost
    largest_bp = max(
        (int(slot.ad_valorem_bp.max()) for slot in (*entry.basic, *entry.additional, *entry.below)), default=0
    )
    if int(base.max()) * (10_000 + largest_bp) < EXACT:
        return thousand + _by_tariff(held, entry, base.astype(np.float64), UNITS).astype(np.int64)
    goods = Dutiable(
        customs_class=held.chunk.skus.customs_class,
        base_minor=base,
        weight_g=UNITS * held.chunk.skus.weight_g,
        pieces=np.full(held.size, UNITS),
    )
    return thousand + duties(entry, goods)


def _inbound(held: _Kept, kept: dict[object, Any], road: Road, key: HaulKey, rules: Rules) -> Column:
    """Chunk.inbound."""
    if ("lanes", key) not in kept:
        one, largest, refused = held.of(("brought", key), lambda: _brought(held, road))
        minor = _from_base(rules, one, largest)
        kept["lanes", key] = minor if refused is None else np.where(refused, REFUSED, minor)
    found: Column = kept["lanes", key]
    return found


def _storage(held: _Kept, kept: dict[object, Any], road: Road) -> Column:
    key = ("storage", road.storage_milli_days)
    if key not in kept:
        kept[key] = _by_ratio(held.chunk.volume_cm3, held.largest_cm3, road.storage_milli_days or 0, MM3_DAYS)
    found: Column = kept[key]
    return found


def _fronts(held: _Kept, offered: Offer) -> _Fronts | None:
    """Price, tax, duty and fees over each border; None where an amount leaves the lanes."""
    rules = offered.rules
    market = rules.market
    shelf = _shelf(held, rules)
    amount = shelf.astype(np.float64)
    rate_bp = held.by_category(rules.tax_bp)
    charged, value, freight = (np.empty(held.size) for _ in range(3))
    free_from = np.inf if market.shipping_free_from_minor is None else float(market.shipping_free_from_minor)
    inside_bp = rate_bp if market.prices_include_tax else held.full(0.0)
    loops.sale(amount, inside_bp, float(market.shipping_minor), free_from, charged, value, freight)
    goods = _goods(held, rules)
    steps, keys = [], []
    for at in offered.crossings:
        duty, no = _duties(held, offered, at, value, freight)
        vat, tax_bp = np.empty(held.size), np.empty(held.size)
        loops.vat(
            value, freight, duty, no, rate_bp,
            held.by_class(offered.by_class["collects_to"]), held.by_class(offered.by_class["vat_free_to"]),
            at is not Crossing.NONE, rules.border.registered, not rules.border.no_import_vat, rules.border.nexus,
            vat, tax_bp,
        )  # fmt: skip
        step, key = np.empty((7, held.size)), np.empty(held.size, dtype=np.int64)
        loops.front(
            charged, tax_bp, duty, vat, no, goods,
            market.prices_include_tax, rules.border.ddp, float(rules.outlet_fee_bp), float(rules.payment_fee_bp),
            float(rules.payment_fixed_minor + market.traffic_minor), float(market.returns_bp), step, key,
        )  # fmt: skip
        largest = max(float(step[0].max()), float(charged.max()) + float(duty.max()), float(goods.max()))
        if largest * offered.largest_bp >= EXACT:
            return None
        steps.append(step)
        keys.append(key)
    return _Fronts(shelf=shelf, goods=goods, steps=tuple(steps), keys=tuple(keys))


def _shelf(held: _Kept, rules: Rules) -> Column:
    """sale._shelf, compiled where all goods bear one tax."""
    market, fx, skus = rules.market, rules.list_fx, held.chunk.skus
    if len(set(rules.shelf_bp)) > 1:
        return sold(skus, np.ones(len(skus), dtype=np.int64), rules).shelf_minor
    numerator = market.price_factor_bp * fx.rate_e9 * minor_units(fx.quote) * (10_000 + rules.shelf_bp[0])
    exact = _by_ratio(skus.list_minor, held.largest_list, numerator, 10_000 * 10**9 * minor_units(fx.base) * 10_000)
    if market.charm != "none":
        finer = 10 ** max(0, exponent(market.currency) - 2)
        loops.charm(exact, float(finer * int(market.charm)), float(finer * 10 ** len(market.charm)), exact)
    typed = skus.overrides.get(market.id)
    return exact if typed is None else np.where(typed < 0, exact, typed)


def _goods(held: _Kept, rules: Rules) -> Any:
    kept = held.chunk.in_currency(rules)
    if "goods" not in kept:
        kept["goods"] = _from_base(rules, held.chunk.skus.cost_minor, held.largest_cost).astype(np.float64)
    return kept["goods"]


def _duties(held: _Kept, offered: Offer, at: Crossing, value: Lane, freight: Lane) -> tuple[Lane, Lane]:
    border, figures = offered.rules.border, offered.by_class
    if at is not Crossing.CUSTOMS:
        return held.full(0.0), held.full(0.0)
    duty, no = np.empty(held.size), np.empty(held.size)
    base = value
    if border.freight_counts:
        base = np.empty(held.size)
        loops.add(value, freight, base)
    loops.duty(
        value,
        _by_tariff(held, border.tariff, base, 1),
        held.by_class(figures["duty_unknown"]),
        held.by_class(figures["duty_free_to"]),
        held.by_class(figures["flat_to"]),
        held.by_class(figures["flat_minor"]),
        held.by_class(figures["flat_unknown"]),
        duty,
        no,
    )
    return duty, no


def _by_tariff(held: _Kept, tariff: Program, base: Lane, units: int) -> Lane:
    """duties.duties; the specific parts hang on the SKU alone and come from numpy."""
    taken = _joined(held, _parts(held, tariff, tariff.basic, units), base, loops.dearer)
    if tariff.additional:
        loops.add(taken, _joined(held, _parts(held, tariff, tariff.additional, units), base, loops.add), taken)
    if tariff.below:
        loops.add(taken, _joined(held, _parts(held, tariff, tariff.below, units), base, loops.dearer), taken)
    return taken


def _joined(held: _Kept, parts: Sequence[tuple[Lane, Lane]], base: Lane, join: Any) -> Lane:
    together, part = np.zeros(held.size), np.empty(held.size)
    for bp, specific in parts:
        loops.part(base, bp, specific, part)
        join(together, part, together)
    return together


def _parts(held: _Kept, tariff: Program, slots: Sequence[Slot], units: int) -> Any:
    """Of each line of a group each SKU's share of the value, and the specific part of so many units."""

    def made() -> object:
        return slots, [
            (held.by_class(one_or_all(slot.ad_valorem_bp.astype(np.float64))), _specific(held, tariff, slot, units))
            for slot in slots
        ]

    return held.of(("parts", id(slots), units), made)[1]  # the slots are kept, so that no others get their id


def _specific(held: _Kept, tariff: Program, slot: Slot, units: int) -> Lane:
    if not slot.per_g.any():
        return held.full(0.0)
    skus = held.chunk.skus
    specific = np.zeros(held.size, dtype=np.int64)
    per_g, fx = slot.per_g[skus.customs_class], slot.fx[skus.customs_class]
    for place, rate in enumerate(tariff.rates):
        rows = np.flatnonzero((per_g != NO_PART) & (fx == place))
        each, grams = slot.each_minor[skus.customs_class[rows]], per_g[rows]
        by_weight = half_up(each * (units * skus.weight_g[rows]), np.maximum(grams, 1))
        minor = np.where(grams == PER_PIECE, each * units, by_weight)
        specific[rows] = minor if rate.base == rate.quote else converted(minor, rate)
    return specific.astype(np.float64)
