"""Random small worlds: markets, tariffs, borders, goods and paths as Hypothesis draws them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from haitu.core.book import Destination, Item, Terms, Warehouse
from haitu.core.closure import Closure
from haitu.core.customs import Threshold
from haitu.core.freight import Break, Lane, Piece, Surcharge, Tariff
from haitu.core.market import Market
from haitu.core.money import Exchange, FxRate, cross
from haitu.core.tariff import DutyLine
from haitu.core.tax import TaxRate

TODAY = date(2026, 11, 20)
CURRENCIES = {"DE": "EUR", "GB": "GBP", "US": "USD", "JP": "JPY", "KW": "KWD", "CH": "CHF", "MC": "EUR", "AX": "EUR"}
HOMES = ("CN", "DE", "GB", "US", "PL", "AX", "HK")
HS = ("940550", "9405500000", "691110", "940550", "6911")
ORIGINS = ("CN", "DE", "")
KINDS = ("battery", "liquid")
NONE = frozenset[str]()
PER_EUR = {"EUR": 10**9, "CNY": 7_812_345_678, "USD": 1_083_400_000, "GBP": 856_120_000, "JPY": 161_230_000_000}
PER_EUR |= {"KWD": 331_900_000, "CHF": 950_000_001}

dates = st.sampled_from([None, None, None, date(2026, 1, 1), TODAY, date(2026, 11, 21)])
days = st.integers(0, 60)
bps = st.sampled_from([0, 1, 500, 725, 1000, 1900, 2000, 2100, 10_000])
known = st.sampled_from(sorted(PER_EUR))


def seldom(draw: st.DrawFn, one_in: int = 25) -> bool:
    """True now and then, so that a whole world still gets a quote more often than not."""
    return draw(st.integers(1, one_in)) == one_in


@st.composite
def currencies(draw: st.DrawFn) -> str:
    return "SEK" if seldom(draw, 50) else draw(known)  # no rate of it is known


def rate(base: str, quote: str) -> FxRate:
    start, end = (
        FxRate(base="EUR", quote=code, rate_e9=PER_EUR[code], on=TODAY, source="made up") for code in (base, quote)
    )
    return cross(start, end)


def rates_into(currency: str) -> dict[str, FxRate]:
    return {code: rate(code, currency) for code in PER_EUR}


@st.composite
def markets(draw: st.DrawFn) -> Market:
    country = draw(st.sampled_from(sorted(CURRENCIES)))
    return Market(
        id=1,
        country=country,
        region=draw(st.sampled_from(["", "NJ"])),
        currency=CURRENCIES[country],
        languages=("en",),
        prices_include_tax=draw(st.booleans()),
        charm=draw(st.sampled_from(["none", "99", "9", "00", "95", "000"])),
        price_factor_bp=draw(st.sampled_from([10_000, 9_999, 12_345, 5_000])),
        incoterm=draw(st.sampled_from(["DDP", "DDP", "DAP"])),
        registrations=draw(st.frozensets(st.sampled_from(["IOSS", "GB", "US-NJ", "JP"]))),
        shipping_minor=draw(st.sampled_from([0, 490, 1])),
        shipping_free_from_minor=draw(st.sampled_from([None, 5_000, 0])),
        traffic_minor=draw(st.integers(0, 500)),
        returns_bp=draw(st.integers(0, 900)),
        assumed=False,
    )


@st.composite
def tax_rates(draw: st.DrawFn, country: str) -> tuple[TaxRate, ...]:
    rows = draw(
        st.lists(st.tuples(st.sampled_from(["", "NJ"]), st.sampled_from(["standard", "books"]), bps, dates), max_size=4)
    )
    return (
        *(
            TaxRate(
                country=country, region=region, kind="vat", category=category, rate_bp=bp, valid_from=since,
                valid_to=None, source="made up",
            )
            for region, category, bp, since in rows
        ),
        *(tax_rate_of(country) if not seldom(draw) else ()),
    )  # fmt: skip


def tax_rate_of(country: str) -> tuple[TaxRate, ...]:
    kept: dict[str, Any] = {"kind": "vat", "category": "standard", "valid_from": None, "valid_to": None}
    return (TaxRate(country=country, region="", rate_bp=1900, source="made up", **kept),)


@st.composite
def thresholds(draw: st.DrawFn, market: Market) -> tuple[Threshold, ...]:
    kinds = ["duty_free", "import_vat_free", "seller_collects", "flat_duty_to", "flat_duty_each"]
    return tuple(
        Threshold(
            country=draw(st.sampled_from(["EU", market.country])),
            kind=kind,
            amount_minor=draw(st.sampled_from([0, 300, 2_000, 13_500, 15_000, 1_000_000])),
            currency=draw(st.sampled_from([market.currency, "EUR", "GBP", "USD", draw(currencies())])),
            inclusive=draw(st.booleans()),
            origin=draw(st.sampled_from(["", "", "CN"])),
            valid_from=draw(dates),
            valid_to=None,
            source="made up",
        )
        for kind in draw(st.lists(st.sampled_from(kinds), max_size=5))
    )


@st.composite
def duty_lines(draw: st.DrawFn, territories: list[str]) -> DutyLine:
    return DutyLine(
        territory=draw(st.sampled_from(territories)),
        hs_code=draw(st.sampled_from(["940550", "94055000", "9405500000", "691110", "69111000", "69111010", "94", ""])),
        origin=draw(st.sampled_from(["", "", "", "CN"])),
        additional=draw(st.integers(0, 3)) == 0,
        ad_valorem_bp=None if seldom(draw, 6) else draw(st.integers(0, 3_000)),
        specific_minor=draw(st.one_of(st.none(), st.none(), st.integers(0, 500))),
        specific_currency=draw(currencies()),
        specific_per_g=draw(st.sampled_from([None, 100, 1_000, 453])),
        text="drawn",
        valid_from=draw(dates),
        valid_to=None,
        source="made up",
    )


@st.composite
def items(draw: st.DrawFn, number: int, territories: list[str]) -> Item:
    measured = not seldom(draw)
    side = st.integers(1, 700) if measured else st.sampled_from([None, 0, 200])
    always = tuple(plain_line(territory, hs) for territory in territories for hs in ("940550", "691110"))
    return Item(
        variant_id=number,
        sku=f"SKU{number}",
        title="drawn",
        list_minor=draw(st.one_of(st.integers(0, 300_00), st.integers(0, 20_000_00))),
        override_minor=draw(st.one_of(st.none(), st.none(), st.integers(0, 400_00))),
        tax_category=draw(st.sampled_from(["standard", "books"])),
        hs_code="" if seldom(draw) else draw(st.sampled_from(HS)),
        origin_country=draw(st.sampled_from(ORIGINS)),
        weight_g=draw(st.integers(1, 12_000) if measured else st.sampled_from([None, 0, 300])),
        length_mm=draw(side),
        width_mm=draw(side),
        height_mm=draw(side),
        restrictions=frozenset(draw(st.sets(st.sampled_from(KINDS)))) if seldom(draw, 4) else NONE,
        duty_lines=(*draw(st.lists(duty_lines(territories), max_size=4)), *(always if not seldom(draw, 8) else ())),
    )  # fmt: skip


def plain_line(territory: str, hs_code: str) -> DutyLine:
    return DutyLine(
        territory=territory, hs_code=hs_code, origin="", additional=False, ad_valorem_bp=370, specific_minor=None,
        specific_currency="", specific_per_g=None, text="3.7%", valid_from=None, valid_to=None, source="made up",
    )  # fmt: skip


@st.composite
def cards(draw: st.DrawFn, *, boxed: bool = False) -> Tariff:
    ends = sorted(draw(st.sets(st.integers(1, 40_000), min_size=1, max_size=4)) | {draw(st.integers(20_000, 90_000))})
    surcharge = st.builds(
        Surcharge, code=st.just("peak"), kind=st.sampled_from(["bp", "per_step", "per_box"]),
        amount=st.integers(0, 900), valid_from=dates, valid_to=st.sampled_from([None, TODAY]),
    )  # fmt: skip
    return Tariff(
        code="drawn",
        currency=draw(currencies()),
        breaks=tuple(
            Break(
                up_to_g=end,
                base_minor=draw(st.integers(0, 5_000)),
                per_step_minor=draw(st.integers(0, 50)),
                per_kg_minor=draw(st.sampled_from([0, 8835, 1])),
            )
            for end in ends
        ),
        divisor_cm3_per_kg=draw(st.sampled_from([None, 5000, 6000, 8000])),
        step_g=draw(st.sampled_from([1, 10, 100, 500, 1000])),
        minimum_minor=draw(st.sampled_from([0, 700])),
        fuel_bp=draw(st.integers(0, 3_000)),
        remote_minor=draw(st.integers(0, 900)),
        remote_postcodes=draw(st.sampled_from([(), ("AB", "27")])),
        max_weight_g=draw(st.sampled_from([None, None, 12_000, 30_000])),
        max_side_mm=600 if seldom(draw, 6) else None,
        valid_from=date(2026, 11, 21) if seldom(draw) else draw(st.sampled_from([None, TODAY])),
        valid_to=date(2026, 10, 1) if seldom(draw) else draw(st.sampled_from([None, TODAY])),
        basis="box" if boxed else "weight",
        box_minor=(("20GP", draw(st.integers(1, 3_000_00))), ("40HQ", draw(st.integers(1, 5_000_00)))) if boxed else (),
        surcharges=tuple(draw(st.lists(surcharge, max_size=2))),
    )


@st.composite
def lanes(draw: st.DrawFn, number: int, origin: Warehouse, *, to: Warehouse | None, country: str) -> Lane:
    card = draw(cards(boxed=to is not None and draw(st.booleans())))
    if to is not None:  # a line haul takes a shipment, mostly
        long = Break(up_to_g=40_000_000, base_minor=draw(st.integers(0, 900_00)), per_step_minor=1)
        card = replace(card, breaks=(*card.breaks, long), max_weight_g=None)
    return Lane(
        id=number,
        code=f"L{number}",
        carrier="drawn",
        origin_warehouse_id=origin.id,
        origin_country=origin.country,
        destination=to.country if to else country,
        to_warehouse_id=to.id if to else None,
        tariff=card,
        days_p50=draw(days),
        days_p90=draw(days),
        incoterms=frozenset({"DAP"}) if seldom(draw, 15) else frozenset({"DDP", "DAP"}),
        refuses=frozenset({draw(st.sampled_from(KINDS))}) if seldom(draw, 4) else NONE,
        open=not seldom(draw),
        closures=(Closure(valid_from=TODAY, reason="storm"),) if seldom(draw) else (),
    )


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Keyword arguments: items, costs, terms, path (lanes), shipment, into_base, to."""
    market = draw(markets())
    homes = draw(st.lists(st.sampled_from(HOMES), min_size=1, max_size=3))
    warehouses = [
        Warehouse(
            id=10 + place,
            code=f"W{place}",
            country=home,
            handling_days=draw(st.integers(0, 3)),
            storage_minor_per_m3_day=draw(st.integers(0, 500)),
            storage_currency=draw(currencies()),
            storage_days=draw(days),
        )
        for place, home in enumerate(homes)
    ]
    hauls = [draw(lanes(place, origin, to=to, country="")) for place, (origin, to) in enumerate(pairwise(warehouses))]
    last = draw(lanes(99, warehouses[-1], to=None, country=market.country))
    territories = ["EU", market.country, "GB", "US"]
    goods = [draw(items(number, territories)) for number in range(draw(st.integers(1, 4)))]
    base = draw(st.sampled_from(["CNY", "USD", market.currency]))
    carton = st.integers(100, 600)
    return {
        "items": goods,
        "costs": [draw(st.integers(0, 100_00)) for _ in goods],
        "terms": Terms(
            market=market,
            base_currency=base,
            list_fx=rate(draw(st.sampled_from(["USD", "EUR", "JPY"])), market.currency),
            base_fx=rate(market.currency, base),
            fx=rates_into(market.currency),
            tax_rates=draw(tax_rates(market.country)),
            thresholds=draw(thresholds(market)),
            warehouses={warehouse.id: warehouse for warehouse in warehouses},
            lanes=(*hauls, last),
            outlet_fee_bp=draw(st.sampled_from([0, 800])),
            payment_fee_bp=290,
            payment_fee_fixed_minor=30,
        ),
        "path": (*hauls, last),
        "shipment": Piece(
            sku="carton",
            quantity=draw(st.integers(1, 400)),
            weight_g=draw(st.integers(1_000, 20_000)),
            length_mm=draw(carton),
            width_mm=draw(carton),
            height_mm=draw(carton),
        ),
        "into_base": Exchange(currency=base, rates=rates_into(base), on=TODAY),
        "to": Destination(
            country=market.country,
            region=draw(st.sampled_from(["", "", "NJ"])),
            postcode=draw(st.sampled_from(["", "AB10", "2700"])),
        ),
    }
