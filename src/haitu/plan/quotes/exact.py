"""Half-up arithmetic on int64 columns where products leave 64 bits: exchange, shelf prices, shares of a shipment."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from haitu.core.money import FxRate, exponent, minor_units
from haitu.core.tax import tax_inside, tax_on_top

Column = NDArray[np.int64]

LARGEST = 2**62  # products below are exact in int64 with room for the half
LARGEST_FLOAT = 2**50  # quotients below are at most one off when worked out in float64


def ratio(column: Column, numerator: int, denominator: int) -> Column:
    """half_up(x × numerator, denominator) for columns that are not negative, exact whatever the sizes."""
    shared = gcd(numerator, denominator)
    numerator, denominator = numerator // shared, denominator // shared
    largest = int(column.max(initial=0))
    if denominator == 1 and largest * numerator < LARGEST:
        return column * numerator
    if 2 * largest * numerator + denominator < LARGEST:
        return (column * (2 * numerator) + denominator) // (2 * denominator)
    if residual_holds(largest, numerator, denominator):
        return _by_residual(column, numerator, denominator)
    by_int = [(2 * x * numerator + denominator) // (2 * denominator) for x in column.ravel().tolist()]
    return np.array(by_int, dtype=np.int64).reshape(column.shape)


def residual_holds(largest: int, numerator: int, denominator: int) -> bool:
    """Whether the quotient in float64 is at most one off, and what is left over fits 64 bits."""
    fits = 2 * numerator < LARGEST and 4 * denominator < LARGEST
    return fits and largest * numerator < LARGEST_FLOAT * denominator and largest < LARGEST_FLOAT


def _by_residual(column: Column, numerator: int, denominator: int) -> Column:
    """The float64 quotient, put right by what is left over; products may wrap, their difference does not."""
    quotient = (column * (numerator / denominator) + 0.5).astype(np.int64)
    left = column * (2 * numerator)
    left += denominator
    left -= quotient * (2 * denominator)
    quotient += left >= 2 * denominator
    quotient -= left < 0
    return quotient


def converted(column: Column, fx: FxRate) -> Column:
    """`money.convert` on a column."""
    return ratio(column, fx.rate_e9 * minor_units(fx.quote), 10**9 * minor_units(fx.base))


def converted_back(column: Column, fx: FxRate) -> Column:
    """`money.convert_back` on a column."""
    return ratio(column, 10**9 * minor_units(fx.base), fx.rate_e9 * minor_units(fx.quote))


def charmed(price: Column, currency: str, ending: str) -> Column:
    """`market.charm` on a column."""
    if ending == "none":
        return price
    finer = 10 ** max(0, exponent(currency) - 2)
    step = finer * 10 ** len(ending)
    above = (price - finer * int(ending)) % step
    nearest = price - above + np.where(2 * above < step, 0, step)
    nearest += np.where(nearest > 0, 0, step)
    return np.where(price > 0, nearest, price)


Rate = int | Column


def inside(gross: Column, rate_bp: Rate) -> Column:
    """Tax contained in an amount; a rate of 0 contains none."""
    if isinstance(rate_bp, int) and rate_bp == 0:
        return np.zeros_like(gross)
    taxed: Any = tax_inside(gross, rate_bp)
    return np.asarray(taxed, dtype=np.int64)


def on_top(net: Column, rate_bp: Rate) -> Column:
    """Tax to be added to an amount."""
    if isinstance(rate_bp, int) and rate_bp == 0:
        return np.zeros_like(net)
    taxed: Any = tax_on_top(net, rate_bp)
    return np.asarray(taxed, dtype=np.int64)
