"""A return as its buyer sees it: what may be asked back and until when, and each return there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from haitu.core.errors import Refusal
from haitu.core.returns import OUR_FAULT, Reason, ReturnTerms, check
from haitu.models import CaseState, Order, ReturnCase, ReturnLabel, ReturnLabelState, ReturnPiece, ReturnSite
from haitu.reads.merchant import ShopMerchant
from haitu.reads.returns import away, delivered_on, kinds_of, terms_of

IN_BUYERS_HANDS = (CaseState.APPROVED,)


@dataclass(frozen=True, slots=True, kw_only=True)
class MayReturn:
    """A line of which units may be asked back for at least one of the `reasons`."""

    line_id: int
    title: str
    units: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The form: its lines, what no reason brings back, the days, and what the label costs the buyer."""

    lines: tuple[MayReturn, ...]
    refused: tuple[tuple[str, Refusal], ...]
    last: date | None
    terms: ReturnTerms
    label_minor: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceShown:
    """Equal pieces of a return; `kept`: what did not go back for them, and why."""

    title: str
    quantity: int
    reason: str
    grade: str
    refund_minor: int
    kept: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelShown:
    """The label of the way back; `told`: why there is none yet."""

    state: str
    waybill: str
    format: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseShown:
    """A return of the buyer's."""

    id: int
    number: str
    state: str
    order_number: str
    address: dict[str, str]
    currency: str
    pieces: tuple[PieceShown, ...]
    words: str
    told: str
    tracking: str
    label: LabelShown | None
    offers_label: bool
    label_minor: int
    refund_minor: int
    asked_at: datetime

    @property
    def may_send(self) -> bool:
        return self.state in IN_BUYERS_HANDS

    @property
    def may_cancel(self) -> bool:
        return self.state in (CaseState.ASKED, CaseState.APPROVED)


def asking(merchant: ShopMerchant, order_id: int, *, on: date) -> Asking | None:
    """What of an order may be asked back on that day; None where nothing has left or all is back."""
    order = Order.objects.of(merchant.id).filter(pk=order_id, history=False).select_related("market").first()
    rows = away(order) if order else ()
    if order is None or not rows:
        return None
    given, arrived = terms_of(order), delivered_on(order)
    kinds = kinds_of(merchant.id, [row.line.variant.product_id for row in rows])
    lines, refused, days = list[MayReturn](), list[tuple[str, Refusal]](), list[date]()
    for row in rows:
        reasons, noes = list[Reason](), list[Refusal]()
        for reason in Reason:
            try:
                last = check(given, reason, kinds.get(row.line.variant.product_id, ()), delivered_on=arrived, on=on)
            except Refusal as no:
                noes.append(no)
                continue
            reasons.append(reason)
            if last is not None and reason not in OUR_FAULT:
                days.append(last)
        if reasons:
            may = MayReturn(line_id=row.line.pk, title=row.line.title, units=row.units, reasons=tuple(reasons))
            lines.append(may)
        if noes:
            refused.append((row.line.title, noes[0]))
    site = ReturnSite.objects.of(merchant.id).filter(market_id=order.market_id, account__isnull=False).first()
    fee = 0 if given.way_back_free or site is None else site.label_minor
    return Asking(
        lines=tuple(lines),
        refused=tuple(refused),
        last=min(days, default=None),
        terms=given,
        label_minor=fee,
        currency=order.currency,
    )


def cases(merchant_id: int, order_id: int) -> tuple[CaseShown, ...]:
    """The order's returns, the youngest first."""
    rows = ReturnCase.objects.of(merchant_id).filter(order_id=order_id).select_related("order").order_by("-pk")
    found = list(rows)
    pieces: dict[int, list[ReturnPiece]] = {}
    mine = ReturnPiece.objects.of(merchant_id).filter(case__order_id=order_id).select_related("line")
    for piece in mine.order_by("line__position", "line_id", "grade", "pk"):
        pieces.setdefault(piece.case_id, []).append(piece)
    labels = {
        label.case_id: label for label in ReturnLabel.objects.of(merchant_id).filter(case__in=found).order_by("pk")
    }
    return tuple(_shown(row, pieces.get(row.pk, []), labels.get(row.pk)) for row in found)


def _shown(row: ReturnCase, pieces: Sequence[ReturnPiece], label: ReturnLabel | None) -> CaseShown:
    sites = ReturnSite.objects.of(row.merchant_id).filter(market_id=row.order.market_id, account__active=True)
    return CaseShown(
        id=row.pk,
        number=row.number,
        state=row.state,
        order_number=row.order.number,
        address=dict(row.address),
        currency=row.order.currency,
        pieces=tuple(_grouped(pieces)),
        words=row.words,
        told=row.told,
        tracking=row.tracking,
        label=_label(label) if label else None,
        offers_label=row.state == CaseState.APPROVED and sites.exists(),
        label_minor=row.label_minor,
        refund_minor=row.refund_minor,
        asked_at=row.asked_at,
    )


def _label(label: ReturnLabel) -> LabelShown:
    return LabelShown(state=label.state, waybill=label.waybill, format=label.format, told=label.told)


def _grouped(pieces: Sequence[ReturnPiece]) -> list[PieceShown]:
    """Equal pieces on one line."""
    groups: dict[tuple[int, str, str], list[ReturnPiece]] = {}
    for piece in pieces:
        groups.setdefault((piece.line_id, piece.reason, piece.grade), []).append(piece)
    return [_group(group) for group in groups.values()]


def _group(group: Sequence[ReturnPiece]) -> PieceShown:
    kept: dict[str, int] = {}
    for piece in group:
        for code, minor in piece.kept:
            kept[code] = kept.get(code, 0) + minor
    first = group[0]
    return PieceShown(
        title=first.line.title,
        quantity=len(group),
        reason=first.reason,
        grade=first.grade,
        refund_minor=sum(piece.refund_minor for piece in group),
        kept=tuple(kept.items()),
    )


def label_file(merchant_id: int, order_id: int, case_id: int) -> tuple[str, bytes] | None:
    """The format and the picture of a return's label."""
    rows = ReturnLabel.objects.of(merchant_id).filter(
        case_id=case_id, case__order_id=order_id, state=ReturnLabelState.BOUGHT
    )
    label = rows.first()
    return (label.format, bytes(label.content)) if label and label.content else None
