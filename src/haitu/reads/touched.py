"""What closing a lane, a warehouse or a sea passage would touch: lanes, orders, loads, stock, promises.

Nothing is written: the day is looked at twice through `reads.closures`, without and with the closure, so that a thing
which is closed already tells what that touches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Sum

from haitu.core.closure import PASSAGES, Closure
from haitu.core.path import MOST_LANES
from haitu.models import Closure as ClosureRow
from haitu.models import (
    Inbound,
    InboundStatus,
    Lane,
    Market,
    OrderLine,
    Shipment,
    Stock,
    Variant,
    Warehouse,
)
from haitu.models import Place as PlaceRow
from haitu.reads.closures import LaneState, Shut, place_of, shut_on

LISTED = 20  # of each kind; all are counted
OPEN_ORDERS = ("pending", "accepted", "paid", "part_shipped")
ON_THE_WAY = (
    InboundStatus.PLANNED,
    InboundStatus.BOOKED,
    InboundStatus.DEPARTED,
    InboundStatus.ARRIVED,
    InboundStatus.CUSTOMS,
)
Reach = Mapping[int, frozenset[str]]  # by warehouse id the countries whose buyers it can send to


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What may be closed: exactly one of `lane_id`, `warehouse_id` and `passage` is set.

    `by_hand`: a lane that is closed until somebody opens it, and why. `corridor`: the passages a sea lane between
    warehouses uses and its rule when one is shut; None of every other lane.
    """

    name: str
    told: str
    by_hand: str | None = None
    lane_id: int | None = None
    warehouse_id: int | None = None
    passage: str = ""
    corridor: tuple[tuple[str, ...], str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingClosure:
    """A closure of the subject that has not ended."""

    id: int
    valid_from: date
    valid_to: date | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneTouched:
    """A lane that would carry nothing, or be longer by so many days."""

    id: int
    code: str
    mode: str
    open: bool
    added_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTouched:
    """An open order with units still to leave by such a lane."""

    id: int
    number: str
    status: str
    country: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadTouched:
    """A load that is on its way, or about to be."""

    id: int
    number: str
    status: str
    to: str
    eta_p50: date | None
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """Units that buyers of the country could no longer be sent; value in base currency."""

    sku: str
    country: str
    units: int
    value_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseTouched:
    """The days of the fastest lane to a market's buyers from where goods lie; after: None where none is left."""

    country: str
    before: tuple[int, int]
    after: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Everything at once; lists are cut at LISTED, counts are not. A unit is stranded once per market it loses."""

    on: date
    lanes: tuple[LaneTouched, ...]
    orders: tuple[OrderTouched, ...]
    orders_count: int
    parcels_count: int
    loads: tuple[LoadTouched, ...]
    loads_count: int
    stranded: tuple[Stranded, ...]
    stranded_pairs: int
    stranded_units: int
    stranded_value_minor: int
    promises: tuple[PromiseTouched, ...]


def subject(merchant_id: int, kind: str, which: str) -> Subject | None:
    """The merchant's lane or warehouse of that id, or a passage by its name; None where there is no such thing."""
    if kind == "passage" and which in PASSAGES:
        return Subject(name=PASSAGES[which], told="", passage=which)
    if not which.isdecimal() or len(which) > 15:  # longer than any id
        return None
    if kind == "lane":
        lane = Lane.objects.of(merchant_id).filter(pk=int(which)).first()
        return (
            None
            if lane is None
            else Subject(
                name=lane.code,
                told=f"{lane.carrier} {lane.service}".strip(),
                by_hand=None if lane.open else lane.closed_reason,
                lane_id=lane.pk,
                corridor=(tuple(lane.passages), lane.if_passage_closes) if lane.to_id and lane.mode == "sea" else None,
            )
        )
    if kind == "warehouse":
        site = Warehouse.objects.of(merchant_id).filter(pk=int(which)).first()
        return None if site is None else Subject(name=site.code, told=site.name, warehouse_id=site.pk)
    return None


def standing(merchant_id: int, given: Subject, *, on: date) -> tuple[StandingClosure, ...]:
    """The subject's own closures that run or are to come."""
    if given.lane_id is not None:
        its = Q(lane_id=given.lane_id)
    elif given.warehouse_id is not None:
        its = Q(warehouse_id=given.warehouse_id)
    else:
        its = Q(passage=given.passage)
    rows = ClosureRow.objects.of(merchant_id).filter(its, Q(valid_to=None) | Q(valid_to__gte=on))
    return tuple(
        StandingClosure(id=row.pk, valid_from=row.valid_from, valid_to=row.valid_to, reason=row.reason)
        for row in rows.order_by("valid_from", "pk")
    )


def touched(merchant_id: int, given: Subject, *, on: date) -> Touched:
    """What closing it on that day would touch, or does where it is closed."""
    lanes = list(Lane.objects.of(merchant_id).order_by("code"))
    for lane in lanes:
        lane.open = lane.open or lane.pk == given.lane_id  # in memory: as if it were not closed by hand
    without = _without(shut_on(merchant_id, on), given, lanes)
    closed = _with(without, given)
    before, after = ({lane.pk: shut.lane(lane) for lane in lanes} for shut in (without, closed))
    changed = [lane for lane in lanes if _differs(before[lane.pk], after[lane.pk])]
    lane_ids = [lane.pk for lane in changed]
    orders = _orders(merchant_id, lane_ids)
    loads = _loads(merchant_id, lane_ids, given)
    stranded = list(_stranded(merchant_id, lanes, before, after))
    listed = sorted((row for part in stranded for row in part.rows), key=lambda row: (-row.value_minor, row.sku))
    return Touched(
        on=on,
        lanes=tuple(_lane(lane, after[lane.pk]) for lane in changed),
        orders=tuple(_order(row) for row in orders[:LISTED]),
        orders_count=orders.count(),
        parcels_count=Shipment.objects.of(merchant_id).filter(lane_id__in=lane_ids, delivered_at=None).count(),
        loads=tuple(_load(row) for row in loads.select_related("to")[:LISTED]),
        loads_count=loads.count(),
        stranded=tuple(listed[:LISTED]),
        stranded_pairs=sum(part.pairs for part in stranded),
        stranded_units=sum(part.units for part in stranded),
        stranded_value_minor=sum(part.value_minor for part in stranded),
        promises=_promises(merchant_id, lanes, before, after),
    )


def _without(now: Shut, given: Subject, lanes: Iterable[Lane]) -> Shut:
    """The same day with the subject open, and the places where ships would have to find another way."""
    codes = {code for lane in lanes if given.passage in lane.passages for code in (lane.from_place, lane.to_place)}
    places = {row.code: place_of(row) for row in PlaceRow.objects.filter(code__in=codes - {""})}
    return replace(
        now,
        lanes={lane_id: shut for lane_id, shut in now.lanes.items() if lane_id != given.lane_id},
        warehouses={site_id: shut for site_id, shut in now.warehouses.items() if site_id != given.warehouse_id},
        passages={name: shut for name, shut in now.passages.items() if name != given.passage},
        places={**now.places, **places},
    )


def _with(day: Shut, given: Subject) -> Shut:
    """The same day with the subject closed."""
    shut = (Closure(valid_from=day.on, reason=given.name),)
    if given.lane_id is not None:
        return replace(day, lanes={**day.lanes, given.lane_id: shut})
    if given.warehouse_id is not None:
        return replace(day, warehouses={**day.warehouses, given.warehouse_id: shut})
    return replace(day, passages={**day.passages, given.passage: shut})


def _differs(before: LaneState, after: LaneState) -> bool:
    return (before.open, before.added_days) != (after.open, after.added_days)


def _lane(row: Lane, after: LaneState) -> LaneTouched:
    return LaneTouched(id=row.pk, code=row.code, mode=row.mode, open=after.open, added_days=after.added_days)


def _orders(merchant_id: int, lane_ids: list[int]) -> QuerySet[OrderLine, Any]:
    """Open orders with units still to leave by one of the lanes, the oldest first."""
    lines = OrderLine.objects.of(merchant_id).filter(
        lane_id__in=lane_ids, order__status__in=OPEN_ORDERS, shipped__lt=F("quantity")
    )
    named = lines.values("order_id", "order__number", "order__status", "order__market__country")
    return named.annotate(units=Sum(F("quantity") - F("shipped")), at=Min("order__placed_at")).order_by(
        "at", "order_id"
    )


def _order(row: Mapping[str, Any]) -> OrderTouched:
    return OrderTouched(
        id=row["order_id"],
        number=row["order__number"],
        status=row["order__status"],
        country=row["order__market__country"],
        units=row["units"],
    )


def _loads(merchant_id: int, lane_ids: list[int], given: Subject) -> QuerySet[Inbound]:
    """Loads by one of the lanes, and from or to the warehouse; what is due first comes first."""
    wanted = Q(lane_id__in=lane_ids)
    if given.warehouse_id is not None:
        wanted |= Q(to_id=given.warehouse_id) | Q(origin_id=given.warehouse_id)
    rows = Inbound.objects.of(merchant_id).filter(wanted, status__in=ON_THE_WAY)
    return rows.annotate(units=Sum("lines__quantity")).order_by(F("eta_p50").asc(nulls_last=True), "pk")


def _load(row: Inbound) -> LoadTouched:
    return LoadTouched(
        id=row.pk,
        number=row.number,
        status=row.status,
        to=row.to.code,
        eta_p50=row.eta_p50,
        units=int(getattr(row, "units", None) or 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The stranded stock of markets that lose the same warehouses, and its most valuable rows."""

    rows: tuple[Stranded, ...]
    pairs: int
    units: int
    value_minor: int


def _stranded(
    merchant_id: int, lanes: list[Lane], before: Mapping[int, LaneState], after: Mapping[int, LaneState]
) -> Iterator[_Part]:
    """Goods whose last open way to a market's buyers would be gone, by what the goods are restricted by."""
    countries = set(Market.objects.of(merchant_id).filter(open=True).values_list("country", flat=True))
    for restrictions in _restrictions(merchant_id):
        fit = [lane for lane in lanes if not set(restrictions) & set(lane.refuses)]
        reach_before, reach_after = _reach(fit, before), _reach(fit, after)
        alike: dict[tuple[frozenset[int], frozenset[int]], list[str]] = defaultdict(list)
        for country in sorted(countries):
            could = frozenset(site for site, lands in reach_before.items() if country in lands)
            still = frozenset(site for site, lands in reach_after.items() if country in lands)
            if could - still:
                alike[could, still].append(country)
        for (could, still), lands in alike.items():
            yield _part(merchant_id, restrictions, could - still, still, lands)


def _part(
    merchant_id: int, restrictions: list[str], lost: frozenset[int], still: frozenset[int], lands: list[str]
) -> _Part:
    stock = Stock.objects.of(merchant_id).filter(on_hand__gt=0)
    elsewhere = stock.filter(variant_id=OuterRef("variant_id"), warehouse_id__in=still)
    rows = stock.filter(warehouse_id__in=lost, variant__restrictions=restrictions).filter(~Exists(elsewhere))
    worth = Sum(F("goods_value_minor") + F("inbound_value_minor"))
    every = rows.aggregate(units=Sum("on_hand"), value=worth)
    skus = rows.values("variant__sku").annotate(units=Sum("on_hand"), value=worth).order_by("-value", "variant__sku")
    return _Part(
        rows=tuple(
            Stranded(sku=row["variant__sku"], country=country, units=row["units"], value_minor=row["value"])
            for row in skus[:LISTED]
            for country in lands
        ),
        pairs=skus.count() * len(lands),
        units=(every["units"] or 0) * len(lands),
        value_minor=(every["value"] or 0) * len(lands),
    )


def _restrictions(merchant_id: int) -> list[list[str]]:
    """Every kind of goods by what lanes may refuse of it."""
    found = Variant.objects.of(merchant_id).order_by().values_list("restrictions", flat=True).distinct()
    return sorted({tuple(each): each for each in found}.values())


def _reach(lanes: Iterable[Lane], states: Mapping[int, LaneState]) -> Reach:
    """By open lanes in a row, as many as a path may have."""
    carrying = [lane for lane in lanes if states[lane.pk].open]
    reach: dict[int, frozenset[str]] = defaultdict(frozenset)
    for lane in carrying:
        if lane.to_id is None:
            reach[lane.origin_id] |= {lane.destination}
    for _ in range(MOST_LANES - 1):
        further = dict(reach)
        for lane in carrying:
            if lane.to_id is not None:
                further[lane.origin_id] = further.get(lane.origin_id, frozenset()) | reach[lane.to_id]
        reach = defaultdict(frozenset, further)
    return reach


def _promises(
    merchant_id: int, lanes: list[Lane], before: Mapping[int, LaneState], after: Mapping[int, LaneState]
) -> tuple[PromiseTouched, ...]:
    """The open markets whose fastest days would change."""
    stocked = Stock.objects.of(merchant_id).values("warehouse_id").annotate(most=Max("on_hand")).filter(most__gt=0)
    sites = set(stocked.values_list("warehouse_id", flat=True))
    handling = dict(Warehouse.objects.of(merchant_id).filter(active=True).values_list("pk", "handling_days"))
    selling = [lane for lane in lanes if lane.to_id is None and lane.origin_id in sites and lane.origin_id in handling]
    found = []
    for country in (
        Market.objects.of(merchant_id).filter(open=True).order_by("country").values_list("country", flat=True)
    ):
        leading = [lane for lane in selling if lane.destination == country]
        was, will = (_fastest(leading, states, handling) for states in (before, after))
        if was is not None and was != will:
            found.append(PromiseTouched(country=country, before=was, after=will))
    return tuple(found)


def _fastest(
    lanes: Iterable[Lane], states: Mapping[int, LaneState], handling: Mapping[int, int]
) -> tuple[int, int] | None:
    """The least days until half, nine of ten, of the parcels are there, with the warehouse's own."""
    days = (
        (lane.days_p50 + more, lane.days_p90 + more)
        for lane in lanes
        if states[lane.pk].open
        for more in [states[lane.pk].added_days + handling[lane.origin_id]]
    )
    return min(days, default=None)
