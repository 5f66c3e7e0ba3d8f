"""The ledger's door: what goes in goes in once and whole, and is never changed."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import sleep
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haitu.actions.record import (
    audit_ledger,
    audit_orders,
    audit_weeks,
    rebuild,
    record,
    record_many,
    roll_up,
)
from haitu.core.errors import Refusal
from haitu.core.events import (
    Cancelled,
    Closed,
    Delivered,
    Dims,
    Event,
    Expired,
    OrderStatus,
    Posting,
    RefundAbovePaid,
    RefundCurrency,
    Refunded,
    Shipped,
    SpendBooked,
    Standing,
    WrongStatus,
    after,
    from_payload,
    kind_of,
)
from haitu.core.landed import Waterfall
from haitu.core.ledger import entries_for
from haitu.models import Entry, EntryWeek, Grain, LedgerMark, Merchant, Order, StockMove, VariantEvent
from haitu.models import Event as EventRow
from tests.append_only import triggers
from tests.sale import dims, life_of, new_order, post
from tests.world import NOW, World


@pytest.fixture
def order(world: World) -> Order:
    """A lantern for Germany, not yet paid: 119.00 euros."""
    return new_order(world, "1")


def refund(order: Order, number: int, amount_minor: int) -> Refunded:
    return Refunded(key=f"refund:{number}", at=NOW, dims=dims(order), refund_id=number, deposit_minor=amount_minor)


def standing_of(order: Order) -> Standing:
    order.refresh_from_db()
    return Standing(status=OrderStatus(order.status), paid_minor=order.paid_minor, refunded_minor=order.refunded_minor)


def stored(merchant: Merchant) -> list[tuple[Any, ...]]:
    """Every entry without its id, in the order of the events' keys."""
    keys = dict(EventRow.objects.of(merchant.pk).values_list("pk", "key"))
    rows = Entry.objects.of(merchant.pk).order_by("id").values_list()
    return sorted((keys[row[0] >> 16], row[0] & 0xFFFF, *row[1:]) for row in rows)


# In, once and whole --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_event_is_kept_with_its_entries(world: World, order: Order) -> None:
    placed = life_of(order)[0]
    (event_id,) = post(world.merchant, placed)
    kept = EventRow.objects.of(world.merchant.pk).get()
    assert (kept.pk, kept.key, kept.kind, kept.order_id, kept.at, kept.recorded_at) == (
        *(event_id, placed.key, "placed", order.pk, NOW, NOW),
    )
    assert from_payload(kept.kind, kept.payload) == placed
    entries = Entry.objects.of(world.merchant.pk).order_by("id")
    assert [(e.book, e.assumed, e.account, e.line_id, e.amount_minor, e.base_minor) for e in entries] == [
        (e.book, e.assumed, e.account, e.line_id, e.amount_minor, e.base_minor) for e in entries_for(placed)
    ]
    assert {(e.order_id, e.market_id, e.outlet_id, e.channel) for e in entries} == {
        (order.pk, order.market_id, order.outlet_id, "google")
    }


@pytest.mark.django_db
def test_an_order_moves_with_its_events(world: World, order: Order) -> None:
    standings = []
    for event in life_of(order):
        post(world.merchant, event)
        standings.append(standing_of(order))
    assert [(standing.status.value, standing.paid_minor) for standing in standings] == [
        ("pending", 0),
        ("paid", 11_900),
        ("shipped", 11_900),
        ("shipped", 11_900),
    ]


@pytest.mark.django_db
def test_the_same_key_again_changes_nothing(world: World, order: Order) -> None:
    first = post(world.merchant, *life_of(order))
    before = stored(world.merchant)
    assert None not in first
    assert post(world.merchant, *life_of(order)) == [None] * 4
    assert record_many([(world.merchant.pk, event) for event in life_of(order)], now=NOW) == 0
    assert stored(world.merchant) == before
    assert standing_of(order) == Standing(status=OrderStatus.SHIPPED, paid_minor=11_900)


@pytest.mark.django_db
def test_two_merchants_may_use_the_same_key(world: World) -> None:
    spend = SpendBooked(
        key="bill 1",
        at=NOW,
        dims=Dims(currency="USD", base_currency="USD", channel="google"),
        postings=(Posting(waterfall=Waterfall(traffic=500)),),
    )
    assert None not in post(world.merchant, spend) + post(world.other, spend)


@pytest.mark.django_db
def test_placing_takes_two_statements_and_paying_three(world: World, order: Order) -> None:
    placed, paid, *_ = life_of(order)
    taken = []
    with transaction.atomic():
        for event in (placed, paid):
            with CaptureQueriesContext(connection) as queries:
                record(event, merchant_id=world.merchant.pk, now=NOW)
            taken.append([_table(query["sql"]) for query in queries])
    assert taken == [["haitu_event", "haitu_entry"], ["haitu_event", "haitu_order", "haitu_entry"]]


def _table(sql: str) -> str:
    found = re.search(r"haitu_\w+", sql)
    assert found is not None
    return found[0]


@pytest.mark.django_db
def test_an_event_of_many_lines_is_kept_whole(world: World) -> None:
    postings = tuple(
        Posting(line_id=line, variant_id=5, waterfall=Waterfall(price=100, goods=40)) for line in range(1, 701)
    )
    event = Shipped(
        key="a container",
        at=NOW,
        dims=Dims(currency="USD", base_currency="CNY"),
        shipment_id=1,
        postings=postings,
        completes=True,
    )
    post(world.merchant, event)
    assert Entry.objects.of(world.merchant.pk).count() == 1_402
    assert audit_ledger().problems == ()


@pytest.mark.django_db(transaction=True)
def test_posting_needs_a_transaction(world: World, order: Order) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record(life_of(order)[0], merchant_id=world.merchant.pk, now=NOW)


@pytest.mark.django_db(transaction=True)
def test_one_key_posted_by_eight_at_once_posts_once(world: World, order: Order) -> None:
    paid = life_of(order)[1]
    together = threading.Barrier(8)
    ids: list[int | None] = []

    def webhook() -> None:
        try:
            together.wait()
            with transaction.atomic():
                ids.append(record(paid, merchant_id=world.merchant.pk, now=NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=webhook) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(ids), ids.count(None)) == (8, 7)
    assert standing_of(order) == Standing(status=OrderStatus.PAID, paid_minor=11_900)
    assert Entry.objects.of(world.merchant.pk).count() == 4


# What does not fit is refused ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_refusal_leaves_nothing_even_when_it_is_caught_inside(world: World, order: Order) -> None:
    shipped = life_of(order)[2]
    with transaction.atomic(), pytest.raises(WrongStatus) as refused:
        record(shipped, merchant_id=world.merchant.pk, now=NOW)
    assert str(refused.value) == "The order is pending; “shipped” needs it to be accepted, paid, part_shipped."
    assert EventRow.objects.of(world.merchant.pk).count() == 0


@pytest.mark.django_db(transaction=True)
def test_no_more_is_refunded_than_was_paid(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order)[:2])
    post(world.merchant, refund(order, 1, 4_000))
    with pytest.raises(RefundAbovePaid) as refused:
        post(world.merchant, refund(order, 2, 7_901))
    assert refused.value.given == {"asked_minor": 7_901, "left_minor": 7_900}
    post(world.merchant, refund(order, 2, 7_900))
    assert standing_of(order).refunded_minor == 11_900


@pytest.mark.django_db(transaction=True)
def test_eight_refunds_at_once_give_back_no_more_than_was_paid(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order)[:2])
    together = threading.Barrier(8)
    refused: list[str] = []

    def clerk(number: int) -> None:
        try:
            together.wait()
            post(world.merchant, refund(order, number, 5_000))
        except RefundAbovePaid as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=clerk, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["refund_above_paid"] * 6
    assert standing_of(order).refunded_minor == 10_000


@pytest.mark.django_db(transaction=True)
def test_money_moves_in_the_currency_that_was_charged(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order)[:2])
    in_yuan = replace(refund(order, 1, 100), dims=replace(dims(order), currency="CNY", fx_e9=1_000_000_000))
    with pytest.raises(RefundCurrency, match=r"^The order was charged in EUR; money moves in EUR too, not in CNY\.$"):
        post(world.merchant, in_yuan)


@pytest.mark.django_db(transaction=True)
def test_another_merchants_order_cannot_be_moved(world: World, order: Order) -> None:
    with pytest.raises(LookupError):
        post(world.other, life_of(order)[1])
    assert standing_of(order) == Standing()


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(st.integers(0, 10), max_size=8), bulk=st.booleans())
def test_the_database_and_the_pure_rule_agree_on_every_walk(
    world: World, order: Order, walk: list[int], bulk: bool
) -> None:
    placed, paid, shipped, billed = life_of(order)
    here = dims(order)
    assert isinstance(shipped, Shipped)
    possible: list[Event] = [
        placed,
        paid,
        shipped,
        billed,
        replace(shipped, completes=False),
        Delivered(key="d", at=NOW, dims=here, shipment_id=1, completes=True),
        Cancelled(key="c", at=NOW, dims=here),
        Expired(key="e", at=NOW, dims=here),
        refund(order, 1, 6_000),
        Closed(key="n", at=NOW, dims=here, arrived=False),
        Closed(key="a", at=NOW, dims=here, arrived=True),
    ]
    expected = Standing()
    with transaction.atomic():
        for number, choice in enumerate(walk):
            event = replace(possible[choice], key=f"{number}:{kind_of(possible[choice])}")
            should, expected = _pure(expected, event)
            assert _in_database(world, event, bulk=bulk) == should
            assert standing_of(order) == expected
        assert audit_orders(world.merchant.pk) == ()
        transaction.set_rollback(True)


def _pure(standing: Standing, event: Event) -> tuple[type[Refusal] | None, Standing]:
    try:
        return None, after(standing, event)
    except Refusal as refusal:
        return type(refusal), standing


def _in_database(world: World, event: Event, *, bulk: bool) -> type[Refusal] | None:
    try:
        with transaction.atomic():
            if bulk:
                record_many([(world.merchant.pk, event)], now=NOW)
            else:
                record(event, merchant_id=world.merchant.pk, now=NOW)
    except Refusal as refusal:
        return type(refusal)
    return None


# Many at once --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_in_bulk_is_the_same_as_one_by_one(world: World) -> None:
    orders = [new_order(world, str(number)) for number in range(30)]
    events = [event for order in orders for event in life_of(order)]
    with transaction.atomic():
        post(world.merchant, *events)
        singly, standings = stored(world.merchant), [standing_of(order) for order in orders]
        transaction.set_rollback(True)
    seen: list[int] = []
    posted = record_many(((world.merchant.pk, event) for event in events), now=NOW, progress=seen.append)
    assert (posted, seen) == (120, [120])
    assert stored(world.merchant) == singly
    assert [standing_of(order) for order in orders] == standings
    assert audit_ledger(world.merchant.pk).problems == ()
    assert audit_orders(world.merchant.pk) == ()


@pytest.mark.django_db
def test_a_bulk_that_was_cut_short_is_run_again(world: World) -> None:
    orders = [new_order(world, str(number)) for number in range(5)]
    events = [(world.merchant.pk, event) for order in orders for event in life_of(order)]
    assert record_many(events[:7], now=NOW) == 7
    assert record_many([*events, *events[:3]], now=NOW) == 13
    assert {standing_of(order).status for order in orders} == {OrderStatus.SHIPPED}
    assert audit_ledger(world.merchant.pk).entries == 5 * len(
        [row for e in life_of(orders[0]) for row in entries_for(e)]
    )


@pytest.mark.django_db(transaction=True)
def test_a_refusal_in_bulk_undoes_its_transaction(world: World, order: Order) -> None:
    placed, _, shipped, _ = life_of(order)
    with pytest.raises(WrongStatus):
        record_many([(world.merchant.pk, placed), (world.merchant.pk, shipped)], now=NOW)
    assert EventRow.objects.of(world.merchant.pk).count() == 0


# Never changed -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["haitu_event", "haitu_entry", "haitu_stockmove"])
def test_what_happened_cannot_be_changed(world: World, order: Order, table: str) -> None:
    post(world.merchant, *life_of(order))
    assert StockMove.objects.of(world.merchant.pk).exists()
    statements = [f"UPDATE {table} SET merchant_id = merchant_id", f"DELETE FROM {table}"]
    if connection.vendor == "postgresql":
        statements.append(f"TRUNCATE {table}")
    for statement in statements:
        with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert str(refused.value).splitlines()[0] == (
            f"{table} is append-only: what happened is not changed; record what happens next instead"
        )


TAMPERINGS = {
    "a changed amount": (
        "UPDATE haitu_entry SET base_minor = base_minor + 1 WHERE id = {entry}",
        [
            "entry {entry} has base_minor {changed}, the event says {base}",
            "book 2 is out of balance by 0 (1 in base)",
        ],
    ),
    "a deleted entry": (
        "DELETE FROM haitu_entry WHERE id = {entry}",
        [
            "3 entries are stored, 4 follow from the event",
            "book 2 is out of balance by {less} ({base_less} in base)",
        ],
    ),
    "an event torn off its order": (
        "UPDATE haitu_event SET order_id = NULL WHERE id = {event}",
        ["key and order are ('{key}', None), the payload says ('{key}', {order})"],
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("tampering", "told"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_the_audit_finds_what_was_tampered_with(world: World, order: Order, tampering: str, told: list[str]) -> None:
    _, paid_id, *_ = post(world.merchant, *life_of(order))
    assert paid_id is not None
    entry = Entry.objects.of(world.merchant.pk).get(pk=paid_id << 16)
    names = {
        "entry": entry.pk,
        "event": paid_id,
        "order": order.pk,
        "key": f"paid:{order.pk}",
        "base": entry.base_minor,
        "changed": entry.base_minor + 1,
        "less": -entry.amount_minor,
        "base_less": -entry.base_minor,
    }
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute(tampering.format(**names))
    problems = audit_ledger(world.merchant.pk).problems
    assert [problem.told for problem in problems] == [sentence.format(**names) for sentence in told]
    assert {problem.event_id for problem in problems} == {paid_id}
    assert audit_ledger(world.other.pk).problems == ()


@pytest.mark.django_db(transaction=True)
def test_the_audit_finds_entries_of_no_event(world: World, order: Order) -> None:
    first, *_, last = post(world.merchant, *life_of(order))
    assert first is not None
    assert last is not None
    with without_triggers(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM haitu_event WHERE id = %s", [first + 1])
    assert [(problem.event_id, problem.told) for problem in audit_ledger().problems] == [
        (first + 1, "4 entries belong to no event")
    ]


@pytest.mark.django_db
def test_the_audit_goes_on_where_it_stopped(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order))
    first = audit_ledger(limit=3)
    second = audit_ledger(after_event=first.event_id, limit=3)
    third = audit_ledger(after_event=second.event_id, limit=3)
    assert [audited.events for audited in (first, second, third)] == [3, 1, 0]
    assert third.event_id == second.event_id


@pytest.mark.django_db
def test_the_audit_finds_an_order_that_was_moved_by_hand(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order))
    Order.objects.of(world.merchant.pk).filter(pk=order.pk).update(status="delivered", paid_minor=1)
    (problem,) = audit_orders(world.merchant.pk)
    assert problem.told == ("status, paid and refunded are ('delivered', 1, 0), its events say ('shipped', 11900, 0)")


@contextmanager
def without_triggers() -> Iterator[None]:
    """What an intruder with the database's password would do."""
    standing = triggers() if connection.vendor == "sqlite" else {}
    with connection.cursor() as cursor:
        for name in standing:
            cursor.execute(f"DROP TRIGGER {name}")
        if not standing:
            cursor.execute("SET session_replication_role = replica")
    yield
    with connection.cursor() as cursor:
        for sql in standing.values():
            cursor.execute(sql)
        if not standing:
            cursor.execute("SET session_replication_role = DEFAULT")


# Weekly sums ---------------------------------------------------------------------------------------------------------


def _weeks() -> list[tuple[Any, ...]]:
    return sorted(row[1:] for row in EntryWeek.everyone.values_list())


@pytest.mark.django_db
def test_rolling_up_bit_by_bit_is_the_same_as_all_at_once(world: World) -> None:
    orders = [new_order(world, str(number)) for number in range(6)]
    for order in orders:
        post(world.merchant, *life_of(order))
        assert roll_up() == 4
    assert roll_up() == 0
    assert audit_weeks() == ()
    bit_by_bit = _weeks()
    assert rebuild() == 24
    assert _weeks() == bit_by_bit
    assert audit_weeks() == ()


@pytest.mark.django_db
def test_a_week_holds_the_steps_with_the_waterfalls_signs(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order)[:1])
    roll_up()
    facts, assumed = EntryWeek.objects.of(world.merchant.pk).filter(grain=Grain.WEEK_AND_VARIANT).order_by("assumed")
    assert (facts.price, facts.tax, facts.goods) == (95_200, 15_200, 0)
    assert (assumed.price, assumed.goods, assumed.inbound, assumed.last_mile) == (0, 24_000, 3_200, 10_000)
    assert (assumed.payment_fee, assumed.traffic, assumed.shrinkage, assumed.history) == (3_000, 7_200, 0, False)


@pytest.mark.django_db
@pytest.mark.parametrize("grain", Grain)
def test_a_wrong_sum_is_noticed_and_mended(world: World, order: Order, grain: Grain) -> None:
    post(world.merchant, *life_of(order))
    roll_up()
    EntryWeek.objects.of(world.merchant.pk).filter(book=2, grain=grain).update(price=0)
    assert [problem.merchant_id for problem in audit_weeks()] == [world.merchant.pk]
    rebuild()
    assert audit_weeks() == ()


@pytest.mark.django_db
def test_what_one_variant_earned_for_another_is_noticed(world: World) -> None:
    post(world.merchant, *life_of(new_order(world, "1")), *life_of(new_order(world, "2", sku="MUG")))
    roll_up()
    lantern, mug = world.variants["LANTERN"].pk, world.variants["MUG"].pk
    of = EntryWeek.objects.of(world.merchant.pk).filter(book=2, grain=Grain.VARIANT)
    of.filter(variant_id=lantern, assumed=False).update(price=F("price") + 1)
    of.filter(variant_id=mug, assumed=False).update(price=F("price") - 1)
    assert len(audit_weeks()) == 2


@pytest.mark.django_db
def test_a_lost_way_from_a_variant_to_its_events_is_noticed_and_mended(world: World, order: Order) -> None:
    post(world.merchant, *life_of(order))
    roll_up()
    ways = VariantEvent.objects.of(world.merchant.pk)
    assert ways.count() == 4
    ways.filter(event_id=ways.order_by("event_id").values_list("event_id", flat=True)[0]).delete()
    VariantEvent.everyone.create(merchant=world.merchant, variant_id=order.lines.get().variant_id, event_id=0)
    assert [problem.told for problem in audit_weeks()] == [
        "1 ways from a variant to an event are missing, 1 lead nowhere"
    ]
    rebuild()
    assert audit_weeks() == ()


@pytest.mark.django_db(transaction=True)
def test_a_sale_still_under_way_is_not_passed_over(world: World, order: Order) -> None:
    """The lower id is committed last, so that a careless reader would see the higher one first."""
    placed, paid, *_ = life_of(order)
    has_its_id = threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                record(placed, merchant_id=world.merchant.pk, now=NOW)
                has_its_id.set()
                sleep(0.3)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    has_its_id.wait()
    post(world.merchant, paid)
    roll_up()
    thread.join()
    assert LedgerMark.objects.get().event_id == EventRow.objects.of(world.merchant.pk).latest("pk").pk
    assert audit_weeks() == ()
