"""GoodCang as a warehouse: its rules are kept before it is asked; stock, inbound orders and returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from haitu.links.carriers import client
from haitu.links.carriers.goodcang import GoodCang
from haitu.links.carriers.goodcang.account import ReturnWanted
from haitu.links.carriers.goodcang.rules import THROUGH_HUB, AgainstTheRules, BoxedGoods, InboundWanted, check
from haitu.links.carriers.protocol import CarrierRefused
from outside.carriers import goodcang
from outside.carriers.books import Books
from outside.carriers.server import serving
from tests.links.carriers.parcels import PARCEL

LOAD = InboundWanted(
    reference="IN-1",
    warehouse="USEA",
    warehouse_country="US",
    mode="lcl",
    boxes=((BoxedGoods(sku="LANTERN", quantity=10),), (BoxedGoods(sku="MUG", quantity=20),)),
    eta=date(2026, 12, 24),
)


@pytest.fixture
def books() -> Iterator[Books]:
    client.forget()
    with serving() as there:
        yield there
    client.forget()


def account(books: Books) -> GoodCang:
    secrets = {"app_key": goodcang.KEY, "app_token": goodcang.TOKEN}
    return GoodCang(f"{books.own_address}/goodcang", secrets, {"warehouse": "USEA", "service": "FEDEX-SMALLPARCEL"})


def skus(count: int) -> tuple[tuple[BoxedGoods, ...], ...]:
    return (tuple(BoxedGoods(sku=f"S{nth}", quantity=1) for nth in range(count)),)


BREACHES = {
    "sku": replace(LOAD, boxes=((BoxedGoods(sku="S" * 25, quantity=1),),)),
    "skus": replace(LOAD, us_south=True, boxes=skus(21)),
    "boxes": replace(LOAD, boxes=()),
    "quantity": replace(LOAD, boxes=((BoxedGoods(sku="S", quantity=0),),)),
    "reference": replace(LOAD, reference="R" * 51),
    "tracking": replace(LOAD, submit=True),
    "eta": replace(LOAD, eta=None),
    "importer": replace(LOAD, warehouse="UK", warehouse_country="UK"),
    "hub": replace(LOAD, transit_type=THROUGH_HUB),
    "product": replace(LOAD, transit_type=THROUGH_HUB, hub="DG"),
    "own_vat": replace(LOAD, transit_type=THROUGH_HUB, hub="DG", product="X", warehouse_country="DE"),
}


@pytest.mark.parametrize("rule", sorted(BREACHES))
def test_a_broken_rule_is_named_before_goodcang_is_asked(rule: str) -> None:
    with pytest.raises(AgainstTheRules) as no:
        check(BREACHES[rule])
    assert no.value.field == rule


def test_what_keeps_the_rules_passes() -> None:
    check(LOAD)
    check(replace(LOAD, us_south=True, boxes=skus(20)))
    check(replace(LOAD, boxes=((BoxedGoods(sku="S" * 24, quantity=1),),)))
    check(replace(LOAD, transit_type=THROUGH_HUB, hub="DG", mode="sea_fcl"))


def test_an_inbound_order_is_announced_once(books: Books) -> None:
    made = account(books)
    assert made.send_inbound(LOAD) == made.send_inbound(LOAD) == "RVGC-261122-0001"


def test_a_broken_rule_sends_nothing(books: Books) -> None:
    with pytest.raises(AgainstTheRules):
        account(books).send_inbound(BREACHES["sku"])
    assert books.calls == []


def test_stock_is_told_by_state_and_in_pages(books: Books) -> None:
    made = account(books)
    (mug,) = made.stock(["MUG"], warehouse="USEA")
    assert (mug.sellable, mug.on_the_way, mug.to_shelve, mug.defective) == (3, 5, 1, 2)
    books.extra["goodcang"] = {(f"S{nth:04d}", "USEA"): 1 for nth in range(450)}
    assert len(made.stock()) == 450
    assert len(made.stock([f"S{nth:04d}" for nth in range(250)])) == 250


def test_an_order_takes_from_the_shelf_once(books: Books) -> None:
    made = account(books)
    before = made.stock(["LANTERN"])[0].sellable
    made.buy_label(PARCEL)
    made.buy_label(PARCEL)
    assert made.stock(["LANTERN"])[0].sellable == before - 2


def test_what_is_not_there_cannot_be_ordered(books: Books) -> None:
    lantern = replace(PARCEL.customs[0], quantity=99)
    with pytest.raises(CarrierRefused, match="LANTERN is out of stock"):
        account(books).buy_label(replace(PARCEL, customs=(lantern,)))


def test_a_return_is_announced_for_an_order_that_there_is(books: Books) -> None:
    made = account(books)
    order = made.buy_label(PARCEL).waybill
    back = ReturnWanted(
        reference="R-1", warehouse="USEA", order=order, tracking="1Z", goods=(("LANTERN", 1),), reason="too large"
    )
    assert made.announce_return(back) == "RO-R-1"
    with pytest.raises(CarrierRefused):
        made.announce_return(replace(back, order="nobody's"))
