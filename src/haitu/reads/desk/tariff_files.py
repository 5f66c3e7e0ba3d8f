"""Price lists that were uploaded: what each says, and what applying it would change, lane by lane."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from haitu.core.freight import Tariff
from haitu.core.rate_card import PARCELS_G, Point, compared, same_prices, tariff_on
from haitu.links.tariffs.draft import Choices, Draft, KnownWarehouse, Reading
from haitu.links.tariffs.reading import read
from haitu.links.tariffs.said import Said, said
from haitu.models import Lane, TariffFile, Warehouse
from haitu.models import Tariff as TariffRow
from haitu.reads.quote import tariff_of

MODES = ("post", "courier", "road", "air", "sea", "rail")
NEW_LANE = "new"
MOST_RATIO = 10
CURVE_PARTS = 60
KEPT_FACTS = {
    "divisor": ("divisor_cm3_per_kg",),
    "fuel": ("fuel_bp",),
    "remote": ("remote_minor", "remote_postcodes"),
    "most_weight_g": ("max_weight_g",),
    "most_side_mm": ("max_side_mm",),
    "surcharges": ("surcharges",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileView:
    """An uploaded list in the history."""

    id: int
    name: str
    state: str
    at: datetime
    by: str
    applied_at: datetime | None
    valid_from: date | None
    lanes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneNow:
    """A lane as it stands, with every edition of its rate card."""

    id: int
    code: str
    carrier: str
    service: str
    origin: str
    destination: str
    to: str
    days_p50: int
    days_p90: int
    days_seen: int
    cards: tuple[Tariff, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """What a list knows it by."""
        return (self.carrier.lower(), self.service.lower(), self.origin, self.destination, self.to)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneChange:
    """What a draft does to a lane: `state` is new, changed, same or refused (then `why` says why)."""

    draft: Draft
    code: str
    lane_id: int | None
    state: str
    why: Said | None
    starts: date
    old: Tariff | None
    new: Tariff
    days: tuple[int, int] | None
    old_days: tuple[int, int] | None
    warning: Said | None = None
    choices: tuple[str, ...] = ()

    @property
    def parcels(self) -> tuple[Point, ...]:
        """Example parcels, by weight."""
        return compared(self._comparable, self.new, self.starts, PARCELS_G)

    @property
    def points(self) -> tuple[Point, ...]:
        """Every weight break of either card, every container."""
        return compared(self._comparable, self.new, self.starts)

    @property
    def curve(self) -> tuple[Point, ...]:
        """Enough weights to draw both cards; a last break far beyond the others is drawn only where it begins."""
        tops = sorted({step.up_to_g for card in (self._comparable, self.new) if card for step in card.breaks})
        if not tops:
            return ()
        limit = tops[-1] if len(tops) == 1 or tops[-1] <= 5 * tops[-2] else 2 * tops[-2]
        weights = {limit * part // CURVE_PARTS for part in range(1, CURVE_PARTS + 1)} | {t for t in tops if t <= limit}
        return compared(self._comparable, self.new, self.starts, weights - {0})

    @property
    def _comparable(self) -> Tariff | None:
        """The old card, if it is in the same money."""
        return self.old if self.old and self.old.currency == self.new.currency else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A file, what it says, and what it would change from a day on. `digest` names exactly this."""

    id: int
    name: str
    state: str
    choices: Choices
    reading: Reading
    starts: date
    changes: tuple[LaneChange, ...]

    def of(self, state: str) -> tuple[LaneChange, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.state == state)

    @property
    def digest(self) -> str:
        """The same for the same changes to the same cards."""
        seen = [(c.code, c.state, _plain(c.old), _plain(c.new), c.starts.isoformat(), c.days) for c in self.changes]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:16]


def files(merchant_id: int, *, most: int = 50) -> tuple[FileView, ...]:
    """The newest first."""
    rows = TariffFile.objects.of(merchant_id).select_related("by").defer("content").order_by("-at", "-pk")[:most]
    return tuple(
        FileView(
            id=row.pk,
            name=row.name,
            state=row.state,
            at=row.at,
            by=row.by.username if row.by else "",
            applied_at=row.applied_at,
            valid_from=row.valid_from,
            lanes=tuple(dict.fromkeys(change["lane"] for change in row.changes if change.get("lane"))),
        )
        for row in rows
    )


def warehouses(merchant_id: int) -> tuple[KnownWarehouse, ...]:
    """The merchant's, by code."""
    rows = Warehouse.objects.of(merchant_id).filter(active=True).order_by("code")
    return tuple(
        KnownWarehouse(code=row.code, name=row.name, city=row.city, country=row.country, kind=row.kind, place=row.place)
        for row in rows
    )


def preview(
    merchant_id: int, file_id: int, *, starts: date | None, today: date, reading: Reading | None = None
) -> Preview | None:
    """What the file would change, or None if the merchant has no such file; a Refusal if it is no price list.

    `reading`: what was read from it a moment ago, to spare the second reading.
    """
    row = TariffFile.objects.of(merchant_id).filter(pk=file_id).first()
    if row is None:
        return None
    choices = Choices(**row.reading)
    reading = reading or read(bytes(row.content), row.name, warehouses(merchant_id), choices)
    starts = starts or first_day(reading, today)
    changes = tuple(_changes(merchant_id, reading.drafts, choices, starts=starts, today=today))
    return Preview(
        id=row.pk, name=row.name, state=row.state, choices=choices, reading=reading, starts=starts, changes=changes
    )


def first_day(reading: Reading, today: date) -> date:
    """The day that most drafts begin on; today if that is past or not said."""
    days = [draft.tariff.valid_from for draft in reading.drafts if draft.tariff.valid_from and not draft.own]
    return max(max(set(days), key=days.count), today) if days else today


def lanes_now(merchant_id: int) -> tuple[LaneNow, ...]:
    """Every lane with its cards; two queries."""
    lanes = Lane.objects.of(merchant_id).select_related("origin", "to", "tariff").order_by("code")
    cards: dict[str, list[Tariff]] = {}
    for row in TariffRow.objects.of(merchant_id).order_by("pk"):
        cards.setdefault(row.code, []).append(tariff_of(row))
    return tuple(
        LaneNow(
            id=lane.pk,
            code=lane.code,
            carrier=lane.carrier,
            service=lane.service,
            origin=lane.origin.code,
            destination=lane.destination,
            to=lane.to.code if lane.to else "",
            days_p50=lane.days_p50,
            days_p90=lane.days_p90,
            days_seen=lane.days_seen,
            cards=tuple(cards[lane.tariff.code]),
        )
        for lane in lanes
    )


def _changes(
    merchant_id: int, drafts: Iterable[Draft], choices: Choices, *, starts: date, today: date
) -> Iterable[LaneChange]:
    lanes = lanes_now(merchant_id)
    by_code = {lane.code: lane for lane in lanes}
    by_key = {lane.key: lane for lane in reversed(lanes)}
    taken = set(by_code) | set(TariffRow.objects.of(merchant_id).values_list("code", flat=True))
    stores = {store.code for store in warehouses(merchant_id)}
    touched: set[tuple[str, date]] = set()
    for draft in drafts:
        key = (draft.carrier.lower(), draft.service.lower(), draft.origin, draft.destination, draft.to)
        chosen = choices.lanes.get(draft.key, "")
        lane = by_code.get(draft.code) if draft.own else by_code.get(chosen) or by_key.get(key)
        lane = None if chosen == NEW_LANE else lane
        code = lane.code if lane else draft.code if draft.own else _free(draft.code, taken)
        begins = max(draft.tariff.valid_from, starts) if draft.own and draft.tariff.valid_from else starts
        change = _change(draft, code, lane, begins)
        change = replace(change, choices=_alike(draft, lanes))
        why = _why_not(change, lane, choices, stores, today) or _twice(change, touched)
        touched.add((code, begins))
        yield replace(change, state="refused", why=why) if why and change.state != "same" else change


def _change(draft: Draft, code: str, lane: LaneNow | None, begins: date) -> LaneChange:
    old = tariff_on(lane.cards, begins) if lane else None
    draft = _with_kept(draft, old) if old else draft
    days = (draft.days_p50, draft.days_p90) if draft.days_p50 is not None and draft.days_p90 is not None else None
    old_days = (lane.days_p50, lane.days_p90) if lane else None
    days = None if lane and lane.days_seen else days  # what was seen counts more than what is promised
    same = old is not None and same_prices(old, draft.tariff) and days in {None, old_days}
    state = "same" if same else "changed" if lane else "new"
    new = replace(draft.tariff, code=code, valid_from=begins)
    return LaneChange(
        draft=draft,
        code=code,
        lane_id=lane.id if lane else None,
        state=state,
        why=None,
        starts=begins,
        old=old,
        new=new,
        days=days,
        old_days=old_days,
        warning=_leap(old, new, begins),
    )


def _with_kept(draft: Draft, old: Tariff) -> Draft:
    """What a forwarder's list says nothing of stays as the present card has it, and is named."""
    if draft.own or draft.tariff.currency != old.currency or draft.tariff.basis != old.basis:
        return draft
    kept: dict[str, Any] = {}
    noticed = list(draft.noticed)
    heaviest_g = max((step.up_to_g for step in draft.tariff.breaks), default=0)
    for fact, names in KEPT_FACTS.items():
        if fact == "most_weight_g" and heaviest_g > (old.max_weight_g or heaviest_g):
            continue  # the list prices heavier boxes than were taken until now
        values = {name: getattr(old, name) for name in names}
        if fact not in draft.stated and values != {name: getattr(draft.tariff, name) for name in names}:
            kept |= values
            noticed.append(said("the list says nothing of this, so it stays as it is: %(fact)s", fact=fact))
    return replace(draft, tariff=replace(draft.tariff, **kept), noticed=tuple(noticed))


def _why_not(change: LaneChange, lane: LaneNow | None, choices: Choices, stores: set[str], today: date) -> Said | None:
    """What keeps a draft from being applied."""
    draft, new = change.draft, change.new
    if change.starts < today:
        return said("it would begin on %(day)s, which is past", day=change.starts)
    if new.valid_to and new.valid_to < change.starts:
        return said("the list ends on %(day)s, before it would begin", day=new.valid_to)
    if lane is None and (why := _not_a_lane(change, stores)):
        return why
    told = any("currency" in facts for facts in choices.facts.values())
    if change.old and change.old.currency != new.currency and not (told or draft.own):
        return said(
            "the lane is in %(old)s now, the list in %(new)s: say the currency yourself to change it",
            old=change.old.currency,
            new=new.currency,
        )
    return None


def _not_a_lane(change: LaneChange, stores: set[str]) -> Said | None:
    """What a new lane lacks."""
    draft = change.draft
    if change.days is None:
        return said("a new lane needs days: say them yourself")
    if draft.origin not in stores or (draft.to and draft.to not in stores) or draft.origin == draft.to:
        return said("a new lane starts at one of our warehouses and leads elsewhere")
    if not draft.carrier or draft.mode not in MODES or len(draft.destination) != 2:
        return said("a new lane needs a carrier, a way of transport and a destination")
    return None


def _twice(change: LaneChange, touched: set[tuple[str, date]]) -> Said | None:
    if (change.code, change.starts) in touched:
        return said("another line of this file is for the same lane, %(lane)s", lane=change.code)
    return None


def _leap(old: Tariff | None, new: Tariff, on: date) -> Said | None:
    """A tenfold price is more often a wrong unit than a rise."""
    if old is None or old.currency != new.currency:
        return None
    for point in compared(old, new, on, PARCELS_G):
        if point.old_minor and point.new_minor:
            low, high = sorted((point.old_minor, point.new_minor))
            if high >= low * MOST_RATIO:
                return said("the price changes more than tenfold: is the unit right?")
    return None


def _alike(draft: Draft, lanes: Iterable[LaneNow]) -> tuple[str, ...]:
    """Lanes on the same way, whichever carrier's."""
    way = (draft.origin, draft.destination, draft.to)
    return tuple(lane.code for lane in lanes if (lane.origin, lane.destination, lane.to) == way)


def _free(code: str, taken: set[str]) -> str:
    """The proposal, with a number behind it if another lane or card is called so."""
    found, number = code, 1
    while found in taken:
        number += 1
        found = f"{code[:36]}-{number}"
    taken.add(found)
    return found


def _plain(card: Tariff | None) -> Mapping[str, Any] | None:
    """As JSON holds it; where it came from does not count."""
    if card is None:
        return None
    values = asdict(replace(card, source="", assumed=False))
    return json.loads(json.dumps(values, default=str))  # type: ignore[no-any-return]  # a dict stays one
