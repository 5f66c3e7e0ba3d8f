"""Closing and opening lanes, and changing what carriers charge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q

from haitu.actions.audit import audit
from haitu.actions.closure import end, lane_row, stated
from haitu.actions.version import bump
from haitu.core.errors import Refusal
from haitu.core.freight import Break
from haitu.models import Closure, Lane, Tariff, User

MOST_MINOR = 10**12


class NoSuchTariff(Refusal):
    """The merchant has no such rate card."""

    code = "no_such_tariff"


class BadTariff(Refusal):
    """One of the figures is outside of what it may be; the sentence says which."""

    code = "bad_tariff"


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffDraft:
    """What the rate card page says; code and currency never change."""

    divisor_cm3_per_kg: int | None
    step_g: int
    breaks: tuple[Break, ...]
    minimum_minor: int
    fuel_bp: int
    remote_minor: int
    remote_postcodes: tuple[str, ...]
    max_weight_g: int | None
    max_side_mm: int | None
    valid_to: date | None
    source: str


def close_lane(*, merchant_id: int, lane_id: int, reason: str, by: User | None, now: datetime) -> None:
    """From now on no quote, promise or order goes by this lane."""
    reason = stated(reason)
    with transaction.atomic():
        lane = lane_row(merchant_id, lane_id)
        _set(lane, open_now=False, reason=reason)
        change = {"open": (lane.open, False), "closed_reason": (lane.closed_reason, reason)}
        audit(by, "lane.close", lane.code, merchant_id=merchant_id, now=now, change=change)


def open_lane(*, merchant_id: int, lane_id: int, by: User | None, now: datetime) -> None:
    """The lane carries again, whether it was closed by hand or until a day; closures still to come stay."""
    with transaction.atomic():
        lane = lane_row(merchant_id, lane_id)
        dated = Closure.objects.of(merchant_id).filter(lane=lane, valid_from__lte=now.date())
        running = list(dated.filter(Q(valid_to=None) | Q(valid_to__gte=now.date())))
        if lane.open and not running:
            return
        for row in running:
            end(row, now.date())
        _set(lane, open_now=True, reason="")
        reasons = "; ".join([*([lane.closed_reason] if lane.closed_reason else []), *(row.reason for row in running)])
        change = {"open": (False, True), "closed_reason": (reasons, "")}
        audit(by, "lane.open", lane.code, merchant_id=merchant_id, now=now, change=change)


def save_tariff(*, merchant_id: int, tariff_id: int, draft: TariffDraft, by: User | None, now: datetime) -> None:
    """A person's figures in place of what was there; they are no assumption any more."""
    _check(draft)
    with transaction.atomic():
        tariff = Tariff.objects.of(merchant_id).select_for_update().filter(pk=tariff_id).first()
        if tariff is None:
            raise NoSuchTariff("There is no such rate card.")
        wanted = asdict(draft) | {
            "breaks": written_breaks(draft.breaks),
            "remote_postcodes": list(draft.remote_postcodes),
        }
        change = {
            name: (getattr(tariff, name), value) for name, value in wanted.items() if getattr(tariff, name) != value
        }
        if not change:
            return
        Tariff.objects.of(merchant_id).filter(pk=tariff.pk).update(**wanted, assumed=False)
        bump(merchant_id)
        audit(by, "tariff.save", tariff.code, merchant_id=merchant_id, now=now, change=change)


def written_breaks(breaks: Iterable[Break]) -> list[list[int]]:
    """As the row holds them; without a price per kg a break has three figures."""
    return [
        [step.up_to_g, step.base_minor, step.per_step_minor, *([step.per_kg_minor] if step.per_kg_minor else [])]
        for step in breaks
    ]


def _set(lane: Lane, *, open_now: bool, reason: str) -> None:
    Lane.objects.of(lane.merchant_id).filter(pk=lane.pk).update(open=open_now, closed_reason=reason)
    bump(lane.merchant_id)


def _check(draft: TariffDraft) -> None:
    if not draft.breaks:
        raise BadTariff("A rate card has at least one weight break.", field="breaks")
    tops = [step.up_to_g for step in draft.breaks]
    if tops[0] <= 0 or tops != sorted(set(tops)):
        raise BadTariff("The weights of the breaks rise from line to line.", field="breaks")
    amounts = [each for step in draft.breaks for each in (step.base_minor, step.per_step_minor, step.per_kg_minor)]
    if any(not 0 <= amount <= MOST_MINOR for amount in amounts):
        raise BadTariff("An amount is zero or more.", field="breaks")
    if draft.step_g < 1:
        raise BadTariff("The weight step is 1 g or more.", field="step_g")
    if draft.divisor_cm3_per_kg is not None and draft.divisor_cm3_per_kg < 1:
        raise BadTariff("The volume divisor is 1 cm³ per kg or more, or empty.", field="divisor")
    if not 0 <= draft.fuel_bp <= 50_000:
        raise BadTariff("The fuel surcharge is between 0 and 500 %.", field="fuel")
    if not (0 <= draft.minimum_minor <= MOST_MINOR and 0 <= draft.remote_minor <= MOST_MINOR):
        raise BadTariff("An amount is zero or more.", field="minimum")
    if any(limit is not None and limit < 1 for limit in (draft.max_weight_g, draft.max_side_mm)):
        raise BadTariff("A limit is 1 or more, or empty.", field="max_weight_g")
