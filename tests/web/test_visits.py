"""A visit that names its source: counted always, remembered of readers who allow it, forgotten when they say so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from haitu.actions.traffic import LinkDraft, StillUnderway, forget_customer, save_link
from haitu.models import CampaignLink, Customer, Entry, Order, Touch, VisitCount, Visitor
from tests.web.buying import agree, put_in, review, text, type_address
from tests.world import HOST, NOW, World

AD = "/de-de/p/paper-lantern/?utm_source=google&utm_medium=cpc&utm_campaign=Laternen&gclid=Cj0K"
QUESTION = "Dürfen wir uns merken, wie Sie uns gefunden haben?"


def counted(world: World) -> list[tuple[str, str, bool, int]]:
    rows = VisitCount.objects.of(world.merchant.pk).select_related("channel", "campaign").order_by("pk")
    return [(r.channel.code, r.campaign.code if r.campaign else "", r.allowed, r.visits) for r in rows]


def touches(world: World) -> list[tuple[str, str, str]]:
    rows = Touch.objects.of(world.merchant.pk).select_related("channel").order_by("pk")
    return [(row.channel.code, row.click_kind, row.landing) for row in rows]


def test_in_germany_nobody_is_remembered_before_they_said_yes(shop: Client, world: World) -> None:
    page = shop.get(AD)
    assert QUESTION in text(page)
    assert not {"visitor", "consent"} & set(page.cookies)
    assert (counted(world), touches(world)) == ([("google-search", "Laternen", False, 1)], [])
    assert Visitor.objects.of(world.merchant.pk).count() == 0


def answered(shop: Client, **said: str) -> Any:
    return shop.post("/de-de/privacy/say/", {"to": AD.removeprefix("/de-de/"), "from": "google.com", **said})


def test_who_says_yes_is_remembered_without_the_click_that_would_tell_the_platform(shop: Client, world: World) -> None:
    shop.get(AD)
    answer = answered(shop, statistics="yes")
    assert (answer.status_code, answer["Location"]) == (303, "/de-de/p/paper-lantern/")
    assert touches(world) == [("google-search", "", "/de-de/p/paper-lantern/")]
    assert QUESTION not in text(shop.get(AD))


def test_who_allows_advertising_too_is_remembered_with_the_click_sealed(shop: Client, world: World) -> None:
    answered(shop, statistics="yes", advertising="yes")
    assert touches(world) == [("google-search", "gclid", "/de-de/p/paper-lantern/")]
    assert "Cj0K" not in Touch.objects.of(world.merchant.pk).get().click_id


def test_who_says_no_is_neither_remembered_nor_asked_again(shop: Client, world: World) -> None:
    shop.get(AD)
    answered(shop, statistics="no")
    assert QUESTION not in text(shop.get(AD))
    assert (touches(world), Visitor.objects.of(world.merchant.pk).count()) == ([], 0)
    assert counted(world) == [("google-search", "Laternen", False, 2)]


def test_in_america_silence_is_a_yes_but_the_browsers_no_is_heard(shop: Client, world: World) -> None:
    american = AD.replace("/de-de/", "/en-us/")
    assert "consent" not in shop.get(american).cookies
    assert touches(world) == [("google-search", "gclid", "/en-us/p/paper-lantern/")]
    Client(headers={"host": HOST}).get(american, headers={"sec-gpc": "1"})
    assert touches(world)[1:] == [("google-search", "", "/en-us/p/paper-lantern/")]


@pytest.mark.parametrize("headers", [{"user-agent": "Googlebot/2.1"}, {"sec-purpose": "prefetch"}])
def test_robots_and_pages_loaded_ahead_do_not_count(shop: Client, world: World, headers: dict[str, str]) -> None:
    shop.get(AD, headers=headers)
    assert counted(world) == []


def test_a_page_of_our_own_or_one_that_is_not_there_is_no_visit(shop: Client, world: World) -> None:
    shop.get("/de-de/", headers={"referer": f"http://{HOST}/de-de/p/paper-lantern/"})
    shop.get(AD.replace("paper-lantern", "nothing"))
    shop.get("/de-de/?q=1")
    assert counted(world) == []


def test_a_reload_is_one_visit_to_a_person(shop: Client, world: World) -> None:
    for _ in range(3):
        shop.get("/en-us/?utm_source=tiktok", headers={"referer": "https://www.tiktok.com/"})
    assert touches(world) == [("tiktok-social", "", "/en-us/")]


def test_the_reader_sees_what_is_kept_and_has_it_forgotten(shop: Client, world: World) -> None:
    shop.get("/en-us/?utm_source=tiktok&utm_campaign=Spring")
    assert "TikTok ads · Spring" in text(shop.get("/en-us/privacy/"))
    shop.post("/en-us/privacy/forget/")
    assert (touches(world), Visitor.objects.of(world.merchant.pk).count()) == ([], 0)
    shop.get("/en-us/?utm_source=tiktok&utm_campaign=Spring")
    assert touches(world) == []


def test_taking_advertising_back_drops_the_clicks(shop: Client, world: World) -> None:
    shop.get(AD.replace("/de-de/", "/en-us/"))
    shop.post("/en-us/privacy/say/", {"to": "privacy/", "statistics": "yes"})
    assert touches(world) == [("google-search", "", "/en-us/p/paper-lantern/")]


def test_a_visitor_of_another_shop_is_not_believed(shop: Client, world: World) -> None:
    shop.cookies["visitor"] = "somebody:else"
    shop.get("/en-us/?utm_source=tiktok")
    assert Visitor.objects.of(world.merchant.pk).get().key != "somebody"


@pytest.fixture
def link(world: World) -> CampaignLink:
    draft = LinkDraft(
        channel="creator", kind="creator", campaign="Unboxing", code="ming", path="p/paper-lantern/", creator="Ming"
    )
    return save_link(merchant_id=world.merchant.pk, draft=draft, by=None, now=NOW)


def test_a_short_link_leads_to_its_page_and_says_who_sent_the_reader(
    shop: Client, world: World, link: CampaignLink
) -> None:
    answer = shop.get("/go/ming/", headers={"accept-language": "en-US"})
    assert (answer.status_code, answer["Location"]) == (302, "/en-us/p/paper-lantern/?via=ming")
    shop.get(answer["Location"])
    assert touches(world) == [("creator", "", "/en-us/p/paper-lantern/")]
    assert Touch.objects.of(world.merchant.pk).get().link_id == link.pk


def test_a_link_that_is_not_there_is_a_page_that_is_not_there(shop: Client, link: CampaignLink) -> None:
    link.active = False
    link.save()
    assert shop.get("/go/ming/").status_code == 404
    assert shop.get("/go/nobody/").status_code == 404


def test_strange_names_do_not_fill_the_tables(shop: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("haitu.actions.traffic.MOST_CHANNELS", 2)
    monkeypatch.setattr("haitu.actions.traffic.MOST_CAMPAIGNS", 1)
    for name in ("one", "two", "three", "four"):
        shop.get(f"/en-us/?utm_source={name}&utm_campaign={name}")
    assert {(channel, campaign) for channel, campaign, _a, _n in counted(world)} == {
        ("one", "one"),
        ("two", ""),
        ("referral", ""),
    }


def bought(shop: Client, world: World) -> Order:
    put_in(shop, world)
    type_address(shop)
    agree(shop)
    placed = shop.post("/de-de/checkout/place/", {"seen": review(shop)})
    assert placed.status_code == 303, text(placed)
    return Order.objects.of(world.merchant.pk).order_by("-pk")[0]


def test_an_order_knows_the_first_channel_that_brought_the_person_on_any_of_their_browsers(
    shop: Client, world: World
) -> None:
    answered(shop, statistics="yes")
    first = bought(shop, world)
    phone = Client(headers={"host": HOST})
    phone.post("/de-de/privacy/say/", {"to": "?utm_source=tiktok", "from": "", "statistics": "yes"})
    second = bought(phone, world)
    assert [(order.channel, order.visitor is None) for order in (first, second)] == [("google-search", False)] * 2
    assert first.visitor_id != second.visitor_id
    assert first.customer_id == second.customer_id
    entries = Entry.objects.of(world.merchant.pk).filter(order_id=second.pk)
    assert set(entries.values_list("channel", flat=True)) == {"google-search"}


def test_an_order_of_a_reader_who_said_nothing_knows_nobody(shop: Client, world: World) -> None:
    shop.get(AD)
    order = bought(shop, world)
    assert (order.channel, order.visitor) == ("direct", None)


def test_a_forgotten_person_is_gone_and_the_books_stand(shop: Client, world: World) -> None:
    answered(shop, statistics="yes")
    order = bought(shop, world)
    entries = list(Entry.objects.of(world.merchant.pk).order_by("pk").values())
    with pytest.raises(StillUnderway):
        forget_customer(merchant_id=world.merchant.pk, customer_id=order.customer_id or 0, by=None, now=NOW)
    Order.objects.of(world.merchant.pk).filter(pk=order.pk).update(status="delivered")
    total = order.total_minor
    assert forget_customer(merchant_id=world.merchant.pk, customer_id=order.customer_id or 0, by=None, now=NOW) == 1
    order.refresh_from_db()
    assert (order.name, order.email, order.phone, order.address, order.customer, order.visitor) == (
        "",
        "",
        "",
        {},
        None,
        None,
    )
    assert (order.total_minor, list(Entry.objects.of(world.merchant.pk).order_by("pk").values())) == (total, entries)
    assert (touches(world), Customer.objects.of(world.merchant.pk).count()) == ([], 0)
