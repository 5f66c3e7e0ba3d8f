"""Spend comes in once, whatever is imported again, and the ledger holds exactly what stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from threading import Thread

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haitu.actions.record import audit_ledger, audit_weeks, roll_up
from haitu.actions.spend.account import AccountDraft, BadAdAccount, save_account
from haitu.actions.spend.book import book
from haitu.actions.spend.file import BadCost, Cost, NewerSpend, Said, SpendProblems, apply, type_cost, undo
from haitu.actions.spend.settle import settle
from haitu.core.events import SpendBooked, from_payload
from haitu.core.landed import Waterfall
from haitu.core.ledger import week_of
from haitu.models import AdAccount, Campaign, Event, FxRate, Spend, SpendBook, SpendFile
from haitu.reads.profit import By, ProfitRow, Slice, waterfall
from tests.actions.spending import MONDAY, account, look, rates, take_in
from tests.sale import life_of, new_order, post
from tests.world import NOW, World

YUAN = 8


def spent(world: World) -> list[tuple[str, str, str, str, int]]:
    rows = Spend.objects.of(world.merchant.pk).select_related("campaign", "market").order_by("day", "kind", "pk")
    found = [
        (row.day.isoformat(), row.campaign.code, row.market.country if row.market else "", row.kind, row.amount_minor)
        for row in rows
    ]
    return sorted(found)


def booked(world: World) -> int:
    """What the ledger's waterfall says traffic cost, in yuan cents."""
    return sum(row.actual.waterfall.traffic for row in waterfall(world.merchant.pk))


def events(world: World) -> int:
    return Event.objects.of(world.merchant.pk).filter(kind="spend_booked").count()


@pytest.fixture
def google(world: World) -> int:
    rates()
    return account(world)


pytestmark = pytest.mark.django_db


def test_a_file_counts_once_however_often_it_is_imported(world: World, google: int) -> None:
    lines = "2026-11-09,Lanterns,1,DE,10.00\n2026-11-10,Lanterns,1,DE,5.00\n2026-11-10,Lanterns,1,JP,1.00\n"
    take_in(world, google, lines)
    assert (booked(world), events(world)) == (1_600 * YUAN, 2)
    take_in(world, google, lines)
    assert (booked(world), events(world), len(spent(world))) == (1_600 * YUAN, 2, 3)
    assert audit_ledger().problems == ()


def test_a_file_of_fewer_days_replaces_only_its_own_and_the_ledger_books_the_difference(
    world: World, google: int
) -> None:
    take_in(world, google, "2026-11-09,Lanterns,1,DE,10.00\n2026-11-10,Lanterns,1,DE,5.00\n2026-11-10,Mugs,2,DE,9.00\n")
    take_in(world, google, "2026-11-10,Lanterns,1,DE,4.00\n")
    assert spent(world) == [
        ("2026-11-09", "Lanterns", "DE", "media", 1_000),
        ("2026-11-10", "Lanterns", "DE", "media", 400),
        ("2026-11-10", "Mugs", "DE", "media", 900),
    ]
    last = Event.objects.of(world.merchant.pk).order_by("-pk")[0]
    event = from_payload(last.kind, last.payload)
    assert isinstance(event, SpendBooked)
    assert [posting.waterfall for posting in event.postings] == [Waterfall(traffic=-100)]
    assert booked(world) == 2_300 * YUAN


def test_a_report_by_country_replaces_one_without(world: World, google: int) -> None:
    take_in(world, google, "2026-11-10,Lanterns,1,,5.00\n")
    take_in(world, google, "2026-11-10,Lanterns,1,DE,3.00\n2026-11-10,Lanterns,1,JP,2.00\n")
    assert [(country, amount) for _day, _name, country, _kind, amount in spent(world)] == [("DE", 300), ("JP", 200)]
    assert booked(world) == 500 * YUAN


def test_a_renamed_campaign_keeps_its_row(world: World, google: int) -> None:
    take_in(world, google, "2026-11-09,Lanterns,1,DE,1.00\n")
    take_in(world, google, "2026-11-10,Lanterns EU,1,DE,1.00\n")
    row = Campaign.objects.of(world.merchant.pk).get()
    assert (row.code, row.external_id, row.renamed_from) == ("Lanterns EU", "1", ["Lanterns"])
    take_in(world, google, "2026-11-11,Lanterns,,DE,1.00\n")
    assert Campaign.objects.of(world.merchant.pk).count() == 1


def test_a_week_is_booked_by_channel_and_market_and_the_accounts_day_is_its_own(world: World, google: int) -> None:
    take_in(world, google, "2026-11-15,Lanterns,1,DE,1.00\n2026-11-16,Lanterns,1,DE,2.00\n")
    by_week = {row.key: row.actual.waterfall.traffic for row in waterfall(world.merchant.pk, By.WEEK)}
    assert by_week == {week_of(MONDAY): 100 * YUAN, week_of(MONDAY) + 1: 200 * YUAN}
    (channel,) = waterfall(world.merchant.pk, By.CHANNEL)
    (market,) = waterfall(world.merchant.pk, By.MARKET)
    assert (channel.label, market.label) == ("google", "DE")


def test_an_undone_file_leaves_everything_as_it_was(world: World, google: int) -> None:
    take_in(world, google, "2026-11-10,Lanterns,1,DE,5.00\n")
    before = spent(world)
    second = take_in(world, google, "2026-11-10,Lanterns,1,DE,7.00\n2026-11-10,Lanterns,1,JP,2.00\n")
    undo(merchant_id=world.merchant.pk, file_id=second, by=world.owner, now=NOW)
    assert (spent(world), booked(world)) == (before, 500 * YUAN)
    assert audit_ledger().problems == ()


def test_a_file_under_a_newer_one_cannot_be_undone(world: World, google: int) -> None:
    first = take_in(world, google, "2026-11-10,Lanterns,1,DE,5.00\n")
    take_in(world, google, "2026-11-10,Lanterns,1,DE,7.00\n")
    with pytest.raises(NewerSpend):
        undo(merchant_id=world.merchant.pk, file_id=first, by=world.owner, now=NOW)
    assert booked(world) == 700 * YUAN


def test_bad_lines_stop_a_file_until_somebody_says_to_leave_them_out(world: World, google: int) -> None:
    lines = "2026-11-10,Lanterns,1,DE,5.00\n2026-12-24,Lanterns,1,DE,5.00\n"
    with pytest.raises(SpendProblems):
        take_in(world, google, lines)
    assert spent(world) == []
    take_in(world, google, lines, good_only=True)
    assert booked(world) == 500 * YUAN


def test_the_agencys_fee_is_spend_too_and_leaves_with_its_media(world: World) -> None:
    rates()
    agency = account(world, fee_bp=1_250)
    take_in(world, agency, "2026-11-10,Lanterns,1,DE,5.00\n")
    assert [(kind, amount) for *_rest, kind, amount in spent(world)] == [("agency", 63), ("media", 500)]
    take_in(world, agency, "2026-11-10,Lanterns,1,DE,0.00\n")
    assert (booked(world), [kind for *_rest, kind, _amount in spent(world)]) == (0, ["media"])


def test_typed_costs_are_corrected_not_added(world: World, google: int) -> None:
    def fee(minor: int, country: str = "DE") -> None:
        cost = Cost(day=date(2026, 11, 10), campaign="Ming", kind="creator", amount_minor=minor, country=country)
        type_cost(merchant_id=world.merchant.pk, account_id=google, cost=cost, by=world.owner, now=NOW)

    fee(20_000)
    fee(25_000)
    fee(1_000, "JP")
    assert [row[2:] for row in spent(world)] == [("DE", "creator", 25_000), ("JP", "creator", 1_000)]
    fee(0)
    assert (spent(world)[0][2:], booked(world)) == (("JP", "creator", 1_000), 1_000 * YUAN)
    with pytest.raises(BadCost):
        fee(-1)


def test_foreign_money_is_booked_by_the_rate_of_the_weeks_end_for_good(world: World) -> None:
    rates()
    yen = account(world, name="Yahoo", currency="JPY")
    take_in(world, yen, "2026-11-10,Lanterns,1,JP,1600\n")
    assert booked(world) == 8_000  # 1,600 yen are ten euros are eighty yuan
    FxRate.objects.filter(currency="JPY").update(per_eur_e9=320_000_000_000)
    take_in(world, yen, "2026-11-10,Lanterns,1,JP,0\n")
    assert booked(world) == 0


def test_an_account_with_spend_keeps_its_currency_and_time_zone(world: World, google: int) -> None:
    take_in(world, google, "2026-11-10,Lanterns,1,DE,5.00\n")
    draft = AccountDraft(
        platform="google",
        name="Google",
        channel="google",
        channel_kind="search",
        currency="USD",
        time_zone="Asia/Tokyo",
    )
    with pytest.raises(BadAdAccount):
        save_account(merchant_id=world.merchant.pk, account_id=google, draft=draft, by=world.owner, now=NOW)
    assert AdAccount.objects.of(world.merchant.pk).get().currency == "EUR"


# The promise of SpendBooked ------------------------------------------------------------------------------------------


def traffic_of(world: World, of: Slice) -> tuple[int, int]:
    """(all, assumed) traffic of a slice."""
    rows: tuple[ProfitRow, ...] = waterfall(world.merchant.pk, of=of)
    return (
        sum(row.actual.waterfall.traffic for row in rows),
        sum(row.actual.assumed.traffic for row in rows),
    )


def test_orders_of_a_channel_and_market_whose_spend_is_known_carry_no_assumed_traffic(
    world: World, google: int
) -> None:
    order, of_email, of_japan = (
        new_order(world, "1"),
        new_order(world, "2", channel="email"),
        new_order(world, "3", market="JP"),
    )
    for each in (order, of_email, of_japan):
        post(world.merchant, *life_of(each))
    assumed = 900 * YUAN
    assert traffic_of(world, Slice()) == (3 * assumed, 3 * assumed)
    file_id = take_in(world, google, "2026-11-18,Lanterns,1,DE,50.00\n")
    assert traffic_of(world, Slice(order_id=order.pk)) == (0, 0)
    assert traffic_of(world, Slice(order_id=of_email.pk)) == (assumed, assumed)
    assert traffic_of(world, Slice(order_id=of_japan.pk)) == (assumed, assumed)
    assert traffic_of(world, Slice(channel="google", market_id=world.markets["DE"].pk)) == (5_000 * YUAN, 0)
    assert settle(merchant_id=world.merchant.pk, now=NOW) == 0
    roll_up()
    assert traffic_of(world, Slice(channel="google", market_id=world.markets["DE"].pk)) == (5_000 * YUAN, 0)
    undo(merchant_id=world.merchant.pk, file_id=file_id, by=world.owner, now=NOW)
    assert traffic_of(world, Slice()) == (3 * assumed, 3 * assumed)
    assert (audit_ledger().problems, audit_weeks()) == ((), ())


def test_a_parcel_that_leaves_later_is_settled_by_the_clock(world: World, google: int) -> None:
    take_in(world, google, "2026-11-18,Lanterns,1,,50.00\n")
    order = new_order(world, "1")
    post(world.merchant, *life_of(order))
    assert traffic_of(world, Slice(order_id=order.pk)) == (900 * YUAN, 900 * YUAN)
    assert settle(merchant_id=world.merchant.pk, now=NOW) == 1
    assert traffic_of(world, Slice(order_id=order.pk)) == (0, 0)


# Killed, and two at once ---------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The process is gone."""


def test_a_process_killed_while_it_books_leaves_nothing_half_done(
    world: World, google: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = look(world, google, "2026-11-10,Lanterns,1,DE,5.00\n2026-11-17,Lanterns,1,DE,6.00\n")

    def dies(**given: object) -> int:
        book(**given)  # type: ignore[arg-type]
        raise Killed

    monkeypatch.setattr("haitu.actions.spend.file.book", dies)
    with pytest.raises(Killed):
        apply(merchant_id=world.merchant.pk, file_id=file_id, good_only=False, by=world.owner, now=NOW)
    assert (spent(world), events(world), SpendBook.objects.of(world.merchant.pk).count()) == ([], 0, 0)
    monkeypatch.undo()
    apply(merchant_id=world.merchant.pk, file_id=file_id, good_only=False, by=world.owner, now=NOW)
    assert booked(world) == 1_100 * YUAN


@pytest.mark.django_db(transaction=True)
def test_two_processes_with_two_accounts_of_one_campaign_book_both_once(world: World) -> None:
    rates()
    accounts = [account(world, name=name) for name in ("One", "Two")]
    take_in(world, accounts[0], "2026-11-09,Lanterns,1,DE,1.00\n")
    files = [look(world, each, "2026-11-10,Lanterns,1,DE,5.00\n") for each in accounts]
    told: list[BaseException] = []

    def run(file_id: int) -> None:
        try:
            apply(merchant_id=world.merchant.pk, file_id=file_id, good_only=False, by=None, now=NOW)
        except BaseException as problem:  # noqa: BLE001  # shown by the test
            told.append(problem)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[file_id]) for file_id in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == []
    assert (booked(world), SpendBook.objects.of(world.merchant.pk).get().booked_minor) == (1_100 * YUAN, 1_100)


IMPORT = st.lists(
    st.tuples(
        st.sampled_from(["2026-11-09", "2026-11-10", "2026-11-16"]),
        st.sampled_from(["A", "B"]),
        st.sampled_from(["", "DE", "JP"]),
        st.integers(0, 100_000),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda line: line[:3],
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(IMPORT, min_size=1, max_size=4))
def test_the_ledger_holds_what_the_spend_adds_up_to(
    world: World, google: int, files: Sequence[Sequence[tuple[str, str, str, int]]]
) -> None:
    for lines in files:
        text = "".join(f"{day},{name},,{land},{minor // 100}.{minor % 100:02}\n" for day, name, land, minor in lines)
        take_in(world, google, text)
        assert booked(world) == YUAN * sum(row[-1] for row in spent(world))
        books = SpendBook.objects.of(world.merchant.pk)
        assert sum(row.booked_minor for row in books) == sum(row[-1] for row in spent(world))


def test_the_state_of_a_file_is_told(world: World, google: int) -> None:
    file_id = look(world, google, "2026-11-10,Lanterns,1,DE,5.00\n", Said(order="dmy"))
    row = SpendFile.objects.of(world.merchant.pk).get(pk=file_id)
    assert (row.state, dict(row.columns)["Cost"], row.first_day) == ("previewed", "amount", date(2026, 11, 10))
