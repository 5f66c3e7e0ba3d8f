"""Containers and pallets: what goes in, what it costs whole or shared, and from what size a whole one pays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from haitu.core.errors import Refusal

MM3_PER_M3 = 10**9
G_PER_TON = 10**6


class NoContainer(Refusal):
    """No container kind has a price here."""

    code = "no_container"


class TooBigForContainer(Refusal):
    """One unit is larger or heavier than the container."""

    code = "too_big_for_container"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A kind of box or pallet: inner volume, how much of it cartons fill in practice, and payload."""

    code: str
    volume_mm3: int
    payload_g: int
    fill_bp: int = 10_000
    assumed: bool = False

    @property
    def usable_mm3(self) -> int:
        """What cartons can fill."""
        return self.volume_mm3 * self.fill_bp // 10_000


# Inner measures of ISO 668 boxes as carriers publish them (Hapag-Lloyd, "Container Specification", 2016: 33.2, 67.7,
# 76.3 m³; payload 28,230, 26,700, 26,480 kg). How much of the volume cartons fill is our assumption (85 to 89 %);
# 68 m³ for a 40HQ is what forwarders in Shenzhen sell it as. EUR pallet: EN 13698-1, 800 × 1200 mm, stacked to 1.80 m.
KINDS = {
    kind.code: kind
    for kind in (
        Container(code="20GP", volume_mm3=33_200_000_000, payload_g=28_230_000, fill_bp=8_500, assumed=True),
        Container(code="40GP", volume_mm3=67_700_000_000, payload_g=26_700_000, fill_bp=8_600, assumed=True),
        Container(code="40HQ", volume_mm3=76_300_000_000, payload_g=26_480_000, fill_bp=8_912, assumed=True),
        Container(code="EUR pallet", volume_mm3=800 * 1200 * 1656, payload_g=1_000_000, fill_bp=9_000, assumed=True),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """Goods as a forwarder sees them: how much room, how much weight, freely divided into boxes."""

    volume_mm3: int
    weight_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Groupage:
    """The tariff of a shared container (LCL): per revenue ton – a m³ or a ton, whichever is more – and per shipment.

    Revenue tons are counted in thousandths; less than `minimum_milli` is billed as that.
    """

    per_ton_minor: int
    minimum_milli: int = 1000
    fixed_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading:
    """Full containers by kind code, and their price together."""

    boxes: tuple[tuple[str, int], ...]
    price_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """Units of one SKU to be loaded."""

    sku: str
    units: int
    weight_g: int
    volume_mm3: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What lies in one container."""

    lots: tuple[Lot, ...]

    @property
    def weight_g(self) -> int:
        """All of it."""
        return sum(lot.units * lot.weight_g for lot in self.lots)

    @property
    def volume_mm3(self) -> int:
        """All of it."""
        return sum(lot.units * lot.volume_mm3 for lot in self.lots)


# What it costs ---------------------------------------------------------------------------------------------------
def revenue_tons_milli(cargo: Cargo) -> int:
    """Thousandths of a revenue ton, a part counts whole: 1.2 m³ at 500 kg are 1,200."""
    by_volume = -(-cargo.volume_mm3 * 1000 // MM3_PER_M3)
    by_weight = -(-cargo.weight_g * 1000 // G_PER_TON)
    return max(by_volume, by_weight)


def lcl_minor(cargo: Cargo, groupage: Groupage) -> int:
    """The cargo in a shared container; a part of a minor unit counts whole, as the forwarder bills it."""
    billed_milli = max(revenue_tons_milli(cargo), groupage.minimum_milli)
    return groupage.fixed_minor - (-groupage.per_ton_minor * billed_milli // 1000)


def boxes_needed(cargo: Cargo, kind: Container) -> int:
    """How many of one kind the cargo fills, by room or by weight; at least one."""
    return max(1, -(-cargo.volume_mm3 // kind.usable_mm3), -(-cargo.weight_g // kind.payload_g))


def fcl(cargo: Cargo, prices_minor: Mapping[str, int], kinds: Mapping[str, Container] = KINDS) -> Loading:
    """The cheapest whole containers that take the cargo; `prices_minor`: kind code → price of one."""
    offered = [kinds[code] for code in prices_minor]
    if not offered:
        raise NoContainer("No container kind has a price here.", field="prices")
    best = min(_mixes(cargo, offered), key=lambda mix: (_price_minor(offered, mix, prices_minor), sum(mix), mix))
    taken = tuple((kind.code, count) for kind, count in zip(offered, best, strict=True) if count)
    return Loading(boxes=taken, price_minor=_price_minor(offered, best, prices_minor))


def _price_minor(kinds: Sequence[Container], mix: Sequence[int], prices_minor: Mapping[str, int]) -> int:
    return sum(prices_minor[kind.code] * count for kind, count in zip(kinds, mix, strict=True))


def _mixes(cargo: Cargo, kinds: Sequence[Container]) -> Iterator[tuple[int, ...]]:
    """Every choice of counts for all kinds but the last, filled up with the last as far as it needs."""
    *others, last = kinds
    for counts in product(*(range(boxes_needed(cargo, kind) + 1) for kind in others)):
        room = Cargo(
            volume_mm3=cargo.volume_mm3 - sum(n * kind.usable_mm3 for n, kind in zip(counts, others, strict=True)),
            weight_g=cargo.weight_g - sum(n * kind.payload_g for n, kind in zip(counts, others, strict=True)),
        )
        done = any(counts) and room.volume_mm3 <= 0 and room.weight_g <= 0
        yield (*counts, 0 if done else boxes_needed(room, last))


def break_even_mm3(kind: Container, box_minor: int, groupage: Groupage, g_per_m3: int) -> int | None:
    """The least volume of cargo of that density from which a whole container is no dearer than a shared one.

    None: not even a full container is.
    """
    full_mm3 = min(kind.usable_mm3, kind.payload_g * MM3_PER_M3 // g_per_m3 if g_per_m3 else kind.usable_mm3)

    def pays(volume_mm3: int) -> bool:
        cargo = Cargo(volume_mm3=volume_mm3, weight_g=volume_mm3 * g_per_m3 // MM3_PER_M3)
        return box_minor <= lcl_minor(cargo, groupage)

    if not pays(full_mm3):
        return None
    low, high = 0, full_mm3  # the shared price never falls with the volume
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(middle) else (middle + 1, high)
    return low


# What goes in ----------------------------------------------------------------------------------------------------
def load(lots: Sequence[Lot], kind: Container) -> tuple[Load, ...]:
    """The lots in containers of one kind, none above its room or its payload, heavy and bulky goods mixed.

    Of two orders the one with fewer containers: as listed, or dense goods balanced with bulky ones. A good loading,
    not a proven best; stowage in three dimensions is the loader's.
    """
    for lot in lots:
        if lot.weight_g > kind.payload_g or lot.volume_mm3 > kind.usable_mm3:
            raise TooBigForContainer(
                f"One {lot.sku} weighs {lot.weight_g} g and takes {lot.volume_mm3 // 1000} cm³; "
                f"a {kind.code} takes {kind.payload_g} g, {kind.usable_mm3 // 1000} cm³.",
                field="sku",
                sku=lot.sku,
                container=kind.code,
            )
    wanted = [lot for lot in lots if lot.units > 0]
    return min(_in_order(wanted, kind), _balanced(wanted, kind), key=len)


def _fits(lot: Lot, weight_g: int, volume_mm3: int) -> int:
    """How many units of the lot the rest of a container takes."""
    by_weight = weight_g // lot.weight_g if lot.weight_g else lot.units
    by_volume = volume_mm3 // lot.volume_mm3 if lot.volume_mm3 else lot.units
    return min(lot.units, by_weight, by_volume)


def _in_order(lots: Sequence[Lot], kind: Container) -> tuple[Load, ...]:
    """One lot after the other, a container closed when the next unit does not go in."""
    full: list[Load] = []
    inside: list[Lot] = []
    for lot in lots:
        left = lot.units
        while left:
            load_ = Load(lots=tuple(inside))
            units = _fits(replace(lot, units=left), kind.payload_g - load_.weight_g, kind.usable_mm3 - load_.volume_mm3)
            inside += [replace(lot, units=units)] if units else []
            left -= units
            if left:
                full.append(Load(lots=tuple(inside)))
                inside = []
    return (*full, Load(lots=tuple(inside))) if inside else tuple(full)


def _balanced(lots: Sequence[Lot], kind: Container) -> tuple[Load, ...]:
    """Each container takes what is still to come in its own proportions, then whatever else goes in, densest first."""
    rest = {place: lot.units for place, lot in enumerate(lots)}
    dense_first = sorted(rest, key=lambda place: -lots[place].weight_g * MM3_PER_M3 // (lots[place].volume_mm3 or 1))
    full: list[Load] = []
    while rest:
        waiting = Load(lots=tuple(replace(lots[place], units=units) for place, units in rest.items()))
        boxes = boxes_needed(Cargo(volume_mm3=waiting.volume_mm3, weight_g=waiting.weight_g), kind)
        inside = dict.fromkeys(rest, 0)
        weight_g, volume_mm3 = kind.payload_g, kind.usable_mm3
        for share_only in (True, False):
            for place in (place for place in dense_first if place in rest):
                wanted = -(-rest[place] // boxes) if share_only else rest[place] - inside[place]
                units = _fits(replace(lots[place], units=wanted), weight_g, volume_mm3)
                inside[place] += units
                weight_g -= units * lots[place].weight_g
                volume_mm3 -= units * lots[place].volume_mm3
        full.append(Load(lots=tuple(replace(lots[place], units=n) for place, n in inside.items() if n)))
        rest = {place: units - inside[place] for place, units in rest.items() if units > inside[place]}
    return tuple(full)
