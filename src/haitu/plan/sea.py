"""Sea distances over the shipped marine network, with passages that can be shut.

9,681 points, 15,932 edges; ports are joined to their nearest point. A closure drops the edges of a passage and routes
again. Which way a liner really goes is a rule of the merchant's (a lane's corridor), not of geometry: with Suez shut,
Panama would be the shortest way from Shanghai to Rotterdam, and no liner takes it. So passages of `ONLY_IF_NAMED` are
used by those alone who name them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import ceil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from haitu.core.closure import PASSAGES, check_passage
from haitu.core.errors import Refusal
from haitu.core.place import EARTH_KM, KM_PER_NM, Place

SHIPPED = Path(__file__).resolve().parent.parent / "data" / "sea_network"
THEIR_NAMES = {"babalmandab": "bab_el_mandeb", "ormuz": "hormuz", "south_africa": "cape", "chili": "magellan"}
ONLY_IF_NAMED = frozenset({"panama", "northwest", "bering"})
EARTH_NM = EARTH_KM / KM_PER_NM
FARTHEST_NM = 120  # from a port to the network; farther inland no ship goes
SPEED_KN = 14  # what liners sail since 2010 ("slow steaming"); a judgement, only used for added days

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


class NotAtSea(Refusal):
    """The place lies too far from any sea lane to be a port."""

    code = "not_at_sea"


class NoSeaWay(Refusal):
    """With those passages shut no ship gets there."""

    code = "no_sea_way"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeaRoute:
    """The shortest way by ship: nautical miles, the passages on it in order, and its points (lat, lon in degrees)."""

    nm: int
    passages: tuple[str, ...]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detour:
    """The way round a closure: nautical miles before and after, and the days it adds at the given speed."""

    nm_before: int
    nm_after: int
    added_days: int
    passages: tuple[str, ...]

    @property
    def added_nm(self) -> int:
        """How much longer it is."""
        return self.nm_after - self.nm_before


class SeaNetwork:
    """Points (lat, lon in degrees) and two-way edges between them: from, to, nautical miles, passage ("": open sea)."""

    def __init__(self, points: Floats, begin: Ints, end: Ints, passage: npt.NDArray[np.str_]) -> None:
        self.points, self.begin, self.end, self.passage = points, begin, end, passage
        self.xyz = _on_sphere(points)
        self.nm = _arc_nm(self.xyz[begin], self.xyz[end])
        self.tree = KDTree(self.xyz)

    def nearest(self, places: Sequence[Place]) -> tuple[Ints, Floats]:
        """Each place's point of the network and how far off it lies, in nautical miles."""
        given = _on_sphere(np.array([place.degrees for place in places], dtype=np.float64).reshape(-1, 2))
        chord, at = self.tree.query(given)
        off_nm = 2 * np.arcsin(np.minimum(1.0, chord / 2)) * EARTH_NM
        for place, far in zip(places, off_nm, strict=True):
            if far > FARTHEST_NM:
                raise NotAtSea(
                    f"{place.name} ({place.code}) lies {far:,.0f} nm from the nearest sea lane; ports lie within "
                    f"{FARTHEST_NM} nm.",
                    field="place",
                    place=place.code,
                )
        return at, off_nm

    def off_nm(self, place: Place) -> float:
        """How far the place lies from the network."""
        chord, _ = self.tree.query(_on_sphere(np.array([place.degrees])))
        return float(2 * np.arcsin(min(1.0, chord[0] / 2)) * EARTH_NM)

    def graph(self, closed: Collection[str]) -> csr_array:
        """The network without the closed passages, as a sparse matrix of nautical miles."""
        keep = ~np.isin(self.passage, sorted(closed))
        begin, end, nm = self.begin[keep], self.end[keep], self.nm[keep]
        return csr_array((np.r_[nm, nm], (np.r_[begin, end], np.r_[end, begin])), shape=(len(self.points),) * 2)

    def route(self, origin: Place, target: Place, *, closed: Collection[str] = ()) -> SeaRoute:
        """The shortest way with those passages closed."""
        (begin, end), off_nm = self.nearest([origin, target])
        nm, before = dijkstra(self.graph(_shut(closed)), indices=begin, return_predecessors=True)
        if not np.isfinite(nm[end]):
            raise _no_way(origin, target, closed)
        at = [int(end)]
        while at[-1] != begin:
            at.append(int(before[at[-1]]))
        at.reverse()
        points = tuple((float(lat), float(lon)) for lat, lon in self.points[at])
        return SeaRoute(
            nm=round(float(nm[end] + off_nm.sum())),
            passages=self._passages(at),
            points=(origin.degrees, *points, target.degrees),
        )

    def _passages(self, at: Sequence[int]) -> tuple[str, ...]:
        """The named edges that a row of points runs over, each once, in order."""
        named = np.flatnonzero(self.passage != "")
        by_ends = {frozenset((int(self.begin[e]), int(self.end[e]))): str(self.passage[e]) for e in named}
        met = (by_ends.get(frozenset(pair), "") for pair in pairwise(at))
        return tuple(dict.fromkeys(name for name in met if name))

    def distances_nm(self, places: Sequence[Place], *, closed: Collection[str] = ()) -> Floats:
        """Nautical miles from each place to each, infinite where no ship gets; the order is that of the places."""
        at, off_nm = self.nearest(places)
        asked, back = np.unique(at, return_inverse=True)
        sea = dijkstra(self.graph(_shut(closed)), indices=asked)[np.ix_(back, at)]
        whole: Floats = sea + off_nm[:, None] + off_nm[None, :]
        np.fill_diagonal(whole, 0.0)
        return whole


@lru_cache(maxsize=1)
def sea_network(folder: Path = SHIPPED) -> SeaNetwork:
    """The shipped network. Longitudes are wrapped, else the Pacific stays cut at the date line."""
    table = pl.read_parquet(folder / "marnet_edges.parquet")
    number: dict[tuple[float, float], int] = {}
    edges: dict[tuple[int, int], str] = {}  # each pair of points once
    for theirs, line in zip(table["passage"].to_list(), table["lonlat"].to_list(), strict=True):
        at = [
            number.setdefault((round(lat, 5), round((lon + 180) % 360 - 180, 5)), len(number))
            for lon, lat in zip(line[::2], line[1::2], strict=True)
        ]
        for a, b in pairwise(at):
            if a != b:
                edges[min(a, b), max(a, b)] = THEIR_NAMES.get(theirs, theirs) if theirs else ""
    ends = np.array(list(edges), dtype=np.intp)
    return SeaNetwork(np.array(list(number)), ends[:, 0], ends[:, 1], np.array(list(edges.values())))


def corridor(passages: Iterable[str], closed: Collection[str]) -> frozenset[str]:
    """What is shut to a lane: the closed passages, and those nobody uses unless the lane names them."""
    named = frozenset(passages)
    for name in named | frozenset(closed):
        check_passage(name)
    return frozenset(closed) | (ONLY_IF_NAMED - named)


@lru_cache(maxsize=1024)
def detour(
    origin: Place, target: Place, *, passages: frozenset[str], closed: frozenset[str], speed_kn: int = SPEED_KN
) -> Detour:
    """How much longer a lane's way becomes when these passages are closed; days are rounded up.

    `passages` is the lane's corridor. Refuses NoCoordinates, NotAtSea, NoSeaWay and an unknown passage.
    """
    usual = sea_network().route(origin, target, closed=corridor(passages, ()))
    around = sea_network().route(origin, target, closed=corridor(passages, closed))
    return Detour(
        nm_before=usual.nm,
        nm_after=around.nm,
        added_days=ceil((around.nm - usual.nm) / (24 * speed_kn)),
        passages=around.passages,
    )


def _shut(closed: Collection[str]) -> frozenset[str]:
    """The Northwest Passage is always shut: ice."""
    for name in closed:
        check_passage(name)
    return frozenset(closed) | {"northwest"}


def _no_way(origin: Place, target: Place, closed: Collection[str]) -> NoSeaWay:
    shut = ", ".join(PASSAGES[name] for name in sorted(closed)) or "nothing"
    return NoSeaWay(
        f"No ship gets from {origin.name} to {target.name} with {shut} closed.",
        field="passage",
        origin=origin.code,
        target=target.code,
        closed=tuple(sorted(closed)),
    )


def _on_sphere(degrees: Floats) -> Floats:
    """Latitude and longitude as points of the unit sphere."""
    lat, lon = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    return np.column_stack((np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))


def _arc_nm(a: Floats, b: Floats) -> Floats:
    """Great-circle distances between points of the unit sphere."""
    chord = np.linalg.norm(a - b, axis=1)
    arc: Floats = 2 * np.arcsin(np.minimum(1.0, chord / 2)) * EARTH_NM
    return arc
