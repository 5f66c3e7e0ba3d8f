"""How a rule splits what buyers brought over the touches of their journeys, before anybody asks whether it is true.

A journey is a person's touches up to the first order, in order of time; its value is what the person brought. Every
rule gives away each journey's value exactly once, so a rule's credits sum to the value of all journeys that end in an
order. Sources: Markov removal – Anderl, Becker, von Wangenheim, Schumann, Mapping the customer journey, Int. J. of
Research in Marketing 33 (2016), eq. 4; Shapley – Shapley, A value for n-person games (1953).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

RULES = ("first", "last", "linear", "position", "markov", "shapley")
MOST_PLAYERS = 12  # 4,096 coalitions; beyond, the even split, which is the same value (see `shapley`)
ENDS = 0.4  # of a journey to its first and to its last touch each, by position


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """Touches sorted by person and time, of people in one market; `value` and `bought` over people."""

    person: Ints
    cell: Ints
    value: Array
    bought: NDArray[np.bool_]
    cells: int
    channel_of: Ints  # cell → channel

    @property
    def begins(self) -> NDArray[np.bool_]:
        """Where a person's first touch is."""
        return np.append(True, self.person[1:] != self.person[:-1])[: len(self.person)]

    @property
    def ends(self) -> NDArray[np.bool_]:
        """Where a person's last touch is."""
        return (
            np.append(self.person[1:] != self.person[:-1], True)[-len(self.person) :]
            if len(self.person)
            else self.begins
        )

    @property
    def length(self) -> Array:
        """How many touches each touch's journey has."""
        return np.asarray(np.bincount(self.person, minlength=len(self.value))[self.person], dtype=float)


def shared_out(journeys: Journeys, rule: str) -> Array:
    """What a rule gives each cell; sums to the value of all journeys that end in an order."""
    if rule == "markov":
        return markov(journeys)
    if rule == "shapley":
        return shapley(journeys)
    return _given(journeys, _weights(journeys, rule))


def _given(journeys: Journeys, weight: Array) -> Array:
    worth = np.where(journeys.bought, journeys.value, 0.0)[journeys.person] * weight
    return np.bincount(journeys.cell, weights=worth, minlength=journeys.cells).astype(float)


def _weights(journeys: Journeys, rule: str) -> Array:
    """Each touch's part of its journey; the parts of a journey sum to 1."""
    n = journeys.length
    if rule == "first":
        return journeys.begins.astype(float)
    if rule == "last":
        return journeys.ends.astype(float)
    if rule == "linear":
        return 1 / n
    middle = (1 - 2 * ENDS) / np.maximum(n - 2, 1)
    parts = np.where(journeys.begins | journeys.ends, ENDS, middle)
    return np.where(n == 1, 1.0, np.where(n == 2, 0.5, parts))


def markov(journeys: Journeys) -> Array:
    """By removal: how many fewer orders the chain of touches would reach if walks into a cell were lost.

    With N = (I − Q)⁻¹ of the absorbing chain, a walk from the start passes cell i with probability N_si / N_ii;
    removing i loses that times i's own chance to end in an order. One sparse factorisation serves all cells. The
    effects are then normalised to the value to be given away.
    """
    total = float(journeys.value[journeys.bought].sum())
    if not len(journeys.cell) or not journeys.bought.any():
        return np.zeros(journeys.cells)
    k = journeys.cells
    ends, begins = journeys.ends, journeys.begins
    source, target = journeys.cell[~ends], journeys.cell[~begins]
    leaves = np.bincount(journeys.cell, minlength=k).astype(float)
    reached = np.maximum(leaves, 1)
    q = sparse.coo_matrix((1 / reached[source], (source, target)), shape=(k, k)).tocsc()
    buys = np.bincount(journeys.cell[ends & journeys.bought[journeys.person]], minlength=k) / reached
    enters = np.bincount(journeys.cell[begins], minlength=k) / begins.sum()
    factor = splu((sparse.identity(k, format="csc") - q).tocsc())
    chance = factor.solve(buys)
    visits = factor.solve(enters, trans="T")
    own = np.diag(factor.solve(np.eye(k)))
    effect = np.maximum(visits / own * chance, 0)
    return total * effect / effect.sum() if effect.sum() > 0 else np.zeros(k)


def shapley(journeys: Journeys) -> Array:
    """Exact Shapley values of channels in the game v(S) = value of journeys that touch no channel outside S.

    A channel's value is split over its campaigns as by the linear rule. For this game the value is an even split of
    each journey over its distinct channels (a sum of unanimity games), which serves beyond MOST_PLAYERS.
    """
    players, player = np.unique(journeys.channel_of[journeys.cell], return_inverse=True)
    linear = _given(journeys, _weights(journeys, "linear"))
    if not len(players):
        return linear
    k = len(players)
    by_player = _even(journeys, player, k) if k > MOST_PLAYERS else _exact(_coalitions(journeys, player, k), k)
    result = np.zeros(journeys.cells)
    for p, channel in enumerate(players):
        cells = journeys.channel_of == channel
        whole = float(linear[cells].sum())
        touched = np.bincount(journeys.cell, minlength=journeys.cells)[cells].astype(float)
        share = linear[cells] / whole if whole != 0 else touched / max(touched.sum(), 1.0)
        result[cells] = by_player[p] * share
    return result


def _coalitions(journeys: Journeys, player: Ints, k: int) -> Array:
    """The value of journeys by the set of channels they touch, as bits."""
    seen = np.zeros((len(journeys.value), k), bool)
    seen[journeys.person, player] = True
    sets = seen @ (1 << np.arange(k))
    worth = np.where(journeys.bought & seen.any(axis=1), journeys.value, 0.0)
    return np.bincount(sets, weights=worth, minlength=1 << k).astype(float)


def _exact(by_set: Array, k: int) -> Array:
    """Shapley values from the value of each exact set: subset sums, then the weighted marginal contributions."""
    worth = by_set.copy()
    sets = np.arange(1 << k)
    for bit in range(k):
        inside = sets & (1 << bit) > 0
        worth[inside] += worth[sets[inside] ^ (1 << bit)]
    size = np.array([int(each).bit_count() for each in sets])
    weight = np.array([factorial(s) * factorial(k - s - 1) / factorial(k) if s < k else 0.0 for s in range(k + 1)])
    values = np.zeros(k)
    for bit in range(k):
        outside = sets[sets & (1 << bit) == 0]
        values[bit] = (weight[size[outside]] * (worth[outside | (1 << bit)] - worth[outside])).sum()
    return values


def _even(journeys: Journeys, player: Ints, k: int) -> Array:
    pairs = np.unique(np.stack([journeys.person, player]), axis=1)
    count = np.bincount(pairs[0], minlength=len(journeys.value))
    worth = np.where(journeys.bought, journeys.value, 0.0) / np.maximum(count, 1)
    return np.bincount(pairs[1], weights=worth[pairs[0]], minlength=k).astype(float)
