"""What carrying costs, answered quickly: each lane's price in the market's currency, kept, and a floor under it.

Exactly `freight.ship_price` for every parcel (it is what is asked, once for each billed weight). The floor is a
straight line under a lane's prices: so much for opening a parcel and so much a gram; no box of any weight costs less.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from haitu.core.book import Destination, Item, Terms
from haitu.core.columns import E6
from haitu.core.errors import Refusal
from haitu.core.freight import Lane, Tariff, chargeable_weight_g, is_remote, price_minor, ship_price, surcharges_on

MOST_PRICES = 4096  # remembered per lane
FEW_WEIGHTS_G = 100  # a lane that bills in such steps or larger has few prices; of others the line is close enough


@dataclass(frozen=True, slots=True)
class Load:
    """What lies in a parcel, as far as lanes ask; `weight_g` and `volume_mm3` None where one is missing."""

    items: tuple[tuple[Item, int], ...]
    weight_g: int | None
    volume_mm3: int | None
    longest_mm: int
    restrictions: frozenset[str]

    @classmethod
    def of(cls, items: Sequence[tuple[Item, int]]) -> Load:
        """So many of each item in one parcel."""
        weight_g: int | None = 0
        volume_mm3: int | None = 0
        longest_mm = 0
        restrictions: frozenset[str] = frozenset()
        for item, units in items:
            weight_g = weight_g + units * item.weight_g if weight_g is not None and item.weight_g else None
            volume = item.volume_mm3
            volume_mm3 = volume_mm3 + units * volume if volume_mm3 is not None and volume else None
            longest_mm = max(longest_mm, item.length_mm or 0, item.width_mm or 0, item.height_mm or 0)
            if item.restrictions:
                restrictions |= item.restrictions
        return cls(tuple(items), weight_g, volume_mm3, longest_mm, restrictions)


@dataclass(slots=True)
class Carrier:
    """A lane that carries on a day, its prices in the market's currency, and the line under them.

    `hull`: (up to g, opening_e6, per_g_e6), each a line below all prices, the tightest near its weights.
    `flat_g`: where nothing but the band counts, the billed weights at which bands end.
    """

    terms: Terms
    lane: Lane
    postcode: str
    on: date
    limit_g: int
    limit_mm3: int | None
    days_p90: int
    hull: tuple[tuple[int, int, int], ...] = ()
    flat_g: tuple[int, ...] = ()
    _prices: dict[int, int] = field(default_factory=dict)

    def takes(self, load: Load) -> bool:
        """Whether its rules let the goods in; whether they fit a box is seen when they are priced."""
        tariff, volumed = self.lane.tariff, load.volume_mm3 is not None
        if load.weight_g is None or not (volumed or not (tariff.divisor_cm3_per_kg or tariff.max_side_mm)):
            return False
        if tariff.max_side_mm and load.longest_mm > tariff.max_side_mm:
            return False
        return not (load.restrictions and load.restrictions & self.lane.refuses)

    def freight_minor(self, load: Load) -> int | None:
        """What the load costs as one parcel; None: the lane refuses it."""
        if not self.takes(load):
            return None
        weight_g, volume_mm3, tariff = load.weight_g or 0, load.volume_mm3 or 0, self.lane.tariff
        if weight_g <= self.limit_g and (self.limit_mm3 is None or volume_mm3 <= self.limit_mm3):
            return self.box_minor(chargeable_weight_g(weight_g, volume_mm3, tariff.divisor_cm3_per_kg, tariff.step_g))
        try:
            pieces = [item.pieces(units) for item, units in load.items]
            leg = ship_price(self.lane, pieces, on=self.on, postcode=self.postcode)
        except Refusal:
            return None
        return self.terms.in_market(leg.price_minor, leg.currency)

    def box_minor(self, chargeable_g: int) -> int:
        """The price of one box of that billed weight."""
        if self.flat_g:  # one price up to each of these weights
            chargeable_g = self.flat_g[bisect_left(self.flat_g, chargeable_g)]
        price = self._prices.get(chargeable_g)
        if price is None:
            tariff = self.lane.tariff
            own = price_minor(tariff, chargeable_g, self.postcode, on=self.on)
            price = self.terms.in_market(own, tariff.currency)
            if len(self._prices) >= MOST_PRICES:
                self._prices.clear()
            self._prices[chargeable_g] = price
        return price

    def least_minor(self, weight_g: int, volume_mm3: int) -> int:
        """No parcel of that weight and volume costs less; it is the price itself where few weights are billed."""
        tariff = self.lane.tariff
        divisor, step_g = tariff.divisor_cm3_per_kg, tariff.step_g
        if weight_g > self.limit_g or (self.limit_mm3 is not None and volume_mm3 > self.limit_mm3):
            return self.hull[-1][2] * weight_g // E6
        if self.flat_g or step_g >= FEW_WEIGHTS_G:
            return self.box_minor(chargeable_weight_g(weight_g, volume_mm3, divisor, step_g))
        if divisor is not None and volume_mm3 > weight_g * divisor:
            weight_g = volume_mm3 // divisor
        opening, per_g = self.line_near(weight_g)
        return (opening + per_g * weight_g) // E6

    def line_near(self, weight_g: int) -> tuple[int, int]:
        """(opening_e6, per_g_e6) of the line that is tightest at that weight."""
        return next((opening, per_g) for up_to_g, opening, per_g in self.hull if weight_g <= up_to_g)


def carriers(terms: Terms, to: Destination, on: date) -> Mapping[int, tuple[Carrier, ...]]:
    """Per warehouse the lanes that carry to the market's consumers on that day, as labels go; remembered."""
    asked = terms.known(
        "remote lanes",
        lambda: tuple(lane for at in terms.warehouses for lane in terms.lanes_from(at) if lane.tariff.remote_postcodes),
    )
    remote = frozenset(lane.id for lane in asked if is_remote(lane.tariff, to.postcode)) if to.postcode else ()
    return terms.known(
        ("carriers", on, remote),
        lambda: {
            at: tuple(
                carrier
                for lane in terms.lanes_from(at)
                if (carrier := _carrier(terms, lane, to.postcode if lane.id in remote else "", on)) is not None
            )
            for at in terms.warehouses
        },
    )


def _carrier(terms: Terms, lane: Lane, postcode: str, on: date) -> Carrier | None:
    """The lane ready to be asked; None where it takes nothing on that day, whatever it is."""
    tariff = lane.tariff
    if terms.market.incoterm not in lane.incoterms and terms.crosses_border(lane.origin_warehouse_id, on):
        return None
    try:
        ship_price(lane, (), on=on, postcode=postcode)
        terms.in_market(0, tariff.currency)
    except Refusal:
        return None
    billed_limit_g = tariff.breaks[-1].up_to_g // tariff.step_g * tariff.step_g
    carrier = Carrier(
        terms,
        lane,
        postcode,
        on,
        limit_g=min(billed_limit_g, tariff.max_weight_g) if tariff.max_weight_g else billed_limit_g,
        limit_mm3=billed_limit_g * tariff.divisor_cm3_per_kg if tariff.divisor_cm3_per_kg else None,
        days_p90=terms.warehouses[lane.origin_warehouse_id].handling_days + lane.days_p90,
    )
    carrier.flat_g = _flat_g(tariff, on)
    carrier.hull = _hull(_points(carrier, billed_limit_g))
    return carrier


def _flat_g(tariff: Tariff, on: date) -> tuple[int, ...]:
    """The billed weights at which bands end, where a price depends on its band alone; else none."""
    by_weight = any(band.per_step_minor or band.per_kg_minor for band in tariff.breaks)
    if by_weight or any(extra.kind == "per_step" for extra in surcharges_on(tariff, on)):
        return ()
    return tuple(dict.fromkeys(band.up_to_g // tariff.step_g * tariff.step_g for band in tariff.breaks))


def _points(carrier: Carrier, limit_g: int) -> list[tuple[int, int]]:
    """(g, price_e6) where the price list bends: between two of them no price is below their straight line.

    Each is lowered by what rounding inside a band can take off.
    """
    tariff, step_g = carrier.lane.tariff, carrier.lane.tariff.step_g
    rounding = carrier.terms.in_market(2 + len(tariff.surcharges), tariff.currency) + 1
    at = {step_g, limit_g}
    first_g = step_g
    for band in tariff.breaks:
        last_g = min(band.up_to_g // step_g * step_g, limit_g)
        if last_g < first_g:
            continue
        at |= {first_g, last_g}
        per_g_milli = band.per_kg_minor + 1000 * band.per_step_minor // step_g
        if tariff.minimum_minor > band.base_minor and per_g_milli:  # where the minimum ends the price bends
            bend_g = (tariff.minimum_minor - band.base_minor) * 1000 // per_g_milli // step_g * step_g
            at |= {g for g in (bend_g - step_g, bend_g, bend_g + step_g) if first_g <= g <= last_g}
        first_g = last_g + step_g
    return [(g, max(carrier.box_minor(g) - rounding, 0) * E6) for g in sorted(at) if g > 0]


def _hull(points: Sequence[tuple[int, int]]) -> tuple[tuple[int, int, int], ...]:
    """The lines along the lower convex hull of the points, none falling, none opening below zero."""
    hull: list[tuple[int, int]] = []
    for g, price in points:
        while len(hull) > 1 and (hull[-1][1] - hull[-2][1]) * (g - hull[-2][0]) >= (price - hull[-2][1]) * (
            hull[-1][0] - hull[-2][0]
        ):
            hull.pop()
        hull.append((g, price))
    through_zero = min(price // g for g, price in points)
    lowest = min(price for _, price in points)
    lines = [] if len(hull) > 1 else [(hull[0][0], lowest, 0)]
    for (g, price), (next_g, next_price) in pairwise(hull):
        per_g = (next_price - price) // (next_g - g)
        opening = price - per_g * g - next_g  # the slope was rounded down, by a millionth a gram at most
        if per_g < 0:
            opening, per_g = lowest, 0
        elif opening < 0:
            opening, per_g = 0, through_zero
        lines.append((next_g, opening, per_g))
    return (*lines, (1 << 62, 0, through_zero))  # what is too heavy for one box
