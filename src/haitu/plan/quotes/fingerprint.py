"""What a price rests on, as a short text that changes whenever the price could."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from hashlib import blake2b

import numpy as np

from haitu.core.money import FxRate
from haitu.plan.quotes.border import Border
from haitu.plan.quotes.duties import Program
from haitu.plan.quotes.exact import Column
from haitu.plan.quotes.offer import Offer
from haitu.plan.quotes.sale import Rules
from haitu.plan.quotes.sheet import Road

VERSION = 1  # of the arithmetic: raise it when a formula changes, and every price is worked out anew


def market_print(rules: Rules) -> str:
    """Of everything that all paths of a market share."""
    figures: list[object] = [VERSION, rules.market, rules.to, _rate(rules.list_fx), _rate(rules.from_base)]
    figures += [rules.shelf_bp, rules.tax_bp, rules.outlet_fee_bp, rules.payment_fee_bp, rules.payment_fixed_minor]
    return _digest([*figures, *_of_border(rules.border)])


def road_print(road: Road, card: Column) -> str:
    """Of one path: what its first legs and its last mile ask, and how long they take."""
    legs = [
        (leg.closed, _gate(leg.gate), leg.no_shipment, leg.divisor_cm3_per_kg, leg.shipment_minor, leg.shipment_measure)
        for leg in road.hauls.legs
    ]
    figures: list[object] = [VERSION, path_name(road), legs, road.hauls.freight_counts, road.at, _gate(road.gate)]
    figures += [road.storage_milli_days, road.days_p50, road.days_p90, road.lead_p50, road.lead_p90]
    figures += [road.last.tariff.divisor_cm3_per_kg, road.last.tariff.step_g, card]
    return _digest([*figures, *(_of_program(road.hauls.entry) if road.hauls.entry else [])])


def offer_prints(offered: Offer) -> dict[str, str]:
    """Path → the fingerprint of all that its prices rest on beside the goods."""
    market = market_print(offered.rules)
    return {
        path_name(road): _digest([market, road_print(road, card)])
        for road, card in zip(offered.roads, offered.cards, strict=True)
    }


def prints(of_offer: Mapping[str, str], chunk_print: str) -> dict[str, str]:
    """Path → the fingerprint of its prices for one chunk of SKUs."""
    return {path: _digest([one, chunk_print]) for path, one in of_offer.items()}


def path_name(road: Road) -> str:
    """The path as people write it: its lanes' codes."""
    return " > ".join(lane.code for lane in road.lanes)


def _digest(figures: Iterable[object]) -> str:
    digest = blake2b(digest_size=16)
    for figure in figures:
        digest.update(np.ascontiguousarray(figure).tobytes() if isinstance(figure, np.ndarray) else _text(figure))
        digest.update(b"\0")
    return digest.hexdigest()


def _text(figure: object) -> bytes:
    """A set's order is nobody's: sorted, so that two processes say the same."""
    if isinstance(figure, (list, tuple)):
        return b"(" + b",".join(_text(one) for one in figure) + b")"
    if isinstance(figure, frozenset):
        return _text(sorted(figure))
    if hasattr(figure, "__dataclass_fields__"):
        return _text([getattr(figure, name) for name in figure.__dataclass_fields__])
    return repr(figure).encode()


def _rate(rate: FxRate | None) -> object:
    return None if rate is None else (rate.base, rate.quote, rate.rate_e9)


def _gate(gate: object) -> bytes:
    return _text(gate)


def _of_border(border: Border) -> list[object]:
    plain = [getattr(border, one.name) for one in fields(border) if one.name != "tariff"]
    return [*plain, *_of_program(border.tariff)]


def _of_program(program: Program) -> list[object]:
    columns = [getattr(slot, one.name) for slot in program.slots for one in fields(slot)]
    counts = (len(program.basic), len(program.additional), len(program.below))
    return [counts, program.refused, *columns, [_rate(rate) for rate in program.rates]]
