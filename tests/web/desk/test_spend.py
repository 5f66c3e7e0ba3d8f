"""The desk's page of spend: from an account to a report that counts, and back."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from haitu.models import AdAccount, Audit, Spend, SpendFile
from tests.actions.spending import TYPED, account, rates, take_in
from tests.web.desk.conftest import At
from tests.world import World

REPORT = "Campaign report\nDay,Campaign,Country,Cost,Clicks\n2026-11-10,Lanterns,Germany,12.50,7\n"


def said(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def upload(client: Client, world: World, text: str) -> None:
    account_id = AdAccount.objects.of(world.merchant.pk).get().pk
    given = {"account": account_id, "file": SimpleUploadedFile("google.csv", text.encode())}
    client.post(reverse("desk:spend_upload"), given)


@pytest.fixture(autouse=True)
def known_rates(world: World) -> None:
    rates()


def test_from_a_new_account_to_a_report_that_counts_and_back(world: World, owner: Client) -> None:
    assert "No ad account yet" in said(owner, reverse("desk:spend"))
    owner.post(reverse("desk:spend_account_new"), TYPED | {"fee": "10"})
    upload(owner, world, REPORT)
    file = SpendFile.objects.of(world.merchant.pk).get()
    page = said(owner, reverse("desk:spend_file", args=[file.pk]))
    assert "Sum €12.50 Stands for these days now €0.00" in page
    assert "Lanterns Germany Advertising 1 €12.50" in page
    assert "Day Day Campaign Campaign Country Country Cost Amount Clicks Clicks" in page
    owner.post(reverse("desk:spend_file_apply", args=[file.pk]))
    assert "google Lanterns Germany €13.75 €12.50 7 0" in said(owner, reverse("desk:spend") + "?days=365")
    export = b"".join(owner.get(reverse("desk:spend_export") + "?days=365").streaming_content).decode()  # type: ignore[attr-defined]
    assert export.splitlines()[1:] == ["2026-11-09,google,Lanterns,DE,EUR,13.75,12.50,0,7,0"]
    owner.post(reverse("desk:spend_file_undo", args=[file.pk]))
    assert Spend.objects.of(world.merchant.pk).count() == 0
    acts = Audit.objects.of(world.merchant.pk).order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["ad_account.save", "spend.apply", "spend.undo"]


def test_bad_lines_are_shown_and_left_out_only_when_that_is_said(world: World, owner: Client) -> None:
    account(world)
    upload(owner, world, REPORT + "2026-11-10,Lanterns,Atlantis,1.00,1\n")
    file = SpendFile.objects.of(world.merchant.pk).get()
    address = reverse("desk:spend_file", args=[file.pk])
    assert "1 line cannot be read" in said(owner, address)
    assert "4 Country Atlantis a country's name or code" in said(owner, address)
    assert owner.post(reverse("desk:spend_file_apply", args=[file.pk])).status_code == 400
    owner.post(reverse("desk:spend_file_apply", args=[file.pk]), {"good_only": "yes"})
    assert Spend.objects.of(world.merchant.pk).get().amount_minor == 1_250


def test_a_file_that_is_no_report_is_refused_in_words(world: World, owner: Client) -> None:
    account(world)
    answer = owner.post(
        reverse("desk:spend_upload"),
        {
            "account": AdAccount.objects.of(world.merchant.pk).get().pk,
            "file": SimpleUploadedFile("week.csv", b"Week,Campaign,Cost\n2026-11-09,A,1\n"),
        },
    )
    assert answer.status_code == 400
    assert "The report is not by day." in answer.content.decode()


def test_a_typed_cost_counts_and_the_table_sorts_and_filters(world: World, owner: Client) -> None:
    account_id = account(world)
    take_in(world, account_id, "2026-11-10,Lanterns,1,DE,5.00\n2026-11-10,Mugs,2,JP,50.00\n")
    cost = {"account": account_id, "campaign": "Ming", "kind": "creator", "amount": "200", "day": "2026-11-11"}
    owner.post(reverse("desk:spend_cost"), cost)

    def names(query: str) -> list[str]:
        page = owner.get(reverse("desk:spend") + "?days=365" + query).content.decode()
        table = page[page.index('id="spend"') :].split("</table>")[0]
        return re.findall(r'<span class="text-break">([^<]*)<', table)

    assert names("&sort=spend") == ["Ming", "Mugs", "Lanterns"]
    assert names("&sort=campaign") == ["Lanterns", "Ming", "Mugs"]
    assert names("&q=mug") == ["Mugs"]
    assert names(f"&market={world.markets['DE'].pk}") == ["Lanterns"]


def test_missing_days_are_told(world: World, owner: Client) -> None:
    take_in(world, account(world), "2026-11-10,Lanterns,1,DE,5.00\n2026-11-13,Lanterns,1,DE,5.00\n")
    assert re.search(r"11/10/26 – 11/13/26 2 11/11/26 11/12/26", said(owner, reverse("desk:spend")))


def test_secrets_are_kept_sealed_and_never_shown(world: World, owner: Client) -> None:
    owner.post(reverse("desk:spend_account_new"), TYPED | {"secret_refresh_token": "1//open-sesame"})
    row = AdAccount.objects.of(world.merchant.pk).get()
    page = owner.get(reverse("desk:spend_account", args=[row.pk])).content.decode()
    assert ("open-sesame" in page, "open-sesame" in row.secrets_sealed, bool(row.secrets_sealed)) == (
        False,
        False,
        True,
    )
    owner.post(reverse("desk:spend_account", args=[row.pk]), TYPED | {"fee": "5", "active": "yes"})
    row.refresh_from_db()
    assert (row.fee_bp, bool(row.secrets_sealed)) == (500, True)


def test_a_reader_sees_and_the_warehouse_does_not(world: World, at: At) -> None:
    account(world)
    assert at(world.reader).get(reverse("desk:spend")).status_code == 200
    assert at(world.packer).get(reverse("desk:spend")).status_code == 403
    assert at(world.reader).post(reverse("desk:spend_cost")).status_code == 403
