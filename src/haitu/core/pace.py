"""Whether the days of a lane can be true for the distance between its ends."""

from __future__ import annotations

from dataclasses import dataclass

from haitu.core.explain import Why
from haitu.core.place import KM_PER_NM


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Kilometres a day that a mode can reach, and must reach once the days at both ends are taken off."""

    fastest_km: int
    slowest_km: int
    ends_days: int


# Sea: 35 knots is beyond any container ship, 5 below any; air: 900 km/h around the clock. Judgement, not law.
PACES = {
    "sea": Pace(fastest_km=round(35 * 24 * KM_PER_NM), slowest_km=round(5 * 24 * KM_PER_NM), ends_days=16),
    "air": Pace(fastest_km=21_600, slowest_km=300, ends_days=10),
    "courier": Pace(fastest_km=21_600, slowest_km=200, ends_days=10),
    "post": Pace(fastest_km=21_600, slowest_km=150, ends_days=25),
    "rail": Pace(fastest_km=1_500, slowest_km=150, ends_days=14),
    "road": Pace(fastest_km=1_200, slowest_km=100, ends_days=10),
}


def doubt(*, mode: str, distance_km: int, days_p50: int) -> Why | None:
    """A warning with its figure where a lane's days do not fit its distance; None where they may be true.

    The median is judged, for the tail is lateness and not speed; a mode without a pace is not judged.
    """
    pace = PACES.get(mode)
    if pace is None:
        return None
    given = {"mode": mode, "distance_km": distance_km, "days_p50": days_p50}
    if distance_km > pace.fastest_km * max(days_p50, 1):
        return Why(
            code="too_fast",
            told=f"{distance_km:,} km in {days_p50} days would be {_speed(mode, distance_km, max(days_p50, 1))}; "
            f"{mode} reaches at most {_speed(mode, pace.fastest_km, 1)}.",
            given=given,
        )
    moving_days = days_p50 - pace.ends_days
    if moving_days > 0 and distance_km < pace.slowest_km * moving_days:
        return Why(
            code="too_slow",
            told=f"{distance_km:,} km in {days_p50} days, {pace.ends_days} of them for both ends, would be "
            f"{_speed(mode, distance_km, moving_days)}; {mode} is hardly below {_speed(mode, pace.slowest_km, 1)}.",
            given=given,
        )
    return None


def _speed(mode: str, distance_km: int, days: int) -> str:
    """As people of the trade say it: knots at sea, else kilometres a day."""
    if mode == "sea":
        return f"{distance_km / KM_PER_NM / 24 / days:.1f} knots"
    return f"{round(distance_km / days):,} km a day"
