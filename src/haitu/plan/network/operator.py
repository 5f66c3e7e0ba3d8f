"""An operator's whole network as core values: 87 warehouses and hubs, 40 markets, linehaul and last mile.

The same seed and day give the same network; another seed moves prices by up to a tenth and days by a day or two.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from haitu.core.book import Warehouse
from haitu.core.freight import Lane, Tariff
from haitu.core.lead import LeadTime
from haitu.core.place import KM_PER_NM, Place, great_circle_km
from haitu.plan.network.cards import Cards
from haitu.plan.network.days import Days
from haitu.plan.network.places import DATA, world_places
from haitu.plan.sea import SeaNetwork, corridor, sea_network

TABLES = DATA / "network"
SEED = 2026
ROAD_DETOUR = 1.3  # roads and rails are longer than the crow flies: usual value of the literature, about 1.2-1.4
DIRECT_FROM = ("SZX1", "CAN1", "YIW1", "NGB1", "PVG1", "XMN1", "HKG1")
NEAR = frozenset({"JP", "KR", "SG", "MY", "TH", "VN", "PH"})
FAR = frozenset({"US", "CA", "GB", "AU", "NZ"})
SEA_CAPACITY_KG, SEA_CAPACITY_DM3 = 540_000, 1_360_000  # an allotment of 20 40HQ a sailing: assumed
AIR_CAPACITY_KG, AIR_CAPACITY_DM3 = 12_000, 72_000  # an allotment a flight: assumed
BATTERY, LIQUID = "battery", "liquid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A warehouse or hub of the operator; distances are measured from its airport, by sea from its port."""

    id: int
    code: str
    kind: str
    country: str
    city: str
    airport: Place
    port: Place | None
    capacity_dm3: int
    storage_usd_minor: int
    handling_days: int

    @property
    def place(self) -> Place:
        """Where it stands, near enough."""
        return self.port or self.airport


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkMarket:
    """A country sold to, its currency, the card of its last mile and the hubs that serve it from abroad."""

    country: str
    currency: str
    home_card: str
    served_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorNetwork:
    """Sites and warehouses by id, lanes in a fixed order, markets by country; everything assumed unless it says not."""

    sites: Mapping[int, Site]
    warehouses: Mapping[int, Warehouse]
    lanes: tuple[Lane, ...]
    markets: Mapping[str, NetworkMarket]

    @property
    def linehaul(self) -> tuple[Lane, ...]:
        """Lanes between warehouses."""
        return tuple(lane for lane in self.lanes if lane.to_warehouse_id is not None)

    @property
    def last_mile(self) -> tuple[Lane, ...]:
        """Lanes to consumers."""
        return tuple(lane for lane in self.lanes if lane.to_warehouse_id is None)

    @property
    def places(self) -> Mapping[str, Place]:
        """The ports and airports in use, by code."""
        used = (place for site in self.sites.values() for place in (site.airport, site.port) if place is not None)
        return {place.code: place for place in used}


def operator_network(*, on: date, seed: int = SEED) -> OperatorNetwork:
    """The network with the rate cards of that day's year."""
    sites = {site.id: site for site in _sites()}
    markets = {row["country"]: NetworkMarket(**row) for row in _rows("markets.csv")}
    builder = _Builder(sites=sites, markets=markets, year=on.year, seed=seed)
    return OperatorNetwork(
        sites=sites,
        warehouses={site.id: _warehouse(site) for site in sites.values()},
        lanes=(*builder.between_sites(), *builder.to_consumers(), *builder.direct()),
        markets=markets,
    )


def _rows(name: str) -> list[dict[str, str]]:
    with Path(TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _sites() -> Iterator[Site]:
    places = world_places()
    for number, row in enumerate(_rows("sites.csv"), start=1):
        yield Site(
            id=number,
            code=row["code"],
            kind=row["kind"],
            country=row["country"],
            city=row["city"],
            airport=places[row["airport"]],
            port=places[row["port"]] if row["port"] else None,
            capacity_dm3=int(row["capacity_m3"]) * 1_000,
            storage_usd_minor=int(row["storage_usd_minor"]),
            handling_days=int(row["handling_days"]),
        )


def _warehouse(site: Site) -> Warehouse:
    return Warehouse(
        id=site.id,
        code=site.code,
        country=site.country,
        handling_days=site.handling_days,
        storage_minor_per_m3_day=site.storage_usd_minor,
        storage_currency="USD",
        storage_days=30,
        assumed=True,
    )


class _Builder:
    """Makes the lanes one after another; ids count up."""

    def __init__(
        self, *, sites: Mapping[int, Site], markets: Mapping[str, NetworkMarket], year: int, seed: int
    ) -> None:
        self.by_code = {site.code: site for site in sites.values()}
        self.markets, self.cards, self.days = markets, Cards(year), Days()
        self.chance = Random(seed)  # noqa: S311  # repeatable on purpose, nothing to guess
        self.next_id = 1
        self.sea: SeaNetwork = sea_network()

    def between_sites(self) -> Iterator[Lane]:
        """Linehaul, by the table of routes."""
        for row in _rows("routes.csv"):
            origin, target = self.by_code[row["from"]], self.by_code[row["to"]]
            via = (row["via"],) if row["via"] else ()
            yield from {"sea": self._by_sea, "air": self._by_air}.get(row["mode"], self._by_land)(
                row["mode"], origin, target, via
            )

    def _by_sea(self, mode: str, origin: Site, target: Site, via: tuple[str, ...]) -> Iterator[Lane]:
        """Whole containers and shared ones on the same ship."""
        if origin.port is None or target.port is None:
            raise ValueError(f"{origin.code}-{target.code} goes by sea, but one of them has no port")
        route = self.sea.route(origin.port, target.port, closed=corridor(via, ()))
        km = round(route.nm * KM_PER_NM)
        code = f"{origin.code}-{target.code}"
        full = self.cards.containers(f"{code}-FCL", mode, km, self._factor())
        lead = self.days.linehaul(mode, km, self.cards.dwell_days(mode), target.country).shift(
            self.chance.randint(0, 2)
        )
        for tariff, more_days in ((full, 0), (self.cards.shared(f"{code}-LCL", full), 4)):  # LCL waits for its box
            yield self._lane(
                code=tariff.code,
                carrier="Blue Ocean Line",
                service=tariff.code[-3:],
                mode=mode,
                origin=origin,
                target=target,
                tariff=tariff,
                lead=lead.shift(more_days),
                places=(origin.port.code, target.port.code),
                passages=route.passages,
                departures=frozenset({self.chance.randint(0, 6)}),
                capacity=(SEA_CAPACITY_KG, SEA_CAPACITY_DM3),
            )

    def _by_air(self, mode: str, origin: Site, target: Site, _: tuple[str, ...]) -> Iterator[Lane]:
        km = great_circle_km(origin.airport, target.airport)
        code = f"{origin.code}-{target.code}-AIR"
        yield self._lane(
            code=code,
            carrier="Red Kite Cargo",
            mode=mode,
            origin=origin,
            target=target,
            tariff=self.cards.by_weight(code, mode, km, self._factor()),
            lead=self.days.linehaul(mode, km, self.cards.dwell_days(mode), target.country),
            places=(origin.airport.code, target.airport.code),
            departures=frozenset({0, 2, 4, 5}),
            capacity=(AIR_CAPACITY_KG, AIR_CAPACITY_DM3),
            refuses=frozenset({BATTERY}),
        )

    def _by_land(self, mode: str, origin: Site, target: Site, _: tuple[str, ...]) -> Iterator[Lane]:
        km = round(great_circle_km(origin.airport, target.airport) * ROAD_DETOUR)
        code = f"{origin.code}-{target.code}-{mode.upper()}"
        price = self.cards.containers if mode == "rail" else self.cards.by_weight
        yield self._lane(
            code=code,
            carrier="Steppe Rail" if mode == "rail" else "Long Road",
            mode=mode,
            origin=origin,
            target=target,
            tariff=price(code, mode, km, self._factor()),
            lead=self.days.linehaul(mode, km, self.cards.dwell_days(mode), target.country),
            departures=frozenset({1, 4}) if mode == "rail" else frozenset(range(5)),
        )

    def to_consumers(self) -> Iterator[Lane]:
        """From every warehouse abroad to the consumers of its own country and of those it serves beside."""
        for site in self.by_code.values():
            if site.kind == "origin":
                continue
            for market in self.markets.values():
                kind = self._reach(site, market)
                if kind:
                    yield self._parcels(site, market, kind)

    def _reach(self, site: Site, market: NetworkMarket) -> str:
        """home, cross, or nothing."""
        if market.country == site.country:
            return "home"
        european = site.country in self.markets and self.markets[site.country].served_from == "eu"
        if (market.served_from == "eu" and european) or market.served_from == site.code:
            return "cross"
        return ""

    def _parcels(self, site: Site, market: NetworkMarket, kind: str) -> Lane:
        card = market.home_card
        if kind == "cross":
            card = {"eu-home": "eu-cross", "latin-home": "latin-cross"}.get(card, "asia-cross")
        return self._lane(
            code=f"{site.code}-{market.country}",
            carrier=f"{market.country} Parcel" if kind == "home" else "Neighbour Parcel",
            mode="road",
            origin=site,
            country=market.country,
            tariff=self.cards.parcels[card],
            lead=self.days.parcel(kind, market.country),
        )

    def direct(self) -> Iterator[Lane]:
        """Parcels from the factory side to every market: by air with tracking, and by post."""
        for code in DIRECT_FROM:
            for country in self.markets:
                near, far = country in NEAR, country in FAR or self.markets[country].served_from == "eu"
                card = "direct-near" if near else "direct-far" if far else "direct-rare"
                for kind, name, refuses in (
                    ("direct", card, {BATTERY, LIQUID}),
                    ("post", "post-near" if near else "post-far", {BATTERY, LIQUID}),
                ):
                    yield self._lane(
                        code=f"{code}-{country}-{kind.upper()}",
                        carrier="Swift Parcel" if kind == "direct" else "East Post",
                        mode="air" if kind == "direct" else "post",
                        origin=self.by_code[code],
                        country=country,
                        tariff=self.cards.parcels[name],
                        lead=self.days.parcel(kind, country),
                        refuses=frozenset(refuses),
                        incoterms=frozenset({"DDP", "DAP"} if kind == "direct" else {"DAP"}),
                    )

    def _factor(self) -> float:
        return self.chance.uniform(0.9, 1.1)

    def _lane(
        self,
        *,
        code: str,
        carrier: str,
        mode: str,
        origin: Site,
        tariff: Tariff,
        lead: LeadTime,
        target: Site | None = None,
        country: str = "",
        service: str = "",
        places: tuple[str, str] = ("", ""),
        passages: tuple[str, ...] = (),
        departures: frozenset[int] = frozenset(),
        capacity: tuple[int | None, int | None] = (None, None),
        refuses: frozenset[str] = frozenset(),
        incoterms: frozenset[str] = frozenset({"DDP", "DAP"}),
    ) -> Lane:
        number, self.next_id = self.next_id, self.next_id + 1
        return Lane(
            id=number,
            code=code,
            carrier=carrier,
            service=service,
            mode=mode,
            origin_warehouse_id=origin.id,
            origin_country=origin.country,
            destination=target.country if target else country,
            to_warehouse_id=target.id if target else None,
            tariff=tariff,
            days_p50=lead.p50,
            days_p90=lead.p90,
            days=lead.days,
            from_place=places[0],
            to_place=places[1],
            passages=passages,
            departures=departures,
            capacity_kg=capacity[0],
            capacity_dm3=capacity[1],
            refuses=refuses,
            incoterms=incoterms,
        )
