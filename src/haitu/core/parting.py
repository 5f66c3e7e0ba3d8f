"""The search for the cheapest way to send a basket from several warehouses.

Every way counts: from one warehouse or from several, a line whole or its units apart. What makes that quick is a
*floor*: less than so much a parcel from there never costs. Three steps, each leaving less to the next:

1. One parcel: the warehouses that hold all, the lowest floor first, until a floor is above what was found.
2. Every parcel that could be part of a plan that is not dearer, with what it costs at least (`columns.py`).
3. The parcels that together are the basket (`cover.py`), their cost asked exactly where it matters.

Floors only save time: without any, the answer is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from haitu.core.columns import E6, NEVER, Counts, Floor, Packing, Room, columns, prices_under, ways
from haitu.core.cover import FAR, Cover, Reckoned, Sent
from haitu.core.stock import Units

MOST_STEPS = 12_000  # parcels made and looked at; beyond it the best plan so far is taken, said not to be proven
MOST_LINES = 7  # of a basket whose every split is looked at; a longer one is split greedily, and said to be unproven
# A line of more units than this is parted by whole shelves only: a warehouse gives all it has, or what others leave.
MOST_APART = 8
MOST_LEFT = 32  # numbers of units that others may leave of such a line
FEW = 300  # so many parcels are priced at once; of more only those that can be part of a plan worth taking
FIRST_PART = 256  # the first limit is that part of what the basket is worth above it

Reckon = Callable[[int, Units], Reckoned | None]  # what a parcel costs; None where it would be refused


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
        "searched",
        "shelves",
        "single",
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
        self.most_steps, self.whole_lines = most_steps, whole_lines
        self.searched = False
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
        return not self.cut_short and (not self.searched or max(self.wanted) <= MOST_APART)

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
        for lane in lanes:
            at, floor, each = lane.warehouse_id, lane.opening_e6, lane.each_e6
            if shelves[at] == wanted:
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
        """The best plan of all is taken, or the search is cut short."""
        self.searched = True
        if len(self.wanted) > MOST_LINES:
            self.cut_short = True
            self._try(_greedy(self.wanted, self.shelves, lanes, self.extra * E6))
        elif not self._covered(lanes, self._counts(), self.most_steps):
            self.cut_short = True
            self._try(_greedy(self.wanted, self.shelves, lanes, self.extra * E6))
            whole = {at: [() if not has else (has,) for has in shelf] for at, shelf in self.shelves.items()}
            self._covered(lanes, whole, self.most_steps)

    def _covered(self, lanes: Sequence[Floor], counts: Counts, most: int) -> bool:
        """Whether all parcels with such numbers of units were looked at."""
        # The line that fewest places hold comes first.
        places = [sum([1 for shelf in self.shelves.values() if shelf[line]]) for line in range(len(self.wanted))]
        packing = Packing(self.wanted, sorted(range(len(self.wanted)), key=places.__getitem__))
        extra_e6 = self.extra * E6
        prices, below, spare = [0] * len(self.wanted), 0, NEVER
        if ways(counts, lanes) > FEW:
            prices, below = prices_under(self.wanted, counts, lanes, extra_e6)
            spare = packing.worth(packing.full, prices) // FIRST_PART or NEVER
        worth = packing.worth(packing.full, prices)

        def exact(at: int, units: int) -> int | None:
            reckoned = self.cost(at, packing.given(units))
            return None if reckoned is None else reckoned.cost_minor * E6

        while True:
            # A plan whose surplus is not above a limit has no parcel whose surplus is: a small limit is tried first.
            known = self.limit_e6()
            beyond = known if known >= NEVER else known + extra_e6 - worth
            limit = min(spare, beyond)
            room = limit + below * sum(self.wanted)
            made = columns(packing, counts, lanes, Room(prices, room, extra_e6, most), exact)
            if made is None:
                return False
            cover = Cover(self, packing, made, extra_e6=extra_e6, prices_e6=prices, steps=most - len(made))
            cover.run(limit + worth)
            most = cover.steps
            if most < 0:
                return False
            known = self.limit_e6()
            if limit >= beyond or (known < NEVER and known + extra_e6 - worth <= limit):
                return True
            spare = 4 * spare if spare < FAR else NEVER

    def _counts(self) -> Counts:
        """Per warehouse and line how many units a parcel may hold."""
        most = [n if n > MOST_APART else 0 for n in self.wanted]
        left = {line: _left(n, [shelf[line] for shelf in self.shelves.values()]) for line, n in enumerate(most) if n}
        return {
            at: [
                ()
                if not has
                else (has,)
                if self.whole_lines
                else range(1, has + 1)
                if line not in left
                else sorted({has, *(n for n in left[line] if n <= has)})
                for line, has in enumerate(shelf)
            ]
            for at, shelf in self.shelves.items()
        }

    def limit_e6(self) -> int:
        """What a plan may cost to be taken still."""
        return NEVER if self.taken is None else self.taken.cost_minor * E6

    def _try(self, sent: Mapping[int, Sequence[int]] | None) -> None:
        """Takes the plan if it can be served and ranks before the one taken so far."""
        parcels: Sent = ()
        for at, given in sorted(sent.items()) if sent else ():
            reckoned = self.cost(at, tuple(given))
            if reckoned is None:
                return
            parcels += ((at, tuple(given), reckoned),)
        if parcels:
            self.take(parcels)

    def take(self, parcels: Sent) -> None:
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
        for lane in lanes:
            at, opening, each = lane.warehouse_id, lane.opening_e6, lane.each_e6
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


def _left(wanted: int, shelves: Sequence[int]) -> set[int]:
    """What other shelves leave of a line when each of them gives all it has."""
    left = {wanted}
    for has in sorted(shelves, reverse=True):
        left |= {n - has for n in left if n > has}
        if len(left) > MOST_LEFT:
            break
    return left
