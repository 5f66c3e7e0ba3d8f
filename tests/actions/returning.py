"""Hengda's word on returns, and lanterns on their way back, for tests of what comes after."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from haitu.actions import fulfil
from haitu.actions.returns.ask import Wish, ask
from haitu.actions.returns.receive import Graded, grade, receive
from haitu.core.returns import NO_RIGHTS, Grade, Reason
from haitu.models import (
    CarrierAccount,
    Lane,
    Order,
    OrderLine,
    ReturnCase,
    ReturnCost,
    ReturnPiece,
    ReturnRule,
    ReturnSite,
)
from haitu.reads.returns import terms_to_json
from tests.actions.buying import basket_of, order_row, paid_order
from tests.world import NOW, World

ARRIVED = NOW + timedelta(days=3)
ASKED = NOW + timedelta(days=5)
HERE = NOW + timedelta(days=9)


def rules(world: World, **own: Any) -> None:
    """The law of the Union, and what a piece brings and costs; with `own`, Hengda's own rule for Germany."""
    ReturnRule.objects.create(
        country="EU",
        window_days=14,
        fault_days=730,
        outbound_back=True,
        wear_bp=10_000,
        excludes=["hygiene", "sealed", "custom", "perishable"],
        valid_from=date(2014, 6, 13),
        source="Directive 2011/83/EU",
    )
    ReturnCost.objects.create(
        currency="CNY",
        price_b_bp=7_000,
        price_c_bp=3_000,
        keep_b_bp=0,
        keep_c_bp=5_000,
        selling_bp=1_000,
        handling_minor=4_00,
        destroy_minor=2_00,
        donate_minor=3_00,
        batch_units=10,
        source="made up",
    )
    if own:
        given = {"window_days": 30, "valid_from": date(2026, 1, 1), "source": "Hengda"} | own
        ReturnRule.objects.create(merchant=world.merchant, country="DE", **given)


def site(world: World, account: CarrierAccount | None = None, *, label_minor: int = 3_90) -> ReturnSite:
    """Returns of Germany go to Leipzig, from where a lane leads home to Shenzhen."""
    Lane.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant,
        code="LEJ-SZX",
        defaults={
            "carrier": "Home",
            "mode": "air",
            "origin": world.warehouses["LEJ"],
            "to": world.warehouses["SZX"],
            "destination": "CN",
            "tariff": world.lanes["SZX-DE"].tariff,
            "days_p50": 9,
            "days_p90": 14,
            "incoterms": ["DDP", "DAP"],
        },
    )
    return ReturnSite.objects.create(
        merchant=world.merchant,
        market=world.markets["DE"],
        warehouse=world.warehouses["LEJ"],
        address={"street": "Messe-Allee 1", "postcode": "04356"},
        account=account,
        label_minor=label_minor,
    )


def delivered(world: World, *, cart: str = "cart-1", **units: int) -> Order:
    """An order of Anna's that left on Friday and arrived on Monday."""
    order = paid_order(world, basket_of(world, **(units or {"LANTERN": 3})), cart=cart)
    made = fulfil.ship(merchant_id=world.merchant.pk, order_id=order.pk, by=world.packer, now=NOW)
    for parcel in made:
        fulfil.deliver(merchant_id=world.merchant.pk, shipment_id=parcel, by=world.packer, now=ARRIVED)
    return order_row(world, order)


def asked(
    world: World,
    order: Order,
    quantity: int = 2,
    *,
    reason: Reason = Reason.UNWANTED,
    key: str = "k",
    now: datetime = ASKED,
) -> ReturnCase:
    """Anna asks to send some of the first line back."""
    line = OrderLine.objects.of(world.merchant.pk).filter(order=order).order_by("position")[0]
    wish = Wish(line_id=line.pk, quantity=quantity, reason=reason)
    return ask(merchant_id=world.merchant.pk, order_id=order.pk, wishes=[wish], words="", key=key, now=now)


def here(world: World, case: ReturnCase) -> None:
    receive(merchant_id=world.merchant.pk, case_id=case.pk, by=world.packer, now=HERE)


def graded(world: World, case: ReturnCase, *grades: Grade) -> list[ReturnPiece]:
    """The return counted in and its pieces graded, in their order."""
    here(world, case)
    pieces = list(ReturnPiece.objects.of(world.merchant.pk).filter(case=case).order_by("pk"))
    given = {piece.pk: Graded(one, "scratched") for piece, one in zip(pieces, grades, strict=True)}
    grade(merchant_id=world.merchant.pk, case_id=case.pk, grades=given, by=world.packer, now=HERE)
    return list(ReturnPiece.objects.of(world.merchant.pk).filter(case=case).order_by("pk"))


def case_row(world: World, case: ReturnCase) -> ReturnCase:
    return ReturnCase.objects.of(world.merchant.pk).get(pk=case.pk)


def stray(world: World, order: Order, state: str = "approved") -> ReturnCase:
    """A return of an order whatever its state, for those who must not see it."""
    made, _ = ReturnCase.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant,
        order=order,
        ask_key=state,
        defaults={
            "number": f"R{order.number}-{state}",
            "state": state,
            "warehouse": world.warehouses["LEJ"],
            "terms": terms_to_json(NO_RIGHTS),
            "ours": False,
            "asked_at": NOW,
        },
    )
    return made


def piece_of(world: World, order: Order, state: str) -> ReturnPiece:
    """The one piece of such a return."""
    if not ReturnCost.objects.exists():
        rules(world)
    case = stray(world, order, state)
    line = OrderLine.objects.of(world.merchant.pk).filter(order=order).order_by("position")[0]
    made, _ = ReturnPiece.objects.of(world.merchant.pk).get_or_create(
        merchant=world.merchant, case=case, line=line, defaults={"reason": "unwanted"}
    )
    return made


def ready(world: World, order: Order) -> ReturnCase:
    """A return of one piece that did not come: graded, and to be decided."""
    case, piece = stray(world, order, "graded"), piece_of(world, order, "graded")
    nothing = {"fate": "nothing", "warehouse_id": None, "warehouse": "", "lane_id": None}
    sums = dict.fromkeys(
        ("price_minor", "lane_minor", "storage_minor", "handling_minor", "selling_minor", "fee_minor"), 0
    )
    ReturnPiece.objects.of(world.merchant.pk).filter(pk=piece.pk).update(grade="D", reckoned=[nothing | sums])
    return case
