"""Cash on delivery at the desk: where it is offered, what carriers owe, and what they handed over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Min, Sum

from haitu.models import CashLine, CashOffer, CashParcel, CashState, CashStatement, Lane, Market
from haitu.reads.desk.likeness import like

SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """A lane that collects, and on which terms."""

    id: int
    country: str
    lane: str
    carrier: str
    currency: str
    fee_fixed_minor: int
    fee_bp: int
    limit_minor: int | None
    remittance_days: int
    refusal_fee_minor: int
    refused_bp: int
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedRow:
    """What a carrier has of ours in one currency; `overdue_minor` should have come by now."""

    carrier: str
    currency: str
    parcels: int
    owed_minor: int
    overdue_minor: int
    oldest: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """A statement with its sum and what is missing of it."""

    id: int
    carrier: str
    number: str
    currency: str
    received_at: datetime
    lines: int
    remitted_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """A line of a statement beside what was expected."""

    position: int
    waybill: str
    order: str
    order_id: int | None
    collected_minor: int | None
    fee_minor: int | None
    remitted_minor: int
    expected_minor: int | None
    verdict: str
    claimed_at: datetime | None

    @property
    def difference_minor(self) -> int | None:
        """Came less expected; None where nothing was."""
        return None if self.expected_minor is None else self.remitted_minor - self.expected_minor


def offers(merchant_id: int) -> tuple[OfferRow, ...]:
    """All offers, the present ones of each market first."""
    rows = CashOffer.objects.of(merchant_id).select_related("market", "lane")
    return tuple(
        like(OfferRow, row, country=row.market.country, lane=row.lane.code, carrier=row.lane.carrier)
        for row in rows.order_by("market__position", "lane__code", "-valid_from")[:SHOWN]
    )


def owed(merchant_id: int, *, on: date) -> tuple[OwedRow, ...]:
    """By carrier and currency; two queries."""
    rows = CashParcel.objects.of(merchant_id).filter(state=CashState.OWED).order_by()
    open_minor = Sum(F("amount_minor") - F("fee_minor") - F("remitted_minor"))
    late = {
        (carrier, currency): minor
        for carrier, currency, minor in rows.filter(due_on__lt=on)
        .values("carrier", "currency")
        .annotate(minor=open_minor)
        .values_list("carrier", "currency", "minor")
    }
    sums = rows.values("carrier", "currency").annotate(parcels=Count("pk"), minor=open_minor, oldest=Min("due_on"))
    return tuple(
        OwedRow(
            carrier=row["carrier"],
            currency=row["currency"],
            parcels=row["parcels"],
            owed_minor=row["minor"],
            overdue_minor=late.get((row["carrier"], row["currency"]), 0),
            oldest=row["oldest"],
        )
        for row in sums.order_by("carrier", "currency")
    )


def statements(merchant_id: int) -> tuple[StatementRow, ...]:
    """The newest ones."""
    return tuple(_statement(row) for row in _statements(merchant_id).order_by("-pk")[:SHOWN])


def _statements(merchant_id: int) -> Any:
    rows = CashStatement.objects.of(merchant_id)
    return rows.annotate(count=Count("lines"), remitted_minor=Sum("lines__remitted_minor"))


def _statement(row: Any) -> StatementRow:
    return like(StatementRow, row, lines=row.count, remitted_minor=row.remitted_minor or 0)


def statement(merchant_id: int, statement_id: int) -> tuple[StatementRow, Sequence[LineRow]] | None:
    """One of them with its lines; None if the merchant has no such statement."""
    row = _statements(merchant_id).filter(pk=statement_id).first()
    if row is None:
        return None
    rows = CashLine.objects.of(merchant_id).filter(statement_id=statement_id).select_related("parcel__order")
    return _statement(row), tuple(
        like(
            LineRow,
            line,
            order=line.parcel.order.number if line.parcel else "",
            order_id=line.parcel.order_id if line.parcel else None,
        )
        for line in rows.order_by("position")
    )


def lanes_to(merchant_id: int) -> tuple[tuple[int, str, tuple[tuple[int, str], ...]], ...]:
    """(market, country, its lanes): what an offer can be made of."""
    lanes: dict[str, list[tuple[int, str]]] = {}
    for pk, code, country in (
        Lane.objects.of(merchant_id).filter(to=None).order_by("code").values_list("pk", "code", "destination")
    ):
        lanes.setdefault(country, []).append((pk, code))
    markets = Market.objects.of(merchant_id).filter(open=True).order_by("position", "pk")
    return tuple((pk, country, tuple(lanes.get(country, ()))) for pk, country in markets.values_list("pk", "country"))


def currency_of(merchant_id: int, market_id: int) -> str:
    """The market's currency; "" if the merchant has no such market."""
    return Market.objects.of(merchant_id).filter(pk=market_id).values_list("currency", flat=True).first() or ""
