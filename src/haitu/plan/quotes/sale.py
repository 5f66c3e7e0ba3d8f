"""What a quote owes to the market alone: shelf price, delivery, tax, duty – the same for every path of one border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from haitu.core.book import Destination, Terms
from haitu.core.landed import Waterfall, landed
from haitu.core.market import Market, charm
from haitu.core.money import FxMismatch, FxRate, RateMissing, minor_units
from haitu.core.tax import NoTaxRate
from haitu.plan.quotes.border import US, Border, Crossing, Parcels, border, taken
from haitu.plan.quotes.duties import Tariffs
from haitu.plan.quotes.exact import Column, Rate, charmed, converted_back, inside, ratio
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.skus import NO_OVERRIDE, Skus

NO_RATE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A market's terms on one day, for buyers of one place, as figures; rates per tax category, NO_RATE: not known.

    `from_base`: market → base currency, by which amounts come back; None where they are one.
    """

    market: Market
    to: Destination
    on: date
    list_fx: FxRate
    from_base: FxRate | None
    shelf_bp: tuple[int, ...]
    tax_bp: tuple[int, ...]
    border: Border
    outlet_fee_bp: int
    payment_fee_bp: int
    payment_fixed_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """So many of each SKU at the market's price: shelf price of one, what the buyer pays for all and for delivery."""

    quantity: Column
    shelf_minor: Column
    amount_minor: Column
    charged_minor: Column
    goods_minor: Column
    refused: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The waterfall without inbound, storage and last mile, over one kind of border."""

    waterfall: Waterfall
    paid_by: Column
    refused: Column


def rules_of(terms: Terms, categories: Sequence[str], tariffs: Tariffs, *, to: Destination) -> Rules:
    """The terms as figures on the tariffs' day; refuses a rate to another currency and an unknown charm."""
    market, on = terms.market, tariffs.on
    if terms.list_fx.quote != market.currency:
        raise FxMismatch(
            f"The rate leads to {terms.list_fx.quote}, the market sells in {market.currency}.", field="rate"
        )
    charm(1, market.currency, market.charm)

    def rates(region: str) -> tuple[int, ...]:
        return tuple(_rate_bp(terms, category, region, on) for category in categories)

    return Rules(
        market=market,
        to=to,
        on=on,
        list_fx=terms.list_fx,
        from_base=None if terms.base_currency == market.currency else terms.base_fx,
        shelf_bp=rates(market.region) if market.prices_include_tax else (0,) * len(categories),
        tax_bp=rates(to.region or market.region),
        border=border(terms, tariffs, to=to),
        outlet_fee_bp=terms.outlet_fee_bp,
        payment_fee_bp=terms.payment_fee_bp,
        payment_fixed_minor=terms.payment_fee_fixed_minor,
    )


def _rate_bp(terms: Terms, category: str, region: str, on: date) -> int:
    try:
        return terms.tax_rate(category, region, on).rate_bp
    except NoTaxRate:
        return NO_RATE


def from_base(rules: Rules, minor: Column) -> Column:
    """Amounts of the base currency in the market's, as `Terms.from_base`."""
    return minor if rules.from_base is None else converted_back(minor, rules.from_base)


def by_category(rates_bp: Sequence[int], skus: Skus) -> Rate:
    """Each SKU's rate; one figure where all categories have the same."""
    known = tuple(max(rate, 0) for rate in rates_bp)
    return known[0] if len(set(known)) == 1 else np.array(known, dtype=np.int64)[skus.category]


def sold(skus: Skus, quantity: Column, rules: Rules) -> Sold:
    """Price, amount and delivery; refused where the tax inside the price is not known."""
    market = rules.market
    shelf_minor = _shelf(skus, rules)
    amount_minor = shelf_minor * quantity
    free_from_minor = market.shipping_free_from_minor
    charged_minor = amount_minor + market.shipping_minor
    if free_from_minor is not None:
        charged_minor = np.where(amount_minor >= free_from_minor, amount_minor, charged_minor)
    unknown = np.array([rate == NO_RATE for rate in rules.shelf_bp])[skus.category]
    return Sold(
        quantity=quantity,
        shelf_minor=shelf_minor,
        amount_minor=amount_minor,
        charged_minor=charged_minor,
        goods_minor=from_base(rules, skus.cost_minor * quantity),
        refused=np.where(unknown, int(Refused.NO_TAX_RATE), 0),
    )


def _shelf(skus: Skus, rules: Rules) -> Column:
    market, fx = rules.market, rules.list_fx
    denominator = 10_000 * 10**9 * minor_units(fx.base) * 10_000
    exact = np.zeros(len(skus), dtype=np.int64)
    for rate_bp in set(rules.shelf_bp):
        rows = slice(None) if len(set(rules.shelf_bp)) == 1 else _rows(rules.shelf_bp, rate_bp, skus)
        with_tax_bp = 10_000 + max(rate_bp, 0)
        numerator = market.price_factor_bp * fx.rate_e9 * minor_units(fx.quote) * with_tax_bp
        exact[rows] = ratio(skus.list_minor[rows], numerator, denominator)
    shown = charmed(exact, market.currency, market.charm)
    typed = skus.overrides.get(market.id)
    return shown if typed is None else np.where(typed == NO_OVERRIDE, shown, typed)


def _rows(rates_bp: Sequence[int], rate_bp: int, skus: Skus) -> Column:
    return np.flatnonzero(np.array([rate == rate_bp for rate in rates_bp])[skus.category])


def front(skus: Skus, sold_: Sold, rules: Rules, at: Crossing) -> Front:
    """All that a quote over that border takes, but for what the path costs us."""
    market = rules.market
    rate_bp = by_category(rules.tax_bp, skus)
    inside_bp: Rate = rate_bp if market.prices_include_tax else 0
    value_minor = sold_.amount_minor - inside(sold_.amount_minor, inside_bp)
    freight_minor = sold_.charged_minor - inside(sold_.charged_minor, inside_bp) - value_minor
    parcels = Parcels(
        customs_class=skus.customs_class,
        value_minor=value_minor,
        freight_minor=freight_minor,
        weight_g=skus.weight_g * sold_.quantity,
        pieces=sold_.quantity,
    )
    charged = taken(rules.border, at, parcels, rate_bp)
    unknown = np.array([rate == NO_RATE for rate in rules.tax_bp])[skus.category]
    refused = np.where(unknown, int(Refused.NO_TAX_RATE), charged.refused)
    we_pay = charged.paid_by == US
    duty_minor = np.where(we_pay, charged.duty_minor, 0)
    import_vat_minor = np.where(we_pay, charged.import_vat_minor, 0)
    # The very formula of the ledger; its types say int, and a column serves wherever an int does.
    waterfall = landed(
        charged_minor=sold_.charged_minor,  # type: ignore[arg-type]
        tax_rate_bp=charged.seller_taxes * rate_bp,  # type: ignore[arg-type]
        tax_included=market.prices_include_tax,
        added_minor=0 if market.prices_include_tax else duty_minor + import_vat_minor,  # type: ignore[arg-type]
        goods_minor=sold_.goods_minor,  # type: ignore[arg-type]
        duty_minor=duty_minor,  # type: ignore[arg-type]
        import_vat_minor=import_vat_minor,  # type: ignore[arg-type]
        outlet_fee_bp=rules.outlet_fee_bp,
        payment_fee_bp=rules.payment_fee_bp,
        payment_fixed_minor=rules.payment_fixed_minor,
        returns_bp=market.returns_bp,
        traffic_minor=market.traffic_minor,
    )
    return Front(waterfall=waterfall, paid_by=charged.paid_by, refused=refused)


def storage_milli(terms: Terms, warehouse_id: int) -> int | None:
    """A warehouse's storage tariff in thousandths of the market's minor unit; None: its currency has no rate."""
    try:
        return terms.storage_milli_per_m3_day(warehouse_id)
    except RateMissing:
        return None
