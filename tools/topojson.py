"""TopoJSON → GeoJSON: the shapes of the world's countries, small enough for every page that shows a map.

Longitudes run on over the date line (179, 181, ...), so that no ring jumps across the map. Antarctica is left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

DIGITS = 2  # a hundredth of a degree, about a kilometre
ICE_SOUTH_OF = -60

Point = tuple[float, float]


def land_geojson(topology: dict[str, Any], name: str = "countries") -> str:
    """All polygons of the named object as one MultiPolygon, coordinates rounded, rings that vanish left out."""
    arcs = decoded(topology)
    polygons = [
        rings
        for geometry in topology["objects"][name]["geometries"]
        for given in polygons_of(geometry)
        if (rings := [run_on(ring) for indices in given if len(set(ring := joined(indices, arcs))) > 2])
        if max(lat for _, lat in rings[0]) > ICE_SOUTH_OF
    ]
    shape = {"type": "MultiPolygon", "coordinates": polygons}
    return json.dumps(shape, separators=(",", ":")) + "\n"


def decoded(topology: dict[str, Any]) -> list[list[Point]]:
    """The arcs in degrees: each holds steps of whole numbers, from its first point on."""
    (scale_x, scale_y), (left, bottom) = (topology["transform"][part] for part in ("scale", "translate"))
    return [
        [
            (round(x * scale_x + left, DIGITS), round(y * scale_y + bottom, DIGITS))
            for x, y in accumulate(arc, lambda at, step: [at[0] + step[0], at[1] + step[1]])
        ]
        for arc in topology["arcs"]
    ]


def polygons_of(geometry: dict[str, Any]) -> list[list[list[int]]]:
    """A geometry's polygons, each a list of rings, each a list of arcs; a point or a line has none."""
    match geometry["type"]:
        case "Polygon":
            return [geometry["arcs"]]
        case "MultiPolygon":
            return list(geometry["arcs"])
        case _:
            return []


def joined(indices: Iterable[int], arcs: list[list[Point]]) -> list[Point]:
    """Arcs one after another, the shared points once; ~n is arc n backwards."""
    ring: list[Point] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += (point for point in arc if not ring or point != ring[-1])
    return ring


def run_on(ring: list[Point]) -> list[Point]:
    """The same ring without a jump of more than half the earth."""
    line = ring[:1]
    for lon, lat in ring[1:]:
        line.append((round(lon + 360 * round((line[-1][0] - lon) / 360), DIGITS), lat))
    return line
