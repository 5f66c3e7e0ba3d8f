"""Crossing a customs border: what duty and import VAT it takes of a parcel, and who pays them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Literal

from haitu.core.dated import in_force, since
from haitu.core.errors import Refusal
from haitu.core.explain import Why
from haitu.core.money import Exchange, FxRate, display, split
from haitu.core.tariff import Charge, DutyLine, DutyUnknown, Goods, duty
from haitu.core.tax import tax_on_top
from haitu.core.territory import territory_of, vat_area_of

__all__ = [  # whoever deals with customs finds its words here
    "Consignment",
    "DutyLine",
    "DutyUnknown",
    "Goods",
    "ImportCharges",
    "PaysTwice",
    "Threshold",
    "charges",
    "check_incoterm",
    "territory_of",
    "vat_area_of",
]

# Duty on the price without international freight and insurance (elsewhere they belong to the customs value):
# US 19 U.S.C. §1401a(b)(4)(A), CA Customs Act s. 48(5)(b), AU Customs Act 1901 s. 161, NZ Customs and Excise Act 2018.
DUTY_WITHOUT_FREIGHT = {"US", "CA", "AU", "NZ"}
# No VAT at the border; the states' sales tax is the seller's where it is registered (South Dakota v. Wayfair, 2018).
NO_IMPORT_VAT = {"US"}


class PaysTwice(Refusal):
    """Duty is collected from the buyer, but the label would make the carrier collect it again."""

    code = "pays_twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A goods value up to which a consignment is treated differently, in the currency of the authority.

    `country` is an ISO country or "EU"; `origin` "": goods of any origin, else only goods of that one, for which it
    replaces the general threshold. `inclusive`: at or below, else strictly below. Kinds: "duty_free";
    "import_vat_free"; "seller_collects" (the registered seller charges the VAT at the sale, none is due at import);
    "flat_duty_to" with "flat_duty_each" (up to the first amount the duty is the second one for each six-digit code
    in the consignment, instead of the tariff's).
    """

    country: str
    kind: str
    amount_minor: int
    currency: str
    inclusive: bool
    origin: str
    valid_from: date | None
    valid_to: date | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignment:
    """What travels in one parcel from one country to a buyer in another; amounts in `currency`."""

    origin_country: str
    destination: str
    goods: tuple[Goods, ...]
    freight_minor: int
    insurance_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCharges:
    """What the border takes, per goods of the consignment, in its currency.

    `scheme`: "domestic" (no border), "seller_collects" (VAT charged at the sale), "import" (duty and VAT at the
    border), "free" (at the border, but nothing is due). `seller_taxes`: the seller charges the destination's VAT or
    sales tax. `paid_by`: who pays duty and import VAT to customs. `known` False: under DAP the duty could not be
    worked out, and the zeros mean "unknown, the buyer pays on arrival".
    """

    scheme: Literal["domestic", "seller_collects", "import", "free"]
    duty_minor: tuple[int, ...]
    import_vat_minor: tuple[int, ...]
    seller_taxes: bool
    paid_by: Literal["us", "buyer", "none"]
    known: bool
    explanation: tuple[Why, ...]
    sources: tuple[str, ...]


def check_incoterm(collected_duty: bool, label: str) -> None:
    """Refuses a DAP label on a parcel whose duty the buyer has paid already."""
    if collected_duty and label != "DDP":
        raise PaysTwice(
            f"The buyer has paid the duty, but the label says {label}: the carrier would collect it a second time. "
            "Ship DDP.",
            field="incoterm",
            label=label,
        )


def charges(
    consignment: Consignment,
    *,
    region: str = "",
    vat_rates_bp: Sequence[int],
    duty_lines: Iterable[DutyLine],
    thresholds: Iterable[Threshold],
    fx: Mapping[str, FxRate],
    registrations: frozenset[str],
    on: date,
    incoterm: Literal["DDP", "DAP"],
) -> ImportCharges:
    """Duty and import VAT of one consignment on a day, and who collects them.

    `vat_rates_bp`: the destination's rate for each goods. `duty_lines` may repeat; each counts once. `fx`: from other
    currencies into the consignment's. `region`: of the buyer, for sales tax by state. Refuses with DutyUnknown what
    it cannot work out under DDP; under DAP that is told and left to the buyer.
    """
    destination = consignment.destination
    border = _Border(
        consignment=consignment,
        territory=territory_of(destination, on),
        vat_area=vat_area_of(destination, on),
        lines=tuple(line for line in duty_lines if in_force(line, on)),
        thresholds=tuple(threshold for threshold in thresholds if in_force(threshold, on)),
        exchange=Exchange(currency=consignment.currency, rates=fx, on=on),
    )
    has_nexus = f"{destination}-{region}" in registrations
    if vat_area_of(consignment.origin_country, on) == border.vat_area:
        return _domestic(consignment, seller_taxes=has_nexus or destination not in NO_IMPORT_VAT)
    collects, told = _seller_collects(border, registrations)
    try:
        duties = _duties(border)
        known = True
    except DutyUnknown as unknown:
        if incoterm == "DDP":
            raise
        duties = _left_to_the_buyer(consignment, unknown)
        known = False
    vats = _import_vats(border, duties, vat_rates_bp) if known and not collects else _nothing(consignment)
    due = not known or any(charge.amount_minor for charge in duties + vats)
    explanation = (*told, *chain.from_iterable(charge.why for charge in duties + vats))
    if due:
        explanation += (_who_pays(incoterm),)
    return ImportCharges(
        scheme="seller_collects" if collects else "import" if due else "free",
        duty_minor=tuple(charge.amount_minor for charge in duties),
        import_vat_minor=tuple(charge.amount_minor for charge in vats),
        seller_taxes=collects or has_nexus,
        paid_by="none" if not due else "us" if incoterm == "DDP" else "buyer",
        known=known,
        explanation=explanation,
        sources=tuple(dict.fromkeys(why.source for why in explanation if why.source)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Border:
    """What the steps below share: the consignment, the authority it meets, and the rules in force that day."""

    consignment: Consignment
    territory: str
    vat_area: str
    lines: tuple[DutyLine, ...]
    thresholds: tuple[Threshold, ...]
    exchange: Exchange

    @property
    def value_minor(self) -> int:
        """The intrinsic value of the consignment: all goods, without freight, insurance and tax."""
        return sum(goods.value_minor for goods in self.consignment.goods)

    @property
    def carriage_minor(self) -> tuple[int, ...]:
        """Freight and insurance of the consignment, over its goods by value."""
        whole_minor = self.consignment.freight_minor + self.consignment.insurance_minor
        return split(whole_minor, [goods.value_minor for goods in self.consignment.goods])


def _domestic(consignment: Consignment, *, seller_taxes: bool) -> ImportCharges:
    nothing = (0,) * len(consignment.goods)
    why = Why(
        code="domestic",
        told=f"From {consignment.origin_country} to {consignment.destination} no customs border is crossed.",
        given={"origin": consignment.origin_country, "destination": consignment.destination},
    )
    return ImportCharges(
        scheme="domestic",
        duty_minor=nothing,
        import_vat_minor=nothing,
        seller_taxes=seller_taxes,
        paid_by="none",
        known=True,
        explanation=(why,),
        sources=(),
    )


def _nothing(consignment: Consignment, *why: Why) -> tuple[Charge, ...]:
    """No charge on any of the goods; the reason, if one is given, is told once."""
    return tuple(Charge(amount_minor=0, why=() if place else why) for place in range(len(consignment.goods)))


def _left_to_the_buyer(consignment: Consignment, unknown: DutyUnknown) -> tuple[Charge, ...]:
    told = f"{unknown.told} The buyer pays what customs asks on delivery."
    return _nothing(consignment, Why(code="duty_unknown", told=told, given=unknown.given))


def _who_pays(incoterm: str) -> Why:
    told = {
        "DDP": "Duty and import VAT are paid at checkout; nothing is due on delivery.",
        "DAP": "Duty and import VAT are an estimate; the buyer pays them on delivery.",
    }[incoterm]
    return Why(code="who_pays", told=told, given={"incoterm": incoterm})


# Thresholds -------------------------------------------------------------------------------------------------------
def threshold_for(
    thresholds: Iterable[Threshold], kind: str, *, destination: str, origin: str, on: date
) -> Threshold | None:
    """The rule of that kind, of those in force, for goods of that origin: its own before the general one, then the
    younger one. VAT's rules are its area's, duty's the customs territory's; a country may have rules of its own.
    """
    by_vat = kind in {"seller_collects", "import_vat_free"}
    authority = vat_area_of(destination, on) if by_vat else territory_of(destination, on)
    possible = [
        threshold
        for threshold in thresholds
        if threshold.kind == kind and threshold.country in {authority, destination} and threshold.origin in {"", origin}
    ]
    return max(possible, key=lambda threshold: (threshold.origin != "", since(threshold)), default=None)


def _threshold(border: _Border, kind: str, origin: str) -> Threshold | None:
    destination, on = border.consignment.destination, border.exchange.on
    return threshold_for(border.thresholds, kind, destination=destination, origin=origin, on=on)


def _within(border: _Border, threshold: Threshold) -> bool:
    """Whether all goods of the consignment together do not exceed it, in the authority's currency."""
    value_minor = border.exchange.give(border.value_minor, threshold.currency)
    return value_minor < threshold.amount_minor or (threshold.inclusive and value_minor == threshold.amount_minor)


def _covering(border: _Border, kind: str, goods: Goods) -> Threshold | None:
    threshold = _threshold(border, kind, goods.origin_country)
    return threshold if threshold is not None and _within(border, threshold) else None


def _told(border: _Border, threshold: Threshold, code: str, sentence: str) -> Why:
    """A step that rests on a threshold; the sentence has places for {value} and {limit}."""
    limit = f"{display(threshold.amount_minor, threshold.currency)} {threshold.currency}"
    return Why(
        code=code,
        told=sentence.format(value=border.exchange.shown(border.value_minor), limit=limit),
        given={
            "value_minor": border.value_minor,
            "value_currency": border.exchange.currency,
            "limit_minor": threshold.amount_minor,
            "limit_currency": threshold.currency,
        },
        source=threshold.source,
    )


def _seller_collects(border: _Border, registrations: frozenset[str]) -> tuple[bool, tuple[Why, ...]]:
    """Whether the seller charges the VAT at the sale instead of the border, and why; () where no such rule exists."""
    limits = [_threshold(border, "seller_collects", goods.origin_country) for goods in border.consignment.goods]
    for limit in limits:
        if limit is None:
            return False, ()
        if not _within(border, limit):
            sentence = "Goods worth {value} exceed {limit}: VAT is due at import."
            return False, (_told(border, limit, "above_seller_limit", sentence),)
    if not limits or limits[0] is None:
        return False, ()
    needed = "IOSS" if border.vat_area == "EU" else border.vat_area
    if needed not in registrations:
        sentence = (
            f"Goods worth {{value}} do not exceed {{limit}}, but without registration {needed} VAT is due at import."
        )
        return False, (_told(border, limits[0], "seller_not_registered", sentence),)
    sentence = "Goods worth {value} do not exceed {limit}: the seller charges the VAT at the sale."
    return True, (_told(border, limits[0], "seller_collects", sentence),)


# Duty -------------------------------------------------------------------------------------------------------------
def _duties(border: _Border) -> tuple[Charge, ...]:
    """Duty per goods: none inside one territory or below the limit, flat where that is the rule, else the tariff's."""
    consignment = border.consignment
    if territory_of(consignment.origin_country, border.exchange.on) == border.territory:
        told = f"{consignment.origin_country} and {consignment.destination} are one customs territory: no duty."
        return _nothing(
            consignment, Why(code="one_customs_territory", told=told, given={"territory": border.territory})
        )
    flat = _flat_duties(border)
    return tuple(
        flat[place] if place in flat else _duty(border, goods, carriage_minor)
        for place, (goods, carriage_minor) in enumerate(zip(consignment.goods, border.carriage_minor, strict=True))
    )


def _duty(border: _Border, goods: Goods, carriage_minor: int) -> Charge:
    free = _covering(border, "duty_free", goods)
    if free is not None:
        sentence = "Goods worth {value} are free of duty up to {limit}."
        return Charge(amount_minor=0, why=(_told(border, free, "duty_free", sentence),))
    base_minor = goods.value_minor + (0 if border.territory in DUTY_WITHOUT_FREIGHT else carriage_minor)
    return duty(goods, base_minor, border.lines, territory=border.territory, exchange=border.exchange)


def _flat_duties(border: _Border) -> dict[int, Charge]:
    """Place of goods → its share of the flat duty on its six-digit code, where one is taken instead of the tariff's."""
    places = dict[str, list[int]]()
    for place, goods in enumerate(border.consignment.goods):
        if _covering(border, "flat_duty_to", goods):
            places.setdefault(goods.hs_code[:6], []).append(place)
    flat = dict[int, Charge]()
    for heading, members in places.items():
        goods_under_it = [border.consignment.goods[place] for place in members]
        flat |= zip(members, _flat_duty(border, heading, goods_under_it), strict=True)
    return flat


def _flat_duty(border: _Border, heading: str, members: Sequence[Goods]) -> list[Charge]:
    """One flat duty, shared by value among the goods of one six-digit code."""
    each = _threshold(border, "flat_duty_each", members[0].origin_country)
    if each is None or len(heading) < 6:
        raise DutyUnknown(
            f"The flat duty of {border.territory} on {heading or 'goods without HS code'} is not known.",
            field="hs_code",
            hs_code=heading,
            territory=border.territory,
        )
    amount_minor = border.exchange.take(each.amount_minor, each.currency)
    sentence = (
        f"{heading}: a flat duty of {{limit}} = {border.exchange.shown(amount_minor)} for this code in the parcel."
    )
    why = _told(border, each, "flat_duty", sentence)
    shares = split(amount_minor, [goods.value_minor for goods in members])
    return [Charge(amount_minor=share, why=() if place else (why,)) for place, share in enumerate(shares)]


# Import VAT -------------------------------------------------------------------------------------------------------
def _import_vats(border: _Border, duties: Sequence[Charge], rates_bp: Sequence[int]) -> tuple[Charge, ...]:
    """Import VAT per goods on goods + freight + insurance + duty (Directive 2006/112 Art. 85 f. and its like)."""
    consignment = border.consignment
    if consignment.destination in NO_IMPORT_VAT:
        told = f"{consignment.destination} takes no VAT at the border."
        return _nothing(
            consignment, Why(code="no_import_vat", told=told, given={"destination": consignment.destination})
        )
    return tuple(
        _import_vat(border, goods, goods.value_minor + carriage_minor + charge.amount_minor, rate_bp)
        for goods, carriage_minor, charge, rate_bp in zip(
            consignment.goods, border.carriage_minor, duties, rates_bp, strict=True
        )
    )


def _import_vat(border: _Border, goods: Goods, base_minor: int, rate_bp: int) -> Charge:
    free = _covering(border, "import_vat_free", goods)
    if free is not None:
        sentence = "Goods worth {value} are free of import VAT up to {limit}."
        return Charge(amount_minor=0, why=(_told(border, free, "import_vat_free", sentence),))
    amount_minor = tax_on_top(base_minor, rate_bp)
    shown = border.exchange.shown
    rate = f"{Decimal(rate_bp) / 100} %"
    told = f"Import VAT: {rate} on goods, carriage and duty of {shown(base_minor)} = {shown(amount_minor)}."
    given = {"base_minor": base_minor, "rate_bp": rate_bp, "import_vat_minor": amount_minor}
    return Charge(amount_minor=amount_minor, why=(Why(code="import_vat", told=told, given=given),))
