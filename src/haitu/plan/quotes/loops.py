"""The compiled loops behind `compiled.py`: plain passes over columns, each short enough for a compiler to vectorise.

Amounts are whole numbers in float64; `compiled` says when that is exact. A loop knows no dataclass, so its columns
come one by one.
"""
# ruff: noqa: PLR0917

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from haitu.plan.quotes.offer import RANK_BITS, REFUSED

TILE = 1024
LAST_RANK = (1 << RANK_BITS) - 1

kernel = njit(nogil=True, error_model="numpy", cache=True)


@kernel
def ratio(column: Any, factor: float, two_numerator: int, two_denominator: int, out: Any) -> None:
    """exact._by_residual."""
    half = two_denominator // 2
    for i in range(column.size):
        quotient = np.int64(column[i] * factor + 0.5)
        left = column[i] * two_numerator + half - quotient * two_denominator
        out[i] = quotient + np.int64(left >= two_denominator) - np.int64(left < 0)


@kernel
def reach(inbound: Any, storage: Any, refused: Any, out: Any) -> None:
    """Inbound and storage; a refusal stays one refusal."""
    for i in range(inbound.size):
        cost = min(inbound[i] + storage[i], REFUSED)
        out[i] = REFUSED if refused[i] else cost


@kernel
def gate(
    weight_g: Any, volume_mm3: Any, longest_mm: Any, restrictions: Any,
    limit_g: int, limit_mm3: int, max_side_mm: int, least_mm3: int, refuses: int, out: Any,
) -> None:  # fmt: skip
    """card.refused_units, without saying why."""
    for i in range(weight_g.size):
        heavy = (weight_g[i] > limit_g) | (volume_mm3[i] > limit_mm3) | (longest_mm[i] > max_side_mm)
        unknown = (weight_g[i] == 0) | (volume_mm3[i] < least_mm3)
        out[i] = heavy | unknown | ((restrictions[i] & refuses) != 0)


@kernel
def charm(price: Any, finer_ending: float, step: float, out: Any) -> None:
    """exact.charmed."""
    for i in range(price.size):
        exact = np.float64(price[i])
        shifted = exact - finer_ending
        above = shifted - np.floor(shifted / step) * step
        nearest = exact - above + (0.0 if 2.0 * above < step else step)
        nearest = nearest if nearest > 0.0 else nearest + step
        out[i] = nearest if exact > 0.0 else exact


@kernel
def sale(shelf: Any, rate_bp: Any, shipping: float, free_from: float, charged: Any, value: Any, freight: Any) -> None:
    """What the buyer pays with delivery, and goods and delivery without the tax inside."""
    for i in range(shelf.size):
        amount = shelf[i]
        paid = amount + (0.0 if amount >= free_from else shipping)
        rate = rate_bp[i]
        goods = amount - np.floor(amount * rate / (rate + 10000.0) + 0.5)
        charged[i] = paid
        value[i] = goods
        freight[i] = paid - np.floor(paid * rate / (rate + 10000.0) + 0.5) - goods


@kernel
def part(base: Any, bp: Any, specific: Any, out: Any) -> None:
    """A share of the value by each line, and the line's specific part."""
    for i in range(base.size):
        out[i] = np.floor(base[i] * bp[i] / 10000.0 + 0.5) + specific[i]


@kernel
def add(one: Any, other: Any, out: Any) -> None:
    """Two columns."""
    for i in range(one.size):
        out[i] = one[i] + other[i]


@kernel
def dearer(one: Any, other: Any, out: Any) -> None:
    """The larger of two columns."""
    for i in range(one.size):
        out[i] = max(one[i], other[i])


@kernel
def duty(
    value: Any, tariff: Any, unknown: Any, free_to: Any, flat_to: Any, flat: Any, flat_unknown: Any, duty: Any, no: Any
) -> None:
    """border.duty: the duty, and 1.0 where it is not known."""
    for i in range(value.size):
        free = value[i] <= free_to[i]
        is_flat = value[i] <= flat_to[i]
        why = flat_unknown[i] if is_flat else (0.0 if free else unknown[i])
        minor = flat[i] if is_flat else (0.0 if free else tariff[i])
        duty[i] = 0.0 if why > 0.0 else minor
        no[i] = why


@kernel
def vat(
    value: Any, freight: Any, duty: Any, no: Any, rate_bp: Any, collects_to: Any, vat_free_to: Any,
    crosses: bool, registered: bool, border_vat: bool, nexus: bool, vat: Any, tax_bp: Any,
) -> None:  # fmt: skip
    """Import VAT, and the rate of the tax that the seller charges."""
    for i in range(value.size):
        collects = crosses & registered & (value[i] <= collects_to[i])
        full = np.floor((value[i] + freight[i] + duty[i]) * rate_bp[i] / 10000.0 + 0.5)
        asked = crosses & border_vat & (not collects) & (no[i] == 0.0) & (value[i] > vat_free_to[i])
        vat[i] = full if asked else 0.0
        tax_bp[i] = rate_bp[i] if collects | nexus | (border_vat & (not crosses)) else 0.0


@kernel
def front(
    charged: Any, tax_bp: Any, duty: Any, vat: Any, no: Any, goods: Any,
    shows_tax: bool, ddp: bool, outlet_bp: float, payment_bp: float, fixed: float, returns_bp: float,
    steps: Any, key: Any,
) -> None:  # fmt: skip
    """core.landed.landed without the path; `steps`: price, tax, duty, import VAT, outlet, payment, returns.

    `fixed`: payment fee and traffic that do not hang on the price. The key is the contribution, shifted.
    """
    for i in range(charged.size):
        taxed = tax_bp[i]
        paid_duty = duty[i] if ddp else 0.0
        paid_vat = vat[i] if ddp else 0.0
        added = 0.0 if shows_tax else paid_duty + paid_vat
        tax = np.floor(charged[i] * taxed / ((taxed if shows_tax else 0.0) + 10000.0) + 0.5)
        price = charged[i] + (0.0 if shows_tax else tax) + added
        outlet = np.floor(price * outlet_bp / 10000.0 + 0.5)
        payment = np.floor(price * payment_bp / 10000.0 + 0.5)
        returned = np.floor((price - tax) * returns_bp / 10000.0 + 0.5)
        twice = shows_tax & (not ddp) & ((vat[i] > 0.0) | (no[i] > 0.0))
        refused = (ddp & (no[i] > 0.0)) | twice
        left = price - tax - goods[i] - paid_duty - paid_vat - outlet - payment - returned - fixed
        steps[0, i] = price
        steps[1, i] = tax
        steps[2, i] = paid_duty
        steps[3, i] = paid_vat
        steps[4, i] = outlet
        steps[5, i] = payment
        steps[6, i] = returned
        key[i] = (-REFUSED if refused else np.int64(left)) << RANK_BITS


@kernel
def rank(
    lefts: Any, left_of: Any, reached: Any, metered: Any, meter_of: Any, cards: Any, start: Any, end: Any, keys: Any
) -> None:
    """The best keys of all roads, best first: one of them or three. Tile by tile, so that they stay at hand."""
    kept, size = keys.shape
    for low in range(0, size, TILE):
        high = min(low + TILE, size)
        for road in range(reached.shape[0]):
            left, steps, reach_, last = lefts[left_of[road]], metered[meter_of[road]], reached[road], end[road]
            card = cards[start[road] : start[road] + last + 1]
            if kept == 1:
                for i in range(low, high):
                    key = left[i] - (reach_[i] << RANK_BITS) - card[min(steps[i], last)]
                    keys[0, i] = max(keys[0, i], key)
            else:
                for i in range(low, high):
                    key = left[i] - (reach_[i] << RANK_BITS) - card[min(steps[i], last)]
                    one, two, three = keys[0, i], keys[1, i], keys[2, i]
                    keys[0, i] = max(one, key)
                    key = min(one, key)
                    keys[1, i] = max(two, key)
                    keys[2, i] = max(three, min(two, key))


@kernel
def unpack(key: Any, road: Any, contribution: Any) -> None:
    """best.unpacked, for one rank."""
    least = -(REFUSED >> 1 << RANK_BITS)
    for i in range(key.size):
        there = key[i] > least
        road[i] = LAST_RANK - (key[i] & LAST_RANK) if there else -1
        contribution[i] = key[i] >> RANK_BITS if there else 0


@kernel
def narrow(column: Any, beyond: int, out: Any) -> bool:
    """Whole numbers into a type that may be smaller, what is `beyond` as its `top`; whether the others fit."""
    top = np.iinfo(out.dtype).max
    fits = True
    for i in range(column.size):
        number = column[i]
        fits &= (number >= beyond) | ((number < top) & (number > -top))
        out[i] = min(number, top)
    return fits


@kernel
def shared(steps: Any, goods: Any, payment_fixed: int, traffic: int, out: Any) -> bool:
    """The steps that all roads over a border share, in the order of landed.STEPS; whether they fit."""
    top = np.float64(np.iinfo(out.dtype).max)
    fits = payment_fixed < top and traffic < top
    for i in range(goods.size):
        payment = steps[5, i] + payment_fixed
        largest = max(abs(steps[0, i]), abs(steps[1, i]), goods[i], steps[2, i], steps[3, i])
        fits = fits & (max(largest, abs(steps[4, i]), abs(payment), abs(steps[6, i])) < top)
        out[0, i] = np.int64(steps[0, i])
        out[1, i] = np.int64(steps[1, i])
        out[2, i] = np.int64(goods[i])
        out[3, i] = np.int64(steps[2, i])
        out[4, i] = np.int64(steps[3, i])
        out[5, i] = np.int64(steps[4, i])
        out[6, i] = np.int64(payment)
        out[7, i] = np.int64(steps[6, i])
        out[8, i] = traffic
    return bool(fits)


@kernel
def store(front: Any, inbound: Any, storage: Any, billed: Any, card: Any, out: Any) -> None:
    """A road's whole waterfall in the order of landed.STEPS; rows that the road refuses hold the largest somewhere."""
    end = card.size - 1
    out[0:3] = front[0:3]
    out[3] = inbound
    out[4:6] = front[3:5]
    out[6] = storage
    for i in range(billed.size):
        out[7, i] = card[min(billed[i], end)]
    out[8:12] = front[5:9]
