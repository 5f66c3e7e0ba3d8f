"""The disk fills up in the middle of trade: orders are refused whole, and once there is room trade goes on."""

from __future__ import annotations

from itertools import count

import pytest
from django.db import OperationalError, connection

from haitu.actions.record import audit_ledger, audit_orders
from haitu.models import Event, Order, OrderLine, Payment, Reservation, Stock
from haitu.reads.conservation import stock_problems
from tests.actions.buying import basket_of, order, see
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def _fill() -> None:
    """No page may be added: SQLite by its own limit; PostgreSQL by a trigger that fails as a full disk does (53100)."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA page_count")
            pages = cursor.fetchone()[0]
            cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
            return
        cursor.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION USING MESSAGE = 'could not extend file: No space left on device', ERRCODE = '53100';"
            " END $$"
        )
        # In the middle of a checkout: order, lines and promises are written, event and entries are not.
        cursor.execute(
            "CREATE TRIGGER full_disk BEFORE INSERT ON haitu_payment FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"
        )


def _make_room() -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA max_page_count = 1073741823")
            return
        cursor.execute("DROP TRIGGER full_disk ON haitu_payment")
        cursor.execute("DROP FUNCTION full_disk()")


def _counts(world: World) -> tuple[int, ...]:
    tables = (Order, OrderLine, Payment, Reservation)
    shelf = Stock.objects.of(world.merchant.pk).get(pk=world.stocks["LANTERN", "LEJ"].pk)
    placed = Event.objects.of(world.merchant.pk).filter(kind="placed").count()
    return (*(table.objects.of(world.merchant.pk).count() for table in tables), placed, shelf.reserved)


def test_a_full_disk_loses_nothing_and_halves_nothing(world: World) -> None:
    basket = basket_of(world, LANTERN=1)
    seen, sold = see(world, basket), 0
    _fill()
    try:
        for nth in count():
            order(world, basket, seen=seen, cart=f"cart-{nth}")
            sold += 1
            assert sold < 20, "the disk did not fill up"
    except OperationalError:
        pass
    finally:
        _make_room()
    assert _counts(world) == (sold,) * 6
    order(world, basket, seen=seen, cart="afterwards")
    assert _counts(world) == (sold + 1,) * 6
    assert stock_problems() == ()
    assert (audit_ledger().problems, audit_orders(world.merchant.pk)) == ((), ())
