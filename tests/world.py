"""One small named world, used by every test that needs rows.

Hengda 恒达 of Shenzhen sells lanterns and mugs from Shenzhen, Leipzig and New Jersey to Germany, the United
States, Japan, the United Kingdom and the Emirates. Aoki of Osaka is somebody else on the same installation:
whatever Hengda owns must be out of Aoki's reach. It is Friday, 20 November 2026, ten o'clock UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from haitu.models import (
    Category,
    Domain,
    DutyLine,
    FxRate,
    Lane,
    Market,
    Member,
    Merchant,
    MoveKind,
    Outlet,
    PaymentAccount,
    Picture,
    Product,
    ProductStatus,
    ProductText,
    Role,
    Stock,
    StockMove,
    Tariff,
    TaxRate,
    Threshold,
    User,
    Variant,
    Warehouse,
    WarehouseKind,
)

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
HOST = "hengda.test"
OTHER_HOST = "aoki.test"
PASSWORD = "correct horse battery"
API_KEY = "sk_test_hengda"
WEBHOOK_SECRET = "whsec_test_hengda"

# Euro reference rates of a made-up day, chosen so that sums can be followed by hand.
PER_EUR_E9 = {
    "CNY": 8_000_000_000,
    "USD": 1_100_000_000,
    "GBP": 850_000_000,
    "JPY": 160_000_000_000,
    "AED": 4_000_000_000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Handles to the rows by the names people use for them."""

    merchant: Merchant
    other: Merchant
    owner: User
    packer: User
    reader: User
    stranger: User
    outlet: Outlet
    account: PaymentAccount
    markets: dict[str, Market] = field(default_factory=dict)
    warehouses: dict[str, Warehouse] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    variants: dict[str, Variant] = field(default_factory=dict)
    stocks: dict[tuple[str, str], Stock] = field(default_factory=dict)


def build() -> World:
    """The whole world, in the test's database."""
    _reference()
    merchant = Merchant.objects.create(
        slug="hengda",
        name="Hengda",
        base_currency="CNY",
        list_currency="USD",
        reply_to="shop@hengda.test",
        extra_parcel=[
            {
                "valid_from": "2026-01-01",
                "minor": 150,
                "currency": "EUR",
                "source": "made up for tests",
                "assumed": True,
            }
        ],
    )
    other = Merchant.objects.create(
        slug="aoki",
        name="Aoki",
        base_currency="JPY",
        list_currency="JPY",
        home_country="JP",
        time_zone="Asia/Tokyo",
    )
    Domain.objects.create(merchant=merchant, host=HOST)
    Domain.objects.create(merchant=other, host=OTHER_HOST)
    outlet = Outlet.objects.create(merchant=merchant, code="own", name="Own shop")
    Outlet.objects.create(merchant=other, code="own", name="Own shop")
    world = World(
        merchant=merchant,
        other=other,
        owner=_member(merchant, "lin", Role.OWNER),
        packer=_member(merchant, "wei", Role.WAREHOUSE),
        reader=_member(merchant, "mei", Role.READER),
        stranger=_member(other, "kenji", Role.OWNER),
        outlet=outlet,
        account=_account(merchant, "acct_hengda"),
    )
    _markets(world)
    _supply(world)
    _goods(world)
    return world


def _member(merchant: Merchant, name: str, role: Role) -> User:
    user = User.objects.create_user(name, f"{name}@{merchant.slug}.test", PASSWORD)
    Member.objects.create(merchant=merchant, user=user, role=role)
    return user


def _account(merchant: Merchant, token: str) -> PaymentAccount:
    from django.conf import settings  # noqa: PLC0415  # settings are read when a world is built, not on import

    from haitu.links.secrets import seal  # noqa: PLC0415  # beside its key

    return PaymentAccount.objects.create(
        merchant=merchant,
        provider="sandbox",
        token=token,
        api_key_sealed=seal(API_KEY, settings.SEAL_KEY),
        webhook_secret_sealed=seal(WEBHOOK_SECRET, settings.SEAL_KEY),
        address="http://127.0.0.1:9",
        fee_bp=290,
        fee_fixed={"EUR": 30, "USD": 30, "GBP": 20, "JPY": 40, "AED": 100},
    )


def _reference() -> None:
    FxRate.objects.bulk_create(
        FxRate(on=TODAY, currency=currency, per_eur_e9=rate, source="made up for tests")
        for currency, rate in PER_EUR_E9.items()
    )
    rates = [
        ("DE", "", "vat", 1900),
        ("GB", "", "vat", 2000),
        ("JP", "", "vat", 1000),
        ("AE", "", "vat", 500),
        ("US", "", "none", 0),
        ("US", "CA", "sales", 725),
        ("US", "NJ", "sales", 663),
    ]
    TaxRate.objects.bulk_create(
        TaxRate(
            country=country,
            region=region,
            kind=kind,
            rate_bp=rate,
            valid_from=date(2020, 1, 1),
            source="made up",
        )
        for country, region, kind, rate in rates
    )
    thresholds = [
        ("EU", "seller_collects", 150_00, "EUR"),
        ("EU", "duty_free", 150_00, "EUR"),
        ("GB", "seller_collects", 135_00, "GBP"),
        ("GB", "duty_free", 135_00, "GBP"),
        ("JP", "duty_free", 10_000, "JPY"),
        ("JP", "import_vat_free", 10_000, "JPY"),
        ("AE", "duty_free", 300_00, "AED"),
    ]
    Threshold.objects.bulk_create(
        Threshold(
            country=country,
            kind=kind,
            amount_minor=amount,
            currency=currency,
            valid_from=date(2021, 7, 1),
            source="made up",
        )
        for country, kind, amount, currency in thresholds
    )
    lines = [
        ("EU", "940550", 270),
        ("GB", "940550", 200),
        ("US", "940550", 600),
        ("JP", "940550", 0),
        ("AE", "940550", 500),
        ("EU", "691110", 1200),
        ("GB", "691110", 1200),
        ("US", "691110", 2500),
        ("JP", "691110", 230),
        ("AE", "691110", 500),
    ]
    DutyLine.objects.bulk_create(
        DutyLine(
            territory=territory,
            hs_code=code,
            ad_valorem_bp=rate,
            text=f"{rate / 100:g}%",
            valid_from=date(2021, 1, 1),
            source="made up",
        )
        for territory, code, rate in lines
    )


def _markets(world: World) -> None:
    rows: list[dict[str, Any]] = [
        {
            "country": "DE",
            "currency": "EUR",
            "languages": ["de", "en"],
            "prices_include_tax": True,
            "charm": "99",
            "registrations": ["IOSS"],
            "shipping_minor": 490,
            "shipping_free_from_minor": 50_00,
            "traffic_minor": 200,
        },
        {
            "country": "US",
            "currency": "USD",
            "languages": ["en"],
            "prices_include_tax": False,
            "charm": "99",
            "registrations": ["US-NJ"],
            "shipping_minor": 590,
            "shipping_free_from_minor": 60_00,
            "traffic_minor": 300,
        },
        {
            "country": "JP",
            "currency": "JPY",
            "languages": ["ja", "en"],
            "prices_include_tax": True,
            "charm": "0",
            "registrations": [],
            "shipping_minor": 800,
            "shipping_free_from_minor": 8_000,
            "traffic_minor": 250,
        },
        {
            "country": "GB",
            "currency": "GBP",
            "languages": ["en"],
            "prices_include_tax": True,
            "charm": "99",
            "registrations": ["GB"],
            "shipping_minor": 390,
            "shipping_free_from_minor": 40_00,
            "traffic_minor": 180,
        },
        {
            "country": "AE",
            "currency": "AED",
            "languages": ["ar", "en"],
            "prices_include_tax": True,
            "charm": "00",
            "registrations": [],
            "shipping_minor": 20_00,
            "shipping_free_from_minor": None,
            "traffic_minor": 800,
        },
    ]
    for position, row in enumerate(rows):
        world.markets[row["country"]] = Market.objects.create(
            merchant=world.merchant, position=position, returns_bp=200, **row
        )
    Market.objects.create(merchant=world.other, country="JP", currency="JPY", languages=["ja"], prices_include_tax=True)


def _supply(world: World) -> None:
    for code, kind, country, city, zone in [
        ("SZX", WarehouseKind.ORIGIN, "CN", "Shenzhen", "Asia/Shanghai"),
        ("LEJ", WarehouseKind.OVERSEAS, "DE", "Leipzig", "Europe/Berlin"),
        ("EWR", WarehouseKind.OVERSEAS, "US", "Newark", "America/New_York"),
    ]:
        world.warehouses[code] = Warehouse.objects.create(
            merchant=world.merchant,
            code=code,
            name=city,
            kind=kind,
            country=country,
            city=city,
            time_zone=zone,
            handling_days=1,
            storage_minor_per_m3_day=60,
            storage_currency="USD",
            storage_days=30,
        )
    cards = {
        # code: currency, divisor, step g, [[up to g, base, per step]], fuel bp
        "DHL-DE": ("EUR", 5000, 500, [[2000, 390, 0], [31500, 490, 30]], 0),
        "UPS-US": ("USD", 5000, 454, [[454, 650, 0], [31500, 720, 60]], 1000),
        "AIR": ("CNY", 6000, 100, [[2000, 2500, 400], [20000, 3000, 380]], 500),
    }
    tariffs = {
        code: Tariff.objects.create(
            merchant=world.merchant,
            code=code,
            currency=currency,
            divisor_cm3_per_kg=divisor,
            step_g=step,
            breaks=breaks,
            fuel_bp=fuel,
            max_weight_g=31_500,
            valid_from=date(2026, 1, 1),
            source="made up",
        )
        for code, (currency, divisor, step, breaks, fuel) in cards.items()
    }
    for code, origin, destination, tariff, days, incoterms in [
        ("LEJ-DE", "LEJ", "DE", "DHL-DE", (2, 3), ["DDP", "DAP"]),
        ("EWR-US", "EWR", "US", "UPS-US", (3, 5), ["DDP", "DAP"]),
        ("SZX-DE", "SZX", "DE", "AIR", (9, 14), ["DDP", "DAP"]),
        ("SZX-US", "SZX", "US", "AIR", (8, 13), ["DDP", "DAP"]),
        ("SZX-JP", "SZX", "JP", "AIR", (5, 8), ["DDP", "DAP"]),
        ("SZX-GB", "SZX", "GB", "AIR", (9, 13), ["DDP", "DAP"]),
        ("SZX-AE", "SZX", "AE", "AIR", (8, 12), ["DDP", "DAP"]),
    ]:
        world.lanes[code] = Lane.objects.create(
            merchant=world.merchant,
            code=code,
            carrier=code,
            mode="air" if origin == "SZX" else "courier",
            origin=world.warehouses[origin],
            destination=destination,
            tariff=tariffs[tariff],
            days_p50=days[0],
            days_p90=days[1],
            incoterms=incoterms,
            refuses=["battery"] if origin == "SZX" else [],
        )


def _goods(world: World) -> None:
    lighting = Category.objects.create(
        merchant=world.merchant,
        code="lighting",
        icon="lantern",
        names={"en": "Lighting", "de": "Leuchten", "ja": "照明", "ar": "إضاءة", "zh-hans": "灯具"},
    )
    kitchen = Category.objects.create(
        merchant=world.merchant,
        code="kitchen",
        icon="mug",
        position=1,
        names={"en": "Kitchen", "de": "Küche", "ja": "キッチン", "ar": "مطبخ", "zh-hans": "厨房"},
    )
    # sku: title, title in German, category, list price USD minor, HS, weight g, size mm
    rows: list[tuple[str, str, str, Category, int, str, int | None, tuple[int, int, int] | None]] = [
        ("LANTERN", "Paper lantern", "Papierlaterne", lighting, 20_00, "940550", 300, (200, 200, 60)),
        ("MUG", "Blue mug", "Blaue Tasse", kitchen, 10_00, "691110", 400, (120, 100, 100)),
        (
            "CHANDELIER",
            "Brass chandelier",
            "Messingleuchter",
            lighting,
            180_00,
            "940550",
            6_000,
            (500, 500, 400),
        ),
        ("MYSTERY", "Unweighed parcel", "Ungewogenes Paket", kitchen, 10_00, "691110", None, None),
    ]
    for rank, (sku, title, german, category, price, code, weight, size) in enumerate(rows):
        product = Product.objects.create(
            merchant=world.merchant,
            slug=title.lower().replace(" ", "-"),
            category=category,
            status=ProductStatus.LIVE,
            rank=100 - rank,
        )
        for language, words in (("en", title), ("de", german)):
            ProductText.objects.create(
                merchant=world.merchant, product=product, language=language, title=words, search=words.lower()
            )
        Picture.objects.create(
            merchant=world.merchant,
            product=product,
            alt=title,
            svg='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4" cy="4" r="3"/></svg>',
        )
        length, width, height = size or (None, None, None)
        world.variants[sku] = Variant.objects.create(
            merchant=world.merchant,
            product=product,
            sku=sku,
            list_price_minor=price,
            hs_code=code,
            weight_g=weight,
            length_mm=length,
            width_mm=width,
            height_mm=height,
        )
    for sku, warehouse, units, goods, inbound in [
        ("LANTERN", "SZX", 100, 100 * 40_00, 0),
        ("LANTERN", "LEJ", 20, 20 * 40_00, 20 * 6_00),
        ("LANTERN", "EWR", 20, 20 * 40_00, 20 * 7_00),
        ("MUG", "SZX", 50, 50 * 15_00, 0),
        ("MUG", "LEJ", 1, 15_00, 3_00),
        ("CHANDELIER", "SZX", 5, 5 * 500_00, 0),
        ("MYSTERY", "SZX", 5, 5 * 10_00, 0),
    ]:
        stock = world.stocks[sku, warehouse] = Stock.objects.create(
            merchant=world.merchant,
            variant=world.variants[sku],
            warehouse=world.warehouses[warehouse],
            on_hand=units,
            goods_value_minor=goods,
            inbound_value_minor=inbound,
        )
        StockMove.objects.create(
            merchant=world.merchant,
            stock=stock,
            at=NOW,
            kind=MoveKind.RECEIVED,
            quantity=units,
            goods_value_minor=goods,
            inbound_value_minor=inbound,
            reference="opening stock",
        )
