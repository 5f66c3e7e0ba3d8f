"""Rows → the Book that core.quote prices from: rules are kept while the merchant's version stands, stock is live."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Q

from haitu.core.book import Book, Item, Terms, Warehouse
from haitu.core.customs import DutyLine, Threshold, territory_of
from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal
from haitu.core.freight import Break, Lane, Surcharge, Tariff
from haitu.core.lead import LeadTime
from haitu.core.market import Market
from haitu.core.money import FxRate, cross, half_up
from haitu.core.stock import StockAt
from haitu.core.tax import TaxRate
from haitu.models import DutyLine as DutyLineRow
from haitu.models import FxRate as FxRateRow
from haitu.models import Lane as LaneRow
from haitu.models import Market as MarketRow
from haitu.models import (
    MarketPrice,
    Outlet,
    PaymentAccount,
    ProductStatus,
    ProductText,
    StorageRate,
    TariffBasis,
    Variant,
)
from haitu.models import Tariff as TariffRow
from haitu.models import TaxRate as TaxRateRow
from haitu.models import Threshold as ThresholdRow
from haitu.models import Warehouse as WarehouseRow
from haitu.reads.closures import LaneState, Shut, shut_on
from haitu.reads.merchant import ShopMerchant
from haitu.reads.workdays import workdays_of

KEPT_TERMS = 64  # merchant × market × day; a day's worth of eight markets for eight merchants


class NoSuchMarket(Refusal):
    """The merchant does not sell in that country, or has closed the market."""

    code = "no_such_market"


class NoExchangeRate(Refusal):
    """No reference rate of a currency is known on or before the day."""

    code = "no_exchange_rate"


@dataclass(slots=True)
class _Kept:
    """A market's terms as of one version of the merchant; `items` fills as variants are asked for."""

    version: int
    terms: Terms
    items: dict[tuple[int, str], Item] = field(default_factory=dict)


_kept: OrderedDict[tuple[int, str, date], _Kept] = OrderedDict()


def load_book(merchant: ShopMerchant, country: str, variant_ids: Iterable[int], *, language: str, on: date) -> Book:
    """Everything needed to price these variants in that market on that day.

    One query (stock) when the terms and items are already known to this process at the merchant's live version.
    """
    kept = _kept_for(merchant, country, on)
    wanted = sorted(set(variant_ids))
    missing = [variant_id for variant_id in wanted if (variant_id, language) not in kept.items]
    if missing:
        kept.items |= _items(merchant, kept.terms.market, missing, language, on)
    return Book(
        terms=kept.terms,
        items={key: kept.items[key, language] for key in wanted if (key, language) in kept.items},
        stock=stock_of(merchant.id, wanted),
    )


def market_of(merchant: ShopMerchant, country: str, *, on: date) -> Market:
    """The market's rules alone."""
    return _kept_for(merchant, country, on).terms.market


def stock_of(merchant_id: int, variant_ids: list[int]) -> tuple[StockAt, ...]:
    """Live stock rows of the variants, by id."""
    if not variant_ids:
        return ()
    marks = ", ".join(["%s"] * len(variant_ids))
    sql = f"""
        SELECT s.id, s.variant_id, s.warehouse_id, s.on_hand, s.reserved, s.buffer, s.goods_value_minor,
               s.inbound_value_minor, s.assumed
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
        )
        for row in rows
    )


def _kept_for(merchant: ShopMerchant, country: str, on: date) -> _Kept:
    key = (merchant.id, country, on)
    kept = _kept.get(key)
    if kept is None or kept.version != merchant.version:
        kept = _kept[key] = _Kept(version=merchant.version, terms=_load_terms(merchant, country, on))
        while len(_kept) > KEPT_TERMS:
            _kept.popitem(last=False)
    return kept


def _load_terms(merchant: ShopMerchant, country: str, on: date) -> Terms:
    row = MarketRow.objects.of(merchant.id).filter(country=country, open=True).first()
    if row is None:
        raise NoSuchMarket(f"{merchant.name} does not sell to {country}.", field="country", country=country)
    shut = shut_on(merchant.id, on)
    active = WarehouseRow.objects.of(merchant.id).filter(active=True)
    warehouses = {w.id: w for w in active if shut.warehouse(w.id) is None}  # what lies in a closed one is not promised
    storage = _storage(merchant.id, on)
    lanes = tuple(_lanes(merchant.id, country, warehouses, shut))
    own_shop = Outlet.objects.of(merchant.id).filter(code="own").first()
    account = PaymentAccount.objects.of(merchant.id).filter(active=True).order_by("id").first()
    needed = {merchant.list_currency, merchant.base_currency, row.currency, "EUR"}
    stores = {w.id: _warehouse(w, storage.get(w.id, ()), on) for w in warehouses.values()}
    needed |= {lane.tariff.currency for lane in lanes} | {store.storage_currency for store in stores.values()}
    thresholds = _thresholds(merchant.id, territory_of(country, on))
    needed |= {threshold.currency for threshold in thresholds}
    rates = exchange_rates(needed, on=on)
    return Terms(
        market=_market(row),
        base_currency=merchant.base_currency,
        list_fx=_cross(rates, merchant.list_currency, row.currency),
        base_fx=_cross(rates, row.currency, merchant.base_currency),
        fx={currency: _cross(rates, currency, row.currency) for currency in needed},
        tax_rates=tuple(_tax_rates(merchant.id, country)),
        thresholds=thresholds,
        warehouses=stores,
        lanes=lanes,
        outlet_fee_bp=own_shop.fee_bp if own_shop else 0,
        payment_fee_bp=account.fee_bp if account else 0,
        payment_fee_fixed_minor=account.fee_fixed.get(row.currency, 0) if account else 0,
    )


def exchange_rates(currencies: Iterable[str], *, on: date) -> dict[str, FxRate]:
    """The newest rate on or before the day for each currency, as currency units per euro."""
    rates = {"EUR": FxRate(base="EUR", quote="EUR", rate_e9=1_000_000_000, on=on, source="by definition")}
    for currency in currencies:
        if currency in rates:
            continue
        row = FxRateRow.objects.filter(currency=currency, on__lte=on).order_by("-on").first()
        if row is None:
            raise NoExchangeRate(
                f"No exchange rate of {currency} is known on or before {on}; load rates or add one.", field=currency
            )
        rates[currency] = FxRate(base="EUR", quote=currency, rate_e9=row.per_eur_e9, on=row.on, source=row.source)
    return rates


def _cross(rates: dict[str, FxRate], base: str, quote: str) -> FxRate:
    return cross(rates[base], rates[quote])


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
        currency, minor = rates[0].currency, _storage_minor_per_m3_day(rates, row.storage_days)
    return Warehouse(
        id=row.pk,
        code=row.code,
        country=row.country,
        handling_days=(workdays_of(row, on.year).after(on, row.handling_days) - on).days,
        storage_minor_per_m3_day=minor,
        storage_currency=currency,
        storage_days=row.storage_days,
        assumed=row.assumed or any(rate.assumed for rate in rates),
    )


def _storage(merchant_id: int, on: date) -> dict[int, list[StorageRate]]:
    """The age brackets in force by warehouse, by age; of two of one age the rate that began last."""
    rows = StorageRate.objects.of(merchant_id).filter(valid_from__lte=on).order_by("valid_from", "pk")
    latest = {(row.warehouse_id, row.from_days): row for row in rows}
    brackets: dict[int, list[StorageRate]] = {}
    for (warehouse_id, _), row in sorted(latest.items()):
        brackets.setdefault(warehouse_id, []).append(row)
    return brackets


def _storage_minor_per_m3_day(rates: Sequence[StorageRate], days: int) -> int:
    """The mean of the days a unit lies there, half-up; an age below the first bracket is free."""
    each = [[0, *(r.minor_per_m3_day for r in rates if r.from_days <= age)][-1] for age in range(max(days, 1))]
    return half_up(sum(each), len(each))


def _lanes(merchant_id: int, country: str, warehouses: dict[int, WarehouseRow], shut: Shut) -> Iterable[Lane]:
    """The last-mile lanes into the country; a closed one is there with its reason, and refused by what prices it."""
    rows = LaneRow.objects.of(merchant_id).filter(to=None, destination=country, origin_id__in=warehouses).order_by("id")
    found = list(rows.select_related("tariff"))
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
    days = tuple(row.days) if row.days else None
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


def _shared_or_own(merchant_id: int) -> Q:
    return Q(merchant=None) | Q(merchant=merchant_id)


def _own_wins(rows: Iterable[Any], *key: str) -> list[Any]:
    """The merchant's own rows, and the shared ones for which there is no own row of the same key."""
    rows = list(rows)
    own = {tuple(getattr(row, name) for name in key) for row in rows if row.merchant_id is not None}
    return [r for r in rows if r.merchant_id is not None or tuple(getattr(r, name) for name in key) not in own]


def _tax_rates(merchant_id: int, country: str) -> Iterable[TaxRate]:
    rows = TaxRateRow.objects.filter(_shared_or_own(merchant_id), country=country).order_by("id")
    for row in _own_wins(rows, "country", "region", "category"):
        yield TaxRate(
            country=row.country,
            region=row.region,
            kind=row.kind,
            category=row.category,
            rate_bp=row.rate_bp,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            source=row.source,
        )


def _thresholds(merchant_id: int, territory: str) -> tuple[Threshold, ...]:
    rows = ThresholdRow.objects.filter(_shared_or_own(merchant_id), country=territory).order_by("id")
    return tuple(
        Threshold(
            country=row.country,
            kind=row.kind,
            amount_minor=row.amount_minor,
            currency=row.currency,
            inclusive=row.inclusive,
            origin=row.origin,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            source=row.source,
        )
        for row in _own_wins(rows, "country", "kind", "origin")
    )


def _items(
    merchant: ShopMerchant, market: Market, variant_ids: list[int], language: str, on: date
) -> dict[tuple[int, str], Item]:
    """The live variants among the ids, with their words, their price set by hand and the tariff lines of their code."""
    rows = (
        Variant.objects.of(merchant.id)
        .filter(id__in=variant_ids, active=True, product__status=ProductStatus.LIVE)
        .order_by("id")
    )
    variants = list(rows)
    titles = _titles(merchant.id, {variant.product_id for variant in variants}, language)
    overrides = dict(
        MarketPrice.objects.of(merchant.id)
        .filter(market_id=market.id, variant_id__in=variant_ids)
        .values_list("variant_id", "price_minor")
    )
    lines = duty_lines(merchant.id, territory_of(market.country, on), {variant.hs_code for variant in variants})
    return {
        (variant.pk, language): Item(
            variant_id=variant.pk,
            sku=variant.sku,
            title=titles.get(variant.product_id, variant.sku),
            list_minor=variant.list_price_minor,
            override_minor=overrides.get(variant.pk),
            tax_category=variant.tax_category,
            hs_code=variant.hs_code,
            origin_country=variant.origin_country,
            weight_g=variant.weight_g,
            length_mm=variant.length_mm,
            width_mm=variant.width_mm,
            height_mm=variant.height_mm,
            restrictions=frozenset(variant.restrictions),
            assumed=variant.assumed,
            duty_lines=tuple(
                line for line in lines.get(variant.hs_code, ()) if line.origin in {"", variant.origin_country}
            ),
        )
        for variant in variants
    }


def _titles(merchant_id: int, product_ids: set[int], language: str) -> dict[int, str]:
    """Product titles in the language, else in English."""
    texts = ProductText.objects.of(merchant_id).filter(product_id__in=product_ids, language__in={language, "en"})
    titles = dict[int, str]()
    for product_id, its_language, title in texts.values_list("product_id", "language", "title"):
        if its_language == language or product_id not in titles:
            titles[product_id] = title
    return titles


def duty_lines(merchant_id: int, territory: str, hs_codes: set[str]) -> dict[str, tuple[DutyLine, ...]]:
    """For each code the tariff lines that may hold: above it (up to "", all goods), and all under its six digits.

    Six digits are the world's. A territory may split them further, or otherwise than the one the code was taken from.
    """
    codes = {code for code in hs_codes if len(code) >= 4}
    if not codes:
        return {}
    prefixes = {code[:length] for code in codes for length in range(len(code) + 1)}
    below = reduce(or_, (Q(hs_code__startswith=code) for code in sorted({code[:6] for code in codes})))
    rows = DutyLineRow.objects.filter(
        _shared_or_own(merchant_id), below | Q(hs_code__in=prefixes), territory=territory
    ).order_by("id")
    lines = [(row.hs_code, _duty_line(row)) for row in _own_wins(rows, "territory", "hs_code", "origin", "additional")]
    return {
        code: tuple(line for its_code, line in lines if code.startswith(its_code) or its_code.startswith(code[:6]))
        for code in codes
    }


def _duty_line(row: DutyLineRow) -> DutyLine:
    return DutyLine(
        territory=row.territory,
        hs_code=row.hs_code,
        origin=row.origin,
        additional=row.additional,
        ad_valorem_bp=row.ad_valorem_bp,
        specific_minor=row.specific_minor,
        specific_currency=row.specific_currency,
        specific_per_g=row.specific_per_g,
        text=row.text,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        source=row.source,
    )
