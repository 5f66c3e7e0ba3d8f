"""What a carrier charges to bring goods from a warehouse to a buyer, in how many boxes, and how long it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from haitu.core.closure import Closure, closed_on
from haitu.core.dated import in_force
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.lead import LeadTime
from haitu.core.money import display, half_up


class UnknownWeight(Refusal):
    """A unit's weight or size is missing, so its freight is unknown; it is never taken as light."""

    code = "unknown_weight"


class TooHeavy(Refusal):
    """One unit alone is heavier, or bulkier, than the lane takes in a box."""

    code = "too_heavy"


class TooLong(Refusal):
    """A unit is longer than the lane takes."""

    code = "too_long"


class LaneClosed(Refusal):
    """The lane takes nothing at the moment."""

    code = "lane_closed"


class NotCarried(Refusal):
    """The lane refuses this kind of goods."""

    code = "not_carried"


class TariffNotValid(Refusal):
    """The lane's rate card does not hold on that day."""

    code = "tariff_not_valid"


class PricedByBox(Refusal):
    """The rate card names a price for whole containers, which no parcel fills."""

    code = "priced_by_box"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """So many equal units to be sent, packed as sold; a missing measure is None, never 0."""

    sku: str
    quantity: int = 1
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    restrictions: frozenset[str] = frozenset()

    @property
    def volume_mm3(self) -> int | None:
        """The volume of one unit, None where a side is missing."""
        return (self.length_mm or 0) * (self.width_mm or 0) * (self.height_mm or 0) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """Up to this chargeable weight a box costs the base, so much for each step and so much per kg of its whole weight.

    `per_kg_minor` is for lists that bill each gram: 88.35 a kilogram is no whole number of minor units a gram.
    """

    up_to_g: int
    base_minor: int
    per_step_minor: int = 0
    per_kg_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surcharge:
    """An amount added while it holds (peak season, a security fee); both days included, None: without end.

    `bp`: basis points of freight and fuel together; `per_step`: minor units for each step of the chargeable weight;
    `per_box`: minor units for each box. No surcharge is counted upon another.
    """

    code: str
    kind: Literal["bp", "per_step", "per_box"]
    amount: int
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A carrier's rate card for one lane (its zone); `breaks` ascend, the last one ends what a box may weigh.

    `divisor_cm3_per_kg` None: actual weight only. `remote_postcodes` are prefixes. `fuel_bp` is on the freight alone.
    `basis` "box": priced by whole containers, `box_minor` has (kind, price); core.container works with those.
    """

    code: str
    currency: str
    breaks: tuple[Break, ...]
    divisor_cm3_per_kg: int | None = None
    step_g: int = 1
    minimum_minor: int = 0
    fuel_bp: int = 0
    remote_minor: int = 0
    remote_postcodes: tuple[str, ...] = ()
    max_weight_g: int | None = None
    max_side_mm: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    assumed: bool = False
    source: str = ""
    basis: Literal["weight", "box"] = "weight"
    box_minor: tuple[tuple[str, int], ...] = ()
    surcharges: tuple[Surcharge, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One carrier service from a warehouse; days are counted from handover.

    `to_warehouse_id` None: to the consumers of the country `destination` (last mile, direct parcel); else linehaul to
    that warehouse. `days` are the 11 quantiles where they are known. `passages`: the sea corridor, by the names of
    core.closure. `departures`: weekdays, empty: daily; capacities are per departure, None: not known.
    """

    id: int
    code: str
    carrier: str
    service: str = ""
    mode: str = "post"
    origin_warehouse_id: int
    origin_country: str
    destination: str
    tariff: Tariff
    days_p50: int
    days_p90: int
    incoterms: frozenset[str] = frozenset({"DDP", "DAP"})
    refuses: frozenset[str] = frozenset()
    open: bool = True
    closed_reason: str = ""
    to_warehouse_id: int | None = None
    from_place: str = ""
    to_place: str = ""
    passages: tuple[str, ...] = ()
    days: tuple[int, ...] | None = None
    departures: frozenset[int] = frozenset()
    capacity_kg: int | None = None
    capacity_dm3: int | None = None
    closures: tuple[Closure, ...] = ()

    @property
    def lead(self) -> LeadTime:
        """How long it takes, as a distribution."""
        return LeadTime(days=self.days) if self.days else LeadTime.from_p50_p90(self.days_p50, self.days_p90)

    def closed_on(self, on: date) -> str | None:
        """Why it carries nothing on that day, "" where nobody has said why; None: it carries."""
        if not self.open:
            return self.closed_reason
        closure = closed_on(self.closures, on)
        return closure.reason if closure else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegPrice:
    """What one lane asks for some pieces, in the tariff's currency, all boxes together."""

    lane: Lane
    boxes: int
    weight_g: int
    chargeable_g: int
    price_minor: int
    remote: bool = False

    @property
    def currency(self) -> str:
        """The currency of the rate card."""
        return self.lane.tariff.currency

    @property
    def why(self) -> Why:
        """The step in words."""
        tariff = self.lane.tariff
        price = f"{display(self.price_minor, tariff.currency)} {tariff.currency}"
        boxes = "one box" if self.boxes == 1 else f"{self.boxes} boxes"
        return Why(
            code="freight",
            told=f"{self.lane.code} bills {self.chargeable_g} g ({self.weight_g} g weighed) in {boxes}: {price}.",
            given={
                "lane": self.lane.code,
                "weight_g": self.weight_g,
                "chargeable_g": self.chargeable_g,
                "boxes": self.boxes,
                "remote": self.remote,
                "price_minor": self.price_minor,
                "currency": tariff.currency,
            },
            source=tariff.source or f"tariff {tariff.code}",
        )


def chargeable_weight_g(actual_g: int, volume_mm3: int, divisor_cm3_per_kg: int | None, step_g: int) -> int:
    """The greater of actual and volumetric weight, rounded up to the tariff's step (mm³ ÷ (cm³/kg) are grams)."""
    divisor = divisor_cm3_per_kg or 1
    greater = max(actual_g * divisor, volume_mm3) if divisor_cm3_per_kg else actual_g
    return -(-greater // (divisor * step_g)) * step_g


def is_remote(tariff: Tariff, postcode: str) -> bool:
    """Whether the postcode begins like one of the tariff's remote areas."""
    return bool(tariff.remote_postcodes) and postcode.replace(" ", "").upper().startswith(tariff.remote_postcodes)


def price_minor(tariff: Tariff, chargeable_g: int, postcode: str = "", *, on: date | None = None) -> int:
    """Freight of one box: its weight break, at least the minimum, plus fuel on that, plus every surcharge that holds
    on the day, plus the remote surcharge. Without a day only surcharges without dates are counted.
    """
    for band in tariff.breaks:
        if chargeable_g <= band.up_to_g:
            break
    else:
        raise TooHeavy(
            f"{chargeable_g} g is above what tariff {tariff.code} prices: {_limit_g(tariff)} g.",
            field="weight",
            chargeable_g=chargeable_g,
            allowed_g=_limit_g(tariff),
        )
    steps = chargeable_g // tariff.step_g
    by_weight_minor = half_up(band.per_kg_minor * chargeable_g, 1000)
    freight_minor = max(band.base_minor + band.per_step_minor * steps + by_weight_minor, tariff.minimum_minor)
    freight_minor += half_up(freight_minor * tariff.fuel_bp, 10_000)
    added_minor = sum(_added_minor(extra, freight_minor, steps) for extra in surcharges_on(tariff, on))
    return freight_minor + added_minor + (tariff.remote_minor if is_remote(tariff, postcode) else 0)


def surcharges_on(tariff: Tariff, on: date | None) -> tuple[Surcharge, ...]:
    """Those that hold on the day; without a day those that always hold."""
    if on is None:
        return tuple(s for s in tariff.surcharges if s.valid_from is None and s.valid_to is None)
    return tuple(extra for extra in tariff.surcharges if in_force(extra, on))


def _added_minor(extra: Surcharge, freight_minor: int, steps: int) -> int:
    """One surcharge on one box of so many steps, whose freight with fuel is given."""
    if extra.kind == "bp":
        return half_up(freight_minor * extra.amount, 10_000)
    return extra.amount * steps if extra.kind == "per_step" else extra.amount


def _limit_g(tariff: Tariff) -> int:
    """The chargeable weight at which the rate card ends, in whole steps."""
    return tariff.breaks[-1].up_to_g // tariff.step_g * tariff.step_g if tariff.breaks else 0


def _measures(piece: Piece, lane: Lane) -> tuple[int, int]:
    """Weight and volume of one unit as the tariff needs them, or a refusal that names what is missing."""
    tariff = lane.tariff
    volume_mm3 = piece.volume_mm3 or 0
    if not piece.weight_g or piece.weight_g < 0:
        raise UnknownWeight(
            f"{piece.sku} has no weight; {lane.code} prices by weight.", field="weight", sku=piece.sku, missing="weight"
        )
    if volume_mm3 <= 0 and (tariff.divisor_cm3_per_kg or tariff.max_side_mm):
        raise UnknownWeight(
            f"{piece.sku} lacks a measure (length, width or height); {lane.code} prices or limits by size.",
            field="size",
            sku=piece.sku,
            missing="size",
        )
    longest_mm = max(piece.length_mm or 0, piece.width_mm or 0, piece.height_mm or 0)
    if tariff.max_side_mm and longest_mm > tariff.max_side_mm:
        raise TooLong(
            f"{piece.sku} is {longest_mm} mm long; {lane.code} takes up to {tariff.max_side_mm} mm.",
            field="size",
            sku=piece.sku,
            longest_mm=longest_mm,
            allowed_mm=tariff.max_side_mm,
        )
    return piece.weight_g, volume_mm3


def boxes(pieces: Sequence[Piece], lane: Lane) -> list[tuple[int, int]]:
    """Weight (g) and volume (mm³) of each box: one if the lane takes it, else units in order, box after box."""
    tariff = lane.tariff
    measured = [(piece, *_measures(piece, lane)) for piece in pieces]
    billed_limit_g = _limit_g(tariff)
    limit_g = min(billed_limit_g, tariff.max_weight_g) if tariff.max_weight_g else billed_limit_g
    weight_g = sum(unit_g * piece.quantity for piece, unit_g, _ in measured)
    volume_mm3 = sum(unit_mm3 * piece.quantity for piece, _, unit_mm3 in measured)
    limit_mm3 = billed_limit_g * tariff.divisor_cm3_per_kg if tariff.divisor_cm3_per_kg else volume_mm3
    if weight_g <= limit_g and volume_mm3 <= limit_mm3:
        return [(weight_g, volume_mm3)]
    full = []
    weight_g = volume_mm3 = 0
    for piece, unit_g, unit_mm3 in measured:
        if unit_g > limit_g or unit_mm3 > limit_mm3:
            raise TooHeavy(
                f"One {piece.sku} weighs {unit_g} g and takes {unit_mm3 // 1000} cm³; "
                f"{lane.code} takes boxes up to {limit_g} g, {limit_mm3 // 1000} cm³.",
                field="weight",
                sku=piece.sku,
                weight_g=unit_g,
                allowed_g=limit_g,
            )
        left = piece.quantity
        while left:
            fits = min(left, (limit_g - weight_g) // unit_g)
            if unit_mm3:
                fits = min(fits, (limit_mm3 - volume_mm3) // unit_mm3)
            weight_g, volume_mm3, left = weight_g + fits * unit_g, volume_mm3 + fits * unit_mm3, left - fits
            if left:
                full.append((weight_g, volume_mm3))
                weight_g = volume_mm3 = 0
    return [*full, (weight_g, volume_mm3)]


def _check_lane(lane: Lane, pieces: Sequence[Piece], on: date) -> None:
    """Refuse what the lane does not take on that day at all."""
    closed = lane.closed_on(on)
    if closed is not None:
        reason = f": {closed}" if closed else ""
        raise LaneClosed(f"{lane.code} is closed{reason}.", field="lane", lane=lane.code, reason=closed)
    tariff = lane.tariff
    if tariff.basis == "box":
        raise PricedByBox(
            f"{lane.code} is priced by the container (tariff {tariff.code}), not by the parcel.",
            field="tariff",
            lane=lane.code,
            tariff=tariff.code,
        )
    if (tariff.valid_from and on < tariff.valid_from) or (tariff.valid_to and on > tariff.valid_to):
        raise TariffNotValid(
            f"Tariff {tariff.code} of {lane.code} holds from {tariff.valid_from or 'ever'} to "
            f"{tariff.valid_to or 'further notice'}, not on {on}.",
            field="tariff",
            lane=lane.code,
            tariff=tariff.code,
            on=on,
        )
    for piece in pieces:
        refused = piece.restrictions & lane.refuses
        if refused:
            kinds = ", ".join(sorted(refused))
            raise NotCarried(
                f"{lane.code} does not carry {kinds} ({piece.sku}).",
                field="lane",
                lane=lane.code,
                sku=piece.sku,
                kinds=kinds,
            )


def ship_price(lane: Lane, pieces: Sequence[Piece], *, on: date, postcode: str = "") -> LegPrice:
    """What the lane asks to carry the pieces on that day, or a refusal that says which limit stands in the way."""
    _check_lane(lane, pieces, on)
    tariff = lane.tariff
    loads = boxes(pieces, lane)
    billed_g = [chargeable_weight_g(g, mm3, tariff.divisor_cm3_per_kg, tariff.step_g) for g, mm3 in loads]
    return LegPrice(
        lane=lane,
        boxes=len(loads),
        weight_g=sum(grams for grams, _ in loads),
        chargeable_g=sum(billed_g),
        price_minor=sum(price_minor(tariff, grams, postcode, on=on) for grams in billed_g),
        remote=is_remote(tariff, postcode),
    )
