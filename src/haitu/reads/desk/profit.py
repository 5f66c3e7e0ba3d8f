"""What the profit pages need beside the sums: names to filter by, one event whole, and what is assumed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from haitu.core.ledger import Account, Book
from haitu.models import Entry, Event, Lane, Market, Order, Outlet, PaymentAccount, Stock, Tariff, Variant, Warehouse
from haitu.reads.profit.slice import ENTRIES_AN_EVENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions:
    """(id, name) of everything one can narrow by."""

    markets: tuple[tuple[int, str], ...]
    outlets: tuple[tuple[int, str], ...]
    lanes: tuple[tuple[int, str], ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryView:
    """One side of a posting."""

    book: str
    account: str
    assumed: bool
    sku: str
    currency: str
    amount_minor: int
    base_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWhole:
    """An event as it was written down."""

    id: int
    key: str
    kind: str
    at: datetime
    recorded_at: datetime
    order_id: int | None
    order_number: str
    payload: str
    entries: tuple[EntryView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One kind of figure: how many of how many rest on an assumption."""

    kind: str
    assumed: int
    total: int


def dimensions(merchant_id: int) -> Dimensions:
    """Four queries."""
    channels = Order.objects.of(merchant_id).order_by("channel").values_list("channel", flat=True).distinct()
    return Dimensions(
        markets=tuple(Market.objects.of(merchant_id).order_by("position", "country").values_list("pk", "country")),
        outlets=tuple(Outlet.objects.of(merchant_id).order_by("name").values_list("pk", "name")),
        lanes=tuple(Lane.objects.of(merchant_id).order_by("code").values_list("pk", "code")),
        channels=tuple(channel for channel in channels if channel),
    )


def event(merchant_id: int, event_id: int) -> EventWhole | None:
    """One event, or None if the merchant has no such event."""
    row = Event.objects.of(merchant_id).select_related("order").filter(pk=event_id).first()
    if row is None:
        return None
    first = row.pk * ENTRIES_AN_EVENT
    entries = list(Entry.objects.of(merchant_id).filter(pk__gte=first, pk__lt=first + ENTRIES_AN_EVENT).order_by("pk"))
    skus = _skus(merchant_id, entries)
    return EventWhole(
        id=row.pk,
        key=row.key,
        kind=row.kind,
        at=row.at,
        recorded_at=row.recorded_at,
        order_id=row.order_id,
        order_number=row.order.number if row.order else "",
        payload=json.dumps(row.payload, ensure_ascii=False, indent=1),
        entries=tuple(
            EntryView(
                book=Book(entry.book).name.lower(),
                account=Account(entry.account).name.lower(),
                assumed=entry.assumed,
                sku=skus.get(entry.variant_id or 0, ""),
                currency=entry.currency,
                amount_minor=entry.amount_minor,
                base_minor=entry.base_minor,
            )
            for entry in entries
        ),
    )


def assumptions(merchant_id: int) -> tuple[Assumption, ...]:
    """What is marked as assumed, kind by kind."""
    tables: dict[str, Any] = {
        "variants": Variant,
        "stock": Stock,
        "tariffs": Tariff,
        "warehouses": Warehouse,
        "markets": Market,
        "outlets": Outlet,
        "payment": PaymentAccount,
    }
    return tuple(
        Assumption(
            kind=kind,
            assumed=table.objects.of(merchant_id).filter(assumed=True).count(),
            total=table.objects.of(merchant_id).count(),
        )
        for kind, table in tables.items()
    )


def _skus(merchant_id: int, entries: Iterable[Entry]) -> dict[int, str]:
    variants = {entry.variant_id for entry in entries if entry.variant_id}
    return dict(Variant.objects.of(merchant_id).filter(pk__in=variants).values_list("pk", "sku"))
