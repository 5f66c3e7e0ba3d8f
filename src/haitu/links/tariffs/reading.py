"""A whole price list: sheets → tables → prices → rate cards for lanes, with every problem named and nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from haitu.core.freight import Tariff
from haitu.core.money import EXPONENTS
from haitu.links.tariffs import own
from haitu.links.tariffs.cards import NoCard, Rules, card, minor
from haitu.links.tariffs.draft import Choices, Draft, KnownWarehouse, Reading, Understood
from haitu.links.tariffs.facts import KEPT_FOR_ALL, Fact, facts
from haitu.links.tariffs.figures import Days, amount, band, day, days, percent_bp, weight_g
from haitu.links.tariffs.places import Places, Target, zone_lists
from haitu.links.tariffs.postcodes import fuel_of, remote_of
from haitu.links.tariffs.prices import Price, prices
from haitu.links.tariffs.said import NotAPriceList, Problem, Said, said
from haitu.links.tariffs.sheets import Opened
from haitu.links.tariffs.tables import Table, lines, tables
from haitu.links.tariffs.workbook import opened

GENERIC = re.compile(r"(sheet|工作表|表)?\s*\d*|csv|报价单?|价格表?|price ?list|rates?", re.IGNORECASE)
LARGEST_DAYS = 200


def read(content: bytes, name: str, warehouses: Sequence[KnownWarehouse], choices: Choices) -> Reading:
    """What the file says, as far as it can be understood with these choices; refuses what is no price list."""
    file = opened(content)
    if any(own.is_own(sheet) for sheet in file.sheets):
        return own.read(file)
    found = [table for sheet in file.sheets for table in tables(sheet, choices.columns)]
    if not any(table.has_prices for table in found):
        raise NotAPriceList(
            "No table with prices was found: a row of headings that names a weight, a country or a zone, prices below."
        )
    places = Places(warehouses=tuple(warehouses), chosen=choices.places, zones=zone_lists(found))
    reader = _Reader(name=name, file=file, tables=found, places=places, choices=choices, problems=[*file.problems])
    drafts = [draft for table in found if table.has_prices for draft in reader.drafts(table)]
    reader.unknown_places()
    return Reading(
        drafts=tuple(_told_apart(drafts, reader.problems)),
        problems=tuple(sorted(reader.problems, key=lambda problem: (problem.sheet, problem.row))),
        noticed=file.noticed,
        tables=tuple(reader.understood),
        sheets=tuple(sheet.name for sheet in file.sheets),
        unknown_places=places.unknown,
    )


@dataclass(slots=True, kw_only=True)
class _Reader:
    """One pass over a file."""

    name: str
    file: Opened
    tables: list[Table]
    places: Places
    choices: Choices
    problems: list[Problem]
    understood: list[Understood] = None  # type: ignore[assignment]  # filled below, slots forbid a factory here

    def __post_init__(self) -> None:
        self.understood = []

    def drafts(self, table: Table) -> Iterable[Draft]:
        """The rate cards of one table."""
        given = {**self.choices.facts.get(KEPT_FOR_ALL, {}), **self.choices.facts.get(table.key, {})}
        known = facts(self._sources(table), given)
        _headings_money(table, known)
        origin, sure, why = self.places.origin(known["origin"].value if "origin" in known else "")
        if origin and not ("origin" not in known and table.of("origin")):
            known["origin"] = Fact(name="origin", value=origin, sure=sure, why=why)
        if not table.of("service"):
            known.setdefault("service", _service(table))
        self.understood.append(Understood(table=table, facts=known))
        every, noticed, problems = prices(table, _hint(table))
        self.problems += problems
        lanes: dict[object, list[Price]] = {}
        for price in every:
            lanes.setdefault(price.lane, []).append(price)
        for group in lanes.values():
            yield from self._lane(table, group, known, noticed)

    def unknown_places(self) -> None:
        """A problem for every place that nobody explained."""
        for label in self.places.unknown:
            wanted = said("a country or one of our warehouses: say what “%(label)s” is", label=label or "?")
            table = next((t for t in self.tables if t.has_prices), self.tables[0])
            self.problems.append(Problem(sheet=table.sheet.name, row=0, column="", given=label, wanted=wanted))

    def _sources(self, table: Table) -> list[tuple[str, str, bool]]:
        """Where facts are looked for, the nearest first."""
        sheet = table.sheet
        inside = {row for t in self.tables if t.sheet is sheet for row in range(t.header, t.last + 1)}
        near = [(f"{sheet.name}!{row}", text, True) for row, text in reversed(table.title)]
        rest = [
            (f"{sheet.name}!{row}", text, False)
            for row, text in lines(sheet, 0, len(sheet.rows))
            if row - 1 not in inside
        ]
        with_tables = {t.sheet.name for t in self.tables if t.has_prices}
        elsewhere = [
            (f"{other.name}!{row}", text, False)
            for other in self.file.sheets
            if other.name not in with_tables
            for row, text in lines(other, 0, min(len(other.rows), 200))
        ]
        names = ((sheet.name, sheet.name, True), (self.name, self.name, True))
        return [*near, names[0], *rest, names[1], *elsewhere]

    def _lane(
        self, table: Table, group: list[Price], known: Mapping[str, Fact], noticed: tuple[Said, ...]
    ) -> Iterable[Draft]:
        own_facts = dict(group[0].facts)
        value = {name: fact.value for name, fact in known.items()} | own_facts
        cargo = any(price.kind == "per_cbm" or price.kind.startswith("box_") for price in group) or bool(
            value.get("to")
        )
        cargo = cargo or group[0].place_kind == "destination"
        targets = self.places.targets(
            group[0].place,
            group[0].place_kind,
            sheet=table.sheet.name,
            country=value.get("country", ""),
            zone=value.get("zone", ""),
            to=value.get("to", ""),
            cargo=cargo,
        )
        if not targets:
            return
        try:
            yield from self._cards(table, group, value, targets, noticed, cargo=cargo)
        except NoCard as no:
            at = no.prices or group
            first = min(at, key=lambda price: (price.row, price.column.index))
            self._wrong(table, first.row + 1, first.column.letter, no.found, no.wanted)

    def _cards(
        self,
        table: Table,
        group: list[Price],
        value: Mapping[str, str],
        targets: tuple[Target, ...],
        noticed: tuple[Said, ...],
        *,
        cargo: bool,
    ) -> Iterable[Draft]:
        row = group[0].row + 1
        missing = [name for name in ("carrier", "origin", "mode") if not value.get(name)]
        for name in missing:
            self._wrong(table, 0, name, "", said("%(fact)s: the list does not say it; say it yourself", fact=name))
        currency = _currency(group, value)
        origin = value.get("origin", "")
        if origin and not self.places.warehouse(origin):
            origin = self.places.origin(origin)[0]
            if not origin:
                self._wrong(table, row, "origin", value["origin"], said("one of our warehouses"))
                return
        if missing:
            return
        made = card(group, _rules(value, currency, cargo=cargo))
        start, end = self._validity(table, row, value)
        spans = self._days(table, row, group, value)
        fuel_bp, told = self._fuel(table, value, start)
        for target in targets:
            remote = remote_of(self.tables, target.country)
            tariff = Tariff(
                code="",
                currency=currency,
                breaks=made.breaks,
                divisor_cm3_per_kg=made.divisor,
                step_g=made.step_g,
                minimum_minor=made.minimum_minor,
                fuel_bp=fuel_bp,
                remote_minor=made.remote_minor or _remote_fee(remote.fee or value.get("remote", ""), currency),
                remote_postcodes=remote.prefixes,
                max_weight_g=_whole(value.get("most_weight_g")),
                max_side_mm=_whole(value.get("most_side_mm")),
                valid_from=start,
                valid_to=end,
                source=f"{self.name}, {table.sheet.name}"[:200],
                basis="box" if made.box_prices else "weight",
                box_minor=tuple(made.box_prices.items()),
            )
            if tariff.remote_minor and not tariff.remote_postcodes:
                told = (*told, said("a remote fee without postcodes: it is never charged"))
            yield Draft(
                code=_code(origin, target, value),
                tariff=tariff,
                carrier=value["carrier"][:60],
                service=_with_zone(value.get("service", ""), target.zone),
                mode=value["mode"],
                origin=origin,
                destination=target.country,
                to=target.to,
                days_p50=spans.p50 if spans else None,
                days_p90=spans.p90 if spans else None,
                incoterms=_listed(value.get("incoterms", "")),
                refuses=_listed(value.get("refuses", "")),
                sheet=table.sheet.name,
                row=row,
                place=group[0].place,
                noticed=(*noticed, *made.noticed, *told),
                stated=frozenset(name for name, text in value.items() if text)
                | ({"remote"} if tariff.remote_minor or remote.prefixes else set())
                | ({"fuel"} if fuel_bp else set()),
            )

    def _validity(self, table: Table, row: int, value: Mapping[str, str]) -> tuple[date | None, date | None]:
        start, end = (self._day(table, row, name, value.get(name, "")) for name in ("valid_from", "valid_to"))
        if start and end and end < start:
            wanted = said("a last day that is not before the first, %(start)s", start=start)
            raise NoCard([], str(end), wanted)
        return start, end

    def _day(self, table: Table, row: int, name: str, text: str) -> date | None:
        if not text:
            return None
        found = day(text)
        if found is None:
            self._wrong(table, row, name, text, said("a date with the year first, such as 2026-12-01"))
        return found

    def _days(self, table: Table, row: int, group: list[Price], value: Mapping[str, str]) -> Days | None:
        text = value.get("days", "")
        if value.get("days_from") or value.get("days_to"):
            text = f"{value.get('days_from', '')}-{value.get('days_to', '')}".strip("-")
            text = re.sub(r"工作日", "", text) + ("工作日" if "工作日" in text else "")
        if not text:
            return None
        working = any("工作日" in column.text or "working" in column.text.lower() for column in table.of("days"))
        found = days(text, working=working)
        if found is None or found.p90 > LARGEST_DAYS:
            self._wrong(table, row, "days", text, said("days such as 5-8 or 5-8工作日"))
            return None
        if found.crossed:
            raise NoCard(group[:1], text, said("days that rise: the later number is the longer way"))
        return found

    def _fuel(self, table: Table, value: Mapping[str, str], on: date | None) -> tuple[int, tuple[Said, ...]]:
        text = value.get("fuel", "") or fuel_of(self.tables, on)
        if not text:
            return 0, ()
        found = percent_bp(text)
        if found is None:
            self._wrong(table, 0, "fuel", text, said("a percentage such as 12.5%%"))
            return 0, ()
        return found, (said("fuel: %(percent)s on the freight", percent=text),) if found else ()

    def _wrong(self, table: Table, row: int, column: str, given: str, wanted: Said) -> None:
        problem = Problem(sheet=table.sheet.name, row=row, column=column, given=given, wanted=wanted)
        if problem not in self.problems:
            self.problems.append(problem)


def _headings_money(table: Table, known: dict[str, Fact]) -> None:
    """The headings' own currency counts before the notes'; what a person said before both."""
    named = {currency for column in table.columns for currency in column.currencies}
    if named and ("currency" not in known or known["currency"].sure < 100):
        why = said("the headings say it")
        known["currency"] = Fact(name="currency", value=",".join(sorted(named)), sure=95, why=why)


def _currency(group: list[Price], value: Mapping[str, str]) -> str:
    """The one currency of a lane: its cells', its row's, the headings', the notes'."""
    cells = {price.currency for price in group if price.currency}
    named = cells or {each for each in value.get("currency", "").split(",") if each}
    named = {"CNY" if each.upper() in {"RMB", "人民币", "元"} else each.upper().strip() for each in named}
    if len(named) > 1:
        raise NoCard(group, ", ".join(sorted(named)), said("one currency in a list; say which if the list errs"))
    if not named:
        raise NoCard(group, "", said("a currency: the list names none; say it yourself"))
    (currency,) = named
    if currency not in EXPONENTS:
        raise NoCard(group, currency, said("a currency code of ISO 4217, such as CNY"))
    if cells and (stated := {e for e in value.get("currency", "").split(",") if e}) and stated != cells:
        wanted = said("the currency of the list, %(currency)s", currency=", ".join(sorted(stated)))
        raise NoCard([price for price in group if price.currency], currency, wanted)
    return currency


def _rules(value: Mapping[str, str], currency: str, *, cargo: bool) -> Rules:
    divisor = value.get("divisor", "")
    found = re.search(r"\d{4,5}", divisor)
    return Rules(
        currency=currency,
        step_g=_grams(value.get("step_g", "")),
        divisor=int(found[0]) if found else None,
        least=_grams(value.get("least_weight_g", "")),
        most_g=_grams(value.get("most_weight_g", "")),
        kg_per_cbm=_whole(value.get("kg_per_cbm")),
        cargo=cargo,
    )


def _grams(text: str) -> int | None:
    """Grams from "500" or "0.5kg"; litres from "1cbm"."""
    if text.isdecimal():
        return int(text) or None
    found = band(text) if text else None
    return found.high if found else None


def _whole(text: str | None) -> int | None:
    if not text:
        return None
    return int(text) or None if text.isdecimal() else weight_g(text)


def _remote_fee(text: str, currency: str) -> int:
    found = amount(text) if text else None
    return minor(None, found.value, currency) if found and found.value > 0 else 0


def _hint(table: Table) -> str:
    """The kind that a title gives to all prices: "价格(元/KG)"."""
    for _, text in reversed(table.title):
        flat = re.sub(r"\s+", "", text.lower())
        if re.search(r"(元|rmb|cny|usd|eur|价格|单价|price|rate).{0,6}(/|每|per)(kg|公斤)", flat):
            return "per_kg"
        if re.search(r"(元|rmb|cny|usd|eur|价格|单价|price|rate).{0,6}(/|每|per)(cbm|m3|方|立方)", flat):
            return "per_cbm"
    return ""


def _service(table: Table) -> Fact:
    """A name for the service: the sheet's if it is one, else the title's first words."""
    if not GENERIC.fullmatch(table.sheet.name.strip()):
        return Fact(name="service", value=table.sheet.name[:40], sure=70, why=said("the sheet is called so"))
    for row, text in table.title:
        head = re.split(r"[,;|]", text)[0]
        words = r"报价单?|价格表?|price list|rate ?card|\s*\(.*?\)"
        bare = re.sub(words, "", head, flags=re.IGNORECASE).strip()
        if 2 <= len(bare) <= 40 and not re.search(r"[:：]|\d{4}", bare):
            return Fact(name="service", value=bare, sure=60, why=said("the title in row %(row)s", row=row))
    return Fact(name="service", value="", sure=50, why=said("the list names none"))


def _code(origin: str, target: Target, value: Mapping[str, str]) -> str:
    """A proposal: from, to, and what of the service's name is Latin letters."""
    words = re.findall(r"[A-Za-z0-9]+", f"{value.get('carrier', '')} {value.get('service', '')}")
    name = "-".join(dict.fromkeys(word.upper() for word in words))[:18].strip("-")
    zone = f"Z{target.zone}" if target.zone else ""
    return "-".join(part for part in (origin, target.to or target.country, zone, name) if part)[:36]


def _with_zone(service: str, zone: str) -> str:
    return f"{service} Zone {zone}".strip()[:60] if zone else service[:60]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[\s,;]+", text) if word)


def _told_apart(drafts: list[Draft], problems: list[Problem]) -> Iterable[Draft]:
    """Each lane once; a second card for it is a problem. Equal proposals for different lanes get numbers."""
    lanes: dict[tuple[str, ...], Draft] = {}
    codes: dict[str, int] = {}
    for draft in drafts:
        lane = (draft.carrier, draft.service, draft.origin, draft.destination, draft.to)
        if lane in lanes:
            first = lanes[lane]
            if replace(draft.tariff, source="") != replace(first.tariff, source=""):
                wanted = said(
                    "one price list for a lane: %(sheet)s row %(row)s has another one", sheet=first.sheet, row=first.row
                )
                given = f"{draft.carrier} {draft.service} {draft.destination}"
                problems.append(Problem(sheet=draft.sheet, row=draft.row, column="", given=given, wanted=wanted))
            continue
        codes[draft.code] = codes.get(draft.code, 0) + 1
        count = codes[draft.code]
        lanes[lane] = draft if count == 1 else replace(draft, code=f"{draft.code}-{count}")
        yield lanes[lane]
