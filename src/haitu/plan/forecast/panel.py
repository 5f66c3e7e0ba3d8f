"""Weekly sales of many series as one matrix, and what was seen of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Series in rows, weeks in columns; the last column is the last week known.

    `seen` is false before a series' first week, and where there was nothing to sell. `price` is NaN where not told.
    `market` is an index into `markets` (ISO countries, where they are to have holidays).
    """

    units: Floats
    seen: Bools
    price: Floats | None
    market: Ints
    markets: tuple[str, ...]
    monday: int  # the first column's Monday, days since 1970

    @property
    def weeks(self) -> int:
        return int(self.units.shape[1])


def seen_weeks(units: Floats, first: Ints, in_stock: Bools | None = None) -> Bools:
    """Weeks that tell of demand: since the first one, in stock. What sold well without stock tells of it too.

    A series that was never in stock is taken as it sold: else nothing at all would be known of it.
    """
    alive: Bools = np.arange(units.shape[1])[None, :] >= first[:, None]
    if in_stock is None:
        return alive
    open_weeks = alive & in_stock
    count = open_weeks.sum(axis=1)
    level = (units * open_weeks).sum(axis=1) / np.maximum(count, 1)
    seen: Bools = alive & (in_stock | (units > level[:, None]))
    return np.where((count == 0)[:, None], alive, seen)
