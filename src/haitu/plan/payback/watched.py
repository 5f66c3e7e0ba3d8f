"""Who is watched, for how long, and in which season: what the counted events are to be held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from haitu.plan.payback import seasons
from haitu.plan.payback.counts import Counts

Array = NDArray[np.float64]
Market = tuple[str, tuple[int, ...]]  # a market, and its cells by their place in the counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The channels in order, each with its markets, each with its cells."""

    channels: tuple[str, ...]
    markets: tuple[tuple[Market, ...], ...]

    @property
    def cells(self) -> list[list[int]]:
        """The cells of each channel."""
        return [[i for _, at in of_channel for i in at] for of_channel in self.markets]

    @property
    def groups(self) -> list[tuple[int, ...]]:
        """The cells of each channel × market, in order."""
        return [at for of_channel in self.markets for _, at in of_channel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Cells × weeks: leads by weeks since the touch, buyers by weeks since the first order, in weeks of season.

    Where links get lost the later weeks count for less: who cannot be recognised is not watched.
    """

    leads: Array
    buyers: Array


def layout(counts: Counts) -> Layout:
    """The counts' cells by channel and market."""
    channels = tuple(sorted({cell[0] for cell in counts.cells}))
    return Layout(channels=channels, markets=tuple(_markets(counts, channel) for channel in channels))


def _markets(counts: Counts, channel: str) -> tuple[Market, ...]:
    names = sorted({cell[1] for cell in counts.cells if cell[0] == channel})
    return tuple(
        (name, tuple(i for i, cell in enumerate(counts.cells) if cell[:2] == (channel, name))) for name in names
    )


def watched(counts: Counts, season: Array) -> Watched:
    """As if every lead were recognised for ever."""
    seen = seasons.watched(season, counts.days, counts.first_by_lag.shape[1])
    return Watched(leads=counts.leads @ seen, buyers=counts.buyers @ seen)


def summed(values: Array, of: Sequence[Sequence[int]]) -> Array:
    """Rows of cells summed to rows of groups."""
    return np.stack([values[list(at)].sum(axis=0) for at in of])
