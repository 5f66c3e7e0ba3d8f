"""Shutting lanes, warehouses and sea passages from a day to a day, and which way a lane goes round.

Days are days of the shop's clock (UTC), as quotes count them; a closure takes effect when its first day begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q

from haitu.actions.audit import audit
from haitu.actions.version import bump
from haitu.core import closure as core
from haitu.core.closure import PASSAGES, BadClosure, check_passage
from haitu.core.errors import Refusal
from haitu.models import Closure, Lane, PassageRule, User, Warehouse
from haitu.reads.closures import LaneState, lane_states


class NoSuchLane(Refusal):
    """The merchant has no such lane."""

    code = "no_such_lane"


class NoSuchWarehouse(Refusal):
    """The merchant has no such warehouse."""

    code = "no_such_warehouse"


class NoSuchClosure(Refusal):
    """The merchant has no such closure, or it has been lifted."""

    code = "no_such_closure"


class NoReason(Refusal):
    """Closing a lane needs a reason: buyers and colleagues will ask."""

    code = "no_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a closure makes of a lane on its first day: shut, with the reason, or longer by so much."""

    lane_id: int
    lane: str
    open: bool
    reason: str
    added_nm: int
    added_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The closure made, and the lanes it changes."""

    closure_id: int
    effects: tuple[Effect, ...]


def close_lane_on(
    *,
    merchant_id: int,
    lane_id: int,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    by: User | None,
    now: datetime,
) -> Closed:
    """No quote, promise or plan uses the lane between those days, both included."""
    with transaction.atomic():
        lane = lane_row(merchant_id, lane_id)
        row = Closure(merchant_id=merchant_id, lane=lane, valid_from=valid_from, valid_to=valid_to, reason=reason)
        return _close(row, lane.code, "lane.close", by, now)


def close_warehouse(
    *,
    merchant_id: int,
    warehouse_id: int,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    by: User | None,
    now: datetime,
) -> Closed:
    """Nothing leaves or reaches the warehouse between those days: its stock stays, and is not promised."""
    with transaction.atomic():
        place = Warehouse.objects.of(merchant_id).select_for_update().filter(pk=warehouse_id).first()
        if place is None:
            raise NoSuchWarehouse("There is no such warehouse.")
        row = Closure(merchant_id=merchant_id, warehouse=place, valid_from=valid_from, valid_to=valid_to, reason=reason)
        return _close(row, place.code, "warehouse.close", by, now)


def close_passage(
    *,
    merchant_id: int,
    passage: str,
    valid_from: date,
    valid_to: date | None,
    reason: str,
    by: User | None,
    now: datetime,
) -> Closed:
    """Each lane whose corridor names the passage is shut or goes round it, by its own rule."""
    check_passage(passage)
    with transaction.atomic():
        row = Closure(merchant_id=merchant_id, passage=passage, valid_from=valid_from, valid_to=valid_to, reason=reason)
        return _close(row, PASSAGES[passage], "passage.close", by, now)


def lift(*, merchant_id: int, closure_id: int, by: User | None, now: datetime) -> None:
    """The closure ends with yesterday; one that has not begun is forgotten."""
    with transaction.atomic():
        rows = Closure.objects.of(merchant_id).select_for_update(of=("self",)).select_related("lane", "warehouse")
        row = rows.filter(pk=closure_id).filter(Q(valid_to=None) | Q(valid_to__gte=now.date())).first()
        if row is None:
            raise NoSuchClosure("There is no such closure, or it is over.")
        end(row, now.date())
        bump(merchant_id)
        named = row.lane or row.warehouse
        change = {"valid_to": (row.valid_to, now.date() - timedelta(1))}
        subject = named.code if named else PASSAGES.get(row.passage, row.passage)
        audit(by, "closure.lift", subject, merchant_id=merchant_id, now=now, change=change)


def end(row: Closure, today: date) -> None:
    """Ends a closure with yesterday, within the caller's transaction, who bumps."""
    mine = Closure.objects.of(row.merchant_id).filter(pk=row.pk)
    if row.valid_from >= today:
        mine.delete()
    else:
        mine.update(valid_to=today - timedelta(1))


def save_corridor(
    *,
    merchant_id: int,
    lane_id: int,
    passages: tuple[str, ...],
    if_passage_closes: str,
    by: User | None,
    now: datetime,
) -> None:
    """Which passages the lane's ships use, and whether they go round one that is shut or the lane stops."""
    for passage in passages:
        check_passage(passage)
    if if_passage_closes not in PassageRule.values:
        raise BadClosure(
            f"{if_passage_closes!r} is no rule; allowed: {', '.join(PassageRule.values)}.", field="if_passage_closes"
        )
    with transaction.atomic():
        lane = lane_row(merchant_id, lane_id)
        wanted = {"passages": list(passages), "if_passage_closes": if_passage_closes}
        change = {name: (getattr(lane, name), value) for name, value in wanted.items() if getattr(lane, name) != value}
        if not change:
            return
        Lane.objects.of(merchant_id).filter(pk=lane.pk).update(**wanted)
        bump(merchant_id)
        audit(by, "lane.corridor", lane.code, merchant_id=merchant_id, now=now, change=change)


def lane_row(merchant_id: int, lane_id: int) -> Lane:
    """The merchant's lane, locked."""
    lane = Lane.objects.of(merchant_id).select_for_update().filter(pk=lane_id).first()
    if lane is None:
        raise NoSuchLane("There is no such lane.")
    return lane


def stated(reason: str) -> str:
    """The reason as it is kept; refuses none."""
    reason = reason.strip()[:200]
    if not reason:
        raise NoReason("Say why the lane is closed.", field="reason")
    return reason


def _close(row: Closure, subject: str, act: str, by: User | None, now: datetime) -> Closed:
    """Keeps the closure and tells what it changes on its first day (today, if that is later)."""
    row.reason = stated(row.reason)
    core.Closure(valid_from=row.valid_from, valid_to=row.valid_to)  # refuses days that cross
    if row.valid_to is not None and row.valid_to < now.date():
        raise BadClosure(f"{row.valid_to} is over; a closure ends today or later.", field="valid_to")
    merchant_id, first = row.merchant_id, max(row.valid_from, now.date())
    lanes = list(Lane.objects.of(merchant_id))
    before = lane_states(merchant_id, first, lanes)
    row.save(force_insert=True)
    bump(merchant_id)
    effects = _effects(lanes, before, lane_states(merchant_id, first, lanes))
    change: dict[str, tuple[object, object]] = {
        "valid_from": (None, row.valid_from),
        "valid_to": (None, row.valid_to),
        "reason": (None, row.reason),
    }
    change |= {f"lane {effect.lane}": (None, _told(effect)) for effect in effects if effect.lane != subject}
    audit(by, act, subject, merchant_id=merchant_id, now=now, change=change)
    return Closed(closure_id=row.pk, effects=effects)


def _effects(lanes: list[Lane], before: Mapping[int, LaneState], after: Mapping[int, LaneState]) -> tuple[Effect, ...]:
    """The lanes whose state differs, by code."""

    def differs(lane: Lane) -> bool:
        old, new = before[lane.pk], after[lane.pk]
        return (old.open, old.added_days, old.added_nm) != (new.open, new.added_days, new.added_nm)

    return tuple(
        Effect(
            lane_id=lane.pk,
            lane=lane.code,
            open=after[lane.pk].open,
            reason=after[lane.pk].reason,
            added_nm=after[lane.pk].added_nm,
            added_days=after[lane.pk].added_days,
        )
        for lane in sorted(lanes, key=lambda lane: lane.code)
        if differs(lane)
    )


def _told(effect: Effect) -> str:
    return f"+{effect.added_nm} nm, +{effect.added_days} days" if effect.open else "closed"
