"""Stock as the desk lists it: units and value per variant and warehouse, and every move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from haitu.models import ProductText, Reservation, Stock, StockMove, Variant, Warehouse
from haitu.reads.desk.likeness import like
from haitu.reads.desk.paging import PageOf, cut
from haitu.reads.desk.products import titles_of

LOW = 5
FREE = F("on_hand") - F("reserved") - F("buffer")
SORTS = {
    "sku": ("variant__sku", "warehouse__code"),
    "lowest": ("free", "variant__sku"),
    "highest": ("-free", "variant__sku"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StockFilter:
    """What the list is narrowed to; `only` is "low", "out" or ""."""

    search: str = ""
    warehouse: str = ""
    only: str = ""
    sort: str = "sku"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StockRow:
    """A variant in a warehouse."""

    id: int
    variant_id: int
    product_id: int
    sku: str
    title: str
    warehouse_id: int
    warehouse: str
    on_hand: int
    reserved: int
    buffer: int
    goods_value_minor: int
    inbound_value_minor: int
    assumed: bool
    afloat: int
    preordered: int
    sell_afloat: bool

    @property
    def available(self) -> int:
        """What may be sold."""
        return max(0, self.on_hand - self.reserved - self.buffer)


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseView:
    """A place that holds stock."""

    id: int
    code: str
    name: str
    country: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRow:
    """One change of the units on hand."""

    at: datetime
    kind: str
    quantity: int
    goods_value_minor: int
    inbound_value_minor: int
    reference: str
    event_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conserved:
    """Whether the sums meet: moves make up what is on hand, reservations what is promised."""

    on_hand: int
    moved: int
    reserved: int
    promised: int

    @property
    def holds(self) -> bool:
        return self.on_hand == self.moved and self.reserved == self.promised


def warehouses(merchant_id: int) -> tuple[WarehouseView, ...]:
    """By code."""
    return tuple(
        like(WarehouseView, row) for row in Warehouse.objects.of(merchant_id).filter(active=True).order_by("code")
    )


def stock(merchant_id: int, given: StockFilter, language: str) -> PageOf[StockRow]:
    """A page of the list; three queries."""
    found, number, pages, total = cut(_narrowed(merchant_id, given).select_related("variant", "warehouse"), given.page)
    rows = list(found)
    titles = titles_of(merchant_id, [row.variant.product_id for row in rows], language)
    return PageOf(rows=tuple(_row(row, titles) for row in rows), number=number, pages=pages, total=total)


def every_row(merchant_id: int, given: StockFilter, language: str) -> Iterator[StockRow]:
    """All rows of the list, for a file; two queries."""
    rows = list(_narrowed(merchant_id, given).select_related("variant", "warehouse"))
    titles = titles_of(merchant_id, [row.variant.product_id for row in rows], language)
    for row in rows:
        yield _row(row, titles)


def _narrowed(merchant_id: int, given: StockFilter) -> QuerySet[Any]:
    query = Stock.objects.of(merchant_id).annotate(free=FREE)
    if given.search:
        texts = ProductText.objects.of(merchant_id).filter(title__icontains=given.search).values("product_id")
        query = query.filter(Q(variant__sku__icontains=given.search) | Q(variant__product_id__in=texts))
    if given.warehouse:
        query = query.filter(warehouse__code=given.warehouse)
    if given.only == "low":
        query = query.filter(free__lte=LOW)
    elif given.only == "out":
        query = query.filter(free__lte=0)
    return query.order_by(*SORTS.get(given.sort, SORTS["sku"]), "pk")


def stock_row(merchant_id: int, stock_id: int, language: str) -> StockRow | None:
    """One row, or None if the merchant has no such stock."""
    row = Stock.objects.of(merchant_id).select_related("variant", "warehouse").filter(pk=stock_id).first()
    return _row(row, titles_of(merchant_id, [row.variant.product_id], language)) if row else None


def moves(merchant_id: int, stock_id: int, page: int) -> PageOf[MoveRow]:
    """The newest first."""
    query = StockMove.objects.of(merchant_id).filter(stock_id=stock_id).order_by("-at", "-pk")
    found, number, pages, total = cut(query, page)
    rows = tuple(like(MoveRow, row) for row in found)
    return PageOf(rows=rows, number=number, pages=pages, total=total)


def conserved(merchant_id: int, stock_id: int | None = None) -> Conserved:
    """The sums over one row, or over all; three queries."""
    rows = Stock.objects.of(merchant_id)
    moved = StockMove.objects.of(merchant_id)
    promised = Reservation.objects.of(merchant_id)
    if stock_id is not None:
        rows, moved = rows.filter(pk=stock_id), moved.filter(stock_id=stock_id)
        promised = promised.filter(stock_id=stock_id)
    there = rows.aggregate(on_hand=Sum("on_hand"), reserved=Sum("reserved"))
    return Conserved(
        on_hand=there["on_hand"] or 0,
        reserved=there["reserved"] or 0,
        moved=moved.aggregate(units=Sum("quantity"))["units"] or 0,
        promised=promised.aggregate(units=Sum(F("quantity") - F("afloat")))["units"] or 0,
    )


def variant_of_sku(merchant_id: int, sku: str) -> int | None:
    """The variant with that SKU, in any case."""
    return Variant.objects.of(merchant_id).filter(sku__iexact=sku.strip()).values_list("pk", flat=True).first()


def _row(row: Stock, titles: dict[int, str]) -> StockRow:
    return like(
        StockRow,
        row,
        product_id=row.variant.product_id,
        sku=row.variant.sku,
        title=titles.get(row.variant.product_id, ""),
        warehouse=row.warehouse.code,
        sell_afloat=row.variant.sell_afloat,
    )
