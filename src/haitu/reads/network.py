"""The network as a map shows it: warehouses, lanes with their lines, what is shut, what is late."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Sum

from haitu.core.closure import PASSAGES
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.freight import Tariff, price_minor
from haitu.core.money import FxRate, convert, half_up
from haitu.core.pace import doubt
from haitu.core.place import Place, great_circle_km
from haitu.models import Inbound, Lane, Merchant, Shipment, Stock, Warehouse
from haitu.models import Place as PlaceRow
from haitu.reads.closures import LaneState, Shut, place_of, shut_on
from haitu.reads.exchange import NoExchangeRate, exchange_rate
from haitu.reads.quote import tariff_of, tariffs_on

Point = tuple[float, float]  # latitude, longitude in degrees

HEALTH_DAYS = 90
ROAD_DETOUR_BP = 13_000  # roads and rails are about 1.3 times as long as the crow flies
FULL_40HQ_KG = 18_000  # what a box is reckoned to hold where a price per kg is compared
LINEHAUL_G, PARCEL_G = 1_000_000, 2_000  # the loads whose price per kg is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """A warehouse on the map; `lat` and `lon` in degrees, None where nobody has said where it stands."""

    id: int
    code: str
    name: str
    kind: str
    country: str
    city: str
    lat: float | None
    lon: float | None
    units: int
    open: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """A lane on the map. `points` are (lat, lon), empty where an end has no coordinates or is a whole country.

    `minor_per_kg` is base currency for a usual load; `late_bp` the share of the parcels and loads of the last 90 days
    that came after the p90, None where none came; `doubt` says why the days cannot be true.
    """

    id: int
    code: str
    carrier: str
    service: str
    mode: str
    origin_id: int
    to_id: int | None
    destination: str
    points: tuple[Point, ...]
    distance_km: int | None
    passages: tuple[str, ...]
    open: bool
    reason: str
    days_p50: int
    days_p90: int
    added_days: int
    added_nm: int
    minor_per_kg: int | None
    arrivals: int
    late_bp: int | None
    doubt: Why | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageView:
    """A sea passage that some lane uses, and whether it is shut on the day."""

    code: str
    name: str
    lanes: int
    open: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkView:
    """All of it as of a day."""

    on: date
    sites: tuple[SiteView, ...]
    lanes: tuple[LineView, ...]
    passages: tuple[PassageView, ...]


def network(merchant_id: int, *, now: datetime, last_mile: bool = False) -> NetworkView:
    """The merchant's network as of now: lanes between warehouses, or with `last_mile` those to consumers too."""
    on = now.date()
    shut = shut_on(merchant_id, on)
    sites = list(Warehouse.objects.of(merchant_id).filter(active=True).order_by("code"))
    rows = Lane.objects.of(merchant_id).select_related("tariff").order_by("code")
    lanes = list(rows if last_mile else rows.filter(to__isnull=False))
    lines = _Lines(merchant_id, sites, lanes, shut, now)
    return NetworkView(
        on=on,
        sites=_sites(merchant_id, sites, shut),
        lanes=tuple(lines.view(row) for row in lanes),
        passages=_passages(lanes, shut),
    )


def _sites(merchant_id: int, rows: list[Warehouse], shut: Shut) -> tuple[SiteView, ...]:
    units = dict(
        Stock.objects.of(merchant_id)
        .values("warehouse_id")
        .annotate(units=Sum("on_hand"))
        .values_list("warehouse_id", "units")
    )
    return tuple(_site(row, units.get(row.pk, 0), shut) for row in rows)


def _site(row: Warehouse, units: int, shut: Shut) -> SiteView:
    closure = shut.warehouse(row.pk)
    return SiteView(
        id=row.pk,
        code=row.code,
        name=row.name,
        kind=row.kind,
        country=row.country,
        city=row.city,
        lat=None if row.lat_e6 is None else row.lat_e6 / 1e6,
        lon=None if row.lon_e6 is None else row.lon_e6 / 1e6,
        units=units,
        open=closure is None,
        reason=closure.reason if closure else "",
    )


def _passages(lanes: list[Lane], shut: Shut) -> tuple[PassageView, ...]:
    used = defaultdict[str, int](int)
    for row in lanes:
        for name in row.passages:
            used[name] += 1
    reasons = shut.passage_reasons
    return tuple(
        PassageView(code=name, name=told, lanes=used[name], open=name not in reasons, reason=reasons.get(name, ""))
        for name, told in PASSAGES.items()
        if name in used or name in reasons
    )


class _Lines:
    """What every lane's view needs, read once."""

    def __init__(self, merchant_id: int, sites: list[Warehouse], lanes: list[Lane], shut: Shut, now: datetime) -> None:
        self.shut, self.sites = shut, {row.pk: row for row in sites}
        codes = {code for row in lanes for code in (row.from_place, row.to_place)}
        codes |= {row.place for row in sites}
        self.places = {row.code: place_of(row) for row in PlaceRow.objects.filter(code__in=codes - {""})}
        self.cards = tariffs_on(merchant_id, {row.tariff.code for row in lanes}, shut.on)
        base = Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id)
        self.into_base = _into_base({row.tariff.currency for row in lanes}, base, shut.on)
        self.came = _arrivals(merchant_id, lanes, now)

    def view(self, row: Lane) -> LineView:
        """One lane."""
        state = self.shut.lane(row)
        distance_km, points = self._line(row)
        arrivals, late = self.came.get(row.pk, (0, 0))
        return LineView(
            id=row.pk,
            code=row.code,
            carrier=row.carrier,
            service=row.service,
            mode=row.mode,
            origin_id=row.origin_id,
            to_id=row.to_id,
            destination=row.destination,
            points=points,
            distance_km=distance_km,
            passages=tuple(row.passages),
            open=state.open,
            reason=state.reason,
            days_p50=row.days_p50 + state.added_days,
            days_p90=row.days_p90 + state.added_days,
            added_days=state.added_days,
            added_nm=state.added_nm,
            minor_per_kg=self._minor_per_kg(row),
            arrivals=arrivals,
            late_bp=half_up(10_000 * late, arrivals) if arrivals else None,
            doubt=_doubt(row, state, distance_km),
        )

    def _line(self, row: Lane) -> tuple[int | None, tuple[Point, ...]]:
        """Distance and line; nothing where an end is a country or lies nobody knows where."""
        target = self.sites.get(row.to_id) if row.to_id else None
        origin = self.sites.get(row.origin_id)
        if origin is None or target is None:
            return None, ()
        from haitu.plan.lines import air_line, land_line, sea_line  # noqa: PLC0415  # scipy: only where a map is drawn

        begin, end = self._end(row.from_place, origin), self._end(row.to_place, target)
        try:
            if row.mode == "sea":
                # A lane that stops at a closed passage is drawn on its usual way, as closed.
                closed = self.shut.shut_passages if self.shut.lane(row).open else frozenset[str]()
                return sea_line(begin, end, passages=frozenset(row.passages), closed=closed)
            if row.mode == "air":
                return great_circle_km(begin, end), air_line(begin, end)
            return half_up(great_circle_km(begin, end) * ROAD_DETOUR_BP, 10_000), land_line(begin, end)
        except Refusal:
            return None, ()

    def _end(self, code: str, site: Warehouse) -> Place:
        """Where the lane loads or unloads: its own place, else the warehouse itself."""
        return self.places.get(code) or Place(
            code=site.code, name=site.name, country=site.country, lat_e6=site.lat_e6, lon_e6=site.lon_e6
        )

    def _minor_per_kg(self, row: Lane) -> int | None:
        """Base currency for a kilogram of a usual load; None where the card does not price it."""
        card = tariff_of(self.cards.get(row.tariff.code, row.tariff))
        minor, load_g = _usual(card, LINEHAUL_G if row.to_id else PARCEL_G, self.shut.on)
        rate = self.into_base.get(card.currency)
        return half_up(1000 * convert(minor, rate), load_g) if load_g and rate else None


def _into_base(currencies: set[str], base: str, on: date) -> dict[str, FxRate]:
    """The day's rates into the base currency; a currency without one is left out, and its lanes show no price."""
    known = {}
    for currency in currencies:
        with suppress(NoExchangeRate):
            known[currency] = exchange_rate(currency, base, on=on)
    return known


def _usual(card: Tariff, load_g: int, on: date) -> tuple[int, int]:
    """The price of a usual load and its grams, 0 where there is no price; a card of containers is asked for a 40HQ."""
    if card.basis == "box":
        whole = dict(card.box_minor).get("40HQ")
        return (0, 0) if whole is None else (whole, FULL_40HQ_KG * 1000)
    load_g = min(load_g, card.breaks[-1].up_to_g if card.breaks else 0) // card.step_g * card.step_g
    return (price_minor(card, load_g, on=on), load_g) if load_g else (0, 0)


def _arrivals(merchant_id: int, lanes: list[Lane], now: datetime) -> Mapping[int, tuple[int, int]]:
    """Per lane how many parcels and loads arrived in the last 90 days, and how many of them after the p90."""
    days_p90, since = {row.pk: row.days_p90 for row in lanes}, now - timedelta(days=HEALTH_DAYS)
    parcels = Shipment.objects.of(merchant_id).filter(delivered_at__gte=since, lane_id__in=days_p90)
    loads = Inbound.objects.of(merchant_id).filter(arrived_at__gte=since, departed_at__isnull=False)
    trips: list[tuple[int | None, datetime | None, datetime | None]] = [
        *parcels.values_list("lane_id", "shipped_at", "delivered_at"),
        *loads.filter(lane_id__in=days_p90).values_list("lane_id", "departed_at", "arrived_at"),
    ]
    came: dict[int, tuple[int, int]] = {}
    for lane_id, left, arrived in trips:
        if lane_id is not None and left is not None and arrived is not None:
            count, late = came.get(lane_id, (0, 0))
            came[lane_id] = (count + 1, late + ((arrived.date() - left.date()).days > days_p90[lane_id]))
    return came


def _doubt(row: Lane, state: LaneState, distance_km: int | None) -> Why | None:
    if distance_km is None:
        return None
    return doubt(mode=row.mode, distance_km=distance_km, days_p50=row.days_p50 + state.added_days)
