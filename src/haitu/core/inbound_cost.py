"""What a path's first legs put on a thousand units: their share of a stated shipment, and the duty on the way in.

A line haul is priced for a whole shipment; a unit bears its part of it by chargeable weight (the greater of actual
and volumetric weight, before any rounding). A thousand units, because a small thing's part of a container is a
fraction of a cent; it is what `StockAt(on_hand=1000)` keeps as its inbound value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from haitu.core.book import Item
from haitu.core.customs import DUTY_WITHOUT_FREIGHT
from haitu.core.dated import in_force
from haitu.core.freight import Lane, Piece, ship_price
from haitu.core.money import Exchange, half_up
from haitu.core.tariff import DutyLine, Goods, duty
from haitu.core.territory import territory_of

UNITS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """For a thousand units, in the merchant's base currency: freight of each line haul, and import duty."""

    freight_minor: tuple[int, ...]
    duty_minor: int

    @property
    def value_minor(self) -> int:
        """What it took to bring them to the warehouse they leave from."""
        return sum(self.freight_minor) + self.duty_minor


NOTHING = Inbound(freight_minor=(), duty_minor=0)


def greater_measure(weight_g: int, volume_mm3: int, divisor_cm3_per_kg: int | None) -> int:
    """What a unit counts for when freight is shared: actual or volumetric weight, in grams × the divisor."""
    return max(weight_g * divisor_cm3_per_kg, volume_mm3) if divisor_cm3_per_kg else weight_g


def shipment_measure(shipment: Piece, lane: Lane) -> int:
    """What a whole shipment counts for on a lane."""
    divisor = lane.tariff.divisor_cm3_per_kg
    weight_g = shipment.quantity * (shipment.weight_g or 0)
    return greater_measure(weight_g, shipment.quantity * (shipment.volume_mm3 or 0), divisor)


def freight_minor(item: Item, lane: Lane, shipment: Piece, *, into_base: Exchange, on: date) -> int:
    """A line haul's freight for a thousand units that travel in such a shipment (so many equal cartons).

    Refuses what `ship_price` refuses, for the shipment and for one unit.
    """
    ship_price(lane, [item.pieces(1)], on=on)
    whole = ship_price(lane, [shipment], on=on)
    price_minor = whole.price_minor
    if whole.currency != into_base.currency:
        price_minor = into_base.take(price_minor, whole.currency)
    unit = greater_measure(item.weight_g or 0, item.volume_mm3 or 0, lane.tariff.divisor_cm3_per_kg)
    return half_up(price_minor * UNITS * unit, shipment_measure(shipment, lane))


def pays_duty(origin_country: str, warehouse_country: str, consumer_country: str, on: date) -> bool:
    """Whether duty is paid on the way in: goods come from abroad and will not cross a customs border again.

    Goods that will are kept under customs (in bond, in a free port) until they leave for the buyer.
    """
    warehouse = territory_of(warehouse_country, on)
    return territory_of(origin_country, on) != warehouse == territory_of(consumer_country, on)


def entry_duty_minor(
    item: Item, cost_minor: int, freight_minor: int, *, territory: str, into_base: Exchange, on: date
) -> int:
    """Duty on a thousand units entering a territory as stock, by its tariff, on cost and (where it counts) freight.

    No low-value rule helps a commercial shipment; import VAT is reclaimed and no cost.
    """
    value_minor = UNITS * cost_minor
    goods = Goods(
        hs_code=item.hs_code,
        origin_country=item.origin_country,
        value_minor=value_minor,
        weight_g=UNITS * item.weight_g if item.weight_g else None,
        quantity=UNITS,
    )
    lines: tuple[DutyLine, ...] = tuple(line for line in item.duty_lines if in_force(line, on))
    dutiable_minor = value_minor + (0 if territory in DUTY_WITHOUT_FREIGHT else freight_minor)
    return duty(goods, dutiable_minor, lines, territory=territory, exchange=into_base).amount_minor


def inbound(
    item: Item,
    line_hauls: Sequence[Lane],
    shipment: Piece,
    *,
    cost_minor: int,
    consumer_country: str,
    into_base: Exchange,
    on: date,
) -> Inbound:
    """A thousand units over the line hauls in a row; `cost_minor`: purchase cost of one, in the base currency.

    Refuses what the lanes refuse, and DutyUnknown.
    """
    if not line_hauls:
        return NOTHING
    freights = tuple(freight_minor(item, lane, shipment, into_base=into_base, on=on) for lane in line_hauls)
    first, last = line_hauls[0], line_hauls[-1]
    taxed = pays_duty(first.origin_country, last.destination, consumer_country, on)
    duty_minor = (
        entry_duty_minor(
            item,
            cost_minor,
            sum(freights),
            territory=territory_of(last.destination, on),
            into_base=into_base,
            on=on,
        )
        if taxed
        else 0
    )
    return Inbound(freight_minor=freights, duty_minor=duty_minor)
