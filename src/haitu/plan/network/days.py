"""Days of a lane nobody has measured yet: distance ÷ speed, the days at both ends, and how late real ones were."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence

from haitu.core.lead import POINTS, LeadTime
from haitu.core.place import KM_PER_NM
from haitu.plan.network.places import DATA
from haitu.plan.sea import SPEED_KN

KM_A_DAY = {"sea": SPEED_KN * 24 * KM_PER_NM, "air": 10_000, "rail": 800, "road": 550}
OF_LATENESS = 0.4  # of the delays SCMS saw: those were health goods into hard places; assumed
PARCEL_DAYS = {"home": (2, 1), "cross": (4, 2), "direct": (8, 3), "post": (16, 6)}  # median, spread: assumed
UNSCORED = 30  # a country without a score counts as middling
LATENESS_OF = {"sea": "sea", "rail": "sea", "air": "air", "road": "road"}


class Days:
    """Lead times by mode, distance and the destination's score for timeliness (10 = worst, 50 = best)."""

    def __init__(self) -> None:
        with (DATA / "lead_times" / "lateness.csv").open(newline="") as file:
            self.late: Mapping[str, Sequence[int]] = {
                row["mode"]: [max(0, int(row[f"q{10 * k}"])) for k in range(POINTS)] for row in csv.DictReader(file)
            }
        with (DATA / "lpi" / "lpi_2023.csv").open(newline="") as file:
            self.timeliness = {row["country"]: int(row["timeliness_score_x10"]) for row in csv.DictReader(file)}

    def linehaul(self, mode: str, distance_km: int, dwell_days: int, country: str) -> LeadTime:
        """Early and late by a twentieth a tenth, and the mode's tail, the longer the less punctual the country is."""
        median = distance_km / KM_A_DAY[mode] + dwell_days
        late = self.late[LATENESS_OF[mode]]
        tail = OF_LATENESS * self._unpunctual(country)
        return _rising([median * (1 + (k - 5) / 50) + tail * late[k] * min(1, median / 30) for k in range(POINTS)])

    def parcel(self, kind: str, country: str) -> LeadTime:
        """The last mile, or a parcel all the way."""
        median, spread = PARCEL_DAYS[kind]
        slow = self._unpunctual(country)
        early = [median - spread * (5 - k) / 5 * 0.6 for k in range(5)]
        late = [median + spread * slow * (k - 5) / 4 for k in range(5, 10)]
        return _rising([*early, *late, median + spread * slow * 2.5])

    def _unpunctual(self, country: str) -> float:
        """1.0 at a score of 4.0; the best about 0.7, the worst three."""
        return max(0.5, (50 - self.timeliness.get(country, UNSCORED)) / 10)


def _rising(days: Sequence[float]) -> LeadTime:
    whole = [max(1, round(day)) for day in days]
    return LeadTime(days=tuple(max(whole[: k + 1]) for k in range(POINTS)))
