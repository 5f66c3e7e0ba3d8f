"""How old the stock is, how long it will last, what keeping it costs, and what could be done about it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.db.models import F, Min, Sum

from haitu.core.ageing import AgeBracket, Layer, by_age, days_of_cover, layers, storage_minor
from haitu.core.money import convert, cross, half_up, split
from haitu.models import Merchant, MoveKind, OrderLine, Stock, StockMove, StorageRate, Warehouse
from haitu.reads.desk.paging import PER_PAGE, PageOf
from haitu.reads.exchange import exchange_rates

BOUNDS = (0, 30, 90, 180, 365)  # ages in days at which a column of the page begins
BILLED_DAYS = 30
PACE_DAYS = 90  # over which sales are counted
SLOW_DAYS = 180  # of cover, or of age without a sale: slow
SHORT_DAYS = 30  # of cover elsewhere: goods are wanted there
Advice = Literal["", "move", "clear"]
SORTS = ("bill", "oldest", "cover", "value", "sku")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingFilter:
    """What the list is narrowed to."""

    warehouse: str = ""
    search: str = ""
    only: str = ""  # "slow": what has an advice
    sort: str = "bill"
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingRow:
    """A SKU in a warehouse. `ages`: units per BOUNDS. `bill_minor`: base currency, the coming BILLED_DAYS; None where
    the size is not known. `cover_days` None: nothing was sold in PACE_DAYS.
    """

    stock_id: int
    sku: str
    product_id: int
    warehouse: str
    units: int
    value_minor: int
    ages: tuple[int, ...]
    oldest_days: int
    sold: int
    cover_days: int | None
    bill_minor: int | None
    advice: Advice
    advice_to: str
    advice_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeingSums:
    """Over every row that matches, in base currency."""

    units: int
    value_minor: int
    ages: tuple[int, ...]
    bill_minor: int
    slow_value_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """What the rows of one stock say."""

    stock_id: int
    variant_id: int
    product_id: int
    warehouse_id: int
    sku: str
    warehouse: str
    on_hand: int
    reserved: int
    value_minor: int
    volume_mm3: int
    lying: tuple[Layer, ...]
    sold: int

    @property
    def cover(self) -> int | None:
        """Days until it is sold out."""
        return days_of_cover(self.on_hand, self.sold, PACE_DAYS)


def ageing(merchant_id: int, given: AgeingFilter, now: datetime) -> tuple[PageOf[AgeingRow], AgeingSums]:
    """A page of the list and the sums over all of it; seven queries, however much stock there is."""
    rows = ageing_rows(merchant_id, given, now)
    pages = max(1, -(-len(rows) // PER_PAGE))
    number = min(max(1, given.page), pages)
    shown = tuple(rows[(number - 1) * PER_PAGE : number * PER_PAGE])
    return PageOf(rows=shown, number=number, pages=pages, total=len(rows)), _sums(rows)


def ageing_rows(merchant_id: int, given: AgeingFilter, now: datetime) -> list[AgeingRow]:
    """Every row that matches, in the order asked for, whatever the page."""
    merchant = Merchant.objects.get(pk=merchant_id)
    today = now.astimezone(ZoneInfo(merchant.time_zone)).date()
    shelves = _shelves(merchant_id, now, today)
    tariffs = _tariffs(merchant_id, merchant.base_currency, today)
    elsewhere = _elsewhere(shelves)
    rows = [_row(shelf, tariffs[shelf.warehouse_id], elsewhere, today) for shelf in shelves if _wanted(shelf, given)]
    if given.only == "slow":
        rows = [row for row in rows if row.advice]
    return sorted(rows, key=_order(given.sort))


def _shelves(merchant_id: int, now: datetime, today: date) -> list[_Shelf]:
    there = Stock.objects.of(merchant_id).filter(on_hand__gt=0).order_by("variant__sku", "warehouse__code")
    rows = list(
        there.values_list(
            "pk", "variant_id", "variant__product_id", "warehouse_id", "variant__sku", "warehouse__code", "on_hand",
            "reserved", F("goods_value_minor") + F("inbound_value_minor"), "variant__length_mm", "variant__width_mm",
            "variant__height_mm",
        )
    )  # fmt: skip
    came = _arrivals(merchant_id)
    on_shelves = [(stock_id, variant, units) for stock_id, variant, _p, _w, _s, _c, units, *_ in rows]
    sold = _sold(merchant_id, on_shelves, now - timedelta(PACE_DAYS))
    return [
        _Shelf(
            stock_id=stock_id,
            variant_id=variant_id,
            product_id=product_id,
            warehouse_id=warehouse_id,
            sku=sku,
            warehouse=warehouse,
            on_hand=on_hand,
            reserved=reserved,
            value_minor=value_minor,
            volume_mm3=(length or 0) * (width or 0) * (height or 0),
            lying=layers(came.get(stock_id) or [(today, 0)], on_hand),
            sold=sold.get(stock_id, 0),
        )
        for (
            stock_id, variant_id, product_id, warehouse_id, sku, warehouse, on_hand, reserved, value_minor, length,
            width, height,
        ) in rows
    ]  # fmt: skip


def _arrivals(merchant_id: int) -> dict[int, list[tuple[date, int]]]:
    """Stock → what came, by day; the first move of any kind stands for what no arrival explains (an old import)."""
    moves = StockMove.objects.of(merchant_id).filter(stock__on_hand__gt=0)
    came: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for stock_id, first in moves.values_list("stock_id").annotate(first=Min("at")).values_list("stock_id", "first"):
        came[stock_id].append((first.date(), 0))
    for stock_id, at, quantity in moves.filter(quantity__gt=0).values_list("stock_id", "at", "quantity"):
        came[stock_id].append((at.date(), quantity))
    return came


def _sold(merchant_id: int, shelves: Sequence[tuple[int, int, int]], since: datetime) -> dict[int, int]:
    """Stock → units that left it. Imported orders name no warehouse: theirs are shared by what lies on each shelf."""
    sold = {
        stock_id: -units
        for stock_id, units in StockMove.objects.of(merchant_id)
        .filter(kind=MoveKind.SHIPPED, at__gte=since)
        .values_list("stock_id")
        .annotate(units=Sum("quantity"))
        .values_list("stock_id", "units")
    }
    lines = OrderLine.objects.of(merchant_id).filter(
        order__merchant_id=merchant_id,
        order__history=True,
        order__placed_at__gte=since,
        order__status__in=["shipped", "delivered"],
    )
    imported = dict(lines.values_list("variant_id").annotate(units=Sum("quantity")).values_list("variant_id", "units"))
    by_variant: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for stock_id, variant_id, on_hand in shelves:
        if variant_id in imported:
            by_variant[variant_id].append((stock_id, on_hand))
    for variant_id, found in by_variant.items():
        parts = split(imported[variant_id], [on_hand for _stock, on_hand in found])
        for (stock_id, _on_hand), units in zip(found, parts, strict=True):
            sold[stock_id] = sold.get(stock_id, 0) + units
    return sold


def _tariffs(merchant_id: int, base: str, today: date) -> dict[int, tuple[AgeBracket, ...]]:
    """Warehouse → its age brackets in thousandths of base currency, so that converting loses no digit."""
    rates: dict[int, dict[int, StorageRate]] = defaultdict(dict)
    for rate in StorageRate.objects.of(merchant_id).filter(valid_from__lte=today).order_by("valid_from"):
        rates[rate.warehouse_id][rate.from_days] = rate  # the youngest edition wins
    places = list(Warehouse.objects.of(merchant_id))
    currencies = {place.storage_currency for place in places} | {
        r.currency for by in rates.values() for r in by.values()
    }
    exchange = exchange_rates({*currencies, base}, on=today)

    def bracket(from_days: int, minor: int, currency: str) -> AgeBracket:
        milli = 1000 * minor
        if currency != base:
            milli = convert(milli, cross(exchange[currency], exchange[base]))
        return AgeBracket(from_days=from_days, minor_per_m3_day=milli)

    found = {}
    for place in places:
        own = sorted(rates[place.pk].values(), key=lambda rate: rate.from_days)
        if own and own[0].from_days == 0:
            found[place.pk] = tuple(bracket(rate.from_days, rate.minor_per_m3_day, rate.currency) for rate in own)
        else:
            found[place.pk] = (bracket(0, place.storage_minor_per_m3_day, place.storage_currency),)
    return found


def _elsewhere(shelves: Sequence[_Shelf]) -> dict[int, list[_Shelf]]:
    """Variant → its shelves on which it will soon be sold out, the shortest first."""
    short: dict[int, list[_Shelf]] = defaultdict(list)
    for shelf in shelves:
        cover = shelf.cover
        if cover is not None and cover < SHORT_DAYS:
            short[shelf.variant_id].append(shelf)
    for found in short.values():
        found.sort(key=lambda shelf: (shelf.cover or 0, shelf.warehouse))
    return short


def _row(shelf: _Shelf, brackets: tuple[AgeBracket, ...], elsewhere: dict[int, list[_Shelf]], today: date) -> AgeingRow:
    last = today + timedelta(BILLED_DAYS - 1)
    bill = storage_minor(shelf.lying, brackets, volume_mm3=shelf.volume_mm3, first=today, last=last)
    oldest = (today - shelf.lying[0].since).days if shelf.lying else 0
    advice, to, units = _advice(shelf, oldest, elsewhere.get(shelf.variant_id, []))
    return AgeingRow(
        stock_id=shelf.stock_id,
        sku=shelf.sku,
        product_id=shelf.product_id,
        warehouse=shelf.warehouse,
        units=shelf.on_hand,
        value_minor=shelf.value_minor,
        ages=by_age(shelf.lying, BOUNDS, today),
        oldest_days=oldest,
        sold=shelf.sold,
        cover_days=shelf.cover,
        bill_minor=half_up(bill, 1000) if shelf.volume_mm3 else None,
        advice=advice,
        advice_to=to,
        advice_units=units,
    )


def _advice(shelf: _Shelf, oldest: int, short: Sequence[_Shelf]) -> tuple[Advice, str, int]:
    """Slow stock is moved to where it runs out soon, as much as sells there in SLOW_DAYS; else it is cleared."""
    cover = shelf.cover
    if (cover is None and oldest < SLOW_DAYS) or (cover is not None and cover <= SLOW_DAYS):
        return "", "", 0
    kept = shelf.sold * SLOW_DAYS // PACE_DAYS
    free = max(shelf.on_hand - shelf.reserved - kept, 0)
    for other in short:
        if other.warehouse_id != shelf.warehouse_id and free:
            wanted = max(other.sold * SLOW_DAYS // PACE_DAYS - other.on_hand, 0)
            if wanted:
                return "move", other.warehouse, min(free, wanted)
    return ("clear", "", free) if free else ("", "", 0)


def _wanted(shelf: _Shelf, given: AgeingFilter) -> bool:
    if given.warehouse and shelf.warehouse != given.warehouse:
        return False
    return given.search.lower() in shelf.sku.lower()


def _order(sort: str) -> Callable[[AgeingRow], tuple[Any, ...]]:
    far = 10**9
    return {
        "oldest": lambda row: (-row.oldest_days, row.sku, row.warehouse),
        "cover": lambda row: (-(far if row.cover_days is None else row.cover_days), row.sku, row.warehouse),
        "value": lambda row: (-row.value_minor, row.sku, row.warehouse),
        "sku": lambda row: (row.sku, row.warehouse),
    }.get(sort, lambda row: (-(row.bill_minor or 0), row.sku, row.warehouse))


def _sums(rows: Iterable[AgeingRow]) -> AgeingSums:
    rows = list(rows)
    return AgeingSums(
        units=sum(row.units for row in rows),
        value_minor=sum(row.value_minor for row in rows),
        ages=tuple(sum(row.ages[place] for row in rows) for place in range(len(BOUNDS))),
        bill_minor=sum(row.bill_minor or 0 for row in rows),
        slow_value_minor=sum(row.value_minor for row in rows if row.advice),
    )
