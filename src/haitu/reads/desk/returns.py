"""Returns as the desk sees them: the board, one return and what could become of it, and the merchant's word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from haitu.core.returns import ReturnCosts, ReturnTerms, Way, terms
from haitu.models import (
    CarrierAccount,
    CaseState,
    Market,
    Refund,
    RefundStatus,
    ReturnCase,
    ReturnExclusion,
    ReturnLabel,
    ReturnPiece,
    ReturnRule,
    ReturnSite,
    Variant,
)
from haitu.reads.return_ways import way_from_json
from haitu.reads.returns import costs_of, rules_of, terms_from_json

COLUMNS: dict[str, tuple[str, ...]] = {
    "asked": (CaseState.ASKED, CaseState.APPROVED),
    "on_way": (CaseState.ON_WAY,),
    "received": (CaseState.RECEIVED,),
    "graded": (CaseState.GRADED,),
    "decided": (CaseState.DECIDED,),
    "done": (CaseState.DONE, CaseState.REFUSED, CaseState.CANCELLED),
}
IN_A_COLUMN = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFilter:
    """Which returns; "" is all."""

    search: str = ""
    country: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCard:
    """A return on the board."""

    id: int
    number: str
    state: str
    order_id: int
    order_number: str
    country: str
    name: str
    warehouse: str
    pieces: int
    grades: str
    currency: str
    refund_minor: int
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A step with its returns, the youngest first, of `total`."""

    name: str
    cards: tuple[CaseCard, ...]
    total: int


def board(merchant_id: int, given: ReturnFilter) -> tuple[Column, ...]:
    """The steps in order, each with its youngest returns; two queries a column."""
    names = [given.column] if given.column in COLUMNS else list(COLUMNS)
    return tuple(_column(merchant_id, given, name) for name in names)


def _column(merchant_id: int, given: ReturnFilter, name: str) -> Column:
    rows = _narrowed(merchant_id, given).filter(state__in=COLUMNS[name])
    total = rows.count()
    found = list(rows.select_related("order__market", "warehouse").order_by("-asked_at", "-pk")[:IN_A_COLUMN])
    return Column(name=name, cards=tuple(_cards(merchant_id, found)), total=total)


def _narrowed(merchant_id: int, given: ReturnFilter) -> QuerySet[ReturnCase]:
    rows = ReturnCase.objects.of(merchant_id)
    if given.country:
        rows = rows.filter(order__market__country=given.country)
    if given.search:
        text = given.search
        found = Q(number__istartswith=text) | Q(order__number__istartswith=text) | Q(order__name__istartswith=text)
        rows = rows.filter(found | Q(pieces__line__sku__istartswith=text)).distinct()
    return rows


def _cards(merchant_id: int, rows: Iterable[ReturnCase]) -> Iterable[CaseCard]:
    rows = list(rows)
    grades: dict[int, list[str]] = {}
    for case_id, grade in ReturnPiece.objects.of(merchant_id).filter(case__in=rows).values_list("case_id", "grade"):
        grades.setdefault(case_id, []).append(grade)
    for row in rows:
        mine = grades.get(row.pk, [])
        yield CaseCard(
            id=row.pk,
            number=row.number,
            state=row.state,
            order_id=row.order_id,
            order_number=row.order.number,
            country=row.order.market.country,
            name=row.order.name,
            warehouse=row.warehouse.code,
            pieces=len(mine),
            grades="".join(sorted(mine)),
            currency=row.order.currency,
            refund_minor=row.refund_minor,
            asked_at=row.asked_at,
        )


def countries(merchant_id: int) -> tuple[str, ...]:
    """The merchant's markets."""
    return tuple(Market.objects.of(merchant_id).order_by("country").values_list("country", flat=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceView:
    """One unit: its grade, its ways with their sums, what became of it."""

    id: int
    sku: str
    title: str
    product_id: int
    reason: str
    grade: str
    note: str
    ways: tuple[Way, ...]
    fate: str
    to: str
    lies_as: str
    overruled: str
    refund_minor: int
    kept: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelView:
    """A label of the way back."""

    state: str
    waybill: str
    told: str
    cost_minor: int | None
    cost_currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """Everything the page of a return says."""

    card: CaseCard
    words: str
    told: str
    tracking: str
    ours: bool
    terms: ReturnTerms
    address: dict[str, str]
    label_minor: int
    labels: tuple[LabelView, ...]
    pieces: tuple[PieceView, ...]
    failed_refund: str
    steps: tuple[tuple[str, datetime], ...]


def case(merchant_id: int, case_id: int) -> CaseView | None:
    """One return, or None if the merchant has no such return."""
    rows = ReturnCase.objects.of(merchant_id).select_related("order__market", "warehouse")
    row = rows.filter(pk=case_id).first()
    if row is None:
        return None
    pieces = ReturnPiece.objects.of(merchant_id).filter(case=row).select_related("line__variant", "to", "variant")
    failed = Refund.objects.of(merchant_id).filter(pk__in=row.refunds, status=RefundStatus.FAILED).first()
    noted = (
        ("asked", row.asked_at),
        ("approved", row.approved_at),
        ("on_way", row.sent_at),
        ("received", row.received_at),
        ("graded", row.graded_at),
        ("decided", row.decided_at),
        (row.state if row.state in ("refused", "cancelled") else "done", row.done_at),
    )
    return CaseView(
        card=next(iter(_cards(merchant_id, [row]))),
        words=row.words,
        told=row.told,
        tracking=row.tracking,
        ours=row.ours,
        terms=terms_from_json(row.terms) if row.terms else terms((), "", on=row.asked_at.date()),
        address=dict(row.address),
        label_minor=row.label_minor,
        labels=tuple(
            LabelView(
                state=label.state,
                waybill=label.waybill,
                told=label.told,
                cost_minor=label.cost_minor,
                cost_currency=label.cost_currency,
            )
            for label in ReturnLabel.objects.of(merchant_id).filter(case=row).order_by("pk")
        ),
        pieces=tuple(_piece(piece) for piece in pieces.order_by("line__position", "line_id", "pk")),
        failed_refund=failed.told if failed else "",
        steps=tuple((name, at) for name, at in noted if at is not None),
    )


def _piece(piece: ReturnPiece) -> PieceView:
    return PieceView(
        id=piece.pk,
        sku=piece.line.sku,
        title=piece.line.title,
        product_id=piece.line.variant.product_id,
        reason=piece.reason,
        grade=piece.grade,
        note=piece.note,
        ways=tuple(way_from_json(kept) for kept in piece.reckoned),
        fate=piece.fate,
        to=piece.to.code if piece.to else "",
        lies_as=piece.variant.sku if piece.variant else "",
        overruled=piece.overruled,
        refund_minor=piece.refund_minor,
        kept=tuple((code, minor) for code, minor in piece.kept),
    )


# The merchant's word -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class MarketWord:
    """What holds in a market today: law and own word together, and where its returns go."""

    market_id: int
    country: str
    currency: str
    terms: ReturnTerms
    law: bool
    warehouse_id: int | None
    address: dict[str, str]
    account_id: int | None
    label_minor: int


def words_of(merchant_id: int, *, on: date) -> tuple[MarketWord, ...]:
    """Each market's terms as an order of that day would have them."""
    rules = rules_of(merchant_id)
    law = [rule for rule in rules if not rule.own]
    sites = {site.market_id: site for site in ReturnSite.objects.of(merchant_id).filter(market__open=True)}
    found = []
    for market in Market.objects.of(merchant_id).filter(open=True).order_by("position", "country"):
        site = sites.get(market.pk)
        found.append(
            MarketWord(
                market_id=market.pk,
                country=market.country,
                currency=market.currency,
                terms=terms(rules, market.country, on=on),
                law=bool(terms(law, market.country, on=on).sources),
                warehouse_id=site.warehouse_id if site else None,
                address=dict(site.address) if site else {},
                account_id=site.account_id if site else None,
                label_minor=site.label_minor if site else 0,
            )
        )
    return tuple(found)


def own_rules(merchant_id: int) -> tuple[ReturnRule, ...]:
    """The merchant's own rules, the youngest first."""
    return tuple(ReturnRule.objects.filter(merchant_id=merchant_id).order_by("country", "-valid_from"))


def figures(merchant_id: int, base_currency: str, *, on: date) -> tuple[ReturnCosts, int]:
    """What is reckoned with on that day."""
    return costs_of(merchant_id, base_currency, on=on)


def excluded(merchant_id: int) -> tuple[tuple[str, str, int], ...]:
    """(SKU, kind, product) of what is excluded."""
    found = []
    for row in ReturnExclusion.objects.of(merchant_id).order_by("product_id", "kind"):
        sku = Variant.objects.of(merchant_id).filter(product_id=row.product_id).order_by("position", "pk").first()
        found.append((sku.sku if sku else "", row.kind, row.product_id))
    return tuple(found)


def accounts(merchant_id: int) -> tuple[tuple[int, str], ...]:
    """Carriers' accounts by which a way back could be bought."""
    return tuple(CarrierAccount.objects.of(merchant_id).filter(active=True).order_by("name").values_list("pk", "name"))


def open_cases(merchant_id: int) -> int:
    """How many wait for somebody at the desk."""
    waiting = (CaseState.ASKED, CaseState.RECEIVED, CaseState.GRADED)
    return ReturnCase.objects.of(merchant_id).filter(state__in=waiting).aggregate(n=Count("pk"))["n"] or 0
