"""At the desk: a return is approved or refused, counted in, and graded piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.letters import write
from haitu.actions.returns.label import locked_case
from haitu.core.errors import Refusal
from haitu.core.returns import Grade
from haitu.models import CaseState, Order, ReturnCase, ReturnPiece, User
from haitu.reads.return_ways import reckon, way_to_json

BEFORE_IN = (CaseState.ASKED, CaseState.APPROVED, CaseState.ON_WAY)


class WrongReturnStep(Refusal):
    """The return is past that step, or has ended; it never goes back."""

    code = "wrong_return_step"


class WhyRefused(Refusal):
    """Tell the buyer why it is refused."""

    code = "why_refused"


class NotGraded(Refusal):
    """A grade is A, B, C or D, for a piece of this return."""

    code = "not_graded"


class Graded(NamedTuple):
    """How a piece came, and what there is to say about it."""

    grade: Grade
    note: str = ""


def approve(*, merchant_id: int, case_id: int, by: User | None, now: datetime) -> None:
    """The buyer may send it; said twice it is said once."""
    with transaction.atomic():
        case, order = locked_case(merchant_id, case_id)
        if case.state == CaseState.APPROVED:
            return
        step(case, (CaseState.ASKED,), CaseState.APPROVED, approved_at=now)
        write(order, "return_asked", f"{case.pk}+", now=now)
        audit(by, "return.approve", f"return {case.number}", merchant_id=merchant_id, now=now)


def refuse(*, merchant_id: int, case_id: int, told: str, by: User | None, now: datetime) -> None:
    """It shall not be sent; the buyer reads why."""
    if not told.strip():
        raise WhyRefused("Tell the buyer why.", field="told")
    with transaction.atomic():
        case, order = locked_case(merchant_id, case_id)
        if case.state == CaseState.REFUSED:
            return
        step(case, (CaseState.ASKED,), CaseState.REFUSED, told=told.strip()[:200], done_at=now)
        write(order, "return_refused", str(case.pk), now=now)
        change = {"told": ("", told.strip()[:200])}
        audit(by, "return.refuse", f"return {case.number}", merchant_id=merchant_id, now=now, change=change)


def receive(*, merchant_id: int, case_id: int, by: User | None, now: datetime) -> None:
    """The parcel is here; said twice it came once."""
    with transaction.atomic():
        case, order = locked_case(merchant_id, case_id)
        if case.state == CaseState.RECEIVED:
            return
        step(case, BEFORE_IN, CaseState.RECEIVED, received_at=now)
        write(order, "return_received", str(case.pk), now=now)
        audit(by, "return.receive", f"return {case.number}", merchant_id=merchant_id, now=now)


def grade(
    *, merchant_id: int, case_id: int, grades: Mapping[int, Graded], by: User | None, now: datetime
) -> ReturnCase:
    """Grades pieces, piece id → how it came; once all have a grade, what could become of each is reckoned.

    A grade may be changed until it is decided. The same grades again change nothing.
    """
    with transaction.atomic():
        case, order = locked_case(merchant_id, case_id)
        if case.state not in (CaseState.RECEIVED, CaseState.GRADED):
            raise WrongReturnStep(f"The return is {case.state}; it is graded once it is here.", state=case.state)
        pieces = {piece.pk: piece for piece in pieces_of(case)}
        if not grades or not set(grades) <= set(pieces):
            raise NotGraded("Those are no pieces of this return.", field="grade")
        change: dict[str, tuple[object, object]] = {}
        for piece_id, given in grades.items():
            piece = pieces[piece_id]
            if (piece.grade, piece.note) != (given.grade, given.note[:200]):
                change[f"piece {piece_id}"] = (piece.grade, given.grade)
                piece.grade, piece.note = given.grade, given.note[:200]
                piece.save(update_fields=["grade", "note"])
        if change:
            audit(by, "return.grade", f"return {case.number}", merchant_id=merchant_id, now=now, change=change)
        if all(piece.grade for piece in pieces.values()):
            _reckon(order, case, list(pieces.values()), now)
            if case.state == CaseState.RECEIVED:
                step(case, (CaseState.RECEIVED,), CaseState.GRADED, graded_at=now)
    return case


def _reckon(order: Order, case: ReturnCase, pieces: list[ReturnPiece], now: datetime) -> None:
    """Keeps the ways beside each piece, as the person who decides will see them."""
    for piece, found in zip(pieces, reckon(order, case, pieces, on=now.date()), strict=True):
        kept = [way_to_json(way) for way in found]
        if kept != piece.reckoned:
            piece.reckoned = kept
            piece.save(update_fields=["reckoned"])


def pieces_of(case: ReturnCase) -> list[ReturnPiece]:
    """The return's pieces, in the order of the page."""
    rows = ReturnPiece.objects.of(case.merchant_id).filter(case=case)
    return list(rows.select_related("line__variant").order_by("line__position", "line_id", "pk"))


def step(case: ReturnCase, before: tuple[CaseState, ...], after: CaseState, **noted: object) -> None:
    """Moves a return of a locked order; refuses WrongReturnStep."""
    if case.state not in before:
        raise WrongReturnStep(f"The return is {case.state}.", state=case.state)
    case.state = after
    for name, value in noted.items():
        setattr(case, name, value)
    case.save(update_fields=["state", *noted])
