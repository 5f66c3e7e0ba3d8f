"""Sending something back on the order's page: what is asked, what is refused in words, and who may look."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from haitu.actions import letters
from haitu.models import Order, ReturnCase, ReturnExclusion
from haitu.reads.return_letter import return_told
from haitu.reads.returns_rate import rates
from tests.actions.returning import ARRIVED, ASKED, asked, delivered, rules, site
from tests.web.buying import text
from tests.world import NOW, OTHER_HOST, World


@pytest.fixture
def order(world: World) -> Order:
    rules(world)
    site(world)
    return delivered(world)


def at(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """So many days after the parcel arrived."""
    monkeypatch.setattr("haitu.web.shop.page.timezone.now", lambda: ARRIVED + timedelta(days=days))


def test_a_buyer_asks_without_scripts_and_reads_where_to_send_it(
    shop: Client, world: World, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 2)
    where = f"/de-de/order/{order.token}/return/"
    page = text(shop.get(where))
    assert "Bis zum 07.12.2026 können Sie hier ohne Angabe von Gründen" in page
    line = order.lines.get()
    body = {"once": "once", f"units_{line.pk}": "2", f"reason_{line.pk}": "unwanted", "words": "Zu groß."}
    first, again = shop.post(where, body), shop.post(where, body)
    case = ReturnCase.objects.of(world.merchant.pk).get()
    assert (first.status_code, first["Location"]) == (303, f"{where}{case.pk}/")
    assert again["Location"] == first["Location"]
    answer = shop.get(f"{where}{case.pk}/")
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("same-origin", "noindex")
    page = text(answer)
    assert f"Rücksendung R{order.number}-1" in page
    assert "Hengda Messe-Allee 1 04356 Leipzig Deutschland" in page
    assert "Auf der Seite" not in page


def test_after_the_days_only_our_fault_brings_it_back(
    shop: Client, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 15)
    where = f"/de-de/order/{order.token}/return/"
    page = text(shop.get(where))
    assert "Es konnte bis zum 07.12.2026 zurückgesendet werden." in page
    assert "Es kam beschädigt an" in page
    assert "Ich möchte es nicht mehr" not in page
    line = order.lines.get()
    answer = shop.post(where, {"once": "x", f"units_{line.pk}": "1", f"reason_{line.pk}": "unwanted"})
    assert answer.status_code == 422
    assert "Es konnte bis zum 07.12.2026 zurückgesendet werden." in text(answer)


def test_what_is_excluded_is_refused_in_words(
    shop: Client, world: World, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, 1)
    lantern = world.variants["LANTERN"].product
    ReturnExclusion.objects.create(merchant=world.merchant, product=lantern, kind="custom")
    page = text(shop.get(f"/de-de/order/{order.token}/return/"))
    assert "Das nehmen wir nur zurück, wenn der Fehler bei uns liegt." in page


@pytest.mark.parametrize("given", [{}, {"units": "0"}, {"units": "x"}, {"units": "9999"}, {"reason": "because"}])
def test_nonsense_asks_for_nothing(
    shop: Client, world: World, order: Order, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    at(monkeypatch, 1)
    line = order.lines.get()
    body = {f"units_{line.pk}": "1" if given else "", f"reason_{line.pk}": "unwanted"}
    body |= {f"{name}_{line.pk}": value for name, value in given.items()}
    assert shop.post(f"/de-de/order/{order.token}/return/", body).status_code == 422
    assert ReturnCase.objects.of(world.merchant.pk).count() == 0


def test_a_return_opens_by_its_own_order_s_key_alone(shop: Client, world: World, order: Order) -> None:
    case = asked(world, order, 1)
    other = delivered(world, cart="cart-2", MUG=1)
    assert shop.get(f"/de-de/order/{other.token}/return/{case.pk}/").status_code == 404
    assert shop.post(f"/de-de/order/{other.token}/return/{case.pk}/keep/").status_code == 404
    stranger = Client(headers={"host": OTHER_HOST})
    assert stranger.get(f"/ja-jp/order/{order.token}/return/{case.pk}/").status_code == 404
    assert ReturnCase.objects.of(world.merchant.pk).get().state == "approved"


def test_the_letter_says_where_to_send_it_in_the_buyer_s_language(
    world: World, order: Order, mailoutbox: list[object]
) -> None:
    case = asked(world, order, 2)
    letters.send_due(now=ASKED)
    sent = next(mail for mail in mailoutbox if case.number in str(mail.subject))  # type: ignore[attr-defined]
    assert sent.subject == f"Ihre Rücksendung {case.number} ist bei uns angemeldet"  # type: ignore[attr-defined]
    body = str(sent.body)  # type: ignore[attr-defined]
    assert "2 × Papierlaterne" in body
    assert "Hengda\nMesse-Allee 1\n04356 Leipzig\nDeutschland" in body
    assert f"/order/{order.token}/return/{case.pk}/" in body
    told = return_told(order.letters.get(kind="return_asked"))
    assert told is not None
    assert (told.waits, told.lines) == (False, ((2, "Papierlaterne"),))


def test_how_much_comes_back_is_told_by_sku_and_market(world: World, order: Order) -> None:
    from haitu.actions.returns import take_back  # noqa: PLC0415  # the short way back, here alone

    line = order.lines.get()
    take_back(
        merchant_id=world.merchant.pk,
        order_id=order.pk,
        line_id=line.pk,
        quantity=1,
        restock=False,
        by=world.owner,
        now=ASKED,
    )
    (row,) = rates(world.merchant.pk, since=NOW - timedelta(days=30))
    assert (row.sku, row.country, row.sent, row.returned, row.rate_bp) == ("LANTERN", "DE", 3, 1, 3333)
    assert row.cost_minor == 46_00
    assert rates(world.merchant.pk, since=NOW - timedelta(days=30), country="JP") == ()
    assert rates(world.other.pk, since=NOW - timedelta(days=30)) == ()
