"""A closed lane is nowhere: at every door the world looks as if the lane had never been there.

Doors: quote, promise, product page, shelves, search, cart, delivery and review page, the order placed, its letters, and
the desk. Leipzig's lane to Germany is closed in four ways; a fifth world has no such lane at all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse

from haitu.actions import closure, fulfil, letters, supply
from haitu.actions.closure import Effect, NoReason, NoSuchClosure, NoSuchLane, NoSuchWarehouse
from haitu.actions.version import bump
from haitu.core.book import Destination
from haitu.core.closure import BadClosure
from haitu.core.quote import promise
from haitu.models import Audit, Closure, Lane, OrderLine, Place, Stock
from haitu.reads import quote as quotes
from haitu.reads.quote import load_book
from haitu.reads.shop import listing, markets
from tests.actions.buying import basket_of, merchant_of, paid_order, see
from tests.web.buying import agree, put_in, text, type_address
from tests.world import HOST, NOW, TODAY, World

GERMANY = Destination(country="DE")
TOMORROW = TODAY + timedelta(1)
SHUT = "LEJ-DE"
Way = Callable[[World], object]


def today(world: World, name: str = SHUT) -> dict[str, Any]:
    """What every closing act is told: Hengda's, from today, by Lin."""
    lane = world.lanes[name]
    return {"merchant_id": lane.merchant_id, "reason": "strike at the hub", "by": world.owner, "now": NOW}


def by_hand(world: World) -> None:
    supply.close_lane(lane_id=world.lanes[SHUT].pk, **today(world))


def by_date(world: World, first: date = TODAY, last: date | None = None) -> closure.Closed:
    return closure.close_lane_on(lane_id=world.lanes[SHUT].pk, valid_from=first, valid_to=last, **today(world))


def by_warehouse(world: World) -> closure.Closed:
    leipzig = world.warehouses["LEJ"].pk
    return closure.close_warehouse(warehouse_id=leipzig, valid_from=TODAY, valid_to=None, **today(world))


def by_passage(world: World) -> closure.Closed:
    lane = world.lanes[SHUT]
    closure.save_corridor(
        merchant_id=lane.merchant_id,
        lane_id=lane.pk,
        passages=("suez",),
        if_passage_closes="close",
        by=world.owner,
        now=NOW,
    )
    return closure.close_passage(passage="suez", valid_from=TODAY, valid_to=None, **today(world))


def never_there(world: World) -> None:
    Lane.objects.of(world.merchant.pk).filter(code=SHUT).delete()
    bump(world.merchant.pk)


WAYS: dict[str, Way] = {
    "by hand": by_hand,
    "by date": by_date,
    "its warehouse": by_warehouse,
    "a passage on its way": by_passage,
}


def forget() -> None:
    """What processes keep of a version that was rolled back."""
    quotes._kept.clear()
    listing.forget()
    markets.forget()


def doors(world: World) -> dict[str, str]:
    """What each door says of the lantern in Germany; what is bought on the way is taken back."""
    shop, owner = Client(headers={"host": HOST}), Client()
    owner.force_login(world.owner)
    said: dict[str, str] = {}
    basket = basket_of(world, LANTERN=2)
    book = load_book(merchant_of(world), "DE", [world.variants["LANTERN"].pk], language="de", on=TODAY)
    said["promise"] = repr(promise(world.variants["LANTERN"].pk, book, to=GERMANY, on=TODAY))
    quoted = see(world, basket)
    said["quote"] = repr((quoted.lines, quoted.parcels, quoted.why, quoted.digest))
    for name, path in {
        "product": "p/paper-lantern/",
        "home": "",
        "all": "all/",
        "shelf": "c/lighting/",
        "search": "search/?q=lantern",
    }.items():
        said[name] = text(shop.get(f"/de-de/{path}"))
    put_in(shop, world, quantity=2)
    said["cart"] = text(shop.get("/de-de/cart/"))
    type_address(shop)
    said["delivery"] = text(shop.get("/de-de/checkout/delivery/"))
    agree(shop)
    said["review"] = text(shop.get("/de-de/checkout/review/"))
    row = paid_order(world, basket)
    lines = OrderLine.objects.of(world.merchant.pk).filter(order=row).select_related("lane", "warehouse")
    said["order"] = repr([(line.lane.code, line.warehouse.code) for line in lines if line.lane and line.warehouse])
    fulfil.ship(merchant_id=world.merchant.pk, order_id=row.pk, tracking="00340", by=None, now=NOW)
    mail.outbox.clear()
    letters.send_due(now=NOW)
    told = "\n".join(str(letter.body) for letter in mail.outbox)
    said["letters"] = told.replace(row.token, "").replace(row.number, "")
    variant = world.variants["LANTERN"]
    said["desk"] = text(owner.get(reverse("desk:product", args=[variant.product_id])))
    return said


def doors_after(world: World, way: Way | None) -> dict[str, str]:
    """The doors in a world where that was done; the world itself stays as it was."""
    with transaction.atomic():
        if way:
            way(world)
        forget()
        said = doors(world)
        transaction.set_rollback(True)
    forget()
    return said


@pytest.fixture
def shop_day(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All doors stand on the world's own day."""
    settings.ALLOWED_HOSTS = ["*"]
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.mark.usefixtures("shop_day")
@pytest.mark.parametrize("way", WAYS)
def test_a_closed_lane_is_at_no_door(world: World, way: str) -> None:
    opened, closed, without = (doors_after(world, act) for act in (None, WAYS[way], never_there))
    assert {name for name, words in closed.items() if words != without[name]} == set()
    assert {name for name, words in closed.items() if SHUT in words} == set()
    # The walk would notice: with the lane open these doors say something else.
    changed = {name for name, words in opened.items() if words != closed[name]}
    assert changed >= {"promise", "quote", "product", "delivery", "review", "order", "letters"}


@pytest.mark.usefixtures("shop_day")
def test_the_desk_shows_it_closed_with_its_reason(world: World) -> None:
    by_date(world)
    owner = Client()
    owner.force_login(world.owner)
    page = text(owner.get(reverse("desk:lanes")))
    assert page.count("strike at the hub") == 1
    [view] = [view for view in quotes_of_lanes(world) if view[0] == SHUT]
    assert view == (SHUT, False, "strike at the hub")


def quotes_of_lanes(world: World) -> list[tuple[str, bool, str]]:
    from haitu.reads.desk.markets import lanes  # noqa: PLC0415  # beside the shop's own `markets`

    return [(view.code, view.open, view.closed_reason) for view in lanes(world.merchant.pk, on=TODAY)]


def promised(world: World, on: date, sku: str = "LANTERN") -> tuple[str, date, date] | None:
    forget()
    variant = world.variants[sku].pk
    book = load_book(merchant_of(world), "DE", [variant], language="de", on=on)
    offered = promise(variant, book, to=GERMANY, on=on)
    return (offered.carrier, offered.earliest, offered.latest) if offered else None


def carrier(world: World, on: date) -> str | None:
    offered = promised(world, on)
    return offered[0] if offered else None


def test_a_closure_holds_on_its_days_and_on_no_other(world: World) -> None:
    by_date(world, TOMORROW, TODAY + timedelta(3))
    carriers = [carrier(world, TODAY + timedelta(k)) for k in range(5)]
    assert carriers == [SHUT, "SZX-DE", "SZX-DE", "SZX-DE", SHUT]


def test_a_kept_book_forgets_the_lane_when_its_day_comes(world: World) -> None:
    forget()
    by_date(world, TOMORROW)
    variant = world.variants["LANTERN"].pk
    merchant = merchant_of(world)
    books = [load_book(merchant, "DE", [variant], language="de", on=day) for day in (TODAY, TOMORROW, TODAY)]
    offers = [
        promise(variant, book, to=GERMANY, on=day) for book, day in zip(books, (TODAY, TOMORROW, TODAY), strict=True)
    ]
    assert [offer.carrier for offer in offers if offer] == [SHUT, "SZX-DE", SHUT]


def test_a_closed_hub_keeps_its_goods_and_promises_none_of_them(world: World) -> None:
    closed = by_warehouse(world)
    assert [(effect.lane, effect.open, effect.reason) for effect in closed.effects] == [
        (SHUT, False, "LEJ: strike at the hub")
    ]
    stock = Stock.objects.of(world.merchant.pk).get(
        warehouse=world.warehouses["LEJ"], variant=world.variants["LANTERN"]
    )
    assert stock.on_hand == 20
    forget()
    book = load_book(merchant_of(world), "DE", [world.variants["LANTERN"].pk], language="de", on=TODAY)
    offered = promise(world.variants["LANTERN"].pk, book, to=GERMANY, on=TODAY)
    assert getattr(offered, "available", None) == 100
    closure.lift(merchant_id=world.merchant.pk, closure_id=closed.closure_id, by=world.owner, now=NOW)
    assert carrier(world, TODAY) == SHUT


def sail(world: World, rule: str, *, places: bool = True) -> None:
    """Leipzig's lane becomes a ship from Shenzhen to Hamburg, so that a passage lies on its way."""
    ports = (("CNSZX", "Shenzhen", 22_517_090, 114_028_642), ("DEHAM", "Hamburg", 53_543_000, 9_966_000))
    for code, name, lat, lon in ports if places else ():
        Place.objects.create(code=code, name=name, country=code[:2], kind="port", lat_e6=lat, lon_e6=lon)
    Lane.objects.of(world.merchant.pk).filter(code=SHUT).update(
        from_place="CNSZX", to_place="DEHAM", passages=["suez"], if_passage_closes=rule
    )


def shut_suez(world: World) -> tuple[Effect, ...]:
    return closure.close_passage(passage="suez", valid_from=TODAY, valid_to=None, **today(world)).effects


def test_a_lane_that_goes_round_takes_longer_and_says_by_how_much(world: World) -> None:
    sail(world, "detour")
    before = promised(world, TODAY)
    [effect] = shut_suez(world)
    assert (effect.lane, effect.open) == (SHUT, True)
    assert abs(effect.added_nm - 3_335) <= 33  # Shenzhen-Rotterdam is 3,335 longer; Hamburg lies on the same way
    assert effect.added_days == 10
    after = promised(world, TODAY)
    assert before is not None
    assert after == (SHUT, before[1] + timedelta(10), before[2] + timedelta(10))


def test_a_lane_whose_ends_nobody_knows_cannot_go_round_and_is_closed(world: World) -> None:
    sail(world, "detour", places=False)
    [effect] = shut_suez(world)
    assert (effect.open, effect.reason) == (
        False,
        "Suez Canal closed; CNSZX (CNSZX) has no coordinates; enter its latitude and longitude.",
    )
    assert carrier(world, TODAY) == "SZX-DE"


def test_a_passage_that_is_on_no_lanes_way_changes_nothing(world: World) -> None:
    assert shut_suez(world) == ()
    assert carrier(world, TODAY) == SHUT


def test_opening_a_lane_ends_the_closure_it_is_under_and_leaves_those_to_come(world: World) -> None:
    by_date(world)
    by_date(world, TODAY + timedelta(9))
    supply.open_lane(merchant_id=world.merchant.pk, lane_id=world.lanes[SHUT].pk, by=world.owner, now=NOW)
    assert [row.valid_from for row in Closure.objects.of(world.merchant.pk)] == [TODAY + timedelta(9)]
    assert [carrier(world, TODAY + timedelta(k)) for k in (0, 9)] == [SHUT, "SZX-DE"]


def test_who_closed_what_and_what_it_did_is_in_the_trail(world: World) -> None:
    sail(world, "detour")
    shut_suez(world)
    row = Audit.objects.of(world.merchant.pk).get(action="passage.close")
    assert (row.user, row.subject) == (world.owner, "Suez Canal")
    assert row.change["reason"] == [None, "strike at the hub"]
    assert row.change["valid_from"] == [None, "2026-11-20"]
    [told] = [pair[1] for name, pair in row.change.items() if name == f"lane {SHUT}"]
    assert told.endswith(" nm, +10 days")


def test_an_earlier_closure_of_yesterday_keeps_its_days_when_lifted(world: World) -> None:
    closed = by_date(world, TODAY)
    lifted: dict[str, Any] = {"merchant_id": world.merchant.pk, "closure_id": closed.closure_id, "by": world.owner}
    closure.lift(now=NOW + timedelta(2), **lifted)
    assert Closure.objects.of(world.merchant.pk).get().valid_to == TODAY + timedelta(1)
    with pytest.raises(NoSuchClosure, match="or it is over"):
        closure.lift(now=NOW + timedelta(3), **lifted)


def test_a_stranger_closes_nothing_of_ours(world: World) -> None:
    theirs = today(world) | {"merchant_id": world.other.pk, "valid_from": TODAY, "valid_to": None}
    with pytest.raises(NoSuchLane):
        closure.close_lane_on(lane_id=world.lanes[SHUT].pk, **theirs)
    with pytest.raises(NoSuchWarehouse):
        closure.close_warehouse(warehouse_id=world.warehouses["LEJ"].pk, **theirs)
    closure.close_passage(passage="suez", **theirs)
    assert carrier(world, TODAY) == SHUT


@pytest.mark.parametrize(
    ("changed", "refusal", "told"),
    [
        ({"reason": "  "}, NoReason, "Say why"),
        ({"valid_to": TODAY - timedelta(1)}, BadClosure, "ends before that"),
        ({"valid_from": date(2026, 1, 1), "valid_to": date(2026, 1, 2)}, BadClosure, "2026-01-02 is over"),
    ],
)
def test_a_closure_without_reason_or_with_crossing_days_is_refused(
    world: World, changed: dict[str, Any], refusal: type[Exception], told: str
) -> None:
    given = today(world) | {"valid_from": TODAY, "valid_to": None} | changed
    with pytest.raises(refusal, match=told):
        closure.close_lane_on(lane_id=world.lanes[SHUT].pk, **given)
    assert Closure.objects.of(world.merchant.pk).count() == 0


def test_an_unknown_passage_or_rule_is_refused(world: World) -> None:
    with pytest.raises(BadClosure, match="no passage we know"):
        closure.close_passage(passage="kiel", valid_from=TODAY, valid_to=None, **today(world))
    corridor: dict[str, Any] = {
        "lane_id": world.lanes[SHUT].pk,
        "merchant_id": world.merchant.pk,
        "by": None,
    }
    with pytest.raises(BadClosure, match="'fly' is no rule; allowed: close, detour"):
        closure.save_corridor(passages=("suez",), if_passage_closes="fly", now=NOW, **corridor)
