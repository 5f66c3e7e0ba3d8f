"""What is on its way to the demo merchant's warehouses: first legs as lanes, a supplier, and loads at several steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from haitu.actions import inbound, purchase
from haitu.actions.demo.shelf import Plan
from haitu.actions.inbound import Load
from haitu.actions.purchase import SupplierDraft, Wanted
from haitu.actions.tariff import row_values
from haitu.core.freight import Break, Tariff
from haitu.core.money import convert_back, half_up
from haitu.links.reference.assumptions import AssumedLoad, AssumedWarehouse
from haitu.models import InboundStatus, Lane, Merchant, PassageRule, PurchaseLine, ShareBy, Stock, Warehouse
from haitu.models import Tariff as TariffRow
from haitu.plan.network.places import world_places
from haitu.plan.sea import sea_network

LARGEST_LOAD_G = 26_000_000  # what a container carries
SLOW_PERCENT = 135  # nine of ten first legs take no longer than so much of the usual days


def make_loads(
    merchant: Merchant, plan: Plan, variants: Mapping[str, int], warehouses: Mapping[str, Warehouse], *, now: datetime
) -> int:
    """Lanes, supplier, purchase orders and loads; how many loads. The first seller's goods stand on every load."""
    start = next(given for given in plan.assumed.warehouses if given.kind == "origin")
    lanes = _first_legs(merchant, plan, warehouses, start)
    given = plan.assumed.supplier
    by: dict[str, Any] = {"merchant_id": merchant.pk, "by": None, "now": now}
    draft = SupplierDraft(
        code=given.code,
        name=given.name,
        country=given.country,
        currency=given.currency,
        days_p50=given.days_p50,
        days_p90=given.days_p90,
    )
    supplier_id = purchase.save_supplier(draft=draft, **by)
    best = sorted(plan.kinds, key=lambda kind: (-plan.units_sold.get(kind.article.sku, 0), kind.article.sku))
    for load in plan.assumed.loads:
        # A load from the supplier was ordered as long before it left as the supplier takes.
        planned = now - timedelta(load.days_ago + (given.days_p50 if load.origin == given.code else 1))
        then = by | {"now": planned}
        skus = [kind.article.sku for kind in best[: load.skus]]
        said = Load(
            number=load.number,
            to_warehouse_id=warehouses[load.to].pk,
            lane_id=lanes[load.to].pk if load.to in lanes else None,
            eta_p50=None if load.to in lanes else now.date(),
            eta_p90=None if load.to in lanes else now.date(),
            share_by=ShareBy.VOLUME,
            freight_minor=load.freight_minor,
        )
        if load.origin == given.code:
            costs = {kind.article.sku: kind.goods_minor for kind in best[: load.skus]}
            lines = _ordered(
                merchant, plan, supplier_id, load, goods=[(variants[sku], costs[sku]) for sku in skus], by=then
            )
            made = inbound.plan_from_supplier(supplier_id=supplier_id, load=said, units=lines, **then)
        else:
            origin = warehouses[load.origin]
            found = Stock.objects.of(merchant.pk).filter(
                warehouse=origin, variant_id__in=[variants[sku] for sku in skus], on_hand__gte=load.units_each
            )
            units = {stock.pk: load.units_each for stock in found}
            made = inbound.plan_transfer(origin_id=origin.pk, load=said, units=units, **then)
        _walk(made, load, by, now)
    return len(plan.assumed.loads)


def _first_legs(
    merchant: Merchant, plan: Plan, warehouses: Mapping[str, Warehouse], start: AssumedWarehouse
) -> dict[str, Lane]:
    """Warehouse → the lane from the origin, at the first leg's price by the kilogram."""
    lanes = {}
    for given in plan.assumed.warehouses:
        if given.inbound_mode == "none":
            continue
        code = f"{start.code}-{given.code}-{given.inbound_mode}".upper()
        card = Tariff(
            code=code.lower(),
            currency=given.inbound_currency,
            breaks=(Break(up_to_g=LARGEST_LOAD_G, base_minor=0, per_step_minor=given.inbound_minor_per_kg),),
            step_g=1000,
            assumed=True,
            source=given.why,
        )
        lanes[given.code] = Lane.objects.create(
            merchant=merchant,
            code=code,
            carrier="First leg",
            service="assumed",
            mode=given.inbound_mode,
            origin=warehouses[start.code],
            to=warehouses[given.code],
            destination=given.country,
            from_place=start.port,
            to_place=given.port,
            passages=list(_passages(start.port, given.port)) if given.inbound_mode == "sea" else [],
            if_passage_closes=PassageRule.DETOUR,
            tariff=TariffRow.objects.create(merchant=merchant, **row_values(card)),
            days_p50=given.inbound_days,
            days_p90=half_up(given.inbound_days * SLOW_PERCENT, 100),
            incoterms=["DDP", "DAP"],
        )
    return lanes


def _passages(port: str, target: str) -> tuple[str, ...]:
    """The sea passages on the shortest way."""
    places = world_places()
    return sea_network().route(places[port], places[target]).passages


def _ordered(
    merchant: Merchant,
    plan: Plan,
    supplier_id: int,
    load: AssumedLoad,
    *,
    goods: Sequence[tuple[int, int]],
    by: dict[str, Any],
) -> dict[int, int]:
    """The purchase order behind a load; purchase line → units."""
    fx = plan.fx[plan.assumed.supplier.currency]
    purchase_id = purchase.order_goods(
        supplier_id=supplier_id,
        number=load.number.replace("LOAD", "PO"),
        lines=[
            Wanted(variant_id=variant, quantity=load.units_each, unit_minor=convert_back(cost, fx))
            for variant, cost in goods
        ],
        ordered_on=by["now"].date(),
        **by,
    )
    lines = PurchaseLine.objects.of(merchant.pk).filter(purchase_id=purchase_id).values_list("pk", "quantity")
    return dict(lines)


def _walk(inbound_id: int, load: AssumedLoad, by: dict[str, Any], now: datetime) -> None:
    """Through the steps up to the one the load is at, the departure so many days ago."""
    if load.step == InboundStatus.PLANNED:
        return
    left = now - timedelta(load.days_ago)
    steps = [InboundStatus.BOOKED, InboundStatus.DEPARTED, InboundStatus.ARRIVED, InboundStatus.CUSTOMS]
    for step in steps[: steps.index(InboundStatus(load.step)) + 1]:
        late = step in {InboundStatus.ARRIVED, InboundStatus.CUSTOMS}
        inbound.advance(inbound_id=inbound_id, to=step, at=now - timedelta(1) if late else left, **by)
