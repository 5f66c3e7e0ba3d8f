"""How long goods have lain in a warehouse, and what the warehouse bills for it: volume × days, dearer with age.

What leaves is taken to be what came first (FIFO), so what lies there is what came last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from haitu.core.errors import Refusal
from haitu.core.money import half_up

MM3_PER_M3 = 10**9


class BadStorageTariff(Refusal):
    """The age brackets of a storage tariff do not begin at day 0, do not rise, or have a negative price."""

    code = "bad_storage_tariff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Units that came on one day and still lie there."""

    since: date
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeBracket:
    """From this age in days on (0 = the day of arrival), a cubic metre costs so much a day."""

    from_days: int
    minor_per_m3_day: int


def check_brackets(brackets: Sequence[AgeBracket]) -> None:
    """Refuse brackets that leave an age without a price, or give it two."""
    ages = [bracket.from_days for bracket in brackets]
    if not ages or ages[0] != 0:
        raise BadStorageTariff("A storage tariff begins at day 0.", field="from_days")
    if ages != sorted(set(ages)):
        raise BadStorageTariff("The ages of a storage tariff rise from line to line.", field="from_days")
    if any(bracket.minor_per_m3_day < 0 for bracket in brackets):
        raise BadStorageTariff("A storage price is zero or more.", field="minor_per_m3_day")


def layers(moves: Iterable[tuple[date, int]], on_hand: int) -> tuple[Layer, ...]:
    """What lies there by the day it came, oldest first, from the moves (day, signed units) in any order.

    Units that no arrival explains (the moves go back less far than the goods) came on the day of the first move.
    """
    arrivals: dict[date, int] = {}
    first: date | None = None
    for day, units in moves:
        first = day if first is None or day < first else first
        if units > 0:
            arrivals[day] = arrivals.get(day, 0) + units
    left, found = on_hand, list[Layer]()
    for day in sorted(arrivals, reverse=True):
        if left <= 0:
            break
        units = min(left, arrivals[day])
        found.append(Layer(since=day, units=units))
        left -= units
    if left > 0 and first is not None:
        if found and found[-1].since == first:
            found[-1] = Layer(since=first, units=found[-1].units + left)
        else:
            found.append(Layer(since=first, units=left))
    return tuple(reversed(found))


def by_age(lying: Iterable[Layer], bounds: Sequence[int], on: date) -> tuple[int, ...]:
    """Units per age bracket: `bounds` are the ages in days at which a bracket begins, the first is 0."""
    units = [0] * len(bounds)
    for layer in lying:
        age = max((on - layer.since).days, 0)
        units[max(place for place, bound in enumerate(bounds) if bound <= age)] += layer.units
    return tuple(units)


def storage_minor(
    lying: Iterable[Layer], brackets: Sequence[AgeBracket], *, volume_mm3: int, first: date, last: date
) -> int:
    """What the layers cost to keep from `first` to `last`, both days counted, if nothing moves; half-up at the end.

    `volume_mm3`: of one unit. A layer is billed from the day it came. `brackets` have passed `check_brackets`.
    """
    unit_price_days = 0  # units × price × days
    for layer in lying:
        begins = max(first, layer.since)
        for place, bracket in enumerate(brackets):
            from_day = max(begins, layer.since + timedelta(bracket.from_days))
            to_day = last
            if place + 1 < len(brackets):
                to_day = min(last, layer.since + timedelta(brackets[place + 1].from_days - 1))
            days = (to_day - from_day).days + 1
            if days > 0:
                unit_price_days += layer.units * bracket.minor_per_m3_day * days
    return half_up(unit_price_days * volume_mm3, MM3_PER_M3)


def days_of_cover(units: int, sold: int, window_days: int) -> int | None:
    """Days until the units are gone at the pace of what was sold in the window, rounded up; None: nothing sold."""
    return None if sold <= 0 else -(-units * window_days // sold)
