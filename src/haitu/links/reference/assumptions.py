"""What the demo's data does not hold, from one file a merchant can edit: costs, warehouses, lanes, markets, fees."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from haitu.core.freight import Break, Tariff
from haitu.links.reference.table import Problem
from haitu.links.reference.toml import Document, Entry

LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
CHARM = re.compile(r"none|\d{1,4}")
CODE = re.compile(r"[A-Za-z0-9-]{1,40}")
WHOLE_SHARE_BP = 10_000
MODES = ("none", "post", "courier", "road", "air", "sea", "rail")
LOAD_STEPS = ("planned", "booked", "departed", "arrived", "customs")
INCOTERMS = ("DDP", "DAP")

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedMerchant:
    """Who sells, and in which money the books and the list are kept."""

    name: str
    slug: str
    base_currency: str
    list_currency: str
    list_includes_tax: bool
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedExtraParcel:
    """What a parcel beyond the first counts when ways are compared, from a day on."""

    valid_from: date
    minor: int
    currency: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCosts:
    """What an order of the history cost beyond its goods; money in the base currency."""

    shift: str
    payment_fee_bp: int
    payment_fee_fixed_minor: int
    storage_bp: int
    home_country: str
    home_parcel_minor: int
    home_per_kg_minor: int
    abroad_parcel_minor: int
    abroad_per_kg_minor: int
    traffic_bp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsCosts:
    """Cost of goods as share of the list price, by category where it differs."""

    default_cost_bp: int
    cost_bp: Mapping[str, int]
    origin_country: str

    def cost_minor(self, list_price_minor: int, category: str) -> int:
        """Cost of one piece, half up, at least one minor unit."""
        share_bp = self.cost_bp.get(category, self.default_cost_bp)
        return max(1, (2 * list_price_minor * share_bp + WHOLE_SHARE_BP) // (2 * WHOLE_SHARE_BP))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packing:
    """What wrapping adds to each piece."""

    per_piece_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLevels:
    """How much lies in stock, reckoned from what sold."""

    weeks_of_history: int
    weeks_of_cover: int
    least_units: int
    buffer_units: int
    arrivals: tuple[tuple[int, ...], ...]  # (days ago, share in basis points)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedSupplier:
    """Where loads come from; days from order to departure."""

    code: str
    name: str
    country: str
    currency: str
    days_p50: int
    days_p90: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedLoad:
    """Goods on their way: the first `skus` best sellers, so many of each; freight in base currency."""

    number: str
    origin: str  # the supplier's code, or a warehouse's
    to: str
    step: str
    days_ago: int
    skus: int
    units_each: int
    freight_minor: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedWarehouse:
    """A warehouse, its share of the stock and its first leg from the origin; `place` and `port` as core.place codes."""

    code: str
    name: str
    kind: str
    country: str
    city: str
    place: str
    port: str
    time_zone: str
    handling_days: int
    storage_minor_per_m3_day: int
    storage_currency: str
    storage_days: int
    stock_share_bp: int
    inbound_mode: str
    inbound_minor_per_kg: int
    inbound_currency: str
    inbound_days: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedLane:
    """A carrier's service from a warehouse (by code) to a country, priced by a tariff (by code)."""

    code: str
    carrier: str
    service: str
    mode: str
    origin: str
    destination: str
    tariff: str
    days_p50: int
    days_p90: int
    incoterms: tuple[str, ...]
    refuses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedMarket:
    """A country as the demo merchant sells there; fields as in core.market.Market."""

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
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedOutlet:
    """A place of sale and its commission."""

    code: str
    name: str
    fee_bp: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumedPayment:
    """The payment provider's fee: a share and a fixed part by currency."""

    provider: str
    fee_bp: int
    fee_fixed: Mapping[str, int]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumptions:
    """The whole file."""

    merchant: AssumedMerchant
    history: PastCosts
    goods: GoodsCosts
    packing: Packing
    stock: StockLevels
    extra_parcels: tuple[AssumedExtraParcel, ...]
    supplier: AssumedSupplier
    loads: tuple[AssumedLoad, ...]
    warehouses: tuple[AssumedWarehouse, ...]
    tariffs: tuple[Tariff, ...]
    lanes: tuple[AssumedLane, ...]
    markets: tuple[AssumedMarket, ...]
    outlets: tuple[AssumedOutlet, ...]
    payment: AssumedPayment


def parse_assumptions(path: Path) -> tuple[Assumptions, tuple[Problem, ...]]:
    """The file's values; a warehouse, tariff, lane, market or outlet with a problem is left out and told."""
    problems: list[Problem] = []
    document = Document(path, problems)
    warehouses = {entry.given("code"): value for entry, value in _read(document, "warehouse", _warehouse)}
    tariffs = {entry.given("code"): value for entry, value in _read(document, "tariff", _tariff)}
    lanes = []
    for entry in document.entries("lane"):
        lane = _lane(entry)
        entry.one_of("origin", warehouses)
        entry.one_of("tariff", tariffs)
        if entry.sound:
            lanes.append(lane)
    supplier = _supplier(document.entry("supplier"))
    loads = []
    for entry in document.entries("load"):
        load = _load(entry)
        entry.one_of("from", [supplier.code, *warehouses])
        entry.one_of("to", warehouses)
        if entry.sound:
            loads.append(load)
    _shares_make_the_whole(document, [warehouse.stock_share_bp for warehouse in warehouses.values()])
    return Assumptions(
        merchant=_merchant(document.entry("merchant")),
        history=_history(document.entry("history")),
        goods=_goods(document.entry("goods")),
        packing=_packing(document.entry("packing")),
        stock=_stock(document.entry("stock")),
        extra_parcels=tuple(value for _, value in _read(document, "extra_parcel", _extra_parcel)),
        supplier=supplier,
        loads=tuple(loads),
        warehouses=tuple(warehouses.values()),
        tariffs=tuple(tariffs.values()),
        lanes=tuple(lanes),
        markets=tuple(value for _, value in _read(document, "market", _market)),
        outlets=tuple(value for _, value in _read(document, "outlet", _outlet)),
        payment=_payment(document.entry("payment")),
    ), tuple(problems)


def _read(document: Document, name: str, reader: Callable[[Entry], Value]) -> list[tuple[Entry, Value]]:
    """The sound entries of an array with their values."""
    read = [(entry, reader(entry)) for entry in document.entries(name)]
    return [(entry, value) for entry, value in read if entry.sound]


def _shares_make_the_whole(document: Document, shares_bp: list[int]) -> None:
    if sum(shares_bp) != WHOLE_SHARE_BP:
        document.problems.append(
            Problem(
                line=1,
                column="stock_share_bp",
                given=f"{sum(shares_bp)} in all warehouses",
                wanted=f"shares that sum to {WHOLE_SHARE_BP}",
            )
        )


def _merchant(entry: Entry) -> AssumedMerchant:
    entry.only(("name", "slug", "base_currency", "list_currency", "list_includes_tax", "time_zone"))
    return AssumedMerchant(
        name=entry.text("name"),
        slug=entry.matching("slug", CODE, "letters, digits and hyphens"),
        base_currency=entry.currency("base_currency"),
        list_currency=entry.currency("list_currency"),
        list_includes_tax=entry.yes("list_includes_tax"),
        time_zone=entry.text("time_zone"),
    )


def _history(entry: Entry) -> PastCosts:
    entry.only((*PastCosts.__dataclass_fields__, "why"))
    return PastCosts(
        shift=entry.one_of("shift", ("whole_weeks",)),
        payment_fee_bp=entry.whole("payment_fee_bp"),
        payment_fee_fixed_minor=entry.whole("payment_fee_fixed_minor"),
        storage_bp=entry.whole("storage_bp"),
        home_country=entry.country("home_country"),
        home_parcel_minor=entry.whole("home_parcel_minor"),
        home_per_kg_minor=entry.whole("home_per_kg_minor"),
        abroad_parcel_minor=entry.whole("abroad_parcel_minor"),
        abroad_per_kg_minor=entry.whole("abroad_per_kg_minor"),
        traffic_bp=entry.whole("traffic_bp"),
    )


def _goods(entry: Entry) -> GoodsCosts:
    entry.only(("default_cost_bp", "origin_country", "cost_bp", "why"))
    return GoodsCosts(
        default_cost_bp=entry.whole("default_cost_bp"),
        cost_bp=entry.numbers_by_name("cost_bp"),
        origin_country=entry.country("origin_country"),
    )


def _packing(entry: Entry) -> Packing:
    entry.only(Packing.__dataclass_fields__)
    return Packing(per_piece_g=entry.whole("per_piece_g"))


def _stock(entry: Entry) -> StockLevels:
    entry.only(StockLevels.__dataclass_fields__)
    return StockLevels(
        weeks_of_history=entry.whole("weeks_of_history", least=1),
        weeks_of_cover=entry.whole("weeks_of_cover", least=1),
        least_units=entry.whole("least_units"),
        buffer_units=entry.whole("buffer_units"),
        arrivals=_arrivals(entry),
    )


def _arrivals(entry: Entry) -> tuple[tuple[int, ...], ...]:
    arrivals = entry.triples("arrivals", 2)
    if arrivals and sum(share for _days, share in arrivals) != WHOLE_SHARE_BP:
        entry.wrong("arrivals", f"shares that make {WHOLE_SHARE_BP} basis points together")
    return arrivals


def _extra_parcel(entry: Entry) -> AssumedExtraParcel:
    entry.only(AssumedExtraParcel.__dataclass_fields__)
    return AssumedExtraParcel(
        valid_from=entry.day("valid_from"),
        minor=entry.whole("minor"),
        currency=entry.currency("currency"),
        why=entry.text("why", longest=200),
    )


def _supplier(entry: Entry) -> AssumedSupplier:
    entry.only(AssumedSupplier.__dataclass_fields__)
    days_p50 = entry.whole("days_p50")
    return AssumedSupplier(
        code=entry.matching("code", CODE, "letters, digits and hyphens"),
        name=entry.text("name"),
        country=entry.country("country"),
        currency=entry.currency("currency"),
        days_p50=days_p50,
        days_p90=entry.whole("days_p90", least=days_p50),
        why=entry.text("why"),
    )


def _load(entry: Entry) -> AssumedLoad:
    entry.only(("from", *(name for name in AssumedLoad.__dataclass_fields__ if name != "origin")))
    return AssumedLoad(
        number=entry.matching("number", CODE, "letters, digits and hyphens"),
        origin=entry.given("from"),
        to=entry.given("to"),
        step=entry.one_of("step", LOAD_STEPS),
        days_ago=entry.whole("days_ago"),
        skus=entry.whole("skus", least=1),
        units_each=entry.whole("units_each", least=1),
        freight_minor=entry.whole("freight_minor"),
        why=entry.text("why"),
    )


def _warehouse(entry: Entry) -> AssumedWarehouse:
    entry.only(AssumedWarehouse.__dataclass_fields__)
    return AssumedWarehouse(
        code=entry.matching("code", CODE, "letters, digits and hyphens"),
        name=entry.text("name"),
        kind=entry.one_of("kind", ("origin", "transit", "overseas")),
        country=entry.country("country"),
        city=entry.given("city"),
        place=entry.text("place"),
        port=entry.text("port"),
        time_zone=entry.text("time_zone"),
        handling_days=entry.whole("handling_days"),
        storage_minor_per_m3_day=entry.whole("storage_minor_per_m3_day"),
        storage_currency=entry.currency("storage_currency"),
        storage_days=entry.whole("storage_days"),
        stock_share_bp=entry.whole("stock_share_bp"),
        inbound_mode=entry.one_of("inbound_mode", MODES),
        inbound_minor_per_kg=entry.whole("inbound_minor_per_kg"),
        inbound_currency=entry.currency("inbound_currency"),
        inbound_days=entry.whole("inbound_days"),
        why=entry.text("why"),
    )


def _tariff(entry: Entry) -> Tariff:
    entry.only(
        "code currency divisor_cm3_per_kg step_g breaks minimum_minor fuel_bp remote_minor remote_postcodes"
        " max_weight_g max_side_mm why".split()
    )
    breaks = entry.triples("breaks")
    if [up_to_g for up_to_g, _, _ in breaks] != sorted({up_to_g for up_to_g, _, _ in breaks}):
        entry.wrong("breaks", "breaks of rising weight")
    return Tariff(
        code=entry.matching("code", CODE, "letters, digits and hyphens"),
        currency=entry.currency("currency"),
        breaks=tuple(Break(up_to_g=g, base_minor=base, per_step_minor=per_step) for g, base, per_step in breaks),
        divisor_cm3_per_kg=entry.maybe_whole("divisor_cm3_per_kg", least=1),
        step_g=entry.whole("step_g", least=1),
        minimum_minor=entry.maybe_whole("minimum_minor") or 0,
        fuel_bp=entry.whole("fuel_bp"),
        remote_minor=entry.maybe_whole("remote_minor") or 0,
        remote_postcodes=entry.texts("remote_postcodes"),
        max_weight_g=entry.maybe_whole("max_weight_g", least=1),
        max_side_mm=entry.maybe_whole("max_side_mm", least=1),
        assumed=True,
        source=entry.text("why", longest=200),
    )


def _lane(entry: Entry) -> AssumedLane:
    entry.only(AssumedLane.__dataclass_fields__)
    days_p50 = entry.whole("days_p50")
    if not (incoterms := entry.texts("incoterms")) or set(incoterms) - set(INCOTERMS):
        entry.wrong("incoterms", "a list of DDP, DAP or both")
    return AssumedLane(
        code=entry.matching("code", CODE, "letters, digits and hyphens"),
        carrier=entry.text("carrier"),
        service=entry.given("service"),
        mode=entry.one_of("mode", MODES),
        origin=entry.given("origin"),
        destination=entry.country("destination"),
        tariff=entry.given("tariff"),
        days_p50=days_p50,
        days_p90=entry.whole("days_p90", least=days_p50),
        incoterms=incoterms,
        refuses=entry.texts("refuses"),
    )


def _market(entry: Entry) -> AssumedMarket:
    entry.only(AssumedMarket.__dataclass_fields__)
    languages = entry.texts("languages")
    if not languages or not all(LANGUAGE.fullmatch(language) for language in languages):
        entry.wrong("languages", "language tags such as de or pt-BR, the default first")
    return AssumedMarket(
        country=entry.country("country"),
        currency=entry.currency("currency"),
        languages=languages,
        prices_include_tax=entry.yes("prices_include_tax"),
        charm=entry.matching("charm", CHARM, "one to four digits, or none"),
        price_factor_bp=entry.whole("price_factor_bp", least=1),
        incoterm=entry.one_of("incoterm", INCOTERMS),
        registrations=entry.texts("registrations"),
        shipping_minor=entry.whole("shipping_minor"),
        shipping_free_from_minor=entry.maybe_whole("shipping_free_from_minor"),
        traffic_minor=entry.whole("traffic_minor"),
        returns_bp=entry.whole("returns_bp"),
        why=entry.text("why"),
    )


def _outlet(entry: Entry) -> AssumedOutlet:
    entry.only(AssumedOutlet.__dataclass_fields__)
    return AssumedOutlet(
        code=entry.matching("code", CODE, "letters, digits and hyphens"),
        name=entry.text("name"),
        fee_bp=entry.whole("fee_bp"),
        why=entry.text("why"),
    )


def _payment(entry: Entry) -> AssumedPayment:
    entry.only(AssumedPayment.__dataclass_fields__)
    return AssumedPayment(
        provider=entry.text("provider"),
        fee_bp=entry.whole("fee_bp"),
        fee_fixed=entry.numbers_by_name("fee_fixed"),
        why=entry.text("why"),
    )
