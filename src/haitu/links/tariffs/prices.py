"""The rows of a table as single prices: for which service, place and weight, of which kind, how much, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from haitu.links.tariffs.countries import country
from haitu.links.tariffs.figures import Band, amount, band, is_no_service, tight
from haitu.links.tariffs.headers import PRICES, heading
from haitu.links.tariffs.said import Problem, Said, said
from haitu.links.tariffs.tables import PLACES, Column, Table

ROW_FACTS = {
    "currency": "currency", "fuel": "fuel", "days": "days", "valid_from": "valid_from", "valid_to": "valid_to",
    "step": "step_g", "most_weight": "most_weight_g", "least_weight": "least_weight_g", "divisor": "divisor",
    "origin": "origin", "carrier": "carrier", "service": "service", "days_from": "days_from", "days_to": "days_to",
}  # fmt: skip
PER = {
    "per_kg": ("kg", "公斤", "千克", "kgs"), "per_half_kg": ("0.5kg", "半公斤", "500g"), "per_100g": ("100g",),
    "per_lb": ("lb", "磅"), "per_cbm": ("cbm", "m3", "方", "立方", "立方米", "rt"),
    "fee": ("票", "件", "包裹", "parcel", "item", "piece", "shipment"),
}  # fmt: skip
AMBIGUOUS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One cell. `place` is what the list calls where it goes; `facts` are what its row says besides."""

    row: int
    column: Column
    kind: str
    value: Decimal
    currency: str
    band: Band | None
    place: str
    place_kind: str
    facts: tuple[tuple[str, str], ...]

    @property
    def lane(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What belongs to one rate card: the place, and who carries from where by which service."""
        who = tuple((name, text) for name, text in self.facts if name in {"origin", "carrier", "service"})
        return self.place, self.place_kind, who


def prices(table: Table, hint: str) -> tuple[tuple[Price, ...], tuple[Said, ...], tuple[Problem, ...]]:
    """Every price of the table, what was concluded from the figures, and what cannot be read.

    `hint`: the kind that the title gives to all prices whose headings leave it open ("" if it gives none).
    """
    problems: list[Problem] = []
    found = list(_cells(table, problems))
    decided, noticed = _decide(found, hint)
    least = said("a price of zero or more")
    problems += [_problem(table, price, str(price.value), least) for price in decided if price.value < 0]
    return tuple(price for price in decided if price.value >= 0), tuple(noticed), tuple(problems)


def _cells(table: Table, problems: list[Problem]) -> Iterator[Price]:
    above: dict[str, str] = {}
    for row in range(table.first, table.last + 1):
        facts = dict(_row_facts(table, row))
        place, place_kind = _place(table, row, above)
        for name in ("service", "origin", "carrier"):
            facts.setdefault(name, above.get(name, ""))
            above[name] = facts[name]
        row_kind, row_band = _weight(table, row, problems)
        for column in table.columns:
            if column.kind not in PRICES:
                continue
            cell = table.sheet.at(row, column.index)
            if is_no_service(cell):
                continue
            value = amount(cell)
            if value is None:
                wanted = said("an amount such as 12.50")
                problems += [_at(table, row, column.letter, cell, wanted)]
                continue
            per = next((kind for kind, units in PER.items() if value.per in units), "")
            yield Price(
                row=row,
                column=column,
                kind=per or (row_kind if column.sure <= AMBIGUOUS or column.kind == "flat" else "") or column.kind,
                value=value.value,
                currency=value.currency,
                band=column.band or row_band,
                place=column.place or place,
                place_kind="country" if column.place else place_kind,
                facts=tuple(sorted((name, text) for name, text in facts.items() if text)),
            )


def _row_facts(table: Table, row: int) -> Iterator[tuple[str, str]]:
    for column in table.columns:
        if (name := ROW_FACTS.get(column.kind)) and (text := table.sheet.at(row, column.index)):
            yield name, f"{text}{_unit_of(column, text)}"


def _unit_of(column: Column, text: str) -> str:
    """The heading's unit behind a bare number: 起重(KG) 12, 时效(工作日) 5-8, 燃油(%) 12.5."""
    if not re.fullmatch(r"[\d.~–\-]+", text):
        return ""
    if column.kind in {"step", "most_weight", "least_weight"}:
        return column.unit or "kg"
    if column.kind in {"days", "days_from", "days_to"}:
        return "工作日" if re.search(r"工作日|working|business", column.text, re.IGNORECASE) else ""
    return "%" if column.kind == "fuel" and "%" in column.text else ""


def _place(table: Table, row: int, above: dict[str, str]) -> tuple[str, str]:
    """Where the row's goods go and by which column; a blank repeats what stands above."""
    for kind in ("destination", "zone", "country"):
        texts = [text for column in table.of(kind) if (text := table.sheet.at(row, column.index))]
        if texts:
            above[kind] = _one_country(texts) if kind == "country" else texts[0]
    kinds = [kind for kind in PLACES if table.of(kind)]
    if "destination" in kinds:
        return above.get("destination", ""), "destination"
    if "country" in kinds:
        return above.get("country", ""), "country"
    return above.get("zone", ""), "zone"


def _one_country(texts: list[str]) -> str:
    """Name and code in two columns are one country; if they disagree, both are shown and no country is found."""
    named = {code: text for text in reversed(texts) if (code := country(text))}
    return next(iter(named.values())) if len(named) == 1 else " ≠ ".join(dict.fromkeys(texts))


def _weight(table: Table, row: int, problems: list[Problem]) -> tuple[str, Band | None]:
    """The kind of price that the row's label gives ("续重0.5kg", "每公斤"), and its weight band."""
    for column in table.of("band"):
        text = table.sheet.at(row, column.index)
        if not text:
            continue
        kind, found = _label(text, column.unit or "kg")
        if found is None and not kind:
            problems.append(_at(table, row, column.letter, text, said("a weight range such as 0.5-1 kg")))
        return kind, found
    low, high = table.of("weight_from"), table.of("weight_to")
    if not (low or high):
        return "", None
    edges = [_edge(table, row, columns, problems) for columns in (low, high)]
    if high and edges[1] is None:
        return "", Band(low=edges[0], high=None) if edges[0] is not None else None
    return "", Band(low=edges[0] if low else None, high=edges[1])


def _edge(table: Table, row: int, columns: tuple[Column, ...], problems: list[Problem]) -> int | None:
    if not columns or not (text := table.sheet.at(row, columns[0].index)) or is_no_service(text):
        return None
    found = band(text, columns[0].unit or "kg")
    if found is None or found.high is None:
        problems.append(_at(table, row, columns[0].letter, text, said("a weight such as 0.5 kg")))
        return None
    return found.high


def _label(text: str, unit: str) -> tuple[str, Band | None]:
    if plain := band(text, unit):
        return "", plain
    known = heading(text)
    kind = known.kind if known and known.kind in PRICES else ""
    flat = re.sub(r"(?:/|每|per)(kgs?|公斤|千克)$", "", tight(text))
    if flat != tight(text):
        kind = "per_kg"
    inside = re.search(r"\d[\d.]*(kgs?|g|lbs?|公斤)?([-~]\d[\d.]*(kgs?|g|lbs?|公斤)?|\+|以上)?", flat)
    return kind, band(inside[0], unit) if inside else None


def _decide(found: list[Price], hint: str) -> tuple[list[Price], list[Said]]:
    """Prices whose heading is a weight or a place: of a parcel, or per kg? The title, else the figures say."""
    noticed: list[Said] = []
    out: list[Price] = []
    fees = any(price.kind == "fee" for price in found)
    series: dict[object, list[Price]] = {}
    for price in found:
        is_open = price.kind == "flat" and price.column.sure <= AMBIGUOUS and price.band is not None
        if is_open and not hint:
            series.setdefault((price.lane, price.column.place), []).append(price)
        else:
            kind = hint if hint and price.kind == "flat" and price.column.sure <= AMBIGUOUS else price.kind
            out.append(replace(price, kind=kind))
    for each in series.values():
        kinds, why = _by_figures(sorted(each, key=_weight_order), fees=fees)
        out += [replace(price, kind=kind) for price, kind in kinds]
        if why not in noticed:
            noticed.append(why)
    if hint and any(price.column.sure <= AMBIGUOUS for price in found):
        noticed.append(said("the title says what the prices are: %(kind)s", kind=PRICES[hint]))
    return sorted(out, key=lambda price: (price.row, price.column.index)), noticed


def _weight_order(price: Price) -> tuple[float, int]:
    high = price.band.high if price.band else None
    return (high if high is not None else float("inf")), price.row


def _by_figures(each: list[Price], *, fees: bool) -> tuple[list[tuple[Price, str]], Said]:
    """What rises with the weight is the price of a parcel; what does not rise is a price per kg."""
    ranged = all(price.band is not None and price.band.low is not None for price in each)
    values = [price.value for price in each]
    falls = next((at for at in range(1, len(values)) if values[at] < values[at - 1]), None)
    unit = "per_cbm" if each[0].band is not None and each[0].band.cube else "per_kg"
    if unit == "per_cbm" or (ranged and (values[-1] <= values[0]) and (len(values) > 1 or fees)):
        return [(price, unit) for price in each], said("the prices do not rise with the weight, so they are by weight")
    if falls is not None:
        kinds = [(price, "flat" if at < falls else "per_kg") for at, price in enumerate(each)]
        return kinds, said(
            "the prices rise up to “%(before)s” and fall from “%(after)s”: per kg from there",
            before=_name(each[falls - 1]),
            after=_name(each[falls]),
        )
    return [(price, "flat") for price in each], said("the prices rise with the weight, so each is of a parcel")


def _name(price: Price) -> str:
    band_of = price.band
    if band_of is None:
        return price.column.text
    low = "" if band_of.low is None else f"{Decimal(band_of.low) / 1000:f}-"
    return f"{low}{'' if band_of.high is None else f'{Decimal(band_of.high) / 1000:f}'} kg"


def _problem(table: Table, price: Price, given: str, wanted: Said) -> Problem:
    return _at(table, price.row, price.column.letter, given, wanted)


def _at(table: Table, row: int, column: str, given: str, wanted: Said) -> Problem:
    return Problem(sheet=table.sheet.name, row=row + 1, column=column, given=given, wanted=wanted)
