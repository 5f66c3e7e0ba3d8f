"""What a path's first legs put on a thousand units: their share of a stated shipment, and the duty on the way in.

A line haul is priced for a whole shipment; a unit bears its part of it by chargeable weight (the greater of actual
and volumetric weight, before any rounding). A thousand units, because a small thing's part of a container is a
fraction of a cent; it is what `StockAt(on_hand=1000)` keeps as its inbound value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from haitu.core.book import Item
from haitu.core.container import Cargo, fcl
from haitu.core.customs import DUTY_WITHOUT_FREIGHT
from haitu.core.dated import in_force
from haitu.core.freight import Break, Lane, Piece, Tariff, price_minor, ship_price
from haitu.core.money import Exchange, half_up
from haitu.core.tariff import DutyLine, Goods, duty
from haitu.core.territory import territory_of

UNITS = 1000
REVENUE_TON = 1000  # cm³ per kg: in a container a m³ counts as a ton
NO_LIMIT_G = 10**15


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


def divisor_of(tariff: Tariff) -> int | None:
    """How volume counts when a line haul is shared; a card of whole containers that does not say: revenue tons."""
    return tariff.divisor_cm3_per_kg or (REVENUE_TON if tariff.basis == "box" else None)


def shipment_measure(shipment: Piece, tariff: Tariff) -> int:
    """What a whole shipment counts for."""
    weight_g = shipment.quantity * (shipment.weight_g or 0)
    return greater_measure(weight_g, shipment.quantity * (shipment.volume_mm3 or 0), divisor_of(tariff))


def shipment_minor(lane: Lane, shipment: Piece, *, on: date) -> int:
    """What the lane asks for the whole shipment, in its tariff's currency: by weight, or the cheapest containers."""
    tariff = lane.tariff
    price = ship_price(gate(lane), [shipment], on=on)
    if tariff.basis == "weight":
        return price.price_minor
    box_minor = {kind: price_minor(_one_box(tariff, minor), 0, on=on) for kind, minor in tariff.box_minor}
    volume_mm3 = shipment.quantity * (shipment.volume_mm3 or 0)
    return fcl(Cargo(volume_mm3=volume_mm3, weight_g=price.weight_g), box_minor).price_minor


def gate(lane: Lane) -> Lane:
    """The lane as one that bills weight, so that `ship_price` can say whether it takes a unit on a day."""
    if lane.tariff.basis == "weight":
        return lane
    return replace(lane, tariff=replace(_one_box(lane.tariff, 0), divisor_cm3_per_kg=divisor_of(lane.tariff)))


def _one_box(tariff: Tariff, box_minor: int) -> Tariff:
    """A card on which whatever is sent costs one box; fuel and surcharges come upon it as on any other."""
    return replace(tariff, basis="weight", breaks=(Break(up_to_g=NO_LIMIT_G, base_minor=box_minor),), step_g=1)


def freight_minor(item: Item, lane: Lane, shipment: Piece, *, into_base: Exchange, on: date) -> int:
    """A line haul's freight for a thousand units that travel in such a shipment (so many equal cartons).

    Refuses what `ship_price` refuses, for one unit and for the shipment.
    """
    ship_price(gate(lane), [item.pieces(1)], on=on)
    whole_minor = in_base(shipment_minor(lane, shipment, on=on), lane.tariff.currency, into_base)
    unit = greater_measure(item.weight_g or 0, item.volume_mm3 or 0, divisor_of(lane.tariff))
    return half_up(whole_minor * UNITS * unit, shipment_measure(shipment, lane.tariff))


def in_base(minor: int, currency: str, into_base: Exchange) -> int:
    """An amount in the merchant's base currency."""
    return minor if currency == into_base.currency else into_base.take(minor, currency)


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
