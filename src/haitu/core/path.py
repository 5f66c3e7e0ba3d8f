"""Lanes in a row: from where goods lie, over hubs, to another warehouse or to the buyer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from itertools import pairwise

from haitu.core.errors import Refusal
from haitu.core.freight import Lane
from haitu.core.lead import LeadTime

MOST_LANES = 4  # origin → hub → hub → overseas → buyer


class PathBroken(Refusal):
    """The path has no lane, or one lane does not begin where the one before it ends."""

    code = "path_broken"


class PathLoops(Refusal):
    """The path comes to a warehouse twice."""

    code = "path_loops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Lanes joined end to end, no warehouse twice; the last lane leads to a warehouse or to a country's consumers."""

    lanes: tuple[Lane, ...]

    def __post_init__(self) -> None:
        if not self.lanes:
            raise PathBroken("A path has at least one lane.", field="lanes")
        for lane, following in pairwise(self.lanes):
            if lane.to_warehouse_id != following.origin_warehouse_id:
                raise PathBroken(
                    f"{following.code} does not begin where {lane.code} ends.",
                    field="lanes",
                    lane=lane.code,
                    following=following.code,
                )
        passed = [lane.origin_warehouse_id for lane in self.lanes]
        if self.to_warehouse_id is not None:
            passed.append(self.to_warehouse_id)
        if len(set(passed)) < len(passed):
            codes = " → ".join(lane.code for lane in self.lanes)
            raise PathLoops(f"{codes} comes to a warehouse twice.", field="lanes", lanes=codes)

    @property
    def origin_warehouse_id(self) -> int:
        """Where it begins."""
        return self.lanes[0].origin_warehouse_id

    @property
    def to_warehouse_id(self) -> int | None:
        """The warehouse it ends at; None: it ends at a consumer."""
        return self.lanes[-1].to_warehouse_id

    @property
    def destination(self) -> str:
        """The country it ends in."""
        return self.lanes[-1].destination

    @property
    def codes(self) -> tuple[str, ...]:
        """The lanes' codes, in order."""
        return tuple(lane.code for lane in self.lanes)

    def lead(self, handling_days: Mapping[int, int]) -> LeadTime:
        """Days from the first warehouse's work to arrival; `handling_days` by warehouse id, 0 where not named."""
        legs = (lane.lead.shift(handling_days.get(lane.origin_warehouse_id, 0)) for lane in self.lanes)
        return reduce(LeadTime.then, legs)


def paths_from(
    lanes: Iterable[Lane],
    origin_warehouse_id: int,
    *,
    on: date,
    to_warehouse_id: int | None = None,
    country: str = "",
    most_lanes: int = MOST_LANES,
    closed_warehouses: frozenset[int] = frozenset(),
) -> Iterator[Path]:
    """Every path over lanes open on that day, to a warehouse or to a country's consumers, fewest lanes first."""
    leaving: dict[int, list[Lane]] = defaultdict(list)
    for lane in lanes:
        if lane.closed_on(on) is None and not {lane.origin_warehouse_id, lane.to_warehouse_id} & closed_warehouses:
            leaving[lane.origin_warehouse_id].append(lane)
    begun: list[tuple[Lane, ...]] = [(lane,) for lane in leaving[origin_warehouse_id]]
    while begun:
        going: list[tuple[Lane, ...]] = []
        for taken in begun:
            last = taken[-1]
            if _arrived(last, to_warehouse_id, country):
                yield Path(lanes=taken)
            elif last.to_warehouse_id is not None and len(taken) < most_lanes:
                passed = {lane.origin_warehouse_id for lane in taken} | {last.to_warehouse_id}
                going += [
                    (*taken, lane) for lane in leaving[last.to_warehouse_id] if lane.to_warehouse_id not in passed
                ]
        begun = going


def _arrived(lane: Lane, to_warehouse_id: int | None, country: str) -> bool:
    if to_warehouse_id is not None:
        return lane.to_warehouse_id == to_warehouse_id
    return lane.to_warehouse_id is None and lane.destination == country
