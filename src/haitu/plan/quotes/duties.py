"""A territory's tariff for every customs class at once: which lines hold, and the duty as a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from haitu.core.dated import in_force
from haitu.core.money import Exchange, FxRate, RateMissing, half_up
from haitu.core.tariff import DutyLine, DutyUnknown, Goods, duty, lines_for
from haitu.plan.quotes.exact import Column, converted
from haitu.plan.quotes.refused import Refused
from haitu.plan.quotes.skus import Customs

PER_PIECE = -1
NO_PART = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """At most one tariff line for each class: part of the value, plus so much per piece or per so many grams.

    `per_g`: NO_PART, PER_PIECE, or grams. `fx`: place in the program's rates. A class without a line has zeros.
    """

    ad_valorem_bp: Column
    each_minor: Column
    per_g: Column
    fx: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The duty of each class: the dearest of `basic`, all `additional`, and the dearest of `below`.

    `refused`: per class 0, DUTY_UNKNOWN or RATE_MISSING, which hold whatever the value.
    """

    refused: Column
    basic: tuple[Slot, ...]
    additional: tuple[Slot, ...]
    below: tuple[Slot, ...]
    rates: tuple[FxRate, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All of them."""
        return (*self.basic, *self.additional, *self.below)


class Tariffs:
    """The programs of some customs classes on a day, each worked out when first asked for."""

    def __init__(self, classes: Sequence[Customs], on: date) -> None:
        self.classes, self.on = tuple(classes), on
        self._lines = [_by_territory(customs, on) for customs in classes]
        self._programs: dict[tuple[str, str, tuple[FxRate, ...]], Program] = {}

    def program(self, territory: str, exchange: Exchange) -> Program:
        """A territory's lines in force for each class, amounts in the exchange's currency."""
        key = (territory, exchange.currency, tuple(exchange.rates[name] for name in sorted(exchange.rates)))
        if key not in self._programs:
            self._programs[key] = self._program(territory, exchange)
        return self._programs[key]

    def _program(self, territory: str, exchange: Exchange) -> Program:
        rates: list[FxRate] = []
        refused = np.zeros(len(self.classes), dtype=np.int64)
        groups: list[tuple[list[DutyLine], list[DutyLine], list[DutyLine]]] = []
        for place, customs in enumerate(self.classes):
            lines = self._lines[place].get(territory, [])
            refused[place] = _refused(customs, lines, territory, exchange)
            groups.append(([], [], []) if refused[place] else lines_for(_goods(customs), lines))
        return Program(
            refused=refused,
            basic=_slots([_undominated(basic) for basic, _, _ in groups], rates, exchange),
            additional=_slots([additional for _, additional, _ in groups], rates, exchange),
            below=_slots([_undominated(below) for _, _, below in groups], rates, exchange),
            rates=tuple(rates),
        )


def _by_territory(customs: Customs, on: date) -> dict[str, list[DutyLine]]:
    found: dict[str, list[DutyLine]] = {}
    for line in customs.duty_lines:
        if in_force(line, on):
            found.setdefault(line.territory, []).append(line)
    return found


def _goods(customs: Customs) -> Goods:
    """Goods of that class; whether a duty is known does not hang on how much they are."""
    return Goods(hs_code=customs.hs_code, origin_country=customs.origin_country, value_minor=1, weight_g=1, quantity=1)


def _refused(customs: Customs, lines: Sequence[DutyLine], territory: str, exchange: Exchange) -> Refused:
    try:
        duty(_goods(customs), 1, lines, territory=territory, exchange=exchange)
    except DutyUnknown:
        return Refused.DUTY_UNKNOWN
    except RateMissing:
        return Refused.RATE_MISSING
    return Refused.NO


def _undominated(lines: Sequence[DutyLine]) -> list[DutyLine]:
    """The lines without those that another one always exceeds: of plain shares of the value the highest."""
    plain = [line for line in lines if not line.specific_minor]
    highest = max(plain, key=lambda line: line.ad_valorem_bp or 0, default=None)
    return [line for line in lines if line.specific_minor] + ([highest] if highest is not None else [])


def _slots(groups: Sequence[Sequence[DutyLine]], rates: list[FxRate], exchange: Exchange) -> tuple[Slot, ...]:
    """The n-th line of every class, for each n."""
    return tuple(
        _slot([group[place : place + 1] for group in groups], rates, exchange) for place in range(_most(groups))
    )


def _most(groups: Sequence[Sequence[DutyLine]]) -> int:
    return max((len(group) for group in groups), default=0)


def _slot(lines: Sequence[Sequence[DutyLine]], rates: list[FxRate], exchange: Exchange) -> Slot:
    rows = [_row(line[0], rates, exchange) if line else (0, 0, NO_PART, 0) for line in lines]
    ad_valorem_bp, each_minor, per_g, fx = np.array(rows, dtype=np.int64).T
    return Slot(ad_valorem_bp=ad_valorem_bp, each_minor=each_minor, per_g=per_g, fx=fx)


def _row(line: DutyLine, rates: list[FxRate], exchange: Exchange) -> tuple[int, int, int, int]:
    if not line.specific_minor:
        return line.ad_valorem_bp or 0, 0, NO_PART, 0
    rate = exchange.rate(line.specific_currency)
    if rate not in rates:
        rates.append(rate)
    per_g = PER_PIECE if line.specific_per_g is None else line.specific_per_g
    return line.ad_valorem_bp or 0, line.specific_minor, per_g, rates.index(rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dutiable:
    """Rows of goods: class, customs value, weight and number of all their pieces."""

    customs_class: Column
    base_minor: Column
    weight_g: Column
    pieces: Column


def duties(tariff: Program, goods: Dutiable) -> Column:
    """The duty of each row; where its class is refused the figure means nothing."""
    taken = _dearest(tariff, tariff.basic, goods)
    for slot in tariff.additional:
        taken = taken + _by_line(tariff, slot, goods)
    if tariff.below:
        taken = taken + _dearest(tariff, tariff.below, goods)
    return taken


def _dearest(tariff: Program, slots: Sequence[Slot], goods: Dutiable) -> Column:
    dearest = np.zeros_like(goods.base_minor)  # no duty is below zero
    for slot in slots:
        dearest = np.maximum(dearest, _by_line(tariff, slot, goods))
    return dearest


def _by_line(tariff: Program, slot: Slot, goods: Dutiable) -> Column:
    """The duty by one line of each row's class, 0 where the class has none in this slot."""
    taken: Column = half_up(goods.base_minor * slot.ad_valorem_bp[goods.customs_class], 10_000)
    if not slot.per_g.any():
        return taken
    per_g = slot.per_g[goods.customs_class]
    fx = slot.fx[goods.customs_class]
    for place, rate in enumerate(tariff.rates):
        rows = np.flatnonzero((per_g != NO_PART) & (fx == place))
        each, grams = slot.each_minor[goods.customs_class[rows]], per_g[rows]
        by_weight = half_up(each * goods.weight_g[rows], np.maximum(grams, 1))
        specific = np.where(grams == PER_PIECE, each * goods.pieces[rows], by_weight)
        taken[rows] += specific if rate.base == rate.quote else converted(specific, rate)
    return taken
