"""A wide network drawn from a seed: many warehouses in many countries, each with lanes of its own to one market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from haitu.core.book import Basket, BasketLine, Book, Destination, Item, Warehouse
from haitu.core.freight import Break, Lane, Surcharge, Tariff
from haitu.core.stock import StockAt
from tests.core.hengda import TODAY, duty_line, market, terms

NEAR = ("DE", "NL", "PL", "FR", "CZ", "ES", "IT", "BE")
FAR = ("CN", "US", "GB", "JP", "TR", "VN", "KR", "HK", "TH", "MX", "CA", "AU")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """A book over many warehouses, and baskets of what it sells."""

    book: Book
    to: Destination
    random: Random

    def basket(self, lines: int) -> Basket:
        """So many different goods, one to three of each."""
        chosen = self.random.sample(sorted(self.book.items), lines)
        return tuple(BasketLine(variant_id=variant, quantity=self.random.randint(1, 3)) for variant in chosen)


def wide(
    seed: int,
    *,
    warehouses: int = 87,
    goods: int = 200,
    places: int = 30,
    most: int = 9,
    sold_in: str = "DE",
    network: tuple[Mapping[int, Warehouse], tuple[Lane, ...]] | None = None,
) -> Wide:
    """`places`: in how many warehouses each of the goods lies, one to `most` of it in each.

    `network`: warehouses and lanes that are given; else both are drawn, every warehouse with lanes to the market.
    """
    random = Random(seed)  # a drawn world, not a secret
    items = {variant: _item(variant, random) for variant in range(1, goods + 1)}
    if network is not None:
        sites, lanes = dict(network[0]), network[1]
    else:
        sites = {at: _warehouse(at, random) for at in range(1, warehouses + 1)}
        lanes = tuple(
            _lane(10 * at + nth, site, sold_in, random)
            for at, site in sites.items()
            for nth in range(random.randint(1, 3))
        )
    shelves = tuple(
        _stock(1000 * variant + at, items[variant], sites[at], random.randint(1, most), random)
        for variant in items
        for at in sorted(random.sample(sorted(sites), min(places, len(sites))))
    )
    sold = market(sold_in, registrations=frozenset({"IOSS"} if random.random() < 0.7 else ()))
    return Wide(
        book=Book(terms=terms(sold, warehouses=sites, lanes=lanes), items=items, stock=shelves),
        to=Destination(country=sold_in),
        random=random,
    )


def _warehouse(at: int, random: Random) -> Warehouse:
    country = random.choice(NEAR if random.random() < 0.4 else FAR)
    return Warehouse(id=at, code=f"W{at}", country=country, handling_days=random.randint(0, 2))


def _item(variant: int, random: Random) -> Item:
    return Item(
        variant_id=variant,
        sku=f"G{variant}",
        title="",
        list_minor=random.randint(300, 9000),
        hs_code="940550",
        origin_country="CN",
        weight_g=random.randint(50, 3000),
        length_mm=random.randint(60, 400),
        width_mm=random.randint(50, 300),
        height_mm=random.randint(20, 200),
        restrictions=frozenset({"battery"}) if random.random() < 0.1 else frozenset(),
        duty_lines=(duty_line("EU", "940550", random.choice((0, 270, 470, 1200))),),
    )


def _lane(number: int, site: Warehouse, destination: str, random: Random) -> Lane:
    near = site.country in NEAR
    days = random.randint(1, 6) if near else random.randint(6, 30)
    return Lane(
        id=number,
        code=f"L{number}",
        carrier="Carrier",
        origin_warehouse_id=site.id,
        origin_country=site.country,
        destination=destination,
        tariff=_tariff(number, near, random),
        days_p50=days,
        days_p90=days + random.randint(0, 10),
        refuses=frozenset({"battery"}) if random.random() < 0.3 else frozenset(),
        open=random.random() > 0.05,
    )


def _tariff(number: int, near: bool, random: Random) -> Tariff:
    """Weight bands with a price by step, a minimum, fuel, a peak surcharge, in euros, dollars or yuan."""
    currency, in_euro = ("EUR", 1.0) if near else random.choice((("USD", 1.1), ("CNY", 8.0)))
    step_g = random.choice((100, 500, 1000))
    first = random.randint(300, 500) * in_euro
    step = (random.randint(30, 90) if near else random.randint(300, 900)) * in_euro * step_g / 1000
    extra: dict[str, Any] = {}
    if random.random() < 0.3:
        extra["minimum_minor"] = int(first * 1.3)
    if random.random() < 0.3:
        extra["surcharges"] = (Surcharge(code="peak", kind="per_box", amount=int(50 * in_euro), valid_from=TODAY),)
    if random.random() < 0.3:
        extra["max_side_mm"] = random.randint(250, 600)
    return Tariff(
        code=f"T{number}",
        currency=currency,
        divisor_cm3_per_kg=random.choice((None, 5000, 6000, 8000)),
        step_g=step_g,
        breaks=(
            Break(up_to_g=2_000, base_minor=int(first), per_step_minor=int(step)),
            Break(up_to_g=10_000, base_minor=int(first * 1.2), per_step_minor=int(step * 0.95)),
            Break(up_to_g=30_000, base_minor=int(first * 1.5), per_step_minor=int(step * 0.9)),
        ),
        fuel_bp=random.choice((0, 1250)),
        **extra,
    )


def _stock(number: int, item: Item, site: Warehouse, units: int, random: Random) -> StockAt:
    """Goods cost the same everywhere; the way in was paid by weight, for each warehouse at its own rate."""
    each = item.list_minor * 3 * random.randint(98, 102) // 100
    rate = 0 if site.country == "CN" else 400 + 37 * site.id % 900
    return StockAt(
        stock_id=number,
        variant_id=item.variant_id,
        warehouse_id=site.id,
        on_hand=units,
        goods_value_minor=units * each,
        inbound_value_minor=units * rate * (item.weight_g or 0) // 1000,
    )
