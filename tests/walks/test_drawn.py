"""Nobody planned these walks: pre-orders, cash at the door, parcels, refunds and returns in any order.

Most steps of a walk are refused, which is part of it. Whatever it was, its end leaves the books whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from haitu.actions import arrival, cancel, fulfil, refund, refused, remittance, stock
from haitu.actions.arrival import Counted
from haitu.actions.cash import agree
from haitu.actions.overrule import overrule
from haitu.actions.record import audit_ledger, audit_orders
from haitu.actions.returns import take_back
from haitu.actions.returns.ask import Wish, ask
from haitu.actions.returns.decide import decide
from haitu.actions.returns.receive import Graded, grade, receive
from haitu.actions.transferred import transferred
from haitu.core.errors import Refusal
from haitu.core.returns import Grade, Reason
from haitu.links.carriers.cash_file import CashTold
from haitu.models import (
    CashParcel,
    Entry,
    InboundLine,
    Order,
    OrderLine,
    Refund,
    ReturnCase,
    ReturnPiece,
    Shipment,
    Stock,
)
from haitu.reads import cash as offers
from haitu.reads import quote as quotes
from haitu.reads.conservation import stock_problems
from tests.actions import loading
from tests.actions.buying import basket_of, hear, notice_of, order, payment_of
from tests.actions.returning import rules, site
from tests.walks.test_cash import offer
from tests.world import NOW, World

AT = NOW + timedelta(days=2)


class Walk:
    """One world, a step at a time; `nth` and `units` are drawn and say which row, and how much of it."""

    def __init__(self, world: World) -> None:
        self.world, self.shop, self.carts = world, world.merchant.pk, 0

    def of(self, model: Any, nth: int) -> Any:
        rows = list(model.objects.of(self.shop).order_by("pk"))
        return rows[nth % len(rows)] if rows else None

    def buy(self, nth: int, units: int) -> None:
        self.carts += 1
        sku = ("MUG", "LANTERN")[nth % 2]
        placed = order(self.world, basket_of(self.world, **{sku: units}), cart=f"cart-{self.carts}")
        if nth % 3 == 0:
            agree(merchant_id=self.shop, order_id=placed.id, now=NOW)
        elif nth % 3 == 1:
            hear(self.world, notice_of(payment_of(self.world, placed)))

    def ship(self, nth: int, units: int) -> None:
        line = self.of(OrderLine, nth)
        if line is not None:
            fulfil.ship(
                merchant_id=self.shop,
                order_id=line.order_id,
                quantities={line.pk: units} if units < 3 else None,
                tracking=f"WB{line.pk}-{line.shipped}",
                by=None,
                now=NOW,
            )

    def deliver(self, nth: int, _: int) -> None:
        if parcel := self.of(Shipment, nth):
            fulfil.deliver(merchant_id=self.shop, shipment_id=parcel.pk, by=None, now=AT)

    def refuse(self, nth: int, _: int) -> None:
        if parcel := self.of(CashParcel, nth):
            refused.refuse(merchant_id=self.shop, shipment_id=parcel.shipment_id, by=None, now=AT)

    def come_back(self, nth: int, units: int) -> None:
        if parcel := self.of(CashParcel, nth):
            refused.came_back(merchant_id=self.shop, shipment_id=parcel.shipment_id, restock=units > 1, by=None, now=AT)

    def remit(self, nth: int, units: int) -> None:
        parcel = self.of(CashParcel, nth)
        if parcel is None:
            return
        line = CashTold(
            waybill=parcel.shipment.tracking,
            collected_minor=parcel.amount_minor,
            fee_minor=parcel.fee_minor,
            remitted_minor=parcel.amount_minor - parcel.fee_minor - (units - 1),
        )
        self.carts += 1
        remittance.receive_statement(
            merchant_id=self.shop,
            carrier="any",
            number=str(self.carts),
            currency="EUR",
            raw=f"{self.carts}".encode(),
            lines=[line],
            by=None,
            now=AT,
        )

    def give_back(self, nth: int, units: int) -> None:
        row = self.of(Order, nth)
        if row is not None:
            made = refund.refund(
                merchant_id=self.shop,
                order_id=row.pk,
                amount_minor=None if units == 3 else units * 7_77,
                by=None,
                now=AT,
            )
            for refund_id in made if nth % 2 else ():
                self._settle(refund_id, succeeded=units != 2)

    def _settle(self, refund_id: int, *, succeeded: bool) -> None:
        refund.settle(merchant_id=self.shop, refund_id=refund_id, succeeded=succeeded, told="", now=AT)

    def transfer(self, nth: int, _: int) -> None:
        if row := self.of(Refund, nth):
            transferred(merchant_id=self.shop, refund_id=row.pk, reference="T", by=None, now=AT)

    def call_off(self, nth: int, _: int) -> None:
        if row := self.of(Order, nth):
            cancel.cancel(merchant_id=self.shop, order_id=row.pk, by=None, now=AT)

    def expire(self, _nth: int, _units: int) -> None:
        stock.release_expired(now=AT)

    def late_money(self, nth: int, _: int) -> None:
        row = self.of(Order, nth)
        payment = row.payments.order_by("pk").first() if row else None
        if payment is not None:
            hear(self.world, notice_of(payment), now=AT)

    def other_way(self, nth: int, units: int) -> None:
        if row := self.of(Order, nth):
            lane = self.world.lanes[("LEJ-DE", "SZX-DE")[units % 2]].pk
            overrule(merchant_id=self.shop, order_id=row.pk, lane_id=lane, reason="so", by=self.world.owner, now=NOW)

    def count_in(self, nth: int, units: int) -> None:
        line = InboundLine.objects.of(self.shop).order_by("pk").get()
        good, damaged = (units, 0) if nth % 2 else (0, units)
        self.carts += 1
        arrival.receive(
            merchant_id=self.shop,
            inbound_id=line.inbound_id,
            counted={line.pk: Counted(good=good, damaged=damaged)},
            key=str(self.carts),
            by=None,
            now=AT,
        )

    def close_load(self, _nth: int, _units: int) -> None:
        load = InboundLine.objects.of(self.shop).order_by("pk").get().inbound_id
        arrival.close(merchant_id=self.shop, inbound_id=load, by=None, now=AT)

    def count(self, nth: int, units: int) -> None:
        shelf = self.of(Stock, nth)
        stock.count(
            merchant_id=self.shop, stock_id=shelf.pk, counted=shelf.reserved + units, reason="", by=None, now=AT
        )

    def hand_back(self, nth: int, units: int) -> None:
        if line := self.of(OrderLine, nth):
            take_back(
                merchant_id=self.shop,
                order_id=line.order_id,
                line_id=line.pk,
                quantity=units,
                restock=nth % 2 == 0,
                by=None,
                now=AT,
            )

    def ask_back(self, nth: int, units: int) -> None:
        if line := self.of(OrderLine, nth):
            reason = (Reason.UNWANTED, Reason.FAULTY)[nth % 2]
            self.carts += 1
            wish = Wish(line_id=line.pk, quantity=units, reason=reason)
            ask(merchant_id=self.shop, order_id=line.order_id, wishes=[wish], key=str(self.carts), now=AT)

    def grade(self, nth: int, units: int) -> None:
        case = self.of(ReturnCase, nth)
        if case is not None:
            receive(merchant_id=self.shop, case_id=case.pk, by=None, now=AT)
            pieces = ReturnPiece.objects.of(self.shop).filter(case=case).values_list("pk", flat=True)
            how = {pk: Graded(list(Grade)[(units + at) % 4]) for at, pk in enumerate(pieces)}
            grade(merchant_id=self.shop, case_id=case.pk, grades=how, by=None, now=AT)

    def decide(self, nth: int, _: int) -> None:
        if case := self.of(ReturnCase, nth):
            decide(merchant_id=self.shop, case_id=case.pk, chosen={}, by=None, now=AT)


STEPS: tuple[str, ...] = tuple(name for name in vars(Walk) if not name.startswith("_") and name != "of")


def begun(world: World) -> Walk:
    """Cash is taken at the door of both lanes, few mugs lie there, five are on their way, returns are taken."""
    rules(world)
    site(world)
    offer(world, "LEJ-DE", "SZX-DE")
    loading.departed(world)
    stock.write_off(
        merchant_id=world.merchant.pk, stock_id=world.stocks["MUG", "SZX"].pk, quantity=43, reason="", by=None, now=NOW
    )
    return Walk(world)


def walked(world: World, steps: Sequence[tuple[str, int, int]]) -> int:
    """Takes the steps in a transaction that is rolled back; how many were not refused. The books are looked at last."""
    done = 0
    with transaction.atomic():
        quotes._kept.clear()
        offers._kept.clear()
        walk = begun(world)
        for name, nth, units in steps:
            try:
                with transaction.atomic():
                    getattr(walk, name)(nth, units)
            except Refusal:
                continue
            done += 1
        assert stock_problems() == ()
        assert audit_ledger(world.merchant.pk).problems == ()
        assert audit_orders(world.merchant.pk) == ()
        for row in Order.objects.of(walk.shop):
            sums = Entry.objects.of(walk.shop).filter(order_id=row.pk)
            assert sum(sums.values_list("amount_minor", flat=True)) == 0
        assert not OrderLine.objects.of(walk.shop).filter(returned__lt=0).exists()
        transaction.set_rollback(True)
    quotes._kept.clear()
    offers._kept.clear()
    return done


@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.sampled_from([0, 1, 3, 4, 6, 7]), min_size=2, max_size=5),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11), st.integers(1, 3)), min_size=8, max_size=30),
)
def test_after_any_walk_the_books_are_whole(world: World, bought: list[int], steps: list[tuple[str, int, int]]) -> None:
    done = walked(world, [*(("buy", nth, 1 + nth % 3) for nth in bought), *steps])
    assert done >= 0


def test_a_walk_gets_somewhere(world: World) -> None:
    steps = [("buy", 3, 2), ("ship", 0, 3), ("deliver", 0, 1), ("remit", 0, 1), ("ask_back", 0, 1), ("grade", 0, 3)]
    steps += [("decide", 0, 1), ("transfer", 0, 1), ("buy", 0, 3), ("count_in", 1, 3), ("ship", 1, 3), ("refuse", 1, 1)]
    assert walked(world, steps) == len(steps)
