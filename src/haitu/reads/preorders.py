"""Orders that wait for goods on their way: which load serves them, by when, and whether that keeps their promise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from haitu.core.afloat import Coming, Due, Waiting, afloat_on, served_by, stuck
from haitu.core.events import OrderStatus
from haitu.models import Inbound, Order, Reservation, Warehouse
from haitu.reads.afloat import carried
from haitu.reads.closures import closed_lanes
from haitu.reads.late import expected_by, promised_by
from haitu.reads.workdays import workdays_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Units of an order line that wait. `load_id` None: no load carries them; `held_up`: one does, but nobody knows
    when it comes (no news, or its lane is closed). `latest`: by when the buyer has them, None where nobody can say.
    """

    line_id: int
    sku: str
    units: int
    warehouse: str
    load_id: int | None
    load: str
    in_by: date | None
    latest: date | None
    held_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingOrder:
    """An order that waits. `promised` as it was sold, `told` the day its buyer knows of now."""

    order_id: int
    number: str
    status: str
    country: str
    promised: date | None
    told: date | None
    lines: tuple[Served, ...]

    @property
    def latest(self) -> date | None:
        """By when all that waits is with the buyer; None where nobody can say."""
        days = [line.latest for line in self.lines]
        return None if None in days else max(day for day in days if day)

    @property
    def broken(self) -> bool:
        """Whether it cannot be kept what the buyer was told last."""
        return self.latest is None or (self.told is not None and self.latest > self.told)

    @property
    def paid(self) -> bool:
        """Whether something is owed: an order that is not paid in time ends by itself."""
        return self.status != OrderStatus.PENDING


def waiting_orders(merchant_id: int, *, today: date, order_id: int | None = None) -> tuple[WaitingOrder, ...]:
    """Every order with units that wait, the oldest first; or the one."""
    promises = Reservation.objects.of(merchant_id).filter(afloat__gt=0)
    if order_id is not None:
        # Who else waits for the same shelves decides what is left for this one.
        shelves = promises.filter(line__order_id=order_id).values("stock_id")
        promises = promises.filter(stock_id__in=shelves)
    rows = list(promises.select_related("line__order__market", "line__lane", "stock__warehouse").order_by("pk"))
    served = _served(merchant_id, rows, today)
    found: dict[int, list[Served]] = {}
    orders: dict[int, Order] = {}
    for row in rows:
        if order_id in {None, row.line.order_id}:
            orders[row.line.order_id] = row.line.order
            found.setdefault(row.line.order_id, []).append(served[row.pk])
    return tuple(
        WaitingOrder(
            order_id=pk,
            number=order.number,
            status=order.status,
            country=order.market.country,
            promised=promised_by(order.quote),
            told=expected_by(order.quote),
            lines=tuple(found[pk]),
        )
        for pk, order in sorted(orders.items())
    )


def sold_of_load(merchant_id: int, inbound: Inbound, *, today: date) -> dict[int, int]:
    """Variant → units of it in the load that are sold already: the first loads are sold first."""
    promises = Reservation.objects.of(merchant_id).filter(afloat__gt=0, stock__warehouse_id=inbound.to_id)
    units: dict[int, int] = {}
    for variant_id, afloat in promises.values_list("stock__variant_id", "afloat"):
        units[variant_id] = units.get(variant_id, 0) + afloat
    loads = carried(merchant_id, warehouse_id=inbound.to_id, variant_ids=units)
    shut = frozenset(closed_lanes(merchant_id, today)) if loads else frozenset[int]()
    sold = {}
    for (variant_id, _), coming in loads.items():
        left = units[variant_id]
        for due in _in_turn(coming, today, shut):
            if due.load_id == inbound.pk:
                sold[variant_id] = min(left, due.units)
            left = max(left - due.units, 0)
    return sold


def _in_turn(coming: Iterable[Coming], today: date, shut: frozenset[int]) -> tuple[Due, ...]:
    """All that is on its way to a shelf, the first to be in first; what is held up comes last."""
    loads = tuple(coming)
    sure = afloat_on(loads, units=0, preordered=0, on=today, shut_lanes=shut).due
    known = {due.load_id for due in sure}
    unsure = (
        Due(load_id=each.load_id, units=each.units, p50=each.p50, p90=each.p90)
        for each in sorted(loads, key=lambda one: (one.p90, one.load_id))
        if each.load_id not in known
    )
    return (*sure, *unsure)


def _served(merchant_id: int, rows: list[Reservation], today: date) -> dict[int, Served]:
    """By reservation."""
    shelves: dict[int, list[Reservation]] = {}
    for row in rows:
        shelves.setdefault(row.stock_id, []).append(row)
    coming = carried(merchant_id, variant_ids={row.stock.variant_id for row in rows}) if rows else {}
    shut = frozenset(closed_lanes(merchant_id, today)) if coming else frozenset[int]()
    numbers = dict(_numbers(merchant_id, coming))
    found = {}
    for its in shelves.values():
        stock = its[0].stock
        loads = coming.get((stock.variant_id, stock.warehouse_id), [])
        held_up = {
            each.load_id for each in loads if each.lane_id in shut or stuck(each.since, each.p50, each.p90, today)
        }
        turn = served_by([Waiting(key=row.pk, units=row.afloat) for row in its], _in_turn(loads, today, shut))
        for row in its:
            due = turn[row.pk]
            found[row.pk] = Served(
                line_id=row.line_id,
                sku=row.line.sku,
                units=row.afloat,
                warehouse=stock.warehouse.code,
                load_id=due.load_id if due else None,
                load=numbers.get(due.load_id, "") if due else "",
                in_by=due.p90 if due else None,
                latest=_with_buyer(row, due.p90) if due and due.load_id not in held_up else None,
                held_up=due is not None and due.load_id in held_up,
            )
    return found


def _with_buyer(row: Reservation, in_by: date) -> date | None:
    """Packed from the day after it is in, in the warehouse's working days; then the lane's days."""
    warehouse: Warehouse = row.stock.warehouse
    if row.line.lane is None:
        return None
    leaves = workdays_of(warehouse, in_by.year).after(in_by + timedelta(1), warehouse.handling_days)
    return leaves + timedelta(row.line.lane.days_p90)


def _numbers(
    merchant_id: int, coming: Mapping[tuple[int, int], Iterable[Coming]]
) -> QuerySet[Inbound, tuple[int, str]]:
    ids = {each.load_id for its in coming.values() for each in its}
    return Inbound.objects.of(merchant_id).filter(pk__in=ids).values_list("pk", "number")
