"""Rows → the Book that core.quote prices from: rules are kept while the merchant's version stands, stock is live."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db import connection

from haitu.core.afloat import NOTHING, Afloat, afloat_on
from haitu.core.book import Basket, Book, Destination, Item, Quote, Terms, Warehouse
from haitu.core.customs import DutyLine, territory_of
from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal
from haitu.core.extra_parcel import ExtraParcel, extra_parcel_on
from haitu.core.freight import Break, Lane, Surcharge, Tariff
from haitu.core.lead import LeadTime
from haitu.core.market import Market
from haitu.core.money import cross
from haitu.core.preorder import quote_or_preorder
from haitu.core.stock import StockAt
from haitu.models import Lane as LaneRow
from haitu.models import Market as MarketRow
from haitu.models import (
    MarketPrice,
    Merchant,
    Outlet,
    PaymentAccount,
    ProductStatus,
    ProductText,
    StorageRate,
    TariffBasis,
    Variant,
)
from haitu.models import Tariff as TariffRow
from haitu.models import Warehouse as WarehouseRow
from haitu.reads.afloat import coming_of
from haitu.reads.closures import LaneState, Shut, shut_on
from haitu.reads.exchange import exchange_rates
from haitu.reads.law import duty_lines_of, tax_rates_of, thresholds_of
from haitu.reads.merchant import ShopMerchant
from haitu.reads.storage import mean_minor_per_m3_day, storage_on
from haitu.reads.workdays import workdays_of

KEPT_QUOTES = 1_024  # some ten kilobytes each
KEPT_TERMS = 64  # merchant × market × day; a day's worth of eight markets for eight merchants


class NoSuchMarket(Refusal):
    """The merchant does not sell in that country, or has closed the market."""

    code = "no_such_market"


@dataclass(slots=True)
class _Kept:
    """A market's terms as of one version of the merchant; `items` fills as variants are asked for.

    `shut_lanes` lead between warehouses and carry nothing on the day.
    """

    version: int
    terms: Terms
    shut_lanes: frozenset[int]
    changes: tuple[datetime, ...] = ()  # the cut-offs of the day, in order
    later: dict[int, Terms] = field(default_factory=dict)  # the terms after so many of them
    items: dict[tuple[int, str], Item] = field(default_factory=dict)

    def at(self, ordered: datetime | None, on: date) -> Terms:
        """The terms as an order of that moment meets them; one value between two cut-offs."""
        if ordered is None or not self.changes:
            return self.terms
        passed = bisect_left(self.changes, ordered)
        if passed not in self.later:
            stores = {key: store.at(ordered, on) for key, store in self.terms.warehouses.items()}
            self.later[passed] = replace(self.terms, warehouses=stores)
        return self.later[passed]


_kept: OrderedDict[tuple[int, str, date], _Kept] = OrderedDict()


def load_book(
    merchant: ShopMerchant,
    country: str,
    variant_ids: Iterable[int],
    *,
    language: str,
    on: date,
    at: datetime | None = None,
) -> Book:
    """Everything needed to price these variants in that market on that day.

    `at`: the moment, for which warehouses' cut-offs count; without it an order counts for the day.
    One query (stock) when the terms and items are already known to this process at the merchant's live version.
    """
    return load_books(merchant, [country], variant_ids, language=language, on=on, at=at)[country]


def load_books(
    merchant: ShopMerchant,
    countries: Sequence[str],
    variant_ids: Iterable[int],
    *,
    language: str,
    on: date,
    at: datetime | None = None,
) -> dict[str, Book]:
    """The same for several markets, in as many queries as for one."""
    wanted = sorted(set(variant_ids))
    books = _price_lists(merchant, countries, wanted, language, on)
    kept = _kept_for(merchant, countries, on)
    shut_lanes = next((each.shut_lanes for each in kept.values()), frozenset[int]())
    stock = stock_of(merchant.id, wanted, on=on, shut_lanes=shut_lanes)
    return {
        country: Book(terms=kept[country].at(at, on), items=its.items, stock=stock) for country, its in books.items()
    }


def price_list(merchant: ShopMerchant, country: str, variant_ids: Iterable[int], *, language: str, on: date) -> Book:
    """As load_book, without any stock: what is for sale and at which price; no query once that is known."""
    return _price_lists(merchant, [country], sorted(set(variant_ids)), language, on)[country]


def _price_lists(
    merchant: ShopMerchant, countries: Sequence[str], wanted: Sequence[int], language: str, on: date
) -> dict[str, Book]:
    kept = _kept_for(merchant, countries, on)
    lacking = {country: [key for key in wanted if (key, language) not in kept[country].items] for country in kept}
    markets = [kept[country].terms.market for country, missing in lacking.items() if missing]
    missing = sorted({variant_id for each in lacking.values() for variant_id in each})
    for country, items in _items(merchant, markets, missing, language, on).items():
        kept[country].items |= items
    return {
        country: Book(
            terms=its.terms,
            items={key: its.items[key, language] for key in wanted if (key, language) in its.items},
            stock=(),
        )
        for country, its in kept.items()
    }


_quoted: OrderedDict[tuple[Basket, Destination, str, date, tuple[StockAt, ...]], tuple[Terms, Quote]] = OrderedDict()


def quoted(basket: Basket, book: Book, *, to: Destination, language: str, on: date) -> Quote:
    """core.preorder.quote_or_preorder, remembered: the same basket, terms and stock rows make the same quote.

    `book` is one that load_book made in that language. Between looking and placing mostly nothing changes.
    """
    key = (basket, to, language, on, book.stock)
    terms, found = _quoted.get(key, (None, None))
    if found is None or terms is not book.terms:
        found = quote_or_preorder(basket, book, to=to, on=on)
        _quoted[key] = (book.terms, found)
        while len(_quoted) > KEPT_QUOTES:
            _quoted.popitem(last=False)
    return found


def market_of(merchant: ShopMerchant, country: str, *, on: date) -> Market:
    """The market's rules alone."""
    return _kept_for(merchant, [country], on)[country].terms.market


def stock_of(
    merchant_id: int, variant_ids: list[int], *, on: date, shut_lanes: frozenset[int] = frozenset()
) -> tuple[StockAt, ...]:
    """Live stock rows of the variants, by id, with what is on its way to them as seen on that day."""
    if not variant_ids:
        return ()
    marks = ", ".join(["%s"] * len(variant_ids))
    sql = f"""
        SELECT s.id, s.variant_id, s.warehouse_id, s.on_hand, s.reserved, s.buffer, s.goods_value_minor,
               s.inbound_value_minor, s.assumed, s.afloat, s.preordered, s.coming
        FROM haitu_stock s
        WHERE s.merchant_id = %s AND s.variant_id IN ({marks})
        ORDER BY s.id
    """  # noqa: S608  # only placeholders are put in
    with connection.cursor() as cursor:
        cursor.execute(sql, [merchant_id, *variant_ids])
        rows = cursor.fetchall()
    return tuple(
        StockAt(
            stock_id=row[0],
            variant_id=row[1],
            warehouse_id=row[2],
            on_hand=row[3],
            reserved=row[4],
            buffer=row[5],
            goods_value_minor=row[6],
            inbound_value_minor=row[7],
            assumed=bool(row[8]),
            afloat=_afloat(row, on, shut_lanes) if row[9] else NOTHING,
        )
        for row in rows
    )


def _afloat(row: tuple[Any, ...], on: date, shut_lanes: frozenset[int]) -> Afloat:
    return afloat_on(coming_of(row[11]), units=row[9], preordered=row[10], on=on, shut_lanes=shut_lanes)


def _kept_for(merchant: ShopMerchant, countries: Sequence[str], on: date) -> dict[str, _Kept]:
    found = {country: _kept.get((merchant.id, country, on)) for country in countries}
    current = {country: kept for country, kept in found.items() if kept and kept.version == merchant.version}
    missing = [country for country in countries if country not in current]
    if missing:
        shut = shut_on(merchant.id, on)
        shut_lanes = frozenset(
            row.pk for row in LaneRow.objects.of(merchant.id).exclude(to=None) if not shut.lane(row).open
        )
        for country, terms in _load_terms(merchant, missing, shut, on).items():
            changes = sorted({moment for store in terms.warehouses.values() for moment in store.cut_offs(on)})
            kept = _Kept(version=merchant.version, terms=terms, shut_lanes=shut_lanes, changes=tuple(changes))
            current[country] = _kept[merchant.id, country, on] = kept
    while len(_kept) > KEPT_TERMS:
        _kept.popitem(last=False)
    return {country: current[country] for country in countries}


def _load_terms(merchant: ShopMerchant, countries: Sequence[str], shut: Shut, on: date) -> dict[str, Terms]:
    rows = {row.country: row for row in MarketRow.objects.of(merchant.id).filter(country__in=countries, open=True)}
    for country in countries:
        if country not in rows:
            raise NoSuchMarket(f"{merchant.name} does not sell to {country}.", field="country", country=country)
    active = WarehouseRow.objects.of(merchant.id).filter(active=True)
    warehouses = {w.id: w for w in active if shut.warehouse(w.id) is None}  # what lies in a closed one is not promised
    storage = storage_on(merchant.id, on)
    stores = {w.id: _warehouse(w, storage.get(w.id, ()), on) for w in warehouses.values()}
    lanes = list(_lanes(merchant.id, countries, warehouses, shut))
    thresholds = thresholds_of(merchant.id, {territory_of(country, on) for country in countries})
    tax_rates = list(tax_rates_of(merchant.id, countries))
    own_shop = Outlet.objects.of(merchant.id).filter(code="own").first()
    account = PaymentAccount.objects.of(merchant.id).filter(active=True).order_by("id").first()
    needed = {merchant.list_currency, merchant.base_currency, "EUR"} | {row.currency for row in rows.values()}
    needed |= {lane.tariff.currency for lane in lanes} | {store.storage_currency for store in stores.values()}
    needed |= {threshold.currency for threshold in thresholds}
    extra_parcel = extra_parcel_on(extra_parcels_of(merchant.id), on)
    needed |= {extra_parcel.currency} if extra_parcel else set()
    rates = exchange_rates(needed, on=on)
    return {
        country: Terms(
            market=_market(row),
            base_currency=merchant.base_currency,
            list_fx=cross(rates[merchant.list_currency], rates[row.currency]),
            base_fx=cross(rates[row.currency], rates[merchant.base_currency]),
            fx={currency: cross(rates[currency], rates[row.currency]) for currency in needed},
            tax_rates=tuple(rate for rate in tax_rates if rate.country == country),
            thresholds=tuple(each for each in thresholds if each.country == territory_of(country, on)),
            warehouses=stores,
            lanes=tuple(lane for lane in lanes if lane.destination == country),
            outlet_fee_bp=own_shop.fee_bp if own_shop else 0,
            payment_fee_bp=account.fee_bp if account else 0,
            payment_fee_fixed_minor=account.fee_fixed.get(row.currency, 0) if account else 0,
            extra_parcel=extra_parcel,
        )
        for country, row in rows.items()
    }


def extra_parcels_of(merchant_id: int) -> tuple[ExtraParcel, ...]:
    """What the merchant said a parcel beyond the first counts, oldest first."""
    kept = Merchant.objects.values_list("extra_parcel", flat=True).filter(pk=merchant_id).first() or []
    rates = [ExtraParcel(**{**given, "valid_from": date.fromisoformat(given["valid_from"])}) for given in kept]
    return tuple(sorted(rates, key=lambda rate: rate.valid_from))


def _market(row: MarketRow) -> Market:
    return Market(
        id=row.pk,
        country=row.country,
        currency=row.currency,
        languages=tuple(row.languages),
        prices_include_tax=row.prices_include_tax,
        charm=row.charm,
        price_factor_bp=row.price_factor_bp,
        incoterm="DAP" if row.incoterm == "DAP" else "DDP",
        registrations=frozenset(row.registrations),
        shipping_minor=row.shipping_minor,
        shipping_free_from_minor=row.shipping_free_from_minor,
        traffic_minor=row.traffic_minor,
        returns_bp=row.returns_bp,
        assumed=row.assumed,
    )


def _warehouse(row: WarehouseRow, rates: Sequence[StorageRate], on: date) -> Warehouse:
    """The warehouse as on that day: handling in its working days, storage by what lies there as long as expected."""
    currency, minor = row.storage_currency, row.storage_minor_per_m3_day
    if rates:
        currency, minor = rates[0].currency, mean_minor_per_m3_day(rates, row.storage_days)
    calendar = workdays_of(row, on.year)
    return Warehouse(
        id=row.pk,
        code=row.code,
        country=row.country,
        handling_days=(calendar.after(on, row.handling_days) - on).days,
        work_days=row.handling_days,
        calendar=calendar,
        cut_off=row.cut_off,
        time_zone=row.time_zone,
        storage_minor_per_m3_day=minor,
        storage_currency=currency,
        storage_days=row.storage_days,
        assumed=row.assumed or any(rate.assumed for rate in rates),
    )


def _lanes(
    merchant_id: int, countries: Sequence[str], warehouses: dict[int, WarehouseRow], shut: Shut
) -> Iterable[Lane]:
    """The last-mile lanes into the countries; a closed one is there with its reason, refused by what prices it."""
    rows = LaneRow.objects.of(merchant_id).filter(to=None, destination__in=countries, origin_id__in=warehouses)
    found = list(rows.order_by("id").select_related("tariff"))
    editions = tariffs_on(merchant_id, {row.tariff.code for row in found}, shut.on)
    for row in found:
        yield lane_of(
            row,
            editions.get(row.tariff.code, row.tariff),
            shut.lane(row),
            origin_country=warehouses[row.origin_id].country,
        )


def lane_of(row: LaneRow, card: TariffRow, state: LaneState, *, origin_country: str) -> Lane:
    """A lane as it stands on a day: the edition of its rate card, closed or open, longer where it goes round."""
    days = quantiles_of(row)
    if days and state.added_days:
        days = LeadTime(days=days).shift(state.added_days).days
    return Lane(
        id=row.pk,
        code=row.code,
        carrier=row.carrier,
        service=row.service,
        mode=row.mode,
        origin_warehouse_id=row.origin_id,
        origin_country=origin_country,
        destination=row.destination,
        to_warehouse_id=row.to_id,
        from_place=row.from_place,
        to_place=row.to_place,
        passages=tuple(row.passages),
        tariff=tariff_of(card),
        days_p50=row.days_p50 + state.added_days,
        days_p90=row.days_p90 + state.added_days,
        days=days,
        departures=frozenset(row.departures),
        capacity_kg=row.capacity_kg,
        capacity_dm3=row.capacity_dm3,
        incoterms=frozenset(row.incoterms),
        refuses=frozenset(row.refuses),
        open=state.open,
        closed_reason=state.reason,
        closures=state.closures,
    )


def quantiles_of(row: LaneRow) -> tuple[int, ...] | None:
    """The lane's 11 quantiles; None where there are none, or where somebody has since typed another p50 or p90."""
    days = tuple(row.days or ())
    return days if days and (days[5], days[9]) == (row.days_p50, row.days_p90) else None


def lead_time_of(row: LaneRow) -> LeadTime:
    """The lane's days: its quantiles where they are known, else what lies between its p50 and p90."""
    known = quantiles_of(row)
    return LeadTime(days=known) if known else LeadTime.from_p50_p90(row.days_p50, row.days_p90)


def tariffs_on(merchant_id: int, codes: set[str], on: date) -> dict[str, TariffRow]:
    """Of each rate card the youngest edition that holds on the day; a card without one that holds is left out."""
    rows = TariffRow.objects.of(merchant_id).filter(code__in=codes).order_by("pk")
    return {row.code: row for row in sorted(rows, key=since) if in_force(row, on)}


def tariff_of(row: Any) -> Tariff:
    """A tariff row as core.freight prices from it."""
    return Tariff(
        code=row.code,
        currency=row.currency,
        divisor_cm3_per_kg=row.divisor_cm3_per_kg,
        step_g=row.step_g,
        breaks=tuple(break_of(*b) for b in row.breaks),
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
        basis="box" if row.basis == TariffBasis.BOX else "weight",
        box_minor=tuple(row.box_prices.items()),
        surcharges=tuple(_surcharge(given) for given in row.surcharges),
    )


def _surcharge(given: dict[str, Any]) -> Surcharge:
    """A surcharge as its row holds it, days as ISO dates or null."""
    first, last = (given.get(name) for name in ("valid_from", "valid_to"))
    return Surcharge(
        code=given["code"],
        kind=given["kind"],
        amount=given["amount"],
        valid_from=date.fromisoformat(first) if first else None,
        valid_to=date.fromisoformat(last) if last else None,
    )


def break_of(up_to_g: int, base_minor: int, per_step_minor: int, per_kg_minor: int = 0) -> Break:
    """A weight break as its row holds it: the price per kg is left out where there is none."""
    return Break(up_to_g=up_to_g, base_minor=base_minor, per_step_minor=per_step_minor, per_kg_minor=per_kg_minor)


def _items(
    merchant: ShopMerchant, markets: Sequence[Market], variant_ids: list[int], language: str, on: date
) -> dict[str, dict[tuple[int, str], Item]]:
    """By country the live variants among the ids, with words, prices set by hand and the tariff lines of their code."""
    if not variant_ids:
        return {}
    rows = Variant.objects.of(merchant.id).filter(id__in=variant_ids, active=True, product__status=ProductStatus.LIVE)
    variants = list(rows.order_by("id"))
    titles = _titles(merchant.id, {variant.product_id for variant in variants}, language)
    by_hand = MarketPrice.objects.of(merchant.id).filter(
        market_id__in=[market.id for market in markets], variant_id__in=variant_ids
    )
    overrides = {(price.market_id, price.variant_id): price.price_minor for price in by_hand}
    territories = {market.country: territory_of(market.country, on) for market in markets}
    lines = duty_lines_of(merchant.id, set(territories.values()), {variant.hs_code for variant in variants})
    return {
        market.country: {
            (variant.pk, language): _item(
                variant,
                titles.get(variant.product_id, variant.sku),
                overrides.get((market.id, variant.pk)),
                lines.get((territories[market.country], variant.hs_code), ()),
            )
            for variant in variants
        }
        for market in markets
    }


def _item(variant: Variant, title: str, override_minor: int | None, lines: Sequence[DutyLine]) -> Item:
    return Item(
        variant_id=variant.pk,
        sku=variant.sku,
        title=title,
        list_minor=variant.list_price_minor,
        override_minor=override_minor,
        tax_category=variant.tax_category,
        hs_code=variant.hs_code,
        origin_country=variant.origin_country,
        weight_g=variant.weight_g,
        length_mm=variant.length_mm,
        width_mm=variant.width_mm,
        height_mm=variant.height_mm,
        restrictions=frozenset(variant.restrictions),
        assumed=variant.assumed,
        duty_lines=tuple(line for line in lines if line.origin in {"", variant.origin_country}),
    )


def _titles(merchant_id: int, product_ids: set[int], language: str) -> dict[int, str]:
    """Product titles in the language, else in English."""
    texts = ProductText.objects.of(merchant_id).filter(product_id__in=product_ids, language__in={language, "en"})
    titles = dict[int, str]()
    for product_id, its_language, title in texts.values_list("product_id", "language", "title"):
        if its_language == language or product_id not in titles:
            titles[product_id] = title
    return titles
