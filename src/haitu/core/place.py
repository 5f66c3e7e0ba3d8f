"""Points of the world network and how far apart they lie as the crow flies."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

from haitu.core.errors import Refusal

EARTH_KM = 6371.0088  # mean radius, IUGG 1980
KM_PER_NM = 1.852


class NoCoordinates(Refusal):
    """Nobody has said where the place lies, so nothing can be measured from there."""

    code = "no_coordinates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A port, airport, rail terminal or city; `code` is its UN/LOCODE, for an airport the IATA code.

    Coordinates are millionths of a degree, None where they are not known.
    """

    code: str
    name: str
    country: str
    kind: str = "city"
    lat_e6: int | None = None
    lon_e6: int | None = None

    @property
    def degrees(self) -> tuple[float, float]:
        """Latitude and longitude, or a refusal."""
        if self.lat_e6 is None or self.lon_e6 is None:
            raise NoCoordinates(
                f"{self.name} ({self.code}) has no coordinates; enter its latitude and longitude.",
                field="coordinates",
                place=self.code,
            )
        return self.lat_e6 / 1e6, self.lon_e6 / 1e6


def great_circle_km(a: Place, b: Place) -> int:
    """The shortest way over a round earth, in whole kilometres (haversine; within 0.6 % of the ellipsoid)."""
    lat_a, lon_a = map(radians, a.degrees)
    lat_b, lon_b = map(radians, b.degrees)
    half = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return round(2 * EARTH_KM * asin(min(1.0, sqrt(half))))
