"""The best paths of every SKU in a market: most contribution, then the earlier p90, then the lanes' order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from haitu.plan.quotes.exact import Column
from haitu.plan.quotes.offer import MOST_ROADS, RANK_BITS, REFUSED, Chunk, Offer, fronts, meter_of

KEPT = 3
NO_ROAD = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """Per SKU and rank: place of the road in the offer (NO_ROAD: none is left) and what the unit contributes."""

    shelf_minor: Column
    road: tuple[Column, ...]
    contribution_minor: tuple[Column, ...]


def best(chunk: Chunk, offered: Offer, kept: int = KEPT) -> Best:
    """The best roads of one unit of each SKU, so many of them."""
    before = fronts(chunk, offered)
    keys = [np.full(len(chunk.skus), -(3 * REFUSED << RANK_BITS), dtype=np.int64) for _ in range(kept)]
    lefts = [before.contribution(place) << RANK_BITS for place in range(len(offered.crossings))]
    for road, keyed in zip(offered.roads, offered.keyed, strict=True):
        key = lefts[offered.crossings.index(road.at)] - (chunk.reach(road, offered.rules) << RANK_BITS)
        key -= keyed.take(chunk.steps(meter_of(road)), mode="clip")
        for place, held in enumerate(keys):
            keys[place] = np.maximum(held, key)
            if place + 1 < kept:
                np.minimum(held, key, out=key)
    return unpacked(before.sold.shelf_minor, keys)


def unpacked(shelf_minor: Column, keys: Sequence[Column]) -> Best:
    """Roads and contributions out of the keys."""
    quoted = [key > -(REFUSED >> 1 << RANK_BITS) for key in keys]
    ranks = [MOST_ROADS - 1 - (key & (MOST_ROADS - 1)) for key in keys]
    return Best(
        shelf_minor=shelf_minor,
        road=tuple(np.where(there, rank, NO_ROAD) for there, rank in zip(quoted, ranks, strict=True)),
        contribution_minor=tuple(np.where(there, key >> RANK_BITS, 0) for there, key in zip(quoted, keys, strict=True)),
    )
