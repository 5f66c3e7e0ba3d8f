"""What price did to units: one elasticity for all, so that a promotion is not taken for a new level of demand."""

from __future__ import annotations

import numpy as np

from haitu.plan.forecast.panel import Bools, Floats

PRIOR, PRIOR_WEIGHT = -1.0, 5.0  # elasticity, and how many log-price-squares of weeks it counts for
LEAST, MOST = -4.0, 0.0
FURTHEST = np.log(3.0)  # no price makes more than three times the units, or less than a third
NOISE = 0.03  # a smaller change of price is rounding


def effects(units: Floats, seen: Bools, price: Floats) -> tuple[Floats, Floats, float]:
    """Series x weeks: by what price multiplied units; per series the same at the last price; the elasticity.

    Prices are held until the next one is told. Effects are beside the median price of the series' seen weeks.
    """
    held = _held(price)
    told = np.where(seen & np.isfinite(held), held, np.nan)
    usual = np.full(len(told), np.nan)
    some = np.isfinite(told).any(axis=1)
    usual[some] = np.nanmedian(told[some], axis=1)
    off = np.log(held / usual[:, None])
    off = np.where(np.isfinite(off) & (np.abs(off) > NOISE), off, 0.0)
    elasticity = _elasticity(units, seen, off)
    effect = np.exp(np.clip(elasticity * _lasting(off), -FURTHEST, FURTHEST))
    return effect, np.exp(np.clip(elasticity * _now(off), -FURTHEST, FURTHEST)), elasticity


def _lasting(off: Floats) -> Floats:
    """Deviations that lasted: the middle of three weeks. One week alone stays what it was: chance, and told as such.

    A single week's low price is as often a large order's discount as a promotion; the two look the same here.
    """
    lasting = off.copy()
    if off.shape[1] >= 3:
        lasting[:, 1:-1] = np.median(np.stack([off[:, :-2], off[:, 1:-1], off[:, 2:]]), axis=0)
        lasting[:, 0], lasting[:, -1] = 0.0, _now(off)
    return lasting


def _now(off: Floats) -> Floats:
    """What the coming weeks' price is taken to be: the usual one once it is back, else the middle of the last three."""
    return np.where(off[:, -1] == 0, 0.0, np.median(off[:, -3:], axis=1))


def _held(price: Floats) -> Floats:
    """Each week's price, or the last one before it."""
    last = np.where(np.isfinite(price), np.arange(price.shape[1])[None, :], -1)
    last = np.maximum.accumulate(last, axis=1)
    held = np.take_along_axis(price, np.maximum(last, 0), axis=1)
    return np.where(last >= 0, held, np.nan)


def _elasticity(units: Floats, seen: Bools, off: Floats) -> float:
    """Within series, of weeks with sales: log units on log price, drawn to the prior; big orders are cut."""
    sold = seen & (units > 0)
    enough = (sold.sum(axis=1) >= 8) & ((sold & (off != 0)).sum(axis=1) >= 2)
    if not enough.any():
        return PRIOR
    sold, off = sold[enough], off[enough]
    count = sold.sum(axis=1, keepdims=True)
    logs = np.where(sold, np.log(np.maximum(units[enough], 1e-9)), 0.0)
    logs = np.clip(logs - logs.sum(axis=1, keepdims=True) / count, -2.0, 2.0) * sold
    x = (off - (off * sold).sum(axis=1, keepdims=True) / count) * sold
    found = (float((x * logs).sum()) + PRIOR * PRIOR_WEIGHT) / (float(np.square(x).sum()) + PRIOR_WEIGHT)
    return float(np.clip(found, LEAST, MOST))
