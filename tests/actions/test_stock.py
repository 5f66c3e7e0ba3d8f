"""Stock comes, moves, is counted and lost; every unit and every minor unit of value is accounted for."""

from __future__ import annotations

from typing import Any

import pytest

from haitu.actions import stock
from haitu.core.ledger import Account
from haitu.models import Audit, Entry, Stock, StockMove
from haitu.reads.conservation import stock_problems
from tests.actions.buying import basket_of, order
from tests.world import NOW, World


def row(world: World, sku: str, warehouse: str) -> Stock:
    return Stock.objects.of(world.merchant.pk).get(variant__sku=sku, warehouse__code=warehouse)


def booked(world: World, account: Account) -> int:
    return sum(entry.base_minor for entry in Entry.objects.of(world.merchant.pk).filter(account=account))


def by(world: World) -> dict[str, Any]:
    return {"merchant_id": world.merchant.pk, "by": world.packer, "now": NOW}


def receive(world: World, **given: Any) -> int:
    usual: dict[str, Any] = {"quantity": 10, "goods_value_minor": 150_00, "inbound_value_minor": 20_00}
    places = {"variant_id": world.variants["MUG"].pk, "warehouse_id": world.warehouses["EWR"].pk}
    return stock.receive(**usual | places | {"reference": "container 7"} | by(world) | given)


def test_received_goods_are_stock_with_their_value(world: World) -> None:
    receive(world)
    shelf = row(world, "MUG", "EWR")
    assert (shelf.on_hand, shelf.goods_value_minor, shelf.inbound_value_minor) == (10, 150_00, 20_00)
    assert booked(world, Account.INVENTORY) == 170_00
    assert (booked(world, Account.SUPPLIER_PAYABLE), booked(world, Account.CARRIER_PAYABLE)) == (-150_00, -20_00)
    assert [line.action for line in Audit.objects.of(world.merchant.pk).all()] == ["stock.receive"]
    assert stock_problems() == ()


def test_the_same_delivery_note_twice_is_received_once(world: World) -> None:
    assert receive(world, key="note 7") == receive(world, key="note 7")
    assert row(world, "MUG", "EWR").on_hand == 10
    assert stock_problems() == ()


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"quantity": -1}, {"goods_value_minor": -1}])
def test_nothing_or_less_cannot_be_received(world: World, wrong: dict[str, int]) -> None:
    with pytest.raises(stock.BadQuantity):
        receive(world, **wrong)


def test_another_merchants_shelf_is_out_of_reach(world: World) -> None:
    with pytest.raises(stock.NoSuchStock):
        receive(world, merchant_id=world.other.pk)
    given: dict[str, Any] = {"stock_id": world.stocks["MUG", "SZX"].pk, "reason": "", "now": NOW, "by": world.stranger}
    with pytest.raises(stock.NoSuchStock):
        stock.count(merchant_id=world.other.pk, counted=0, **given)


def test_moved_goods_take_their_value_and_the_cost_of_the_way_along(world: World) -> None:
    given: dict[str, Any] = {
        "to_warehouse_id": world.warehouses["EWR"].pk,
        "inbound_value_minor": 30_00,
    }
    stock.move(stock_id=world.stocks["MUG", "SZX"].pk, quantity=20, reference="air 3", **given, **by(world))
    start, end = row(world, "MUG", "SZX"), row(world, "MUG", "EWR")
    assert (start.on_hand, start.goods_value_minor) == (30, 30 * 15_00)
    assert (end.on_hand, end.goods_value_minor, end.inbound_value_minor) == (20, 20 * 15_00, 30_00)
    assert booked(world, Account.INVENTORY) == 30_00
    assert stock_problems() == ()


def test_promised_goods_stay_where_they_are(world: World) -> None:
    order(world, basket_of(world, MUG=1))
    leipzig = world.stocks["MUG", "LEJ"]
    to = world.warehouses["EWR"].pk
    with pytest.raises(stock.NotThere) as refusal:
        stock.move(stock_id=leipzig.pk, to_warehouse_id=to, quantity=1, reference="", **by(world))
    assert refusal.value.given == {"quantity": 1, "free": 0}
    with pytest.raises(stock.NotThere):
        stock.write_off(stock_id=leipzig.pk, quantity=1, reason="", **by(world))


def test_a_count_books_what_is_missing_or_more(world: World) -> None:
    shelf = world.stocks["MUG", "SZX"]
    assert stock.count(stock_id=shelf.pk, counted=47, reason="yearly", **by(world)) == -3
    assert booked(world, Account.SHRINKAGE) == 3 * 15_00
    assert stock.count(stock_id=shelf.pk, counted=48, reason="found one", **by(world)) == 1
    assert booked(world, Account.SHRINKAGE) == 2 * 15_00
    assert stock.count(stock_id=shelf.pk, counted=48, reason="again", **by(world)) == 0
    assert StockMove.objects.of(world.merchant.pk).filter(kind="counted").count() == 2
    assert stock_problems() == ()


def test_a_count_below_what_is_promised_names_the_orders(world: World) -> None:
    placed = order(world, basket_of(world, MUG=1))
    with pytest.raises(stock.CountBelowReserved, match=placed.number):
        stock.count(stock_id=world.stocks["MUG", "LEJ"].pk, counted=0, reason="", **by(world))


def test_the_last_unit_written_off_takes_the_rest_of_the_value(world: World) -> None:
    stock_id = receive(world, quantity=3, goods_value_minor=100, inbound_value_minor=1)
    for _ in range(3):
        stock.write_off(stock_id=stock_id, quantity=1, reason="broken", **by(world))
    shelf = row(world, "MUG", "EWR")
    assert (shelf.on_hand, shelf.goods_value_minor, shelf.inbound_value_minor) == (0, 0, 0)
    assert booked(world, Account.INVENTORY) == 0
    assert stock_problems() == ()


def test_a_buffer_is_set_and_kept_in_the_audit(world: World) -> None:
    stock.set_buffer(stock_id=world.stocks["MUG", "SZX"].pk, buffer=5, **by(world))
    assert row(world, "MUG", "SZX").buffer == 5
    assert Audit.objects.of(world.merchant.pk).get().change == {"buffer": [0, 5]}
