"""Which warehouse sends which units of a basket: the least landed cost (the search itself is in parting.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from haitu.core.columns import Floor
from haitu.core.cover import Reckoned
from haitu.core.errors import Refusal
from haitu.core.parting import MOST_STEPS, Other, Reckon, Search
from haitu.core.stock import OutOfStock, StockAt, Units


class NotServed(Refusal):
    """There is enough, but no warehouse can send it; `reasons` has every refusal met on the way."""

    code = "not_served"

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        self.reasons = reasons
        told = " ".join(reason.told for reason in reasons) or "No warehouse can send it."
        super().__init__(told, reasons=tuple(reason.told for reason in reasons))


class Leg(Protocol):
    """What sending some units from one warehouse would mean: what it costs, and by when it arrives."""

    @property
    def cost_minor(self) -> int:
        """Landed cost of the units, one currency for all legs, zero or more."""

    @property
    def days_p90(self) -> int:
        """Days until nine of ten have arrived."""


L = TypeVar("L", bound=Leg)
Serve = Callable[[int, Units], L]  # (warehouse id, units) → leg, or a Refusal
Legs = Callable[[Sequence[tuple[int, Units]]], Sequence[L]]  # the legs of the parcels of one plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel(Generic[L]):
    """The units one warehouse sends, and how."""

    warehouse_id: int
    units: Units
    leg: L


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Generic[L]):
    """The plan taken and, for the explanation, the best one-parcel plan beside it.

    `cost_minor`: all parcels and `extra_parcel_minor` for each beyond the first. `proven`: nothing costs less.
    """

    parcels: tuple[Parcel[L], ...]
    cost_minor: int
    days_p90: int
    next_best: Other | None
    proven: bool


def assign(
    demand: Units, stock: Iterable[StockAt], serve: Serve[L], *, name: Callable[[int], str] = str
) -> tuple[Parcel[L], ...]:
    """The parcels of `choose`."""
    return choose(demand, stock, serve, name=name).parcels


def choose(
    demand: Units,
    stock: Iterable[StockAt],
    serve: Serve[L],
    *,
    name: Callable[[int], str] = str,
    reckon: Reckon | None = None,
    floors: Sequence[Floor] | None = None,
    legs: Legs[L] | None = None,
    extra_parcel_minor: int = 0,
    most_steps: int = MOST_STEPS,
    whole_lines: bool = False,
) -> Choice[L]:
    """Which warehouse sends what, at the least landed cost; of equals the earliest, with fewest parcels.

    `serve` may refuse a parcel (too heavy, no open lane): then another is looked for. `reckon` answers as `serve`
    does, in short; `floors` hold below both (none: every way is reckoned). `legs` makes the legs of the plan taken
    (none: `serve` does). A parcel beyond the first counts
    `extra_parcel_minor`, so a basket is split where that is needed, or saves more. `whole_lines`:
    no line is parted. `name` tells a variant's SKU.
    """
    shelves = _shelves(demand, stock)
    if whole_lines:
        shelves = _with_whole_lines(demand, shelves)
    _check_enough(demand, shelves, name)
    if len(shelves) == 1:
        return _only(next(iter(shelves)), demand, serve)
    search = Search(
        demand,
        shelves,
        reckon or _reckoned(serve),
        floors,
        extra_parcel_minor,
        most_steps=most_steps,
        whole_lines=whole_lines,
    )
    best = search.best()
    if best is None:
        raise _refusal(demand, shelves, serve, name)
    sent = [(at, search.units(given)) for at, given in best.sent]
    taken = legs(sent) if legs is not None else [serve(at, units) for at, units in sent]
    parcels = tuple(Parcel(warehouse_id=at, units=units, leg=leg) for (at, units), leg in zip(sent, taken, strict=True))
    return Choice(
        parcels=parcels,
        cost_minor=best.cost_minor,
        days_p90=best.days_p90,
        next_best=search.other(best),
        proven=search.proven,
    )


def _only(at: int, demand: Units, serve: Serve[L]) -> Choice[L]:
    """All of it from the one warehouse that has any."""
    try:
        leg = serve(at, demand)
    except Refusal as refusal:
        raise NotServed((refusal,)) from None
    parcel = Parcel(warehouse_id=at, units=demand, leg=leg)
    return Choice(parcels=(parcel,), cost_minor=leg.cost_minor, days_p90=leg.days_p90, next_best=None, proven=True)


def _reckoned(serve: Serve[L]) -> Reckon:
    def reckon(warehouse_id: int, units: Units) -> Reckoned | None:
        try:
            leg = serve(warehouse_id, units)
        except Refusal:
            return None
        return Reckoned(leg.cost_minor, leg.days_p90)

    return reckon


# What is there ----------------------------------------------------------------------------------------------------
def _shelves(demand: Units, stock: Iterable[StockAt]) -> dict[int, dict[int, int]]:
    """Per warehouse, by id, what of the demand it may promise, no more than is wanted."""
    shelves: dict[int, dict[int, int]] = {}
    for at in stock:
        wanted = demand.get(at.variant_id)
        if wanted:
            free = at.on_hand - at.reserved - at.buffer
            if free > 0:
                shelves.setdefault(at.warehouse_id, {})[at.variant_id] = free
    return dict(sorted(shelves.items()))


def _with_whole_lines(demand: Units, shelves: Mapping[int, Units]) -> dict[int, dict[int, int]]:
    """The shelves without what is too little for its line."""
    kept = {
        at: {variant: units for variant, units in shelf.items() if units >= demand[variant]}
        for at, shelf in shelves.items()
    }
    return {at: shelf for at, shelf in kept.items() if shelf}


def _check_enough(demand: Units, shelves: Mapping[int, Units], name: Callable[[int], str]) -> None:
    """Refuse what all warehouses together cannot promise."""
    for variant_id, wanted in demand.items():
        there = 0
        for shelf in shelves.values():
            there += shelf.get(variant_id, 0)
            if there >= wanted:
                break
        else:
            raise OutOfStock(
                f"{wanted} of {name(variant_id)} wanted, {there} available.",
                field="quantity",
                variant_id=variant_id,
                wanted=wanted,
                available=there,
            )


def _refusal(demand: Units, shelves: Mapping[int, Units], serve: Serve[L], name: Callable[[int], str]) -> Refusal:
    """Why nothing can be sent: what a warehouse cannot send at all is no stock of ours; else every reason met."""
    refused: dict[str, Refusal] = {}
    sendable: dict[int, dict[int, int]] = {}
    for at, shelf in shelves.items():
        for variant, units in shelf.items():
            try:
                serve(at, {variant: 1})
            except Refusal as refusal:
                refused.setdefault(refusal.told, refusal)
            else:
                sendable.setdefault(at, {})[variant] = units
    if all(any(variant in shelf for shelf in sendable.values()) for variant in demand):
        try:
            _check_enough(demand, sendable, name)
        except OutOfStock as short:
            return short
    return NotServed(tuple(refused.values()))
