"""What a quote is made of and what it says: frozen values only; the arithmetic is in quote.py."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from haitu.core.customs import Threshold
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.extra_parcel import ExtraParcel
from haitu.core.freight import Lane, Piece
from haitu.core.landed import Waterfall
from haitu.core.market import Market
from haitu.core.money import Exchange, FxRate, convert_back
from haitu.core.stock import StockAt
from haitu.core.tariff import DutyLine
from haitu.core.tax import TaxRate, rate_on
from haitu.core.territory import vat_area_of
from haitu.core.workdays import Workdays, handed_over

V = TypeVar("V")
EVERY_DAY = Workdays()
MOST_KNOWN = 10_000  # answers kept per Terms; regions come from strangers' forms


class UnknownVariant(Refusal):
    """The variant is not for sale."""

    code = "unknown_variant"


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketLine:
    """So many of a variant; lines of the same variant are one wish."""

    variant_id: int
    quantity: int


Basket = tuple[BasketLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A variant as a market sells it. `list_minor` is net, in the list currency; `override_minor` is as shown."""

    variant_id: int
    sku: str
    title: str
    list_minor: int
    override_minor: int | None = None
    tax_category: str = "standard"
    hs_code: str = ""
    origin_country: str = ""
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    restrictions: frozenset[str] = frozenset()
    duty_lines: tuple[DutyLine, ...] = ()
    assumed: bool = False

    @property
    def volume_mm3(self) -> int | None:
        """The volume of one unit, None where a side is missing."""
        return (self.length_mm or 0) * (self.width_mm or 0) * (self.height_mm or 0) or None

    def pieces(self, quantity: int) -> Piece:
        """So many of them, to be sent."""
        return Piece(
            sku=self.sku,
            quantity=quantity,
            weight_g=self.weight_g,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            restrictions=self.restrictions,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Warehouse:
    """Where stock lies: days until a parcel is handed over, and what lying there costs.

    `handling_days` from the day of the terms; `work_days` of the `calendar` is what they are made of.
    After the `cut_off`, in its `time_zone`, an order counts for the next day; without one the day is enough.
    """

    id: int
    code: str
    country: str
    handling_days: int = 0
    work_days: int = 0
    calendar: Workdays = EVERY_DAY
    cut_off: time | None = None
    time_zone: str = "UTC"
    storage_minor_per_m3_day: int = 0
    storage_currency: str = "USD"
    storage_days: int = 0
    assumed: bool = False

    def at(self, ordered: datetime, on: date) -> Warehouse:
        """The warehouse as an order of that moment meets it, with its days counted from `on`."""
        if self.cut_off is None:
            return self
        local = ordered.astimezone(ZoneInfo(self.time_zone))
        leaves = handed_over(local, cut_off=self.cut_off, handling_days=self.work_days, workdays=self.calendar)
        return replace(self, handling_days=max((leaves - on).days, 0))

    def cut_offs(self, on: date) -> tuple[datetime, ...]:
        """The moments of the (UTC) day after which it hands over later; 0 or 1, or 2 when clocks are turned."""
        if self.cut_off is None:
            return ()
        zone = ZoneInfo(self.time_zone)
        each = (datetime.combine(on + timedelta(day), self.cut_off, zone).astimezone(UTC) for day in (-1, 0, 1))
        return tuple(moment for moment in each if moment.date() == on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where to; region and postcode are "" until the buyer has told them."""

    country: str
    region: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that holds for every basket of one market: keep it as long as the merchant's version does not change.

    `list_fx`: list currency → market; `base_fx`: market → merchant's base currency (frozen on the order); `fx`: other
    currencies → market. Answers worked out from it alone are remembered, which a frozen value allows.
    """

    market: Market
    base_currency: str
    list_fx: FxRate
    base_fx: FxRate
    fx: Mapping[str, FxRate]
    tax_rates: tuple[TaxRate, ...]
    thresholds: tuple[Threshold, ...] = ()
    warehouses: Mapping[int, Warehouse]
    lanes: tuple[Lane, ...]
    outlet_fee_bp: int = 0
    payment_fee_bp: int = 0
    payment_fee_fixed_minor: int = 0
    extra_parcel: ExtraParcel | None = None
    _known: dict[Hashable, Any] = field(init=False, repr=False, compare=False, default_factory=dict)

    def known(self, key: Hashable, answer: Callable[[], V]) -> V:
        """The answer to a question about these terms, worked out once."""
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = answer()
        found: V = self._known[key]
        return found

    def tax_rate(self, category: str, region: str, on: date) -> TaxRate:
        """The market's tax on that category, in that region, on that day."""
        return self.known(
            ("tax", category, region, on),
            lambda: rate_on(self.tax_rates, country=self.market.country, region=region, category=category, on=on),
        )

    def lanes_from(self, warehouse_id: int) -> tuple[Lane, ...]:
        """The lanes, open or closed, from a warehouse to the market's consumers."""
        return self.known(
            ("lanes", warehouse_id),
            lambda: tuple(
                lane
                for lane in self.lanes
                if lane.origin_warehouse_id == warehouse_id
                and lane.destination == self.market.country
                and lane.to_warehouse_id is None
            ),
        )

    def crosses_border(self, warehouse_id: int, on: date) -> bool:
        """Whether goods from there pass customs on the way to the buyer."""
        return self.known(
            ("border", warehouse_id, on),
            lambda: vat_area_of(self.warehouses[warehouse_id].country, on) != vat_area_of(self.market.country, on),
        )

    def in_market(self, minor: int, currency: str) -> int:
        """An amount in the market's currency."""
        exchange = self.known(
            "exchange",
            lambda: Exchange(currency=self.market.currency, rates=self.fx, on=self.base_fx.on),
        )
        return minor if currency == self.market.currency else exchange.take(minor, currency)

    @property
    def extra_parcel_minor(self) -> int:
        """What a parcel beyond the first counts, in the market's currency."""
        extra = self.extra_parcel
        return self.known("extra parcel", lambda: self.in_market(extra.minor, extra.currency)) if extra else 0

    def from_base(self, minor: int) -> int:
        """An amount of the merchant's base currency in the market's, by the rate the order will freeze."""
        return minor if self.base_currency == self.market.currency else convert_back(minor, self.base_fx)

    def storage_milli_per_m3_day(self, warehouse_id: int) -> int:
        """A warehouse's storage tariff in thousandths of the market's minor unit."""
        warehouse = self.warehouses[warehouse_id]
        return self.known(
            ("storage", warehouse_id),
            lambda: self.in_market(1000 * warehouse.storage_minor_per_m3_day, warehouse.storage_currency),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Terms, the items asked about, and their stock as it is now."""

    terms: Terms
    items: Mapping[int, Item]
    stock: tuple[StockAt, ...]

    def item(self, variant_id: int) -> Item:
        """The item of a variant."""
        if variant_id not in self.items:
            raise UnknownVariant(
                f"Variant {variant_id} is not for sale in {self.terms.market.country}.",
                field="variant",
                variant_id=variant_id,
            )
        return self.items[variant_id]

    def sku(self, variant_id: int) -> str:
        """The name people use."""
        return self.item(variant_id).sku


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteLine:
    """Units of one variant in one parcel. `tax_minor` is what the seller remits, inside or on top of the amount and
    the line's share of shipping; `duty_minor` and `import_vat_minor` are what the buyer is charged apart for them.
    """

    variant_id: int
    sku: str
    title: str
    stock_id: int
    warehouse_id: int
    lane_id: int
    parcel: int
    quantity: int
    unit_minor: int
    amount_minor: int
    tax_rate_bp: int
    tax_minor: int
    duty_minor: int
    import_vat_minor: int
    hs_code: str
    origin_country: str
    duty_text: str
    waterfall: Waterfall
    assumed: bool
    afloat: int = 0  # of the units, so many are still on their way to the warehouse
    held_back: int = 0  # units on their way that were not counted as for sale (see core.afloat)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteParcel:
    """One consignment: from where, by which lane, in how many boxes, what it costs us, when it is there.

    `ships`: the day it leaves at the latest where it waits for goods on their way (a pre-order), else None.
    """

    warehouse_id: int
    warehouse: str
    country: str
    lane_id: int
    lane: str
    carrier: str
    service: str
    boxes: int
    weight_g: int
    chargeable_g: int
    freight_minor: int
    earliest: date
    latest: date
    scheme: str
    incoterm: str
    ships: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A basket priced, taxed, routed and explained; minor units of `currency`.

    total = goods + shipping + duty + import_tax, + tax where it is not included. `tax_minor` is what the seller
    remits; `duty_minor` and `import_tax_minor` are charged apart at checkout. `digest` covers what the buyer saw.
    """

    currency: str
    market_id: int
    lines: tuple[QuoteLine, ...]
    parcels: tuple[QuoteParcel, ...]
    goods_minor: int
    shipping_minor: int
    duty_minor: int
    tax_minor: int
    import_tax_minor: int
    total_minor: int
    tax_included: bool
    incoterm: str
    duty_paid_by: str
    earliest: date
    latest: date
    base_fx: FxRate
    why: tuple[Why, ...]
    digest: str

    @property
    def ships(self) -> date | None:
        """The day on which the last parcel that waits for goods on their way leaves; None: nothing is a pre-order."""
        return max((parcel.ships for parcel in self.parcels if parcel.ships), default=None)

    @property
    def afloat(self) -> dict[int, int]:
        """Variant → units of it that are still on their way."""
        waiting: dict[int, int] = {}
        for line in self.lines:
            if line.afloat:
                waiting[line.variant_id] = waiting.get(line.variant_id, 0) + line.afloat
        return waiting

    @property
    def waterfall(self) -> Waterfall:
        """All lines together."""
        return sum((line.waterfall for line in self.lines), Waterfall())


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a product page may say about one unit: how many there are, when it comes, from where, who pays duty.

    `ships`: all of them are on their way to us, and leave on that day at the latest (a pre-order); None: they are
    there. So many more are `afloat`.
    """

    available: int
    earliest: date
    latest: date
    warehouse_id: int
    country: str
    lane_id: int
    carrier: str
    incoterm: str
    duty_paid_by: str
    ships: date | None = None
    afloat: int = 0
