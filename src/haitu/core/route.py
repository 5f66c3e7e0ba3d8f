"""Which warehouse sends what by which lane, and what tax and customs make of that parcel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import NamedTuple

from haitu.core.book import Book, Destination, Item, Terms, Warehouse
from haitu.core.customs import Consignment, ImportCharges, charges
from haitu.core.errors import Refusal
from haitu.core.freight import Lane, LegPrice, Piece, UnknownWeight, ship_price
from haitu.core.market import Market, shelf_price
from haitu.core.money import RateMissing, half_up, split
from haitu.core.stock import Units, unit_value
from haitu.core.tariff import DutyUnknown, Goods
from haitu.core.tax import NoTaxRate, TaxRate, tax_inside, tax_on_top
from haitu.core.territory import territory_of

# A refusal of these kinds says that we do not know, which is not the same as "we do not deliver".
UNKNOWN = (UnknownWeight, DutyUnknown, NoTaxRate, RateMissing)


class TaxedTwice(Refusal):
    """The price contains the tax that the border would take from the buyer once more."""

    code = "taxed_twice"


class NotForSaleHere(Refusal):
    """The prices are those of one country, the destination is in another."""

    code = "not_for_sale_here"


class TooLate(Refusal):
    """The lane arrives later than was promised."""

    code = "too_late"


class NotDelivered(Refusal):
    """No lane takes it there; `reasons` has every lane's refusal."""

    code = "not_delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one warehouse would send some units: lane, what border and tax take, and what all of it costs."""

    warehouse: Warehouse
    leg: LegPrice
    freight_minor: int
    shipping_minor: tuple[int, ...]  # of what the buyer pays for delivery, per line
    rates: tuple[TaxRate, ...]
    crosses: bool
    border: ImportCharges
    carriage_minor: int  # freight, tax, duty, import VAT
    cost_minor: int  # with goods and inbound
    days_p50: int
    days_p90: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a page says of one unit from one warehouse: all that does not change with the stock.

    `carriage_minor`: freight, tax, duty and import VAT.
    """

    warehouse: Warehouse
    lane: Lane
    carriage_minor: int
    duty_paid_by: str
    days_p50: int
    days_p90: int


class _Taken(NamedTuple):
    """What customs and tax take of a parcel, from any warehouse on that side of the borders, or why it cannot pass."""

    country: str
    rates: tuple[TaxRate, ...]
    border: ImportCharges
    minor: int  # tax the seller remits, duty, import VAT


_Taking = tuple[tuple[bool, bool], tuple[tuple[int, int], ...], tuple[int, ...]]  # side, units, shares of delivery


class Asking:
    """One question to a Book: these goods, there, on that day. Called with a warehouse and units it finds the way.

    `within_days`: lanes that arrive later than so many days are refused. `shipping_minor`: what the buyer pays for
    delivery, where that is settled already (an order); else the market's price.
    """

    __slots__ = (
        "_taken",
        "book",
        "demand",
        "goods_minor",
        "on",
        "prices",
        "shipping_minor",
        "stock",
        "terms",
        "to",
        "within_days",
    )

    def __init__(
        self,
        demand: Units,
        book: Book,
        to: Destination,
        on: date,
        *,
        within_days: int | None = None,
        shipping_minor: int | None = None,
    ) -> None:
        self.book, self.terms, self.to, self.on, self.demand = book, book.terms, to, on, demand
        self.within_days = within_days
        self.prices = {variant: shelf(variant, book, on) for variant in demand}
        self.goods_minor = sum(self.prices[variant] * quantity for variant, quantity in demand.items())
        usual_minor = shipping(self.terms.market, self.goods_minor)
        self.shipping_minor = usual_minor if shipping_minor is None else shipping_minor
        self.stock = {
            (at.warehouse_id, at.variant_id): at
            for at in book.stock
            if at.variant_id in demand and at.warehouse_id in self.terms.warehouses
        }
        self._taken: dict[_Taking, _Taken | Refusal] = {}

    def __call__(self, warehouse_id: int, units: Units) -> Way:
        """The cheapest open lane for the units as one parcel, or a refusal that names every lane's reason."""
        warehouse = self.terms.warehouses[warehouse_id]
        items = [(self.book.item(variant), quantity) for variant, quantity in units.items()]
        leg, freight_minor = self._cheapest_lane(warehouse, items)
        return self.way(warehouse, leg, freight_minor, units, self.delivery(units))

    def by_lane(self, lane: Lane, units: Units) -> Way:
        """The way by one lane, or why it does not take the units."""
        warehouse = self.terms.warehouses[lane.origin_warehouse_id]
        leg, freight_minor = self.leg(lane, units)
        return self.way(warehouse, leg, freight_minor, units, self.delivery(units))

    def leg(self, lane: Lane, units: Units) -> tuple[LegPrice, int]:
        """What that lane asks for the units as one parcel, with its price in the market's currency."""
        pieces = [self.book.item(variant).pieces(quantity) for variant, quantity in units.items()]
        return self._by(self.terms.warehouses[lane.origin_warehouse_id], lane, pieces)

    def delivery(self, units: Units) -> tuple[int, ...]:
        """What each line of a parcel bears of what the buyer pays for delivery: by value."""
        amounts = self.amounts(units)
        part_minor = self.shipping_minor
        if len(units) < len(self.demand) or units != self.demand:  # a parcel of several: its share
            part_minor = half_up(self.shipping_minor * sum(amounts), self.goods_minor or 1)
        return split(part_minor, amounts)

    def _at_home(self, warehouse: Warehouse, units: Units, rates: Sequence[TaxRate]) -> ImportCharges:
        """What is said of a parcel that crosses no border: nothing but the number of its lines matters."""
        region = self.to.region or self.terms.market.region
        key = ("at home", warehouse.country, len(units), region, self.on)
        return self.terms.known(key, lambda: self.border(warehouse, units, (0,) * len(units), rates))

    def side(self, warehouse_id: int) -> tuple[bool, bool]:
        """Which borders lie between a warehouse and the buyer: that of the tax area, that of the customs territory."""
        terms = self.terms
        country = terms.warehouses[warehouse_id].country
        return terms.known(
            ("side", warehouse_id, self.on),
            lambda: (
                terms.crosses_border(warehouse_id, self.on),
                territory_of(country, self.on) != territory_of(terms.market.country, self.on),
            ),
        )

    def amounts(self, units: Units) -> list[int]:
        """Shelf price × quantity, per line."""
        return [self.prices[variant] * quantity for variant, quantity in units.items()]

    def way(
        self, warehouse: Warehouse, leg: LegPrice, freight_minor: int, units: Units, shipping_minor: tuple[int, ...]
    ) -> Way:
        """The way by a chosen lane, the lines bearing these shares of what the buyer pays for delivery."""
        terms = self.terms
        taken = self.taken(warehouse, units, shipping_minor, told=True)
        carriage_minor = freight_minor + taken.minor
        return Way(
            warehouse=warehouse,
            leg=leg,
            freight_minor=freight_minor,
            shipping_minor=shipping_minor,
            rates=taken.rates,
            crosses=terms.crosses_border(warehouse.id, self.on),
            border=taken.border,
            carriage_minor=carriage_minor,
            cost_minor=carriage_minor + self.worth_minor(warehouse.id, units),
            days_p50=warehouse.handling_days + leg.lane.days_p50,
            days_p90=warehouse.handling_days + leg.lane.days_p90,
        )

    def rates(self, variants: Iterable[int]) -> tuple[TaxRate, ...]:
        region = self.to.region or self.terms.market.region
        return tuple(self.terms.tax_rate(self.book.item(variant).tax_category, region, self.on) for variant in variants)

    def taken(
        self, warehouse: Warehouse, units: Units, shipping_minor: tuple[int, ...], *, told: bool = False
    ) -> _Taken:
        """What customs and tax take of a parcel; `told`: explained with the name of the country it comes from."""
        key = (self.side(warehouse.id), tuple(units.items()), shipping_minor)
        taken = self._taken.get(key)
        if isinstance(taken, Refusal):
            raise taken
        if taken is None or (told and taken.country != warehouse.country):
            rates = self.rates(units)
            try:
                border = (
                    self.border(warehouse, units, shipping_minor, rates)
                    if self.side(warehouse.id)[0]
                    else self._at_home(warehouse, units, rates)
                )
                self._check_taxed_once(border)
            except Refusal as refusal:
                self._taken[key] = refusal
                raise
            tax_minor = self._tax_minor(units, shipping_minor, rates) if border.seller_taxes else 0
            minor = tax_minor + sum(border.duty_minor) + sum(border.import_vat_minor)
            taken = self._taken[key] = _Taken(warehouse.country, rates, border, minor)
        return taken

    def _check_taxed_once(self, border: ImportCharges) -> None:
        """Refuses a price shown with tax on goods whose import VAT the buyer would have to pay on arrival."""
        market = self.terms.market
        if (
            market.prices_include_tax
            and border.paid_by == "buyer"
            and (any(border.import_vat_minor) or not border.known)
        ):
            raise TaxedTwice(
                f"Prices for {market.country} are shown with tax, but delivered {market.incoterm} the buyer pays "
                "import tax again on arrival. Deliver DDP, or show prices without tax.",
                field="incoterm",
                country=market.country,
                incoterm=market.incoterm,
            )

    def reach(self, warehouse_id: int, variant_id: int) -> Reach | None:
        """The way of one unit as far as it rests on the terms alone, remembered with them; None: there is none."""
        item = self.book.item(variant_id)
        # The item is kept beside the answer, so that its identity is not given to another.
        key = ("reach", id(item), warehouse_id, self.to, self.on)
        found: tuple[Item, Reach | None] = self.terms.known(key, lambda: (item, self._reach(warehouse_id, item)))
        return found[1]

    def _reach(self, warehouse_id: int, item: Item) -> Reach | None:
        try:
            way = self(warehouse_id, {item.variant_id: 1})
        except Refusal:
            return None
        return Reach(
            warehouse=way.warehouse,
            lane=way.leg.lane,
            carriage_minor=way.carriage_minor,
            duty_paid_by=way.border.paid_by,
            days_p50=way.days_p50,
            days_p90=way.days_p90,
        )

    def _tax_minor(self, units: Units, shipping_minor: Sequence[int], rates: Sequence[TaxRate]) -> int:
        """What the seller remits of the parcel."""
        tax = tax_inside if self.terms.market.prices_include_tax else tax_on_top
        charged = zip(self.amounts(units), shipping_minor, rates, strict=True)
        return sum(tax(amount + share, rate.rate_bp) for amount, share, rate in charged)

    def _cheapest_lane(self, warehouse: Warehouse, items: Sequence[tuple[Item, int]]) -> tuple[LegPrice, int]:
        """The leg that costs least, of equals the earliest, with its price in the market's currency."""
        pieces = [item.pieces(quantity) for item, quantity in items]
        best: tuple[LegPrice, int] | None = None
        best_rank = (0, 0)
        reasons: list[Refusal] = []
        for lane in self.terms.lanes_from(warehouse.id):
            try:
                leg, freight_minor = self._by(warehouse, lane, pieces)
            except Refusal as refusal:
                reasons.append(refusal)
                continue
            rank = (freight_minor, lane.days_p90)
            if best is None or rank < best_rank:
                best, best_rank = (leg, freight_minor), rank
        if best is None:
            raise not_delivered(reasons or [NotDelivered(f"No lane leads from {warehouse.code} to {self.to.country}.")])
        return best

    def _by(self, warehouse: Warehouse, lane: Lane, pieces: Sequence[Piece]) -> tuple[LegPrice, int]:
        """The leg by that lane, with its price in the market's currency."""
        check_lane_label(lane, self.terms, self.on)
        days = warehouse.handling_days + lane.days_p90
        if self.within_days is not None and days > self.within_days:
            raise TooLate(
                f"{lane.code} takes {days} days; {self.within_days} were promised.",
                field="lane",
                lane=lane.code,
                days=days,
                promised=self.within_days,
            )
        leg = ship_price(lane, pieces, on=self.on, postcode=self.to.postcode)
        return leg, self.terms.in_market(leg.price_minor, leg.currency)

    def worth_minor(self, warehouse_id: int, units: Units) -> int:
        """What the units cost to buy and to bring to the warehouse."""
        rows = [(self.stock[warehouse_id, variant], quantity) for variant, quantity in units.items()]
        return self.terms.from_base(
            sum(unit_value(at.goods_value_minor + at.inbound_value_minor, n, at.on_hand) for at, n in rows)
        )

    def border(
        self, warehouse: Warehouse, units: Units, shipping_minor: Sequence[int], rates: Sequence[TaxRate]
    ) -> ImportCharges:
        """What customs take of the parcel: its value is the price without tax, its freight what the buyer pays."""
        terms, market = self.terms, self.terms.market
        crosses = terms.crosses_border(warehouse.id, self.on)
        goods = []
        freight_minor = 0
        items = [self.book.items[variant] for variant in units]
        for item, quantity, amount, share, rate in zip(
            items, units.values(), self.amounts(units), shipping_minor, rates, strict=True
        ):
            inside_bp = rate.rate_bp if market.prices_include_tax else 0
            value_minor = amount - tax_inside(amount, inside_bp)
            freight_minor += amount + share - tax_inside(amount + share, inside_bp) - value_minor
            goods.append(
                Goods(
                    hs_code=item.hs_code,
                    origin_country=item.origin_country,
                    value_minor=value_minor,
                    weight_g=item.weight_g * quantity if item.weight_g else None,
                    quantity=quantity,
                )
            )
        return charges(
            Consignment(
                origin_country=warehouse.country,
                destination=self.to.country,
                goods=tuple(goods),
                freight_minor=freight_minor,
                insurance_minor=0,
                currency=market.currency,
            ),
            region=self.to.region or market.region,
            vat_rates_bp=[rate.rate_bp for rate in rates],
            duty_lines=chain.from_iterable(item.duty_lines for item in items) if crosses else (),
            thresholds=terms.thresholds if crosses else (),
            fx=terms.fx,
            registrations=market.registrations,
            on=self.on,
            incoterm=market.incoterm,
        )


def shelf(variant_id: int, book: Book, on: date) -> int:
    """The price on the page, in the market's currency; with tax where the market shows prices so."""
    item, terms = book.item(variant_id), book.terms
    market = terms.market
    rate_bp = terms.tax_rate(item.tax_category, market.region, on).rate_bp if market.prices_include_tax else 0
    return shelf_price(item.list_minor, terms.list_fx, market, rate_bp, item.override_minor)


def shipping(market: Market, goods_minor: int) -> int:
    """What the buyer pays for delivery: the market's flat price, nothing from a goods value on."""
    free_from_minor = market.shipping_free_from_minor
    return 0 if free_from_minor is not None and goods_minor >= free_from_minor else market.shipping_minor


def check_lane_label(lane: Lane, terms: Terms, on: date) -> None:
    """Refuse a lane that cannot cross the border under the market's incoterm."""
    incoterm = terms.market.incoterm
    if incoterm not in lane.incoterms and terms.crosses_border(lane.origin_warehouse_id, on):
        raise NotDelivered(
            f"{lane.code} goes {' or '.join(sorted(lane.incoterms))}; {terms.market.country} is promised {incoterm}.",
            field="lane",
            lane=lane.code,
            incoterm=incoterm,
            allowed=tuple(sorted(lane.incoterms)),
        )


def not_delivered(reasons: Sequence[Refusal]) -> Refusal:
    """What is unknown stays unknown if that is all that stands in the way; else every reason in one refusal."""
    if reasons and isinstance(reasons[0], UNKNOWN) and len({type(reason) for reason in reasons}) == 1:
        return reasons[0]
    told = tuple(dict.fromkeys(reason.told for reason in reasons))
    return NotDelivered(" ".join(told), field="destination", reasons=told)
