"""The desk's pages of feeds and reports: rows, problems that can be searched, switches, in Chinese too."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from haitu.actions.feeds import build
from haitu.models import AdAccount, Feed
from tests.actions import spending
from tests.world import NOW, World


def switched_on(owner: Client, world: World) -> Feed:
    given = {"market": str(world.markets["DE"].pk), "language": "de", "platform": "google", "on": "yes"}
    assert owner.post(reverse("desk:feeds"), given).status_code == 302
    return Feed.objects.of(world.merchant.pk).get()


def test_a_feed_is_switched_on_and_its_problems_are_found(owner: Client, world: World) -> None:
    feed = switched_on(owner, world)
    build(feed, now=NOW)
    page = owner.get(reverse("desk:feeds")).content.decode()
    assert f"/feeds/{feed.token}.xml" in page
    address = reverse("desk:feed", args=[feed.pk])
    assert "support.google.com/merchants/answer/6324350" in owner.get(address, {"q": "LANTERN"}).content.decode()
    assert "Nothing that the rules mind." in owner.get(address, {"q": "no such sku"}).content.decode()
    assert owner.post(address).status_code == 302


def test_reports_say_what_is_missing_before_they_are_switched_on(owner: Client, world: World) -> None:
    assert "No ad account" in owner.get(reverse("desk:conversions")).content.decode()
    account_id = spending.account(world)
    given = {"account": str(account_id), "customer": "123-456", "conversion_action": "77", "on": "yes"}
    page = owner.post(reverse("desk:conversions"), given, follow=True).content.decode()
    assert "Reports need the account’s secrets" in page or "Still to be entered" in page
    account = AdAccount.objects.of(world.merchant.pk).get(pk=account_id)
    assert account.reports_from is None
    given["on"] = "no"
    assert "The account is saved." in owner.post(reverse("desk:conversions"), given, follow=True).content.decode()
    account.refresh_from_db()
    assert (account.settings["customer"], account.settings["conversion_action"]) == ("123-456", "77")
