"""What a month's spend brings: concave pieces, however the response was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

ELASTICITY = 0.7  # of contribution to spend at today's spend where nobody measured it: an assumption
PIECES = 24
SKIPPED = 1e-6  # a point further below the hull than this share of the top is one the hull skips


@dataclass(frozen=True, slots=True)
class Curve:
    """Contribution by the far horizon from a month's spend: `returned` at each of `knots`, both from 0; concave."""

    knots: Array
    returned: Array
    lowest_effective: float = 0.0  # below this spend the real response lies under the curve (it was S-shaped)

    @property
    def slopes(self) -> Array:
        """What each dollar of each piece brings; never rising."""
        rise: Array = (self.returned[1:] - self.returned[:-1]) / (self.knots[1:] - self.knots[:-1])
        return rise

    def at(self, spend: ArrayLike) -> Array:
        """What so much brings; beyond the last knot nothing more."""
        return np.asarray(np.interp(np.asarray(spend, float), self.knots, self.returned))

    def dearer(self, times: float) -> Curve:
        """The same response when each exposure costs `times` as much: the spend axis is stretched."""
        if times == 1:
            return self
        return Curve(self.knots * times, self.returned, self.lowest_effective * times)


def hull(spend: ArrayLike, returned: ArrayLike) -> Curve:
    """The least concave curve on or above the points and (0, 0).

    Where it passes over points near 0, the response is S-shaped: money below `lowest_effective` brings less than the
    curve says, and a plan there is flagged. Points are taken in the order of their spend; of two at one spend the
    better counts. Andrew, Another efficient algorithm for convex hulls in two dimensions, IPL 9 (1979).
    """
    x, y = np.append(0.0, np.asarray(spend, float)), np.append(0.0, np.asarray(returned, float))
    order = np.lexsort((-y, x))
    x, y = x[order], y[order]
    first = np.append(True, np.diff(x) > 0)
    first_y = y[first]
    x, y = x[first], np.append(0.0, first_y[1:])  # nothing spent brings nothing
    kept: list[int] = []
    for i in range(len(x)):
        while len(kept) >= 2 and _turns_up(x, y, kept[-2], kept[-1], i):
            kept.pop()
        kept.append(i)
    skipped = len(kept) > 1 and kept[1] > 1
    if skipped:
        chord = y[kept[1]] * x[1 : kept[1]] / x[kept[1]]
        skipped = bool((chord - y[1 : kept[1]]).max() > SKIPPED * max(np.abs(y).max(), 1e-9))
    return Curve(x[kept], y[kept], float(x[kept[1]]) if skipped else 0.0)


def _turns_up(x: Array, y: Array, a: int, b: int, c: int) -> bool:
    return bool((y[b] - y[a]) * (x[c] - x[b]) <= (y[c] - y[b]) * (x[b] - x[a]))


def saturating(
    now: float, brings: float, *, elasticity: float = ELASTICITY, most: float, pieces: int = PIECES
) -> Curve:
    """R(s) = brings · (1+k) u / (1 + k u), u = s/now, k = 1/elasticity − 1, up to `most`, in pieces.

    It goes through what is known (`now` a month brings `brings`) with the given elasticity there. The knots are uniform
    in (1 + ku)^(-1/2), which makes the chord's error the same on every piece (density ∝ |R''|^(1/2)).
    """
    k = 1 / elasticity - 1
    top = most / now
    w = np.linspace(0, 1, pieces + 1)
    u = top * w if k == 0 else ((1 - w * (1 - (1 + k * top) ** -0.5)) ** -2 - 1) / k
    if top > 1 and pieces > 1:
        u[1 + np.abs(u[1:-1] - 1).argmin()] = (
            1.0  # today's spend is a knot, so that what is known of it is kept exactly
        )
    return Curve(now * u, brings * (1 + k) * u / (1 + k * u))


def in_pieces(curve: Curve, *, cuts: Sequence[float], most: float) -> Curve:
    """The curve from 0 to `most` with a knot at each of `cuts`, so that bounds fall on knots.

    A cut beyond the end of the response is money that brings nothing more.
    """
    last = float(curve.knots[-1])
    top = max([min(most, last), *cuts])
    inside = [cut for cut in (*cuts, top) if cut > 0]
    if top == last and all(cut == last for cut in inside):
        return curve
    knots = np.unique(np.concatenate([[0.0], curve.knots[curve.knots < top], inside]))
    kept = np.append(True, np.diff(knots) > 1e-9 * max(top, 1.0))
    return Curve(knots[kept], curve.at(knots[kept]), curve.lowest_effective)
