"""Rate cards as the workbench lists and exports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from haitu.core.freight import Tariff
from haitu.core.rate_card import price_at, tariff_on
from haitu.links.tariffs.draft import Draft
from haitu.models import Lane
from haitu.models import Tariff as TariffRow
from haitu.reads.quote import tariff_of

EXAMPLE_G = 1_000
SORTS = ("code", "lanes", "price", "valid_from", "currency")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine:
    """One edition of a card: `when` is now, later or past; `example_minor` is what a kilogram costs by it."""

    id: int
    card: Tariff
    lanes: tuple[str, ...]
    carriers: tuple[str, ...]
    ways: tuple[tuple[str, str], ...]
    when: str
    example_minor: int | None


def lines(
    merchant_id: int, *, on: date, search: str = "", when: str = "", sort: str = "code", down: bool = False
) -> tuple[CardLine, ...]:
    """Every edition that fits; two queries."""
    lanes = Lane.objects.of(merchant_id).select_related("origin", "to", "tariff").order_by("code")
    users: dict[str, list[Lane]] = {}
    for lane in lanes:
        users.setdefault(lane.tariff.code, []).append(lane)
    editions: dict[str, list[TariffRow]] = {}
    for row in TariffRow.objects.of(merchant_id).order_by("code", "pk"):
        editions.setdefault(row.code, []).append(row)
    found = [_line(row, rows, users.get(code, []), on) for code, rows in editions.items() for row in rows]
    wanted = search.lower().strip()
    found = [line for line in found if (not wanted or wanted in _words(line)) and (not when or line.when == when)]
    return tuple(sorted(found, key=lambda line: _order(line, sort), reverse=down))


def card(merchant_id: int, tariff_id: int) -> Tariff | None:
    """One edition, or None if the merchant has no such card."""
    row = TariffRow.objects.of(merchant_id).filter(pk=tariff_id).first()
    return tariff_of(row) if row else None


def export(merchant_id: int, *, on: date, tariff_id: int | None = None) -> tuple[Draft, ...]:
    """Every lane's card that holds that day and the ones to come (or one edition), as a file holds them."""
    lanes = Lane.objects.of(merchant_id).select_related("origin", "to", "tariff").order_by("code")
    editions: dict[str, list[tuple[int, Tariff]]] = {}
    for row in TariffRow.objects.of(merchant_id).order_by("pk"):
        editions.setdefault(row.code, []).append((row.pk, tariff_of(row)))
    return tuple(
        _draft(lane, each)
        for lane in lanes
        for key, each in editions[lane.tariff.code]
        if (key == tariff_id if tariff_id is not None else _is_to_come(each, editions[lane.tariff.code], on))
    )


def _is_to_come(each: Tariff, editions: Sequence[tuple[int, Tariff]], on: date) -> bool:
    return each is tariff_on([card for _, card in editions], on) or bool(each.valid_from and each.valid_from > on)


def _line(row: TariffRow, rows: list[TariffRow], lanes: list[Lane], on: date) -> CardLine:
    made, now = tariff_of(row), tariff_on(rows, on)
    begun = not row.valid_from or row.valid_from <= on
    ended = row.valid_to is not None and row.valid_to < on
    example = made.box_minor[0][1] if made.box_minor else price_at(made, EXAMPLE_G, on)
    return CardLine(
        id=row.pk,
        card=made,
        lanes=tuple(lane.code for lane in lanes),
        carriers=tuple(dict.fromkeys(lane.carrier for lane in lanes)),
        ways=tuple(dict.fromkeys((lane.origin.code, lane.to.code if lane.to else lane.destination) for lane in lanes)),
        when="later" if not begun else "past" if ended or row is not now else "now",
        example_minor=example or None,
    )


def _words(line: CardLine) -> str:
    ways = " ".join(f"{start} {end}" for start, end in line.ways)
    who = " ".join((*line.lanes, *line.carriers))
    return f"{line.card.code} {line.card.currency} {line.card.source} {who} {ways}".lower()


def _order(line: CardLine, sort: str) -> tuple[object, ...]:
    first = {
        "lanes": len(line.lanes),
        "price": line.example_minor or 0,
        "valid_from": line.card.valid_from or date.min,
        "currency": line.card.currency,
    }.get(sort, line.card.code)
    return first, line.card.code, line.card.valid_from or date.min


def _draft(lane: Lane, made: Tariff) -> Draft:
    return Draft(
        code=lane.code,
        tariff=made,
        carrier=lane.carrier,
        service=lane.service,
        mode=lane.mode,
        origin=lane.origin.code,
        destination=lane.destination,
        to=lane.to.code if lane.to else "",
        days_p50=lane.days_p50,
        days_p90=lane.days_p90,
        incoterms=tuple(lane.incoterms),
        refuses=tuple(lane.refuses),
        own=True,
    )
