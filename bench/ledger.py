"""The ledger on SQLite and PostgreSQL: entries posted per second, and a waterfall over a million of them.

Run: .venv/bin/python -m bench.ledger [--entries 1000000] [--only sqlite|postgresql]
Posting is measured whole (events written down, entries derived, orders moved) beside the same rows pushed into an
equal table by bare executemany or COPY. Reading is measured before and after the weekly roll-up beside one bare SUM
over the table. PostgreSQL waits for the disk at each commit, as in trade; SQLite runs as it is shipped.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from haitu.commands import postgres

FIRST = datetime(2025, 5, 5, 12, tzinfo=UTC)
WEEKS, MARKETS, VARIANTS, LINES = 78, 8, 3_000, 20
ENTRIES_AN_ORDER = 189  # of 20 lines: 22 when paid, 167 when shipped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        print(json.dumps(measure(given.entries)))
        return
    for name in [given.only] if given.only else ["sqlite", "postgresql"]:
        report(name, given.entries)


def report(name: str, entries: int) -> None:
    """Measures in a process of its own, whose environment names the database."""
    if name == "postgresql":
        with postgres.temporary_cluster(durable=True) as address:
            told = in_process(address, entries)
    else:
        with tempfile.TemporaryDirectory(prefix="haitu-bench-") as folder:
            told = in_process(f"sqlite:///{folder}/ledger.sqlite3", entries)
    print(f"{name}: {told.pop('entries'):,} entries of {told.pop('events'):,} events")
    for what, figure in told.items():
        print(f"  {what:<58} {figure}")


def in_process(address: str, entries: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="haitu-bench-var-") as var:
        environment = {**os.environ, "HAITU_DATABASE": address, "HAITU_VAR": var, "HAITU_LOG": "ERROR"}
        environment["DJANGO_SETTINGS_MODULE"] = "haitu.settings"
        command = [sys.executable, "-m", "bench.ledger", "--inside", "--entries", str(entries)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, cwd=Path.cwd())
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


# Inside --------------------------------------------------------------------------------------------------------------


def measure(entries: int) -> dict[str, Any]:
    import django  # noqa: PLC0415  # the environment names the database first

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  # as above

    call_command("migrate", verbosity=0, skip_checks=True)
    merchant_id, order_ids = world(max(2, entries // ENTRIES_AN_ORDER))
    told = posting(merchant_id, order_ids)
    told |= reading(merchant_id, told["entries"])
    told |= one_by_one(merchant_id)
    return told


def world(orders: int) -> tuple[int, list[int]]:
    from haitu.models import Market, Merchant, Order, Outlet  # noqa: PLC0415  # as above

    merchant = Merchant.objects.create(slug="m", name="M", base_currency="CNY", list_currency="USD")
    outlet = Outlet.objects.create(merchant=merchant, code="own", name="Own shop")
    market = Market.objects.create(
        merchant=merchant, country="DE", currency="EUR", languages=["de"], prices_include_tax=True
    )
    rows = [
        Order(
            merchant=merchant,
            token=str(number),
            number=str(number),
            outlet=outlet,
            market=market,
            language="de",
            currency="EUR",
            goods_minor=0,
            shipping_minor=0,
            duty_minor=0,
            tax_minor=0,
            total_minor=0,
            tax_included=True,
            incoterm="DDP",
            base_currency="CNY",
            fx_e9=7_123_456_789,
            fx_on=FIRST.date(),
            placed_at=FIRST,
            history=number % 2 == 0,
        )
        for number in range(orders)
    ]
    Order.objects.bulk_create(rows, batch_size=1_000)
    return merchant.pk, list(Order.objects.of(merchant.pk).order_by("pk").values_list("pk", flat=True))


def events(merchant_id: int, order_ids: list[int]) -> Iterator[tuple[int, Any]]:
    """Each order paid and shipped: 20 lines of other variants, 8 steps each, weeks in order."""
    from haitu.core.events import Dims, Paid, Posting, Shipped  # noqa: PLC0415  # as above
    from haitu.core.landed import Waterfall  # noqa: PLC0415  # as above

    dice = Random(20261120)
    for place, order_id in enumerate(order_ids):
        at = FIRST + timedelta(days=7 * WEEKS * place / len(order_ids))
        dims = Dims(
            currency="EUR",
            base_currency="CNY",
            fx_e9=7_123_456_789,
            order_id=order_id,
            market_id=1 + place % MARKETS,
            outlet_id=1,
            channel=("google", "email", "organic")[place % 3],
        )
        lines = [(order_id * 100 + line, 1 + dice.randrange(VARIANTS)) for line in range(LINES)]
        fee = tuple(Posting(line_id=line, variant_id=sku, waterfall=Waterfall(payment_fee=36)) for line, sku in lines)
        yield merchant_id, Paid(key=f"paid:{order_id}", at=at, dims=dims, amount_minor=23_800, fee=fee)
        leaving = tuple(
            Posting(
                line_id=line,
                variant_id=sku,
                lane_id=1 + place % 4,
                assumed=True,
                waterfall=Waterfall(
                    price=1_190, tax=190, goods=300 + dice.randrange(99), inbound=40, storage=6, last_mile=125,
                    outlet_fee=9, traffic=90,
                ),
            )
            for line, sku in lines
        )  # fmt: skip
        yield (
            merchant_id,
            Shipped(
                key=f"shipped:{order_id}", at=at, dims=dims, shipment_id=order_id, postings=leaving, completes=True
            ),
        )


def posting(merchant_id: int, order_ids: list[int]) -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415  # as above

    from haitu.actions.record import audit_ledger, record_many  # noqa: PLC0415  # as above

    given = list(events(merchant_id, order_ids))
    took, posted = timed(lambda: record_many(given, now=FIRST))
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM haitu_entry")
        entries = cursor.fetchone()[0]
    limit = bare(entries)
    audit, audited = timed(audit_ledger)
    assert (audited.entries, audited.problems) == (entries, ())
    return {
        "entries": entries,
        "events": posted,
        "posted in bulk, entries/s": f"{entries / took:,.0f}",
        "  bare, the same rows into an equal table, entries/s": f"{entries / limit:,.0f}",
        "  ratio": f"{limit / took:.2f}",
        "audited (derived again and compared), entries/s": f"{entries / audit:,.0f}",
    }


def bare(entries: int) -> float:
    """Seconds for the same rows by executemany or COPY alone, committed as often."""
    from django.db import connection, transaction  # noqa: PLC0415  # as above

    from haitu.actions.record.rows import ENTRY_COLUMNS, ENTRY_ROW  # noqa: PLC0415  # as above

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ENTRY_COLUMNS} FROM haitu_entry ORDER BY id")
        rows = cursor.fetchall()
        if connection.vendor == "postgresql":
            cursor.execute("CREATE TABLE bare (LIKE haitu_entry INCLUDING ALL)")
        else:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = 'haitu_entry'")
            cursor.execute(cursor.fetchone()[0].replace('"haitu_entry"', "bare"))
            cursor.execute("CREATE INDEX bare_by_order ON bare (order_id) WHERE order_id IS NOT NULL")
        at_once = max(1, len(rows) * 1_000 // (2 * entries // ENTRIES_AN_ORDER))  # a thousand events

        def push() -> None:
            for start in range(0, len(rows), at_once):
                some = rows[start : start + at_once]
                with transaction.atomic():
                    if connection.vendor == "postgresql":
                        with cursor.copy(f"COPY bare ({ENTRY_COLUMNS}) FROM STDIN") as copy:
                            for row in some:
                                copy.write_row(row)
                    else:
                        cursor.executemany(f"INSERT INTO bare ({ENTRY_COLUMNS}) VALUES {ENTRY_ROW}", some)

        took, _ = timed(push)
        cursor.execute("DROP TABLE bare")
    return took


def reading(merchant_id: int, entries: int) -> dict[str, Any]:
    from django.db import connection  # noqa: PLC0415  # as above

    from haitu.actions.record import audit_weeks, roll_up  # noqa: PLC0415  # as above
    from haitu.core.ledger import week_of  # noqa: PLC0415  # as above
    from haitu.models import EntryWeek  # noqa: PLC0415  # as above
    from haitu.reads.profit import By, Slice, drill, waterfall  # noqa: PLC0415  # as above

    quarter = week_of((FIRST + timedelta(weeks=WEEKS - 13)).date())

    def one_sum() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT SUM(base_minor) FROM haitu_entry WHERE merchant_id = %s", [merchant_id])
            cursor.fetchone()

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    questions: dict[str, Callable[[], object]] = {
        "all": lambda: waterfall(merchant_id),
        "by week": lambda: waterfall(merchant_id, By.WEEK),
        "by market": lambda: waterfall(merchant_id, By.MARKET),
        "by SKU": lambda: waterfall(merchant_id, By.SKU),
        "by SKU of the last quarter": lambda: waterfall(merchant_id, By.SKU, of=Slice(first_week=quarter)),
        "of one market": lambda: waterfall(merchant_id, of=Slice(market_id=1)),
        "of one order": lambda: waterfall(merchant_id, of=Slice(order_id=1)),
    }
    before = {name: timed_best(question) for name, question in questions.items()}
    answers = {name: question() for name, question in questions.items()}
    bare_sum = timed_best(one_sum)
    rolled, _ = timed(roll_up)
    assert audit_weeks() == ()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    assert {name: question() for name, question in questions.items()} == answers
    told = {
        f"waterfall {name}, ms (without roll-up)": f"{timed_best(question):.1f} ({before[name]:.1f})"
        for name, question in questions.items()
    }
    of_sku = timed_best(lambda: drill(merchant_id, step="goods", of=Slice(variant_id=7)))
    return {
        **told,
        "  bare SUM of one column over the table, ms": f"{bare_sum:.1f}",
        "a page of the entries behind one SKU's goods, ms": f"{of_sku:.1f}",
        "rolled up, entries/s": f"{entries / rolled:,.0f}, into {EntryWeek.everyone.count():,} rows",
    }


def one_by_one(merchant_id: int) -> dict[str, Any]:
    """`record` of a one-line order as a checkout posts it, without the transaction around it."""
    from django.db import transaction  # noqa: PLC0415  # as above

    from haitu.actions.record import record  # noqa: PLC0415  # as above
    from haitu.core.events import Dims, Placed, Posting  # noqa: PLC0415  # as above
    from haitu.core.landed import Waterfall  # noqa: PLC0415  # as above

    quoted = Waterfall(
        price=1_190, tax=190, goods=300, inbound=40, storage=6, last_mile=125, payment_fee=36, traffic=90
    )
    line = Posting(line_id=1, variant_id=1, lane_id=1, waterfall=quoted)
    dims = Dims(currency="EUR", base_currency="CNY", fx_e9=7_123_456_789, order_id=1, market_id=1, outlet_id=1)
    given = [Placed(key=f"placed:{number}", at=FIRST, dims=dims, postings=(line,)) for number in range(2_000)]
    with transaction.atomic():
        took, _ = timed(lambda: [record(event, merchant_id=merchant_id, now=FIRST) for event in given])
    return {"one order placed (1 event, 9 entries), µs": f"{took / len(given) * 1e6:.0f}"}


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def timed_best(work: Callable[[], Any]) -> float:
    """Milliseconds of the best of three."""
    return min(timed(work)[0] for _ in range(3)) * 1_000


if __name__ == "__main__":
    main()
