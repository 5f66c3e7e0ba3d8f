"""`best` compiled by numba, an optional extra; equal to numpy's to the last minor unit, or it leaves the work to it.

Amounts travel in float64 lanes: of whole numbers n and d with n + d < 2**51, floor(n / d + 0.5) is half_up(n, d),
because a half is exactly representable and no other quotient comes within two roundings of one. Where an amount could
leave that range, or a rule needs more than the lanes know, the numpy twin answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haitu.core.money import exponent, half_up, minor_units
from haitu.plan.quotes import loops
from haitu.plan.quotes.best import KEPT, Best, best, unpacked
from haitu.plan.quotes.border import NEVER, UNKNOWN_RATE, Border, Crossing
from haitu.plan.quotes.duties import NO_PART, PER_PIECE, Program, Slot
from haitu.plan.quotes.exact import Column, converted, ratio, residual_holds
from haitu.plan.quotes.offer import RANK_BITS, REFUSED, Chunk, Offer, haul_key, meter_of
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.sale import NO_RATE, Rules, sold
from haitu.plan.quotes.sheet import MM3_DAYS, Road
from haitu.plan.quotes.skus import Skus

Lane = NDArray[np.float64]
EXACT = 2.0**50


# What they are given ---------------------------------------------------------------------------------------------
class _Kept:
    """A chunk's columns in the lanes' form, beside the chunk itself."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.columns: dict[object, Any] = {}
        self.size = len(chunk.skus)

    def of(self, key: object, make: Any) -> Any:
        if key not in self.columns:
            self.columns[key] = make()
        return self.columns[key]

    def full(self, figure: float) -> Lane:
        return self.of(("full", figure), lambda: np.full(self.size, figure))  # type: ignore[no-any-return]

    def by_class(self, figures: Column) -> Lane:
        """A figure of each SKU's class; one figure where all classes have the same."""
        if (figures == figures[0]).all():
            return self.full(float(figures[0]))
        return figures.astype(np.float64).take(self.chunk.skus.customs_class)

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


def lanes_hold(offered: Offer) -> bool:
    """Whether the lanes know every rule of the market; amounts are looked at when they are there."""
    rules = offered.rules
    border = rules.border
    limits = (border.collects_to, border.flat_to, border.flat_minor, border.duty_free_to, border.vat_free_to)
    known_rates = not any((limit == UNKNOWN_RATE).any() for limit in limits)
    known_duties = not (border.tariff.refused == Refused.RATE_MISSING).any()
    return known_rates and known_duties and NO_RATE not in (*rules.shelf_bp, *rules.tax_bp)


def best_paths(chunk: Chunk, offered: Offer, kept: int = KEPT) -> Best:
    """`best.best`, faster."""
    held = _Kept(chunk)
    before = _fronts(held, offered) if lanes_hold(offered) and len(chunk.skus) else None
    if before is None:
        return best(chunk, offered, kept)
    keys = [np.full(held.size, -(3 * REFUSED << RANK_BITS), dtype=np.int64) for _ in range(1 if kept == 1 else KEPT)]
    for road, card in zip(offered.roads, offered.keyed, strict=True):
        left = before.keys[offered.crossings.index(road.at)]
        reach, steps = _reached(held, road, offered.rules), chunk.steps(meter_of(road))
        if kept == 1:
            loops.rank_one(left, reach, steps, card, keys[0])
        else:
            loops.rank_three(left, reach, steps, card, *keys)
    return unpacked(before.shelf, keys[:kept])


def components(chunk: Chunk, offered: Offer, out: Column) -> bool:
    """Every road's waterfall of one unit of each SKU into `out` [road, step, SKU]; False: the lanes do not hold it."""
    held = _Kept(chunk)
    before = _fronts(held, offered) if lanes_hold(offered) else None
    if before is None:
        return False
    rules = offered.rules
    fixed = np.array([rules.payment_fixed_minor, rules.market.traffic_minor], dtype=np.int64)
    for place, (road, card) in enumerate(zip(offered.roads, offered.cards, strict=True)):
        steps = before.steps[offered.crossings.index(road.at)]
        loops.store(
            steps,
            before.goods,
            _inbound(held, road, rules),
            _storage(held, road, rules),
            chunk.steps(meter_of(road)),
            card,
            fixed,
            out[place],
        )
    return True


def _by_ratio(column: Column, numerator: int, denominator: int) -> Column:
    """exact.ratio, by the compiled loop where that is exact."""
    shared = gcd(numerator, denominator)
    numerator, denominator = numerator // shared, denominator // shared
    if not residual_holds(int(column.max(initial=0)), numerator, denominator):
        return ratio(column, numerator, denominator)
    out = np.empty_like(column)
    loops.ratio(column, numerator / denominator, 2 * numerator, 2 * denominator, out)
    return out


def _from_base(rules: Rules, minor: Column) -> Column:
    fx = rules.from_base
    if fx is None:
        return minor
    return _by_ratio(minor, 10**9 * minor_units(fx.base), fx.rate_e9 * minor_units(fx.quote))


def _inbound(held: _Kept, road: Road, rules: Rules) -> Column:
    """Chunk.inbound; the unit's part in the base currency is kept for all currencies."""
    chunk, key = held.chunk, haul_key(road)
    kept = chunk.in_currency(rules)
    if ("inbound", key) not in kept:
        one, taken = chunk.brought(road)
        minor = _from_base(rules, one)
        kept["inbound", key] = minor if taken is None else np.where(taken, minor, REFUSED)
    return kept["inbound", key]


def _storage(held: _Kept, road: Road, rules: Rules) -> Column:
    kept, key = held.chunk.in_currency(rules), ("storage", road.storage_milli_days)
    if key not in kept:
        kept[key] = _by_ratio(held.chunk.volume_cm3, road.storage_milli_days or 0, MM3_DAYS)
    return kept[key]


def _reached(held: _Kept, road: Road, rules: Rules) -> Column:
    """Chunk.reach."""
    chunk = held.chunk
    gated = chunk.spare(road)
    key = ("reach", haul_key(road), road.storage_milli_days, road.gate if gated is not None else None)
    kept = chunk.in_currency(rules)
    if key not in kept:
        cost = np.empty(held.size, dtype=np.int64)
        loops.reach(_inbound(held, road, rules), _storage(held, road, rules), cost)
        kept[key] = cost if gated is None else np.maximum(cost, gated)
    return kept[key]


def _fronts(held: _Kept, offered: Offer) -> _Fronts | None:
    """Price, tax, duty and fees over each border; None where an amount leaves the lanes."""
    rules, skus = offered.rules, held.chunk.skus
    market = rules.market
    shelf = _shelf(skus, rules)
    amount = shelf.astype(np.float64)
    rate_bp = held.by_category(rules.tax_bp)
    charged, value, freight = (np.empty(held.size) for _ in range(3))
    free_from = np.inf if market.shipping_free_from_minor is None else float(market.shipping_free_from_minor)
    inside_bp = rate_bp if market.prices_include_tax else held.full(0.0)
    loops.sale(amount, inside_bp, float(market.shipping_minor), free_from, charged, value, freight)
    goods = _goods(held, rules)
    largest_bp = _largest_bp(rules)
    steps, keys = [], []
    for at in offered.crossings:
        duty, no = _duties(held, rules.border, at, value, freight)
        vat, tax_bp = np.empty(held.size), np.empty(held.size)
        loops.vat(
            value, freight, duty, no, rate_bp,
            held.by_class(rules.border.collects_to), held.by_class(rules.border.vat_free_to),
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
        if largest * largest_bp >= EXACT:
            return None
        steps.append(step)
        keys.append(key)
    return _Fronts(shelf=shelf, goods=goods, steps=tuple(steps), keys=tuple(keys))


def _largest_bp(rules: Rules) -> float:
    """No amount is multiplied by more than this, or divided by."""
    tariff = rules.border.tariff
    duties = [int(slot.ad_valorem_bp.max()) for slot in (*tariff.basic, *tariff.additional, *tariff.below)]
    fees = (rules.outlet_fee_bp, rules.payment_fee_bp, rules.market.returns_bp)
    return 10_000.0 + max(*rules.tax_bp, *fees, *duties, 10_000)


def _shelf(skus: Skus, rules: Rules) -> Column:
    """sale._shelf, compiled where all goods bear one tax."""
    market, fx = rules.market, rules.list_fx
    if len(set(rules.shelf_bp)) > 1:
        return sold(skus, np.ones(len(skus), dtype=np.int64), rules).shelf_minor
    numerator = market.price_factor_bp * fx.rate_e9 * minor_units(fx.quote) * (10_000 + rules.shelf_bp[0])
    exact = _by_ratio(skus.list_minor, numerator, 10_000 * 10**9 * minor_units(fx.base) * 10_000)
    if market.charm != "none":
        finer = 10 ** max(0, exponent(market.currency) - 2)
        loops.charm(exact, float(finer * int(market.charm)), float(finer * 10 ** len(market.charm)), exact)
    typed = skus.overrides.get(market.id)
    return exact if typed is None else np.where(typed < 0, exact, typed)


def _goods(held: _Kept, rules: Rules) -> Lane:
    kept = held.chunk.in_currency(rules)
    if "goods" not in kept:
        kept["goods"] = _from_base(rules, held.chunk.skus.cost_minor)
    return kept["goods"].astype(np.float64)


def _duties(held: _Kept, border: Border, at: Crossing, value: Lane, freight: Lane) -> tuple[Lane, Lane]:
    if at is not Crossing.CUSTOMS:
        return held.full(0.0), held.full(0.0)
    duty, no = np.empty(held.size), np.empty(held.size)
    base = value
    if border.freight_counts:
        base = np.empty(held.size)
        loops.add(value, freight, base)
    loops.duty(
        value,
        _by_tariff(held, border.tariff, base),
        held.by_class((border.tariff.refused > 0).astype(np.int64)),
        held.by_class(border.duty_free_to),
        held.by_class(border.flat_to),
        held.by_class(border.flat_minor),
        held.by_class((border.flat_minor == NEVER).astype(np.int64)),
        duty,
        no,
    )
    return duty, no


def _by_tariff(held: _Kept, tariff: Program, base: Lane) -> Lane:
    """duties.duties; the specific parts of one unit hang on the SKU alone and come from numpy."""
    taken = _joined(held, tariff, tariff.basic, base, loops.dearer)
    if tariff.additional:
        loops.add(taken, _joined(held, tariff, tariff.additional, base, loops.add), taken)
    if tariff.below:
        loops.add(taken, _joined(held, tariff, tariff.below, base, loops.dearer), taken)
    return taken


def _joined(held: _Kept, tariff: Program, slots: tuple[Slot, ...], base: Lane, join: Any) -> Lane:
    together, part = np.zeros(held.size), np.empty(held.size)
    for slot in slots:
        loops.part(base, held.by_class(slot.ad_valorem_bp), _specific(held, tariff, slot), part)
        join(together, part, together)
    return together


def _specific(held: _Kept, tariff: Program, slot: Slot) -> Lane:
    if not slot.per_g.any():
        return held.full(0.0)
    skus = held.chunk.skus
    specific = np.zeros(held.size, dtype=np.int64)
    per_g, fx = slot.per_g[skus.customs_class], slot.fx[skus.customs_class]
    for place, rate in enumerate(tariff.rates):
        rows = np.flatnonzero((per_g != NO_PART) & (fx == place))
        each, grams = slot.each_minor[skus.customs_class[rows]], per_g[rows]
        minor = np.where(grams == PER_PIECE, each, half_up(each * skus.weight_g[rows], np.maximum(grams, 1)))
        specific[rows] = minor if rate.base == rate.quote else converted(minor, rate)
    return specific.astype(np.float64)
