"""What is shut today: one answer for quotes, inbound, the desk's lists and the map.

A lane carries nothing while it is closed by hand or by date, while a warehouse at one of its ends is closed, or while
a sea passage on its way is, unless its rule is to go round: then it takes longer, by the sea network's distance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from django.db.models import Q

from haitu.core.closure import PASSAGES, Closure, closed_on
from haitu.core.errors import Refusal
from haitu.core.place import Place
from haitu.models import Closure as ClosureRow
from haitu.models import Lane as LaneRow
from haitu.models import PassageRule
from haitu.models import Place as PlaceRow

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneState:
    """Whether a lane carries on the day; if not why (`reason`), if round a closed passage how much longer."""

    open: bool
    reason: str = ""
    closures: tuple[Closure, ...] = ()
    added_nm: int = 0
    added_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """A merchant's closures that have not ended before a day, by what they are of; `places` of lanes that go round."""

    on: date
    lanes: Mapping[int, tuple[Closure, ...]] = field(default_factory=dict)
    warehouses: Mapping[int, tuple[Closure, ...]] = field(default_factory=dict)
    passages: Mapping[str, tuple[Closure, ...]] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)

    def warehouse(self, warehouse_id: int) -> Closure | None:
        """The closure a warehouse is under on the day."""
        return closed_on(self.warehouses.get(warehouse_id, ()), self.on)

    @property
    def shut_passages(self) -> frozenset[str]:
        """The passages closed on the day."""
        return frozenset(name for name, closures in self.passages.items() if closed_on(closures, self.on))

    @property
    def passage_reasons(self) -> Mapping[str, str]:
        """Why each of them is closed."""
        running = {name: closed_on(closures, self.on) for name, closures in self.passages.items()}
        return {name: closure.reason for name, closure in running.items() if closure}

    def lane(self, row: LaneRow) -> LaneState:
        """How the lane stands on the day."""
        closures = list(self.lanes.get(row.pk, ()))
        closures += self.warehouses.get(row.origin_id, ())
        closures += self.warehouses.get(row.to_id, ()) if row.to_id else ()
        state = LaneState(open=True)
        if row.if_passage_closes == PassageRule.CLOSE:
            closures += (shut for name in row.passages for shut in self.passages.get(name, ()))
        elif self.shut_passages & set(row.passages):
            state = self._round(row)
        if not row.open:
            state = LaneState(open=False, reason=row.closed_reason)
        elif (closure := closed_on(closures, self.on)) is not None:
            state = LaneState(open=False, reason=closure.reason)
        return replace(state, closures=tuple(closures))

    def _round(self, row: LaneRow) -> LaneState:
        """The way round the closed passages, or closed where nobody can say how long it is."""
        from haitu.plan.sea import detour  # noqa: PLC0415  # scipy and the network: only where a ship must go round

        try:
            origin, target = (self._place(code) for code in (row.from_place, row.to_place))
            way = detour(origin, target, passages=frozenset(row.passages), closed=self.shut_passages)
        except Refusal as no:
            shut = ", ".join(PASSAGES[name] for name in sorted(self.shut_passages & set(row.passages)))
            return LaneState(open=False, reason=f"{shut} closed; {no.told}")
        return LaneState(open=True, added_nm=way.added_nm, added_days=way.added_days)

    def _place(self, code: str) -> Place:
        return self.places.get(code) or Place(code=code, name=code or "the lane's end", country="")


def shut_on(merchant_id: int, on: date) -> Shut:
    """The closures in force on the day or later; one query, and one more for places where a passage is closed."""
    rows = ClosureRow.objects.of(merchant_id).filter(Q(valid_to=None) | Q(valid_to__gte=on)).order_by("pk")
    found = list(rows.select_related("warehouse"))
    shut = Shut(
        on=on,
        lanes=_grouped((row.lane_id, row, "") for row in found),
        warehouses=_grouped(
            (row.warehouse_id, row, f"{row.warehouse.code}: " if row.warehouse else "") for row in found
        ),
        passages=_grouped((row.passage, row, f"{PASSAGES.get(row.passage, row.passage)}: ") for row in found),
    )
    return replace(shut, places=_places_round(merchant_id, shut.shut_passages)) if shut.shut_passages else shut


def lane_states(merchant_id: int, on: date, lanes: Iterable[LaneRow]) -> dict[int, LaneState]:
    """How each of the rows stands on the day, by id."""
    shut = shut_on(merchant_id, on)
    return {row.pk: shut.lane(row) for row in lanes}


def closed_lanes(merchant_id: int, on: date) -> dict[int, str]:
    """The reason of every lane that carries nothing on the day, by id."""
    states = lane_states(merchant_id, on, LaneRow.objects.of(merchant_id))
    return {lane_id: state.reason for lane_id, state in states.items() if not state.open}


def place_of(row: PlaceRow) -> Place:
    """A row as core.place measures from it."""
    return Place(code=row.code, name=row.name, country=row.country, kind=row.kind, lat_e6=row.lat_e6, lon_e6=row.lon_e6)


def _grouped(given: Iterable[tuple[K | None, ClosureRow, str]]) -> dict[K, tuple[Closure, ...]]:
    """Closures by what they are of, each told with what stands before its reason; nothing and "" are no key."""
    groups: dict[K, tuple[Closure, ...]] = {}
    for key, row, before in given:
        if key is not None and key != "":
            closure = Closure(valid_from=row.valid_from, valid_to=row.valid_to, reason=before + row.reason)
            groups[key] = (*groups.get(key, ()), closure)
    return groups


def _places_round(merchant_id: int, passages: frozenset[str]) -> dict[str, Place]:
    """The ends of the lanes that may go round one of these passages."""
    rows = LaneRow.objects.of(merchant_id).filter(if_passage_closes=PassageRule.DETOUR)
    codes = {code for row in rows if passages & set(row.passages) for code in (row.from_place, row.to_place)}
    return {row.code: place_of(row) for row in PlaceRow.objects.filter(code__in=codes)}
