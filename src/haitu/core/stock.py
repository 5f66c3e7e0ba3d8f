"""What can be sold of what lies there, and which warehouse serves which unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Generic, Protocol, TypeVar

from haitu.core.errors import Refusal
from haitu.core.money import half_up

# Above this many warehouses for one basket every order of filling them would be tried: 4! = 24 is still quick.
MOST_PARCELS = 4

Units = Mapping[int, int]  # variant id → quantity


class OutOfStock(Refusal):
    """More is wanted than can be sold."""

    code = "out_of_stock"


class NotServed(Refusal):
    """There is enough, but no warehouse can send it; `reasons` has every refusal met on the way."""

    code = "not_served"

    def __init__(self, reasons: Sequence[Refusal]) -> None:
        self.reasons = reasons
        told = " ".join(reason.told for reason in reasons) or f"It would take more than {MOST_PARCELS} parcels."
        super().__init__(told, reasons=tuple(reason.told for reason in reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class StockAt:
    """A variant in a warehouse: units, and their value in the merchant's base currency."""

    stock_id: int
    variant_id: int
    warehouse_id: int
    on_hand: int
    reserved: int = 0
    buffer: int = 0
    goods_value_minor: int = 0
    inbound_value_minor: int = 0
    assumed: bool = False

    @property
    def available(self) -> int:
        """What may still be promised."""
        return available(self.on_hand, self.reserved, self.buffer)


class Leg(Protocol):
    """What sending some units from one warehouse would mean: what it costs, and by when it arrives."""

    @property
    def cost_minor(self) -> int:
        """Landed cost of the units, one currency for all legs."""

    @property
    def days_p90(self) -> int:
        """Days until nine of ten have arrived."""


L = TypeVar("L", bound=Leg)
Serve = Callable[[int, Units], L]  # (warehouse id, units) → leg, or a Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel(Generic[L]):
    """The units one warehouse sends, and how."""

    warehouse_id: int
    units: Units
    leg: L


def available(on_hand: int, reserved: int, buffer: int) -> int:
    """Units that may be promised: what lies there, less what is promised, less the safety buffer; never below 0."""
    return max(on_hand - reserved - buffer, 0)


def unit_value(value_minor: int, quantity: int, on_hand: int) -> int:
    """The share of a stock's value that leaves with so many of its units, half-up; the last unit takes the rest."""
    return half_up(value_minor * quantity, on_hand) if on_hand > 0 else 0


def assign(
    demand: Units, stock: Iterable[StockAt], serve: Serve[L], *, name: Callable[[int], str] = str
) -> tuple[Parcel[L], ...]:
    """Which warehouse sends what: as few parcels as possible, then the least landed cost, then the earliest p90.

    One parcel: every warehouse that holds all is compared. Several: for every group of that many warehouses which
    together hold enough, each order of emptying them into the basket is compared (a good split, not a proven best).
    `serve` may refuse a parcel (too heavy, no open lane): then another is looked for. `name` tells a variant's SKU.
    """
    shelves = _shelves(demand, stock)
    _check_enough(demand, shelves, name)
    refused: list[Refusal] = []
    for parcels in range(1, min(len(shelves), MOST_PARCELS) + 1):
        if parcels == 2:  # nothing goes in one parcel: what a warehouse cannot send at all is no stock of ours
            shelves = _sendable(shelves, serve, refused)
            _check_sendable(demand, shelves, refused, name)
        best = _best(_plans(demand, shelves, parcels), serve, refused)
        if best:
            return best
    raise _not_served(refused)


def _best(
    plans: Iterable[list[tuple[int, Units]]], serve: Serve[L], refused: list[Refusal]
) -> tuple[Parcel[L], ...] | None:
    """The cheapest plan of those that can be served; among equals the earliest, then the first."""
    best: tuple[Parcel[L], ...] | None = None
    best_rank = (0, 0)
    for plan in plans:
        try:
            served = tuple(Parcel(warehouse_id=at, units=units, leg=serve(at, units)) for at, units in plan)
        except Refusal as refusal:
            refused.append(refusal)
            continue
        rank = (sum(parcel.leg.cost_minor for parcel in served), max(parcel.leg.days_p90 for parcel in served))
        if best is None or rank < best_rank:
            best, best_rank = served, rank
    return best


def _not_served(refused: Iterable[Refusal]) -> NotServed:
    return NotServed(tuple({refusal.told: refusal for refusal in refused}.values()))  # each once, in order


def _shelves(demand: Units, stock: Iterable[StockAt]) -> dict[int, dict[int, int]]:
    """Per warehouse, by id, what of the demand it may promise."""
    shelves: dict[int, dict[int, int]] = {}
    for at in stock:
        if at.variant_id in demand and at.available:
            shelves.setdefault(at.warehouse_id, {})[at.variant_id] = at.available
    return dict(sorted(shelves.items()))


def _sendable(shelves: Mapping[int, Units], serve: Serve[L], refused: list[Refusal]) -> dict[int, dict[int, int]]:
    """The shelves without what a warehouse cannot send even one unit of."""
    sendable: dict[int, dict[int, int]] = {}
    for at, shelf in shelves.items():
        for variant, units in shelf.items():
            try:
                serve(at, {variant: 1})
            except Refusal as refusal:
                refused.append(refusal)
            else:
                sendable.setdefault(at, {})[variant] = units
    return sendable


def _check_sendable(
    demand: Units, shelves: Mapping[int, Units], refused: list[Refusal], name: Callable[[int], str]
) -> None:
    """Refuse a variant that no warehouse can send for the reasons met, else one of which too few can be sent."""
    if any(all(variant not in shelf for shelf in shelves.values()) for variant in demand):
        raise _not_served(refused)
    _check_enough(demand, shelves, name)


def _check_enough(demand: Units, shelves: Mapping[int, Units], name: Callable[[int], str]) -> None:
    """Refuse what all warehouses together cannot promise."""
    for variant_id, wanted in demand.items():
        there = sum(shelf.get(variant_id, 0) for shelf in shelves.values())
        if there < wanted:
            raise OutOfStock(
                f"{wanted} of {name(variant_id)} wanted, {there} available.",
                field="quantity",
                variant_id=variant_id,
                wanted=wanted,
                available=there,
            )


def _plans(demand: Units, shelves: Mapping[int, Units], parcels: int) -> Iterator[list[tuple[int, Units]]]:
    """Every way, of those we try, to fill the demand from exactly so many warehouses."""
    for group in combinations(shelves, parcels):
        if all(sum(shelves[at].get(variant, 0) for at in group) >= wanted for variant, wanted in demand.items()):
            for order in permutations(group):
                plan = _fill(demand, shelves, order)
                if len(plan) == parcels:
                    yield plan


def _fill(demand: Units, shelves: Mapping[int, Units], order: Sequence[int]) -> list[tuple[int, Units]]:
    """Take from the first warehouse all it has of the demand, the rest from the next, and so on."""
    left = dict(demand)
    plan: list[tuple[int, Units]] = []
    for at in order:
        taken = {variant: min(wanted, shelves[at].get(variant, 0)) for variant, wanted in left.items()}
        taken = {variant: units for variant, units in taken.items() if units}
        for variant, units in taken.items():
            left[variant] -= units
        if taken:
            plan.append((at, taken))
    return plan
