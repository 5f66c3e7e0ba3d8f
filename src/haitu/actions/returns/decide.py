"""What becomes of a graded return: goods, money and what it cost, in one audited act.

All of it is one transaction behind the order's lock, so a process that dies in between has decided all of a return or
nothing of it; the money is asked for after the commit, by actions.refund, which may be asked again by anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from haitu.actions.audit import audit
from haitu.actions.fulfil import frozen_rate
from haitu.actions.inbound import Load, plan_transfer
from haitu.actions.letters import write
from haitu.actions.order import lines_of, quoted_by_line
from haitu.actions.refund import left_by_line, open_refunds, refundable
from haitu.actions.returns.label import charge, locked_case
from haitu.actions.returns.receive import WrongReturnStep, pieces_of, step
from haitu.actions.returns.second import second_choice
from haitu.actions.returns.take_back import Back, book_back, line_away
from haitu.actions.stock import lock_rows, row_of
from haitu.core.errors import Refusal
from haitu.core.money import convert, convert_back, half_up, split
from haitu.core.returns import WHOLE_BP, Fate, Grade, PaidPart, Reason, ReturnCosts, Way, money_back
from haitu.models import (
    CaseState,
    Merchant,
    Order,
    OrderLine,
    Refund,
    RefundStatus,
    ReturnCase,
    ReturnLabel,
    ReturnLabelState,
    ReturnPiece,
    Stock,
    User,
)
from haitu.reads.exchange import exchange_rate
from haitu.reads.return_ways import way_from_json
from haitu.reads.returns import costs_of, terms_from_json

ON_SHELF = (Fate.RESELL, Fate.MOVE)


class WhyNotBest(Refusal):
    """Somebody who takes another way than the best says why."""

    code = "why_not_best"


class NoSuchWay(Refusal):
    """That way was not among those shown for the piece."""

    code = "no_such_way"


class Chosen(NamedTuple):
    """A way by its key; `why` if it is not the best."""

    key: str
    why: str = ""


def decide(
    *, merchant_id: int, case_id: int, chosen: Mapping[int, Chosen], by: User | None, now: datetime
) -> ReturnCase:
    """Decides a graded return, piece id → the way chosen; pieces not named go the best way. Said twice it is once.

    Refuses WrongReturnStep, NoSuchWay and WhyNotBest.
    """
    with transaction.atomic():
        case, order = locked_case(merchant_id, case_id)
        if case.state in (CaseState.DECIDED, CaseState.DONE):
            return case
        if case.state != CaseState.GRADED:
            raise WrongReturnStep(f"The return is {case.state}; it is decided once it is graded.", state=case.state)
        pieces = pieces_of(case)
        taken = [_way(piece, chosen.get(piece.pk)) for piece in pieces]
        base = Merchant.objects.values_list("base_currency", flat=True).get(pk=merchant_id)
        costs, _ = costs_of(merchant_id, base, on=now.date())
        back = _money(order, case, pieces, costs)
        _goods(order, case, list(zip(pieces, taken, strict=True)), costs, by=by, now=now)
        work = sum(way.handling_minor + way.fee_minor for way in taken)
        if work:
            in_order = convert_back(work, frozen_rate(order))
            charge(
                order, case, in_order, key=f"return_work:{case.pk}", to_carrier=False, now=now, assumed=costs.assumed
            )
        made = _refund(order, case, back, now)
        change: dict[str, tuple[object, object]] = {
            f"piece {piece.pk}": (piece.grade, piece.fate + (f": {piece.overruled}" if piece.overruled else ""))
            for piece in pieces
        }
        change["refund_minor"] = (0, case.refund_minor)
        step(case, (CaseState.GRADED,), CaseState.DECIDED, decided_at=now, refunds=made, refund_minor=case.refund_minor)
        audit(by, "return.decide", f"return {case.number}", merchant_id=merchant_id, now=now, change=change)
        _finish(case, now)
    return case


def _way(piece: ReturnPiece, chosen: Chosen | None) -> Way:
    """The way taken, noted on the piece."""
    shown = [way_from_json(kept) for kept in piece.reckoned]
    if not shown:
        raise NoSuchWay("Nothing was reckoned for this piece.", field=f"way_{piece.pk}")
    way = shown[0]
    if chosen is not None and chosen.key != way.key:
        way = next((one for one in shown if one.key == chosen.key), None) or _no_way(piece, chosen.key)
        if not chosen.why.strip():
            raise WhyNotBest("Say why not the best way.", field=f"why_{piece.pk}")
        piece.overruled = chosen.why.strip()[:200]
    piece.fate, piece.to_id = way.fate, way.warehouse_id if way.fate == Fate.MOVE else None
    return way


def _no_way(piece: ReturnPiece, key: str) -> Way:
    raise NoSuchWay(f"{key!r} was not shown for this piece.", field=f"way_{piece.pk}", given=key)


# Money -------------------------------------------------------------------------------------------------------
def _money(order: Order, case: ReturnCase, pieces: Sequence[ReturnPiece], costs: ReturnCosts) -> dict[int, int]:
    """What goes back, line id → amount, each piece's part noted on it; never more than the line has left."""
    given, lines = terms_from_json(case.terms), lines_of(order)
    paid, whole = _paid(order, lines), _is_whole(lines, pieces)
    start = {line.pk: line.returned for line in lines}
    back: dict[int, int] = {}
    for piece in pieces:
        nth = start[piece.line_id]
        part = PaidPart(
            goods_minor=_part(paid[piece.line_id].goods_minor, nth, piece.line.quantity),
            outbound_minor=_part(paid[piece.line_id].outbound_minor, nth, piece.line.quantity),
        )
        grade = Grade(piece.grade)
        minor, kept = money_back(
            part, given, grade=grade, reason=Reason(piece.reason), keep_bp=costs.keep_bp(grade), whole_order=whole
        )
        start[piece.line_id] += grade != Grade.D
        piece.refund_minor, piece.kept = minor, [[why.code, why.given.get("minor", 0)] for why in kept]
        back[piece.line_id] = back.get(piece.line_id, 0) + minor
    left = left_by_line(order)
    return _less_label(case, order, {line_id: min(minor, max(left[line_id], 0)) for line_id, minor in back.items()})


def _part(whole: int, nth: int, of: int) -> int:
    """The nth of equal parts laid end to end."""
    return half_up(whole * (nth + 1), of) - half_up(whole * nth, of)


def _paid(order: Order, lines: Sequence[OrderLine]) -> dict[int, PaidPart]:
    """What was paid for each line, and the delivery's share of it, with its tax."""
    quoted = quoted_by_line(order, list(lines))
    shares = split(order.shipping_minor, [line.amount_minor for line in lines])
    found = {}
    for line, share in zip(lines, shares, strict=True):
        on_top = 0 if order.tax_included else half_up(share * line.tax_rate_bp, WHOLE_BP)
        price = quoted[line.pk].waterfall.price
        outbound = min(share + on_top, price)
        found[line.pk] = PaidPart(goods_minor=price - outbound, outbound_minor=outbound)
    return found


def _is_whole(lines: Sequence[OrderLine], pieces: Sequence[ReturnPiece]) -> bool:
    """Whether with these pieces all of the order has come back."""
    came = sum(piece.grade != Grade.D for piece in pieces)
    return sum(line.returned for line in lines) + came == sum(line.quantity for line in lines)


def _less_label(case: ReturnCase, order: Order, back: dict[int, int]) -> dict[int, int]:
    """Less what the way back costs the buyer: never more than the label cost us."""
    label = ReturnLabel.objects.of(case.merchant_id).filter(case=case, state=ReturnLabelState.BOUGHT).first()
    if label is None or not case.label_minor:
        return back
    fee = case.label_minor
    if label.cost_minor is not None:
        currency = label.cost_currency or order.currency
        cost = label.cost_minor
        if currency != order.currency:
            cost = convert(cost, exchange_rate(currency, order.currency, on=label.changed_at.date()))
        fee = min(fee, cost)
    total = sum(back.values())
    parts = split(min(fee, total), list(back.values())) if total else [0] * len(back)
    return {line_id: minor - part for (line_id, minor), part in zip(back.items(), parts, strict=True)}


def _refund(order: Order, case: ReturnCase, back: dict[int, int], now: datetime) -> list[int]:
    """Asks for the money, at most what of the payment is left; without any the buyer is told that nothing comes."""
    free, lines = refundable(order), {line_id: minor for line_id, minor in back.items() if minor > 0}
    total = sum(lines.values())
    if total > free:
        lines = dict(zip(lines, split(max(free, 0), list(lines.values())), strict=True))
        total = sum(lines.values())
    case.refund_minor = total
    if not total:
        write(order, "return_refused", str(case.pk), now=now)
        return []
    return open_refunds(order, total, {k: v for k, v in lines.items() if v}, reason=case.number, now=now)


# Goods -------------------------------------------------------------------------------------------------------
def _goods(
    order: Order,
    case: ReturnCase,
    taken: Sequence[tuple[ReturnPiece, Way]],
    costs: ReturnCosts,
    *,
    by: User | None,
    now: datetime,
) -> None:
    """Each piece onto its shelf or off the books, then a load for those that go on."""
    shelves = {piece.pk: _shelf(case, piece, now) for piece, _ in taken if piece.grade != Grade.D}
    held = lock_rows(case.merchant_id, sorted({shelf.pk for shelf in shelves.values()}))
    going: dict[tuple[int, int | None], dict[int, int]] = {}
    freight: dict[tuple[int, int | None], int] = {}
    for piece, way in taken:
        if piece.grade != Grade.D:
            shelf = held[shelves[piece.pk].pk]
            line = line_away(order, piece.line_id, 1)  # read again: an earlier piece has changed it
            kept_bp = costs.price_bp(Grade(piece.grade)) if way.fate in ON_SHELF else 0
            back = Back(quantity=1, warehouse_id=case.warehouse_id, kept_bp=kept_bp)
            piece.booked = book_back(order, line, back, shelf, reason=f"{case.number} {piece.grade}", now=now)
            piece.variant_id = shelf.variant_id if way.fate in ON_SHELF else None
            if way.fate == Fate.MOVE and way.warehouse_id is not None:
                key = (way.warehouse_id, way.lane_id)
                going.setdefault(key, {})
                going[key][shelf.pk] = going[key].get(shelf.pk, 0) + 1
                freight[key] = freight.get(key, 0) + way.lane_minor
        piece.save()
    _leave_what_is_promised(case.merchant_id, going)
    for nth, ((to, lane_id), units) in enumerate(sorted(going.items()), start=1):
        load = Load(
            number=f"{case.number[:36]}-{nth}",
            to_warehouse_id=to,
            lane_id=lane_id,
            reference=case.number,
            freight_minor=freight[to, lane_id],
        )
        plan_transfer(merchant_id=case.merchant_id, origin_id=case.warehouse_id, load=load, units=units, by=by, now=now)


def _leave_what_is_promised(merchant_id: int, going: dict[tuple[int, int | None], dict[int, int]]) -> None:
    """Whoever waits for such goods has been given what came back; only what is free goes on."""
    rows = Stock.objects.of(merchant_id).filter(pk__in={pk for units in going.values() for pk in units})
    free = {row.pk: row.on_hand - row.reserved for row in rows}
    for key in sorted(going, key=repr):
        for stock_id, wanted in list(going[key].items()):
            its = min(wanted, free[stock_id])
            free[stock_id] -= its
            going[key][stock_id] = its
            if not its:
                del going[key][stock_id]
        if not going[key]:
            del going[key]


def _shelf(case: ReturnCase, piece: ReturnPiece, now: datetime) -> Stock:
    """The shelf of the returns site on which the piece would lie: as new, or under its second choice's own SKU."""
    variant = piece.line.variant
    if piece.fate in ON_SHELF and piece.grade in (Grade.B, Grade.C):
        variant = second_choice(variant, Grade(piece.grade), now=now)
    return row_of(case.merchant_id, variant.pk, case.warehouse_id, lock=False)


# The end -----------------------------------------------------------------------------------------------------
def finish_decided(*, now: datetime, limit: int = 500) -> int:
    """Ends returns whose money has gone back; how many."""
    due = ReturnCase.everyone.filter(state=CaseState.DECIDED).order_by("decided_at")
    found = list(due.values_list("merchant_id", "pk")[:limit])
    return sum(finish(merchant_id=merchant_id, case_id=case_id, now=now) for merchant_id, case_id in found)


def finish(*, merchant_id: int, case_id: int, now: datetime) -> bool:
    """Ends one return if its money has gone back."""
    with transaction.atomic():
        case, _ = locked_case(merchant_id, case_id)
        return case.state == CaseState.DECIDED and _finish(case, now)


def _finish(case: ReturnCase, now: datetime) -> bool:
    """A refund that failed leaves it decided, for somebody to look at."""
    open_ = Refund.objects.of(case.merchant_id).filter(pk__in=case.refunds).exclude(status=RefundStatus.SUCCEEDED)
    if open_.exists():
        return False
    step(case, (CaseState.DECIDED,), CaseState.DONE, done_at=now)
    return True
