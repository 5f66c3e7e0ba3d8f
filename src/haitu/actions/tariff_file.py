"""Keeping a forwarder's price list, applying it from a day on, and taking it back.

Cards of one code follow each other in time (models.Tariff): applying adds an edition, the one before ends the day
before. A card that other lanes share, and that the list changes for some of them only, is first copied for those.
What was done is kept row by row with the values before and after, so that undoing can see what changed since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError, Q

from haitu.actions.audit import audit
from haitu.actions.tariff import row_values
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.freight import Tariff as Card
from haitu.core.money import display
from haitu.core.rate_card import price_at, same_prices, tariff_on
from haitu.links.tariffs.draft import Choices
from haitu.links.tariffs.reading import read
from haitu.models import Lane, Tariff, TariffFile, TariffFileState, User, Warehouse
from haitu.reads.desk.tariff_files import LaneChange, Preview, preview, warehouses
from haitu.reads.quote import tariff_of

KEPT_UNREAD_DAYS = 30
MOST_UNREAD = 20
TOLD_LANES = 60  # in the audit trail
NOT_YET = "New from a price list; open it when it is agreed."


class NoSuchFile(Refusal):
    """The merchant has no such price list."""

    code = "no_such_tariff_file"


class PreviewChanged(Refusal):
    """Tariffs or the reading changed since the preview was shown."""

    code = "preview_changed"


class ProblemsLeft(Refusal):
    """The list has problems and the person did not say that only its good rows shall be kept."""

    code = "problems_left"


class NothingToApply(Refusal):
    """The list changes nothing."""

    code = "nothing_to_apply"


class CannotUndo(Refusal):
    """Something newer rests on what the list brought; `given` names it."""

    code = "cannot_undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How many lanes are new, changed, and as they were."""

    new: int
    changed: int
    same: int


def keep_file(*, merchant_id: int, name: str, content: bytes, by: User | None, now: datetime) -> int:
    """Keeps the bytes for reading; the same bytes not yet applied are kept once. Refuses what is no price list."""
    read(content, name, warehouses(merchant_id), Choices())
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        unread = TariffFile.objects.of(merchant_id).filter(state=TariffFileState.READ)
        unread.filter(at__lt=now - timedelta(days=KEPT_UNREAD_DAYS)).delete()
        old = unread.order_by("-at", "-pk").values_list("pk", flat=True)[MOST_UNREAD:]
        TariffFile.objects.of(merchant_id).filter(pk__in=list(old)).delete()
        known = unread.filter(sha256=digest).first()
        if known is not None:
            return known.pk
        row = TariffFile.objects.create(
            merchant_id=merchant_id, name=name[:200], content=content, sha256=digest, at=now, by=by
        )
        audit(by, "tariff.upload", row.name, merchant_id=merchant_id, now=now)
    return row.pk


def save_choices(*, merchant_id: int, file_id: int, choices: Choices) -> None:
    """Keeps what a person said about columns, facts, places and lanes."""
    with transaction.atomic():
        row = _row(merchant_id, file_id)
        TariffFile.objects.of(merchant_id).filter(pk=row.pk).update(reading=asdict(choices))


def discard(*, merchant_id: int, file_id: int) -> None:
    """Forgets a list that was never applied."""
    with transaction.atomic():
        row = _row(merchant_id, file_id)
        if row.state == TariffFileState.READ:
            row.delete()


def apply(
    *,
    merchant_id: int,
    file_id: int,
    starts: date,
    seen: str,
    good_only: bool,
    open_new: bool,
    by: User | None,
    now: datetime,
    today: date,
) -> Applied:
    """The list's prices hold from that day on. `seen` is the digest of the preview that the person saw."""
    shown = preview(merchant_id, file_id, starts=starts, today=today)  # a large file is read before others must wait
    with transaction.atomic():
        bump(merchant_id)  # also lines up whoever applies at the same time
        row = _row(merchant_id, file_id)
        reading = shown.reading if shown and shown.choices == Choices(**row.reading) else None
        now_seen = preview(merchant_id, file_id, starts=starts, today=today, reading=reading)
        if now_seen is None or now_seen.digest != seen:
            raise PreviewChanged("Something changed since this was shown; look again.")
        wanted = _wanted(now_seen, good_only=good_only)
        book = _Book(merchant_id=merchant_id, open_new=open_new)
        for change in wanted:
            book.lane(change, wanted)
        done = Applied(
            new=sum(change.state == "new" for change in wanted),
            changed=sum(change.state == "changed" for change in wanted),
            same=len(now_seen.of("same")),
        )
        TariffFile.objects.of(merchant_id).filter(pk=row.pk).update(
            state=TariffFileState.APPLIED, applied_at=now, valid_from=starts, changes=book.done
        )
        told = {change.code: (_told(change.old, starts), _told(change.new, starts)) for change in wanted[:TOLD_LANES]}
        audit(by, "tariff.import", row.name, merchant_id=merchant_id, now=now, change=told)
    return done


def undo(*, merchant_id: int, file_id: int, by: User | None, now: datetime) -> None:
    """Everything as it was before the list was applied; refuses if something newer rests on it."""
    with transaction.atomic():
        bump(merchant_id)
        row = _row(merchant_id, file_id)
        if row.state != TariffFileState.APPLIED:
            raise CannotUndo("This list is not applied.", field="file", what=row.name)
        for done in reversed(row.changes):
            _undo_one(merchant_id, done)
        TariffFile.objects.of(merchant_id).filter(pk=row.pk).update(state=TariffFileState.UNDONE)
        lanes = dict.fromkeys(done["lane"] for done in row.changes)
        change = dict.fromkeys(list(lanes)[:TOLD_LANES], ("applied", "undone"))
        audit(by, "tariff.undo", row.name, merchant_id=merchant_id, now=now, change=change)


def _row(merchant_id: int, file_id: int) -> TariffFile:
    row = TariffFile.objects.of(merchant_id).select_for_update().filter(pk=file_id).first()
    if row is None:
        raise NoSuchFile("There is no such price list.")
    return row


def _wanted(seen: Preview, *, good_only: bool) -> list[LaneChange]:
    bad = len(seen.reading.problems) + len(seen.of("refused"))
    if bad and not good_only:
        raise ProblemsLeft(f"The list has {bad} problems; say that only the good rows shall be kept.", count=bad)
    wanted = [change for change in seen.changes if change.state in {"new", "changed"}]
    if not wanted:
        raise NothingToApply("The list changes nothing.")
    return wanted


@dataclass(slots=True, kw_only=True)
class _Book:
    """Writes the changes of one list and notes what it did, enough to take each back."""

    merchant_id: int
    open_new: bool
    done: list[dict[str, Any]] = field(default_factory=list)
    written: set[tuple[str, date]] = field(default_factory=set)  # a card that all of its lanes change to is one

    def lane(self, change: LaneChange, wanted: Sequence[LaneChange]) -> None:
        """One lane: made, or given the new edition of its card; and its days."""
        if change.lane_id is None:
            self._make(change)
            return
        lane = Lane.objects.of(self.merchant_id).select_related("tariff").get(pk=change.lane_id)
        if change.old is None or not same_prices(change.old, change.new):
            code = self._own_code(lane, change, wanted)
            if (code, change.starts) not in self.written:
                self._edition(code, replace(change.new, code=code), change)
                self.written.add((code, change.starts))
        if change.days and change.days != change.old_days:
            self._update(lane, change.code, days_p50=change.days[0], days_p90=change.days[1])

    def _own_code(self, lane: Lane, change: LaneChange, wanted: Sequence[LaneChange]) -> str:
        """The code to put the edition under: the lane's card, or a copy where others keep the old prices."""
        code = lane.tariff.code
        users = set(Lane.objects.of(self.merchant_id).filter(tariff__code=code).values_list("pk", flat=True))
        alike = {each.lane_id for each in wanted if each.starts == change.starts and same_prices(each.new, change.new)}
        if users <= alike:
            return code
        own = self._free(change.code)
        copies = [
            self._create(replace(tariff_of(row), code=own), change.code)
            for row in Tariff.objects.of(self.merchant_id).filter(code=code).order_by("pk")
            if row.valid_to is None or row.valid_to >= change.starts - timedelta(days=1) or row.pk == lane.tariff_id
        ]
        here = tariff_on(copies, change.starts - timedelta(days=1)) or copies[0]
        self._update(lane, change.code, tariff_id=here.pk)
        return own

    def _edition(self, code: str, new: Card, change: LaneChange) -> None:
        """The card from its first day on; the edition before ends the day before, a later one stays."""
        rows = list(Tariff.objects.of(self.merchant_id).filter(code=code).order_by("pk"))
        before = [row for row in rows if (row.valid_from or date.min) < change.starts]
        after = [row.valid_from for row in rows if row.valid_from and row.valid_from > change.starts]
        if after:
            ends = min(after) - timedelta(days=1)
            new = replace(new, valid_to=min(new.valid_to or ends, ends))
        same_day = next((row for row in rows if row.valid_from == change.starts), None)
        if same_day is not None:
            self._update(same_day, change.code, **row_values(new))
            return
        for row in before:
            if row.valid_to is None or row.valid_to >= change.starts:
                self._update(row, change.code, valid_to=change.starts - timedelta(days=1))
        self._create(new, change.code)

    def _make(self, change: LaneChange) -> None:
        """A lane that was not there, with its card; closed until somebody opens it unless that was asked for."""
        draft, days = change.draft, change.days or (0, 0)
        card = self._create(replace(change.new, code=self._free(change.code)), change.code)
        stores = {store.code: store.pk for store in Warehouse.objects.of(self.merchant_id)}
        lane = Lane.objects.create(
            merchant_id=self.merchant_id,
            code=change.code,
            carrier=draft.carrier,
            service=draft.service,
            mode=draft.mode,
            origin_id=stores[draft.origin],
            to_id=stores[draft.to] if draft.to else None,
            destination=draft.destination,
            tariff=card,
            days_p50=days[0],
            days_p90=days[1],
            incoterms=list(draft.incoterms or ("DDP", "DAP")),
            refuses=list(draft.refuses),
            open=self.open_new,
            closed_reason="" if self.open_new else NOT_YET,
        )
        self.done.append({"do": "lane", "id": lane.pk, "lane": change.code})

    def _free(self, code: str) -> str:
        """A card's code that no other card has."""
        taken = set(Tariff.objects.of(self.merchant_id).filter(code__startswith=code).values_list("code", flat=True))
        found, number = code, 1
        while found in taken:
            number += 1
            found = f"{code[:36]}-{number}"
        return found

    def _create(self, card: Card, lane: str) -> Tariff:
        row = Tariff.objects.create(merchant_id=self.merchant_id, **row_values(card))
        self.done.append({"do": "create", "id": row.pk, "lane": lane, "after": _json(row_values(card))})
        return row

    def _update(self, row: Tariff | Lane, lane: str, **after: Any) -> None:
        before = {name: getattr(row, name) for name in after}
        table = type(row)
        table.objects.of(self.merchant_id).filter(pk=row.pk).update(**after)
        kind = "tariff" if isinstance(row, Tariff) else "days"
        self.done.append({"do": kind, "id": row.pk, "lane": lane, "before": _json(before), "after": _json(after)})


def _undo_one(merchant_id: int, done: Mapping[str, Any]) -> None:
    """One row as it was before, if it still is what the list made of it."""
    table = Tariff if done["do"] in {"create", "tariff"} else Lane
    row = table.objects.of(merchant_id).filter(pk=done["id"]).first()
    if row is None:
        raise _blocked(done)
    if "after" in done and _json({name: getattr(row, name) for name in done["after"]}) != done["after"]:
        raise _blocked(done)
    if "before" in done:
        table.objects.of(merchant_id).filter(pk=row.pk).update(**_values(done["before"]))
        return
    try:
        if isinstance(row, Lane) and row.closures.filter(~Q(reason=NOT_YET)).exists():
            raise _blocked(done)
        row.delete()
    except ProtectedError:
        raise _blocked(done) from None


def _blocked(done: Mapping[str, Any]) -> CannotUndo:
    return CannotUndo(
        f"{done['lane']} was changed or used since this list was applied; undo the newer change first.",
        field="file",
        what=done["lane"],
    )


def _json(values: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON holds it."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def _values(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse, for the columns that this room writes."""
    days = {"valid_from", "valid_to"}
    return {name: date.fromisoformat(v) if name in days and v else v for name, v in kept.items()}


def _told(card: Card | None, on: date) -> str:
    """A kilogram's price for the trail, or the first container's."""
    if card is None:
        return ""
    if card.box_minor:
        return f"{card.box_minor[0][0]} {display(card.box_minor[0][1], card.currency)} {card.currency}"
    at = next((g for g in (1000, *(step.up_to_g for step in card.breaks)) if price_at(card, g, on) is not None), 0)
    return f"{at} g {display(price_at(card, at, on) or 0, card.currency)} {card.currency}"
