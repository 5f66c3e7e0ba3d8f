"""Hengda of Shenzhen as plain values: the same goods, warehouses, lanes and made-up rates as in tests/world.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from haitu.core.book import BasketLine, Book, Destination, Item, Quote, Terms, Warehouse
from haitu.core.customs import Threshold
from haitu.core.extra_parcel import ExtraParcel
from haitu.core.freight import Break, Lane, Tariff
from haitu.core.market import Market
from haitu.core.money import FxRate, cross
from haitu.core.quote import quote
from haitu.core.stock import StockAt
from haitu.core.tariff import DutyLine
from haitu.core.tax import TaxRate

TODAY = date(2026, 11, 20)
PER_EUR_E9 = {
    "EUR": 10**9,
    "CNY": 8 * 10**9,
    "USD": 1_100_000_000,
    "GBP": 850_000_000,
    "JPY": 160 * 10**9,
    "CAD": 1_500_000_000,
}

LANTERN, MUG, MYSTERY = 1, 2, 3
SHENZHEN, LEIPZIG, NEWARK = 10, 20, 30
SKU = {LANTERN: "LANTERN", MUG: "MUG", MYSTERY: "MYSTERY"}

DE, US, GB, JP, CA = (Destination(country=country) for country in ("DE", "US", "GB", "JP", "CA"))


def fx(base: str, quote: str) -> FxRate:
    start, end = (
        FxRate(base="EUR", quote=code, rate_e9=PER_EUR_E9[code], on=TODAY, source="made up") for code in (base, quote)
    )
    return cross(start, end)


def market(country: str, **changes: Any) -> Market:
    """DE and GB show tax, US and CA add it; all deliver duty paid and name plain prices."""
    currency = {"DE": "EUR", "US": "USD", "GB": "GBP", "JP": "JPY", "CA": "CAD"}[country]
    kept: dict[str, Any] = {
        "id": 1,
        "country": country,
        "currency": currency,
        "languages": ("en",),
        "prices_include_tax": country not in {"US", "CA"},
        "charm": "none",
        "price_factor_bp": 10_000,
        "incoterm": "DDP",
        "registrations": frozenset[str](),
        "shipping_minor": 490,
        "shipping_free_from_minor": None,
        "traffic_minor": 200,
        "returns_bp": 200,
        "assumed": False,
    }
    return Market(**(kept | changes))


def tax(country: str, rate_bp: int, region: str = "", kind: str = "vat") -> TaxRate:
    return TaxRate(
        country=country,
        region=region,
        kind=kind,
        category="standard",
        rate_bp=rate_bp,
        valid_from=date(2020, 1, 1),
        valid_to=None,
        source=f"made-up tax of {country}",
    )


TAX_RATES = (
    tax("DE", 1900),
    tax("GB", 2000),
    tax("JP", 1000),
    tax("CA", 500, kind="gst"),
    tax("US", 0, kind="none"),
    tax("US", 663, region="NJ", kind="sales"),
)


def threshold(country: str, kind: str, amount_minor: int, currency: str) -> Threshold:
    return Threshold(
        country=country,
        kind=kind,
        amount_minor=amount_minor,
        currency=currency,
        inclusive=True,
        origin="",
        valid_from=date(2021, 1, 1),
        valid_to=None,
        source=f"made-up limit of {country}",
    )


THRESHOLDS = (
    threshold("EU", "seller_collects", 150_00, "EUR"),
    threshold("EU", "duty_free", 150_00, "EUR"),
    threshold("GB", "seller_collects", 135_00, "GBP"),
    threshold("GB", "duty_free", 135_00, "GBP"),
)


def duty_line(territory: str, hs_code: str, rate_bp: int) -> DutyLine:
    return DutyLine(
        territory=territory,
        hs_code=hs_code,
        origin="",
        additional=False,
        ad_valorem_bp=rate_bp,
        specific_minor=None,
        specific_currency="",
        specific_per_g=None,
        text=f"{rate_bp / 100:g}%",
        valid_from=date(2021, 1, 1),
        valid_to=None,
        source=f"made-up tariff of {territory}",
    )


LANTERN_DUTY = tuple(duty_line(place, "940550", rate) for place, rate in [("EU", 270), ("GB", 200), ("US", 600)])
MUG_DUTY = tuple(duty_line(place, "691110", rate) for place, rate in [("EU", 1200), ("GB", 1200), ("US", 2500)])

ITEMS = {
    LANTERN: Item(
        variant_id=LANTERN,
        sku="LANTERN",
        title="Paper lantern",
        list_minor=20_00,
        hs_code="940550",
        origin_country="CN",
        weight_g=300,
        length_mm=200,
        width_mm=200,
        height_mm=60,
        duty_lines=LANTERN_DUTY,
    ),
    MUG: Item(
        variant_id=MUG,
        sku="MUG",
        title="Blue mug",
        list_minor=10_00,
        hs_code="691110",
        origin_country="CN",
        weight_g=400,
        length_mm=120,
        width_mm=100,
        height_mm=100,
        duty_lines=MUG_DUTY,
    ),
    MYSTERY: Item(variant_id=MYSTERY, sku="MYSTERY", title="Unweighed parcel", list_minor=10_00),
}

WAREHOUSES = {
    number: Warehouse(
        id=number,
        code=code,
        country=country,
        handling_days=1,
        storage_minor_per_m3_day=60,
        storage_currency="USD",
        storage_days=30,
    )
    for number, code, country in [(SHENZHEN, "SZX", "CN"), (LEIPZIG, "LEJ", "DE"), (NEWARK, "EWR", "US")]
}

DHL = Tariff(
    code="DHL-DE",
    currency="EUR",
    divisor_cm3_per_kg=5000,
    step_g=500,
    breaks=(Break(up_to_g=2000, base_minor=390), Break(up_to_g=31_500, base_minor=490, per_step_minor=30)),
)
UPS = replace(DHL, code="UPS-US", currency="USD", fuel_bp=1000)
AIR = Tariff(
    code="AIR",
    currency="CNY",
    divisor_cm3_per_kg=6000,
    step_g=100,
    breaks=(
        Break(up_to_g=2000, base_minor=25_00, per_step_minor=4_00),
        Break(up_to_g=20_000, base_minor=30_00, per_step_minor=3_80),
    ),
)


def lane(number: int, origin: int, destination: str, **changes: Any) -> Lane:
    code, country = WAREHOUSES[origin].code, WAREHOUSES[origin].country
    abroad = origin == SHENZHEN
    kept: dict[str, Any] = {
        "id": number,
        "code": f"{code}-{destination}",
        "carrier": "Air" if abroad else "Courier",
        "origin_warehouse_id": origin,
        "origin_country": country,
        "destination": destination,
        "tariff": AIR if abroad else {"DE": DHL, "US": UPS}.get(destination, DHL),
        "days_p50": 9 if abroad else 2,
        "days_p90": 14 if abroad else 3,
        "refuses": frozenset({"battery"}) if abroad else frozenset(),
    }
    return Lane(**(kept | changes))


LANES = (
    lane(1, LEIPZIG, "DE"),
    lane(2, NEWARK, "US"),
    lane(3, SHENZHEN, "DE"),
    lane(4, SHENZHEN, "US"),
    lane(5, SHENZHEN, "JP"),
    lane(6, SHENZHEN, "GB"),
    lane(7, LEIPZIG, "GB"),
    lane(8, SHENZHEN, "CA"),
)


def stock(variant: int, warehouse: int, units: int, **changes: Any) -> StockAt:
    """Units bought at 40.00 (lantern) or 15.00 yuan, brought overseas for 6.00 each; buffer 0, nothing reserved."""
    kept: dict[str, Any] = {
        "stock_id": 100 * warehouse + variant,
        "variant_id": variant,
        "warehouse_id": warehouse,
        "on_hand": units,
        "goods_value_minor": units * (40_00 if variant == LANTERN else 15_00),
        "inbound_value_minor": 0 if warehouse == SHENZHEN else units * 6_00,
    }
    return StockAt(**(kept | changes))


def terms(sold_in: Market, **changes: Any) -> Terms:
    kept: dict[str, Any] = {
        "market": sold_in,
        "base_currency": "CNY",
        "list_fx": fx("USD", sold_in.currency),
        "base_fx": fx(sold_in.currency, "CNY"),
        "fx": {code: fx(code, sold_in.currency) for code in PER_EUR_E9},
        "tax_rates": TAX_RATES,
        "thresholds": THRESHOLDS,
        "warehouses": WAREHOUSES,
        "lanes": LANES,
        "payment_fee_bp": 290,
        "payment_fee_fixed_minor": 30,
        "extra_parcel": ExtraParcel(minor=150, currency="EUR", valid_from=date(2026, 1, 1), source="made up for tests"),
    }
    return Terms(**(kept | changes))


def book(sold_in: Market, *shelves: StockAt, items: dict[int, Item] | None = None, **changes: Any) -> Book:
    return Book(terms=terms(sold_in, **changes), items=items or ITEMS, stock=shelves)


def basket(**quantities: int) -> tuple[BasketLine, ...]:
    """basket(lantern=2, mug=1)."""
    numbers = {sku.lower(): variant for variant, sku in SKU.items()}
    return tuple(BasketLine(variant_id=numbers[sku], quantity=units) for sku, units in quantities.items())


def quoted(asked: Book, to: Destination | None = None, **quantities: int) -> Quote:
    return quote(basket(**quantities), asked, to=to or Destination(country=asked.terms.market.country), on=TODAY)
