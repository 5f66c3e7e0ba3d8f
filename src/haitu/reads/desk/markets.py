"""Markets, lanes and rate cards as the desk shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from haitu.core.freight import Break
from haitu.models import Lane, Market, Tariff
from haitu.reads.closures import LaneState, lane_states
from haitu.reads.quote import break_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """A market's settings; amounts in its currency."""

    id: int
    country: str
    currency: str
    languages: tuple[str, ...]
    prices_include_tax: bool
    charm: str
    price_factor_bp: int
    incoterm: str
    registrations: tuple[str, ...]
    shipping_minor: int
    shipping_free_from_minor: int | None
    traffic_minor: int
    returns_bp: int
    assumed: bool
    open: bool
    lanes: int
    open_lanes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """A lane with its rate card's name, as it stands on a day; `to` is the warehouse it leads to, "" a consumer."""

    id: int
    code: str
    carrier: str
    service: str
    mode: str
    origin: str
    to: str
    destination: str
    tariff_id: int
    tariff: str
    tariff_assumed: bool
    days_p50: int
    days_p90: int
    incoterms: tuple[str, ...]
    refuses: tuple[str, ...]
    open: bool
    closed_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffView:
    """A rate card; amounts in its currency."""

    id: int
    code: str
    currency: str
    divisor_cm3_per_kg: int | None
    step_g: int
    breaks: tuple[Break, ...]
    minimum_minor: int
    fuel_bp: int
    remote_minor: int
    remote_postcodes: tuple[str, ...]
    max_weight_g: int | None
    max_side_mm: int | None
    valid_from: date | None
    valid_to: date | None
    assumed: bool
    source: str
    lanes: tuple[str, ...]


def markets(merchant_id: int, *, on: date) -> tuple[MarketView, ...]:
    """In the shop's order, with the lanes that lead to its buyers on that day."""
    lanes: dict[str, list[bool]] = {}
    rows_of_lanes = list(Lane.objects.of(merchant_id).filter(to=None))
    states = lane_states(merchant_id, on, rows_of_lanes)
    for lane in rows_of_lanes:
        lanes.setdefault(lane.destination, []).append(states[lane.pk].open)
    rows = Market.objects.of(merchant_id).order_by("position", "country")
    return tuple(_market(row, lanes.get(row.country, [])) for row in rows)


def market(merchant_id: int, market_id: int, *, on: date) -> MarketView | None:
    """One market, or None if the merchant has no such market."""
    return next((row for row in markets(merchant_id, on=on) if row.id == market_id), None)


def lanes(merchant_id: int, *, on: date, consumers_of: str = "") -> tuple[LaneView, ...]:
    """By destination and code, as they stand on that day; all of them, or those to a country's consumers."""
    query = Lane.objects.of(merchant_id).select_related("origin", "to", "tariff").order_by("destination", "code")
    if consumers_of:
        query = query.filter(destination=consumers_of, to=None)
    rows = list(query)
    states = lane_states(merchant_id, on, rows)
    return tuple(_lane(row, states[row.pk]) for row in rows)


def tariff(merchant_id: int, tariff_id: int) -> TariffView | None:
    """One rate card with the lanes that use it."""
    row = Tariff.objects.of(merchant_id).filter(pk=tariff_id).first()
    if row is None:
        return None
    return TariffView(
        id=row.pk,
        code=row.code,
        currency=row.currency,
        divisor_cm3_per_kg=row.divisor_cm3_per_kg,
        step_g=row.step_g,
        breaks=tuple(break_of(*step) for step in row.breaks),
        minimum_minor=row.minimum_minor,
        fuel_bp=row.fuel_bp,
        remote_minor=row.remote_minor,
        remote_postcodes=tuple(row.remote_postcodes),
        max_weight_g=row.max_weight_g,
        max_side_mm=row.max_side_mm,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        assumed=row.assumed,
        source=row.source,
        lanes=tuple(Lane.objects.of(merchant_id).filter(tariff=row).order_by("code").values_list("code", flat=True)),
    )


def _market(row: Market, lanes: list[bool]) -> MarketView:
    return MarketView(
        id=row.pk,
        country=row.country,
        currency=row.currency,
        languages=tuple(row.languages),
        prices_include_tax=row.prices_include_tax,
        charm=row.charm,
        price_factor_bp=row.price_factor_bp,
        incoterm=row.incoterm,
        registrations=tuple(row.registrations),
        shipping_minor=row.shipping_minor,
        shipping_free_from_minor=row.shipping_free_from_minor,
        traffic_minor=row.traffic_minor,
        returns_bp=row.returns_bp,
        assumed=row.assumed,
        open=row.open,
        lanes=len(lanes),
        open_lanes=sum(lanes),
    )


def _lane(row: Lane, state: LaneState) -> LaneView:
    return LaneView(
        id=row.pk,
        code=row.code,
        carrier=row.carrier,
        service=row.service,
        mode=row.mode,
        origin=row.origin.code,
        to=row.to.code if row.to else "",
        destination=row.destination,
        tariff_id=row.tariff_id,
        tariff=row.tariff.code,
        tariff_assumed=row.tariff.assumed,
        days_p50=row.days_p50 + state.added_days,
        days_p90=row.days_p90 + state.added_days,
        incoterms=tuple(row.incoterms),
        refuses=tuple(row.refuses),
        open=state.open,
        closed_reason=state.reason,
    )
