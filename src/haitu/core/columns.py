"""Every parcel there could be: which units a warehouse may send together, and what that costs at least.

A parcel's units are one whole number, a few bits for each line with a guard bit above them, so that "is all of it
still wanted" and "what is left then" are one subtraction. Where there are many, only those are made that can be part
of a plan below a limit: a price for a unit of each line is looked for at which no parcel is worth more than it costs
(a dual solution, raised line by line; Erlenkotter, Operations Research 26, 1978, doi:10.1287/opre.26.6.992). What a
parcel costs above the worth of its units is its surplus, and the surpluses of a plan must fit under the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

E6 = 1_000_000  # floors are in millionths of a minor unit, so that a gram's share is not rounded away
NEVER = 1 << 62
ROUNDS = 3  # in which prices are raised; all but the last go two fifths of the way, so that lines share what is there

Columns = dict[int, list[tuple[int, int]]]  # units → (what they cost at least above their worth, in e6; warehouse)
Counts = Mapping[int, Sequence[Sequence[int]]]  # warehouse → per line how many of it a parcel may hold, if any


class Floor(NamedTuple):
    """What no parcel from a warehouse costs less than, by one of its lanes.

    `opening_e6` and `each_e6` are a straight line: so much for the parcel and for each unit, along the demand's
    variants by id; None where that lane does not take the variant. `freight` answers closer, in minor units, for a
    weight (g) and a volume (mm³); with it `fixed_e6` is what a unit costs beside freight, `sizes` what it weighs and
    takes, and `rounding_e6` what rounding may take off a parcel.
    """

    warehouse_id: int
    opening_e6: int
    each_e6: Sequence[int | None]
    freight: Callable[[int, int], int] | None = None
    fixed_e6: Sequence[int] = ()
    sizes: Sequence[tuple[int, int]] = ()
    rounding_e6: int = 0
    shut: Callable[[tuple[int, ...]], bool] | None = None


class Packing:
    """Units along the lines as one number; the lines in `order` from the highest bits down."""

    __slots__ = ("fields", "full", "guards", "line_at", "units")

    def __init__(self, wanted: Sequence[int], order: Sequence[int]) -> None:
        fields = [(0, 0)] * len(wanted)
        shift = self.guards = 0
        self.line_at: list[int] = []  # the line a bit belongs to
        for line in reversed(order):
            bits = wanted[line].bit_length()
            fields[line] = (shift, (1 << bits) - 1)
            self.line_at += [line] * (bits + 1)
            self.guards |= 1 << (shift + bits)
            shift += bits + 1
        self.fields = fields
        self.units = [1 << shift for shift, _ in fields]
        self.full = sum(n * unit for n, unit in zip(wanted, self.units, strict=True))

    def given(self, packed: int) -> tuple[int, ...]:
        """The units of each line."""
        return tuple([packed >> shift & mask for shift, mask in self.fields])

    def first_line(self, packed: int) -> int:
        """The first line there is something of, in the packing's order."""
        return self.line_at[packed.bit_length() - 1]

    def worth(self, packed: int, prices: Sequence[int]) -> int:
        """What the units are worth at so much for one of each line."""
        return sum([(packed >> shift & mask) * price for (shift, mask), price in zip(self.fields, prices, strict=True)])


def ways(counts: Counts, floors: Iterable[Floor]) -> int:
    """How many parcels there are, by every lane."""
    found = 0
    for floor in floors:
        its = 1
        for numbers in counts[floor.warehouse_id]:
            its *= len(numbers) + 1
        found += its
    return found


class Room(NamedTuple):
    """Which parcels are made: those whose surplus over the prices of their units is not above what is spare."""

    prices_e6: Sequence[int]
    spare_e6: int
    extra_e6: int  # each parcel counts so much more
    most: int  # parcels


def columns(
    packing: Packing, counts: Counts, floors: Iterable[Floor], room: Room, exact: Callable[[int, int], int | None]
) -> Columns | None:
    """Every parcel there is room for, by the cheapest lane of its warehouse; None: more than `most`.

    `exact` tells the cost (e6) of a parcel where there is no closer floor; None: it is refused.
    """
    by_warehouse: dict[int, dict[int, int]] = {}
    left = room.most
    for floor in floors:
        made = _by_lane(packing, counts[floor.warehouse_id], floor, room._replace(most=left))
        if made is None:
            return None
        left -= len(made)
        found = by_warehouse.setdefault(floor.warehouse_id, {})
        for units, surplus in _priced(packing, floor, made, room, exact):
            if surplus <= room.spare_e6 and surplus < found.get(units, NEVER):
                found[units] = surplus
    by_units: Columns = {}
    for at, found in by_warehouse.items():
        for units, surplus in found.items():
            if units in by_units:
                by_units[units].append((surplus, at))
            else:
                by_units[units] = [(surplus, at)]
    return by_units


_Made = list[tuple[int, int, int, int, int]]  # units, weight, volume, surplus beside freight, surplus by the line


def _priced(
    packing: Packing, floor: Floor, made: _Made, room: Room, exact: Callable[[int, int], int | None]
) -> Iterator[tuple[int, int]]:
    """(units, surplus) of the parcels, their freight by the closest floor there is."""
    freight, shut = floor.freight, floor.shut
    if freight is None:
        for units, _, _, _, _ in made:
            if (cost := exact(floor.warehouse_id, units)) is not None:
                yield units, cost + room.extra_e6 - packing.worth(units, room.prices_e6)
        return
    base = room.extra_e6 - floor.rounding_e6
    for units, weight_g, volume_mm3, beside, _ in made:
        if shut is None or not shut(packing.given(units)):
            yield units, beside + base + freight(weight_g, volume_mm3) * E6


def _by_lane(packing: Packing, counts: Sequence[Sequence[int]], floor: Floor, room: Room) -> _Made | None:
    """One lane's parcels that there is room for by its straight line; None: more than `most`."""
    lines = []
    lowest = floor.opening_e6 + room.extra_e6  # the surplus of the best parcel of all
    for line, (numbers, each, price) in enumerate(zip(counts, floor.each_e6, room.prices_e6, strict=True)):
        if numbers and each is not None:
            slope = each - price
            best = slope * numbers[-1] if slope < 0 else 0
            lowest += best
            weight_g, volume_mm3 = floor.sizes[line] if floor.sizes else (0, 0)
            beside = floor.fixed_e6[line] - price if floor.fixed_e6 else 0
            lines.append((slope, best, numbers, packing.units[line], weight_g, volume_mm3, beside))
    if lowest > room.spare_e6:
        return []
    lines.sort(key=_slope)  # what lowers the surplus first, so that later ones are cut
    above = room.spare_e6 - lowest
    made = [(0, 0, 0, 0, 0)]  # surplus by the line above the lowest
    for slope, best, numbers, unit, weight, volume, beside in lines:
        more = [
            (p + n * unit, g + n * weight, v + n * volume, c + n * beside, s + n * slope - best)
            for n in numbers
            for p, g, v, c, s in made
            if s + n * slope - best <= above
        ]
        made = [(p, g, v, c, s - best) for p, g, v, c, s in made if s - best <= above] if best else made
        made += more
        if len(made) > room.most:
            return None
    return [parcel for parcel in made if parcel[0]]


def _slope(line: tuple[int, int, Sequence[int], int, int, int, int]) -> int:
    return line[0]


def prices_under(
    wanted: Sequence[int], counts: Counts, floors: Sequence[Floor], extra_e6: int
) -> tuple[list[int], int]:
    """Prices (e6) of a unit of each line at which no parcel's floor is below its worth by more than what comes second.

    That is above zero only where rounding takes an opening below zero.
    """
    openings = [floor.opening_e6 + extra_e6 for floor in floors]
    slack = [max(opening, 0) for opening in openings]
    most = [[numbers[-1] if numbers else 0 for numbers in counts[floor.warehouse_id]] for floor in floors]
    held = [
        [
            (place, its[line], each)
            for place, (its, floor) in enumerate(zip(most, floors, strict=True))
            if its[line] and (each := floor.each_e6[line]) is not None
        ]
        for line in range(len(wanted))
    ]
    prices = [min((each for _, _, each in lanes), default=0) for lanes in held]
    for nth in range(ROUNDS):
        for line, lanes in enumerate(held):
            price = prices[line]
            highest = min((max(each, price) + slack[at] // n for at, n, each in lanes), default=price)
            raised = highest if nth == ROUNDS - 1 else price + (highest - price) * 2 // 5
            for at, n, each in lanes:
                if raised > each:
                    slack[at] -= n * (raised - max(each, price))
            prices[line] = raised
    return prices, max(0, -min(openings, default=0))


def raised(lines: int, surplus: dict[int, int], packing: Packing, rounds: int) -> list[int]:
    """How much more a unit of each line may be worth, no parcel being worth more than it costs; takes it off them."""
    held = [[(units, n) for units in surplus if (n := units >> shift & mask)] for shift, mask in packing.fields]
    prices = [0] * lines
    least = -min(surplus.values(), default=0)
    if least > 0:  # a parcel seems to cost less than it is worth: by rounding
        for line, parcels in enumerate(held):
            prices[line] = -least
            for units, n in parcels:
                surplus[units] += least * n
    order = sorted(range(lines), key=lambda line: len(held[line]))
    for nth in range(rounds):
        for line in order:
            rise = min([surplus[units] // n for units, n in held[line]], default=0)
            if nth < rounds - 1:
                rise = rise * 2 // 5
            if rise:
                prices[line] += rise
                for units, n in held[line]:
                    surplus[units] -= rise * n
    return prices
