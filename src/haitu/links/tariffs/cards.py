"""The prices of one lane → its rate card, or what keeps them from being one: gaps, overlaps, mixed money, no figure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import gcd, lcm

from haitu.core.errors import Refusal
from haitu.core.freight import Break
from haitu.core.money import half_up, minor_units
from haitu.links.tariffs.figures import weight_g
from haitu.links.tariffs.prices import Price
from haitu.links.tariffs.said import Said, said

WHOLE_KG = 1000
STEPS = {"per_half_kg": 500, "per_100g": 100, "per_lb": 454}
BANDED = ("flat", "per_kg", "per_cbm", *STEPS)
MOST_MINOR = 10**12
MOST_BREAKS = 400
WHOLE_KILOGRAMS = said("a gap of one kilogram between bands: whole kilograms are billed from there on")
PARCEL_END_G = 30_000
CARGO_END_G = 20_000_000
WATER_KG_PER_CBM = 1000  # what a cubic metre counts for where sea lists say nothing: the freight ton


class NoCard(Refusal):
    """These prices make no rate card; `prices` stand where the trouble is."""

    code = "no_card"

    def __init__(self, prices: Sequence[Price], given: str, wanted: Said) -> None:
        super().__init__(str(wanted))
        self.prices, self.found, self.wanted = prices, given, wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How the list counts weight: what it says, None where it says nothing."""

    currency: str
    step_g: int | None = None
    divisor: int | None = None
    least: int | None = None  # grams, or litres where billed by volume
    most_g: int | None = None
    kg_per_cbm: int | None = None
    cargo: bool = False  # goes to a warehouse, not to consumers


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A rate card's figures; `noticed` says what was concluded to get there."""

    breaks: tuple[Break, ...]
    step_g: int
    divisor: int | None
    minimum_minor: int
    remote_minor: int
    box_prices: Mapping[str, int]
    noticed: tuple[Said, ...]


@dataclass(slots=True)
class _Band:
    """Above `low` to `high`; what it costs by kind, in major units."""

    low: int
    high: int | None
    costs: dict[str, Decimal]
    prices: list[Price]
    whole_kg: bool = False


def card(prices: Sequence[Price], rules: Rules) -> Card:
    """The card, or a NoCard that says what is wrong and where."""
    noticed: list[Said] = []
    boxes = _boxes(prices, rules)
    cube = any(price.kind == "per_cbm" for price in prices)
    if strange := [price for price in prices if price.band and price.band.cube != cube and price.kind in BANDED]:
        raise NoCard(
            strange, strange[0].column.text, said("weights beside prices per kg, volumes beside prices per m³")
        )
    bands = _bands(prices, rules, noticed)
    if not bands and not boxes:
        raise NoCard(prices, "", said("a price per kg, of a parcel or of a container"))
    if boxes and bands:
        raise NoCard(prices, "", said("prices by weight or prices of containers, in two lists"))
    step_g, ratio = _step(prices, bands, rules, noticed), rules.kg_per_cbm or WATER_KG_PER_CBM
    divisor = rules.divisor
    if cube:
        divisor = half_up(1_000_000, ratio)
        noticed.append(said("a cubic metre counts as %(kg)s kg", kg=ratio))
    breaks = _breaks(bands, rules, step_g, ratio if cube else 0, noticed)
    return Card(
        breaks=breaks,
        step_g=step_g,
        divisor=divisor,
        minimum_minor=_once(prices, "minimum", rules),
        remote_minor=_once(prices, "remote", rules),
        box_prices=boxes,
        noticed=tuple(noticed),
    )


def minor(price: Price | None, value: Decimal, currency: str) -> int:
    """Minor units, never rounded: what the currency cannot pay is refused."""
    exact = value * minor_units(currency)
    if exact != exact.to_integral_value() or exact > MOST_MINOR:
        wanted = said("an amount that %(currency)s can pay, with no more decimals than it has", currency=currency)
        raise NoCard([price] if price else [], f"{value}", wanted)
    return int(exact)


def _boxes(prices: Sequence[Price], rules: Rules) -> dict[str, int]:
    return {
        price.kind.removeprefix("box_"): minor(price, price.value, rules.currency)
        for price in prices
        if price.kind.startswith("box_")
    }


def _once(prices: Sequence[Price], kind: str, rules: Rules) -> int:
    """The one amount of that kind; zero if there is none."""
    found = [price for price in prices if price.kind == kind]
    if len({price.value for price in found}) > 1:
        raise NoCard(found, str(found[-1].value), said("the same amount in every row of this lane"))
    return minor(found[0], found[0].value, rules.currency) if found else 0


def _bands(prices: Sequence[Price], rules: Rules, noticed: list[Said]) -> list[_Band]:
    """The weight bands from light to heavy, without gap and overlap, each with all that a parcel in it costs."""
    fees = [price for price in prices if price.kind == "fee" and price.band is None]
    bands = _first_and_further(prices, rules)
    found: dict[tuple[int | None, int | None], _Band] = {}
    for price in prices:
        if price.kind not in BANDED and not (price.kind == "fee" and price.band):
            continue
        key = (price.band.low, price.band.high) if price.band else (0, None)
        band = found.setdefault(key, _Band(low=key[0] if key[0] is not None else -1, high=key[1], costs={}, prices=[]))
        if band.costs.get(price.kind, price.value) != price.value:
            raise NoCard([price], str(price.value), said("one price for this weight, another stands above"))
        band.costs[price.kind] = price.value
        band.prices.append(price)
    bands += sorted(found.values(), key=lambda band: band.low + 1 if band.high is None else band.high)
    _join(bands, rules, noticed)
    for fee in fees:
        for band in bands:
            if band.costs.get("fee", fee.value) != fee.value:
                raise NoCard([fee], str(fee.value), said("one fee for this weight, another stands above"))
            band.costs["fee"] = fee.value
    return bands


def _first_and_further(prices: Sequence[Price], rules: Rules) -> list[_Band]:
    """首重/续重: a first weight, then a price for each further step, as a band up to where others begin."""
    first = [price for price in prices if price.kind == "first"]
    further = [price for price in prices if price.kind == "additional"]
    if not first and not further:
        return []
    if len({price.value for price in first}) != 1 or len({price.value for price in further}) != 1:
        raise NoCard([*first, *further], "", said("one price of the first weight and one of each further weight"))
    first_g, step_g = _size(first[0], rules), _size(further[0], rules)
    if first_g % step_g:
        raise NoCard(further, f"{step_g} g", said("a step that the first weight is a multiple of"))
    begin = [price.band.low for price in prices if price.band and price.band.low and price.kind in BANDED]
    end = min(begin) if begin else None
    base = first[0].value - further[0].value * (first_g // step_g)
    if base < 0 and (end is None or end > first_g):
        raise NoCard(first, str(first[0].value), said("a first weight that costs no less than the further ones"))
    start = _Band(low=0, high=first_g, costs={"flat": first[0].value}, prices=[first[0]])
    rest = _Band(low=first_g, high=end, costs={"flat": base, f"step:{step_g}": further[0].value}, prices=[further[0]])
    return [start, rest] if end is None or end > first_g else [start]


def _size(price: Price, rules: Rules) -> int:
    """The weight that a first or further price is for."""
    if price.band and price.band.high:
        return price.band.high
    found = re.search(r"\d+(?:\.\d+)?\s*(?:kgs?|公斤|千克|g|克|lbs?)", price.column.text.lower())
    if found and (grams := weight_g(found[0])):
        return grams
    if rules.step_g:
        return rules.step_g
    raise NoCard([price], price.column.text, said("a heading that says for which weight, like 首重0.5kg"))


def _join(bands: list[_Band], rules: Rules, noticed: list[Said]) -> None:
    """Each band begins where the one before ends; anything else is a gap or an overlap."""
    end = 0
    for at, band in enumerate(bands):
        if band.low < 0:
            band.low = end
        if band.high is None and at + 1 < len(bands) and bands[at + 1].low > band.low:
            band.high = bands[at + 1].low  # 12kg+, 45kg+: each reaches to the next
        if band.high is not None and band.high <= band.low:
            raise NoCard(band.prices, _shown(band), said("a weight range that rises"))
        if at and (band.low < end or bands[at - 1].high is None):
            wanted = said("weights that do not overlap: the band above ends at %(end)s g", end=end)
            raise NoCard(band.prices, _shown(band), wanted)
        if at:
            _close_gap(band, end, [*bands[at:]], noticed)
        elif band.low > 1 and rules.least is None and not rules.cargo:
            told = "weights from 0 on, or the least billed weight: the list begins above %(low)s g"
            raise NoCard(band.prices, _shown(band), said(told, low=band.low))
        end = band.high if band.high is not None else band.low


def _close_gap(band: _Band, end: int, heavier: list[_Band], noticed: list[Said]) -> None:
    """101 g after 100 g is no gap; 21 kg after 20 kg means that whole kilograms are billed from there on."""
    gap = band.low - end
    edges = [end, *[edge for each in heavier for edge in (each.low, each.high) if edge is not None and edge > 0]]
    if gap > 1 and not (gap == WHOLE_KG and all(edge % WHOLE_KG == 0 for edge in edges)):
        wanted = said("weights without a gap: the band above ends at %(end)s g", end=end)
        raise NoCard(band.prices, _shown(band), wanted)
    if gap == WHOLE_KG and WHOLE_KILOGRAMS not in noticed:
        noticed.append(WHOLE_KILOGRAMS)
        for each in heavier:
            each.whole_kg = True
    band.low = end


def _shown(band: _Band) -> str:
    return f"{band.low}-{'' if band.high is None else band.high} g"


def _step(prices: Sequence[Price], bands: list[_Band], rules: Rules, noticed: list[Said]) -> int:
    """What weight is rounded up to, in grams."""
    asked = {int(kind.removeprefix("step:")) for band in bands for kind in band.costs if kind.startswith("step:")}
    asked |= {STEPS[kind] for band in bands for kind in band.costs if kind in STEPS}
    if any("per_cbm" in band.costs for band in bands):
        litres = 1
        for band in bands:
            if "per_cbm" in band.costs:
                litres = lcm(litres, 1000 // gcd(minor(None, band.costs["per_cbm"], rules.currency), 1000))
        return litres * (rules.kg_per_cbm or WATER_KG_PER_CBM)
    if len(asked) > 1:
        raise NoCard(
            prices, ", ".join(f"{step} g" for step in sorted(asked)), said("one weight step for the whole lane")
        )
    if asked:
        step = asked.pop()
        if rules.step_g and rules.step_g != step and any(kind in STEPS for band in bands for kind in band.costs):
            raise NoCard(prices, f"{rules.step_g} g", said("the step that the prices are for: %(step)s g", step=step))
        return step
    if rules.step_g:
        return rules.step_g
    if bands and all(band.whole_kg for band in bands[1:]) and WHOLE_KILOGRAMS in noticed:
        return WHOLE_KG
    if any("per_kg" in band.costs and not band.whole_kg for band in bands):
        noticed.append(said("no weight step is stated: every gram is billed"))
    return 1


def _breaks(bands: list[_Band], rules: Rules, step_g: int, ratio: int, noticed: list[Said]) -> tuple[Break, ...]:
    breaks: list[Break] = []
    factor = ratio or 1  # litres → grams that are billed
    for band in bands:
        high = band.high * factor if band.high is not None else _end(band, rules, factor, noticed)
        costs, at = band.costs, band.prices[0]
        base = minor(at, costs.get("flat", Decimal(0)) + costs.get("fee", Decimal(0)), rules.currency)
        step = next((value for kind, value in costs.items() if kind in STEPS or kind.startswith("step:")), Decimal(0))
        per_step = minor(at, step, rules.currency)
        if "per_cbm" in costs:
            per_step = minor(at, costs["per_cbm"], rules.currency) * (step_g // factor) // 1000
        per_kg = minor(at, costs.get("per_kg", Decimal(0)), rules.currency)
        if not (base or per_step or per_kg):
            raise NoCard(band.prices, "0", said("a price above zero"))
        if band.whole_kg and step_g != WHOLE_KG and per_kg and not per_step:
            breaks += _by_kilogram(band.low, high, base, per_kg)
        else:
            breaks.append(Break(up_to_g=high, base_minor=base, per_step_minor=per_step, per_kg_minor=per_kg))
    if len(breaks) > MOST_BREAKS:
        raise NoCard(bands[-1].prices, str(len(breaks)), said("at most %(most)s weight breaks", most=MOST_BREAKS))
    least_g = _least(bands, rules, factor, noticed)
    if breaks and least_g and least_g < breaks[0].up_to_g:
        breaks.insert(0, _least_break(breaks[0], least_g, step_g))
    return tuple(_shortened(breaks))


def _by_kilogram(low: int, high: int, base: int, per_kg: int) -> list[Break]:
    """A break for each started kilogram, where lighter parcels of the same list are billed in smaller steps."""
    kilograms = range(low // WHOLE_KG + 1, -(-high // WHOLE_KG) + 1)
    return [Break(up_to_g=min(kg * WHOLE_KG, high), base_minor=base + kg * per_kg) for kg in kilograms]


def _least(bands: list[_Band], rules: Rules, factor: int, noticed: list[Said]) -> int:
    """The weight that even a lighter box is billed for."""
    low = bands[0].low if bands else 0
    least = max(rules.least or 0, low if low > 1 else 0)
    if least:
        noticed.append(said("lighter boxes are billed as %(grams)s g", grams=least * factor))
    return least * factor


def _least_break(first: Break, least_g: int, step_g: int) -> Break:
    billed_g = -(-least_g // step_g) * step_g
    cost = first.base_minor + first.per_step_minor * (billed_g // step_g) + half_up(first.per_kg_minor * billed_g, 1000)
    return Break(up_to_g=billed_g, base_minor=cost)


def _end(band: _Band, rules: Rules, factor: int, noticed: list[Said]) -> int:
    """Where an open last band ends: the heaviest box, as stated, else as such services usually have it."""
    if rules.most_g is not None and rules.most_g <= band.low * factor:
        raise NoCard(band.prices, f"{rules.most_g} g", said("a heaviest box above the last band's beginning"))
    if rules.most_g is not None:
        return rules.most_g
    usual = CARGO_END_G if rules.cargo or factor > 1 else PARCEL_END_G
    usual = max(usual, band.low * factor * 2) if band.low * factor >= usual else usual
    noticed.append(said("the last band has no end and no heaviest box is stated: %(kg)s kg taken", kg=usual // 1000))
    return usual


def _shortened(breaks: list[Break]) -> list[Break]:
    """Without breaks that say the same as the next one."""
    kept: list[Break] = []
    for each in breaks:
        if kept and replace(kept[-1], up_to_g=each.up_to_g) == each and (each.per_kg_minor or each.per_step_minor):
            kept.pop()
        kept.append(each)
    return kept
