"""The cheapest parcels that together are the basket, no two from one warehouse: a search that ends.

With unit prices from `columns` the question is which parcels fit under the best plan known by their surplus. What the
rest of a basket needs at least is worked out as if a warehouse could send twice, and remembered; along that floor the
search looks at real plans (branch and bound; Lawler & Wood, Operations Research 14, 1966, doi:10.1287/opre.14.4.699).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from haitu.core.columns import E6, NEVER, ROUNDS, Columns, Packing, raised

FIRST_STEP = 64 * E6  # by which a limit rises, then four times that, and so on
MOST_ONCE = 6  # warehouses the floor keeps from sending twice
FEW, FEW_PLACES = 32, 3  # of so few parcels from so few warehouses none is
FAR = 1 << 50  # beyond it there is no limit


class Reckoned(NamedTuple):
    """Cost and days of a parcel, as its leg has them."""

    cost_minor: int
    days_p90: int


Sent = tuple[tuple[int, tuple[int, ...], Reckoned], ...]  # parcels: from where, what, at which cost


class Best(Protocol):
    """Who asks: the best plan so far, what a parcel costs exactly, and how many steps may be taken."""

    def cost(self, at: int, given: tuple[int, ...]) -> Reckoned | None: ...
    def take(self, parcels: Sent) -> None: ...
    def limit_e6(self) -> int: ...


class Cover:
    """One basket and all its parcels. `steps` are counted down; below zero the search was cut short."""

    __slots__ = (
        "_best",
        "_cap",
        "_columns",
        "_columns_at",
        "_extra",
        "_first",
        "_known",
        "_once",
        "_packing",
        "_prices",
        "_spare",
        "_worth",
        "steps",
    )

    def __init__(
        self, best: Best, packing: Packing, columns: Columns, *, extra_e6: int, prices_e6: Sequence[int], steps: int
    ) -> None:
        for parcels in columns.values():
            parcels.sort()
        self._best, self._packing, self._columns, self._extra = best, packing, columns, extra_e6
        self.steps = steps
        surplus = {units: parcels[0][0] for units, parcels in columns.items()}
        more = raised(len(prices_e6), surplus, packing, 1 if any(prices_e6) else ROUNDS)
        self._prices = [price + rise for price, rise in zip(prices_e6, more, strict=True)]
        self._columns_at = list(prices_e6)  # the prices that the columns' surplus stands above
        self._worth = packing.worth(packing.full, self._prices)
        self._cap = self._spare = NEVER
        self._known: dict[tuple[int, int], tuple[int, int]] = {}
        places = {at for parcels in columns.values() for _, at in parcels} if len(columns) <= FEW else ()
        # Warehouses the floor lets send once only, a bit for each: of few all, else those that turn out to matter.
        self._once = {at: 1 << nth for nth, at in enumerate(places)} if len(places) <= FEW_PLACES else {}
        self._first: list[list[tuple[int, int]]] = [[] for _ in prices_e6]  # by their first line: (surplus, units)
        for units, its in surplus.items():
            self._first[packing.first_line(units)].append((its, units))
        for line in self._first:
            line.sort()

    def run(self, limit_e6: int) -> None:
        """Shows the best plan to who asks, if one costs no more than the limit, counted with an extra parcel more."""
        full, beyond = self._packing.full, limit_e6 - self._worth
        self._limit()
        beyond = min(beyond, self._spare)
        least = self._exact_floor(full, beyond)
        step, self._cap = FIRST_STEP, least
        while least <= beyond and self.steps >= 0:
            self._limit()
            self._part(full, 0, (), -1, -1)
            if self._spare < self._cap or self._cap >= beyond:  # the best plan known is below the limit, or none is
                return
            self._cap, step = (self._cap + step, 4 * step) if step < FAR else (NEVER, step)

    def _exact_floor(self, full: int, beyond: int) -> int:
        """The floor of the whole basket, after what the plan on it gets wrong is put right, again and again."""
        cap = FIRST_STEP
        least = self._low(full, 0, min(cap, beyond))
        while self.steps >= 0:
            if least > min(cap, beyond):
                if cap >= beyond:
                    return least
                cap = 4 * cap if cap < FAR else NEVER
            elif not self._put_right(self._plan(least)):
                return least
            least = self._low(full, 0, min(cap, beyond))
        return least

    def _plan(self, least: int) -> list[tuple[int, int]]:
        """The (warehouse, units) on which the floor of the whole basket stands."""
        left, mask, plan = self._packing.full, 0, list[tuple[int, int]]()
        guards = self._packing.guards
        while left:
            for surplus, units in self._first[self._packing.first_line(left)]:
                rest = (left | guards) - units
                if surplus <= least and rest & guards == guards:
                    found = self._same(surplus, units, rest ^ guards, mask, least)
                    if found is not None:
                        at, left, mask, least = found
                        plan.append((at, units))
                        break
            else:
                return []
        return plan

    def _same(self, surplus: int, units: int, rest: int, mask: int, least: int) -> tuple[int, int, int, int] | None:
        """(warehouse, what is left, who has sent, floor of what is left) if these units lead to the floor."""
        columns = self._columns[units]
        for cost, at in columns:
            its, bit = surplus + cost - columns[0][0], self._once.get(at, 0)
            if its > least:
                break
            if not bit & mask:
                after = self._low(rest, mask | bit, least - its)
                if its + after == least:
                    return at, rest, mask | bit, after
        return None

    def _put_right(self, plan: Sequence[tuple[int, int]]) -> bool:
        """Whether the plan was no real one: a warehouse sent twice, or a parcel costs more than was thought."""
        wrong = False
        places = [at for at, _ in plan]
        for at in {at for at in places if places.count(at) > 1}:
            if at not in self._once and len(self._once) < MOST_ONCE:
                self._once[at] = 1 << len(self._once)
                wrong = True
        for at, units in plan:
            reckoned = self._best.cost(at, self._packing.given(units))
            cost = NEVER if reckoned is None else self._surplus(reckoned, units, self._columns_at)
            before, columns = self._columns[units][0][0], self._columns[units]
            place = next(place for place, column in enumerate(columns) if column[1] == at)
            if columns[place][0] != cost:
                columns[place] = (cost, at)
                columns.sort()
                wrong = True
                if columns[0][0] != before:
                    self._rise(units, columns[0][0] - before)
        if wrong:
            self._known.clear()
        elif plan and len(set(places)) == len(places):
            self._best.take(tuple((at, given, self._asked(at, given)) for at, given in self._given(plan)))
            self._limit()
        return wrong

    def _surplus(self, reckoned: Reckoned, units: int, prices: Sequence[int]) -> int:
        """What a parcel costs above the worth of its units, each parcel counted as an extra one."""
        return reckoned.cost_minor * E6 + self._extra - self._packing.worth(units, prices)

    def _given(self, plan: Sequence[tuple[int, int]]) -> list[tuple[int, tuple[int, ...]]]:
        return [(at, self._packing.given(units)) for at, units in plan]

    def _asked(self, at: int, given: tuple[int, ...]) -> Reckoned:
        reckoned = self._best.cost(at, given)
        if reckoned is None:
            raise AssertionError("what is refused costs too much for any plan")
        return reckoned

    def _rise(self, units: int, rise: int) -> None:
        """The cheapest parcel with these units costs so much more than was thought."""
        line = self._first[self._packing.first_line(units)]
        place = next(place for place, (_, its) in enumerate(line) if its == units)
        surplus = line.pop(place)[0] + rise
        if surplus < FAR:
            insort(line, (surplus, units))

    def _limit(self) -> None:
        """What a plan's parcels may cost above the worth of the basket, by the best plan known and the limit."""
        known = self._best.limit_e6()  # the first parcel is no extra one
        self._spare = min(self._cap, known if known >= NEVER else known + self._extra - self._worth)

    def _low(self, left: int, mask: int, spare: int) -> int:
        """The least surplus that sends what is left; more than `spare` if it is above.

        As if each warehouse could send again, but for those in `_once` whose bit is in the mask.
        """
        if not left:
            return 0
        key = (left, mask)
        known = self._known.get(key)
        if known is not None and (known[0] <= known[1] or known[1] >= spare):
            return known[0]
        lowest, guards, packing = spare + 1, self._packing.guards, self._packing
        open_ = left | guards
        for surplus, units in self._first[packing.line_at[left.bit_length() - 1]]:
            if surplus >= lowest:
                break
            rest = open_ - units
            if rest & guards == guards:
                self.steps -= 1
                if self.steps < 0:
                    break
                if self._once:
                    lowest = min(lowest, self._low_from(units, surplus, rest ^ guards, mask, lowest))
                else:
                    its = surplus + self._low(rest ^ guards, 0, lowest - 1 - surplus)
                    lowest = min(lowest, its)
        self._known[key] = (lowest, spare)
        return lowest

    def _low_from(self, units: int, surplus: int, rest: int, mask: int, lowest: int) -> int:
        """The least surplus of these units and the rest, the warehouses in the mask not sending again."""
        columns = self._columns[units]
        for cost, at in columns:
            its, bit = surplus + cost - columns[0][0], self._once.get(at, 0)
            if its >= lowest:
                break
            if not bit & mask:
                lowest = min(lowest, its + self._low(rest, mask | bit, lowest - 1 - its))
                if not bit:
                    break
        return lowest

    def _part(self, left: int, spent: int, parcels: Sent, line_before: int, at_before: int) -> None:
        """Sends what is left beside the parcels, whose surplus is known exactly."""
        if not left:
            self._best.take(parcels)
            self._limit()
            return
        guards, line = self._packing.guards, self._packing.first_line(left)
        # Of several parcels that begin with one line the warehouses rise, so that each plan comes once.
        above = at_before if line == line_before else -1
        for surplus, units in self._first[line]:
            if surplus > self._spare - spent:
                break
            rest = (left | guards) - units
            if rest & guards == guards:
                for after, at, reckoned in self._sending(units, surplus, rest ^ guards, spent, parcels, above):
                    its = spent + self._surplus(reckoned, units, self._prices)
                    if its + after <= self._spare:
                        more = (at, self._packing.given(units), reckoned)
                        self._part(rest ^ guards, its, (*parcels, more), line, at)

    def _sending(  # noqa: PLR0917  # all of where the search stands
        self, units: int, surplus: int, rest: int, spent: int, parcels: Sent, above: int
    ) -> Iterator[tuple[int, int, Reckoned]]:
        """(floor of the rest, warehouse, cost) of those that may send these units next, the cheapest first."""
        once, columns = self._once, self._columns[units]
        used = [at for at, _, _ in parcels]
        mask = sum([once.get(at, 0) for at in used])
        cheapest = columns[0][0]
        for cost, at in columns:
            spare = self._spare - spent - surplus - cost + cheapest
            if spare < 0:
                return
            if at in used or at < above:
                continue
            self.steps -= 1
            if self.steps < 0:
                return
            after = self._low(rest, mask | once.get(at, 0), spare)
            if after <= spare:
                reckoned = self._best.cost(at, self._packing.given(units))
                if reckoned is not None:
                    yield after, at, reckoned
            elif at not in once:
                return
