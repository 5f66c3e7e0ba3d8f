"""The demo merchant: real invoices become orders whose entries are those of live trade; nothing is doubled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.db import connection, transaction
from pytest_django.plugin import DjangoDbBlocker

from haitu.actions.demo import BadFile, Loaded, load
from haitu.actions.demo import sales as demo_sales
from haitu.actions.demo.load import ASSUMPTIONS, RETAIL
from haitu.actions.record import audit_ledger
from haitu.models import CashOffer, Entry, Event, Inbound, Merchant, Order, OrderLine, ReturnRule, ReturnSite
from haitu.reads.conservation import stock_problems
from tests.world import NOW

DAYS = 3


def demo(**options: Any) -> Loaded | None:
    return load(now=NOW, report=lambda _: None, payment_address="http://127.0.0.1:9", **({"days": DAYS} | options))


@pytest.fixture(scope="module")
def loaded(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Loaded]:
    """Loaded once for the tests that only look, and rolled back after the last of them."""
    with django_db_blocker.unblock(), transaction.atomic():
        told = demo()
        assert told is not None
        yield told
        transaction.set_rollback(True)


def last_days() -> pl.DataFrame:
    lines = pl.read_parquet(RETAIL / "lines.parquet")
    last = lines["at"].max().date()  # type: ignore[union-attr]  # a time
    return lines.filter(pl.col("at").dt.date() > last - timedelta(days=DAYS))


def merchant() -> Merchant:
    return Merchant.objects.get(slug="demo")


def sum_of(query: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0] or 0)


def test_orders_say_what_the_invoices_say_and_the_ledger_too(loaded: Loaded) -> None:
    goods = last_days().filter(pl.col("kind") == "goods")
    assert loaded.orders == goods["invoice"].n_unique() == Order.objects.of(merchant().pk).count()
    assert loaded.lines == len(goods) == OrderLine.objects.of(merchant().pk).count()
    charged = sum_of("SELECT sum(total_minor) FROM haitu_order")
    assert charged >= (goods["quantity"].cast(pl.Int64) * goods["price_minor"]).sum()
    assert -sum_of("SELECT sum(base_minor) FROM haitu_entry WHERE account = 1 AND book = 2") == charged
    assert sum_of("SELECT sum(base_minor) FROM haitu_entry") == 0
    assert Entry.objects.of(merchant().pk).filter(book=1).count() == 0


def test_every_order_is_paid_and_delivered_and_the_ledger_can_be_derived_again(loaded: Loaded) -> None:
    assert list(Order.objects.of(merchant().pk).values_list("status", flat=True).distinct()) == ["delivered"]
    assert sum_of("SELECT count(*) FROM haitu_order WHERE paid_minor <> total_minor") == 0
    assert list(audit_ledger().problems) == []


def test_costs_are_assumed_and_say_so_while_what_the_buyer_paid_is_not(loaded: Loaded) -> None:
    entries = Entry.objects.of(merchant().pk).filter(order_id__isnull=False)
    assert set(entries.filter(account=1).values_list("assumed", flat=True)) == {False}
    assert set(entries.filter(account__in=[3, 4, 7, 8]).values_list("assumed", flat=True)) == {True}


def test_the_history_ends_within_a_week_of_today(loaded: Loaded) -> None:
    newest = Order.objects.of(merchant().pk).latest("placed_at").placed_at
    assert timedelta(0) <= NOW - newest < timedelta(days=8)
    assert merchant().history_shift_weeks == loaded.weeks_moved


def test_stock_is_the_sum_of_its_moves(loaded: Loaded) -> None:
    assert sum_of("SELECT sum(on_hand) FROM haitu_stock") == sum_of("SELECT sum(quantity) FROM haitu_stockmove") > 0
    assert stock_problems() == ()


def test_goods_are_on_their_way_by_every_step(loaded: Loaded) -> None:
    loads = Inbound.objects.of(merchant().pk).order_by("number").values_list("number", "status", "to__code")
    assert list(loads) == [
        ("LOAD-2401", "departed", "LEJ"),
        ("LOAD-2402", "customs", "LAX"),
        ("LOAD-2403", "booked", "FXT"),
        ("LOAD-2404", "departed", "KIX"),
    ]


def test_a_second_load_changes_nothing(loaded: Loaded) -> None:
    before = Event.everyone.count()
    assert demo() is None
    assert Event.everyone.count() == before


@pytest.mark.django_db
def test_a_killed_load_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_sales, "INVOICES_A_TRANSACTION", 10)
    seen = []

    def die(told: str) -> None:
        seen.append(told)
        if told.endswith("%") and len(seen) > 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(now=NOW, report=die, payment_address="http://127.0.0.1:9", days=DAYS)
    some = Order.objects.of(merchant().pk).count()
    told = demo()
    assert told is not None
    assert told.password is None
    assert 0 < some < told.orders == Order.objects.of(merchant().pk).count()
    assert sum_of("SELECT sum(base_minor) FROM haitu_entry") == 0


@pytest.mark.django_db
def test_it_is_not_put_beside_a_real_merchant() -> None:
    Merchant.objects.create(slug="real", name="Real", base_currency="EUR", list_currency="EUR")
    assert demo(only_first=True) is None
    assert Merchant.objects.count() == 1


@pytest.mark.django_db
def test_an_assumptions_file_with_a_problem_is_refused_by_line_and_loads_nothing(tmp_path: Any) -> None:
    broken = tmp_path / "assumptions.toml"
    broken.write_text(ASSUMPTIONS.read_text().replace("days_p50 = 2", "days_p50 = -2", 1))
    with pytest.raises(BadFile, match="days_p50"):
        demo(assumptions=broken)
    assert Merchant.objects.count() == 0


def test_returns_have_an_address_and_a_word_and_cash_is_taken_where_it_is_usual(loaded: Loaded) -> None:
    shop = Merchant.objects.get(slug="demo").pk
    sites = ReturnSite.objects.of(shop).order_by("market__country").values_list("market__country", "warehouse__code")
    assert dict(sites) == {
        "AE": "DXB",
        "CA": "EWR",
        "DE": "LEJ",
        "FR": "LEJ",
        "GB": "FXT",
        "JP": "KIX",
        "US": "EWR",
    }
    own = ReturnRule.objects.filter(merchant_id=shop)
    assert sorted(own.values_list("country", "window_days")) == [("AE", 14), ("AU", 30), ("CA", 30), ("US", 30)]
    assert all(source.startswith("assumed: ") for source in own.values_list("source", flat=True))
    offer = CashOffer.objects.of(shop).get()
    assert (offer.market.country, offer.lane.code, offer.currency, offer.assumed) == ("AE", "dxb-ae", "AED", True)
