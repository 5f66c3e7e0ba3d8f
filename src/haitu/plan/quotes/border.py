"""A market's border for every customs class: its value limits as plain figures, and duty and import VAT as columns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

import numpy as np

from haitu.core.book import Destination, Terms
from haitu.core.customs import DUTY_WITHOUT_FREIGHT, NO_IMPORT_VAT, Threshold, threshold_for
from haitu.core.dated import in_force
from haitu.core.money import LARGEST_MINOR, Exchange, RateMissing
from haitu.core.territory import territory_of, vat_area_of
from haitu.plan.quotes.duties import Dutiable, Program, Tariffs, duties
from haitu.plan.quotes.exact import Column, Rate, on_top
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.skus import Customs

NEVER = -1  # no value is within the limit: there is none
UNKNOWN_RATE = -2  # the limit stands in a currency without a rate


class Crossing(IntEnum):
    """What lies between a warehouse and the buyer."""

    NONE = 0
    VAT = 1  # one customs territory, two VAT areas
    CUSTOMS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Border:
    """The rules of one market on one day, limits per customs class in the market's minor units, largest value within.

    `flat_minor`: the flat duty, NEVER where it is not known, UNKNOWN_RATE where its rate is not.
    """

    market_shows_tax: bool
    ddp: bool
    no_import_vat: bool
    freight_counts: bool
    registered: bool
    nexus: bool
    collects_to: Column
    flat_to: Column
    flat_minor: Column
    duty_free_to: Column
    vat_free_to: Column
    tariff: Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What the border takes of each row, as `customs.charges` says it; `paid_by` 0 nobody, 1 us, 2 the buyer."""

    duty_minor: Column
    import_vat_minor: Column
    seller_taxes: Column
    paid_by: Column
    refused: Column


NOBODY, US, BUYER = 0, 1, 2


def crossing(warehouse_country: str, consumer_country: str, on: date) -> Crossing:
    """Which border a parcel from there meets."""
    if vat_area_of(warehouse_country, on) == vat_area_of(consumer_country, on):
        return Crossing.NONE
    one_territory = territory_of(warehouse_country, on) == territory_of(consumer_country, on)
    return Crossing.VAT if one_territory else Crossing.CUSTOMS


def border(terms: Terms, tariffs: Tariffs, *, to: Destination) -> Border:
    """The market's border as figures, on the tariffs' day."""
    classes, on = tariffs.classes, tariffs.on
    market = terms.market
    exchange = Exchange(currency=market.currency, rates=terms.fx, on=on)
    thresholds = [threshold for threshold in terms.thresholds if in_force(threshold, on)]
    territory, vat_area = territory_of(to.country, on), vat_area_of(to.country, on)

    def limits(kind: str) -> Column:
        by_origin = {
            origin: _largest_within(
                threshold_for(thresholds, kind, destination=to.country, origin=origin, on=on), exchange
            )
            for origin in {customs.origin_country for customs in classes}
        }
        return np.array([by_origin[customs.origin_country] for customs in classes], dtype=np.int64)

    def flat(customs: Customs) -> int:
        each = threshold_for(thresholds, "flat_duty_each", destination=to.country, origin=customs.origin_country, on=on)
        if each is None or len(customs.hs_code[:6]) < 6:
            return NEVER
        try:
            return exchange.take(each.amount_minor, each.currency)
        except RateMissing:
            return UNKNOWN_RATE

    return Border(
        market_shows_tax=market.prices_include_tax,
        ddp=market.incoterm == "DDP",
        no_import_vat=to.country in NO_IMPORT_VAT,
        freight_counts=territory not in DUTY_WITHOUT_FREIGHT,
        registered=("IOSS" if vat_area == "EU" else vat_area) in market.registrations,
        nexus=f"{to.country}-{to.region or market.region}" in market.registrations,
        collects_to=limits("seller_collects"),
        flat_to=limits("flat_duty_to"),
        flat_minor=np.array([flat(customs) for customs in classes], dtype=np.int64),
        duty_free_to=limits("duty_free"),
        vat_free_to=limits("import_vat_free"),
        tariff=tariffs.program(territory, exchange),
    )


def _largest_within(threshold: Threshold | None, exchange: Exchange) -> int:
    """The largest goods value, in the exchange's currency, that the threshold covers; conversion never falls."""
    if threshold is None:
        return NEVER
    limit = threshold.amount_minor

    def within(value_minor: int) -> bool:
        there = exchange.give(value_minor, threshold.currency)
        return there < limit or (threshold.inclusive and there == limit)

    try:
        if not within(0):
            return NEVER
    except RateMissing:
        return UNKNOWN_RATE
    low, high = 0, LARGEST_MINOR
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if within(middle) else (low, middle - 1)
    return low


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcels:
    """Rows of parcels of one line: goods without tax, what the buyer pays for delivery without tax, all pieces."""

    customs_class: Column
    value_minor: Column
    freight_minor: Column
    weight_g: Column
    pieces: Column


def taken(rules: Border, at: Crossing, parcels: Parcels, rate_bp: Rate) -> Taken:
    """Duty and import VAT, who pays them, whether the seller charges tax, or why it is refused."""
    customs_class, value_minor = parcels.customs_class, parcels.value_minor
    nothing = np.zeros_like(value_minor)
    if at is Crossing.NONE:
        taxes = nothing + int(rules.nexus or not rules.no_import_vat)
        return Taken(duty_minor=nothing, import_vat_minor=nothing, seller_taxes=taxes, paid_by=nothing, refused=nothing)
    collects_to = rules.collects_to[customs_class]
    refused = np.where(collects_to == UNKNOWN_RATE, int(Refused.RATE_MISSING), 0)
    collects = (value_minor <= collects_to) & rules.registered
    duty_minor, unknown = nothing, nothing != 0
    if at is Crossing.CUSTOMS:
        duty_minor, duty_refused = _duty(rules, parcels)
        refused = np.where(refused > 0, refused, duty_refused)
        unknown = refused == Refused.DUTY_UNKNOWN
        if not rules.ddp:  # then it is told, and left to the buyer
            refused = np.where(unknown, 0, refused)
            duty_minor = np.where(unknown, 0, duty_minor)
    import_vat_minor = nothing
    if not rules.no_import_vat:
        asked = ~(unknown | collects)
        free_to = rules.vat_free_to[customs_class]
        refused = np.where((refused == 0) & asked & (free_to == UNKNOWN_RATE), int(Refused.RATE_MISSING), refused)
        full = on_top(value_minor + parcels.freight_minor + duty_minor, rate_bp)
        import_vat_minor = np.where(asked & (value_minor > free_to), full, 0)
    due = unknown | (duty_minor + import_vat_minor > 0)
    paid_by = np.where(due, US if rules.ddp else BUYER, NOBODY)
    if rules.market_shows_tax:
        twice = (paid_by == BUYER) & ((import_vat_minor > 0) | unknown)
        refused = np.where((refused == 0) & twice, int(Refused.TAXED_TWICE), refused)
    return Taken(
        duty_minor=duty_minor,
        import_vat_minor=import_vat_minor,
        seller_taxes=(collects | rules.nexus).astype(np.int64),
        paid_by=paid_by,
        refused=refused,
    )


def _duty(rules: Border, parcels: Parcels) -> tuple[Column, Column]:
    """Flat where that is the rule, none below the limit, else by the tariff; and why it is not known."""
    customs_class, value_minor = parcels.customs_class, parcels.value_minor
    missing, unknown = int(Refused.RATE_MISSING), int(Refused.DUTY_UNKNOWN)
    flat_to, free_to = rules.flat_to[customs_class], rules.duty_free_to[customs_class]
    flat_minor = rules.flat_minor[customs_class]
    flat, free = value_minor <= flat_to, value_minor <= free_to
    base_minor = value_minor + parcels.freight_minor if rules.freight_counts else value_minor
    by_tariff = duties(
        rules.tariff,
        Dutiable(customs_class=customs_class, base_minor=base_minor, weight_g=parcels.weight_g, pieces=parcels.pieces),
    )
    minor = np.where(flat, flat_minor, np.where(free, 0, by_tariff))
    flat_refused = np.where(flat_minor == NEVER, unknown, np.where(flat_minor == UNKNOWN_RATE, missing, 0))
    else_refused = np.where(free_to == UNKNOWN_RATE, missing, np.where(free, 0, rules.tariff.refused[customs_class]))
    refused = np.where(flat_to == UNKNOWN_RATE, missing, np.where(flat, flat_refused, else_refused))
    return np.where(refused > 0, 0, minor), refused
