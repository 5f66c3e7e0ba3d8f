"""The parcels a basket travels in: the choice among all ways, with every parcel's exact share of delivery."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

from haitu.core.assign import Choice, NotServed, choose
from haitu.core.money import split
from haitu.core.reckoning import Reckoning
from haitu.core.route import Asking, TaxedTwice, Way, not_delivered
from haitu.core.stock import Units

FEW_WAYS = 2  # so few ways to send a basket are priced at once; more are first sorted by their floors


def parcels_of(asking: Asking, *, whole_lines: bool = False) -> Choice[Way]:
    """The parcels the goods travel in, each with its exact share of what the buyer pays for delivery."""
    reckoning = Reckoning(asking)
    try:
        return choose(
            asking.demand,
            asking.stock.values(),
            asking,
            name=asking.book.sku,
            reckon=reckoning,
            floors=reckoning.floors() if _many_ways(asking) else None,
            legs=lambda sent: _legs(reckoning, sent),
            extra_parcel_minor=asking.terms.extra_parcel_minor,
            whole_lines=whole_lines,
        )
    except NotServed as refused:
        raise not_delivered(refused.reasons) from None
    except TaxedTwice as refused:  # by the last cent of its share
        raise not_delivered((refused,)) from None


def _legs(reckoning: Reckoning, sent: Sequence[tuple[int, Units]]) -> list[Way]:
    """The ways of a plan's parcels; delivery is shared among all their lines, so that the shares sum to it."""
    asking = reckoning.asking
    shares = iter(split(asking.shipping_minor, [amount for _, units in sent for amount in asking.amounts(units)]))
    ways = []
    for at, units in sent:
        leg, freight_minor = reckoning.leg(at, units)
        share = tuple(next(shares) for _ in units)
        ways.append(asking.way(asking.terms.warehouses[at], leg, freight_minor, units, share))
    return ways


def _many_ways(asking: Asking) -> bool:
    """Whether floors save more than they cost: a line of n units can go in about (places choose n) ways."""
    places = dict.fromkeys(asking.demand, 0)
    for at in asking.stock.values():
        if at.on_hand > at.reserved + at.buffer:
            places[at.variant_id] += 1
    ways = 1
    for variant, quantity in asking.demand.items():
        ways *= max(comb(places[variant] + quantity - 1, quantity), 1) if places[variant] else 1
    return ways > FEW_WAYS
