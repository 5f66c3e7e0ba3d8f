"""Lines for a map: by sea along the network, by air along the great circle, by land straight.

Points are (latitude, longitude) in degrees. Longitudes run on over the date line (179, 181, ...), so that no line jumps
across the map; whoever draws beyond ±180 draws the line once more, 360 degrees beside.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import atan2, cos, degrees, hypot, radians, sin, sqrt

from haitu.core.place import EARTH_KM, Place, great_circle_km
from haitu.plan.sea import corridor, sea_network

Point = tuple[float, float]
COARSE_DEGREES = 0.5  # what a world map does not show
AIR_STEPS = 24


@lru_cache(maxsize=1024)
def sea_line(
    origin: Place, target: Place, *, passages: frozenset[str], closed: frozenset[str]
) -> tuple[int, tuple[Point, ...]]:
    """Kilometres and line of a ship on that corridor with those passages closed; refuses as plan.sea does."""
    route = sea_network().route(origin, target, closed=corridor(passages, closed))
    return round(route.nm * 1.852), simplified(run_on(route.points), COARSE_DEGREES)


def air_line(origin: Place, target: Place) -> tuple[Point, ...]:
    """Points of the great circle, evenly apart."""
    angle = great_circle_km(origin, target) / EARTH_KM
    if not angle:
        return (origin.degrees, target.degrees)
    (lat_a, lon_a), (lat_b, lon_b) = (tuple(map(radians, place.degrees)) for place in (origin, target))
    points = []
    for step in range(AIR_STEPS + 1):
        a = sin((1 - step / AIR_STEPS) * angle) / sin(angle)
        b = sin(step / AIR_STEPS * angle) / sin(angle)
        x = a * cos(lat_a) * cos(lon_a) + b * cos(lat_b) * cos(lon_b)
        y = a * cos(lat_a) * sin(lon_a) + b * cos(lat_b) * sin(lon_b)
        z = a * sin(lat_a) + b * sin(lat_b)
        points.append((degrees(atan2(z, sqrt(x * x + y * y))), degrees(atan2(y, x))))
    return run_on((origin.degrees, *points[1:-1], target.degrees))


def land_line(origin: Place, target: Place) -> tuple[Point, ...]:
    """Straight on the map."""
    return run_on((origin.degrees, target.degrees))


def run_on(points: Sequence[Point]) -> tuple[Point, ...]:
    """The same points with longitudes that never jump by more than half the earth."""
    line = [points[0]]
    for lat, lon in points[1:]:
        turns = round((line[-1][1] - lon) / 360)
        line.append((lat, lon + 360 * turns))
    return tuple(line)


def simplified(points: Sequence[Point], tolerance: float) -> tuple[Point, ...]:
    """Fewer points, none dropped that lies farther than the tolerance from the line left (Douglas-Peucker 1973)."""
    keep = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        inner = range(first + 1, last)
        farthest = max(inner, key=lambda at: _off(points[at], points[first], points[last]), default=None)
        if farthest is not None and _off(points[farthest], points[first], points[last]) > tolerance:
            keep.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return tuple(points[at] for at in sorted(keep))


def _off(point: Point, begin: Point, end: Point) -> float:
    """How far a point lies from a straight piece, on the map."""
    along = (end[0] - begin[0], end[1] - begin[1])
    length_squared = along[0] ** 2 + along[1] ** 2
    if not length_squared:
        return hypot(point[0] - begin[0], point[1] - begin[1])
    share = ((point[0] - begin[0]) * along[0] + (point[1] - begin[1]) * along[1]) / length_squared
    share = min(1.0, max(0.0, share))
    return hypot(point[0] - begin[0] - share * along[0], point[1] - begin[1] - share * along[1])
