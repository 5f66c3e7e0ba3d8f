"""The search for the cheapest way to send a basket from several warehouses.

Every way counts: from one warehouse or from several, a line whole or its units apart. What makes that quick is a
*floor*: less than so much a parcel from there never costs. Three steps, each leaving less to the next:

1. One parcel: the warehouses that hold all, the lowest floor first, until a floor is above what was found.
2. Several: for every set of lines the lowest floor of any lane, and from those the lowest floor of every way to part
   the set into parcels. Parting a line between open lanes never lowers a floor, so this holds for every plan.
3. Parcel by parcel, the cheapest first, every way whose exact cost so far and floor for the rest are not above the
   best plan known (branch and bound; Lawler & Wood, Operations Research 14, 1966, doi:10.1287/opre.14.4.699).

Floors only save time: without any, the answer is the same.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop
from operator import add, le
from typing import NamedTuple

from haitu.core.stock import Units

E6 = 1_000_000  # floors are in millionths of a minor unit, so that a gram's share is not rounded away
MOST_STEPS = 150  # parcels looked at; beyond it the best plan so far is taken, and said not to be proven
MOST_LINES = 7  # of a basket whose every split is looked at; a longer one is split greedily, and said to be unproven
# A line of more units than this is parted by whole shelves only: a warehouse gives all it has, or all that is left.
MOST_APART = 8
NEVER = 1 << 62


class Reckoned(NamedTuple):
    """Cost and days of a parcel, as its leg has them."""

    cost_minor: int
    days_p90: int


Reckon = Callable[[int, Units], Reckoned | None]  # the same in short; None where it would be refused


class Floor(NamedTuple):
    """What no parcel from a warehouse costs less than, by one of its lanes: for the parcel, and for each unit.

    `each_e6` goes along the demand's variants by id; None where that lane does not take the variant.
    """

    warehouse_id: int
    opening_e6: int
    each_e6: Sequence[int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A plan that was not taken: warehouses with what they would send; its cost with extra parcels, and its days."""

    sent: tuple[tuple[int, Units], ...]
    cost_minor: int
    days_p90: int


class _Plan(NamedTuple):
    """A plan in the order plans are ranked: cost, days, parcels, then the warehouses, so that no tie is left open."""

    cost_minor: int
    days_p90: int
    parcels: int
    sent: tuple[tuple[int, tuple[int, ...]], ...]


class Search:
    """One question: units wanted per line, what each warehouse has of them, what a parcel costs, and floors."""

    __slots__ = (
        "_known",
        "cut_short",
        "demand",
        "extra",
        "floors",
        "most_steps",
        "reckon",
        "shelves",
        "single",
        "singles",
        "steps",
        "taken",
        "variants",
        "wanted",
        "whole_lines",
    )

    def __init__(
        self,
        demand: Units,
        shelves: Mapping[int, Units],
        reckon: Reckon,
        floors: Sequence[Floor] | None,
        extra_parcel_minor: int,
        *,
        most_steps: int,
        whole_lines: bool = False,
    ) -> None:
        self.demand = demand
        self.variants = tuple(sorted(demand))
        self.wanted = tuple(demand[variant] for variant in self.variants)
        self.shelves = {
            at: tuple(min(shelf.get(variant, 0), demand[variant]) for variant in self.variants)
            for at, shelf in shelves.items()
        }
        self.reckon = reckon
        self.floors = floors
        self.extra = extra_parcel_minor
        self.single: list[_Plan] = []  # one-parcel plans, the best two
        self.steps, self.most_steps, self.whole_lines = 0, most_steps, whole_lines
        self.cut_short = False
        self.taken: _Plan | None = None
        self._known: dict[tuple[int, tuple[int, ...]], Reckoned | None] = {}

    def units(self, given: Sequence[int]) -> dict[int, int]:
        """Units along the lines, by variant."""
        by_variant = dict(zip(self.variants, given, strict=True))
        return {variant: by_variant[variant] for variant in self.demand if by_variant[variant]}

    def cost(self, at: int, given: tuple[int, ...]) -> Reckoned | None:
        """A parcel's cost and days, worked out once."""
        key = (at, given)
        if key not in self._known:
            self._known[key] = self.reckon(at, self.units(given))
        return self._known[key]

    @property
    def proven(self) -> bool:
        """Whether nothing was left out: the search came to its end, and no large line was looked at in part."""
        cut_short = self.cut_short or self.steps > self.most_steps
        return not cut_short and (not self.steps or max(self.wanted) <= MOST_APART)

    def best(self) -> _Plan | None:
        """The best plan of all; None: no plan can be served."""
        lanes = self._lanes()
        self._one_parcel(lanes)
        self.taken = self.single[0] if self.single else None
        if len(self.shelves) > 1 and sum(self.wanted) > 1:
            self._several(lanes)
        return self.taken

    def other(self, best: _Plan) -> Other | None:
        """The best one-parcel plan other than the one taken."""
        for plan in self.single:
            if plan.sent != best.sent:
                [(at, given)] = plan.sent
                return Other(sent=((at, self.units(given)),), cost_minor=plan.cost_minor, days_p90=plan.days_p90)
        return None

    def _lanes(self) -> list[Floor]:
        """The floors of warehouses that have something of it."""
        if self.floors is None:
            nothing = (0,) * len(self.wanted)
            return [Floor(at, 0, nothing) for at in self.shelves]
        return [floor for floor in self.floors if floor.warehouse_id in self.shelves]

    def _one_parcel(self, lanes: Sequence[Floor]) -> None:
        """The two best of those that hold all, asked in the order of their floors."""
        wanted, shelves = self.wanted, self.shelves
        lowest: dict[int, int] = {}
        for at, opening, each in lanes:
            if shelves[at] == wanted:
                floor = opening
                for units, unit in zip(wanted, each, strict=True):
                    if unit is None:
                        break
                    floor += units * unit
                else:
                    if at not in lowest or floor < lowest[at]:
                        lowest[at] = floor
        found: list[_Plan] = []
        for floor, at in sorted((floor, at) for at, floor in lowest.items()):
            if len(found) > 1 and floor > found[1].cost_minor * E6:
                break
            reckoned = self.cost(at, wanted)
            if reckoned is not None:
                found.append(_Plan(reckoned.cost_minor, reckoned.days_p90, 1, ((at, wanted),)))
                found.sort()
                del found[2:]
        self.single = found

    # Several parcels ---------------------------------------------------------------------------------------------
    def _several(self, lanes: Sequence[Floor]) -> None:
        if len(self.wanted) > MOST_LINES:
            self.cut_short = True
            self._try(_greedy(self.wanted, self.shelves, lanes, self.extra * E6))
        else:
            _Parting(self, lanes).run()

    def limit_e6(self) -> int:
        """What a plan may cost to be taken still."""
        return NEVER if self.taken is None else self.taken.cost_minor * E6

    def _try(self, sent: Mapping[int, Sequence[int]] | None) -> None:
        """Takes the plan if it can be served and ranks before the one taken so far."""
        parcels: _Sent = ()
        for at, given in sorted(sent.items()) if sent else ():
            reckoned = self.cost(at, tuple(given))
            if reckoned is None:
                return
            parcels += ((at, tuple(given), reckoned),)
        if parcels:
            self.take(parcels)

    def take(self, parcels: _Sent) -> None:
        """Takes the plan if it ranks before the one taken so far."""
        plan = _Plan(
            sum(reckoned.cost_minor for _, _, reckoned in parcels) + self.extra * (len(parcels) - 1),
            max(reckoned.days_p90 for _, _, reckoned in parcels),
            len(parcels),
            tuple(sorted((at, given) for at, given, _ in parcels)),
        )
        if self.taken is None or plan < self.taken:
            self.taken = plan


def _greedy(
    wanted: Sequence[int], shelves: Mapping[int, Sequence[int]], lanes: Sequence[Floor], extra_e6: int
) -> dict[int, list[int]] | None:
    """A plan by floors alone: again and again the lane that serves units at the lowest floor for each of them."""
    left = list(wanted)
    sent: dict[int, list[int]] = {}
    while any(left):
        best: tuple[int, int, int, list[int]] | None = None  # floor, units, warehouse, what it takes
        for at, opening, each in lanes:
            if at in sent:
                continue
            takes = [
                min(has, n) if unit is not None else 0 for has, n, unit in zip(shelves[at], left, each, strict=True)
            ]
            units = sum(takes)
            if units:
                floor = opening + extra_e6 + sum(n * unit for n, unit in zip(takes, each, strict=True) if unit)
                if best is None or (floor * best[1], at) < (best[0] * units, best[2]):
                    best = (floor, units, at, takes)
        if best is None:
            return None
        sent[best[2]] = best[3]
        left = [n - taken for n, taken in zip(left, best[3], strict=True)]
    return sent


_Sent = tuple[tuple[int, tuple[int, ...], Reckoned], ...]  # parcels: from where, what, at which cost


class _Parting:
    """Every way to part a basket into parcels. A set of lines is a number whose bits name them."""

    __slots__ = (
        "_apart",
        "_asked",
        "_each",
        "_extra",
        "_full",
        "_least",
        "_lowest",
        "_opening",
        "_parted",
        "_places",
        "_rows",
        "_search",
        "_some",
    )

    def __init__(self, search: Search, lanes: Sequence[Floor]) -> None:
        self._search = search
        self._extra = search.extra * E6
        self._places = [lane.warehouse_id for lane in lanes]
        self._opening = [lane.opening_e6 for lane in lanes]
        shelves = search.shelves
        self._each = [
            [
                unit if unit is not None and shelves[at][line] else NEVER
                for at, unit in ((lane.warehouse_id, lane.each_e6[line]) for lane in lanes)
            ]
            for line in range(len(search.wanted))
        ]
        self._lowest = [min(units, default=NEVER) for units in self._each]
        self._full = (1 << len(search.wanted)) - 1
        self._rows = self._floors_of_sets()
        self._least = [min(row, default=NEVER) + self._extra for row in self._rows]
        self._parted = self._floors_of_partings()
        self._some: dict[int, tuple[int, list[int]]] = {}
        self._asked: dict[tuple[int, ...], _Asked] = {}

    def _floors_of_sets(self) -> list[list[int]]:
        """Per set of lines the floor of one parcel with all of it, by each lane, whether or not all is there."""
        rows = [self._opening]
        for line, (units, each) in enumerate(zip(self._search.wanted, self._each, strict=True)):
            whole = each if units == 1 else [units * unit for unit in each]
            rows += [list(map(add, row, whole)) for row in rows[: 1 << line]]
        return rows

    def _floors_of_partings(self) -> list[int]:
        """Per set of lines the floor of every way to send it, each parcel counted with the extra one."""
        parted = [0]
        for lines in range(1, self._full + 1):
            first = lines & -lines
            others = lines ^ first
            best, rest = NEVER, others
            while True:  # every set that has the first line: what is left of the others goes apart
                floor = self._least[lines ^ rest] + parted[rest]
                best = min(best, floor)
                if not rest:
                    break
                rest = (rest - 1) & others
            parted.append(best)
        return parted

    def run(self) -> None:
        """The best plan is left with the search: first of those that part no line without need, then of all."""
        search = self._search
        if self._parted[self._full] >= NEVER:
            return
        shelves = [search.shelves[at] for at in self._places]
        needs = {
            line
            for line, (wanted, each) in enumerate(zip(search.wanted, self._each, strict=True))
            if not any(shelf[line] == wanted and unit < NEVER for shelf, unit in zip(shelves, each, strict=True))
        }
        # The first parcel's extra is no extra.
        for self._apart in (set(),) if search.whole_lines else (needs, set(range(len(search.wanted)))):
            self._part(search.wanted, -self._extra, ())
            if max(search.wanted) == 1 or len(needs) == len(search.wanted):
                break

    def _part(self, left: tuple[int, ...], spent: int, parcels: _Sent) -> None:
        """Sends what is left, after parcels that cost so much exactly."""
        search = self._search
        lines = sum(1 << line for line, units in enumerate(left) if units)
        if not lines:
            search.take(parcels)
            return
        # What is gone of a line already does not count in the floors of a set.
        gone = [
            (1 << line, (wanted - n) * low) for line, (wanted, n, low) in enumerate(self._along(left)) if n < wanted
        ]
        first = lines & -lines
        others = lines ^ first
        sets, rest = [], others
        while True:
            together = lines ^ rest
            beside = self._floor_of_rest(left, rest)
            own = self._some_of(together)[0] - sum(floor for bit, floor in gone if together & bit)
            sets.append((beside + own, together, beside))
            if not rest:
                break
            rest = (rest - 1) & others
        for floor, together, beside in sorted(sets):
            if spent + floor + self._extra > search.limit_e6():
                break
            self._send(left, together, spent + self._extra, beside, parcels)

    def _send(self, left: tuple[int, ...], together: int, spent: int, beside: int, parcels: _Sent) -> None:
        """One parcel with some of each of the lines, then the rest, which costs no less than `beside`."""
        search = self._search
        used = {at for at, _, _ in parcels}
        for floor, given in self._amounts(left, together, search.limit_e6() - spent - beside):
            search.steps += 1
            if search.steps > search.most_steps:
                return
            remaining = tuple(n - taken for n, taken in zip(left, given, strict=True))
            rest = sum(n * low for n, low in zip(remaining, self._lowest, strict=True))
            if spent + floor + beside > search.limit_e6():
                continue
            # One of the k cheapest warehouses for it will do: at most k - 1 others can be in use later.
            more = 0
            for nth, (at, reckoned) in enumerate(self._cheapest_for(given, used)):
                after = spent + reckoned.cost_minor * E6
                if after + max(beside, rest) > search.limit_e6() or nth > more:
                    break
                more = (search.limit_e6() - after - rest) // max(self._least[0], 1) if any(remaining) else 0
                self._part(remaining, after, (*parcels, (at, given, reckoned)))

    def _cheapest_for(self, given: tuple[int, ...], used: Container[int]) -> Iterator[tuple[int, Reckoned]]:
        """The warehouses that can send just these units, the cheapest (of equals the earliest) first."""
        if given not in self._asked:
            self._asked[given] = _Asked(self._floors_for(given))
        asked, search = self._asked[given], self._search
        place = 0
        while True:
            # The next in line is known when no floor left is below it.
            while asked.floors and (
                len(asked.known) <= place or asked.floors[0][0] <= asked.known[place][0].cost_minor * E6
            ):
                search.steps += 1
                if search.steps > search.most_steps:
                    return
                _, at = heappop(asked.floors)
                reckoned = search.cost(at, given)
                if reckoned is not None:
                    insort(asked.known, (reckoned, at))
            if place >= len(asked.known):
                return
            reckoned, at = asked.known[place]
            place += 1
            if at not in used:
                yield at, reckoned

    def _floors_for(self, given: tuple[int, ...]) -> list[tuple[int, int]]:
        """(floor, warehouse) of a parcel with these units, for all that hold them; a heap."""
        row = self._opening
        for units, each in zip(given, self._each, strict=True):
            if units:
                row = list(map(add, row, each if units == 1 else [units * unit for unit in each]))
        shelves = self._search.shelves
        floors: dict[int, int] = {}
        for at, floor in zip(self._places, row, strict=True):
            if floor < floors.get(at, NEVER) and all(map(le, given, shelves[at])):
                floors[at] = floor
        heap = [(floor, at) for at, floor in floors.items()]
        heapify(heap)
        return heap

    def _along(self, left: Sequence[int]) -> Iterable[tuple[int, int, int]]:
        return zip(self._search.wanted, left, self._lowest, strict=True)

    def _some_of(self, lines: int) -> tuple[int, list[int]]:
        """The floor of a parcel with one unit or more of each line and of what else is left of them elsewhere.

        The lowest, and that of each lane.
        """
        if lines not in self._some:
            row = self._opening
            elsewhere = 0
            for line, (wanted, each, low) in enumerate(zip(self._search.wanted, self._each, self._lowest, strict=True)):
                if lines >> line & 1:
                    row = list(map(add, row, each))
                    elsewhere += (wanted - 1) * low
            self._some[lines] = (min(row) + elsewhere, [floor + elsewhere for floor in row] if elsewhere else row)
        return self._some[lines]

    def _floor_of_rest(self, left: Sequence[int], lines: int) -> int:
        """Less than this the lines never cost in parcels of their own: those begun already count by unit alone."""
        whole, floor = 0, 0
        for line, (units, wanted) in enumerate(zip(left, self._search.wanted, strict=True)):
            if lines >> line & 1:
                if units == wanted:
                    whole |= 1 << line
                else:
                    floor += units * self._lowest[line]
        return floor + self._parted[whole]

    def _amounts(self, left: tuple[int, ...], together: int, spare: int) -> list[tuple[int, tuple[int, ...]]]:
        """(floor, units) of parcels with one unit or more of each of the lines, by the floor that goes with them.

        The floor counts the rest of each line elsewhere; where nothing else goes, that is in another parcel.
        """
        shelves, wanted = self._search.shelves, self._search.wanted
        lines = [line for line in range(len(left)) if together >> line & 1]
        whole = tuple(n if together >> line & 1 else 0 for line, n in enumerate(left))
        alone = not any(n for line, n in enumerate(left) if not together >> line & 1)
        another = self._least[0] if alone else 0
        gone = sum((wanted[line] - left[line]) * self._lowest[line] for line in lines)
        places = [place for place, floor in enumerate(self._some_of(together)[1]) if floor <= spare + gone]
        found: dict[tuple[int, ...], int] = {}
        for place in places:
            shelf = shelves[self._places[place]]
            ways: list[tuple[tuple[int, ...], int]] = [((), self._opening[place])]
            for line, units in enumerate(left):
                if not together >> line & 1:
                    ways = [((*given, 0), floor) for given, floor in ways]
                    continue
                each, low = self._each[line][place], self._lowest[line]
                most = min(shelf[line], units)
                if line not in self._apart:
                    counts: Sequence[int] = (most,) if most == units else ()
                else:
                    counts = range(most, 0, -1) if wanted[line] <= MOST_APART else (most,)
                ways = [
                    ((*given, n), floor + n * each + (units - n) * low) for given, floor in ways for n in counts if n
                ]
            for given, floor in ways:
                its_floor = floor if given == whole else floor + another
                if its_floor <= spare and its_floor < found.get(given, NEVER):
                    found[given] = its_floor
        return sorted((floor, given) for given, floor in found.items())


class _Asked:
    """What is known of sending some units: the warehouses not yet asked, and the answers of the others, in order."""

    __slots__ = ("floors", "known")

    def __init__(self, floors: list[tuple[int, int]]) -> None:
        self.floors = floors
        self.known: list[tuple[Reckoned, int]] = []
