"""The quickest `best` that is installed: numba's where the extra `fast` is there, else numpy's. Both say the same."""

from __future__ import annotations

from importlib.util import find_spec

from haitu.plan.quotes.best import best
from haitu.plan.quotes.price_list import Rank


def ranker() -> Rank:
    """What a price list is ranked by."""
    if find_spec("numba") is None:
        return best
    from haitu.plan.quotes.compiled import best_paths  # noqa: PLC0415  # an optional extra

    return best_paths
